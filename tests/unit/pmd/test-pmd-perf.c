/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters over time, and the text of pmd-stats-show and pmd-rxq-show.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-perf.h"
#include "util.h"

static void
test_history(void **state OVS_UNUSED)
{
    struct perf_history h;

    memset(&h, 0, sizeof h);
    assert_int_equal(perf_history_sum(&h, 1000, PERF_INTERVALS), 0);

    /* The interval that runs does not count; those before do. */
    perf_history_put(&h, 1000, 7);
    assert_int_equal(perf_history_sum(&h, 1000, PERF_INTERVALS), 0);
    assert_int_equal(perf_history_sum(&h, 1001, 1), 7);
    assert_int_equal(perf_history_sum(&h, 1012, 11), 0);
    assert_int_equal(perf_history_sum(&h, 1012, 12), 7);
    assert_int_equal(perf_history_sum(&h, 1013, 12), 0);

    /* Filed in two parts: a queue that moved in between. */
    perf_history_put(&h, 1000, 2);
    assert_int_equal(perf_history_sum(&h, 1001, 1), 9);

    /* A full window, each interval counted once. */
    for (uint64_t i = 0; i < 100; i++) {
        perf_history_put(&h, 2000 + i, i);
        assert_int_equal(perf_history_sum(&h, 2001 + i, 1), i);
    }
    assert_int_equal(perf_history_sum(&h, 2100, 2), 99 + 98);
    assert_int_equal(perf_history_sum(&h, 2100, 12),
                     12 * (99 + 88) / 2);

    /* Gaps: intervals in which the thread slept. */
    perf_history_put(&h, 3000, 5);
    perf_history_put(&h, 3011, 3);
    assert_int_equal(perf_history_sum(&h, 3012, 12), 8);
    assert_int_equal(perf_history_sum(&h, 3012, 11), 3);
    assert_int_equal(perf_history_sum(&h, 3013, 12), 3);
}

/* A queue that moves between threads takes its cycles along. */
static void
test_file(void **state OVS_UNUSED)
{
    struct pmd_perf a, b;
    struct rxq_perf q;

    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    memset(&q, 0, sizeof q);
    a.interval = b.interval = 50;

    perf_add(&q.busy, 100);
    perf_add(&a.busy, 100);
    perf_add(&a.idle, 900);
    rxq_perf_file(&q, &a);
    pmd_perf_file(&a, 51);
    assert_int_equal(perf_history_sum(&q.history, 51, 1), 100);
    assert_int_equal(perf_history_sum(&a.busy_history, 51, 1), 100);
    assert_int_equal(perf_history_sum(&a.total_history, 51, 1), 1000);

    b.interval = 51;
    perf_add(&q.busy, 30);
    perf_add(&b.busy, 30);
    rxq_perf_file(&q, &b);
    pmd_perf_file(&b, 53);
    assert_int_equal(perf_history_sum(&q.history, 52, 1), 30);
    assert_int_equal(perf_history_sum(&q.history, 52, 2), 130);
    assert_int_equal(perf_history_sum(&b.total_history, 52, 2), 30);
    assert_int_equal(b.interval, 53);
}

static void
test_stats(void **state OVS_UNUSED)
{
    static const struct pmd_stats since_start = {
        .packets = 1033700, .tx_packets = 2067120, .tx_batches = 64599,
        .idle = 20182158559, .busy = 479913291,
    };
    static const struct pmd_stats base = {
        .packets = 4, .tx_packets = 16, .tx_batches = 2,
        .idle = 10, .busy = 60,
    };
    struct pmd_stats s = pmd_stats_since(&since_start, &base);
    struct ds ds = DS_EMPTY_INITIALIZER;

    pmd_format_thread(&ds, 0, 1);
    pmd_format_stats(&ds, &s);
    assert_string_equal(ds_cstr(&ds),
        "pmd thread numa_id 0 core_id 1:\n"
        "  packets received: 1033696\n"
        "  packet recirculations: 0\n"
        "  avg. datapath passes per packet: 1.00\n"
        "  phwol hits: 0\n"
        "  mfex opt hits: 0\n"
        "  simple match hits: 0\n"
        "  emc hits: 0\n"
        "  smc hits: 0\n"
        "  megaflow hits: 1033696\n"
        "  avg. subtable lookups per megaflow hit: 1.00\n"
        "  miss with success upcall: 0\n"
        "  miss with failed upcall: 0\n"
        "  avg. packets per output batch: 32.00\n"
        "  idle cycles: 20182158549 (97.68%)\n"
        "  processing cycles: 479913231 (2.32%)\n"
        "  avg cycles per packet: 19988.54 (20662071780/1033696)\n"
        "  avg processing cycles per packet: 464.27 (479913231/1033696)\n");
    ds_destroy(&ds);
}

static void
test_stats_of_nothing(void **state OVS_UNUSED)
{
    static const struct pmd_stats none = { .packets = 0 };
    static const struct pmd_stats idle = { .idle = 300, .busy = 100 };
    struct ds ds = DS_EMPTY_INITIALIZER;

    pmd_format_main_thread(&ds);
    pmd_format_stats(&ds, &none);
    assert_string_equal(ds_cstr(&ds),
        "main thread:\n"
        "  packets received: 0\n"
        "  packet recirculations: 0\n"
        "  avg. datapath passes per packet: 0.00\n"
        "  phwol hits: 0\n"
        "  mfex opt hits: 0\n"
        "  simple match hits: 0\n"
        "  emc hits: 0\n"
        "  smc hits: 0\n"
        "  megaflow hits: 0\n"
        "  avg. subtable lookups per megaflow hit: 0.00\n"
        "  miss with success upcall: 0\n"
        "  miss with failed upcall: 0\n"
        "  avg. packets per output batch: 0.00\n");

    ds_clear(&ds);
    pmd_format_stats(&ds, &idle);
    assert_non_null(strstr(ds_cstr(&ds),
                           "output batch: 0.00\n"
                           "  idle cycles: 300 (75.00%)\n"
                           "  processing cycles: 100 (25.00%)\n"));
    assert_null(strstr(ds_cstr(&ds), "avg cycles"));
    ds_destroy(&ds);
}

static void
test_rxq(void **state OVS_UNUSED)
{
    struct pmd_load none = { .total = 0 };
    struct pmd_load load = { .total = 1000, .busy = 700, .rxqs = 650 };
    struct pmd_load moved = { .total = 1000, .busy = 100, .rxqs = 600 };
    struct ds ds = DS_EMPTY_INITIALIZER;

    pmd_format_rxq(&ds, "null0", 1, true, 0, &none);
    pmd_format_rxq(&ds, "vh0", 0, false, 0, &none);
    pmd_format_overhead(&ds, &none);
    assert_string_equal(ds_cstr(&ds),
        "  port: null0             queue-id:  1 (enabled)   "
        "pmd usage: NOT AVAIL\n"
        "  port: vh0               queue-id:  0 (disabled)  "
        "pmd usage: NOT AVAIL\n"
        "  overhead: NOT AVAIL\n");

    ds_clear(&ds);
    pmd_format_rxq(&ds, "a-name-of-17-chrs", 127, true, 650, &load);
    pmd_format_rxq(&ds, "vh0", 0, true, 9, &load);
    pmd_format_overhead(&ds, &load);
    pmd_format_overhead(&ds, &moved);
    assert_string_equal(ds_cstr(&ds),
        "  port: a-name-of-17-chrs  queue-id: 127 (enabled)   "
        "pmd usage: 65 %\n"
        "  port: vh0               queue-id:  0 (enabled)   "
        "pmd usage:  0 %\n"
        "  overhead:  5 %\n"
        "  overhead:  0 %\n");
    ds_destroy(&ds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_stats),
        cmocka_unit_test(test_stats_of_nothing),
        cmocka_unit_test(test_rxq),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
