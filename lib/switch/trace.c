/* SPDX-License-Identifier: Apache-2.0
 *
 * trace.c: what would the switch do with a frame, and why?
 *
 * The frame is put into an mbuf of our own and goes through the stages that
 * decide, in a context that nobody else knows.  What they decided is put into
 * words.
 */
#include <config.h>
#include "switch/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "openvswitch/dynamic-string.h"
#include "port/port.h"
#include "switch/bridge-state.h"
#include "switch/drop.h"
#include "switch/forward-ctx.h"
#include "switch/mirror.h"
#include "switch/vlan-write.h"
#include "util.h"

#define MAC_FMT "%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_ARGS(KEY)                                                   \
    (unsigned int) ((KEY) >> 40 & 0xff), (unsigned int) ((KEY) >> 32 & 0xff), \
    (unsigned int) ((KEY) >> 24 & 0xff), (unsigned int) ((KEY) >> 16 & 0xff), \
    (unsigned int) ((KEY) >> 8 & 0xff), (unsigned int) ((KEY) & 0xff)

struct trace {
    struct ds *ds;
    unsigned int depth;         /* pairs of patch ports so far */
};

/* A frame in an mbuf without a pool. */
struct traced_frame {
    struct rte_mbuf m;
    uint8_t room[RTE_PKTMBUF_HEADROOM + TRACE_FRAME_MAX + 64];
};

static void trace_burst(struct trace *, const struct bridge *,
                        const struct ingress *, struct rte_mbuf *);

static void OVS_PRINTF_FORMAT(2, 3)
say(struct trace *t, const char *format, ...)
{
    va_list args;

    ds_put_char_multiple(t->ds, ' ', 2 * (int) t->depth);
    va_start(args, format);
    ds_put_format_valist(t->ds, format, args);
    va_end(args);
    ds_put_char(t->ds, '\n');
}

static void
init_frame(struct traced_frame *f, const uint8_t *bytes, size_t n)
{
    memset(f, 0, sizeof *f);
    f->m.buf_addr = f->room;
    f->m.buf_len = (uint16_t) MIN(sizeof f->room, UINT16_MAX);
    f->m.data_off = RTE_PKTMBUF_HEADROOM;
    f->m.data_len = (uint16_t) n;
    f->m.pkt_len = (uint32_t) n;
    f->m.nb_segs = 1;
    rte_mbuf_refcnt_set(&f->m, 1);
    memcpy(rte_pktmbuf_mtod(&f->m, uint8_t *), bytes, n);
}

/* Entry. */

static void
say_entry(struct trace *t, const struct ingress *in, const struct run *run,
          const struct rte_mbuf *m)
{
    const struct vlan_port *p = &in->vlan;
    struct vlan_headers h;

    if (m->pkt_len >= 14
        && vlan_read_headers(rte_pktmbuf_mtod(m, const uint8_t *),
                             m->data_len, &h)) {
        if (h.n) {
            say(t, "VLAN header: TPID 0x%04x, VLAN %d, priority %d%s", h.tpid,
                h.tci & 0xfff, h.tci >> 13, h.n > 1 ? "; another behind it"
                : "");
        } else {
            say(t, "no VLAN header");
        }
    }
    if (run->vlan.flags & VLAN_ENTERED) {
        say(t, "VLAN %d, %s (vlan_mode %s)", vlan_of(&run->vlan),
            run->vlan.form == VLAN_TAGGED ? "as the header says"
            : p->mode == CFG_VLAN_TRUNK ? "since no header says another"
            : "the port's tag",
            cfg_vlan_mode_name((enum cfg_vlan_mode) p->mode));
    }
}

/* The source address. */
static void
say_learning(struct trace *t, const struct ingress *in, const struct run *run)
{
    const struct bridge_state *state = in->state;
    struct fdb_entry e;

    if (run->decision == FLOOD_ONLY) {
        say(t, "learn: nothing, VLAN %d is in flood_vlans",
            vlan_of(&run->vlan));
    } else if (!fdb_get(state->fdb, run->src, &e)) {
        say(t, "learn: "MAC_FMT" is behind this port", MAC_ARGS(run->src));
    } else if (e.is_static) {
        say(t, "learn: nothing, "MAC_FMT" has a static entry",
            MAC_ARGS(run->src));
    } else if (e.port == in->index) {
        say(t, "learn: "MAC_FMT" is known to be behind this port",
            MAC_ARGS(run->src));
    } else {
        say(t, "learn: "MAC_FMT" moves here from %s", MAC_ARGS(run->src),
            e.port < state->n && state->lports[e.port].port
            ? state->lports[e.port].port->name : "a port that has gone");
    }
}

/* Forwarding learns first.  Where a frame is to its own source address, that
 * makes a difference; nothing is learned here. */
static bool
is_for_itself(const struct ingress *in, const struct run *run)
{
    struct fdb_entry e;

    return (run->decision == LOOK_UP && run->src == run->dst
            && !(fdb_get(in->state->fdb, run->src, &e) && e.is_static));
}

/* Output. */

static const char *
form_text(const struct vlan_frame *f, enum vlan_form form, char *s, size_t n)
{
    uint32_t header = vlan_header(f, form);

    if (form == VLAN_BARE) {
        return f->form == VLAN_BARE ? "as it is" : "without its VLAN header";
    }
    snprintf(s, n, "with a VLAN header: TPID 0x%04"PRIx32", VLAN %"PRIu32", "
             "priority %"PRIu32"%s", header >> 16, header & 0xfff,
             header >> 13 & 7, f->form == form ? " (as it is)" : "");
    return s;
}

/* Through a pair of patch ports. */
static void
trace_patch(struct trace *t, const struct ingress *out,
            const struct run *run, enum vlan_form form,
            const struct rte_mbuf *m)
{
    const struct ingress *in
        = (out->peer ? atomic_load_explicit(&out->peer->ingress,
                                            memory_order_acquire) : NULL);
    const struct bridge *br = in ? bridge_of_port(out->peer) : NULL;
    struct traced_frame *f;

    t->depth++;
    if (!in) {
        say(t, "dropped as %s: %s", drop_names[DROP_PATCH_NO_PEER],
            drop_help[DROP_PATCH_NO_PEER]);
    } else if (t->depth > FORWARD_DEPTH) {
        say(t, "dropped as %s: %s", drop_names[DROP_PATCH_LOOP],
            drop_help[DROP_PATCH_LOOP]);
    } else {
        f = xmalloc(sizeof *f);
        init_frame(f, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
        vlan_set_header(&f->m, run->vlan.form != VLAN_BARE,
                        form != VLAN_BARE, vlan_header(&run->vlan, form));
        trace_burst(t, br, in, &f->m);
        free(f);
    }
    t->depth--;
}

static const char *
why_not(unsigned int reason)
{
    return (reason == DROP_PROTECTED ? "both ports are protected"
            : reason == DROP_MIRROR_OUTPUT ? "it is reserved for a mirror"
            : "it does not carry the frame, for its VLAN");
}

static void
trace_output(struct trace *t, const struct ingress *in,
             const struct ingress *out, const struct run *run,
             const struct rte_mbuf *m)
{
    unsigned int form = forward_form(in, out, &run->vlan);
    char text[80];

    if (out == in) {
        return;
    } else if (form >= NOT_SENT) {
        say(t, "not to %s: %s", out->port->name, why_not(form - NOT_SENT));
    } else {
        say(t, "output to %s: %s", out->port->name,
            form_text(&run->vlan, (enum vlan_form) form, text, sizeof text));
        if (out->patch) {
            trace_patch(t, out, run, (enum vlan_form) form, m);
        }
    }
}

static bool
anybody_takes(const struct ingress *in, const struct run *run)
{
    const struct bridge_state *state = in->state;

    for (uint16_t i = 0; i < state->n_flood; i++) {
        if (forward_form(in, &state->lports[state->flood[i]], &run->vlan)
            < NOT_SENT) {
            return true;
        }
    }
    return false;
}

static void
trace_flood(struct trace *t, const struct ingress *in, const struct run *run,
            const struct rte_mbuf *m)
{
    const struct bridge_state *state = in->state;

    for (uint16_t i = 0; i < state->n_flood; i++) {
        trace_output(t, in, &state->lports[state->flood[i]], run, m);
    }
    if (!anybody_takes(in, run)) {
        say(t, "dropped as %s: %s", drop_names[DROP_NO_OUTPUT],
            drop_help[DROP_NO_OUTPUT]);
    }
}

/* The destination address, `before` the look-up and after it. */
static void
say_look_up(struct trace *t, const struct ingress *in, const struct run *run,
            uint32_t before)
{
    struct fdb_entry e;

    if (before == FLOOD_ONLY) {
        say(t, "look up: not in VLANs of flood_vlans; to all ports that carry "
            "VLAN %d", vlan_of(&run->vlan));
    } else if (before == FLOOD) {
        say(t, "look up: "MAC_FMT" is no single station; to all ports that "
            "carry VLAN %d", MAC_ARGS(run->dst), vlan_of(&run->vlan));
    } else if (run->decision == FLOOD) {
        say(t, "look up: "MAC_FMT" is not known; to all ports that carry "
            "VLAN %d", MAC_ARGS(run->dst), vlan_of(&run->vlan));
    } else if (fdb_get(in->state->fdb, run->dst, &e)
               && e.port < in->state->n && in->state->lports[e.port].port) {
        say(t, "look up: "MAC_FMT" is behind %s (%s)", MAC_ARGS(run->dst),
            in->state->lports[e.port].port->name,
            e.is_static ? "static" : "learned");
    }
}

static void
say_mirrors(struct trace *t, const struct ingress *in, const struct run *run)
{
    const struct mirrors *ms = in->state->mirrors;
    uint32_t hits = ms ? forward_mirrored(in, run) : 0;

    for (; hits; hits &= hits - 1) {
        const struct mirror *m = &ms->v[__builtin_ctz(hits)];

        if (m->output) {
            say(t, "mirror %s: a copy to %s", m->name, m->output->port->name);
        } else {
            say(t, "mirror %s: a copy to VLAN %d", m->name, m->output_vlan);
        }
    }
}

static void
say_decision(struct trace *t, const struct ingress *in, const struct run *run,
             const struct rte_mbuf *m)
{
    if (run->decision == FLOOD) {
        trace_flood(t, in, run, m);
    } else if (run_port(run) < FLOOD) {
        trace_output(t, in, &in->state->lports[run_port(run)], run, m);
    } else {
        uint32_t reason = run->decision & ~(uint32_t) DROPPED;

        say(t, "dropped as %s: %s", drop_names[reason], drop_help[reason]);
    }
}

static void
trace_burst(struct trace *t, const struct bridge *br,
            const struct ingress *in, struct rte_mbuf *m)
{
    struct forward_ctx *ctx = xzalloc_cacheline(sizeof *ctx);
    struct run *run = ctx->runs;
    uint32_t before;

    say(t, "bridge %s, received on %s, %"PRIu32" bytes", bridge_name(br),
        in->port->name, m->pkt_len);
    if (in->refuse) {
        say(t, "dropped as %s: %s", drop_names[in->refuse - 1],
            drop_help[in->refuse - 1]);
        free_cacheline(ctx);
        return;
    }
    forward_check(ctx, in, &m, 1);
    say_entry(t, in, run, m);
    before = run->decision;
    if (before < DROPPED || before == FLOOD_ONLY) {
        say_learning(t, in, run);
        if (is_for_itself(in, run)) {
            run->decision = DROPPED | DROP_HAIRPIN;
        }
        forward_look_up(ctx, in);
        say_look_up(t, in, run, before);
    }
    say_mirrors(t, in, run);
    say_decision(t, in, run, m);
    free_cacheline(ctx);
}

void
switch_trace(const struct bridge *br, const struct bridge_member *member,
             const uint8_t *bytes, size_t n, struct ds *ds)
{
    struct trace t = { .ds = ds };
    struct traced_frame *f = xmalloc(sizeof *f);

    init_frame(f, bytes, n);
    trace_burst(&t, br, &br->state->lports[member->index], &f->m);
    free(f);
}
