/* SPDX-License-Identifier: Apache-2.0
 *
 * Random sequences of get, keep, settle, put, allocation, threads, retirement,
 * time and shortage of memory, in fixed and elastic models: the registry agrees with a simple model of it after every step, and at the end
 * of each sequence everything is given back.
 *
 *     test-mp-random [SEQUENCES [FIRST-SEED]]
 *
 * The sequence with seed N is always the same.
 */
#include <config.h>
#include "mem/mempool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "mem/mp-ledger.h"
#include "mem/mp-pool.h"
#include "openvswitch/compiler.h"
#include "sset.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

enum {
    HEAP_MB = 96,
    STEPS = 120,
    MAX_REFS = 40,
    MAX_OUT = 300,              /* mbufs */
    MAX_HOGS = 40,
    HOG_BYTES = 2 * 1024 * 1024,
};

static unsigned int n_sequences = 40;
static unsigned int first_seed = 1;

/* The model: who has what. */
static struct {
    struct mp *mp;
    const char *port;
} refs[MAX_REFS];
static size_t n_refs;
static unsigned int n_threads;

static struct rte_mbuf *out[MAX_OUT];
static size_t n_out;

static void *hogs[MAX_HOGS];
static size_t n_hogs;

static long long int now;

static uint32_t random_state;

static uint32_t
random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

#define PICK(ARRAY) ((ARRAY)[random_below(ARRAY_SIZE(ARRAY))])

static struct mp_holding
random_holding(void)
{
    return (struct mp_holding) {
        .rx = random_below(3) * 512,
        .txq_size = random_below(3) * 256,
        .n_txq = random_below(4),
        .one_sender = !random_below(4),
    };
}

static void
check_holding(const char *port, const struct mp_holding *expect)
{
    struct mp_holding has;

    mp_get_holding(port, &has);
    assert_int_equal(has.rx, expect->rx);
    assert_int_equal(has.txq_size, expect->txq_size);
    assert_int_equal(has.n_txq, expect->n_txq);
    assert_int_equal(has.one_sender, expect->one_sender);
}

static void
do_get(void)
{
    static const char *const ports[] = { "p0", "p1", "p2", "p3", "p4" };
    static const char *const groups[] = { NULL, NULL, "", "g", "p1" };
    static const uint32_t mtus[] = { 100, 900, 1500, 2000 };
    static const uint32_t sizes[] = { 0, 100, 900, 2000, 3000 };
    struct mp_holding before;
    struct mp_request req = {
        .port = PICK(ports),
        .group = PICK(groups),
        .socket = random_below(20) ? 0 : 5,
        .mtu = random_below(20) ? PICK(mtus) : 20000,
        .n_rxq = random_below(3),
        .n_txq = 1 + random_below(3),
        .rxq_size = 64u << random_below(4),
        .txq_size = 1024,
        .n_mbufs = PICK(sizes),
        .elastic = !random_below(4),
        .holds = random_holding(),
    };
    char *error = NULL;
    struct mp *mp;

    if (n_refs == MAX_REFS) {
        return;
    }
    mp_get_holding(req.port, &before);
    mp = mp_get(&req, &error);
    assert_int_equal(!mp, error != NULL);
    if (mp) {
        assert_true(mp_suits(mp, &req));
        assert_int_equal(rig_info(mp).socket, req.socket);
        refs[n_refs].mp = mp;
        refs[n_refs++].port = req.port;
    } else {
        check_holding(req.port, &before);
    }
    free(error);
}

/* A port that has a pool changes what it holds. */
static void
do_keep(void)
{
    if (n_refs) {
        size_t i = random_below((uint32_t) n_refs);
        struct mp_request req = {
            .port = refs[i].port, .mtu = 1500, .holds = random_holding(),
        };
        struct mp_holding before;
        char *error = NULL;

        mp_get_holding(req.port, &before);
        if (mp_keep(refs[i].mp, &req, &error)) {
            assert_non_null(error);
            check_holding(req.port, &before);
            free(error);
        } else {
            mp_settle(req.port, &req.holds);
            check_holding(req.port, &req.holds);
        }
    }
}

static void
do_threads(void)
{
    n_threads = random_below(5);
    mp_set_threads(n_threads);
}

static void
do_retire(void)
{
    if (n_refs) {
        mp_retire(refs[random_below((uint32_t) n_refs)].mp, random_below(2));
    }
}

static void
do_put(void)
{
    if (n_refs) {
        size_t i = random_below((uint32_t) n_refs);
        struct mp *mp = refs[i].mp;
        const char *port = refs[i].port;

        refs[i] = refs[--n_refs];
        mp_put(mp, port);
    }
}

static void
do_alloc(void)
{
    if (n_refs) {
        struct mp *mp = refs[random_below((uint32_t) n_refs)].mp;
        uint32_t n = random_below(40);

        for (uint32_t i = 0; i < n && n_out < MAX_OUT; i++) {
            struct rte_mbuf *m = rte_mbuf_raw_alloc(mp_mempool(mp));

            if (m) {
                assert_true(rig_mbuf_is_fresh(m, mp_mempool(mp)));
                out[n_out++] = m;
            }
        }
    }
}

static void
do_free(void)
{
    uint32_t n = random_below(60);

    for (uint32_t i = 0; i < n && n_out; i++) {
        size_t j = random_below((uint32_t) n_out);

        rte_pktmbuf_free(out[j]);
        out[j] = out[--n_out];
    }
}

static void
do_hog(void)
{
    if (n_hogs < MAX_HOGS && random_below(3)) {
        void *hog = rte_malloc_socket(NULL, HOG_BYTES, 0, 0);

        if (hog) {
            hogs[n_hogs++] = hog;
        }
    } else {
        while (n_hogs > 0) {
            rte_free(hogs[--n_hogs]);
        }
    }
}

static void
do_time(void)
{
    now = MAX(now, time_msec()) + random_below(3000);
    mp_care_run(now);
}

static const struct {
    void (*fn)(void);
    unsigned int weight;
} steps[] = {
    { do_get, 8 }, { do_put, 7 }, { do_alloc, 5 }, { do_free, 4 },
    { do_hog, 2 }, { do_time, 4 }, { mp_flush_lcore, 1 }, { do_keep, 4 },
    { do_threads, 1 }, { do_retire, 1 },
};

static void
random_step(void)
{
    unsigned int total = 0;
    uint32_t r;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        total += steps[i].weight;
    }
    r = random_below(total);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (r < steps[i].weight) {
            steps[i].fn();
            return;
        }
        r -= steps[i].weight;
    }
}

/* All ports are in one domain and, but for the rule about one sender, each tx
 * ring counts for each pool. */
static void
check_need(const struct mp *mp, uint32_t need)
{
    uint32_t cache = mp_mempool(mp)->cache_size;
    bool one_sender = true;
    uint32_t expect = 0;
    struct sset mine = SSET_INITIALIZER(&mine);
    struct sset all = SSET_INITIALIZER(&all);
    const char *port;

    for (size_t i = 0; i < n_refs; i++) {
        sset_add(&all, refs[i].port);
        if (refs[i].mp == mp) {
            sset_add(&mine, refs[i].port);
        }
    }
    SSET_FOR_EACH (port, &mine) {
        struct mp_holding h;

        mp_get_holding(port, &h);
        one_sender &= h.one_sender;
        expect += h.rx;
    }
    SSET_FOR_EACH (port, &all) {
        struct mp_holding h;

        mp_get_holding(port, &h);
        expect += h.txq_size * (one_sender ? MIN(h.n_txq, 1) : h.n_txq);
    }
    expect += n_threads * (cache + cache / 2 + MP_IN_HAND);
    assert_int_equal(need, sset_is_empty(&mine) ? 0 : expect);
    sset_destroy(&mine);
    sset_destroy(&all);
}

static void
check_pool(const struct mp *mp, void *n_refs_seen)
{
    struct mp_info info = rig_info(mp);
    uint32_t in_use = 0;
    unsigned int has = 0;

    for (size_t i = 0; i < n_refs; i++) {
        has += refs[i].mp == mp;
    }
    for (size_t i = 0; i < n_out; i++) {
        in_use += out[i]->pool == mp_mempool(mp);
    }
    assert_int_equal(info.refs, has);
    assert_int_equal(info.in_use, in_use);
    assert_true(has || in_use);
    assert_true(info.granted <= info.populated);
    assert_true(info.populated <= info.room);
    assert_int_equal(info.need > info.populated, info.oversubscribed);
    if (info.elastic) {
        assert_int_equal(info.asked, MIN(info.need, info.room));
        assert_int_equal(info.granted, MIN(info.asked, info.populated));
    } else {
        assert_int_equal(info.asked, info.room);
        assert_int_equal(info.degraded, info.populated < info.asked);
        assert_true(!info.degraded || info.granted >= 16384);
    }
    check_need(mp, info.need);
    *(size_t *) n_refs_seen += has;
}

static void
check_all(void)
{
    size_t n_refs_seen = 0;

    mp_sweep();
    mp_for_each(check_pool, &n_refs_seen);
    assert_int_equal(n_refs_seen, n_refs);
}

static void
run_sequence(unsigned int seed)
{
    size_t used = rig_heap_used();

    random_state = seed * 2654435761u;
    rig_model_is(&(struct mp_model) { .per_port = random_below(2),
                                      .elastic = random_below(2) });
    n_threads = 0;
    for (int i = 0; i < STEPS; i++) {
        random_step();
        check_all();
    }
    while (n_refs) {
        do_put();
    }
    while (n_out) {
        do_free();
    }
    while (n_hogs) {
        do_hog();
    }
    assert_int_equal(mp_sweep(), 0);
    assert_int_equal(rig_n_pools(), 0);
    assert_int_equal(rig_heap_used(), used);
}

static void
test_random(void **state OVS_UNUSED)
{
    for (unsigned int i = 0; i < n_sequences; i++) {
        print_message("seed %u\n", first_seed + i);
        run_sequence(first_seed + i);
    }
    /* One that found a fault. */
    run_sequence(494);
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(HEAP_MB);
}

int
main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };

    if (argc > 1) {
        n_sequences = (unsigned int) strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        first_seed = (unsigned int) strtoul(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests_name("mem/mp-random", tests, setup,
                                       rig_stop);
}
