/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-conf.c: from wanted settings to granted ones, and to the device.
 *
 * What a device offers is read once, when it is attached (struct
 * ethdev_limits).  ethdev_grant() cuts the wanted numbers to it, and plan()
 * compares the result with what is running: asking again for more than the
 * device has changes nothing.
 *
 * Main thread only; reconfigure() with the port quiesced.
 */
#include <config.h>
#include "port/ethdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eal/log-modules.h"
#include "mem/mp-size.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define this_module log_netdev_dpdk

/* Mbufs in a ring of net_ring, which is made with 1,024 places. */
enum { LOOP_RING_MBUFS = 1023 };

void
ethdev_limits_from_info(const struct rte_eth_dev_info *info,
                        unsigned int quirks, struct ethdev_limits *limits)
{
    uint32_t overhead = MP_L2_OVERHEAD;

    /* Where a driver gives both, their difference is what it counts besides
     * the MTU. */
    if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu) {
        overhead = info->max_rx_pktlen - info->max_mtu;
    }
    memset(limits, 0, sizeof *limits);
    limits->max_rxq = MIN(info->max_rx_queues, PORT_MAX_RXQ);
    limits->max_txq = MIN(info->max_tx_queues, PORT_MAX_TXQ);
    limits->rx_desc = info->rx_desc_lim;
    limits->tx_desc = info->tx_desc_lim;
    limits->min_mtu = MAX(info->min_mtu, CFG_MTU_MIN);
    limits->max_mtu = MIN(info->max_mtu, CFG_MTU_MAX);
    if (info->max_rx_pktlen) {
        uint32_t fits = (info->max_rx_pktlen > overhead
                         ? info->max_rx_pktlen - overhead : 0);

        limits->max_mtu = MIN(limits->max_mtu, fits);
    }
    limits->rss_hf = info->flow_type_rss_offloads;
    limits->tx_offloads = info->tx_offload_capa;
    limits->dev_flags = info->dev_flags ? *info->dev_flags : 0;
    limits->quirks = quirks;
}

/* A wanted number of descriptors, as near as the device can. */
static uint16_t
grant_desc(const struct rte_eth_desc_lim *lim, uint32_t want)
{
    uint32_t align = MAX(lim->nb_align, 1);
    uint32_t max = lim->nb_max ? lim->nb_max : UINT16_MAX;
    uint32_t n = ROUND_UP(want, align);

    if (n > max) {
        n = ROUND_DOWN(max, align);
    }
    if (n < lim->nb_min) {
        n = ROUND_UP((uint32_t) lim->nb_min, align);
    }
    return (uint16_t) MIN(n, UINT16_MAX);
}

void
ethdev_grant(const struct ethdev_limits *limits,
             const struct cfg_settings *set, uint16_t n_txq,
             const struct port_running *now, int socket,
             struct port_running *granted)
{
    uint16_t rx = (uint16_t) MIN(MAX(set->n_rxq, 1), limits->max_rxq);
    uint16_t tx = (uint16_t) MIN(MAX(n_txq, 1), limits->max_txq);

    if (limits->quirks & ETHDEV_EQUAL_QUEUES) {
        rx = MIN(rx, limits->max_txq);
        tx = rx;
    } else if (limits->quirks & ETHDEV_LOOP) {
        tx = MIN(tx, rx);       /* nothing may go where nobody polls */
    }
    *granted = (struct port_running) {
        .valid = true,
        .mtu = (set->mtu ? set->mtu
                : now->valid ? now->mtu
                : MIN(CFG_MTU_DEFAULT, limits->max_mtu)),
        .socket = socket,
        .n_rxq = rx,
        .n_txq = tx,
        .n_rxq_desc = grant_desc(&limits->rx_desc, set->n_rxq_desc),
        .n_txq_desc = grant_desc(&limits->tx_desc, set->n_txq_desc),
    };
}

static void
grant(const struct port *p, struct port_running *granted)
{
    const struct ethdev *dev = ethdev_cast(p);

    ethdev_grant(&dev->limits, &p->wanted, p->want_n_txq, &p->running,
                 dev->socket, granted);
}

static bool
mtu_supported(const struct ethdev *dev, uint32_t mtu)
{
    return mtu >= dev->limits.min_mtu && mtu <= dev->limits.max_mtu;
}

static bool
running_equal(const struct port_running *a, const struct port_running *b)
{
    return (a->valid == b->valid && a->mtu == b->mtu
            && a->socket == b->socket
            && a->n_rxq == b->n_rxq && a->n_txq == b->n_txq
            && a->n_rxq_desc == b->n_rxq_desc
            && a->n_txq_desc == b->n_txq_desc);
}

static bool
wants_lsc(const struct ethdev *dev)
{
    return (dev->up.wanted.lsc_interrupt
            && dev->limits.dev_flags & RTE_ETH_DEV_INTR_LSC);
}

static enum port_change
plan_live(const struct ethdev *dev)
{
    struct ethdev_live want;

    ethdev_want_live(dev, &want);
    if (dev->limits.dev_flags & RTE_ETH_DEV_NOLIVE_MAC_ADDR
        && !rte_is_same_ether_addr(&want.mac, &dev->live.mac)) {
        return PORT_CHANGE_RESTART;
    }
    return (ethdev_live_equal(&want, &dev->live) ? PORT_CHANGE_NONE
            : PORT_CHANGE_LIVE);
}

enum port_change
ethdev_plan(const struct port *p)
{
    const struct ethdev *dev = ethdev_cast(p);
    struct port_running want;

    if (dev->broken || !dev->started
        || atomic_load_explicit(&dev->removed, memory_order_relaxed)
        || atomic_load_explicit(&dev->reset_due, memory_order_relaxed)) {
        return PORT_CHANGE_RESTART;
    }
    grant(p, &want);
    if (!running_equal(&want, &p->running) || dev->lsc != wants_lsc(dev)) {
        return PORT_CHANGE_RESTART;
    }
    return plan_live(dev);
}

/* An MTU that the device cannot do gets no memory: reconfigure() refuses
 * it. */
bool
ethdev_mempool_request(const struct port *p, struct mp_request *req)
{
    struct port_running want;

    grant(p, &want);
    if (!mtu_supported(ethdev_cast(p), want.mtu)) {
        return false;
    }
    req->socket = want.socket;
    req->mtu = want.mtu;
    req->n_rxq = want.n_rxq;
    req->n_txq = want.n_txq;
    req->rxq_size = want.n_rxq_desc;
    req->txq_size = want.n_txq_desc;
    return true;
}

void
ethdev_mbuf_need(const struct port *p, bool wanted, struct mp_holding *holds)
{
    unsigned int quirks = ethdev_cast(p)->limits.quirks;
    struct port_running r = p->running;

    if (wanted) {
        grant(p, &r);
    }
    if (quirks & ETHDEV_LOOP) {
        holds->txq_size = LOOP_RING_MBUFS;
        holds->n_txq = r.n_rxq;
        return;
    }
    if (!(quirks & ETHDEV_HOLDS_NONE) || quirks & ETHDEV_SETUP_ONCE) {
        holds->rx = (uint32_t) r.n_rxq * r.n_rxq_desc;
    }
    if (!(quirks & ETHDEV_HOLDS_NONE)) {
        holds->txq_size = r.n_txq_desc;
        holds->n_txq = r.n_txq;
    }
}

/* Settings in force or to come, and where to say what the device does
 * without. */
struct settings {
    struct port_running r;
    bool lsc;
    struct ethdev_live live;
    struct rte_mempool *pool;
    struct ds *remarks;
};

/* The steps of putting settings into a device.  Returns the error of the one
 * that failed, whose name is then in `*step`. */
static int
configure(struct ethdev *dev, const struct settings *set, const char **step)
{
    const struct port_running *r = &set->r;
    struct rte_eth_conf conf;

    *step = "configure";
    memset(&conf, 0, sizeof conf);
    conf.rxmode.mtu = r->mtu;
    /* No FAST_FREE: the mbufs of a queue come from several pools and, when
     * flooded, are shared.  No rx SCATTER: a frame of the MTU fits into one
     * mbuf.  No checksums nor segmentation: no port on the other side takes
     * a frame without, so nothing would use them. */
    conf.txmode.offloads = (dev->limits.tx_offloads
                            & RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
    if (r->n_rxq > 1 && dev->limits.rss_hf) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf
            = (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)
              & dev->limits.rss_hf;
    }
    conf.intr_conf.lsc = set->lsc;
    conf.intr_conf.rmv = (dev->limits.dev_flags & RTE_ETH_DEV_INTR_RMV) != 0;
    return rte_eth_dev_configure(dev->port_id, r->n_rxq, r->n_txq, &conf);
}

static int
set_mtu(struct ethdev *dev, const struct port_running *r, const char **step)
{
    int error = rte_eth_dev_set_mtu(dev->port_id, (uint16_t) r->mtu);

    /* A driver without this call takes what configure() said, up to its
     * longest frame, which mtu_supported() looked at. */
    *step = "set the MTU of";
    return error == -ENOTSUP ? 0 : error;
}

static int
set_up_tx_queues(struct ethdev *dev, const struct port_running *r,
                 const char **step)
{
    *step = "set up the tx queues of";
    for (uint16_t q = 0; q < r->n_txq; q++) {
        int error = rte_eth_tx_queue_setup(dev->port_id, q, r->n_txq_desc,
                                           (unsigned int) r->socket, NULL);

        if (error) {
            return error;
        }
    }
    return 0;
}

static int
set_up_rx_queues(struct ethdev *dev, const struct port_running *r,
                 struct rte_mempool *pool, const char **step)
{
    *step = "set up the rx queues of";
    for (uint16_t q = 0; q < r->n_rxq; q++) {
        int error = rte_eth_rx_queue_setup(dev->port_id, q, r->n_rxq_desc,
                                           (unsigned int) r->socket, NULL,
                                           pool);

        if (error) {
            return error;
        }
    }
    return 0;
}

/* Queues of such a device can be set up again only in a new one. */
static int
attach_again(struct ethdev *dev, char **errp)
{
    if (dev->started) {
        dev->up.class->stop(&dev->up);
    }
    ethdev_release(dev);
    return ethdev_attach(dev, errp);
}

/* 2: the device takes settings again. */
static int
make_ready(struct ethdev *dev, char **errp)
{
    int error;

    if (dev->port_id == RTE_MAX_ETHPORTS
        || (dev->limits.quirks & ETHDEV_SETUP_ONCE && dev->configured)) {
        return attach_again(dev, errp);
    }
    if (!atomic_exchange_explicit(&dev->reset_due, false,
                                  memory_order_acquire)) {
        return 0;
    }
    error = rte_eth_dev_reset(dev->port_id);
    if (error) {
        atomic_store_explicit(&dev->reset_due, true, memory_order_release);
        *errp = xasprintf("%s: device '%s' needs a reset, which failed, so "
                          "that the port is down: %s", dev->up.name,
                          dev->up.wanted.devargs, ethdev_strerror(error));
    }
    return error;
}

static int
set_up(struct ethdev *dev, const struct settings *set, const char **step)
{
    const struct port_running *r = &set->r;
    int error;

    /* 3 before 4: some drivers know their frame buffers only then; 5, 6
     * after both, since buffers are cut to the MTU; tx before rx, since
     * drivers that loop make their rings in tx; 7 before 8, since some
     * devices take an address only then; 8 here and not in start(), so that a
     * device which does not start can go back. */
    error = configure(dev, set, step);                          /* 3 */
    if (!error) {
        error = set_mtu(dev, r, step);                          /* 4 */
    }
    if (!error) {
        error = set_up_tx_queues(dev, r, step);                 /* 5 */
    }
    if (!error) {
        error = set_up_rx_queues(dev, r, set->pool, step);      /* 6 */
    }
    if (!error) {
        ethdev_set_mac(dev, &set->live.mac, set->remarks);      /* 7 */
        dev->lsc = set->lsc;
        *step = "start";
        error = ethdev_start(dev);                              /* 8 */
    }
    if (!error) {
        ethdev_set_flow_ctrl(dev, &set->live, set->remarks);    /* 9 */
    }
    return error;
}

/* Puts settings into the device and starts it.  On failure `*errp` says which
 * step failed and why.  The device then stands still, in whatever state, or
 * could not even be stopped, and runs as before. */
static int
apply(struct ethdev *dev, const struct settings *set, char **errp)
{
    const struct port_running *r = &set->r;
    const char *step;
    int error;

    dev->up.class->stop(&dev->up);                              /* 1 */
    if (dev->started) {
        *errp = xasprintf("%s: could not stop device '%s' for a change of "
                          "settings", dev->up.name, dev->up.wanted.devargs);
        return -EBUSY;
    }
    error = make_ready(dev, errp);                              /* 2 */
    if (error) {
        return error;
    }
    dev->configured = true;
    error = set_up(dev, set, &step);
    if (error) {
        *errp = xasprintf("%s: could not %s device '%s' (MTU %u, %u rx "
                          "queues of %u, %u tx queues of %u): %s",
                          dev->up.name, step, dev->up.wanted.devargs, r->mtu,
                          r->n_rxq, r->n_rxq_desc, r->n_txq, r->n_txq_desc,
                          ethdev_strerror(error));
        return error;
    }
    dev->max_len = r->mtu + ETHDEV_L2_MAX;
    dev->pool = set->pool;
    return 0;
}

/* After a failed apply(): what was there before, `old`.  `*errp` has the first
 * failure and gets the second appended. */
static void
restore(struct ethdev *dev, const struct settings *old, char **errp)
{
    char *second = NULL;

    if (dev->started || !old->r.valid || !old->pool) {
        return;
    } else if (atomic_load_explicit(&dev->reset_due, memory_order_relaxed)) {
        dev->broken = true;     /* ethdev_run() has it tried again */
        return;
    }
    if (apply(dev, old, &second)) {
        char *first = *errp;

        *errp = xasprintf("%s; and going back to the settings before failed "
                          "too, so that the port is down: %s", first, second);
        free(first);
        free(second);
        dev->broken = true;
    }
}

static void
report_less(const struct port *p, const char *what, uint32_t want,
            uint32_t granted, uint32_t before)
{
    if (want != granted && (!p->running.valid || granted != before)) {
        VLOG_INFO("%s: %u %s asked for, device '%s' gives %u", p->name, want,
                  what, p->wanted.devargs, granted);
    }
}

static void
report_granted(const struct port *p, const struct port_running *r)
{
    const struct port_running *old = &p->running;

    report_less(p, "rx queues", p->wanted.n_rxq, r->n_rxq, old->n_rxq);
    report_less(p, "tx queues", p->want_n_txq, r->n_txq, old->n_txq);
    report_less(p, "rx descriptors", p->wanted.n_rxq_desc, r->n_rxq_desc,
                old->n_rxq_desc);
    report_less(p, "tx descriptors", p->wanted.n_txq_desc, r->n_txq_desc,
                old->n_txq_desc);
}

static int
come_back(struct ethdev *dev, char **errp)
{
    char *why = NULL;
    int error = attach_again(dev, &why);

    if (error) {
        *errp = xasprintf("%s: device '%s' was removed from the machine "
                          "(%s)", dev->up.name, dev->up.wanted.devargs, why);
        atomic_store_explicit(&dev->removed, true, memory_order_release);
        free(why);
    }
    return error;
}

static void
refuse_mtu(const struct ethdev *dev, uint32_t mtu, char **errp)
{
    *errp = xasprintf("%s: unsupported MTU %u (device '%s' takes %u to %u)",
                      dev->up.name, mtu, dev->up.wanted.devargs,
                      dev->limits.min_mtu, dev->limits.max_mtu);
}

/* Before the port is stopped for it. */
int
ethdev_check(struct port *p, char **errp)
{
    struct ethdev *dev = ethdev_cast(p);
    struct port_running want;

    if (atomic_load_explicit(&dev->removed, memory_order_acquire)) {
        return 0;
    }
    grant(p, &want);
    if (!mtu_supported(dev, want.mtu)) {
        refuse_mtu(dev, want.mtu, errp);
        return -EINVAL;
    }
    return 0;
}

/* No step here can take the port down. */
static void
change_live(struct ethdev *dev, struct ds *remarks)
{
    struct ethdev_live want;

    ethdev_want_live(dev, &want);
    ethdev_set_mac(dev, &want.mac, remarks);
    ethdev_set_flow_ctrl(dev, &want, remarks);
    dev->live = want;
}

static int
restart(struct ethdev *dev, struct mp *mp, struct ds *remarks, char **errp)
{
    struct port *p = &dev->up;
    struct ds ignored = DS_EMPTY_INITIALIZER;
    struct settings old = {
        .r = p->running, .lsc = dev->lsc, .live = dev->live,
        .pool = p->mp ? mp_mempool(p->mp) : NULL, .remarks = &ignored,
    };
    struct settings new = {
        .lsc = wants_lsc(dev), .pool = mp_mempool(mp), .remarks = remarks,
    };
    int error;

    grant(p, &new.r);
    ethdev_want_live(dev, &new.live);
    error = apply(dev, &new, errp);
    if (error) {
        restore(dev, &old, errp);
    } else {
        dev->broken = false;
        dev->live = new.live;
        report_granted(p, &new.r);
        p->running = new.r;
    }
    ds_destroy(&ignored);
    return error;
}

int
ethdev_reconfigure(struct port *p, struct mp *mp, enum port_change kind,
                   char **errp)
{
    struct ethdev *dev = ethdev_cast(p);
    struct ds remarks = DS_EMPTY_INITIALIZER;
    struct port_running want;
    int error = 0;

    if (atomic_load_explicit(&dev->removed, memory_order_acquire)) {
        error = come_back(dev, errp);
        if (error) {
            return error;
        }
    }
    grant(p, &want);
    if (!mp || !mtu_supported(dev, want.mtu)) {
        refuse_mtu(dev, want.mtu, errp);        /* it came back as another */
        return -EINVAL;
    }
    if (kind == PORT_CHANGE_RESTART) {
        error = restart(dev, mp, &remarks, errp);
    } else {
        change_live(dev, &remarks);
    }
    if (!error) {
        ethdev_remark_unfit(dev, &dev->live, &remarks);
        port_set_remark(p, remarks.length ? xstrdup(ds_cstr(&remarks))
                        : NULL);
    }
    ds_destroy(&remarks);
    return error;
}
