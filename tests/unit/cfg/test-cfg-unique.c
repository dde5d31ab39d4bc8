/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-unique.c: what two interfaces cannot both have.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

static void
test_duplicates(void **state OVS_UNUSED)
{
    static const struct {
        const char *a, *b;      /* devargs of p1 and p0 */
        bool same;
    } devices[] = {
        { "net_null0", "net_null0", true },
        { "net_null0", "net_null0,no-rx=1", true },
        { "vdev:net_null0", "net_null0", true },
        { "net_null0", "net_null1", false },
        { "net_null1", "net_null10", false },
        { "0000:01:00.0", "01:00.0,mprq_en=1", true },
        { "pci:0000:0A:00.0", "0a:00.0", true },
        { "0001:01:00.0", "01:00.0", false },
        { "01:00.0,representor=[0]", "01:00.0,representor=[1]", false },
        { "01:00.0,representor=[0]", "01:00.0,representor=[0]", true },
        { "class=eth,mac=00:11:22:33:44:55",
          "class=eth,mac=00:11:22:33:44:56", false },
    };
    struct cfg_bridge *br;
    struct cfg cfg;

    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        /* In different bridges, the later bridge with the earlier name. */
        cfg_init(&cfg);
        add_dpdk(cfg_add_bridge(&cfg, "br0"), "p1", devices[i].a);
        add_dpdk(cfg_add_bridge(&cfg, "br1"), "p0", devices[i].b);
        cfg_parse(&cfg, &env);
        expect_error(find(&cfg, 1, "p0"), true, NULL);
        if (devices[i].same) {
            char *error = xasprintf("p1: device \"%s\" is already used by "
                                    "interface p0", devices[i].a);

            expect_error(find(&cfg, 0, "p1"), false, error);
            free(error);
        } else {
            expect_error(find(&cfg, 0, "p1"), true, NULL);
        }
        cfg_destroy(&cfg);
    }

    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    add_iface(br, "srv", "dpdkvhostuser");
    add_vhost(br, "zzz", "srv");
    add_vhost(br, "other", "srv2");
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "srv"), true, NULL);
    expect_error(find(&cfg, 0, "other"), true, NULL);
    expect_error(find(&cfg, 0, "zzz"), false,
                 "zzz: socket \"/run/vhost/srv\" is already used by "
                 "interface srv");
    cfg_destroy(&cfg);

    /* An unusable interface uses nothing. */
    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    add_iface(br, "a/b", "dpdkvhostuser");
    add_vhost(br, "b", "a/b");
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "b"), true, NULL);
    cfg_destroy(&cfg);

    /* One name in two bridges. */
    cfg_init(&cfg);
    add_vhost(cfg_add_bridge(&cfg, "br1"), "v", "/vm/b");
    add_vhost(cfg_add_bridge(&cfg, "br0"), "v", "/vm/a");
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "v"), true, NULL);
    assert_string_equal(find(&cfg, 0, "v")->set.vhost_path, "/vm/a");
    expect_error(find(&cfg, 1, "v"), false,
                 "v: an interface of this name is already in another port "
                 "or bridge");
    cfg_destroy(&cfg);
}

static void
test_bond(void **state OVS_UNUSED)
{
    struct cfg_port *port;
    struct cfg_iface *iface;
    struct cfg cfg;

    cfg_init(&cfg);
    port = cfg_bridge_add_port(cfg_add_bridge(&cfg, "br0"), "bond0");
    for (int i = 2; i >= 0; i--) {
        char name[] = { 'n', '0' + i, '\0' };

        iface = cfg_port_add_iface(port, name);
        iface->type = xstrdup("dpdk");
        smap_add(&iface->options, "dpdk-devargs", name);
    }
    cfg_parse(&cfg, &env);
    expect_error(find(&cfg, 0, "n0"), true, NULL);
    assert_false(find(&cfg, 0, "n0")->must_stop);
    expect_error(find(&cfg, 0, "n1"), false,
                 "n1: bonds are not supported by this version: port bond0 "
                 "uses its interface n0 only");
    assert_true(find(&cfg, 0, "n1")->must_stop);
    assert_false(find(&cfg, 0, "n2")->usable);
    cfg_destroy(&cfg);
}

static bool
zzz_runs(const struct cfg_iface *iface)
{
    return !strcmp(iface->name, "zzz");
}

/* Who has the socket keeps it, whatever a newcomer is called. */
static void
test_in_service_wins(void **state OVS_UNUSED)
{
    struct cfg_env running = env;
    struct cfg_bridge *br;
    struct cfg cfg;

    running.in_service = zzz_runs;
    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    add_vhost(br, "zzz", "sock");
    add_vhost(br, "aaa", "sock");
    cfg_parse(&cfg, &running);
    expect_error(find(&cfg, 0, "zzz"), true, NULL);
    expect_error(find(&cfg, 0, "aaa"), false,
                 "aaa: socket \"/run/vhost/sock\" is already used by "
                 "interface zzz");
    cfg_destroy(&cfg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_in_service_wins),
        cmocka_unit_test(test_bond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
