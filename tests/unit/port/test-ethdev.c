/* SPDX-License-Identifier: Apache-2.0
 *
 * test-ethdev.c: the life of a port on a DPDK device: limits, changes, what
 * remains when a step fails.  On net_null, some of whose calls fail on demand;
 * test-ethdev-drivers.c has the other drivers, test-ethdev-devargs.c asks
 * whose a device is.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "port/ethdev.h"
#include "smap.h"
#include "tests/fake/fake-ethdev.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

static int
reset(void **state OVS_UNUSED)
{
    fake_ethdev_reset();
    rig_quiesced = rig_published = 0;
    return 0;
}

static uint16_t
receive(struct port *p, uint16_t q)
{
    struct rte_mbuf *m[PORT_BURST];
    uint16_t n = port_rx(p, q, m, PORT_BURST);

    rte_pktmbuf_free_bulk(m, n);
    return n;
}

static void
send_frames(struct port *p, unsigned int sender, uint16_t n, uint16_t len)
{
    struct rte_mbuf *m[PORT_BURST];

    for (uint16_t i = 0; i < n; i++) {
        m[i] = rig_frame(p->mp, len, 0);
    }
    port_tx(p, sender, m, n);
}

static void
assert_runs(struct port *p)
{
    assert_int_equal(p->state, PORT_RUNNING);
    for (uint16_t q = 0; q < p->running.n_rxq; q++) {
        assert_int_equal(receive(p, q), PORT_BURST);
    }
    send_frames(p, 0, 4, 64);
}

static void
test_traffic_and_statistics(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 2, 2);
    struct mp_holding holds = { .rx = 0 };

    assert_int_equal(p->running.n_rxq, 2);
    assert_int_equal(p->running.n_txq, 2);
    assert_int_equal(p->running.mtu, 1500);
    assert_int_equal(receive(p, 0), 32);
    assert_int_equal(receive(p, 1), 32);
    send_frames(p, 0, 3, 60);
    send_frames(p, 1, 5, 1522);

    assert_int_equal(rig_stat(p, "rx_packets"), 64);
    assert_int_equal(rig_stat(p, "rx_q0_packets"), 32);
    assert_int_equal(rig_stat(p, "rx_bytes"), 64 * 64);
    assert_int_equal(rig_stat(p, "tx_packets"), 8);
    assert_int_equal(rig_stat(p, "tx_bytes"), 3 * 60 + 5 * 1522);
    assert_int_equal(rig_stat(p, "tx_dropped"), 0);
    assert_int_equal(rig_stat(p, "rx_mbuf_allocation_errors"), 0);
    assert_int_equal(rig_stat(p, "ovs_tx_invalid_hwol_drops"), 0);
    assert_int_equal(p->rxc[0].packets, 32);
    assert_int_equal(p->txc[1].bytes, 5 * 1522);
    ethdev_class.mbuf_need(p, false, &holds);
    assert_int_equal(holds.rx + holds.txq_size, 0);
    rig_delete(p);
}

static void
test_frames_longer_than_the_mtu(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    struct rte_mbuf *m[3];

    m[0] = rig_frame(p->mp, 1523, 0);
    m[1] = rig_frame(p->mp, 64, 0);
    m[2] = rig_frame(p->mp, 1523, 0);
    port_tx(p, 0, m, 3);
    assert_int_equal(rig_stat(p, "tx_packets"), 1);
    assert_int_equal(rig_stat(p, "tx_bytes"), 64);
    assert_int_equal(rig_stat(p, "ovs_tx_mtu_exceeded_drops"), 2);
    assert_int_equal(rig_stat(p, "ovs_tx_failure_drops"), 0);
    assert_int_equal(rig_stat(p, "tx_dropped"), 2);
    rig_delete(p);
}

/* The forms of golden/database.txt and golden/dpif-show.txt. */
static void
test_status_and_description(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0,no-rx=1", 2, 2);
    struct port_link link;
    char *s;

    rig_assert_status(p, "bus_info", "bus_name=vdev");
    rig_assert_status(p, "driver_name", "net_null");
    rig_assert_status(p, "if_type", "6");
    rig_assert_status(p, "link_speed", "10Gbps");
    rig_assert_status(p, "max_rx_pktlen", "1518");
    rig_assert_status(p, "max_rx_queues", "1024");
    rig_assert_status(p, "numa_id", "0");
    rig_assert_status(p, "n_rxq", "2");
    rig_assert_status(p, "n_txq", "2");
    rig_assert_status(p, "n_rxq_desc", "2048");
    rig_assert_status(p, "n_txq_desc", "2048");

    s = port_describe(p);
    assert_string_equal(s, "dpdk: configured_rx_queues=2, "
                        "configured_rxq_descriptors=2048, "
                        "configured_tx_queues=2, "
                        "configured_txq_descriptors=2048, "
                        "lsc_interrupt_mode=false, mtu=1500, "
                        "requested_rx_queues=2, "
                        "requested_rxq_descriptors=2048, "
                        "requested_tx_queues=2, "
                        "requested_txq_descriptors=2048, "
                        "rx_csum_offload=false, tx_tso_offload=false");
    free(s);

    rig_wait_for_samples();
    port_get_link(p, &link);
    assert_true(link.up);
    assert_true(link.admin_up);
    assert_int_equal(link.duplex, 1);
    assert_int_equal(link.speed_bps, 10000000000);
    assert_int_equal(link.mtu, 1500);
    rig_delete(p);
}

static void
test_more_than_the_device_has(void **state OVS_UNUSED)
{
    struct fake_ethdev_limits limits = {
        .max_rxq = 4, .max_txq = 2,
        .rx_desc = { .nb_max = 1000, .nb_min = 64, .nb_align = 32 },
        .tx_desc = { .nb_max = 512, .nb_min = 64, .nb_align = 1 },
    };
    struct cfg_settings set = rig_settings("net_null0", 8, 0);
    struct port *p;
    char *error;

    fake_ethdev_set_limits(&limits);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 3);
    assert_int_equal(p->running.n_rxq, 4);
    assert_int_equal(p->running.n_txq, 2);
    assert_int_equal(p->running.n_rxq_desc, 992);
    assert_int_equal(p->running.n_txq_desc, 512);
    rig_assert_status(p, "n_rxq", "4");
    assert_runs(p);

    /* Still too much: nothing to do. */
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);
    set.n_rxq = 100;
    error = rig_set(p, &set, 5);
    assert_null(error);
    assert_int_equal(rig_quiesced, 0);

    set.n_rxq = 3;
    assert_null(rig_set(p, &set, 5));
    assert_int_equal(p->running.n_rxq, 3);
    assert_int_equal(rig_quiesced, 1);
    assert_int_equal(rig_published, 1);
    rig_delete(p);
}

static void
test_changes(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);

    set.n_rxq = 5;
    assert_null(rig_set(p, &set, 3));
    assert_runs(p);
    set.n_rxq = 2;
    set.mtu = 9000;
    set.n_rxq_desc = 128;
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(p->running.mtu, 9000);
    assert_int_equal(p->running.n_rxq_desc, 128);
    rig_assert_status(p, "max_rx_pktlen", "9018");
    assert_runs(p);
    send_frames(p, 0, 1, 9022);
    assert_int_equal(rig_stat(p, "tx_dropped"), 0);
    set.mtu = 0;                    /* no wish any more: kept */
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(p->running.mtu, 9000);
    rig_delete(p);
}

static void
test_unsupported_mtu(void **state OVS_UNUSED)
{
    struct fake_ethdev_limits limits = { .max_mtu = 2000 };
    struct cfg_settings set = rig_settings("net_null0", 1, 1500);
    const struct mp *mp;
    struct port *p;
    char *error;

    fake_ethdev_set_limits(&limits);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    mp = p->mp;
    set.mtu = 2001;
    error = rig_set(p, &set, 1);
    assert_string_equal(error, "null0: unsupported MTU 2001 (device "
                        "'net_null0' takes 68 to 2000)");
    free(error);
    assert_int_equal(p->running.mtu, 1500);
    assert_ptr_equal(p->mp, mp);
    assert_runs(p);
    assert_string_equal(p->error, "null0: unsupported MTU 2001 (device "
                        "'net_null0' takes 68 to 2000)");
    set.mtu = 2000;
    assert_null(rig_set(p, &set, 1));
    assert_null(p->error);
    assert_int_equal(p->running.mtu, 2000);
    rig_delete(p);

    set.mtu = 2001;
    rig_create_fails("null0", &set, "null0: unsupported MTU 2001", "2000)");
}

/* Each step fails in turn: the port goes on with what it had. */
static void
test_failing_steps(void **state OVS_UNUSED)
{
    static const struct {
        enum fake_ethdev_call call;
        unsigned int skip;
        const char *begin;
    } steps[] = {
        { FAKE_ETH_CONFIGURE, 0, "null0: could not configure device" },
        { FAKE_ETH_SET_MTU, 0, "null0: could not set the MTU of device" },
        { FAKE_ETH_TX_QUEUE, 0, "null0: could not set up the tx queues of" },
        { FAKE_ETH_TX_QUEUE, 1, "null0: could not set up the tx queues of" },
        { FAKE_ETH_RX_QUEUE, 0, "null0: could not set up the rx queues of" },
        { FAKE_ETH_RX_QUEUE, 2, "null0: could not set up the rx queues of" },
        { FAKE_ETH_START, 0, "null0: could not start device 'net_null0'" },
        { FAKE_ETH_STOP, 0, "null0: could not stop device 'net_null0'" },
    };
    struct cfg_settings set = rig_settings("net_null0", 2, 1500);
    struct cfg_settings other = rig_settings("net_null0", 3, 6000);
    struct port *p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct port_running before = p->running;
        const struct mp *mp = p->mp;
        char *error;

        /* (A stop is tried twice.) */
        fake_ethdev_fail(steps[i].call, ENOMEM, steps[i].skip,
                         steps[i].call == FAKE_ETH_STOP ? 2 : 1);
        error = rig_set(p, &other, 2);
        assert_non_null(error);
        assert_memory_equal(error, steps[i].begin, strlen(steps[i].begin));
        if (steps[i].call != FAKE_ETH_STOP) {   /* the log has it */
            assert_non_null(strstr(error, "Cannot allocate memory"));
        }
        free(error);
        assert_memory_equal(&before, &p->running, sizeof before);
        assert_ptr_equal(p->mp, mp);
        assert_runs(p);
        assert_int_equal(rte_eth_dev_count_avail(), 1);
    }
    assert_null(rig_set(p, &other, 2));
    assert_int_equal(p->running.n_rxq, 3);
    assert_runs(p);
    rig_delete(p);
}

/* The old settings fail too: both errors are told, and the port comes back
 * with the next try. */
static void
test_failing_restore(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null0", 1, 1500);
    struct port *p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    char *error;

    set.n_rxq = 2;
    fake_ethdev_fail(FAKE_ETH_RX_QUEUE, EIO, 1, 2);
    error = rig_set(p, &set, 1);
    assert_non_null(error);
    assert_non_null(strstr(error, "and going back to the settings before "
                           "failed too, so that the port is down"));
    free(error);
    assert_int_equal(p->state, PORT_QUIESCED);
    assert_int_equal(rig_published, 0);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_RESTART);
    send_frames(p, 0, 2, 64);
    assert_int_equal(rig_stat(p, "tx_dropped"), 2);
    error = NULL;
    assert_int_equal(port_reconfigure(p, &error), 0);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);
    assert_int_equal(p->running.n_rxq, 2);
    assert_runs(p);
    rig_delete(p);
}

/* A port that could not be made leaves nothing: it can be made afterwards. */
static void
test_failing_creation(void **state OVS_UNUSED)
{
    static const enum fake_ethdev_call calls[] = {
        FAKE_ETH_INFO, FAKE_ETH_CALLBACK, FAKE_ETH_CONFIGURE,
        FAKE_ETH_SET_MTU, FAKE_ETH_TX_QUEUE, FAKE_ETH_RX_QUEUE,
        FAKE_ETH_START,
    };
    struct cfg_settings set = rig_settings("net_null0", 1, 1500);

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        fake_ethdev_fail(calls[i], EIO, 0, 1);
        rig_create_fails("null0", &set, "", "Input/output error");
        assert_int_equal(rte_eth_dev_count_total(), 0);
        fake_ethdev_reset();
    }
    rig_delete(rig_create(CFG_TYPE_DPDK, "null0", &set, 1));
}

/* Unplugged: the port says so, receives and sends nothing, and comes back
 * with the device. */
static void
test_removed_device(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    struct ethdev *dev = ethdev_cast(p);
    char *error = NULL;

    fake_ethdev_event(dev->port_id, RTE_ETH_EVENT_INTR_RMV);
    assert_int_equal(receive(p, 0), 0);
    send_frames(p, 0, 3, 64);
    assert_int_equal(rig_stat(p, "ovs_tx_failure_drops"), 3);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_RESTART);

    fake_ethdev_fail(FAKE_ETH_INFO, ENODEV, 0, UINT32_MAX);
    rig_run();
    assert_non_null(p->error);
    assert_non_null(strstr(p->error, "device 'net_null0' was removed from "
                           "the machine"));
    assert_int_equal(receive(p, 0), 0);
    send_frames(p, 0, 3, 64);
    assert_int_equal(rig_stat(p, "tx_dropped"), 6);
    free(port_describe(p));
    rig_run();

    fake_ethdev_reset();
    assert_int_equal(port_reconfigure(p, &error), 0);
    assert_null(p->error);
    assert_runs(p);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);
    rig_delete(p);
    assert_int_equal(rte_eth_dev_count_total(), 0);
}

static void
test_admin_state(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    struct rte_mbuf *frames[4];
    char *error = NULL;

    /* net_null knows no link state, which is no failure: the port is down
     * all the same. */
    assert_int_equal(port_set_admin_state(p, false, &error), 0);
    assert_false(p->admin_up);
    assert_int_equal(port_rx(p, 0, frames, 4), 0);
    send_frames(p, 0, 2, 64);
    assert_int_equal(rig_stat(p, "tx_dropped"), 2);
    assert_int_equal(port_set_admin_state(p, true, &error), 0);
    assert_runs(p);
    rig_delete(p);
}

#define TEST(NAME) \
    cmocka_unit_test_setup_teardown(NAME, reset, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_traffic_and_statistics),
        TEST(test_frames_longer_than_the_mtu),
        TEST(test_status_and_description),
        TEST(test_more_than_the_device_has),
        TEST(test_changes),
        TEST(test_unsupported_mtu),
        TEST(test_failing_steps),
        TEST(test_failing_restore),
        TEST(test_failing_creation),
        TEST(test_removed_device),
        TEST(test_admin_state),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
