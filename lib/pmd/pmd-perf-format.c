/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-perf-format.c: the text of pmd-perf-show.
 *
 * Labels and spacing are those that operators' tools parse; for what they say
 * of flow caches and upcalls, of which there are none, see pmd-format.c.
 */
#include <config.h>
#include "pmd/pmd-perf-format.h"

#include <inttypes.h>
#include <stdio.h>

#include "openvswitch/dynamic-string.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-metrics.h"
#include "util.h"

static double
ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static double
percent(uint64_t part, double whole)
{
    return 100 * ratio((double) part, whole);
}

static void
put_label(struct ds *ds, const char *label, uint64_t value)
{
    ds_put_format(ds, "  %-20s%12"PRIu64, label, value);
}

static void
put_time(struct ds *ds, const struct pmd_stats *s, double seconds,
         uint64_t hz)
{
    uint64_t used = s->idle + s->busy;
    uint64_t iterations = s->idle_iterations + s->busy_iterations;
    uint64_t slept_us = (uint64_t) ((double) s->slept / (double) hz * 1e6);

    put_label(ds, "Iterations:", iterations);
    ds_put_format(ds, "  (%.2f us/it)\n",
                  ratio((double) used, (double) iterations)
                  / (double) hz * 1e6);
    put_label(ds, "- Used TSC cycles:", used);
    ds_put_format(ds, "  (%5.1f %% of total cycles)\n",
                  percent(used, seconds * (double) hz));
    put_label(ds, "- idle iterations:", s->idle_iterations);
    ds_put_format(ds, "  (%5.1f %% of used cycles)\n",
                  percent(s->idle, (double) used));
    put_label(ds, "- busy iterations:", s->busy_iterations);
    ds_put_format(ds, "  (%5.1f %% of used cycles)\n",
                  percent(s->busy, (double) used));
    put_label(ds, "- sleep iterations:", s->naps);
    ds_put_format(ds, "  (%5.1f %% of iterations)\n",
                  percent(s->naps, (double) iterations));
    put_label(ds, "Sleep time (us):", slept_us);
    ds_put_format(ds, "  (%3.0f us/iteration avg.)\n",
                  ratio((double) slept_us, (double) s->naps));
}

/* Each packet passes once, and hits. */
static void
put_hits(struct ds *ds, uint64_t packets)
{
    static const char *const none[] = {
        "- PHWOL hits:", "- MFEX Opt hits:", "- Simple Match hits:",
        "- EMC hits:", "- SMC hits:",
    };

    put_label(ds, "Datapath passes:", packets);
    ds_put_cstr(ds, "  (1.00 passes/pkt)\n");
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        put_label(ds, none[i], 0);
        ds_put_cstr(ds, "  (  0.0 %)\n");
    }
    put_label(ds, "- Megaflow hits:", packets);
    ds_put_cstr(ds, "  (100.0 %, 1.00 subtbl lookups/hit)\n");
    put_label(ds, "- Upcalls:", 0);
    ds_put_cstr(ds, "  (  0.0 %, 0.0 us/upcall)\n");
    put_label(ds, "- Lost upcalls:", 0);
    ds_put_cstr(ds, "  (  0.0 %)\n");
}

static double
kpps(uint64_t packets, double seconds)
{
    return ratio((double) packets, seconds * 1000);
}

void
pmd_format_perf(struct ds *ds, const struct pmd_stats *s, double seconds,
                uint64_t hz)
{
    put_time(ds, s, seconds, hz);
    put_label(ds, "Rx packets:", s->packets);
    if (s->packets) {
        ds_put_format(ds, "  (%.0f Kpps, %.0f cycles/pkt)\n",
                      kpps(s->packets, seconds),
                      ratio((double) s->busy, (double) s->packets));
        put_hits(ds, s->packets);
    } else {
        ds_put_char(ds, '\n');
    }
    put_label(ds, "Tx packets:", s->tx_packets);
    if (s->tx_packets) {
        ds_put_format(ds, "  (%.0f Kpps)\n", kpps(s->tx_packets, seconds));
        put_label(ds, "Tx batches:", s->tx_batches);
        ds_put_format(ds, "  (%.2f pkts/batch)\n",
                      ratio((double) s->tx_packets,
                            (double) s->tx_batches));
    } else {
        ds_put_cstr(ds, "\n\n");
    }
}

/* Columns of the histograms. */
enum { N_COLUMNS = N_METRICS + 2 };     /* and two of upcalls */

static void
put_headings(struct ds *ds, const char *qlen)
{
    ds_put_format(ds, "   %-21s  %-21s  %-21s  %-21s  %-21s  %-21s  %-21s\n",
                  "cycles/it", "packets/it", "cycles/pkt", "pkts/batch", qlen,
                  "upcalls/it", "cycles/upcall");
}

static void
put_bin(struct ds *ds, int column, const uint32_t *wall, uint64_t n)
{
    char text[12] = ">";

    if (wall) {
        snprintf(text, sizeof text, "%"PRIu32, *wall);
    }
    ds_put_format(ds, "%s%-9s %-11"PRIu64, column ? "  " : "   ", text, n);
}

void
pmd_format_histograms(struct ds *ds, const struct pmd_metrics_sums *s)
{
    double iterations = (double) s->iterations;

    ds_put_cstr(ds, "\nHistograms\n");
    put_headings(ds, "max vhost qlen");
    for (uint32_t i = 0; i < METRIC_BINS; i++) {
        bool last = i == METRIC_BINS - 1;
        uint32_t upcalls = i, cycles = (i + 1) * 1000;

        for (int j = 0; j < N_METRICS; j++) {
            put_bin(ds, j, last ? NULL : &pmd_metric_walls[j][i],
                    s->bins[j][i]);
        }
        put_bin(ds, N_METRICS, last ? NULL : &upcalls,
                i ? 0 : s->iterations);
        put_bin(ds, N_METRICS + 1, last ? NULL : &cycles, 0);
        ds_put_char(ds, '\n');
    }
    ds_put_char_multiple(ds, '-', 22 * N_COLUMNS);
    ds_put_char(ds, '\n');
    put_headings(ds, "vhost qlen");
    ds_put_format(ds, "   %-21.0f  %-21.5f  %-21.0f  %-21.5f  %-21.5f  "
                  "%-21.5f  %-21d\n",
                  ratio((double) s->cycles, iterations),
                  ratio((double) s->packets, iterations),
                  ratio((double) s->busy_cycles, (double) s->packets),
                  ratio((double) s->packets, (double) s->batches),
                  ratio((double) s->vhost_qlen, iterations), 0.0, 0);
}

/* What iterations and milliseconds have in common: "cycles/pkt" and on. */
static void
put_sample(struct ds *ds, const struct pmd_sample *s)
{
    uint64_t packets = perf_get(&s->packets);
    uint64_t batches = perf_get(&s->batches);
    uint64_t iterations = perf_get(&s->iterations);

    ds_put_format(ds, "   %-10"PRIu64"   %-10"PRIu64"   %-10"PRIu64
                  "   %-10d   %-11d\n",
                  packets ? perf_get(&s->busy_cycles) / packets : 0,
                  batches ? packets / batches : 0,
                  iterations ? perf_get(&s->vhost_qlen) / iterations : 0,
                  0, 0);
}

static const char sample_headings[] = "cycles/pkt   pkts/batch   vhost qlen"
                                      "   upcalls      cycles/upcall\n";

void
pmd_format_iterations(struct ds *ds, const struct pmd_sample *s, size_t n)
{
    ds_put_format(ds, "\n   %-17s   %-10s   %-10s   %s", "iter", "cycles",
                  "packets", sample_headings);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(ds, "   %-17"PRIu64"   %-10"PRIu64"   %-10"PRIu64,
                      perf_get(&s[i].number), perf_get(&s[i].cycles),
                      perf_get(&s[i].packets));
        put_sample(ds, &s[i]);
    }
}

void
pmd_format_milliseconds(struct ds *ds, const struct pmd_sample *s, size_t n)
{
    ds_put_format(ds, "\n   %-12s   %-10s   %-10s   %-10s   %s", "ms",
                  "iterations", "cycles/it", "Kpps", sample_headings);
    for (size_t i = 0; i < n; i++) {
        uint64_t iterations = perf_get(&s[i].iterations);

        ds_put_format(ds, "   %-12"PRIu64"   %-10"PRIu64"   %-10"PRIu64
                      "   %-10"PRIu64, perf_get(&s[i].number), iterations,
                      iterations ? perf_get(&s[i].cycles) / iterations : 0,
                      perf_get(&s[i].packets));
        put_sample(ds, &s[i]);
    }
}
