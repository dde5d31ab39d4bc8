/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd.c: the set of packet threads.
 *
 * Which cores have a PMD thread (pmd-cpu-mask), and the order in which
 * threads, their queues and their numbers as senders change.  What a thread
 * does is pmd-loop.c's and io-thread.c's; who polls what is pmd-reload.c's.
 *
 * Numbers: a port with as many tx queues as there are senders gives each its
 * own, without locks, so numbers must be dense: IO_THREAD_SENDER, then the
 * PMD threads 1..n.  A thread keeps its number while it can.
 *
 * Main thread only.
 */
#include <config.h>
#include "pmd/pmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>

#include "eal/log-modules.h"
#include "eal/machine.h"
#include "eal/rcu.h"
#include "mem/mempool.h"
#include "openvswitch/poll-loop.h"
#include "pmd/io-thread.h"
#include "pmd/pmd-lb.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-mask.h"
#include "pmd/pmd-private.h"
#include "pmd/pmd-reload.h"
#include "pmd/rxq-assign.h"
#include "port/kernel.h"
#include "port/port.h"
#include "util.h"

#define this_module log_dpif_netdev

static bool running;
static char *sleep_max;                 /* cfg_pmd.sleep_max in force */
static bool keep_metrics;               /* likewise */
static struct pmd_thread **threads;     /* in order of core */
static size_t n_threads;
static struct rxq_assign_policy policy = {
    .how = CFG_RXQ_CYCLES,
    .isolate = true,
};

bool
pmd_is_running(void)
{
    return running;
}

struct pmd_thread *const *
pmd_get_threads(size_t *n)
{
    *n = n_threads;
    return threads;
}

unsigned int
pmd_n_threads(void)
{
    return (unsigned int) n_threads;
}

unsigned int
pmd_n_senders(void)
{
    return pmd_n_threads() + 1;
}

int
pmd_cores(int *cores, int max)
{
    int n = 0;

    while (n < max && (size_t) n < n_threads) {
        cores[n] = threads[n]->core;
        n++;
    }
    return n;
}

/* Ports share tx queues and mempools cater for caches from now on as `n`
 * senders need it. */
static void
set_senders(size_t n)
{
    mp_set_threads((unsigned int) n);
    port_set_senders((unsigned int) n);
    rcu_synchronize();
}

int
pmd_init(char **errp)
{
    int error;

    ovs_assert(!running);
    rcu_init();
    error = io_thread_start(errp);
    pmd_metrics_init();
    if (!error) {
        set_senders(1);
        kernel_set_wake(io_thread_wake);
        running = true;
    }
    return error;
}

/* A core that the main thread may run on: the lowest of those DPDK gave it. */
static int
main_core(void)
{
    rte_cpuset_t set = rte_lcore_cpuset(rte_get_main_lcore());

    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (CPU_ISSET(core, &set)) {
            return core;
        }
    }
    return -1;
}

int
pmd_mask_count(const char *mask, char **errp)
{
    int *cores;
    int n = pmd_mask_parse(mask, main_core(), &cores, errp);

    free(cores);
    return n;
}

bool
pmd_mask_differs(const char *mask)
{
    char *error = NULL;
    bool differs;
    int *cores;
    int n = pmd_mask_parse(mask, main_core(), &cores, &error);

    differs = n < 0 || (size_t) n != n_threads;
    for (int i = 0; i < n && !differs; i++) {
        differs = cores[i] != threads[i]->core;
    }
    free(cores);
    free(error);
    return differs;
}

/* A set of threads in the making. */
struct change {
    struct pmd_thread **all;    /* to be, in order of core */
    size_t n_all;
    struct pmd_thread **new;    /* of them, those started for it */
    size_t n_new;
    struct pmd_thread **ending; /* those of now that are not in `all` */
    size_t n_ending;
};

static struct pmd_thread *
find_thread(int core)
{
    for (size_t i = 0; i < n_threads; i++) {
        if (threads[i]->core == core) {
            return threads[i];
        }
    }
    return NULL;
}

static bool
is_in(struct pmd_thread *const *v, size_t n, const struct pmd_thread *t)
{
    size_t i = 0;

    while (i < n && v[i] != t) {
        i++;
    }
    return i < n;
}

/* Starts what is missing and finds what is too much.  On failure nothing has
 * changed. */
static int
change_prepare(struct change *c, const int *cores, size_t n, char **errp)
{
    c->all = xcalloc(n, sizeof *c->all);
    c->new = xcalloc(n, sizeof *c->new);
    c->ending = xcalloc(MAX(n_threads, 1), sizeof *c->ending);
    for (size_t i = 0; i < n; i++) {
        struct pmd_thread *t = find_thread(cores[i]);

        if (!t) {
            /* Numbers 1..n_threads are taken. */
            t = pmd_thread_start(cores[i], machine_core_node(cores[i]),
                                 (unsigned int) (n_threads + ++c->n_new),
                                 errp);
            if (!t) {
                c->n_new--;
                return -EAGAIN;
            }
            c->new[c->n_new - 1] = t;
        }
        c->all[c->n_all++] = t;
    }
    for (size_t i = 0; i < n_threads; i++) {
        if (!is_in(c->all, c->n_all, threads[i])) {
            c->ending[c->n_ending++] = threads[i];
        }
    }
    return 0;
}

static void
change_destroy(struct change *c)
{
    free(c->all);
    free(c->new);
    free(c->ending);
}

/* Makes the numbers 1..n_threads again, for as few threads as can be. */
static void
compact_numbers(void)
{
    unsigned int number = 1;

    for (size_t i = 0; i < n_threads; i++) {
        bool used = true;

        if (threads[i]->sender <= n_threads) {
            continue;
        }
        for (; used; number += used) {
            used = false;
            for (size_t j = 0; j < n_threads; j++) {
                used |= threads[j]->sender == number;
            }
        }
        reload_renumber(threads[i], number);
    }
}

static void
log_counts(void)
{
    for (size_t i = 0; i < n_threads; i++) {
        int node = threads[i]->node;
        int n = 0;

        for (size_t j = 0; j < n_threads; j++) {
            if (threads[j]->node == node) {
                if (j < i) {
                    n = 0;
                    break;      /* said already */
                }
                n++;
            }
        }
        if (n) {
            VLOG_INFO("There are %d pmd threads on numa node %d", n, node);
        }
    }
}

static void
keep_others_off(void)
{
    int *cores = xcalloc(MAX(n_threads, 1), sizeof *cores);

    machine_keep_off(cores, pmd_cores(cores, (int) n_threads));
    io_thread_follow();
    free(cores);
}

static void
set_naps(void)
{
    for (size_t i = 0; i < n_threads; i++) {
        struct pmd_thread *t = threads[i];
        uint32_t us = cfg_sleep_max(sleep_max, t->core);

        if (us != atomic_load_explicit(&t->max_nap, memory_order_relaxed)) {
            VLOG_INFO("PMD thread on numa_id: %d, core id: %2d may sleep up "
                      "to %"PRIu32" us.", t->node, t->core, us);
            atomic_store_explicit(&t->max_nap, us, memory_order_relaxed);
        }
    }
}

static void
set_metrics(void)
{
    for (size_t i = 0; i < n_threads; i++) {
        pmd_thread_keep_metrics(threads[i], keep_metrics);
    }
}

/* The new threads run and have no queue yet. */
static void
change_apply(struct change *c)
{
    for (size_t i = 0; i < c->n_ending; i++) {
        VLOG_INFO("PMD thread on numa_id: %d, core id: %2d destroyed.",
                  c->ending[i]->node, c->ending[i]->core);
    }
    for (size_t i = 0; i < c->n_new; i++) {
        VLOG_INFO("PMD thread on numa_id: %d, core id: %2d created.",
                  c->new[i]->node, c->new[i]->core);
    }

    /* 1 Ports lock tx queues that the highest number may share with others,
     *   before its owner sends. */
    set_senders(n_threads + c->n_new + 1);

    free(threads);
    threads = c->all;
    n_threads = c->n_all;
    c->all = NULL;
    log_counts();
    set_naps();
    set_metrics();

    /* 2 Queues move, from ending threads too.  These send nothing from now
     *   on. */
    reload_assign(threads, n_threads, &policy, false);

    /* 3 So they can go, and their numbers are free. */
    for (size_t i = 0; i < c->n_ending; i++) {
        pmd_thread_stop(c->ending[i]);
    }

    /* 4 No number is beyond the count of senders any more, before ports
     *   count on it. */
    compact_numbers();
    set_senders(n_threads + 1);

    keep_others_off();
}

int
pmd_set_mask(const char *mask, char **errp)
{
    struct change c = { .n_all = 0 };
    int *cores;
    int error;
    int n;

    ovs_assert(running);
    n = pmd_mask_parse(mask, main_core(), &cores, errp);
    if (n < 0) {
        return n;
    }
    error = change_prepare(&c, cores, (size_t) n, errp);
    if (error) {
        for (size_t i = 0; i < c.n_new; i++) {
            pmd_thread_stop(c.new[i]);
        }
    } else if (c.n_new || c.n_ending) {
        change_apply(&c);
    }
    change_destroy(&c);
    free(cores);
    return error;
}

void
pmd_quiesce_port(struct port *port)
{
    if (port_is_pmd(port)) {
        reload_remove_port(port);
    } else {
        io_thread_remove_port(port);
    }
}

void
pmd_publish_port(struct port *port)
{
    if (port_is_pmd(port)) {
        reload_add_port(port);
        pmd_reassign();
    } else {
        io_thread_add_port(port);
    }
}

void
pmd_reassign(void)
{
    reload_assign(threads, n_threads, &policy, true);
}

void
pmd_rebalance(void)
{
    reload_assign(threads, n_threads, &policy, false);
}

void
pmd_configure(const struct cfg_pmd *cfg)
{
    struct rxq_assign_policy new = {
        .how = cfg->rxq_assign,
        .isolate = cfg->rxq_isolate,
    };

    if (new.how != policy.how) {
        VLOG_INFO("Rxq to PMD assignment mode changed to: '%s'.",
                  rxq_assign_name(new.how));
    }
    if (new.how != policy.how || new.isolate != policy.isolate) {
        policy = new;
        pmd_rebalance();
    }
    if (!nullable_string_is_equal(sleep_max, cfg->sleep_max)) {
        free(sleep_max);
        sleep_max = nullable_xstrdup(cfg->sleep_max);
        set_naps();
    }
    keep_metrics = cfg->perf_metrics;
    set_metrics();
    pmd_lb_configure(cfg);
}

size_t
pmd_estimate(uint64_t *now, uint64_t *then)
{
    return (policy.how == CFG_RXQ_ROUNDROBIN ? 0
            : reload_estimate(threads, n_threads, &policy, now, then));
}

void
pmd_run(void)
{
    if (running && pmd_lb_run(perf_interval(rte_rdtsc()))) {
        pmd_rebalance();
    }
}

void
pmd_wait(void)
{
    if (running && pmd_lb_is_on()) {
        poll_timer_wait(PERF_SECS * 1000 / 2);
    }
}

uint32_t
pmd_default_nap(void)
{
    return cfg_sleep_max(sleep_max, -1);
}

void
pmd_destroy(void)
{
    struct pmd_thread **ending = threads;
    size_t n = n_threads;

    if (!running) {
        return;
    }
    threads = NULL;
    n_threads = 0;
    pmd_reassign();
    for (size_t i = 0; i < n; i++) {
        VLOG_INFO("PMD thread on numa_id: %d, core id: %2d destroyed.",
                  ending[i]->node, ending[i]->core);
        pmd_thread_stop(ending[i]);
    }
    free(ending);
    kernel_set_wake(NULL);
    io_thread_stop();
    running = false;
}
