/* SPDX-License-Identifier: Apache-2.0
 *
 * What mempool-show says, to the letter, of pools made up here.
 */
#include <config.h>
#include "mem/mp-show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

static const char *shared_ports[] = { "dpdk0", "vhost-user-client-12" };
static const char *own_ports[] = { "vh0" };

static struct mp_census_port holders[] = {
    { .port = "dpdk0", .rx_may = 2048, .rx_holds = 2048, .tx_may = 6144,
      .tx_holds = 12 },
    { .port = "old", .gone = true, .tx_holds = 300 },
    { .port = "vhost-user-client-12" },
};
static struct mp_census_thread threads[] = {
    { .lcore = 3, .cached = 480 }, { .lcore = 127, .cached = 7 },
};

static const struct mp_view views[] = {
    {
        .info = {
            .name = "mp1-s0-2030-shared", .group = "", .socket = 0,
            .adjusted_mtu = 2030, .asked = 262144, .granted = 262144,
            .populated = 262144, .room = 262144, .need = 9472,
            .in_use = 2368, .lowest_free = 258112, .elt_size = 2304,
            .bytes = UINT64_C(628064512), .refs = 2,
        },
        .ports = shared_ports, .n_ports = 2,
        .counted = true,
        .census = {
            .populated = 262144, .free = 259289, .cached = 487,
            .ports = holders, .n_ports = 3,
            .threads = threads, .n_threads = 2,
            .unaccounted = 8,
        },
    }, {
        .info = {
            .name = "mp999-s1-10222-vhost-user", .group = "vhost-user-12345",
            .socket = 1, .adjusted_mtu = 10222, .own = true, .elastic = true,
            .asked = 20512, .granted = 16384, .populated = 16384,
            .room = 20512, .need = 20000, .in_use = 16000,
            .lowest_free = 0, .failures = UINT64_C(18446744073),
            .elt_size = 10496, .bytes = UINT64_C(173015040), .refs = 1,
            .degraded = true, .oversubscribed = true,
        },
        .ports = own_ports, .n_ports = 1, .fallback = true,
    }, {
        .info = {
            .name = "mp2-s0-1006-kernel", .group = "kernel",
            .adjusted_mtu = 1006, .asked = 4096, .granted = 4096,
            .populated = 4096, .room = 4096, .lowest_free = 4000,
            .elt_size = 1280, .bytes = 1048576, .waiting = true,
        },
    },
};

static void
check_text(struct ds *ds, const char *expect)
{
    assert_string_equal(ds_cstr(ds), expect);
    ds_destroy(ds);
}

static void
test_pools(void **state OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    mp_show_pools(views, ARRAY_SIZE(views), &ds);
    check_text(&ds,
"pool                       socket  adj. MTU  group                        "
"asked  granted   mbufs    room   need  in use  lowest free     failures    "
"MiB  state\n"
"mp1-s0-2030-shared              0      2030  shared                      "
"262144   262144  262144  262144   9472    2368       258112            0  "
"599.0  ok\n"
"mp999-s1-10222-vhost-user       1     10222  vhost-user-12345 (private)   "
"20512    16384   16384   20512  20000   16000            0  18446744073  "
"165.0  degraded,oversubscribed,fallback\n"
"mp2-s0-1006-kernel              0      1006  kernel                        "
"4096     4096    4096    4096      0       0         4000            0    "
"1.0  waiting\n");
}

static void
test_holders(void **state OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    mp_show_holders(&views[0], &ds);
    check_text(&ds,
"port                  rx holds  rx may  tx holds  tx may\n"
"dpdk0                     2048    2048        12    6144\n"
"old (gone)                   0       0       300       0\n"
"vhost-user-client-12         0       0         0       0\n"
"\n"
"lcore  cached\n"
"    3     480\n"
"  127       7\n"
"\n"
"of 262144 mbufs: free 259289, cached 487, rx 2048, tx 312, unaccounted 8\n");
}

static void
test_holders_of_nothing(void **state OVS_UNUSED)
{
    static const struct mp_view view = {
        .counted = true, .census = { .populated = 4096, .free = 4096 },
    };
    struct ds ds = DS_EMPTY_INITIALIZER;

    mp_show_holders(&view, &ds);
    check_text(&ds, "of 4096 mbufs: free 4096, cached 0, rx 0, tx 0, "
               "unaccounted 0\n");
}

static void
test_json(void **state OVS_UNUSED)
{
    struct json *json = mp_view_to_json(views, 2);
    char *text = json_to_string(json, JSSF_SORT);

    assert_string_equal(text,
"{\"pools\":[{"
"\"adjusted_mtu\":2030,\"asked\":262144,\"bytes\":628064512,"
"\"degraded\":false,\"elastic\":false,\"elt_size\":2304,\"failures\":0,"
"\"fallback\":false,\"granted\":262144,\"group\":\"\","
"\"holders\":{\"cached\":487,\"free\":259289,\"ports\":["
"{\"gone\":false,\"port\":\"dpdk0\",\"rx_holds\":2048,\"rx_may\":2048,"
"\"tx_holds\":12,\"tx_may\":6144},"
"{\"gone\":true,\"port\":\"old\",\"rx_holds\":0,\"rx_may\":0,"
"\"tx_holds\":300,\"tx_may\":0},"
"{\"gone\":false,\"port\":\"vhost-user-client-12\",\"rx_holds\":0,"
"\"rx_may\":0,\"tx_holds\":0,\"tx_may\":0}],"
"\"threads\":[{\"cached\":480,\"lcore\":3},{\"cached\":7,\"lcore\":127}],"
"\"unaccounted\":8},"
"\"in_use\":2368,\"lowest_free\":258112,\"name\":\"mp1-s0-2030-shared\","
"\"need\":9472,\"oversubscribed\":false,\"own\":false,"
"\"populated\":262144,\"ports\":[\"dpdk0\",\"vhost-user-client-12\"],"
"\"refs\":2,\"retired\":false,\"room\":262144,\"socket\":0,"
"\"state\":\"ok\",\"surplus\":false,\"waiting\":false},"
"{\"adjusted_mtu\":10222,\"asked\":20512,\"bytes\":173015040,"
"\"degraded\":true,\"elastic\":true,\"elt_size\":10496,"
"\"failures\":18446744073,\"fallback\":true,\"granted\":16384,"
"\"group\":\"vhost-user-12345\",\"in_use\":16000,\"lowest_free\":0,"
"\"name\":\"mp999-s1-10222-vhost-user\",\"need\":20000,"
"\"oversubscribed\":true,\"own\":true,\"populated\":16384,"
"\"ports\":[\"vh0\"],\"refs\":1,\"retired\":false,\"room\":20512,"
"\"socket\":1,\"state\":\"degraded,oversubscribed,fallback\","
"\"surplus\":false,\"waiting\":false}]}");
    free(text);
    json_destroy(json);
}

static void
check_state(const struct mp_info *info, bool fallback, const char *expect)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    mp_state_format(info, fallback, &ds);
    check_text(&ds, expect);
}

static void
test_states(void **state OVS_UNUSED)
{
    check_state(&(struct mp_info) { .degraded = false }, false, "ok");
    check_state(&(struct mp_info) { .degraded = true }, false, "degraded");
    check_state(&(struct mp_info) { .surplus = true }, false, "surplus");
    check_state(&(struct mp_info) { .degraded = false }, true, "fallback");
    check_state(&(struct mp_info) { .waiting = true }, false, "waiting");
    check_state(&(struct mp_info) { .degraded = true, .oversubscribed = true,
                                    .surplus = true, .retired = true }, true,
                "degraded,oversubscribed,surplus,fallback,retired");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_holders_of_nothing),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_states),
    };

    return cmocka_run_group_tests_name("mem/mp-show", tests, NULL, NULL);
}
