/* SPDX-License-Identifier: Apache-2.0
 *
 * switch-rig.c: see switch-rig.h.
 */
#include <config.h>
#include "tests/unit/switch/switch-rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mempool.h>

#include "eal/rcu.h"
#include "switch/drop.h"
#include "util.h"

enum { POOL_SIZE = 1023, ROOM = 2048 };

struct forward_ctx *rig_ctx;

static struct rte_mempool *pool;

static void
on_quiesce(struct port *p OVS_UNUSED)
{
    rcu_synchronize();
}

static void
on_publish(struct port *p OVS_UNUSED)
{
}

int
rig_setup(void **state OVS_UNUSED)
{
    static const struct port_hooks hooks = {
        .quiesce = on_quiesce,
        .publish = on_publish,
    };
    char prefix[48];
    char *argv[] = {
        (char *) "test", prefix, (char *) "--no-huge",
        (char *) "--no-pci", (char *) "-m",
        (char *) "512", (char *) "--log-level=error",
        NULL,
    };

    snprintf(prefix, sizeof prefix, "--file-prefix=sluice-sw-%ld",
             (long) getpid());
    if (rte_eal_init((int) ARRAY_SIZE(argv) - 1, argv) < 0) {
        return -1;
    }
    switch_init();
    port_init(&hooks);
    pool = rte_pktmbuf_pool_create("frames", POOL_SIZE, 0, 0,
                                   ROOM + RTE_PKTMBUF_HEADROOM,
                                   SOCKET_ID_ANY);
    return pool ? 0 : -1;
}

int
rig_teardown(void **state OVS_UNUSED)
{
    rte_mempool_free(pool);
    return rte_eal_cleanup();
}

int
rig_begin(void **state OVS_UNUSED)
{
    rig_ctx = forward_ctx_create(0);
    return 0;
}

static void
collect_port(struct port *p, void *first_)
{
    struct port **first = first_;

    *first = p;
}

static void
collect_bridge(struct bridge *br, void *first_)
{
    struct bridge **first = first_;

    *first = br;
}

int
rig_end(void **state OVS_UNUSED)
{
    while (port_count()) {
        struct port *p;

        port_for_each(collect_port, &p);
        rig_delete_port(p);
    }
    while (bridge_count()) {
        struct bridge *br;

        bridge_for_each(collect_bridge, &br);
        bridge_destroy(br);
    }
    forward_ctx_destroy(rig_ctx);
    fake_reset();
    if (rte_mempool_avail_count(pool) != POOL_SIZE) {
        print_error("%u of %u mbufs are back\n",
                    rte_mempool_avail_count(pool), POOL_SIZE);
        return -1;
    }
    return 0;
}

struct cfg_bridge *
rig_bridge_cfg(const char *name)
{
    static struct cfg_bridge cfg;

    memset(&cfg, 0, sizeof cfg);
    cfg.name = CONST_CAST(char *, name);
    cfg.mac_aging_time = 300;
    cfg.mac_table_size = 8192;
    return &cfg;
}

struct bridge *
rig_bridge(const char *name)
{
    char *error = NULL;
    struct bridge *br = bridge_create(rig_bridge_cfg(name), &error);

    assert_null(error);
    assert_non_null(br);
    return br;
}

struct port *
rig_vlan_port(struct bridge *br, const char *name, const struct cfg_vlan *vlan)
{
    struct port *p = fake_port_create(name, CFG_MTU_DEFAULT, 2);
    char *error = NULL;

    assert_true(bridge_add_port(br, p, vlan, 0, &error) > 0);
    assert_null(error);
    return p;
}

struct port *
rig_port(struct bridge *br, const char *name)
{
    return rig_vlan_port(br, name, NULL);
}

void
rig_delete_port(struct port *p)
{
    struct bridge *br = bridge_of_port(p);

    if (br) {
        bridge_del_port(br, p);
    }
    port_delete(p);
}

uint64_t
rig_mac(unsigned int host)
{
    return UINT64_C(0x020000000000) + host;
}

static void
put_address(uint8_t *p, uint64_t address)
{
    for (int i = 0; i < 6; i++) {
        p[i] = (uint8_t) (address >> (40 - 8 * i));
    }
}

struct rte_mbuf *
rig_frame(uint64_t dst, uint64_t src, uint16_t len, uint8_t mark)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
    uint8_t *p = m ? (uint8_t *) rte_pktmbuf_append(m, len) : NULL;
    uint8_t head[14];

    if (!p) {
        rte_pktmbuf_free(m);
        return NULL;
    }
    put_address(head, dst);
    put_address(head + 6, src);
    head[12] = 0x88;            /* an experimental EtherType */
    head[13] = 0xb5;
    memcpy(p, head, MIN(len, sizeof head));
    for (uint16_t i = sizeof head; i < len; i++) {
        p[i] = (uint8_t) (mark + i - sizeof head);
    }
    return m;
}

struct rte_mbuf *
rig_bytes(const uint8_t *bytes, size_t n, size_t split)
{
    struct rte_mbuf *head = NULL;

    for (size_t at = 0; !head || at < n; ) {
        size_t len = split ? MIN(split, n - at) : n;
        struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

        assert_non_null(m);
        memcpy(rte_pktmbuf_append(m, (uint16_t) len), bytes + at, len);
        if (head) {
            assert_int_equal(rte_pktmbuf_chain(head, m), 0);
        } else {
            head = m;
        }
        at += len;
    }
    return head;
}

uint8_t
rig_mark(const struct rte_mbuf *m)
{
    uint8_t byte;
    const uint8_t *p = rte_pktmbuf_read(m, 14, 1, &byte);

    assert_non_null(p);
    return *p;
}

bool
rig_frame_is_whole(const struct rte_mbuf *m)
{
    uint8_t mark = rig_mark(m);

    for (uint32_t i = 14; i < m->pkt_len; i++) {
        uint8_t byte;
        const uint8_t *p = rte_pktmbuf_read(m, i, 1, &byte);

        if (!p || *p != (uint8_t) (mark + i - 14)) {
            return false;
        }
    }
    return true;
}

void
rig_forward(struct port *in, struct rte_mbuf **m, uint16_t n)
{
    forward_burst(rig_ctx, atomic_load(&in->ingress), m, n, switch_now());
}

void
rig_forward_one(struct port *in, uint64_t dst, uint64_t src)
{
    struct rte_mbuf *m = rig_frame(dst, src, 60, 0);

    assert_non_null(m);
    rig_forward(in, &m, 1);
}

unsigned int
rig_drain(struct port *p)
{
    struct rte_mbuf *m;
    unsigned int n = 0;

    while ((m = fake_port_take_sent(p)) != NULL) {
        rte_pktmbuf_free(m);
        n++;
    }
    return n;
}

uint64_t
rig_drops(const char *name)
{
    struct drop_counters drops;

    forward_drops(&drops);
    for (int i = 0; i < DROP_N_REASONS; i++) {
        if (!strcmp(drop_names[i], name)) {
            return drops.n[i];
        }
    }
    fail_msg("no drop reason is called %s", name);
    return 0;
}
