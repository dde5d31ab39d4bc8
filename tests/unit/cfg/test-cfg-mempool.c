/* SPDX-License-Identifier: Apache-2.0
 *
 * test-cfg-mempool.c: lists of shared mempools, right and wrong.
 */
#include <config.h>
#include "cfg/cfg-mempool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

static void
append_line(char *text, void *lines_)
{
    struct ds *lines = lines_;

    ds_put_format(lines, "%s\n", text);
    free(text);
}

/* What came of a list: entries as "MTU:NUMA ", texts one a line. */
static void
expect(const char *list, const char *entries, const char *texts)
{
    struct ds found = DS_EMPTY_INITIALIZER;
    struct ds lines = DS_EMPTY_INITIALIZER;
    struct cfg_shared_mempool *e;
    size_t n;

    e = cfg_parse_shared_mempools(list, &n, append_line, &lines);
    for (size_t i = 0; i < n; i++) {
        ds_put_format(&found, "%u:%d ", e[i].mtu, e[i].numa);
    }
    assert_string_equal(ds_cstr(&found), entries);
    assert_string_equal(ds_cstr(&lines), texts);
    assert_int_equal(e == NULL, n == 0);
    free(e);
    ds_destroy(&found);
    ds_destroy(&lines);
}

#define IGNORING(ENTRY) "shared-mempool-config: ignoring entry \"" ENTRY "\": "
#define BAD_MTU(ENTRY, MTU) \
    IGNORING(ENTRY) "MTU \"" MTU "\" is no number from 68 to 9702\n"
#define BAD_NUMA(ENTRY, NUMA) \
    IGNORING(ENTRY) "NUMA node \"" NUMA "\" is no number from 0 to 1023\n"
#define TWICE(ENTRY) IGNORING(ENTRY) "it is in the list already\n"

static void
test_lists(void **state OVS_UNUSED)
{
    static const struct {
        const char *list, *entries, *texts;
    } cases[] = {
        { "9000", "9000:-1 ", "" },
        { "1500:0", "1500:0 ", "" },
        { "9000,1500:0,2000:1", "9000:-1 1500:0 2000:1 ", "" },
        { "68,9702:1023", "68:-1 9702:1023 ", "" },

        /* Nothing. */
        { "", "", "" },
        { ",,,", "", "" },
        { " , \t,", "", "" },
        { ",9000,,1500,", "9000:-1 1500:-1 ", "" },

        /* Blanks. */
        { " 9000 ,\t1500:0\n", "9000:-1 1500:0 ", "" },
        { "9000 1500", "9000:-1 1500:-1 ", "" },
        { "1500: 900", "900:-1 ", BAD_NUMA("1500:", "") },

        /* Wrong MTUs. */
        { "67", "", BAD_MTU("67", "67") },
        { "9703", "", BAD_MTU("9703", "9703") },
        { "99999", "", BAD_MTU("99999", "99999") },
        { "0", "", BAD_MTU("0", "0") },
        { "-1", "", BAD_MTU("-1", "-1") },
        { "+1500", "", BAD_MTU("+1500", "+1500") },
        { "0x5dc", "", BAD_MTU("0x5dc", "0x5dc") },
        { "1500.0", "", BAD_MTU("1500.0", "1500.0") },
        { "junk", "", BAD_MTU("junk", "junk") },
        { ":", "", BAD_MTU(":", "") },
        { ":0", "", BAD_MTU(":0", "") },
        { "1500;9000", "", BAD_MTU("1500;9000", "1500;9000") },
        { "4294968796", "", BAD_MTU("4294968796", "4294968796") },
        { "18446744073709553116", "",
          BAD_MTU("18446744073709553116", "18446744073709553116") },

        /* Wrong nodes. */
        { "1500:", "", BAD_NUMA("1500:", "") },
        { "1500:x", "", BAD_NUMA("1500:x", "x") },
        { "1500:-1", "", BAD_NUMA("1500:-1", "-1") },
        { "1500:1024", "", BAD_NUMA("1500:1024", "1024") },
        { "1500:0:1", "", BAD_NUMA("1500:0:1", "0:1") },
        { "1500::0", "", BAD_NUMA("1500::0", ":0") },
        { "1500:4294967296", "", BAD_NUMA("1500:4294967296", "4294967296") },
        { "1500:18446744073709551616", "",
          BAD_NUMA("1500:18446744073709551616", "18446744073709551616") },

        /* Twice.  "All nodes" and "node 0" are two things. */
        { "9000,9000", "9000:-1 ", TWICE("9000") },
        { "9000,09000,9000:0,9000:0,9000:1", "9000:-1 9000:0 9000:1 ",
          TWICE("09000") TWICE("9000:0") },

        /* The good ones are used. */
        { "9000,1500:0,junk,2000:1:2,3000", "9000:-1 1500:0 3000:-1 ",
          BAD_MTU("junk", "junk") BAD_NUMA("2000:1:2", "1:2") },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        expect(cases[i].list, cases[i].entries, cases[i].texts);
    }
}

/* As many as one likes. */
static void
test_long_list(void **state OVS_UNUSED)
{
    struct ds list = DS_EMPTY_INITIALIZER;
    struct ds entries = DS_EMPTY_INITIALIZER;

    for (int mtu = 68; mtu <= 9702; mtu++) {
        ds_put_format(&list, "%d,", mtu);
        ds_put_format(&entries, "%d:-1 ", mtu);
    }
    expect(ds_cstr(&list), ds_cstr(&entries), "");
    ds_destroy(&list);
    ds_destroy(&entries);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_long_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
