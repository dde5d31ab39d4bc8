/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-pmd.c: what do the settings of PMD threads mean that are lists, and do
 * they agree?
 *
 * A list of pairs of numbers is kept as text in a plain form, "0:3,2:7", in
 * order of the first numbers: two lists that mean the same are equal.
 */
#include <config.h>
#include "cfg/cfg-private.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-parse.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Parses "A:B" with numbers up to these. */
static bool
parse_pair(const char *s, int64_t max_a, int64_t max_b, int64_t *a,
           int64_t *b)
{
    char *first = xmemdup0(s, strcspn(s, ":"));
    bool ok = (s[strlen(first)] == ':'
               && cfg_parse_int(first, 0, max_a, a)
               && cfg_parse_int(s + strlen(first) + 1, 0, max_b, b));

    free(first);
    return ok;
}

char *
cfg_parse_affinity(const char *s)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    int64_t cores[CFG_RXQ_MAX];
    char *copy = xstrdup(s), *rest = NULL;
    bool ok = true;

    for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
        cores[i] = -1;
    }
    for (char *word = strtok_r(copy, ", ", &rest); word && ok;
         word = strtok_r(NULL, ", ", &rest)) {
        int64_t queue, core;

        ok = (parse_pair(word, CFG_RXQ_MAX - 1, CFG_CORE_MAX, &queue, &core)
              && cores[queue] < 0);
        if (ok) {
            cores[queue] = core;
        }
    }
    free(copy);
    for (size_t i = 0; i < ARRAY_SIZE(cores) && ok; i++) {
        if (cores[i] >= 0) {
            ds_put_format(&ds, "%s%zu:%d", ds.length ? "," : "", i,
                          (int) cores[i]);
        }
    }
    if (!ok || !ds.length) {
        ds_destroy(&ds);
        return NULL;
    }
    return ds_steal_cstr(&ds);
}

/* The second number of the pair whose first one is `a`; -1: there is none. */
static int
find_pair(const char *list, unsigned int a)
{
    for (const char *s = list; s && *s; s += strcspn(s, ","), s += *s == ',') {
        char *colon;

        if (strtoul(s, &colon, 10) == a && *colon == ':') {
            return atoi(colon + 1);
        }
    }
    return -1;
}

int
cfg_affinity_core(const char *affinity, unsigned int queue)
{
    return find_pair(affinity, queue);
}

void
cfg_check_pmd(struct cfg *cfg)
{
    if (!cfg->pmd.rxq_isolate && cfg->pmd.rxq_assign != CFG_RXQ_GROUP) {
        cfg_add_warning(cfg, xstrdup("Open_vSwitch: pmd-rxq-isolate \"false\" "
                                     "needs pmd-rxq-assign=group: using "
                                     "true"));
        cfg->pmd.rxq_isolate = true;
    }
}
