/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-diff.h: from what is running and what is wanted to an ordered plan.
 *
 * Pure.  reconcile.c describes the running switch in a `struct cfg_have`,
 * read from the live objects themselves (not from an earlier snapshot), so
 * that an empty plan means: the switch is what the database asks for.
 */
#ifndef CFG_CFG_DIFF_H
#define CFG_CFG_DIFF_H 1

#include "cfg/cfg.h"

struct cfg_have_iface {
    const char *name;
    const char *bridge;
    enum cfg_type kind;
    const struct cfg_settings *set;     /* wanted settings it was given */
    const struct cfg_vlan *vlan;        /* in force; NULL where `failed` */
    int64_t ofport;
    bool failed;                /* no port could be made of it: the plan has
                                 * an ADD again only if `retry_failed` */
};

struct cfg_have_bridge {
    const char *name;
    bool secure;
    uint32_t mac_aging_time;
    uint32_t mac_table_size;
    bool forward_bpdu;
    const char *hwaddr;
    const struct vlan_set *flood_vlans;
    const struct cfg_mirror_settings *mirrors;
    size_t n_mirrors;
};

struct cfg_have {
    const struct cfg_have_bridge *bridges;
    size_t n_bridges;
    const struct cfg_have_iface *ifaces;
    size_t n_ifaces;
};

/* In this order: what frees names, devices, sockets and memory comes before
 * what needs them. */
enum cfg_step_kind {
    CFG_DEL_IFACE,              /* name */
    CFG_DEL_BRIDGE,             /* name */
    CFG_ADD_BRIDGE,             /* bridge */
    CFG_SET_BRIDGE,             /* bridge: its settings changed */
    CFG_SET_VLAN,               /* bridge, port, iface: VLANs changed */
    CFG_ADD_IFACE,              /* bridge, port, iface */
    CFG_SET_IFACE,              /* bridge, port, iface: its settings changed */
};

struct cfg_step {
    enum cfg_step_kind kind;
    char *name;                         /* owned: object's name */
    const struct cfg_bridge *bridge;    /* into `want`, NULL for DEL */
    const struct cfg_port *port;        /* into `want`, NULL unless the step */
    const struct cfg_iface *iface;      /* is about an interface it wants */
};

struct cfg_plan {
    struct cfg_step *steps;
    size_t n;
};

/* An interface whose kind, bridge, or identity (devargs, socket path) changed
 * is deleted and added; other differences are CFG_SET_IFACE.  An unusable
 * interface that is running under its name with the same kind and bridge is
 * left as it is (a port in service is never lost to a wrong value), unless
 * `must_stop`; one that is not running yields no step.  Within the adds, a
 * bridge's local interface comes first.
 *
 * What its port says of VLANs is applied to every interface that runs, be it
 * usable or not: a wrong value elsewhere must not keep it in another VLAN.
 *
 * One that failed is deleted (that is, forgotten) when it is no longer
 * wanted, and added again when its settings, kind or bridge changed, in place
 * of the failed one; with `retry_failed`, also without a change.  A bridge
 * with an error is neither added nor changed. */
void cfg_diff(const struct cfg_have *, const struct cfg *want,
              bool retry_failed, struct cfg_plan *);
void cfg_plan_destroy(struct cfg_plan *);

/* One line of text a person can read, for sluice/recompute.  The caller
 * frees it. */
char *cfg_step_to_string(const struct cfg_step *);

#endif
