/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost.c: the life of a vhost-user port, in the main thread.
 *
 * The port exists with or without a guest.  Its mempool is taken when the
 * first guest connects, on that guest's NUMA socket, and kept when the guest
 * goes: a machine that restarts finds its memory waiting.
 */
#include <config.h>
#include "port/vhost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_vhost.h>

#include "eal/eal.h"
#include "eal/log-modules.h"
#include "mem/mp-size.h"
#include "port/vhost-door.h"
#include "port/vhost-rings.h"
#include "util.h"

#define this_module log_netdev_dpdk

/* Nothing here completes checksums or cuts large segments for a guest. */
#define VHOST_REFUSED_FEATURES \
    (1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_HOST_TSO4 \
     | 1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_HOST_ECN \
     | 1ULL << VIRTIO_NET_F_HOST_UFO)

static uint32_t
wanted_mtu(const struct port *p)
{
    return (p->wanted.mtu ? p->wanted.mtu
            : p->running.valid ? p->running.mtu
            : CFG_MTU_DEFAULT);
}

/* Ends with a socket path that is free: a socket that nobody serves is
 * removed, one that somebody serves is an error. */
static int
claim_path(const char *name, const char *path, char **errp)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct stat s;
    int error = 0;
    int fd;

    if (lstat(path, &s)) {
        return 0;
    }
    if (!S_ISSOCK(s.st_mode)) {
        *errp = xasprintf("%s: '%s' exists and is no socket", name, path);
        return -EEXIST;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        error = -errno;
        *errp = xasprintf("%s: cannot make a socket: %s", name,
                          ovs_strerror(-error));
        return error;
    }
    ovs_strzcpy(un.sun_path, path, sizeof un.sun_path);
    if (!connect(fd, (struct sockaddr *) &un, sizeof un)
        || errno != ECONNREFUSED) {
        *errp = xasprintf("%s: vhost-user socket '%s' is in use by another "
                          "process", name, path);
        error = -EADDRINUSE;
    } else if (unlink(path)) {
        error = -errno;
        *errp = xasprintf("%s: cannot remove the stale socket '%s': %s",
                          name, path, ovs_strerror(-error));
    } else {
        VLOG_INFO("%s: removed the stale socket '%s'", name, path);
    }
    close(fd);
    return error;
}

/* The library's steps, each with the name that its failure is reported by. */
static int
open_driver(struct vhost *v, char **errp)
{
    uint64_t flags = RTE_VHOST_USER_LINEARBUF_SUPPORT
        | RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS;
    const char *step;

    flags |= v->client ? RTE_VHOST_USER_CLIENT : 0;
    flags |= v->iommu ? RTE_VHOST_USER_IOMMU_SUPPORT : 0;
    flags |= v->postcopy ? RTE_VHOST_USER_POSTCOPY_SUPPORT : 0;
    if (rte_vhost_driver_register(v->path, flags)) {
        *errp = xasprintf("%s: vhost-user socket '%s' could not be "
                          "registered", v->up.name, v->path);
        return -EINVAL;
    }
    if ((step = "callbacks",
         rte_vhost_driver_callback_register(v->path, &vhost_callbacks))
        || (step = "features",
            rte_vhost_driver_disable_features(v->path,
                                              VHOST_REFUSED_FEATURES))
        || (step = "start", rte_vhost_driver_start(v->path))) {
        *errp = xasprintf("%s: vhost-user socket '%s' failed at step '%s'",
                          v->up.name, v->path, step);
        rte_vhost_driver_unregister(v->path);
        return -EINVAL;
    }
    return 0;
}

static int
construct(struct port *p, char **errp)
{
    struct vhost *v = vhost_cast(p);
    int error;

    if (eal_state() != EAL_RUNNING) {
        *errp = xasprintf("%s: DPDK is not initialized: set Open_vSwitch "
                          "other_config:dpdk-init=true", p->name);
        return -ENODEV;
    }
    vhost_door_init();
    v->client = p->class->kind == CFG_TYPE_VHOST_CLIENT;
    v->iommu = v->client && p->wanted.iommu;
    v->postcopy = v->client && p->wanted.postcopy;
    v->fd_slots = v->client ? 1 : 2;
    v->path = xstrdup(p->wanted.vhost_path);
    v->socket = -1;
    atomic_init(&v->vid, -1);
    for (size_t i = 0; i < CFG_VHOST_PAIRS_MAX; i++) {
        atomic_init(&v->tx_vring[i], -1);
        atomic_init(&v->rx_enabled[i], false);
    }
    if (vhost_fd_slots_used() + v->fd_slots > VHOST_FD_SLOTS) {
        *errp = xasprintf("%s: the vhost library serves %d descriptors, a "
                          "server port takes two and a client port one: no "
                          "more vhost-user ports are possible", p->name,
                          VHOST_FD_SLOTS);
        free(v->path);
        return -ENOSPC;
    }
    error = v->client ? 0 : claim_path(p->name, v->path, errp);
    if (!error) {
        /* Callbacks may come before open_driver() returns. */
        vhost_register(v);
        error = open_driver(v, errp);
        if (error) {
            vhost_unregister(v);
        }
    }
    if (error) {
        free(v->path);
        return error;
    }
    if (v->client) {
        VLOG_INFO("vHost User device '%s' created in 'client' mode, using "
                  "client socket '%s'", p->name, v->path);
    } else {
        VLOG_INFO("Socket %s created for vhost-user port %s", v->path,
                  p->name);
    }
    return 0;
}

static void
destruct(struct port *p)
{
    struct vhost *v = vhost_cast(p);

    /* Ends the connection, with destroy_device() in this very thread, and
     * removes the socket that we served. */
    if (rte_vhost_driver_unregister(v->path)) {
        VLOG_ERR("%s: vhost-user socket '%s' could not be unregistered",
                 p->name, v->path);
    }
    vhost_unregister(v);
    ovs_mutex_lock(&vhost_mutex);
    vhost_rings_destroy(v);
    ovs_mutex_unlock(&vhost_mutex);
    free(v->path);
}

/* Copies what a library thread left; true where it is news. */
static bool
take_news(struct vhost *v)
{
    bool news;

    ovs_mutex_lock(&vhost_mutex);
    news = v->pending;
    v->pending = false;
    if (v->conn.vid >= 0) {
        uint16_t pairs = MAX(1, MIN(v->conn.n_vrings / 2,
                                    v->up.wanted.max_queue_pairs));
        int socket = (v->conn.numa >= 0 ? v->conn.numa
                      : (int) rte_socket_id_by_idx(0));

        news |= pairs != v->pairs || socket != v->socket;
        v->pairs = pairs;
        v->socket = socket;
    }
    ovs_mutex_unlock(&vhost_mutex);
    return news;
}

static bool
run(struct port *p)
{
    return take_news(vhost_cast(p));
}

static enum port_change
plan(const struct port *p)
{
    const struct vhost *v = vhost_cast(p);
    bool unpublished, other_rings;

    ovs_mutex_lock(&vhost_mutex);
    other_rings = v->rings_wanted != p->wanted.vhost_rings;
    unpublished = (!v->conn.paused
                   && v->conn.vid != atomic_load(&vhost_cast(p)->vid));
    ovs_mutex_unlock(&vhost_mutex);

    if (!p->running.valid
        || (v->socket >= 0 && (p->running.socket != v->socket
                               || p->running.n_rxq != v->pairs
                               || !p->mp))) {
        return PORT_CHANGE_RESTART;
    }
    return (unpublished || other_rings || p->running.mtu != wanted_mtu(p)
            || atomic_load(&vhost_cast(p)->max_retries)
               != p->wanted.tx_retries_max
            ? PORT_CHANGE_LIVE : PORT_CHANGE_NONE);
}

static bool
mempool_request(const struct port *p, struct mp_request *req)
{
    const struct vhost *v = vhost_cast(p);

    if (v->socket < 0) {
        return false;
    }
    req->socket = v->socket;
    req->mtu = wanted_mtu(p);
    req->n_rxq = req->n_txq = v->pairs;
    req->rxq_size = req->txq_size = CFG_VHOST_DESC;
    return true;
}

/* A frame is received into one mbuf: not all ports send chains. */
static uint32_t
rx_max_frame(struct mp *mp)
{
    return (uint32_t) rte_pktmbuf_data_room_size(mp_mempool(mp))
           - RTE_PKTMBUF_HEADROOM;
}

static int
reconfigure(struct port *p, struct mp *mp, enum port_change kind,
            char **errp OVS_UNUSED)
{
    struct vhost *v = vhost_cast(p);
    unsigned int guest_pairs;

    /* Live, the first frames after a change may yet meet the settings before
     * it: they are held to the old limit or lie in more or larger mbufs than
     * they need. */
    p->running.mtu = wanted_mtu(p);
    atomic_store_explicit(&v->pool, mp ? mp_mempool(mp) : NULL,
                          memory_order_release);
    atomic_store_explicit(&v->max_retries, p->wanted.tx_retries_max,
                          memory_order_relaxed);
    atomic_store_explicit(&v->max_frame,        /* without CRC */
                          p->running.mtu + MP_MTU_OVERHEAD - 4,
                          memory_order_relaxed);
    vhost_rings_configure(v, p->wanted.vhost_rings,
                          mp ? rx_max_frame(mp) : 0);
    p->running.socket = v->socket;
    p->running.n_rxq = p->running.n_txq = mp ? v->pairs : 0;

    ovs_mutex_lock(&vhost_mutex);
    if (mp) {
        vhost_publish(v);
    }
    guest_pairs = v->conn.n_vrings / 2;
    ovs_mutex_unlock(&vhost_mutex);
    if (kind == PORT_CHANGE_RESTART && mp && guest_pairs > v->pairs) {
        VLOG_WARN("%s: the guest has %u queue pairs and "
                  "vhost-max-queue-pairs is %u: what it sends on the others "
                  "is not received", p->name, guest_pairs, v->pairs);
    }
    return 0;
}

/* A guest that came back and for whose new settings memory is short is served
 * with those that the port has. */
static void
carry_on(struct port *p)
{
    struct vhost *v = vhost_cast(p);

    ovs_mutex_lock(&vhost_mutex);
    vhost_publish(v);
    ovs_mutex_unlock(&vhost_mutex);
}

static bool
rxq_enabled(const struct port *p, uint16_t q)
{
    struct vhost *v = vhost_cast(p);

    return atomic_load_explicit(&v->rx_enabled[q], memory_order_relaxed);
}

/* No mbuf_need, and `copies`: no mbuf stays with the port. */
#define VHOST_CLASS_OPS                                             \
    .pmd = true,                                                    \
    .copies = true,                                                 \
    .live_mempool = true,                                           \
    .dpdk = true,                                                   \
    .size = sizeof(struct vhost),                                   \
    .construct = construct,                                         \
    .destruct = destruct,                                           \
    .plan = plan,                                                   \
    .mempool_request = mempool_request,                             \
    .reconfigure = reconfigure,                                     \
    .carry_on = carry_on,                                           \
    .rx = vhost_rx,                                                 \
    .rx_waiting = vhost_rx_waiting,                                 \
    .tx = vhost_tx,                                                 \
    .get_stats = vhost_get_stats,                                   \
    .get_status = vhost_get_status,                                 \
    .get_link = vhost_get_link,                                     \
    .describe = vhost_describe,                                     \
    .run = run,                                                     \
    .rxq_enabled = rxq_enabled

const struct port_class vhost_server_class = {
    .kind = CFG_TYPE_VHOST_SERVER,
    .type = "dpdkvhostuser",
    VHOST_CLASS_OPS
};

const struct port_class vhost_client_class = {
    .kind = CFG_TYPE_VHOST_CLIENT,
    .type = "dpdkvhostuserclient",
    VHOST_CLASS_OPS
};
