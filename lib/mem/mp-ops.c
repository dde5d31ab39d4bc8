/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-ops.c: where free mbufs are kept, and how new ones come in.
 *
 * Objects beyond the per-lcore caches lie on DPDK's lock-free stack, or in a
 * ring where the processor has no 16-byte compare-and-swap.  Both handlers
 * share mp_populate(), which is what they exist for: DPDK's own populate
 * callback enqueues objects before anybody can initialise them, so that a
 * pool that is in use cannot grow.
 *
 * Threads: enqueue and dequeue run anywhere, concurrently; the others in the
 * main thread.
 */
#include <config.h>

/* The lock-free stack is stable, but its inline functions use DPDK's 16-byte
 * compare-and-swap, another inline function, which is marked experimental. */
#define ALLOW_EXPERIMENTAL_API 1

#include "mem/mp-ops.h"

#include <errno.h>
#include <stdint.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_memzone.h>
#include <rte_ring.h>
#include <rte_stack.h>

#include "util.h"

enum { POPULATE_BATCH = 64 };   /* objects handed over at once */

/* Lays out at most `max_objs` objects in the `len` bytes at `vaddr`, which
 * is aligned, and makes each an mbuf before any other thread can take it:
 * first DPDK's callback, which writes the object's header, then the mbuf,
 * which needs it, then the enqueueing, which publishes both.
 *
 * The bytes are contiguous for devices too, or their address for devices is
 * not known (RTE_BAD_IOVA): objects need not keep off page boundaries. */
static int
mp_populate(struct rte_mempool *pool, unsigned int max_objs, void *vaddr,
            rte_iova_t iova, size_t len,
            rte_mempool_populate_obj_cb_t *obj_cb, void *aux)
{
    size_t size = pool->header_size + pool->elt_size + pool->trailer_size;
    unsigned int n = MIN(max_objs, len / size);
    void *batch[POPULATE_BATCH];
    unsigned int n_batch = 0;
    unsigned int done = 0;

    while (done < n) {
        size_t ofs = done * size + pool->header_size;
        void *obj = (char *) vaddr + ofs;

        obj_cb(pool, aux, obj,
               iova == RTE_BAD_IOVA ? RTE_BAD_IOVA : iova + ofs);
        rte_pktmbuf_init(pool, NULL, obj, done);
        batch[n_batch++] = obj;
        done++;
        if (n_batch == POPULATE_BATCH || done == n) {
            /* There is room for `pool->size` objects: this cannot fail. */
            ovs_assert(!rte_mempool_ops_enqueue_bulk(pool, batch, n_batch));
            n_batch = 0;
        }
    }
    return (int) n;
}

/* The lock-free stack. */

static int
mp_stack_alloc(struct rte_mempool *pool)
{
    struct rte_stack *s = rte_stack_create(pool->name, pool->size,
                                           pool->socket_id, RTE_STACK_F_LF);

    if (!s) {
        return -rte_errno;
    }
    pool->pool_data = s;
    return 0;
}

static void
mp_stack_free(struct rte_mempool *pool)
{
    rte_stack_free(pool->pool_data);
}

static int
mp_stack_enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
    return rte_stack_push(pool->pool_data, objs, n) ? 0 : -ENOBUFS;
}

static int
mp_stack_dequeue(struct rte_mempool *pool, void **objs, unsigned int n)
{
    return rte_stack_pop(pool->pool_data, objs, n) ? 0 : -ENOBUFS;
}

static unsigned int
mp_stack_count(const struct rte_mempool *pool)
{
    return rte_stack_count(pool->pool_data);
}

const struct rte_mempool_ops mp_ops_stack = {
    .name = "sluice_lf",
    .alloc = mp_stack_alloc,
    .free = mp_stack_free,
    .enqueue = mp_stack_enqueue,
    .dequeue = mp_stack_dequeue,
    .get_count = mp_stack_count,
    .populate = mp_populate,
};

/* The ring, in the mode in which threads wait least for a preempted one. */

static int
mp_ring_alloc(struct rte_mempool *pool)
{
    struct rte_ring *r = rte_ring_create(pool->name, pool->size,
                                         pool->socket_id,
                                         RING_F_EXACT_SZ | RING_F_MP_RTS_ENQ
                                         | RING_F_MC_RTS_DEQ);

    if (!r) {
        return -rte_errno;
    }
    pool->pool_data = r;
    return 0;
}

static void
mp_ring_free(struct rte_mempool *pool)
{
    rte_ring_free(pool->pool_data);
}

static int
mp_ring_enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
    return rte_ring_enqueue_bulk(pool->pool_data, objs, n, NULL)
           ? 0 : -ENOBUFS;
}

static int
mp_ring_dequeue(struct rte_mempool *pool, void **objs, unsigned int n)
{
    return rte_ring_dequeue_bulk(pool->pool_data, objs, n, NULL)
           ? 0 : -ENOBUFS;
}

static unsigned int
mp_ring_count(const struct rte_mempool *pool)
{
    return rte_ring_count(pool->pool_data);
}

const struct rte_mempool_ops mp_ops_ring = {
    .name = "sluice_ring",
    .alloc = mp_ring_alloc,
    .free = mp_ring_free,
    .enqueue = mp_ring_enqueue,
    .dequeue = mp_ring_dequeue,
    .get_count = mp_ring_count,
    .populate = mp_populate,
};

/* DPDK has room for 16 handlers, of which Debian's build with all its drivers
 * takes 14: only the one that is used is registered. */
#ifdef RTE_STACK_LF_SUPPORTED
#define mp_ops_chosen mp_ops_stack
#else
#define mp_ops_chosen mp_ops_ring
#endif
RTE_MEMPOOL_REGISTER_OPS(mp_ops_chosen)

const char *
mp_ops_name(void)
{
    return mp_ops_chosen.name;
}

size_t
mp_ops_bytes(const struct rte_mempool *pool)
{
    if (rte_mempool_get_ops(pool->ops_index)->alloc == mp_stack_alloc) {
        const struct rte_stack *s = pool->pool_data;

        return s->memzone->len;
    } else {
        const struct rte_ring *r = pool->pool_data;

        return r->memzone->len;
    }
}
