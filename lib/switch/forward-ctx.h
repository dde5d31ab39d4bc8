/* SPDX-License-Identifier: Apache-2.0
 *
 * forward-ctx.h: what a packet thread has in hand while it forwards.
 *
 * Between forward.c, which fills and uses it, and forward-ctx.c, which makes
 * it and adds up the counters of all of them.
 */
#ifndef SWITCH_FORWARD_CTX_H
#define SWITCH_FORWARD_CTX_H 1

#include <stdatomic.h>
#include <stdint.h>

#include <rte_common.h>

#include "openvswitch/list.h"
#include "switch/fdb.h"
#include "switch/forward.h"

/* What was decided for a run: a logical port's index, or one of these. */
enum {
    FLOOD = 0x10000,
    LOOK_UP = 0x20000,          /* not yet decided */
    DROPPED = 0x40000,          /* plus an enum drop_reason */
};

/* Neighbouring frames with the same addresses. */
struct run {
    uint64_t src, dst;          /* FDB keys; of no meaning where dropped */
    uint64_t src_hash, dst_hash;
    uint32_t decision;
    uint16_t first;             /* its first frame's number in the burst */
};

static inline unsigned int
run_length(const struct run *run)
{
    return run[1].first - (unsigned int) run->first;
}

/* Frames for one port. */
struct batch {
    uint16_t index;
    uint16_t n;
    struct rte_mbuf *m[FORWARD_BURST];
};

/* Owned by one packet thread, which alone writes it; others read the counters
 * and `node`. */
struct forward_ctx {
    unsigned int thread;
    unsigned int n_runs, n_batches;
    unsigned int n_dropped, n_flood;
    uint32_t now;
    unsigned int copies;        /* made of a frame behind patch ports, by all
                                 * contexts of the chain; kept in the first */
    struct forward_ctx *first;
    /* Behind a pair of patch ports, while this one's burst is under way.
     * Main: release store, once; the thread: acquire load. */
    _Atomic(struct forward_ctx *) deeper;
    struct forward_stats stats;
    struct drop_counters drops;
    struct ovs_list node;       /* in `contexts`, under its mutex */

    struct run runs[FORWARD_BURST + 1] __rte_cache_aligned;  /* and an end */
    uint8_t later[FORWARD_BURST];       /* runs put off within a stage */
    struct rte_mbuf *dropped[FORWARD_BURST];
    struct rte_mbuf *flood[FORWARD_BURST];
    struct rte_mbuf *scratch[FORWARD_BURST];
    struct batch batches[FORWARD_BURST];
    uint8_t batch_of[FDB_MAX_PORTS];    /* 1 + number; 0: none yet */
};

/* Counters have one writer: a plain addition that no reader sees torn. */
static inline void
count(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t
counted(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
