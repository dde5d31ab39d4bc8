/* SPDX-License-Identifier: Apache-2.0
 *
 * test-internal.c: ports that are tap devices of ours: frames to and from the
 * host.  test-internal-device.c has the devices themselves.
 *
 * In a network namespace of its own; skipped where that is not allowed.
 */
#define _GNU_SOURCE 1
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "port/kernel.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { ETHERTYPE = 0x88b5, N_SENDERS = 3, N_EACH = 50000 };

static bool own_namespace;
static atomic_uint wakes;

static void
on_wake(void)
{
    wakes++;
}

/* The host's side. ------------------------------------------------------ */

/* A socket that sends and receives frames of the tests' type on `ifname`. */
static int
packet_socket(const char *ifname)
{
    struct sockaddr_ll sll = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETHERTYPE),
        .sll_ifindex = (int) if_nametoindex(ifname),
    };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETHERTYPE));

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &sll, sizeof sll), 0);
    return fd;
}

static void
make_frame(uint8_t *frame, size_t len)
{
    memset(frame, 0xff, 6);
    memset(frame + 6, 2, 6);
    frame[12] = ETHERTYPE >> 8;
    frame[13] = ETHERTYPE & 0xff;
    for (size_t i = 14; i < len; i++) {
        frame[i] = (uint8_t) (i * 7);
    }
}

/* Ports. ---------------------------------------------------------------- */

static struct port *
create(const char *name, uint32_t mtu)
{
    struct cfg_settings set = { .mtu = mtu };

    return rig_create(CFG_TYPE_INTERNAL, name, &set, N_SENDERS);
}

/* Receives the next frame of the tests' type; IPv6 has some of its own. */
static struct rte_mbuf *
receive(struct port *p)
{
    for (int i = 0; i < 1000; i++) {
        struct rte_mbuf *m;

        if (!port_rx(p, 0, &m, 1)) {
            usleep(1000);
            continue;
        }
        if (rte_pktmbuf_mtod(m, uint8_t *)[12] == ETHERTYPE >> 8
            && rte_pktmbuf_mtod(m, uint8_t *)[13] == (ETHERTYPE & 0xff)) {
            return m;
        }
        rte_pktmbuf_free(m);
    }
    return NULL;
}

static void
skip_unless_allowed(void)
{
    if (!own_namespace || access("/dev/net/tun", W_OK)) {
        skip();
    }
}

static void
test_frames_both_ways(void **state OVS_UNUSED)
{
    uint8_t out[1514], in[2000];
    struct port *p;
    struct rte_mbuf *m;
    int fd;

    skip_unless_allowed();
    p = create("slbr0", 0);
    assert_true(p->class->rx_fd(p) >= 0);
    assert_int_equal(p->running.n_txq, N_SENDERS);
    assert_int_equal(p->running.n_rxq, 1);
    rig_if_set_up("slbr0", true);
    port_run();
    fd = packet_socket("slbr0");

    /* From the host. */
    make_frame(out, sizeof out);
    assert_int_equal(send(fd, out, sizeof out, 0), sizeof out);
    m = receive(p);
    assert_non_null(m);
    assert_int_equal(m->pkt_len, sizeof out);
    assert_int_equal(m->nb_segs, 1);
    assert_memory_equal(rte_pktmbuf_mtod(m, void *), out, sizeof out);

    /* To the host, sent by a packet thread and written by the I/O thread. */
    wakes = 0;
    port_tx(p, 1, &m, 1);
    assert_int_equal(wakes, 1);
    assert_false(p->class->service(p));
    assert_int_equal(recv(fd, in, sizeof in, 0), sizeof out);
    assert_memory_equal(in, out, sizeof out);
    assert_int_equal(rig_stat(p, "tx_packets"), 1);
    assert_int_equal(rig_stat(p, "tx_bytes"), sizeof out);
    assert_true(rig_stat(p, "rx_packets") >= 1);
    assert_true(rig_stat(p, "rx_multicast_packets") >= 1);
    assert_int_equal(rig_stat(p, "tx_dropped"), 0);
    close(fd);
    rig_delete(p);
    assert_int_equal(if_nametoindex("slbr0"), 0);
}

/* The mbufs of a chain become one frame, a frame longer than an mbuf becomes
 * a chain. */
static void
test_chains(void **state OVS_UNUSED)
{
    uint8_t out[8014], in[9000];
    struct rte_mbuf *m, *copy;
    struct port *p;
    int fd;

    skip_unless_allowed();
    p = create("slbr0", 0);
    rig_if_set_up("slbr0", true);
    rig_if_set_mtu("slbr0", 8000);  /* by the operator: the pool stays */
    port_run();
    fd = packet_socket("slbr0");
    make_frame(out, sizeof out);
    assert_int_equal(send(fd, out, sizeof out, 0), sizeof out);
    m = receive(p);
    assert_non_null(m);
    assert_int_equal(m->pkt_len, sizeof out);
    assert_true(m->nb_segs > 1);
    rte_mbuf_sanity_check(m, 1);
    assert_memory_equal(rte_pktmbuf_read(m, 0, sizeof out, in), out,
                        sizeof out);
    copy = rte_pktmbuf_copy(m, mp_mempool(p->mp), 0, UINT32_MAX);
    assert_non_null(copy);
    rte_pktmbuf_free(m);
    port_tx(p, 0, &copy, 1);
    p->class->service(p);
    memset(in, 0, sizeof in);
    assert_int_equal(recv(fd, in, sizeof in, 0), sizeof out);
    assert_memory_equal(in, out, sizeof out);
    close(fd);
    rig_delete(p);
}

static void
test_jumbo(void **state OVS_UNUSED)
{
    struct cfg_settings set = { .mtu = 9000 };
    uint8_t out[9014];
    struct port *p;
    struct rte_mbuf *m;
    int fd;

    skip_unless_allowed();
    p = create("slbr0", 0);
    assert_int_equal(rig_if_mtu("slbr0"), 1500);
    assert_null(rig_set(p, &set, N_SENDERS));
    assert_int_equal(rig_if_mtu("slbr0"), 9000);
    rig_if_set_up("slbr0", true);
    port_run();
    fd = packet_socket("slbr0");
    make_frame(out, sizeof out);
    assert_int_equal(send(fd, out, sizeof out, 0), sizeof out);
    m = receive(p);
    assert_non_null(m);
    assert_int_equal(m->nb_segs, 1);
    assert_int_equal(m->pkt_len, sizeof out);
    rte_pktmbuf_free(m);
    close(fd);

    assert_int_equal(rig_if_mtu("slbr0"), 9000);
    assert_int_equal(p->running.mtu, 9000);
    rig_delete(p);
}

static void
test_device_down(void **state OVS_UNUSED)
{
    struct rte_mbuf *m[2];
    struct port_link link;
    struct port *p;

    skip_unless_allowed();
    p = create("slbr0", 0);
    port_run();
    port_get_link(p, &link);
    assert_false(link.up);
    assert_false(link.admin_up);
    wakes = 0;
    m[0] = rig_frame(p->mp, 64, 0);
    m[1] = rig_frame(p->mp, 64, 0);
    port_tx(p, 0, m, 2);
    assert_int_equal(wakes, 0);     /* not even queued */
    assert_int_equal(rig_stat(p, "tx_dropped"), 2);

    rig_if_set_up("slbr0", true);
    port_run();
    port_get_link(p, &link);
    assert_true(link.up);
    assert_true(link.admin_up);
    assert_int_equal(link.ifindex, if_nametoindex("slbr0"));

    /* Down between the queue and the device. */
    m[0] = rig_frame(p->mp, 64, 0);
    port_tx(p, 0, m, 1);
    rig_if_set_up("slbr0", false);
    p->class->service(p);
    assert_int_equal(rig_stat(p, "tx_dropped"), 3);
    rig_delete(p);
}

static void
test_long_frames_and_full_ring(void **state OVS_UNUSED)
{
    struct rte_mbuf *m[PORT_BURST];
    struct port *p;

    skip_unless_allowed();
    p = create("slbr0", 0);
    rig_if_set_up("slbr0", true);
    port_run();
    m[0] = rig_frame(p->mp, 1523, 0);
    m[1] = rig_frame(p->mp, 1522, 0);
    port_tx(p, 0, m, 2);
    assert_int_equal(p->txc[0].mtu_drops, 1);
    assert_int_equal(rig_stat(p, "tx_dropped"), 1);
    p->class->service(p);
    assert_int_equal(rig_stat(p, "tx_packets"), 1);

    for (int i = 0; i < 40; i++) {
        for (size_t j = 0; j < PORT_BURST; j++) {
            m[j] = rig_frame(p->mp, 64, 0);
        }
        port_tx(p, 2, m, PORT_BURST);
    }
    assert_int_equal(p->txc[2].dropped, 40 * 32 - 1023);
    assert_false(p->class->service(p));
    assert_int_equal(rig_stat(p, "tx_packets"), 1 + 1023);

    /* Queued when the port goes away. */
    m[0] = rig_frame(p->mp, 64, 0);
    port_tx(p, 1, m, 1);
    rig_delete(p);
}

struct sender {
    struct port *port;
    unsigned int id;
    struct rte_mbuf *frame;     /* sent again and again: counted references */
};

static void *
send_many(void *sender_)
{
    struct sender *s = sender_;

    for (int i = 0; i < N_EACH; i++) {
        struct rte_mbuf *m = s->frame;

        rte_mbuf_refcnt_update(m, 1);
        port_tx(s->port, s->id, &m, 1);
        if (i % 64 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* Several threads send at once: each frame is written or counted. */
static void
test_many_senders(void **state OVS_UNUSED)
{
    struct sender senders[N_SENDERS];
    pthread_t threads[N_SENDERS];
    struct port *p;

    skip_unless_allowed();
    p = create("slbr0", 0);
    rig_if_set_up("slbr0", true);
    port_run();
    for (unsigned int i = 0; i < N_SENDERS; i++) {
        senders[i] = (struct sender) { p, i, rig_frame(p->mp, 64, 0) };
        pthread_create(&threads[i], NULL, send_many, &senders[i]);
    }
    for (unsigned int i = 0; i < N_SENDERS; ) {
        p->class->service(p);
        i += !pthread_tryjoin_np(threads[i], NULL);
    }
    assert_false(p->class->service(p));
    assert_int_equal(rig_stat(p, "tx_packets") + rig_stat(p, "tx_dropped"),
                     N_SENDERS * N_EACH);
    for (unsigned int i = 0; i < N_SENDERS; i++) {
        assert_int_equal(rte_mbuf_refcnt_read(senders[i].frame), 1);
        rte_pktmbuf_free(senders[i].frame);
    }
    rig_delete(p);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_frames_both_ways),
        TEST(test_chains),
        TEST(test_jumbo),
        TEST(test_device_down),
        TEST(test_long_frames_and_full_ring),
        TEST(test_many_senders),
    };

    own_namespace = rig_own_namespace();
    kernel_set_wake(on_wake);
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
