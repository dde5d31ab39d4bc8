/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-ledger.h: how many mbufs a pool needs so that none of its ports is ever
 * starved.  Pure arithmetic, by design.md, "Memory", "Elastic":
 *
 *   need(pool) = rx descriptors of its ports
 *              + tx descriptors of every port that its ports' packets can get
 *                to (those of the same domain), since a sent mbuf stays in a
 *                ring until the device is through with it
 *              + for each packet thread what it may keep in its cache of the
 *                pool and have in hand.
 */
#ifndef MEM_MP_LEDGER_H
#define MEM_MP_LEDGER_H 1

#include <stddef.h>
#include <stdint.h>

#include "mem/mempool.h"

enum {
    MP_NO_POOL = UINT32_MAX,    /* of a port that receives into no pool */
    /* Mbufs that a thread has in hand: a burst received and a burst waiting
     * to be sent to each of a few ports. */
    MP_IN_HAND = 128,
};

/* A port.  One that has two pools while it changes has two entries, the second
 * without tx. */
struct mp_entry {
    uint32_t pool;              /* index of its pool, or MP_NO_POOL */
    uint32_t domain;            /* any number that stands for its domain */
    struct mp_holding holds;
};

/* need[i] becomes the number of mbufs that pool `i` of `n_pools` needs, 0
 * where no entry has it.  cache[i]: mbufs of it that each of `n_threads` may
 * cache (mp_cache_size()); DPDK lets a cache overflow to 1.5 times that before
 * it empties it. */
void mp_ledger_needs(const struct mp_entry *, size_t n, size_t n_pools,
                     unsigned int n_threads, const uint32_t cache[],
                     uint32_t need[]);

#endif
