/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-perf-cmd.c: dpif-netdev/pmd-perf-show.
 */
#include <config.h>
#include "pmd/pmd-private.h"

#include <stdlib.h>

#include "openvswitch/dynamic-string.h"
#include "pmd/pmd-args.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-metrics.h"
#include "pmd/pmd-perf-format.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"

static void
show_history(struct ds *reply, const struct pmd_history *history, size_t n,
             void (*format)(struct ds *, const struct pmd_sample *, size_t))
{
    struct pmd_sample *samples = xcalloc(MAX(n, 1), sizeof *samples);

    if (n) {
        format(reply, samples, pmd_history_get(history, samples, n));
    }
    free(samples);
}

static void
show_metrics(struct ds *reply, const struct pmd_thread *t,
             const struct pmd_args *args)
{
    const struct pmd_metrics *m
        = atomic_load_explicit(&t->metrics, memory_order_relaxed);
    struct pmd_metrics_sums sums;

    if (!m) {
        return;
    }
    pmd_metrics_get(m, &sums);
    pmd_metrics_subtract(&sums, &t->metrics_base);
    if (args->histograms) {
        pmd_format_histograms(reply, &sums);
    }
    show_history(reply, &m->iterations, args->n_iterations,
                 pmd_format_iterations);
    show_history(reply, &m->ms, args->n_ms, pmd_format_milliseconds);
}

static void
show(struct ds *reply, const struct pmd_thread *t,
     const struct pmd_args *args)
{
    uint64_t hz = rte_get_tsc_hz();
    double seconds = (double) (rte_rdtsc() - t->base_tsc) / (double) hz;
    char *now = xastrftime_msec("%H:%M:%S.###", time_wall_msec(), true);
    struct pmd_stats stats;

    pmd_get_stats(t, &stats);
    stats = pmd_stats_since(&stats, &t->base);
    ds_put_format(reply, "\nTime: %s\nMeasurement duration: %.3f s\n\n", now,
                  seconds);
    free(now);
    pmd_format_thread(reply, t->node, t->core);
    ds_put_char(reply, '\n');
    pmd_format_perf(reply, &stats, seconds, hz);
    show_metrics(reply, t, args);
}

static void
perf_show(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct pmd_thread *const *threads;
    struct pmd_args args;
    size_t n;

    if (!pmd_args_parse(conn, argc, argv, PMD_ARG_CORE | PMD_ARG_PERF,
                        &args)) {
        return;
    }
    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (pmd_args_select(&args, threads[i])) {
            show(&reply, threads[i], &args);
        }
    }
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

void
pmd_perf_cmd_init(void)
{
    unixctl_command_register("dpif-netdev/pmd-perf-show",
                             "[-nh] [-it iter-history-len] "
                             "[-ms ms-history-len] [-pmd core] [dp]", 0, 8,
                             perf_show, NULL);
}
