/* SPDX-License-Identifier: Apache-2.0
 *
 * forward.c: what happens to a burst of frames.
 *
 * All frames of a burst came in at one port.  Neighbours with the same pair of
 * addresses and the same VLAN headers form a run, and what is decided is
 * decided once per run:
 *
 *   check    lengths, VLAN, addresses; keys and hashes; buckets are prefetched
 *   learn    source address -> port; writes only where something changed
 *   look up  destination address -> port, flood, or a drop with a name
 *   output   a batch per port, one port_tx() each; the dropped are freed
 *
 * The first three (forward-decide.c) only fill the context's arrays
 * ("decide"), the last one only reads them ("do").  Frames are rewritten in
 * the last stage, and there only where a port sends them with another VLAN
 * header than they came with.  A flood is forward-flood.c's, and
 * forward-mirror.c makes copies before.
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
#include <rte_mbuf.h>

#include "port/patch.h"
#include "port/port.h"
#include "switch/forward-ctx.h"
#include "switch/vlan-write.h"
#include "util.h"

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

void
forward_send(struct forward_ctx *ctx, const struct bridge_state *state,
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

void
forward_drop(struct forward_ctx *ctx, enum drop_reason reason,
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

/* Gives the frames of a run the form in which port `run_port(run)` sends them.
 * Those for which that was not possible are dropped, and behind the others. */
static void
retag(struct forward_ctx *ctx, const struct ingress *in, struct run *run,
      struct rte_mbuf **mbufs)
{
    const struct vlan_frame *f = &run->vlan;
    enum vlan_form form = vlan_out(&in->state->lports[run_port(run)].vlan, f);
    struct rte_mbuf **first = mbufs + run->first;
    unsigned int n = run_length(run), kept = 0;

    for (unsigned int i = 0; i < n; i++) {
        struct rte_mbuf *m = vlan_write(first[i], f, form);

        if (likely(m)) {
            first[kept++] = m;
        }
    }
    if (unlikely(kept < n)) {
        count(&ctx->drops.n[DROP_NO_MBUF], n - kept);
        run->lost = (uint16_t) (n - kept);
        ctx->lost = true;
    }
}

/* All frames go to one port, which sends them in another form. */
static void
output_retagged(struct forward_ctx *ctx, const struct ingress *in,
                struct rte_mbuf **mbufs)
{
    uint16_t to = (uint16_t) run_port(ctx->runs);
    unsigned int n = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        struct run *run = &ctx->runs[i];

        retag(ctx, in, run, mbufs);
        if (unlikely(n < run->first)) {
            memmove(mbufs + n, mbufs + run->first,
                    run_length(run) * sizeof *mbufs);
        }
        n += run_length(run);
    }
    if (likely(n)) {
        count(&ctx->stats.fdb_hits, n);
        forward_send(ctx, in->state, to, mbufs, n);
    }
}

/* The decisions differ. */
static void
output_mixed(struct forward_ctx *ctx, const struct ingress *in,
             struct rte_mbuf **mbufs)
{
    unsigned int hits = 0, n_flood = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        struct run *run = &ctx->runs[i];
        struct rte_mbuf **first = mbufs + run->first;

        if (unlikely(run->decision & RETAG)) {
            retag(ctx, in, run, mbufs);
        }
        if (likely(run_port(run) < FLOOD)) {
            hits += run_length(run);
            add_to_batch(ctx, (uint16_t) run_port(run), first,
                         run_length(run));
        } else if (run->decision == FLOOD) {
            n_flood += run_length(run);
        } else {
            forward_drop(ctx, run->decision & ~DROPPED, first,
                         run_length(run));
        }
    }
    count(&ctx->stats.fdb_hits, hits);
    if (unlikely(n_flood)) {
        count(&ctx->stats.floods, n_flood);
        forward_flood(ctx, in, mbufs);
    }
    for (unsigned int i = 0; i < ctx->n_batches; i++) {
        struct batch *b = &ctx->batches[i];

        ctx->batch_of[b->index] = 0;
        if (b->n) {
            forward_send(ctx, in->state, b->index, b->m, b->n);
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
        forward_drop(ctx, DROP_NO_BRIDGE, mbufs, n);
    } else if (unlikely(in->refuse)) {
        forward_drop(ctx, in->refuse - 1u, mbufs, n);
    } else {
        bool all;

        forward_check(ctx, in, mbufs, n);
        forward_learn(ctx, in, now);
        all = forward_look_up(ctx, in);
        if (unlikely(in->state->mirrors)) {
            forward_mirror(ctx, in, mbufs);
        }
        if (all && likely(ctx->runs[0].decision < FLOOD)) {
            count(&ctx->stats.fdb_hits, n);
            forward_send(ctx, in->state, (uint16_t) ctx->runs[0].decision,
                         mbufs, n);
        } else if (all && ctx->runs[0].decision & RETAG) {
            output_retagged(ctx, in, mbufs);
        } else {
            output_mixed(ctx, in, mbufs);
        }
    }
    if (unlikely(ctx->lost)) {
        for (unsigned int i = 0; i < FORWARD_BURST; i++) {
            ctx->runs[i].lost = 0;
        }
        ctx->lost = false;
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
