# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/pmd/libpmd.a
lib_pmd_libpmd_a_SOURCES = \
	lib/pmd/io-thread.c \
	lib/pmd/io-thread.h \
	lib/pmd/packet-thread.c \
	lib/pmd/packet-thread.h \
	lib/pmd/pmd-args.c \
	lib/pmd/pmd-args.h \
	lib/pmd/pmd-cmd.c \
	lib/pmd/pmd-format.c \
	lib/pmd/pmd-format.h \
	lib/pmd/pmd-lb.c \
	lib/pmd/pmd-lb.h \
	lib/pmd/pmd-loop.c \
	lib/pmd/pmd-loop.h \
	lib/pmd/pmd-mask.c \
	lib/pmd/pmd-mask.h \
	lib/pmd/pmd-metrics.c \
	lib/pmd/pmd-metrics.h \
	lib/pmd/pmd-perf-cmd.c \
	lib/pmd/pmd-perf-format.c \
	lib/pmd/pmd-perf-format.h \
	lib/pmd/pmd-perf.c \
	lib/pmd/pmd-perf.h \
	lib/pmd/pmd-private.h \
	lib/pmd/pmd-reload.c \
	lib/pmd/pmd-reload.h \
	lib/pmd/pmd.c \
	lib/pmd/pmd.h \
	lib/pmd/rxq-assign.c \
	lib/pmd/rxq-assign.h
