/* SPDX-License-Identifier: Apache-2.0
 *
 * test-ethdev-drivers.c: the virtual devices that operators use, each with
 * its own ways: net_ring, net_pcap, net_memif, net_af_packet, net_tap.
 *
 * In a network namespace of its own; where that is not allowed, the devices
 * that need the kernel are skipped.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "port/ethdev.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { PCAP_FRAMES = 10, PCAP_LEN = 64 };

static bool own_namespace;

/* Writes PCAP_FRAMES frames to `name` in the test's folder; returns the
 * path, to be freed. */
static char *
write_pcap(const char *name)
{
    static const uint32_t head[] = {
        0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 /* Ethernet */
    };
    static const uint32_t frame_head[] = { 0, 0, PCAP_LEN, PCAP_LEN };
    uint8_t frame[PCAP_LEN];
    char *path = xasprintf("%s/%s", rig_dir, name);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    memset(frame, 0xff, sizeof frame);
    assert_int_equal(fwrite(head, sizeof head, 1, f), 1);
    for (int i = 0; i < PCAP_FRAMES; i++) {
        frame[6] = 2;
        frame[11] = (uint8_t) i;
        assert_int_equal(fwrite(frame_head, sizeof frame_head, 1, f), 1);
        assert_int_equal(fwrite(frame, sizeof frame, 1, f), 1);
    }
    fclose(f);
    return path;
}

static long int
file_size(const char *path)
{
    FILE *f = fopen(path, "r");
    long int size;

    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    fclose(f);
    return size;
}

static uint16_t
receive(struct port *p, uint16_t q)
{
    struct rte_mbuf *m[PORT_BURST];
    uint16_t n = port_rx(p, q, m, PORT_BURST);

    rte_pktmbuf_free_bulk(m, n);
    return n;
}

static void
send_frames(struct port *p, unsigned int sender, uint16_t n)
{
    struct rte_mbuf *m[PORT_BURST];

    for (uint16_t i = 0; i < n; i++) {
        m[i] = rig_frame(p->mp, 64, i);
    }
    port_tx(p, sender, m, n);
}

/* Changes and changes back, `times` times. */
static void
reconfigure_often(struct port *p, struct cfg_settings set, int times)
{
    for (int i = 0; i < times; i++) {
        set.n_rxq_desc = i % 2 ? 2048 : 1024;
        set.mtu = i % 2 ? 1500 : 1400;
        assert_null(rig_set(p, &set, 1));
    }
    assert_null(rig_set(p, &set, 1));
    assert_int_equal(ethdev_class.plan(p), PORT_CHANGE_NONE);
}

static void
check_holds(const struct port *p, uint32_t rx, uint32_t tx)
{
    struct mp_holding holds = { .rx = 0 };

    ethdev_class.mbuf_need(p, false, &holds);
    assert_int_equal(holds.rx, rx);
    assert_int_equal(holds.txq_size * holds.n_txq, tx);
}

static uint32_t
in_use(const struct port *p)
{
    struct mp_info info;

    mp_get_info(p->mp, &info);
    return info.in_use;
}

static void
test_ring(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("ring0", "net_ring0", 2, 3);
    struct rte_mbuf *m[PORT_BURST];

    /* No tx queue without an rx queue that takes the frames out again. */
    assert_int_equal(p->running.n_txq, 2);
    check_holds(p, 0, 2 * 1023);
    send_frames(p, 0, 3);
    send_frames(p, 1, 4);
    assert_int_equal(in_use(p), 7);
    assert_int_equal(port_rx(p, 0, m, PORT_BURST), 3);
    rte_pktmbuf_free_bulk(m, 3);
    assert_int_equal(receive(p, 1), 4);
    assert_int_equal(receive(p, 1), 0);
    rig_delete(p);
}

static void
test_ring_full(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("ring0", "net_ring0", 1, 1);
    struct cfg_settings set = rig_settings("net_ring0", 2, 9000);

    for (int i = 0; i < 40; i++) {
        send_frames(p, 0, PORT_BURST);
    }
    assert_int_equal(rig_stat(p, "tx_packets"), 1023);
    assert_int_equal(rig_stat(p, "ovs_tx_failure_drops"), 40 * 32 - 1023);
    assert_int_equal(rig_stat(p, "tx_bytes"), 1023 * 64);

    /* A change of pool: what is in the ring goes home. */
    assert_null(rig_set(p, &set, 2));
    assert_int_equal(receive(p, 0), 0);
    send_frames(p, 1, 10);
    rig_delete(p);                  /* also with frames in it */
}

/* A flooded frame is shared.  Who receives one may write to it. */
static void
test_ring_copies_shared_frames(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("ring0", "net_ring0", 1, 1);
    struct rte_mbuf *mine = rig_frame(p->mp, 100, 7);
    struct rte_mbuf *alone = rig_frame(p->mp, 64, 8);
    struct rte_mbuf *m[2] = { mine, alone };
    struct rte_mbuf *got[PORT_BURST];

    rte_mbuf_refcnt_update(mine, 1);
    port_tx(p, 0, m, 2);
    assert_int_equal(rte_mbuf_refcnt_read(mine), 1);
    assert_int_equal(port_rx(p, 0, got, PORT_BURST), 2);
    assert_ptr_not_equal(got[0], mine);
    assert_ptr_equal(got[1], alone);
    assert_int_equal(got[0]->pkt_len, 100);
    assert_memory_equal(rte_pktmbuf_mtod(got[0], void *),
                        rte_pktmbuf_mtod(mine, void *), 100);
    rte_pktmbuf_free(mine);
    rte_pktmbuf_free_bulk(got, 2);
    rig_delete(p);
}

static void
test_pcap(void **state OVS_UNUSED)
{
    char *in = write_pcap("in.pcap");
    char *out = xasprintf("%s/out.pcap", rig_dir);
    char *devargs = xasprintf("net_pcap0,rx_pcap=%s,tx_pcap=%s", in, out);
    struct cfg_settings set = rig_settings(devargs, 4, 0);
    struct port *p = rig_create(CFG_TYPE_DPDK, "pcap0", &set, 3);

    assert_int_equal(p->running.n_rxq, 1);
    assert_int_equal(p->running.n_txq, 1);
    check_holds(p, 0, 0);
    assert_int_equal(in_use(p), 0);
    assert_int_equal(receive(p, 0), PCAP_FRAMES);
    assert_int_equal(receive(p, 0), 0);
    send_frames(p, 2, 5);
    assert_int_equal(in_use(p), 0);
    assert_int_equal(rig_stat(p, "rx_bytes"), PCAP_FRAMES * PCAP_LEN);
    assert_int_equal(rig_stat(p, "tx_packets"), 5);
    assert_int_equal(file_size(out), 24 + 5 * (16 + 64));
    reconfigure_often(p, set, 6);
    assert_int_equal(receive(p, 0), PCAP_FRAMES);   /* from the beginning */
    rig_delete(p);
    free(in);
    free(out);
    free(devargs);
}

/* A chain of mbufs is written as one frame. */
static void
test_pcap_takes_chains(void **state OVS_UNUSED)
{
    char *out = xasprintf("%s/chain.pcap", rig_dir);
    char *devargs = xasprintf("net_pcap0,tx_pcap=%s", out);
    struct port *p = rig_create_dpdk("pcap0", devargs, 1, 1);
    struct rte_mbuf *m = rig_frame(p->mp, 600, 1);

    assert_int_equal(rte_pktmbuf_chain(m, rig_frame(p->mp, 700, 2)), 0);
    port_tx(p, 0, &m, 1);
    assert_int_equal(rig_stat(p, "tx_bytes"), 1300);
    assert_int_equal(file_size(out), 24 + 16 + 1300);
    rig_delete(p);
    free(out);
    free(devargs);
}

/* Its frames are mbufs of the pool that only the close gives back. */
static void
test_pcap_infinite(void **state OVS_UNUSED)
{
    char *in = write_pcap("loop.pcap");
    char *devargs = xasprintf("net_pcap0,rx_pcap=%s,infinite_rx=1", in);
    struct cfg_settings set = rig_settings(devargs, 1, 0);
    struct port *p = rig_create(CFG_TYPE_DPDK, "pcap0", &set, 1);

    check_holds(p, 2048, 0);
    assert_int_equal(in_use(p), PCAP_FRAMES);
    assert_int_equal(receive(p, 0), PORT_BURST);
    assert_int_equal(in_use(p), PCAP_FRAMES);
    reconfigure_often(p, set, 5);
    assert_int_equal(receive(p, 0), PORT_BURST);
    send_frames(p, 0, 3);
    rig_delete(p);
    assert_int_equal(rte_eth_dev_count_total(), 0);
    free(in);
    free(devargs);
}

/* Does a socket of that name, abstract or not, exist? */
static bool
socket_exists(const char *path)
{
    FILE *f = fopen("/proc/net/unix", "r");
    char line[512];
    bool found = false;

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        found |= strstr(line, path) != NULL;
    }
    fclose(f);
    return found;
}

/* DPDK 22.11 leaves the listening socket behind, with a handler that ends the
 * process at the next connection. */
static void
test_memif_server(void **state OVS_UNUSED)
{
    char *path = xasprintf("%s/m.sock", rig_dir);
    char *devargs[] = {
        xasprintf("net_memif0,role=server,id=0,socket=%s", path),
        xasprintf("net_memif0,id=0,role=server,socket=%s,"
                  "socket-abstract=no", path),
    };
    char *other = xasprintf("net_memif1,role=server,id=1,socket=%s", path);

    for (size_t i = 0; i < 2; i++) {
        for (int round = 0; round < 3; round++) {
            struct port *p = rig_create_dpdk("mf0", devargs[i], 1, 1);
            struct port_link link;

            rig_wait_for_samples();
            port_get_link(p, &link);
            assert_false(link.up);
            assert_int_equal(receive(p, 0), 0);
            send_frames(p, 0, 2);
            assert_int_equal(rig_stat(p, "tx_dropped"), 2);
            reconfigure_often(p, rig_settings(devargs[i], 1, 0), 3);
            assert_true(socket_exists(path));
            if (i == 0) {
                /* Its socket is shared with another device. */
                rig_delete(rig_create_dpdk("mf1", other, 1, 1));
                assert_true(socket_exists(path));
            }
            rig_delete(p);
            assert_false(socket_exists(path));
        }
        free(devargs[i]);
    }
    free(path);
    free(other);
}

static void
test_memif_jumbo(void **state OVS_UNUSED)
{
    char *devargs = xasprintf("net_memif0,role=server,id=0,socket=%s/j.sock",
                              rig_dir);
    struct cfg_settings set = rig_settings(devargs, 1, 9000);

    rig_create_fails("mf0", &set, "mf0: unsupported MTU 9000 (device "
                     "'net_memif0,", "takes 68 to 1500)");
    free(devargs);
}

static void
test_memif_client_without_server(void **state OVS_UNUSED)
{
    char *devargs = xasprintf("net_memif0,role=client,id=0,socket=%s/n.sock",
                              rig_dir);
    struct cfg_settings set = rig_settings(devargs, 1, 0);

    rig_create_fails("mf0", &set, "mf0: could not start device 'net_memif0,",
                     "refused by its driver, which logged the reason");
    assert_int_equal(rte_eth_dev_count_total(), 0);
    free(devargs);
}

static void
test_af_packet(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_af_packet0,iface=lo", 2, 0);
    struct cfg_settings jumbo = rig_settings("net_af_packet0,iface=lo", 2,
                                             9000);
    unsigned int n = 0;
    struct port *p;
    char *error;

    if (!own_namespace) {
        skip();
    }
    rig_if_set_up("lo", true);
    p = rig_create(CFG_TYPE_DPDK, "ap0", &set, 3);
    assert_int_equal(p->running.n_rxq, 1);
    assert_int_equal(p->running.n_txq, 1);
    check_holds(p, 0, 0);
    send_frames(p, 0, 8);
    for (int i = 0; i < 100 && n < 8; i++) {
        n += receive(p, 0);
        usleep(1000);
    }
    assert_true(n >= 8);            /* lo shows them twice */
    assert_int_equal(rig_stat(p, "tx_packets"), 8);
    error = rig_set(p, &jumbo, 3);
    assert_string_equal(error, "ap0: unsupported MTU 9000 (device "
                        "'net_af_packet0,iface=lo' takes 68 to 1500)");
    free(error);
    reconfigure_often(p, set, 4);
    send_frames(p, 0, 1);
    rig_delete(p);
}

static void
test_tap(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_tap0,iface=sltap0", 1, 0);
    struct port *p;

    if (!own_namespace || access("/dev/net/tun", W_OK)) {
        skip();
    }
    p = rig_create(CFG_TYPE_DPDK, "tap0", &set, 3);
    assert_int_equal(p->running.n_rxq, 1);
    assert_int_equal(p->running.n_txq, 1);
    assert_int_equal(rig_if_mtu("sltap0"), 1500);
    send_frames(p, 1, 4);
    assert_int_equal(rig_stat(p, "tx_packets"), 4);
    set.n_rxq = 4;
    set.mtu = 1400;
    assert_null(rig_set(p, &set, 3));
    assert_int_equal(p->running.n_rxq, 4);
    assert_int_equal(p->running.n_txq, 4);
    assert_int_equal(rig_if_mtu("sltap0"), 1400);
    send_frames(p, 2, 4);
    set.n_rxq = 1;
    reconfigure_often(p, set, 4);
    send_frames(p, 0, 4);
    rig_delete(p);
    assert_int_equal(if_nametoindex("sltap0"), 0);
}

/* No driver keeps an mbuf, a descriptor or a device. */
static void
test_again_and_again(void **state OVS_UNUSED)
{
    char *in = write_pcap("again.pcap");
    char *devargs[] = {
        xstrdup("net_null0"),
        xstrdup("net_ring0"),
        xasprintf("net_pcap0,rx_pcap=%s", in),
        xasprintf("net_pcap0,rx_pcap=%s,infinite_rx=1", in),
        own_namespace ? xstrdup("net_af_packet0,iface=lo") : NULL,
        own_namespace ? xstrdup("net_tap0,iface=sltap0") : NULL,
    };

    for (size_t i = 0; i < ARRAY_SIZE(devargs); i++) {
        int fd = 0;

        for (int round = 0; devargs[i] && round < 4; round++) {
            struct port *p = rig_create_dpdk("p", devargs[i], 1, 1);

            receive(p, 0);
            send_frames(p, 0, 3);
            rig_delete(p);
            assert_int_equal(rte_eth_dev_count_total(), 0);
            if (round == 0) {       /* the lowest free descriptor */
                fd = dup(0);
            }
        }
        if (devargs[i]) {
            int again;

            close(fd);
            again = dup(0);
            assert_int_equal(again, fd);
            close(again);
        }
        free(devargs[i]);
    }
    free(in);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_ring),
        TEST(test_ring_full),
        TEST(test_ring_copies_shared_frames),
        TEST(test_pcap),
        TEST(test_pcap_takes_chains),
        TEST(test_pcap_infinite),
        TEST(test_memif_server),
        TEST(test_memif_jumbo),
        TEST(test_memif_client_without_server),
        TEST(test_af_packet),
        TEST(test_tap),
        TEST(test_again_and_again),
    };

    own_namespace = rig_own_namespace();
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
