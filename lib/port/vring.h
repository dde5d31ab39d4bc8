/* SPDX-License-Identifier: Apache-2.0
 *
 * vring.h: a virtio split ring, processed by us.
 *
 *   vring.c        a ring is set, asked and taken away
 *   vring-chain.*  descriptors, copied and checked
 *   vring-rx.c     frames that the guest sends
 *   vring-tx.c     frames that the guest gets
 *   vring-map.h    guest addresses
 *   vring-mbuf.h   mbufs in bulk
 *
 * Seen from the switch: what the guest transmits is received here.  These
 * files know nothing of vhost-user sessions: somebody else (for vhost ports:
 * vhost*.c) says where rings and memory are, and when.  Section numbers are
 * those of the VIRTIO specification, version 1.1.
 *
 * Who may do what, when:
 *
 *   a control thread         vring_set(), vring_unset(), vring_set_call(),
 *                            vring_base(): only while no packet thread can be
 *                            in a function of this ring, that is, after the
 *                            ring was taken out of its sight and a grace
 *                            period has ended.  What it did is seen by packet
 *                            threads that get the ring by an acquire load of
 *                            what was released afterwards.
 *   one packet thread        vring_rx_burst() or vring_tx_burst(),
 *   at a time                vring_notify(), vring_waiting().  A ring is used
 *                            in one direction only.  Where several threads
 *                            send to one ring, the caller locks.
 *   any thread, any time     vring_broken() and the counters (a little late,
 *                            never torn).
 *
 * All but the last touch the guest's memory: the caller stands between
 * vhost_fault_begin() and vhost_fault_end() where a guest could take it away.
 * There is no lock, no allocation (but of mbufs) and no waiting in here, and
 * the work of a burst is bounded whatever the guest writes.
 *
 * A hostile guest: whatever comes out of its memory is copied once and the
 * copy is checked before use.  Indexes are kept here and never read back.
 * What no correct driver does breaks the ring: buffers before the offence are
 * done, it and all after it are left, and the ring stands still, for nobody
 * but its guest to notice, until it is set again.  A frame that is merely of
 * no use (too short, too long) is dropped and counted.
 *
 * Offloads: only features in which the switch finishes nothing for a guest
 * are covered (vring_uncovered()).  In them a guest's header says nothing, by
 * 5.1.6.2.1, and is skipped unread; the one that it gets says "nothing left to
 * do".
 *
 * Interrupts and kicks: a set ring is polled, so the guest is told not to
 * kick.  It is interrupted, when it wants to be, by vring_notify() only.
 */
#ifndef PORT_VRING_H
#define PORT_VRING_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>
#include <rte_common.h>

#include "port/vring-map.h"

struct rte_mbuf;
struct rte_mempool;

enum {
    VRING_SIZE_MAX = 32768,     /* descriptors: 2.6 */
    VRING_BURST = 32,           /* frames that are processed side by side */
    VRING_PIECES = 256,         /* of guest memory in such a burst; a frame
                                 * that has more descriptors is hostile */
};

/* Why a ring stands still: name, for status and counters; text, for the
 * log. */
#define VRING_BREAKS                                                        \
    VRING_BREAK(AVAIL, "avail-index",                                       \
                "more buffers available than the ring has entries, or "     \
                "fewer than before")                                        \
    VRING_BREAK(HEAD, "head",                                               \
                "an available buffer that begins outside of the table of "  \
                "descriptors")                                              \
    VRING_BREAK(NEXT, "next",                                               \
                "a descriptor that continues outside of its table")         \
    VRING_BREAK(CHAIN, "chain",                                             \
                "a buffer of more descriptors than the ring has, or than "  \
                "256")                                                      \
    VRING_BREAK(ADDRESS, "address",                                         \
                "a buffer outside of the guest's memory")                   \
    VRING_BREAK(DIRECTION, "direction",                                     \
                "a buffer to be written where one to be read belongs, or "  \
                "the reverse")                                              \
    VRING_BREAK(INDIRECT, "indirect",                                       \
                "an indirect descriptor that was not negotiated, that "     \
                "continues, or inside of another")                          \
    VRING_BREAK(TABLE, "indirect-table",                                    \
                "an indirect table that is no whole number of "             \
                "descriptors, empty, or outside of the guest's memory")     \
    VRING_BREAK(SMALL, "small-buffer",                                      \
                "a buffer to receive that is shorter than its header")

enum vring_break {
    VRING_WORKS = 0,
#define VRING_BREAK(ID, NAME, TEXT) VRING_BROKEN_##ID,
    VRING_BREAKS
#undef VRING_BREAK
    VRING_N_BREAKS
};

/* One writer: the packet thread.  They go on when the ring is set again. */
struct vring_counters {
    uint64_t rx_short;          /* frames without a byte after their header */
    uint64_t rx_long;           /* frames longer than `max_frame` */
    uint64_t rx_no_mbuf;        /* times that frames were left in the ring for
                                 * want of mbufs */
    uint64_t tx_unfit;          /* frames longer than the guest's buffers */
    uint64_t calls;             /* interrupts */
};

/* What a ring is set to. */
struct vring_conf {
    const struct vring_map *map;        /* outlives the ring's use */

    /* Where the guest put the ring (2.6.2), as our addresses. */
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint32_t size;              /* descriptors: a power of 2 */

    uint16_t avail_idx;         /* bases: the first buffer to take ... */
    uint16_t used_idx;          /* ... and the first to give back */
    uint64_t features;          /* negotiated */
    int callfd;                 /* eventfd, non-blocking; -1: the guest polls.
                                 * The caller's, open while the ring is set */
    uint32_t max_frame;         /* bytes of the longest frame that is taken
                                 * from the guest: one that does not fit in
                                 * one mbuf gets several */
};

/* A ring.  Zeros: not set.  Members are the business of vring*.c, but for
 * `counters`. */
struct vring_queue {
    const struct vring_map *map;
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint32_t size;              /* 0: not set */
    uint32_t region;            /* of `map`: where the last buffer was */
    uint32_t max_frame;
    uint16_t avail_idx;         /* the next buffer to take */
    uint16_t avail_end;         /* buffers before it are known to be there */
    uint16_t used_idx;          /* as the guest sees it */
    uint16_t told_idx;          /* used_idx when vring_notify() looked last; */
    bool told;                  /* ... false: it never did */
    bool mergeable, indirect, in_order, event_idx;
    uint8_t header;             /* bytes before each frame: 10 or 12 */
    _Atomic(uint8_t) broken;    /* enum vring_break */
    int callfd;
    struct vring_counters counters;
} __rte_cache_aligned;

/* The bits of `features` that a ring of ours cannot be set with; 0: none.
 * Then somebody else must process it.  Any thread, pure. */
uint64_t vring_uncovered(uint64_t features);

/* Sets a ring that is not set, or sets it anew; it works then.  Writes to the
 * guest that it need not kick.  0, or -EINVAL and a text that the caller
 * frees: the size is no power of 2, a part of the ring is not aligned as 2.6
 * says or not in one region of memory, a feature is not covered, `max_frame`
 * exceeds 65535.  The ring is not set then. */
int vring_set(struct vring_queue *, const struct vring_conf *, char **errp);

/* Gives the ring up.  Nothing of the guest's is touched.  Idempotent. */
void vring_unset(struct vring_queue *);

static inline bool
vring_is_set(const struct vring_queue *q)
{
    return q->size > 0;
}

/* The guest wants to be interrupted through another eventfd from now on; -1:
 * not at all.  Its next vring_notify() interrupts it. */
void vring_set_call(struct vring_queue *, int callfd);

/* Where somebody else is to go on: the bases to be.  Every buffer before
 * `*avail_idx` was given back.  Also for a broken ring, whose next buffer is
 * the offending one.  The ring is set. */
void vring_base(const struct vring_queue *, uint16_t *avail_idx,
                uint16_t *used_idx);

/* Receives up to `max` frames into mbufs of `pool`, which are the caller's;
 * returns how many.  0 for a ring that is broken or not set.  Frames are of 1
 * byte or more: whether that is a frame is for the switch to say.  Their
 * buffers are back with the guest.  To be followed by vring_notify(), also
 * after 0: dropped frames, too, give buffers back. */
uint16_t vring_rx_burst(struct vring_queue *, struct rte_mempool *pool,
                        struct rte_mbuf **, uint16_t max);

/* Copies up to `n` frames, of any number of segments, to the guest.  Returns
 * how many: the first ones of `m`.  All mbufs stay the caller's.
 *
 * Frames that are too long for the buffers that the guest made available
 * (without mergeable buffers: for the next one; 5.1.6.3.1) are not worth
 * another try.  They become the last `*unfit` ones of `m`; those between kept
 * their order and found the ring full, broken or not set.  To be followed by
 * vring_notify(). */
uint16_t vring_tx_burst(struct vring_queue *, struct rte_mbuf **m, uint16_t n,
                        uint16_t *unfit);

/* Interrupts the guest if buffers were given back since the last call and it
 * wants to know (2.6.7).  Costs nothing if none were.  After one or several
 * bursts. */
void vring_notify(struct vring_queue *);

/* Buffers that wait: frames, where the guest sends.  At most the size. */
uint32_t vring_waiting(const struct vring_queue *);

static inline enum vring_break
vring_broken(const struct vring_queue *q)
{
    return (enum vring_break) atomic_load_explicit(&q->broken,
                                                   memory_order_relaxed);
}

const char *vring_break_name(enum vring_break);
const char *vring_break_text(enum vring_break);

#endif
