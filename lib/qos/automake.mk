# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/qos/libqos.a
lib_qos_libqos_a_SOURCES = \
	lib/qos/egress-policer.c \
	lib/qos/egress-trtcm.c \
	lib/qos/policer.c \
	lib/qos/qos-class.h \
	lib/qos/qos.c \
	lib/qos/qos.h
