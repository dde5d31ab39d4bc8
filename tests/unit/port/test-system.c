/* SPDX-License-Identifier: Apache-2.0
 *
 * test-system.c: ports on devices that there are already: frames, VLAN tags,
 * checksums and segments, and what becomes of the device.
 *
 * With veth pairs in a network namespace of its own; skipped where that is
 * not allowed.
 */
#define _GNU_SOURCE 1
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "port/kernel.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { ETHERTYPE = 0x88b5 };

static bool own_namespace;

static void
shell(const char *command)
{
    assert_int_equal(system(command), 0);
}

/* A veth pair: `sw` for the switch, `te` for the test. */
static void
begin(void)
{
    if (!own_namespace) {
        skip();
    }
    shell("ip link del sw 2>/dev/null; sysctl -q -w "
          "net.ipv6.conf.default.disable_ipv6=1; "
          "ip link add sw type veth peer name te && ip link set te up");
}

/* Sets `sw` up, and waits until the kernel has connected the ends: a while
 * before that, `te` drops what it is to send and says nothing. */
static void
set_up(void)
{
    shell("ip link set sw up; "
          "until ip link show te | grep -q 'state UP'; do sleep 0.01; done");
}

static struct port *
create(uint32_t mtu)
{
    struct cfg_settings set = { .mtu = mtu };
    struct port *p = rig_create(CFG_TYPE_SYSTEM, "sw", &set, 2);

    port_run();
    return p;
}

/* The other host. */
static int
far_socket(bool vnet_hdr)
{
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int) if_nametoindex("te"),
    };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), on = vnet_hdr;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on,
                                sizeof on), 0);
    on = 1;
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *) &sll, sizeof sll), 0);
    return fd;
}

static struct rte_mbuf *
receive(struct port *p)
{
    for (int i = 0; i < 1000; i++) {
        struct rte_mbuf *m;

        if (port_rx(p, 0, &m, 1)) {
            return m;
        }
        usleep(1000);
    }
    fail_msg("no frame");
    return NULL;
}

static size_t
make_frame(uint8_t *frame, bool tagged, size_t len)
{
    static const uint8_t start[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 2, 2, 2, 2, 2,
    };
    size_t i = sizeof start;

    memcpy(frame, start, i);
    if (tagged) {
        memcpy(frame + i, "\x81\x00\x60\x64", 4);
        i += 4;
    }
    frame[i++] = ETHERTYPE >> 8;
    frame[i++] = ETHERTYPE & 0xff;
    for (; i < len; i++) {
        frame[i] = (uint8_t) (i * 7);
    }
    return len;
}

static int
promiscuity(void)
{
    FILE *f = popen("ip -d link show sw | grep -o 'promiscuity [0-9]*'", "r");
    int n = -1;

    assert_non_null(f);
    if (fscanf(f, "promiscuity %d", &n) != 1) {
        n = -1;
    }
    pclose(f);
    return n;
}

static void
test_frames_both_ways(void **state OVS_UNUSED)
{
    static const struct {
        bool tagged;
        size_t len;
    } cases[] = { { false, 60 }, { false, 1514 }, { true, 64 },
                  { true, 1518 } };
    struct port *p;
    int fd;

    begin();
    set_up();
    p = create(0);
    fd = far_socket(false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t out[1600], in[1600];
        size_t len = make_frame(out, cases[i].tagged, cases[i].len);
        struct rte_mbuf *m;

        assert_int_equal(send(fd, out, len, 0), len);
        m = receive(p);
        assert_int_equal(m->pkt_len, len);
        assert_memory_equal(rte_pktmbuf_mtod(m, void *), out, len);

        port_tx(p, 1, &m, 1);
        assert_false(p->class->service(p));
        /* The kernel has taken the tag out again. */
        len -= cases[i].tagged ? 4 : 0;
        assert_int_equal(recv(fd, in, sizeof in, 0), len);
    }
    assert_int_equal(rig_stat(p, "rx_packets"), ARRAY_SIZE(cases));
    assert_int_equal(rig_stat(p, "tx_packets"), ARRAY_SIZE(cases));
    assert_int_equal(rig_stat(p, "rx_bytes"), 60 + 1514 + 64 + 1518);
    assert_int_equal(rig_stat(p, "rx_errors"), 0);
    rig_assert_status(p, "driver_name", "veth");
    close(fd);
    rig_delete(p);
}

/* A frame of `n` bytes of TCP payload of which the kernel is told that the
 * device will see to checksum and segments. */
static size_t
make_unfinished(uint8_t *buf, size_t n, bool tagged)
{
    struct virtio_net_hdr *vh = (void *) buf;
    uint8_t *frame = buf + sizeof *vh;
    size_t l3 = tagged ? 18 : 14;
    struct rte_ipv4_hdr *ip = (void *) (frame + l3);
    struct rte_tcp_hdr *tcp = (void *) (ip + 1);

    make_frame(frame, tagged, l3 + 40 + n);
    memcpy(frame + l3 - 2, "\x08\x00", 2);
    memset(ip, 0, 40);
    ip->version_ihl = 0x45;
    ip->total_length = htons((uint16_t) (40 + n));
    ip->time_to_live = 64;
    ip->next_proto_id = IPPROTO_TCP;
    ip->src_addr = htonl(0x0a000001);
    ip->dst_addr = htonl(0x0a000002);
    ip->hdr_checksum = rte_ipv4_cksum(ip);
    tcp->data_off = 5 << 4;
    tcp->cksum = rte_ipv4_phdr_cksum(ip, 0);
    *vh = (struct virtio_net_hdr) {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = n > 1460 ? VIRTIO_NET_HDR_GSO_TCPV4 : 0,
        .gso_size = n > 1460 ? 1460 : 0,
        .hdr_len = (uint16_t) (l3 + 40),
        .csum_start = (uint16_t) (l3 + 20),
        .csum_offset = 16,
    };
    return sizeof *vh + l3 + 40 + n;
}

static void
check_unfinished(size_t n, bool tagged, unsigned int n_frames)
{
    uint8_t *buf = test_malloc(70000);
    size_t len = make_unfinished(buf, n, tagged);
    size_t l3 = tagged ? 18 : 14, sum = 0;
    struct port *p = create(0);
    int fd = far_socket(true);

    assert_int_equal(send(fd, buf, len, 0), len);
    for (unsigned int i = 0; i < n_frames; i++) {
        struct rte_mbuf *m = receive(p);
        const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
        const struct rte_ipv4_hdr *ip = (const void *) (frame + l3);

        assert_int_equal(m->nb_segs, 1);
        assert_int_equal(rte_ipv4_cksum(ip), 0);
        assert_int_equal(rte_ipv4_udptcp_cksum(ip, ip + 1), 0);
        if (tagged) {
            assert_memory_equal(frame + 12, "\x81\x00\x60\x64", 4);
        }
        assert_int_equal(p->class->rx_unfinished(p), i + 1 < n_frames);
        sum += m->pkt_len - l3 - 40;
        rte_pktmbuf_free(m);
    }
    assert_int_equal(sum, n);
    close(fd);
    rig_delete(p);
    test_free(buf);
}

static void
test_unfinished_frames(void **state OVS_UNUSED)
{
    begin();
    set_up();
    check_unfinished(1000, false, 1);
    check_unfinished(1000, true, 1);
    check_unfinished(60000, false, 42);
    check_unfinished(60000, true, 42);
}

/* Quiesced with a frame half cut. */
static void
test_stopped_while_cutting(void **state OVS_UNUSED)
{
    uint8_t *buf = test_malloc(70000);
    struct port *p;
    size_t len;
    int fd;

    begin();
    set_up();
    len = make_unfinished(buf, 60000, false);
    p = create(0);
    fd = far_socket(true);
    assert_int_equal(send(fd, buf, len, 0), len);
    rte_pktmbuf_free(receive(p));
    assert_true(p->class->rx_unfinished(p));
    close(fd);
    rig_delete(p);
    test_free(buf);
}

static void
test_device_goes_back_as_it_was(void **state OVS_UNUSED)
{
    struct port_link link;
    struct port *p;

    begin();
    shell("ip link set sw mtu 1300");
    p = create(0);
    assert_int_equal(rig_if_mtu("sw"), 1300);   /* not touched */
    assert_int_equal(p->running.mtu, 1300);
    assert_int_equal(promiscuity(), 1);
    port_get_link(p, &link);
    assert_false(link.admin_up);
    assert_int_equal(link.ifindex, if_nametoindex("sw"));
    rig_delete(p);
    assert_int_equal(promiscuity(), 0);

    p = create(9000);
    assert_int_equal(rig_if_mtu("sw"), 9000);
    rig_delete(p);
    assert_int_equal(rig_if_mtu("sw"), 1300);
    p = create(9000);
    rig_if_set_mtu("sw", 2000);                 /* its operator's */
    rig_delete(p);
    assert_int_equal(rig_if_mtu("sw"), 2000);
}

static void
test_devices_that_cannot_be(void **state OVS_UNUSED)
{
    static const struct {
        const char *name, *error;
    } cases[] = {
        { "nosuch", "could not open network device nosuch (No such device)" },
        { "a-name-that-no-device-can-have", "could not open network device "
          "a-name-that-no-device-can-have (No such device)" },
        { "lo", "could not add network device lo to ofproto (Invalid "
          "argument): it is no Ethernet device" },
    };
    static const struct cfg_settings set;

    if (!own_namespace) {
        skip();
    }
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *error = NULL;

        assert_null(port_create(CFG_TYPE_SYSTEM, cases[i].name, &set, 1,
                                &error));
        assert_string_equal(error, cases[i].error);
        free(error);
    }
}

/* What rtnetlink announces has been acted on. */
static void
settle(void)
{
    usleep(20000);
    port_run();
    port_run();
}

static void
assert_lost(struct port *p, const char *error)
{
    struct rte_mbuf *m = rig_frame(p->mp, 64, 0);
    struct port_link link;

    assert_string_equal(p->error, error);
    assert_int_equal(p->class->rx_fd(p), -1);
    port_get_link(p, &link);
    assert_false(link.up || link.admin_up || link.ifindex);
    port_tx(p, 0, &m, 1);       /* dropped */
}

static void
assert_back(struct port *p)
{
    struct rte_mbuf *m;
    uint8_t out[64];
    int fd;

    assert_null(p->error);
    shell("ip link set te up");
    set_up();
    settle();
    fd = far_socket(false);
    make_frame(out, false, sizeof out);
    assert_int_equal(send(fd, out, sizeof out, 0), sizeof out);
    m = receive(p);
    rte_pktmbuf_free(m);
    close(fd);
}

static const char no_device[]
    = "could not open network device sw (No such device)";

static void
test_deleted_and_back(void **state OVS_UNUSED)
{
    struct port *p;

    begin();
    p = create(0);
    port_run();
    shell("ip link del sw");
    settle();
    assert_lost(p, no_device);
    shell("ip link add sw type veth peer name te");
    settle();
    assert_back(p);
    rig_delete(p);
}

static void
test_renamed_and_back(void **state OVS_UNUSED)
{
    struct port *p;

    begin();
    p = create(1400);
    shell("ip link set sw name other");
    settle();
    assert_lost(p, no_device);
    assert_int_equal(rig_if_mtu("other"), 1500);        /* given back */
    shell("ip link set other name sw");
    settle();
    assert_back(p);
    assert_int_equal(rig_if_mtu("sw"), 1400);
    assert_int_equal(promiscuity(), 1);
    rig_delete(p);
}

static void
test_another_of_the_name(void **state OVS_UNUSED)
{
    struct port *p;

    begin();
    p = create(0);
    shell("ip link del sw; ip link add sw type veth peer name te");
    settle();
    assert_back(p);
    rig_delete(p);
}

static void
test_down_and_up(void **state OVS_UNUSED)
{
    struct port *p;

    begin();
    set_up();
    p = create(0);
    shell("ip link set sw down");
    settle();
    assert_null(p->error);
    assert_true(p->class->rx_fd(p) >= 0);
    assert_back(p);
    rig_delete(p);
}

static char *appeared;

static void
on_appeared(const char *name)
{
    free(appeared);
    appeared = xstrdup(name);
}

static void
test_says_what_appears(void **state OVS_UNUSED)
{
    struct port *p;

    begin();
    p = create(0);
    settle();
    kernel_set_appeared(on_appeared);
    shell("ip link set te name late");
    settle();
    kernel_set_appeared(NULL);
    assert_string_equal(appeared, "late");
    free(appeared);
    rig_delete(p);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_frames_both_ways),
        TEST(test_unfinished_frames),
        TEST(test_stopped_while_cutting),
        TEST(test_device_goes_back_as_it_was),
        TEST(test_devices_that_cannot_be),
        TEST(test_deleted_and_back),
        TEST(test_renamed_and_back),
        TEST(test_another_of_the_name),
        TEST(test_down_and_up),
        TEST(test_says_what_appears),
    };

    own_namespace = rig_own_namespace();
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
