# SPDX-License-Identifier: Apache-2.0
#
# Benchmarks are built with all the rest, so that they do not rot, and run by
# hand.

noinst_PROGRAMS += tests/bench/micro-forward
tests_bench_micro_forward_LDADD = $(SWITCH_LIBS)
tests_bench_micro_forward_SOURCES = \
	tests/bench/micro-forward.c \
	tests/fake/fake-port.c \
	tests/fake/fake-port.h

EXTRA_DIST += tests/bench/control

noinst_PROGRAMS += tests/bench/micro-mempool
tests_bench_micro_mempool_LDADD = $(MEM_LIBS)

noinst_PROGRAMS += tests/bench/micro-grow
tests_bench_micro_grow_LDADD = $(MEM_LIBS)

noinst_PROGRAMS += tests/bench/micro-fdb
tests_bench_micro_fdb_LDADD = $(SWITCH_LIBS)

noinst_PROGRAMS += tests/bench/micro-path
tests_bench_micro_path_LDADD = $(SWITCH_LIBS)
tests_bench_micro_path_SOURCES = \
	tests/bench/micro-path.c \
	tests/fake/fake-port.c \
	tests/fake/fake-port.h

noinst_PROGRAMS += tests/bench/micro-vring
tests_bench_micro_vring_LDADD = $(PORT_LIBS)
