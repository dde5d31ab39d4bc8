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
 * The handler is the one place that every mbuf passes which is not in a
 * thread's cache, so the pool's accounts are kept here.  Threads pass here
 * once for many mbufs and share the account's cache lines: nothing is written
 * to them but a new lowest count and failures.
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
#include <stdatomic.h>
#include <stdint.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_memzone.h>
#include <rte_ring.h>
#include <rte_stack.h>

#include "mem/mp-chunk.h"
#include "mem/mp-holder.h"
#include "util.h"

enum { POPULATE_BATCH = 64 };   /* objects handed over at once */

/* What a pool's `pool_data` points to. */
struct store {
    union {
        struct rte_stack *stack;
        struct rte_ring *ring;
    };
    /* Fewest objects left after a dequeue.  Any thread writes, where it falls;
     * main restarts it. */
    _Atomic(uint32_t) lowest;

    /* Any thread.  Apart: threads that find no mbuf try again at once, and
     * those that bring some back are not to wait for this line. */
    _Atomic(uint64_t) failures __rte_cache_aligned;
} __rte_cache_aligned;

static struct store *
store_of(const struct rte_mempool *pool)
{
    return pool->pool_data;
}

static struct store *
store_create(const struct rte_mempool *pool)
{
    struct store *s = rte_zmalloc_socket(NULL, sizeof *s, RTE_CACHE_LINE_SIZE,
                                         pool->socket_id);

    if (s) {
        atomic_init(&s->lowest, UINT32_MAX);
        atomic_init(&s->failures, 0);
    }
    return s;
}

/* Any other thread may have objects as soon as the handler has them: they are
 * marked before. */
static void
mark_free(void *const *objs, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        ((struct rte_mbuf *) objs[i])->port = MP_FREE;
    }
}

/* Only `left` objects were left for a moment. */
static void
note_left(struct store *s, uint32_t left)
{
    uint32_t lowest = atomic_load_explicit(&s->lowest, memory_order_relaxed);

    while (OVS_UNLIKELY(left < lowest)
           && !atomic_compare_exchange_weak_explicit(
                  &s->lowest, &lowest, left, memory_order_relaxed,
                  memory_order_relaxed)) {
        /* `lowest` is what another thread wrote meanwhile. */
    }
}

/* There were not as many objects as were to go to `objs`.  Where these were to
 * fill the calling thread's cache, DPDK asks once more, for what is needed at
 * once only: that alone tells whether the allocation fails. */
static void
note_missing(const struct rte_mempool *pool, void **objs)
{
    struct rte_mempool *p = CONST_CAST(struct rte_mempool *, pool);
    struct rte_mempool_cache *cache = rte_mempool_default_cache(
                                          p, rte_lcore_id());

    if (!cache || objs != cache->objs) {
        atomic_fetch_add_explicit(&store_of(pool)->failures, 1,
                                  memory_order_relaxed);
    }
}

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
    struct store *s = store_create(pool);

    if (!s) {
        return -ENOMEM;
    }
    s->stack = rte_stack_create(pool->name, pool->size, pool->socket_id,
                                RTE_STACK_F_LF);
    if (!s->stack) {
        int error = -rte_errno;

        rte_free(s);
        return error;
    }
    pool->pool_data = s;
    return 0;
}

static void
mp_stack_free(struct rte_mempool *pool)
{
    struct store *s = store_of(pool);

    if (s) {                    /* NULL: the pool never had an mbuf */
        rte_stack_free(s->stack);
        rte_free(s);
    }
}

static int
mp_stack_enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
    mark_free(objs, n);
    return rte_stack_push(store_of(pool)->stack, objs, n) ? 0 : -ENOBUFS;
}

static int
mp_stack_dequeue(struct rte_mempool *pool, void **objs, unsigned int n)
{
    struct store *s = store_of(pool);

    if (!rte_stack_pop(s->stack, objs, n)) {
        note_missing(pool, objs);
        return -ENOBUFS;
    }
    note_left(s, rte_stack_count(s->stack));
    return 0;
}

static unsigned int
mp_stack_count(const struct rte_mempool *pool)
{
    return rte_stack_count(store_of(pool)->stack);
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
    struct store *s = store_create(pool);

    if (!s) {
        return -ENOMEM;
    }
    s->ring = rte_ring_create(pool->name, pool->size, pool->socket_id,
                              RING_F_EXACT_SZ | RING_F_MP_RTS_ENQ
                              | RING_F_MC_RTS_DEQ);
    if (!s->ring) {
        int error = -rte_errno;

        rte_free(s);
        return error;
    }
    pool->pool_data = s;
    return 0;
}

static void
mp_ring_free(struct rte_mempool *pool)
{
    struct store *s = store_of(pool);

    if (s) {                    /* NULL: the pool never had an mbuf */
        rte_ring_free(s->ring);
        rte_free(s);
    }
}

static int
mp_ring_enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
    mark_free(objs, n);
    return rte_ring_enqueue_bulk(store_of(pool)->ring, objs, n, NULL)
           ? 0 : -ENOBUFS;
}

static int
mp_ring_dequeue(struct rte_mempool *pool, void **objs, unsigned int n)
{
    struct store *s = store_of(pool);
    unsigned int left;

    if (!rte_ring_dequeue_bulk(s->ring, objs, n, &left)) {
        note_missing(pool, objs);
        return -ENOBUFS;
    }
    note_left(s, left);
    return 0;
}

static unsigned int
mp_ring_count(const struct rte_mempool *pool)
{
    return rte_ring_count(store_of(pool)->ring);
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

uint32_t
mp_ops_lowest(const struct rte_mempool *pool)
{
    uint32_t count = rte_mempool_get_ops(pool->ops_index)->get_count(pool);
    uint32_t lowest = atomic_load_explicit(&store_of(pool)->lowest,
                                           memory_order_relaxed);

    return MIN(lowest, count);
}

void
mp_ops_restart_lowest(struct rte_mempool *pool)
{
    atomic_store_explicit(&store_of(pool)->lowest, UINT32_MAX,
                          memory_order_relaxed);
}

uint64_t
mp_ops_failures(const struct rte_mempool *pool)
{
    return atomic_load_explicit(&store_of(pool)->failures,
                                memory_order_relaxed);
}

size_t
mp_ops_bytes(const struct rte_mempool *pool)
{
    bool stack = (rte_mempool_get_ops(pool->ops_index)->alloc
                  == mp_stack_alloc);
    const struct rte_memzone *mz = (stack ? store_of(pool)->stack->memzone
                                    : store_of(pool)->ring->memzone);

    /* DPDK allocates an entry in its list of stacks or rings, too. */
    return mz->len + sizeof(struct store) + 2 * MP_HEAP_OVERHEAD;
}
