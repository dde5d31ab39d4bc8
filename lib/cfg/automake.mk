# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/cfg/libcfg.a
lib_cfg_libcfg_a_SOURCES = \
	lib/cfg/cfg-diff.c \
	lib/cfg/cfg-diff.h \
	lib/cfg/cfg-domains.c \
	lib/cfg/cfg-domains.h \
	lib/cfg/cfg-mempool.c \
	lib/cfg/cfg-mempool.h \
	lib/cfg/cfg-mirror.c \
	lib/cfg/cfg-mirror.h \
	lib/cfg/cfg-option.c \
	lib/cfg/cfg-option.h \
	lib/cfg/cfg-parse.c \
	lib/cfg/cfg-parse.h \
	lib/cfg/cfg-pmd.c \
	lib/cfg/cfg-private.h \
	lib/cfg/cfg-qos.c \
	lib/cfg/cfg-startup.c \
	lib/cfg/cfg-unacted.c \
	lib/cfg/cfg-unique.c \
	lib/cfg/cfg-what-if.c \
	lib/cfg/cfg-what-if.h \
	lib/cfg/cfg-vlan.c \
	lib/cfg/cfg-vlan.h \
	lib/cfg/cfg.c \
	lib/cfg/cfg.h \
	lib/cfg/vlan-set.h
