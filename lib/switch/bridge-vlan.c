/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge-vlan.c: a member's VLANs, and what the FDB may say of them.
 *
 * When a port leaves a VLAN, packet threads first stop to use the old state;
 * then what was learned under it is taken out of the FDB.  In between a
 * look-up may find such an entry: the port does not carry the frame any more,
 * and it is dropped.  Static entries are the operator's: they stay.
 *
 * Main thread only.
 */
#include <config.h>
#include "switch/bridge-state.h"

#include <stdlib.h>

#include "port/port.h"
#include "util.h"

struct stale {
    const struct bridge *br;
    const struct cfg_vlan *vlans[FDB_MAX_PORTS];        /* by index */
};

static bool
is_stale(const struct fdb_entry *e, const void *stale_)
{
    const struct stale *stale = stale_;
    uint16_t vlan = (uint16_t) (e->key >> 48);
    const struct cfg_vlan *v = stale->vlans[e->port];

    return (vlan >= N_VLANS || !v || !cfg_vlan_learns(v, vlan)
            || vlan_set_has(&stale->br->flood_vlans, vlan));
}

void
bridge_flush_stale(struct bridge *br)
{
    struct stale *stale = xzalloc(sizeof *stale);

    stale->br = br;
    for (size_t i = 0; i < br->n_members; i++) {
        const struct member *m = br->members[i];

        if (!br->state->lports[m->index].mirror_output) {
            stale->vlans[m->index] = &m->vlan;
        }
    }
    fdb_flush_if(br->fdb, is_stale, stale);
    free(stale);
}

void
bridge_set_vlan(struct bridge *br, struct port *port,
                const struct cfg_vlan *vlan)
{
    struct member *m = bridge_find_member(port);

    ovs_assert(m && m->bridge == br);
    m->vlan = *vlan;
    bridge_publish(br);
    bridge_flush_stale(br);
}

const struct cfg_vlan *
bridge_vlan(const struct port *port)
{
    const struct member *m = bridge_find_member(port);

    ovs_assert(m);
    return &m->vlan;
}
