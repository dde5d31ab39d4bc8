/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-step.c: runs one step of a plan.
 */
#include <config.h>
#include "vswitchd/plan-step.h"

#include <stdlib.h>

#include "cfg/cfg-diff.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "pmd/pmd.h"
#include "port/patch.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "util.h"
#include "vswitchd/iface-rec.h"

#define this_module log_bridge

static void
del_iface(const char *name)
{
    struct iface_rec *r = iface_rec_find(name);

    if (!r) {
        return;
    }
    if (r->port) {
        struct bridge *br = bridge_of_port(r->port);

        if (br) {
            bridge_del_port(br, r->port);
        }
        port_delete(r->port);
        if (eal_state() == EAL_RUNNING) {
            pmd_reassign();
        }
    }
    iface_rec_free(r);
    iface_recs_follow_domains();
}

static char *
add_iface(struct iface_rec *r, const struct cfg_bridge *b,
          const struct cfg_port *port, const struct cfg_iface *iface)
{
    struct bridge *br = bridge_find(b->name);
    char *error = NULL;
    struct port *p;
    int ofport;

    if (!br) {
        return xasprintf("%s: bridge %s could not be made", iface->name,
                         b->name);
    }
    p = port_create(iface->kind, iface->name, &iface->set, pmd_n_senders(),
                    &error);
    if (!p) {
        return error;
    }
    ofport = bridge_add_port(br, p, &port->vlan, iface->has_ofport_request
                             ? iface->ofport_request : 0, &error);
    if (ofport < 0) {
        port_delete(p);
        return error;
    }
    port_publish(p);
    r->port = p;
    r->ofport = ofport;
    r->mtu = port_mtu(p);
    return NULL;
}

static void
run_add_iface(const struct cfg_step *s)
{
    struct iface_rec *r = iface_rec_get(s->iface->name);

    free(r->bridge);
    r->bridge = xstrdup(s->bridge->name);
    r->kind = s->iface->kind;
    cfg_settings_destroy(&r->set);
    cfg_settings_clone(&r->set, &s->iface->set);
    iface_recs_follow_domains();
    iface_rec_set_error(r, add_iface(r, s->bridge, s->port, s->iface));
}

static void
run_set_vlan(const struct cfg_step *s)
{
    const struct iface_rec *r = iface_rec_find(s->iface->name);
    struct bridge *br = r && r->port ? bridge_of_port(r->port) : NULL;

    if (br) {
        bridge_set_vlan(br, r->port, &s->port->vlan);
    }
}

static void
run_set_iface(const struct cfg_step *s)
{
    struct iface_rec *r = iface_rec_find(s->iface->name);
    char *error = NULL;

    if (r && r->port) {
        const char *affinity = r->port->wanted.rxq_affinity;
        bool moves = !nullable_string_is_equal(affinity,
                                               s->iface->set.rxq_affinity);

        r->tried = true;
        cfg_settings_destroy(&r->set);
        cfg_settings_clone(&r->set, &s->iface->set);
        /* The port logs and keeps the text itself. */
        port_set(r->port, &s->iface->set, pmd_n_senders(), &error);
        free(error);
        iface_rec_follow_mtu(r);
        if (moves && eal_state() == EAL_RUNNING) {
            pmd_rebalance();
        }
        if (port_is_patch(r->port)) {
            iface_recs_follow_domains();
            bridge_follow_patches();
        }
    }
}

static void
run_bridge_step(const struct cfg_step *s)
{
    struct bridge *br = bridge_find(s->name);
    char *error = NULL;

    switch (s->kind) {
    case CFG_ADD_BRIDGE:
        bridge_create(s->bridge, &error);
        break;
    case CFG_SET_BRIDGE:
        bridge_set(br, s->bridge, &error);
        break;
    case CFG_DEL_BRIDGE:
        bridge_destroy(br);
        break;
    default:
        OVS_NOT_REACHED();
    }
    if (error) {
        VLOG_WARN("%s", error);
        free(error);
    }
}

void
plan_step_run(const struct cfg_step *s)
{
    switch (s->kind) {
    case CFG_DEL_IFACE:
        del_iface(s->name);
        break;
    case CFG_ADD_IFACE:
        run_add_iface(s);
        break;
    case CFG_SET_VLAN:
        run_set_vlan(s);
        break;
    case CFG_SET_IFACE:
        run_set_iface(s);
        break;
    case CFG_DEL_BRIDGE:
    case CFG_ADD_BRIDGE:
    case CFG_SET_BRIDGE:
        run_bridge_step(s);
        break;
    }
}
