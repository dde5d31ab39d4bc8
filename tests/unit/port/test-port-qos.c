/* SPDX-License-Identifier: Apache-2.0
 *
 * The limits of a port: in both directions, replaced while threads send,
 * counted, and reported where they are impossible.
 */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "eal/rcu.h"
#include "openvswitch/compiler.h"
#include "port/port.h"
#include "tests/fake/fake-port.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { N = 300, LEN = 114, COUNTS = 100 };

static struct port *source;     /* whose pool the frames are of */
static struct port *p;

static int
start(void **state OVS_UNUSED)
{
    fake_reset();
    port_set_senders(1);
    fake_use_mempool(true);
    source = fake_port_create("source", 900, 1);
    fake_use_mempool(false);
    p = fake_port_create("p", 900, 1);
    fake_port_set_tx(p, FAKE_TX_FREE);
    return 0;
}

static void
frames(struct rte_mbuf **m, uint16_t n)
{
    assert_int_equal(rte_pktmbuf_alloc_bulk(mp_mempool(source->mp), m, n), 0);
    for (uint16_t i = 0; i < n; i++) {
        m[i]->pkt_len = m[i]->data_len = LEN;
    }
}

static void
send_all(uint16_t n)
{
    struct rte_mbuf *m[N];

    frames(m, n);
    port_tx(p, 0, m, n);
}

/* Gives the port `n` frames and receives what it lets pass. */
static unsigned int
receive_all(uint16_t n)
{
    struct rte_mbuf *m[N];
    unsigned int sum = 0;

    frames(m, n);
    fake_port_receive(p, 0, m, n);
    while (fake_port_n_pending(p)) {
        uint16_t got = port_police(p, m, port_rx(p, 0, m, PORT_BURST));

        rte_pktmbuf_free_bulk(m, got);
        sum += got;
    }
    return sum;
}

/* Sets limits that let no more pass than their bursts, for a while: `frames`
 * frames to send, kbit to receive; 0: no limit. */
static void
set_limits(struct port *port, uint64_t n_tx, uint64_t rx_kbit)
{
    struct cfg_settings set;
    char *error;

    fake_settings(&set, 900);
    if (n_tx) {
        set.qos.type = xstrdup("egress-policer");
        set.qos.meter.cir = 1;
        set.qos.meter.cbs = n_tx * COUNTS;
    }
    if (rx_kbit) {
        set.policing = (struct cfg_policing) { .rate = 1, .burst = rx_kbit };
    }
    error = rig_set(port, &set, 1);
    assert_null(error);
    cfg_settings_destroy(&set);
}

static void
test_none(void **state OVS_UNUSED)
{
    send_all(N);
    assert_int_equal(fake_port_tx_total(p), N);
    assert_int_equal(receive_all(N), N);
    assert_int_equal(rig_stat(p, "ovs_tx_qos_drops"), 0);
    assert_int_equal(rig_stat(p, "ovs_rx_qos_drops"), 0);
    assert_null(port_error(p));
}

static void
test_both_ways(void **state OVS_UNUSED)
{
    unsigned int quiesced = rig_quiesced;

    set_limits(p, 120, 8);              /* 8 kbit: 10 frames */
    assert_int_equal(rig_quiesced, quiesced);
    send_all(N);
    assert_int_equal(fake_port_tx_total(p), 120);
    assert_int_equal(receive_all(N), 10);
    assert_int_equal(rig_stat(p, "ovs_tx_qos_drops"), N - 120);
    assert_int_equal(rig_stat(p, "tx_dropped"), N - 120);
    assert_int_equal(rig_stat(p, "ovs_rx_qos_drops"), N - 10);
    assert_int_equal(rig_stat(p, "rx_dropped"), N - 10);
    assert_int_equal(rig_stat(p, "rx_packets"), N);
}

/* A change fills the buckets, another setting does not. */
static void
test_changed(void **state OVS_UNUSED)
{
    struct cfg_settings set;

    set_limits(p, 10, 0);
    send_all(20);
    set_limits(p, 10, 8);
    send_all(20);
    assert_int_equal(fake_port_tx_total(p), 10);
    assert_int_equal(receive_all(20), 10);
    set_limits(p, 15, 8);
    send_all(20);
    assert_int_equal(fake_port_tx_total(p), 25);
    assert_int_equal(receive_all(20), 0);

    cfg_settings_clone(&set, &p->wanted);
    set.tx_retries_max++;
    assert_null(rig_set(p, &set, 1));
    cfg_settings_destroy(&set);
    send_all(20);
    assert_int_equal(fake_port_tx_total(p), 25);

    set_limits(p, 0, 0);
    send_all(20);
    assert_int_equal(fake_port_tx_total(p), 45);
    assert_int_equal(receive_all(20), 20);
    assert_int_equal(rig_stat(p, "ovs_tx_qos_drops"), 55);
}

/* Impossible limits leave the port without, and say so until they are
 * right. */
static void
test_wrong(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    uint64_t seq;

    set_limits(p, 1, 1);
    cfg_settings_clone(&set, &p->wanted);
    set.qos.meter.cir = 0;
    set.policing.rate = UINT64_C(1) << 32;
    seq = port_change_seq();
    assert_null(rig_set(p, &set, 1));
    assert_true(port_change_seq() > seq);
    assert_string_equal(port_error(p), "p: QoS type egress-policer is not in "
                        "force: cir is 0 and cbs 100, both must be at least "
                        "1");
    send_all(20);
    assert_int_equal(fake_port_tx_total(p), 20);
    assert_int_equal(receive_all(20), 20);

    set.qos.meter.cir = 1;
    assert_null(rig_set(p, &set, 1));
    assert_string_equal(port_error(p), "p: ingress policing is not in force: "
                        "ingress_policing_rate 4294967296 is above "
                        "4294967295");
    cfg_settings_destroy(&set);
    seq = port_change_seq();
    set_limits(p, 1, 1);
    assert_true(port_change_seq() > seq);
    assert_null(port_error(p));
}

/* A new port has its limits from the first frame on, and takes them along. */
static void
test_created_with(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    struct rte_mbuf *m[20];
    struct port *q;
    char *error;

    fake_settings(&set, 900);
    set.qos.type = xstrdup("egress-policer");
    set.qos.meter.cir = 1;
    set.qos.meter.cbs = 5 * COUNTS;
    q = port_create_with_class(&fake_class, "q", &set, 1, &error);
    assert_non_null(q);
    cfg_settings_destroy(&set);
    fake_port_set_tx(q, FAKE_TX_FREE);
    frames(m, 20);
    port_tx(q, 0, m, 20);
    assert_int_equal(fake_port_tx_total(q), 5);
    port_delete(q);
}

/* Threads send while the limit changes: no frame is lost uncounted. */
static _Atomic(bool) stop;

static void *
sender(void *sent_)
{
    unsigned int *sent = sent_;
    int id = rcu_register();

    rcu_online(id);
    while (!atomic_load(&stop)) {
        struct rte_mbuf *m[32];

        if (!rte_pktmbuf_alloc_bulk(mp_mempool(source->mp), m, 32)) {
            for (int i = 0; i < 32; i++) {
                m[i]->pkt_len = m[i]->data_len = LEN;
            }
            port_tx(p, 0, m, 32);
            *sent += 32;
        }
        rcu_quiescent(id);
    }
    rcu_offline(id);
    rcu_unregister(id);
    return NULL;
}

static void
test_threads(void **state OVS_UNUSED)
{
    unsigned int sent[3] = { 0 }, sum = 0;
    pthread_t threads[3];

    port_set_senders(3);
    atomic_store(&stop, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sender, &sent[i]),
                         0);
    }
    while (!fake_port_tx_total(p)) {
        sched_yield();          /* none has run yet */
    }
    for (int i = 0; i < 60; i++) {
        set_limits(p, (uint64_t) (i % 3) * 1000, 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        sum += sent[i];
    }
    assert_true(sum > 0);
    assert_int_equal(fake_port_tx_total(p)
                     + (uint64_t) rig_stat(p, "ovs_tx_qos_drops"), sum);
}

/* What several threads send together is not more than the limit. */
static void
test_threads_share(void **state OVS_UNUSED)
{
    unsigned int sent[3] = { 0 };
    pthread_t threads[3];

    set_limits(p, 5000, 0);
    port_set_senders(3);
    atomic_store(&stop, false);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sender, &sent[i]),
                         0);
    }
    while (rig_stat(p, "ovs_tx_qos_drops") < 5000) {
        sched_yield();
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(fake_port_tx_total(p), 5000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none, start, rig_delete_all),
        cmocka_unit_test_setup_teardown(test_both_ways, start,
                                        rig_delete_all),
        cmocka_unit_test_setup_teardown(test_changed, start, rig_delete_all),
        cmocka_unit_test_setup_teardown(test_wrong, start, rig_delete_all),
        cmocka_unit_test_setup_teardown(test_created_with, start,
                                        rig_delete_all),
        cmocka_unit_test_setup_teardown(test_threads, start, rig_delete_all),
        cmocka_unit_test_setup_teardown(test_threads_share, start,
                                        rig_delete_all),
    };

    return cmocka_run_group_tests_name("port/port-qos", tests, rig_setup,
                                       rig_teardown);
}
