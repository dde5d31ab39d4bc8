/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-vlan.h: what a port of a bridge does with VLANs, as checked values.
 *
 * Pure.  Two ports with equal settings treat every frame alike: what the
 * database may say in several ways (`trunks` of an access port, an empty set
 * that means all) is said here in one.
 */
#ifndef CFG_CFG_VLAN_H
#define CFG_CFG_VLAN_H 1

#include <stdbool.h>
#include <stdint.h>

#include "cfg/vlan-set.h"

/* The order of the words in cfg-vlan.c. */
enum cfg_vlan_mode {
    CFG_VLAN_TRUNK,
    CFG_VLAN_ACCESS,
    CFG_VLAN_NATIVE_TAGGED,
    CFG_VLAN_NATIVE_UNTAGGED,
    CFG_VLAN_TUNNEL,            /* dot1q-tunnel */
};

/* When does a frame that leaves without a VLAN keep a header of its own, for
 * the priority? */
enum cfg_priority_tags {
    CFG_PRIORITY_NEVER,
    CFG_PRIORITY_IF_NONZERO,    /* where the priority is not 0 */
    CFG_PRIORITY_ALWAYS,        /* where it came with a header */
};

enum {
    CFG_TPID_8021Q = 0x8100,
    CFG_TPID_8021AD = 0x88a8,
};

struct cfg_vlan {
    enum cfg_vlan_mode mode;
    enum cfg_priority_tags priority_tags;
    uint16_t tag;               /* access: its VLAN; native-*: the native VLAN;
                                 * tunnel: the service VLAN; trunk: 0 */
    uint16_t tpid;              /* tunnel: of the service tag; else
                                 * CFG_TPID_8021Q */
    bool protected;             /* exchanges no frames with others that are */
    struct vlan_set vlans;      /* trunk, native-*: the VLANs carried, a native
                                 * one among them; tunnel: the customer VLANs
                                 * admitted; access: `tag` */
};

/* A port without any setting: a trunk of all VLANs. */
void cfg_vlan_init(struct cfg_vlan *);
bool cfg_vlan_equal(const struct cfg_vlan *, const struct cfg_vlan *);

/* Can a frame that comes in by the port be in this VLAN? */
bool cfg_vlan_learns(const struct cfg_vlan *, uint16_t vlan);

/* "access", for texts. */
const char *cfg_vlan_mode_name(enum cfg_vlan_mode);

#endif
