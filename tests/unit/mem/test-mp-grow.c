/* SPDX-License-Identifier: Apache-2.0
 *
 * The mempool handlers, and chunks of mbufs that join a pool in use.  How long
 * threads are held up meanwhile, tests/bench/micro-grow.c measures.
 */
#include <config.h>
#include "mem/mp-ops.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "mem/mp-chunk.h"
#include "mem/mp-size.h"
#include "openvswitch/compiler.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

/* Both: the program registers one, setup() the other. */
static const struct rte_mempool_ops *const handlers[] = {
    &mp_ops_stack, &mp_ops_ring,
};

static struct rte_mempool *
make(const char *ops, uint32_t size, uint32_t mtu)
{
    struct rte_pktmbuf_pool_private priv = {
        .mbuf_data_room_size = (uint16_t) mp_data_room(mtu),
    };
    struct rte_mempool *pool;

    pool = rte_mempool_create_empty("grow", size, mp_element_size(mtu),
                                    mp_cache_size(size), sizeof priv, 0,
                                    RTE_MEMPOOL_F_NO_SPREAD);
    assert_non_null(pool);
    assert_int_equal(rte_mempool_set_ops_byname(pool, ops, NULL), 0);
    rte_pktmbuf_pool_init(pool, &priv);
    return pool;
}

static void
test_name(void **state OVS_UNUSED)
{
#if defined(__x86_64__) || defined(__aarch64__)
    assert_string_equal(mp_ops_name(), mp_ops_stack.name);
#else
    assert_string_equal(mp_ops_name(), mp_ops_ring.name);
#endif
}

/* What a chunk comes to: as many mbufs as asked, none overlapping another,
 * each complete and on a cache line; and what was taken is given back. */
static void
check_chunks(const char *ops, uint32_t mtu)
{
    size_t used = rig_heap_used();
    struct rte_mempool *pool = make(ops, 4096, mtu);
    uint32_t per_chunk = (MP_CHUNK_BYTES - MP_HEAP_OVERHEAD)
                         / mp_object_size(mtu);
    uint64_t bytes = 0;
    static void *objs[4096];
    uint32_t n = 0;
    int added;

    assert_int_equal(mp_chunk_add(pool, 1, &bytes), 1);
    assert_int_equal(mp_chunk_add(pool, 100, &bytes), 100);
    added = mp_chunk_add(pool, 3000, &bytes);
    assert_int_equal(added, MIN(per_chunk, 3000));
    n = 101 + (uint32_t) added;
    assert_int_equal(pool->populated_size, n);
    assert_int_equal(rte_mempool_avail_count(pool), n);
    assert_true(bytes >= (uint64_t) n * mp_object_size(mtu));
    assert_true(mp_ops_bytes(pool) >= 4096 * sizeof(void *));
    assert_true(bytes + mp_ops_bytes(pool) < rig_heap_used() - used);

    assert_int_equal(rte_mempool_ops_dequeue_bulk(pool, objs, n), 0);
    assert_int_not_equal(rte_mempool_ops_dequeue_bulk(pool, objs + n, 1), 0);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(rig_mbuf_is_fresh(objs[i], pool));
        assert_true((uintptr_t) objs[i] % RTE_CACHE_LINE_SIZE == 0);
        memset(rte_pktmbuf_mtod((struct rte_mbuf *) objs[i], void *),
               (int) i, mp_buffer_size(mtu));
    }
    for (uint32_t i = 0; i < n; i++) {
        assert_true(rig_mbuf_is_fresh(objs[i], pool));
        assert_int_equal(*rte_pktmbuf_mtod((struct rte_mbuf *) objs[i],
                                           uint8_t *), (uint8_t) i);
        assert_ptr_equal(rte_mempool_from_obj(objs[i]), pool);
    }
    rte_mempool_ops_enqueue_bulk(pool, objs, n);
    rte_mempool_audit(pool);
    rte_mempool_free(pool);
    assert_int_equal(rig_heap_used(), used);
}

static void
test_chunks(void **state OVS_UNUSED)
{
    static const uint32_t mtus[] = { 68, 1500, 9000, 9702 };

    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(mtus); j++) {
            check_chunks(handlers[i]->name, mtus[j]);
        }
    }
}

/* A pool that has no memory for another mbuf keeps those that it has. */
static void
test_no_memory(void **state OVS_UNUSED)
{
    size_t used = rig_heap_used();
    struct rte_mempool *pool = make(mp_ops_name(), 262144, 1500);
    uint64_t bytes = 0;
    void *obj;
    int n;

    do {
        n = mp_chunk_add(pool, 885, &bytes);
    } while (n > 0);
    assert_int_equal(n, -ENOMEM);
    assert_true(pool->populated_size > 100000);
    assert_int_equal(rte_mempool_avail_count(pool), pool->populated_size);
    assert_int_equal(rte_mempool_get(pool, &obj), 0);
    assert_true(rig_mbuf_is_fresh(obj, pool));
    rte_mempool_put(pool, obj);
    rte_mempool_free(pool);
    assert_int_equal(rig_heap_used(), used);
}

/* A handler that looks at what becomes available for other threads. */

static rte_mempool_enqueue_t real_enqueue;
static unsigned int n_enqueued;

static int
checking_enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        assert_true(rig_mbuf_is_fresh(objs[i], pool));
        assert_int_equal(rte_mempool_virt2iova(objs[i]),
                         (uintptr_t) objs[i]);
    }
    n_enqueued += n;
    return real_enqueue(pool, objs, n);
}

static void
test_complete_when_enqueued(void **state OVS_UNUSED)
{
    struct rte_mempool *pool = make(mp_ops_name(), 4096, 1500);
    struct rte_mempool_ops *ops = rte_mempool_get_ops(pool->ops_index);
    uint64_t bytes = 0;

    real_enqueue = ops->enqueue;
    ops->enqueue = checking_enqueue;
    assert_int_equal(mp_chunk_add(pool, 100, &bytes), 100);
    assert_int_equal(mp_chunk_add(pool, 800, &bytes), 800);
    ops->enqueue = real_enqueue;
    assert_int_equal(n_enqueued, 900);
    rte_mempool_free(pool);
}

/* Two threads that take and give mbufs as fast as they can. */
struct taker {
    struct rte_mempool *pool;
    bool cached;                /* with an lcore's cache, or without */
    atomic_bool stop;
    atomic_uint rounds;
    atomic_uint bad;            /* mbufs that were not complete */
    unsigned int most;          /* different mbufs seen in a round */
};

enum {
    TAKE = 1024,                /* mbufs of a round, at most */
    STEPS = 50,
    STEP = 800,                 /* mbufs */
};

static void *
taker_main(void *t_)
{
    struct taker *t = t_;
    void *objs[TAKE];

    if (t->cached) {
        assert_int_equal(rte_thread_register(), 0);
    }
    while (!t->stop) {
        struct rte_mempool_cache *cache;
        unsigned int n = 0;

        cache = rte_mempool_default_cache(t->pool, rte_lcore_id());
        while (n + 32 <= TAKE
               && !rte_mempool_generic_get(t->pool, objs + n, 32, cache)) {
            n += 32;
        }
        for (unsigned int i = 0; i < n; i++) {
            t->bad += !rig_mbuf_is_fresh(objs[i], t->pool);
        }
        for (unsigned int i = 0; i < n; i += 32) {
            rte_mempool_generic_put(t->pool, objs + i, 32, cache);
        }
        t->most = MAX(t->most, n);
        t->rounds++;
    }
    if (t->cached) {
        struct rte_mempool_cache *cache;

        cache = rte_mempool_default_cache(t->pool, rte_lcore_id());
        rte_mempool_cache_flush(cache, t->pool);
        rte_thread_unregister();
    }
    return NULL;
}

/* Two threads, with and without a cache, have taken what there is. */
static void
takers_start(struct taker takers[2], struct rte_mempool *pool,
             pthread_t threads[2])
{
    for (int i = 0; i < 2; i++) {
        takers[i].pool = pool;
        takers[i].cached = !i;
        assert_int_equal(pthread_create(&threads[i], NULL, taker_main,
                                        &takers[i]), 0);
    }
    while (!takers[0].rounds || !takers[1].rounds) {
        usleep(1000);
    }
}

/* Both had mbufs that were added, and each was complete. */
static void
takers_stop(struct taker takers[2], pthread_t threads[2])
{
    for (int i = 0; i < 2; i++) {
        unsigned int grown = takers[i].rounds;

        while (takers[i].rounds < grown + 2) {
            usleep(1000);
        }
    }
    for (int i = 0; i < 2; i++) {
        takers[i].stop = true;
        pthread_join(threads[i], NULL);
        assert_int_equal(takers[i].bad, 0);
        assert_true(takers[i].most >= 512);
    }
}

static void
check_grow_live(const char *ops)
{
    size_t used = rig_heap_used();
    struct rte_mempool *pool = make(ops, 65536, 1500);
    struct taker takers[2] = { { .pool = NULL } };
    pthread_t threads[2];
    uint64_t bytes = 0;

    assert_int_equal(mp_chunk_add(pool, 32, &bytes), 32);
    takers_start(takers, pool, threads);
    for (int i = 0; i < STEPS; i++) {
        assert_int_equal(mp_chunk_add(pool, STEP, &bytes), STEP);
        usleep(1000);
    }
    takers_stop(takers, threads);
    assert_int_equal(pool->populated_size, 32 + STEPS * STEP);
    assert_int_equal(rte_mempool_avail_count(pool), pool->populated_size);
    rte_mempool_free(pool);
    assert_int_equal(rig_heap_used(), used);
}

static void
test_grow_live(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        check_grow_live(handlers[i]->name);
    }
}

/* As the registry does it for a port that is to hold more. */
static void
test_elastic_grows_live(void **state OVS_UNUSED)
{
    struct mp_request req = {
        .port = "p", .mtu = 1500, .holds = { .rx = 32 },
    };
    struct taker takers[2] = { { .pool = NULL } };
    pthread_t threads[2];
    char *error = NULL;
    struct mp *mp;

    rig_model_is(&(struct mp_model) { .elastic = true });
    mp = rig_get(&req);
    takers_start(takers, mp_mempool(mp), threads);
    for (int i = 0; i < 100; i++) {
        req.holds.rx += STEP;
        assert_int_equal(mp_keep(mp, &req, &error), 0);
        mp_settle("p", &req.holds);
        assert_true(rig_info(mp).populated >= req.holds.rx);
        usleep(1000);
    }
    takers_stop(takers, threads);
    assert_int_equal(rig_info(mp).need, 32 + 100 * STEP);
    assert_int_equal(rig_info(mp).in_use, 0);
    mp_put(mp, "p");
    assert_int_equal(rig_n_pools(), 0);
}

static int
setup(void **state OVS_UNUSED)
{
    if (rig_start(512)) {
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
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_complete_when_enqueued),
        cmocka_unit_test(test_grow_live),
        cmocka_unit_test(test_elastic_grows_live),
    };

    return cmocka_run_group_tests_name("mem/mp-grow", tests, setup, rig_stop);
}
