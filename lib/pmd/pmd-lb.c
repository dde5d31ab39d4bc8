/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-lb.c: when are rx queues dealt out anew without being asked?  See
 * pmd-lb.h.
 *
 * Time is counted in intervals of pmd-perf.h.
 */
#include <config.h>
#include "pmd/pmd-lb.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cfg/cfg.h"
#include "eal/log-modules.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-perf.h"
#include "pmd/pmd-private.h"
#include "pmd/pmd-reload.h"
#include "util.h"

#define this_module log_dpif_netdev

enum {
    PER_MINUTE = 60 / PERF_SECS,        /* intervals */
    PATIENCE = PER_MINUTE,      /* for a thread at the threshold */
};

static struct cfg_auto_lb set;
static uint64_t seen;           /* the last interval that was looked at */
static uint64_t next;           /* no dry run before this one */

/* What was seen so far does not count any more. */
static void
forget(struct pmd_thread *const *threads, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        threads[i]->n_overloaded = 0;
    }
}

static void
begin(void)
{
    struct pmd_thread *const *threads;
    size_t n;

    threads = pmd_get_threads(&n);
    forget(threads, n);
    seen = next = 0;
}

bool
pmd_lb_is_on(void)
{
    return set.on;
}

void
pmd_lb_configure(const struct cfg_pmd *cfg)
{
    const struct cfg_auto_lb *new = &cfg->auto_lb;

    if (new->on && (!set.on || new->interval != set.interval
                    || new->load != set.load
                    || new->improvement != set.improvement)) {
        VLOG_INFO("PMD auto load balance is enabled: interval %"PRIu32" min, "
                  "load threshold %"PRIu32"%%, improvement threshold "
                  "%"PRIu32"%%.", new->interval, new->load,
                  new->improvement);
    } else if (!new->on && set.on) {
        VLOG_INFO("PMD auto load balance is disabled.");
    }
    if (new->on && !set.on) {
        begin();
    }
    set = *new;
}

unsigned int
pmd_lb_improvement(const uint64_t *now, const uint64_t *then, size_t n)
{
    double mean[2] = { 0, 0 }, variance[2] = { 0, 0 };

    for (size_t i = 0; i < n; i++) {
        mean[0] += (double) now[i] / (double) n;
        mean[1] += (double) then[i] / (double) n;
    }
    for (size_t i = 0; i < n; i++) {
        double a = (double) now[i] - mean[0];
        double b = (double) then[i] - mean[1];

        variance[0] += a * a;
        variance[1] += b * b;
    }
    return (variance[0] <= variance[1] ? 0
            : (unsigned int) (100 * (variance[0] - variance[1])
                              / variance[0]));
}

/* How much of its time a thread was busy in the last complete interval. */
static uint64_t
load_percent(const struct pmd_thread *t, uint64_t interval)
{
    uint64_t busy = perf_history_sum(&t->perf.busy_history, interval, 1);
    uint64_t total = perf_history_sum(&t->perf.total_history, interval, 1);

    return total ? busy * 100 / total : 0;
}

/* Looks at the interval that has ended.  Is a thread overloaded? */
static bool
any_overloaded(struct pmd_thread *const *threads, size_t n,
               uint64_t interval)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        struct pmd_thread *t = threads[i];
        bool loaded = (!t->isolated
                       && load_percent(t, interval) >= set.load);

        t->n_overloaded = loaded ? t->n_overloaded + 1 : 0;
        any |= t->n_overloaded >= PATIENCE;
    }
    return any;
}

static bool
dry_run(struct pmd_thread *const *threads, size_t n)
{
    uint64_t *loads = xcalloc(2 * n, sizeof *loads);
    unsigned int percent = 0;
    size_t n_loads = pmd_estimate(loads, loads + n);

    if (n_loads < 2) {
        VLOG_INFO("PMD auto load balance: a thread is overloaded, but there "
                  "is nothing to be gained: queues could move only between "
                  "NUMA nodes, or not at all.");
    } else {
        percent = pmd_lb_improvement(loads, loads + n, n_loads);
        VLOG_INFO("PMD auto load balance dry run: the variance of the "
                  "threads' load would improve by %u%%, threshold "
                  "%"PRIu32"%%: %s.", percent, set.improvement,
                  percent >= set.improvement ? "rebalancing"
                  : "leaving queues where they are");
    }
    forget(threads, n);
    free(loads);
    return n_loads >= 2 && percent && percent >= set.improvement;
}

bool
pmd_lb_run(uint64_t interval)
{
    struct pmd_thread *const *threads;
    size_t n;

    if (!set.on || interval == seen) {
        return false;
    }
    seen = interval;
    threads = pmd_get_threads(&n);
    if (!any_overloaded(threads, n, interval) || interval < next) {
        return false;
    }
    next = interval + MAX(set.interval, 1) * PER_MINUTE;
    return dry_run(threads, n);
}
