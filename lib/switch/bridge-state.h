/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge-state.h: between bridge.c, which knows what a bridge should be, and
 * bridge-state.c, which makes packet threads see it.  Main thread.
 */
#ifndef SWITCH_BRIDGE_STATE_H
#define SWITCH_BRIDGE_STATE_H 1

#include "openvswitch/hmap.h"
#include "switch/bridge.h"

struct member {
    struct hmap_node node;      /* in `members`, by port */
    struct bridge *bridge;
    struct port *port;
    uint16_t index;
    uint16_t ofport;
    struct cfg_vlan vlan;
};

struct bridge_mirrors;
struct mirrors;

struct bridge {
    char *name;
    struct member **members;    /* in order of name */
    size_t n_members, allocated_members;
    struct fdb *fdb;
    struct bridge_state *state; /* published */

    bool secure;
    bool forward_bpdu;
    uint32_t mac_aging_time;
    uint32_t mac_table_size;
    char *hwaddr;               /* or NULL */
    struct vlan_set flood_vlans;
    uint64_t limited;           /* seconds with too many moves, said so far */
    uint64_t crowded;           /* likewise with too many new addresses */
    struct bridge_mirrors *mirrors;
};

/* Compiles the bridge and shows the result to packet threads.  When this
 * returns none of them sees an earlier state. */
void bridge_publish(struct bridge *);

struct member *bridge_find_member(const struct port *);   /* or NULL */

/* Takes learned entries out of the FDB that could not be learned under the
 * published state. */
void bridge_flush_stale(struct bridge *);

/* Nobody sees the state any more: the bridge has no member. */
void bridge_state_free(struct bridge *);

/* The peer of a patch port that is one of a pair; else NULL. */
struct port *bridge_patch_peer(const struct port *);

/* Would bridge_publish() change what is said of the port's frames? */
bool bridge_frame_size_differs(const struct bridge *, const struct member *);

/* bridge-flood.c: fills what bridge_carriers() reads, which is the state's to
 * free.  Its ports and flood[] are there. */
void bridge_compile_carriers(struct bridge_state *);

/* bridge-mirror.c: the usable mirrors of `cfg`.  Counters of those that `old`
 * (or NULL) has go on: they are taken out of it. */
struct bridge_mirrors *bridge_mirrors_create(const struct cfg_bridge *cfg,
                                             struct bridge_mirrors *old);
/* No packet thread sees them any more. */
void bridge_mirrors_destroy(struct bridge_mirrors *);
const struct cfg_mirror_settings *
bridge_mirrors_get(const struct bridge_mirrors *, size_t *n);

/* Is the member reserved for a mirror? */
bool bridge_is_mirror_output(const struct bridge *, const struct member *);

/* For a state whose ports are there; NULL: there is no mirror. */
struct mirrors *bridge_compile_mirrors(const struct bridge *,
                                       const struct bridge_state *);

#endif
