/* SPDX-License-Identifier: Apache-2.0
 *
 * guest.h: a guest's side of a vhost-user port, as lean as it can be.
 *
 * A peer that measures a switch must not be what is measured.  DPDK's virtio
 * driver spends as much on a packet as a switch does; this one hands its
 * caller the two rings (split, in memory that it shares with the switch) and
 * no more.
 *
 * The guest listens and the switch connects (dpdkvhostuserclient, or
 * net_vhost with client=1).  Virtio 1.0, one pair of queues; the other side
 * is asked for no notification and gets none.
 *
 * One thread does all.  Addresses that the switch sees are our own.
 */
#ifndef PEER_GUEST_H
#define PEER_GUEST_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

enum {
    GUEST_RING_MAX = 1024,
    GUEST_HEADER = sizeof(struct virtio_net_hdr_v1),    /* before a frame */
};

struct ring {
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint16_t mask;              /* number of descriptors less one */
    uint16_t given;             /* guest: next place in `avail` */
    uint16_t taken;             /* guest: next place in `used` */
};

struct guest {
    const char *path;
    int listener;
    int connection;             /* -1: no switch is there */
    int event[4];               /* kick and call of each ring: unused */
    struct ring rx, tx;         /* seen from the guest */
};

/* Memory that switches can map: `size` bytes, of hugepages where there are
 * any.  All guests share it.  NULL and errno where there is none. */
uint8_t *guest_memory(size_t size);

/* Where a ring of `n` descriptors lies in memory. */
size_t guest_ring_bytes(uint16_t n);
void guest_ring_place(struct ring *, uint8_t *at, uint16_t n);

/* Listens at g->path.  0 or a negative errno. */
int guest_listen(struct guest *);
void guest_close(struct guest *);

/* Looks whether a switch comes or has gone; does not wait.  Returns true if
 * one has just come: the rings are then known to it, empty, and disabled
 * until guest_enable(). */
bool guest_look(struct guest *, bool mergeable);
void guest_enable(struct guest *);

/* As if a switch had come and agreed, where somebody in this process is to
 * serve the rings. */
void guest_pretend(struct guest *);

/* Buffers that the switch is done with and the guest has not taken yet. */
static inline uint16_t
ring_done(const struct ring *r)
{
    return (uint16_t) (__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE)
                       - r->taken);
}

/* The i-th of them. */
static inline const struct vring_used_elem *
ring_used(const struct ring *r, unsigned int i)
{
    return &r->used->ring[(r->taken + i) & r->mask];
}

/* Puts descriptor `id` into the i-th place from the next; the switch sees it
 * with ring_give(). */
static inline void
ring_put(struct ring *r, unsigned int i, uint16_t id)
{
    r->avail->ring[(r->given + i) & r->mask] = id;
}

static inline void
ring_give(struct ring *r, unsigned int n)
{
    r->given = (uint16_t) (r->given + n);
    __atomic_store_n(&r->avail->idx, r->given, __ATOMIC_RELEASE);
}

#endif
