/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-message.c: what happens around each of a guest's messages, before and
 * after the vhost library acts on it?
 *
 * The library's thread, mostly with the locks of all its queues held
 * (vhost-rings.h says what follows from that).  Messages have been judged by
 * vhost-vet.h before.
 *
 * What the library needs no telling of is in its callbacks (vhost-event.c):
 * rings that become ready or are not any more, and GET_VRING_BASE and
 * RESET_OWNER, for which it takes the device away first.
 */
#include <config.h>
#include "port/vhost.h"

#include <string.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <rte_vhost.h>

#include "port/vhost-fault.h"
#include "port/vhost-rings.h"
#include "port/vhost-vet.h"
#include "util.h"

enum { PROTOCOL_PAGEFAULT = 8 };        /* postcopy migration */

_Atomic(bool) vhost_library_fault;

static uint64_t
get_u64(const struct vhost_letter *msg)
{
    uint64_t n;

    memcpy(&n, msg->payload, sizeof n);
    return n;
}

/* A payload about a ring begins with its number and a value, of 32 bits each,
 * or has the number in the last eight bits of 64. */
static uint32_t
get_u32(const struct vhost_letter *msg, size_t i)
{
    uint32_t n;

    memcpy(&n, msg->payload + i * sizeof n, sizeof n);
    return n;
}

/* Which rings the library changes by a message. */
enum scope { NO_RING, RING_BY_STATE, RING_BY_FILE, ALL_RINGS };

static enum scope
get_scope(const struct vhost_letter *msg)
{
    switch (msg->request) {
    case VHOST_REQ_SET_VRING_NUM:
    case VHOST_REQ_SET_VRING_ADDR:
    case VHOST_REQ_SET_VRING_BASE:
        return RING_BY_STATE;

    case VHOST_REQ_SET_VRING_KICK:
    case VHOST_REQ_SET_VRING_CALL:
        return RING_BY_FILE;

    case VHOST_REQ_SET_MEM_TABLE:
    case VHOST_REQ_RESET_OWNER:
        return ALL_RINGS;

    default:
        return NO_RING;
    }
}

/* The first and behind the last of those rings. */
static void
get_rings(const struct vhost_letter *msg, uint32_t *first, uint32_t *end)
{
    enum scope scope = get_scope(msg);
    uint32_t i = (scope == RING_BY_FILE ? (uint8_t) get_u64(msg)
                  : get_u32(msg, 0));

    *first = scope == ALL_RINGS ? 0 : i;
    *end = (scope == ALL_RINGS ? VHOST_MAX_VRINGS
            : scope == NO_RING || i >= VHOST_MAX_VRINGS ? *first
            : i + 1);
}

/* A migration begins: from the library's answer on, every write is logged. */
static void
prepare_features(struct vhost *v, uint64_t features) OVS_REQUIRES(vhost_mutex)
{
    if (features >> VHOST_F_LOG_ALL & 1) {
        v->conn.features |= 1ULL << VHOST_F_LOG_ALL;
        vhost_rings_decide(v);
    }
}

static void
prepare(struct vhost *v, const struct vhost_letter *msg)
    OVS_REQUIRES(vhost_mutex)
{
    uint32_t i, end;

    v->conn.request = msg->request;
    if (msg->request == VHOST_REQ_SET_FEATURES && v->conn.vid >= 0) {
        prepare_features(v, get_u64(msg));
    }
    for (get_rings(msg, &i, &end); i < end; i++) {
        vhost_ring_close(v, (uint16_t) i, true);
    }
    if (get_scope(msg) == ALL_RINGS) {
        vhost_rings_forget_memory(v);
    }
}

/* Behind an IOMMU the library does not know, at times, where a ring is, and
 * then it is not ready whether it is on or off. */
static void
enable_lost_ring(struct vhost *v, uint32_t i, bool on)
    OVS_REQUIRES(vhost_mutex)
{
    if (i < VHOST_MAX_VRINGS
        && v->conn.features >> VIRTIO_F_IOMMU_PLATFORM & 1
        && v->conn.was_ready[i] && v->conn.enabled[i] != on) {
        vhost_enable_ring(v, (uint16_t) i, on);
    }
}

static void
conclude(struct vhost *v, const struct vhost_letter *msg)
    OVS_REQUIRES(vhost_mutex)
{
    uint32_t i, end;

    switch (msg->request) {
    case VHOST_REQ_SET_FEATURES:
        if (v->conn.vid >= 0) {
            rte_vhost_get_negotiated_features(v->conn.vid,
                                              &v->conn.features);
            vhost_rings_decide(v);
        }
        break;

    case VHOST_REQ_SET_PROTOCOL_FEATURES:
        v->conn.postcopy = get_u64(msg) >> PROTOCOL_PAGEFAULT & 1;
        break;

    case VHOST_REQ_SET_MEM_TABLE:
        vhost_rings_read_memory(v);
        if (v->conn.vid >= 0) {
            vhost_rings_decide(v);
        }
        break;

    case VHOST_REQ_SET_VRING_ENABLE:
        enable_lost_ring(v, get_u32(msg, 0), get_u32(msg, 1));
        break;

    case VHOST_REQ_GET_VRING_BASE:
        i = get_u32(msg, 0);
        if (i < VHOST_MAX_VRINGS) {
            v->conn.was_ready[i] = false;
        }
        break;

    case VHOST_REQ_SEND_RARP:
        /* The library does it for rings of its own. */
        if (v->conn.vid >= 0 && v->conn.rings == VHOST_RINGS_OWN) {
            atomic_store(&v->rarp_mac, get_u64(msg));
            atomic_store(&v->rarp, true);
        }
        break;
    }
    for (get_rings(msg, &i, &end); i < end; i++) {
        if (v->conn.vid >= 0 && v->conn.enabled[i]) {
            vhost_ring_open(v, (uint16_t) i);
        } else {
            vhost_ring_close(v, (uint16_t) i, false);
        }
    }
}

static enum rte_vhost_msg_result
before_message(int vid, void *msg)
{
    struct vhost *v;

    /* This thread does nothing but serve guests. */
    vhost_fault_begin_library(&vhost_library_fault);
    ovs_mutex_lock(&vhost_mutex);
    v = vhost_find(vid);
    if (v) {
        prepare(v, msg);
    }
    ovs_mutex_unlock(&vhost_mutex);
    return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* Not called after a message that the library refused. */
static enum rte_vhost_msg_result
after_message(int vid, void *msg)
{
    bool news = false;
    struct vhost *v;

    ovs_mutex_lock(&vhost_mutex);
    v = vhost_find(vid);
    if (v) {
        conclude(v, msg);
        news = v->pending;
    }
    ovs_mutex_unlock(&vhost_mutex);
    if (news) {
        port_notify();
    }
    return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

const struct rte_vhost_user_extern_ops vhost_message_callbacks = {
    .pre_msg_handle = before_message,
    .post_msg_handle = after_message,
};
