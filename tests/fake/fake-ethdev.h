/* SPDX-License-Identifier: Apache-2.0
 *
 * fake-ethdev.h: DPDK devices that fail on demand, for tests.
 *
 * The devices are real ones (virtual devices such as net_null).  A program
 * that links this file calls DPDK's control functions through it: each is
 * passed on, or fails where the test said so.  What a device says of itself
 * can be cut down.  rx and tx are not touched.
 *
 * One thread.
 */
#ifndef FAKE_ETHDEV_H
#define FAKE_ETHDEV_H 1

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

enum fake_ethdev_call {
    FAKE_ETH_INFO,              /* rte_eth_dev_info_get() */
    FAKE_ETH_CONFIGURE,
    FAKE_ETH_SET_MTU,
    FAKE_ETH_TX_QUEUE,
    FAKE_ETH_RX_QUEUE,
    FAKE_ETH_START,
    FAKE_ETH_STOP,
    FAKE_ETH_CLOSE,
    FAKE_ETH_CALLBACK,          /* rte_eth_dev_callback_register() */
    FAKE_ETH_PROMISCUOUS,       /* rte_eth_promiscuous_enable() */
    FAKE_ETH_ALLMULTICAST,
    FAKE_ETH_SET_MAC,
    FAKE_ETH_FC_GET,            /* rte_eth_dev_flow_ctrl_get() */
    FAKE_ETH_FC_SET,
    FAKE_ETH_RESET,             /* passed on, it succeeds */
    FAKE_ETH_LINK_DOWN,         /* rte_eth_dev_set_link_down() */
    FAKE_ETH_XSTATS,
    FAKE_ETH_PROBE,             /* rte_dev_probe(); with error 0 it succeeds
                                 * and does nothing */
    FAKE_ETH_REMOVE,            /* rte_dev_remove() */
    FAKE_ETH_N_CALLS
};

/* After `skip` more calls, the next `times` fail with -`error`. */
void fake_ethdev_fail(enum fake_ethdev_call, int error, unsigned int skip,
                      unsigned int times);
unsigned int fake_ethdev_calls(enum fake_ethdev_call);

/* What devices say of themselves from now on, where it is not 0. */
struct fake_ethdev_limits {
    uint16_t max_rxq, max_txq;
    struct rte_eth_desc_lim rx_desc, tx_desc;
    uint16_t max_mtu;
    uint32_t max_rx_pktlen;
    uint32_t dev_flags;         /* RTE_ETH_DEV_* */
    bool flow_ctrl;             /* has flow control, off at first */
    bool has_link;              /* fake_ethdev_set_link() says how it is */
};
void fake_ethdev_set_limits(const struct fake_ethdev_limits *);

/* The event that a driver would raise in DPDK's interrupt thread.  What probing
 * a device that went away says afterwards is DPDK's business. */
void fake_ethdev_event(uint16_t port_id, enum rte_eth_event_type);

/* The configuration that device `port_id` got last. */
const struct rte_eth_conf *fake_ethdev_conf(uint16_t port_id);
const struct rte_eth_fc_conf *fake_ethdev_flow_ctrl(uint16_t port_id);

/* With `has_link`: the link as the driver sees it. */
void fake_ethdev_set_link(bool up);

/* Back to devices as they are. */
void fake_ethdev_reset(void);

#endif
