/* SPDX-License-Identifier: Apache-2.0
 *
 * Who has a pool's mbufs: exact where nothing moves, close where it does.
 */
#include <config.h>
#include "mem/mp-census.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "mem/mempool.h"
#include "mem/mp-holder.h"
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

enum { N = 8192 };              /* mbufs of the pool */

/* A pool that the ports "a" and "b" have, one of "vh", and their marks. */
static struct mp *mp, *mp_vh;
static struct rte_mempool *pool;
static uint16_t mark_a, mark_b, mark_vh;
static struct rte_mbuf *m[N];
static struct mp_census c;

static void
hold(const char *port, uint32_t rx, uint32_t txq_size, uint32_t n_txq)
{
    struct mp_holding h = {
        .rx = rx, .txq_size = txq_size, .n_txq = n_txq,
    };

    mp_settle(port, &h);
}

static int
start(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("a", 1500);

    memset(&c, 0, sizeof c);
    req.n_mbufs = N;
    mp = rig_get(&req);
    req.port = "b";
    assert_ptr_equal(rig_get(&req), mp);
    req = rig_request("vh", 1500);
    req.n_mbufs = 64;
    mp_vh = rig_get(&req);
    pool = mp_mempool(mp);
    mark_a = mp_holder_add("a");
    mark_b = mp_holder_add("b");
    mark_vh = mp_holder_add("vh");
    hold("a", 0, 0, 0);
    hold("b", 0, 0, 0);
    return 0;
}

static int
end(void **state OVS_UNUSED)
{
    mp_census_destroy(&c);
    hold("a", 0, 0, 0);
    hold("b", 0, 0, 0);
    hold("vh", 0, 0, 0);
    mp_holder_remove(mark_a);
    mp_holder_remove(mark_b);
    if (mp_holder_is_live(mark_vh)) {
        mp_holder_remove(mark_vh);
    }
    mp_put(mp, "a");
    mp_put(mp, "b");
    mp_put(mp_vh, "vh");
    return rig_n_pools() ? -1 : 0;
}

/* mbufs from `first` on, past the cache. */
static void
take(unsigned int first, unsigned int n)
{
    assert_int_equal(rte_mempool_generic_get(pool, (void **) (m + first), n,
                                             NULL), 0);
}

static void
give(unsigned int first, unsigned int n)
{
    rte_mempool_generic_put(pool, (void **) (m + first), n, NULL);
}

static void
send_to(uint16_t mark, unsigned int first, unsigned int n)
{
    mp_holder_mark(m + first, (uint16_t) n, mark);
}

static void
count(void)
{
    mp_census_destroy(&c);
    mp_census_take(mp, &c);
    assert_int_equal(c.populated, N);
}

static const struct mp_census_port *
port(const char *name)
{
    for (size_t i = 0; i < c.n_ports; i++) {
        if (!strcmp(c.ports[i].port, name)) {
            return &c.ports[i];
        }
    }
    fail_msg("%s is not in the census", name);
    return NULL;
}

static void
assert_text(const char *expect)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    mp_census_format(&c, &ds);
    assert_string_equal(ds_cstr(&ds), expect);
    ds_destroy(&ds);
}

static void
test_all_at_home(void **state OVS_UNUSED)
{
    count();
    assert_int_equal(c.free, N);
    assert_int_equal(c.cached, 0);
    assert_int_equal(c.n_threads, 0);
    assert_int_equal(c.unaccounted, 0);
    assert_int_equal(c.n_ports, 2);
    assert_string_equal(c.ports[0].port, "a");
    assert_string_equal(c.ports[1].port, "b");
    assert_false(c.ports[0].gone);
    assert_int_equal(c.ports[0].tx_holds + c.ports[1].tx_holds, 0);
    assert_text("nobody");
}

/* Mbufs that a port keeps are its own, to the last; those that nobody was
 * given are nobody's. */
static void
test_kept_by_a_port(void **state OVS_UNUSED)
{
    take(0, 100);
    send_to(mark_b, 0, 60);
    count();
    assert_int_equal(c.free, N - 100);
    assert_int_equal(port("a")->tx_holds, 0);
    assert_int_equal(port("b")->tx_holds, 60);
    assert_int_equal(port("b")->rx_holds, 0);
    assert_int_equal(c.unaccounted, 40);
    assert_text("b tx 60, unaccounted 40");

    give(0, 50);
    count();
    assert_int_equal(port("b")->tx_holds, 10);
    assert_int_equal(c.unaccounted, 40);
    give(50, 50);
    count();
    assert_text("nobody");
}

/* A port that draws from another pool, and one that is gone, are named, too.
 * The name of one that is gone and has a successor stands for both. */
static void
test_other_ports(void **state OVS_UNUSED)
{
    uint16_t successor;

    hold("vh", 512, 256, 2);
    take(0, 30);
    send_to(mark_vh, 0, 30);
    count();
    assert_int_equal(c.n_ports, 3);
    assert_int_equal(port("vh")->tx_holds, 30);
    assert_int_equal(port("vh")->tx_may, 512);
    assert_int_equal(port("vh")->rx_may, 0);    /* of this pool */
    assert_false(port("vh")->gone);

    hold("vh", 0, 0, 0);
    mp_holder_remove(mark_vh);
    count();
    assert_true(port("vh")->gone);
    assert_int_equal(port("vh")->tx_holds, 30);
    assert_int_equal(port("vh")->tx_may, 0);
    assert_text("vh tx 30");

    successor = mp_holder_add("vh");
    send_to(successor, 0, 10);
    count();
    assert_int_equal(c.n_ports, 3);
    assert_false(port("vh")->gone);
    assert_int_equal(port("vh")->tx_holds, 30);
    mp_holder_remove(successor);
    give(0, 30);
}

/* Cached mbufs are at home, whomever they were sent to. */
static void
test_caches(void **state OVS_UNUSED)
{
    struct rte_mempool_cache *cache
        = rte_mempool_default_cache(pool, rte_lcore_id());

    assert_non_null(cache);
    take(0, 120);
    send_to(mark_a, 0, 120);
    rte_mempool_put_bulk(pool, (void **) m, 100);
    count();
    assert_int_equal(c.free, N - 120);
    assert_int_equal(c.cached, 100);
    assert_int_equal(c.n_threads, 1);
    assert_int_equal(c.threads[0].lcore, rte_lcore_id());
    assert_int_equal(c.threads[0].cached, 100);
    assert_int_equal(port("a")->tx_holds, 20);
    assert_int_equal(c.unaccounted, 0);

    rte_mempool_cache_flush(cache, pool);
    count();
    assert_int_equal(c.n_threads, 0);
    assert_int_equal(port("a")->tx_holds, 20);
    give(100, 20);
}

/* What has no mark lies in the rings that want it, in proportion. */
static void
test_rx_rings(void **state OVS_UNUSED)
{
    hold("a", 1024, 0, 0);
    hold("b", 512, 0, 0);
    take(0, 1536);
    count();
    assert_int_equal(port("a")->rx_may, 1024);
    assert_int_equal(port("a")->rx_holds, 1024);
    assert_int_equal(port("b")->rx_holds, 512);
    assert_int_equal(c.unaccounted, 0);
    assert_text("a rx 1024, b rx 512");

    take(1536, 7);
    count();
    assert_int_equal(port("a")->rx_holds, 1024);
    assert_int_equal(c.unaccounted, 7);

    give(1000, 543);
    count();
    assert_int_equal(port("a")->rx_holds + port("b")->rx_holds, 1000);
    assert_in_range(port("a")->rx_holds, 666, 667);
    assert_int_equal(c.unaccounted, 0);
    give(0, 1000);
}

/* Rings that were filled with mbufs that had been sent: these do not look as
 * if the ports had kept them, but what one keeps beside them does. */
static void
test_rings_of_sent_mbufs(void **state OVS_UNUSED)
{
    hold("a", 1000, 0, 0);
    take(0, 1000);
    send_to(mark_a, 0, 300);
    send_to(mark_b, 300, 300);
    send_to(mark_vh, 600, 300);
    count();
    assert_int_equal(port("a")->rx_holds, 1000);
    assert_int_equal(port("a")->tx_holds, 0);
    assert_int_equal(port("b")->tx_holds, 0);
    assert_int_equal(port("vh")->tx_holds, 0);
    assert_int_equal(c.unaccounted, 0);

    take(1000, 2000);
    send_to(mark_vh, 1000, 2000);
    count();
    assert_int_equal(port("a")->rx_holds, 1000);
    assert_int_equal(port("vh")->tx_holds, 2000);
    assert_int_equal(port("a")->tx_holds + port("b")->tx_holds, 0);
    assert_int_equal(c.unaccounted, 0);

    /* The pool left by its ports: none is in a ring any more. */
    give(0, 1000);
    hold("a", 0, 0, 0);
    count();
    assert_int_equal(port("vh")->tx_holds, 2000);
    assert_int_equal(port("a")->rx_holds, 0);
    assert_text("vh tx 2000");
    give(1000, 2000);
}

/* The log names the largest. */
static void
test_many_holders(void **state OVS_UNUSED)
{
    uint16_t marks[10];

    take(0, 55);
    for (unsigned int i = 0, first = 0; i < 10; first += ++i) {
        char name[] = "p0";

        name[1] = (char) ('0' + i);
        marks[i] = mp_holder_add(name);
        send_to(marks[i], first, i + 1);
    }
    count();
    assert_text("p9 tx 10, p8 tx 9, p7 tx 8, p6 tx 7, p5 tx 6, p4 tx 5, "
                "p3 tx 4, p2 tx 3, other ports 3");
    for (unsigned int i = 0; i < 10; i++) {
        mp_holder_remove(marks[i]);
    }
    give(0, 55);
}

/* A thread that receives, sends and frees, and keeps some. */
enum { KEPT = 40, BURST = 32, ROUNDS = 20 };

static atomic_bool stop;
static atomic_bool runs;

static void *
forwarder_main(void *kept_)
{
    struct rte_mbuf **kept = kept_, *burst[BURST];

    assert_int_equal(rte_thread_register(), 0);
    assert_int_equal(rte_mempool_get_bulk(pool, (void **) kept, KEPT), 0);
    mp_holder_mark(kept, KEPT, mark_vh);
    while (!stop) {
        assert_int_equal(rte_mempool_get_bulk(pool, (void **) burst, BURST),
                         0);
        mp_holder_mark(burst, BURST, mark_b);
        rte_mempool_put_bulk(pool, (void **) burst, BURST);
        runs = true;
    }
    mp_flush_lcore();
    rte_thread_unregister();
    return NULL;
}

static void
test_while_packets_flow(void **state OVS_UNUSED)
{
    struct rte_mbuf *kept[KEPT];
    pthread_t thread;

    stop = runs = false;
    assert_int_equal(pthread_create(&thread, NULL, forwarder_main, kept), 0);
    while (!runs) {
        usleep(1000);
    }
    for (int i = 0; i < ROUNDS; i++) {
        count();
        assert_int_equal(port("vh")->tx_holds, KEPT);
        assert_in_range(port("b")->tx_holds, 0, 2 * BURST);
        assert_in_range(c.unaccounted, 0, 2 * BURST);
    }
    stop = true;
    pthread_join(thread, NULL);
    count();
    assert_int_equal(c.free, N - KEPT);
    assert_text("vh tx 40");
    rte_mempool_generic_put(pool, (void **) kept, KEPT, NULL);
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(128);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_at_home, start, end),
        cmocka_unit_test_setup_teardown(test_kept_by_a_port, start, end),
        cmocka_unit_test_setup_teardown(test_other_ports, start, end),
        cmocka_unit_test_setup_teardown(test_caches, start, end),
        cmocka_unit_test_setup_teardown(test_rx_rings, start, end),
        cmocka_unit_test_setup_teardown(test_rings_of_sent_mbufs, start, end),
        cmocka_unit_test_setup_teardown(test_many_holders, start, end),
        cmocka_unit_test_setup_teardown(test_while_packets_flow, start, end),
    };

    return cmocka_run_group_tests_name("mem/mp-census", tests, setup,
                                       rig_stop);
}
