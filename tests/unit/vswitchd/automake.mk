# SPDX-License-Identifier: Apache-2.0
#
# A test is two lines; its source is the file of its name, with .c.

check_PROGRAMS += tests/unit/vswitchd/test-report-mem
tests_unit_vswitchd_test_report_mem_SOURCES = \
	tests/unit/vswitchd/test-report-mem.c \
	vswitchd/report-mem.c vswitchd/report-mem.h \
	tests/unit/mem/mem-rig.c tests/unit/mem/mem-rig.h
tests_unit_vswitchd_test_report_mem_LDADD = $(MEM_TEST_LIBS)
