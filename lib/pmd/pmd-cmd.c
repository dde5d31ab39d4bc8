/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-cmd.c: dpif-netdev/pmd-rxq-show, pmd-rxq-rebalance, pmd-sleep-show,
 * pmd-stats-show, pmd-stats-clear.
 *
 * The commands read the threads' counters and, being of the main thread, the
 * lists it published.  Clearing remembers where each thread stood.
 */
#include <config.h>
#include "pmd/pmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "pmd/io-thread.h"
#include "pmd/pmd-args.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-metrics.h"
#include "pmd/pmd-perf.h"
#include "pmd/pmd-private.h"
#include "pmd/pmd-reload.h"
#include "port/port-class.h"
#include "port/port.h"
#include "switch/forward.h"
#include "unixctl.h"
#include "util.h"

/* The I/O thread's; a PMD thread's is in the thread. */
static struct pmd_stats main_base;

void
pmd_get_stats(const struct pmd_thread *t, struct pmd_stats *s)
{
    const struct pmd_perf *perf = &t->perf;
    struct forward_stats f;

    forward_ctx_stats(t->forward, &f);
    s->packets = perf_get(&perf->packets);
    s->tx_packets = t->past_tx_packets + f.tx_packets;
    s->tx_batches = t->past_tx_batches + f.tx_batches;
    s->idle = perf_get(&perf->idle);
    s->busy = perf_get(&perf->busy);
    s->slept = perf_get(&perf->slept);
    s->idle_iterations = perf_get(&perf->idle_iterations);
    s->busy_iterations = perf_get(&perf->busy_iterations);
    s->naps = perf_get(&perf->naps);
}

static void
stats_show(struct unixctl_conn *conn, int argc, const char *argv[],
           void *aux OVS_UNUSED)
{
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct pmd_thread *const *threads;
    struct pmd_stats s;
    struct pmd_args args;
    size_t n;

    if (!pmd_args_parse(conn, argc, argv, PMD_ARG_CORE, &args)) {
        return;
    }
    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (pmd_args_select(&args, threads[i])) {
            pmd_format_thread(&reply, threads[i]->node, threads[i]->core);
            pmd_get_stats(threads[i], &s);
            s = pmd_stats_since(&s, &threads[i]->base);
            pmd_format_stats(&reply, &s);
        }
    }
    if (args.core < 0) {
        pmd_format_main_thread(&reply);
        io_thread_get_stats(&s);
        s = pmd_stats_since(&s, &main_base);
        pmd_format_stats(&reply, &s);
    }
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

static void
clear(struct pmd_thread *t)
{
    const struct pmd_metrics *metrics
        = atomic_load_explicit(&t->metrics, memory_order_relaxed);

    pmd_get_stats(t, &t->base);
    t->base_tsc = rte_rdtsc();
    if (metrics) {
        pmd_metrics_get(metrics, &t->metrics_base);
    }
}

static void
stats_clear(struct unixctl_conn *conn, int argc, const char *argv[],
            void *aux OVS_UNUSED)
{
    struct pmd_thread *const *threads;
    struct pmd_args args;
    size_t n;

    if (!pmd_args_parse(conn, argc, argv, PMD_ARG_CORE, &args)) {
        return;
    }
    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (pmd_args_select(&args, threads[i])) {
            clear(threads[i]);
        }
    }
    if (args.core < 0) {
        io_thread_get_stats(&main_base);
    }
    unixctl_command_reply(conn, NULL);
}

static void
show_rxqs(struct ds *reply, const struct pmd_thread *t, unsigned int secs)
{
    const struct poll_list *list = atomic_load_explicit(&t->list,
                                                        memory_order_relaxed);
    uint64_t now = perf_interval(rte_rdtsc());
    unsigned int n = secs / PERF_SECS;
    struct pmd_load load = {
        .total = perf_history_sum(&t->perf.total_history, now, n),
        .busy = perf_history_sum(&t->perf.busy_history, now, n),
    };

    pmd_format_thread(reply, t->node, t->core);
    ds_put_format(reply, "  isolated : %s\n",
                  t->isolated ? "true" : "false");
    for (size_t i = 0; i < list->n; i++) {
        const struct poll_rxq *rxq = &list->rxqs[i];
        const struct port_class *class = rxq->port->class;
        uint64_t busy = perf_history_sum(&rxq->perf->history, now, n);

        load.rxqs += busy;
        pmd_format_rxq(reply, rxq->port->name, rxq->queue,
                       !class->rxq_enabled
                       || class->rxq_enabled(rxq->port, rxq->queue),
                       busy, &load);
    }
    if (list->n) {
        pmd_format_overhead(reply, &load);
    }
}

static void
rxq_show(struct unixctl_conn *conn, int argc, const char *argv[],
         void *aux OVS_UNUSED)
{
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct pmd_thread *const *threads;
    struct pmd_args args;
    size_t n;

    if (!pmd_args_parse(conn, argc, argv, PMD_ARG_CORE | PMD_ARG_SECS,
                        &args)) {
        return;
    }
    threads = pmd_get_threads(&n);
    if (n) {
        ds_put_format(&reply, "Displaying last %u seconds pmd usage %%\n",
                      args.secs);
    }
    for (size_t i = 0; i < n; i++) {
        if (pmd_args_select(&args, threads[i])) {
            show_rxqs(&reply, threads[i], args.secs);
        }
    }
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

static void
rebalance(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    struct pmd_args args;

    if (pmd_args_parse(conn, argc, argv, 0, &args)) {
        pmd_rebalance();
        unixctl_command_reply(conn, "pmd rxq rebalance requested.\n");
    }
}

static void
sleep_show(struct unixctl_conn *conn, int argc, const char *argv[],
           void *aux OVS_UNUSED)
{
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct pmd_thread *const *threads;
    struct pmd_args args;
    size_t n;

    if (!pmd_args_parse(conn, argc, argv, 0, &args)) {
        return;
    }
    threads = pmd_get_threads(&n);
    if (n) {
        ds_put_format(&reply, "Default max sleep: %4"PRIu32" us\n",
                      pmd_default_nap());
    }
    for (size_t i = 0; i < n; i++) {
        pmd_format_thread(&reply, threads[i]->node, threads[i]->core);
        ds_put_format(&reply, "  max sleep: %4"PRIu32" us\n",
                      atomic_load_explicit(&threads[i]->max_nap,
                                           memory_order_relaxed));
    }
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

void
pmd_cmd_init(void)
{
    unixctl_command_register("dpif-netdev/pmd-rxq-show",
                             "[-pmd core] [-secs secs] [dp]", 0, 5,
                             rxq_show, NULL);
    unixctl_command_register("dpif-netdev/pmd-rxq-rebalance", "[dp]", 0, 1,
                             rebalance, NULL);
    unixctl_command_register("dpif-netdev/pmd-sleep-show", "[dp]", 0, 1,
                             sleep_show, NULL);
    unixctl_command_register("dpif-netdev/pmd-stats-show",
                             "[-pmd core] [dp]", 0, 3, stats_show, NULL);
    unixctl_command_register("dpif-netdev/pmd-stats-clear",
                             "[-pmd core] [dp]", 0, 3, stats_clear, NULL);
    pmd_perf_cmd_init();
}
