/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-mbuf.h: many mbufs at once, taken and given back with as few touched
 * lines as possible.
 *
 * Like drivers, this relies on what DPDK promises of an mbuf that is with its
 * pool: reference count 1, one segment, no `next`.  So the mbuf's second line
 * is never touched.
 */
#ifndef PORT_VRING_MBUF_H
#define PORT_VRING_MBUF_H 1

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

/* Takes up to `n` mbufs, as they come: only vring_mbuf_arm() makes frames of
 * them.  Returns how many, fewer where the pool is nearly empty. */
static inline uint16_t
vring_mbuf_take(struct rte_mempool *pool, struct rte_mbuf **m, uint16_t n)
{
    while (n && rte_mempool_get_bulk(pool, (void **) m, n)) {
        n /= 2;
    }
    return n;
}

/* Gives back mbufs of `pool` that were taken and not armed. */
static inline void
vring_mbuf_return(struct rte_mempool *pool, struct rte_mbuf **m, uint16_t n)
{
    if (n) {
        rte_mempool_put_bulk(pool, (void **) m, n);
    }
}

/* Makes a frame of `len` bytes in one segment of a taken mbuf.  It belongs to
 * no port (mp-holder.h). */
static inline void
vring_mbuf_arm(struct rte_mbuf *m, uint16_t len)
{
    /* Four fields by one store, as drivers do it. */
    const struct {
        uint16_t data_off, refcnt, nb_segs, port;
    } fresh = { RTE_PKTMBUF_HEADROOM, 1, 1, RTE_MBUF_PORT_INVALID };

    _Static_assert(offsetof(struct rte_mbuf, refcnt)
                   == offsetof(struct rte_mbuf, data_off) + 2
                   && offsetof(struct rte_mbuf, nb_segs)
                      == offsetof(struct rte_mbuf, data_off) + 4
                   && offsetof(struct rte_mbuf, port)
                      == offsetof(struct rte_mbuf, data_off) + 6,
                   "four fields side by side");
    memcpy(&m->rearm_data, &fresh, sizeof fresh);
    m->ol_flags = 0;
    m->packet_type = 0;
    m->pkt_len = len;
    m->data_len = len;
    m->vlan_tci = 0;
}

/* Frees `n` frames of any kind; faster than rte_pktmbuf_free_bulk() for those
 * in one mbuf that nobody else has. */
void vring_mbuf_free(struct rte_mbuf **, uint16_t n);

#endif
