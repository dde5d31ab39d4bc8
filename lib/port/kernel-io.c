/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-io.c: frames between a file descriptor of the kernel and the switch.
 *
 * Runs in packet threads; kernel.h says how they meet, kernel.c is the main
 * thread's side.
 */
#include <config.h>
#include "port/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "util.h"

static void (*wake)(void);

void
kernel_set_wake(void (*fn)(void))
{
    wake = fn;
}

static void
report_gone(struct kernel_port *p)
{
    atomic_store_explicit(&p->gone, true, memory_order_release);
    port_notify();
}

/* Frames that no mbuf can be had for are taken from the kernel all the same:
 * left there, they would keep this thread from sleeping. */
static void
discard_one(struct kernel_port *p)
{
    char byte;

    if (read(p->fd, &byte, sizeof byte) > 0) {
        p->counters.rx_no_mbuf++;
    }
}

/* Chains `n` mbufs of the pool, first to last, and describes their room. */
static bool
make_chain(struct kernel_port *p, unsigned int n, struct rte_mbuf **m,
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
static struct rte_mbuf *
finish_chain(const struct kernel_port *p, struct rte_mbuf **m, unsigned int n,
             size_t len)
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

/* Reads one frame.  NULL: there is none now, or it was dropped (`*again`). */
static struct rte_mbuf *
read_frame(struct kernel_port *p, unsigned int n_segs, bool *again)
{
    struct rte_mbuf *m[KERNEL_MAX_SEGS];
    struct iovec iov[KERNEL_MAX_SEGS + 1];
    size_t room = (size_t) n_segs * p->seg_room;
    char over;
    ssize_t n;

    *again = false;
    if (!make_chain(p, n_segs, m, iov)) {
        discard_one(p);
        return NULL;
    }
    /* One byte more tells a frame that fits from one that was cut. */
    iov[n_segs] = (struct iovec) { .iov_base = &over, .iov_len = 1 };
    do {
        n = readv(p->fd, iov, (int) n_segs + 1);
    } while (n < 0 && errno == EINTR);
    if (n > 0 && (size_t) n <= room) {
        return finish_chain(p, m, n_segs, (size_t) n);
    }

    if (n > 0) {
        p->counters.rx_over++;
        *again = true;
    } else if (n < 0 && errno != EAGAIN) {
        report_gone(p);
    }
    rte_pktmbuf_free_bulk(m, n_segs);
    return NULL;
}

uint16_t
kernel_rx(struct port *port, uint16_t q OVS_UNUSED, struct rte_mbuf **m,
          uint16_t max)
{
    struct kernel_port *p = kernel_port_cast(port);
    struct port_queue_counters *c = &port->rxc[0];
    uint32_t longest = atomic_load_explicit(&p->max_len,
                                            memory_order_relaxed);
    unsigned int n_segs;
    uint16_t n = 0;

    if (!p->pool || atomic_load_explicit(&p->gone, memory_order_relaxed)) {
        return 0;
    }
    n_segs = MIN(DIV_ROUND_UP(longest, p->seg_room), KERNEL_MAX_SEGS);
    for (uint16_t tries = 0; tries < max; tries++) {
        bool again;
        struct rte_mbuf *frame = read_frame(p, n_segs, &again);

        if (frame) {
            const uint8_t *dst = rte_pktmbuf_mtod(frame, const uint8_t *);

            c->packets++;
            c->bytes += frame->pkt_len;
            c->multicast += dst[0] & 1;
            m[n++] = frame;
        } else if (!again) {
            break;
        }
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

static void
write_frame(struct kernel_port *p, struct rte_mbuf *m)
{
    struct iovec iov[KERNEL_MAX_SEGS];
    uint32_t len = m->pkt_len;
    int n_segs = 0;
    ssize_t n;

    if (m->nb_segs > KERNEL_MAX_SEGS) {
        p->counters.errors++;
        return;
    }
    for (; m; m = m->next) {
        iov[n_segs++] = (struct iovec) {
            .iov_base = rte_pktmbuf_mtod(m, void *),
            .iov_len = m->data_len,
        };
    }
    do {
        n = writev(p->fd, iov, n_segs);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        p->counters.packets++;
        p->counters.bytes += len;
    } else if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM
               || errno == EIO || errno == ENETDOWN) {
        p->counters.dropped++;          /* full, or (EIO) down */
    } else {
        p->counters.errors++;
        if (errno == EBADFD || errno == ENXIO) {
            report_gone(p);
        }
    }
}

bool
kernel_service(struct port *port)
{
    struct kernel_port *p = kernel_port_cast(port);
    unsigned int sum = 0;

    while (sum < KERNEL_RING) {
        struct rte_mbuf *m[PORT_BURST];
        unsigned int n = rte_ring_dequeue_burst(p->ring, (void **) m,
                                                PORT_BURST, NULL);

        if (!n) {
            return false;
        }
        for (unsigned int i = 0; i < n; i++) {
            write_frame(p, m[i]);
        }
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
