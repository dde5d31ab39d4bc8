/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev.c: the operations of a port on a DPDK device.
 *
 * rx and tx run in packet threads, everything else in the main thread; see
 * ethdev.h for the other files.
 */
#include <config.h>
#include "port/ethdev.h"

#include <errno.h>

#include <rte_mbuf.h>

#include "eal/log-modules.h"
#include "util.h"

#define this_module log_netdev_dpdk

static int
construct(struct port *p, char **errp)
{
    struct ethdev *dev = ethdev_cast(p);

    dev->port_id = RTE_MAX_ETHPORTS;
    return ethdev_attach(dev, errp);
}

static void
stop(struct port *p)
{
    struct ethdev *dev = ethdev_cast(p);
    int error;

    if (!dev->started) {
        return;
    }
    if (dev->loop) {
        ethdev_drain_loop(dev);
    }
    error = rte_eth_dev_stop(dev->port_id);
    if (error && !atomic_load_explicit(&dev->removed, memory_order_relaxed)) {
        VLOG_WARN("%s: could not stop the device: %s", p->name,
                  ethdev_strerror(error));
        return;                 /* it runs on: reconfigure() gives up */
    }
    dev->started = false;
}

static void
destruct(struct port *p)
{
    stop(p);
    ethdev_release(ethdev_cast(p));
}

/* Everything that comes along is for the switch to judge. */
static void
receive_all(struct ethdev *dev)
{
    int error = rte_eth_promiscuous_enable(dev->port_id);

    if (error && error != -ENOTSUP) {
        VLOG_WARN("%s: could not enable promiscuous mode: %s", dev->up.name,
                  ethdev_strerror(error));
    }
    error = rte_eth_allmulticast_enable(dev->port_id);
    if (error && error != -ENOTSUP) {
        VLOG_WARN("%s: could not receive all multicast: %s", dev->up.name,
                  ethdev_strerror(error));
    }
}

int
ethdev_start(struct ethdev *dev)
{
    int error = rte_eth_dev_start(dev->port_id);

    if (error) {
        return error;
    }
    dev->started = true;
    receive_all(dev);
    if (!dev->up.admin_up) {
        rte_eth_dev_set_link_down(dev->port_id);
    }
    ethdev_started(dev);
    return 0;
}

/* reconfigure() starts the device, so that it can go back where that fails.
 * A device that was removed stands still, with the port published. */
static int
start(struct port *p, char **errp)
{
    struct ethdev *dev = ethdev_cast(p);
    int error;

    if (dev->started
        || atomic_load_explicit(&dev->removed, memory_order_relaxed)) {
        return 0;
    }
    error = dev->broken ? -EIO : ethdev_start(dev);
    if (error) {
        *errp = xasprintf("%s: could not start device '%s': %s", p->name,
                          p->wanted.devargs,
                          dev->broken ? "it has no settings"
                          : ethdev_strerror(error));
    }
    return error;
}

static int
set_link(struct port *p, bool up)
{
    uint16_t id = ethdev_cast(p)->port_id;

    if (id == RTE_MAX_ETHPORTS) {
        return 0;               /* start() does it when there is a device */
    }
    return up ? rte_eth_dev_set_link_up(id) : rte_eth_dev_set_link_down(id);
}

static uint16_t
rx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t max)
{
    struct ethdev *dev = ethdev_cast(p);
    struct port_queue_counters *c = &p->rxc[q];
    uint64_t bytes = 0;
    uint16_t n;

    if (OVS_UNLIKELY(atomic_load_explicit(&dev->removed,
                                          memory_order_relaxed))) {
        return 0;
    }
    n = rte_eth_rx_burst(dev->port_id, q, m, max);
    for (uint16_t i = 0; i < n; i++) {
        bytes += m[i]->pkt_len;
    }
    c->packets += n;
    c->bytes += bytes;
    return n;
}

/* Frees what may not go out: frames longer than the MTU allows.  Returns how
 * many are left, moved to the front, and adds up their bytes. */
static uint16_t
drop_long(const struct ethdev *dev, struct port_queue_counters *c,
          struct rte_mbuf **m, uint16_t n, uint64_t *bytes)
{
    uint16_t left = 0;

    for (uint16_t i = 0; i < n; i++) {
        uint32_t len = m[i]->pkt_len;

        if (OVS_UNLIKELY(len > dev->max_len)) {
            c->mtu_drops++;
            rte_pktmbuf_free(m[i]);
            continue;
        }
        *bytes += len;
        m[left++] = m[i];
    }
    return left;
}

/* A frame for a driver that takes no chains (flat), or whose tx hands the
 * mbuf itself to a receiver that may write to it (unshared).  NULL: no memory
 * for the copy. */
static struct rte_mbuf *
make_fit(const struct ethdev *dev, struct rte_mbuf *m)
{
    bool flat = dev->multi_segs || m->nb_segs == 1;
    bool unshared = !dev->loop || rte_mbuf_refcnt_read(m) == 1;
    struct rte_mbuf *copy;

    if (flat && unshared) {
        return m;
    }
    copy = rte_pktmbuf_copy(m, dev->pool, 0, UINT32_MAX);
    rte_pktmbuf_free(m);
    if (copy && !dev->multi_segs && copy->nb_segs > 1) {
        rte_pktmbuf_free(copy);
        return NULL;
    }
    return copy;
}

static uint16_t
make_all_fit(const struct ethdev *dev, struct port_queue_counters *c,
             struct rte_mbuf **m, uint16_t n, uint64_t *bytes)
{
    uint16_t left = 0;

    for (uint16_t i = 0; i < n; i++) {
        uint32_t len = m[i]->pkt_len;
        struct rte_mbuf *fit = make_fit(dev, m[i]);

        if (OVS_LIKELY(fit)) {
            m[left++] = fit;
        } else {
            *bytes -= len;
            c->dropped++;
        }
    }
    return left;
}

static void
tx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    struct ethdev *dev = ethdev_cast(p);
    struct port_queue_counters *c = &p->txc[q];
    uint64_t bytes = 0;
    uint16_t sent = 0;

    n = drop_long(dev, c, m, n, &bytes);
    if (OVS_UNLIKELY(!dev->multi_segs || dev->loop)) {
        n = make_all_fit(dev, c, m, n, &bytes);
    }
    if (OVS_LIKELY(!atomic_load_explicit(&dev->removed,
                                         memory_order_relaxed))) {
        while (sent < n) {
            uint16_t k = rte_eth_tx_burst(dev->port_id, q, m + sent,
                                          (uint16_t) (n - sent));

            if (!k) {
                break;
            }
            sent = (uint16_t) (sent + k);
        }
    }
    if (OVS_UNLIKELY(sent < n)) {
        for (uint16_t i = sent; i < n; i++) {
            bytes -= m[i]->pkt_len;
        }
        rte_pktmbuf_free_bulk(m + sent, (unsigned int) (n - sent));
        c->dropped += (uint64_t) (n - sent);
    }
    c->packets += sent;
    c->bytes += bytes;
}

const struct port_class ethdev_class = {
    .kind = CFG_TYPE_DPDK,
    .type = "dpdk",
    .pmd = true,
    .dpdk = true,
    .device_calls = true,
    .size = sizeof(struct ethdev),
    .construct = construct,
    .destruct = destruct,
    .plan = ethdev_plan,
    .mempool_request = ethdev_mempool_request,
    .check = ethdev_check,
    .reconfigure = ethdev_reconfigure,
    .start = start,
    .stop = stop,
    .rx = rx,
    .tx = tx,
    .sample = ethdev_sample,
    .get_stats = ethdev_get_stats,
    .get_status = ethdev_get_status,
    .get_link = ethdev_get_link,
    .describe = ethdev_describe,
    .set_link = set_link,
    .run = ethdev_run,
    .run_class = ethdev_run_class,
    .wait_class = ethdev_wait_class,
    .mbuf_need = ethdev_mbuf_need,
};
