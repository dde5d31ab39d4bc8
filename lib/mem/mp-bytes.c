/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-bytes.c: what does a pool take of memory?
 *
 * The same numbers as mp_make() (mp-make.c) adds up for a pool that is there.
 * Pure, any thread; a program that uses this file need not link DPDK.
 */
#include <config.h>

/* See mp-ops.c. */
#define ALLOW_EXPERIMENTAL_API 1

#include "mem/mp-bytes.h"

#include <rte_common.h>
#include <rte_config.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_stack.h>

#include "mem/mp-chunk.h"
#include "mem/mp-size.h"
#include "util.h"

/* What DPDK reserves memory in multiples of. */
static uint64_t
align(uint64_t bytes)
{
    return ROUND_UP(bytes, RTE_CACHE_LINE_SIZE);
}

static uint64_t
header_bytes(uint32_t room)
{
    const struct rte_mempool *none = NULL;

    return align(RTE_MEMPOOL_HEADER_SIZE(none, mp_cache_size(room))
                 + align(sizeof(struct rte_pktmbuf_pool_private)));
}

/* A lock-free stack or, where there is none, a ring with an exact number of
 * places: mp-ops.c makes the same choice. */
static uint64_t
store_bytes(uint32_t room)
{
#ifdef RTE_STACK_LF_SUPPORTED
    /* DPDK keeps two cache lines clear behind the elements, against
     * prefetchers. */
    return align(sizeof(struct rte_stack)
                 + align((uint64_t) room * sizeof(struct rte_stack_lf_elem))
                 + 2 * RTE_CACHE_LINE_SIZE);
#else
    return align(sizeof(struct rte_ring)
                 + rte_align64pow2((uint64_t) room + 1) * sizeof(void *));
#endif
}

/* With it go the pool's accounts, two cache lines, and an entry in DPDK's list
 * of stacks or rings, which is all bookkeeping. */
static uint64_t
handler_bytes(uint32_t room)
{
    return store_bytes(room) + 2 * RTE_CACHE_LINE_SIZE
           + 3 * MP_HEAP_OVERHEAD;
}

uint32_t
mp_bytes_chunk_mbufs(uint32_t mtu)
{
    return (MP_CHUNK_BYTES - MP_HEAP_OVERHEAD) / mp_object_size(mtu);
}

uint32_t
mp_bytes_elastic_mbufs(uint32_t mtu, uint32_t room, uint32_t need)
{
    uint32_t chunk = mp_bytes_chunk_mbufs(mtu);

    return (uint32_t) MIN(room, ROUND_UP((uint64_t) need, chunk));
}

static uint64_t
chunk_bytes(uint32_t mtu, uint32_t n)
{
    uint32_t per_chunk = mp_bytes_chunk_mbufs(mtu);
    uint64_t rest = n % per_chunk;

    return ((uint64_t) (n / per_chunk) * MP_CHUNK_BYTES
            + (rest ? rest * mp_object_size(mtu) + MP_HEAP_OVERHEAD : 0));
}

void
mp_bytes_of_pool(uint32_t mtu, uint32_t room, uint32_t n, struct mp_bytes *b)
{
    *b = (struct mp_bytes) {
        .header = header_bytes(room) + MP_HEAP_OVERHEAD,
        .handler = handler_bytes(room),
        .chunks = chunk_bytes(mtu, n),
    };
}

uint64_t
mp_bytes_pages(uint64_t bytes, uint32_t page)
{
    return DIV_ROUND_UP(bytes, page);
}
