/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-cache.h: which of a pool's mbufs are at home, the per-lcore caches
 * included.
 *
 * rte_mempool_avail_count() and its kin are not used: they count from the
 * room that the pool was made with, not from the mbufs that it has, and they
 * are wrong by up to a cache's worth while a thread empties its cache.
 */
#ifndef MEM_MP_CACHE_H
#define MEM_MP_CACHE_H 1

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/list.h"

struct rte_mempool;

/* A pool as threads that flush their caches see it. */
struct mp_member {
    struct ovs_list node;
    struct rte_mempool *pool;
};

/* Main thread.  A pool joins once it is complete and leaves before it is
 * freed: mp_flush_lcore() (mempool.h) deals with the pools in between. */
void mp_cache_join(struct mp_member *, struct rte_mempool *);
void mp_cache_leave(struct mp_member *);

/* Mbufs that are out, by a count that packet threads may change meanwhile.
 * Main thread. */
uint32_t mp_cache_in_use(const struct rte_mempool *);

/* Is every mbuf at home?  Exact, for a pool that nobody allocates from any
 * more: true means that nothing will touch the pool again.  Waits a grace
 * period where it looks like it.  Main thread. */
bool mp_cache_all_home(const struct rte_mempool *);

#endif
