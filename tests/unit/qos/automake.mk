# SPDX-License-Identifier: Apache-2.0
#
# qos-rig.h is what both tests stand on.

EXTRA_DIST += tests/unit/qos/qos-rig.h

check_PROGRAMS += tests/unit/qos/test-policer
tests_unit_qos_test_policer_LDADD = $(QOS_TEST_LIBS)

check_PROGRAMS += tests/unit/qos/test-egress
tests_unit_qos_test_egress_LDADD = $(QOS_TEST_LIBS)
