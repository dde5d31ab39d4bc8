/* SPDX-License-Identifier: Apache-2.0
 *
 * test-machine.c: this machine and made-up ones.
 */
#include <config.h>

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "eal/machine.h"
#include "util.h"

static void
test_dummy(void **state OVS_UNUSED)
{
    machine_init_dummy("0,0,1,1,3");
    assert_int_equal(machine_n_cores(), 5);
    assert_int_equal(machine_n_nodes(), 3);
    assert_int_equal(machine_core_node(2), 1);
    assert_int_equal(machine_core_node(4), 3);
    assert_int_equal(machine_core_node(5), -1);
    assert_true(machine_core_exists(0));
    assert_false(machine_core_exists(5));
    assert_int_equal(machine_first_core(1), 2);
    assert_int_equal(machine_first_core(2), -1);
    assert_int_equal(machine_core_id(4), 4);
}

static void
test_this_machine(void **state OVS_UNUSED)
{
    cpu_set_t set;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    machine_init();
    assert_int_equal(machine_n_cores(), CPU_COUNT(&set));
    assert_true(machine_n_nodes() >= 1);
    for (int i = 0; i < machine_n_cores(); i++) {
        assert_true(CPU_ISSET(machine_core_id(i), &set));
    }
}

static void
test_keep_off(void **state OVS_UNUSED)
{
    cpu_set_t set;
    int last;

    machine_init();
    last = machine_core_id(machine_n_cores() - 1);
    machine_keep_off(&last, 1);
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    /* Where there is only the one core, everybody stays on it. */
    assert_int_equal(CPU_ISSET(last, &set) != 0, machine_n_cores() == 1);

    machine_keep_off(NULL, 0);
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(CPU_COUNT(&set), machine_n_cores());
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dummy),
        cmocka_unit_test(test_this_machine),
        cmocka_unit_test(test_keep_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
