/* SPDX-License-Identifier: Apache-2.0
 *
 * vlan-set.h: a set of VLAN IDs, 0 to 4095.
 *
 * A plain value: zeroed it is empty, assignment copies it.
 */
#ifndef CFG_VLAN_SET_H
#define CFG_VLAN_SET_H 1

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { N_VLANS = 4096 };

struct vlan_set {
    uint64_t words[N_VLANS / 64];
};

/* `vlan` < N_VLANS, here and below. */
static inline bool
vlan_set_has(const struct vlan_set *set, unsigned int vlan)
{
    return set->words[vlan / 64] >> vlan % 64 & 1;
}

static inline void
vlan_set_add(struct vlan_set *set, unsigned int vlan)
{
    set->words[vlan / 64] |= UINT64_C(1) << vlan % 64;
}

static inline void
vlan_set_remove(struct vlan_set *set, unsigned int vlan)
{
    set->words[vlan / 64] &= ~(UINT64_C(1) << vlan % 64);
}

static inline void
vlan_set_fill(struct vlan_set *set)
{
    memset(set, 0xff, sizeof *set);
}

static inline bool
vlan_set_equal(const struct vlan_set *a, const struct vlan_set *b)
{
    return !memcmp(a, b, sizeof *a);
}

static inline bool
vlan_set_is_empty(const struct vlan_set *set)
{
    static const struct vlan_set empty;

    return vlan_set_equal(set, &empty);
}

static inline bool
vlan_set_is_full(const struct vlan_set *set)
{
    struct vlan_set full;

    vlan_set_fill(&full);
    return vlan_set_equal(set, &full);
}

#endif
