/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-diff.c: which steps lead from what runs to what is wanted?
 *
 * The steps of one kind are made by one function each, called in the order
 * in which they must run.
 */
#include <config.h>
#include "cfg/cfg-diff.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/shash.h"
#include "util.h"

/* An interface in the configuration and the bridge it is in. */
struct wanted {
    const struct cfg_bridge *bridge;
    const struct cfg_port *port;
    const struct cfg_iface *iface;
};

struct diff {
    const struct cfg_have *have;
    const struct cfg *want;
    bool retry_failed;
    struct shash have_bridges;  /* const struct cfg_have_bridge * */
    struct shash have_ifaces;   /* const struct cfg_have_iface * */
    struct shash want_bridges;  /* const struct cfg_bridge * */
    struct shash want_ifaces;   /* struct wanted * */
    struct cfg_plan *plan;
    size_t allocated;
};

static const struct wanted nothing;

static void
add_step(struct diff *d, enum cfg_step_kind kind, const char *name,
         const struct wanted *w)
{
    if (d->plan->n >= d->allocated) {
        d->plan->steps = x2nrealloc(d->plan->steps, &d->allocated,
                                    sizeof *d->plan->steps);
    }
    d->plan->steps[d->plan->n++] = (struct cfg_step) {
        .kind = kind,
        .name = xstrdup(name),
        .bridge = w->bridge,
        .port = w->port,
        .iface = w->iface,
    };
}

/* Of two interfaces of one name, the usable one counts. */
static void
index_iface(struct diff *d, const struct cfg_bridge *br,
            const struct cfg_port *port, const struct cfg_iface *iface)
{
    struct wanted *w = shash_find_data(&d->want_ifaces, iface->name);

    if (!w) {
        w = xmalloc(sizeof *w);
        shash_add(&d->want_ifaces, iface->name, w);
    } else if (!iface->usable) {
        return;
    }
    w->bridge = br;
    w->port = port;
    w->iface = iface;
}

static void
index_all(struct diff *d)
{
    shash_init(&d->have_bridges);
    shash_init(&d->have_ifaces);
    shash_init(&d->want_bridges);
    shash_init(&d->want_ifaces);
    for (size_t i = 0; i < d->have->n_bridges; i++) {
        shash_add(&d->have_bridges, d->have->bridges[i].name,
                  &d->have->bridges[i]);
    }
    for (size_t i = 0; i < d->have->n_ifaces; i++) {
        shash_add(&d->have_ifaces, d->have->ifaces[i].name,
                  &d->have->ifaces[i]);
    }
    for (size_t i = 0; i < d->want->n_bridges; i++) {
        const struct cfg_bridge *br = &d->want->bridges[i];

        shash_add(&d->want_bridges, br->name, br);
        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j].n_ifaces; k++) {
                index_iface(d, br, &br->ports[j], &br->ports[j].ifaces[k]);
            }
        }
    }
}

static void
unindex_all(struct diff *d)
{
    shash_destroy(&d->have_bridges);
    shash_destroy(&d->have_ifaces);
    shash_destroy(&d->want_bridges);
    shash_destroy_free_data(&d->want_ifaces);
}

static bool
same_place(const struct cfg_have_iface *h, const struct wanted *w)
{
    return h->kind == w->iface->kind && !strcmp(h->bridge, w->bridge->name);
}

/* Is it the same port, whatever its other settings? */
static bool
same_identity(const struct cfg_have_iface *h, const struct wanted *w)
{
    const struct cfg_settings *a = h->set, *b = &w->iface->set;

    return same_place(h, w)
           && nullable_string_is_equal(a->devargs, b->devargs)
           && nullable_string_is_equal(a->vhost_path, b->vhost_path);
}

static bool
keep(const struct cfg_have_iface *h, const struct wanted *w)
{
    if (!w) {
        return false;
    } else if (h->failed) {
        return true;            /* nothing there to delete */
    } else if (w->iface->usable) {
        return same_identity(h, w);
    } else {
        return !w->iface->must_stop && same_place(h, w);
    }
}

static void
delete_ifaces(struct diff *d)
{
    for (size_t i = 0; i < d->have->n_ifaces; i++) {
        const struct cfg_have_iface *h = &d->have->ifaces[i];

        if (!keep(h, shash_find_data(&d->want_ifaces, h->name))) {
            add_step(d, CFG_DEL_IFACE, h->name, &nothing);
        }
    }
}

static void
delete_bridges(struct diff *d)
{
    for (size_t i = 0; i < d->have->n_bridges; i++) {
        const char *name = d->have->bridges[i].name;

        if (!shash_find(&d->want_bridges, name)) {
            add_step(d, CFG_DEL_BRIDGE, name, &nothing);
        }
    }
}

static void
add_bridges(struct diff *d)
{
    for (size_t i = 0; i < d->want->n_bridges; i++) {
        const struct cfg_bridge *br = &d->want->bridges[i];

        if (!br->error && !shash_find(&d->have_bridges, br->name)) {
            add_step(d, CFG_ADD_BRIDGE, br->name,
                     &(struct wanted) { .bridge = br });
        }
    }
}

static bool
bridge_differs(const struct cfg_have_bridge *h, const struct cfg_bridge *br)
{
    return h->secure != br->secure
           || h->mac_aging_time != br->mac_aging_time
           || h->mac_table_size != br->mac_table_size
           || h->forward_bpdu != br->forward_bpdu
           || !nullable_string_is_equal(h->hwaddr, br->hwaddr)
           || !vlan_set_equal(h->flood_vlans, &br->flood_vlans)
           || !cfg_mirrors_equal(h->mirrors, h->n_mirrors, br);
}

static void
set_bridges(struct diff *d)
{
    for (size_t i = 0; i < d->want->n_bridges; i++) {
        const struct cfg_bridge *br = &d->want->bridges[i];
        const struct cfg_have_bridge *h
            = shash_find_data(&d->have_bridges, br->name);

        if (h && !br->error && bridge_differs(h, br)) {
            add_step(d, CFG_SET_BRIDGE, br->name,
                     &(struct wanted) { .bridge = br });
        }
    }
}

static bool
must_add(const struct diff *d, const struct wanted *w)
{
    const struct cfg_have_iface *h
        = shash_find_data(&d->have_ifaces, w->iface->name);

    if (!w->iface->usable) {
        return false;
    }
    if (!h || !same_identity(h, w)) {
        return true;
    }
    return h->failed && (d->retry_failed
                         || !cfg_settings_equal(h->set, &w->iface->set));
}

static bool
must_set(const struct diff *d, const struct wanted *w)
{
    const struct cfg_have_iface *h
        = shash_find_data(&d->have_ifaces, w->iface->name);

    return h && !h->failed && w->iface->usable && same_identity(h, w)
           && !cfg_settings_equal(h->set, &w->iface->set);
}

static bool
must_set_vlan(const struct diff *d, const struct wanted *w)
{
    const struct cfg_have_iface *h
        = shash_find_data(&d->have_ifaces, w->iface->name);
    const struct wanted *counts
        = shash_find_data(&d->want_ifaces, w->iface->name);

    return h && !h->failed && counts->iface == w->iface && keep(h, w)
           && !cfg_vlan_equal(h->vlan, &w->port->vlan);
}

/* Calls `add_step` for each interface of bridge `br`, its local one if
 * `local`, else the others, for which `must` holds. */
static void
bridge_ifaces(struct diff *d, const struct cfg_bridge *br, bool local,
              enum cfg_step_kind kind,
              bool (*must)(const struct diff *, const struct wanted *))
{
    for (size_t i = 0; i < br->n_ports; i++) {
        for (size_t j = 0; j < br->ports[i].n_ifaces; j++) {
            struct wanted w = { br, &br->ports[i], &br->ports[i].ifaces[j] };

            if (must(d, &w) && !strcmp(w.iface->name, br->name) == local) {
                add_step(d, kind, w.iface->name, &w);
            }
        }
    }
}

static void
change_ifaces(struct diff *d, enum cfg_step_kind kind,
              bool (*must)(const struct diff *, const struct wanted *))
{
    for (size_t i = 0; i < d->want->n_bridges; i++) {
        bridge_ifaces(d, &d->want->bridges[i], true, kind, must);
        bridge_ifaces(d, &d->want->bridges[i], false, kind, must);
    }
}

void
cfg_diff(const struct cfg_have *have, const struct cfg *want,
         bool retry_failed, struct cfg_plan *plan)
{
    struct diff d = {
        .have = have,
        .want = want,
        .retry_failed = retry_failed,
        .plan = plan,
    };

    *plan = (struct cfg_plan) { .n = 0 };
    index_all(&d);
    delete_ifaces(&d);
    delete_bridges(&d);
    add_bridges(&d);
    set_bridges(&d);
    change_ifaces(&d, CFG_SET_VLAN, must_set_vlan);
    change_ifaces(&d, CFG_ADD_IFACE, must_add);
    change_ifaces(&d, CFG_SET_IFACE, must_set);
    unindex_all(&d);
}

void
cfg_plan_destroy(struct cfg_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        free(plan->steps[i].name);
    }
    free(plan->steps);
    *plan = (struct cfg_plan) { .n = 0 };
}

char *
cfg_step_to_string(const struct cfg_step *step)
{
    switch (step->kind) {
    case CFG_DEL_IFACE:
        return xasprintf("delete interface %s", step->name);
    case CFG_DEL_BRIDGE:
        return xasprintf("delete bridge %s", step->name);
    case CFG_ADD_BRIDGE:
        return xasprintf("add bridge %s", step->name);
    case CFG_SET_BRIDGE:
        return xasprintf("change settings of bridge %s", step->name);
    case CFG_ADD_IFACE:
        return xasprintf("add interface %s (%s) to bridge %s", step->name,
                         step->iface->type, step->bridge->name);
    case CFG_SET_VLAN:
        return xasprintf("change VLANs of interface %s", step->name);
    case CFG_SET_IFACE:
        return xasprintf("change settings of interface %s", step->name);
    }
    OVS_NOT_REACHED();
}
