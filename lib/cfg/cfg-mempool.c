/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-mempool.c: which sizes of shared mempools does the user ask for?
 */
#include <config.h>
#include "cfg/cfg-mempool.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-parse.h"
#include "util.h"

/* Fills `*e` from `entry`, MTU or MTU:NUMA.  Returns NULL, or what is wrong
 * with it, malloc'ed. */
static char *
parse_entry(const char *entry, struct cfg_shared_mempool *e)
{
    const char *colon = strchr(entry, ':');
    char *mtu_text = xmemdup0(entry, strcspn(entry, ":"));
    int64_t mtu, numa = -1;
    char *error = NULL;

    if (!cfg_parse_int(mtu_text, CFG_MTU_MIN, CFG_MTU_MAX, &mtu)) {
        error = xasprintf("MTU \"%s\" is no number from %d to %d",
                          mtu_text, CFG_MTU_MIN, CFG_MTU_MAX);
    } else if (colon && !cfg_parse_int(colon + 1, 0, CFG_NUMA_MAX, &numa)) {
        error = xasprintf("NUMA node \"%s\" is no number from 0 to %d",
                          colon + 1, CFG_NUMA_MAX);
    } else {
        *e = (struct cfg_shared_mempool) { .mtu = mtu, .numa = numa };
    }
    free(mtu_text);
    return error;
}

static bool
contains(const struct cfg_shared_mempool *entries, size_t n,
         const struct cfg_shared_mempool *e)
{
    for (size_t i = 0; i < n; i++) {
        if (entries[i].mtu == e->mtu && entries[i].numa == e->numa) {
            return true;
        }
    }
    return false;
}

struct cfg_shared_mempool *
cfg_parse_shared_mempools(const char *list, size_t *n,
                          void (*report)(char *text, void *aux), void *aux)
{
    struct cfg_shared_mempool *entries = NULL;
    size_t allocated = 0;
    char *copy = xstrdup(list), *rest = NULL;

    *n = 0;
    for (char *word = strtok_r(copy, ", \t\r\n", &rest); word;
         word = strtok_r(NULL, ", \t\r\n", &rest)) {
        struct cfg_shared_mempool e;
        char *error = parse_entry(word, &e);

        if (!error && contains(entries, *n, &e)) {
            error = xstrdup("it is in the list already");
        }
        if (error) {
            report(xasprintf("shared-mempool-config: ignoring entry \"%s\": "
                             "%s", word, error), aux);
            free(error);
            continue;
        }
        if (*n == allocated) {
            entries = x2nrealloc(entries, &allocated, sizeof *entries);
        }
        entries[(*n)++] = e;
    }
    free(copy);
    return entries;
}
