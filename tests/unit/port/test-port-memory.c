/* SPDX-License-Identifier: Apache-2.0
 *
 * test-port-memory.c: ports and their mempools, seen from the ports: groups,
 * trimming, and a neighbour that keeps what it is sent.  Fake ports, the real
 * registry, a heap of 256 MB.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "eal/rcu.h"
#include "mem/mempool.h"
#include "mem/mp-memory.h"
#include "port/port.h"
#include "tests/fake/fake-port.h"
#include "util.h"

enum {
    HEAP_MB = 256,
    MB = 1024 * 1024,
    BURST = 32,
    RING = 1024,                /* descriptors of the port that never drains */
};

static void
ignore_port(struct port *p OVS_UNUSED)
{
}

static void
start(bool elastic, uint32_t max_mbufs)
{
    static const struct port_hooks hooks = {
        .quiesce = ignore_port, .publish = ignore_port,
    };

    fake_reset();
    fake_use_mempool(true);
    port_init(&hooks);
    port_set_senders(1);
    mp_init(&(struct mp_model) { .elastic = elastic,
                                 .max_mbufs = max_mbufs });
    mp_set_threads(1);
}

static struct port *
create(const char *name, const char *group, uint32_t n_desc)
{
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    fake_settings(&set, 1500);
    set.mempool_group = nullable_xstrdup(group);
    set.n_rxq_desc = set.n_txq_desc = n_desc;
    p = port_create_with_class(&fake_class, name, &set, 1, &error);
    if (!p) {
        fail_msg("%s", error);
    }
    cfg_settings_destroy(&set);
    return p;
}

/* NULL, or the error, which the caller frees. */
static char *
set_group(struct port *p, const char *group)
{
    struct cfg_settings set;
    char *error = NULL;

    cfg_settings_clone(&set, &p->wanted);
    free(set.mempool_group);
    set.mempool_group = nullable_xstrdup(group);
    port_set(p, &set, 1, &error);
    cfg_settings_destroy(&set);
    return error;
}

static struct mp_info
info_of(const struct port *p)
{
    struct mp_info info;

    mp_get_info(p->mp, &info);
    return info;
}

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
    while (n_taken) {
        rte_free(taken[--n_taken]);
    }
}

/* A burst that `from` received goes to `to`. */
static void
send_burst(struct port *from, struct port *to)
{
    struct rte_mbuf *m[BURST];

    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(from->mp), m, BURST),
                     0);
    for (int i = 0; i < BURST; i++) {
        rte_pktmbuf_append(m[i], 64);
    }
    port_tx(to, 0, m, BURST);
}

/* What the rx rings of `p` hold all the time. */
static void
fill_rx_ring(struct port *p, struct rte_mbuf **m)
{
    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(p->mp), m,
                                            p->running.n_rxq_desc), 0);
}

/* Two ports in one group send to a port that keeps all that its ring of 1,024
 * takes.  The ledger foresaw it: there are as many mbufs as before for what
 * they send to a third. */
static void
test_neighbour_that_never_drains(void **state OVS_UNUSED)
{
    static struct rte_mbuf *ring_a[512], *ring_b[512];
    struct port *a, *b, *keeper, *third;

    start(true, 0);
    a = create("a", "pair", 512);
    b = create("b", "pair", 512);
    keeper = create("keeper", NULL, RING);
    third = create("third", NULL, 64);
    fake_port_set_tx(third, FAKE_TX_FREE);
    assert_ptr_equal(a->mp, b->mp);
    assert_ptr_not_equal(a->mp, keeper->mp);
    fill_rx_ring(a, ring_a);
    fill_rx_ring(b, ring_b);

    for (int i = 0; i < RING / BURST; i++) {
        send_burst(i & 1 ? a : b, keeper);
    }
    assert_int_equal(fake_port_n_sent(keeper), RING);
    fake_port_set_tx(keeper, FAKE_TX_FULL);
    for (int i = 0; i < 100000 / BURST; i++) {
        send_burst(i & 1 ? a : b, third);
        send_burst(i & 1 ? a : b, keeper);
    }
    assert_int_equal(fake_port_tx_total(third), 100000 / BURST * BURST);
    assert_int_equal(info_of(a).failures, 0);
    assert_false(info_of(a).oversubscribed);

    rte_pktmbuf_free_bulk(ring_a, ARRAY_SIZE(ring_a));
    rte_pktmbuf_free_bulk(ring_b, ARRAY_SIZE(ring_b));
    port_delete(keeper);
    port_delete(third);
    port_delete(a);
    port_delete(b);
    assert_int_equal(mp_sweep(), 0);
}

/* With no room for it, that is said. */
static void
test_no_room_for_the_neighbour(void **state OVS_UNUSED)
{
    struct port *a, *keeper;

    start(true, 1024);
    a = create("a", "pair", 64);
    assert_false(info_of(a).oversubscribed);
    keeper = create("keeper", NULL, RING);
    assert_true(info_of(a).oversubscribed);
    assert_int_equal(info_of(a).populated, 1024);
    port_delete(keeper);
    assert_false(info_of(a).oversubscribed);
    port_delete(a);
    assert_int_equal(mp_sweep(), 0);
}

/* Only the port whose group changes gets another pool. */
static void
test_group_change(void **state OVS_UNUSED)
{
    struct port *a, *b;
    struct mp *shared;

    start(true, 0);
    a = create("a", NULL, 64);
    b = create("b", NULL, 64);
    shared = b->mp;
    assert_ptr_equal(a->mp, shared);
    assert_null(set_group(a, "private"));
    assert_ptr_not_equal(a->mp, shared);
    assert_true(info_of(a).own);
    assert_ptr_equal(b->mp, shared);
    assert_null(set_group(a, NULL));
    assert_ptr_equal(a->mp, shared);
    port_delete(a);
    port_delete(b);
    assert_int_equal(mp_sweep(), 0);
}

/* Without memory for the new pool the port is as it was, says why, and does it
 * when there is memory. */
static void
test_group_change_without_memory(void **state OVS_UNUSED)
{
    struct port *p;
    struct mp *old;
    char *error;

    start(false, 0);
    leave_memory(100);
    p = create("p", NULL, 64);
    old = p->mp;
    error = set_group(p, "private");
    assert_non_null(error);
    assert_non_null(strstr(error, "bytes) were asked for"));
    assert_string_equal(p->error, error);
    free(error);
    assert_ptr_equal(p->mp, old);
    assert_int_equal(p->state, PORT_RUNNING);

    give_memory_back();
    error = NULL;
    assert_int_equal(port_reconfigure(p, &error), 0);
    assert_null(p->error);
    assert_ptr_not_equal(p->mp, old);
    port_delete(p);
    assert_int_equal(mp_sweep(), 0);
}

/* Port by port onto a smaller pool; without memory for it, nothing happens and
 * no port has an error. */
static void
test_trim(void **state OVS_UNUSED)
{
    struct port *a, *b, *big;
    uint32_t before;
    struct mp *old;
    char *error;

    start(true, 0);
    a = create("a", NULL, 64);
    b = create("b", NULL, 64);
    big = create("big", NULL, 4096);
    port_delete(big);
    old = a->mp;
    before = info_of(a).populated;
    assert_true(mp_has_surplus(old));

    leave_memory(1);
    assert_true(port_trim_pool(old, &error) < 0);
    assert_non_null(strstr(error, "bytes"));
    free(error);
    assert_ptr_equal(a->mp, old);
    assert_ptr_equal(b->mp, old);
    assert_null(a->error);
    assert_null(b->error);
    assert_false(info_of(a).retired);
    give_memory_back();

    assert_int_equal(port_trim_pool(old, &error), 0);
    assert_null(error);
    assert_ptr_equal(a->mp, b->mp);
    assert_true(info_of(a).populated < before);
    assert_false(mp_has_surplus(a->mp));
    port_delete(a);
    port_delete(b);
    assert_int_equal(mp_sweep(), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbour_that_never_drains),
        cmocka_unit_test(test_no_room_for_the_neighbour),
        cmocka_unit_test(test_group_change),
        cmocka_unit_test(test_group_change_without_memory),
        cmocka_unit_test(test_trim),
    };
    char prefix[64], memory[16];
    char *argv[] = { "test", "--no-huge", "--no-pci", "--no-telemetry", "-m",
                     memory, "--lcores", "0@0", prefix, "--log-level",
                     "error" };

    snprintf(memory, sizeof memory, "%d", HEAP_MB);
    snprintf(prefix, sizeof prefix, "--file-prefix=sluice-ut-%d",
             (int) getpid());
    if (rte_eal_init(ARRAY_SIZE(argv), argv) < 0) {
        fprintf(stderr, "EAL failed\n");
        return 1;
    }
    rcu_init();
    return cmocka_run_group_tests_name("port/port-memory", tests, NULL, NULL);
}
