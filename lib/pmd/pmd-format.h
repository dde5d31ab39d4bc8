/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-format.h: the text of pmd-stats-show and pmd-rxq-show.  Pure: plain
 * values in, text out.
 */
#ifndef PMD_PMD_FORMAT_H
#define PMD_PMD_FORMAT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ds;

/* What a packet thread did. */
struct pmd_stats {
    uint64_t packets;           /* received */
    uint64_t tx_packets, tx_batches;
    uint64_t idle, busy;        /* cycles; both 0: not measured */
    uint64_t slept;             /* cycles, beside these */
    uint64_t idle_iterations, busy_iterations, naps;
};

/* `stats` minus `base`. */
struct pmd_stats pmd_stats_since(const struct pmd_stats *,
                                 const struct pmd_stats *base);

/* Heading of a PMD thread, and of the thread of kernel-backed ports, which
 * tools know as the main thread. */
void pmd_format_thread(struct ds *, int node, int core);
void pmd_format_main_thread(struct ds *);

/* The lines under a heading in pmd-stats-show. */
void pmd_format_stats(struct ds *, const struct pmd_stats *);

/* A thread's load over the last seconds, in cycles. */
struct pmd_load {
    uint64_t total;             /* 0: nothing known */
    uint64_t busy;
    uint64_t rxqs;              /* of `busy`, for the queues it has now */
};

/* The lines under a heading in pmd-rxq-show: first the queues, then the
 * rest. `busy`: the queue's cycles. */
void pmd_format_rxq(struct ds *, const char *port, unsigned int queue,
                    bool enabled, uint64_t busy, const struct pmd_load *);
void pmd_format_overhead(struct ds *, const struct pmd_load *);

#endif
