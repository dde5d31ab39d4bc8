# SPDX-License-Identifier: Apache-2.0
#
# mem-rig.c is what all but the pure tests stand on.

mem_rig = tests/unit/mem/mem-rig.c tests/unit/mem/mem-rig.h

check_PROGRAMS += tests/unit/mem/test-mp-size
tests_unit_mem_test_mp_size_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-bytes
tests_unit_mem_test_mp_bytes_SOURCES = \
	tests/unit/mem/test-mp-bytes.c $(mem_rig)
tests_unit_mem_test_mp_bytes_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-ledger
tests_unit_mem_test_mp_ledger_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-elastic
tests_unit_mem_test_mp_elastic_SOURCES = \
	tests/unit/mem/test-mp-elastic.c $(mem_rig)
tests_unit_mem_test_mp_elastic_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-socket
tests_unit_mem_test_mp_socket_SOURCES = \
	tests/unit/mem/test-mp-socket.c $(mem_rig)
tests_unit_mem_test_mp_socket_LDADD = $(MEM_TEST_LIBS)
check_PROGRAMS += tests/unit/mem/test-mp-holder
tests_unit_mem_test_mp_holder_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-census
tests_unit_mem_test_mp_census_SOURCES = \
	tests/unit/mem/test-mp-census.c $(mem_rig)
tests_unit_mem_test_mp_census_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-grow
tests_unit_mem_test_mp_grow_SOURCES = \
	tests/unit/mem/test-mp-grow.c $(mem_rig)
tests_unit_mem_test_mp_grow_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-ops
tests_unit_mem_test_mp_ops_SOURCES = \
	tests/unit/mem/test-mp-ops.c $(mem_rig)
tests_unit_mem_test_mp_ops_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-plan
tests_unit_mem_test_mp_plan_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-plan-cfg
tests_unit_mem_test_mp_plan_cfg_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-plan-view
tests_unit_mem_test_mp_plan_view_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-pool
tests_unit_mem_test_mp_pool_SOURCES = \
	tests/unit/mem/test-mp-pool.c $(mem_rig)
tests_unit_mem_test_mp_pool_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-show
tests_unit_mem_test_mp_show_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-short
tests_unit_mem_test_mp_short_SOURCES = \
	tests/unit/mem/test-mp-short.c $(mem_rig)
tests_unit_mem_test_mp_short_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-telemetry
tests_unit_mem_test_mp_telemetry_SOURCES = \
	tests/unit/mem/test-mp-telemetry.c $(mem_rig)
tests_unit_mem_test_mp_telemetry_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mp-random
tests_unit_mem_test_mp_random_SOURCES = \
	tests/unit/mem/test-mp-random.c $(mem_rig)
tests_unit_mem_test_mp_random_LDADD = $(MEM_TEST_LIBS)

check_PROGRAMS += tests/unit/mem/test-mem-cmd
tests_unit_mem_test_mem_cmd_SOURCES = \
	tests/unit/mem/test-mem-cmd.c $(mem_rig)
tests_unit_mem_test_mem_cmd_LDADD = $(MEM_TEST_LIBS)
