# SPDX-License-Identifier: Apache-2.0
#
# A test is two lines; its source is the file of its name, with .c.

check_PROGRAMS += tests/unit/eal/test-eal-args
tests_unit_eal_test_eal_args_LDADD = $(EAL_TEST_LIBS)

check_PROGRAMS += tests/unit/eal/test-machine
tests_unit_eal_test_machine_LDADD = $(EAL_TEST_LIBS)

check_PROGRAMS += tests/unit/eal/test-eal-log
tests_unit_eal_test_eal_log_LDADD = $(EAL_TEST_LIBS)

check_PROGRAMS += tests/unit/eal/test-eal-settings
tests_unit_eal_test_eal_settings_LDADD = $(EAL_TEST_LIBS)
