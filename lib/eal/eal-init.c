/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-init.c: starts DPDK once.
 */
#include <config.h>
#include "eal/eal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "eal/eal-args.h"
#include "eal/eal-log.h"
#include "eal/log-modules.h"
#include "eal/machine.h"
#include "eal/rcu.h"
#include "svec.h"
#include "util.h"

#define this_module log_dpdk

static enum eal_state state = EAL_OFF;
static struct smap started_with;

enum eal_state
eal_state(void)
{
    return state;
}

const struct smap *
eal_started_with(void)
{
    return state == EAL_OFF ? NULL : &started_with;
}

const char *
eal_version(void)
{
    return rte_version();
}

/* Keeps the calling thread, and with it the control threads that DPDK makes,
 * off the cores that will poll. */
static void
leave_pmd_cores(const char *pmd_cpu_mask)
{
    int *cores = NULL;
    int n = pmd_cpu_mask ? eal_parse_core_mask(pmd_cpu_mask, &cores) : 0;

    machine_keep_off(cores, MAX(n, 0));
    free(cores);
}

static int
first_free_core(const char *pmd_cpu_mask)
{
    int *cores = NULL;
    int n = pmd_cpu_mask ? eal_parse_core_mask(pmd_cpu_mask, &cores) : 0;
    int found = machine_core_id(0);

    for (int i = 0; i < machine_n_cores(); i++) {
        bool busy = false;

        for (int j = 0; j < n; j++) {
            busy |= cores[j] == machine_core_id(i);
        }
        if (!busy) {
            found = machine_core_id(i);
            break;
        }
    }
    free(cores);
    return found;
}

/* rte_eal_init() prints its whole usage to stdout when it dislikes a word;
 * that it does is in the log. */
static int
quiet_eal_init(int argc, char **argv)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int rc;

    fflush(stdout);
    if (null >= 0 && saved >= 0) {
        dup2(null, STDOUT_FILENO);
    }
    rc = rte_eal_init(argc, argv);
    fflush(stdout);
    if (saved >= 0) {
        dup2(saved, STDOUT_FILENO);
        close(saved);
    }
    if (null >= 0) {
        close(null);
    }
    return rc;
}

static int
run_eal(const struct svec *args)
{
    /* The EAL keeps pointers into argv, reorders it and writes to it: these
     * words stay for ever, as they were in the first half.  (volatile: a
     * variable that nobody reads would not be kept.) */
    static char **volatile words;
    char **argv = xcalloc(2 * (args->n + 1), sizeof *argv);

    words = argv;
    for (size_t i = 0; i < args->n; i++) {
        words[i] = xstrdup(args->names[i]);
    }
    argv += args->n + 1;
    memcpy(argv, words, args->n * sizeof *argv);
    rte_errno = 0;
    return quiet_eal_init((int) args->n, argv);
}

int
eal_start(const struct smap *other_config, const char *run_dir,
          const char *pmd_cpu_mask, char **errp)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    struct svec warnings = SVEC_EMPTY_INITIALIZER;
    char *line;
    int error = 0;

    *errp = NULL;
    if (state != EAL_OFF) {
        *errp = xstrdup("DPDK can be started only once in a process");
        return -EALREADY;
    }
    smap_clone(&started_with, other_config);

    VLOG_INFO("Using %s", rte_version());
    VLOG_INFO("DPDK Enabled - initializing...");
    eal_args_build(other_config, "ovs-vswitchd",
                   first_free_core(pmd_cpu_mask), &args, &warnings);
    for (size_t i = 0; i < warnings.n; i++) {
        VLOG_WARN("%s", warnings.names[i]);
    }
    line = eal_args_to_string(&args);
    VLOG_INFO("EAL ARGS: %s.", line);
    free(line);

    eal_log_open();
    leave_pmd_cores(pmd_cpu_mask);
    if (run_eal(&args) < 0) {
        int rc = rte_errno;
        char *why = eal_log_last_error();

        *errp = xasprintf("DPDK could not be initialized: %s%s%s",
                          why ? why : "", why ? " (" : "",
                          rte_strerror(rc ? rc : EINVAL));
        if (why) {
            char *text = xasprintf("%s)", *errp);

            free(*errp);
            *errp = text;
        }
        free(why);
        error = rc ? -rc : -EINVAL;
        state = EAL_FAILED;
    } else {
        rcu_init();
        eal_settings_read(&started_with, run_dir);
        state = EAL_RUNNING;
        VLOG_INFO("DPDK Enabled - initialized");
    }
    /* The EAL bound this thread to its main lcore. */
    leave_pmd_cores(pmd_cpu_mask);
    svec_destroy(&args);
    svec_destroy(&warnings);
    return error;
}

void
eal_stop(void)
{
    if (state == EAL_RUNNING) {
        rte_eal_cleanup();
        state = EAL_FAILED;
    }
    eal_log_close();
}
