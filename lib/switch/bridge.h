/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge.h: bridges and the compiled state that packet threads read.
 *
 * A bridge's configuration belongs to the main thread.  Each change compiles
 * an immutable `struct bridge_state` and publishes it through every member
 * port's `ingress` pointer; the old one is freed after a grace period.  The
 * FDB is not part of it: it is concurrent by itself.
 */
#ifndef SWITCH_BRIDGE_H
#define SWITCH_BRIDGE_H 1

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "cfg/cfg.h"
#include "switch/fdb.h"
#include "switch/vlan.h"

struct bridge;
struct bridge_state;
struct port;

/* A logical port as packet threads see it.  `port->ingress` of the device
 * points to it. */
struct ingress {
    const struct bridge_state *state;
    struct port *port;          /* the device; NULL: this index is free */
    uint16_t index;             /* what the FDB and floods name */
    uint8_t plain;              /* VLAN_PLAIN: takes every frame with that
                                 * flag as it lies; or 0 */
    uint8_t refuse;             /* 1 + the reason for which every frame that
                                 * it receives is dropped; or 0 */
    uint32_t max_frame;         /* bytes without CRC, one VLAN tag allowed */

    /* Frames that come without a VLAN header. */
    struct vlan_frame untagged;
    uint32_t untagged_decision; /* forward-ctx.h */

    bool patch;                 /* frames sent to it go to `peer`'s bridge */
    bool protected;
    bool mirror_output;         /* reserved: no frame is forwarded to it */
    struct vlan_port vlan;
    struct port *peer;          /* NULL: none */
} __rte_cache_aligned;

struct bridge_state {
    struct fdb *fdb;
    bool forward_bpdu;
    bool plain_flood;           /* every port that takes floods is plain */
    uint16_t n;                 /* entries in lports[] */
    uint16_t n_flood;
    const uint16_t *flood;      /* indices of ports that take floods */
    uint16_t flood_words;       /* that bridge_carriers() may be asked for */
    uint16_t carriers_step;     /* from VLAN to VLAN; 0: one row for all */
    const uint64_t *carriers;
    const struct vlan_set *flood_vlans; /* NULL: none */
    const struct mirrors *mirrors;      /* NULL: none */
    struct ingress lports[];
};

/* Ports that a flood in `vlan` may go to, 64 at a time: bit i of word `w` is
 * port state->flood[64 * w + i].  They carry the VLAN; which of them a frame
 * really leaves by, and how, forward_form() says. */
static inline uint64_t
bridge_carriers(const struct bridge_state *state, uint16_t vlan,
                unsigned int w)
{
    return state->carriers[(size_t) vlan * state->carriers_step + w];
}

/* The port of the lowest bit of `carriers`, part of word `w`. */
static inline const struct ingress *
bridge_carrier(const struct bridge_state *state, unsigned int w,
               uint64_t carriers)
{
    return &state->lports[state->flood[64 * w + (unsigned int)
                                       __builtin_ctzll(carriers)]];
}

/* Name for a log line or a list, OpenFlow port number. */
struct bridge_member {
    const char *name;
    uint16_t index;
    uint16_t ofport;            /* 65534: the local port */
    struct port *port;
};

void switch_init(void);

struct bridge *bridge_create(const struct cfg_bridge *, char **errp);
void bridge_destroy(struct bridge *);   /* no member left */
/* Applies changed settings; flows go on. */
int bridge_set(struct bridge *, const struct cfg_bridge *, char **errp);

/* Makes `port` a member, in the VLANs that `vlan` says (NULL: a trunk of all).
 * `ofport_request` 1..65279 or 0 (any); returns the OpenFlow port number
 * given, >= 1, or a negative errno with a text. The bridge's local interface
 * (named like it) gets 65534. Frames flow when the port is published too. */
int bridge_add_port(struct bridge *, struct port *,
                    const struct cfg_vlan *vlan, int64_t ofport_request,
                    char **errp);
/* After return no packet thread knows the port and no FDB entry names it. */
void bridge_del_port(struct bridge *, struct port *);
/* The member gets other VLANs.  After return no frame of its goes by the old
 * ones, and no learned entry of the FDB names it in a VLAN that it does not
 * carry. */
void bridge_set_vlan(struct bridge *, struct port *, const struct cfg_vlan *);
/* The VLANs of a port that is a member. */
const struct cfg_vlan *bridge_vlan(const struct port *);
/* The port's MTU changed: compile again. */
void bridge_port_changed(struct bridge *, struct port *);

/* Patch ports (bridge-patch.c).  Two that are members, and name each other,
 * are a pair.  A patch port's peer changed: connects and disconnects. */
void bridge_follow_patches(void);
/* Is the patch port one of a pair? */
bool bridge_is_patched(const struct port *);

struct bridge *bridge_find(const char *name);
struct bridge *bridge_of_port(const struct port *);
const char *bridge_name(const struct bridge *);
struct fdb *bridge_fdb(const struct bridge *);  /* until bridge_set() */
size_t bridge_count(void);
void bridge_for_each(void (*cb)(struct bridge *, void *aux), void *aux);
/* In order of name. */
size_t bridge_n_members(const struct bridge *);
void bridge_get_member(const struct bridge *, size_t i,
                       struct bridge_member *);
int bridge_ofport(const struct bridge *, const struct port *);  /* or -1 */

/* Settings in force, for the diff. */
struct bridge_settings {
    bool secure, forward_bpdu;
    uint32_t mac_aging_time, mac_table_size;
    const char *hwaddr;
    const struct vlan_set *flood_vlans;
    const struct cfg_mirror_settings *mirrors;
    size_t n_mirrors;
};
void bridge_get_settings(const struct bridge *, struct bridge_settings *);

/* A mirror that is in use, and what it has sent. */
struct bridge_mirror {
    const char *id;
    uint64_t packets, bytes;
};
size_t bridge_n_mirrors(const struct bridge *);
void bridge_get_mirror(const struct bridge *, size_t i,
                       struct bridge_mirror *);

/* Ages FDBs, and says where addresses move too often; about once a second. */
void switch_run(void);
void switch_wait(void);

/* Seconds of the clock that the FDB uses (monotonic). */
uint32_t switch_now(void);

/* fdb/show, fdb/flush, fdb/add, fdb/del, fdb/stats-show, fdb/stats-clear,
 * sluice/trace, sluice/drop-show, dpif/show, dpctl/show, dpif/dump-dps,
 * ofproto/list. */
void switch_cmd_init(void);

#endif
