/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-chunk.h: memory for a pool's mbufs, a hugepage at a time.
 */
#ifndef MEM_MP_CHUNK_H
#define MEM_MP_CHUNK_H 1

#include <stddef.h>
#include <stdint.h>

struct rte_mempool;

enum {
    MP_CHUNK_BYTES = 2 * 1024 * 1024,   /* of DPDK's heap, at most */
    MP_HEAP_OVERHEAD = 192,     /* of which its bookkeeping takes */
};

/* Takes one more chunk for `pool` from DPDK's heap on the pool's socket and
 * fills it with at most `max` new mbufs (> 0).  They can be allocated at once
 * by any thread; the pool may be in use.  rte_mempool_free() gives the memory
 * back.
 *
 * Returns how many mbufs came in, at least 1, or a negative errno and nothing
 * has changed: -ENOMEM; -ENOBUFS where no mbuf fits between two page
 * boundaries; what the pool's handler failed with where this is the pool's
 * first chunk.  Adds to `*bytes` what was taken.  Main thread. */
int mp_chunk_add(struct rte_mempool *pool, uint32_t max, uint64_t *bytes);

#endif
