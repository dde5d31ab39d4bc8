/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-diff.c: plans: their order, what is left alone, and that nothing
 * is left to do once they have run.
 */
#include <config.h>
#include "cfg/cfg-diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"
#include "cfg-model.h"
#include "openvswitch/dynamic-string.h"

/* Checks the plan's text, one step a line, runs it, and checks that then
 * nothing is left to do. */
static void
expect_plan(struct model *m, struct cfg *want, bool retry, const char *text)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct cfg_plan plan;

    cfg_diff(&m->have, want, retry, &plan);
    for (size_t i = 0; i < plan.n; i++) {
        char *line = cfg_step_to_string(&plan.steps[i]);

        ds_put_format(&s, "%s\n", line);
        free(line);
        assert_true(!i || plan.steps[i - 1].kind <= plan.steps[i].kind);
        model_do(m, &plan.steps[i]);
    }
    assert_string_equal(ds_cstr(&s), text);
    ds_destroy(&s);
    cfg_plan_destroy(&plan);

    cfg_diff(&m->have, want, false, &plan);
    assert_int_equal(plan.n, 0);
    cfg_plan_destroy(&plan);
    cfg_destroy(want);
}

/* One bridge with two vhost ports and one net_null port. */
static struct cfg_bridge *
start(struct cfg *cfg)
{
    struct cfg_bridge *br;

    cfg_init(cfg);
    br = cfg_add_bridge(cfg, "br0");
    add_vhost(br, "v0", "/vm/v0");
    add_vhost(br, "a1", "/vm/a1");
    add_dpdk(br, "n0", "net_null0");
    return br;
}

static void
run_start(struct model *m)
{
    struct cfg cfg;

    model_init(m);
    start(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(m, &cfg, false,
                "add bridge br0\n"
                "add interface br0 (internal) to bridge br0\n"
                "add interface a1 (dpdkvhostuserclient) to bridge br0\n"
                "add interface n0 (dpdk) to bridge br0\n"
                "add interface v0 (dpdkvhostuserclient) to bridge br0\n");
}

/* The interface `name` of bridge `br`, as written. */
static struct cfg_iface *
written(struct cfg_bridge *br, const char *name)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        if (!strcmp(br->ports[i].name, name)) {
            return br->ports[i].ifaces;
        }
    }
    fail_msg("no interface %s", name);
    return NULL;
}

static void
test_nothing(void **state OVS_UNUSED)
{
    struct model m;
    struct cfg cfg;

    model_init(&m);
    cfg_init(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "");

    run_start(&m);
    start(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "");
    model_destroy(&m);
}

static void
test_delete_all(void **state OVS_UNUSED)
{
    struct model m;
    struct cfg cfg;

    run_start(&m);
    cfg_init(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "delete interface br0\n"
                "delete interface a1\n"
                "delete interface n0\n"
                "delete interface v0\n"
                "delete bridge br0\n");
    model_destroy(&m);
}

/* A bridge goes, another one comes, a third changes: removals first. */
static void
test_order_of_steps(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    run_start(&m);
    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    smap_add(&br->other_config, "mac-aging-time", "60");
    add_vhost(br, "v0", "/vm/v0");
    smap_add(&written(br, "v0")->options, "tx-retries-max", "0");
    add_vhost(br, "b9", "/vm/a1");
    br = cfg_add_bridge(&cfg, "abr");
    add_dpdk(br, "n0", "net_null0");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "delete interface a1\n"
                "delete interface n0\n"
                "add bridge abr\n"
                "change settings of bridge br0\n"
                "add interface abr (internal) to bridge abr\n"
                "add interface n0 (dpdk) to bridge abr\n"
                "add interface b9 (dpdkvhostuserclient) to bridge br0\n"
                "change settings of interface v0\n");
    model_destroy(&m);
}

/* What makes another port of it, and what does not. */
static void
test_identity(void **state OVS_UNUSED)
{
    static const char again[] = "delete interface n0\n"
                                "add interface n0 (dpdk) to bridge br0\n";
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    run_start(&m);
    br = start(&cfg);
    smap_replace(&written(br, "n0")->options, "dpdk-devargs", "net_null7");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, again);

    br = start(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, again);

    br = start(&cfg);
    smap_replace(&written(br, "v0")->options, "vhost-server-path", "/vm/x");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "delete interface v0\n"
                "add interface v0 (dpdkvhostuserclient) to bridge br0\n");

    br = start(&cfg);
    free(written(br, "v0")->type);
    written(br, "v0")->type = xstrdup("dpdkvhostuser");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "delete interface v0\n"
                "add interface v0 (dpdkvhostuser) to bridge br0\n");
    model_destroy(&m);

    run_start(&m);
    br = start(&cfg);
    written(br, "n0")->has_mtu_request = true;
    written(br, "n0")->mtu_request = 9000;
    smap_add(&written(br, "n0")->options, "n_rxq", "2");
    smap_add(&written(br, "a1")->options, "vhost-max-queue-pairs", "8");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "change settings of interface a1\n"
                                 "change settings of interface n0\n");
    model_destroy(&m);
}

/* Another mempool group is a change, of every type; a name that is refused
 * is none. */
static void
test_mempool_group(void **state OVS_UNUSED)
{
    static const char change[] = "change settings of interface br0\n"
                                 "change settings of interface a1\n"
                                 "change settings of interface n0\n";
    static const struct {
        const char *group;
        const char *text;
    } cases[] = {
        { "noisy", change },
        { "private", change },
        { "private", "" },
        { NULL, change },
        { "kernel", "" },
        { "a,b", "" },
    };
    static const char *const names[] = { "br0", "a1", "n0" };
    struct model m;

    run_start(&m);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg_bridge *br;
        struct cfg cfg;

        br = start(&cfg);
        add_iface(br, "br0", "internal");
        for (size_t j = 0; cases[i].group && j < ARRAY_SIZE(names); j++) {
            smap_add(&written(br, names[j])->other_config, "mempool-group",
                     cases[i].group);
        }
        cfg_parse(&cfg, &env);
        expect_plan(&m, &cfg, false, cases[i].text);
    }
    model_destroy(&m);
}

/* Two ports swap their sockets: both are free before either is taken. */
static void
test_swap(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    run_start(&m);
    br = start(&cfg);
    smap_replace(&written(br, "v0")->options, "vhost-server-path", "/vm/a1");
    smap_replace(&written(br, "a1")->options, "vhost-server-path", "/vm/v0");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "delete interface a1\n"
                "delete interface v0\n"
                "add interface a1 (dpdkvhostuserclient) to bridge br0\n"
                "add interface v0 (dpdkvhostuserclient) to bridge br0\n");
    model_destroy(&m);
}

static void
test_unusable(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    run_start(&m);

    /* Running: left as it is, with whatever was wrong. */
    br = start(&cfg);
    smap_remove(&written(br, "n0")->options, "dpdk-devargs");
    smap_replace(&written(br, "v0")->options, "vhost-server-path", "/vm/a1");
    cfg_parse(&cfg, &env);
    assert_false(find(&cfg, 0, "n0")->usable);
    assert_false(find(&cfg, 0, "v0")->usable);
    expect_plan(&m, &cfg, false, "");

    /* The same for a whole bridge. */
    br = start(&cfg);
    br->datapath_type = xstrdup("system");
    smap_add(&br->other_config, "mac-aging-time", "60");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "");

    /* Not running: nothing to do. */
    br = start(&cfg);
    add_dpdk(br, "n1", "");
    br = cfg_add_bridge(&cfg, "br1");
    br->datapath_type = xstrdup("system");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "");

    /* Another type: what runs is not what is asked for. */
    br = start(&cfg);
    free(written(br, "v0")->type);
    written(br, "v0")->type = xstrdup("nosuch");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "delete interface v0\n");
    model_destroy(&m);
}

/* A running port that becomes a member of a bond would make a loop. */
static void
test_bond(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct cfg_iface *member;
    struct model m;
    struct cfg cfg;

    run_start(&m);
    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    add_vhost(br, "a1", "/vm/a1");
    add_dpdk(br, "n0", "net_null0");
    member = cfg_port_add_iface(&br->ports[1], "v0");
    member->type = xstrdup("dpdkvhostuserclient");
    smap_add(&member->options, "vhost-server-path", "/vm/v0");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "delete interface v0\n");
    model_destroy(&m);
}

static void
test_failed(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    /* No second try without a reason. */
    run_start(&m);
    m.ifaces[iface_index(&m, "n0")].failed = true;
    start(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "");

    start(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, true, "add interface n0 (dpdk) to bridge br0\n");

    /* A change is a reason, of the device or of any other setting. */
    m.ifaces[iface_index(&m, "n0")].failed = true;
    br = start(&cfg);
    smap_replace(&written(br, "n0")->options, "dpdk-devargs", "net_null1");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "add interface n0 (dpdk) to bridge br0\n");

    m.ifaces[iface_index(&m, "n0")].failed = true;
    br = start(&cfg);
    smap_replace(&written(br, "n0")->options, "dpdk-devargs", "net_null1");
    smap_add(&written(br, "n0")->options, "n_rxq", "2");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "add interface n0 (dpdk) to bridge br0\n");

    /* No longer wanted: forgotten. */
    m.ifaces[iface_index(&m, "n0")].failed = true;
    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    add_vhost(br, "v0", "/vm/v0");
    add_vhost(br, "a1", "/vm/a1");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, true, "delete interface n0\n");
    model_destroy(&m);
}

/* One name in two bridges: the usable one runs, the other changes nothing. */
static void
test_name_twice(void **state OVS_UNUSED)
{
    struct model m;
    struct cfg cfg;

    run_start(&m);
    start(&cfg);
    add_vhost(cfg_add_bridge(&cfg, "br1"), "v0", "/vm/other");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "add bridge br1\n"
                "add interface br1 (internal) to bridge br1\n");
    model_destroy(&m);
}

static void
test_bridge_settings(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value;
    } cases[] = {
        { "mac-aging-time", "60" },
        { "mac-table-size", "100" },
        { "forward-bpdu", "true" },
    };
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        run_start(&m);
        br = start(&cfg);
        smap_add(&br->other_config, cases[i].key, cases[i].value);
        cfg_parse(&cfg, &env);
        expect_plan(&m, &cfg, false, "change settings of bridge br0\n");
        model_destroy(&m);
    }

    run_start(&m);
    br = start(&cfg);
    br->fail_mode = xstrdup("secure");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "change settings of bridge br0\n");

    /* The address is the local interface's, too. */
    br = start(&cfg);
    br->fail_mode = xstrdup("secure");
    smap_add(&br->other_config, "hwaddr", "02:00:00:00:00:01");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "change settings of bridge br0\n"
                                 "change settings of interface br0\n");
    model_destroy(&m);
}

/* Port `name` of bridge `br`, as written. */
static struct cfg_port *
written_port(struct cfg_bridge *br, const char *name)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        if (!strcmp(br->ports[i].name, name)) {
            return &br->ports[i];
        }
    }
    fail_msg("no port %s", name);
    return NULL;
}

static void
set_tag(struct cfg_bridge *br, const char *name, int64_t tag)
{
    struct cfg_port *port = written_port(br, name);

    port->has_tag = true;
    port->tag = tag;
}

static void
test_vlans(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    run_start(&m);
    br = start(&cfg);
    set_tag(br, "v0", 5);
    written_port(br, "n0")->protected = true;
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "change VLANs of interface n0\n"
                                 "change VLANs of interface v0\n");

    /* Ports change before others come; a wrong value elsewhere in the port's
     * interface is no reason to stay in the old VLAN. */
    br = start(&cfg);
    set_tag(br, "v0", 6);
    smap_remove(&written(br, "v0")->options, "vhost-server-path");
    written_port(br, "n0")->protected = true;
    set_tag(br, "a1", 6);
    smap_add(&written(br, "a1")->options, "vhost-max-queue-pairs", "8");
    add_vhost(br, "a0", "/vm/a0");
    set_tag(br, "a0", 5);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "change VLANs of interface a1\n"
                "change VLANs of interface v0\n"
                "add interface a0 (dpdkvhostuserclient) to bridge br0\n"
                "change settings of interface a1\n");
    model_destroy(&m);

    /* Another port: it comes with its VLANs. */
    run_start(&m);
    br = start(&cfg);
    set_tag(br, "n0", 5);
    smap_replace(&written(br, "n0")->options, "dpdk-devargs", "net_null7");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false,
                "delete interface n0\n"
                "add interface n0 (dpdk) to bridge br0\n");

    /* One that failed has none. */
    m.ifaces[iface_index(&m, "n0")].failed = true;
    br = start(&cfg);
    set_tag(br, "n0", 6);
    smap_replace(&written(br, "n0")->options, "dpdk-devargs", "net_null7");
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, "");
    model_destroy(&m);
}

static void
test_flood_vlans_and_mirrors(void **state OVS_UNUSED)
{
    static const char change[] = "change settings of bridge br0\n";
    struct cfg_mirror *mirror;
    struct cfg_bridge *br;
    struct model m;
    struct cfg cfg;

    run_start(&m);
    br = start(&cfg);
    vlan_set_add(&br->flood_vlans, 9);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, change);

    for (int i = 0; i < 4; i++) {
        br = start(&cfg);
        mirror = cfg_bridge_add_mirror(br, "0002", "m");
        mirror->select_all = true;
        mirror->output_port = xstrdup("v0");
        mirror->has_snaplen = i >= 1;
        mirror->snaplen = 100;
        if (i >= 2) {           /* in front of the first */
            mirror = cfg_bridge_add_mirror(br, "0001", "m");
            mirror->select_all = true;
            mirror->has_output_vlan = true;
            mirror->output_vlan = 5;
        }
        if (i >= 3) {           /* an unusable one is none */
            cfg_bridge_add_mirror(br, "0000", "m");
        }
        cfg_parse(&cfg, &env);
        expect_plan(&m, &cfg, false, i < 3 ? change : "");
    }
    br = start(&cfg);
    cfg_parse(&cfg, &env);
    expect_plan(&m, &cfg, false, change);
    model_destroy(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_delete_all),
        cmocka_unit_test(test_order_of_steps),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_mempool_group),
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_bond),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_name_twice),
        cmocka_unit_test(test_bridge_settings),
        cmocka_unit_test(test_vlans),
        cmocka_unit_test(test_flood_vlans_and_mirrors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
