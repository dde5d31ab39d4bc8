/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan as text, JSON and SVG.
 */
#include <config.h>
#include "mem/mp-plan-view.h"

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
#include "openvswitch/shash.h"
#include "util.h"

static struct mp_plan now, then;
static struct mp_plan_view view;
static struct ds ds = DS_EMPTY_INITIALIZER;

/* Three guests, one of them in a group with a name that XML and JSON must
 * quote; then all with another MTU. */
static int
setup(void **state OVS_UNUSED)
{
    static const char *const settings[] = { "mtu_request=9000" };
    static const char *const notes[] = { "a \"note\"" };
    struct mp_plan_port before[] = {
        { .req = { .port = "a" } },
        { .req = { .port = "b" } },
        { .req = { .port = "c", .group = "<&\">" } },
    };
    struct mp_plan_port after[ARRAY_SIZE(before)];
    struct mp_plan_in in_before = {
        .ports = before, .n_ports = ARRAY_SIZE(before), .n_threads = 2,
    };
    struct mp_plan_in in_after = in_before;

    for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
        struct mp_request *req = &before[i].req;

        req->mtu = 1500;
        req->n_rxq = req->n_txq = 1;
        req->rxq_size = req->txq_size = 2048;
        after[i] = before[i];
        after[i].req.mtu = 9000;
    }
    in_after.ports = after;
    mp_plan_make(&in_before, &now);
    mp_plan_change(&in_before, &in_after, &then);
    view = (struct mp_plan_view) {
        .plan = &now,
        .settings = settings, .n_settings = 1,
        .in_force = MP_PLAN_PER_PORT_FIXED,
        .only = MP_PLAN_N_KINDS,
        .notes = notes, .n_notes = 1,
    };
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    mp_plan_destroy(&now);
    mp_plan_destroy(&then);
    ds_clear(&ds);
    return 0;
}

static void
test_text(void **state OVS_UNUSED)
{
    view.only = MP_PLAN_PER_PORT_FIXED;
    mp_plan_to_text(&view, &ds);
    assert_string_equal(
        ds_cstr(&ds),
        "3 ports, 1 PMD thread; * is the model in force\n"
        "\n"
        "                                              steady               "
        " while one port changes\n"
        "  socket model            pools    mbufs       MiB   2 MB 1 GB      "
        " MiB   2 MB 1 GB  port\n"
        "*      0 per-port-fixed       3   303168     692.8    347    1    "
        "1290.2    646    2  c\n"
        "\n"
        "                                 of each pool\n"
        "  socket model            pools adj. MTU  ports    mbufs     room   "
        "    MiB  2 MB  group\n"
        "*      0 per-port-fixed       1     2030      1   262144   262144   "
        "  597.4   299  <&\">\n"
        "*      0 per-port-fixed       2     2030      1    20512    20512   "
        "   47.7    24  a and 1 more (private)\n"
        "\n"
        "a \"note\"\n");
}

static void
test_text_of_change(void **state OVS_UNUSED)
{
    const char *with;

    view.before = &now;
    view.plan = &then;
    mp_plan_to_text(&view, &ds);
    with = strstr(ds_cstr(&ds), "\nWith mtu_request=9000:\n");
    assert_non_null(with);
    assert_non_null(strstr(with, "while this is changed"));
    assert_non_null(strstr(with, "9198"));
    assert_null(strstr(with, "2030"));
    assert_non_null(strstr(ds_cstr(&ds), "*      0 per-port-fixed"));
    assert_non_null(strstr(ds_cstr(&ds), "\n       0 shared-elastic"));
}

/* The member that a path of names and, for arrays, numbers leads to. */
static const struct json *
member(const struct json *json, const char *path)
{
    char *copy = xstrdup(path), *rest = NULL;

    for (char *word = strtok_r(copy, "/", &rest); word;
         word = strtok_r(NULL, "/", &rest)) {
        if (json && json->type == JSON_OBJECT) {
            json = shash_find_data(json_object(json), word);
        } else if (json && json->type == JSON_ARRAY
                   && (size_t) atoi(word) < json->array.n) {
            json = json->array.elems[atoi(word)];
        } else {
            json = NULL;
        }
        if (!json) {
            fail_msg("no \"%s\" of \"%s\"", word, path);
        }
    }
    free(copy);
    return json;
}

static void
assert_number(const struct json *json, const char *path, int64_t value)
{
    const struct json *number = member(json, path);

    assert_int_equal(number->type, JSON_INTEGER);
    assert_int_equal(json_integer(number), value);
}

static void
test_json(void **state OVS_UNUSED)
{
    struct json *json;

    view.before = &now;
    view.plan = &then;
    mp_plan_to_json(&view, &ds);
    json = json_from_string(ds_cstr(&ds));
    assert_int_equal(json->type, JSON_OBJECT);
    assert_string_equal(json_string(member(json, "in_force")),
                        "per-port-fixed");
    assert_string_equal(json_string(member(json, "notes/0")), "a \"note\"");
    assert_string_equal(json_string(member(json, "what_if/0")),
                        "mtu_request=9000");
    assert_number(json, "plan/ports", 3);
    assert_number(json, "plan/pmd_threads", 1);
    assert_number(json, "before/models/per-port-fixed/sockets/0/steady/"
                  "hugepages_2m", 299 + 2 * 24);
    assert_number(json, "plan/models/per-port-fixed/sockets/0/pools", 3);
    assert_number(json, "plan/models/per-port-fixed/sockets/0/mbufs",
                  262144 + 2 * 20512);
    assert_number(json, "plan/models/per-port-fixed/sockets/0/peak/"
                  "hugepages_2m", 299 + 1200 + 2 * 95);
    assert_string_equal(json_string(member(json, "plan/models/per-port-fixed/"
                                           "sockets/0/peak_port")), "c");
    assert_string_equal(json_string(member(json, "plan/models/per-port-fixed/"
                                           "pools/0/group")), "<&\">");
    assert_number(json, "plan/models/per-port-fixed/pools/1/adjusted_mtu",
                  9198);
    assert_number(json, "plan/models/per-port-fixed/pools/1/object_size",
                  9536);
    assert_int_equal(member(json, "plan/models/per-port-fixed/pools/1/own")
                     ->type, JSON_TRUE);
    assert_int_equal(member(json, "plan/models/shared-elastic/pools/0/"
                            "elastic")->type, JSON_TRUE);
    json_destroy(json);
}

/* One model, and nothing before. */
static void
test_json_of_one(void **state OVS_UNUSED)
{
    struct json *json;

    view.only = MP_PLAN_SHARED_FIXED;
    mp_plan_to_json(&view, &ds);
    json = json_from_string(ds_cstr(&ds));
    assert_int_equal(shash_count(json_object(member(json, "plan/models"))),
                     1);
    assert_number(json, "plan/models/shared-fixed/sockets/0/steady/"
                  "hugepages_1g", 2);
    assert_null(shash_find(json_object(json), "before"));
    assert_null(shash_find(json_object(json), "what_if"));
    json_destroy(json);
}

static unsigned int
count(const char *what)
{
    unsigned int n = 0;

    for (const char *s = ds_cstr(&ds); (s = strstr(s, what)) != NULL; s++) {
        n++;
    }
    return n;
}

static void
test_svg(void **state OVS_UNUSED)
{
    mp_plan_to_svg(&view, &ds);
    assert_int_equal(count("<svg "), 1);
    assert_int_equal(count("</svg>\n"), 1);
    assert_int_equal(count("<text "), count("</text>"));
    assert_int_equal(count("stroke-dasharray"), MP_PLAN_N_KINDS);
    /* The page; a dashed piece and one of each sort of pools a bar; the
     * legend: shared, a group, private. */
    assert_int_equal(count("<rect "), 1 + MP_PLAN_N_KINDS * 3 + 3);
    assert_int_equal(count("group &lt;&amp;\"&gt;, adjusted MTU 2030"), 1);
    assert_int_equal(count("(in force)"), 1);
    assert_int_equal(count("692.8 MiB, 347 pages"), 1);
    assert_int_equal(count("class=\"now\""), 0);
}

static void
test_svg_of_change(void **state OVS_UNUSED)
{
    view.before = &now;
    view.plan = &then;
    mp_plan_to_svg(&view, &ds);
    assert_int_equal(count("class=\"now\""), MP_PLAN_N_KINDS);
    assert_int_equal(count("with mtu_request=9000;"), 1);
}

/* No ports, no bars, no division by zero. */
static void
test_empty(void **state OVS_UNUSED)
{
    struct mp_plan_in none = { .n_threads = 2 };
    struct mp_plan plan;

    mp_plan_make(&none, &plan);
    view.plan = &plan;
    mp_plan_to_svg(&view, &ds);
    assert_int_equal(count("nan") + count("inf"), 0);
    mp_plan_to_text(&view, &ds);
    assert_int_equal(count("0 ports, 1 PMD thread;"), 1);
    mp_plan_destroy(&plan);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_text),
        TEST(test_text_of_change),
        TEST(test_json),
        TEST(test_json_of_one),
        TEST(test_svg),
        TEST(test_svg_of_change),
        TEST(test_empty),
    };
    int result = cmocka_run_group_tests_name("mem/mp-plan-view", tests, NULL,
                                             NULL);

    ds_destroy(&ds);
    return result;
}
