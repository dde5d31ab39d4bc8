/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-perf.c: where a packet thread's cycles go; see pmd-perf.h.
 */
#include <config.h>
#include "pmd/pmd-perf.h"

#include <assert.h>

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "counters take no lock");

uint64_t
perf_interval(uint64_t tsc)
{
    return tsc / (rte_get_tsc_hz() * PERF_SECS);
}

void
perf_history_put(struct perf_history *h, uint64_t interval, uint64_t cycles)
{
    size_t i = interval % (PERF_INTERVALS + 1);

    if (perf_get(&h->slots[i].interval) == interval) {
        perf_add(&h->slots[i].cycles, cycles);
        return;
    }
    atomic_store_explicit(&h->slots[i].cycles, cycles, memory_order_relaxed);
    atomic_store_explicit(&h->slots[i].interval, interval,
                          memory_order_release);
}

uint64_t
perf_history_sum(const struct perf_history *h, uint64_t now, unsigned int n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i <= PERF_INTERVALS; i++) {
        uint64_t interval = atomic_load_explicit(&h->slots[i].interval,
                                                 memory_order_acquire);

        if (interval < now && interval + n >= now) {
            sum += atomic_load_explicit(&h->slots[i].cycles,
                                        memory_order_relaxed);
        }
    }
    return sum;
}

void
rxq_perf_file(struct rxq_perf *rxq, const struct pmd_perf *perf)
{
    uint64_t busy = perf_get(&rxq->busy);

    perf_history_put(&rxq->history, perf->interval, busy - rxq->filed);
    rxq->filed = busy;
}

void
pmd_perf_file(struct pmd_perf *perf, uint64_t next)
{
    uint64_t busy = perf_get(&perf->busy);
    uint64_t total = busy + perf_get(&perf->idle) + perf_get(&perf->slept);

    perf_history_put(&perf->busy_history, perf->interval,
                     busy - perf->filed_busy);
    perf_history_put(&perf->total_history, perf->interval,
                     total - perf->filed_total);
    perf->filed_busy = busy;
    perf->filed_total = total;
    perf->interval = next;
}

void
pmd_perf_slept(struct pmd_perf *perf)
{
    uint64_t now = rte_rdtsc();

    perf_add(&perf->slept, now - perf->tsc);
    perf_add(&perf->naps, 1);
    perf->tsc = now;
}

void
pmd_perf_start(struct pmd_perf *perf)
{
    uint64_t interval;

    perf->tsc = rte_rdtsc();
    interval = perf_interval(perf->tsc);
    if (interval != perf->interval) {
        pmd_perf_file(perf, interval);
    }
}
