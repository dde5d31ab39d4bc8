/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-vlan.c: what VLAN columns of a port mean, alone and together, and
 * what is said of those that contradict each other.
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

enum { NO_TAG = -1, MAX_IDS = 4, END = -1, ALL = -2 };

static void
fill(struct vlan_set *set, const int *ids)
{
    memset(set, 0, sizeof *set);
    if (ids[0] == ALL) {
        vlan_set_fill(set);
        return;
    }
    for (size_t i = 0; i < MAX_IDS && ids[i] != END; i++) {
        vlan_set_add(set, (unsigned int) ids[i]);
    }
}

/* Parses one port; the first warning about it is `warning`, and the only
 * one. */
static struct cfg_port *
parse(struct cfg *cfg, const char *mode, int tag, const int *trunks,
      const int *cvlans, const char *warning)
{
    struct cfg_bridge *br;
    struct cfg_port *port;

    cfg_init(cfg);
    br = cfg_add_bridge(cfg, "br0");
    add_iface(br, "p", "internal");
    port = br->ports;
    port->vlan_mode = nullable_xstrdup(mode);
    port->has_tag = tag != NO_TAG;
    port->tag = tag;
    fill(&port->trunks, trunks);
    fill(&port->cvlans, cvlans);
    cfg_parse(cfg, &env);
    if (warning) {
        assert_int_equal(cfg->n_warnings, 1);
        assert_string_equal(cfg->warnings[0], warning);
    } else if (cfg->n_warnings) {
        fail_msg("unexpected warning: %s", cfg->warnings[0]);
    }
    for (size_t i = 0; i < cfg->bridges[0].n_ports; i++) {
        if (!strcmp(cfg->bridges[0].ports[i].name, "p")) {
            return &cfg->bridges[0].ports[i];
        }
    }
    return NULL;
}

#define NONE { END }

static void
test_modes(void **state OVS_UNUSED)
{
    static const struct {
        const char *mode;
        int tag;
        int trunks[MAX_IDS], cvlans[MAX_IDS];
        enum cfg_vlan_mode result;
        uint16_t result_tag, tpid;
        int vlans[MAX_IDS];
        const char *warning;
    } rows[] = {
        /* The mode follows from the tag. */
        { NULL, NO_TAG, NONE, NONE, CFG_VLAN_TRUNK, 0, 0x8100, { ALL },
          NULL },
        { NULL, NO_TAG, { 5, 7, END }, NONE, CFG_VLAN_TRUNK, 0, 0x8100,
          { 5, 7, END }, NULL },
        { NULL, 5, NONE, NONE, CFG_VLAN_ACCESS, 5, 0x8100, { 5, END }, NULL },
        { NULL, 0, NONE, NONE, CFG_VLAN_ACCESS, 0, 0x8100, { 0, END }, NULL },
        { NULL, 5, { 7, END }, NONE, CFG_VLAN_ACCESS, 5, 0x8100, { 5, END },
          "Port p: trunks is ignored because vlan_mode is access, as tag is "
          "set and vlan_mode is not" },

        { "trunk", NO_TAG, { 0, 4095, END }, NONE, CFG_VLAN_TRUNK, 0, 0x8100,
          { 0, 4095, END }, NULL },
        { "trunk", 9, NONE, NONE, CFG_VLAN_TRUNK, 0, 0x8100, { ALL },
          "Port p: tag 9 is ignored because vlan_mode is trunk; "
          "native-tagged and native-untagged have a tag, or remove it" },
        { "access", 4095, NONE, NONE, CFG_VLAN_ACCESS, 4095, 0x8100,
          { 4095, END }, NULL },
        { "access", NO_TAG, NONE, NONE, CFG_VLAN_ACCESS, 0, 0x8100,
          { 0, END },
          "Port p: vlan_mode is access and tag is missing: using VLAN 0" },
        { "access", 5, { 5, 6, END }, NONE, CFG_VLAN_ACCESS, 5, 0x8100,
          { 5, END },
          "Port p: trunks is ignored because vlan_mode is access" },
        { "access", 5, NONE, { 6, END }, CFG_VLAN_ACCESS, 5, 0x8100,
          { 5, END },
          "Port p: cvlans is ignored because vlan_mode is access" },

        /* The native VLAN is carried, and VLAN 0 is not beside it. */
        { "native-tagged", 5, { 6, END }, NONE, CFG_VLAN_NATIVE_TAGGED, 5,
          0x8100, { 5, 6, END }, NULL },
        { "native-untagged", 5, { 0, 6, END }, NONE, CFG_VLAN_NATIVE_UNTAGGED,
          5, 0x8100, { 5, 6, END }, NULL },
        { "native-untagged", 0, { 6, END }, NONE, CFG_VLAN_NATIVE_UNTAGGED,
          0, 0x8100, { 0, 6, END }, NULL },
        { "native-tagged", NO_TAG, NONE, NONE, CFG_VLAN_NATIVE_TAGGED, 0,
          0x8100, { ALL },
          "Port p: vlan_mode is native-tagged and tag is missing: using "
          "VLAN 0" },

        { "dot1q-tunnel", 100, NONE, NONE, CFG_VLAN_TUNNEL, 100, 0x88a8,
          { ALL }, NULL },
        { "dot1q-tunnel", 100, NONE, { 0, 6, END }, CFG_VLAN_TUNNEL, 100,
          0x88a8, { 0, 6, END }, NULL },
        { "dot1q-tunnel", 100, { 6, END }, NONE, CFG_VLAN_TUNNEL, 100, 0x88a8,
          { ALL },
          "Port p: trunks is ignored because vlan_mode is dot1q-tunnel" },
        { "dot1q-tunnel", NO_TAG, NONE, NONE, CFG_VLAN_TUNNEL, 0, 0x88a8,
          { ALL },
          "Port p: vlan_mode is dot1q-tunnel and tag is missing: using "
          "VLAN 0" },

        /* What the database itself would refuse. */
        { "hybrid", 5, NONE, NONE, CFG_VLAN_ACCESS, 5, 0x8100, { 5, END },
          "Port p: vlan_mode \"hybrid\" is none of trunk, access, "
          "native-tagged, native-untagged, dot1q-tunnel: using access" },
        { "access", 4096, NONE, NONE, CFG_VLAN_ACCESS, 0, 0x8100, { 0, END },
          "Port p: tag 4096 is no number from 0 to 4095: using 0" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vlan_set expected;
        const struct cfg_vlan *v;
        struct cfg cfg;

        v = &parse(&cfg, rows[i].mode, rows[i].tag, rows[i].trunks,
                   rows[i].cvlans, rows[i].warning)->vlan;
        assert_int_equal(v->mode, rows[i].result);
        assert_int_equal(v->tag, rows[i].result_tag);
        assert_int_equal(v->tpid, rows[i].tpid);
        assert_int_equal(v->priority_tags, CFG_PRIORITY_NEVER);
        assert_false(v->protected);
        fill(&expected, rows[i].vlans);
        if (rows[i].vlans[0] == ALL && rows[i].result_tag
            && rows[i].result != CFG_VLAN_TUNNEL) {
            vlan_set_remove(&expected, 0);
        }
        assert_true(vlan_set_equal(&v->vlans, &expected));
        cfg_destroy(&cfg);
    }
}

static void
test_native_of_all(void **state OVS_UNUSED)
{
    static const int none[] = { END };
    const struct cfg_vlan *v;
    struct cfg cfg;

    v = &parse(&cfg, "native-tagged", 5, none, none, NULL)->vlan;
    assert_false(vlan_set_has(&v->vlans, 0));
    for (unsigned int i = 1; i < N_VLANS; i++) {
        assert_true(vlan_set_has(&v->vlans, i));
    }
    cfg_destroy(&cfg);
}

static void
test_options(void **state OVS_UNUSED)
{
    static const struct {
        const char *mode, *key, *value;
        uint16_t tpid;
        enum cfg_priority_tags priority_tags;
        const char *warning;
    } rows[] = {
        { "dot1q-tunnel", "qinq-ethtype", "802.1q", 0x8100,
          CFG_PRIORITY_NEVER, NULL },
        { "dot1q-tunnel", "qinq-ethtype", "802.1ad", 0x88a8,
          CFG_PRIORITY_NEVER, NULL },
        { "dot1q-tunnel", "qinq-ethtype", "0x9100", 0x88a8,
          CFG_PRIORITY_NEVER, "Port p: qinq-ethtype \"0x9100\" is none of "
          "802.1ad, 802.1q: using 802.1ad" },
        { "access", "qinq-ethtype", "802.1ad", 0x8100, CFG_PRIORITY_NEVER,
          NULL },
        { "access", "priority-tags", "never", 0x8100, CFG_PRIORITY_NEVER,
          NULL },
        { "access", "priority-tags", "if-nonzero", 0x8100,
          CFG_PRIORITY_IF_NONZERO, NULL },
        { "access", "priority-tags", "always", 0x8100, CFG_PRIORITY_ALWAYS,
          NULL },
        { "access", "priority-tags", "true", 0x8100, CFG_PRIORITY_IF_NONZERO,
          NULL },
        { "access", "priority-tags", "sometimes", 0x8100, CFG_PRIORITY_NEVER,
          "Port p: priority-tags \"sometimes\" is none of never, if-nonzero, "
          "always, true: using never" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cfg_bridge *br;
        struct cfg cfg;

        cfg_init(&cfg);
        br = cfg_add_bridge(&cfg, "br0");
        add_iface(br, "p", "internal");
        br->ports[0].vlan_mode = xstrdup(rows[i].mode);
        br->ports[0].has_tag = true;
        br->ports[0].tag = 7;
        br->ports[0].protected = true;
        smap_add(&br->ports[0].other_config, rows[i].key, rows[i].value);
        cfg_parse(&cfg, &env);
        br = cfg.bridges;
        assert_string_equal(br->ports[1].name, "p");
        assert_int_equal(br->ports[1].vlan.tpid, rows[i].tpid);
        assert_int_equal(br->ports[1].vlan.priority_tags,
                         rows[i].priority_tags);
        assert_true(br->ports[1].vlan.protected);
        assert_int_equal(cfg.n_warnings, rows[i].warning != NULL);
        if (rows[i].warning) {
            assert_string_equal(cfg.warnings[0], rows[i].warning);
        }
        cfg_destroy(&cfg);
    }
}

/* Each member counts. */
static void
test_equal(void **state OVS_UNUSED)
{
    struct cfg_vlan a, b;

    cfg_vlan_init(&a);
    assert_int_equal(a.mode, CFG_VLAN_TRUNK);
    assert_true(vlan_set_is_full(&a.vlans));
#define DIFFERS(CHANGE)                         \
    b = a;                                      \
    assert_true(cfg_vlan_equal(&a, &b));        \
    CHANGE;                                     \
    assert_false(cfg_vlan_equal(&a, &b))

    DIFFERS(b.mode = CFG_VLAN_ACCESS);
    DIFFERS(b.priority_tags = CFG_PRIORITY_ALWAYS);
    DIFFERS(b.tag = 1);
    DIFFERS(b.tpid = CFG_TPID_8021AD);
    DIFFERS(b.protected = true);
    DIFFERS(vlan_set_remove(&b.vlans, 4095));
    assert_false(vlan_set_is_full(&b.vlans));
    assert_false(vlan_set_is_empty(&b.vlans));
    assert_string_equal(cfg_vlan_mode_name(CFG_VLAN_TUNNEL), "dot1q-tunnel");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_native_of_all),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
