/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-parse.c: ranges, defaults and texts of bridges and global
 * settings, and what is stored only.
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

static void
test_bridge(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value;
        uint32_t aging, size;
        bool bpdu;
        const char *hwaddr, *warning;
    } cases[] = {
        { NULL, NULL, 300, 8192, false, NULL, NULL },
        { "mac-aging-time", "15", 15, 8192, false, NULL, NULL },
        { "mac-aging-time", "3600", 3600, 8192, false, NULL, NULL },
        { "mac-aging-time", "14", 300, 8192, false, NULL,
          "Bridge br0: mac-aging-time 14 is no number from 15 to 3600: "
          "using 300" },
        { "mac-table-size", "1000000", 300, 1000000, false, NULL, NULL },
        { "mac-table-size", "9", 300, 8192, false, NULL,
          "Bridge br0: mac-table-size 9 is no number from 10 to 1000000: "
          "using 8192" },
        { "forward-bpdu", "true", 300, 8192, true, NULL, NULL },
        { "forward-bpdu", "TRUE", 300, 8192, true, NULL, NULL },
        { "forward-bpdu", "yes", 300, 8192, false, NULL,
          "Bridge br0: forward-bpdu \"yes\" is neither true nor false: "
          "using false" },
        { "hwaddr", "02:AB:00:00:00:01", 300, 8192, false,
          "02:ab:00:00:00:01", NULL },
        { "hwaddr", "03:ab:00:00:00:01", 300, 8192, false, NULL,
          "Bridge br0: hwaddr \"03:ab:00:00:00:01\" is no unicast address of "
          "the form xx:xx:xx:xx:xx:xx: ignoring it" },
        { "hwaddr", "00:00:00:00:00:00", 300, 8192, false, NULL,
          "Bridge br0: hwaddr \"00:00:00:00:00:00\" is no unicast address of "
          "the form xx:xx:xx:xx:xx:xx: ignoring it" },
        { "hwaddr", "02:ab", 300, 8192, false, NULL,
          "Bridge br0: hwaddr \"02:ab\" is no unicast address of the form "
          "xx:xx:xx:xx:xx:xx: ignoring it" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg_bridge *br;
        struct cfg cfg;

        cfg_init(&cfg);
        br = cfg_add_bridge(&cfg, "br0");
        if (cases[i].key) {
            smap_add(&br->other_config, cases[i].key, cases[i].value);
        }
        cfg_parse(&cfg, &env);
        br = cfg.bridges;
        assert_int_equal(br->mac_aging_time, cases[i].aging);
        assert_int_equal(br->mac_table_size, cases[i].size);
        assert_int_equal(br->forward_bpdu, cases[i].bpdu);
        assert_true(nullable_string_is_equal(br->hwaddr, cases[i].hwaddr));
        assert_null(br->error);
        assert_int_equal(cfg.n_warnings, cases[i].warning != NULL);
        if (cases[i].warning) {
            assert_string_equal(cfg.warnings[0], cases[i].warning);
        }

        /* The local interface is there without a row, and has the address. */
        expect_error(find(&cfg, 0, "br0"), true, NULL);
        assert_int_equal(find(&cfg, 0, "br0")->kind, CFG_TYPE_INTERNAL);
        assert_true(nullable_string_is_equal(find(&cfg, 0, "br0")->set.mac,
                                             cases[i].hwaddr));
        cfg_destroy(&cfg);
    }
}

static void
test_bridge_errors(void **state OVS_UNUSED)
{
    static const char text[] = "Bridge br0: datapath_type \"system\" is not "
                               "supported; use netdev";
    struct cfg_bridge *br;
    struct cfg cfg;

    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    br->datapath_type = xstrdup("system");
    add_vhost(br, "v0", "/vm/a");
    add_vhost(br, "v1", "/vm/b");
    br = cfg_add_bridge(&cfg, "br1");
    br->datapath_type = xstrdup("netdev");
    br->fail_mode = xstrdup("secure");
    add_vhost(br, "v2", "/vm/a");
    cfg_parse(&cfg, &env);
    assert_string_equal(cfg.bridges[0].error, text);
    expect_error(find(&cfg, 0, "v0"), false, text);
    expect_error(find(&cfg, 0, "v1"), false, text);
    expect_error(find(&cfg, 0, "br0"), false, text);
    assert_int_equal(find(&cfg, 0, "v0")->kind, CFG_TYPE_VHOST_CLIENT);
    assert_null(cfg.bridges[1].error);
    assert_true(cfg.bridges[1].secure);
    assert_false(cfg.bridges[0].secure);
    expect_error(find(&cfg, 1, "v2"), true, NULL);
    assert_int_equal(cfg.n_warnings, 2);
    assert_string_equal(cfg.warnings[0], text);
    assert_string_equal(cfg.warnings[1],
                        "Bridge br1: fail_mode is secure and there is no "
                        "OpenFlow in this version: the bridge forwards "
                        "nothing");
    cfg_destroy(&cfg);

    /* A bridge whose name no kernel device can have works without one. */
    cfg_init(&cfg);
    add_vhost(cfg_add_bridge(&cfg, "a-bridge-of-20-bytes"), "v", "/vm/a");
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "v"), true, NULL);
    assert_false(find(&cfg, 0, "a-bridge-of-20-bytes")->usable);
    cfg_destroy(&cfg);
}

static void
test_open_vswitch(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value;
        enum cfg_dpdk_init init;
        const char *mask;
        uint32_t interval;
        const char *warning;
    } cases[] = {
        { "unknown", "x", CFG_DPDK_FALSE, NULL, 5000, NULL },
        { "dpdk-init", "true", CFG_DPDK_TRUE, NULL, 5000, NULL },
        { "dpdk-init", "try", CFG_DPDK_TRY, NULL, 5000, NULL },
        { "dpdk-init", "True", CFG_DPDK_TRUE, NULL, 5000, NULL },
        { "dpdk-init", "false", CFG_DPDK_FALSE, NULL, 5000, NULL },
        { "dpdk-init", "yes", CFG_DPDK_FALSE, NULL, 5000,
          "Open_vSwitch: dpdk-init \"yes\" is none of false, true, try: "
          "using false" },
        { "pmd-cpu-mask", "0x6", CFG_DPDK_FALSE, "6", 5000, NULL },
        { "pmd-cpu-mask", "00fF", CFG_DPDK_FALSE, "fF", 5000, NULL },
        { "pmd-cpu-mask", "0X10000000000000000", CFG_DPDK_FALSE,
          "10000000000000000", 5000, NULL },
        { "pmd-cpu-mask", "0x0", CFG_DPDK_FALSE, NULL, 5000,
          "Open_vSwitch: pmd-cpu-mask \"0x0\" is no hexadecimal number other "
          "than 0: using the default" },
        { "pmd-cpu-mask", "1,2", CFG_DPDK_FALSE, NULL, 5000,
          "Open_vSwitch: pmd-cpu-mask \"1,2\" is no hexadecimal number other "
          "than 0: using the default" },
        { "stats-update-interval", "60000", CFG_DPDK_FALSE, NULL, 60000,
          NULL },
        { "stats-update-interval", "100", CFG_DPDK_FALSE, NULL, 5000,
          "Open_vSwitch: stats-update-interval 100 is no number of at least "
          "5000: using 5000" },
        { "per-port-memory", "maybe", CFG_DPDK_FALSE, NULL, 5000,
          "Open_vSwitch: per-port-memory \"maybe\" is neither true nor "
          "false: using false" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg cfg;

        cfg_init(&cfg);
        smap_add(&cfg.other_config, cases[i].key, cases[i].value);
        cfg_parse(&cfg, &env);
        assert_int_equal(cfg.dpdk_init, cases[i].init);
        assert_true(nullable_string_is_equal(cfg.pmd_cpu_mask,
                                             cases[i].mask));
        assert_int_equal(cfg.stats_interval, cases[i].interval);
        assert_int_equal(cfg.n_warnings, cases[i].warning != NULL);
        if (cases[i].warning) {
            assert_string_equal(cfg.warnings[0], cases[i].warning);
        }
        cfg_destroy(&cfg);
    }
}

static void
test_numa_fallback(void **state OVS_UNUSED)
{
    static const struct {
        const char *value;                  /* NULL: absent */
        bool fallback;
        const char *warning;
    } cases[] = {
        { NULL, false, NULL },
        { "true", true, NULL },
        { "TRUE", true, NULL },
        { "false", false, NULL },
        { "1", false, "Open_vSwitch: mempool-numa-fallback \"1\" is neither "
                      "true nor false: using false" },
        { "", false, "Open_vSwitch: mempool-numa-fallback \"\" is neither "
                     "true nor false: using false" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg cfg;

        cfg_init(&cfg);
        if (cases[i].value) {
            smap_add(&cfg.other_config, "mempool-numa-fallback",
                     cases[i].value);
        }
        cfg_parse(&cfg, &env);
        assert_int_equal(cfg.mempool_numa_fallback, cases[i].fallback);
        assert_int_equal(cfg.n_warnings, cases[i].warning != NULL);
        if (cases[i].warning) {
            assert_string_equal(cfg.warnings[0], cases[i].warning);
        }
        assert_int_equal(cfg.n_notes, 0);
        cfg_destroy(&cfg);
    }
}

static void
test_notes(void **state OVS_UNUSED)
{
    static const char *const expected[] = {
        "Open_vSwitch: other_config:tx-flush-interval is stored but not "
        "acted on yet",
        "Open_vSwitch: other_config:emc-insert-inv-prob is stored but has no "
        "effect: there is no flow cache and no hardware offload here",
        "Bridge br0: other_config:datapath-id is stored but not acted on yet",
    };
    struct cfg_bridge *br;
    struct cfg cfg;

    cfg_init(&cfg);
    smap_add(&cfg.other_config, "tx-flush-interval", "50");
    smap_add(&cfg.other_config, "emc-insert-inv-prob", "0");
    smap_add(&cfg.other_config, "pmd-auto-lb", "false");
    br = cfg_add_bridge(&cfg, "br0");
    smap_add(&br->other_config, "datapath-id", "0000000000000001");
    cfg_parse(&cfg, &env);
    assert_int_equal(cfg.n_warnings, 0);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_true(has_text(cfg.notes, cfg.n_notes, expected[i]));
    }
    assert_int_equal(cfg.n_notes, ARRAY_SIZE(expected));
    cfg_destroy(&cfg);
}

static void
test_parse_int(void **state OVS_UNUSED)
{
    static const struct {
        const char *s;
        bool ok;
        int64_t value;
    } cases[] = {
        { "0", true, 0 },          { "42", true, 42 },
        { "-5", true, -5 },        { "007", true, 7 },
        { "100", true, 100 },      { "101", false, 0 },
        { "-11", false, 0 },       { "", false, 0 },
        { "-", false, 0 },         { "+1", false, 0 },
        { " 1", false, 0 },        { "1 ", false, 0 },
        { "0x1", false, 0 },       { "1.0", false, 0 },
        { "--1", false, 0 },
        { "18446744073709551617", false, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t value = 77;

        assert_int_equal(cfg_parse_int(cases[i].s, -10, 100, &value),
                         cases[i].ok);
        assert_int_equal(value, cases[i].ok ? cases[i].value : 77);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_bridge_errors),
        cmocka_unit_test(test_open_vswitch),
        cmocka_unit_test(test_numa_fallback),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_parse_int),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
