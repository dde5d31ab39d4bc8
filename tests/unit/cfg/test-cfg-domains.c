/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-domains.c: which bridges do patch ports make one domain?
 */
#include <config.h>
#include "cfg/cfg-domains.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cfg-fixture.h"

static struct cfg_domains d;

static int
setup(void **state OVS_UNUSED)
{
    cfg_domains_init(&d);
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    cfg_domains_destroy(&d);
    return 0;
}

static void
assert_domain(const char *bridge, const char *domain)
{
    assert_string_equal(cfg_domain(&d, bridge), domain);
}

static void
test_alone(void **state OVS_UNUSED)
{
    assert_domain("br0", "br0");
    assert_null(cfg_domain(&d, NULL));
}

static void
test_joined(void **state OVS_UNUSED)
{
    struct cfg_domains other;

    cfg_domains_join(&d, "b", "c");
    cfg_domains_join(&d, "d", "e");
    assert_domain("b", "b");
    assert_domain("c", "b");
    assert_domain("d", "d");
    assert_domain("e", "d");
    assert_domain("a", "a");

    cfg_domains_init(&other);           /* the same, told otherwise */
    cfg_domains_join(&other, "e", "d");
    assert_false(cfg_domains_equal(&d, &other));
    cfg_domains_join(&other, "c", "b");
    cfg_domains_join(&other, "b", "c");
    assert_true(cfg_domains_equal(&d, &other));
    cfg_domains_destroy(&other);
}

/* Two domains that a third pair joins; a bridge joined to itself. */
static void
test_indirectly(void **state OVS_UNUSED)
{
    cfg_domains_join(&d, "b", "c");
    cfg_domains_join(&d, "d", "e");
    cfg_domains_join(&d, "e", "c");
    cfg_domains_join(&d, "a", "e");
    cfg_domains_join(&d, "x", "x");
    assert_domain("a", "a");
    assert_domain("b", "a");
    assert_domain("c", "a");
    assert_domain("d", "a");
    assert_domain("e", "a");
    assert_domain("x", "x");
}

static void
add_patch(struct cfg_bridge *br, const char *name, const char *peer)
{
    smap_add(&add_iface(br, name, "patch")->options, "peer", peer);
}

static void
test_of_a_configuration(void **state OVS_UNUSED)
{
    static const char *const names[] = { "br0", "br1", "br2", "br3" };
    struct cfg cfg;

    cfg_init(&cfg);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        cfg_add_bridge(&cfg, names[i]);
    }
    add_patch(&cfg.bridges[1], "a", "b");
    add_patch(&cfg.bridges[2], "b", "a");
    add_patch(&cfg.bridges[0], "c", "d");       /* d names another */
    add_patch(&cfg.bridges[3], "d", "a");
    add_patch(&cfg.bridges[0], "e", "f");       /* f is none */
    smap_add(&add_iface(&cfg.bridges[3], "f", "internal")->options, "peer",
             "e");
    cfg_parse(&cfg, &env);
    cfg_domains_of_cfg(&d, &cfg);
    assert_domain("br0", "br0");
    assert_domain("br1", "br1");
    assert_domain("br2", "br1");
    assert_domain("br3", "br3");
    cfg_destroy(&cfg);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_alone),
        TEST(test_joined),
        TEST(test_indirectly),
        TEST(test_of_a_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
