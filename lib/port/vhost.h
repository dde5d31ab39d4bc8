/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost.h: ports of virtual machines: dpdkvhostuser (we serve the socket) and
 * dpdkvhostuserclient (the machine does).  Private to vhost*.c:
 *
 *   vhost.c        class operations of the main thread
 *   vhost-door.c   what stands between a guest and the library
 *   vhost-vet.c    may this message of a guest's reach the library?
 *   vhost-fault.c  what if a guest's memory goes away while it is used?
 *   vhost-event.c  callbacks of the vhost library's threads
 *   vhost-message.c
 *                  what happens around each of a guest's messages
 *   vhost-rings.c  who processes the rings: we or the library?
 *   vhost-io.c     rx and tx in packet threads
 *   vhost-stats.c  statistics and status
 *
 * Hand-off between three kinds of thread:
 *
 *   library thread                main thread               packet threads
 *   --------------                -----------               --------------
 *   new_device: fills conn
 *     under vhost_mutex, queues
 *     `pending`, notifies   -->   run(): sees pending;
 *                                 reconfigure(): takes the
 *                                 mempool; publishes vid
 *                                 under vhost_mutex     --> load vid (acquire)
 *                                                           once per burst;
 *                                                           < 0: no guest
 *   destroy_device: conn.vid=-1,
 *     vid=-1 under vhost_mutex,
 *     then waits for a grace
 *     period: no packet thread
 *     is inside the library with
 *     that vid when it returns
 *   vring_state_changed: holds
 *     the library's queue locks,
 *     so it only stores and
 *     never waits
 *
 * While a guest's memory is replaced, the door's thread keeps packet threads
 * out in the same way: vhost_pause() withdraws vid and waits for a grace
 * period, and nobody publishes it before vhost_resume().
 *
 * How threads meet at a ring is described in vhost-rings.h.
 *
 * vhost_mutex is never held while the library is called: its callbacks take
 * it.  Packet threads never take it.  The door's mutex may be taken under it,
 * and never the other way round.
 */
#ifndef PORT_VHOST_H
#define PORT_VHOST_H 1

#include <stdatomic.h>

#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "openvswitch/vlog.h"
#include "port/port-class.h"

enum {
    VHOST_MAX_VRINGS = 2 * CFG_VHOST_PAIRS_MAX,
    VHOST_FD_SLOTS = 1023,      /* of the library's poll set; it takes the
                                 * 1024th itself, to be woken up by */
};

extern struct ovs_mutex vhost_mutex;

/* Who processes a ring, or is to. */
enum vhost_rings {
    VHOST_RINGS_LIBRARY,
    VHOST_RINGS_OWN,
    VHOST_RINGS_NOBODY,         /* broken; or, from vhost_ring_enter(), shut */
    VHOST_RINGS_SHUT,           /* a gate only */
};

/* What a library thread saw of the guest.  Guarded by vhost_mutex. */
struct vhost_conn {
    int owner;                  /* the connection that has the port, from its
                                 * first message to its end; -1: none.  Others
                                 * are refused */
    uint64_t door;              /* the connection's number there; 0: none */
    bool paused;                /* its memory is being replaced; */
    bool was_published;         /* packet threads were with it before */
    int vid;                    /* == owner while the guest is ready, else
                                 * -1 */
    int numa;                   /* -1: unknown */
    uint16_t n_vrings;
    uint64_t features;
    bool postcopy;              /* negotiated */
    uint16_t vring_size[VHOST_MAX_VRINGS];
    bool enabled[VHOST_MAX_VRINGS];
    bool was_ready[VHOST_MAX_VRINGS];   /* since it was set up */
    uint32_t request;           /* the message that the library is at; 0:
                                 * none */
    uint32_t resets;            /* connections lost since the start */

    enum vhost_rings rings;     /* who is to process them; */
    char *why;                  /* ... why not we, or NULL */
    char *misfit;               /* what our code cannot do with its rings or
                                 * memory, or NULL */
};

struct vhost {
    struct port up;
    struct ovs_list list_node;  /* in all_vhosts, under vhost_mutex */
    bool client;                /* these and `path` never change */
    bool iommu, postcopy;       /* offered to guests */
    char *path;                 /* of the socket */
    int fd_slots;               /* of VHOST_FD_SLOTS taken by this port */

    struct vhost_conn conn OVS_GUARDED_BY(vhost_mutex);
    bool pending OVS_GUARDED_BY(vhost_mutex);   /* conn is news */
    struct vlog_rate_limit log; /* of what its guest makes us say */
    enum cfg_vhost_rings rings_wanted OVS_GUARDED_BY(vhost_mutex);
    uint32_t rx_max_frame OVS_GUARDED_BY(vhost_mutex);  /* bytes in an mbuf */
    struct vring_map *map OVS_GUARDED_BY(vhost_mutex);  /* the guest's memory,
                                 * or NULL */

    /* Main thread: the guest that settings were made for; kept when the
     * guest goes, so that its memory waits for it. */
    int socket;                 /* NUMA socket; -1: never had a guest */
    uint16_t pairs;             /* queue pairs of that guest */

    /* Packet threads read; main thread writes, also while they do.  A pool
     * that was replaced is put back only after a grace period. */
    _Atomic(struct rte_mempool *) pool;
    _Atomic(uint32_t) max_frame;        /* bytes without CRC */
    _Atomic(uint32_t) max_retries;

    /* Packet threads read; library threads and main write. */
    _Atomic(int) vid;
    _Atomic(int16_t) tx_vring[CFG_VHOST_PAIRS_MAX]; /* -1: none enabled */
    _Atomic(bool) rx_enabled[CFG_VHOST_PAIRS_MAX];
    _Atomic(struct vhost_ring *) ring[VHOST_MAX_VRINGS];        /* NULL: the
                                 * guest never had that one */
    _Atomic(bool) rarp;         /* the guest came from elsewhere: */
    _Atomic(uint64_t) rarp_mac; /* ... a frame is to say that this address is
                                 * here */

    /* Packet threads set; the door's thread clears. */
    _Atomic(bool) fault;        /* the guest's memory went away */
    _Atomic(bool) broke;        /* a ring was broken */
};

static inline struct vhost *
vhost_cast(const struct port *p)
{
    return CONTAINER_OF(p, struct vhost, up);
}

/* vhost-event.c */
struct rte_vhost_device_ops;
extern const struct rte_vhost_device_ops vhost_callbacks;
void vhost_register(struct vhost *) OVS_EXCLUDED(vhost_mutex);
void vhost_unregister(struct vhost *) OVS_EXCLUDED(vhost_mutex);
/* Keeps packet threads away from the guest of connection `door`, and returns
 * when none is with it; and lets them return.  The door's thread. */
void vhost_pause(uint64_t door) OVS_EXCLUDED(vhost_mutex);
void vhost_resume(uint64_t door) OVS_EXCLUDED(vhost_mutex);
/* Hangs up on guests whose memory went away.  The door's thread. */
void vhost_end_faults(void) OVS_EXCLUDED(vhost_mutex);
/* Lets packet threads see the guest that there is. */
void vhost_publish(struct vhost *) OVS_REQUIRES(vhost_mutex);
/* The port whose connection `vid` is, or NULL. */
struct vhost *vhost_find(int vid) OVS_REQUIRES(vhost_mutex);
/* Switches ring `i` on or off for packet threads. */
void vhost_enable_ring(struct vhost *, uint16_t i, bool on)
    OVS_REQUIRES(vhost_mutex);
/* Recomputes tx_vring[] and rx_enabled[]. */
void vhost_update_maps(struct vhost *) OVS_REQUIRES(vhost_mutex);
/* Slots of the library's poll set that all ports take. */
int vhost_fd_slots_used(void) OVS_EXCLUDED(vhost_mutex);

/* vhost-message.c */
struct rte_vhost_user_extern_ops;
extern const struct rte_vhost_user_extern_ops vhost_message_callbacks;
/* Memory that went away while the library read a message: it may be any
 * guest's. */
extern _Atomic(bool) vhost_library_fault;

/* vhost-io.c */
uint16_t vhost_rx(struct port *, uint16_t q, struct rte_mbuf **,
                  uint16_t max);
uint32_t vhost_rx_waiting(struct port *, uint16_t q);
void vhost_tx(struct port *, uint16_t q, struct rte_mbuf **, uint16_t n);

/* vhost-stats.c */
void vhost_get_stats(struct port *, struct port_stats *);
void vhost_get_status(const struct port *, struct smap *);
void vhost_get_link(const struct port *, struct port_link *);
char *vhost_describe(const struct port *);

#endif
