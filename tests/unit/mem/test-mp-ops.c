/* SPDX-License-Identifier: Apache-2.0
 *
 * What the mempool handlers keep account of: marks, the lowest count, failed
 * allocations, bytes.
 */
#include <config.h>
#include "mem/mp-ops.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "mem/mp-chunk.h"
#include "mem/mp-holder.h"
#include "mem/mp-size.h"
#include "openvswitch/compiler.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

enum {
    SIZE = 4096,                /* room of the pools */
    N = 3000,                   /* mbufs in them */
    CACHE = SIZE / MP_CACHE_SHARE,
};

/* Both: the program registers one, setup() the other. */
static const struct rte_mempool_ops *const handlers[] = {
    &mp_ops_stack, &mp_ops_ring,
};

static void *objs[SIZE];

static struct rte_mempool *
make_empty(const char *ops)
{
    struct rte_pktmbuf_pool_private priv = {
        .mbuf_data_room_size = (uint16_t) mp_data_room(1500),
    };
    struct rte_mempool *pool;

    pool = rte_mempool_create_empty("ops", SIZE, mp_element_size(1500),
                                    mp_cache_size(SIZE), sizeof priv, 0,
                                    RTE_MEMPOOL_F_NO_SPREAD);
    assert_non_null(pool);
    assert_int_equal(pool->cache_size, CACHE);
    assert_int_equal(rte_mempool_set_ops_byname(pool, ops, NULL), 0);
    rte_pktmbuf_pool_init(pool, &priv);
    return pool;
}

static void
add(struct rte_mempool *pool, uint32_t n)
{
    uint64_t bytes = 0;

    while (n) {
        int added = mp_chunk_add(pool, n, &bytes);

        assert_true(added > 0);
        n -= (uint32_t) added;
    }
}

static struct rte_mempool *
make(const char *ops)
{
    struct rte_mempool *pool = make_empty(ops);

    add(pool, N);
    return pool;
}

/* Past the calling thread's cache. */
static void
take(struct rte_mempool *pool, unsigned int n)
{
    assert_int_equal(rte_mempool_generic_get(pool, objs, n, NULL), 0);
}

static void
give(struct rte_mempool *pool, unsigned int n)
{
    rte_mempool_generic_put(pool, objs, n, NULL);
}

static void
check_lowest(const char *ops)
{
    struct rte_mempool *pool = make(ops);

    assert_int_equal(mp_ops_lowest(pool), N);   /* filling is no fall */
    take(pool, 1000);
    assert_int_equal(mp_ops_lowest(pool), N - 1000);
    give(pool, 1000);
    take(pool, 10);
    give(pool, 10);
    assert_int_equal(mp_ops_lowest(pool), N - 1000);

    /* More mbufs do not undo what was; a new start does. */
    add(pool, 500);
    assert_int_equal(mp_ops_lowest(pool), N - 1000);
    mp_ops_restart_lowest(pool);
    assert_int_equal(mp_ops_lowest(pool), N + 500);
    take(pool, 1);
    assert_int_equal(mp_ops_lowest(pool), N + 499);
    give(pool, 1);

    take(pool, N + 500);
    give(pool, N + 500);
    assert_int_equal(mp_ops_lowest(pool), 0);
    rte_mempool_free(pool);
}

static void
test_lowest(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        check_lowest(handlers[i]->name);
    }
}

/* With an lcore's cache: a cache that cannot be filled is no failure as long
 * as the mbufs asked for are there. */
static void
check_failures(const char *ops)
{
    struct rte_mempool *pool = make(ops);
    void *got[2 * CACHE];

    assert_true(rte_lcore_id() < RTE_MAX_LCORE);
    take(pool, N - 10);
    assert_int_equal(rte_mempool_get_bulk(pool, got, 4), 0);
    assert_int_equal(mp_ops_failures(pool), 0);
    assert_int_equal(mp_ops_lowest(pool), 6);

    assert_int_not_equal(rte_mempool_get_bulk(pool, got + 4, 7), 0);
    assert_int_equal(mp_ops_failures(pool), 1);
    assert_int_not_equal(rte_mempool_get_bulk(pool, got + 4, CACHE + 1), 0);
    assert_int_equal(mp_ops_failures(pool), 2);
    assert_int_not_equal(rte_mempool_generic_get(pool, got + 4, 7, NULL), 0);
    assert_int_equal(mp_ops_failures(pool), 3);
    assert_int_equal(mp_ops_lowest(pool), 6);

    assert_int_equal(rte_mempool_get_bulk(pool, got + 4, 6), 0);
    assert_int_equal(mp_ops_lowest(pool), 0);
    rte_mempool_put_bulk(pool, got, 10);
    assert_int_equal(rte_mempool_get_bulk(pool, got, 10), 0);   /* cached */
    assert_int_equal(mp_ops_failures(pool), 3);
    rte_mempool_put_bulk(pool, got, 10);
    give(pool, N - 10);
    rte_mempool_free(pool);
}

static void
test_failures(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        check_failures(handlers[i]->name);
    }
}

static void
assert_marked(unsigned int n, uint16_t mark)
{
    for (unsigned int i = 0; i < n; i++) {
        assert_int_equal(((struct rte_mbuf *) objs[i])->port, mark);
    }
}

/* What the handler gives out is marked free, whoever had it before. */
static void
check_marks(const char *ops)
{
    struct rte_mempool *pool = make(ops);
    struct rte_mempool_cache *cache
        = rte_mempool_default_cache(pool, rte_lcore_id());

    take(pool, N);
    assert_marked(N, MP_FREE);
    mp_holder_mark((struct rte_mbuf **) objs, N, MP_MARK_FIRST);
    assert_marked(N, MP_MARK_FIRST);

    /* A cache keeps the marks of the mbufs in it. */
    rte_mempool_put_bulk(pool, objs, CACHE);
    assert_marked(CACHE, MP_MARK_FIRST);
    rte_mempool_cache_flush(cache, pool);
    assert_marked(CACHE, MP_FREE);
    rte_mempool_generic_put(pool, objs + CACHE, N - CACHE, NULL);
    take(pool, N);
    assert_marked(N, MP_FREE);
    give(pool, N);
    rte_mempool_free(pool);
}

static void
test_marks(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        check_marks(handlers[i]->name);
    }
}

/* Threads that find mbufs and threads that find none. */
enum { THREADS = 4, ROUNDS = 2000, HELD = 500 };

static void *
thread_main(void *pool_)
{
    struct rte_mempool *pool = pool_;
    void *mine[HELD];

    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(rte_mempool_generic_get(pool, mine, HELD, NULL), 0);
        rte_mempool_generic_put(pool, mine, HELD, NULL);
        assert_int_not_equal(rte_mempool_generic_get(pool, objs, N + 1, NULL),
                             0);
    }
    return NULL;
}

static void
check_threads(const char *ops)
{
    struct rte_mempool *pool = make(ops);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, pool),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(mp_ops_failures(pool), THREADS * ROUNDS);
    assert_in_range(mp_ops_lowest(pool), N - THREADS * HELD, N - HELD);
    rte_mempool_free(pool);
}

/* The stack alone: what is on its way into the ring behind a thread that is
 * preempted cannot be had before that thread goes on. */
static void
test_threads(void **state OVS_UNUSED)
{
    check_threads(mp_ops_stack.name);
}

/* mp_ops_bytes() leaves out the heap's own header of the memzone. */
static void
test_bytes(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        struct rte_mempool *pool = make_empty(handlers[i]->name);
        size_t before = rig_heap_used();
        size_t taken;

        assert_int_equal(handlers[i]->alloc(pool), 0);
        taken = rig_heap_used() - before;
        assert_in_range(taken, mp_ops_bytes(pool) - MP_HEAP_OVERHEAD,
                        mp_ops_bytes(pool) + MP_HEAP_OVERHEAD);
        handlers[i]->free(pool);
        assert_int_equal(rig_heap_used(), before);
        rte_mempool_free(pool);
    }
}

/* DPDK asks the handler to free also what it was never asked to allocate. */
static void
test_free_empty(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        size_t before = rig_heap_used();

        rte_mempool_free(make_empty(handlers[i]->name));
        assert_int_equal(rig_heap_used(), before);
    }
}

static int
setup(void **state OVS_UNUSED)
{
    if (rig_start(128)) {
        return -1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        if (strcmp(handlers[i]->name, mp_ops_name())
            && rte_mempool_register_ops(handlers[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_free_empty),
    };

    return cmocka_run_group_tests_name("mem/mp-ops", tests, setup, rig_stop);
}
