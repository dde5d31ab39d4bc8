/* SPDX-License-Identifier: Apache-2.0
 *
 * vring.c: a ring is set, asked and taken away; and the guest's interrupts.
 */
#include <config.h>
#include "port/vring.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/eventfd.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <rte_atomic.h>

#include "port/vring-chain.h"
#include "util.h"

#ifndef VIRTIO_F_IN_ORDER
#define VIRTIO_F_IN_ORDER 35
#endif

enum { PROTOCOL_FEATURES = 30 };        /* of vhost-user: no driver sees it */

/* Of what a driver does to frames, those that it is only allowed to receive
 * unfinished; of the control queue, all, since that never comes to us. */
#define COVERED                                                             \
    (1ULL << VIRTIO_NET_F_GUEST_CSUM | 1ULL << VIRTIO_NET_F_GUEST_TSO4      \
     | 1ULL << VIRTIO_NET_F_GUEST_TSO6 | 1ULL << VIRTIO_NET_F_GUEST_ECN     \
     | 1ULL << VIRTIO_NET_F_GUEST_UFO | 1ULL << VIRTIO_NET_F_GSO            \
     | 1ULL << VIRTIO_NET_F_MTU | 1ULL << VIRTIO_NET_F_MAC                  \
     | 1ULL << VIRTIO_NET_F_MRG_RXBUF | 1ULL << VIRTIO_NET_F_STATUS         \
     | 1ULL << VIRTIO_NET_F_CTRL_VQ | 1ULL << VIRTIO_NET_F_CTRL_RX          \
     | 1ULL << VIRTIO_NET_F_CTRL_VLAN | 1ULL << VIRTIO_NET_F_CTRL_RX_EXTRA  \
     | 1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR                                   \
     | 1ULL << VIRTIO_NET_F_GUEST_ANNOUNCE | 1ULL << VIRTIO_NET_F_MQ        \
     | 1ULL << VIRTIO_F_ANY_LAYOUT | 1ULL << VIRTIO_RING_F_INDIRECT_DESC    \
     | 1ULL << VIRTIO_RING_F_EVENT_IDX | 1ULL << PROTOCOL_FEATURES          \
     | 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_IN_ORDER)

static const char *const names[] = {
    [VRING_WORKS] = "none",
#define VRING_BREAK(ID, NAME, TEXT) [VRING_BROKEN_##ID] = NAME,
    VRING_BREAKS
#undef VRING_BREAK
};

static const char *const texts[] = {
    [VRING_WORKS] = "nothing",
#define VRING_BREAK(ID, NAME, TEXT) [VRING_BROKEN_##ID] = TEXT,
    VRING_BREAKS
#undef VRING_BREAK
};

BUILD_ASSERT_DECL(ARRAY_SIZE(names) == VRING_N_BREAKS);
BUILD_ASSERT_DECL(VRING_N_BREAKS <= UINT8_MAX);

const char *
vring_break_name(enum vring_break why)
{
    return names[why];
}

const char *
vring_break_text(enum vring_break why)
{
    return texts[why];
}

uint64_t
vring_uncovered(uint64_t features)
{
    return features & ~COVERED;
}

static bool
has(const struct vring_conf *c, unsigned int feature)
{
    return c->features >> feature & 1;
}

/* 2.6: where the parts of a ring may lie, with the event index behind each of
 * the two lists, used or not. */
static char *
check_parts(const struct vring_conf *c)
{
    const struct {
        const char *name;
        const void *p;
        size_t align, size;
    } parts[] = {
        { "descriptors", c->desc, VRING_DESC_ALIGN_SIZE,
          c->size * sizeof *c->desc },
        { "available buffers", c->avail, VRING_AVAIL_ALIGN_SIZE,
          sizeof *c->avail + (c->size + 1) * sizeof *c->avail->ring },
        { "used buffers", c->used, VRING_USED_ALIGN_SIZE,
          sizeof *c->used + c->size * sizeof *c->used->ring
          + sizeof c->used->idx },
    };

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!vring_map_holds(c->map, parts[i].p, parts[i].size)) {
            return xasprintf("the %s of a ring of %"PRIu32" descriptors are "
                             "not in one region of the guest's memory",
                             parts[i].name, c->size);
        } else if ((uintptr_t) parts[i].p % parts[i].align) {
            return xasprintf("the %s of a ring are not aligned to %"PRIuSIZE
                             " bytes", parts[i].name, parts[i].align);
        }
    }
    return NULL;
}

static char *
check(const struct vring_conf *c)
{
    uint64_t uncovered = vring_uncovered(c->features);

    if (uncovered) {
        return xasprintf("features 0x%"PRIx64" are not covered", uncovered);
    } else if (!c->size || c->size > VRING_SIZE_MAX
               || c->size & (c->size - 1)) {
        return xasprintf("a ring of %"PRIu32" descriptors instead of a power "
                         "of 2 up to %d", c->size, VRING_SIZE_MAX);
    } else if (c->max_frame > UINT16_MAX) {
        return xasprintf("frames of %"PRIu32" bytes instead of up to %d",
                         c->max_frame, UINT16_MAX);
    }
    return check_parts(c);
}

/* 2.6.7.  With an event index, flags do not count: it is put where the guest
 * passes by once in 65,536 buffers. */
static void
suppress_kicks(struct vring_queue *q)
{
    if (q->event_idx) {
        __atomic_store_n((uint16_t *) (void *) &q->used->ring[q->size],
                         (uint16_t) (q->avail_idx - 1), __ATOMIC_RELAXED);
    }
    __atomic_store_n(&q->used->flags, VRING_USED_F_NO_NOTIFY,
                     __ATOMIC_RELAXED);
}

int
vring_set(struct vring_queue *q, const struct vring_conf *c, char **errp)
{
    struct vring_counters counters = q->counters;

    vring_unset(q);
    *errp = check(c);
    if (*errp) {
        return -EINVAL;
    }
    *q = (struct vring_queue) {
        .map = c->map,
        .desc = c->desc,
        .avail = c->avail,
        .used = c->used,
        .size = c->size,
        .max_frame = c->max_frame,
        .avail_idx = c->avail_idx,
        .avail_end = c->avail_idx,
        .used_idx = c->used_idx,
        .mergeable = has(c, VIRTIO_NET_F_MRG_RXBUF),
        .indirect = has(c, VIRTIO_RING_F_INDIRECT_DESC),
        .in_order = has(c, VIRTIO_F_IN_ORDER),
        .event_idx = has(c, VIRTIO_RING_F_EVENT_IDX),
        .header = (has(c, VIRTIO_F_VERSION_1)   /* 5.1.6 */
                   || has(c, VIRTIO_NET_F_MRG_RXBUF)
                   ? sizeof(struct virtio_net_hdr_mrg_rxbuf)
                   : sizeof(struct virtio_net_hdr)),
        .callfd = c->callfd,
        .counters = counters,
    };
    suppress_kicks(q);
    return 0;
}

void
vring_unset(struct vring_queue *q)
{
    q->size = 0;
    vring_break(q, VRING_WORKS);
}

void
vring_set_call(struct vring_queue *q, int callfd)
{
    q->callfd = callfd;
    q->told = false;
}

void
vring_base(const struct vring_queue *q, uint16_t *avail_idx,
           uint16_t *used_idx)
{
    *avail_idx = q->avail_idx;
    *used_idx = q->used_idx;
}

uint32_t
vring_waiting(const struct vring_queue *q)
{
    uint16_t n = 0;

    if (!vring_is_idle(q)) {
        n = (uint16_t) (__atomic_load_n(&q->avail->idx, __ATOMIC_RELAXED)
                        - q->avail_idx);
    }
    return MIN(n, q->size);
}

/* Has the guest been told to be interrupted for what is new? */
static bool
wants_interrupt(const struct vring_queue *q, bool told, uint16_t told_idx)
{
    return (q->event_idx
            ? !told || vring_need_event(vring_get16(&q->avail->ring[q->size]),
                                        q->used_idx, told_idx)
            : !(vring_get16(&q->avail->flags) & VRING_AVAIL_F_NO_INTERRUPT));
}

void
vring_notify(struct vring_queue *q)
{
    bool told = q->told;
    uint16_t told_idx = q->told_idx;

    if (!vring_is_set(q) || (told && told_idx == q->used_idx)) {
        return;
    }
    q->told = true;
    q->told_idx = q->used_idx;

    /* The guest writes what it wants, then looks at the used index; we have
     * written that and look at what it wants: one of the two sees the
     * other. */
    rte_smp_mb();
    if (q->callfd >= 0 && wants_interrupt(q, told, told_idx)) {
        eventfd_write(q->callfd, 1);    /* full: it is told already */
        q->counters.calls++;
    }
}
