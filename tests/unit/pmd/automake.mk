# SPDX-License-Identifier: Apache-2.0
#
# A test is two lines; its source is the file of its name, with .c.

check_PROGRAMS += tests/unit/pmd/test-rxq-assign
tests_unit_pmd_test_rxq_assign_LDADD = $(PMD_TEST_LIBS)

check_PROGRAMS += tests/unit/pmd/test-pmd-mask
tests_unit_pmd_test_pmd_mask_LDADD = $(PMD_TEST_LIBS)

check_PROGRAMS += tests/unit/pmd/test-pmd-lb
tests_unit_pmd_test_pmd_lb_LDADD = $(PMD_TEST_LIBS)
tests_unit_pmd_test_pmd_lb_SOURCES = \
	tests/unit/pmd/rig.c \
	tests/unit/pmd/rig.h \
	tests/unit/pmd/test-pmd-lb.c

check_PROGRAMS += tests/unit/pmd/test-pmd-metrics
tests_unit_pmd_test_pmd_metrics_LDADD = $(PMD_TEST_LIBS)

check_PROGRAMS += tests/unit/pmd/test-pmd-perf
tests_unit_pmd_test_pmd_perf_LDADD = $(PMD_TEST_LIBS)

check_PROGRAMS += tests/unit/pmd/test-pmd-threads
tests_unit_pmd_test_pmd_threads_LDADD = $(PMD_TEST_LIBS)
tests_unit_pmd_test_pmd_threads_SOURCES = \
	tests/unit/pmd/rig.c \
	tests/unit/pmd/rig.h \
	tests/unit/pmd/test-pmd-threads.c

check_PROGRAMS += tests/unit/pmd/test-io-thread
tests_unit_pmd_test_io_thread_LDADD = $(PMD_TEST_LIBS)
tests_unit_pmd_test_io_thread_SOURCES = \
	tests/unit/pmd/rig.c \
	tests/unit/pmd/rig.h \
	tests/unit/pmd/test-io-thread.c
