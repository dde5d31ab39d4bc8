/* SPDX-License-Identifier: Apache-2.0
 *
 * forward-flood.c: how does a frame get to many ports?
 *
 * One mbuf goes to all ports that send the frame in the same form, with as
 * many references: nobody rewrites it any more.  There are three forms at
 * most, so a flood makes two copies at most, however many ports it goes to;
 * none where all ports are trunks, or all are access ports.
 *
 * What the burst has for one of these ports beside the flood is sent with it,
 * so that a port gets the frames of a burst in order.
 */
#include <config.h>
#include "switch/forward.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "switch/forward-ctx.h"
#include "switch/vlan-write.h"
#include "util.h"

/* Adds references to each segment.  Of the usual single one the second cache
 * line, where the link to the next lies, is not touched. */
static inline void
add_references(struct rte_mbuf *m, int16_t n)
{
    if (likely(m->nb_segs == 1)) {
        rte_mbuf_refcnt_update(m, n);
    } else {
        rte_pktmbuf_refcnt_update(m, n);
    }
}

static void
drop_run(struct forward_ctx *ctx, struct run *run, struct rte_mbuf **mbufs,
         enum drop_reason reason)
{
    forward_drop(ctx, reason, mbufs + run->first, run_length(run));
    run->decision = DROPPED | reason;
}

/* May so many more copies be made of the frames that came through patch
 * ports? */
static bool
may_copy(struct forward_ctx *ctx, unsigned int n)
{
    if (likely(ctx->first == ctx)) {
        return true;
    }
    ctx->first->copies += n;
    return ctx->first->copies <= FORWARD_COPIES;
}

/* Takes the frames that the burst has for port `to` beside the flood out of
 * their batch. */
static bool
take_batch(struct forward_ctx *ctx, uint16_t to)
{
    uint8_t number = ctx->batch_of[to];

    if (number) {
        ctx->batches[number - 1].n = 0;
    }
    return number;
}

static unsigned int
append(struct forward_ctx *ctx, unsigned int n, struct rte_mbuf **mbufs,
       const struct run *run)
{
    memcpy(ctx->scratch + n, mbufs + run->first,
           run_length(run) * sizeof *mbufs);
    return n + run_length(run);
}

/* All ports take all frames as they are. */

static unsigned int
collect_flood(struct forward_ctx *ctx, struct rte_mbuf **mbufs)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];

        if (run->decision == FLOOD) {
            memcpy(ctx->flood + n, mbufs + run->first,
                   run_length(run) * sizeof *mbufs);
            n += run_length(run);
        }
    }
    return n;
}

/* Everything for port `to`, in order. */
static unsigned int
merge(struct forward_ctx *ctx, uint16_t to, struct rte_mbuf **mbufs)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];

        if (run->decision == FLOOD || run_port(run) == to) {
            n = append(ctx, n, mbufs, run);
        }
    }
    return n;
}

static void
flood_plain(struct forward_ctx *ctx, const struct ingress *in,
            struct rte_mbuf **mbufs)
{
    const struct bridge_state *state = in->state;
    unsigned int n_flood = collect_flood(ctx, mbufs), targets = 0;

    for (uint16_t i = 0; i < state->n_flood; i++) {
        targets += state->flood[i] != in->index;
    }
    if (!targets || !may_copy(ctx, targets)) {
        forward_drop(ctx, targets ? DROP_PATCH_LOOP : DROP_NO_OUTPUT,
                     ctx->flood, n_flood);
        return;
    }

    /* All references before the first send: a device may be done with the
     * frame before the next one gets it. */
    for (unsigned int i = 0; targets > 1 && i < n_flood; i++) {
        add_references(ctx->flood[i], (int16_t) (targets - 1));
    }
    for (uint16_t i = 0; i < state->n_flood; i++) {
        uint16_t to = state->flood[i];
        unsigned int n = n_flood;

        if (to == in->index) {
            continue;
        }
        if (take_batch(ctx, to)) {
            n = merge(ctx, to, mbufs);
        } else {
            memcpy(ctx->scratch, ctx->flood, n * sizeof *ctx->flood);
        }
        forward_send(ctx, state, to, ctx->scratch, n);
    }
}

/* Ports take different forms, or not every frame. */

/* How many ports take a run in which form? */
static unsigned int
count_forms(const struct ingress *in, const struct run *run,
            unsigned int n[VLAN_N_FORMS])
{
    const struct bridge_state *state = in->state;
    unsigned int total = 0;

    memset(n, 0, VLAN_N_FORMS * sizeof *n);
    for (unsigned int w = 0; w < state->flood_words; w++) {
        uint64_t ports = bridge_carriers(state, vlan_of(&run->vlan), w);

        for (; ports; ports &= ports - 1) {
            unsigned int form = forward_form(
                in, bridge_carrier(state, w, ports), &run->vlan);

            if (form < NOT_SENT) {
                n[form]++;
                total++;
            }
        }
    }
    return total;
}

/* Makes frame `number` of the burst in the forms that are wanted, with the
 * references that their ports need.  A form for which there is no mbuf is NULL
 * and counted. */
static void
make_forms(struct forward_ctx *ctx, const struct vlan_frame *f,
           struct rte_mbuf *m, unsigned int number,
           const unsigned int n[VLAN_N_FORMS])
{
    enum vlan_form own = (enum vlan_form) f->form;

    /* The original becomes the last of the others where nobody takes it as it
     * is; until then they are copied from it. */
    for (int form = 0; form < VLAN_N_FORMS && !n[own]; form++) {
        if (n[form]) {
            own = (enum vlan_form) form;
        }
    }
    for (int form = 0; form < VLAN_N_FORMS; form++) {
        struct rte_mbuf *copy = NULL;

        if (n[form] && form != (int) own) {
            copy = vlan_copy(m, UINT32_MAX);
            if (likely(copy)) {
                vlan_set_header(copy, f->form != VLAN_BARE, form != VLAN_BARE,
                                vlan_header(f, (enum vlan_form) form));
            } else {
                count(&ctx->drops.n[DROP_NO_MBUF], n[form]);
            }
        }
        ctx->forms[form][number] = copy;
    }
    if (own != f->form) {
        m = vlan_write(m, f, own);
        if (unlikely(!m)) {
            count(&ctx->drops.n[DROP_NO_MBUF], n[own]);
        }
    }
    ctx->forms[own][number] = m;
    for (int form = 0; form < VLAN_N_FORMS; form++) {
        if (n[form] > 1 && ctx->forms[form][number]) {
            add_references(ctx->forms[form][number], (int16_t) (n[form] - 1));
        }
    }
}

/* Makes what each flooded run needs; one that nobody takes is dropped. */
static void
prepare(struct forward_ctx *ctx, const struct ingress *in,
        struct rte_mbuf **mbufs)
{
    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        struct run *run = &ctx->runs[i];
        unsigned int n[VLAN_N_FORMS], total;

        if (run->decision != FLOOD) {
            continue;
        }
        total = count_forms(in, run, n);
        if (!total || !may_copy(ctx, total)) {
            drop_run(ctx, run, mbufs, total ? DROP_PATCH_LOOP
                     : DROP_NO_OUTPUT);
            continue;
        }
        for (unsigned int j = 0; j < run_length(run); j++) {
            make_forms(ctx, &run->vlan, mbufs[run->first + j], run->first + j,
                       n);
        }
    }
}

/* Everything for `out`, in order. */
static unsigned int
collect(struct forward_ctx *ctx, const struct ingress *in,
        const struct ingress *out, struct rte_mbuf **mbufs)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];
        unsigned int form;

        if (run_port(run) == out->index) {
            n = append(ctx, n, mbufs, run);
        }
        if (run->decision != FLOOD) {
            continue;
        }
        form = forward_form(in, out, &run->vlan);
        if (form >= NOT_SENT) {
            continue;
        }
        for (unsigned int j = 0; j < run_length(run); j++) {
            struct rte_mbuf *m = ctx->forms[form][run->first + j];

            if (likely(m)) {
                ctx->scratch[n++] = m;
            }
        }
    }
    return n;
}

/* Ports that carry the VLAN of any run that is flooded: word `w`. */
static uint64_t
any_carriers(const struct forward_ctx *ctx, const struct bridge_state *state,
             unsigned int w)
{
    uint64_t ports = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];

        if (run->decision == FLOOD) {
            ports |= bridge_carriers(state, vlan_of(&run->vlan), w);
        }
    }
    return ports;
}

static void
flood_forms(struct forward_ctx *ctx, const struct ingress *in,
            struct rte_mbuf **mbufs)
{
    const struct bridge_state *state = in->state;

    prepare(ctx, in, mbufs);
    for (unsigned int w = 0; w < state->flood_words; w++) {
        uint64_t ports = any_carriers(ctx, state, w);

        for (; ports; ports &= ports - 1) {
            const struct ingress *out = bridge_carrier(state, w, ports);
            unsigned int n = collect(ctx, in, out, mbufs);

            take_batch(ctx, out->index);
            if (n) {
                forward_send(ctx, state, out->index, ctx->scratch, n);
            }
        }
    }
}

void
forward_flood(struct forward_ctx *ctx, const struct ingress *in,
              struct rte_mbuf **mbufs)
{
    bool plain = in->state->plain_flood;

    for (unsigned int i = 0; plain && i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];

        plain = run->decision != FLOOD || run->vlan.flags & VLAN_PLAIN;
    }
    if (plain) {
        flood_plain(ctx, in, mbufs);
    } else {
        flood_forms(ctx, in, mbufs);
    }
}
