/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel.h: ports that are a device of the kernel: frames through a file
 * descriptor.
 *
 * What such port types share (struct kernel_port); a type adds how its
 * descriptor comes about: internal.c and tap.c a tap device of its own
 * (tap-device.c), system.c a packet socket on a device that there is already.
 *
 *   kernel.c          main thread: device, memory, statistics
 *   kernel-io.c       packet threads: tx, service, what rx needs
 *   tap-io.c          I/O thread: rx of taps, and what is sent to them
 *   packet-io.c       I/O thread: likewise of packet sockets
 *   kernel-link.c     rtnetlink
 *   kernel-ethtool.c  what a driver says of itself
 *
 * No PMD makes a system call for such a port.  Three kinds of thread meet:
 *
 *   sender (any packet thread)     I/O thread               main thread
 *   --------------------------     ----------               -----------
 *   kernel_tx(): frames into
 *     `ring`, then calls the
 *     wake function          --> kernel_service():
 *                                  ring -> write(fd)
 *                                rx():
 *                                  read(fd) -> mbufs
 *                                sees that the device
 *                                  is gone: `gone`   --> kernel_run(): asks
 *                                                        for reconfigure()
 *   loads `device_up`,                                   stores them as the
 *     `max_len`              <--                     <-- kernel announces
 *
 * The ring takes senders that are preempted in mid enqueue: nobody waits for
 * them, their frames and those queued meanwhile become visible when they go
 * on.  Whoever's enqueue completes calls the wake function afterwards, so that
 * frames never lie there with the I/O thread asleep: see kernel_set_wake().
 *
 * `fd`, `pool` and `seg_room` change only while the port is quiesced.
 */
#ifndef PORT_KERNEL_H
#define PORT_KERNEL_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <rte_ring.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "port/kernel-ethtool.h"
#include "port/kernel-link.h"
#include "port/port-class.h"
#include "port/port.h"

enum {
    KERNEL_L2_MAX = 22,         /* Ethernet header and two VLAN tags */
    KERNEL_MAX_SEGS = 64,       /* mbufs of one frame */
    KERNEL_DEAD = -1,
};

/* Counters of the I/O thread beside those of the port's queues. */
struct kernel_counters {
    uint64_t packets, bytes;    /* written to the device */
    uint64_t dropped;           /* device down or full */
    uint64_t errors;            /* refused by the device */
    uint64_t rx_over;           /* longer than what can be received */
    uint64_t rx_bad;            /* makes no sense */
    uint64_t rx_no_mbuf;
};

struct kernel_port {
    struct port up;

    /* Packet threads: read only; see above for who changes them when. */
    int fd;                         /* KERNEL_DEAD: none */
    struct rte_mempool *pool;       /* NULL: nothing can be received */
    uint16_t seg_room;              /* bytes of a frame in one mbuf */
    _Atomic(bool) device_up;        /* main: store, relaxed; others: load */
    _Atomic(uint32_t) max_len;      /* likewise: longest frame, bytes */

    /* Sends frames to the device, which stay the caller's, and counts what
     * became of them; I/O thread.  Set once, by the type. */
    void (*send)(struct kernel_port *, struct rte_mbuf **, unsigned int n);
    struct rte_ring *ring;          /* senders: enqueue; I/O thread, and main
                                     * while quiesced: dequeue */
    _Atomic(bool) gone;             /* the device behind `fd` is no more; I/O
                                     * thread: store, others: load */

    /* I/O thread: stores.  Main: loads. */
    struct kernel_counters counters __rte_cache_aligned;

    /* Sampling threads: read.  Main: writes while it holds the port. */
    int ifindex;                    /* of the device; 0: none */

    /* Main thread only. */
    struct hmap_node by_ifindex __rte_cache_aligned;    /* kernel.c's table */
    bool foreign;                   /* set once: the device is not ours; the
                                     * port is that of whatever device has its
                                     * name */
    struct ovs_list awaited_node;   /* in kernel.c's `awaited`: foreign, and
                                     * there is no such device; or empty */
    bool back;                      /* it has come */
    bool gone_seen;                 /* port_reconfigure() was asked for */
    bool visible;                   /* in our network namespace */
    struct kernel_link link;        /* as last announced */
    struct kernel_driver driver;    /* of the device */
    uint64_t rx_lost;               /* frames that the kernel had no room for;
                                     * not of taps, where the device counts */
    uint32_t resets;                /* changes of `link.running` */
};

static inline struct kernel_port *
kernel_port_cast(const struct port *p)
{
    return CONTAINER_OF(p, struct kernel_port, up);
}

/* The function that wakes the thread that calls service() and rx(); called by
 * senders after each enqueue.  It must put a full fence before it looks
 * whether that thread sleeps, and that thread one between saying that it will
 * sleep and looking a last time into every ring with kernel_service().  To be
 * set before any port sends. */
void kernel_set_wake(void (*wake)(void));

/* Called in the main thread, from port_run(), with the name of each device
 * that came, or changed, and that is no port's: a port that could not be made
 * for want of it may be tried again. */
void kernel_set_appeared(void (*appeared)(const char *device));

/* Makes the ring.  `p->fd` is KERNEL_DEAD then.  The reverse frees it and
 * what is in it, and forgets the device; it does not close `fd`. */
void kernel_port_init(struct kernel_port *, bool foreign,
                      void (*send)(struct kernel_port *, struct rte_mbuf **,
                                   unsigned int n));
void kernel_port_destroy(struct kernel_port *);

/* `fd` is non-blocking and belongs to device `ifindex`. Quiesced. */
void kernel_port_set_device(struct kernel_port *, int fd, int ifindex);
/* Looks at the device now, instead of when the kernel announces something. */
void kernel_port_refresh(struct kernel_port *);
/* Forgets it again. */
void kernel_port_clear_device(struct kernel_port *);
/* Foreign, without a device: kernel_run() says when one comes. */
void kernel_port_await(struct kernel_port *);

/* Main thread, quiesced: where received frames go. */
void kernel_port_set_pool(struct kernel_port *, struct rte_mempool *);

/* Main thread: steps of reconfigure() that types have in common.  The
 * device's MTU; and, last, what cannot fail. */
int kernel_port_set_mtu(struct kernel_port *, uint32_t mtu, char **errp);
void kernel_port_apply(struct kernel_port *, struct mp *, enum port_change,
                       uint32_t mtu);
/* What plan() answers where nothing but the following is wanted: memory, tx
 * queues, MTU, a device for one that is gone. */
enum port_change kernel_port_plan(const struct kernel_port *);

/* I/O thread: the mbufs of a frame and where they are. */
bool kernel_make_chain(struct kernel_port *, unsigned int n,
                       struct rte_mbuf **, struct iovec *);
struct rte_mbuf *kernel_finish_chain(const struct kernel_port *,
                                     struct rte_mbuf **, unsigned int n,
                                     size_t len);
/* Mbufs for the longest frame that the device's MTU allows. */
unsigned int kernel_chain_length(const struct kernel_port *);
void kernel_count_rx(struct kernel_port *, const struct rte_mbuf *);
/* A frame of `len` bytes could not be sent. */
void kernel_count_tx(struct kernel_port *, uint32_t len);
void kernel_count_tx_error(struct kernel_port *, int error);
/* Describes the frame's segments, at most KERNEL_MAX_SEGS. */
int kernel_describe(const struct rte_mbuf *, struct iovec *);
/* Reading or writing says that the device is no more. */
void kernel_report_gone(struct kernel_port *);

/* Class operations that kernel-backed ports have in common. */
bool kernel_mempool_request(const struct port *, struct mp_request *);
void kernel_stop(struct port *);
void kernel_tx(struct port *, uint16_t q, struct rte_mbuf **, uint16_t n);
int kernel_rx_fd(const struct port *);
bool kernel_service(struct port *);
bool kernel_sample(const struct port *, struct port_sample *);
void kernel_get_stats(struct port *, struct port_stats *);
void kernel_get_link(const struct port *, struct port_link *);
void kernel_get_status(const struct port *, struct smap *);
void kernel_mbuf_need(const struct port *, bool wanted, struct mp_holding *);
bool kernel_run(struct port *);
void kernel_run_class(void);
void kernel_wait_class(void);

/* The MTU that `p` wants. */
uint32_t kernel_wanted_mtu(const struct port *);

#endif
