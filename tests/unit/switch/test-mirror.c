/* SPDX-License-Identifier: Apache-2.0
 *
 * test-mirror.c: which frames mirrors copy, how these look, and that the
 * frames themselves go on as if there were none.
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

#include "switch/reserved.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

enum { N_PORTS = 5 };

static const char *const names[N_PORTS] = { "p0", "p1", "p2", "p3", "p4" };
static struct bridge *br;
static struct port *p[N_PORTS];
static struct cfg_mirror mirrors[CFG_MIRRORS_MAX];

/* Ports 0 and 1 of VLAN 10, 2 a trunk, 3 and 4 for mirrors; hosts 0 and 1
 * behind their ports. */
static void
make_net(void)
{
    struct cfg_vlan access;

    cfg_vlan_init(&access);
    access.mode = CFG_VLAN_ACCESS;
    access.tag = 10;
    memset(&access.vlans, 0, sizeof access.vlans);
    vlan_set_add(&access.vlans, 10);
    br = rig_bridge("br0");
    for (int i = 0; i < N_PORTS; i++) {
        p[i] = rig_vlan_port(br, names[i], i < 2 ? &access : NULL);
    }
    for (uint16_t i = 0; i < 2; i++) {
        fdb_learn(bridge_fdb(br), UINT64_C(10) << 48 | rig_mac(i), i,
                  switch_now());
    }
}

static struct cfg_mirror *
start_mirror(size_t i, const char *output)
{
    struct cfg_mirror *m = &mirrors[i];

    memset(m, 0, sizeof *m);
    m->usable = true;
    m->set.id = xasprintf("%zu", i);
    m->set.name = xasprintf("m%zu", i);
    vlan_set_fill(&m->set.vlans);
    m->set.output_port = nullable_xstrdup(output);
    m->set.snaplen = UINT32_MAX;
    return m;
}

static void
set_mirrors(size_t n)
{
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    char *error;

    cfg->mirrors = mirrors;
    cfg->n_mirrors = n;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    for (size_t i = 0; i < n; i++) {
        cfg_mirror_settings_destroy(&mirrors[i].set);
    }
}

static void
assert_sent(unsigned int n0, unsigned int n1, unsigned int n2,
            unsigned int n3, unsigned int n4)
{
    const unsigned int n[] = { n0, n1, n2, n3, n4 };

    for (int i = 0; i < N_PORTS; i++) {
        assert_int_equal(fake_port_n_sent(p[i]), n[i]);
        rig_drain(p[i]);
    }
}

/* Nothing matters but what the mirror says. */
static void
test_select(void **state OVS_UNUSED)
{
    static const struct {
        bool all;
        const char *src, *dst;
        int vlan;               /* -1: all */
        /* Copies of frames 0 to 1, 1 to 0, broadcast of 0, of 1. */
        unsigned int n[4];
    } rows[] = {
        { false, NULL, NULL, -1, { 0, 0, 0, 0 } },
        { true, NULL, NULL, -1, { 1, 1, 1, 1 } },
        { true, NULL, NULL, 10, { 1, 1, 1, 1 } },
        { true, NULL, NULL, 11, { 0, 0, 0, 0 } },
        { false, "p0", NULL, -1, { 1, 0, 1, 0 } },
        { false, "p0", NULL, 10, { 1, 0, 1, 0 } },
        { false, NULL, "p0", -1, { 0, 1, 0, 1 } },
        { false, NULL, "p2", -1, { 0, 0, 1, 1 } },
        { false, NULL, "p2", 11, { 0, 0, 0, 0 } },
        { false, "p0", "p0", -1, { 1, 1, 1, 1 } },
        { false, "p9", "p9", -1, { 0, 0, 0, 0 } },
    };
    uint64_t packets = 0;

    make_net();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cfg_mirror *m = start_mirror(0, "p4");
        struct bridge_mirror got;

        m->set.select_all = rows[i].all;
        if (rows[i].src) {
            svec_add(&m->set.src, rows[i].src);
        }
        if (rows[i].dst) {
            svec_add(&m->set.dst, rows[i].dst);
        }
        if (rows[i].vlan >= 0) {
            memset(&m->set.vlans, 0, sizeof m->set.vlans);
            vlan_set_add(&m->set.vlans, (unsigned int) rows[i].vlan);
        }
        set_mirrors(1);
        rig_forward_one(p[0], rig_mac(1), rig_mac(0));
        assert_sent(0, 1, 0, 0, rows[i].n[0]);
        rig_forward_one(p[1], rig_mac(0), rig_mac(1));
        assert_sent(1, 0, 0, 0, rows[i].n[1]);
        rig_forward_one(p[0], RIG_BROADCAST, rig_mac(0));
        assert_sent(0, 1, 1, 1, rows[i].n[2]);
        rig_forward_one(p[1], RIG_BROADCAST, rig_mac(1));
        assert_sent(1, 0, 1, 1, rows[i].n[3]);

        /* Its counters go on through changes. */
        packets += rows[i].n[0] + rows[i].n[1] + rows[i].n[2] + rows[i].n[3];
        assert_int_equal(bridge_n_mirrors(br), 1);
        bridge_get_mirror(br, 0, &got);
        assert_string_equal(got.id, "0");
        assert_int_equal(got.packets, packets);
        assert_int_equal(got.bytes, packets * 60);
    }

    /* Without it the port is one like others. */
    set_mirrors(0);
    rig_forward_one(p[0], RIG_BROADCAST, rig_mac(0));
    assert_sent(0, 1, 1, 1, 1);
}

/* A mirror to a trunk shows the VLAN, one to an access port does not. */
static void
test_form(void **state OVS_UNUSED)
{
    static const uint8_t tag[] = { 0x81, 0, 0, 10 };
    struct cfg_vlan v;
    struct rte_mbuf *m;

    make_net();
    start_mirror(0, "p4")->set.select_all = true;
    set_mirrors(1);
    rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    m = fake_port_take_sent(p[4]);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 64);
    assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), tag, 4);
    rte_pktmbuf_free(m);
    m = fake_port_take_sent(p[1]);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
    assert_true(rig_frame_is_whole(m));
    rte_pktmbuf_free(m);

    /* Of whatever VLAN: the port is the mirror's. */
    cfg_vlan_init(&v);
    v.mode = CFG_VLAN_ACCESS;
    v.tag = 77;
    memset(&v.vlans, 0, sizeof v.vlans);
    vlan_set_add(&v.vlans, 77);
    bridge_set_vlan(br, p[4], &v);
    rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    m = fake_port_take_sent(p[4]);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
    assert_true(rig_frame_is_whole(m));
    /* One and the same mbuf: nobody changed it. */
    assert_ptr_equal(fake_port_take_sent(p[1]), m);
    assert_int_equal(rte_mbuf_refcnt_read(m), 2);
    rte_pktmbuf_free(m);
    rte_pktmbuf_free(m);
}

/* A frame in no VLAN of the output port's looks as if the port carried it:
 * priority tags are the port's choice there, too. */
static void
test_form_of_other_vlans(void **state OVS_UNUSED)
{
    static const struct {
        enum cfg_vlan_mode mode;
        enum cfg_priority_tags priority_tags;
        uint16_t tci;           /* of the frame that comes in by a trunk */
        bool further;           /* it has another tag behind that */
        int sent;               /* TCI of the copy; -1: it has no tag */
    } rows[] = {
        { CFG_VLAN_TRUNK, CFG_PRIORITY_NEVER, 0xa000, false, -1 },
        { CFG_VLAN_TRUNK, CFG_PRIORITY_IF_NONZERO, 0xa000, false, 0xa000 },
        { CFG_VLAN_TRUNK, CFG_PRIORITY_IF_NONZERO, 0, false, -1 },
        { CFG_VLAN_TRUNK, CFG_PRIORITY_ALWAYS, 0, false, 0 },
        { CFG_VLAN_TRUNK, CFG_PRIORITY_NEVER, 0xa000, true, 0xa000 },
        { CFG_VLAN_TRUNK, CFG_PRIORITY_NEVER, 0xa005, false, 0xa005 },
        { CFG_VLAN_NATIVE_TAGGED, CFG_PRIORITY_NEVER, 0xa000, false, -1 },
        { CFG_VLAN_NATIVE_UNTAGGED, CFG_PRIORITY_NEVER, 0xa000, false, -1 },
        { CFG_VLAN_NATIVE_UNTAGGED, CFG_PRIORITY_NEVER, 77, true, 77 },
        { CFG_VLAN_ACCESS, CFG_PRIORITY_NEVER, 0xa005, false, -1 },
        { CFG_VLAN_ACCESS, CFG_PRIORITY_IF_NONZERO, 0xa005, false, 0xa000 },
        { CFG_VLAN_ACCESS, CFG_PRIORITY_ALWAYS, 5, false, 0 },
        { CFG_VLAN_TUNNEL, CFG_PRIORITY_ALWAYS, 5, false, 0 },
    };

    make_net();
    start_mirror(0, "p4")->set.select_all = true;
    set_mirrors(1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint8_t frame[60] = { 2, 0, 0, 0, 0, 8, 2, 0, 0, 0, 0, 9, 0x81, 0 };
        struct rte_mbuf *m;
        struct cfg_vlan v;
        const uint8_t *got;

        frame[14] = (uint8_t) (rows[i].tci >> 8);
        frame[15] = (uint8_t) rows[i].tci;
        frame[16] = rows[i].further ? 0x81 : 0x88;
        cfg_vlan_init(&v);
        v.mode = rows[i].mode;
        v.priority_tags = rows[i].priority_tags;
        v.tag = v.mode == CFG_VLAN_TRUNK ? 0 : 77;
        memset(&v.vlans, 0, sizeof v.vlans);
        vlan_set_add(&v.vlans, 77);
        bridge_set_vlan(br, p[4], &v);
        m = rig_bytes(frame, sizeof frame, 0);
        rig_forward(p[2], &m, 1);

        m = fake_port_take_sent(p[4]);
        got = rte_pktmbuf_mtod(m, const uint8_t *);
        assert_int_equal(rte_pktmbuf_pkt_len(m), rows[i].sent < 0 ? 56 : 60);
        if (rows[i].sent >= 0) {
            assert_memory_equal(got, frame, 14);
            assert_int_equal(got[14] << 8 | got[15], rows[i].sent);
            got += 4;
        }
        assert_memory_equal(got + 12, frame + 16, sizeof frame - 16);
        rte_pktmbuf_free(m);
        for (int j = 0; j < 4; j++) {
            rig_drain(p[j]);
        }
    }
}

/* The frame gets a tag behind the mirror's back. */
static void
test_mirrored_and_retagged(void **state OVS_UNUSED)
{
    struct cfg_vlan v;
    struct rte_mbuf *m;

    make_net();
    cfg_vlan_init(&v);
    v.mode = CFG_VLAN_ACCESS;
    bridge_set_vlan(br, p[4], &v);
    start_mirror(0, "p4")->set.select_all = true;
    set_mirrors(1);
    fdb_learn(bridge_fdb(br), UINT64_C(10) << 48 | rig_mac(2), 2,
              switch_now());
    rig_forward_one(p[0], rig_mac(2), rig_mac(0));
    m = fake_port_take_sent(p[4]);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
    assert_true(rig_frame_is_whole(m));
    rte_pktmbuf_free(m);
    m = fake_port_take_sent(p[2]);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 64);
    rte_pktmbuf_free(m);
}

static void
test_snaplen(void **state OVS_UNUSED)
{
    static const struct {
        bool trunk;             /* output: with a tag */
        uint32_t snaplen, sent;
    } rows[] = {
        { true, 14, 14 }, { true, 17, 17 }, { true, 18, 18 },
        { true, 40, 40 }, { true, 63, 63 }, { true, 64, 64 },
        { true, 65, 64 }, { true, 65535, 64 },
        { false, 14, 14 }, { false, 40, 40 }, { false, 59, 59 },
        { false, 60, 60 }, { false, 61, 60 },
    };
    static const uint8_t tag[] = { 0x81, 0, 0, 10 };

    make_net();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cfg_mirror *cfg = start_mirror(0, "p4");
        struct rte_mbuf *m;
        struct cfg_vlan v;
        uint8_t *data;

        cfg_vlan_init(&v);
        v.mode = rows[i].trunk ? CFG_VLAN_TRUNK : CFG_VLAN_ACCESS;
        bridge_set_vlan(br, p[4], &v);
        cfg->set.select_all = true;
        cfg->set.snaplen = rows[i].snaplen;
        set_mirrors(1);
        rig_forward_one(p[0], rig_mac(1), rig_mac(0));
        m = fake_port_take_sent(p[4]);
        assert_int_equal(rte_pktmbuf_pkt_len(m), rows[i].sent);
        data = rte_pktmbuf_mtod(m, uint8_t *);
        assert_int_equal(data[5], 1);
        assert_int_equal(data[11], 0);
        if (rows[i].trunk) {
            assert_memory_equal(data + 12, tag, MIN(4, rows[i].sent - 12));
        } else {
            assert_int_equal(data[12], 0x88);
        }
        rte_pktmbuf_free(m);

        /* The frame itself is whole. */
        m = fake_port_take_sent(p[1]);
        assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
        assert_true(rig_frame_is_whole(m));
        rte_pktmbuf_free(m);
    }
}

/* The output port is the mirror's: nothing else goes there, nothing comes in
 * from there, and what was learned there is forgotten. */
static void
test_output_is_reserved(void **state OVS_UNUSED)
{
    uint64_t before = rig_drops("mirror_output");
    struct fdb_stats stats;

    make_net();
    fdb_learn(bridge_fdb(br), rig_mac(4), 4, switch_now());
    svec_add(&start_mirror(0, "p4")->set.src, "p0");
    set_mirrors(1);
    fdb_get_stats(bridge_fdb(br), &stats);
    assert_int_equal(stats.current, 2);
    rig_forward_one(p[2], RIG_BROADCAST, rig_mac(2));
    assert_sent(0, 0, 0, 1, 0);
    rig_forward_one(p[4], RIG_BROADCAST, rig_mac(4));
    assert_sent(0, 0, 0, 0, 0);
    assert_int_equal(rig_drops("mirror_output"), before + 1);
    fdb_add_static(bridge_fdb(br), rig_mac(4), 4);
    rig_forward_one(p[2], rig_mac(4), rig_mac(2));
    assert_sent(0, 0, 0, 0, 0);
    assert_int_equal(rig_drops("mirror_output"), before + 2);
}

/* Several mirrors with one destination send a frame once, and each counts
 * it. */
static void
test_once_per_destination(void **state OVS_UNUSED)
{
    struct bridge_mirror got;

    make_net();
    svec_add(&start_mirror(0, "p4")->set.src, "p0");
    svec_add(&start_mirror(1, "p4")->set.dst, "p1");
    svec_add(&start_mirror(2, "p3")->set.dst, "p1");
    svec_add(&start_mirror(3, "p4")->set.dst, "p2");
    set_mirrors(4);
    rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    assert_sent(0, 1, 0, 1, 1);
    for (size_t i = 0; i < 4; i++) {
        bridge_get_mirror(br, i, &got);
        assert_int_equal(got.packets, i < 3);
    }
}

/* To a VLAN: all ports that carry it, the one the frame came from too. */
static void
test_output_vlan(void **state OVS_UNUSED)
{
    static const uint64_t reserved[] = {
        UINT64_C(0x0180c2000000), UINT64_C(0x0180c200000f),
        UINT64_C(0x01000ccccccc), UINT64_C(0x01000ccccccd),
        UINT64_C(0x01000ccccccf), UINT64_C(0x01000ccdcdcd),
        UINT64_C(0x01000c000000), UINT64_C(0x00e02b000000),
        UINT64_C(0x00e02b000004), UINT64_C(0x00e02b000006),
    };
    struct cfg_mirror *m;
    struct rte_mbuf *sent;
    struct cfg_vlan v;
    uint8_t tci[2];

    make_net();
    cfg_vlan_init(&v);
    v.mode = CFG_VLAN_ACCESS;
    v.tag = 99;
    memset(&v.vlans, 0, sizeof v.vlans);
    vlan_set_add(&v.vlans, 99);
    bridge_set_vlan(br, p[3], &v);
    memset(&v.vlans, 0, sizeof v.vlans);
    v.mode = CFG_VLAN_TRUNK;
    v.tag = 0;
    vlan_set_add(&v.vlans, 10);
    bridge_set_vlan(br, p[4], &v);      /* does not carry 99 */

    m = start_mirror(0, NULL);
    m->set.output_vlan = 99;
    m->set.select_all = true;
    set_mirrors(1);
    rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    sent = fake_port_take_sent(p[2]);
    assert_int_equal(rte_pktmbuf_pkt_len(sent), 64);
    memcpy(tci, rte_pktmbuf_mtod_offset(sent, uint8_t *, 14), 2);
    assert_int_equal(tci[0] << 8 | tci[1], 99);
    rte_pktmbuf_free(sent);
    sent = fake_port_take_sent(p[3]);
    assert_int_equal(rte_pktmbuf_pkt_len(sent), 60);
    assert_true(rig_frame_is_whole(sent));
    rte_pktmbuf_free(sent);
    assert_sent(0, 1, 0, 0, 0);

    /* In that VLAN already. */
    rig_forward_one(p[3], RIG_BROADCAST, rig_mac(3));
    assert_sent(0, 0, 1, 0, 0);

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        assert_true(is_reserved(UINT64_C(5) << 48 | reserved[i]));
        rig_forward_one(p[0], reserved[i], rig_mac(0));
        assert_sent(0, 0, 0, 0, 0);
    }
    assert_false(is_reserved(UINT64_C(0x0180c2000010)));
    assert_false(is_reserved(UINT64_C(0x00e02b000005)));
    assert_false(is_reserved(UINT64_C(0x01000cccccd0)));
}

/* A mirror whose output is not there (yet). */
static void
test_output_comes_and_goes(void **state OVS_UNUSED)
{
    make_net();
    rig_delete_port(p[4]);
    start_mirror(0, "p4")->set.select_all = true;
    set_mirrors(1);
    rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    assert_int_equal(rig_drain(p[1]), 1);
    p[4] = rig_port(br, "p4");
    rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    assert_sent(0, 1, 0, 0, 1);
}

/* A full mirror port loses copies, and nothing else. */
static void
test_full_output(void **state OVS_UNUSED)
{
    make_net();
    start_mirror(0, "p4")->set.select_all = true;
    set_mirrors(1);
    fake_port_set_tx(p[4], FAKE_TX_FULL);
    for (int i = 0; i < 100; i++) {
        rig_forward_one(p[0], rig_mac(1), rig_mac(0));
    }
    assert_sent(0, 100, 0, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_select),
        rig_test(test_form),
        rig_test(test_form_of_other_vlans),
        rig_test(test_mirrored_and_retagged),
        rig_test(test_snaplen),
        rig_test(test_output_is_reserved),
        rig_test(test_once_per_destination),
        rig_test(test_output_vlan),
        rig_test(test_output_comes_and_goes),
        rig_test(test_full_output),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
