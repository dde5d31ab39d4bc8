/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-care.c: what happens to pools as time passes.
 *
 *  - A pool that nobody has is freed once its mbufs are home.  Nothing
 *    announces the last one, so it is looked for on a timer.
 *  - Such a pool that keeps mbufs out is reported: somebody holds them.
 *  - A pool that got less than was asked is filled up.  Nothing announces
 *    memory either.  The pool may be in use and the main loop has other work:
 *    one chunk (2 MB) per round.
 *
 * Main thread only.
 */
#include <config.h>
#include "mem/mp-pool.h"

#include <inttypes.h>

#include "eal/log-modules.h"
#include "mem/mempool.h"
#include "mem/mp-census.h"
#include "mem/mp-chunk.h"
#include "mem/mp-claim.h"
#include "mem/mp-memory.h"
#include "mem/mp-ops.h"
#include "mem/mp-size.h"
#include "mem/mp-snapshot.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

#define this_module log_netdev_dpdk

enum {
    SWEEP_INTERVAL = 100,       /* ms */
    FILL_INTERVAL = 1000,       /* ms, after a try without success */
    REPORT_AFTER = 5 * 1000,    /* ms after the last reference went */
    REPORT_INTERVAL = 5 * 60 * 1000,    /* ms */
    CHUNK_LOSS = 32,            /* 1/32 of a chunk at most holds no mbuf */
};

static long long int next_sweep = LLONG_MAX;    /* ms; max: none waits */
static long long int next_fill = LLONG_MAX;     /* ms; max: none is short */

void
mp_care_soon(void)
{
    next_fill = 0;
}

unsigned int
mp_sweep(void)
{
    unsigned int waiting = 0;
    struct mp *mp;

    if (ovs_list_is_empty(&mp_pools)) {
        return 0;
    }
    mp_assert_main_thread();
    LIST_FOR_EACH_SAFE (mp, node, &mp_pools) {
        if (mp->n_refs) {
            continue;
        } else if (mp_cache_all_home(mp->made.pool)) {
            mp_free(mp);
        } else {
            waiting++;
        }
    }
    next_sweep = waiting ? time_msec() + SWEEP_INTERVAL : LLONG_MAX;
    return waiting;
}

static void
report(const struct mp *mp, long long int seconds)
{
    struct ds holders = DS_EMPTY_INITIALIZER;
    struct mp_census c;

    mp_census_take(mp, &c);
    mp_census_format(&c, &holders);
    VLOG_WARN("mempool \"%s\" can't be freed: %"PRIu32" of its %"PRIu32" "
              "mbufs have been out for %lld s since no port has it: %s",
              mp->name, mp_cache_in_use(mp->made.pool),
              mp->made.pool->populated_size, seconds, ds_cstr(&holders));
    mp_census_destroy(&c);
    ds_destroy(&holders);
}

/* Says which pools wait for mbufs, each after 5 seconds and then every 5
 * minutes. */
static void
report_waiting(long long int now)
{
    struct mp *mp;

    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (!mp->n_refs && now >= mp->left + REPORT_AFTER
            && now >= mp->next_report) {
            report(mp, (now - mp->left) / 1000);
            mp->next_report = now + REPORT_INTERVAL;
        }
    }
}

/* The size to which there is memory to fill the pool up: what was asked, or
 * one that halving leads to.  0: there is not enough to get any further.
 *
 * A pool never takes memory for less than such a step.  It would only keep it
 * from another port's new pool. */
static uint32_t
fill_target(const struct mp *mp)
{
    const struct rte_mempool *pool = mp->made.pool;
    uint64_t size = pool->header_size + pool->elt_size + pool->trailer_size;
    uint64_t available = mp_memory_free(mp->socket);

    if (mp->elastic) {
        /* Each mbuf is one that a port may miss. */
        return available >= MP_CHUNK_BYTES ? mp->asked : 0;
    }
    for (uint32_t n = mp->asked; n > mp->made.granted
         && n > pool->populated_size; n = mp_next_smaller(n)) {
        uint64_t bytes = (n - pool->populated_size) * size;

        if (bytes + bytes / CHUNK_LOSS <= available) {
            return n;
        }
    }
    return 0;
}

/* Adds one chunk to a pool that is short of mbufs.  Returns false where no
 * memory could be had. */
static bool
fill_one(struct mp *mp)
{
    const struct rte_mempool *pool = mp->made.pool;
    uint32_t end;

    if (!mp->fill_to) {
        mp->fill_to = fill_target(mp);
    }
    end = mp->elastic ? mp->room : mp->fill_to;
    if (!mp->fill_to || mp_grow(&mp->made, end - pool->populated_size) < 0) {
        mp->fill_to = 0;
        return false;
    }
    if (pool->populated_size >= mp->fill_to) {
        mp->made.granted = mp->fill_to;
        mp->fill_to = 0;
        mp_ops_restart_lowest(mp->made.pool);
        VLOG_INFO("mempool \"%s\" has grown to %"PRIu32" of the %"PRIu32" "
                  "mbufs asked for", mp->name, mp->made.granted, mp->asked);
        mp_snapshot_soon();
    }
    return true;
}

/* Adds one chunk to the first pool that is short of mbufs and for which there
 * is memory. */
static void
fill_up(long long int now)
{
    struct mp *mp;

    next_fill = LLONG_MAX;
    mp_claim_update();
    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (!mp->n_refs || mp_granted(mp) >= mp->asked) {
            continue;
        } else if (fill_one(mp)) {
            next_fill = now;
            break;
        }
        next_fill = now + FILL_INTERVAL;
    }
}

void
mp_care_run(long long int now)
{
    if (now >= next_sweep) {
        mp_sweep();
        report_waiting(now);
    }
    if (now >= next_fill) {
        fill_up(now);
    }
}

void
mp_run(void)
{
    long long int now = time_msec();

    mp_care_run(now);
    mp_snapshot_run(now);
}

void
mp_wait(void)
{
    if (next_sweep != LLONG_MAX) {
        poll_timer_wait_until(next_sweep);
    }
    if (next_fill != LLONG_MAX) {
        poll_timer_wait_until(next_fill);
    }
    mp_snapshot_wait();
}

void
mp_destroy_all(void)
{
    unsigned int waiting = mp_sweep();

    if (waiting) {
        VLOG_WARN("%u mempools can't be freed: some of their mbufs are out",
                  waiting);
    }
}
