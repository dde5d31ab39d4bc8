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
#include "util.h"

#define this_module log_netdev_dpdk

/* Devices of ports, by ifindex. */
static struct hmap devices = HMAP_INITIALIZER(&devices);

void
kernel_port_init(struct kernel_port *p)
{
    ssize_t size = rte_ring_get_memsize(KERNEL_RING);

    ovs_assert(size > 0);
    p->fd = KERNEL_DEAD;
    p->ring = xmalloc_cacheline((size_t) size);
    memset(p->ring, 0, (size_t) size);
    rte_ring_init(p->ring, "kernel port", KERNEL_RING,
                  RING_F_MP_RTS_ENQ | RING_F_SC_DEQ);
    /* A sender waits for none that was preempted: there are never more
     * enqueues under way than places. */
    rte_ring_set_prod_htd_max(p->ring, KERNEL_RING);
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
    p->link.ifindex = ifindex;
    p->gone_seen = false;
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

uint32_t
kernel_wanted_mtu(const struct port *p)
{
    return (p->wanted.mtu ? p->wanted.mtu
            : p->running.valid ? p->running.mtu
            : CFG_MTU_DEFAULT);
}

bool
kernel_mempool_request(const struct port *p, struct mp_request *req)
{
    if (eal_state() != EAL_RUNNING) {
        return false;
    }
    req->socket = dpdk_memory_socket(SOCKET_ID_ANY);
    req->mtu = kernel_wanted_mtu(p);
    if (!req->group) {
        req->group = "kernel";
    }
    if (!strcmp(req->group, "kernel") || !strcmp(req->group, "private")) {
        /* No formula of a model counts such ports: by need, in each model. */
        req->elastic = true;
        req->n_mbufs = KERNEL_MAX_MBUFS;
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
    holds->txq_size = KERNEL_RING;
    holds->n_txq = 1;
    holds->one_sender = true;
}

void
kernel_get_stats(struct port *port, struct port_stats *stats)
{
    const struct kernel_port *p = kernel_port_cast(port);
    const struct port_queue_counters *rx = &port->rxc[0];
    struct kernel_counters c = p->counters;
    struct kernel_link link;
    uint64_t tx_dropped = c.dropped;

    for (size_t i = 0; i < PORT_MAX_TXQ; i++) {
        tx_dropped += port->txc[i].dropped + port->txc[i].mtu_drops;
    }
    if (!p->visible || kernel_link_get(p->link.ifindex, &link)) {
        memset(&link, 0, sizeof link);
    }
    port_stat_add(stats, "rx_packets", rx->packets);
    port_stat_add(stats, "rx_bytes", rx->bytes);
    port_stat_add(stats, "rx_dropped", c.rx_no_mbuf + link.tx_dropped);
    port_stat_add(stats, "rx_errors", c.rx_over);
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
    memcpy(link->mac, p->link.mac, sizeof link->mac);
}

bool
kernel_run(struct port *port)
{
    struct kernel_port *p = kernel_port_cast(port);

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
on_present(const struct kernel_link *link)
{
    struct kernel_port *p = find_device(link->ifindex);

    /* One that comes back from another namespace has its address still. */
    if (p && (p->visible
              || !memcmp(link->mac, p->link.mac, sizeof link->mac))) {
        follow_link(p, link);
    }
}

/* Deleted, or moved to another namespace, where it may be up for all we can
 * know: if not, writing to it says so. Reading tells the two apart. */
static void
on_absent(int ifindex)
{
    struct kernel_port *p = find_device(ifindex);

    if (p && p->visible) {
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

    HMAP_FOR_EACH_SAFE (p, next, by_ifindex, &devices) {
        struct kernel_link link;

        if (!kernel_link_get(p->link.ifindex, &link)) {
            follow_link(p, &link);
        } else {
            on_absent(p->link.ifindex);
        }
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

    if (!hmap_is_empty(&devices)) {
        kernel_link_run(&events);
    }
}

void
kernel_wait_class(void)
{
    if (!hmap_is_empty(&devices)) {
        kernel_link_wait();
    }
}
