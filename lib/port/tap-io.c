/* SPDX-License-Identifier: Apache-2.0
 *
 * tap-io.c: frames between a tap device of ours and the switch, one system
 * call each.
 *
 * I/O thread only.
 */
#include <config.h>
#include "port/tap-device.h"

#include <errno.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "util.h"

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
    if (!kernel_make_chain(p, n_segs, m, iov)) {
        discard_one(p);
        return NULL;
    }
    /* One byte more tells a frame that fits from one that was cut. */
    iov[n_segs] = (struct iovec) { .iov_base = &over, .iov_len = 1 };
    do {
        n = readv(p->fd, iov, (int) n_segs + 1);
    } while (n < 0 && errno == EINTR);
    if (n > 0 && (size_t) n <= room) {
        return kernel_finish_chain(p, m, n_segs, (size_t) n);
    }

    if (n > 0) {
        p->counters.rx_over++;
        *again = true;
    } else if (n < 0 && errno != EAGAIN) {
        kernel_report_gone(p);
    }
    rte_pktmbuf_free_bulk(m, n_segs);
    return NULL;
}

uint16_t
tap_rx(struct port *port, uint16_t q OVS_UNUSED, struct rte_mbuf **m,
       uint16_t max)
{
    struct kernel_port *p = kernel_port_cast(port);
    unsigned int n_segs;
    uint16_t n = 0;

    if (!p->pool || atomic_load_explicit(&p->gone, memory_order_relaxed)) {
        return 0;
    }
    n_segs = kernel_chain_length(p);
    for (uint16_t tries = 0; tries < max; tries++) {
        bool again;
        struct rte_mbuf *frame = read_frame(p, n_segs, &again);

        if (frame) {
            kernel_count_rx(p, frame);
            m[n++] = frame;
        } else if (!again) {
            break;
        }
    }
    return n;
}

static void
write_frame(struct kernel_port *p, const struct rte_mbuf *m)
{
    struct iovec iov[KERNEL_MAX_SEGS];
    int n_segs = kernel_describe(m, iov);
    ssize_t n;

    if (m->nb_segs > KERNEL_MAX_SEGS) {
        p->counters.errors++;
        return;
    }
    do {
        n = writev(p->fd, iov, n_segs);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        kernel_count_tx(p, m->pkt_len);
    } else {
        int error = errno;

        kernel_count_tx_error(p, error);
        if (error == EBADFD || error == ENXIO) {
            kernel_report_gone(p);
        }
    }
}

void
tap_send(struct kernel_port *p, struct rte_mbuf **m, unsigned int n)
{
    for (unsigned int i = 0; i < n; i++) {
        write_frame(p, m[i]);
    }
}
