# SPDX-License-Identifier: Apache-2.0
#
# Programs that play guests; the functional tests and the benchmarks run them.
# They know DPDK, or less, and nothing of the switch's.

noinst_PROGRAMS += tests/peer/gap-peer
tests_peer_gap_peer_LDADD = $(DPDK_LIBS)
tests_peer_gap_peer_SOURCES = \
	tests/peer/commands.c \
	tests/peer/commands.h \
	tests/peer/gap-peer.c

noinst_PROGRAMS += tests/peer/flow-peer
tests_peer_flow_peer_SOURCES = \
	tests/peer/commands.c \
	tests/peer/commands.h \
	tests/peer/flow-peer.c \
	tests/peer/flows.c \
	tests/peer/flows.h \
	tests/peer/guest.c \
	tests/peer/guest.h \
	tests/peer/null-switch.c \
	tests/peer/null-switch.h
