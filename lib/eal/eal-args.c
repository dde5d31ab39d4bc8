/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-args.c: which words does the EAL get?
 *
 * Pure: eal-init.c calls it once, before DPDK starts.  What excludes what
 * among the EAL's options was found by trying them on DPDK 22.11, which
 * answers a wrong combination with its usage text only.
 */
#include <config.h>
#include "eal/eal-args.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-parse.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

int
eal_parse_core_mask(const char *mask, int **cores)
{
    const char *digits = mask;
    size_t len;
    int n = 0;

    *cores = NULL;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        digits += 2;
    }
    len = strlen(digits);
    if (!len || len > INT_MAX / 4
        || digits[strspn(digits, "0123456789abcdefABCDEF")]) {
        return -EINVAL;
    }
    *cores = xmalloc(4 * len * sizeof **cores);
    for (size_t i = 0; i < len; i++) {
        int digit = hexit_value(digits[len - 1 - i]);

        for (int bit = 0; bit < 4; bit++) {
            if (digit & 1 << bit) {
                (*cores)[n++] = 4 * i + bit;
            }
        }
    }
    return n;
}

/* A core mask as the EAL's map of lcores, numbered from 0. */
static char *
lcore_map(const char *mask)
{
    struct ds map = DS_EMPTY_INITIALIZER;
    int *cores;
    int n = eal_parse_core_mask(mask, &cores);

    for (int i = 0; i < n; i++) {
        ds_put_format(&map, "%s%d@%d", i ? "," : "", i, cores[i]);
    }
    free(cores);
    return n > 0 ? ds_steal_cstr(&map) : NULL;
}

static char *
any_text(const char *value)
{
    return value[0] ? xstrdup(value) : NULL;
}

/* Megabytes. */
static char *
size(const char *value)
{
    int64_t mb;

    return cfg_parse_int(value, 1, INT_MAX, &mb) ? xstrdup(value) : NULL;
}

/* Megabytes per NUMA node, separated by commas. */
static char *
sizes(const char *value)
{
    char *copy = xstrdup(value);
    bool ok = true;
    int64_t mb;

    for (char *p = copy, *word; ok && (word = strsep(&p, ",")); ) {
        ok = cfg_parse_int(word, 0, INT_MAX, &mb);
    }
    free(copy);
    return ok ? xstrdup(value) : NULL;
}

/* In the order in which their words follow those of dpdk-extra. */
static const struct {
    const char *key;
    const char *option;
    char *(*convert)(const char *value);    /* malloc'ed; NULL: wrong */
    const char *overruled_by[4];            /* options in dpdk-extra */
} keys[] = {
    { "dpdk-lcore-mask", "--lcores", lcore_map, { "--lcores", "-l", "-c" } },
    { "dpdk-hugepage-dir", "--huge-dir", any_text, { "--huge-dir" } },
    { "dpdk-socket-limit", "--socket-limit", sizes, { "--socket-limit" } },
    { "dpdk-alloc-mem", "-m", size, { "-m", "--socket-mem" } },
    { "dpdk-socket-mem", "--socket-mem", sizes,
      { "--socket-mem", "-m", "--no-huge" } },
};

/* Is there an option `opt` among the first `n` words, alone or with its
 * value: "--x", "--x=y", "-xy"? */
static bool
has_option(const struct svec *args, size_t n, const char *opt)
{
    size_t len = strlen(opt);
    bool is_long = opt[1] == '-';

    for (size_t i = 1; i < n; i++) {
        const char *word = args->names[i];

        if (!strncmp(word, opt, len)
            && (!word[len] || !is_long || word[len] == '=')) {
            return true;
        }
    }
    return false;
}

static bool
has_any(const struct svec *args, size_t n, const char *const *opts)
{
    for (; *opts; opts++) {
        if (has_option(args, n, *opts)) {
            return true;
        }
    }
    return false;
}

static void
warn_ignored(struct svec *warnings, const char *key, const char *why)
{
    svec_add_nocopy(warnings,
                    xasprintf("Ignoring database defined option '%s' due to "
                              "%s", key, why));
}

/* Adds the words of the keys; `n_extra` words are the user's own. */
static void
add_keys(const struct smap *other_config, size_t n_extra, struct svec *args,
         struct svec *warnings)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = smap_get(other_config, keys[i].key);
        char *word;

        if (!value) {
            continue;
        } else if (has_any(args, n_extra, keys[i].overruled_by)) {
            warn_ignored(warnings, keys[i].key, "dpdk-extra config");
            continue;
        } else if (!strcmp(keys[i].key, "dpdk-socket-mem")
                   && has_option(args, args->n, "-m")) {
            warn_ignored(warnings, keys[i].key, "dpdk-alloc-mem");
            continue;
        }
        word = keys[i].convert(value);
        if (word) {
            svec_add(args, keys[i].option);
            svec_add_nocopy(args, word);
        } else {
            char *why = xasprintf("invalid value '%s'", value);

            warn_ignored(warnings, keys[i].key, why);
            free(why);
        }
    }
}

void
eal_args_build(const struct smap *other_config, const char *prog,
               int default_core, struct svec *args, struct svec *warnings)
{
    static const char *const cores[] = { "--lcores", "-l", "-c", NULL };
    static const char *const pci[] = {
        "-a", "--allow", "-b", "--block", "--no-pci", NULL
    };
    /* --no-huge brings --legacy-mem with it. */
    static const char *const not_in_memory[] = {
        "--in-memory", "--no-huge", "--legacy-mem", "--huge-unlink=never",
        NULL
    };
    size_t n_extra;

    svec_add(args, prog);
    svec_parse_words(args, smap_get_def(other_config, "dpdk-extra", ""));
    n_extra = args->n;
    add_keys(other_config, n_extra, args, warnings);

    if (!has_any(args, args->n, cores)) {
        svec_add(args, "--lcores");
        svec_add_nocopy(args, xasprintf("0@%d", default_core));
    }
    if (!smap_get_bool(other_config, "dpdk-probe-at-init", false)
        && !has_any(args, n_extra, pci)) {
        svec_add(args, "-a");
        svec_add(args, "0000:00:00.0");
    }
    if (!has_any(args, n_extra, not_in_memory)) {
        svec_add(args, "--in-memory");
    }
}

/* Appends `word` as a shell would want it. */
static void
put_quoted(struct ds *ds, const char *word)
{
    if (word[0] && !word[strcspn(word, " \t\n'\"\\$`*?;&|<>()[]{}~#!")]) {
        ds_put_cstr(ds, word);
        return;
    }
    ds_put_char(ds, '\'');
    for (; *word; word++) {
        if (*word == '\'') {
            ds_put_cstr(ds, "'\\''");
        } else {
            ds_put_char(ds, *word);
        }
    }
    ds_put_char(ds, '\'');
}

char *
eal_args_to_string(const struct svec *args)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < args->n; i++) {
        if (i) {
            ds_put_char(&ds, ' ');
        }
        put_quoted(&ds, args->names[i]);
    }
    return ds_steal_cstr(&ds);
}
