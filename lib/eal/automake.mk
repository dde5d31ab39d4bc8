# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/eal/libeal.a
lib_eal_libeal_a_SOURCES = \
	lib/eal/dpdk-compat.h \
	lib/eal/eal-args.c \
	lib/eal/eal-args.h \
	lib/eal/eal-cmd.c \
	lib/eal/eal-init.c \
	lib/eal/eal-log.c \
	lib/eal/eal-log.h \
	lib/eal/eal-settings.c \
	lib/eal/log-modules.c \
	lib/eal/log-modules.h \
	lib/eal/eal.h \
	lib/eal/machine.c \
	lib/eal/machine.h \
	lib/eal/rcu.c \
	lib/eal/rcu.h
