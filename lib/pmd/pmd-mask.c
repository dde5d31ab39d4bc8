/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-mask.c: which cores pmd-cpu-mask means on this machine.
 */
#include <config.h>
#include "pmd/pmd-mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eal/machine.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Of a mask, what an error text quotes. */
enum { QUOTED = 80 };

/* "0-3,6": ascending ids as ranges. */
static void
put_ranges(struct ds *s, const int *ids, size_t n)
{
    for (size_t i = 0, last; i < n; i = last + 1) {
        for (last = i; last + 1 < n && ids[last + 1] == ids[last] + 1; ) {
            last++;
        }
        ds_put_format(s, "%s%d", i ? "," : "", ids[i]);
        if (last > i) {
            ds_put_format(s, "-%d", ids[last]);
        }
    }
}

static void
put_machine(struct ds *s)
{
    size_t n = (size_t) machine_n_cores();
    int *ids = xmalloc(MAX(n, 1) * sizeof *ids);

    for (size_t i = 0; i < n; i++) {
        ids[i] = machine_core_id((int) i);
    }
    ds_put_format(s, "this machine has core%s ", n == 1 ? "" : "s");
    put_ranges(s, ids, n);
    free(ids);
}

static void
put_mask(struct ds *s, const char *mask)
{
    size_t len = strlen(mask);

    ds_put_format(s, "pmd-cpu-mask \"%.*s%s\": ", QUOTED, mask,
                  len > QUOTED ? "..." : "");
}

static int
fail_missing(const char *mask, const int *missing, size_t n, char **errp)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    put_mask(&s, mask);
    ds_put_format(&s, "core%s ", n == 1 ? "" : "s");
    put_ranges(&s, missing, n);
    ds_put_format(&s, " do%s not exist; ", n == 1 ? "es" : "");
    put_machine(&s);
    *errp = ds_steal_cstr(&s);
    return -EINVAL;
}

static int
fail(const char *mask, const char *why, char **errp)
{
    struct ds s = DS_EMPTY_INITIALIZER;

    put_mask(&s, mask);
    ds_put_format(&s, "%s; ", why);
    put_machine(&s);
    *errp = ds_steal_cstr(&s);
    return -EINVAL;
}

static int
default_cores(int main_core, int **coresp)
{
    int n_cores = machine_n_cores();
    int *cores = xmalloc(MAX(n_cores, 1) * sizeof *cores);
    int n = 0;

    /* One core per node, in order of core.  The main core stands for its node
     * only until another of that node turns up. */
    for (int i = 0; i < n_cores; i++) {
        int core = machine_core_id(i);
        int node = machine_core_node(core);
        int j = 0;

        while (j < n && machine_core_node(cores[j]) != node) {
            j++;
        }
        if (j == n) {
            cores[n++] = core;
        } else if (cores[j] == main_core) {
            cores[j] = core;
        }
    }
    *coresp = cores;
    return n;
}

static int
compare_ints(const void *a_, const void *b_)
{
    const int *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

int
pmd_mask_parse(const char *mask, int main_core, int **coresp, char **errp)
{
    const char *digits;
    size_t len, n = 0, n_missing = 0;
    int *cores, *missing;
    int result;

    *coresp = NULL;
    if (!mask || !*mask) {
        result = default_cores(main_core, coresp);
        qsort(*coresp, (size_t) result, sizeof **coresp, compare_ints);
        return result;
    }
    digits = mask + (!strncasecmp(mask, "0x", 2) ? 2 : 0);
    len = strlen(digits);
    if (!len || strspn(digits, "0123456789abcdefABCDEF") != len) {
        return fail(mask, "not a hexadecimal number such as 0x6", errp);
    }

    cores = xmalloc(4 * len * sizeof *cores);
    missing = xmalloc(4 * len * sizeof *missing);
    for (size_t bit = 0; bit < 4 * len; bit++) {
        int digit = hexit_value((unsigned char) digits[len - 1 - bit / 4]);

        if (digit >> bit % 4 & 1) {
            if (machine_core_exists((int) bit)) {
                cores[n++] = (int) bit;
            } else {
                missing[n_missing++] = (int) bit;
            }
        }
    }
    if (n_missing) {
        result = fail_missing(mask, missing, n_missing, errp);
    } else if (!n) {
        result = fail(mask, "names no core", errp);
    } else {
        *coresp = cores;
        cores = NULL;
        result = (int) n;
    }
    free(missing);
    free(cores);
    return result;
}
