/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge-state.c: what packet threads see of a bridge, and how it changes
 * under their hands.
 *
 * A change compiles a new `struct bridge_state`, stores each
 * member's `ingress` (release), waits for a grace period and frees the old
 * state.  A packet thread that loads `ingress` (acquire) sees either state
 * whole, never a mixture.
 */
#include <config.h>
#include "switch/bridge-state.h"

#include <stdlib.h>

#include "eal/rcu.h"
#include "port/patch.h"
#include "port/port.h"
#include "switch/forward-ctx.h"
#include "util.h"

enum { FRAME_OVERHEAD = 14 + 4 };  /* bytes: Ethernet header, one VLAN tag */

static uint32_t
max_frame(const struct port *port)
{
    uint32_t mtu = port_mtu(port);

    if (port_is_patch(port)) {
        return UINT32_MAX;      /* judged where the frame came in */
    }
    return (mtu ? mtu : CFG_MTU_DEFAULT) + FRAME_OVERHEAD;
}

/* Frames without a VLAN header are decided for all bursts. */
static void
compile_untagged(const struct bridge_state *state, struct ingress *in)
{
    static const struct vlan_headers none;
    int reason = vlan_in(&in->vlan, &none, &in->untagged);

    if (reason >= 0) {
        in->untagged_decision = DROPPED | (uint32_t) reason;
    } else if (state->flood_vlans
               && vlan_set_has(state->flood_vlans, vlan_of(&in->untagged))) {
        in->untagged_decision = FLOOD_ONLY;
    } else {
        in->untagged_decision = LOOK_UP;
    }
}

static void
compile_port(const struct bridge *br, const struct member *m,
             struct bridge_state *state, struct vlan_set *vlans)
{
    struct ingress *in = &state->lports[m->index];

    in->port = m->port;
    in->max_frame = max_frame(m->port);
    in->patch = port_is_patch(m->port);
    in->peer = in->patch ? bridge_patch_peer(m->port) : NULL;
    *vlans = m->vlan.vlans;
    vlan_port_init(&in->vlan, &m->vlan, vlans);
    in->protected = m->vlan.protected;
    compile_untagged(state, in);
    in->mirror_output = bridge_is_mirror_output(br, m);
    if (!in->protected && !in->mirror_output
        && vlan_port_is_plain(&in->vlan)) {
        in->plain = VLAN_PLAIN;
    }
    if (br->secure) {
        in->refuse = 1 + DROP_SECURE;
    } else if (in->mirror_output) {
        in->refuse = 1 + DROP_MIRROR_OUTPUT;
    }
}

static void
free_state(struct bridge_state *state)
{
    free(CONST_CAST(struct mirrors *, state->mirrors));
    free(CONST_CAST(uint64_t *, state->carriers));
    free_cacheline(state);
}

static struct bridge_state *
compile(const struct bridge *br)
{
    struct bridge_state *state;
    size_t lports_size, vlans_size, flood_size;
    struct vlan_set *vlans;
    uint16_t *flood;
    uint16_t n = 0;

    for (size_t i = 0; i < br->n_members; i++) {
        n = MAX(n, br->members[i]->index + 1);
    }
    lports_size = n * sizeof *state->lports;
    vlans_size = (br->n_members + 1) * sizeof *vlans;
    flood_size = br->n_members * sizeof *state->flood;
    state = xzalloc_cacheline(sizeof *state + lports_size + vlans_size
                              + flood_size);
    vlans = (void *) ((char *) state->lports + lports_size);
    flood = (void *) ((char *) vlans + vlans_size);
    state->fdb = br->fdb;
    state->forward_bpdu = br->forward_bpdu;
    state->n = n;
    state->flood = flood;
    state->plain_flood = true;
    if (!vlan_set_is_empty(&br->flood_vlans)) {
        *vlans = br->flood_vlans;
        state->flood_vlans = vlans++;
    }
    for (uint16_t i = 0; i < n; i++) {
        state->lports[i].state = state;
        state->lports[i].index = i;
    }
    for (size_t i = 0; i < br->n_members; i++) {
        const struct member *m = br->members[i];

        compile_port(br, m, state, vlans++);
        if (!state->lports[m->index].mirror_output) {
            flood[state->n_flood++] = m->index;
            state->plain_flood &= state->lports[m->index].plain != 0;
        }
    }
    bridge_compile_carriers(state);
    state->mirrors = bridge_compile_mirrors(br, state);
    return state;
}

void
bridge_publish(struct bridge *br)
{
    struct bridge_state *old = br->state;

    br->state = compile(br);
    for (size_t i = 0; i < br->n_members; i++) {
        const struct member *m = br->members[i];

        atomic_store_explicit(&m->port->ingress, &br->state->lports[m->index],
                              memory_order_release);
    }
    if (old) {
        rcu_synchronize();
        free_state(old);
    }
}

void
bridge_state_free(struct bridge *br)
{
    ovs_assert(!br->n_members);
    free_state(br->state);
    br->state = NULL;
}

bool
bridge_frame_size_differs(const struct bridge *br, const struct member *m)
{
    return br->state->lports[m->index].max_frame != max_frame(m->port);
}
