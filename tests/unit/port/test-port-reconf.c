/* SPDX-License-Identifier: Apache-2.0
 *
 * test-port-reconf.c: the life cycle of a port: each step that can fail,
 * fails, and the port is as it was.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>

#include "eal/rcu.h"
#include "mem/mempool.h"
#include "port/port.h"
#include "tests/fake/fake-port.h"
#include "util.h"

static unsigned int n_quiesced, n_published;

static void
hook_quiesce(struct port *p)
{
    /* Senders must already be kept out. */
    assert_int_equal(atomic_load(&p->txq_count), 0);
    n_quiesced++;
}

static void
hook_publish(struct port *p)
{
    assert_int_equal(p->state, PORT_RUNNING);
    n_published++;
}

static int
setup(void **state OVS_UNUSED)
{
    static const struct port_hooks hooks = {
        .quiesce = hook_quiesce, .publish = hook_publish,
    };

    fake_reset();
    port_init(&hooks);
    port_set_senders(1);
    n_quiesced = n_published = 0;
    return 0;
}

static void
count_one(const struct mp *mp OVS_UNUSED, void *n_)
{
    unsigned int *n = n_;

    ++*n;
}

static unsigned int
count_pools(void)
{
    unsigned int n = 0;

    mp_for_each(count_one, &n);
    return n;
}

static void
test_create_and_delete(void **state OVS_UNUSED)
{
    struct port *p = fake_port_create("p0", 1500, 1);

    assert_ptr_equal(port_find("p0"), p);
    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(p->running.mtu, 1500);
    assert_int_equal(p->dp_no, 1);
    assert_int_equal(n_published, 0);
    port_publish(p);
    assert_int_equal(n_published, 1);

    port_delete(p);
    assert_null(port_find("p0"));
    assert_int_equal(n_quiesced, 1);
    assert_int_equal(fake_calls(FAKE_DESTRUCT), 1);
}

static void
test_no_change_is_no_work(void **state OVS_UNUSED)
{
    struct port *p = fake_port_create("p0", 1500, 1);
    unsigned int before = fake_calls(FAKE_RECONFIGURE);
    struct cfg_settings set;
    char *error;

    fake_settings(&set, 1500);
    assert_int_equal(port_set(p, &set, 1, &error), 0);
    assert_int_equal(fake_calls(FAKE_RECONFIGURE), before);
    assert_int_equal(n_quiesced, 0);
    cfg_settings_destroy(&set);
    port_delete(p);
}

static void
create_fails_at(enum fake_op op)
{
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    fake_settings(&set, 1500);
    fake_fail(op, ENOSPC, 0, 1);
    p = port_create_with_class(&fake_class, "p0", &set, 1, &error);
    assert_null(p);
    assert_non_null(error);
    assert_null(port_find("p0"));
    assert_int_equal(fake_calls(FAKE_DESTRUCT), op == FAKE_CONSTRUCT ? 0 : 1);
    assert_int_equal(port_count(), 0);
    free(error);
    cfg_settings_destroy(&set);
}

static void
test_create_fails_at_construct(void **state OVS_UNUSED)
{
    create_fails_at(FAKE_CONSTRUCT);
}

static void
test_create_fails_at_reconfigure(void **state OVS_UNUSED)
{
    create_fails_at(FAKE_RECONFIGURE);
}

static void
test_create_fails_at_start(void **state OVS_UNUSED)
{
    create_fails_at(FAKE_START);
}

static void
test_failed_change_keeps_running(void **state OVS_UNUSED)
{
    struct port *p = fake_port_create("p0", 1500, 1);
    struct cfg_settings set;
    uint64_t seq;
    char *error;

    port_publish(p);
    seq = port_change_seq();
    fake_settings(&set, 9000);
    fake_fail(FAKE_RECONFIGURE, EINVAL, 0, 1);
    assert_int_not_equal(port_set(p, &set, 1, &error), 0);
    assert_non_null(error);
    assert_string_equal(p->error, error);
    free(error);
    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(p->running.mtu, 1500);
    assert_int_equal(atomic_load(&p->txq_count), p->running.n_txq);
    assert_int_equal(n_published, 2);           /* back in the poll lists */
    assert_true(port_change_seq() > seq);

    /* The change is still wanted: trying again succeeds. */
    assert_int_equal(port_reconfigure(p, &error), 0);
    assert_int_equal(p->running.mtu, 9000);
    assert_null(p->error);
    cfg_settings_destroy(&set);
    port_delete(p);
}

/* Neither the new settings nor the old ones could be had: the port stands
 * still, until a later try works, and is polled again then. */
static void
test_repaired_port_is_polled_again(void **state OVS_UNUSED)
{
    struct port *p = fake_port_create("p0", 1500, 1);
    struct cfg_settings set;
    char *error;

    port_publish(p);
    fake_settings(&set, 9000);
    fake_fail(FAKE_RECONFIGURE, EIO, 0, 1);
    fake_fail(FAKE_START, EIO, 0, 1);
    assert_int_not_equal(port_set(p, &set, 1, &error), 0);
    free(error);
    assert_int_equal(p->state, PORT_QUIESCED);
    assert_int_equal(n_published, 1);
    cfg_settings_destroy(&set);

    /* Also where what is wanted by now is what it had. */
    fake_settings(&set, 1500);
    assert_int_equal(port_set(p, &set, 1, &error), 0);
    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(n_published, 2);
    assert_null(p->error);
    cfg_settings_destroy(&set);
    port_delete(p);
}

static void
test_new_pool_before_old(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    struct mp *before;
    struct port *p;
    char *error;

    fake_use_mempool(true);
    p = fake_port_create("p0", 1500, 1);
    before = p->mp;
    assert_non_null(before);
    assert_int_equal(count_pools(), 1);

    fake_settings(&set, 9000);
    assert_int_equal(port_set(p, &set, 1, &error), 0);
    assert_ptr_not_equal(p->mp, before);
    assert_int_equal(count_pools(), 1);         /* the old one was swept */
    cfg_settings_destroy(&set);

    /* A failing driver gives the new pool back and keeps the old. */
    before = p->mp;
    fake_settings(&set, 1500);
    fake_fail(FAKE_RECONFIGURE, EIO, 0, 1);
    assert_int_not_equal(port_set(p, &set, 1, &error), 0);
    free(error);
    assert_ptr_equal(p->mp, before);
    assert_int_equal(count_pools(), 1);
    cfg_settings_destroy(&set);

    port_delete(p);
    assert_int_equal(count_pools(), 0);
}

static void
test_no_memory_touches_nothing(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    unsigned int calls;
    struct port *p;
    char *error;

    fake_use_mempool(true);
    p = fake_port_create("p0", 1500, 1);
    calls = fake_calls(FAKE_RECONFIGURE);

    /* The fake asks on the socket that its settings name: one that this
     * machine does not have gives no memory. */
    fake_settings(&set, 9000);
    fake_set_socket(RTE_MAX_NUMA_NODES - 1);
    assert_int_not_equal(port_set(p, &set, 1, &error), 0);
    assert_non_null(error);
    free(error);
    assert_int_equal(fake_calls(FAKE_RECONFIGURE), calls);
    assert_int_equal(n_quiesced, 0);            /* it never stopped */
    assert_int_equal(p->running.mtu, 1500);
    assert_int_equal(p->state, PORT_RUNNING);

    fake_set_socket(0);
    assert_int_equal(port_reconfigure(p, &error), 0);
    assert_int_equal(p->running.mtu, 9000);
    cfg_settings_destroy(&set);
    port_delete(p);
}

static void
test_tx_while_quiesced_drops_and_counts(void **state OVS_UNUSED)
{
    struct port *p;
    struct rte_mbuf *m[4];

    fake_use_mempool(true);
    p = fake_port_create("p0", 1500, 1);
    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(p->mp), m, 4), 0);
    port_set_txqs(p, 0);
    port_tx(p, 0, m, 4);
    assert_int_equal(p->txc[0].dropped, 4);
    assert_int_equal(fake_port_tx_total(p), 0);
    port_set_txqs(p, p->running.n_txq);

    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(p->mp), m, 4), 0);
    fake_port_set_tx(p, FAKE_TX_FREE);
    port_tx(p, 7, m, 4);                /* shares a queue */
    assert_int_equal(fake_port_tx_total(p), 4);
    port_delete(p);
    assert_int_equal(count_pools(), 0); /* every mbuf came home */
}

static void
test_admin_state(void **state OVS_UNUSED)
{
    struct rte_mbuf *m[1];
    char *error = NULL;
    struct port *p;

    fake_use_mempool(true);
    p = fake_port_create("p0", 1500, 1);

    /* A device that refuses keeps the port as it was. */
    fake_fail(FAKE_LINK, EIO, 0, 1);
    assert_int_equal(port_set_admin_state(p, false, &error), -EIO);
    assert_string_equal(error, "p0: could not set the link down: "
                        "Input/output error");
    free(error);
    assert_true(p->admin_up);

    /* One without a link of its own is down all the same. */
    fake_fail(FAKE_LINK, ENOTSUP, 0, 1);
    assert_int_equal(port_set_admin_state(p, false, &error), 0);
    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(p->mp), m, 1), 0);
    fake_port_receive(p, 0, m, 1);
    assert_int_equal(port_rx(p, 0, m, 1), 0);
    assert_int_equal(port_set_admin_state(p, true, &error), 0);
    assert_int_equal(port_rx(p, 0, m, 1), 1);
    rte_pktmbuf_free(m[0]);
    port_delete(p);
}

static void
test_datapath_numbers_are_reused(void **state OVS_UNUSED)
{
    struct port *a = fake_port_create("a", 1500, 1);
    struct port *b = fake_port_create("b", 1500, 1);

    assert_int_equal(b->dp_no, 2);
    port_delete(a);
    a = fake_port_create("c", 1500, 1);
    assert_int_equal(a->dp_no, 1);
    port_delete(a);
    port_delete(b);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_create_and_delete, setup),
        cmocka_unit_test_setup(test_no_change_is_no_work, setup),
        cmocka_unit_test_setup(test_create_fails_at_construct, setup),
        cmocka_unit_test_setup(test_create_fails_at_reconfigure, setup),
        cmocka_unit_test_setup(test_create_fails_at_start, setup),
        cmocka_unit_test_setup(test_failed_change_keeps_running, setup),
        cmocka_unit_test_setup(test_repaired_port_is_polled_again, setup),
        cmocka_unit_test_setup(test_new_pool_before_old, setup),
        cmocka_unit_test_setup(test_no_memory_touches_nothing, setup),
        cmocka_unit_test_setup(test_tx_while_quiesced_drops_and_counts,
                               setup),
        cmocka_unit_test_setup(test_admin_state, setup),
        cmocka_unit_test_setup(test_datapath_numbers_are_reused, setup),
    };
    static const struct mp_model model;
    char prefix[64];
    char *argv[] = { "test", "--no-huge", "--no-pci", "-m", "512",
                     "--lcores", "0@0", prefix, "--log-level", "error" };

    snprintf(prefix, sizeof prefix, "--file-prefix=sluice-ut-%d",
             (int) getpid());
    if (rte_eal_init(ARRAY_SIZE(argv), argv) < 0) {
        fprintf(stderr, "EAL failed\n");
        return 1;
    }
    rcu_init();
    mp_init(&model);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
