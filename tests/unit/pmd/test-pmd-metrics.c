/* SPDX-License-Identifier: Apache-2.0
 *
 * Histograms and history of iterations, and the text of pmd-perf-show.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>

#include "openvswitch/dynamic-string.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-metrics.h"
#include "pmd/pmd-perf-format.h"
#include "util.h"

/* For the frequency of the TSC. */
static int
setup(void **state OVS_UNUSED)
{
    char *prefix = xasprintf("--file-prefix=test-metrics-%d",
                             (int) getpid());
    char *argv[] = {
        (char *) "test", (char *) "--no-huge", (char *) "--no-pci",
        (char *) "-m", (char *) "16", (char *) "--no-telemetry",
        (char *) "--log-level=error", prefix, NULL
    };
    int result = rte_eal_init((int) ARRAY_SIZE(argv) - 1, argv);

    free(prefix);
    pmd_metrics_init();
    return MIN(result, 0);
}

static int
teardown(void **state OVS_UNUSED)
{
    return rte_eal_cleanup();
}

static void
test_walls(void **state OVS_UNUSED)
{
    static const struct {
        enum pmd_metric metric;
        int i;
        uint32_t wall;
    } cases[] = {
        { METRIC_CYCLES, 0, 500 },
        { METRIC_CYCLES, 1, 716 },
        { METRIC_CYCLES, 2, 1025 },
        { METRIC_CYCLES, 29, 16755981 },
        { METRIC_CYCLES, 30, 24000000 },
        { METRIC_PACKETS, 0, 0 },
        { METRIC_PACKETS, 1, 1 },
        { METRIC_PACKETS, 11, 11 },
        { METRIC_PACKETS, 12, 13 },
        { METRIC_PACKETS, 29, 788 },
        { METRIC_PACKETS, 30, 1000 },
        { METRIC_CYCLES_PER_PACKET, 0, 100 },
        { METRIC_CYCLES_PER_PACKET, 1, 1096 },
        { METRIC_CYCLES_PER_PACKET, 30, 30000 },
        { METRIC_BATCH, 14, 14 },
        { METRIC_BATCH, 15, 16 },
        { METRIC_BATCH, 30, 32 },
        { METRIC_VHOST_QLEN, 13, 13 },
        { METRIC_VHOST_QLEN, 14, 16 },
        { METRIC_VHOST_QLEN, 30, 512 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(pmd_metric_walls[cases[i].metric][cases[i].i],
                         cases[i].wall);
    }
    for (int i = 0; i < N_METRICS; i++) {
        for (int j = 1; j < METRIC_BINS - 1; j++) {
            assert_true(pmd_metric_walls[i][j] > pmd_metric_walls[i][j - 1]);
        }
    }
}

/* An iteration of that many cycles, in which polls brought so many packets. */
static void
iterate(struct pmd_metrics *m, uint64_t *tsc, uint64_t cycles, int n_polls,
        unsigned int packets, uint32_t qlen)
{
    pmd_metrics_begin(m, *tsc);
    for (int i = 0; i < n_polls; i++) {
        pmd_metrics_polled(m, packets, i ? 0 : qlen);
    }
    *tsc += cycles;
    pmd_metrics_end(m, *tsc);
}

static void
test_histograms(void **state OVS_UNUSED)
{
    struct pmd_metrics *m = xzalloc_cacheline(sizeof *m);
    struct pmd_metrics_sums sums, base;
    uint64_t tsc = 1000000;

    iterate(m, &tsc, 500, 0, 0, 0);
    iterate(m, &tsc, 501, 0, 0, 0);
    iterate(m, &tsc, 30000000, 2, 32, 600);
    pmd_metrics_get(m, &sums);
    assert_int_equal(sums.iterations, 3);
    assert_int_equal(sums.cycles, 30001001);
    assert_int_equal(sums.busy_cycles, 30000000);
    assert_int_equal(sums.packets, 64);
    assert_int_equal(sums.batches, 2);
    assert_int_equal(sums.vhost_qlen, 600);
    assert_int_equal(sums.bins[METRIC_CYCLES][0], 1);
    assert_int_equal(sums.bins[METRIC_CYCLES][1], 1);
    assert_int_equal(sums.bins[METRIC_CYCLES][31], 1);
    assert_int_equal(sums.bins[METRIC_PACKETS][0], 2);
    assert_int_equal(sums.bins[METRIC_PACKETS][19], 1);     /* 57 to 72 */
    assert_int_equal(sums.bins[METRIC_CYCLES_PER_PACKET][31], 1);
    assert_int_equal(sums.bins[METRIC_BATCH][30], 2);
    assert_int_equal(sums.bins[METRIC_VHOST_QLEN][0], 2);
    assert_int_equal(sums.bins[METRIC_VHOST_QLEN][31], 1);

    base = sums;
    iterate(m, &tsc, 640, 1, 1, 0);
    pmd_metrics_get(m, &sums);
    pmd_metrics_subtract(&sums, &base);
    assert_int_equal(sums.iterations, 1);
    assert_int_equal(sums.packets, 1);
    assert_int_equal(sums.bins[METRIC_BATCH][1], 1);
    assert_int_equal(sums.bins[METRIC_BATCH][30], 0);
    assert_int_equal(sums.bins[METRIC_CYCLES_PER_PACKET][1], 1);
    free_cacheline(m);
}

static void
test_history(void **state OVS_UNUSED)
{
    const uint64_t ms = rte_get_tsc_hz() / 1000;
    struct pmd_metrics *m = xzalloc_cacheline(sizeof *m);
    struct pmd_sample *s = xcalloc(METRIC_HISTORY, sizeof *s);
    uint64_t tsc = 5000 * ms;

    assert_int_equal(pmd_history_get(&m->iterations, s, 5), 0);
    assert_int_equal(pmd_history_get(&m->ms, s, 5), 0);
    iterate(m, &tsc, 100, 1, 3, 7);
    iterate(m, &tsc, 50, 0, 0, 0);
    assert_int_equal(pmd_history_get(&m->iterations, s, 5), 2);
    assert_int_equal(perf_get(&s[0].number), 1);
    assert_int_equal(perf_get(&s[0].cycles), 50);
    assert_int_equal(perf_get(&s[0].packets), 0);
    assert_int_equal(perf_get(&s[1].number), 0);
    assert_int_equal(perf_get(&s[1].packets), 3);
    assert_int_equal(perf_get(&s[1].vhost_qlen), 7);
    assert_int_equal(pmd_history_get(&m->iterations, s, 1), 1);

    /* A millisecond is complete when the next one begins; those in which
     * nothing ran are left out. */
    assert_int_equal(pmd_history_get(&m->ms, s, 5), 0);
    tsc = 5003 * ms;
    iterate(m, &tsc, 10, 0, 0, 0);
    tsc = 5004 * ms;
    iterate(m, &tsc, 10, 0, 0, 0);
    assert_int_equal(pmd_history_get(&m->ms, s, 5), 2);
    assert_int_equal(perf_get(&s[0].number), 5003);
    assert_int_equal(perf_get(&s[0].iterations), 1);
    assert_int_equal(perf_get(&s[1].number), 5000);
    assert_int_equal(perf_get(&s[1].iterations), 2);
    assert_int_equal(perf_get(&s[1].cycles), 150);
    assert_int_equal(perf_get(&s[1].busy_cycles), 100);

    /* More than there is room for. */
    for (unsigned int i = 0; i < 5000; i++) {
        iterate(m, &tsc, i + 1, 0, 0, 0);
    }
    assert_int_equal(pmd_history_get(&m->iterations, s,
                                     METRIC_HISTORY_SHOWN),
                     METRIC_HISTORY_SHOWN);
    for (unsigned int i = 0; i < METRIC_HISTORY_SHOWN; i++) {
        assert_int_equal(perf_get(&s[i].number), 5003 - i);
        assert_int_equal(perf_get(&s[i].cycles), 5000 - i);
    }
    free(s);
    free_cacheline(m);
}

static void
test_text(void **state OVS_UNUSED)
{
    static const struct pmd_stats s = {
        .packets = 1033696, .tx_packets = 2067104, .tx_batches = 64597,
        .idle = 20304956220, .busy = 479913207, .slept = 2100000,
        .idle_iterations = 73321495, .busy_iterations = 32296, .naps = 20,
    };
    static const struct pmd_stats nothing = { .packets = 0 };
    struct ds ds = DS_EMPTY_INITIALIZER;

    pmd_format_perf(&ds, &s, 9.944, 2100000000);
    assert_string_equal(ds_cstr(&ds),
"  Iterations:             73353791  (0.13 us/it)\n"
"  - Used TSC cycles:   20784869427  ( 99.5 % of total cycles)\n"
"  - idle iterations:      73321495  ( 97.7 % of used cycles)\n"
"  - busy iterations:         32296  (  2.3 % of used cycles)\n"
"  - sleep iterations:           20  (  0.0 % of iterations)\n"
"  Sleep time (us):            1000  ( 50 us/iteration avg.)\n"
"  Rx packets:              1033696  (104 Kpps, 464 cycles/pkt)\n"
"  Datapath passes:         1033696  (1.00 passes/pkt)\n"
"  - PHWOL hits:                  0  (  0.0 %)\n"
"  - MFEX Opt hits:               0  (  0.0 %)\n"
"  - Simple Match hits:           0  (  0.0 %)\n"
"  - EMC hits:                    0  (  0.0 %)\n"
"  - SMC hits:                    0  (  0.0 %)\n"
"  - Megaflow hits:         1033696  (100.0 %, 1.00 subtbl lookups/hit)\n"
"  - Upcalls:                     0  (  0.0 %, 0.0 us/upcall)\n"
"  - Lost upcalls:                0  (  0.0 %)\n"
"  Tx packets:              2067104  (208 Kpps)\n"
"  Tx batches:                64597  (32.00 pkts/batch)\n");

    ds_clear(&ds);
    pmd_format_perf(&ds, &nothing, 0, 2100000000);
    assert_string_equal(ds_cstr(&ds),
"  Iterations:                    0  (0.00 us/it)\n"
"  - Used TSC cycles:             0  (  0.0 % of total cycles)\n"
"  - idle iterations:             0  (  0.0 % of used cycles)\n"
"  - busy iterations:             0  (  0.0 % of used cycles)\n"
"  - sleep iterations:            0  (  0.0 % of iterations)\n"
"  Sleep time (us):               0  (  0 us/iteration avg.)\n"
"  Rx packets:                    0\n"
"  Tx packets:                    0\n"
"\n");
    ds_destroy(&ds);
}

static void
test_text_of_histograms(void **state OVS_UNUSED)
{
    struct pmd_metrics_sums s = {
        .iterations = 33117202, .cycles = 5258535641, .busy_cycles = 53098496,
        .packets = 603392, .batches = 18856,
    };
    struct ds ds = DS_EMPTY_INITIALIZER;
    char *line, *save = NULL;
    int n = 0;

    s.bins[METRIC_CYCLES][1] = 4874;
    s.bins[METRIC_CYCLES_PER_PACKET][1] = 24;
    s.bins[METRIC_BATCH][31] = 9;
    pmd_format_histograms(&ds, &s);
    for (line = strtok_r(ds_cstr(&ds), "\n", &save); line;
         line = strtok_r(NULL, "\n", &save), n++) {
        if (n == 0) {
            assert_string_equal(line, "Histograms");
        } else if (n == 1) {
            assert_string_equal(line,
"   cycles/it              packets/it             cycles/pkt             "
"pkts/batch             max vhost qlen         upcalls/it             "
"cycles/upcall        ");
        } else if (n == 3) {
            assert_string_equal(line,
"   716       4874         1         0            1096      24           "
"1         0            1         0            1         0            "
"2000      0          ");
        } else if (n == 33) {
            assert_string_equal(line,
"   >         0            >         0            >         0            "
">         9            >         0            >         0            "
">         0          ");
        } else if (n == 34) {
            assert_int_equal(strspn(line, "-"), 154);
            assert_int_equal(strlen(line), 154);
        } else if (n == 36) {
            assert_string_equal(line,
"   159                    0.01822                88                     "
"32.00000               0.00000                0.00000                "
"0                    ");
        }
    }
    assert_int_equal(n, 37);
    ds_destroy(&ds);
}

static void
test_text_of_history(void **state OVS_UNUSED)
{
    struct pmd_sample s;
    struct ds ds = DS_EMPTY_INITIALIZER;

    memset(&s, 0, sizeof s);
    perf_add(&s.number, 33117841);
    perf_add(&s.iterations, 1);
    perf_add(&s.cycles, 8018);
    perf_add(&s.busy_cycles, 8018);
    perf_add(&s.packets, 96);
    perf_add(&s.batches, 3);
    perf_add(&s.vhost_qlen, 5);
    pmd_format_iterations(&ds, &s, 1);
    assert_string_equal(ds_cstr(&ds),
"\n"
"   iter                cycles       packets      cycles/pkt   pkts/batch   "
"vhost qlen   upcalls      cycles/upcall\n"
"   33117841            8018         96           83           32           "
"5            0            0          \n");

    ds_clear(&ds);
    memset(&s, 0, sizeof s);
    perf_add(&s.number, 7949566);
    perf_add(&s.iterations, 16575);
    perf_add(&s.cycles, 2569125);
    pmd_format_milliseconds(&ds, &s, 1);
    assert_string_equal(ds_cstr(&ds),
"\n"
"   ms             iterations   cycles/it    Kpps         cycles/pkt   "
"pkts/batch   vhost qlen   upcalls      cycles/upcall\n"
"   7949566        16575        155          0            0            "
"0            0            0            0          \n");
    ds_destroy(&ds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walls),
        cmocka_unit_test(test_histograms),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_of_histograms),
        cmocka_unit_test(test_text_of_history),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
