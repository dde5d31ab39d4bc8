/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-stats.c: what a DPDK device tells about itself: statistics, status,
 * link, the text of dpif/show.
 *
 * Main thread, but for ethdev_sample().  Counters of packet threads are read
 * as they change.
 */
#include <config.h>
#include "port/ethdev.h"

#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ether.h>

#include "eal/eal.h"
#include "smap.h"
#include "util.h"

/* Drivers' names for totals that are given under the common ones. */
static const char *const totals[] = {
    "rx_good_packets", "rx_good_bytes", "tx_good_packets", "tx_good_bytes",
    "rx_packets", "rx_bytes", "rx_errors", "rx_dropped",
    "tx_packets", "tx_bytes", "tx_errors", "tx_dropped",
};

static bool
is_total(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
        if (!strcmp(name, totals[i])) {
            return true;
        }
    }
    return false;
}

static void
add_xstats(const struct ethdev *dev, struct port_stats *stats)
{
    int n = rte_eth_xstats_get_names(dev->port_id, NULL, 0);
    struct rte_eth_xstat_name *names;
    struct rte_eth_xstat *v;

    if (n <= 0) {
        return;
    }
    names = xcalloc((size_t) n, sizeof *names);
    v = xcalloc((size_t) n, sizeof *v);
    if (rte_eth_xstats_get_names(dev->port_id, names, (unsigned int) n) == n
        && rte_eth_xstats_get(dev->port_id, v, (unsigned int) n) == n) {
        for (int i = 0; i < n; i++) {
            if (v[i].id < (uint64_t) n && !is_total(names[v[i].id].name)) {
                port_stat_addf(stats, v[i].value, "%s",
                               names[v[i].id].name);
            }
        }
    }
    free(names);
    free(v);
}

static void
sum_queues(const struct port_queue_counters *c, size_t n,
           struct port_queue_counters *sum)
{
    memset(sum, 0, sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        sum->packets += c[i].packets;
        sum->bytes += c[i].bytes;
        sum->dropped += c[i].dropped;
        sum->mtu_drops += c[i].mtu_drops;
    }
}

bool
ethdev_sample(const struct port *p, struct port_sample *sample)
{
    const struct ethdev *dev = CONTAINER_OF(p, struct ethdev, up);
    struct rte_eth_stats s;

    if (dev->port_id == RTE_MAX_ETHPORTS
        || rte_eth_stats_get(dev->port_id, &s)) {
        return false;
    }
    sample->totals[PORT_SAMPLE_RX_DROPPED] = s.imissed + s.rx_nombuf;
    sample->totals[PORT_SAMPLE_RX_ERRORS] = s.ierrors;
    sample->totals[PORT_SAMPLE_TX_ERRORS] = s.oerrors;
    add_xstats(dev, &sample->own);
    return true;
}

void
ethdev_get_stats(struct port *p, struct port_stats *stats)
{
    struct port_queue_counters rx, tx;

    /* Packets and bytes as the switch saw them: some drivers count no bytes,
     * some begin anew with each change of settings. */
    sum_queues(p->rxc, PORT_MAX_RXQ, &rx);
    sum_queues(p->txc, PORT_MAX_TXQ, &tx);
    port_stat_add(stats, "rx_packets", rx.packets);
    port_stat_add(stats, "rx_bytes", rx.bytes);
    port_stat_add(stats, "rx_dropped", rx.dropped);
    port_stat_add(stats, "rx_errors", 0);
    port_stat_add(stats, "tx_packets", tx.packets);
    port_stat_add(stats, "tx_bytes", tx.bytes);
    port_stat_add(stats, "tx_dropped", tx.dropped + tx.mtu_drops);
    port_stat_add(stats, "tx_errors", 0);
    port_stat_add(stats, "ovs_tx_failure_drops", tx.dropped);
    port_stat_add(stats, "ovs_tx_mtu_exceeded_drops", tx.mtu_drops);
    port_stat_add(stats, "ovs_tx_invalid_hwol_drops", 0);
}

static char *
speed_to_string(uint32_t mbps)
{
    return (mbps == RTE_ETH_SPEED_NUM_NONE
            || mbps == RTE_ETH_SPEED_NUM_UNKNOWN ? xstrdup("Unknown")
            : mbps % 1000 == 0 ? xasprintf("%uGbps", mbps / 1000)
            : mbps > 1000 ? xasprintf("%u.%uGbps", mbps / 1000,
                                      mbps % 1000 / 100)
            : xasprintf("%uMbps", mbps));
}

static void
add_device_status(const struct ethdev *dev, struct smap *status)
{
    struct rte_eth_dev_info info;
    struct rte_eth_link link;
    const char *bus_info;

    memset(&info, 0, sizeof info);
    memset(&link, 0, sizeof link);
    if (rte_eth_dev_info_get(dev->port_id, &info)) {
        return;
    }
    rte_eth_link_get_nowait(dev->port_id, &link);
    bus_info = rte_dev_bus_info(info.device);
    smap_add_format(status, "bus_info", "bus_name=%s%s%s",
                    rte_bus_name(rte_dev_bus(info.device)),
                    bus_info ? ", " : "", bus_info ? bus_info : "");
    smap_add(status, "driver_name", info.driver_name);
    smap_add_format(status, "if_descr", "%s %s", eal_version(),
                    info.driver_name);
    smap_add_nocopy(status, xstrdup("link_speed"),
                    speed_to_string(link.link_speed));
    smap_add_format(status, "max_hash_mac_addrs", "%u",
                    info.max_hash_mac_addrs);
    smap_add_format(status, "max_mac_addrs", "%u", info.max_mac_addrs);
    smap_add_format(status, "max_rx_queues", "%u", info.max_rx_queues);
    smap_add_format(status, "max_tx_queues", "%u", info.max_tx_queues);
    smap_add_format(status, "max_vfs", "%u", info.max_vfs);
    smap_add_format(status, "max_vmdq_pools", "%u", info.max_vmdq_pools);
    smap_add_format(status, "min_rx_bufsize", "%u", info.min_rx_bufsize);
    smap_add_format(status, "numa_id", "%d", dev->socket);
    smap_add_format(status, "port_no", "%u", dev->port_id);
}

void
ethdev_get_status(const struct port *p, struct smap *status)
{
    const struct ethdev *dev = ethdev_cast(p);
    const struct port_running *r = &p->running;

    smap_add(status, "if_type", "6");       /* IANA: ethernetCsmacd */
    if (dev->port_id != RTE_MAX_ETHPORTS) {
        add_device_status(dev, status);
    }
    smap_add_format(status, "max_rx_pktlen", "%u",
                    r->mtu + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN);
    smap_add_format(status, "n_rxq", "%u", r->n_rxq);
    smap_add_format(status, "n_txq", "%u", r->n_txq);
    smap_add_format(status, "n_rxq_desc", "%u", r->n_rxq_desc);
    smap_add_format(status, "n_txq_desc", "%u", r->n_txq_desc);
}

void
ethdev_get_link(const struct port *p, struct port_link *link)
{
    const struct ethdev *dev = ethdev_cast(p);
    struct rte_ether_addr mac;
    struct rte_eth_link l;

    link->mtu = p->running.mtu;
    link->admin_up = p->admin_up;
    link->resets = dev->link_resets;
    if (dev->port_id == RTE_MAX_ETHPORTS) {
        return;
    }
    if (!rte_eth_macaddr_get(dev->port_id, &mac)) {
        memcpy(link->mac, &mac, sizeof link->mac);
    }
    memset(&l, 0, sizeof l);
    if (dev->started && !rte_eth_link_get_nowait(dev->port_id, &l)
        && l.link_status == RTE_ETH_LINK_UP) {
        link->up = true;
        link->duplex = l.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
        link->speed_bps = (l.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0
                           : l.link_speed * UINT64_C(1000000));
    }
}

char *
ethdev_describe(const struct port *p)
{
    const struct ethdev *dev = ethdev_cast(p);
    const struct port_running *r = &p->running;
    bool vf = (dev->limits.dev_flags & RTE_ETH_DEV_REPRESENTOR
               && p->wanted.vf_mac);

    return xasprintf("dpdk: configured_rx_queues=%u, "
                     "configured_rxq_descriptors=%u, "
                     "configured_tx_queues=%u, "
                     "configured_txq_descriptors=%u, %s%s%s"
                     "lsc_interrupt_mode=%s, mtu=%u, "
                     "requested_rx_queues=%u, "
                     "requested_rxq_descriptors=%u, "
                     "requested_tx_queues=%u, "
                     "requested_txq_descriptors=%u, "
                     "rx_csum_offload=false, tx_tso_offload=false",
                     r->n_rxq, r->n_rxq_desc, r->n_txq, r->n_txq_desc,
                     vf ? "dpdk-vf-mac=" : "", vf ? p->wanted.vf_mac : "",
                     vf ? ", " : "", dev->lsc ? "true" : "false", r->mtu,
                     p->wanted.n_rxq, p->wanted.n_rxq_desc,
                     p->want_n_txq, p->wanted.n_txq_desc);
}
