/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-bytes.h: what a pool takes of memory.  Pure arithmetic: no DPDK call,
 * only its constants.
 *
 * A pool takes three things of DPDK's heap: its header, with a cache for every
 * lcore that there could be; what its handler (mp-ops.h) keeps free mbufs in,
 * with a place for each mbuf that the pool may ever have; and chunks of mbufs
 * (mp-chunk.h).
 */
#ifndef MEM_MP_BYTES_H
#define MEM_MP_BYTES_H 1

#include <stdint.h>

enum {
    MP_PAGE_2M = 2 * 1024 * 1024,
    MP_PAGE_1G = 1024 * 1024 * 1024,
};

/* In bytes, the heap's own bookkeeping included. */
struct mp_bytes {
    uint64_t header;
    uint64_t handler;
    uint64_t chunks;
};

/* What a pool for MTU `mtu` takes that has `n` mbufs and room for `room` (>=
 * n). */
void mp_bytes_of_pool(uint32_t mtu, uint32_t room, uint32_t n,
                      struct mp_bytes *);

static inline uint64_t
mp_bytes_sum(const struct mp_bytes *b)
{
    return b->header + b->handler + b->chunks;
}

/* Mbufs that fit into a whole chunk. */
uint32_t mp_bytes_chunk_mbufs(uint32_t mtu);

/* Mbufs that an elastic pool has that needs `need`: whole chunks of them, at
 * most `room`. */
uint32_t mp_bytes_elastic_mbufs(uint32_t mtu, uint32_t room, uint32_t need);

/* Hugepages of `page` bytes that hold `bytes`. */
uint64_t mp_bytes_pages(uint64_t bytes, uint32_t page);

#endif
