/* SPDX-License-Identifier: Apache-2.0
 *
 * gso.c: see gso.h.
 *
 * Cut are TCP over IPv4 and IPv6, and UDP whose sender asked for datagrams of
 * a size (UDP_SEGMENT).
 */
#include <config.h>
#include "port/gso.h"

#include <linux/virtio_net.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "util.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* The sum is that of 16-bit words in whatever byte order they are in memory;
 * folding makes the width of the addends indifferent. */
uint64_t
gso_sum(const void *data, size_t n, uint64_t sum)
{
    const uint8_t *p = data;

    for (; n >= 16; p += 16, n -= 16) {
        uint32_t w[4];

        memcpy(w, p, sizeof w);
        sum += (uint64_t) w[0] + w[1] + w[2] + w[3];
    }
    for (; n >= 2; p += 2, n -= 2) {
        uint16_t w;

        memcpy(&w, p, sizeof w);
        sum += w;
    }
    if (n) {
        uint16_t w = 0;

        memcpy(&w, p, 1);
        sum += w;
    }
    return sum;
}

uint16_t
gso_fold(uint64_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t) sum;
}

/* What goes into a TCP or UDP header: 0 would mean "none" in UDP. */
static uint16_t
transport_checksum(uint64_t sum)
{
    uint16_t c = (uint16_t) ~gso_fold(sum);

    return c ? c : 0xffff;
}

bool
gso_checksum(const struct virtio_net_hdr *vh, uint8_t *frame, size_t len)
{
    size_t start = vh->csum_start;
    size_t at = start + vh->csum_offset;
    uint16_t c;

    if (!(vh->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
        return true;
    }
    if (start >= len || at + sizeof c > len) {
        return false;
    }
    /* The field holds the sum of the pseudo header. */
    c = transport_checksum(gso_sum(frame + start, len - start, 0));
    memcpy(frame + at, &c, sizeof c);
    return true;
}

static uint16_t
get_be16(const uint8_t *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}

static void
put_be16(uint8_t *p, size_t value)
{
    p[0] = (uint8_t) (value >> 8);
    p[1] = (uint8_t) value;
}

/* Finds the network and transport headers. */
static bool
find_headers(struct gso *g, const struct virtio_net_hdr *vh)
{
    uint32_t l3 = RTE_ETHER_HDR_LEN, l4;
    uint16_t type;

    if (g->len < l3) {
        return false;
    }
    while ((type = get_be16(g->frame + l3 - 2)) == RTE_ETHER_TYPE_VLAN
           || type == RTE_ETHER_TYPE_QINQ) {
        l3 += RTE_VLAN_HLEN;
        if (l3 > GSO_HEADER_MAX || l3 > g->len) {
            return false;
        }
    }
    if (g->udp) {
        g->ipv6 = type == RTE_ETHER_TYPE_IPV6;
    }
    if (g->len < l3 + sizeof(struct rte_ipv4_hdr)
        || type != (g->ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4)) {
        return false;
    }
    /* Extension headers of IPv6 lie before what is to be summed. */
    l4 = (vh->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? vh->csum_start
          : g->ipv6 ? l3 + sizeof(struct rte_ipv6_hdr)
          : l3 + (g->frame[l3] & 0xfu) * 4);
    if (l4 < l3 + (g->ipv6 ? sizeof(struct rte_ipv6_hdr)
                   : sizeof(struct rte_ipv4_hdr))) {
        return false;
    }
    g->l3 = (uint16_t) l3;
    g->l4 = (uint16_t) MIN(l4, UINT16_MAX);
    return true;
}

bool
gso_begin(struct gso *g, const struct virtio_net_hdr *vh,
          const uint8_t *frame, size_t len)
{
    uint32_t least, header;

    *g = (struct gso) {
        .frame = frame,
        .len = (uint32_t) len,
        .size = vh->gso_size,
    };
    switch (vh->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
        break;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        g->ipv6 = true;
        break;
    case VIRTIO_NET_HDR_GSO_UDP_L4:
        g->udp = true;
        break;
    default:
        return false;
    }
    if (!g->size || !find_headers(g, vh)) {
        return false;
    }
    least = g->l4 + (uint32_t) (g->udp ? sizeof(struct rte_udp_hdr)
                                : sizeof(struct rte_tcp_hdr));
    if (least > len) {
        return false;
    }
    header = g->udp ? least : g->l4 + (frame[g->l4 + 12] >> 4) * 4u;
    if (header < least || header >= len || header > GSO_HEADER_MAX
        || (len - header) / g->size >= GSO_SEGMENTS_MAX) {
        return false;
    }
    g->header = (uint16_t) header;
    g->done = header;
    return true;
}

/* The lengths, and IPv4's identification and checksum. */
static void
finish_ip(const struct gso *g, uint8_t *ip, size_t n)
{
    size_t header = (size_t) (g->header - g->l3);

    if (g->ipv6) {
        put_be16(ip + 4, header - sizeof(struct rte_ipv6_hdr) + n);
    } else {
        uint16_t c;

        put_be16(ip + 2, header + n);
        put_be16(ip + 4, (size_t) get_be16(ip + 4) + g->index);
        put_be16(ip + 10, 0);
        c = (uint16_t) ~gso_fold(gso_sum(ip, (size_t) (g->l4 - g->l3), 0));
        memcpy(ip + 10, &c, sizeof c);
    }
}

static uint64_t
pseudo_sum(const struct gso *g, const uint8_t *ip, size_t l4_len)
{
    uint8_t rest[4] = { 0, g->udp ? IPPROTO_UDP : IPPROTO_TCP };

    put_be16(rest + 2, l4_len);
    return gso_sum(rest, sizeof rest,
                   g->ipv6 ? gso_sum(ip + 8, 32, 0) : gso_sum(ip + 12, 8, 0));
}

enum { TCP_FIN = 0x01, TCP_PSH = 0x08, TCP_CWR = 0x80 };

static void
finish_tcp(const struct gso *g, uint8_t *tcp, bool last)
{
    uint32_t seq;

    memcpy(&seq, tcp + 4, sizeof seq);
    seq = rte_cpu_to_be_32(rte_be_to_cpu_32(seq) + g->done - g->header);
    memcpy(tcp + 4, &seq, sizeof seq);
    if (!last) {
        tcp[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    }
    if (g->index) {
        tcp[13] &= (uint8_t) ~TCP_CWR;      /* said once */
    }
}

void
gso_next(struct gso *g, uint8_t *header, const uint8_t **payload, size_t *n)
{
    uint8_t *l4 = header + g->l4;
    size_t l4_header = (size_t) (g->header - g->l4);
    uint8_t *field;
    uint16_t c = 0;

    *payload = g->frame + g->done;
    *n = MIN(g->size, g->len - g->done);
    memcpy(header, g->frame, g->header);
    finish_ip(g, header + g->l3, *n);
    if (g->udp) {
        put_be16(l4 + 4, l4_header + *n);
        field = l4 + 6;
    } else {
        finish_tcp(g, l4, g->done + *n == g->len);
        field = l4 + 16;
    }
    memcpy(field, &c, sizeof c);
    c = transport_checksum(gso_sum(*payload, *n,
                                   gso_sum(l4, l4_header,
                                           pseudo_sum(g, header + g->l3,
                                                      l4_header + *n))));
    memcpy(field, &c, sizeof c);
    g->done += (uint32_t) *n;
    g->index++;
}
