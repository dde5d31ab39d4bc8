/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-make.h: making, filling and freeing one pool.
 *
 * Between mp-pool.c, which knows who uses which pool, and DPDK.  Main thread.
 */
#ifndef MEM_MP_MAKE_H
#define MEM_MP_MAKE_H 1

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

/* What a pool is to be. */
struct mp_spec {
    char name[RTE_MEMPOOL_NAMESIZE];
    int socket;
    uint32_t mtu;               /* any with the pool's adjusted MTU */
    uint32_t room;              /* mbufs that it may ever have */
    uint32_t asked;             /* mbufs that it is to have now, <= room */
    bool elastic;               /* filled in whole chunks, so that it gets
                                 * `asked` or some more; never halved */
};

/* What became of it. */
struct mp_made {
    struct rte_mempool *pool;
    struct mp_chunk *reserved;  /* see mp_reserve() */
    uint32_t granted;           /* mbufs that the pool was made with */
    uint64_t bytes;             /* of DPDK's heap */
};

/* Makes a pool with `spec->asked` mbufs or, where memory is short and it is
 * not elastic, a size that mp_next_smaller() leads to.  Returns 0, or a negative errno with the
 * reason as a text that goes behind "...: ". */
int mp_make(const struct mp_spec *, struct mp_made *, char **reasonp);

/* Adds one chunk with at most `max` mbufs, for which there must be room, or
 * the next that was reserved.  Returns how many came in or a negative
 * errno. */
int mp_grow(struct mp_made *, uint32_t max);

/* Takes memory for `n` mbufs more than the pool has, for mp_grow().  Chunks
 * are whole where there is room.  False: there is not so much, and what there
 * is has been taken.  mp_unreserve() gives back what mp_grow() has not
 * used. */
bool mp_reserve(struct mp_made *, uint32_t n);
void mp_unreserve(struct mp_made *);

/* Bytes of DPDK's heap that `n` more mbufs take, for which there must be
 * room. */
uint64_t mp_growth_bytes(const struct mp_made *, uint32_t n);

/* Mbufs of a whole chunk. */
uint32_t mp_chunk_mbufs(const struct mp_made *);

/* Frees the pool and its memory.  All its mbufs must be home, and nobody may
 * hold a reference. */
void mp_unmake(struct mp_made *);

#endif
