/* SPDX-License-Identifier: Apache-2.0
 *
 * mirror.h: mirrors as packet threads see them: part of a bridge's state.
 *
 * A frame that is in a VLAN is selected where it enters the bridge, and where
 * it leaves by a port or would be flooded to it.  What a mirror sends is the
 * frame as it is in the bridge, in the form that the output port sends; it is
 * not mirrored again.  Mirrors with one destination send a frame once.
 *
 * A mirror never waits: a port that has no room loses the frame, as with any
 * other frame.
 */
#ifndef SWITCH_MIRROR_H
#define SWITCH_MIRROR_H 1

#include <stdatomic.h>
#include <stdint.h>

#include "cfg/cfg-mirror.h"

struct ingress;

/* Added to by all packet threads, read by the main thread.  Belongs to the
 * bridge and outlives its states. */
struct mirror_counters {
    _Atomic uint64_t packets, bytes;
};

struct mirror {
    const char *name;           /* main thread */
    const struct ingress *output;       /* NULL: to `output_vlan` */
    uint16_t output_vlan;
    uint32_t snaplen;
    uint32_t same;              /* bits of the mirrors with this destination,
                                 * its own among them */
    struct vlan_set vlans;
    struct mirror_counters *counters;
};

struct mirrors {
    unsigned int n;
    const uint32_t *src, *dst;  /* by logical port: bits of the mirrors that
                                 * select what arrives, what departs there */
    struct mirror v[CFG_MIRRORS_MAX];
};

#endif
