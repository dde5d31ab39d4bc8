/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-make.c: what is running, read from the live objects, and the plan that
 * makes it what is wanted.
 */
#include <config.h>
#include "vswitchd/plan-make.h"

#include <stdlib.h>

#include "cfg/cfg-diff.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "util.h"
#include "vswitchd/iface-rec.h"

struct have_builder {
    struct cfg_have_bridge *bridges;
    size_t n_bridges, allocated;
};

static void
describe_bridge(struct bridge *br, void *b_)
{
    struct have_builder *b = b_;
    struct bridge_settings s;

    bridge_get_settings(br, &s);
    if (b->n_bridges == b->allocated) {
        b->bridges = x2nrealloc(b->bridges, &b->allocated,
                                sizeof *b->bridges);
    }
    b->bridges[b->n_bridges++] = (struct cfg_have_bridge) {
        .name = bridge_name(br),
        .secure = s.secure,
        .mac_aging_time = s.mac_aging_time,
        .mac_table_size = s.mac_table_size,
        .forward_bpdu = s.forward_bpdu,
        .hwaddr = s.hwaddr,
        .flood_vlans = s.flood_vlans,
        .mirrors = s.mirrors,
        .n_mirrors = s.n_mirrors,
    };
}

bool
retry_is_quiet(enum cfg_type kind)
{
    return kind != CFG_TYPE_DPDK;
}

void
plan_make(const struct cfg *want, enum retry retry, struct cfg_plan *p)
{
    struct have_builder b = { .bridges = NULL };
    struct cfg_have_iface *ifaces
        = xcalloc(MAX(hmap_count(&iface_recs), 1), sizeof *ifaces);
    size_t n = 0;
    struct iface_rec *r;

    bridge_for_each(describe_bridge, &b);
    HMAP_FOR_EACH (r, node, &iface_recs) {
        struct bridge *br = r->port ? bridge_of_port(r->port) : NULL;

        if (!r->port && retry == RETRY_QUIET && retry_is_quiet(r->kind)) {
            continue;           /* as if it had never been tried */
        }
        ifaces[n++] = (struct cfg_have_iface) {
            .name = r->name,
            .bridge = br ? bridge_name(br) : r->bridge,
            .kind = r->port ? port_kind(r->port) : r->kind,
            .set = r->port ? &r->port->wanted : &r->set,
            .vlan = br ? bridge_vlan(r->port) : NULL,
            .ofport = r->ofport,
            .failed = !r->port,
        };
    }

    struct cfg_have have = {
        .bridges = b.bridges, .n_bridges = b.n_bridges,
        .ifaces = ifaces, .n_ifaces = n,
    };
    cfg_diff(&have, want, retry == RETRY_ALL, p);
    free(b.bridges);
    free(ifaces);
}
