/* SPDX-License-Identifier: Apache-2.0
 *
 * forward-mirror.c: which frames of a burst are copied, and how?
 *
 * Runs between decision and output, while frames are still as they came.  A
 * copy is a reference where the mirror's port sends the frame as it lies; who
 * rewrites the frame later sees the reference and copies it.
 */
#include <config.h>
#include "switch/mirror.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "switch/forward-ctx.h"
#include "switch/reserved.h"
#include "switch/vlan-write.h"
#include "util.h"

/* Selection. */

/* Of the mirrors in `mask`, those that select the frame's VLAN. */
static uint32_t
select_vlan(const struct mirrors *ms, uint32_t mask,
            const struct vlan_frame *f)
{
    uint32_t selected = 0;

    for (; mask; mask &= mask - 1) {
        int i = __builtin_ctz(mask);

        if (vlan_set_has(&ms->v[i].vlans, vlan_of(f))) {
            selected |= UINT32_C(1) << i;
        }
    }
    return selected;
}

/* The mirrors, those in `mask` aside, of the ports that a run is flooded
 * to. */
static uint32_t
mirrored_by_flood(const struct ingress *in, const struct run *run,
                  uint32_t mask)
{
    const struct bridge_state *state = in->state;
    const uint32_t *dst = state->mirrors->dst;

    for (unsigned int w = 0; w < state->flood_words; w++) {
        uint64_t ports = bridge_carriers(state, vlan_of(&run->vlan), w);

        for (; ports; ports &= ports - 1) {
            const struct ingress *out = bridge_carrier(state, w, ports);

            if (dst[out->index] & ~mask
                && forward_form(in, out, &run->vlan) < NOT_SENT) {
                mask |= dst[out->index];
            }
        }
    }
    return mask;
}

uint32_t
forward_mirrored(const struct ingress *in, const struct run *run)
{
    const struct bridge_state *state = in->state;
    const struct mirrors *ms = state->mirrors;
    uint32_t mask;

    if (!(run->vlan.flags & VLAN_ENTERED)) {
        return 0;
    }
    mask = ms->src[in->index];
    if (run_port(run) < FLOOD) {
        mask |= ms->dst[run_port(run)];
    } else if (run->decision == FLOOD) {
        mask |= mirrored_by_flood(in, run, mask);
    }
    return mask ? select_vlan(ms, mask, &run->vlan) : 0;
}

/* Copies. */

/* The form in which a port sends a mirrored frame: where it does not carry the
 * frame's VLAN, as if it did. */
static enum vlan_form
mirror_form(const struct vlan_port *p, const struct vlan_frame *f)
{
    enum vlan_form form = vlan_out(p, f);
    bool further = f->further != VLAN_NO_FURTHER;

    if (form != VLAN_NOT_CARRIED) {
        return form;
    }
    if (p->mode == CFG_VLAN_ACCESS || p->mode == CFG_VLAN_TUNNEL) {
        return further ? VLAN_BARE : vlan_bare_or_priority(p, f);
    }
    if (vlan_of(f)) {
        return VLAN_TAGGED;
    }
    return further ? VLAN_PRIORITY : vlan_bare_or_priority(p, f);
}

/* A reference to the frame, or a copy that has `header` (none where `form` is
 * bare) and at most `snaplen` bytes.  NULL: no mbuf is left. */
static struct rte_mbuf *
copy(struct rte_mbuf *m, const struct vlan_frame *f, enum vlan_form form,
     uint32_t header, bool as_it_is, uint32_t snaplen)
{
    bool have = f->form != VLAN_BARE, want = form != VLAN_BARE;
    uint32_t whole = m->pkt_len, len, grown;
    struct rte_mbuf *c;

    if (as_it_is && whole <= snaplen) {
        rte_pktmbuf_refcnt_update(m, 1);
        return m;
    }
    if (as_it_is) {
        return vlan_copy(m, snaplen);
    }

    /* As many bytes of the frame as fill the copy once it has its header. */
    whole = whole - (have ? VLAN_TAG_LEN : 0)
            + (want ? VLAN_TAG_LEN : 0);
    len = MIN(whole, snaplen) + (have ? VLAN_TAG_LEN : 0)
          - (want ? VLAN_TAG_LEN : 0);
    c = vlan_copy(m, MAX(len, VLAN_AT + VLAN_TAG_LEN));
    if (c) {
        vlan_set_header(c, have, want, header);
        grown = rte_pktmbuf_pkt_len(c);
        if (grown > snaplen) {
            rte_pktmbuf_trim(c, (uint16_t) (grown - snaplen));
        }
    }
    return c;
}

/* Output. */

/* The longest piece that one of the mirrors `hits` wants. */
static uint32_t
snaplen_of(const struct mirrors *ms, uint32_t hits)
{
    uint32_t snaplen = 0;

    for (; hits; hits &= hits - 1) {
        snaplen = MAX(snaplen, ms->v[__builtin_ctz(hits)].snaplen);
    }
    return snaplen;
}

static void
count_run(const struct mirrors *ms, uint32_t hits, const struct run *run,
          struct rte_mbuf **first)
{
    uint64_t bytes = 0;

    for (unsigned int i = 0; i < run_length(run); i++) {
        bytes += MIN(first[i]->pkt_len, snaplen_of(ms, hits));
    }
    for (; hits; hits &= hits - 1) {
        struct mirror_counters *c = ms->v[__builtin_ctz(hits)].counters;

        atomic_fetch_add_explicit(&c->packets, run_length(run),
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&c->bytes, bytes, memory_order_relaxed);
    }
}

/* Adds the copies of a run that `out` sends to ctx->scratch, `n` of which are
 * there; returns how many then are.  `vlan`: the VLAN that is put in place of
 * the frame's own, 0: none. */
static unsigned int
add_copies(struct forward_ctx *ctx, unsigned int n, const struct run *run,
           struct rte_mbuf **first, const struct ingress *out, uint16_t vlan,
           uint32_t snaplen)
{
    struct vlan_frame f = run->vlan;
    enum vlan_form form;
    bool as_it_is;

    if (vlan) {
        f.header = (f.header & ~UINT32_C(0xfff)) | vlan;
        form = vlan_out(&out->vlan, &f);
        if (form == VLAN_NOT_CARRIED) {
            return n;
        }
        as_it_is = form == VLAN_BARE && f.form == VLAN_BARE;
    } else {
        form = mirror_form(&out->vlan, &f);
        as_it_is = form == f.form;
    }
    for (unsigned int i = 0; i < run_length(run); i++) {
        struct rte_mbuf *m = copy(first[i], &f, form, vlan_header(&f, form),
                                  as_it_is, snaplen);

        if (likely(m)) {
            ctx->scratch[n++] = m;
        } else {
            count(&ctx->drops.n[DROP_NO_MBUF], 1);
        }
    }
    return n;
}

/* May a run be copied into VLAN `vlan`?  Not if it is there, and not the
 * protocols that switches speak with each other. */
static bool
may_enter(const struct run *run, uint16_t vlan)
{
    return vlan_of(&run->vlan) != vlan && !is_reserved(run->dst);
}

/* Sends by `out` what the mirrors with destination `m` select. */
static void
send_copies(struct forward_ctx *ctx, const struct mirrors *ms,
            const struct mirror *m, const struct ingress *out,
            struct rte_mbuf **mbufs)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];
        uint32_t hits = ctx->mirrored[i] & m->same;

        if (hits && (m->output || may_enter(run, m->output_vlan))) {
            n = add_copies(ctx, n, run, mbufs + run->first, out,
                           m->output ? 0 : m->output_vlan,
                           snaplen_of(ms, hits));
        }
    }
    if (n) {
        forward_send(ctx, out->state, out->index, ctx->scratch, n);
    }
}

void
forward_mirror(struct forward_ctx *ctx, const struct ingress *in,
               struct rte_mbuf **mbufs)
{
    const struct bridge_state *state = in->state;
    const struct mirrors *ms = state->mirrors;
    uint32_t any = 0;

    for (unsigned int i = 0; i < ctx->n_runs; i++) {
        const struct run *run = &ctx->runs[i];
        uint32_t hits = forward_mirrored(in, run);

        ctx->mirrored[i] = hits;
        any |= hits;
        if (hits) {
            count_run(ms, hits, run, mbufs + run->first);
        }
    }
    while (any) {
        const struct mirror *m = &ms->v[__builtin_ctz(any)];

        any &= ~m->same;
        if (m->output) {
            send_copies(ctx, ms, m, m->output, mbufs);
            continue;
        }
        for (unsigned int w = 0; w < state->flood_words; w++) {
            uint64_t ports = bridge_carriers(state, m->output_vlan, w);

            for (; ports; ports &= ports - 1) {
                send_copies(ctx, ms, m, bridge_carrier(state, w, ports),
                            mbufs);
            }
        }
    }
}
