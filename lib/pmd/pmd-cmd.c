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
#include "pmd/pmd-format.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-perf.h"
#include "pmd/pmd-private.h"
#include "pmd/pmd-reload.h"
#include "port/port-class.h"
#include "port/port.h"
#include "switch/forward.h"
#include "unixctl.h"
#include "util.h"

static const char datapath[] = "ovs-netdev";

/* The I/O thread's; a PMD thread's is in the thread. */
static struct pmd_stats main_base;

struct request {
    int core;                   /* -1: all */
    unsigned int secs;
};

/* [-pmd core] [-secs secs] [dp] */
static bool
parse_args(int argc, const char *argv[], bool with_secs, struct request *r,
           char **errp)
{
    r->core = -1;
    r->secs = PERF_SECS_MAX;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-pmd") && i + 1 < argc) {
            if (!str_to_int(argv[++i], 10, &r->core) || r->core < 0) {
                *errp = xasprintf("-pmd \"%s\": not the number of a core",
                                  argv[i]);
                return false;
            }
        } else if (with_secs && !strcmp(argv[i], "-secs") && i + 1 < argc) {
            if (!str_to_uint(argv[++i], 10, &r->secs)) {
                *errp = xasprintf("-secs \"%s\": not a number of seconds, "
                                  "%d to %d", argv[i], PERF_SECS,
                                  PERF_SECS_MAX);
                return false;
            }
            r->secs = (!r->secs || r->secs > PERF_SECS_MAX ? PERF_SECS_MAX
                       : ROUND_UP(r->secs, PERF_SECS));
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
check_core(const struct request *r, char **errp)
{
    struct pmd_thread *const *threads;
    struct ds s = DS_EMPTY_INITIALIZER;
    size_t n;

    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (r->core < 0 || threads[i]->core == r->core) {
            ds_destroy(&s);
            return true;
        }
        ds_put_format(&s, "%s%d", i ? ", " : "", threads[i]->core);
    }
    if (r->core >= 0) {
        *errp = xasprintf("-pmd \"%d\": no PMD thread on this core; there is "
                          "one on: %s", r->core, n ? ds_cstr(&s) : "none");
    }
    ds_destroy(&s);
    return r->core < 0;
}

/* Parses; replies with an error and returns false where that fails. */
static bool
parse(struct unixctl_conn *conn, int argc, const char *argv[], bool with_secs,
      struct request *r)
{
    char *error = NULL;

    if (parse_args(argc, argv, with_secs, r, &error)
        && check_core(r, &error)) {
        return true;
    }
    unixctl_command_reply_error(conn, error);
    free(error);
    return false;
}

static bool
selected(const struct request *r, const struct pmd_thread *t)
{
    return r->core < 0 || r->core == t->core;
}

static void
get_stats(const struct pmd_thread *t, struct pmd_stats *s)
{
    const struct pmd_perf *perf = &t->perf;
    struct forward_stats f;

    forward_ctx_stats(t->forward, &f);
    s->packets = perf_get(&perf->packets);
    s->tx_packets = t->past_tx_packets + f.tx_packets;
    s->tx_batches = t->past_tx_batches + f.tx_batches;
    s->idle = perf_get(&perf->idle);
    s->busy = perf_get(&perf->busy);
}

static void
stats_show(struct unixctl_conn *conn, int argc, const char *argv[],
           void *aux OVS_UNUSED)
{
    struct ds reply = DS_EMPTY_INITIALIZER;
    struct pmd_thread *const *threads;
    struct pmd_stats s;
    struct request r;
    size_t n;

    if (!parse(conn, argc, argv, false, &r)) {
        return;
    }
    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (selected(&r, threads[i])) {
            pmd_format_thread(&reply, threads[i]->node, threads[i]->core);
            get_stats(threads[i], &s);
            s = pmd_stats_since(&s, &threads[i]->base);
            pmd_format_stats(&reply, &s);
        }
    }
    if (r.core < 0) {
        pmd_format_main_thread(&reply);
        io_thread_get_stats(&s);
        s = pmd_stats_since(&s, &main_base);
        pmd_format_stats(&reply, &s);
    }
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

static void
stats_clear(struct unixctl_conn *conn, int argc, const char *argv[],
            void *aux OVS_UNUSED)
{
    struct pmd_thread *const *threads;
    struct request r;
    size_t n;

    if (!parse(conn, argc, argv, false, &r)) {
        return;
    }
    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        if (selected(&r, threads[i])) {
            get_stats(threads[i], &threads[i]->base);
        }
    }
    if (r.core < 0) {
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
    struct request r;
    size_t n;

    if (!parse(conn, argc, argv, true, &r)) {
        return;
    }
    threads = pmd_get_threads(&n);
    if (n) {
        ds_put_format(&reply, "Displaying last %u seconds pmd usage %%\n",
                      r.secs);
    }
    for (size_t i = 0; i < n; i++) {
        if (selected(&r, threads[i])) {
            show_rxqs(&reply, threads[i], r.secs);
        }
    }
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

static void
rebalance(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    struct request r;

    if (parse(conn, argc, argv, false, &r)) {
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
    struct request r;
    size_t n;

    if (!parse(conn, argc, argv, false, &r)) {
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
}
