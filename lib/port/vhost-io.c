/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-io.c: frames from and to a guest's rings, in packet threads.
 *
 * Seen from the switch: what the guest transmits is received here.  Virtio
 * 1.1, 5.1.2: virtqueue 2q is the guest's receive queue q, 2q + 1 its
 * transmit queue.
 */
#include <config.h>
#include "port/vhost.h"

#include <rte_arp.h>
#include <rte_ether.h>
#include <rte_mempool.h>
#include <rte_vhost.h>

#include "port/vhost-fault.h"
#include "port/vhost-rings.h"
#include "util.h"

/* Frames that the library takes or brings in one call, at most. */
enum { LIBRARY_BURST = 32 };

/* The class of port_size_names[] that `len` bytes fall into. */
static inline unsigned int
size_class(uint32_t len)
{
    if (len <= 64) {
        return 0;
    } else if (len <= 1023) {
        return 26 - (unsigned int) __builtin_clz(len);  /* 65..127: 1 */
    }
    return len <= 1522 ? 5 : 6;
}

/* Frames of a burst to a group's address: rare. */
static __rte_noinline void
count_groups(struct port_queue_counters *c, struct rte_mbuf **m, uint16_t n)
{
    for (uint16_t i = 0; i < n; i++) {
        const struct rte_ether_addr *dst
            = rte_pktmbuf_mtod(m[i], const struct rte_ether_addr *);

        if (rte_is_broadcast_ether_addr(dst)) {
            c->broadcast++;
        } else {
            c->multicast += rte_is_multicast_ether_addr(dst);
        }
    }
}

/* Neighbours of one length are added up before they are written: a counter
 * written for each frame would make each wait for the one before. */
static inline void
count(struct port_queue_counters *c, struct rte_mbuf **m, uint16_t n)
{
    uint32_t len = m[0]->pkt_len;
    unsigned int groups = 0;
    uint64_t bytes = 0;
    uint16_t first = 0;

    for (uint16_t i = 0; i < n; i++) {
        if (OVS_UNLIKELY(m[i]->pkt_len != len)) {
            c->size[size_class(len)] += i - first;
            bytes += (uint64_t) len * (i - first);
            len = m[i]->pkt_len;
            first = i;
        }
        groups |= *rte_pktmbuf_mtod(m[i], const uint8_t *);
    }
    c->size[size_class(len)] += n - first;
    c->bytes += bytes + (uint64_t) len * (n - first);
    c->packets += n;
    if (OVS_UNLIKELY(groups & 1)) {
        count_groups(c, m, n);
    }
}

static inline struct vhost_ring *
get_ring(struct vhost *v, uint16_t i)
{
    return atomic_load_explicit(&v->ring[i], memory_order_acquire);
}

/* What our code leaves to others. */
static inline void
finish_own(struct vhost *v, struct vhost_ring *r)
{
    vring_notify(&r->queue);
    if (OVS_UNLIKELY(vring_broken(&r->queue) != VRING_WORKS)) {
        vhost_ring_broke(v, r);
    }
}

/* A frame that says where a guest is that came from another machine and does
 * not say so itself; the library does the same. */
static __rte_noinline uint16_t
receive_rarp(struct vhost *v, struct rte_mempool *pool, struct rte_mbuf **m)
{
    uint64_t bytes = atomic_load(&v->rarp_mac);
    struct rte_ether_addr mac;

    memcpy(&mac, &bytes, sizeof mac);
    *m = (atomic_exchange(&v->rarp, false)
          ? rte_net_make_rarp_packet(pool, &mac) : NULL);
    return *m ? 1 : 0;
}

static inline uint16_t
receive_own(struct vhost *v, struct vhost_ring *r, struct rte_mempool *pool,
            struct rte_mbuf **m, uint16_t max)
{
    uint16_t n = 0;

    if (OVS_UNLIKELY(atomic_load_explicit(&v->rarp, memory_order_relaxed))) {
        n = receive_rarp(v, pool, m);
    }
    n = (uint16_t) (n + vring_rx_burst(&r->queue, pool, m + n,
                                       (uint16_t) (max - n)));
    finish_own(v, r);
    return n;
}

static uint16_t
receive_library(struct vhost_ring *r, int vid, struct rte_mempool *pool,
                struct rte_mbuf **m, uint16_t max)
{
    uint16_t n = 0;
    uint16_t k;

    do {
        k = rte_vhost_dequeue_burst(vid, r->index, pool, m + n,
                                    (uint16_t) (max - n));
        n = (uint16_t) (n + k);
    } while (k == LIBRARY_BURST && n < max);
    return n;
}

uint16_t
vhost_rx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t max)
{
    struct vhost *v = vhost_cast(p);
    int vid = atomic_load_explicit(&v->vid, memory_order_acquire);
    struct rte_mempool *pool;
    enum vhost_rings code;
    struct vhost_ring *r;
    uint16_t n;

    if (OVS_UNLIKELY(vid < 0
                     || !atomic_load_explicit(&v->rx_enabled[q],
                                              memory_order_relaxed))) {
        return 0;
    }
    r = get_ring(v, (uint16_t) (2 * q + 1));
    pool = atomic_load_explicit(&v->pool, memory_order_acquire);
    vhost_fault_begin(&v->fault);
    code = vhost_ring_enter(r, vid);
    if (OVS_UNLIKELY(code == VHOST_RINGS_NOBODY)) {
        vhost_fault_end();
        return 0;
    }
    n = (OVS_LIKELY(code == VHOST_RINGS_OWN)
         ? receive_own(v, r, pool, m, max)
         : receive_library(r, vid, pool, m, max));
    vhost_ring_leave(r);
    vhost_fault_end();
    if (n) {
        count(&p->rxc[q], m, n);
    }
    return n;
}

uint32_t
vhost_rx_waiting(struct port *p, uint16_t q)
{
    struct vhost *v = vhost_cast(p);
    int vid = atomic_load_explicit(&v->vid, memory_order_acquire);
    struct vhost_ring *r = get_ring(v, (uint16_t) (2 * q + 1));
    enum vhost_rings code;
    uint32_t n = 0;

    if (vid < 0 || !r) {
        return 0;
    }
    vhost_fault_begin(&v->fault);
    code = vhost_ring_enter(r, vid);
    if (code != VHOST_RINGS_NOBODY) {
        n = (code == VHOST_RINGS_OWN ? vring_waiting(&r->queue)
             : rte_vhost_rx_queue_count(vid, r->index));
        vhost_ring_leave(r);
    }
    vhost_fault_end();
    return n;
}

/* Moves frames longer than the port's MTU behind the others and returns how
 * many fit. */
static uint16_t
split_oversize(struct rte_mbuf **m, uint16_t n, uint32_t max_frame)
{
    uint16_t fit = 0;

    for (uint16_t i = 0; i < n; i++) {
        if (m[i]->pkt_len <= max_frame) {
            struct rte_mbuf *tmp = m[fit];

            m[fit++] = m[i];
            m[i] = tmp;
        }
    }
    return fit;
}

/* Frees frames.  The usual ones, each a whole frame that is nobody else's, go
 * back to their pool at once. */
static inline void
give_back(struct rte_mbuf **m, uint16_t n)
{
    struct rte_mempool *pool = m[0]->pool;
    uint64_t unusual = 0;

    for (uint16_t i = 0; i < n; i++) {
        unusual |= (uint64_t) ((uintptr_t) m[i]->pool ^ (uintptr_t) pool);
        unusual |= m[i]->ol_flags & (RTE_MBUF_F_INDIRECT
                                     | RTE_MBUF_F_EXTERNAL);
        unusual |= (uint64_t) (rte_mbuf_refcnt_read(m[i]) ^ 1);
        unusual |= (uint64_t) (m[i]->nb_segs ^ 1);
    }
    if (OVS_LIKELY(!unusual)) {
        rte_mempool_put_bulk(pool, (void **) m, n);
    } else {
        rte_pktmbuf_free_bulk(m, n);
    }
}

/* Sends what the guest takes of `n` frames, by `code`, and returns how many;
 * they are the first ones. */
static uint16_t
send_frames(struct vhost_ring *r, int vid, enum vhost_rings code,
            struct rte_mbuf **m, uint16_t n, uint32_t max_retries,
            uint32_t *retries)
{
    const uint16_t most = (code == VHOST_RINGS_OWN ? UINT16_MAX
                           : LIBRARY_BURST);
    uint16_t sent = 0;

    while (sent < n) {
        uint16_t asked = (uint16_t) MIN(n - sent, most);
        uint16_t unfit = 0;
        uint16_t k = (OVS_LIKELY(code == VHOST_RINGS_OWN)
                      ? vring_tx_burst(&r->queue, m + sent, asked, &unfit)
                      : rte_vhost_enqueue_burst(vid, r->index, m + sent,
                                                asked));

        sent = (uint16_t) (sent + k);
        n = (uint16_t) (n - unfit);
        if (OVS_LIKELY(k == asked)) {
            continue;
        }
        /* A full ring gets another chance only while the guest drains it:
         * a guest that reads nothing must not hold the thread. */
        if (!k || sent == n || *retries >= max_retries) {
            break;
        }
        ++*retries;
    }
    return sent;
}

void
vhost_tx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    struct vhost *v = vhost_cast(p);
    struct port_queue_counters *c = &p->txc[q];
    int vid = atomic_load_explicit(&v->vid, memory_order_acquire);
    int16_t vring = atomic_load_explicit(&v->tx_vring[q],
                                         memory_order_relaxed);
    uint32_t max_frame = atomic_load_explicit(&v->max_frame,
                                              memory_order_relaxed);
    uint32_t max_retries = atomic_load_explicit(&v->max_retries,
                                                memory_order_relaxed);
    enum vhost_rings code;
    struct vhost_ring *r;
    uint32_t longest = 0;
    uint32_t retries = 0;
    uint16_t fit = n;
    uint16_t sent = 0;

    if (OVS_UNLIKELY(vid < 0 || vring < 0)) {
        c->dropped += n;
        rte_pktmbuf_free_bulk(m, n);
        return;
    }
    for (uint16_t i = 0; i < n; i++) {
        longest = MAX(longest, m[i]->pkt_len);
    }
    if (OVS_UNLIKELY(longest > max_frame)) {
        fit = split_oversize(m, n, max_frame);
        c->mtu_drops += n - fit;
        c->dropped += n - fit;
    }
    r = get_ring(v, (uint16_t) vring);
    vhost_fault_begin(&v->fault);
    code = vhost_ring_enter_to_send(r, vid);
    if (OVS_LIKELY(code != VHOST_RINGS_NOBODY)) {
        sent = send_frames(r, vid, code, m, fit, max_retries, &retries);
        if (OVS_LIKELY(code == VHOST_RINGS_OWN)) {
            finish_own(v, r);
        }
        vhost_ring_leave(r);
    }
    vhost_fault_end();
    c->retries += retries;
    c->dropped += fit - sent;
    if (sent) {
        count(c, m, sent);
    }
    give_back(m, n);
}
