/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-event.c: what the vhost library tells, in its own threads.
 *
 * The hand-off is described in vhost.h.
 */
#include <config.h>
#include "port/vhost.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vhost.h>

#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "port/vhost-door.h"
#include "port/vhost-rings.h"
#include "port/vhost-vet.h"
#include "util.h"

#define this_module log_netdev_dpdk

struct ovs_mutex vhost_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list all_vhosts OVS_GUARDED_BY(vhost_mutex)
    = OVS_LIST_INITIALIZER(&all_vhosts);

void
vhost_register(struct vhost *v)
{
    /* A guest may switch all its queues on and off now and then, but not
     * fill the disk by it. */
    v->log = (struct vlog_rate_limit) VLOG_RATE_LIMIT_INIT(60, 1200);
    ovs_mutex_lock(&vhost_mutex);
    v->conn.owner = -1;
    v->conn.vid = -1;
    v->conn.numa = -1;
    ovs_list_push_back(&all_vhosts, &v->list_node);
    ovs_mutex_unlock(&vhost_mutex);
}

void
vhost_unregister(struct vhost *v)
{
    ovs_mutex_lock(&vhost_mutex);
    ovs_list_remove(&v->list_node);
    ovs_mutex_unlock(&vhost_mutex);
}

int
vhost_fd_slots_used(void)
{
    struct vhost *v;
    int n = 0;

    ovs_mutex_lock(&vhost_mutex);
    LIST_FOR_EACH (v, list_node, &all_vhosts) {
        n += v->fd_slots;
    }
    ovs_mutex_unlock(&vhost_mutex);
    return n;
}

static struct vhost *
find_by_vid(int vid) OVS_REQUIRES(vhost_mutex)
{
    char path[PATH_MAX];
    struct vhost *v;

    if (rte_vhost_get_ifname(vid, path, sizeof path)) {
        return NULL;
    }
    LIST_FOR_EACH (v, list_node, &all_vhosts) {
        if (!strcmp(v->path, path)) {
            return v;
        }
    }
    return NULL;
}

struct vhost *
vhost_find(int vid)
{
    struct vhost *v = find_by_vid(vid);

    return v && v->conn.owner == vid ? v : NULL;
}

/* The port whose guest came through connection `door`, or NULL. */
static struct vhost *
find_by_door(uint64_t door) OVS_REQUIRES(vhost_mutex)
{
    struct vhost *v;

    LIST_FOR_EACH (v, list_node, &all_vhosts) {
        if (v->conn.door == door) {
            return v;
        }
    }
    return NULL;
}

void
vhost_publish(struct vhost *v)
{
    if (!v->conn.paused) {
        atomic_store_explicit(&v->vid, v->conn.vid, memory_order_release);
    }
}

void
vhost_pause(uint64_t door)
{
    struct vhost *v;

    ovs_mutex_lock(&vhost_mutex);
    v = find_by_door(door);
    if (v) {
        v->conn.paused = true;
        v->conn.was_published = atomic_load(&v->vid) >= 0;
        atomic_store_explicit(&v->vid, -1, memory_order_release);
    }
    ovs_mutex_unlock(&vhost_mutex);
    rcu_synchronize();
}

void
vhost_resume(uint64_t door)
{
    struct vhost *v;

    ovs_mutex_lock(&vhost_mutex);
    v = find_by_door(door);
    if (v) {
        v->conn.paused = false;
        if (v->conn.was_published) {
            vhost_publish(v);
        }
        v->pending = true;
    }
    ovs_mutex_unlock(&vhost_mutex);
    port_notify();
}

void
vhost_end_faults(void)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 10);
    struct vhost *v;

    ovs_mutex_lock(&vhost_mutex);
    LIST_FOR_EACH (v, list_node, &all_vhosts) {
        if (atomic_exchange(&v->fault, false)) {
            vhost_door_hang_up(v->conn.door, "its memory has gone");
        }
        if (atomic_exchange(&v->broke, false)) {
            vhost_rings_report(v);
        }
    }
    ovs_mutex_unlock(&vhost_mutex);
    port_notify();
    if (atomic_exchange(&vhost_library_fault, false)) {
        VLOG_WARN_RL(&rl, "the memory of a vhost-user guest has gone while "
                     "it started");
    }
}

void
vhost_update_maps(struct vhost *v)
{
    uint16_t pairs = MIN(v->conn.n_vrings / 2, CFG_VHOST_PAIRS_MAX);
    int16_t enabled[CFG_VHOST_PAIRS_MAX];
    int n = 0;

    for (int q = 0; q < CFG_VHOST_PAIRS_MAX; q++) {
        bool rx = q < pairs && v->conn.enabled[2 * q + 1];

        atomic_store_explicit(&v->rx_enabled[q], rx, memory_order_relaxed);
        if (q < pairs && v->conn.enabled[2 * q]) {
            enabled[n++] = (int16_t) (2 * q);
        }
    }
    /* A queue that the guest switched off sends on one that is on. */
    for (int q = 0; q < CFG_VHOST_PAIRS_MAX; q++) {
        int16_t vring = (n == 0 ? -1
                         : q < pairs && v->conn.enabled[2 * q] ? 2 * q
                         : enabled[q % n]);

        atomic_store_explicit(&v->tx_vring[q], vring, memory_order_relaxed);
    }
}

static void
read_vring(struct vhost *v, int vid, uint16_t i) OVS_REQUIRES(vhost_mutex)
{
    struct rte_vhost_vring vring;

    if (i < VHOST_MAX_VRINGS && !rte_vhost_get_vhost_vring(vid, i, &vring)) {
        v->conn.vring_size[i] = vring.size;
    }
}

/* Takes the guest away.  The library has its rings back; packet threads may
 * be with it, there, until the end of a grace period. */
static void
withdraw_guest(struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    if (v->conn.vid >= 0) {
        vhost_rings_close(v, false);
        v->conn.vid = -1;
        v->conn.resets++;
        atomic_store_explicit(&v->vid, -1, memory_order_release);
        v->pending = true;
        VLOG_INFO_RL(&v->log, "vHost Device '%s' has been removed", v->path);
    }
}

static void
forget_connection(struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    withdraw_guest(v);
    v->conn.owner = -1;
    v->conn.door = 0;
    v->conn.paused = false;
    v->conn.n_vrings = 0;
    v->conn.rings = VHOST_RINGS_LIBRARY;
    v->conn.postcopy = false;
    v->conn.request = 0;
    memset(v->conn.enabled, 0, sizeof v->conn.enabled);
    memset(v->conn.was_ready, 0, sizeof v->conn.was_ready);
    vhost_rings_forget_memory(v);
    free(v->conn.why);
    v->conn.why = NULL;
    atomic_store(&v->rarp, false);
    vhost_update_maps(v);
}

/* Is the port free for a new connection?  A second guest on a socket whose
 * port has one is turned away: the library would serve both.  It has the place
 * of one that has hung up, which the library may not know yet, and of one that
 * never said a word. */
static bool
is_free(struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 10);

    if (v->conn.owner < 0) {
        return true;
    } else if (vhost_door_has_left(v->conn.door)) {
        forget_connection(v);
        return true;
    } else if (vhost_door_is_silent(v->conn.door)) {
        vhost_door_hang_up(v->conn.door, "it said nothing, and another guest "
                           "came");
        forget_connection(v);
        return true;
    }
    VLOG_WARN_RL(&rl, "%s: refused a second connection to '%s', whose guest "
                 "is connected", v->up.name, v->path);
    return false;
}

static int
new_connection(int vid)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 10);
    struct vhost *v;
    int error = -1;

    ovs_mutex_lock(&vhost_mutex);
    v = find_by_vid(vid);
    if (v && is_free(v)) {
        struct vhost_door_guest g = {
            .name = v->up.name, .path = v->path, .client = v->client,
            .iommu = v->iommu, .postcopy = v->postcopy,
        };
        char *why;

        v->conn.door = vhost_door_open(&g, &why);
        if (v->conn.door) {
            v->conn.owner = vid;
            error = 0;
        } else {
            VLOG_ERR_RL(&rl, "%s", why);
            free(why);
        }
    }
    ovs_mutex_unlock(&vhost_mutex);
    return (error ? error
            : rte_vhost_extern_callback_register(vid,
                                                 &vhost_message_callbacks,
                                                 NULL));
}

/* Packet threads poll: a guest need not say that there is something.  The
 * library takes the locks of its queues for this, which it holds in most other
 * callbacks.  It says it again when a ring was off and is on. */
static void
suppress_kicks(int vid)
{
    for (uint16_t i = 0; i < rte_vhost_get_vring_num(vid); i++) {
        rte_vhost_enable_guest_notification(vid, i, 0);
    }
}

static int
new_device(int vid)
{
    struct vhost *v;

    suppress_kicks(vid);
    ovs_mutex_lock(&vhost_mutex);
    v = vhost_find(vid);
    if (!v) {
        ovs_mutex_unlock(&vhost_mutex);
        VLOG_WARN("vhost device %d belongs to no port", vid);
        return -1;
    }
    v->conn.vid = vid;
    v->conn.numa = rte_vhost_get_numa_node(vid);
    v->conn.n_vrings = MIN(rte_vhost_get_vring_num(vid), VHOST_MAX_VRINGS);
    rte_vhost_get_negotiated_features(vid, &v->conn.features);
    for (uint16_t i = 0; i < v->conn.n_vrings; i++) {
        read_vring(v, vid, i);
    }
    vhost_update_maps(v);
    v->pending = true;
    VLOG_INFO_RL(&v->log, "vHost Device '%s' has been added on numa node %d",
                 v->path, v->conn.numa);
    vhost_rings_decide(v);
    vhost_rings_open(v);
    ovs_mutex_unlock(&vhost_mutex);
    port_notify();
    return 0;
}

static void
destroy_device(int vid)
{
    struct vhost *v;
    bool known;

    ovs_mutex_lock(&vhost_mutex);
    v = vhost_find(vid);
    known = v != NULL;
    if (known) {
        withdraw_guest(v);
    }
    ovs_mutex_unlock(&vhost_mutex);

    /* From here on `v` may go; the library's device may not, before every
     * packet thread is out of it. */
    rcu_synchronize();
    if (known) {
        port_notify();
    }
}

void
vhost_enable_ring(struct vhost *v, uint16_t i, bool on)
{
    v->conn.enabled[i] = on;
    v->conn.n_vrings = MAX(v->conn.n_vrings, i + 1);
    if (on && v->conn.vid >= 0) {
        vhost_ring_open(v, i);
        vhost_update_maps(v);
    } else {
        vhost_update_maps(v);
        vhost_ring_close(v, i, false);
    }
    v->pending |= v->conn.vid >= 0;
    VLOG_INFO_RL(&v->log, "State of queue %u ( %s_qid %u ) of vhost "
                 "device '%s' changed to '%s'", i, i & 1 ? "rx" : "tx",
                 i / 2, v->path, on ? "enabled" : "disabled");
}

/* Called when the library can use a ring, or cannot any more. */
static int
vring_state_changed(int vid, uint16_t i, int ready)
{
    struct vhost *v;

    ovs_mutex_lock(&vhost_mutex);
    v = vhost_find(vid);
    if (v && i < VHOST_MAX_VRINGS) {
        read_vring(v, vid, i);
        v->conn.was_ready[i] |= ready;

        /* Behind an IOMMU a ring may move.  Only who goes on using it makes
         * the library ask where it is now. */
        if (ready ? !v->conn.enabled[i]
            : v->conn.request != VHOST_REQ_IOTLB_MSG) {
            vhost_enable_ring(v, i, ready);
        }
    }
    ovs_mutex_unlock(&vhost_mutex);
    port_notify();
    return 0;
}

static void
destroy_connection(int vid)
{
    struct vhost *v;

    ovs_mutex_lock(&vhost_mutex);
    v = vhost_find(vid);
    if (v) {
        forget_connection(v);
        VLOG_INFO_RL(&v->log, "vHost Device '%s' connection has been "
                     "destroyed", v->path);
    }
    ovs_mutex_unlock(&vhost_mutex);
}

const struct rte_vhost_device_ops vhost_callbacks = {
    .new_device = new_device,
    .destroy_device = destroy_device,
    .vring_state_changed = vring_state_changed,
    .new_connection = new_connection,
    .destroy_connection = destroy_connection,
};
