/* SPDX-License-Identifier: Apache-2.0
 *
 * forward-decide.c: what is to happen to each frame of a burst?
 *
 * The stages that decide.  Frames are read here and never written; what was
 * decided stands in the context's runs.
 */
#include <config.h>
#include "switch/forward-ctx.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "switch/fdb-table.h"
#include "switch/reserved.h"
#include "util.h"

enum { PREFETCH = 4 };          /* frames ahead */

/* Check. */

/* The limit allows one VLAN header: is there another, which explains that the
 * frame is longer? */
static bool
has_room_for_two(const struct rte_mbuf *m, uint32_t max_frame)
{
    struct vlan_headers h;

    return (m->pkt_len - max_frame <= VLAN_TAG_LEN
            && vlan_read_headers(rte_pktmbuf_mtod(m, const uint8_t *),
                                 m->data_len, &h)
            && h.n > 1);
}

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
    } else if (m->data_len < RTE_ETHER_HDR_LEN) {
        return DROP_MALFORMED;  /* header in pieces: no driver does that */
    } else if (m->pkt_len > max_frame && !has_room_for_two(m, max_frame)) {
        return DROP_OVERSIZE;
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

/* For addresses of which one is a group's, reserved, or zero. */
static uint32_t
judge(const struct bridge_state *state, uint64_t src, uint64_t dst)
{
    if (src & MULTICAST) {
        return DROPPED | DROP_SRC_MULTICAST;
    } else if (!src) {
        return DROPPED | DROP_SRC_ZERO;
    } else if (is_reserved(dst) && !state->forward_bpdu) {
        return DROPPED | DROP_RESERVED;
    }
    return dst & MULTICAST || !dst ? FLOOD : LOOK_UP;
}

/* Neighbours of a frame with VLAN headers join its run if theirs are the same:
 * the bits of a mask of the eight bytes behind the first TPID.  NOT_TAGGED:
 * there are none to compare. */
#define NOT_TAGGED UINT64_C(0)
#define NOBODY UINT64_MAX       /* may join */

/* TCI and the type behind it; in a frame with two headers the next TCI. */
static inline uint64_t
headers_mask(unsigned int n)
{
    return rte_cpu_to_be_64(n > 1 ? UINT64_C(0xffffffffffff0000)
                            : UINT64_C(0xffffffff00000000));
}

enum { HEADERS = RTE_ETHER_HDR_LEN };   /* where the masked bytes begin */

static inline bool
same_headers(const struct rte_mbuf *m, const uint8_t *frame,
             uint64_t headers, uint64_t mask)
{
    unsigned int n = mask == headers_mask(1) ? 1 : 2;
    uint64_t bytes;

    if (mask == NOBODY || m->data_len < HEADERS + n * VLAN_TAG_LEN) {
        return false;
    }
    memcpy(&bytes, frame + HEADERS, sizeof bytes);
    return !((bytes ^ headers) & mask);
}

/* What is decided of frames in VLAN `vlan` before their addresses are. */
static uint32_t
enter_vlan(const struct bridge_state *state, uint16_t vlan)
{
    return (unlikely(state->flood_vlans)
            && vlan_set_has(state->flood_vlans, vlan) ? FLOOD_ONLY : LOOK_UP);
}

/* A frame with a VLAN header begins a run.  Returns the mask for others. */
static uint64_t
check_headers(const struct ingress *in, const struct rte_mbuf *m,
              struct run *run, uint64_t *headers)
{
    const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
    struct vlan_headers h;
    int reason;

    if (!vlan_read_headers(frame, m->data_len, &h)) {
        run->vlan.flags = 0;
        run->decision = DROPPED | (m->data_len < m->pkt_len ? DROP_MALFORMED
                                   : DROP_RUNT);
        return NOBODY;
    }
    reason = vlan_in(&in->vlan, &h, &run->vlan);
    run->decision = (reason >= 0 ? DROPPED | (uint32_t) reason
                     : enter_vlan(in->state, vlan_of(&run->vlan)));
    memcpy(headers, frame + HEADERS, sizeof *headers);
    return headers_mask(h.n);
}

void __rte_cache_aligned
forward_check(struct forward_ctx *ctx, const struct ingress *in,
              struct rte_mbuf **mbufs, uint16_t n)
{
    const struct bridge_state *state = in->state;
    const struct fdb_table t = *fdb_table(state->fdb);
    const struct vlan_frame untagged = in->untagged;
    const uint32_t untagged_decision = in->untagged_decision;
    const uint64_t untagged_key = (uint64_t) vlan_of(&untagged) << 48;
    uint32_t max_frame = in->max_frame;
    struct run *run = ctx->runs;        /* the next one */
    uint64_t head = 0;          /* bytes 0 to 7 of the last run's frames */
    uint64_t rest = 0;          /* bytes 6 to 13, */
    uint64_t headers = 0;       /* bytes 14 to 21 */
    uint64_t mask = NOBODY;     /* and which bits of these are to be equal */

    for (uint16_t i = 0; i < n && i < PREFETCH; i++) {
        rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
    }
    for (uint16_t i = 0; i < n; i++) {
        const struct rte_mbuf *m = mbufs[i];
        const uint8_t *frame;
        uint64_t head_i, rest_i, vlan;

        if (i + PREFETCH < n) {
            rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + PREFETCH],
                                           const void *));
        }
        if (unlikely(!plainly_good(m, max_frame))) {
            int reason = fault(m, max_frame);

            if (reason >= 0) {
                run->vlan.flags = 0;
                run->decision = DROPPED | (uint32_t) reason;
                run->first = i;
                run++;
                mask = NOBODY;
                continue;
            }
        }

        frame = rte_pktmbuf_mtod(m, const uint8_t *);
        memcpy(&head_i, frame, sizeof head_i);
        memcpy(&rest_i, frame + 6, sizeof rest_i);
        if (head_i == head && rest_i == rest
            && (likely(mask == NOT_TAGGED)
                || same_headers(m, frame, headers, mask))) {
            continue;
        }

        head = head_i;
        rest = rest_i;
        rest_i = rte_be_to_cpu_64(rest);
        run->dst = rte_be_to_cpu_64(head) >> 16;
        run->src = rest_i >> 16;
        run->first = i;
        if (likely(!vlan_is_tpid((uint16_t) rest_i))) {
            run->vlan = untagged;
            run->decision = untagged_decision;
            vlan = untagged_key;
            mask = NOT_TAGGED;
        } else {
            mask = check_headers(in, m, run, &headers);
            vlan = (uint64_t) vlan_of(&run->vlan) << 48;
        }
        if (unlikely((run->src | run->dst) & MULTICAST || !run->src
                     || !run->dst
                     || run->dst >> 24 == RESERVED_EXTREME)) {
            uint32_t verdict = judge(state, run->src, run->dst);

            if (verdict >= DROPPED || run->decision == LOOK_UP) {
                run->decision = verdict;
            }
        }
        run->src |= vlan;
        run->dst |= vlan;
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
void __rte_cache_aligned
forward_learn(struct forward_ctx *ctx, const struct ingress *in, uint32_t now)
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

/* Where to, for a frame that cannot simply go as it is. */
static uint32_t
decide_form(const struct ingress *in, const struct ingress *out,
            const struct vlan_frame *f)
{
    unsigned int form;

    if (!out->port) {
        return FLOOD;           /* that port just left the bridge */
    }
    form = forward_form(in, out, f);
    if (form >= NOT_SENT) {
        return DROPPED | (form & ~(unsigned int) NOT_SENT);
    }
    return out->index | (form == f->form ? 0 : RETAG);
}

/* Where to, for a frame from `in` whose destination is behind `to`. */
static inline uint32_t
decide(const struct bridge_state *state, const struct ingress *in,
       const struct run *run, uint16_t to)
{
    const struct ingress *out = &state->lports[to];

    if (unlikely(to >= state->n)) {
        return FLOOD;           /* likewise */
    }
    if (likely(out->plain & run->vlan.flags)) {
        return likely(out != in) ? to : DROPPED | DROP_HAIRPIN;
    }
    return decide_form(in, out, &run->vlan);
}

bool __rte_cache_aligned
forward_look_up(struct forward_ctx *ctx, const struct ingress *in)
{
    const struct bridge_state *state = in->state;
    const struct fdb_table t = *fdb_table(state->fdb);
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
            run->decision = decide(state, in, run, to);
        } else if (run->decision == FLOOD_ONLY) {
            run->decision = FLOOD;
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
            run->decision = decide(state, in, run, to);
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
