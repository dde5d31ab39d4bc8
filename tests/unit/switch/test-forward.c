/* SPDX-License-Identifier: Apache-2.0
 *
 * test-forward.c: where frames go, in what order, and that none is lost or
 * kept.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "switch/fdb.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

/* Three ports of one bridge; host i is behind port i once it has spoken. */
struct net {
    struct bridge *br;
    struct port *p[4];
};

static struct net
make_net(unsigned int n_ports)
{
    static const char *const names[] = { "p0", "p1", "p2", "p3" };
    struct net net = { .br = rig_bridge("br0") };

    for (unsigned int i = 0; i < n_ports; i++) {
        net.p[i] = rig_port(net.br, names[i]);
    }
    return net;
}

/* Every host speaks once, so that all are known. */
static void
introduce(struct net *net, unsigned int n_ports)
{
    for (unsigned int i = 0; i < n_ports; i++) {
        rig_forward_one(net->p[i], RIG_BROADCAST, rig_mac(i));
    }
    for (unsigned int i = 0; i < n_ports; i++) {
        assert_int_equal(rig_drain(net->p[i]), n_ports - 1);
    }
}

static void
assert_sent(struct net *net, unsigned int n0, unsigned int n1,
            unsigned int n2)
{
    assert_int_equal(rig_drain(net->p[0]), n0);
    assert_int_equal(rig_drain(net->p[1]), n1);
    assert_int_equal(rig_drain(net->p[2]), n2);
}

static void
test_learns(void **state OVS_UNUSED)
{
    struct net net = make_net(3);

    rig_forward_one(net.p[0], rig_mac(1), rig_mac(0));  /* unknown: flood */
    assert_sent(&net, 0, 1, 1);
    rig_forward_one(net.p[1], rig_mac(0), rig_mac(1));
    assert_sent(&net, 1, 0, 0);
    rig_forward_one(net.p[0], rig_mac(1), rig_mac(0));
    assert_sent(&net, 0, 1, 0);

    rig_forward_one(net.p[2], RIG_BROADCAST, rig_mac(1));       /* moves */
    assert_sent(&net, 1, 1, 0);
    rig_forward_one(net.p[0], rig_mac(1), rig_mac(0));
    assert_sent(&net, 0, 0, 1);
}

static void
test_floods_share_one_mbuf(void **state OVS_UNUSED)
{
    struct net net = make_net(4);
    struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(0), 60, 5);
    struct rte_mbuf *sent = m;

    rig_forward(net.p[0], &m, 1);
    assert_int_equal(fake_port_n_sent(net.p[0]), 0);
    assert_int_equal(rte_mbuf_refcnt_read(sent), 3);
    for (unsigned int i = 1; i < 4; i++) {
        assert_ptr_equal(fake_port_take_sent(net.p[i]), sent);
        assert_true(rig_frame_is_whole(sent));
        assert_int_equal(rte_mbuf_refcnt_read(sent), 4 - i);
        rte_pktmbuf_free(sent);
    }
}

static void
test_flood_to_one_port(void **state OVS_UNUSED)
{
    struct net net = make_net(2);

    rig_forward_one(net.p[0], RIG_BROADCAST, rig_mac(0));

    struct rte_mbuf *m = fake_port_take_sent(net.p[1]);

    assert_int_equal(rte_mbuf_refcnt_read(m), 1);
    rte_pktmbuf_free(m);
}

/* A port that drops what it is sent does not spoil it for the others. */
static void
test_flood_past_a_full_port(void **state OVS_UNUSED)
{
    struct net net = make_net(3);

    fake_port_set_tx(net.p[1], FAKE_TX_FULL);
    rig_forward_one(net.p[0], RIG_BROADCAST, rig_mac(0));
    assert_sent(&net, 0, 0, 1);
}

static void
test_no_output(void **state OVS_UNUSED)
{
    struct net net = make_net(1);
    uint64_t before = rig_drops("no_output");

    rig_forward_one(net.p[0], RIG_BROADCAST, rig_mac(0));
    rig_forward_one(net.p[0], rig_mac(9), rig_mac(0));
    assert_int_equal(rig_drops("no_output"), before + 2);
    assert_int_equal(rig_drain(net.p[0]), 0);
}

static void
test_hairpin(void **state OVS_UNUSED)
{
    struct net net = make_net(3);
    uint64_t before = rig_drops("hairpin");

    introduce(&net, 3);
    rig_forward_one(net.p[0], RIG_BROADCAST, rig_mac(10));
    assert_sent(&net, 0, 1, 1);
    rig_forward_one(net.p[0], rig_mac(10), rig_mac(0));
    assert_sent(&net, 0, 0, 0);
    assert_int_equal(rig_drops("hairpin"), before + 1);
}

/* Drops by address. */

static void
test_bad_addresses(void **state OVS_UNUSED)
{
    static const struct {
        uint64_t dst, src;
        const char *drop;
    } rows[] = {
        { UINT64_C(0x020000000001), UINT64_C(0x030000000000),
          "src_multicast" },
        { UINT64_C(0x020000000001), RIG_BROADCAST, "src_multicast" },
        { UINT64_C(0x0180c2000000), UINT64_C(0x0180c2000000),
          "src_multicast" },
        { UINT64_C(0x020000000001), 0, "src_zero" },
        { RIG_BROADCAST, 0, "src_zero" },
        { UINT64_C(0x0180c2000000), UINT64_C(0x020000000000), "reserved" },
        { UINT64_C(0x0180c200000f), UINT64_C(0x020000000000), "reserved" },
    };
    struct net net = make_net(3);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t before = rig_drops(rows[i].drop);
        struct fdb_stats stats;

        rig_forward_one(net.p[0], rows[i].dst, rows[i].src);
        assert_int_equal(rig_drops(rows[i].drop), before + 1);
        assert_sent(&net, 0, 0, 0);
        fdb_get_stats(bridge_fdb(net.br), &stats);
        assert_int_equal(stats.current, 0);     /* nothing learned */
    }

    /* Neighbours of those addresses. */
    rig_forward_one(net.p[0], UINT64_C(0x0180c2000010), rig_mac(0));
    rig_forward_one(net.p[0], UINT64_C(0x0180c1ffffff), rig_mac(0));
    rig_forward_one(net.p[0], 0, rig_mac(0));           /* unknown */
    assert_sent(&net, 0, 3, 3);
}

static void
test_forward_bpdu(void **state OVS_UNUSED)
{
    struct net net = make_net(2);
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    char *error;

    cfg->forward_bpdu = true;
    assert_int_equal(bridge_set(net.br, cfg, &error), 0);
    rig_forward_one(net.p[0], UINT64_C(0x0180c2000000), rig_mac(0));
    assert_int_equal(rig_drain(net.p[1]), 1);
}

/* Drops by length. */

static void
forward_length(struct net *net, uint16_t len, const char *drop)
{
    struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(0), len, 0);
    uint64_t before = drop ? rig_drops(drop) : 0;

    rig_forward(net->p[0], &m, 1);
    if (drop) {
        assert_int_equal(rig_drops(drop), before + 1);
    }
    assert_int_equal(rig_drain(net->p[1]), !drop);
}

static void
test_lengths(void **state OVS_UNUSED)
{
    struct net net = make_net(2);
    struct cfg_settings set;
    char *error;

    forward_length(&net, 0, "runt");
    forward_length(&net, 13, "runt");
    forward_length(&net, 14, NULL);
    forward_length(&net, 1514, NULL);
    forward_length(&net, 1518, NULL);           /* with a VLAN tag */
    forward_length(&net, 1519, "oversize");
    forward_length(&net, 2000, "oversize");

    fake_settings(&set, 1600);
    assert_int_equal(port_set(net.p[0], &set, 2, &error), 0);
    bridge_port_changed(net.br, net.p[0]);
    forward_length(&net, 1618, NULL);
    forward_length(&net, 1619, "oversize");
    cfg_settings_destroy(&set);
}

static struct rte_mbuf *
good_frame(void)
{
    struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(0), 60, 0);

    assert_non_null(m);
    return m;
}

static void
assert_malformed(struct net *net, struct rte_mbuf *m)
{
    uint64_t before = rig_drops("malformed");

    rig_forward(net->p[0], &m, 1);
    assert_int_equal(rig_drops("malformed"), before + 1);
    assert_int_equal(rig_drain(net->p[1]), 0);
}

static void
test_malformed(void **state OVS_UNUSED)
{
    struct net net = make_net(2);
    struct rte_mbuf *m, *tail;

    m = good_frame();
    m->pkt_len = 61;
    assert_malformed(&net, m);
    m = good_frame();
    m->pkt_len = 59;
    assert_malformed(&net, m);
    m = good_frame();
    m->nb_segs = 2;             /* and no second one */
    assert_malformed(&net, m);
    m = good_frame();
    m->nb_segs = 0;
    assert_malformed(&net, m);

    m = good_frame();           /* more segments than said */
    tail = good_frame();
    assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
    m->nb_segs = 1;
    assert_malformed(&net, m);

    m = good_frame();           /* a header in pieces */
    tail = good_frame();
    m->pkt_len = m->data_len = 13;
    assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
    assert_malformed(&net, m);
}

static void
test_no_bridge(void **state OVS_UNUSED)
{
    uint64_t before = rig_drops("no_bridge");
    struct rte_mbuf *m[2] = { good_frame(), good_frame() };

    forward_burst(rig_ctx, NULL, m, 2, switch_now());
    assert_int_equal(rig_drops("no_bridge"), before + 2);
}

static void
test_secure(void **state OVS_UNUSED)
{
    struct net net = make_net(3);
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    uint64_t before = rig_drops("fail_secure");
    struct fdb_stats stats;
    char *error;

    cfg->secure = true;
    assert_int_equal(bridge_set(net.br, cfg, &error), 0);
    rig_forward_one(net.p[0], RIG_BROADCAST, rig_mac(0));
    rig_forward_one(net.p[1], rig_mac(0), rig_mac(1));
    assert_sent(&net, 0, 0, 0);
    assert_int_equal(rig_drops("fail_secure"), before + 2);
    fdb_get_stats(bridge_fdb(net.br), &stats);
    assert_int_equal(stats.current, 0);

    cfg->secure = false;
    assert_int_equal(bridge_set(net.br, cfg, &error), 0);
    rig_forward_one(net.p[0], RIG_BROADCAST, rig_mac(0));
    assert_sent(&net, 0, 1, 1);
}

/* Contents. */

static void
test_tagged_frame(void **state OVS_UNUSED)
{
    struct net net = make_net(2);
    struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(0), 100, 0);
    uint8_t copy[100];
    uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

    p[12] = 0x81;               /* VLAN 42, priority 5 */
    p[13] = 0x00;
    p[14] = 0xa0;
    p[15] = 42;
    memcpy(copy, p, sizeof copy);
    rig_forward(net.p[0], &m, 1);

    m = fake_port_take_sent(net.p[1]);
    assert_int_equal(m->pkt_len, sizeof copy);
    assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), copy, sizeof copy);
    rte_pktmbuf_free(m);

    /* The bridge does not look at VLANs yet: the host is known in each. */
    rig_forward_one(net.p[1], rig_mac(0), rig_mac(1));
    assert_int_equal(rig_drain(net.p[0]), 1);
}

/* A frame of `n` segments of 40 bytes. */
static struct rte_mbuf *
segmented(uint64_t dst, unsigned int n)
{
    struct rte_mbuf *m = rig_frame(dst, rig_mac(0), (uint16_t) (40 * n), 9);
    struct rte_mbuf *parts[5] = { m };

    for (unsigned int i = 1; i < n; i++) {
        parts[i] = rig_frame(0, 0, 40, 0);
        memcpy(rte_pktmbuf_mtod(parts[i], void *),
               rte_pktmbuf_mtod_offset(m, void *, 40 * i), 40);
    }
    m->pkt_len = m->data_len = 40;
    for (unsigned int i = 1; i < n; i++) {
        assert_int_equal(rte_pktmbuf_chain(m, parts[i]), 0);
    }
    return m;
}

static void
test_segments(void **state OVS_UNUSED)
{
    struct net net = make_net(3);
    struct rte_mbuf *m;

    introduce(&net, 3);
    m = segmented(rig_mac(1), 5);
    rig_forward(net.p[0], &m, 1);
    m = fake_port_take_sent(net.p[1]);
    assert_int_equal(m->pkt_len, 200);
    assert_true(rig_frame_is_whole(m));
    rte_pktmbuf_free(m);

    m = segmented(RIG_BROADCAST, 3);
    rig_forward(net.p[0], &m, 1);
    for (unsigned int i = 1; i < 3; i++) {
        m = fake_port_take_sent(net.p[i]);
        assert_int_equal(rte_mbuf_refcnt_read(m->next->next), 3 - i);
        assert_true(rig_frame_is_whole(m));
        rte_pktmbuf_free(m);
    }
}

/* Bursts. */

static void
test_isolated_bridges(void **state OVS_UNUSED)
{
    struct bridge *br[2] = { rig_bridge("br0"), rig_bridge("br1") };
    struct port *p[2][2] = {
        { rig_port(br[0], "a0"), rig_port(br[0], "a1") },
        { rig_port(br[1], "b0"), rig_port(br[1], "b1") },
    };

    /* The same addresses in both. */
    for (int i = 0; i < 2; i++) {
        rig_forward_one(p[i][0], RIG_BROADCAST, rig_mac(0));
        assert_int_equal(rig_drain(p[i][1]), 1);
        assert_int_equal(rig_drain(p[!i][0]) + rig_drain(p[!i][1]), 0);
    }
    rig_forward_one(p[0][1], RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drain(p[0][0]), 1);
    rig_forward_one(p[1][0], rig_mac(1), rig_mac(0));   /* unknown there */
    assert_int_equal(rig_drain(p[1][1]), 1);
    assert_int_equal(rig_drain(p[0][1]), 0);
}

/* A long burst for one port is one call. */
static void
test_one_batch(void **state OVS_UNUSED)
{
    struct net net = make_net(3);
    struct rte_mbuf *m[FORWARD_BURST];
    uint64_t calls;

    introduce(&net, 3);
    for (unsigned int i = 0; i < FORWARD_BURST; i++) {
        m[i] = rig_frame(rig_mac(1), rig_mac(i % 3 ? 0 : 20), 60,
                         (uint8_t) i);
    }
    calls = fake_port_tx_calls(net.p[1]);
    rig_forward(net.p[0], m, FORWARD_BURST);
    assert_int_equal(fake_port_tx_calls(net.p[1]), calls + 1);
    for (unsigned int i = 0; i < FORWARD_BURST; i++) {
        struct rte_mbuf *sent = fake_port_take_sent(net.p[1]);

        assert_int_equal(rig_mark(sent), i);
        rte_pktmbuf_free(sent);
    }
    assert_sent(&net, 0, 0, 0);
}

/* All kinds of decisions in random bursts, against a simple model: each port
 * sends what it should in the order in which it came, in one call. */
static void
test_mixed_bursts(void **state OVS_UNUSED)
{
    enum { TO_1, TO_2, FLOODED, UNKNOWN, HAIRPIN, RUNT, N_KINDS };
    struct net net = make_net(3);

    introduce(&net, 3);
    srand(1);
    for (int round = 0; round < 2000; round++) {
        uint16_t n = (uint16_t) (1 + rand() % FORWARD_BURST);
        struct rte_mbuf *m[FORWARD_BURST];
        uint8_t expect[3][FORWARD_BURST];
        unsigned int n_expect[3] = { 0, 0, 0 };
        uint64_t calls[3], drops;
        unsigned int n_dropped = 0;
        int kind = 0, few = rand() % 4;

        for (uint16_t i = 0; i < n; i++) {
            static const uint64_t dst[N_KINDS] = {
                UINT64_C(0x020000000001), UINT64_C(0x020000000002),
                RIG_BROADCAST, UINT64_C(0x0200000000ff),
                UINT64_C(0x020000000000), UINT64_C(0x020000000001),
            };

            if (!few || !(rand() % (few * few * few))) {
                kind = rand() % N_KINDS;
            }
            m[i] = rig_frame(dst[kind], rig_mac(0), kind == RUNT ? 13 : 60,
                             (uint8_t) i);
            for (int port = 1; port < 3; port++) {
                if (kind == port - 1 || kind == FLOODED || kind == UNKNOWN) {
                    expect[port][n_expect[port]++] = (uint8_t) i;
                }
            }
            n_dropped += kind == HAIRPIN || kind == RUNT;
        }
        drops = rig_drops("hairpin") + rig_drops("runt");
        for (int port = 0; port < 3; port++) {
            calls[port] = fake_port_tx_calls(net.p[port]);
        }
        rig_forward(net.p[0], m, n);
        assert_int_equal(rig_drops("hairpin") + rig_drops("runt") - drops,
                         n_dropped);
        for (int port = 0; port < 3; port++) {
            assert_int_equal(fake_port_n_sent(net.p[port]), n_expect[port]);
            assert_int_equal(fake_port_tx_calls(net.p[port]) - calls[port],
                             n_expect[port] > 0);
            for (unsigned int i = 0; i < n_expect[port]; i++) {
                struct rte_mbuf *sent = fake_port_take_sent(net.p[port]);

                assert_int_equal(rig_mark(sent), expect[port][i]);
                rte_pktmbuf_free(sent);
            }
        }
    }
}

/* As many ports as frames. */
static void
test_many_ports(void **state OVS_UNUSED)
{
    enum { N = 130 };
    struct bridge *br = rig_bridge("br0");
    struct port *p[N];
    struct rte_mbuf *m[FORWARD_BURST];

    for (unsigned int i = 0; i < N; i++) {
        char name[16];

        snprintf(name, sizeof name, "port%u", i);
        p[i] = rig_port(br, name);
        fdb_learn(bridge_fdb(br), rig_mac(i), (uint16_t) i, switch_now());
    }
    for (int round = 0; round < 3; round++) {
        for (unsigned int i = 0; i < FORWARD_BURST; i++) {
            m[i] = rig_frame(rig_mac(i + 1), rig_mac(0), 60, (uint8_t) i);
        }
        rig_forward(p[0], m, FORWARD_BURST);
        for (unsigned int i = 0; i < N; i++) {
            bool gets = i > 0 && i <= FORWARD_BURST;

            assert_int_equal(fake_port_n_sent(p[i]), gets);
            rig_drain(p[i]);
        }
    }

    /* And a flood among them. */
    for (unsigned int i = 0; i < 4; i++) {
        m[i] = rig_frame(i == 1 ? RIG_BROADCAST : rig_mac(i + 1), rig_mac(0),
                         60, (uint8_t) i);
    }
    rig_forward(p[0], m, 4);
    for (unsigned int i = 1; i < N; i++) {
        unsigned int n = rig_drain(p[i]);

        assert_int_equal(n, i == 1 || i == 3 || i == 4 ? 2 : 1);
    }
}

/* An entry whose port is not in the bridge (any more): like an unknown one. */
static void
test_entry_of_nobody(void **state OVS_UNUSED)
{
    struct net net = make_net(3);

    fdb_add_static(bridge_fdb(net.br), rig_mac(5), 77);
    rig_forward_one(net.p[0], rig_mac(5), rig_mac(0));
    assert_sent(&net, 0, 1, 1);

    introduce(&net, 3);
    fdb_add_static(bridge_fdb(net.br), rig_mac(6), 1);
    bridge_del_port(net.br, net.p[1]);
    fdb_add_static(bridge_fdb(net.br), rig_mac(6), 1);
    rig_forward_one(net.p[0], rig_mac(6), rig_mac(0));
    rig_forward_one(net.p[0], rig_mac(1), rig_mac(0));
    assert_sent(&net, 0, 0, 2);
}

static void
test_counters(void **state OVS_UNUSED)
{
    struct net net = make_net(3);
    struct forward_ctx *other = forward_ctx_create(1);
    struct forward_stats stats, before, sum;

    forward_stats_sum(&before);
    introduce(&net, 3);                                 /* 3 floods, 6 tx */
    rig_forward_one(net.p[0], rig_mac(1), rig_mac(0));  /* hit */
    rig_forward_one(net.p[0], rig_mac(99), rig_mac(0)); /* miss, 2 tx */
    rig_forward_one(net.p[0], rig_mac(0), rig_mac(0));  /* hairpin */
    forward_ctx_stats(rig_ctx, &stats);
    assert_int_equal(stats.rx_packets, 6);
    assert_int_equal(stats.tx_packets, 9);
    assert_int_equal(stats.tx_batches, 9);
    assert_int_equal(stats.fdb_hits, 1);
    assert_int_equal(stats.fdb_misses, 1);
    assert_int_equal(stats.floods, 4);

    struct rte_mbuf *m[2] = { good_frame(), good_frame() };

    forward_burst(other, atomic_load(&net.p[0]->ingress), m, 2, switch_now());
    forward_ctx_destroy(other);                         /* is not forgotten */
    forward_stats_sum(&sum);
    assert_int_equal(sum.rx_packets - before.rx_packets, 8);
    assert_int_equal(sum.tx_packets - before.tx_packets, 13);
    assert_int_equal(sum.tx_batches - before.tx_batches, 11);
    forward_burst(rig_ctx, atomic_load(&net.p[0]->ingress), m, 0, 0);
    rig_drain(net.p[1]);
    rig_drain(net.p[2]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_learns),
        rig_test(test_floods_share_one_mbuf),
        rig_test(test_flood_to_one_port),
        rig_test(test_flood_past_a_full_port),
        rig_test(test_no_output),
        rig_test(test_hairpin),
        rig_test(test_bad_addresses),
        rig_test(test_forward_bpdu),
        rig_test(test_lengths),
        rig_test(test_malformed),
        rig_test(test_no_bridge),
        rig_test(test_secure),
        rig_test(test_tagged_frame),
        rig_test(test_segments),
        rig_test(test_isolated_bridges),
        rig_test(test_one_batch),
        rig_test(test_mixed_bursts),
        rig_test(test_many_ports),
        rig_test(test_entry_of_nobody),
        rig_test(test_counters),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
