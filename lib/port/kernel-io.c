/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-io.c: frames between a file descriptor of the kernel and the switch.
 *
 * What does not depend on the kind of descriptor.  Runs in packet threads;
 * kernel.h says how they meet, kernel.c is the main thread's side.
 */
#include <config.h>
#include "port/kernel.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "mem/mp-size.h"
#include "util.h"

static void (*wake)(void);

void
kernel_set_wake(void (*fn)(void))
{
    wake = fn;
}

void
kernel_report_gone(struct kernel_port *p)
{
    atomic_store_explicit(&p->gone, true, memory_order_release);
    port_notify();
}

/* Chains `n` mbufs of the pool, first to last, and describes their room. */
bool
kernel_make_chain(struct kernel_port *p, unsigned int n, struct rte_mbuf **m,
                  struct iovec *iov)
{
    if (rte_pktmbuf_alloc_bulk(p->pool, m, n)) {
        return false;
    }
    for (unsigned int i = 0; i < n; i++) {
        iov[i].iov_base = rte_pktmbuf_mtod(m[i], void *);
        iov[i].iov_len = p->seg_room;
    }
    return true;
}

/* A frame of `len` bytes was read into `n` mbufs: keeps as many as it needs,
 * and frees the others. */
struct rte_mbuf *
kernel_finish_chain(const struct kernel_port *p, struct rte_mbuf **m,
                    unsigned int n, size_t len)
{
    unsigned int used = 0;

    m[0]->pkt_len = (uint32_t) len;
    do {
        m[used]->data_len = (uint16_t) MIN(len, p->seg_room);
        len -= m[used]->data_len;
        if (used) {
            m[used - 1]->next = m[used];
        }
        used++;
    } while (len);
    m[0]->nb_segs = (uint16_t) used;
    if (n > used) {
        rte_pktmbuf_free_bulk(m + used, n - used);
    }
    return m[0];
}

unsigned int
kernel_chain_length(const struct kernel_port *p)
{
    uint32_t longest = atomic_load_explicit(&p->max_len,
                                            memory_order_relaxed);

    return MIN(DIV_ROUND_UP(longest, p->seg_room), KERNEL_MAX_SEGS);
}

void
kernel_count_rx(struct kernel_port *p, const struct rte_mbuf *m)
{
    struct port_queue_counters *c = &p->up.rxc[0];

    c->packets++;
    c->bytes += m->pkt_len;
    c->multicast += rte_pktmbuf_mtod(m, const uint8_t *)[0] & 1;
}

void
kernel_count_tx(struct kernel_port *p, uint32_t len)
{
    p->counters.packets++;
    p->counters.bytes += len;
}

/* Full, or (EIO of a tap, ENXIO of a packet socket) down or away. */
void
kernel_count_tx_error(struct kernel_port *p, int error)
{
    if (error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EIO
        || error == ENETDOWN || (p->foreign && error == ENXIO)) {
        p->counters.dropped++;
    } else {
        p->counters.errors++;
    }
}

int
kernel_describe(const struct rte_mbuf *m, struct iovec *iov)
{
    int n = 0;

    for (; m && n < KERNEL_MAX_SEGS; m = m->next) {
        iov[n++] = (struct iovec) {
            .iov_base = rte_pktmbuf_mtod(m, void *),
            .iov_len = m->data_len,
        };
    }
    return n;
}

void
kernel_tx(struct port *port, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    struct kernel_port *p = kernel_port_cast(port);
    struct port_queue_counters *c = &port->txc[q];
    uint32_t max_len = atomic_load_explicit(&p->max_len,
                                            memory_order_relaxed);
    uint16_t left = 0;
    unsigned int queued;

    if (!atomic_load_explicit(&p->device_up, memory_order_relaxed)) {
        c->dropped += n;
        rte_pktmbuf_free_bulk(m, n);
        return;
    }
    for (uint16_t i = 0; i < n; i++) {
        if (OVS_LIKELY(m[i]->pkt_len <= max_len)) {
            m[left++] = m[i];
        } else {
            c->mtu_drops++;
            rte_pktmbuf_free(m[i]);
        }
    }
    queued = rte_ring_enqueue_burst(p->ring, (void **) m, left, NULL);
    if (queued < left) {
        c->dropped += left - queued;
        rte_pktmbuf_free_bulk(m + queued, left - queued);
    }
    if (queued && wake) {
        wake();
    }
}

bool
kernel_service(struct port *port)
{
    struct kernel_port *p = kernel_port_cast(port);
    unsigned int sum = 0;

    while (sum < MP_KERNEL_RING) {
        struct rte_mbuf *m[PORT_BURST];
        unsigned int n = rte_ring_dequeue_burst(p->ring, (void **) m,
                                                PORT_BURST, NULL);

        if (!n) {
            return false;
        }
        p->send(p, m, n);
        rte_pktmbuf_free_bulk(m, n);
        sum += n;
    }
    return !rte_ring_empty(p->ring);
}

int
kernel_rx_fd(const struct port *port)
{
    const struct kernel_port *p = kernel_port_cast(port);

    return (p->pool && !atomic_load_explicit(&p->gone, memory_order_relaxed)
            ? p->fd : KERNEL_DEAD);
}
