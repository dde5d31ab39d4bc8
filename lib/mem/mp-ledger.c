/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-ledger.c: how many mbufs does each pool need?
 *
 * Pure: asked by the registry for what is running and by the planner for what
 * might be.  Any thread.
 */
#include <config.h>
#include "mem/mp-ledger.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* What the tx rings of a domain's ports hold together. */
struct domain {
    uint32_t id;
    uint64_t all;               /* of packets that any thread sends */
    uint64_t one;               /* if one thread sends: a queue of each port */
};

/* A pool some of whose ports are in a domain. */
struct reach {
    uint32_t pool, domain;
};

static int
compare_domains(const void *a_, const void *b_)
{
    const struct domain *a = a_, *b = b_;

    return a->id < b->id ? -1 : a->id > b->id;
}

static int
compare_reach(const void *a_, const void *b_)
{
    const struct reach *a = a_, *b = b_;

    return (a->pool != b->pool ? (a->pool < b->pool ? -1 : 1)
            : a->domain < b->domain ? -1 : a->domain > b->domain);
}

/* One element for each domain with rings, sorted by id.  Returns how many. */
static size_t
add_up_domains(const struct mp_entry *e, size_t n, struct domain *d)
{
    size_t n_tx = 0, n_domains = 0;

    for (size_t i = 0; i < n; i++) {
        const struct mp_holding *h = &e[i].holds;

        if (h->txq_size && h->n_txq) {
            d[n_tx++] = (struct domain) {
                .id = e[i].domain,
                .all = (uint64_t) h->txq_size * h->n_txq,
                .one = h->txq_size,
            };
        }
    }
    qsort(d, n_tx, sizeof *d, compare_domains);
    for (size_t i = 0; i < n_tx; i++) {
        if (n_domains && d[n_domains - 1].id == d[i].id) {
            d[n_domains - 1].all += d[i].all;
            d[n_domains - 1].one += d[i].one;
        } else {
            d[n_domains++] = d[i];
        }
    }
    return n_domains;
}

void
mp_ledger_needs(const struct mp_entry *e, size_t n, size_t n_pools,
                unsigned int n_threads, const uint32_t cache[],
                uint32_t need[])
{
    struct domain *domains = xcalloc(MAX(n, 1), sizeof *domains);
    struct reach *reach = xcalloc(MAX(n, 1), sizeof *reach);
    bool *many_senders = xcalloc(MAX(n_pools, 1), sizeof *many_senders);
    uint64_t *sum = xcalloc(MAX(n_pools, 1), sizeof *sum);
    size_t n_domains = add_up_domains(e, n, domains);
    size_t n_reach = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t pool = e[i].pool;

        if (pool < n_pools) {
            sum[pool] += e[i].holds.rx;
            many_senders[pool] |= !e[i].holds.one_sender;
            reach[n_reach++] = (struct reach) { pool, e[i].domain };
        }
    }
    qsort(reach, n_reach, sizeof *reach, compare_reach);
    for (size_t i = 0; i < n_reach; i++) {
        uint32_t pool = reach[i].pool;
        bool first = !i || reach[i - 1].pool != pool;

        if (first) {
            sum[pool] += (uint64_t) n_threads * (cache[pool] + cache[pool] / 2
                                                 + MP_IN_HAND);
        }
        if (first || reach[i - 1].domain != reach[i].domain) {
            struct domain key = { .id = reach[i].domain };
            const struct domain *d = bsearch(&key, domains, n_domains,
                                             sizeof *domains,
                                             compare_domains);

            sum[pool] += !d ? 0 : many_senders[pool] ? d->all : d->one;
        }
    }
    for (size_t i = 0; i < n_pools; i++) {
        need[i] = (uint32_t) MIN(sum[i], UINT32_MAX);
    }
    free(domains);
    free(reach);
    free(many_senders);
    free(sum);
}
