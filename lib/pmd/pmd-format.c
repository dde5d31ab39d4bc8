/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-format.c: the text of pmd-stats-show and pmd-rxq-show.
 *
 * Labels and spacing are those that operators' tools parse.  They tell of flow
 * caches that do not exist here: every packet's path is computed from the
 * bridge's state, none goes up to a slow path.  So that sums stay right (hits
 * and misses make up the packets received), each packet counts as a hit at
 * the first look-up of the last cache, "megaflow".
 */
#include <config.h>
#include "pmd/pmd-format.h"

#include <inttypes.h>

#include "openvswitch/dynamic-string.h"

struct pmd_stats
pmd_stats_since(const struct pmd_stats *s, const struct pmd_stats *base)
{
    return (struct pmd_stats) {
        .packets = s->packets - base->packets,
        .tx_packets = s->tx_packets - base->tx_packets,
        .tx_batches = s->tx_batches - base->tx_batches,
        .idle = s->idle - base->idle,
        .busy = s->busy - base->busy,
        .slept = s->slept - base->slept,
        .idle_iterations = s->idle_iterations - base->idle_iterations,
        .busy_iterations = s->busy_iterations - base->busy_iterations,
        .naps = s->naps - base->naps,
    };
}

void
pmd_format_thread(struct ds *ds, int node, int core)
{
    ds_put_format(ds, "pmd thread numa_id %d core_id %d:\n", node, core);
}

void
pmd_format_main_thread(struct ds *ds)
{
    ds_put_cstr(ds, "main thread:\n");
}

static double
ratio(uint64_t a, uint64_t b)
{
    return b ? (double) a / (double) b : 0;
}

static void
put_cycles(struct ds *ds, const struct pmd_stats *s)
{
    uint64_t total = s->idle + s->busy;

    if (!total) {
        return;
    }
    ds_put_format(ds, "  idle cycles: %"PRIu64" (%.2f%%)\n", s->idle,
                  100 * ratio(s->idle, total));
    ds_put_format(ds, "  processing cycles: %"PRIu64" (%.2f%%)\n", s->busy,
                  100 * ratio(s->busy, total));
    if (!s->packets) {
        return;
    }
    ds_put_format(ds, "  avg cycles per packet: %.2f (%"PRIu64"/%"PRIu64")\n",
                  ratio(total, s->packets), total, s->packets);
    ds_put_format(ds, "  avg processing cycles per packet: %.2f "
                  "(%"PRIu64"/%"PRIu64")\n",
                  ratio(s->busy, s->packets), s->busy, s->packets);
}

void
pmd_format_stats(struct ds *ds, const struct pmd_stats *s)
{
    double passes = s->packets ? 1 : 0;

    ds_put_format(ds, "  packets received: %"PRIu64"\n", s->packets);
    ds_put_cstr(ds, "  packet recirculations: 0\n");
    ds_put_format(ds, "  avg. datapath passes per packet: %.2f\n", passes);
    ds_put_cstr(ds, "  phwol hits: 0\n"
                    "  mfex opt hits: 0\n"
                    "  simple match hits: 0\n"
                    "  emc hits: 0\n"
                    "  smc hits: 0\n");
    ds_put_format(ds, "  megaflow hits: %"PRIu64"\n", s->packets);
    ds_put_format(ds, "  avg. subtable lookups per megaflow hit: %.2f\n",
                  passes);
    ds_put_cstr(ds, "  miss with success upcall: 0\n"
                    "  miss with failed upcall: 0\n");
    ds_put_format(ds, "  avg. packets per output batch: %.2f\n",
                  ratio(s->tx_packets, s->tx_batches));
    put_cycles(ds, s);
}

/* Percent of what is known of the thread, rounded down. */
static void
put_share(struct ds *ds, uint64_t part, uint64_t total)
{
    if (total) {
        ds_put_format(ds, "%2"PRIu64" %%\n", part * 100 / total);
    } else {
        ds_put_cstr(ds, "NOT AVAIL\n");
    }
}

void
pmd_format_rxq(struct ds *ds, const char *port, unsigned int queue,
               bool enabled, uint64_t busy, const struct pmd_load *load)
{
    ds_put_format(ds, "  port: %-16s  queue-id: %2u %-10s  pmd usage: ",
                  port, queue, enabled ? "(enabled)" : "(disabled)");
    put_share(ds, busy, load->total);
}

void
pmd_format_overhead(struct ds *ds, const struct pmd_load *load)
{
    ds_put_cstr(ds, "  overhead: ");
    put_share(ds, load->busy > load->rxqs ? load->busy - load->rxqs : 0,
              load->total);
}
