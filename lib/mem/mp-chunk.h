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

/* Memory that holds no mbuf yet. */
struct mp_chunk {
    struct mp_chunk *next;      /* for whoever has it */
    size_t len;                 /* bytes, this struct included */
};

/* Takes a chunk for at most `max` mbufs (> 0) of `pool` from DPDK's heap on
 * the pool's socket.  NULL: there is no memory.  Main thread. */
struct mp_chunk *mp_chunk_take(const struct rte_mempool *pool, uint32_t max);
void mp_chunk_free(struct mp_chunk *);

/* Fills the chunk, which was taken for `pool`, with new mbufs.  They can be
 * allocated at once by any thread; the pool may be in use.  rte_mempool_free()
 * gives the memory back.
 *
 * Returns how many mbufs came in, at least 1, or a negative errno: -ENOBUFS
 * where no mbuf fits between two page boundaries; what the pool's handler
 * failed with where this is the pool's first chunk.  The chunk is freed then,
 * and nothing has changed.  Adds to `*bytes` what the pool took.  Main
 * thread. */
int mp_chunk_fill(struct rte_mempool *pool, struct mp_chunk *,
                  uint64_t *bytes);

/* Both: also -ENOMEM. */
int mp_chunk_add(struct rte_mempool *pool, uint32_t max, uint64_t *bytes);

#endif
