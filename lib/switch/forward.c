/* SPDX-License-Identifier: Apache-2.0
 *
 * forward.c: what happens to a burst of frames.
 *
 * All frames of a burst came in at one port.  Neighbours with the same pair of
 * addresses form a run, and what is decided is decided once per run:
 *
 *   check    lengths, addresses; keys and hashes; buckets are prefetched
 *   learn    source address -> port; writes only where something changed
 *   look up  destination address -> port, flood, or a drop with a name
 *   output   a batch per port, one port_tx() each; the dropped are freed
 *
 * The first three only fill the context's arrays ("decide"), the last one only
 * reads them ("do").  A frame that goes to several ports is one mbuf with as
 * many references: nobody rewrites it.
 *
 * Order: frames of a burst leave by one port in the order they came.
 *
 * What is sent to a patch port is a burst of its peer's bridge, processed at
 * once, one context deeper.
 */
#include <config.h>
#include "switch/forward.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "port/patch.h"
#include "port/port.h"
#include "switch/fdb-table.h"
#include "switch/forward-ctx.h"
#include "util.h"

enum { PREFETCH = 4 };          /* frames ahead */
#define NO_TAIL UINT64_MAX      /* not the tail of any address pair */

/* Check. */

/* For a frame that is not plainly good: why it is dropped, or -1. */
static int
fault(const struct rte_mbuf *m, uint32_t max_frame)
{
    unsigned int n = 0;
    uint64_t length = 0;

    for (const struct rte_mbuf *s = m; s && n <= m->nb_segs; s = s->next) {
        length += s->data_len;
        n++;
    }
    if (n != m->nb_segs || length != m->pkt_len) {
        return DROP_MALFORMED;
    } else if (m->pkt_len < RTE_ETHER_HDR_LEN) {
        return DROP_RUNT;
    } else if (m->pkt_len > max_frame) {
        return DROP_OVERSIZE;
    } else if (m->data_len < RTE_ETHER_HDR_LEN) {
        return DROP_MALFORMED;  /* header in pieces: no driver does that */
    }
    return -1;
}

/* One segment, lengths agree, neither too short nor too long. */
static inline bool
plainly_good(const struct rte_mbuf *m, uint32_t max_frame)
{
    return (m->pkt_len - RTE_ETHER_HDR_LEN <= max_frame - RTE_ETHER_HDR_LEN
            && m->data_len == m->pkt_len && m->nb_segs == 1);
}

#define MULTICAST (UINT64_C(1) << 40)   /* in a key */

/* For addresses of which one is a group's, or zero. */
static uint32_t
judge(const struct bridge_state *state, uint64_t src, uint64_t dst)
{
    if (src & MULTICAST) {
        return DROPPED | DROP_SRC_MULTICAST;
    } else if (!src) {
        return DROPPED | DROP_SRC_ZERO;
    } else if (dst >> 4 == UINT64_C(0x0180c200000) && !state->forward_bpdu) {
        return DROPPED | DROP_RESERVED;
    }
    return dst & MULTICAST || !dst ? FLOOD : LOOK_UP;
}

/* Divides the burst into runs. */
static void
check(struct forward_ctx *ctx, const struct ingress *in,
      struct rte_mbuf **mbufs, uint16_t n)
{
    const struct bridge_state *state = in->state;
    const struct fdb_table t = *fdb_table(state->fdb);
    uint32_t max_frame = in->max_frame;
    struct run *run = ctx->runs;        /* the next one */
    uint64_t head = 0;          /* bytes 0 to 7 of the last run's frames */
    uint64_t tail = NO_TAIL;    /* bytes 8 to 11, or: nobody may join it */

    for (uint16_t i = 0; i < n && i < PREFETCH; i++) {
        rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
    }
    for (uint16_t i = 0; i < n; i++) {
        const struct rte_mbuf *m = mbufs[i];
        const uint8_t *frame;
        uint64_t head_i, rest;
        uint32_t tail_i;

        if (i + PREFETCH < n) {
            rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + PREFETCH],
                                           const void *));
        }
        if (unlikely(!plainly_good(m, max_frame))) {
            int reason = fault(m, max_frame);

            if (reason >= 0) {
                run->decision = DROPPED | (uint32_t) reason;
                run->first = i;
                run++;
                tail = NO_TAIL;
                continue;
            }
        }

        frame = rte_pktmbuf_mtod(m, const uint8_t *);
        memcpy(&head_i, frame, sizeof head_i);
        memcpy(&tail_i, frame + 8, sizeof tail_i);
        if (head_i == head && tail_i == tail) {
            continue;
        }

        head = head_i;
        tail = tail_i;
        memcpy(&rest, frame + 6, sizeof rest);
        run->dst = rte_be_to_cpu_64(head) >> 16;
        run->src = rte_be_to_cpu_64(rest) >> 16;
        run->first = i;
        run->decision = LOOK_UP;
        if (unlikely((run->src | run->dst) & MULTICAST || !run->src
                     || !run->dst)) {
            run->decision = judge(state, run->src, run->dst);
        }
        run->src_hash = fdb_hash(&t, run->src);
        run->dst_hash = fdb_hash(&t, run->dst);
        fdb_table_prefetch(&t, run->src_hash);
        fdb_table_prefetch(&t, run->dst_hash);
        run++;
    }
    run->first = n;
    ctx->n_runs = (unsigned int) (run - ctx->runs);
}

/* Learn.  What the first bucket does not know is put off until the other
 * bucket's memory is there. */
static void
learn(struct forward_ctx *ctx, const struct ingress *in, uint32_t now)
{
    struct fdb *fdb = in->state->fdb;
    const struct fdb_table t = *fdb_table(fdb);
    uint16_t port = in->index;
    unsigned int n_later = 0;

    for (unsigned int i = 0, n = ctx->n_runs; i < n; i++) {
        const struct run *run = &ctx->runs[i];

        if (likely(run->decision < DROPPED)
            && !fdb_bucket_knows(fdb_first(&t, run->src_hash), run->src,
                                 run->src_hash, port, now)) {
            fdb_table_prefetch_other(&t, run->src_hash);
            ctx->later[n_later++] = (uint8_t) i;
        }
    }
    for (unsigned int i = 0; i < n_later; i++) {
        const struct run *run = &ctx->runs[ctx->later[i]];
        const struct fdb_bucket *other
            = fdb_other(&t, run->src_hash, fdb_first(&t, run->src_hash));

        if (!fdb_bucket_knows(other, run->src, run->src_hash, port, now)) {
            fdb_learn(fdb, run->src, port, now);
        }
    }
}

/* Look up. */

/* Where to, for a frame of logical port `from` whose destination is behind
 * `to`. */
static inline uint32_t
decide(const struct ingress *lports, uint16_t n, uint16_t from, uint16_t to)
{
    if (unlikely(to >= n || !lports[to].port)) {
        return FLOOD;           /* that port just left the bridge */
    }
    return likely(to != from) ? to : DROPPED | DROP_HAIRPIN;
}

/* Returns true if all runs have the same decision. */
static bool
look_up(struct forward_ctx *ctx, const struct ingress *in)
{
    const struct bridge_state *state = in->state;
    const struct fdb_table t = *fdb_table(state->fdb);
    uint16_t n_lports = state->n, from = in->index;
    uint32_t any = 0, all = UINT32_MAX;
    unsigned int n_later = 0, misses = 0;

    for (unsigned int i = 0, n = ctx->n_runs; i < n; i++) {
        struct run *run = &ctx->runs[i];
        uint16_t to;

        if (likely(run->decision == LOOK_UP)) {
            if (unlikely(!fdb_bucket_lookup(fdb_first(&t, run->dst_hash),
                                            run->dst, run->dst_hash, &to))) {
                fdb_table_prefetch_other(&t, run->dst_hash);
                ctx->later[n_later++] = (uint8_t) i;
                continue;
            }
            run->decision = decide(state->lports, n_lports, from, to);
        }
        any |= run->decision;
        all &= run->decision;
    }
    for (unsigned int i = 0; i < n_later; i++) {
        struct run *run = &ctx->runs[ctx->later[i]];
        const struct fdb_bucket *other
            = fdb_other(&t, run->dst_hash, fdb_first(&t, run->dst_hash));
        uint16_t to;

        if (fdb_bucket_lookup(other, run->dst, run->dst_hash, &to)) {
            run->decision = decide(state->lports, n_lports, from, to);
        } else {
            run->decision = FLOOD;
            misses += run_length(run);
        }
        any |= run->decision;
        all &= run->decision;
    }
    if (unlikely(misses)) {
        count(&ctx->stats.fdb_misses, misses);
    }
    return any == all;
}

/* Output. */

static inline void process(struct forward_ctx *, const struct ingress *,
                           struct rte_mbuf **, uint16_t n, uint32_t now);

/* Through a patch port into its peer's bridge, with a context of its own: the
 * burst that this one belongs to is still under way.  Loops end because the
 * contexts do. */
static __rte_noinline void
cross(struct forward_ctx *ctx, const struct ingress *out,
      struct rte_mbuf **mbufs, uint16_t n)
{
    struct forward_ctx *deeper = atomic_load_explicit(&ctx->deeper,
                                                      memory_order_acquire);
    const struct ingress *in
        = (out->peer ? atomic_load_explicit(&out->peer->ingress,
                                            memory_order_acquire) : NULL);

    if (!in || !deeper) {
        count(&ctx->drops.n[in ? DROP_PATCH_LOOP : DROP_PATCH_NO_PEER], n);
        rte_pktmbuf_free_bulk(mbufs, n);
        return;
    }
    n = port_police_tx(out->port, mbufs, n);
    patch_count(out->port, out->peer, ctx->thread, mbufs, n);
    n = port_police(out->peer, mbufs, n);
    if (n) {
        process(deeper, in, mbufs, n, ctx->now);
    }
}

static void
send_to(struct forward_ctx *ctx, const struct bridge_state *state,
        uint16_t index, struct rte_mbuf **mbufs, unsigned int n)
{
    if (unlikely(state->lports[index].patch)) {
        cross(ctx, &state->lports[index], mbufs, (uint16_t) n);
        return;
    }
    count(&ctx->stats.tx_packets, n);
    count(&ctx->stats.tx_batches, 1);
    port_tx(state->lports[index].port, ctx->thread, mbufs, (uint16_t) n);
}

static void
drop(struct forward_ctx *ctx, enum drop_reason reason,
     struct rte_mbuf **mbufs, unsigned int n)
{
    count(&ctx->drops.n[reason], n);
    memcpy(ctx->dropped + ctx->n_dropped, mbufs, n * sizeof *mbufs);
    ctx->n_dropped += n;
}

static void
add_to_batch(struct forward_ctx *ctx, uint16_t index, struct rte_mbuf **mbufs,
             unsigned int n)
{
    uint8_t *number = &ctx->batch_of[index];
    struct batch *b;

    if (!*number) {
        *number = (uint8_t) ++ctx->n_batches;
        b = &ctx->batches[*number - 1];
        b->index = index;
        b->n = 0;
    } else {
        b = &ctx->batches[*number - 1];
    }
    for (unsigned int i = 0; i < n; i++) {
        b->m[b->n++] = mbufs[i];
    }
}

/* Everything for the port `index` of a burst with floods, in order. */
static unsigned int
merge(struct forward_ctx *ctx, uint16_t index, struct rte_mbuf **mbufs)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];

        if (run->decision == FLOOD || run->decision == index) {
            memcpy(ctx->scratch + n, mbufs + run->first,
                   run_length(run) * sizeof *mbufs);
            n += run_length(run);
        }
    }
    return n;
}

/* To each segment.  Of the usual single one the second cache line, where the
 * link to the next lies, is not touched. */
static inline void
add_references(struct rte_mbuf *m, int16_t n)
{
    if (likely(m->nb_segs == 1)) {
        rte_mbuf_refcnt_update(m, n);
    } else {
        rte_pktmbuf_refcnt_update(m, n);
    }
}

/* Sends the frames in ctx->flood to every other port that takes floods, and
 * with them those that ctx->batches has for these ports. */
static void
flood(struct forward_ctx *ctx, const struct ingress *in,
      struct rte_mbuf **mbufs)
{
    const struct bridge_state *state = in->state;
    int targets = 0;

    for (uint16_t i = 0; i < state->n_flood; i++) {
        targets += state->flood[i] != in->index;
    }
    if (!targets) {
        drop(ctx, DROP_NO_OUTPUT, ctx->flood, ctx->n_flood);
        return;
    }
    if (unlikely(ctx->first != ctx)) {
        ctx->first->copies += (unsigned int) targets;
        if (ctx->first->copies > FORWARD_COPIES) {
            drop(ctx, DROP_PATCH_LOOP, ctx->flood, ctx->n_flood);
            return;
        }
    }

    /* All references before the first send: a device may be done with the
     * frame before the next one gets it. */
    for (unsigned int i = 0; targets > 1 && i < ctx->n_flood; i++) {
        add_references(ctx->flood[i], (int16_t) (targets - 1));
    }
    for (uint16_t i = 0; i < state->n_flood; i++) {
        uint16_t to = state->flood[i];
        uint8_t number = ctx->batch_of[to];
        unsigned int n = ctx->n_flood;

        if (to == in->index) {
            continue;
        }
        if (number) {
            n = merge(ctx, to, mbufs);
            ctx->batches[number - 1].n = 0;
        } else {
            memcpy(ctx->scratch, ctx->flood, n * sizeof *ctx->flood);
        }
        send_to(ctx, state, to, ctx->scratch, n);
    }
}

/* The decisions differ. */
static void
output_mixed(struct forward_ctx *ctx, const struct ingress *in,
             struct rte_mbuf **mbufs)
{
    unsigned int hits = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];
        struct rte_mbuf **first = mbufs + run->first;
        unsigned int n = run_length(run);

        if (likely(run->decision < FLOOD)) {
            hits += n;
            add_to_batch(ctx, (uint16_t) run->decision, first, n);
        } else if (run->decision == FLOOD) {
            memcpy(ctx->flood + ctx->n_flood, first, n * sizeof *first);
            ctx->n_flood += n;
        } else {
            drop(ctx, run->decision & ~DROPPED, first, n);
        }
    }
    count(&ctx->stats.fdb_hits, hits);
    if (unlikely(ctx->n_flood)) {
        count(&ctx->stats.floods, ctx->n_flood);
        flood(ctx, in, mbufs);
        ctx->n_flood = 0;
    }
    for (unsigned int i = 0; i < ctx->n_batches; i++) {
        struct batch *b = &ctx->batches[i];

        ctx->batch_of[b->index] = 0;
        if (b->n) {
            send_to(ctx, in->state, b->index, b->m, b->n);
        }
    }
    ctx->n_batches = 0;
}

/* (Inline also here, where the compiler sees a recursion: through cross().) */
static __rte_always_inline void
process(struct forward_ctx *ctx, const struct ingress *in,
        struct rte_mbuf **mbufs, uint16_t n, uint32_t now)
{
    ctx->now = now;
    if (unlikely(!in)) {
        drop(ctx, DROP_NO_BRIDGE, mbufs, n);
    } else if (unlikely(in->state->secure)) {
        drop(ctx, DROP_SECURE, mbufs, n);
    } else {
        check(ctx, in, mbufs, n);
        learn(ctx, in, now);
        if (look_up(ctx, in) && likely(ctx->runs[0].decision < FLOOD)) {
            count(&ctx->stats.fdb_hits, n);
            send_to(ctx, in->state, (uint16_t) ctx->runs[0].decision, mbufs,
                    n);
        } else {
            output_mixed(ctx, in, mbufs);
        }
    }
    if (unlikely(ctx->n_dropped)) {
        rte_pktmbuf_free_bulk(ctx->dropped, ctx->n_dropped);
        ctx->n_dropped = 0;
    }
}

/* It begins at a cache line: how its loops lie in lines of the instruction
 * cache, worth 4 % with two ports, then depends on nothing else. */
void __rte_cache_aligned
forward_burst(struct forward_ctx *ctx, const struct ingress *in,
              struct rte_mbuf **mbufs, uint16_t n, uint32_t now)
{
    if (likely(n)) {
        count(&ctx->stats.rx_packets, n);
        ctx->copies = 0;
        process(ctx, in, mbufs, n, now);
    }
}
