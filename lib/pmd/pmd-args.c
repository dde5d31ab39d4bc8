/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-args.c: what do the words after a dpif-netdev/ command ask for?
 */
#include <config.h>
#include "pmd/pmd-args.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-metrics.h"
#include "pmd/pmd-private.h"
#include "unixctl.h"
#include "util.h"

static const char datapath[] = "ovs-netdev";

static bool
parse_core(const char *s, struct pmd_args *args, char **errp)
{
    if (!str_to_int(s, 10, &args->core) || args->core < 0) {
        *errp = xasprintf("-pmd \"%s\": not the number of a core", s);
        return false;
    }
    return true;
}

static bool
parse_secs(const char *s, struct pmd_args *args, char **errp)
{
    if (!str_to_uint(s, 10, &args->secs)) {
        *errp = xasprintf("-secs \"%s\": not a number of seconds, %d to %d",
                          s, PERF_SECS, PERF_SECS_MAX);
        return false;
    }
    args->secs = (!args->secs || args->secs > PERF_SECS_MAX ? PERF_SECS_MAX
                  : ROUND_UP(args->secs, PERF_SECS));
    return true;
}

static bool
parse_length(const char *option, const char *s, unsigned int *length,
             char **errp)
{
    if (!str_to_uint(s, 10, length)) {
        *errp = xasprintf("%s \"%s\": not a number from 0 to %d", option, s,
                          METRIC_HISTORY_SHOWN);
        return false;
    }
    *length = MIN(*length, METRIC_HISTORY_SHOWN);
    return true;
}

static bool
parse_it(const char *s, struct pmd_args *args, char **errp)
{
    return parse_length("-it", s, &args->n_iterations, errp);
}

static bool
parse_ms(const char *s, struct pmd_args *args, char **errp)
{
    return parse_length("-ms", s, &args->n_ms, errp);
}

/* Options that a value follows. */
static const struct {
    const char *name;
    unsigned int option;
    bool (*parse)(const char *value, struct pmd_args *, char **errp);
} valued[] = {
    { "-pmd", PMD_ARG_CORE, parse_core },
    { "-secs", PMD_ARG_SECS, parse_secs },
    { "-it", PMD_ARG_PERF, parse_it },
    { "-ms", PMD_ARG_PERF, parse_ms },
};

static bool
parse(int argc, const char *argv[], unsigned int options,
      struct pmd_args *args, char **errp)
{
    for (int i = 1; i < argc; i++) {
        size_t v = 0;

        while (v < ARRAY_SIZE(valued)
               && (strcmp(argv[i], valued[v].name)
                   || !(valued[v].option & options))) {
            v++;
        }
        if (v < ARRAY_SIZE(valued) && i + 1 < argc) {
            if (!valued[v].parse(argv[++i], args, errp)) {
                return false;
            }
        } else if (options & PMD_ARG_PERF && !strcmp(argv[i], "-nh")) {
            args->histograms = false;
        } else if (argv[i][0] == '-') {
            *errp = xasprintf("%s: unknown option or no value after it",
                              argv[i]);
            return false;
        } else if (strcmp(argv[i], datapath)
                   && strcmp(argv[i], "netdev@ovs-netdev")) {
            *errp = xasprintf("%s: please specify an existing datapath: %s",
                              argv[i], datapath);
            return false;
        }
    }
    return true;
}

static bool
check_core(const struct pmd_args *args, char **errp)
{
    struct pmd_thread *const *threads;
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t n;

    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (pmd_args_select(args, threads[i])) {
            ds_destroy(&s);
            return true;
        }
        ds_put_format(&s, "%s%d", i ? ", " : "", threads[i]->core);
    }
    if (args->core >= 0) {
        *errp = xasprintf("-pmd \"%d\": no PMD thread on this core; there is "
                          "one on: %s", args->core,
                          n ? ds_cstr(&s) : "none");
    }
    ds_destroy(&s);
    return args->core < 0;
}

bool
pmd_args_parse(struct unixctl_conn *conn, int argc, const char *argv[],
               unsigned int options, struct pmd_args *args)
{
    char *error = NULL;

    *args = (struct pmd_args) {
        .core = -1,
        .secs = PERF_SECS_MAX,
        .histograms = true,
    };
    if (parse(argc, argv, options, args, &error)
        && check_core(args, &error)) {
        return true;
    }
    unixctl_command_reply_error(conn, error);
    free(error);
    return false;
}

bool
pmd_args_select(const struct pmd_args *args, const struct pmd_thread *t)
{
    return args->core < 0 || args->core == t->core;
}
