/* SPDX-License-Identifier: Apache-2.0
 *
 * The registry of pools: who shares, what a request gets, when a pool is
 * freed.  The pools are small where the test does not say otherwise: a group
 * of 4,096 mbufs.
 */
#include <config.h>
#include "mem/mempool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "mem/mp-pool.h"
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

enum { SMALL = 4096 };

static struct mp_request
small_request(const char *port, const char *group)
{
    struct mp_request req = rig_request(port, 1500);

    req.group = group;
    req.n_mbufs = SMALL;
    return req;
}

static void
test_shared(void **state OVS_UNUSED)
{
    struct mp_request a = rig_request("a", 100);
    struct mp_request b = rig_request("b", 998);
    struct mp *pa, *pb;
    struct mp_info info;

    rig_model(false);
    rig_log_clear();
    pa = rig_get(&a);
    info = rig_info(pa);
    assert_string_equal(info.group, "");
    assert_int_equal(info.socket, 0);
    assert_int_equal(info.adjusted_mtu, 1006);
    assert_int_equal(info.asked, 16384);
    assert_int_equal(info.granted, 16384);
    assert_int_equal(info.populated, 16384);
    assert_int_equal(info.in_use, 0);
    assert_int_equal(info.elt_size, 128 + 1024 + 128);
    assert_int_equal(info.refs, 1);
    assert_false(info.degraded);
    assert_true(info.bytes > 16384 * 1344u);
    assert_true(info.bytes < 16384 * 1344u + 3 * 1024 * 1024u);

    /* Another MTU with the same buffers, whatever the queues. */
    b.n_rxq = 4;
    assert_true(mp_suits(pa, &b));
    pb = rig_get(&b);
    assert_ptr_equal(pa, pb);
    assert_int_equal(rig_info(pa).refs, 2);

    assert_int_equal(rig_log_count("INFO", "Port a: Requesting a mempool of "
                                   "16384 mbufs of size 1152 on socket 0 for "
                                   "1 Rx and 2 Tx queues, cache line size of "
                                   "64"), 1);
    assert_int_equal(rig_log_count("INFO", "Requesting a mempool"), 1);
    assert_int_equal(rig_log_count("INFO", "shared\" mempool with 16384 "
                                   "mbufs"), 1);
    assert_int_equal(rig_log_count("INFO", "Reusing mempool \"mp"), 1);

    mp_put(pa, "a");
    assert_int_equal(rig_n_pools(), 1);
    assert_int_equal(rig_log_count("", "Freeing mempool"), 0);
    mp_put(pb, "b");
    assert_int_equal(rig_n_pools(), 0);
    assert_int_equal(rig_log_count("INFO", "Freeing mempool \"mp"), 1);
    assert_int_equal(rig_log_count("WARN", ""), 0);
}

/* Each part of the key sets pools apart. */
static void
test_key(void **state OVS_UNUSED)
{
    struct mp_request req = small_request("a", "g");
    struct mp *mp, *other[3];

    rig_model(false);
    mp = rig_get(&req);
    req.mtu = 2022;
    assert_ptr_equal(rig_get(&req), mp);
    req.mtu = 2023;
    assert_false(mp_suits(mp, &req));
    other[0] = rig_get(&req);
    req.mtu = 1500;
    req.group = "h";
    assert_false(mp_suits(mp, &req));
    other[1] = rig_get(&req);
    req.group = "g";
    req.n_mbufs++;
    assert_false(mp_suits(mp, &req));
    other[2] = rig_get(&req);
    assert_int_equal(rig_info(other[2]).populated, SMALL + 1);
    assert_int_equal(rig_n_pools(), 4);

    /* The same port twice in one pool: two references. */
    assert_int_equal(rig_info(mp).refs, 2);
    mp_put(mp, "a");
    assert_int_equal(rig_n_pools(), 4);
    mp_put(mp, "a");
    assert_int_equal(rig_n_pools(), 3);
    for (int i = 0; i < 3; i++) {
        mp_put(other[i], "a");
    }
}

static void
test_per_port(void **state OVS_UNUSED)
{
    struct mp_request a = rig_request("vhost-user-1", 1500);
    struct mp_request b = rig_request("vhost-user-2", 1500);
    struct mp *pa, *pb, *pc;

    rig_model(true);
    pa = rig_get(&a);
    pb = rig_get(&b);
    assert_ptr_not_equal(pa, pb);
    assert_int_equal(rig_info(pa).populated, 22560);
    assert_string_equal(rig_info(pa).group, "vhost-user-1");
    assert_non_null(strstr(mp_name(pa), "-s0-2030-vhost-user"));
    assert_true(strlen(mp_name(pa)) <= 25);
    assert_string_not_equal(mp_name(pa), mp_name(pb));

    /* More senders: a larger pool.  Fewer: the one that is there does.  Other
     * rings, larger or smaller: exactly what they come to. */
    a.n_txq = 3;
    assert_false(mp_suits(pa, &a));
    a.n_txq = 1;
    assert_true(mp_suits(pa, &a));
    assert_ptr_equal(rig_get(&a), pa);
    a.rxq_size = 1024;
    assert_false(mp_suits(pa, &a));
    pc = rig_get(&a);
    assert_int_equal(rig_info(pc).populated, 1024 + 2048 + 32 + 16384);
    assert_int_equal(rig_n_pools(), 3);

    /* A group has nothing to do with the port of its name. */
    b.group = "vhost-user-2";
    assert_false(mp_suits(pb, &b));

    mp_put(pa, "vhost-user-1");
    mp_put(pa, "vhost-user-1");
    mp_put(pb, "vhost-user-2");
    mp_put(pc, "vhost-user-1");
    assert_int_equal(rig_n_pools(), 0);
}

static void
test_names(void **state OVS_UNUSED)
{
    static const char *const groups[] = {
        "", "kernel", "a name of many words and more", "\xc3\xa4\xc3\xb6/\"'",
    };
    const char *expect[] = {
        "-s0-2030-shared", "-s0-2030-kernel", "-s0-2030-a_name_of_",
        "-s0-2030-_______",
    };

    rig_model(false);
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        struct mp_request req = small_request("a", groups[i]);
        struct mp *mp = rig_get(&req);
        const char *name = mp_name(mp);

        assert_true(strlen(name) <= 25);
        assert_int_equal(strncmp(name, "mp", 2), 0);
        assert_non_null(strchr(name, '-'));
        assert_int_equal(strncmp(strchr(name, '-'), expect[i],
                                 strlen(expect[i])), 0);
        assert_string_equal(rig_info(mp).group, groups[i]);
        mp_put(mp, "a");
    }
}

/* No pool is freed while an mbuf is out, wherever it is. */
static void
test_mbuf_out(void **state OVS_UNUSED)
{
    struct mp_request req = small_request("a", "out");
    struct mp *mp;
    struct rte_mbuf *m, *clone;
    long long int left;

    rig_model(false);
    mp = rig_get(&req);
    m = rte_pktmbuf_alloc(mp_mempool(mp));
    clone = rte_pktmbuf_clone(m, mp_mempool(mp));
    assert_int_equal(rig_info(mp).in_use, 2);
    left = time_msec();
    rig_log_clear();
    mp_put(mp, "a");
    assert_int_equal(mp_sweep(), 1);

    /* Reported after 5 seconds and then every 5 minutes. */
    mp_care_run(left + 4500);
    assert_int_equal(rig_log_count("WARN", ""), 0);
    mp_care_run(left + 20000);
    assert_int_equal(rig_log_count("WARN", "2 of its 4096 mbufs have been out "
                                   "for "), 1);
    mp_care_run(left + 21000);
    mp_care_run(left + 319000);
    assert_int_equal(rig_log_count("WARN", ""), 1);
    rte_pktmbuf_free(m);
    mp_care_run(left + 320000);
    assert_int_equal(rig_log_count("WARN", ""), 2);

    /* Freed once the last one came home. */
    assert_int_equal(rig_n_pools(), 1);
    rte_pktmbuf_free(clone);
    assert_int_equal(mp_sweep(), 0);
    assert_int_equal(rig_n_pools(), 0);
    assert_int_equal(rig_log_count("WARN", ""), 2);
}

/* A pool that waits for its mbufs serves a port that comes back. */
static void
test_reuse_waiting(void **state OVS_UNUSED)
{
    struct mp_request req = small_request("a", "out");
    struct rte_mbuf *m;
    struct mp *mp;

    rig_model(false);
    mp = rig_get(&req);
    m = rte_pktmbuf_alloc(mp_mempool(mp));
    mp_put(mp, "a");
    assert_int_equal(mp_sweep(), 1);
    assert_ptr_equal(rig_get(&req), mp);
    assert_int_equal(mp_sweep(), 0);
    rte_pktmbuf_free(m);
    assert_int_equal(mp_sweep(), 0);
    assert_int_equal(rig_n_pools(), 1);
    mp_put(mp, "a");
    assert_int_equal(rig_n_pools(), 0);
}

/* A thread with an lcore of its own leaves mbufs in its caches, and takes
 * them back before it goes, in every pool. */
struct leaver {
    struct rte_mempool *pools[2];
    bool flush;
};

static void *
leaver_main(void *l_)
{
    struct leaver *l = l_;

    assert_int_equal(rte_thread_register(), 0);
    for (int i = 0; i < 2; i++) {
        struct rte_mbuf *m[64];

        assert_int_equal(rte_pktmbuf_alloc_bulk(l->pools[i], m, 64), 0);
        rte_pktmbuf_free_bulk(m, 64);
    }
    if (l->flush) {
        mp_flush_lcore();
    }
    rte_thread_unregister();
    return NULL;
}

static unsigned int
n_cached(const struct rte_mempool *pool)
{
    unsigned int n = 0;

    for (int i = 0; i < RTE_MAX_LCORE; i++) {
        n += pool->local_cache[i].len;
    }
    return n;
}

static void
test_flush_lcore(void **state OVS_UNUSED)
{
    struct mp_request a = small_request("a", "a");
    struct mp_request b = small_request("b", "b");
    struct mp *pa, *pb;
    struct leaver l;
    pthread_t thread;

    rig_model(false);
    pa = rig_get(&a);
    pb = rig_get(&b);
    l.pools[0] = mp_mempool(pa);
    l.pools[1] = mp_mempool(pb);
    for (int i = 0; i < 2; i++) {
        l.flush = i;
        assert_int_equal(pthread_create(&thread, NULL, leaver_main, &l), 0);
        pthread_join(thread, NULL);
        assert_int_equal(n_cached(l.pools[0]) > 0, !l.flush);
        assert_int_equal(n_cached(l.pools[1]) > 0, !l.flush);
        assert_int_equal(rig_info(pa).in_use, 0);
        assert_int_equal(rig_info(pb).in_use, 0);
    }
    /* The caller has no lcore's cache here, or an empty one. */
    mp_flush_lcore();
    mp_put(pa, "a");
    mp_put(pb, "b");
}

static void
test_errors(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("a", 1500);

    rig_model(true);
    rig_log_clear();
    req.mtu = 67;
    rig_get_fails(&req, "Failed to create memory pool for netdev a, with MTU "
                  "67 on socket 0: ", "must be 68 to 9702");
    req.mtu = 9703;
    rig_get_fails(&req, "MTU 9703", "must be 68 to 9702");
    req.mtu = UINT32_MAX;
    rig_get_fails(&req, "MTU 4294967295", "must be 68 to 9702");
    req.mtu = 1500;
    req.socket = 7;
    rig_get_fails(&req, "on socket 7: ",
                  "no such socket: 22560 mbufs (53422080 bytes)");
    req.socket = -1;
    rig_get_fails(&req, "on socket -1: ", "no such socket");
    req.socket = 0;
    req.n_rxq = 0;
    rig_get_fails(&req, "0 Rx queues of 2048", "none may be 0");
    req.n_rxq = 1;
    req.txq_size = 0;
    rig_get_fails(&req, "2 Tx queues of 0", "none may be 0");
    req.txq_size = 2048;
    req.n_rxq = 65535;
    req.rxq_size = 65536;
    rig_get_fails(&req, "out of memory on socket 0: ",
                  "4294926336 mbufs");
    /* The caller says so in the log, not the registry. */
    assert_int_equal(rig_log_count("WARN", ""), 0);
}

static void
test_dump(void **state OVS_UNUSED)
{
    struct mp_request req = small_request("a", "dump");
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct mp *mp;
    char *head;

    rig_model(false);
    mp = rig_get(&req);
    mp_dump(mp, &ds);
    head = xasprintf("mempool <%s>@", mp_name(mp));
    assert_int_equal(strncmp(ds_cstr(&ds), head, strlen(head)), 0);
    assert_non_null(strstr(ds_cstr(&ds), "\n  populated_size=4096\n"));
    assert_non_null(strstr(ds_cstr(&ds), "\n  header_size=64\n  elt_size=2304"
                           "\n  trailer_size=0\n  total_obj_size=2368\n"));
    assert_non_null(strstr(ds_cstr(&ds), "common_pool_count=4096\n"));
    free(head);
    ds_destroy(&ds);
    mp_put(mp, "a");
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(512);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_per_port),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_mbuf_out),
        cmocka_unit_test(test_reuse_waiting),
        cmocka_unit_test(test_flush_lcore),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_dump),
    };

    return cmocka_run_group_tests_name("mem/mp-pool", tests, setup, rig_stop);
}
