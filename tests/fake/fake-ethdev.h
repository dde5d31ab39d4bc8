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
};
void fake_ethdev_set_limits(const struct fake_ethdev_limits *);

/* The device goes away: the event that a driver would raise.  What probing
 * it says afterwards is DPDK's business. */
void fake_ethdev_remove(uint16_t port_id);

/* Back to devices as they are. */
void fake_ethdev_reset(void);

#endif
