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

#include <rte_mempool.h>

#include "openvswitch/list.h"

struct rte_mbuf;

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

/* More mbufs than a cache has room for. */
enum {
    MP_CACHE_OBJS = sizeof ((struct rte_mempool_cache *) 0)->objs
                    / sizeof(void *)
};

/* Puts into `m` the mbufs in the cache of `lcore`, as far as that can be seen:
 * its thread may be taking them out or putting others in.  They are mbufs of
 * the pool in any case.  Returns how many.  Main thread. */
uint32_t mp_cache_peek(const struct rte_mempool *, unsigned int lcore,
                       const struct rte_mbuf *m[MP_CACHE_OBJS]);

/* Is every mbuf at home?  Exact, for a pool that nobody allocates from any
 * more: true means that nothing will touch the pool again.  Waits a grace
 * period where it looks like it.  Main thread. */
bool mp_cache_all_home(const struct rte_mempool *);

#endif
