/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-metrics.c: histograms and history of a PMD thread's iterations; see
 * pmd-metrics.h.
 */
#include <config.h>
#include "pmd/pmd-metrics.h"

#include <math.h>
#include <string.h>

#include "util.h"

uint32_t pmd_metric_walls[N_METRICS][METRIC_BINS - 1];

/* Walls at even distances from `min` to `max`. */
static void
make_linear(uint32_t *walls, uint32_t min, uint32_t max)
{
    for (uint32_t i = 0; i < METRIC_BINS - 1; i++) {
        walls[i] = min + (uint32_t) ((uint64_t) (max - min) * i
                                     / (METRIC_BINS - 2));
    }
}

/* Walls that grow by the same factor, rounded down, but by 1 at least.  A
 * `min` of 0 comes before those from 1 on. */
static void
make_geometric(uint32_t *walls, uint32_t min, uint32_t max)
{
    int first = min ? 0 : 1;
    double base = MAX(min, 1);
    double factor = pow(max / base, 1.0 / (METRIC_BINS - 2 - first));

    walls[0] = min;
    for (int i = 1; i < METRIC_BINS - 2; i++) {
        walls[i] = MAX((uint32_t) (base * pow(factor, i - first)),
                       walls[i - 1] + 1);
    }
    walls[METRIC_BINS - 2] = max;
}

void
pmd_metrics_init(void)
{
    make_geometric(pmd_metric_walls[METRIC_CYCLES], 500, 24000000);
    make_geometric(pmd_metric_walls[METRIC_PACKETS], 0, 1000);
    make_linear(pmd_metric_walls[METRIC_CYCLES_PER_PACKET], 100, 30000);
    make_linear(pmd_metric_walls[METRIC_BATCH], 0, 32);
    make_geometric(pmd_metric_walls[METRIC_VHOST_QLEN], 0, 512);
}

static void
put(struct pmd_metrics *m, enum pmd_metric metric, uint64_t value)
{
    const uint32_t *walls = pmd_metric_walls[metric];
    int bin = 0;

    while (bin < METRIC_BINS - 1 && value > walls[bin]) {
        bin++;
    }
    perf_add(&m->bins[metric][bin], 1);
}

static void
set(perf_counter *c, uint64_t value)
{
    atomic_store_explicit(c, value, memory_order_relaxed);
}

static void
start_sample(struct pmd_sample *s, uint64_t number)
{
    set(&s->number, number);
    set(&s->iterations, 0);
    set(&s->cycles, 0);
    set(&s->busy_cycles, 0);
    set(&s->packets, 0);
    set(&s->batches, 0);
    set(&s->vhost_qlen, 0);
}

static void
add_iteration(struct pmd_sample *s, const struct pmd_metrics *m,
              uint64_t cycles)
{
    perf_add(&s->iterations, 1);
    perf_add(&s->cycles, cycles);
    perf_add(&s->busy_cycles, m->packets ? cycles : 0);
    perf_add(&s->packets, m->packets);
    perf_add(&s->batches, m->batches);
    perf_add(&s->vhost_qlen, m->vhost_qlen);
}

static struct pmd_sample *
current(struct pmd_history *h)
{
    return &h->samples[perf_get(&h->n) % METRIC_HISTORY];
}

/* Whoever sees the new count sees the samples before it. */
static void
finish_sample(struct pmd_history *h)
{
    atomic_store_explicit(&h->n, perf_get(&h->n) + 1, memory_order_release);
}

void
pmd_metrics_polled(struct pmd_metrics *m, unsigned int n, uint32_t vhost_qlen)
{
    m->packets += n;
    m->batches++;
    m->vhost_qlen = MAX(m->vhost_qlen, vhost_qlen);
    put(m, METRIC_BATCH, n);
}

void
pmd_metrics_end(struct pmd_metrics *m, uint64_t now)
{
    uint64_t cycles = now - m->start;
    uint64_t ms = now / (rte_get_tsc_hz() / 1000);
    struct pmd_sample *s;

    put(m, METRIC_CYCLES, cycles);
    put(m, METRIC_PACKETS, m->packets);
    put(m, METRIC_VHOST_QLEN, m->vhost_qlen);
    if (m->packets) {
        put(m, METRIC_CYCLES_PER_PACKET, cycles / m->packets);
    }
    add_iteration(&m->total, m, cycles);

    s = current(&m->iterations);
    start_sample(s, perf_get(&m->iterations.n));
    add_iteration(s, m, cycles);
    finish_sample(&m->iterations);

    s = current(&m->ms);
    if (perf_get(&s->number) != ms) {
        if (perf_get(&s->iterations)) {
            finish_sample(&m->ms);
            s = current(&m->ms);
        }
        start_sample(s, ms);
    }
    add_iteration(s, m, cycles);
}

void
pmd_metrics_get(const struct pmd_metrics *m, struct pmd_metrics_sums *sums)
{
    for (int i = 0; i < N_METRICS; i++) {
        for (int j = 0; j < METRIC_BINS; j++) {
            sums->bins[i][j] = perf_get(&m->bins[i][j]);
        }
    }
    sums->iterations = perf_get(&m->total.iterations);
    sums->cycles = perf_get(&m->total.cycles);
    sums->busy_cycles = perf_get(&m->total.busy_cycles);
    sums->packets = perf_get(&m->total.packets);
    sums->batches = perf_get(&m->total.batches);
    sums->vhost_qlen = perf_get(&m->total.vhost_qlen);
}

void
pmd_metrics_subtract(struct pmd_metrics_sums *sums,
                     const struct pmd_metrics_sums *base)
{
    for (int i = 0; i < N_METRICS; i++) {
        for (int j = 0; j < METRIC_BINS; j++) {
            sums->bins[i][j] -= base->bins[i][j];
        }
    }
    sums->iterations -= base->iterations;
    sums->cycles -= base->cycles;
    sums->busy_cycles -= base->busy_cycles;
    sums->packets -= base->packets;
    sums->batches -= base->batches;
    sums->vhost_qlen -= base->vhost_qlen;
}

static void
copy_sample(struct pmd_sample *dst, const struct pmd_sample *src)
{
    set(&dst->number, perf_get(&src->number));
    set(&dst->iterations, perf_get(&src->iterations));
    set(&dst->cycles, perf_get(&src->cycles));
    set(&dst->busy_cycles, perf_get(&src->busy_cycles));
    set(&dst->packets, perf_get(&src->packets));
    set(&dst->batches, perf_get(&src->batches));
    set(&dst->vhost_qlen, perf_get(&src->vhost_qlen));
}

size_t
pmd_history_get(const struct pmd_history *h, struct pmd_sample *samples,
                size_t n)
{
    uint64_t end = atomic_load_explicit(&h->n, memory_order_acquire);
    uint64_t safe;

    n = MIN(n, MIN(end, METRIC_HISTORY_SHOWN));
    for (size_t i = 0; i < n; i++) {
        copy_sample(&samples[i],
                    &h->samples[(end - 1 - i) % METRIC_HISTORY]);
    }
    /* What the thread may have begun to overwrite meanwhile is not shown. */
    atomic_thread_fence(memory_order_acquire);
    safe = perf_get(&h->n) - end;
    safe = safe < METRIC_HISTORY - 1 ? METRIC_HISTORY - 1 - safe : 0;
    return MIN(n, safe);
}
