/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-perf.h: where a packet thread's cycles go.
 *
 * A thread reads the TSC once per poll and charges the cycles since the last
 * reading to the queue just polled: busy where frames came, else idle.  A nap
 * that it takes is neither.  Every
 * PERF_SECS seconds it files its own and its queues' sums under the number of
 * that interval, which is the same for all threads (TSC / length), so that a
 * queue that moves between threads takes its history along.
 *
 * Each counter has one writer, the thread; a queue's writer changes only with
 * the hand-off of pmd-reload.h.  The main thread reads at any time: values may
 * be a little old, never torn.  Nothing is ever reset; clearing keeps a
 * baseline at the reader.
 */
#ifndef PMD_PMD_PERF_H
#define PMD_PMD_PERF_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_cycles.h>

enum {
    PERF_SECS = 5,                      /* length of an interval */
    PERF_INTERVALS = 12,                /* that can be asked for */
    PERF_SECS_MAX = PERF_SECS * PERF_INTERVALS,
};

typedef _Atomic(uint64_t) perf_counter;

/* Cycles per interval.  A slot more than can be asked for: the one being
 * written is never one that is read. */
struct perf_history {
    struct {
        perf_counter interval, cycles;
    } slots[PERF_INTERVALS + 1];
};

/* Of a queue.  Thread: rw, main: ro. */
struct rxq_perf {
    perf_counter busy;
    uint64_t filed;             /* of `busy`; thread only */
    struct perf_history history;
} __rte_cache_aligned;

/* Of a thread.  Thread: rw, main: ro. */
struct pmd_perf {
    uint64_t tsc;               /* last reading; thread only */
    uint64_t interval;          /* that runs; thread only */
    uint64_t filed_busy, filed_total;   /* thread only */
    perf_counter packets, busy, idle, slept;    /* the latter: cycles */
    perf_counter busy_iterations, idle_iterations, naps;
    struct perf_history busy_history, total_history;
} __rte_cache_aligned;

/* Thread. ------------------------------------------------------------ */

/* Only the one writer may add. */
static inline void
perf_add(perf_counter *c, uint64_t n)
{
    uint64_t old = atomic_load_explicit(c, memory_order_relaxed);

    atomic_store_explicit(c, old + n, memory_order_relaxed);
}

/* Cycles from here on count; those before do not: at the start and after a
 * sleep. */
void pmd_perf_start(struct pmd_perf *);

/* A poll of the queue brought `n` frames, which have been dealt with. */
static inline void
pmd_perf_polled(struct pmd_perf *perf, struct rxq_perf *rxq, unsigned int n)
{
    uint64_t now = rte_rdtsc();
    uint64_t spent = now - perf->tsc;

    perf->tsc = now;
    if (n) {
        perf_add(&rxq->busy, spent);
        perf_add(&perf->busy, spent);
        perf_add(&perf->packets, n);
    } else {
        perf_add(&perf->idle, spent);
    }
}

/* All queues were polled; `any` of them brought frames. */
static inline void
pmd_perf_iterated(struct pmd_perf *perf, bool any)
{
    perf_add(any ? &perf->busy_iterations : &perf->idle_iterations, 1);
}

/* The thread slept since the last poll. */
void pmd_perf_slept(struct pmd_perf *);

/* The interval that the TSC is in. */
uint64_t perf_interval(uint64_t tsc);

/* When `perf->interval` has ended, the thread files its queues' counters, one
 * by one, and its own last; interval `next` begins. */
void rxq_perf_file(struct rxq_perf *, const struct pmd_perf *);
void pmd_perf_file(struct pmd_perf *, uint64_t next);

/* Main. -------------------------------------------------------------- */

static inline uint64_t
perf_get(const perf_counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

/* Sum of the last `n` <= PERF_INTERVALS complete intervals, seen from interval
 * `now`. */
uint64_t perf_history_sum(const struct perf_history *, uint64_t now,
                          unsigned int n);

/* Files `cycles` under `interval`, in addition to what stands there. */
void perf_history_put(struct perf_history *, uint64_t interval,
                      uint64_t cycles);

#endif
