/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-rings.h: who processes a guest's rings: we (vring.h) or the vhost
 * library?
 *
 * The library speaks with the guest in any case.  A connection is "own" where
 * its port may (options:vhost-rings) and all that was negotiated is covered by
 * vring*.c; else the library's.  That may change while frames flow.  This
 * header is the contract for all who meet at a ring.
 *
 * The indexes of a ring are in one place at a time, which `with` names: with
 * us in `queue`, or in the library's virtqueue.  Who is `user` of a ring may
 * look at `with` and move them; nobody else.
 *
 *   packet thread                        control (below)
 *   -------------                        ---------------
 *   vhost_ring_enter(): user = BUSY      gate = LIBRARY, or SHUT
 *     looks at `gate`: moves the         waits until user is not BUSY: at
 *     indexes where `with` differs         most for one burst of one thread
 *   a burst of the code that it was      is `user` itself, moves the indexes
 *     told, OWN or LIBRARY                 to the library
 *   vhost_ring_leave(): user = NOBODY    the ring may be changed now
 *                                        gate = OWN, when all is in place
 *
 * `user` is taken and then `gate` read; `gate` is written and then `user`
 * read: whoever comes second sees the other.  To enter and leave a ring takes
 * 19 cycles, once a burst.
 *
 * Control is: the library's threads, in its callbacks and before and after
 * each message (vhost-message.c); the main thread, when settings change.
 * They exclude each other by vhost_mutex.  The library's come with its queue
 * locks held, for which a packet thread waits that calls it.  So:
 *
 *   - control never waits for a packet thread with user == LIBRARY.  It need
 *     not: the indexes are then where they should be, and remain there
 *     because of `gate`.
 *   - while user is BUSY a packet thread takes no lock and calls nothing of
 *     the library's but rte_vhost_get/set_vring_base(), which take none.
 *   - packet threads never take vhost_mutex.
 *
 * A packet thread that sleeps, or is elsewhere, is the user of no ring: nobody
 * waits for it.  No grace period is waited for here, and nothing is asked of
 * threads and rings of other ports.
 *
 * A ring is SHUT from before to after a message that changes it.  Packet
 * threads leave it alone meanwhile: what the guest sent stays in the ring, and
 * what is sent to it waits for VHOST_SHUT_US and is dropped then.
 *
 * A ring that the guest broke (vring.h) is with NOBODY.  It stays so, whatever
 * settings say, until control closes it for one of the guest's messages.  The
 * packet thread that found it tells the door's thread, which tells the log.
 *
 * Where frames go and what they are counted as does not depend on who
 * processes a ring; vhost-io.c has the one place where it matters.
 */
#ifndef PORT_VHOST_RINGS_H
#define PORT_VHOST_RINGS_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_pause.h>

#include "port/vhost.h"
#include "port/vring.h"

enum { VHOST_SHUT_US = 50 };

enum vhost_ring_user {
    VHOST_USER_NOBODY,
    VHOST_USER_BUSY,            /* with our own code, or with moving */
    VHOST_USER_LIBRARY,         /* a packet thread, in the library */
};

struct vhost_ring {
    _Atomic(uint32_t) user;     /* enum vhost_ring_user; see above */
    _Atomic(uint32_t) gate;     /* enum vhost_rings, not NOBODY.  Control: wo.
                                 * Packet threads: ro */

    /* The user's. */
    uint32_t with;              /* enum vhost_rings, not SHUT: who has the
                                 * indexes */
    struct vring_queue queue;   /* set unless `with` is LIBRARY */

    /* Control: rw, while `gate` is not OWN.  Packet threads: ro, where they
     * find it OWN. */
    uint16_t index;             /* never changes */
    int vid;                    /* whose ring; */
    bool open;                  /* it is described in ... */
    struct vring_conf conf;     /* ... but for the indexes */

    /* Control only. */
    bool told;                  /* the log has that it is broken */
} __rte_cache_aligned;

/* The rest of vhost_ring_enter(), where the ring changes hands. */
enum vhost_rings vhost_ring_change(struct vhost_ring *, int vid,
                                   uint32_t gate);

static inline void
vhost_ring_leave(struct vhost_ring *r)
{
    atomic_store_explicit(&r->user, VHOST_USER_NOBODY, memory_order_release);
}

/* Packet threads: makes the caller the user of `r`, a ring of guest `vid`, and
 * returns whose code is to process it until vhost_ring_leave().  NOBODY: none,
 * and the caller is not the user and does not call that.
 *
 * Two packet threads meet where a guest has fewer queues than its port, or has
 * switched some off: the second waits for the first. */
static inline enum vhost_rings
vhost_ring_enter(struct vhost_ring *r, int vid)
{
    uint32_t user = VHOST_USER_NOBODY;
    uint32_t gate;

    while (!atomic_compare_exchange_weak(&r->user, &user, VHOST_USER_BUSY)) {
        user = VHOST_USER_NOBODY;
        rte_pause();
    }
    gate = atomic_load(&r->gate);
    if (__builtin_expect(gate != r->with, 0)) {
        return vhost_ring_change(r, vid, gate);
    } else if (gate == VHOST_RINGS_LIBRARY) {
        atomic_store_explicit(&r->user, VHOST_USER_LIBRARY,
                              memory_order_release);
    }
    return (enum vhost_rings) gate;
}

/* vhost_ring_enter() for a sender, who can leave nothing in the ring: where it
 * is shut, waits for at most VHOST_SHUT_US. */
enum vhost_rings vhost_ring_enter_to_send(struct vhost_ring *, int vid);

/* A packet thread that is the user found the ring broken: it is with nobody
 * from now on. */
void vhost_ring_broke(struct vhost *, struct vhost_ring *);

/* Control.  A port's rings are made when a guest first has them, and live as
 * long as the port.  `i`: of the guest's virtqueues. */

/* Frees all. */
void vhost_rings_destroy(struct vhost *) OVS_REQUIRES(vhost_mutex);

/* The guest of `conn.vid` has ring `i` ready: its description is taken from
 * the library, and the ring given to whose it is to be. */
void vhost_ring_open(struct vhost *, uint16_t i) OVS_REQUIRES(vhost_mutex);

/* The library has ring `i` back, with its indexes, when this returns.  `shut`:
 * packet threads keep away from it until it is closed or opened. */
void vhost_ring_close(struct vhost *, uint16_t i, bool shut)
    OVS_REQUIRES(vhost_mutex);
void vhost_rings_close(struct vhost *, bool shut) OVS_REQUIRES(vhost_mutex);

/* Opens the rings that are on. */
void vhost_rings_open(struct vhost *) OVS_REQUIRES(vhost_mutex);

/* The guest's memory is known to the library, or about to go; all rings are
 * closed. */
void vhost_rings_read_memory(struct vhost *) OVS_REQUIRES(vhost_mutex);
void vhost_rings_forget_memory(struct vhost *) OVS_REQUIRES(vhost_mutex);

/* Decides anew who is to process the rings of the guest that there is, by the
 * port's setting and what was negotiated, and says so in the log.  No packet
 * thread is in a ring with our code any more when that is the library;
 * otherwise, each ring changes hands with its next burst.  Any state. */
void vhost_rings_decide(struct vhost *) OVS_REQUIRES(vhost_mutex);

/* The setting, and bytes of the longest frame that fits into the port's mbufs.
 * The main thread, while packets flow. */
void vhost_rings_configure(struct vhost *, enum cfg_vhost_rings,
                           uint32_t max_frame) OVS_EXCLUDED(vhost_mutex);

/* Tells the log of rings that were broken since the last call.  The door's
 * thread. */
void vhost_rings_report(struct vhost *) OVS_REQUIRES(vhost_mutex);

/* Status of a connected port. */
void vhost_rings_get_status(const struct vhost *, struct smap *)
    OVS_REQUIRES(vhost_mutex);

/* Frames that our code left out: too long or empty. */
uint64_t vhost_rings_rx_dropped(const struct vhost *);

#endif
