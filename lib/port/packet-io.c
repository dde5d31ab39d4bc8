/* SPDX-License-Identifier: Apache-2.0
 *
 * packet-io.c: see packet-io.h.
 *
 * A frame that fits the device's MTU is read into mbufs where it stays.  The
 * rest of a longer one, which the kernel has not segmented, goes to `big`, and
 * its beginning is copied there: segments are cut from one piece of memory.
 *
 * I/O thread, but for what is marked.
 */
#include <config.h>
#include "port/packet-io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "util.h"

enum {
    BIG = 1 << 17,              /* bytes of `big` */
    TAG = 4,
    ADDRESSES = 12,             /* bytes before a tag */
    RCVBUF = 8 << 20,           /* bytes that may wait for us */
    SNDBUF = 4 << 20,
    IOVS = 4 * PORT_BURST,
};

/* Main thread. */
int
packet_open(int ifindex)
{
    static const int on = 1, rcvbuf = RCVBUF, sndbuf = SNDBUF;
    struct packet_mreq promisc = {
        .mr_ifindex = ifindex,
        .mr_type = PACKET_MR_PROMISC,
    };
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = ifindex,
    };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0) {
        return -errno;
    }
    /* Best effort: without CAP_NET_ADMIN the limit is the system's. */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof rcvbuf);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof sndbuf);
    if (!setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on)
        && !setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on)
        && !setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on)
        && !bind(fd, (struct sockaddr *) &sll, sizeof sll)
        && !setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc,
                       sizeof promisc)) {
        return fd;
    }
    error = errno;
    close(fd);
    return -error;
}

/* Main thread.  Reading the counters sets them to 0. */
void
packet_count_lost(struct packet_port *s)
{
    struct tpacket_stats stats;
    socklen_t size = sizeof stats;

    if (s->up.fd >= 0
        && !getsockopt(s->up.fd, SOL_PACKET, PACKET_STATISTICS, &stats,
                       &size)) {
        s->up.rx_lost += stats.tp_drops;
    }
}

/* Receiving. */

bool
packet_rx_unfinished(const struct port *port)
{
    return gso_left(&packet_port_cast(port)->gso);
}

/* The tag that the kernel took out of the frame; zeros where it did not. */
static void
get_tag(struct msghdr *msg, uint8_t tag[TAG])
{
    memset(tag, 0, TAG);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        struct tpacket_auxdata aux;

        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) {
            continue;
        }
        memcpy(&aux, CMSG_DATA(c), sizeof aux);
        if (aux.tp_status & TP_STATUS_VLAN_VALID) {
            uint16_t tpid = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID
                             ? aux.tp_vlan_tpid : ETH_P_8021Q);

            tag[0] = (uint8_t) (tpid >> 8);
            tag[1] = (uint8_t) tpid;
            tag[2] = (uint8_t) (aux.tp_vlan_tci >> 8);
            tag[3] = (uint8_t) aux.tp_vlan_tci;
        }
    }
}

/* Puts the tag back: a new mbuf has headroom. */
static void
insert_tag(struct rte_mbuf *m, const uint8_t tag[TAG])
{
    char *start = tag[0] ? rte_pktmbuf_prepend(m, TAG) : NULL;

    if (start) {
        memmove(start, start + TAG, ADDRESSES);
        memcpy(start + ADDRESSES, tag, TAG);
    }
}

/* Appends `n` bytes to a frame with `last` as its last segment; false: no
 * mbuf. */
static bool
append(const struct kernel_port *p, struct rte_mbuf *m, const uint8_t *data,
       size_t n)
{
    struct rte_mbuf *last = rte_pktmbuf_lastseg(m);

    for (;;) {
        uint16_t part = (uint16_t) MIN(n, (size_t) p->seg_room
                                       - last->data_len);

        memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len), data,
               part);
        last->data_len = (uint16_t) (last->data_len + part);
        m->pkt_len += part;
        data += part;
        n -= part;
        if (!n) {
            return true;
        }
        last->next = rte_pktmbuf_alloc(p->pool);
        if (!last->next) {
            return false;
        }
        last = last->next;
        m->nb_segs++;
    }
}

/* The next segment of the frame in `big`; NULL: no mbuf, and the rest of the
 * frame is given up. */
static struct rte_mbuf *
cut(struct packet_port *s)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(s->up.pool);

    if (m) {
        const uint8_t *payload;
        size_t n;

        gso_next(&s->gso, rte_pktmbuf_mtod(m, uint8_t *), &payload, &n);
        m->data_len = s->gso.header;
        m->pkt_len = s->gso.header;
        if (append(&s->up, m, payload, n)) {
            insert_tag(m, s->tag);
            return m;
        }
        rte_pktmbuf_free(m);
    }
    s->up.counters.rx_no_mbuf++;
    s->gso.done = s->gso.len;
    return NULL;
}

/* Copies the `len` bytes that were read into `n` mbufs to the beginning of
 * `big`, behind which the rest was read, and frees the mbufs. */
static void
gather(struct packet_port *s, struct rte_mbuf **m, unsigned int n, size_t len)
{
    uint8_t *to = s->big;

    for (unsigned int i = 0; i < n && len; i++) {
        size_t part = MIN(len, s->up.seg_room);

        memcpy(to, rte_pktmbuf_mtod(m[i], const void *), part);
        to += part;
        len -= part;
    }
    rte_pktmbuf_free_bulk(m, n);
}

/* A frame of `len` bytes that fits into the `n` mbufs it was read into. */
static struct rte_mbuf *
finish(struct packet_port *s, const struct virtio_net_hdr *vh,
       struct rte_mbuf **m, unsigned int n, size_t len)
{
    struct rte_mbuf *frame;

    if (len > s->up.seg_room && vh->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        gather(s, m, n, len);
        frame = rte_pktmbuf_alloc(s->up.pool);
        if (!gso_checksum(vh, s->big, len) || !frame
            || !append(&s->up, frame, s->big, len)) {
            s->up.counters.rx_bad++;
            rte_pktmbuf_free(frame);
            return NULL;
        }
        return frame;
    }
    if (!gso_checksum(vh, rte_pktmbuf_mtod(m[0], uint8_t *),
                      MIN(len, s->up.seg_room))) {
        s->up.counters.rx_bad++;
        rte_pktmbuf_free_bulk(m, n);
        return NULL;
    }
    return kernel_finish_chain(&s->up, m, n, len);
}

/* Frames that no mbuf can be had for are taken from the kernel all the same:
 * left there, they would keep this thread from sleeping. */
static void
discard_one(struct packet_port *s)
{
    struct virtio_net_hdr vh;

    if (recv(s->up.fd, &vh, sizeof vh, 0) >= 0) {
        s->up.counters.rx_no_mbuf++;
    }
}

/* Reads a frame.  NULL: there is none now; or (`*again`) it was dropped, or
 * is in `big` to be cut. */
static struct rte_mbuf *
read_frame(struct packet_port *s, unsigned int n_segs, bool *again)
{
    struct rte_mbuf *m[KERNEL_MAX_SEGS];
    struct iovec iov[KERNEL_MAX_SEGS + 2];
    size_t room = (size_t) n_segs * s->up.seg_room, len;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    } control;
    struct virtio_net_hdr vh;
    struct msghdr msg = {
        .msg_iov = iov, .msg_iovlen = n_segs + 2,
        .msg_control = &control, .msg_controllen = sizeof control,
    };
    struct rte_mbuf *frame = NULL;
    ssize_t n;

    *again = false;
    if (!kernel_make_chain(&s->up, n_segs, m, iov + 1)) {
        discard_one(s);
        return NULL;
    }
    iov[0] = (struct iovec) { &vh, sizeof vh };
    iov[n_segs + 1] = (struct iovec) { s->big + room, BIG - room };
    do {
        n = recvmsg(s->up.fd, &msg, 0);
    } while (n < 0 && errno == EINTR);
    if (n < (ssize_t) sizeof vh) {
        /* EINVAL: a kind of offload that a virtio_net_hdr cannot tell of. */
        *again = n >= 0 || errno == EINVAL;
        s->up.counters.rx_bad += *again;
        rte_pktmbuf_free_bulk(m, n_segs);
        return NULL;
    }

    *again = true;
    len = (size_t) n - sizeof vh;
    get_tag(&msg, s->tag);
    if (msg.msg_flags & MSG_TRUNC
        || (len > room && vh.gso_type == VIRTIO_NET_HDR_GSO_NONE)) {
        s->up.counters.rx_over++;
        rte_pktmbuf_free_bulk(m, n_segs);
    } else if (vh.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        gather(s, m, n_segs, MIN(len, room));
        if (!gso_begin(&s->gso, &vh, s->big, len)) {
            s->gso.done = s->gso.len = 0;
            s->up.counters.rx_bad++;
        }
    } else {
        frame = len ? finish(s, &vh, m, n_segs, len) : NULL;
        if (!len) {
            rte_pktmbuf_free_bulk(m, n_segs);
        } else if (frame) {
            insert_tag(frame, s->tag);
        }
    }
    return frame;
}

uint16_t
packet_rx(struct port *port, uint16_t q OVS_UNUSED, struct rte_mbuf **m,
          uint16_t max)
{
    struct packet_port *s = packet_port_cast(port);
    struct kernel_port *p = &s->up;
    unsigned int n_segs;
    uint16_t n = 0;

    if (!p->pool || p->fd < 0) {
        return 0;
    }
    n_segs = MIN(kernel_chain_length(p), BIG / 2 / p->seg_room);
    for (unsigned int tries = 0; n < max && tries < 2u * max; tries++) {
        struct rte_mbuf *frame;
        bool again = true;

        frame = (gso_left(&s->gso) ? cut(s)
                 : read_frame(s, n_segs, &again));
        if (frame) {
            kernel_count_rx(p, frame);
            m[n++] = frame;
        } else if (!again) {
            break;
        }
    }
    return n;
}

/* Sending. */

/* Sends `n` messages, one frame each. */
static void
send_messages(struct kernel_port *p, struct mmsghdr *msgs,
              struct rte_mbuf **m, unsigned int n)
{
    unsigned int i = 0;

    while (i < n) {
        int sent = sendmmsg(p->fd, msgs + i, n - i, 0);

        if (sent > 0) {
            for (int j = 0; j < sent; j++) {
                kernel_count_tx(p, m[i++]->pkt_len);
            }
        } else if (sent < 0 && errno != EINTR) {
            kernel_count_tx_error(p, errno);
            i++;
        }
    }
}

/* Every frame is finished: its virtio_net_hdr is zeros. */
static void
packet_send(struct kernel_port *p, struct rte_mbuf **m, unsigned int n)
{
    static struct virtio_net_hdr finished;
    struct iovec iov[IOVS + KERNEL_MAX_SEGS + 1];
    struct mmsghdr msgs[PORT_BURST];
    struct rte_mbuf *frames[PORT_BURST];
    unsigned int n_iov = 0, k = 0;

    for (unsigned int i = 0; i < n; i++) {
        if (m[i]->nb_segs > KERNEL_MAX_SEGS) {
            p->counters.errors++;
            continue;
        }
        memset(&msgs[k], 0, sizeof msgs[k]);
        msgs[k].msg_hdr.msg_iov = &iov[n_iov];
        iov[n_iov++] = (struct iovec) { &finished, sizeof finished };
        n_iov += (unsigned int) kernel_describe(m[i], &iov[n_iov]);
        msgs[k].msg_hdr.msg_iovlen = (size_t) (&iov[n_iov]
                                               - msgs[k].msg_hdr.msg_iov);
        frames[k++] = m[i];
        if (k == PORT_BURST || n_iov > IOVS) {
            send_messages(p, msgs, frames, k);
            n_iov = k = 0;
        }
    }
    send_messages(p, msgs, frames, k);
}

/* Main thread. */

void
packet_port_init(struct packet_port *s)
{
    kernel_port_init(&s->up, true, packet_send);
    s->big = xmalloc(BIG);
}

void
packet_port_destroy(struct packet_port *s)
{
    kernel_port_destroy(&s->up);
    free(s->big);
}
