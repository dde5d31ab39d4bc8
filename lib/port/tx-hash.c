/* SPDX-License-Identifier: Apache-2.0
 *
 * tx-hash.c: which flow does a frame belong to?  See tx-hash.h.
 */
#include <config.h>
#include "port/tx-hash.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "hash.h"
#include "util.h"

/* What is hashed.  Zeros where a frame has no such thing. */
struct flow {
    uint8_t addresses[32];      /* of both ends */
    uint8_t ports[4];
    uint8_t protocol[4];
};

/* The part of a frame that has not been looked at. */
struct cursor {
    const uint8_t *p;
    uint32_t left;
};

/* The next `size` bytes, which are then behind the cursor; NULL: too few. */
static const void *
take(struct cursor *c, uint32_t size)
{
    const uint8_t *p = c->p;

    if (c->left < size) {
        return NULL;
    }
    c->p += size;
    c->left -= size;
    return p;
}

static void
take_ports(struct cursor *c, uint8_t protocol, struct flow *flow)
{
    const uint8_t *ports;

    flow->protocol[0] = protocol;
    if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP
        || protocol == IPPROTO_SCTP) {
        ports = take(c, sizeof flow->ports);
        if (ports) {
            memcpy(flow->ports, ports, sizeof flow->ports);
        }
    }
}

static bool
take_ipv4(struct cursor *c, struct flow *flow)
{
    const struct rte_ipv4_hdr *ip = take(c, sizeof *ip);
    uint32_t options;

    if (!ip) {
        return false;
    }
    memcpy(flow->addresses, &ip->src_addr, 8);
    options = (ip->version_ihl & 0xfu) * 4 - (uint32_t) sizeof *ip;
    if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG
                                       | RTE_IPV4_HDR_OFFSET_MASK)) {
        flow->protocol[0] = ip->next_proto_id;
    } else if (options <= 40 && take(c, options)) {
        take_ports(c, ip->next_proto_id, flow);
    }
    return true;
}

static bool
take_ipv6(struct cursor *c, struct flow *flow)
{
    const struct rte_ipv6_hdr *ip = take(c, sizeof *ip);

    if (!ip) {
        return false;
    }
    memcpy(flow->addresses, &ip->src_addr, 16);
    memcpy(flow->addresses + 16, &ip->dst_addr, 16);
    take_ports(c, ip->proto, flow);
    return true;
}

uint32_t
tx_hash(const struct rte_mbuf *m)
{
    struct cursor c = {
        .p = rte_pktmbuf_mtod(m, const uint8_t *), .left = m->data_len,
    };
    const uint8_t *ethernet = take(&c, 2 * RTE_ETHER_ADDR_LEN);
    const rte_be16_t *type = take(&c, sizeof *type);
    struct flow flow;

    if (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) {
        return m->hash.rss;
    }
    memset(&flow, 0, sizeof flow);
    for (int tags = 0; type && tags < 2
         && (*type == RTE_BE16(RTE_ETHER_TYPE_VLAN)
             || *type == RTE_BE16(RTE_ETHER_TYPE_QINQ)); tags++) {
        type = take(&c, 2) ? take(&c, sizeof *type) : NULL;
    }
    if (!(type && ((*type == RTE_BE16(RTE_ETHER_TYPE_IPV4)
                    && take_ipv4(&c, &flow))
                   || (*type == RTE_BE16(RTE_ETHER_TYPE_IPV6)
                       && take_ipv6(&c, &flow))))
        && ethernet) {
        memcpy(flow.addresses, ethernet, 2 * RTE_ETHER_ADDR_LEN);
    }
    return hash_bytes(&flow, sizeof flow, 0);
}
