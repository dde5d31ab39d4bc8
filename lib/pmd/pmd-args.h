/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-args.h: what do the words after a dpif-netdev/ command ask for?
 *
 * Main thread only.
 */
#ifndef PMD_PMD_ARGS_H
#define PMD_PMD_ARGS_H 1

#include <stdbool.h>

struct pmd_thread;
struct unixctl_conn;

/* Options that a command may take; the name of the datapath it always may. */
enum {
    PMD_ARG_CORE = 1 << 0,      /* -pmd core */
    PMD_ARG_SECS = 1 << 1,      /* -secs secs */
    PMD_ARG_PERF = 1 << 2,      /* -nh, -it length, -ms length */
};

struct pmd_args {
    int core;                   /* -1: all */
    unsigned int secs;
    bool histograms;
    unsigned int n_iterations, n_ms;    /* of the history */
};

/* Replies with an error, and returns false, where a word is wrong or there is
 * no thread on the core. */
bool pmd_args_parse(struct unixctl_conn *, int argc, const char *argv[],
                    unsigned int options, struct pmd_args *);

bool pmd_args_select(const struct pmd_args *, const struct pmd_thread *);

#endif
