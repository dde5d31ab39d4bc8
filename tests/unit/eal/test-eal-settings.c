/* SPDX-License-Identifier: Apache-2.0
 *
 * test-eal-settings.c: what is read once, when DPDK starts, and what the log
 * says about it.
 */
#include <config.h>
#include "eal/eal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfg/cfg-mempool.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "util.h"

static char log_file[] = "/tmp/test-eal-settings.XXXXXX";

static int
open_log(void **state OVS_UNUSED)
{
    int fd = mkstemp(log_file);

    assert_true(fd >= 0);
    close(fd);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    vlog_set_levels(NULL, VLF_FILE, VLL_INFO);
    assert_int_equal(vlog_set_log_file(log_file), 0);
    return 0;
}

static int
remove_log(void **state OVS_UNUSED)
{
    return unlink(log_file);
}

/* Reads settings; returns the lines that this adds to the log, each from its
 * level on.  Those about vhost, which come last, are left out.  The caller
 * frees the text. */
static char *
read_settings(const struct smap *oc)
{
    struct ds lines = DS_EMPTY_INITIALIZER;
    char line[512];
    FILE *f = fopen(log_file, "r");

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    eal_settings_read(oc, "/run/sluice");
    while (fgets(line, sizeof line, f) && !strstr(line, "vhost")) {
        const char *text = strstr(line, "|netdev_dpdk|");

        assert_non_null(text);
        ds_put_cstr(&lines, text + strlen("|netdev_dpdk|"));
    }
    fclose(f);
    return ds_steal_cstr(&lines);
}

/* Reads two keys (values may be NULL: absent); `lines` follow the one about
 * per-port-memory. */
static void
expect_lines(const char *key1, const char *value1, const char *key2,
             const char *value2, const char *lines)
{
    struct smap oc = SMAP_INITIALIZER(&oc);
    bool per_port = !strcmp(key1, "per-port-memory") && value1;
    char *expected, *found;

    if (value1) {
        smap_add(&oc, key1, value1);
    }
    if (value2) {
        smap_add(&oc, key2, value2);
    }
    expected = xasprintf("INFO|Per port memory for DPDK devices %s.\n%s",
                         per_port ? "enabled" : "disabled", lines);
    found = read_settings(&oc);
    assert_string_equal(found, expected);
    free(found);
    free(expected);
    smap_destroy(&oc);
}

#define ELASTIC "INFO|Elastic sizing of mempools enabled.\n"
#define IGNORING(KEY, VALUE, RIGHT) \
    "WARN|Ignoring database defined option '" KEY "' due to invalid value " \
    "'" VALUE "' (" RIGHT ")\n"
#define BAD_SIZING(VALUE) \
    IGNORING("mempool-sizing", VALUE, "fixed or elastic: using fixed")
#define BAD_MAX(VALUE) \
    IGNORING("mempool-max-mbufs", VALUE, "1024 to 16777216: using the default")
#define NOT_USED \
    "INFO|mempool-max-mbufs is not used: mempool-sizing is fixed\n"

static void
test_sizing(void **state OVS_UNUSED)
{
    static const struct {
        const char *sizing, *max;
        bool elastic;
        uint32_t max_mbufs;
        const char *lines;
    } cases[] = {
        { NULL, NULL, false, 0, "" },
        { "fixed", NULL, false, 0, "" },
        { "elastic", NULL, true, 0, ELASTIC },
        { "Elastic", NULL, true, 0, ELASTIC },
        { "", NULL, false, 0, BAD_SIZING("") },
        { "rubber", NULL, false, 0, BAD_SIZING("rubber") },
        { "elastic", "1024", true, 1024, ELASTIC },
        { "elastic", "16777216", true, 16777216, ELASTIC },
        { "elastic", "1023", true, 0, ELASTIC BAD_MAX("1023") },
        { "elastic", "16777217", true, 0, ELASTIC BAD_MAX("16777217") },
        { "elastic", "0", true, 0, ELASTIC BAD_MAX("0") },
        { "elastic", "-1", true, 0, ELASTIC BAD_MAX("-1") },
        { "elastic", "64k", true, 0, ELASTIC BAD_MAX("64k") },
        { "elastic", "", true, 0, ELASTIC BAD_MAX("") },
        { "elastic", "4294968320", true, 0, ELASTIC BAD_MAX("4294968320") },
        { "elastic", "18446744073709552640", true, 0,
          ELASTIC BAD_MAX("18446744073709552640") },
        { NULL, "65536", false, 0, NOT_USED },
        { "fixed", "65536", false, 0, NOT_USED },
        { "rubber", "65536", false, 0, BAD_SIZING("rubber") NOT_USED },
        { NULL, "x", false, 0, BAD_MAX("x") },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        expect_lines("mempool-sizing", cases[i].sizing,
                     "mempool-max-mbufs", cases[i].max, cases[i].lines);
        assert_int_equal(eal_settings()->mempool_elastic, cases[i].elastic);
        assert_int_equal(eal_settings()->mempool_max_mbufs,
                         cases[i].max_mbufs);
    }
}

#define SET(MTU, NUMA) \
    "INFO|User configured shared mempool set for: MTU " MTU ", NUMA " NUMA \
    ".\n"
#define JUNK \
    "WARN|shared-mempool-config: ignoring entry \"junk\": MTU \"junk\" is " \
    "no number from 68 to 9702\n"
#define UNUSED_LIST "WARN|User configured shared mempools will not be used.\n"

static void
test_shared_mempools(void **state OVS_UNUSED)
{
    static const struct {
        const char *per_port, *list;
        size_t n;
        const char *lines;
    } cases[] = {
        { NULL, NULL, 0, "" },
        { NULL, "", 0, "" },
        { NULL, ",,", 0, "" },
        { NULL, "9000,1500:0", 2, SET("9000", "ALL") SET("1500", "0") },
        { NULL, "1500:1023", 1, SET("1500", "1023") },
        { NULL, "9000,junk,1500:0", 2,
          JUNK SET("9000", "ALL") SET("1500", "0") },
        { NULL, "junk", 0, JUNK UNUSED_LIST },
        { "true", NULL, 0, "" },
        { "true", ",,", 0, "" },
        { "true", "1500:0", 0, SET("1500", "0") UNUSED_LIST },
        { "true", "junk,1500:0", 0, JUNK SET("1500", "0") UNUSED_LIST },
        { "true", "junk", 0, JUNK UNUSED_LIST },
        { NULL, NULL, 0, "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct cfg_shared_mempool *e;

        expect_lines("per-port-memory", cases[i].per_port,
                     "shared-mempool-config", cases[i].list, cases[i].lines);
        assert_int_equal(eal_settings()->n_shared_mempools, cases[i].n);
        e = eal_settings()->shared_mempools;
        assert_int_equal(e == NULL, cases[i].n == 0);
        if (cases[i].n == 2) {
            assert_int_equal(e[0].mtu, 9000);
            assert_int_equal(e[0].numa, -1);
            assert_int_equal(e[1].mtu, 1500);
            assert_int_equal(e[1].numa, 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizing),
        cmocka_unit_test(test_shared_mempools),
    };

    return cmocka_run_group_tests(tests, open_log, remove_log);
}
