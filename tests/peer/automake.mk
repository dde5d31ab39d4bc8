# SPDX-License-Identifier: Apache-2.0
#
# Programs that play guests; the functional tests run them.  They know DPDK
# and nothing of the switch's.

noinst_PROGRAMS += tests/peer/gap-peer
tests_peer_gap_peer_LDADD = $(DPDK_LIBS)
tests_peer_gap_peer_SOURCES = \
	tests/peer/commands.c \
	tests/peer/commands.h \
	tests/peer/gap-peer.c
