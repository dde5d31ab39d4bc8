/* SPDX-License-Identifier: Apache-2.0
 *
 * test-gso.c: frames that the kernel left unfinished: checksums, segments, and
 * those that make no sense.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <linux/virtio_net.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "port/gso.h"
#include "util.h"

enum { OPTIONS = 12, PAYLOAD = 10000, SIZE = 1448 };

/* A frame of `n` bytes of payload, and what the kernel would say of it. */
struct frame {
    uint8_t bytes[512 + PAYLOAD];
    size_t len, header;
    struct virtio_net_hdr vh;
    bool ipv6, udp;
};

static uint16_t
pseudo(const struct frame *f, const void *ip)
{
    return (f->ipv6 ? rte_ipv6_phdr_cksum(ip, 0)
            : rte_ipv4_phdr_cksum(ip, 0));
}

static void
put_l4(struct frame *f, uint8_t *l4)
{
    if (f->udp) {
        struct rte_udp_hdr *udp = (void *) l4;

        udp->dgram_len = rte_cpu_to_be_16((uint16_t) (8 + PAYLOAD));
        f->header += sizeof *udp;
        f->vh.csum_offset = 6;
    } else {
        struct rte_tcp_hdr *tcp = (void *) l4;

        tcp->sent_seq = rte_cpu_to_be_32(UINT32_MAX - 2000);    /* wraps */
        tcp->data_off = (sizeof *tcp + OPTIONS) / 4 << 4;
        tcp->tcp_flags = 0x80 | RTE_TCP_ACK_FLAG | RTE_TCP_PSH_FLAG
                         | RTE_TCP_FIN_FLAG;
        memset(tcp + 1, 1, OPTIONS);
        f->header += sizeof *tcp + OPTIONS;
        f->vh.csum_offset = 16;
    }
}

static struct frame *
make(bool ipv6, bool udp, unsigned int n_tags, size_t n)
{
    struct frame *f = test_calloc(1, sizeof *f);
    size_t l3 = 14 + 4 * n_tags;
    uint8_t *ip = f->bytes + l3;
    uint16_t sum;

    f->ipv6 = ipv6;
    f->udp = udp;
    for (unsigned int i = 0; i < n_tags; i++) {
        memcpy(f->bytes + 12 + 4 * i, "\x81\x00\x00\x05", 4);
    }
    memcpy(f->bytes + l3 - 2, ipv6 ? "\x86\xdd" : "\x08\x00", 2);
    if (ipv6) {
        struct rte_ipv6_hdr *h = (void *) ip;

        h->vtc_flow = rte_cpu_to_be_32(6u << 28);
        h->proto = udp ? IPPROTO_UDP : IPPROTO_TCP;
        memset(h->src_addr, 0xfd, 16);
        memset(h->dst_addr, 0xfe, 16);
        f->header = l3 + sizeof *h;
    } else {
        struct rte_ipv4_hdr *h = (void *) ip;

        h->version_ihl = 0x45;
        h->packet_id = rte_cpu_to_be_16(0xfffe);                /* wraps */
        h->time_to_live = 64;
        h->next_proto_id = udp ? IPPROTO_UDP : IPPROTO_TCP;
        h->src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 1));
        h->dst_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 0, 2));
        f->header = l3 + sizeof *h;
    }
    f->vh.csum_start = (uint16_t) f->header;
    put_l4(f, f->bytes + f->header);
    for (size_t i = 0; i < n; i++) {
        f->bytes[f->header + i] = (uint8_t) (i * 31 + i / 256);
    }
    f->len = f->header + n;
    if (ipv6) {
        ((struct rte_ipv6_hdr *) (void *) ip)->payload_len
            = rte_cpu_to_be_16((uint16_t) (f->len - l3 - 40));
    } else {
        ((struct rte_ipv4_hdr *) (void *) ip)->total_length
            = rte_cpu_to_be_16((uint16_t) (f->len - l3));
    }
    sum = pseudo(f, ip);
    memcpy(f->bytes + f->vh.csum_start + f->vh.csum_offset, &sum, 2);
    f->vh.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    f->vh.gso_type = (udp ? 5 : ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
                      : VIRTIO_NET_HDR_GSO_TCPV4);
    f->vh.gso_size = SIZE;
    return f;
}

/* DPDK's opinion of a whole frame: the sum with the checksum is nothing. */
static void
assert_right_checksums(const struct frame *f, const uint8_t *bytes)
{
    const uint8_t *ip = bytes + f->vh.csum_start - (f->ipv6 ? 40 : 20);
    const uint8_t *l4 = bytes + f->vh.csum_start;
    uint16_t right = f->udp ? 0xffff : 0;

    if (f->ipv6) {
        assert_int_equal(rte_ipv6_udptcp_cksum((const void *) ip, l4), right);
    } else {
        assert_int_equal(rte_ipv4_cksum((const void *) ip), 0);
        assert_int_equal(rte_ipv4_udptcp_cksum((const void *) ip, l4), right);
    }
}

/* IPv4's own checksum is never left to a device, but by segmentation. */
static void
put_ip_checksum(struct frame *f)
{
    if (!f->ipv6) {
        struct rte_ipv4_hdr *ip
            = (void *) (f->bytes + f->vh.csum_start - 20);

        ip->hdr_checksum = rte_ipv4_cksum(ip);
    }
}

static void
check_tcp(const struct frame *f, const uint8_t *segment, size_t at,
          bool first, bool last)
{
    const struct rte_tcp_hdr *tcp
        = (const void *) (segment + f->vh.csum_start);

    assert_int_equal(rte_be_to_cpu_32(tcp->sent_seq),
                     (uint32_t) (UINT32_MAX - 2000 + at));
    assert_int_equal(!!(tcp->tcp_flags & 0x80), first);
    assert_int_equal(!!(tcp->tcp_flags & RTE_TCP_PSH_FLAG), last);
    assert_int_equal(!!(tcp->tcp_flags & RTE_TCP_FIN_FLAG), last);
    assert_true(tcp->tcp_flags & RTE_TCP_ACK_FLAG);
}

static void
check_segments(bool ipv6, bool udp, unsigned int n_tags, size_t n)
{
    struct frame *f = make(ipv6, udp, n_tags, n);
    unsigned int count = 0;
    size_t at = 0;
    struct gso g;

    assert_true(gso_begin(&g, &f->vh, f->bytes, f->len));
    assert_int_equal(g.header, f->header);
    while (gso_left(&g)) {
        uint8_t segment[GSO_HEADER_MAX + SIZE];
        const uint8_t *payload;
        size_t len;

        gso_next(&g, segment, &payload, &len);
        assert_ptr_equal(payload, f->bytes + f->header + at);
        memcpy(segment + f->header, payload, len);
        assert_right_checksums(f, segment);
        if (!ipv6) {
            const struct rte_ipv4_hdr *ip
                = (const void *) (segment + f->vh.csum_start - 20);

            assert_int_equal(rte_be_to_cpu_16(ip->packet_id),
                             (uint16_t) (0xfffe + count));
        }
        if (!udp) {
            check_tcp(f, segment, at, !at, at + len == n);
        }
        at += len;
        assert_int_equal(len, MIN(SIZE, n - (at - len)));
        count++;
    }
    assert_int_equal(at, n);
    assert_int_equal(count, DIV_ROUND_UP(n, SIZE));
    test_free(f);
}

static void
test_segments(void **state OVS_UNUSED)
{
    static const size_t sizes[] = { 1, SIZE, SIZE + 1, PAYLOAD };

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (unsigned int tags = 0; tags < 3; tags++) {
            for (int kind = 0; kind < 4; kind++) {
                check_segments(kind & 1, kind & 2, tags, sizes[i]);
            }
        }
    }
}

static void
test_checksum(void **state OVS_UNUSED)
{
    for (int kind = 0; kind < 4; kind++) {
        for (size_t n = 1; n < 70; n++) {
            struct frame *f = make(kind & 1, kind & 2, 0, n);

            if (f->udp) {
                struct rte_udp_hdr *udp
                    = (void *) (f->bytes + f->vh.csum_start);

                udp->dgram_len = rte_cpu_to_be_16((uint16_t) (8 + n));
            }
            put_ip_checksum(f);
            assert_true(gso_checksum(&f->vh, f->bytes, f->len));
            assert_right_checksums(f, f->bytes);
            test_free(f);
        }
    }
}

static void
test_checksum_not_asked_for(void **state OVS_UNUSED)
{
    struct frame *f = make(false, false, 0, 100);
    struct frame *before = test_malloc(sizeof *before);

    f->vh.flags = 0;
    *before = *f;
    assert_true(gso_checksum(&f->vh, f->bytes, f->len));
    assert_memory_equal(f, before, sizeof *f);
    test_free(f);
    test_free(before);
}

static void
test_checksum_outside(void **state OVS_UNUSED)
{
    struct frame *f = make(false, false, 0, 100);

    f->vh.csum_start = (uint16_t) f->len;
    assert_false(gso_checksum(&f->vh, f->bytes, f->len));
    f->vh.csum_start = (uint16_t) (f->len - 17);
    assert_false(gso_checksum(&f->vh, f->bytes, f->len));
    f->vh.csum_start = UINT16_MAX;
    f->vh.csum_offset = UINT16_MAX;
    assert_false(gso_checksum(&f->vh, f->bytes, f->len));
    test_free(f);
}

#define REFUSED(CHANGE)                                                 \
    do {                                                                \
        struct frame *f = make(false, false, 0, PAYLOAD);               \
        struct gso g;                                                   \
                                                                        \
        CHANGE;                                                         \
        assert_false(gso_begin(&g, &f->vh, f->bytes, f->len));          \
        test_free(f);                                                   \
    } while (0)

static void
test_nonsense(void **state OVS_UNUSED)
{
    REFUSED(f->vh.gso_size = 0);
    REFUSED(f->vh.gso_size = 4);                /* too many */
    REFUSED(f->vh.gso_type = VIRTIO_NET_HDR_GSO_UDP);
    REFUSED(f->vh.gso_type = VIRTIO_NET_HDR_GSO_NONE);
    REFUSED(f->vh.gso_type = VIRTIO_NET_HDR_GSO_TCPV6);
    REFUSED(f->vh.csum_start = 0);
    REFUSED(f->vh.csum_start = UINT16_MAX);
    REFUSED(f->bytes[f->vh.csum_start + 12] = 0x40);    /* short header */
    REFUSED(f->len = 13);
    REFUSED(f->len = f->vh.csum_start + 19u);
    REFUSED(f->len = f->header);                /* no payload */
    REFUSED(for (size_t i = 12; i < f->len - 4; i += 4) {
        memcpy(f->bytes + i, "\x81\x00\x00\x05", 4);
    });
}

/* Random bytes never lead outside (for the sanitizers). */
static void
test_random(void **state OVS_UNUSED)
{
    uint32_t seed = 1;

    for (int i = 0; i < 20000; i++) {
        struct frame *f = make(i & 1, i & 2, 0, 300);
        uint8_t *copy;
        struct gso g;

        for (int k = 0; k < 3; k++) {
            uint8_t *where;

            seed = seed * 1103515245 + 12345;
            where = (seed >> 8 & 1 ? (uint8_t *) &f->vh
                     + (seed >> 16) % sizeof f->vh
                     : f->bytes + (seed >> 16) % 64);
            *where = (uint8_t) (seed >> 24);
        }
        copy = test_malloc(f->len);             /* nothing behind it */
        memcpy(copy, f->bytes, f->len);
        if (gso_begin(&g, &f->vh, copy, f->len)) {
            while (gso_left(&g)) {
                uint8_t header[GSO_HEADER_MAX];
                const uint8_t *payload;
                size_t n;

                gso_next(&g, header, &payload, &n);
                assert_true(n && payload + n <= copy + f->len);
            }
        }
        gso_checksum(&f->vh, copy, f->len);
        test_free(copy);
        test_free(f);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_checksum_not_asked_for),
        cmocka_unit_test(test_checksum_outside),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
