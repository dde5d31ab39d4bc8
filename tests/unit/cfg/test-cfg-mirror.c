/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-mirror.c: what a mirror's columns mean, and what is said of those
 * that cannot be.
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

/* A bridge with ports p0 to p2, whose interfaces are called if0 to if2, and a
 * mirror of all ports to p2. */
static struct cfg_mirror *
start(struct cfg *cfg)
{
    static const char *const names[][2] = {
        { "p0", "if0" }, { "p1", "if1" }, { "p2", "if2" },
    };
    struct cfg_bridge *br;
    struct cfg_mirror *m;

    cfg_init(cfg);
    br = cfg_add_bridge(cfg, "br0");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct cfg_port *port = cfg_bridge_add_port(br, names[i][0]);

        cfg_port_add_iface(port, names[i][1])->type = xstrdup("internal");
    }
    m = cfg_bridge_add_mirror(br, "0001", "m0");
    m->select_all = true;
    m->output_port = xstrdup("p2");
    return m;
}

static const struct cfg_mirror *
finish(struct cfg *cfg, const char *warning)
{
    cfg_parse(cfg, &env);
    if (warning) {
        assert_int_equal(cfg->n_warnings, 1);
        assert_string_equal(cfg->warnings[0], warning);
    } else if (cfg->n_warnings) {
        fail_msg("unexpected warning: %s", cfg->warnings[0]);
    }
    return &cfg->bridges[0].mirrors[0];
}

static void
test_right(void **state OVS_UNUSED)
{
    const struct cfg_mirror *r;
    struct cfg_mirror *m;
    struct cfg cfg;

    start(&cfg);
    r = finish(&cfg, NULL);
    assert_true(r->usable);
    assert_true(r->set.select_all);
    assert_true(vlan_set_is_full(&r->set.vlans));
    assert_string_equal(r->set.output_port, "if2");
    assert_int_equal(r->set.output_vlan, 0);
    assert_true(r->set.snaplen == UINT32_MAX);
    cfg_destroy(&cfg);

    m = start(&cfg);
    m->select_all = false;
    svec_add(&m->src, "p1");
    svec_add(&m->src, "p0");
    svec_add(&m->dst, "p0");
    vlan_set_add(&m->vlans, 5);
    free(m->output_port);
    m->output_port = NULL;
    m->has_output_vlan = true;
    m->output_vlan = 4095;
    m->has_snaplen = true;
    m->snaplen = 14;
    r = finish(&cfg, NULL);
    assert_true(r->usable);
    assert_false(r->set.select_all);
    assert_int_equal(r->set.src.n, 2);
    assert_string_equal(r->set.src.names[0], "if0");
    assert_string_equal(r->set.src.names[1], "if1");
    assert_int_equal(r->set.dst.n, 1);
    assert_true(vlan_set_has(&r->set.vlans, 5));
    assert_false(vlan_set_has(&r->set.vlans, 6));
    assert_null(r->set.output_port);
    assert_int_equal(r->set.output_vlan, 4095);
    assert_int_equal(r->set.snaplen, 14);
    cfg_destroy(&cfg);
}

static void
test_no_output(void **state OVS_UNUSED)
{
    struct cfg_mirror *m;
    struct cfg cfg;

    m = start(&cfg);
    free(m->output_port);
    m->output_port = NULL;
    assert_false(finish(&cfg, "Mirror m0 of bridge br0: set output_port or "
                        "output_vlan; until then the mirror copies "
                        "nothing")->usable);
    cfg_destroy(&cfg);

    m = start(&cfg);
    m->output_port[1] = '9';
    assert_false(finish(&cfg, "Mirror m0 of bridge br0: output_port p9 is no "
                        "port of this bridge: the mirror copies "
                        "nothing")->usable);
    cfg_destroy(&cfg);

    m = start(&cfg);
    free(m->output_port);
    m->output_port = NULL;
    m->has_output_vlan = true;
    assert_false(finish(&cfg, "Mirror m0 of bridge br0: output_vlan 0 is no "
                        "number from 1 to 4095: the mirror copies "
                        "nothing")->usable);
    cfg_destroy(&cfg);
}

static void
test_both_outputs(void **state OVS_UNUSED)
{
    const struct cfg_mirror *r;
    struct cfg_mirror *m;
    struct cfg cfg;

    m = start(&cfg);
    m->has_output_vlan = true;
    m->output_vlan = 9;
    r = finish(&cfg, "Mirror m0 of bridge br0: output_vlan is ignored because "
               "output_port is set: remove one of them");
    assert_true(r->usable);
    assert_string_equal(r->set.output_port, "if2");
    assert_int_equal(r->set.output_vlan, 0);
    cfg_destroy(&cfg);
}

static void
test_selects_nothing(void **state OVS_UNUSED)
{
    static const char nothing[]
        = "Mirror m0 of bridge br0: selects no port, and so copies nothing: "
          "set select_all, select_src_port or select_dst_port";
    struct cfg_mirror *m;
    struct cfg cfg;

    m = start(&cfg);
    m->select_all = false;
    vlan_set_add(&m->vlans, 5);
    finish(&cfg, nothing);
    cfg_destroy(&cfg);

    m = start(&cfg);
    m->select_all = false;
    svec_add(&m->dst, "p9");
    cfg_parse(&cfg, &env);
    assert_int_equal(cfg.n_warnings, 2);
    assert_string_equal(cfg.warnings[0],
                        "Mirror m0 of bridge br0: select_dst_port p9 is no "
                        "port of this bridge: ignoring it");
    assert_string_equal(cfg.warnings[1], nothing);
    cfg_destroy(&cfg);
}

static void
test_snaplen(void **state OVS_UNUSED)
{
    static const int64_t wrong[] = { 13, 65536 };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct cfg_mirror *m;
        struct cfg cfg;
        char text[128];

        m = start(&cfg);
        m->has_snaplen = true;
        m->snaplen = wrong[i];
        snprintf(text, sizeof text, "Mirror m0 of bridge br0: snaplen %d is "
                 "no number from 14 to 65535: copying whole frames",
                 (int) wrong[i]);
        assert_true(finish(&cfg, text)->set.snaplen == UINT32_MAX);
        cfg_destroy(&cfg);
    }
}

static void
test_too_many(void **state OVS_UNUSED)
{
    struct cfg cfg;
    size_t usable = 0;

    start(&cfg);
    for (int i = 1; i <= CFG_MIRRORS_MAX; i++) {
        struct cfg_mirror *m;
        char id[8];

        snprintf(id, sizeof id, "m%02d", i);
        m = cfg_bridge_add_mirror(cfg.bridges, id, id);
        m->select_all = true;
        m->output_port = xstrdup("p2");
    }
    finish(&cfg, "Mirror m32 of bridge br0: a bridge can have 32 mirrors: "
           "this one copies nothing");
    for (size_t i = 0; i < cfg.bridges[0].n_mirrors; i++) {
        usable += cfg.bridges[0].mirrors[i].usable;
    }
    assert_int_equal(usable, CFG_MIRRORS_MAX);
    cfg_destroy(&cfg);
}

/* Each member counts; a clone is equal. */
static void
test_equal(void **state OVS_UNUSED)
{
    struct cfg_mirror_settings a = {
        .id = xstrdup("1"), .name = xstrdup("m"), .snaplen = 100,
        .output_port = xstrdup("p"), .output_vlan = 0,
    };
    struct cfg_mirror_settings b;

#define DIFFERS(CHANGE)                                 \
    cfg_mirror_settings_clone(&b, &a);                  \
    assert_true(cfg_mirror_settings_equal(&a, &b));     \
    CHANGE;                                             \
    assert_false(cfg_mirror_settings_equal(&a, &b));    \
    cfg_mirror_settings_destroy(&b)

    svec_add(&a.src, "x");
    DIFFERS(b.id[0] = '2');
    DIFFERS(b.name[0] = 'n');
    DIFFERS(b.select_all = true);
    DIFFERS(svec_add(&b.src, "y"));
    DIFFERS(svec_add(&b.dst, "y"));
    DIFFERS(vlan_set_add(&b.vlans, 1));
    DIFFERS(b.output_port[0] = 'q');
    DIFFERS(free(b.output_port); b.output_port = NULL);
    DIFFERS(b.output_vlan = 1);
    DIFFERS(b.snaplen = 101);
    cfg_mirror_settings_destroy(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right),
        cmocka_unit_test(test_no_output),
        cmocka_unit_test(test_both_outputs),
        cmocka_unit_test(test_selects_nothing),
        cmocka_unit_test(test_snaplen),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
