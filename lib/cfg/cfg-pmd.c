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

/* Parses "A:B,...", with numbers up to these and each A once, into the plain
 * form.  With `alone`, one word of the list may be a B alone, which comes
 * first then.  NULL: `s` is no such list, or empty. */
static char *
parse_list(const char *s, int64_t max_a, int64_t max_b, bool alone)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    int64_t *values = xmalloc((size_t) (max_a + 2) * sizeof *values);
    char *copy = xstrdup(s), *rest = NULL;
    bool ok = true;

    for (int64_t i = 0; i <= max_a + 1; i++) {
        values[i] = -1;
    }
    for (char *word = strtok_r(copy, ", ", &rest); word && ok;
         word = strtok_r(NULL, ", ", &rest)) {
        int64_t a = -1, b;

        ok = (parse_pair(word, max_a, max_b, &a, &b)
              || (alone && cfg_parse_int(word, 0, max_b, &b)));
        ok = ok && values[a + 1] < 0;
        if (ok) {
            values[a + 1] = b;
        }
    }
    free(copy);
    for (int64_t i = 0; i <= max_a + 1 && ok; i++) {
        if (values[i] >= 0) {
            ds_put_cstr(&ds, ds.length ? "," : "");
            if (i) {
                ds_put_format(&ds, "%d:", (int) i - 1);
            }
            ds_put_format(&ds, "%d", (int) values[i]);
        }
    }
    free(values);
    if (!ok || !ds.length) {
        ds_destroy(&ds);
        return NULL;
    }
    return ds_steal_cstr(&ds);
}

char *
cfg_parse_affinity(const char *s)
{
    return parse_list(s, CFG_RXQ_MAX - 1, CFG_CORE_MAX, false);
}

char *
cfg_parse_sleep(const char *s)
{
    return parse_list(s, CFG_CORE_MAX, CFG_SLEEP_MAX, true);
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

uint32_t
cfg_sleep_max(const char *sleep_max, int core)
{
    int us = core >= 0 ? find_pair(sleep_max, (unsigned int) core) : -1;

    if (us >= 0) {
        return (uint32_t) us;
    }
    /* The number alone, if any, comes first. */
    if (sleep_max && sleep_max[strcspn(sleep_max, ",:")] != ':') {
        return (uint32_t) atoi(sleep_max);
    }
    return 0;
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
    if (cfg->pmd.auto_lb.on && cfg->pmd.rxq_assign == CFG_RXQ_ROUNDROBIN) {
        cfg_add_warning(cfg, xstrdup("Open_vSwitch: pmd-auto-lb \"true\" "
                                     "needs pmd-rxq-assign=cycles or group: "
                                     "queues stay where they are"));
    }
    if (cfg->pmd.maxsleep && !smap_get(&cfg->other_config,
                                       "pmd-sleep-max")) {
        cfg->pmd.sleep_max = xasprintf("%u", cfg->pmd.maxsleep);
    }
}
