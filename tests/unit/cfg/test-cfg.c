/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg.c: containers: whole after growing, sorting and moving?
 */
#include <config.h>
#include "cfg/cfg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

/* Whatever order rows come in; growing and sorting keep the maps whole. */
static void
test_order(void **state OVS_UNUSED)
{
    struct cfg cfg, moved;

    cfg_init(&cfg);
    smap_add(&cfg.other_config, "k", "v");
    for (int i = 40; i-- > 0; ) {
        char name[32];
        struct cfg_bridge *br;

        snprintf(name, sizeof name, "br%02d", i);
        br = cfg_add_bridge(&cfg, name);
        smap_add(&br->other_config, "name", name);
        for (int j = 20; j-- > 0; ) {
            struct cfg_iface *iface;

            snprintf(name, sizeof name, "p%02d-%02d", i, j);
            iface = add_iface(br, name, "dpdk");
            smap_add(&iface->options, "dpdk-devargs", name);
        }
    }
    cfg_parse(&cfg, &env);
    cfg_move(&moved, &cfg);
    cfg_destroy(&cfg);

    assert_string_equal(smap_get(&moved.other_config, "k"), "v");
    assert_int_equal(moved.n_bridges, 40);
    assert_int_equal(moved.n_warnings, 0);
    for (int i = 0; i < 40; i++) {
        const struct cfg_bridge *br = &moved.bridges[i];

        assert_string_equal(smap_get(&br->other_config, "name"), br->name);
        assert_int_equal(br->n_ports, 21);
        for (int j = 1; j < 21; j++) {
            const struct cfg_iface *iface = br->ports[j].ifaces;

            assert_true(strcmp(br->ports[j - 1].name, br->ports[j].name) < 0);
            assert_string_equal(smap_get(&iface->options, "dpdk-devargs"),
                                iface->name);
        }
    }
    cfg_destroy(&moved);
}

static void
test_settings(void **state OVS_UNUSED)
{
    struct cfg_settings a, b;

    cfg_settings_init(&a);
    a.devargs = xstrdup("net_null0");
    a.mac = xstrdup("02:00:00:00:00:01");
    a.n_rxq = 2;
    cfg_settings_clone(&b, &a);
    assert_true(cfg_settings_equal(&a, &b));
    b.mtu = 1500;
    assert_false(cfg_settings_equal(&a, &b));
    b.mtu = 0;
    free(b.mac);
    b.mac = NULL;
    assert_false(cfg_settings_equal(&a, &b));
    cfg_settings_destroy(&b);

    a.vf_mac = xstrdup("02:00:00:00:00:02");
    cfg_settings_clone(&b, &a);
    assert_true(b.vf_mac != a.vf_mac);
    assert_true(cfg_settings_equal(&a, &b));
    b.vf_mac[0] = '1';
    assert_false(cfg_settings_equal(&a, &b));
    cfg_settings_destroy(&b);

    a.mempool_group = xstrdup("noisy");
    cfg_settings_clone(&b, &a);
    assert_true(b.mempool_group != a.mempool_group);
    assert_true(cfg_settings_equal(&a, &b));
    free(b.mempool_group);
    b.mempool_group = xstrdup("private");
    assert_false(cfg_settings_equal(&a, &b));
    free(b.mempool_group);
    b.mempool_group = NULL;
    assert_false(cfg_settings_equal(&a, &b));
    assert_false(cfg_settings_equal(&b, &a));
    cfg_settings_destroy(&a);
    cfg_settings_destroy(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
