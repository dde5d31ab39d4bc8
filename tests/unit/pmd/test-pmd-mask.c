/* SPDX-License-Identifier: Apache-2.0
 *
 * Which cores pmd-cpu-mask means, on made-up machines.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "eal/machine.h"
#include "openvswitch/dynamic-string.h"
#include "pmd/pmd-mask.h"
#include "util.h"

struct row {
    const char *machine;        /* see machine_init_dummy() */
    const char *mask;
    const char *result;         /* cores, or "! error" */
};

#define NOT_HEX "not a hexadecimal number such as 0x6; "

static const struct row rows[] = {
    /* The default; the main core is 0. */
    { "0", NULL, "0" },
    { "0,0", NULL, "1" },
    { "0,0", "", "1" },
    { "0,0,0,0", NULL, "1" },
    { "0,1", NULL, "0 1" },
    { "0,0,1,1", NULL, "1 2" },
    { "0,1,0,1", NULL, "1 2" },
    { "1,1,0,0", NULL, "1 2" },
    { "0,1,2,3,4,5,6,7,0,1", NULL, "1 2 3 4 5 6 7 8" },
    /* Masks. */
    { "0,0", "1", "0" },
    { "0,0", "2", "1" },
    { "0,0", "0x2", "1" },
    { "0,0", "0X3", "0 1" },
    { "0,0,0,0", "aA", "! pmd-cpu-mask \"aA\": cores 5,7 do not exist; "
      "this machine has cores 0-3" },
    { "0,0,0,0", "000000000000000000000000000000000000000c", "2 3" },
    /* Wrong ones. */
    { "0,0", "8", "! pmd-cpu-mask \"8\": core 3 does not exist; "
      "this machine has cores 0-1" },
    { "0", "0x6", "! pmd-cpu-mask \"0x6\": cores 1-2 do not exist; "
      "this machine has core 0" },
    { "0,0", "0", "! pmd-cpu-mask \"0\": names no core; "
      "this machine has cores 0-1" },
    { "0,0", "0x", "! pmd-cpu-mask \"0x\": " NOT_HEX
      "this machine has cores 0-1" },
    { "0,0", "0x2 ", "! pmd-cpu-mask \"0x2 \": " NOT_HEX
      "this machine has cores 0-1" },
    { "0,0", "-2", "! pmd-cpu-mask \"-2\": " NOT_HEX
      "this machine has cores 0-1" },
    { "0,0", "core 1", "! pmd-cpu-mask \"core 1\": " NOT_HEX
      "this machine has cores 0-1" },
};

static void
check(const char *mask, const char *expected)
{
    struct ds got = DS_EMPTY_INITIALIZER;
    char *error = NULL;
    int *cores;
    int n = pmd_mask_parse(mask, 0, &cores, &error);

    if (n < 0) {
        assert_int_equal(n, -EINVAL);
        assert_null(cores);
        ds_put_format(&got, "! %s", error);
    } else {
        assert_null(error);
    }
    for (int i = 0; i < n; i++) {
        ds_put_format(&got, "%s%d", i ? " " : "", cores[i]);
    }
    assert_string_equal(ds_cstr(&got), expected);
    free(cores);
    free(error);
    ds_destroy(&got);
}

static void
test_table(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        machine_init_dummy(rows[i].machine);
        check(rows[i].mask, rows[i].result);
    }
}

/* A mask of 300 digits on a machine of 256 cores. */
static void
test_long(void **state OVS_UNUSED)
{
    char spec[2 * 256] = "";
    char mask[301];
    char *error = NULL;
    int *cores;

    for (int i = 0; i < 256; i++) {
        strcat(spec, i ? ",0" : "0");
    }
    machine_init_dummy(spec);

    memset(mask, 'f', 300);
    mask[300] = '\0';
    assert_int_equal(pmd_mask_parse(mask, 0, &cores, &error), -EINVAL);
    assert_null(cores);
    assert_true(strlen(error) < 200);
    assert_non_null(strstr(error, "...\": cores 256-1199 do not exist; "
                           "this machine has cores 0-255"));
    free(error);
    error = NULL;

    memset(mask, '0', 300 - 64);
    assert_int_equal(pmd_mask_parse(mask, 0, &cores, &error), 256);
    for (int i = 0; i < 256; i++) {
        assert_int_equal(cores[i], i);
    }
    free(cores);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
