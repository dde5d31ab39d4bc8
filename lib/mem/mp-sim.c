/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-sim.c: which pools would the registry make?
 *
 * What belongs together: mp-pool.c decides the same for pools that exist.
 */
#include <config.h>
#include "mem/mp-sim.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem/mp-bytes.h"
#include "mem/mp-size.h"
#include "mem/mp-want.h"
#include "util.h"

void
mp_sim_init(struct mp_sim *sim, const struct mp_model *model,
            unsigned int n_threads, size_t n_ports)
{
    *sim = (struct mp_sim) {
        .model = *model,
        .n_threads = n_threads,
        .n_ports = n_ports,
        .entries = xcalloc(MAX(n_ports, 1), 2 * sizeof *sim->entries),
    };
    for (size_t i = 0; i < 2 * n_ports; i++) {
        sim->entries[i].pool = MP_NO_POOL;
    }
}

void
mp_sim_destroy(struct mp_sim *sim)
{
    free(sim->entries);
    free(sim->pools);
}

/* The mbufs that each pool needs.  With `extra` also those that one more pool
 * with caches of `extra_cache` would need, which port `i` takes with this
 * entry; `has` is its other one then. */
static uint32_t *
needs(const struct mp_sim *sim, size_t i, const struct mp_entry *has,
      const struct mp_entry *extra, uint32_t extra_cache)
{
    size_t n_pools = sim->n_pools + (extra != NULL);
    struct mp_entry *entries = xcalloc(2 * sim->n_ports + 1, sizeof *entries);
    uint32_t *cache = xcalloc(n_pools + 1, sizeof *cache);
    uint32_t *need = xcalloc(n_pools + 1, sizeof *need);
    size_t n = 0;

    for (size_t j = 0; j < 2 * sim->n_ports; j++) {
        if (sim->entries[j].pool != MP_NO_POOL) {
            entries[n++] = extra && j == i ? *has : sim->entries[j];
        }
    }
    for (size_t j = 0; j < sim->n_pools; j++) {
        cache[j] = mp_cache_size(sim->pools[j].room);
    }
    if (extra) {
        entries[n] = *extra;
        entries[n++].pool = (uint32_t) sim->n_pools;
        cache[sim->n_pools] = extra_cache;
    }
    mp_ledger_needs(entries, n, n_pools, sim->n_threads, cache, need);
    free(entries);
    free(cache);
    return need;
}

static struct mp_holding
max_holding(const struct mp_holding *a, const struct mp_holding *b)
{
    return (struct mp_holding) {
        .rx = MAX(a->rx, b->rx),
        .txq_size = MAX(a->txq_size, b->txq_size),
        .n_txq = MAX(a->n_txq, b->n_txq),
        .one_sender = a->one_sender && b->one_sender,
    };
}

/* What port `i` lays a claim on while it changes to `p`: the larger of before
 * and after. */
static struct mp_entry
claim(const struct mp_sim *sim, size_t i, const struct mp_plan_port *p)
{
    const struct mp_entry *has = &sim->entries[i];

    return (struct mp_entry) {
        .pool = has->pool,
        .domain = hash_string(p->domain ? p->domain : "", 0),
        .holds = has->pool == MP_NO_POOL ? p->req.holds
                 : max_holding(&has->holds, &p->req.holds),
    };
}

/* Likewise in a second pool beside the one that it has, with which its tx
 * rings are counted. */
static struct mp_entry
second_claim(const struct mp_sim *sim, size_t i, const struct mp_plan_port *p)
{
    struct mp_entry e = claim(sim, i, p);

    if (e.pool != MP_NO_POOL) {
        e.holds.txq_size = 0;
    }
    return e;
}

static uint32_t
need_of_new(const struct mp_sim *sim, size_t i, const struct mp_plan_port *p,
            uint32_t room)
{
    struct mp_entry has = claim(sim, i, p);
    struct mp_entry gets = second_claim(sim, i, p);
    uint32_t *need = needs(sim, i, &has, &gets, mp_cache_size(room));
    uint32_t n = need[sim->n_pools];

    free(need);
    return n;
}

static bool
has_room(const struct mp_sim *sim, const struct mp_sim_pool *pool, size_t i,
         const struct mp_plan_port *p, const struct mp_want *w)
{
    return (p->req.n_mbufs ? pool->room == w->n
            : !pool->own || pool->room >= w->n
              || pool->room >= need_of_new(sim, i, p, pool->room));
}

static bool
has_size(const struct mp_sim_pool *pool, const struct mp_want *w)
{
    const struct mp_request *req = w->req;

    return (pool->room == w->n
            || (w->sized && pool->room > w->n
                && pool->n_rxq == req->n_rxq
                && pool->rxq_size == req->rxq_size
                && pool->txq_size == req->txq_size));
}

static bool
suits(const struct mp_sim *sim, const struct mp_sim_pool *pool, size_t i,
      const struct mp_plan_port *p, const struct mp_want *w)
{
    return (pool->n_ports && pool->socket == w->socket
            && pool->adjusted_mtu == w->adjusted_mtu
            && pool->own == w->own && pool->elastic == w->elastic
            && !strcmp(pool->group, w->group)
            && (w->elastic ? has_room(sim, pool, i, p, w)
                : has_size(pool, w)));
}

/* The pool that port `i` has, where it suits, is kept, even where another
 * suits too. */
static uint32_t
find(const struct mp_sim *sim, size_t i, const struct mp_plan_port *p,
     const struct mp_want *w)
{
    uint32_t has = sim->entries[i].pool;

    if (has != MP_NO_POOL && suits(sim, &sim->pools[has], i, p, w)) {
        return has;
    }
    for (size_t j = 0; j < sim->n_pools; j++) {
        if (suits(sim, &sim->pools[j], i, p, w)) {
            return (uint32_t) j;
        }
    }
    return MP_NO_POOL;
}

static struct mp_sim_pool
pool_from_want(const struct mp_want *w)
{
    const struct mp_request *req = w->req;
    bool by_queues = w->sized && !w->elastic;

    return (struct mp_sim_pool) {
        .socket = w->socket,
        .mtu = w->mtu,
        .adjusted_mtu = w->adjusted_mtu,
        .group = w->group,
        .own = w->own,
        .elastic = w->elastic,
        .room = w->n,
        .mbufs = w->elastic ? 0 : w->n,
        .n_rxq = by_queues ? req->n_rxq : 0,
        .rxq_size = by_queues ? req->rxq_size : 0,
        .txq_size = by_queues ? req->txq_size : 0,
    };
}

static uint32_t
add_pool(struct mp_sim *sim, const struct mp_want *w)
{
    if (sim->n_pools == sim->allocated) {
        sim->pools = x2nrealloc(sim->pools, &sim->allocated,
                                sizeof *sim->pools);
    }
    sim->pools[sim->n_pools] = pool_from_want(w);
    return (uint32_t) sim->n_pools++;
}

void
mp_sim_take(struct mp_sim *sim, size_t i, const struct mp_plan_port *p)
{
    struct mp_want w = mp_want(&p->req, &sim->model, p->req.socket);
    uint32_t pool = find(sim, i, p, &w);
    struct mp_entry *has = &sim->entries[i];
    struct mp_entry *gets = &sim->entries[sim->n_ports + i];

    if (pool == MP_NO_POOL) {
        pool = add_pool(sim, &w);
    }
    if (pool != has->pool) {
        *gets = second_claim(sim, i, p);
        gets->pool = pool;
        sim->pools[pool].n_ports++;
    }
    *has = claim(sim, i, p);
    if (has->pool == MP_NO_POOL) {
        has->holds.txq_size = 0;    /* counted with what it gets */
    }
}

void
mp_sim_settle(struct mp_sim *sim, size_t i, const struct mp_plan_port *p)
{
    struct mp_entry *has = &sim->entries[i];
    struct mp_entry *gets = &sim->entries[sim->n_ports + i];

    if (gets->pool != MP_NO_POOL) {
        if (has->pool != MP_NO_POOL) {
            sim->pools[has->pool].n_ports--;
        }
        *has = *gets;
        gets->pool = MP_NO_POOL;
        gets->holds = (struct mp_holding) { .rx = 0 };
    }
    has->holds = p->req.holds;
}

void
mp_sim_fill(struct mp_sim *sim)
{
    uint32_t *need = needs(sim, 0, NULL, NULL, 0);

    for (size_t i = 0; i < sim->n_pools; i++) {
        struct mp_sim_pool *pool = &sim->pools[i];

        if (pool->elastic && pool->n_ports) {
            uint32_t n = mp_bytes_elastic_mbufs(pool->mtu, pool->room,
                                                need[i]);

            pool->mbufs = MAX(pool->mbufs, n);
        }
    }
    free(need);
}

void
mp_sim_another(const struct mp_sim *sim, size_t i,
               const struct mp_plan_port *p, struct mp_sim_pool *pool)
{
    struct mp_want w = mp_want(&p->req, &sim->model, p->req.socket);

    *pool = pool_from_want(&w);
    if (pool->elastic) {
        pool->mbufs = mp_bytes_elastic_mbufs(
            pool->mtu, pool->room, need_of_new(sim, i, p, pool->room));
    }
    pool->n_ports = 1;
}
