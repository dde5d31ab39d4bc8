/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-iface.c: what becomes of the values of one interface?
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

/* Numbers of interfaces, by key: value in, value and error out. */
static void
test_iface_numbers(void **state OVS_UNUSED)
{
#define AT(FIELD) offsetof(struct cfg_settings, FIELD)
    static const struct {
        const char *type, *key, *value;     /* value NULL: absent */
        size_t offset;
        uint32_t expected;
        const char *error;                  /* after "p: "; NULL: none */
    } cases[] = {
        { "dpdk", "n_rxq", NULL, AT(n_rxq), 1, NULL },
        { "dpdk", "n_rxq", "4", AT(n_rxq), 4, NULL },
        { "dpdk", "n_rxq", "128", AT(n_rxq), 128, NULL },
        { "dpdk", "n_rxq", "0", AT(n_rxq), 1, NULL },
        { "dpdk", "n_rxq", "129", AT(n_rxq), 1,
          "n_rxq 129 is no number from 0 to 128: using 1" },
        { "dpdk", "n_rxq", "-1", AT(n_rxq), 1,
          "n_rxq -1 is no number from 0 to 128: using 1" },
        { "dpdk", "n_rxq", "2x", AT(n_rxq), 1,
          "n_rxq 2x is no number from 0 to 128: using 1" },
        { "dpdk", "n_rxq", "", AT(n_rxq), 1,
          "n_rxq \"\" is no number from 0 to 128: using 1" },
        { "dpdk", "n_rxq", "99999999999999999999", AT(n_rxq), 1,
          "n_rxq 99999999999999999999 is no number from 0 to 128: using 1" },
        { "dpdk", "n_rxq_desc", NULL, AT(n_rxq_desc), 2048, NULL },
        { "dpdk", "n_rxq_desc", "4096", AT(n_rxq_desc), 4096, NULL },
        { "dpdk", "n_rxq_desc", "1", AT(n_rxq_desc), 1, NULL },
        { "dpdk", "n_rxq_desc", "1000", AT(n_rxq_desc), 2048,
          "n_rxq_desc 1000 is no power of two up to 4096: using 2048" },
        { "dpdk", "n_rxq_desc", "8192", AT(n_rxq_desc), 2048,
          "n_rxq_desc 8192 is no power of two up to 4096: using 2048" },
        { "dpdk", "n_rxq_desc", "0", AT(n_rxq_desc), 2048,
          "n_rxq_desc 0 is no power of two up to 4096: using 2048" },
        { "dpdk", "n_txq_desc", "512", AT(n_txq_desc), 512, NULL },
        { "dpdk", "n_txq_desc", "-512", AT(n_txq_desc), 2048,
          "n_txq_desc -512 is no power of two up to 4096: using 2048" },
        { "dpdkvhostuserclient", "tx-retries-max", NULL, AT(tx_retries_max),
          8, NULL },
        { "dpdkvhostuserclient", "tx-retries-max", "0", AT(tx_retries_max),
          0, NULL },
        { "dpdkvhostuserclient", "tx-retries-max", "32", AT(tx_retries_max),
          32, NULL },
        { "dpdkvhostuserclient", "tx-retries-max", "33", AT(tx_retries_max),
          8, "tx-retries-max 33 is no number from 0 to 32: using 8" },
        { "dpdkvhostuserclient", "vhost-rings", NULL, AT(vhost_rings),
          CFG_RINGS_AUTO, NULL },
        { "dpdkvhostuserclient", "vhost-rings", "own", AT(vhost_rings),
          CFG_RINGS_OWN, NULL },
        { "dpdkvhostuserclient", "vhost-rings", "library", AT(vhost_rings),
          CFG_RINGS_LIBRARY, NULL },
        { "dpdkvhostuserclient", "vhost-rings", "mine", AT(vhost_rings),
          CFG_RINGS_AUTO, "vhost-rings \"mine\" is none of auto, own, "
          "library: using auto" },
        { "dpdkvhostuserclient", "vhost-max-queue-pairs", NULL,
          AT(max_queue_pairs), 128, NULL },
        { "dpdkvhostuserclient", "vhost-max-queue-pairs", "128",
          AT(max_queue_pairs), 128, NULL },
        { "dpdkvhostuserclient", "vhost-max-queue-pairs", "129",
          AT(max_queue_pairs), 128,
          "vhost-max-queue-pairs 129 is no number from 1 to 128: using 128" },
        /* A key of another type, or of nobody, is no error. */
        { "dpdkvhostuserclient", "n_rxq", "x", AT(n_rxq), 0, NULL },
        { "dpdk", "no-such-key", "x", AT(n_rxq), 1, NULL },
        { "internal", "n_rxq_desc", "x", AT(n_rxq_desc), 0, NULL },
    };
#undef AT

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct cfg_iface *p;
        struct cfg_bridge *br;
        char *error;
        uint32_t value;
        struct cfg cfg;

        cfg_init(&cfg);
        br = cfg_add_bridge(&cfg, "br0");
        struct cfg_iface *iface = add_iface(br, "p", cases[i].type);
        smap_add(&iface->options, "dpdk-devargs", "net_null0");
        smap_add(&iface->options, "vhost-server-path", "/vm/sock");
        if (cases[i].value) {
            smap_add(&iface->options, cases[i].key, cases[i].value);
        }
        cfg_parse(&cfg, &env);

        p = find(&cfg, 0, "p");
        error = cases[i].error ? xasprintf("p: %s", cases[i].error) : NULL;
        expect_error(p, true, error);
        memcpy(&value, (const char *) &p->set + cases[i].offset,
               sizeof value);
        assert_int_equal(value, cases[i].expected);
        assert_int_equal(cfg.n_warnings, error != NULL);
        free(error);
        cfg_destroy(&cfg);
    }
}

static void
test_mtu(void **state OVS_UNUSED)
{
    static const struct {
        const char *type;
        bool has;
        int64_t request;
        uint32_t mtu;
        const char *error;
    } cases[] = {
        { "dpdk", false, 0, 0, NULL },
        { "dpdk", true, 1500, 1500, NULL },
        { "dpdk", true, 68, 68, NULL },
        { "dpdk", true, 9702, 9702, NULL },
        { "dpdk", true, 67, 0, "p: unsupported MTU 67 (68 to 9702)" },
        { "dpdk", true, 9703, 0, "p: unsupported MTU 9703 (68 to 9702)" },
        { "dpdk", true, 65536, 0, "p: unsupported MTU 65536 (68 to 9702)" },
        { "dpdk", true, INT64_MAX, 0,
          "p: unsupported MTU 9223372036854775807 (68 to 9702)" },
        { "internal", true, 9000, 9000, NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg_iface *iface;
        struct cfg cfg;

        cfg_init(&cfg);
        iface = add_iface(cfg_add_bridge(&cfg, "br0"), "p", cases[i].type);
        smap_add(&iface->options, "dpdk-devargs", "net_null0");
        iface->has_mtu_request = cases[i].has;
        iface->mtu_request = cases[i].request;
        cfg_parse(&cfg, &env);
        expect_error(find(&cfg, 0, "p"), true, cases[i].error);
        assert_int_equal(find(&cfg, 0, "p")->set.mtu, cases[i].mtu);
        cfg_destroy(&cfg);
    }
}

/* 300 and 255 bytes; paths of 107 and 108. */
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X250 X50 X50 X50 X50 X50
#define PATH107 "/" X50 X50 "xxxxxx"

/* Can a port be made of it, and if not, why? */
static void
test_usable(void **state OVS_UNUSED)
{
    static const struct {
        const char *name, *type, *devargs, *path;
        bool usable;
        const char *error;
    } cases[] = {
        { "p", "dpdk", "0000:01:00.0", NULL, true, NULL },
        { "p", "dpdk", NULL, NULL, false,
          "p: options:dpdk-devargs is missing: set it to a PCI address or "
          "the name of a virtual device" },
        { "p", "dpdk", "", NULL, false,
          "p: options:dpdk-devargs is missing: set it to a PCI address or "
          "the name of a virtual device" },
        { "p", "dpdkvhostuser", NULL, NULL, true, NULL },
        { "a/b", "dpdkvhostuser", NULL, NULL, false,
          "a/b: name of a dpdkvhostuser interface is that of its socket and "
          "may hold no \"/\" or \"\\\"" },
        { "a\\b", "dpdkvhostuser", NULL, NULL, false,
          "a\\b: name of a dpdkvhostuser interface is that of its socket and "
          "may hold no \"/\" or \"\\\"" },
        { "p", "dpdkvhostuserclient", NULL, "/vm/s", true, NULL },
        { "a/b", "dpdkvhostuserclient", NULL, "/vm/s", true, NULL },
        { "p", "dpdkvhostuserclient", NULL, NULL, false,
          "p: options:vhost-server-path is missing: set it to the path of "
          "the guest's socket" },
        { "p", "dpdkvhostuserclient", NULL, PATH107, true, NULL },
        { "p", "dpdkvhostuserclient", NULL, PATH107 "x", false,
          "p: socket path \"" PATH107 "x\" has 108 bytes, the limit is 107" },
        { "i", "internal", NULL, NULL, true, NULL },
        { "xxxxxxxxxxxxxxx", "internal", NULL, NULL, true, NULL },
        { "xxxxxxxxxxxxxxxx", "internal", NULL, NULL, false,
          "xxxxxxxxxxxxxxxx: name of an internal interface has 16 bytes, the "
          "limit is 15" },
        { "a b", "internal", NULL, NULL, false,
          "a b: name of an internal interface may hold no \"/\", \":\" or "
          "white space" },
        { "t", "tap", NULL, NULL, true, NULL },
        { "xxxxxxxxxxxxxxxx", "tap", NULL, NULL, false,
          "xxxxxxxxxxxxxxxx: name of a tap interface has 16 bytes, the limit "
          "is 15" },
        { "a:b", "tap", NULL, NULL, false,
          "a:b: name of a tap interface may hold no \"/\", \":\" or white "
          "space" },
        { X250 "xxxxx", "dpdk", "net_null0", NULL, true, NULL },
        { X250 X50, "dpdk", "net_null0", NULL, false,
          X250 X50 ": name has 300 bytes, the limit is 255" },
        { "p", "", NULL, NULL, true, NULL },
        { "p", "system", NULL, NULL, true, NULL },
        { "p", "patch", NULL, NULL, false,
          "p: patch type requires valid 'peer' argument" },
        { "p", "vxlan", NULL, NULL, false,
          "p: type \"vxlan\" is not supported by this version" },
        { "p", "foo", NULL, NULL, false,
          "p: type \"foo\" is unknown; known types are dpdk, dpdkvhostuser, "
          "dpdkvhostuserclient, internal, system, patch, tap" },
        { "br0", "dpdk", "net_null0", NULL, false,
          "br0: type \"dpdk\" is not possible for the interface of the "
          "bridge's own name, which is internal" },
        { "br0", "internal", NULL, NULL, true, NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cfg_iface *iface;
        struct cfg cfg;

        cfg_init(&cfg);
        iface = add_iface(cfg_add_bridge(&cfg, "br0"), cases[i].name,
                          cases[i].type);
        if (cases[i].devargs) {
            smap_add(&iface->options, "dpdk-devargs", cases[i].devargs);
        }
        if (cases[i].path) {
            smap_add(&iface->options, "vhost-server-path", cases[i].path);
        }
        cfg_parse(&cfg, &env);
        expect_error(find(&cfg, 0, cases[i].name), cases[i].usable,
                     cases[i].error);
        if (cases[i].error) {
            assert_true(has_text(cfg.warnings, cfg.n_warnings,
                                 cases[i].error));
        }
        cfg_destroy(&cfg);
    }
}

static void
test_vhost_path(void **state OVS_UNUSED)
{
    const struct cfg_iface *iface;
    struct cfg_bridge *br;
    struct cfg cfg;

    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    add_vhost(br, "abs", "/vm/sock");
    add_vhost(br, "rel", "sub/sock");
    add_iface(br, "srv", "dpdkvhostuser");
    cfg_parse(&cfg, &env);

    iface = find(&cfg, 0, "abs");
    assert_string_equal(iface->set.vhost_path, "/vm/sock");
    assert_true(iface->set.iommu);
    assert_false(iface->set.postcopy);
    assert_null(iface->set.devargs);
    iface = find(&cfg, 0, "rel");
    assert_string_equal(iface->set.vhost_path, "/run/vhost/sub/sock");
    iface = find(&cfg, 0, "srv");
    assert_string_equal(iface->set.vhost_path, "/run/vhost/srv");
    assert_false(iface->set.iommu);
    assert_int_equal(cfg.n_warnings, 1);
    assert_string_equal(cfg.warnings[0], "srv: type dpdkvhostuser is "
                        "deprecated; use dpdkvhostuserclient");
    cfg_destroy(&cfg);
}

static void
test_patch_peer(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct cfg cfg;

    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    smap_add(&add_iface(br, "a", "patch")->options, "peer", "b");
    smap_add(&add_iface(br, "self", "patch")->options, "peer", "self");
    smap_add(&add_iface(br, "empty", "patch")->options, "peer", "");
    smap_add(&add_iface(br, "i", "internal")->options, "peer", "b");
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "a"), true, NULL);
    assert_string_equal(find(&cfg, 0, "a")->set.peer, "b");
    expect_error(find(&cfg, 0, "self"), false,
                 "self: patch peer must not be self");
    expect_error(find(&cfg, 0, "empty"), false,
                 "empty: patch type requires valid 'peer' argument");
    assert_null(find(&cfg, 0, "i")->set.peer);
    cfg_destroy(&cfg);
}

static void
test_mac(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;
    struct cfg_iface *iface;
    struct cfg cfg;

    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    smap_add(&br->other_config, "hwaddr", "02:00:00:00:00:01");
    add_iface(br, "br0", "internal")->mac = xstrdup("02:00:00:00:00:02");
    add_iface(br, "i", "internal")->mac = xstrdup("02:00:00:00:00:03");
    add_iface(br, "bad", "internal")->mac = xstrdup("nonsense");
    iface = add_iface(br, "d", "dpdk");
    iface->mac = xstrdup("02:00:00:00:00:0D");
    smap_add(&iface->options, "dpdk-devargs", "net_null0");
    smap_add(&iface->options, "dpdk-vf-mac", "02:00:00:00:00:0E");
    iface = add_iface(br, "v", "dpdkvhostuserclient");
    iface->mac = xstrdup("nonsense");
    smap_add(&iface->options, "vhost-server-path", "/vm/sock");
    iface = add_iface(br, "w", "dpdk");
    smap_add(&iface->options, "dpdk-devargs", "net_null1");
    smap_add(&iface->options, "dpdk-vf-mac", "01:00:00:00:00:0E");
    cfg_parse(&cfg, &env);
    assert_string_equal(find(&cfg, 0, "br0")->set.mac, "02:00:00:00:00:01");
    assert_string_equal(find(&cfg, 0, "i")->set.mac, "02:00:00:00:00:03");
    expect_error(find(&cfg, 0, "bad"), true,
                 "bad: mac \"nonsense\" is no unicast address of the form "
                 "xx:xx:xx:xx:xx:xx: ignoring it");
    expect_error(find(&cfg, 0, "d"), true, NULL);
    assert_string_equal(find(&cfg, 0, "d")->set.mac, "02:00:00:00:00:0d");
    assert_string_equal(find(&cfg, 0, "d")->set.vf_mac, "02:00:00:00:00:0e");
    expect_error(find(&cfg, 0, "v"), true, NULL);
    assert_null(find(&cfg, 0, "v")->set.mac);
    expect_error(find(&cfg, 0, "w"), true,
                 "w: dpdk-vf-mac \"01:00:00:00:00:0E\" is no unicast address "
                 "of the form xx:xx:xx:xx:xx:xx: ignoring it");
    assert_null(find(&cfg, 0, "w")->set.vf_mac);
    cfg_destroy(&cfg);
}

/* One of three keys is enough to ask for flow control. */
static void
test_flow_control(void **state OVS_UNUSED)
{
    static const struct {
        const char *key, *value;
        bool asked, rx, tx, autoneg, lsc;
        const char *error;
    } cases[] = {
        { "no-such-key", "true", false, false, false, false, false, NULL },
        { "rx-flow-ctrl", "true", true, true, false, false, false, NULL },
        { "tx-flow-ctrl", "TRUE", true, false, true, false, false, NULL },
        { "flow-ctrl-autoneg", "true", true, false, false, true, false, NULL },
        { "rx-flow-ctrl", "false", true, false, false, false, false, NULL },
        { "rx-flow-ctrl", "1", true, false, false, false, false,
          "p: rx-flow-ctrl \"1\" is neither true nor false: using false" },
        { "dpdk-lsc-interrupt", "true", false, false, false, false, true,
          NULL },
        { "dpdk-lsc-interrupt", "on", false, false, false, false, false,
          "p: dpdk-lsc-interrupt \"on\" is neither true nor false: using "
          "false" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct cfg_settings *set;
        struct cfg_iface *iface;
        struct cfg cfg;

        cfg_init(&cfg);
        iface = add_iface(cfg_add_bridge(&cfg, "br0"), "p", "dpdk");
        smap_add(&iface->options, "dpdk-devargs", "net_null0");
        smap_add(&iface->options, cases[i].key, cases[i].value);
        cfg_parse(&cfg, &env);
        expect_error(find(&cfg, 0, "p"), true, cases[i].error);
        set = &find(&cfg, 0, "p")->set;
        assert_int_equal(set->flow_ctrl, cases[i].asked);
        assert_int_equal(set->rx_flow_ctrl, cases[i].rx);
        assert_int_equal(set->tx_flow_ctrl, cases[i].tx);
        assert_int_equal(set->flow_ctrl_autoneg, cases[i].autoneg);
        assert_int_equal(set->lsc_interrupt, cases[i].lsc);
        assert_int_equal(cfg.n_notes, 0);
        cfg_destroy(&cfg);
    }
}

#define NO_GROUP " is no name of 1 to 64 printable ASCII characters without " \
                 "blanks, quotation marks and commas: ignoring it"

static void
test_mempool_group(void **state OVS_UNUSED)
{
    static const struct {
        const char *type;
        const char *value;                  /* NULL: absent */
        const char *group;                  /* NULL: none */
        const char *error;                  /* after "p: mempool-group " */
    } cases[] = {
        { "dpdk", NULL, NULL, NULL },
        { "dpdk", "noisy", "noisy", NULL },
        { "dpdkvhostuser", "noisy", "noisy", NULL },
        { "dpdkvhostuserclient", "noisy", "noisy", NULL },
        { "internal", "noisy", "noisy", NULL },
        { "dpdk", "private", "private", NULL },
        { "dpdk", "x", "x", NULL },
        { "dpdk", "!a/b:c=~", "!a/b:c=~", NULL },
        { "dpdk", X50 X10 "wxyz", X50 X10 "wxyz", NULL },
        { "dpdk", X50 X10 "vwxyz", NULL, "\"" X50 X10 "vwxyz\"" NO_GROUP },
        { "dpdk", "", NULL, "\"\"" NO_GROUP },
        { "dpdk", "a b", NULL, "\"a b\"" NO_GROUP },
        { "dpdk", " a", NULL, "\" a\"" NO_GROUP },
        { "dpdk", "a\tb", NULL, "\"a\tb\"" NO_GROUP },
        { "dpdk", "a\x7f", NULL, "\"a\x7f\"" NO_GROUP },
        { "dpdk", "a,b", NULL, "\"a,b\"" NO_GROUP },
        { "dpdk", "a\"b", NULL, "\"a\"b\"" NO_GROUP },
        { "dpdk", "gr\u00fcn", NULL, "\"gr\u00fcn\"" NO_GROUP },
        { "dpdk", "kernel", NULL,
          "\"kernel\" is reserved for kernel-backed ports: ignoring it" },
        { "internal", "kernel", NULL,
          "\"kernel\" is reserved for kernel-backed ports: ignoring it" },
        { "dpdk", "kernel2", "kernel2", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct cfg_iface *p;
        struct cfg_iface *iface;
        struct cfg cfg;
        char *error;

        cfg_init(&cfg);
        iface = add_iface(cfg_add_bridge(&cfg, "br0"), "p", cases[i].type);
        smap_add(&iface->options, "dpdk-devargs", "net_null0");
        smap_add(&iface->options, "vhost-server-path", "/vm/sock");
        if (cases[i].value) {
            smap_add(&iface->other_config, "mempool-group", cases[i].value);
        }
        cfg_parse(&cfg, &env);

        p = find(&cfg, 0, "p");
        error = (cases[i].error
                 ? xasprintf("p: mempool-group %s", cases[i].error) : NULL);
        expect_error(p, true, error);
        assert_true(nullable_string_is_equal(p->set.mempool_group,
                                             cases[i].group));
        assert_int_equal(has_text(cfg.warnings, cfg.n_warnings,
                                  error ? error : ""), error != NULL);
        assert_int_equal(cfg.n_notes, 0);
        free(error);
        cfg_destroy(&cfg);
    }
}

/* Two wrong values: both texts, in `error` and in the warnings. */
static void
test_two_errors(void **state OVS_UNUSED)
{
    struct cfg_iface *iface;
    struct cfg cfg;

    cfg_init(&cfg);
    iface = add_iface(cfg_add_bridge(&cfg, "br0"), "d", "dpdk");
    smap_add(&iface->options, "dpdk-devargs", "net_null0");
    smap_add(&iface->options, "n_rxq", "x");
    iface->has_mtu_request = true;
    iface->mtu_request = 10;
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "d"), true,
                 "d: n_rxq x is no number from 0 to 128: using 1; "
                 "d: unsupported MTU 10 (68 to 9702)");
    assert_int_equal(cfg.n_warnings, 2);
    assert_string_equal(cfg.warnings[1],
                        "d: unsupported MTU 10 (68 to 9702)");
    cfg_destroy(&cfg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iface_numbers),
        cmocka_unit_test(test_mtu),
        cmocka_unit_test(test_usable),
        cmocka_unit_test(test_vhost_path),
        cmocka_unit_test(test_patch_peer),
        cmocka_unit_test(test_mac),
        cmocka_unit_test(test_flow_control),
        cmocka_unit_test(test_mempool_group),
        cmocka_unit_test(test_two_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
