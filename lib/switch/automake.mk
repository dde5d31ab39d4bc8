# SPDX-License-Identifier: Apache-2.0

noinst_LIBRARIES += lib/switch/libswitch.a
lib_switch_libswitch_a_SOURCES = \
	lib/switch/bridge-flood.c \
	lib/switch/bridge-mirror.c \
	lib/switch/bridge-patch.c \
	lib/switch/bridge-state.c \
	lib/switch/bridge-state.h \
	lib/switch/bridge-vlan.c \
	lib/switch/bridge.c \
	lib/switch/bridge.h \
	lib/switch/drop.c \
	lib/switch/drop.h \
	lib/switch/fdb-change.c \
	lib/switch/fdb-change.h \
	lib/switch/fdb-cmd.c \
	lib/switch/fdb-cmd.h \
	lib/switch/fdb-owner.c \
	lib/switch/fdb-owner.h \
	lib/switch/fdb-table.h \
	lib/switch/fdb.c \
	lib/switch/fdb.h \
	lib/switch/forward-ctx.c \
	lib/switch/forward-ctx.h \
	lib/switch/forward-decide.c \
	lib/switch/forward-flood.c \
	lib/switch/forward-mirror.c \
	lib/switch/forward.c \
	lib/switch/forward.h \
	lib/switch/mirror.h \
	lib/switch/pages.c \
	lib/switch/pages.h \
	lib/switch/reserved.h \
	lib/switch/switch-cmd.c \
	lib/switch/trace-cmd.c \
	lib/switch/trace.c \
	lib/switch/trace.h \
	lib/switch/vlan-write.c \
	lib/switch/vlan-write.h \
	lib/switch/vlan.c \
	lib/switch/vlan.h
