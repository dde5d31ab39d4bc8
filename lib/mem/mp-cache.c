/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-cache.c: which of a pool's mbufs are at home.
 *
 * At home are mbufs that the handler holds and those in the cache of an
 * lcore.  Packet threads move mbufs between the two as they like, and while
 * one empties its cache (the handler has the mbufs, the cache's length still
 * counts them) they seem to be there twice.  Where it matters, the count is
 * taken on both sides of a grace period, in which such a move comes to its
 * end: see mp_cache_all_home().
 *
 * Threads: a leaving packet thread runs mp_flush_lcore(); `members_mutex`
 * keeps the pools in the list from being freed meanwhile.  All else is the
 * main thread's.
 */
#include <config.h>
#include "mem/mp-cache.h"

#include <string.h>

#include <rte_lcore.h>
#include <rte_mempool.h>

#include "eal/rcu.h"
#include "mem/mempool.h"
#include "openvswitch/thread.h"
#include "util.h"

/* Never held over a grace period nor while memory is taken or freed. */
static struct ovs_mutex members_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list members OVS_GUARDED_BY(members_mutex)
    = OVS_LIST_INITIALIZER(&members);

void
mp_cache_join(struct mp_member *member, struct rte_mempool *pool)
{
    member->pool = pool;
    ovs_mutex_lock(&members_mutex);
    ovs_list_push_back(&members, &member->node);
    ovs_mutex_unlock(&members_mutex);
}

void
mp_cache_leave(struct mp_member *member)
{
    ovs_mutex_lock(&members_mutex);
    ovs_list_remove(&member->node);
    ovs_mutex_unlock(&members_mutex);
}

void
mp_flush_lcore(void)
{
    unsigned int lcore = rte_lcore_id();
    struct mp_member *m;

    if (lcore >= RTE_MAX_LCORE) {
        return;
    }
    ovs_mutex_lock(&members_mutex);
    LIST_FOR_EACH (m, node, &members) {
        struct rte_mempool_cache *cache;

        cache = rte_mempool_default_cache(m->pool, lcore);
        if (cache) {
            rte_mempool_cache_flush(cache, m->pool);
        }
    }
    ovs_mutex_unlock(&members_mutex);
}

/* Where a pool's mbufs are at one moment, as far as that can be seen. */
struct census {
    uint32_t common;                    /* with the handler */
    uint32_t cached[RTE_MAX_LCORE];     /* by lcore */
};

/* Returns how many are home. */
static uint32_t
take_census(const struct rte_mempool *pool, struct census *c)
{
    uint32_t home;

    memset(c, 0, sizeof *c);
    ovs_mutex_lock(&members_mutex);     /* no flush while we count */
    if (pool->cache_size) {
        for (int i = 0; i < RTE_MAX_LCORE; i++) {
            c->cached[i] = __atomic_load_n(&pool->local_cache[i].len,
                                           __ATOMIC_RELAXED);
        }
    }
    c->common = rte_mempool_get_ops(pool->ops_index)->get_count(pool);
    ovs_mutex_unlock(&members_mutex);

    home = c->common;
    for (int i = 0; i < RTE_MAX_LCORE; i++) {
        home += c->cached[i];
    }
    return home;
}

uint32_t
mp_cache_in_use(const struct rte_mempool *pool)
{
    struct census c;
    uint32_t home = take_census(pool, &c);

    return home < pool->populated_size ? pool->populated_size - home : 0;
}

/* A slot below the cache's length may be stale, or not yet written since the
 * pool was made; whatever was written to one is an mbuf of the pool. */
uint32_t
mp_cache_peek(const struct rte_mempool *pool, unsigned int lcore,
              const struct rte_mbuf *m[MP_CACHE_OBJS])
{
    const struct rte_mempool_cache *cache;
    uint32_t len, n = 0;

    if (!pool->cache_size || lcore >= RTE_MAX_LCORE) {
        return 0;
    }
    cache = &pool->local_cache[lcore];
    len = __atomic_load_n(&cache->len, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < MIN(len, MP_CACHE_OBJS); i++) {
        m[n] = __atomic_load_n(&cache->objs[i], __ATOMIC_RELAXED);
        n += m[n] != NULL;
    }
    return n;
}

/* Mbufs only come home now, so every move ends in a count that differs from
 * the one before it.  A move under way at the first census has ended by the
 * second, a grace period later; a move that began after the first shows in
 * the second.  If both agree there was none, and a count without a move is
 * right. */
bool
mp_cache_all_home(const struct rte_mempool *pool)
{
    struct census before, after;

    if (take_census(pool, &before) != pool->populated_size) {
        return false;
    }
    rcu_synchronize();
    take_census(pool, &after);
    return !memcmp(&before, &after, sizeof before);
}
