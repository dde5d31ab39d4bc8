/* SPDX-License-Identifier: Apache-2.0
 *
 * test-forward-vlan.c: bursts through ports with VLANs.
 *
 * Against a switch that takes one frame at a time, copies each for each port
 * and keeps a plain array of addresses: what each port sends must agree byte
 * for byte, in order.  The rules themselves are those of vlan.h, which
 * test-vlan.c compares with tables.
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

#include "switch/forward-ctx.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

enum {
    N_PORTS = 6,
    N_HOSTS = 8,
    MAX_LEN = 100,
    ADDRESSES = 12,
};

static const char *const names[N_PORTS] = {
    "p0", "p1", "p2", "p3", "p4", "p5",
};

struct bytes {
    uint8_t b[MAX_LEN];
    size_t n;
};

/* The simple switch. */
struct model {
    struct cfg_vlan vlans[N_PORTS];
    struct vlan_set flood_vlans;
    int fdb[N_VLANS][N_HOSTS];          /* port, or -1 */
    struct bytes sent[N_PORTS][FORWARD_BURST];
    unsigned int n_sent[N_PORTS];
};

static struct model model;
static struct port *ports[N_PORTS];

static struct vlan_port
rules(int port)
{
    struct vlan_port p;

    vlan_port_init(&p, &model.vlans[port], &model.vlans[port].vlans);
    return p;
}

static void
put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t) (value >> (24 - 8 * i));
    }
}

/* Port `out` sends the frame, which `f` says how to write. */
static void
model_send(int out, const struct bytes *in, const struct vlan_frame *f,
           enum vlan_form form)
{
    struct bytes *b = &model.sent[out][model.n_sent[out]++];
    size_t payload = ADDRESSES + (f->form != VLAN_BARE ? 4 : 0);
    size_t at = ADDRESSES;

    memcpy(b->b, in->b, ADDRESSES);
    if (form != VLAN_BARE) {
        put32(b->b + at, vlan_header(f, form));
        at += 4;
    }
    memcpy(b->b + at, in->b + payload, in->n - payload);
    b->n = at + in->n - payload;
}

/* Hosts are the last byte of an address; others are broadcast. */
static int
host_of(const uint8_t *address)
{
    return address[0] & 1 ? -1 : address[5];
}

static bool
model_enter(int in, const struct bytes *b, struct vlan_frame *f)
{
    struct vlan_port p = rules(in);
    struct vlan_headers h;

    return vlan_read_headers(b->b, b->n, &h) && vlan_in(&p, &h, f) < 0;
}

static void
model_learn(int in, const struct bytes *b)
{
    struct vlan_frame f;

    if (model_enter(in, b, &f)
        && !vlan_set_has(&model.flood_vlans, vlan_of(&f))) {
        model.fdb[vlan_of(&f)][host_of(b->b + 6)] = in;
    }
}

static void
model_try(int in, int out, const struct bytes *b, const struct vlan_frame *f)
{
    struct vlan_port p = rules(out);
    enum vlan_form form = vlan_out(&p, f);

    if (in != out && form != VLAN_NOT_CARRIED
        && !(model.vlans[in].protected && model.vlans[out].protected)) {
        model_send(out, b, f, form);
    }
}

static void
model_forward(int in, const struct bytes *b)
{
    struct vlan_frame f;
    int to;

    if (!model_enter(in, b, &f)) {
        return;
    }
    to = (host_of(b->b) < 0 || vlan_set_has(&model.flood_vlans, vlan_of(&f))
          ? -1 : model.fdb[vlan_of(&f)][host_of(b->b)]);
    for (int out = 0; out < N_PORTS; out++) {
        if (to < 0 || to == out) {
            model_try(in, out, b, &f);
        }
    }
}

/* Random things, from few enough values that they meet. */

static uint16_t
random_vlan(void)
{
    static const uint16_t vlans[] = { 0, 1, 2, 3, 4095 };

    return vlans[rand() % (int) ARRAY_SIZE(vlans)];
}

static void
random_config(struct cfg_vlan *v)
{
    int mode = rand() % 7;

    cfg_vlan_init(v);
    v->mode = mode < 5 ? (enum cfg_vlan_mode) mode : CFG_VLAN_TRUNK;
    v->priority_tags = (enum cfg_priority_tags)
        (rand() % 2 ? CFG_PRIORITY_NEVER : rand() % 3);
    v->protected = rand() % 4 == 0;
    if (v->mode != CFG_VLAN_TRUNK) {
        v->tag = random_vlan();
    }
    if (v->mode == CFG_VLAN_TUNNEL && rand() % 2) {
        v->tpid = CFG_TPID_8021AD;
    }
    if (rand() % 3 == 0) {
        memset(&v->vlans, 0, sizeof v->vlans);
        vlan_set_add(&v->vlans, random_vlan());
        vlan_set_add(&v->vlans, random_vlan());
    }
    if (v->mode == CFG_VLAN_ACCESS) {
        memset(&v->vlans, 0, sizeof v->vlans);
    }
    if (v->mode != CFG_VLAN_TRUNK && v->mode != CFG_VLAN_TUNNEL) {
        vlan_set_remove(&v->vlans, 0);
        vlan_set_add(&v->vlans, v->tag);
    }
}

static size_t
put_random_header(uint8_t *p)
{
    put32(p, (rand() % 4 ? UINT32_C(0x81000000) : UINT32_C(0x88a80000))
          | (rand() % 2 ? 0 : (uint32_t) rand() % 16 << 12) | random_vlan());
    return 4;
}

static void
random_frame(struct bytes *b)
{
    static const uint8_t host[6] = { 0x02 };
    size_t at = ADDRESSES;

    memcpy(b->b, host, 6);
    memcpy(b->b + 6, host, 6);
    b->b[5] = (uint8_t) (rand() % N_HOSTS);
    b->b[11] = (uint8_t) (rand() % N_HOSTS);
    if (rand() % 3 == 0) {
        memset(b->b, 0xff, 6);
    }
    for (int n = rand() % 6; n > 0 && n < 4; n--) {
        at += put_random_header(b->b + at);
    }
    b->b[at++] = 0x88;
    b->b[at++] = 0xb5;
    for (size_t end = at + 1 + (size_t) rand() % 40; at < end; at++) {
        b->b[at] = (uint8_t) rand();
    }
    b->n = at;
}

static void
expect_sent(int port, const struct bytes *b)
{
    struct rte_mbuf *m = fake_port_take_sent(ports[port]);
    uint8_t copy[MAX_LEN];
    const uint8_t *p;

    assert_non_null(m);
    assert_int_equal(rte_pktmbuf_pkt_len(m), b->n);
    p = rte_pktmbuf_read(m, 0, (uint32_t) b->n, copy);
    assert_memory_equal(p, b->b, b->n);
    rte_pktmbuf_free(m);
}

static void
forward_and_compare(int in, const struct bytes *frames, unsigned int n,
                    bool shared)
{
    /* Every burst comes a second later: addresses may move so often. */
    static uint32_t now = 1000;
    struct rte_mbuf *m[FORWARD_BURST], *kept[FORWARD_BURST];

    memset(model.n_sent, 0, sizeof model.n_sent);
    for (unsigned int i = 0; i < n; i++) {
        model_learn(in, &frames[i]);
        kept[i] = m[i] = rig_bytes(frames[i].b, frames[i].n,
                                   rand() % 4 ? 0 : 30);
        if (shared) {
            rte_pktmbuf_refcnt_update(m[i], 1);
        }
    }
    for (unsigned int i = 0; i < n; i++) {
        model_forward(in, &frames[i]);
    }
    forward_burst(rig_ctx, atomic_load(&ports[in]->ingress), m, (uint16_t) n,
                  now++);
    for (int port = 0; port < N_PORTS; port++) {
        assert_int_equal(fake_port_n_sent(ports[port]), model.n_sent[port]);
        for (unsigned int i = 0; i < model.n_sent[port]; i++) {
            expect_sent(port, &model.sent[port][i]);
        }
    }
    for (unsigned int i = 0; shared && i < n; i++) {
        uint8_t copy[MAX_LEN];

        /* Whoever else holds it sees what it was. */
        assert_int_equal(rte_mbuf_refcnt_read(kept[i]), 1);
        assert_memory_equal(rte_pktmbuf_read(kept[i], 0,
                                             (uint32_t) frames[i].n, copy),
                            frames[i].b, frames[i].n);
        rte_pktmbuf_free(kept[i]);
    }
}

/* Neighbours are often alike, as in real bursts. */
static void
forward_random(bool shared)
{
    static struct bytes frames[FORWARD_BURST];
    unsigned int max = shared ? 32 : 1u << rand() % 8;
    unsigned int n = 1 + (unsigned int) rand() % max;

    for (unsigned int i = 0; i < n; i++) {
        if (i && rand() % 2) {
            frames[i] = frames[i - 1];
        } else {
            random_frame(&frames[i]);
        }
    }
    forward_and_compare(rand() % N_PORTS, frames, n, shared);
}

static void
set_flood_vlans(struct bridge *br)
{
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    char *error;

    memset(&model.flood_vlans, 0, sizeof model.flood_vlans);
    if (rand() % 3 == 0) {
        vlan_set_add(&model.flood_vlans, random_vlan());
    }
    cfg->flood_vlans = model.flood_vlans;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
}

/* What the simple switch forgets when VLANs change. */
static void
model_flush(void)
{
    for (int vlan = 0; vlan < N_VLANS; vlan++) {
        for (int host = 0; host < N_HOSTS; host++) {
            int *port = &model.fdb[vlan][host];

            if (*port >= 0
                && (!cfg_vlan_learns(&model.vlans[*port], (uint16_t) vlan)
                    || vlan_set_has(&model.flood_vlans,
                                    (unsigned int) vlan))) {
                *port = -1;
            }
        }
    }
}

static void
test_random(void **state OVS_UNUSED)
{
    unsigned int rounds = getenv("TEST_ROUNDS")
        ? (unsigned int) atoi(getenv("TEST_ROUNDS")) : 300;
    struct bridge *br = rig_bridge("br0");

    srand(getenv("TEST_SEED") ? (unsigned int) atoi(getenv("TEST_SEED")) : 1);
    memset(model.fdb, 0xff, sizeof model.fdb);
    for (int i = 0; i < N_PORTS; i++) {
        cfg_vlan_init(&model.vlans[i]);
        ports[i] = rig_port(br, names[i]);
    }
    for (unsigned int round = 0; round < rounds; round++) {
        for (int i = 0; i < N_PORTS; i++) {
            if (rand() % 2) {
                random_config(&model.vlans[i]);
                bridge_set_vlan(br, ports[i], &model.vlans[i]);
            }
        }
        set_flood_vlans(br);
        model_flush();
        for (int burst = 0; burst < 20; burst++) {
            forward_random(burst % 5 == 4);
        }
    }
}

/* Single matters. */

static void
set_tag(struct cfg_vlan *v, enum cfg_vlan_mode mode, uint16_t tag)
{
    cfg_vlan_init(v);
    v->mode = mode;
    v->tag = tag;
    if (mode == CFG_VLAN_ACCESS) {
        memset(&v->vlans, 0, sizeof v->vlans);
        vlan_set_add(&v->vlans, tag);
    }
}

/* An access port of VLAN 5, a trunk, and another access port. */
static struct bridge *
make_small_net(void)
{
    struct bridge *br = rig_bridge("br0");
    struct cfg_vlan v;

    set_tag(&v, CFG_VLAN_ACCESS, 5);
    ports[0] = rig_vlan_port(br, "p0", &v);
    cfg_vlan_init(&v);
    ports[1] = rig_vlan_port(br, "p1", &v);
    set_tag(&v, CFG_VLAN_ACCESS, 5);
    ports[2] = rig_vlan_port(br, "p2", &v);
    return br;
}

/* Tags come and go in place: no mbuf, no byte of the payload moves. */
static void
test_no_copy(void **state OVS_UNUSED)
{
    struct rte_mbuf *m, *sent;
    const uint8_t *payload;

    make_small_net();
    rig_forward_one(ports[1], RIG_BROADCAST, rig_mac(9));   /* VLAN 0 */
    assert_int_equal(rig_drain(ports[0]) + rig_drain(ports[2]), 0);

    fdb_learn(bridge_fdb(bridge_find("br0")),
              UINT64_C(5) << 48 | rig_mac(1), 1, switch_now());
    m = rig_frame(rig_mac(1), rig_mac(0), 60, 7);
    payload = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
    sent = m;
    rig_forward(ports[0], &m, 1);
    m = fake_port_take_sent(ports[1]);
    assert_ptr_equal(m, sent);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 64);
    assert_ptr_equal(rte_pktmbuf_mtod_offset(m, const uint8_t *, 18),
                     payload);

    /* And back: its addresses the other way round. */
    memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 6, rte_pktmbuf_mtod(m, uint8_t *),
           6);
    rte_pktmbuf_mtod(m, uint8_t *)[5] = 0;
    rig_forward(ports[1], &m, 1);
    m = fake_port_take_sent(ports[0]);
    assert_ptr_equal(m, sent);
    assert_int_equal(rte_pktmbuf_pkt_len(m), 60);
    assert_ptr_equal(rte_pktmbuf_mtod_offset(m, const uint8_t *, 14),
                     payload);
    assert_true(rig_frame_is_whole(m));
    assert_int_equal(rig_drain(ports[2]), 0);
    rte_pktmbuf_free(m);
}

static void
test_flood_copies_once_per_form(void **state OVS_UNUSED)
{
    struct bridge *br = make_small_net();
    struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(0), 60, 1);
    struct rte_mbuf *bare, *tagged[2], *original = m;

    ports[3] = rig_port(br, "p3");
    rig_forward(ports[0], &m, 1);
    bare = fake_port_take_sent(ports[2]);
    assert_ptr_equal(bare, original);
    assert_int_equal(rte_mbuf_refcnt_read(bare), 1);
    tagged[0] = fake_port_take_sent(ports[1]);
    tagged[1] = fake_port_take_sent(ports[3]);
    assert_ptr_equal(tagged[0], tagged[1]);
    assert_int_equal(rte_mbuf_refcnt_read(tagged[0]), 2);
    assert_int_equal(rte_pktmbuf_pkt_len(tagged[0]), 64);
    rte_pktmbuf_free(bare);
    rte_pktmbuf_free(tagged[0]);
    rte_pktmbuf_free(tagged[1]);
}

/* Each drop by its name, and that nothing is learned or sent. */
static void
test_drops(void **state OVS_UNUSED)
{
    static const uint8_t tagged_6[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0,
        0x81, 0, 0, 6, 0x88, 0xb5, 0, 0,
    };
    static const struct {
        enum cfg_vlan_mode mode;
        uint16_t tag;
        int only;               /* in vlans; -1: all */
        size_t len;
        const char *name;
    } rows[] = {
        { CFG_VLAN_ACCESS, 6, 6, 20, "vlan_access" },
        { CFG_VLAN_TRUNK, 0, 5, 20, "vlan_trunk" },
        { CFG_VLAN_TUNNEL, 6, 5, 20, "vlan_customer" },
        { CFG_VLAN_TRUNK, 0, -1, 17, "runt" },
        { CFG_VLAN_TRUNK, 0, -1, 14, "runt" },
    };
    struct bridge *br = make_small_net();
    struct fdb_stats stats;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t before = rig_drops(rows[i].name);
        struct rte_mbuf *m[2];
        struct cfg_vlan v;

        set_tag(&v, rows[i].mode, rows[i].tag);
        if (rows[i].only >= 0) {
            memset(&v.vlans, 0, sizeof v.vlans);
            vlan_set_add(&v.vlans, (unsigned int) rows[i].only);
        }
        bridge_set_vlan(br, ports[0], &v);
        m[0] = rig_bytes(tagged_6, rows[i].len, 0);
        m[1] = rig_bytes(tagged_6, rows[i].len, 0);
        rig_forward(ports[0], m, 2);
        assert_int_equal(rig_drops(rows[i].name), before + 2);
        assert_int_equal(rig_drain(ports[1]) + rig_drain(ports[2]), 0);
    }
    fdb_get_stats(bridge_fdb(br), &stats);
    assert_int_equal(stats.current, 0);
}

static void
test_output_drops(void **state OVS_UNUSED)
{
    struct bridge *br = make_small_net();
    struct cfg_vlan v;
    uint64_t before = rig_drops("vlan_output");

    /* A static entry that names a port outside of the VLAN. */
    set_tag(&v, CFG_VLAN_ACCESS, 6);
    bridge_set_vlan(br, ports[2], &v);
    fdb_add_static(bridge_fdb(br), UINT64_C(5) << 48 | rig_mac(2), 2);
    rig_forward_one(ports[0], rig_mac(2), rig_mac(0));
    assert_int_equal(rig_drops("vlan_output"), before + 1);

    /* A flood that nobody takes. */
    before = rig_drops("no_output");
    rig_forward_one(ports[2], RIG_BROADCAST, rig_mac(2));
    assert_int_equal(rig_drain(ports[1]), 1);
    set_tag(&v, CFG_VLAN_ACCESS, 7);
    bridge_set_vlan(br, ports[1], &v);
    rig_forward_one(ports[2], RIG_BROADCAST, rig_mac(2));
    assert_int_equal(rig_drops("no_output"), before + 1);

    /* Protected. */
    before = rig_drops("protected");
    set_tag(&v, CFG_VLAN_ACCESS, 5);
    v.protected = true;
    bridge_set_vlan(br, ports[0], &v);
    bridge_set_vlan(br, ports[2], &v);
    rig_forward_one(ports[2], RIG_BROADCAST, rig_mac(2));
    rig_forward_one(ports[0], rig_mac(2), rig_mac(0));
    assert_int_equal(rig_drops("protected"), before + 1);
    assert_int_equal(rig_drain(ports[0]) + rig_drain(ports[2]), 0);
}

/* A port leaves a VLAN: what was learned there is forgotten, static entries
 * and other VLANs are not. */
static void
test_flush(void **state OVS_UNUSED)
{
    struct bridge *br = make_small_net();
    struct fdb *fdb = bridge_fdb(br);
    struct cfg_bridge *cfg;
    struct fdb_stats stats;
    struct cfg_vlan v;
    char *error;

    for (uint64_t vlan = 0; vlan < 10; vlan++) {
        fdb_learn(fdb, vlan << 48 | rig_mac(1), 1, switch_now());
    }
    fdb_add_static(fdb, UINT64_C(3) << 48 | rig_mac(5), 1);
    cfg_vlan_init(&v);
    vlan_set_remove(&v.vlans, 3);
    vlan_set_remove(&v.vlans, 4);
    bridge_set_vlan(br, ports[1], &v);
    fdb_get_stats(fdb, &stats);
    assert_int_equal(stats.current, 9);
    assert_int_equal(stats.statics, 1);
    assert_int_equal(fdb_lookup(fdb, UINT64_C(3) << 48 | rig_mac(1)),
                     FDB_NONE);
    assert_int_equal(fdb_lookup(fdb, UINT64_C(5) << 48 | rig_mac(1)), 1);

    cfg = rig_bridge_cfg("br0");
    vlan_set_add(&cfg->flood_vlans, 5);
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    fdb_get_stats(fdb, &stats);
    assert_int_equal(stats.current, 8);
    assert_int_equal(fdb_lookup(fdb, UINT64_C(5) << 48 | rig_mac(1)),
                     FDB_NONE);
}

/* One tag more than the limit counts is no reason to drop a frame. */
static void
test_double_tagged_length(void **state OVS_UNUSED)
{
    static const uint8_t headers[] = { 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6 };
    static const struct {
        uint16_t len;
        bool two, ok;
    } rows[] = {
        { 1518, true, true }, { 1522, true, true }, { 1523, true, false },
        { 1518, false, true }, { 1519, false, false }, { 1522, false, false },
    };
    struct bridge *br = make_small_net();

    ports[3] = rig_port(br, "p3");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct rte_mbuf *m = rig_frame(RIG_BROADCAST, rig_mac(1), rows[i].len,
                                       0);

        memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), headers,
               rows[i].two ? 8 : 4);
        rig_forward(ports[1], &m, 1);
        assert_int_equal(rig_drain(ports[3]), rows[i].ok);
        assert_int_equal(rig_drain(ports[0]) + rig_drain(ports[2]),
                         !rows[i].two && rows[i].ok ? 2 : 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_random),
        rig_test(test_no_copy),
        rig_test(test_flood_copies_once_per_form),
        rig_test(test_drops),
        rig_test(test_output_drops),
        rig_test(test_flush),
        rig_test(test_double_tagged_length),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
