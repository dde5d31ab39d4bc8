/* SPDX-License-Identifier: Apache-2.0
 *
 * test-eal-log.c: DPDK's log levels as operators see them.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <rte_log.h>

#include "eal/eal-log.h"
#include "openvswitch/vlog.h"
#include "util.h"

static void
test_levels(void **state OVS_UNUSED)
{
    assert_int_equal(eal_log_level(RTE_LOG_DEBUG, "x"), VLL_DBG);
    assert_int_equal(eal_log_level(RTE_LOG_INFO, "x"), VLL_INFO);
    assert_int_equal(eal_log_level(RTE_LOG_NOTICE, "x"), VLL_INFO);
    assert_int_equal(eal_log_level(RTE_LOG_WARNING, "x"), VLL_WARN);
    assert_int_equal(eal_log_level(RTE_LOG_ERR, "x"), VLL_ERR);
    assert_int_equal(eal_log_level(RTE_LOG_CRIT, "x"), VLL_ERR);
    assert_int_equal(eal_log_level(RTE_LOG_ALERT, "x"), VLL_EMER);
    assert_int_equal(eal_log_level(RTE_LOG_EMERG, "x"), VLL_EMER);
}

static void
test_waiting_for_a_guest_is_no_warning(void **state OVS_UNUSED)
{
    assert_int_equal(
        eal_log_level(RTE_LOG_WARNING, "VHOST_CONFIG: (/run/vh0.sock) failed "
                      "to connect: No such file or directory"), VLL_INFO);
    assert_int_equal(
        eal_log_level(RTE_LOG_WARNING, "VHOST_CONFIG: (/run/vh0.sock) failed "
                      "to connect: Permission denied"), VLL_WARN);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_waiting_for_a_guest_is_no_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
