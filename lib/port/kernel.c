/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel.c: what does a kernel-backed port know of its device?
 *
 * The main thread's side of such a port: its ring and packet memory, the link
 * as the kernel announces it, statistics.  kernel-io.c moves the frames.
 */
#include <config.h>
#include "port/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "eal/dpdk-compat.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "hash.h"
#include "mem/mempool.h"
#include "mem/mp-size.h"
#include "smap.h"
#include "util.h"

#define this_module log_netdev_dpdk

/* Devices of ports, by ifindex. */
static struct hmap devices = HMAP_INITIALIZER(&devices);
/* Ports whose device is not there. */
static struct ovs_list awaited = OVS_LIST_INITIALIZER(&awaited);
static void (*appeared)(const char *device);

void
kernel_set_appeared(void (*fn)(const char *device))
{
    appeared = fn;
}

void
kernel_port_init(struct kernel_port *p, bool foreign,
                 void (*send)(struct kernel_port *, struct rte_mbuf **,
                              unsigned int n))
{
    ssize_t size = rte_ring_get_memsize(MP_KERNEL_RING);

    ovs_assert(size > 0);
    p->fd = KERNEL_DEAD;
    p->foreign = foreign;
    p->send = send;
    p->driver.duplex = -1;
    ovs_list_init(&p->awaited_node);
    p->ring = xmalloc_cacheline((size_t) size);
    memset(p->ring, 0, (size_t) size);
    rte_ring_init(p->ring, "kernel port", MP_KERNEL_RING,
                  RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
    /* A sender waits for none that was preempted: there are never more
     * enqueues under way than places. */
    rte_ring_set_prod_htd_max(p->ring, MP_KERNEL_RING);
    hmap_node_nullify(&p->by_ifindex);
}

static void
drain(struct kernel_port *p)
{
    struct rte_mbuf *m[PORT_BURST];
    unsigned int n;

    while ((n = rte_ring_dequeue_burst(p->ring, (void **) m, PORT_BURST,
                                       NULL))) {
        p->counters.dropped += n;
        rte_pktmbuf_free_bulk(m, n);
    }
}

void
kernel_port_destroy(struct kernel_port *p)
{
    kernel_port_clear_device(p);
    ovs_list_remove(&p->awaited_node);
    drain(p);
    free_cacheline(p->ring);
    p->ring = NULL;
}

static void
follow_link(struct kernel_port *p, const struct kernel_link *link)
{
    bool was_running = p->link.running;
    bool changed = (!p->visible || link->up != p->link.up
                    || link->running != was_running
                    || link->mtu != p->link.mtu
                    || memcmp(link->mac, p->link.mac, sizeof link->mac)
                    || strcmp(link->name, p->link.name));

    if (changed) {
        kernel_driver_get(link->name, &p->driver);
    }
    p->visible = true;
    p->link = *link;
    p->resets += link->running != was_running;
    atomic_store_explicit(&p->max_len, link->mtu + KERNEL_L2_MAX,
                          memory_order_relaxed);
    atomic_store_explicit(&p->device_up, link->up, memory_order_relaxed);
    if (changed) {
        port_changed(&p->up);
    }
}

void
kernel_port_refresh(struct kernel_port *p)
{
    struct kernel_link link;

    if (!kernel_link_get(p->link.ifindex, &link)) {
        follow_link(p, &link);
    }
}

void
kernel_port_set_device(struct kernel_port *p, int fd, int ifindex)
{
    kernel_port_clear_device(p);
    memset(&p->link, 0, sizeof p->link);
    p->visible = false;
    p->fd = fd;
    hmap_insert(&devices, &p->by_ifindex, hash_int((uint32_t) ifindex, 0));
    p->link.ifindex = p->ifindex = ifindex;
    ovs_list_remove(&p->awaited_node);
    ovs_list_init(&p->awaited_node);
    p->back = p->gone_seen = false;
    atomic_store_explicit(&p->gone, false, memory_order_release);
    atomic_store_explicit(&p->max_len, CFG_MTU_DEFAULT + KERNEL_L2_MAX,
                          memory_order_relaxed);
    kernel_port_refresh(p);
}

void
kernel_port_clear_device(struct kernel_port *p)
{
    if (!hmap_node_is_null(&p->by_ifindex)) {
        hmap_remove(&devices, &p->by_ifindex);
        hmap_node_nullify(&p->by_ifindex);
    }
    atomic_store_explicit(&p->device_up, false, memory_order_relaxed);
    p->fd = KERNEL_DEAD;
    p->ifindex = 0;
}

void
kernel_port_await(struct kernel_port *p)
{
    ovs_list_remove(&p->awaited_node);
    ovs_list_push_back(&awaited, &p->awaited_node);
    p->back = false;
}

void
kernel_port_set_pool(struct kernel_port *p, struct rte_mempool *pool)
{
    p->pool = pool;
    p->seg_room = (pool
                   ? (uint16_t) (rte_pktmbuf_data_room_size(pool)
                                 - RTE_PKTMBUF_HEADROOM)
                   : 0);
}

/* A device that was there before the port, and one that is not ours, keeps
 * what it has, as long as nobody asks for something else. */
uint32_t
kernel_wanted_mtu(const struct port *port)
{
    const struct kernel_port *p = kernel_port_cast(port);

    return (port->wanted.mtu ? port->wanted.mtu
            : (p->foreign || !port->running.valid) && p->link.mtu
            ? p->link.mtu
            : port->running.valid ? port->running.mtu
            : CFG_MTU_DEFAULT);
}

/* Steps of reconfigure(). */

static uint16_t
wanted_txq(const struct port *port)
{
    return MAX(port->want_n_txq, 1);
}

enum port_change
kernel_port_plan(const struct kernel_port *p)
{
    const struct port *port = &p->up;
    bool can_receive = eal_state() == EAL_RUNNING;

    if (!port->running.valid || can_receive != !!p->pool
        || wanted_txq(port) != port->running.n_txq
        || atomic_load_explicit(&p->gone, memory_order_relaxed)) {
        return PORT_CHANGE_RESTART;
    }
    return (kernel_wanted_mtu(port) != port->running.mtu
            ? PORT_CHANGE_LIVE : PORT_CHANGE_NONE);
}

int
kernel_port_set_mtu(struct kernel_port *p, uint32_t mtu, char **errp)
{
    int error;

    if (p->link.mtu == mtu) {
        return 0;
    }
    if (!p->visible) {
        *errp = xasprintf("%s: cannot set MTU %u: the device was moved to "
                          "another network namespace", p->up.name, mtu);
        return -ENODEV;
    }
    error = kernel_link_set(p->link.ifindex, &mtu, NULL);
    if (error) {
        *errp = xasprintf("%s: unsupported MTU %u (%s)", p->up.name, mtu,
                          ovs_strerror(-error));
    }
    return error;
}

static int
socket_of(const struct mp *mp)
{
    struct mp_info info;

    if (!mp) {
        return 0;
    }
    mp_get_info(mp, &info);
    return info.socket;
}

void
kernel_port_apply(struct kernel_port *p, struct mp *mp, enum port_change kind,
                  uint32_t mtu)
{
    struct port *port = &p->up;

    kernel_port_refresh(p);
    if (kind == PORT_CHANGE_RESTART) {
        kernel_port_set_pool(p, mp ? mp_mempool(mp) : NULL);
        port->running.n_txq = wanted_txq(port);
    }
    port->running.n_rxq = p->pool ? 1 : 0;
    port->running.socket = socket_of(mp);
    port->running.mtu = mtu;
    port->running.valid = true;
}

/* Class operations. */

bool
kernel_mempool_request(const struct port *p, struct mp_request *req)
{
    if (eal_state() != EAL_RUNNING) {
        return false;
    }
    req->socket = dpdk_memory_socket(SOCKET_ID_ANY);
    req->mtu = MIN(kernel_wanted_mtu(p), CFG_MTU_MAX);     /* else chains */
    if (!req->group) {
        req->group = "kernel";
    }
    if (!strcmp(req->group, "kernel") || !strcmp(req->group, "private")) {
        /* No formula of a model counts such ports: by need, in each model. */
        req->elastic = true;
        req->n_mbufs = MP_KERNEL_MAX_MBUFS;
    }
    return true;
}

/* Nobody sends now, and nobody services: what is queued would wait until the
 * port is back. */
void
kernel_stop(struct port *port)
{
    drain(kernel_port_cast(port));
}

/* What the thread of kernel-backed ports receives, it alone sends on. */
void
kernel_mbuf_need(const struct port *p OVS_UNUSED, bool wanted OVS_UNUSED,
                 struct mp_holding *holds)
{
    holds->txq_size = MP_KERNEL_RING;
    holds->n_txq = 1;
    holds->one_sender = true;
}

/* What the device had to drop of what the host sent: frames that we did not
 * receive. */
bool
kernel_sample(const struct port *port, struct port_sample *sample)
{
    int ifindex = kernel_port_cast(port)->ifindex;
    struct kernel_link link;

    if (!ifindex || kernel_link_ask(ifindex, &link)) {
        return false;
    }
    sample->totals[PORT_SAMPLE_RX_DROPPED] = link.tx_dropped;
    return true;
}

void
kernel_get_stats(struct port *port, struct port_stats *stats)
{
    const struct kernel_port *p = kernel_port_cast(port);
    const struct port_queue_counters *rx = &port->rxc[0];
    struct kernel_counters c = p->counters;
    uint64_t tx_dropped = c.dropped;

    for (size_t i = 0; i < PORT_MAX_TXQ; i++) {
        tx_dropped += port->txc[i].dropped + port->txc[i].mtu_drops;
    }
    port_stat_add(stats, "rx_packets", rx->packets);
    port_stat_add(stats, "rx_bytes", rx->bytes);
    port_stat_add(stats, "rx_dropped", c.rx_no_mbuf + p->rx_lost);
    port_stat_add(stats, "rx_errors", c.rx_over + c.rx_bad);
    port_stat_add(stats, "rx_over_err", c.rx_over);
    port_stat_add(stats, "rx_frame_err", 0);
    port_stat_add(stats, "rx_crc_err", 0);
    port_stat_add(stats, "rx_missed_errors", 0);
    port_stat_add(stats, "rx_multicast_packets", rx->multicast);
    port_stat_add(stats, "tx_packets", c.packets);
    port_stat_add(stats, "tx_bytes", c.bytes);
    port_stat_add(stats, "tx_dropped", tx_dropped);
    port_stat_add(stats, "tx_errors", c.errors);
    port_stat_add(stats, "collisions", 0);
}

void
kernel_get_link(const struct port *port, struct port_link *link)
{
    const struct kernel_port *p = kernel_port_cast(port);

    link->up = p->link.running;
    link->admin_up = p->link.up;
    link->resets = p->resets;
    link->mtu = p->link.mtu;
    link->ifindex = p->link.ifindex;
    link->speed_bps = p->driver.speed_bps;
    link->duplex = p->driver.duplex;
    memcpy(link->mac, p->link.mac, sizeof link->mac);
}

void
kernel_get_status(const struct port *port, struct smap *status)
{
    const struct kernel_driver *driver = &kernel_port_cast(port)->driver;

    if (driver->name[0]) {
        smap_add(status, "driver_name", driver->name);
        smap_add(status, "driver_version", driver->version);
        smap_add(status, "firmware_version", driver->firmware);
    }
}

bool
kernel_run(struct port *port)
{
    struct kernel_port *p = kernel_port_cast(port);

    if (p->back) {
        p->back = false;
        return true;
    }
    if (!p->gone_seen
        && atomic_load_explicit(&p->gone, memory_order_acquire)) {
        p->gone_seen = true;
        VLOG_WARN("%s: its network device is gone", port->name);
        return true;
    }
    return false;
}

static struct kernel_port *
find_device(int ifindex)
{
    struct kernel_port *p;

    HMAP_FOR_EACH_WITH_HASH (p, by_ifindex, hash_int((uint32_t) ifindex, 0),
                             &devices) {
        if (p->link.ifindex == ifindex) {
            return p;
        }
    }
    return NULL;
}

static void
report_gone(struct kernel_port *p)
{
    p->visible = p->link.up = p->link.running = false;
    atomic_store_explicit(&p->device_up, false, memory_order_relaxed);
    atomic_store_explicit(&p->gone, true, memory_order_release);
    port_changed(&p->up);
}

/* A device that no port has. */
static void
offer(const char *name)
{
    struct kernel_port *p;

    LIST_FOR_EACH (p, awaited_node, &awaited) {
        if (!strcmp(p->up.name, name)) {
            p->back = true;
            return;
        }
    }
    if (appeared) {
        appeared(name);
    }
}

static void
on_present(const struct kernel_link *link)
{
    struct kernel_port *p = find_device(link->ifindex);

    if (p && p->foreign && strcmp(link->name, p->up.name)) {
        VLOG_WARN("%s: its network device is called %s now", p->up.name,
                  link->name);
        p->gone_seen = p->back = true;
        report_gone(p);
        p = NULL;
    }
    if (!p) {
        offer(link->name);
        return;
    }

    /* One that comes back from another namespace has its address still. */
    if (p->visible
        || !memcmp(link->mac, p->link.mac, sizeof link->mac)) {
        follow_link(p, link);
    }
}

/* Deleted, or moved to another namespace, where it may be up for all we can
 * know: if not, writing to it says so. Reading tells the two apart. */
static void
on_absent(int ifindex)
{
    struct kernel_port *p = find_device(ifindex);

    if (p && p->foreign) {
        report_gone(p);
    } else if (p && p->visible) {
        char none;

        p->visible = false;
        p->link.up = p->link.running = true;
        atomic_store_explicit(&p->device_up, true, memory_order_relaxed);
        if (read(p->fd, &none, 0) < 0 && errno == EBADFD) {
            p->link.up = p->link.running = false;
            atomic_store_explicit(&p->gone, true, memory_order_release);
        }
        port_changed(&p->up);
    }
}

static void
on_lost(void)
{
    struct kernel_port *p, *next;
    struct kernel_link link;

    HMAP_FOR_EACH_SAFE (p, next, by_ifindex, &devices) {
        int ifindex = p->link.ifindex;

        if (kernel_link_get(ifindex, &link)) {
            on_absent(ifindex);
        } else if (p->foreign && strcmp(link.name, p->up.name)) {
            on_present(&link);
        } else {
            follow_link(p, &link);
        }
    }
    LIST_FOR_EACH (p, awaited_node, &awaited) {
        p->back |= !kernel_link_find(p->up.name, &link);
    }
}

void
kernel_run_class(void)
{
    static const struct kernel_link_events events = {
        .present = on_present,
        .absent = on_absent,
        .lost = on_lost,
    };

    if (!hmap_is_empty(&devices) || !ovs_list_is_empty(&awaited)) {
        kernel_link_run(&events);
    }
}

void
kernel_wait_class(void)
{
    if (!hmap_is_empty(&devices) || !ovs_list_is_empty(&awaited)) {
        kernel_link_wait();
    }
}
