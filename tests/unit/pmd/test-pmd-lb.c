/* SPDX-License-Identifier: Apache-2.0
 *
 * When queues are dealt out anew without being asked.  The threads' and the
 * queues' history is made up; the time is that of the test.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "eal/machine.h"
#include "pmd/pmd-lb.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-private.h"
#include "pmd/pmd-reload.h"
#include "pmd/pmd.h"
#include "tests/unit/pmd/rig.h"
#include "util.h"

static void
test_improvement(void **state OVS_UNUSED)
{
    static const struct {
        uint64_t now[3], then[3];
        size_t n;
        unsigned int percent;
    } cases[] = {
        { { 0 }, { 0 }, 0, 0 },
        { { 5 }, { 9 }, 1, 0 },
        { { 100, 0 }, { 50, 50 }, 2, 100 },
        { { 100, 0 }, { 100, 0 }, 2, 0 },
        { { 50, 50 }, { 100, 0 }, 2, 0 },
        { { 100, 0 }, { 75, 25 }, 2, 75 },
        { { 100, 0 }, { 25, 75 }, 2, 75 },
        { { 90, 30, 30 }, { 60, 60, 30 }, 3, 75 },
        { { 100000000000, 0 }, { 90000000000, 10000000000 }, 2, 36 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(pmd_lb_improvement(cases[i].now, cases[i].then,
                                            cases[i].n), cases[i].percent);
    }
}

enum { N_PORTS = 4, MINUTE = 60 / PERF_SECS, A_LOT = 1000 };

static struct rig_port *ports[N_PORTS];
static uint64_t now;            /* the interval */

static struct cfg_pmd cfg = {
    .rxq_isolate = true,
    .auto_lb = { .on = true, .interval = 1, .load = 95, .improvement = 25 },
};

static int
setup(void **state OVS_UNUSED)
{
    static const char *const names[N_PORTS] = { "p0", "p1", "p2", "p3" };
    char *error = NULL;

    if (!machine_core_exists(0) || !machine_core_exists(1)) {
        skip();
    }
    /* No interval ends while the test runs. */
    while (rte_rdtsc() % (rte_get_tsc_hz() * PERF_SECS)
           > rte_get_tsc_hz() * (PERF_SECS - 2)) {
        struct timespec ts = { .tv_nsec = 100000000 };

        nanosleep(&ts, NULL);
    }
    cfg.rxq_assign = CFG_RXQ_CYCLES;
    cfg.auto_lb.improvement = 25;
    pmd_configure(&cfg);
    assert_int_equal(pmd_set_mask("3", &error), 0);
    for (size_t i = 0; i < N_PORTS; i++) {
        ports[i] = rig_port_create(names[i], 1, (uint8_t) i, 1);
        port_publish(&ports[i]->up);
    }
    now = perf_interval(rte_rdtsc());
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    static const struct cfg_pmd off = { .rxq_isolate = true };
    char *error = NULL;

    for (size_t i = 0; i < N_PORTS; i++) {
        port_delete(&ports[i]->up);
    }
    pmd_configure(&off);
    return pmd_set_mask(NULL, &error);
}

static const struct poll_list *
list_of(size_t thread, struct pmd_thread **tp)
{
    struct pmd_thread *const *threads;
    size_t n;

    threads = pmd_get_threads(&n);
    assert_int_equal(n, 2);
    *tp = threads[thread];
    return atomic_load(&threads[thread]->list);
}

/* What each port's queue cost over the last minute. */
static void
make_up_costs(const uint64_t costs[N_PORTS])
{
    for (size_t i = 0; i < 2; i++) {
        struct pmd_thread *t;
        const struct poll_list *list = list_of(i, &t);

        for (size_t j = 0; j < list->n; j++) {
            struct rxq_perf *perf = list->rxqs[j].perf;

            for (size_t k = 0; k < N_PORTS; k++) {
                if (list->rxqs[j].port == &ports[k]->up) {
                    perf_history_put(&perf->history, now - 1, costs[k]);
                }
            }
        }
    }
}

/* How busy a thread is in interval `i`. */
static void
make_up_load(size_t thread, uint64_t i, unsigned int percent)
{
    struct pmd_thread *t;

    list_of(thread, &t);
    perf_history_put(&t->perf.busy_history, i, percent * A_LOT);
    perf_history_put(&t->perf.total_history, i, 100 * A_LOT);
}

/* Lets `n` intervals pass from `from` on, in each of which the threads are so
 * busy.  In which one are queues to move?  n: in none. */
static uint64_t
pass(uint64_t from, uint64_t n, unsigned int first, unsigned int second)
{
    for (uint64_t i = 0; i < n; i++) {
        make_up_load(0, from + i, first);
        make_up_load(1, from + i, second);
        if (pmd_lb_run(from + i + 1)) {
            return i;
        }
        assert_false(pmd_lb_run(from + i + 1));
    }
    return n;
}

static size_t
thread_of(size_t port)
{
    for (size_t i = 0; i < 2; i++) {
        struct pmd_thread *t;
        const struct poll_list *list = list_of(i, &t);

        for (size_t j = 0; j < list->n; j++) {
            if (list->rxqs[j].port == &ports[port]->up) {
                return i;
            }
        }
    }
    return 2;
}

/* With all costs of thread 0's two queues, half of them can go. */
static void
make_uneven(void)
{
    uint64_t costs[N_PORTS];

    for (size_t i = 0; i < N_PORTS; i++) {
        costs[i] = thread_of(i) ? 1 : 100;
    }
    make_up_costs(costs);
}

static void
test_overload(void **state OVS_UNUSED)
{
    size_t hot[2], n = 0;

    make_uneven();
    for (size_t i = 0; i < N_PORTS; i++) {
        if (!thread_of(i)) {
            hot[n++] = i;
        }
    }
    assert_int_equal(n, 2);
    /* The last of twelve intervals. */
    assert_int_equal(pass(now, MINUTE, 100, 2), MINUTE - 1);
    pmd_rebalance();
    assert_true(thread_of(hot[0]) != thread_of(hot[1]));
}

/* One interval below the threshold, and the minute begins anew. */
static void
test_interrupted(void **state OVS_UNUSED)
{
    make_uneven();
    assert_int_equal(pass(now, MINUTE - 1, 95, 2), MINUTE - 1);
    assert_int_equal(pass(now + MINUTE - 1, 1, 94, 2), 1);
    assert_int_equal(pass(now + MINUTE, MINUTE, 95, 2), MINUTE - 1);
}

static void
test_idle(void **state OVS_UNUSED)
{
    make_uneven();
    assert_int_equal(pass(now, 3 * MINUTE, 94, 94), 3 * MINUTE);
}

/* The variance would not improve enough; and the next dry run waits. */
static void
test_not_worth_it(void **state OVS_UNUSED)
{
    static const uint64_t even[N_PORTS] = { 100, 100, 100, 100 };

    make_up_costs(even);
    assert_int_equal(pass(now, 3 * MINUTE, 100, 100), 3 * MINUTE);
}

static void
test_interval(void **state OVS_UNUSED)
{
    make_uneven();
    cfg.auto_lb.interval = 3;
    pmd_configure(&cfg);
    cfg.auto_lb.interval = 1;
    assert_int_equal(pass(now, MINUTE, 100, 2), MINUTE - 1);
    assert_int_equal(pass(now + MINUTE, 3 * MINUTE, 100, 2), 3 * MINUTE - 1);
}

static void
test_round_robin(void **state OVS_UNUSED)
{
    cfg.rxq_assign = CFG_RXQ_ROUNDROBIN;
    pmd_configure(&cfg);
    make_uneven();
    assert_int_equal(pass(now, 2 * MINUTE, 100, 2), 2 * MINUTE);
}

/* With one thread isolated there is nowhere to go. */
static void
test_isolated(void **state OVS_UNUSED)
{
    struct cfg_settings *wanted = &ports[0]->up.wanted;

    wanted->rxq_affinity = xstrdup("0:0");
    pmd_rebalance();
    make_uneven();
    assert_int_equal(pass(now, 2 * MINUTE, 100, 100), 2 * MINUTE);
}

static void
test_off(void **state OVS_UNUSED)
{
    static const struct cfg_pmd off = { .rxq_isolate = true };

    make_uneven();
    pmd_configure(&off);
    assert_int_equal(pass(now, 2 * MINUTE, 100, 2), 2 * MINUTE);
}

/* What came before it was switched on does not count. */
static void
test_off_and_on(void **state OVS_UNUSED)
{
    static const struct cfg_pmd off = { .rxq_isolate = true };

    make_uneven();
    assert_int_equal(pass(now, MINUTE - 1, 100, 2), MINUTE - 1);
    pmd_configure(&off);
    pmd_configure(&cfg);
    assert_int_equal(pass(now + MINUTE - 1, MINUTE, 100, 2), MINUTE - 1);
}

int
main(void)
{
#define LB_TEST(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_improvement),
        LB_TEST(test_overload),
        LB_TEST(test_interrupted),
        LB_TEST(test_idle),
        LB_TEST(test_not_worth_it),
        LB_TEST(test_interval),
        LB_TEST(test_round_robin),
        LB_TEST(test_isolated),
        LB_TEST(test_off),
        LB_TEST(test_off_and_on),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
