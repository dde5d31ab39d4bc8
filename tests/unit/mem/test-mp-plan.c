/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans: worked examples of every model, and changes.
 */
#include <config.h>
#include "mem/mp-plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cfg/cfg.h"
#include "mem/mp-bytes.h"
#include "mem/mp-size.h"
#include "openvswitch/compiler.h"
#include "util.h"

enum {
    MAX_PORTS = 64,
    THREADS = 2,                /* one PMD */
    IN_HAND = THREADS * (512 + 256 + 128),      /* of a pool with whole
                                                 * caches */
    CHUNK_1500 = 885,
    CHUNK_9000 = 219,
};

static struct mp_plan_port ports[MAX_PORTS], changed[MAX_PORTS];
static char names[MAX_PORTS][8];
static size_t n_ports;
static struct mp_plan plan;

static struct mp_plan_port *
add(struct mp_plan_port p)
{
    assert_true(n_ports < MAX_PORTS);
    snprintf(names[n_ports], sizeof names[n_ports], "p%zu", n_ports);
    p.req.port = names[n_ports];
    p.domain = "br0";
    ports[n_ports] = p;
    return &ports[n_ports++];
}

static struct mp_plan_port *
add_guest(uint32_t mtu)
{
    return add((struct mp_plan_port) {
        .req = { .mtu = mtu, .n_rxq = 1, .n_txq = 1,
                 .rxq_size = CFG_VHOST_DESC, .txq_size = CFG_VHOST_DESC },
    });
}

/* A network card with one rx queue. */
static struct mp_plan_port *
add_card(uint32_t mtu)
{
    return add((struct mp_plan_port) {
        .req = { .mtu = mtu, .n_rxq = 1, .n_txq = THREADS,
                 .rxq_size = 2048, .txq_size = 2048,
                 .holds = { .rx = 2048, .txq_size = 2048,
                            .n_txq = THREADS } },
    });
}

/* The local port of a bridge. */
static struct mp_plan_port *
add_local(void)
{
    return add((struct mp_plan_port) {
        .req = { .mtu = 1500, .group = "kernel", .n_mbufs = 131072,
                 .elastic = true,
                 .holds = { .txq_size = 1024, .n_txq = 1,
                            .one_sender = true } },
    });
}

static struct mp_plan_in
in_of(const struct mp_plan_port *p)
{
    return (struct mp_plan_in) {
        .ports = p, .n_ports = n_ports, .n_threads = THREADS,
    };
}

static void
make(void)
{
    struct mp_plan_in in = in_of(ports);

    mp_plan_make(&in, &plan);
}

static const struct mp_plan_model *
of(enum mp_plan_kind kind)
{
    return &plan.models[kind];
}

static void
assert_pool(const struct mp_plan_pool *pool, uint32_t mtu, uint32_t mbufs,
            uint32_t room)
{
    struct mp_bytes b;

    assert_int_equal(pool->adjusted_mtu, mp_adjusted_mtu(mtu));
    assert_int_equal(pool->mbufs, mbufs);
    assert_int_equal(pool->room, room);
    mp_bytes_of_pool(mtu, room, mbufs, &b);
    assert_int_equal(pool->bytes, mp_bytes_sum(&b));
    assert_int_equal(pool->pages, mp_bytes_pages(pool->bytes, MP_PAGE_2M));
}

/* One socket, with so many pools of so many mbufs. */
static const struct mp_plan_socket *
assert_total(enum mp_plan_kind kind, size_t n_pools, uint64_t mbufs)
{
    const struct mp_plan_model *m = of(kind);

    assert_int_equal(m->n_sockets, 1);
    assert_int_equal(m->n_pools, n_pools);
    assert_int_equal(m->sockets[0].n_pools, n_pools);
    assert_int_equal(m->sockets[0].mbufs, mbufs);
    return &m->sockets[0];
}

static int
begin(void **state OVS_UNUSED)
{
    n_ports = 0;
    memset(ports, 0, sizeof ports);
    return 0;
}

static int
end(void **state OVS_UNUSED)
{
    mp_plan_destroy(&plan);
    return 0;
}

static void
test_none(void **state OVS_UNUSED)
{
    make();
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        assert_int_equal(plan.models[kind].n_pools, 0);
        assert_int_equal(plan.models[kind].n_sockets, 0);
    }
}

/* 32 guests with MTU 1500. */
static void
test_guests(void **state OVS_UNUSED)
{
    const struct mp_plan_socket *s;

    for (int i = 0; i < 32; i++) {
        add_guest(1500);
    }
    make();

    s = assert_total(MP_PLAN_SHARED_FIXED, 1, 262144);
    assert_pool(&of(MP_PLAN_SHARED_FIXED)->pools[0], 1500, 262144, 262144);
    assert_int_equal(s->steady.pages_2m, 299);
    assert_int_equal(s->steady.pages_1g, 1);
    assert_int_equal(s->peak.pages_2m, 2 * 299);
    assert_int_equal(s->peak.pages_1g, 2);
    assert_int_equal(s->peak.bytes, 2 * s->steady.bytes);
    assert_string_equal(s->peak_port, "p0");

    s = assert_total(MP_PLAN_PER_PORT_FIXED, 32, 32 * 20512);
    assert_pool(&of(MP_PLAN_PER_PORT_FIXED)->pools[31], 1500, 20512, 20512);
    assert_int_equal(s->steady.pages_2m, 32 * 24);
    assert_int_equal(s->steady.pages_1g, 2);
    assert_int_equal(s->peak.pages_2m, 33 * 24);

    /* What threads may have, and no more: guests keep no mbufs. */
    s = assert_total(MP_PLAN_SHARED_ELASTIC, 1, 3 * CHUNK_1500);
    assert_true(3 * CHUNK_1500 >= IN_HAND && 2 * CHUNK_1500 < IN_HAND);
    assert_pool(&of(MP_PLAN_SHARED_ELASTIC)->pools[0], 1500, 3 * CHUNK_1500,
                262144);
    assert_true(s->steady.bytes <= 40 * 1000 * 1000);
    assert_int_equal(s->steady.pages_2m, 6);
    assert_int_equal(s->peak.pages_2m, 12);

    s = assert_total(MP_PLAN_PER_PORT_ELASTIC, 32, 32 * 3 * CHUNK_1500);
    assert_pool(&of(MP_PLAN_PER_PORT_ELASTIC)->pools[0], 1500,
                3 * CHUNK_1500, 20512);
    assert_int_equal(s->steady.pages_2m, 32 * 4);
    assert_int_equal(s->peak.pages_2m, 33 * 4);
    assert_int_equal(s->steady.pages_1g, 1);
}

/* 8 guests with MTU 9000. */
static void
test_large_mtu(void **state OVS_UNUSED)
{
    for (int i = 0; i < 8; i++) {
        add_guest(9000);
    }
    make();
    assert_total(MP_PLAN_SHARED_FIXED, 1, 262144);
    assert_total(MP_PLAN_PER_PORT_FIXED, 8, 8 * 20512);
    assert_total(MP_PLAN_SHARED_ELASTIC, 1, 9 * CHUNK_9000);
    assert_total(MP_PLAN_PER_PORT_ELASTIC, 8, 8 * 9 * CHUNK_9000);
    assert_pool(&of(MP_PLAN_PER_PORT_ELASTIC)->pools[7], 9000,
                9 * CHUNK_9000, 20512);
    assert_int_equal(of(MP_PLAN_PER_PORT_ELASTIC)->sockets[0].steady.pages_2m,
                     8 * 10);
}

/* Two cards: their rings, and what may be queued in each for sending. */
static void
test_cards(void **state OVS_UNUSED)
{
    uint32_t need = IN_HAND + 2 * 2048 + 2 * 2 * 2048;
    uint32_t need_own = IN_HAND + 2048 + 2 * 2 * 2048;

    add_card(1500);
    add_card(1500);
    make();
    assert_total(MP_PLAN_SHARED_FIXED, 1, 262144);
    assert_total(MP_PLAN_PER_PORT_FIXED, 2, 2 * 22560);
    assert_total(MP_PLAN_SHARED_ELASTIC, 1,
                 ROUND_UP(need, CHUNK_1500));
    assert_total(MP_PLAN_PER_PORT_ELASTIC, 2,
                 2 * ROUND_UP(need_own, CHUNK_1500));
    /* A pool beside it, for one of them. */
    assert_int_equal(of(MP_PLAN_SHARED_ELASTIC)->sockets[0].peak.pages_2m
                     - of(MP_PLAN_SHARED_ELASTIC)->sockets[0].steady.pages_2m,
                     3 + DIV_ROUND_UP(need_own, CHUNK_1500));
}

/* An elastic pool of a port's own ends where the fixed one would be. */
static void
test_room(void **state OVS_UNUSED)
{
    for (int i = 0; i < 8; i++) {
        add_card(9000);
    }
    make();
    assert_pool(&of(MP_PLAN_PER_PORT_ELASTIC)->pools[0], 9000, 22560, 22560);
    assert_total(MP_PLAN_SHARED_ELASTIC, 1,
                 ROUND_UP(IN_HAND + 8 * 2048 + 8 * 2 * 2048, CHUNK_9000));
}

static void
test_max_mbufs(void **state OVS_UNUSED)
{
    struct mp_plan_in in;

    for (int i = 0; i < 8; i++) {
        add_card(9000);
    }
    in = in_of(ports);
    in.max_mbufs = 10000;
    mp_plan_make(&in, &plan);
    assert_pool(&of(MP_PLAN_PER_PORT_ELASTIC)->pools[0], 9000, 10000, 10000);
    assert_pool(&of(MP_PLAN_SHARED_ELASTIC)->pools[0], 9000, 10000, 10000);
    assert_pool(&of(MP_PLAN_SHARED_FIXED)->pools[0], 9000, 262144, 262144);
}

/* Kernel-backed ports have an elastic pool in every model, and are served by
 * one thread, which sends through one queue of each port. */
static void
test_kernel(void **state OVS_UNUSED)
{
    uint32_t n = ROUND_UP(IN_HAND + 2 * 1024 + 2048, CHUNK_1500);

    add_local();
    add_local();
    add_card(1500);
    make();
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const struct mp_plan_pool *pools = plan.models[kind].pools;
        size_t i = pools[0].group[0] ? 0 : 1;   /* behind the shared one */

        assert_int_equal(plan.models[kind].n_pools, 2);
        assert_string_equal(pools[i].group, "kernel");
        assert_int_equal(pools[i].n_ports, 2);
        assert_true(pools[i].elastic);
        assert_false(pools[i].own);
        assert_pool(&pools[i], 1500, n, 131072);
    }
}

static void
test_groups(void **state OVS_UNUSED)
{
    const struct mp_plan_pool *p;

    add_guest(1500);
    add_guest(1500)->req.group = "noisy";
    add_guest(1500)->req.group = "noisy";
    add_guest(1500)->req.group = "private";
    add_guest(9000)->req.group = "noisy";
    make();

    p = of(MP_PLAN_SHARED_FIXED)->pools;
    assert_total(MP_PLAN_SHARED_FIXED, 4, 3 * 262144 + 20512);
    assert_string_equal(p[0].group, "");
    assert_string_equal(p[1].group, "noisy");
    assert_int_equal(p[1].adjusted_mtu, 2030);
    assert_int_equal(p[1].n_ports, 2);
    assert_int_equal(p[2].adjusted_mtu, 9198);
    assert_string_equal(p[3].group, "p3");
    assert_true(p[3].own);
    assert_pool(&p[3], 1500, 20512, 20512);

    assert_total(MP_PLAN_PER_PORT_FIXED, 4, 2 * 20512 + 2 * 262144);
    assert_total(MP_PLAN_PER_PORT_ELASTIC, 4,
                 3 * 3 * CHUNK_1500 + 9 * CHUNK_9000);
}

/* A group and a port of one name are two keys. */
static void
test_group_named_like_a_port(void **state OVS_UNUSED)
{
    add_guest(1500)->req.group = "private";
    add_guest(1500)->req.group = "p0";
    make();
    assert_total(MP_PLAN_SHARED_FIXED, 2, 20512 + 262144);
}

static void
test_sockets(void **state OVS_UNUSED)
{
    const struct mp_plan_model *m;

    add_guest(1500)->req.socket = 1;
    add_guest(1500);
    add_guest(9000)->req.socket = 1;
    make();
    m = of(MP_PLAN_SHARED_FIXED);
    assert_int_equal(m->n_sockets, 2);
    assert_int_equal(m->n_pools, 3);
    assert_int_equal(m->sockets[0].socket, 0);
    assert_int_equal(m->sockets[0].n_pools, 1);
    assert_string_equal(m->sockets[0].peak_port, "p1");
    assert_int_equal(m->sockets[1].socket, 1);
    assert_int_equal(m->sockets[1].n_pools, 2);
    assert_int_equal(m->sockets[1].mbufs, 2 * 262144);
    /* The larger of the two. */
    assert_string_equal(m->sockets[1].peak_port, "p2");
}

/* Packets of one bridge do not reach the rings of another. */
static void
test_domains(void **state OVS_UNUSED)
{
    add_guest(1500)->domain = "br1";
    add_card(1500);
    make();
    assert_int_equal(of(MP_PLAN_PER_PORT_ELASTIC)->pools[0].mbufs,
                     3 * CHUNK_1500);
    assert_int_equal(of(MP_PLAN_PER_PORT_ELASTIC)->pools[1].mbufs,
                     ROUND_UP(IN_HAND + 3 * 2048, CHUNK_1500));
}

static void
test_shared_sizes(void **state OVS_UNUSED)
{
    static const struct mp_shared_size sizes[] = {
        { 9000, -1 }, { 4000, 1 }, { 3000, -1 },
    };
    struct mp_plan_in in;
    const struct mp_plan_pool *p;

    add_guest(1500);
    add_guest(3500);
    add_guest(3500)->req.socket = 1;
    add_guest(9700);
    add_guest(1500)->req.group = "g";
    in = in_of(ports);
    in.shared_sizes = sizes;
    in.n_shared_sizes = ARRAY_SIZE(sizes);
    mp_plan_make(&in, &plan);

    p = of(MP_PLAN_SHARED_FIXED)->pools;
    assert_int_equal(of(MP_PLAN_SHARED_FIXED)->n_pools, 5);
    assert_pool(&p[0], 3000, 262144, 262144);
    assert_pool(&p[1], 9000, 262144, 262144);
    assert_pool(&p[2], 9700, 262144, 262144);   /* none fits */
    assert_pool(&p[3], 1500, 262144, 262144);   /* a group's */
    assert_pool(&p[4], 4000, 262144, 262144);
    /* Ports of their own memory do not use them. */
    assert_pool(&of(MP_PLAN_PER_PORT_FIXED)->pools[1], 1500, 20512, 20512);
}

/* Changes. */

static void
change(unsigned int n_threads)
{
    struct mp_plan_in now = in_of(ports);
    struct mp_plan_in then = in_of(changed);

    then.n_threads = n_threads;
    mp_plan_change(&now, &then, &plan);
}

static void
test_no_change(void **state OVS_UNUSED)
{
    add_guest(1500);
    add_card(9000);
    memcpy(changed, ports, sizeof changed);
    change(THREADS);
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const struct mp_plan_socket *s = &plan.models[kind].sockets[0];

        assert_int_equal(s->peak.bytes, s->steady.bytes);
    }
}

/* Another MTU for all: the shared pool of the old one stays until the last
 * port has left it, a port's own goes when it has the new one. */
static void
test_change_mtu(void **state OVS_UNUSED)
{
    const struct mp_plan_socket *s;

    for (int i = 0; i < 4; i++) {
        add_guest(1500);
    }
    memcpy(changed, ports, sizeof changed);
    for (int i = 0; i < 4; i++) {
        changed[i].req.mtu = 9000;
    }
    change(THREADS);

    s = assert_total(MP_PLAN_SHARED_FIXED, 1, 262144);
    assert_int_equal(s->steady.pages_2m, 1200);
    assert_int_equal(s->peak.pages_2m, 299 + 1200);
    assert_string_equal(s->peak_port, "p0");

    /* 24 pages at MTU 1500, 95 at 9000. */
    s = assert_total(MP_PLAN_PER_PORT_FIXED, 4, 4 * 20512);
    assert_int_equal(s->steady.pages_2m, 4 * 95);
    assert_int_equal(s->peak.pages_2m, 24 + 4 * 95);
    assert_string_equal(s->peak_port, "p3");

    s = assert_total(MP_PLAN_PER_PORT_ELASTIC, 4, 4 * 9 * CHUNK_9000);
    assert_int_equal(s->peak.pages_2m, 4 + 4 * 10);
}

/* One PMD fewer: a port's own pool is kept although it is larger than needed;
 * one more: it is not large enough. */
static void
test_change_threads(void **state OVS_UNUSED)
{
    const struct mp_plan_socket *s;

    add_card(1500);
    ports[0].req.n_txq = ports[0].req.holds.n_txq = 3;
    memcpy(changed, ports, sizeof changed);
    changed[0].req.n_txq = changed[0].req.holds.n_txq = 2;
    change(2);
    s = assert_total(MP_PLAN_PER_PORT_FIXED, 1, 24608);
    assert_int_equal(s->peak.bytes, s->steady.bytes);
    mp_plan_destroy(&plan);

    changed[0].req.n_txq = changed[0].req.holds.n_txq = 4;
    change(4);
    s = assert_total(MP_PLAN_PER_PORT_FIXED, 1, 26656);
    assert_int_equal(s->peak.pages_2m,
                     s->steady.pages_2m
                     + mp_bytes_pages(24608ULL * 2368, MP_PAGE_2M) + 1);
}

/* Fewer descriptors: a smaller pool beside the old one. */
static void
test_change_descriptors(void **state OVS_UNUSED)
{
    const struct mp_plan_socket *s;

    add_card(1500);
    memcpy(changed, ports, sizeof changed);
    changed[0].req.rxq_size = changed[0].req.holds.rx = 1024;
    change(THREADS);
    s = assert_total(MP_PLAN_PER_PORT_FIXED, 1, 22560 - 1024);
    assert_true(s->peak.bytes > 2 * s->steady.bytes);
    /* An elastic one has room for that already, and does not shrink. */
    s = assert_total(MP_PLAN_PER_PORT_ELASTIC, 1,
                     ROUND_UP(IN_HAND + 3 * 2048, CHUNK_1500));
    assert_int_equal(s->peak.bytes, s->steady.bytes);
}

/* An elastic pool grows in place, until its room is too small for what its
 * port may hold. */
static void
test_change_grows(void **state OVS_UNUSED)
{
    const struct mp_plan_socket *s;

    add_card(1500);
    memcpy(changed, ports, sizeof changed);
    changed[0].req.rxq_size = changed[0].req.holds.rx = 4096;
    change(THREADS);
    s = assert_total(MP_PLAN_PER_PORT_ELASTIC, 1,
                     ROUND_UP(IN_HAND + 4096 + 2 * 2048, CHUNK_1500));
    assert_int_equal(s->peak.bytes, s->steady.bytes);
    assert_int_equal(of(MP_PLAN_PER_PORT_ELASTIC)->pools[0].room, 22560);
    mp_plan_destroy(&plan);

    changed[0].req.n_rxq = 16;
    changed[0].req.holds.rx = 16 * 4096;
    change(THREADS);
    s = assert_total(MP_PLAN_PER_PORT_ELASTIC, 1,
                     ROUND_UP(IN_HAND + 16 * 4096 + 2 * 2048, CHUNK_1500));
    assert_int_equal(of(MP_PLAN_PER_PORT_ELASTIC)->pools[0].room,
                     16 * 4096 + 2 * 2048 + 16 * 32 + 16384);
    assert_true(s->peak.bytes > s->steady.bytes);
}

/* What the port itself will have queued for sending counts, too. */
static void
test_change_grows_by_tx(void **state OVS_UNUSED)
{
    uint32_t need = 8 * (512 + 256 + 128) + 64 + 8 * 4096;

    add_card(1500);
    ports[0].req.rxq_size = ports[0].req.holds.rx = 64;
    ports[0].req.txq_size = ports[0].req.holds.txq_size = 4096;
    memcpy(changed, ports, sizeof changed);
    changed[0].req.n_txq = changed[0].req.holds.n_txq = 8;
    change(8);
    assert_pool(&of(MP_PLAN_PER_PORT_ELASTIC)->pools[0], 1500,
                ROUND_UP(need, CHUNK_1500), 64 + 8 * 4096 + 32 + 16384);
}

/* From one socket to the other. */
static void
test_change_socket(void **state OVS_UNUSED)
{
    const struct mp_plan_model *m;

    add_guest(1500);
    memcpy(changed, ports, sizeof changed);
    changed[0].req.socket = 1;
    change(THREADS);
    m = of(MP_PLAN_PER_PORT_FIXED);
    assert_int_equal(m->n_sockets, 2);
    assert_int_equal(m->sockets[0].steady.bytes, 0);
    assert_int_equal(m->sockets[0].peak.pages_2m, 24);
    assert_int_equal(m->sockets[1].steady.pages_2m, 24);
}

/* What is read when the switch starts means a restart, and all pools anew. */
static void
test_change_of_start(void **state OVS_UNUSED)
{
    static const struct mp_shared_size sizes[] = { { 9000, -1 } };
    struct mp_plan_in now, then;

    add_guest(1500);
    now = in_of(ports);
    then = in_of(ports);
    then.shared_sizes = sizes;
    then.n_shared_sizes = ARRAY_SIZE(sizes);
    mp_plan_change(&now, &then, &plan);
    assert_total(MP_PLAN_SHARED_FIXED, 1, 262144);
    assert_pool(&of(MP_PLAN_SHARED_FIXED)->pools[0], 9000, 262144, 262144);
    assert_int_equal(of(MP_PLAN_SHARED_FIXED)->sockets[0].peak.pages_2m,
                     2 * 1200);
    mp_plan_destroy(&plan);

    then = now;
    then.max_mbufs = 1024;
    mp_plan_change(&now, &then, &plan);
    assert_pool(&of(MP_PLAN_SHARED_ELASTIC)->pools[0], 1500, 885, 1024);
}

/* Of ports' own pools, those alike are together. */
static void
test_alike(void **state OVS_UNUSED)
{
    const struct mp_plan_model *m = of(MP_PLAN_PER_PORT_FIXED);

    add_guest(1500);
    add_guest(9000);
    add_guest(1500);
    add_card(1500);
    add_guest(1500)->req.group = "g";
    make();
    assert_int_equal(m->n_pools, 5);
    assert_string_equal(m->pools[0].group, "g");
    assert_int_equal(mp_plan_alike(m, 0), 1);
    assert_string_equal(m->pools[1].group, "p0");
    assert_int_equal(mp_plan_alike(m, 1), 2);
    assert_string_equal(m->pools[2].group, "p2");
    assert_string_equal(m->pools[3].group, "p3");
    assert_int_equal(mp_plan_alike(m, 3), 1);
    assert_string_equal(m->pools[4].group, "p1");
    assert_int_equal(mp_plan_alike(m, 4), 1);
}

static void
test_names(void **state OVS_UNUSED)
{
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const char *name = mp_plan_kind_name((enum mp_plan_kind) kind);

        assert_int_equal(mp_plan_kind_from_name(name), kind);
    }
    assert_int_equal(mp_plan_kind_from_name("shared"), MP_PLAN_N_KINDS);
    assert_string_equal(mp_plan_kind_name(mp_plan_kind_of(false, false)),
                        "shared-fixed");
    assert_string_equal(mp_plan_kind_name(mp_plan_kind_of(true, false)),
                        "per-port-fixed");
    assert_string_equal(mp_plan_kind_name(mp_plan_kind_of(false, true)),
                        "shared-elastic");
    assert_string_equal(mp_plan_kind_name(mp_plan_kind_of(true, true)),
                        "per-port-elastic");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_none),
        TEST(test_guests),
        TEST(test_large_mtu),
        TEST(test_cards),
        TEST(test_room),
        TEST(test_max_mbufs),
        TEST(test_kernel),
        TEST(test_groups),
        TEST(test_group_named_like_a_port),
        TEST(test_sockets),
        TEST(test_domains),
        TEST(test_shared_sizes),
        TEST(test_no_change),
        TEST(test_change_mtu),
        TEST(test_change_threads),
        TEST(test_change_descriptors),
        TEST(test_change_grows),
        TEST(test_change_grows_by_tx),
        TEST(test_change_socket),
        TEST(test_change_of_start),
        TEST(test_alike),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("mem/mp-plan", tests, NULL, NULL);
}
