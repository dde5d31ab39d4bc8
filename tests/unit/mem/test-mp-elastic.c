/* SPDX-License-Identifier: Apache-2.0
 *
 * Elastic pools: made for what ports may hold, grown when that grows.  On a
 * heap of 256 MB.
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

#include "mem/mp-ledger.h"
#include "mem/mp-memory.h"
#include "mem/mp-pool.h"
#include "openvswitch/compiler.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

enum {
    HEAP_MB = 256,
    MB = 1024 * 1024,
    PER_THREAD = 512 + 256 + MP_IN_HAND,
    CHUNK = 885,                /* mbufs of a chunk at MTU 1500 */
};

static const struct mp_holding nic = {
    .rx = 2048, .txq_size = 2048, .n_txq = 2,
};

static void
elastic(bool per_port, uint32_t max_mbufs)
{
    rig_model_is(&(struct mp_model) { .per_port = per_port, .elastic = true,
                                      .max_mbufs = max_mbufs });
    mp_set_threads(2);
    rig_log_clear();
}

static struct mp_request
request(const char *port, const char *group, const struct mp_holding *holds)
{
    struct mp_request req = rig_request(port, 1500);

    req.group = group;
    req.holds = *holds;
    return req;
}

/* Populated for `need`, in whole chunks. */
static void
check_size(const struct mp *mp, uint32_t need)
{
    struct mp_info info = rig_info(mp);

    assert_int_equal(info.need, need);
    assert_int_equal(info.asked, need);
    assert_int_equal(info.granted, need);
    assert_int_equal(info.populated, ROUND_UP(need, CHUNK));
    assert_false(info.degraded);
    assert_false(info.oversubscribed);
}

/* Memory taken away until `left` MB are left. */
static void *taken[HEAP_MB];
static size_t n_taken;

static void
leave_memory(unsigned int left)
{
    while (mp_memory_free(0) > left * (uint64_t) MB) {
        assert_true(n_taken < ARRAY_SIZE(taken));
        taken[n_taken] = rte_malloc_socket(NULL, MB, 0, 0);
        assert_non_null(taken[n_taken]);
        n_taken++;
    }
}

static void
give_memory_back(void)
{
    while (n_taken > 0) {
        rte_free(taken[--n_taken]);
    }
}

static void
test_grows_for_each_port(void **state OVS_UNUSED)
{
    struct mp_request a, b, c;
    struct mp *mp;

    elastic(false, 0);
    a = request("a", NULL, &(struct mp_holding) { .rx = 0 });
    b = request("b", NULL, &nic);
    c = request("c", NULL, &nic);
    mp = rig_get(&a);
    check_size(mp, 2 * PER_THREAD);
    assert_int_equal(rig_info(mp).room, 262144);
    assert_ptr_equal(rig_get(&b), mp);
    check_size(mp, 2 * PER_THREAD + 3 * 2048);
    assert_ptr_equal(rig_get(&c), mp);
    check_size(mp, 2 * PER_THREAD + 6 * 2048);
    assert_false(mp_has_surplus(mp));

    /* Surplus is reported, and goes when the pool is empty. */
    mp_put(mp, "b");
    mp_put(mp, "c");
    assert_int_equal(rig_info(mp).asked, 2 * PER_THREAD);
    assert_int_equal(rig_info(mp).populated,
                     ROUND_UP(2 * PER_THREAD + 6 * 2048, CHUNK));
    assert_true(mp_has_surplus(mp) && rig_info(mp).surplus);
    mp_put(mp, "a");
    assert_int_equal(rig_n_pools(), 0);
}

/* A port's tx rings are felt by the pools of all that send to it. */
static void
test_grows_for_neighbours(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp_request b = request("b", NULL, &nic);
    struct mp *mp_a, *mp_b;

    elastic(true, 0);
    mp_a = rig_get(&a);
    check_size(mp_a, 2 * PER_THREAD + 3 * 2048);
    assert_int_equal(rig_info(mp_a).room, 22560);
    mp_b = rig_get(&b);
    assert_ptr_not_equal(mp_a, mp_b);
    check_size(mp_a, 2 * PER_THREAD + 5 * 2048);
    check_size(mp_b, 2 * PER_THREAD + 5 * 2048);
    mp_put(mp_b, "b");
    mp_put(mp_a, "a");
}

static const char *
by_first_letter(const char *port)
{
    return port[0] == 'a' ? "br0" : "br1";
}

static void
test_domains(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp_request b = request("b", NULL, &nic);
    struct mp *mp_a, *mp_b;

    elastic(true, 0);
    mp_set_domains(by_first_letter);
    mp_a = rig_get(&a);
    mp_b = rig_get(&b);
    check_size(mp_a, 2 * PER_THREAD + 3 * 2048);
    check_size(mp_b, 2 * PER_THREAD + 3 * 2048);
    mp_put(mp_b, "b");
    mp_put(mp_a, "a");
}

/* More threads, more caches. */
static void
test_threads(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp *mp;

    elastic(false, 0);
    mp = rig_get(&a);
    mp_set_threads(5);
    check_size(mp, 5 * PER_THREAD + 3 * 2048);
    mp_set_threads(2);
    assert_int_equal(rig_info(mp).asked, 2 * PER_THREAD + 3 * 2048);
    mp_put(mp, "a");
}

/* While a port changes the larger of before and after counts; then what it
 * has.  A change that needs no new pool makes none. */
static void
test_change_in_place(void **state OVS_UNUSED)
{
    struct mp_holding big = { .rx = 8192, .txq_size = 512, .n_txq = 2 };
    struct mp_request req = request("a", NULL, &nic);
    char *error = NULL;
    struct mp *mp;

    elastic(true, 0);
    mp = rig_get(&req);
    req.holds = big;
    req.rxq_size = 8192;
    req.txq_size = 512;
    assert_true(mp_suits(mp, &req));
    assert_int_equal(mp_keep(mp, &req, &error), 0);
    check_size(mp, 2 * PER_THREAD + 8192 + 4096);
    mp_settle("a", &big);
    assert_int_equal(rig_info(mp).asked, 2 * PER_THREAD + 8192 + 1024);

    /* Too much for the room that this pool has. */
    req.holds.rx = 2 * 8192;
    req.n_rxq = 2;
    req.rxq_size = 2 * 8192;
    req.txq_size = 2048;
    req.holds.txq_size = 2048;
    assert_true(mp_suits(mp, &req));
    req.holds.rx = 4 * 8192;
    assert_false(mp_suits(mp, &req));
    mp_put(mp, "a");
}

/* Memory that is short for a newcomer is short for it alone. */
static void
test_refused(void **state OVS_UNUSED)
{
    struct mp_holding huge = { .rx = 100000 };
    struct mp_request a = request("a", NULL, &nic);
    struct mp_request b = request("b", NULL, &huge);
    struct mp_info before, after;
    char *error = NULL;
    struct mp *mp;

    elastic(false, 0);
    mp = rig_get(&a);
    before = rig_info(mp);
    leave_memory(20);
    rig_get_fails(&b, "netdev b, with MTU 1500 on socket 0: out of memory on "
                  "socket 0: mempool \"", "more mbufs, in whole chunks (");
    after = rig_info(mp);
    assert_int_equal(after.asked, before.asked);
    assert_int_equal(after.populated, before.populated);
    assert_int_equal(after.bytes, before.bytes);
    assert_int_equal(after.refs, 1);
    assert_false(after.degraded);

    /* Likewise a change of a port that has the pool. */
    a.holds.rx = 100000;
    assert_true(mp_keep(mp, &a, &error) < 0);
    assert_non_null(strstr(error, "more mbufs, in whole chunks ("));
    free(error);
    assert_int_equal(rig_info(mp).asked, before.asked);
    assert_int_equal(rig_info(mp).populated, before.populated);

    /* One mbuf more than there is room for takes a chunk. */
    leave_memory(1);
    a.holds.rx = nic.rx + before.populated - before.need + 1;
    assert_true(mp_keep(mp, &a, &error) < 0);
    assert_non_null(strstr(error, "needs 1 more mbufs, in whole chunks "
                           "(2097152 bytes)"));
    free(error);

    /* In a pool of its own it says what it needs. */
    b.group = "private";
    b.n_mbufs = 200000;
    rig_get_fails(&b, "out of memory on socket 0: 105888 mbufs",
                  "bytes) were asked for");
    give_memory_back();
    mp_put(mp, "a");
    assert_int_equal(rig_log_count("WARN", ""), 0);
}

/* Nor do pools keep what they took for a change that others had no memory
 * for. */
static void
test_refused_as_a_whole(void **state OVS_UNUSED)
{
    static const char *const names[] = { "a", "b", "c" };
    struct mp_holding more = nic;
    struct mp_info before[3];
    struct mp *mp[3];
    char *error = NULL;
    size_t used;

    elastic(true, 0);
    for (int i = 0; i < 3; i++) {
        struct mp_request req = request(names[i], NULL, &nic);

        mp[i] = rig_get(&req);
    }
    leave_memory(5);
    used = rig_heap_used();
    more.n_txq += 1;
    for (int i = 0; i < 3; i++) {
        struct mp_request req = request(names[i], NULL, &more);

        before[i] = rig_info(mp[i]);
        assert_true(mp_keep(mp[i], &req, &error) < 0);
        free(error);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_info(mp[i]).populated, before[i].populated);
    }
    assert_int_equal(rig_heap_used(), used);
    give_memory_back();
    for (int i = 0; i < 3; i++) {
        mp_put(mp[i], names[i]);
    }
}

/* A thread cannot be refused: the pool is short, says so, and is filled up. */
static void
test_short_for_threads(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp_info info;
    struct mp *mp;

    elastic(false, 0);
    mp = rig_get(&a);
    leave_memory(1);
    mp_set_threads(20);
    info = rig_info(mp);
    assert_true(info.degraded && info.oversubscribed);
    assert_int_equal(info.asked, 20 * PER_THREAD + 3 * 2048);
    assert_true(info.granted < info.asked);
    assert_int_equal(rig_log_count("WARN", "out of memory on socket 0"), 1);
    mp_care_run(time_msec());
    assert_true(rig_info(mp).degraded);
    give_memory_back();
    for (int i = 1; rig_info(mp).degraded; i++) {
        assert_true(i < 100);
        mp_care_run(time_msec() + i * 1000);
    }
    check_size(mp, 20 * PER_THREAD + 3 * 2048);
    mp_put(mp, "a");
    mp_set_threads(0);
}

/* A pool that is short of mbufs is no reason to refuse a port that asks for
 * nothing more of it. */
static void
test_short_for_others(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp_request b = request("b", "full", &nic);
    struct mp_holding none = { .rx = 0 };
    struct mp_request guest = request("a-guest", NULL, &none);
    struct mp *mp, *full;
    char *error = NULL;
    uint32_t lacks;

    elastic(false, 0);
    mp_set_domains(by_first_letter);
    full = rig_get(&b);
    mp = rig_get(&a);
    leave_memory(80);
    mp_set_threads(30);
    lacks = rig_info(mp).asked - rig_info(mp).populated;
    assert_true(rig_info(mp).degraded);
    assert_false(rig_info(full).degraded);

    /* Less, and nothing more. */
    a.holds.rx = 1024;
    assert_int_equal(mp_keep(mp, &a, &error), 0);
    mp_settle("a", &a.holds);
    assert_ptr_equal(rig_get(&guest), mp);
    assert_int_equal(rig_info(mp).asked - rig_info(mp).populated,
                     lacks - 1024);

    /* More of a pool that has it, and more of this one. */
    b.holds.rx += rig_info(full).populated - rig_info(full).need;
    assert_int_equal(mp_keep(full, &b, &error), 0);
    mp_settle("b", &b.holds);
    a.holds.rx = 1025;
    assert_true(mp_keep(mp, &a, &error) < 0);
    assert_non_null(strstr(error, "more mbufs, in whole chunks ("));
    free(error);

    give_memory_back();
    mp_put(mp, "a");
    mp_put(mp, "a-guest");
    mp_put(full, "b");
    mp_set_threads(0);
}

/* The limit is kept, and what it means is said once. */
static void
test_limit(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp_info info;
    struct mp *mp;

    elastic(false, 4000);
    mp = rig_get(&a);
    info = rig_info(mp);
    assert_int_equal(info.room, 4000);
    assert_int_equal(info.asked, 4000);
    assert_int_equal(info.populated, 4000);
    assert_true(info.oversubscribed && !info.degraded);
    mp_settle("a", &nic);
    a.port = "b";
    assert_ptr_equal(rig_get(&a), mp);
    assert_int_equal(rig_log_count("WARN", "may not grow beyond 4000"), 1);
    mp_put(mp, "a");
    mp_put(mp, "b");
}

/* A group is a pool apart in either model; "private" is a port's own. */
static void
check_groups(bool per_port)
{
    struct mp_request a = request("a", "tenant", &nic);
    struct mp_request b = request("b", "tenant", &nic);
    struct mp_request c = request("c", "private", &nic);
    struct mp_request d = request("d", "private", &nic);
    struct mp_request e = request("e", NULL, &nic);
    struct mp *mp[5];

    elastic(per_port, 0);
    mp[0] = rig_get(&a);
    mp[1] = rig_get(&b);
    mp[2] = rig_get(&c);
    mp[3] = rig_get(&d);
    mp[4] = rig_get(&e);
    assert_ptr_equal(mp[0], mp[1]);
    assert_int_equal(rig_n_pools(), 4);
    assert_string_equal(rig_info(mp[0]).group, "tenant");
    assert_false(rig_info(mp[0]).own);
    assert_int_equal(rig_info(mp[0]).room, 262144);
    assert_true(rig_info(mp[2]).own);
    assert_int_equal(rig_info(mp[2]).room, 22560);
    assert_int_equal(rig_info(mp[4]).own, per_port);
    check_size(mp[0], 2 * PER_THREAD + 2 * 2048 + 5 * 2 * 2048);
    assert_false(mp_suits(mp[0], &c));
    b.group = NULL;
    assert_false(mp_suits(mp[0], &b));
    for (int i = 0; i < 5; i++) {
        mp_put(mp[i], (const char *[]) { "a", "b", "c", "d", "e" }[i]);
    }
    assert_int_equal(rig_n_pools(), 0);
}

static void
test_groups(void **state OVS_UNUSED)
{
    check_groups(false);
    check_groups(true);
}

/* In a fixed model, a group that asks for it is elastic, the others are not. */
static void
test_elastic_in_fixed(void **state OVS_UNUSED)
{
    struct mp_request k = request("k", "kernel",
                                  &(struct mp_holding) { .txq_size = 1024,
                                                         .n_txq = 1,
                                                         .one_sender = true });
    struct mp_request a = request("a", "small", &nic);
    struct mp *mp, *fixed;

    rig_model(false);
    rig_log_clear();
    mp_set_threads(2);
    k.elastic = true;
    k.n_mbufs = 131072;
    mp = rig_get(&k);
    check_size(mp, 2 * PER_THREAD + 1024);
    a.n_mbufs = 4096;
    fixed = rig_get(&a);
    check_size(mp, 2 * PER_THREAD + 1024 + 2048);
    assert_int_equal(rig_info(fixed).populated, 4096);
    assert_true(rig_info(fixed).oversubscribed);
    assert_int_equal(rig_log_count("WARN", "may not grow"), 0);
    mp_put(mp, "k");
    mp_put(fixed, "a");
}

/* A retired pool is nobody's choice any more. */
static void
test_retire(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL, &nic);
    struct mp *old, *new;

    elastic(false, 0);
    old = rig_get(&a);
    mp_retire(old, true);
    assert_false(mp_suits(old, &a));
    new = rig_get(&a);
    assert_ptr_not_equal(old, new);
    mp_put(old, "a");
    assert_int_equal(rig_n_pools(), 1);
    check_size(new, 2 * PER_THREAD + 3 * 2048);
    mp_retire(new, true);
    mp_retire(new, false);
    assert_true(mp_suits(new, &a));
    mp_put(new, "a");
}

/* Mbufs that come in by growing are as good as those that were there. */
static void
test_new_mbufs(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", NULL,
                                  &(struct mp_holding) { .rx = 100 });
    struct rte_mbuf *m[4096];
    struct mp *mp;
    uint32_t n;

    elastic(false, 0);
    mp_set_threads(0);
    mp = rig_get(&a);
    n = rig_info(mp).populated;
    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(mp), m, n), 0);
    for (uint32_t i = 0; i < n; i++) {
        m[i]->data_off = 0;
    }
    a.port = "b";
    a.holds.rx = 2000;
    assert_ptr_equal(rig_get(&a), mp);
    assert_int_equal(rig_info(mp).in_use, n);
    for (uint32_t i = n; i < rig_info(mp).populated; i++) {
        m[i] = rte_mbuf_raw_alloc(mp_mempool(mp));
        assert_true(rig_mbuf_is_fresh(m[i], mp_mempool(mp)));
    }
    assert_null(rte_mbuf_raw_alloc(mp_mempool(mp)));
    n = rig_info(mp).populated;
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(m[i]->data_off == 0, i < 885);
        rte_pktmbuf_free(m[i]);
    }
    mp_put(mp, "a");
    mp_put(mp, "b");
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(HEAP_MB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_for_each_port),
        cmocka_unit_test(test_grows_for_neighbours),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_change_in_place),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_as_a_whole),
        cmocka_unit_test(test_short_for_threads),
        cmocka_unit_test(test_short_for_others),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_elastic_in_fixed),
        cmocka_unit_test(test_retire),
        cmocka_unit_test(test_new_mbufs),
    };

    return cmocka_run_group_tests_name("mem/mp-elastic", tests, setup,
                                       rig_stop);
}
