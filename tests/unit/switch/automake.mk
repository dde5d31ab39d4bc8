# SPDX-License-Identifier: Apache-2.0

check_PROGRAMS += tests/unit/switch/test-fdb
tests_unit_switch_test_fdb_LDADD = $(SWITCH_TEST_LIBS)

check_PROGRAMS += tests/unit/switch/test-fdb-threads
tests_unit_switch_test_fdb_threads_LDADD = $(SWITCH_TEST_LIBS)

# The others stand on fake ports and a real EAL.
switch_rig = \
	tests/fake/fake-port.c \
	tests/fake/fake-port.h \
	tests/unit/switch/switch-rig.c \
	tests/unit/switch/switch-rig.h

check_PROGRAMS += tests/unit/switch/test-bridge
tests_unit_switch_test_bridge_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_bridge_SOURCES = \
	tests/unit/switch/test-bridge.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-forward
tests_unit_switch_test_forward_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_forward_SOURCES = \
	tests/unit/switch/test-forward.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-switch-cmd
tests_unit_switch_test_switch_cmd_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_switch_cmd_SOURCES = \
	tests/unit/switch/test-switch-cmd.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-switch-threads
tests_unit_switch_test_switch_threads_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_switch_threads_SOURCES = \
	tests/unit/switch/test-switch-threads.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-patch
tests_unit_switch_test_patch_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_patch_SOURCES = \
	tests/unit/switch/test-patch.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-vlan
tests_unit_switch_test_vlan_LDADD = $(SWITCH_TEST_LIBS)

check_PROGRAMS += tests/unit/switch/test-forward-vlan
tests_unit_switch_test_forward_vlan_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_forward_vlan_SOURCES = \
	tests/unit/switch/test-forward-vlan.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-mirror
tests_unit_switch_test_mirror_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_mirror_SOURCES = \
	tests/unit/switch/test-mirror.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-trace
tests_unit_switch_test_trace_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_trace_SOURCES = \
	tests/unit/switch/test-trace.c \
	$(switch_rig)

check_PROGRAMS += tests/unit/switch/test-many
tests_unit_switch_test_many_LDADD = $(SWITCH_TEST_LIBS)
tests_unit_switch_test_many_SOURCES = \
	tests/unit/switch/test-many.c \
	$(switch_rig)
