# SPDX-License-Identifier: Apache-2.0
#
# A test is two lines; its source is the file of its name, with .c.

EXTRA_DIST += \
	tests/unit/cfg/cfg-fixture.h \
	tests/unit/cfg/cfg-model.h

check_PROGRAMS += tests/unit/cfg/test-cfg
tests_unit_cfg_test_cfg_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-diff
tests_unit_cfg_test_cfg_diff_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-iface
tests_unit_cfg_test_cfg_iface_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-mempool
tests_unit_cfg_test_cfg_mempool_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-domains
tests_unit_cfg_test_cfg_domains_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-mirror
tests_unit_cfg_test_cfg_mirror_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-parse
tests_unit_cfg_test_cfg_parse_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-pmd
tests_unit_cfg_test_cfg_pmd_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-startup
tests_unit_cfg_test_cfg_startup_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-unique
tests_unit_cfg_test_cfg_unique_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-what-if
tests_unit_cfg_test_cfg_what_if_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-qos
tests_unit_cfg_test_cfg_qos_LDADD = $(CFG_TEST_LIBS)

check_PROGRAMS += tests/unit/cfg/test-cfg-vlan
tests_unit_cfg_test_cfg_vlan_LDADD = $(CFG_TEST_LIBS)
