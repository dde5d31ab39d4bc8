/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-mirror.h: which frames of a bridge are copied, and where to.
 *
 * Pure.
 */
#ifndef CFG_CFG_MIRROR_H
#define CFG_CFG_MIRROR_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/vlan-set.h"
#include "svec.h"

enum { CFG_MIRRORS_MAX = 32 };  /* of one bridge */

/* A mirror's settings, checked; what a bridge keeps of it.  Ports go by the
 * names of their interfaces. */
struct cfg_mirror_settings {
    char *id;                   /* unique: counters belong to it */
    char *name;                 /* for texts */
    bool select_all;
    struct svec src, dst;       /* sorted */
    struct vlan_set vlans;
    char *output_port;          /* NULL: to `output_vlan` */
    uint16_t output_vlan;       /* 1..4095; 0: to `output_port` */
    uint32_t snaplen;           /* bytes; UINT32_MAX: whole frames */
};

struct cfg_mirror {
    /* As written.  Ports go by their own names. */
    char *id;
    char *name;
    bool select_all;
    struct svec src, dst;
    struct vlan_set vlans;      /* empty: all */
    char *output_port;          /* or NULL */
    bool has_output_vlan;
    int64_t output_vlan;
    bool has_snaplen;
    int64_t snaplen;

    /* Checked. */
    struct cfg_mirror_settings set;
    bool usable;
};

void cfg_mirror_settings_clone(struct cfg_mirror_settings *dst,
                               const struct cfg_mirror_settings *src);
bool cfg_mirror_settings_equal(const struct cfg_mirror_settings *,
                               const struct cfg_mirror_settings *);
void cfg_mirror_settings_destroy(struct cfg_mirror_settings *);

/* Are the `n` mirrors in force, in order, the bridge's usable ones? */
struct cfg_bridge;
bool cfg_mirrors_equal(const struct cfg_mirror_settings *, size_t n,
                       const struct cfg_bridge *);

#endif
