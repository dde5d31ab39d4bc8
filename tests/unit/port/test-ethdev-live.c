/* SPDX-License-Identifier: Apache-2.0
 *
 * test-ethdev-live.c: what a DPDK device may have or not: link interrupts,
 * flow control, an address that can be set, resets.  A port on a device
 * without runs without, and says so; a driver call that fails leaves the
 * device as it was.  On net_null with what the fake lends it.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "port/ethdev.h"
#include "tests/fake/fake-ethdev.h"
#include "tests/unit/port/port-rig.h"
#include "timeval.h"
#include "util.h"

#define MAC1 "02:00:00:00:00:01"
#define MAC2 "02:00:00:00:00:02"
#define CONST_TEXT(S) CONST_CAST(char *, S)

static int
reset(void **state OVS_UNUSED)
{
    fake_ethdev_reset();
    rig_quiesced = rig_published = 0;
    return 0;
}

static void
assert_runs(struct port *p)
{
    struct rte_mbuf *m[PORT_BURST];

    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(port_rx(p, 0, m, PORT_BURST), PORT_BURST);
    rte_pktmbuf_free_bulk(m, PORT_BURST);
}

static void
assert_mac(struct port *p, const char *expected)
{
    char mac[RTE_ETHER_ADDR_FMT_SIZE];
    struct port_link link;

    rig_wait_for_samples();
    port_get_link(p, &link);
    snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", link.mac[0],
             link.mac[1], link.mac[2], link.mac[3], link.mac[4], link.mac[5]);
    assert_string_equal(mac, expected);
}

/* Sets without a stop. */
static void
set_live(struct port *p, const struct cfg_settings *set)
{
    unsigned int quiesced = rig_quiesced;

    assert_null(rig_set(p, set, 1));
    assert_int_equal(rig_quiesced, quiesced);
    assert_runs(p);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);
}

static const struct rte_eth_fc_conf *
fc_of(const struct port *p)
{
    return fake_ethdev_flow_ctrl(ethdev_cast(p)->port_id);
}

static void
test_address(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    struct port_link own;

    rig_wait_for_samples();
    port_get_link(p, &own);
    assert_int_equal(fake_ethdev_calls(FAKE_ETH_SET_MAC), 0);
    set.mac = CONST_TEXT(MAC1);
    set_live(p, &set);
    assert_mac(p, MAC1);

    /* Refused: the one before stays, and that is said. */
    fake_ethdev_fail(FAKE_ETH_SET_MAC, ENOTSUP, 0, 1);
    set.mac = CONST_TEXT(MAC2);
    set_live(p, &set);
    assert_mac(p, MAC1);
    assert_null(p->error);
    assert_string_equal(p->remark, "null0: device 'net_null0' does not take "
                        "address " MAC2 ": Operation not supported");

    /* With a restart it is tried again. */
    set.n_rxq = 2;
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(rig_quiesced, 1);
    assert_mac(p, MAC2);
    assert_null(p->remark);

    set.mac = NULL;                     /* back to its own */
    set_live(p, &set);
    rig_wait_for_samples();
    port_get_link(p, &own);
    assert_memory_equal(own.mac, &ethdev_cast(p)->own_mac, sizeof own.mac);
    rig_delete(p);

    set.mac = CONST_TEXT(MAC1);
    fake_ethdev_fail(FAKE_ETH_SET_MAC, EIO, 0, 1);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    assert_non_null(strstr(p->remark, MAC1 ": Input/output error"));
    assert_runs(p);
    rig_delete(p);
}

/* A device that takes an address only while it stands still. */
static void
test_address_at_rest(void **state OVS_UNUSED)
{
    struct fake_ethdev_limits limits = {
        .dev_flags = RTE_ETH_DEV_NOLIVE_MAC_ADDR,
    };
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p;

    fake_ethdev_set_limits(&limits);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    set.mac = CONST_TEXT(MAC1);
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(rig_quiesced, 1);
    assert_mac(p, MAC1);
    assert_runs(p);
    rig_delete(p);
}

static void
test_vf_address(void **state OVS_UNUSED)
{
    struct fake_ethdev_limits limits = {
        .dev_flags = RTE_ETH_DEV_REPRESENTOR,
    };
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p;
    char *text;

    set.mac = CONST_TEXT(MAC1);
    set.vf_mac = CONST_TEXT(MAC2);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    assert_mac(p, MAC1);
    assert_string_equal(p->remark, "null0: device 'net_null0' is no VF "
                        "representor: options:dpdk-vf-mac has no effect "
                        "(column mac sets the address of a device)");
    set.vf_mac = NULL;
    set_live(p, &set);
    assert_null(p->remark);
    rig_delete(p);

    fake_ethdev_set_limits(&limits);
    set.vf_mac = CONST_TEXT(MAC2);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    assert_mac(p, MAC2);
    assert_null(p->remark);
    text = port_describe(p);
    assert_non_null(strstr(text, ", dpdk-vf-mac=" MAC2 ", lsc_interrupt"));
    free(text);
    rig_delete(p);
}

static void
test_flow_control(void **state OVS_UNUSED)
{
    static const struct {
        bool rx, tx, autoneg;
        enum rte_eth_fc_mode mode;
    } cases[] = {
        { true, false, false, RTE_ETH_FC_RX_PAUSE },
        { false, true, false, RTE_ETH_FC_TX_PAUSE },
        { true, true, true, RTE_ETH_FC_FULL },
        { false, false, true, RTE_ETH_FC_NONE },
        { false, false, false, RTE_ETH_FC_NONE },
    };
    struct fake_ethdev_limits limits = { .flow_ctrl = true };
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p;

    fake_ethdev_set_limits(&limits);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    /* Nobody asked: the device is not even spoken to. */
    assert_int_equal(fake_ethdev_calls(FAKE_ETH_FC_GET), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        set.flow_ctrl = true;
        set.rx_flow_ctrl = cases[i].rx;
        set.tx_flow_ctrl = cases[i].tx;
        set.flow_ctrl_autoneg = cases[i].autoneg;
        set_live(p, &set);
        assert_int_equal(fc_of(p)->mode, cases[i].mode);
        assert_int_equal(fc_of(p)->autoneg, cases[i].autoneg);
        assert_null(p->remark);
    }
    /* Also after a restart; and no longer asked for, what it was before. */
    set.rx_flow_ctrl = true;
    set.n_rxq = 2;
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(fc_of(p)->mode, RTE_ETH_FC_RX_PAUSE);
    set.flow_ctrl = set.rx_flow_ctrl = false;
    set_live(p, &set);
    assert_int_equal(fc_of(p)->mode, RTE_ETH_FC_NONE);
    rig_delete(p);
}

static void
test_flow_control_refused(void **state OVS_UNUSED)
{
    struct fake_ethdev_limits limits = { .flow_ctrl = true };
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p;

    set.flow_ctrl = true;               /* asked for, as off */
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    assert_null(p->remark);
    set.tx_flow_ctrl = true;
    set_live(p, &set);
    assert_string_equal(p->remark, "null0: device 'net_null0' has no flow "
                        "control: options:rx-flow-ctrl and tx-flow-ctrl have "
                        "no effect");
    fake_ethdev_set_limits(&limits);
    fake_ethdev_fail(FAKE_ETH_FC_GET, EIO, 0, 1);
    set.flow_ctrl_autoneg = true;
    set_live(p, &set);
    assert_string_equal(p->remark, "null0: device 'net_null0' does not tell "
                        "its flow control: Input/output error");
    fake_ethdev_fail(FAKE_ETH_FC_SET, EIO, 0, 1);
    set.flow_ctrl_autoneg = false;
    set_live(p, &set);
    assert_string_equal(p->remark, "null0: device 'net_null0' does not take "
                        "the flow control asked for: Input/output error");
    set.flow_ctrl = set.tx_flow_ctrl = false;
    set_live(p, &set);
    assert_null(p->remark);
    rig_delete(p);
}

static void
test_link_interrupt(void **state OVS_UNUSED)
{
    struct fake_ethdev_limits limits = {
        .dev_flags = RTE_ETH_DEV_INTR_LSC | RTE_ETH_DEV_INTR_RMV,
        .has_link = true,
    };
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port_link link;
    struct port *p;
    uint16_t id;
    char *text;

    fake_ethdev_set_limits(&limits);
    fake_ethdev_set_link(true);
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    id = ethdev_cast(p)->port_id;
    assert_int_equal(fake_ethdev_conf(id)->intr_conf.lsc, 0);
    assert_int_equal(fake_ethdev_conf(id)->intr_conf.rmv, 1);

    /* Polled once a second. */
    fake_ethdev_set_link(false);
    rig_run();
    assert_true(ethdev_cast(p)->link_up);
    ethdev_cast(p)->next_poll = time_msec();
    rig_run();
    assert_false(ethdev_cast(p)->link_up);
    assert_in_range(ethdev_cast(p)->next_poll, time_msec(),
                    time_msec() + 1000);

    fake_ethdev_set_link(true);
    set.lsc_interrupt = true;
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(rig_quiesced, 1);
    assert_int_equal(fake_ethdev_conf(id)->intr_conf.lsc, 1);
    assert_null(p->remark);
    text = port_describe(p);
    assert_non_null(strstr(text, "lsc_interrupt_mode=true"));
    free(text);

    /* Nobody looks without being told. */
    assert_int_equal(ethdev_cast(p)->next_poll, LLONG_MAX);
    fake_ethdev_set_link(false);
    rig_run();
    assert_true(ethdev_cast(p)->link_up);
    fake_ethdev_event(id, RTE_ETH_EVENT_INTR_LSC);
    rig_run();
    assert_false(ethdev_cast(p)->link_up);
    rig_wait_for_samples();
    port_get_link(p, &link);
    assert_int_equal(link.resets, 2);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);

    set.lsc_interrupt = false;
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(fake_ethdev_conf(id)->intr_conf.lsc, 0);
    rig_delete(p);
}

static void
test_no_link_interrupt(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null0", 1, 0);
    struct port *p;

    set.lsc_interrupt = true;
    p = rig_create(CFG_TYPE_DPDK, "null0", &set, 1);
    assert_int_equal(fake_ethdev_conf(ethdev_cast(p)->port_id)->intr_conf.lsc,
                     0);
    assert_string_equal(p->remark, "null0: device 'net_null0' has no link "
                        "interrupts: its link is polled in spite of "
                        "options:dpdk-lsc-interrupt");
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);
    assert_runs(p);
    set.lsc_interrupt = false;
    set_live(p, &set);
    assert_null(p->remark);
    rig_delete(p);
}

/* A driver that asks for a reset gets one, and its port goes on. */
static void
test_reset(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    struct ethdev *dev = ethdev_cast(p);

    fake_ethdev_event(dev->port_id, RTE_ETH_EVENT_INTR_RESET);
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_RESTART);
    rig_run();
    assert_int_equal(fake_ethdev_calls(FAKE_ETH_RESET), 1);
    assert_int_equal(rig_quiesced, 1);
    assert_runs(p);
    rig_run();
    assert_int_equal(fake_ethdev_calls(FAKE_ETH_RESET), 1);

    /* Not yet possible: the port says why, and tries again a second later. */
    fake_ethdev_fail(FAKE_ETH_RESET, EAGAIN, 0, 1);
    fake_ethdev_event(dev->port_id, RTE_ETH_EVENT_INTR_RESET);
    rig_run();
    assert_int_equal(p->state, PORT_QUIESCED);
    assert_non_null(p->error);
    assert_non_null(strstr(p->error, "null0: device 'net_null0' needs a "
                           "reset, which failed, so that the port is down: "
                           "Resource temporarily unavailable"));
    rig_run();
    assert_int_equal(p->state, PORT_QUIESCED);
    dev->next_reset = time_msec();
    rig_run();
    assert_null(p->error);
    assert_runs(p);
    rig_delete(p);
}

/* Offloads: only what the driver has, and nothing that no other port can make
 * use of. */
static void
test_offloads(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 4, 1);
    const struct ethdev *dev = ethdev_cast(p);
    const struct rte_eth_conf *conf = fake_ethdev_conf(dev->port_id);

    assert_int_equal(conf->rxmode.offloads, 0);
    assert_int_equal(conf->txmode.offloads,
                     dev->limits.tx_offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
    assert_int_equal(conf->rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
    assert_int_not_equal(conf->rx_adv_conf.rss_conf.rss_hf, 0);
    assert_int_equal(conf->rx_adv_conf.rss_conf.rss_hf
                     & ~dev->limits.rss_hf, 0);
    rig_delete(p);

    p = rig_create_dpdk("null0", "net_null0", 1, 1);
    conf = fake_ethdev_conf(ethdev_cast(p)->port_id);
    assert_int_equal(conf->rxmode.mq_mode, RTE_ETH_MQ_RX_NONE);
    rig_delete(p);
}

/* What a port can do without fails: it runs all the same. */
static void
test_failures_that_do_not_matter(void **state OVS_UNUSED)
{
    struct port *p;
    char *error = NULL;

    fake_ethdev_fail(FAKE_ETH_PROMISCUOUS, EIO, 0, 1);
    fake_ethdev_fail(FAKE_ETH_ALLMULTICAST, EIO, 0, 1);
    p = rig_create_dpdk("null0", "net_null0", 1, 1);
    assert_runs(p);
    fake_ethdev_fail(FAKE_ETH_XSTATS, EIO, 0, 1);
    assert_int_equal(rig_stat(p, "rx_packets"), PORT_BURST);

    /* The link stays as it was, and so does the port. */
    fake_ethdev_fail(FAKE_ETH_LINK_DOWN, EIO, 0, 1);
    assert_int_equal(port_set_admin_state(p, false, &error), -EIO);
    assert_string_equal(error, "null0: could not set the link down: "
                        "Input/output error");
    free(error);
    assert_true(p->admin_up);
    assert_runs(p);
    fake_ethdev_fail(FAKE_ETH_LINK_DOWN, 1, 0, 1);
    assert_int_equal(port_set_admin_state(p, false, &error), -1);
    assert_string_equal(error, "null0: could not set the link down: refused "
                        "by its driver");
    free(error);

    fake_ethdev_fail(FAKE_ETH_CLOSE, EIO, 0, 1);
    rig_delete(p);
    assert_int_equal(rte_eth_dev_count_total(), 0);
    fake_ethdev_fail(FAKE_ETH_REMOVE, EIO, 0, 1);
    rig_delete(rig_create_dpdk("null9", "net_null9", 1, 1));
    rig_delete(rig_create_dpdk("null0", "net_null0", 1, 1));
    assert_int_equal(rte_eth_dev_count_total(), 0);
}

/* A device that was removed has no link to set: it is set when it is back. */
static void
test_admin_state_while_removed(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    char *error = NULL;

    fake_ethdev_fail(FAKE_ETH_INFO, ENODEV, 0, UINT32_MAX);
    fake_ethdev_event(ethdev_cast(p)->port_id, RTE_ETH_EVENT_INTR_RMV);
    rig_run();
    assert_non_null(p->error);
    assert_int_equal(port_set_admin_state(p, false, &error), 0);
    assert_int_equal(fake_ethdev_calls(FAKE_ETH_LINK_DOWN), 0);
    fake_ethdev_reset();
    assert_int_equal(port_reconfigure(p, &error), 0);
    assert_int_equal(fake_ethdev_calls(FAKE_ETH_LINK_DOWN), 1);
    rig_delete(p);
}

#define TEST(NAME) \
    cmocka_unit_test_setup_teardown(NAME, reset, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_address),
        TEST(test_address_at_rest),
        TEST(test_vf_address),
        TEST(test_flow_control),
        TEST(test_flow_control_refused),
        TEST(test_link_interrupt),
        TEST(test_no_link_interrupt),
        TEST(test_reset),
        TEST(test_offloads),
        TEST(test_failures_that_do_not_matter),
        TEST(test_admin_state_while_removed),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
