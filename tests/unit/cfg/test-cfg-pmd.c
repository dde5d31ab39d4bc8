/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-pmd.c: what becomes of the settings of PMD threads?
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

/* Parses a configuration with these two keys, of which the second may be
 * NULL, and checks its warning. */
static void
parse(struct cfg *cfg, const char *key, const char *value, const char *key2,
      const char *value2, const char *warning)
{
    cfg_init(cfg);
    if (value) {
        smap_add(&cfg->other_config, key, value);
    }
    if (value2) {
        smap_add(&cfg->other_config, key2, value2);
    }
    cfg_parse(cfg, &env);
    assert_int_equal(cfg->n_notes, 0);
    assert_int_equal(cfg->n_warnings, warning != NULL);
    if (warning) {
        assert_string_equal(cfg->warnings[0], warning);
    }
}

static void
test_rxq_assign(void **state OVS_UNUSED)
{
    static const struct {
        const char *assign, *isolate;
        enum cfg_rxq_assign how;
        bool isolated;
        const char *warning;
    } cases[] = {
        { NULL, NULL, CFG_RXQ_CYCLES, true, NULL },
        { "cycles", "true", CFG_RXQ_CYCLES, true, NULL },
        { "roundrobin", NULL, CFG_RXQ_ROUNDROBIN, true, NULL },
        { "group", NULL, CFG_RXQ_GROUP, true, NULL },
        { "Group", "false", CFG_RXQ_GROUP, false, NULL },
        { "best", NULL, CFG_RXQ_CYCLES, true,
          "Open_vSwitch: pmd-rxq-assign \"best\" is none of cycles, "
          "roundrobin, group: using cycles" },
        { "group", "no", CFG_RXQ_GROUP, true,
          "Open_vSwitch: pmd-rxq-isolate \"no\" is neither true nor false: "
          "using true" },
        { NULL, "false", CFG_RXQ_CYCLES, true,
          "Open_vSwitch: pmd-rxq-isolate \"false\" needs "
          "pmd-rxq-assign=group: using true" },
        { "roundrobin", "false", CFG_RXQ_ROUNDROBIN, true,
          "Open_vSwitch: pmd-rxq-isolate \"false\" needs "
          "pmd-rxq-assign=group: using true" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg cfg;

        parse(&cfg, "pmd-rxq-assign", cases[i].assign, "pmd-rxq-isolate",
              cases[i].isolate, cases[i].warning);
        assert_int_equal(cfg.pmd.rxq_assign, cases[i].how);
        assert_int_equal(cfg.pmd.rxq_isolate, cases[i].isolated);
        cfg_destroy(&cfg);
    }
}

static void
test_affinity(void **state OVS_UNUSED)
{
    static const struct {
        const char *value, *expected;   /* expected NULL: an error */
    } cases[] = {
        { "0:3", "0:3" },
        { "2:7,0:3", "0:3,2:7" },
        { " 0:3 , 1:3 ", "0:3,1:3" },
        { "127:1023", "127:1023" },
        { "0:3,", "0:3" },
        { "", NULL },
        { ",", NULL },
        { "0", NULL },
        { "0:", NULL },
        { ":3", NULL },
        { "0:3:4", NULL },
        { "a:3", NULL },
        { "0:3,0:4", NULL },
        { "128:1", NULL },
        { "0:1024", NULL },
        { "-1:3", NULL },
        { "0:-3", NULL },
        { "0x1:3", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct cfg_iface *p;
        struct cfg_iface *iface;
        char *error;
        struct cfg cfg;

        cfg_init(&cfg);
        iface = add_iface(cfg_add_bridge(&cfg, "br0"), "p", "dpdk");
        smap_add(&iface->options, "dpdk-devargs", "net_null0");
        smap_add(&iface->other_config, "pmd-rxq-affinity", cases[i].value);
        cfg_parse(&cfg, &env);
        p = find(&cfg, 0, "p");
        error = (cases[i].expected ? NULL
                 : xasprintf("p: pmd-rxq-affinity \"%s\" is no list "
                             "QUEUE:CORE,... of queues from 0 to 127, each "
                             "once, and cores from 0 to 1023: ignoring it",
                             cases[i].value));
        expect_error(p, true, error);
        assert_true(nullable_string_is_equal(p->set.rxq_affinity,
                                             cases[i].expected));
        free(error);
        cfg_destroy(&cfg);
    }
}

static void
test_affinity_core(void **state OVS_UNUSED)
{
    assert_int_equal(cfg_affinity_core(NULL, 0), -1);
    assert_int_equal(cfg_affinity_core("1:3,12:0", 0), -1);
    assert_int_equal(cfg_affinity_core("1:3,12:0", 1), 3);
    assert_int_equal(cfg_affinity_core("1:3,12:0", 2), -1);
    assert_int_equal(cfg_affinity_core("1:3,12:0", 12), 0);
}

static void
test_tx_steering(void **state OVS_UNUSED)
{
    static const struct {
        const char *value;
        enum cfg_tx_steering expected;
        const char *error;
    } cases[] = {
        { "thread", CFG_TX_THREAD, NULL },
        { "hash", CFG_TX_HASH, NULL },
        { "random", CFG_TX_THREAD, "p: tx-steering \"random\" is none of "
                                   "thread, hash: using thread" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct cfg_iface *p;
        struct cfg_iface *iface;
        struct cfg_settings set;
        struct cfg cfg;

        cfg_init(&cfg);
        iface = add_iface(cfg_add_bridge(&cfg, "br0"), "p", "dpdk");
        smap_add(&iface->options, "dpdk-devargs", "net_null0");
        smap_add(&iface->other_config, "tx-steering", cases[i].value);
        cfg_parse(&cfg, &env);
        p = find(&cfg, 0, "p");
        expect_error(p, true, cases[i].error);
        assert_int_equal(p->set.tx_steering, cases[i].expected);
        cfg_settings_clone(&set, &p->set);
        assert_true(cfg_settings_equal(&set, &p->set));
        set.tx_steering = !set.tx_steering;
        assert_false(cfg_settings_equal(&set, &p->set));
        cfg_settings_destroy(&set);
        cfg_destroy(&cfg);
    }
}

static void
test_sleep(void **state OVS_UNUSED)
{
    static const struct {
        const char *value, *old;        /* pmd-sleep-max, pmd-maxsleep */
        const char *expected;           /* in the plain form */
        bool warning;
    } cases[] = {
        { NULL, NULL, NULL, false },
        { "0", NULL, "0", false },
        { "10000", NULL, "10000", false },
        { "50,9:0,8:10", NULL, "50,8:10,9:0", false },
        { "9:100 50", NULL, "50,9:100", false },
        { "9:100", NULL, "9:100", false },
        { NULL, "500", "500", false },
        { "40", "500", "40", false },
        { "0", "500", "0", false },
        { "10001", NULL, NULL, true },
        { "-1", NULL, NULL, true },
        { "", NULL, NULL, true },
        { "1,2", NULL, NULL, true },
        { "3:1,3:1", NULL, NULL, true },
        { "3:10001", NULL, NULL, true },
        { "50us", NULL, NULL, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *warning = NULL;
        struct cfg cfg;

        if (cases[i].warning) {
            warning = xasprintf("Open_vSwitch: pmd-sleep-max \"%s\" is "
                                "neither a number from 0 to 10000 nor a list "
                                "NUMBER,CORE:NUMBER,... of such, with each "
                                "core once: using 0", cases[i].value);
        }
        parse(&cfg, "pmd-sleep-max", cases[i].value, "pmd-maxsleep",
              cases[i].old, warning);
        assert_true(nullable_string_is_equal(cfg.pmd.sleep_max,
                                             cases[i].expected));
        free(warning);
        cfg_destroy(&cfg);
    }
}

static void
test_old_sleep(void **state OVS_UNUSED)
{
    struct cfg cfg;

    parse(&cfg, "pmd-maxsleep", "10001", NULL, NULL,
          "Open_vSwitch: pmd-maxsleep 10001 is no number from 0 to 10000: "
          "using 0");
    assert_null(cfg.pmd.sleep_max);
    cfg_destroy(&cfg);
}

static void
test_sleep_max(void **state OVS_UNUSED)
{
    assert_int_equal(cfg_sleep_max(NULL, 3), 0);
    assert_int_equal(cfg_sleep_max("50", 3), 50);
    assert_int_equal(cfg_sleep_max("50,3:0,13:7", 3), 0);
    assert_int_equal(cfg_sleep_max("50,3:0,13:7", 13), 7);
    assert_int_equal(cfg_sleep_max("50,3:0,13:7", 1), 50);
    assert_int_equal(cfg_sleep_max("50,3:0,13:7", -1), 50);
    assert_int_equal(cfg_sleep_max("3:9", 3), 9);
    assert_int_equal(cfg_sleep_max("3:9", 9), 0);
    assert_int_equal(cfg_sleep_max("3:9", -1), 0);
}

static void
test_auto_lb(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value;
        struct cfg_auto_lb expected;
        const char *warning;
    } cases[] = {
        { "pmd-auto-lb", NULL, { false, 1, 95, 25 }, NULL },
        { "pmd-auto-lb", "true", { true, 1, 95, 25 }, NULL },
        { "pmd-auto-lb", "yes", { false, 1, 95, 25 },
          "Open_vSwitch: pmd-auto-lb \"yes\" is neither true nor false: "
          "using false" },
        { "pmd-auto-lb-rebal-interval", "20000", { false, 20000, 95, 25 },
          NULL },
        { "pmd-auto-lb-rebal-interval", "20001", { false, 1, 95, 25 },
          "Open_vSwitch: pmd-auto-lb-rebal-interval 20001 is no number from "
          "0 to 20000: using 1" },
        { "pmd-auto-lb-load-threshold", "0", { false, 1, 0, 25 }, NULL },
        { "pmd-auto-lb-load-threshold", "101", { false, 1, 95, 25 },
          "Open_vSwitch: pmd-auto-lb-load-threshold 101 is no number from 0 "
          "to 100: using 95" },
        { "pmd-auto-lb-improvement-threshold", "100", { false, 1, 95, 100 },
          NULL },
        { "pmd-auto-lb-improvement-threshold", "-1", { false, 1, 95, 25 },
          "Open_vSwitch: pmd-auto-lb-improvement-threshold -1 is no number "
          "from 0 to 100: using 25" },
    };
    struct cfg cfg;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        parse(&cfg, cases[i].key, cases[i].value, NULL, NULL,
              cases[i].warning);
        assert_int_equal(cfg.pmd.auto_lb.on, cases[i].expected.on);
        assert_int_equal(cfg.pmd.auto_lb.interval,
                         cases[i].expected.interval);
        assert_int_equal(cfg.pmd.auto_lb.load, cases[i].expected.load);
        assert_int_equal(cfg.pmd.auto_lb.improvement,
                         cases[i].expected.improvement);
        cfg_destroy(&cfg);
    }
    parse(&cfg, "pmd-auto-lb", "true", "pmd-rxq-assign", "roundrobin",
          "Open_vSwitch: pmd-auto-lb \"true\" needs pmd-rxq-assign=cycles or "
          "group: queues stay where they are");
    cfg_destroy(&cfg);
}

/* A port whose queues are pinned otherwise is another configuration. */
static void
test_affinity_counts(void **state OVS_UNUSED)
{
    struct cfg_settings a, b;

    cfg_settings_init(&a);
    a.rxq_affinity = xstrdup("0:1");
    cfg_settings_clone(&b, &a);
    assert_true(cfg_settings_equal(&a, &b));
    b.rxq_affinity[2] = '2';
    assert_false(cfg_settings_equal(&a, &b));
    cfg_settings_destroy(&a);
    cfg_settings_destroy(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rxq_assign),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_affinity_core),
        cmocka_unit_test(test_affinity_counts),
        cmocka_unit_test(test_auto_lb),
        cmocka_unit_test(test_tx_steering),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_old_sleep),
        cmocka_unit_test(test_sleep_max),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
