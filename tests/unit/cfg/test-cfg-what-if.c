/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of a configuration changed for the sake of argument.
 */
#include <config.h>
#include "cfg/cfg-what-if.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg-fixture.h"

static struct cfg now, then;

/* br0 with its local interface, a card n0, guests vh0 and v:h1; n1 has a
 * setting that is wrong. */
static int
setup(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;

    cfg_init(&now);
    br = cfg_add_bridge(&now, "br0");
    add_dpdk(br, "n0", "net_null0");
    add_dpdk(br, "n1", "net_null1");
    smap_add(&br->ports[1].ifaces[0].options, "n_rxq", "many");
    add_vhost(br, "vh0", "vh0.sock");
    add_vhost(br, "v:h1", "vh1.sock");
    smap_add(&now.other_config, "pmd-cpu-mask", "0x6");
    cfg_parse(&now, &env);
    assert_int_equal(now.n_warnings, 1);
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    cfg_destroy(&now);
    return 0;
}

#define SETTINGS(...) \
    (const char *const[]) { __VA_ARGS__ }, \
    ARRAY_SIZE(((const char *const[]) { __VA_ARGS__ }))

static void
ask(const char *const settings[], size_t n)
{
    char *error = cfg_what_if(&now, settings, n, &env, &then);

    if (error) {
        fail_msg("%s", error);
    }
}

static void
refused(const char *setting, const char *text)
{
    char *error = cfg_what_if(&now, &setting, 1, &env, &then);

    assert_non_null(error);
    assert_string_equal(error, text);
    assert_int_equal(then.n_bridges, 0);
    free(error);
    cfg_destroy(&then);
}

static void
test_nothing(void **state OVS_UNUSED)
{
    ask(NULL, 0);
    assert_int_equal(then.n_bridges, 1);
    assert_int_equal(then.bridges[0].n_ports, 5);
    assert_true(cfg_settings_equal(&find(&then, 0, "vh0")->set,
                                   &find(&now, 0, "vh0")->set));
    assert_string_equal(then.pmd_cpu_mask, "6");
    cfg_destroy(&then);
}

/* For one, for all that it fits, the later one wins; the original is as it
 * was. */
static void
test_interfaces(void **state OVS_UNUSED)
{
    ask(SETTINGS("mtu_request=9000", "v:h1:mtu_request=4000",
                 "n0:options:n_rxq=4", "vh0:other_config:mempool-group=x",
                 "options:n_txq_desc=512",
                 "options:vhost-max-queue-pairs=2"));
    assert_int_equal(find(&then, 0, "n0")->set.mtu, 9000);
    assert_int_equal(find(&then, 0, "n1")->set.mtu, 9000);
    assert_int_equal(find(&then, 0, "vh0")->set.mtu, 9000);
    assert_int_equal(find(&then, 0, "v:h1")->set.mtu, 4000);
    assert_int_equal(find(&then, 0, "br0")->set.mtu, 0);
    assert_int_equal(find(&then, 0, "n0")->set.n_rxq, 4);
    assert_int_equal(find(&then, 0, "n1")->set.n_txq_desc, 512);
    assert_int_equal(find(&then, 0, "vh0")->set.max_queue_pairs, 2);
    assert_string_equal(find(&then, 0, "vh0")->set.mempool_group, "x");
    assert_null(find(&then, 0, "n0")->set.mempool_group);
    assert_int_equal(find(&now, 0, "n0")->set.mtu, 0);
    cfg_destroy(&then);

    ask(SETTINGS("br0:mtu_request=2000"));
    assert_int_equal(find(&then, 0, "br0")->set.mtu, 2000);
    cfg_destroy(&then);
}

static void
test_global(void **state OVS_UNUSED)
{
    ask(SETTINGS("other_config:pmd-cpu-mask=0xff",
                 "other_config:mempool-max-mbufs=65536",
                 "other_config:shared-mempool-config=9000,1500:1"));
    assert_string_equal(then.pmd_cpu_mask, "ff");
    assert_string_equal(smap_get(&then.other_config, "mempool-max-mbufs"),
                        "65536");
    assert_string_equal(smap_get(&then.other_config,
                                 "shared-mempool-config"), "9000,1500:1");
    cfg_destroy(&then);
}

/* An empty value takes a setting away. */
static void
test_none(void **state OVS_UNUSED)
{
    ask(SETTINGS("n0:mtu_request=9000", "n0:mtu_request=",
                 "other_config:pmd-cpu-mask=", "n1:options:n_rxq="));
    assert_int_equal(find(&then, 0, "n0")->set.mtu, 0);
    assert_null(then.pmd_cpu_mask);
    assert_int_equal(find(&then, 0, "n1")->set.n_rxq, 1);
    assert_int_equal(then.n_warnings, 0);
    cfg_destroy(&then);
}

#define COLUMNS \
    "mtu_request, options:n_rxq, options:n_rxq_desc, options:n_txq_desc, " \
    "options:vhost-max-queue-pairs, other_config:mempool-group, " \
    "other_config:mempool-max-mbufs, other_config:pmd-cpu-mask, " \
    "other_config:shared-mempool-config"

static void
test_refused(void **state OVS_UNUSED)
{
    refused("n_rxq", "\"n_rxq\": expected [PORT:]COLUMN=VALUE");
    refused("n_rxq=2", "\"n_rxq=2\": packet memory can be planned for other "
            "values of " COLUMNS);
    refused("vh0:tag=2", "\"vh0:tag=2\": packet memory can be planned for "
            "other values of " COLUMNS);
    refused("vh7:mtu_request=2000", "\"vh7:mtu_request=2000\": there is no "
            "interface \"vh7\"");
    refused("vh0:options:n_rxq=2", "\"vh0:options:n_rxq=2\": interface vh0 "
            "is of type \"dpdkvhostuserclient\", which has no options:n_rxq");
    refused("vh0:other_config:pmd-cpu-mask=1", "\"vh0:other_config:"
            "pmd-cpu-mask=1\": other_config:pmd-cpu-mask is a setting of "
            "table Open_vSwitch, not of an interface: leave \"vh0:\" out");
    refused("mtu_request=large", "\"mtu_request=large\": \"large\" is no "
            "number from 68 to 9702");
    refused("n0:mtu_request=9703", "this would be refused: n0: unsupported "
            "MTU 9703 (68 to 9702)");
    refused("n0:options:n_rxq=129", "this would be refused: n0: n_rxq 129 is "
            "no number from 0 to 128: using 1");
    refused("options:n_rxq_desc=1000", "this would be refused: n0: "
            "n_rxq_desc 1000 is no power of two up to 4096: using 2048");
    refused("other_config:pmd-cpu-mask=x", "this would be refused: "
            "Open_vSwitch: pmd-cpu-mask \"x\" is no hexadecimal number other "
            "than 0: using the default");
    refused("other_config:mempool-max-mbufs=10", "\"other_config:"
            "mempool-max-mbufs=10\": mempool-max-mbufs \"10\" is no number "
            "from 1024 to 16777216");
    refused("other_config:shared-mempool-config=1500,x:1",
            "\"other_config:shared-mempool-config=1500,x:1\": "
            "shared-mempool-config: ignoring entry \"x:1\": MTU \"x\" is no "
            "number from 68 to 9702");
}

/* A setting that no interface has. */
static void
test_fits_none(void **state OVS_UNUSED)
{
    cfg_destroy(&now);
    cfg_init(&now);
    cfg_add_bridge(&now, "br0");
    cfg_parse(&now, &env);
    refused("options:n_rxq=2", "\"options:n_rxq=2\": there is no interface "
            "that has options:n_rxq");
    refused("mtu_request=2000", "\"mtu_request=2000\": there is no interface "
            "that has mtu_request");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing),
        TEST(test_interfaces),
        TEST(test_global),
        TEST(test_none),
        TEST(test_refused),
        TEST(test_fits_none),
    };

    return cmocka_run_group_tests_name("cfg/cfg-what-if", tests, NULL, NULL);
}
