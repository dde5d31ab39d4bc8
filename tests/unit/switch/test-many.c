/* SPDX-License-Identifier: Apache-2.0
 *
 * test-many.c: a bridge with 500 ports and all VLANs, and 256 bridges.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "switch/forward-ctx.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

enum {
    N_ACCESS = 500,
    N_PORTS = N_ACCESS + 4,
    N_BRIDGES = 256,
    LAST_VLAN = 4094,
    FRAME = 64,
};

static struct port *ports[N_PORTS];
static struct cfg_vlan vlans[N_PORTS];

/* Access ports are in VLANs 1, 9, 17 and so on. */
static uint16_t
tag_of(unsigned int i)
{
    return (uint16_t) (1 + 8 * i);
}

static void
set_trunks(struct cfg_vlan *v, enum cfg_vlan_mode mode, uint16_t step)
{
    v->mode = mode;
    memset(&v->vlans, 0, sizeof v->vlans);
    for (unsigned int vlan = step; vlan <= LAST_VLAN; vlan += step) {
        vlan_set_add(&v->vlans, vlan);
    }
}

/* After the access ports come a trunk of all VLANs, one of every VLAN that has
 * a number, one of every third, and a tunnel in VLAN 9. */
static void
make_settings(void)
{
    for (unsigned int i = 0; i < N_PORTS; i++) {
        cfg_vlan_init(&vlans[i]);
    }
    for (unsigned int i = 0; i < N_ACCESS; i++) {
        vlans[i].tag = tag_of(i);
        set_trunks(&vlans[i], CFG_VLAN_ACCESS, LAST_VLAN + 1);
        vlan_set_add(&vlans[i].vlans, vlans[i].tag);
    }
    set_trunks(&vlans[N_ACCESS + 1], CFG_VLAN_TRUNK, 1);
    set_trunks(&vlans[N_ACCESS + 2], CFG_VLAN_TRUNK, 3);
    vlans[N_ACCESS + 3].mode = CFG_VLAN_TUNNEL;
    vlans[N_ACCESS + 3].tag = 9;
}

static struct bridge *
make_large_bridge(void)
{
    struct bridge *br = rig_bridge("br0");

    make_settings();
    for (unsigned int i = 0; i < N_PORTS; i++) {
        char name[16];

        snprintf(name, sizeof name, "p%u", i);
        ports[i] = rig_vlan_port(br, name, &vlans[i]);
        fake_port_set_tx(ports[i], FAKE_TX_FREE);
    }
    return br;
}

static struct rte_mbuf *
broadcast_in(uint16_t vlan)
{
    struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(1), FRAME, 0);
    uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

    p[12] = 0x81;
    p[13] = 0x00;
    p[14] = (uint8_t) (vlan >> 8);
    p[15] = (uint8_t) vlan;
    p[16] = 0x88;
    p[17] = 0xb5;
    return m;
}

static bool
is_member(unsigned int i, uint16_t vlan)
{
    return (vlans[i].mode == CFG_VLAN_TUNNEL ? vlans[i].tag == vlan
            : vlan_set_has(&vlans[i].vlans, vlan));
}

/* What each port but the first trunk, where frames come from, was sent since
 * the last call must be `expect`, which is then 0. */
static void
assert_sent(uint64_t expect[N_PORTS])
{
    static uint64_t last[N_PORTS];

    for (unsigned int i = 0; i < N_PORTS; i++) {
        uint64_t total = fake_port_tx_total(ports[i]);

        if (total - last[i] != expect[i]) {
            fail_msg("port %u was sent %llu frames, not %llu", i,
                     (unsigned long long) (total - last[i]),
                     (unsigned long long) expect[i]);
        }
        last[i] = total;
        expect[i] = 0;
    }
}

static void
expect_flood(uint64_t expect[N_PORTS], uint16_t vlan)
{
    for (unsigned int i = 0; i < N_PORTS; i++) {
        expect[i] += i != N_ACCESS && is_member(i, vlan);
    }
}

static void
flood_all_vlans(unsigned int burst)
{
    uint64_t expect[N_PORTS] = { 0 };
    struct rte_mbuf *m[FORWARD_BURST];
    uint16_t n = 0;

    for (uint16_t vlan = 1; vlan <= LAST_VLAN; vlan++) {
        m[n++] = broadcast_in(vlan);
        expect_flood(expect, vlan);
        if (n == burst || vlan == LAST_VLAN) {
            rig_forward(ports[N_ACCESS], m, n);
            assert_sent(expect);
            n = 0;
        }
    }
}

/* Each frame reaches the members of its VLAN and nobody else: alone, and where
 * a burst has many VLANs. */
static void
test_all_vlans(void **state OVS_UNUSED)
{
    uint64_t expect[N_PORTS] = { 0 };
    struct bridge *br = make_large_bridge();

    flood_all_vlans(1);
    flood_all_vlans(FORWARD_BURST);

    /* From an access port, in its VLAN. */
    rig_forward_one(ports[7], RIG_BROADCAST, rig_mac(2));
    expect_flood(expect, tag_of(7));
    expect[7] = 0;
    expect[N_ACCESS] = 1;
    assert_sent(expect);

    /* Members follow a change. */
    vlans[0] = vlans[9];
    bridge_set_vlan(br, ports[0], &vlans[0]);
    flood_all_vlans(1);
}

/* How many bits are set of a flood in `vlan`? */
static unsigned int
n_carriers(const struct bridge_state *state, uint16_t vlan)
{
    unsigned int n = 0;

    for (unsigned int w = 0; w < state->flood_words; w++) {
        n += (unsigned int)
            __builtin_popcountll(bridge_carriers(state, vlan, w));
    }
    return n;
}

/* A flooded frame looks at the ports of its VLAN, not at 500. */
static void
test_flood_looks_at_members(void **state OVS_UNUSED)
{
    struct bridge *br = make_large_bridge();
    const struct bridge_state *s = atomic_load(&ports[0]->ingress)->state;

    for (uint16_t vlan = 1; vlan <= LAST_VLAN; vlan++) {
        unsigned int n = 0;

        for (unsigned int i = 0; i < N_PORTS; i++) {
            n += is_member(i, vlan);
        }
        assert_int_equal(n_carriers(s, vlan), n);
    }

    /* One row is enough where all carry all. */
    for (unsigned int i = 0; i < N_PORTS; i++) {
        cfg_vlan_init(&vlans[i]);
        bridge_set_vlan(br, ports[i], &vlans[i]);
    }
    s = atomic_load(&ports[0]->ingress)->state;
    assert_int_equal(s->carriers_step, 0);
    assert_int_equal(n_carriers(s, 4000), N_PORTS);
}

/* Mixed in one table of ports, the bridges share nothing. */
static void
test_many_bridges(void **state OVS_UNUSED)
{
    static struct port *p[N_BRIDGES][3];

    for (unsigned int b = 0; b < N_BRIDGES; b++) {
        char name[16];
        struct bridge *br;

        snprintf(name, sizeof name, "br%u", b);
        br = rig_bridge(name);
        for (unsigned int i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "b%up%u", b, i);
            p[b][i] = rig_port(br, name);
        }
    }
    for (unsigned int b = 0; b < N_BRIDGES; b++) {
        /* The same stations everywhere, behind other ports. */
        rig_forward_one(p[b][b % 3], RIG_BROADCAST, rig_mac(1));
        for (unsigned int i = 0; i < 3; i++) {
            assert_int_equal(rig_drain(p[b][i]), i != b % 3);
        }
    }
    for (unsigned int b = 0; b < N_BRIDGES; b++) {
        rig_forward_one(p[b][(b + 1) % 3], rig_mac(1), rig_mac(2));
        assert_int_equal(rig_drain(p[b][b % 3]), 1);
    }
    for (unsigned int b = 0; b < N_BRIDGES; b++) {
        for (unsigned int i = 0; i < 3; i++) {
            assert_int_equal(fake_port_n_sent(p[b][i]), 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_all_vlans),
        rig_test(test_flood_looks_at_members),
        rig_test(test_many_bridges),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
