/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-metrics.h: histograms and history of a PMD thread's iterations
 * (pmd-perf-metrics).
 *
 * A thread has them only while they are asked for.  It alone writes; the main
 * thread reads at any time.  Counters may then be an iteration apart; an entry
 * of the history that is overwritten meanwhile is left out.  Nothing is ever
 * reset; clearing keeps a baseline at the reader.
 */
#ifndef PMD_PMD_METRICS_H
#define PMD_PMD_METRICS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pmd/pmd-perf.h"

/* What there is a histogram of. */
enum pmd_metric {
    METRIC_CYCLES,              /* of an iteration */
    METRIC_PACKETS,             /* of an iteration */
    METRIC_CYCLES_PER_PACKET,   /* of an iteration with packets */
    METRIC_BATCH,               /* packets of a poll that brought some */
    METRIC_VHOST_QLEN,          /* packets left in the fullest queue of a
                                 * guest, in an iteration */
    N_METRICS
};

enum {
    METRIC_BINS = 32,
    METRIC_HISTORY = 1024,      /* entries kept, a power of two */
    METRIC_HISTORY_SHOWN = 1000,        /* of them, at most */
};

/* The upper end of each bin but the last, which has none. */
extern uint32_t pmd_metric_walls[N_METRICS][METRIC_BINS - 1];

/* Fills the table.  Main thread, before any thread has metrics. */
void pmd_metrics_init(void);

/* One iteration or one millisecond. */
struct pmd_sample {
    perf_counter number;        /* of the iteration; or ms since the machine
                                 * started */
    perf_counter iterations;
    perf_counter cycles;
    perf_counter busy_cycles;   /* of iterations with packets */
    perf_counter packets;
    perf_counter batches;
    perf_counter vhost_qlen;    /* the largest; ms: their sum */
};

struct pmd_history {
    perf_counter n;             /* that there were; [n % METRIC_HISTORY] is
                                 * the next or, for ms, the running one */
    struct pmd_sample samples[METRIC_HISTORY];
};

struct pmd_metrics {
    perf_counter bins[N_METRICS][METRIC_BINS];
    struct pmd_sample total;
    struct pmd_history iterations, ms;

    /* Of the iteration that runs; thread only. */
    uint64_t start;             /* TSC */
    uint64_t packets;
    uint32_t batches, vhost_qlen;
};

/* Thread. ------------------------------------------------------------ */

/* An iteration begins at TSC `now`. */
static inline void
pmd_metrics_begin(struct pmd_metrics *m, uint64_t now)
{
    m->start = now;
    m->packets = m->batches = m->vhost_qlen = 0;
}

/* A poll brought `n` > 0 packets and left `vhost_qlen` in the guest's
 * queue. */
void pmd_metrics_polled(struct pmd_metrics *, unsigned int n,
                        uint32_t vhost_qlen);

/* The iteration ends at TSC `now`. */
void pmd_metrics_end(struct pmd_metrics *, uint64_t now);

/* Main. -------------------------------------------------------------- */

/* A picture of the sums, at the time of the call. */
struct pmd_metrics_sums {
    uint64_t bins[N_METRICS][METRIC_BINS];
    uint64_t iterations, cycles, busy_cycles, packets, batches, vhost_qlen;
};
void pmd_metrics_get(const struct pmd_metrics *, struct pmd_metrics_sums *);
void pmd_metrics_subtract(struct pmd_metrics_sums *,
                          const struct pmd_metrics_sums *base);

/* The last `n` <= METRIC_HISTORY_SHOWN complete samples, the latest first.
 * Returns how many there are. */
size_t pmd_history_get(const struct pmd_history *, struct pmd_sample *,
                       size_t n);

#endif
