/* SPDX-License-Identifier: Apache-2.0
 *
 * fake-ethdev.c: stands between the code under test and DPDK's ethdev
 * library; see fake-ethdev.h.
 *
 * A function defined in the program hides the one of the same name in a
 * shared library, which dlsym(RTLD_NEXT) still finds.
 */
#define _GNU_SOURCE 1
#include <config.h>
#include "tests/fake/fake-ethdev.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static struct {
    int error;
    unsigned int skip, times, calls;
} calls[FAKE_ETH_N_CALLS];

static struct fake_ethdev_limits limits;

static bool link_up;

static struct {
    struct {
        rte_eth_dev_cb_fn fn;
        void *aux;
    } on[RTE_ETH_EVENT_MAX];
    struct rte_eth_conf conf;
    struct rte_eth_fc_conf fc;
} devices[RTE_MAX_ETHPORTS];

void
fake_ethdev_fail(enum fake_ethdev_call call, int error, unsigned int skip,
                 unsigned int times)
{
    calls[call].error = error;
    calls[call].skip = skip;
    calls[call].times = times;
}

unsigned int
fake_ethdev_calls(enum fake_ethdev_call call)
{
    return calls[call].calls;
}

void
fake_ethdev_set_limits(const struct fake_ethdev_limits *l)
{
    limits = *l;
}

void
fake_ethdev_reset(void)
{
    memset(calls, 0, sizeof calls);
    memset(&limits, 0, sizeof limits);
    for (size_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
        memset(&devices[i].fc, 0, sizeof devices[i].fc);
    }
}

void
fake_ethdev_event(uint16_t id, enum rte_eth_event_type event)
{
    devices[id].on[event].fn(id, event, devices[id].on[event].aux, NULL);
}

const struct rte_eth_conf *
fake_ethdev_conf(uint16_t id)
{
    return &devices[id].conf;
}

const struct rte_eth_fc_conf *
fake_ethdev_flow_ctrl(uint16_t id)
{
    return &devices[id].fc;
}

void
fake_ethdev_set_link(bool up)
{
    link_up = up;
}

/* 0 where the call is to be passed on, else what it fails with. */
static int
failure(enum fake_ethdev_call call)
{
    calls[call].calls++;
    if (calls[call].skip) {
        calls[call].skip--;
    } else if (calls[call].times) {
        calls[call].times--;
        return -calls[call].error;
    }
    return 0;
}

/* The function of that name in DPDK. */
static void
find_real(const char *name, void *fn, size_t size)
{
    void *real = dlsym(RTLD_NEXT, name);

    if (!real || size != sizeof real) {
        fprintf(stderr, "no %s in a shared library\n", name);
        abort();
    }
    memcpy(fn, &real, size);
}

#define REAL(NAME) \
    static __typeof__(&NAME) real; \
    if (!real) { \
        find_real(#NAME, &real, sizeof real); \
    }

int
rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
    REAL(rte_eth_dev_info_get);
    int error = failure(FAKE_ETH_INFO);

    if (!error) {
        error = real(id, info);
    }
    if (limits.max_rxq) {
        info->max_rx_queues = limits.max_rxq;
    }
    if (limits.max_txq) {
        info->max_tx_queues = limits.max_txq;
    }
    if (limits.rx_desc.nb_max) {
        info->rx_desc_lim = limits.rx_desc;
    }
    if (limits.tx_desc.nb_max) {
        info->tx_desc_lim = limits.tx_desc;
    }
    if (limits.max_mtu) {
        info->max_mtu = limits.max_mtu;
    }
    if (limits.max_rx_pktlen) {
        info->max_rx_pktlen = limits.max_rx_pktlen;
    }
    if (limits.dev_flags) {
        info->dev_flags = &limits.dev_flags;
    }
    return error;
}

int
rte_eth_dev_configure(uint16_t id, uint16_t n_rxq, uint16_t n_txq,
                      const struct rte_eth_conf *conf)
{
    REAL(rte_eth_dev_configure);
    struct rte_eth_conf passed = *conf;
    int error = failure(FAKE_ETH_CONFIGURE);

    devices[id].conf = *conf;
    /* The device behind has no interrupts. */
    memset(&passed.intr_conf, 0, sizeof passed.intr_conf);
    return error ? error : real(id, n_rxq, n_txq, &passed);
}

int
rte_eth_dev_set_mtu(uint16_t id, uint16_t mtu)
{
    REAL(rte_eth_dev_set_mtu);
    int error = failure(FAKE_ETH_SET_MTU);

    return error ? error : real(id, mtu);
}

int
rte_eth_tx_queue_setup(uint16_t id, uint16_t q, uint16_t n_desc,
                       unsigned int socket, const struct rte_eth_txconf *conf)
{
    REAL(rte_eth_tx_queue_setup);
    int error = failure(FAKE_ETH_TX_QUEUE);

    return error ? error : real(id, q, n_desc, socket, conf);
}

int
rte_eth_rx_queue_setup(uint16_t id, uint16_t q, uint16_t n_desc,
                       unsigned int socket, const struct rte_eth_rxconf *conf,
                       struct rte_mempool *pool)
{
    REAL(rte_eth_rx_queue_setup);
    int error = failure(FAKE_ETH_RX_QUEUE);

    return error ? error : real(id, q, n_desc, socket, conf, pool);
}

int
rte_eth_dev_start(uint16_t id)
{
    REAL(rte_eth_dev_start);
    int error = failure(FAKE_ETH_START);

    return error ? error : real(id);
}

int
rte_eth_dev_stop(uint16_t id)
{
    REAL(rte_eth_dev_stop);
    int error = failure(FAKE_ETH_STOP);

    return error ? error : real(id);
}

int
rte_eth_dev_close(uint16_t id)
{
    REAL(rte_eth_dev_close);
    int error = failure(FAKE_ETH_CLOSE);

    return error ? error : real(id);
}

int
rte_eth_dev_callback_register(uint16_t id, enum rte_eth_event_type event,
                              rte_eth_dev_cb_fn fn, void *aux)
{
    REAL(rte_eth_dev_callback_register);
    int error = failure(FAKE_ETH_CALLBACK);

    if (!error) {
        devices[id].on[event].fn = fn;
        devices[id].on[event].aux = aux;
    }
    return error ? error : real(id, event, fn, aux);
}

int
rte_eth_promiscuous_enable(uint16_t id)
{
    REAL(rte_eth_promiscuous_enable);
    int error = failure(FAKE_ETH_PROMISCUOUS);

    return error ? error : real(id);
}

int
rte_eth_allmulticast_enable(uint16_t id)
{
    REAL(rte_eth_allmulticast_enable);
    int error = failure(FAKE_ETH_ALLMULTICAST);

    return error ? error : real(id);
}

int
rte_eth_dev_default_mac_addr_set(uint16_t id, struct rte_ether_addr *mac)
{
    REAL(rte_eth_dev_default_mac_addr_set);
    int error = failure(FAKE_ETH_SET_MAC);

    return error ? error : real(id, mac);
}

int
rte_eth_dev_flow_ctrl_get(uint16_t id, struct rte_eth_fc_conf *fc)
{
    REAL(rte_eth_dev_flow_ctrl_get);
    int error = failure(FAKE_ETH_FC_GET);

    if (!error && limits.flow_ctrl) {
        *fc = devices[id].fc;
        return 0;
    }
    return error ? error : real(id, fc);
}

int
rte_eth_dev_flow_ctrl_set(uint16_t id, struct rte_eth_fc_conf *fc)
{
    REAL(rte_eth_dev_flow_ctrl_set);
    int error = failure(FAKE_ETH_FC_SET);

    if (!error && limits.flow_ctrl) {
        devices[id].fc = *fc;
        return 0;
    }
    return error ? error : real(id, fc);
}

int
rte_eth_dev_reset(uint16_t id OVS_UNUSED)
{
    return failure(FAKE_ETH_RESET);
}

int
rte_eth_dev_set_link_down(uint16_t id)
{
    REAL(rte_eth_dev_set_link_down);
    int error = failure(FAKE_ETH_LINK_DOWN);

    return error ? error : real(id);
}

int
rte_eth_link_get_nowait(uint16_t id, struct rte_eth_link *link)
{
    REAL(rte_eth_link_get_nowait);
    int error = real(id, link);

    if (!error && limits.has_link) {
        link->link_status = link_up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
    }
    return error;
}

int
rte_eth_xstats_get(uint16_t id, struct rte_eth_xstat *xstats, unsigned int n)
{
    REAL(rte_eth_xstats_get);
    int error = failure(FAKE_ETH_XSTATS);

    return error ? error : real(id, xstats, n);
}

int
rte_dev_probe(const char *devargs)
{
    REAL(rte_dev_probe);
    bool fails = calls[FAKE_ETH_PROBE].times && !calls[FAKE_ETH_PROBE].skip;
    int error = failure(FAKE_ETH_PROBE);

    return fails ? error : real(devargs);
}

int
rte_dev_remove(struct rte_device *device)
{
    REAL(rte_dev_remove);
    int error = failure(FAKE_ETH_REMOVE);

    return error ? error : real(device);
}
