/* SPDX-License-Identifier: Apache-2.0
 *
 * test-patch.c: frames that go from bridge to bridge: pairs that come and go,
 * loops, counters.
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

#include "port/patch.h"
#include "port/port-class.h"
#include "switch/fdb.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

static struct port *
patch(struct bridge *br, const char *name, const char *peer)
{
    struct cfg_settings set = { .peer = CONST_CAST(char *, peer) };
    char *error = NULL;
    struct port *p = port_create(CFG_TYPE_PATCH, name, &set, 1, &error);

    assert_non_null(p);
    assert_true(bridge_add_port(br, p, NULL, 0, &error) > 0);
    port_publish(p);
    return p;
}

static void
repatch(struct port *p, const char *peer)
{
    struct cfg_settings set = { .peer = CONST_CAST(char *, peer) };
    char *error = NULL;

    assert_int_equal(port_set(p, &set, 1, &error), 0);
    bridge_follow_patches();
}

static int64_t
stat_of(struct port *p, const char *name)
{
    struct port_stats stats;
    int64_t value = -1;

    port_get_stats(p, &stats);
    for (size_t i = 0; i < stats.n; i++) {
        value = strcmp(stats.v[i].name, name) ? value : stats.v[i].value;
    }
    port_stats_destroy(&stats);
    return value;
}

/* br0 with p0 and p1, br1 with q0, and a pair between them. */
struct net {
    struct bridge *br0, *br1;
    struct port *p0, *p1, *q0, *a, *b;
};

static struct net
make_net(void)
{
    struct net net;

    net.br0 = rig_bridge("br0");
    net.br1 = rig_bridge("br1");
    net.p0 = rig_port(net.br0, "p0");
    net.p1 = rig_port(net.br0, "p1");
    net.q0 = rig_port(net.br1, "q0");
    net.a = patch(net.br0, "a", "b");
    net.b = patch(net.br1, "b", "a");
    return net;
}

static void
test_crosses(void **state OVS_UNUSED)
{
    struct net net = make_net();
    struct forward_stats before, after;

    assert_true(bridge_is_patched(net.a) && bridge_is_patched(net.b));
    forward_stats_sum(&before);
    rig_forward_one(net.p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drain(net.p1), 1);
    assert_int_equal(rig_drain(net.q0), 1);
    rig_forward_one(net.q0, rig_mac(1), rig_mac(2));    /* learned: one way */
    assert_int_equal(rig_drain(net.p0), 1);
    assert_int_equal(rig_drain(net.p1), 0);
    rig_forward_one(net.p0, rig_mac(2), rig_mac(1));
    assert_int_equal(rig_drain(net.q0), 1);
    assert_int_equal(rig_drain(net.p1), 0);
    forward_stats_sum(&after);
    assert_int_equal(after.rx_packets - before.rx_packets, 3);
    assert_int_equal(after.tx_packets - before.tx_packets, 4);

    assert_int_equal(stat_of(net.a, "tx_packets"), 2);
    assert_int_equal(stat_of(net.a, "rx_packets"), 1);
    assert_int_equal(stat_of(net.b, "tx_packets"), 1);
    assert_int_equal(stat_of(net.b, "rx_packets"), 2);
    assert_int_equal(stat_of(net.b, "rx_bytes"), 120);
    assert_int_equal(net.a->dp_no, 0);
}

/* A burst to many places at once keeps its order. */
static void
test_mixed_burst(void **state OVS_UNUSED)
{
    struct net net = make_net();
    struct rte_mbuf *m[12];
    static const uint8_t hosts[] = { 2, 3, 2, 255, 3, 2, 2, 255, 3, 3, 2, 2 };
    unsigned int to_q = 0, to_p1 = 0;
    uint8_t last = 0;

    rig_forward_one(net.p1, RIG_BROADCAST, rig_mac(3));
    rig_forward_one(net.q0, RIG_BROADCAST, rig_mac(2));
    rig_drain(net.p0);
    rig_drain(net.p1);
    rig_drain(net.q0);
    for (unsigned int i = 0; i < 12; i++) {
        m[i] = rig_frame(hosts[i] == 255 ? RIG_BROADCAST : rig_mac(hosts[i]),
                         rig_mac(1), 60, (uint8_t) (i + 1));
        to_q += hosts[i] != 3;
        to_p1 += hosts[i] != 2;
    }
    rig_forward(net.p0, m, 12);
    for (unsigned int i = 0; i < to_q; i++) {
        struct rte_mbuf *got = fake_port_take_sent(net.q0);

        assert_true(rig_frame_is_whole(got));
        assert_true(rig_mark(got) > last);
        last = rig_mark(got);
        rte_pktmbuf_free(got);
    }
    assert_int_equal(rig_drain(net.q0), 0);
    assert_int_equal(rig_drain(net.p1), to_p1);
}

static void
test_half_a_pair(void **state OVS_UNUSED)
{
    struct bridge *br0 = rig_bridge("br0"), *br1 = rig_bridge("br1");
    struct port *p0 = rig_port(br0, "p0"), *q0 = rig_port(br1, "q0");
    uint64_t before = rig_drops("patch_no_peer");
    struct port *a, *b;

    a = patch(br0, "a", "b");
    assert_false(bridge_is_patched(a));
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drops("patch_no_peer"), before + 1);

    b = patch(br1, "b", "c");                   /* names another */
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drops("patch_no_peer"), before + 2);
    assert_int_equal(rig_drain(q0), 0);

    repatch(b, "a");
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drain(q0), 1);
    repatch(a, "q0");                           /* no patch port */
    assert_false(bridge_is_patched(a) || bridge_is_patched(b));
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drain(q0), 0);
    repatch(a, "b");
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drain(q0), 1);

    rig_delete_port(b);
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drops("patch_no_peer"), before + 4);
}

/* What an end receives may be limited: a burst of 125 bytes has room for two
 * frames of 46 behind their Ethernet header. */
static void
test_limit(void **state OVS_UNUSED)
{
    struct net net = make_net();
    struct cfg_settings set = { .peer = CONST_CAST(char *, "a"),
                                .policing = { .rate = 1, .burst = 1 } };
    struct rte_mbuf *m[5];
    char *error = NULL;

    assert_int_equal(port_set(net.b, &set, 1, &error), 0);
    for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
        m[i] = rig_frame(RIG_BROADCAST, rig_mac(1), 60, 1);
    }
    rig_forward(net.p0, m, ARRAY_SIZE(m));
    assert_int_equal(rig_drain(net.p1), 5);
    assert_int_equal(rig_drain(net.q0), 2);
    assert_int_equal(stat_of(net.a, "tx_packets"), 5);
    assert_int_equal(stat_of(net.b, "rx_packets"), 5);
    assert_int_equal(stat_of(net.b, "ovs_rx_qos_drops"), 3);
}

/* Two pairs between two bridges are a loop. */
static void
test_loop(void **state OVS_UNUSED)
{
    struct net net = make_net();
    uint64_t before = rig_drops("patch_loop");
    unsigned int n;

    patch(net.br0, "c", "d");
    patch(net.br1, "d", "c");
    rig_forward_one(net.p0, RIG_BROADCAST, rig_mac(1));
    n = rig_drain(net.q0);
    assert_true(n >= 2 && n <= FORWARD_DEPTH);  /* one for each way and turn */
    assert_int_equal(rig_drops("patch_loop"), before + 2);
    rig_drain(net.p0);
    rig_drain(net.p1);
}

/* So many pairs that copies multiply: 2 to the power of the depth is nothing
 * against 20. */
static void
test_storm(void **state OVS_UNUSED)
{
    struct net net = make_net();
    uint64_t before = rig_drops("patch_loop");

    for (int i = 0; i < 20; i++) {
        char c[8], d[8];

        snprintf(c, sizeof c, "c%d", i);
        snprintf(d, sizeof d, "d%d", i);
        patch(net.br0, c, d);
        patch(net.br1, d, c);
    }
    rig_forward_one(net.p0, RIG_BROADCAST, rig_mac(1));
    assert_true(rig_drops("patch_loop") > before);
    while (rig_drain(net.q0) + rig_drain(net.p0) + rig_drain(net.p1)) {
        continue;
    }
}

/* Both ends in one bridge: what goes out by one comes in by the other. */
static void
test_within_a_bridge(void **state OVS_UNUSED)
{
    struct bridge *br0 = rig_bridge("br0");
    struct port *p0 = rig_port(br0, "p0");
    uint64_t before = rig_drops("patch_loop");

    patch(br0, "a", "b");
    patch(br0, "b", "a");
    rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drops("patch_loop"), before + 2);
    rig_drain(p0);
}

/* A chain of as many bridges as the depth allows, and one more. */
static void
test_chain(void **state OVS_UNUSED)
{
    struct bridge *br[FORWARD_DEPTH + 2];
    struct port *p[FORWARD_DEPTH + 2];

    for (int i = 0; i < FORWARD_DEPTH + 2; i++) {
        char name[16], peer[16];

        snprintf(name, sizeof name, "br%02d", i);
        br[i] = rig_bridge(name);
        snprintf(name, sizeof name, "p%02d", i);
        p[i] = rig_port(br[i], name);
        if (i) {
            snprintf(name, sizeof name, "up%02d", i - 1);
            snprintf(peer, sizeof peer, "down%02d", i);
            patch(br[i - 1], name, peer);
            patch(br[i], peer, name);
        }
    }
    rig_forward_one(p[0], RIG_BROADCAST, rig_mac(1));
    for (int i = 1; i < FORWARD_DEPTH + 2; i++) {
        assert_int_equal(rig_drain(p[i]), i <= FORWARD_DEPTH);
    }
}

/* A bridge at the other end that drops everything, and one that is gone. */
static void
test_peers_bridge(void **state OVS_UNUSED)
{
    struct net net = make_net();
    struct cfg_bridge *cfg = rig_bridge_cfg("br1");
    uint64_t before = rig_drops("fail_secure");
    char *error = NULL;

    cfg->secure = true;
    assert_int_equal(bridge_set(net.br1, cfg, &error), 0);
    rig_forward_one(net.p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drops("fail_secure"), before + 1);
    assert_int_equal(rig_drain(net.q0), 0);
    assert_int_equal(rig_drain(net.p1), 1);

    rig_delete_port(net.b);
    rig_delete_port(net.q0);
    bridge_destroy(net.br1);
    rig_forward_one(net.p0, RIG_BROADCAST, rig_mac(1));
    assert_int_equal(rig_drain(net.p1), 1);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        rig_test(test_crosses),
        rig_test(test_mixed_burst),
        rig_test(test_half_a_pair),
        rig_test(test_limit),
        rig_test(test_loop),
        rig_test(test_storm),
        rig_test(test_within_a_bridge),
        rig_test(test_chain),
        rig_test(test_peers_bridge),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
