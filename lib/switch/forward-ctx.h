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
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "openvswitch/list.h"
#include "switch/bridge.h"
#include "switch/fdb.h"
#include "switch/forward.h"
#include "switch/vlan.h"

/* What was decided for a run: a logical port's index, or one of these. */
enum {
    FLOOD = 0x10000,
    LOOK_UP = 0x20000,          /* not yet decided */
    DROPPED = 0x40000,          /* plus an enum drop_reason */
    FLOOD_ONLY = 0x80000,       /* before the look-up: FLOOD, and its source is
                                 * not learned */
    RETAG = 0x100000,           /* plus an index: that port sends it in another
                                 * form than it has */
};

/* Neighbouring frames with the same addresses and VLAN headers. */
struct run {
    uint64_t src, dst;          /* FDB keys; of no meaning where dropped */
    uint64_t src_hash, dst_hash;
    struct vlan_frame vlan;     /* flags are 0 where it is in no VLAN */
    uint32_t decision;
    uint16_t first;             /* its first frame's number in the burst */
    uint16_t lost;              /* of its last frames: dropped while others of
                                 * it go on; 0 between bursts */
};

static inline unsigned int
run_length(const struct run *run)
{
    return run[1].first - (unsigned int) run->first - run->lost;
}

/* The port that a run goes to, or a number above all indices. */
static inline uint32_t
run_port(const struct run *run)
{
    return run->decision & ~(uint32_t) RETAG;
}

/* The form in which a frame that came in by `in` leaves by `out`, or the
 * reason for which it does not, plus NOT_SENT. */
enum { NOT_SENT = 0x100 };
static inline unsigned int
forward_form(const struct ingress *in, const struct ingress *out,
             const struct vlan_frame *f)
{
    enum vlan_form form;

    if (out == in) {
        return NOT_SENT | DROP_HAIRPIN;
    } else if (out->mirror_output) {
        return NOT_SENT | DROP_MIRROR_OUTPUT;
    } else if (in->protected && out->protected) {
        return NOT_SENT | DROP_PROTECTED;
    }
    form = vlan_out(&out->vlan, f);
    return form == VLAN_NOT_CARRIED ? NOT_SENT | DROP_VLAN_OUTPUT : form;
}

/* forward-decide.c: the first three stages, "decide".  They fill ctx->runs,
 * read frames and write none. */
struct forward_ctx;
void forward_check(struct forward_ctx *, const struct ingress *,
                   struct rte_mbuf **, uint16_t n);
void forward_learn(struct forward_ctx *, const struct ingress *,
                   uint32_t now);
/* Returns true if all runs have the same decision. */
bool forward_look_up(struct forward_ctx *, const struct ingress *);

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
    unsigned int n_dropped;
    bool lost;                  /* a run has lost frames */
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
    uint32_t mirrored[FORWARD_BURST];   /* bits of the mirrors that select a
                                         * run */
    struct rte_mbuf *dropped[FORWARD_BURST];
    struct rte_mbuf *flood[FORWARD_BURST];
    struct rte_mbuf *scratch[FORWARD_BURST];
    struct rte_mbuf *forms[VLAN_N_FORMS][FORWARD_BURST];    /* of floods */
    struct batch batches[FORWARD_BURST];
    uint8_t batch_of[FDB_MAX_PORTS];    /* 1 + number; 0: none yet */
};

/* forward-mirror.c: the mirrors that select a run; the bridge has some. */
uint32_t forward_mirrored(const struct ingress *, const struct run *);

/* forward-mirror.c: sends copies of what the bridge's mirrors select. */
void forward_mirror(struct forward_ctx *, const struct ingress *,
                    struct rte_mbuf **);

/* forward-flood.c: sends the runs that are to be flooded, and with them what
 * ctx->batches has for the same ports. */
void forward_flood(struct forward_ctx *, const struct ingress *,
                   struct rte_mbuf **);

/* forward.c: sends frames by a port, in the form that it sends. */
void forward_send(struct forward_ctx *, const struct bridge_state *,
                  uint16_t to, struct rte_mbuf **, unsigned int n);
/* Counts frames, which are freed at the end of the burst. */
void forward_drop(struct forward_ctx *, enum drop_reason, struct rte_mbuf **,
                  unsigned int n);

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
