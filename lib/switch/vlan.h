/* SPDX-License-Identifier: Apache-2.0
 *
 * vlan.h: the rules of VLANs: in which VLAN is a frame, and how does it leave?
 *
 * Pure: forwarding, sluice/trace and the tests all ask these functions.
 *
 * In a bridge every frame is in one VLAN, 0 to 4095.  In front of its payload
 * may be headers of four bytes, TPID 0x8100 or 0x88a8.  The outermost one says
 * the VLAN, except at a dot1q-tunnel port, where it is the customer's own and
 * the port's tag is the VLAN.  What follows then is the "further" header; it
 * stays with the frame whatever happens.  Headers behind that are payload.
 *
 * A frame with a VLAN can take three forms, and a port that carries it sends
 * one of them.
 */
#ifndef SWITCH_VLAN_H
#define SWITCH_VLAN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/cfg-vlan.h"
#include "openvswitch/compiler.h"
#include "switch/drop.h"

enum { VLAN_TAG_LEN = 4 };

enum vlan_form {
    VLAN_BARE,                  /* without a header for its VLAN */
    VLAN_TAGGED,                /* with it */
    VLAN_PRIORITY,              /* with it, and VLAN 0 in it */
    VLAN_N_FORMS,
    VLAN_NOT_CARRIED = VLAN_N_FORMS     /* by that port */
};

/* A port's settings as packet threads see them. */
struct vlan_port {
    uint8_t mode;               /* enum cfg_vlan_mode */
    uint8_t priority_tags;      /* enum cfg_priority_tags */
    uint16_t tag;               /* access, native-*, tunnel */
    uint16_t tpid;              /* of a header that it adds on entry */
    uint16_t untagged;          /* VLAN that leaves without a header */
    const struct vlan_set *vlans;       /* NULL: all.  See struct cfg_vlan */
};

/* The headers that a frame comes with. */
struct vlan_headers {
    unsigned int n;             /* 0, 1, or 2: two or more */
    uint16_t tpid, tci;         /* of the outermost */
    uint16_t inner_vid;         /* of the next */
};

enum { VLAN_NO_FURTHER = 0xffff };

/* A frame in a bridge. */
struct vlan_frame {
    uint32_t header;            /* of VLAN_TAGGED: TPID 16, priority 3, DEI 1,
                                 * VLAN ID 12 */
    uint16_t further;           /* VLAN ID of the further header, or
                                 * VLAN_NO_FURTHER */
    uint8_t form;               /* enum vlan_form: as it lies in memory */
    uint8_t flags;
};

/* Flags. */
enum {
    VLAN_HAD_HEADER = 1 << 0,   /* when it came */
    VLAN_PLAIN = 1 << 1,        /* a trunk of all VLANs, without
                                 * priority-tags, sends it as it lies */
    VLAN_ENTERED = 1 << 2,      /* it is in a VLAN at all */
};

static inline bool
vlan_is_tpid(uint16_t type)
{
    return type == CFG_TPID_8021Q || type == CFG_TPID_8021AD;
}

static inline uint16_t
vlan_of(const struct vlan_frame *f)
{
    return f->header & 0xfff;
}

/* The header of a form that has one. */
static inline uint32_t
vlan_header(const struct vlan_frame *f, enum vlan_form form)
{
    return form == VLAN_PRIORITY ? f->header & ~UINT32_C(0xfff) : f->header;
}

static inline bool
vlan_port_has(const struct vlan_port *p, uint16_t vlan)
{
    return !p->vlans || vlan_set_has(p->vlans, vlan);
}

/* `vlans` lives as long as the result; it is the copy of cfg->vlans that the
 * result may point to. */
void vlan_port_init(struct vlan_port *, const struct cfg_vlan *cfg,
                    const struct vlan_set *vlans);

/* Is it a trunk of all VLANs without priority-tags? */
bool vlan_port_is_plain(const struct vlan_port *);

/* Reads the headers of a frame of which `n` bytes are there, at least 14.
 * False: they end within the headers. */
bool vlan_read_headers(const uint8_t *frame, size_t n, struct vlan_headers *);

/* A frame with these headers comes in by `p`: fills `f`, and returns -1, or
 * the reason for which it is dropped. */
int vlan_in(const struct vlan_port *p, const struct vlan_headers *,
            struct vlan_frame *f);

/* For a frame that leaves without its VLAN. */
static inline enum vlan_form
vlan_bare_or_priority(const struct vlan_port *p, const struct vlan_frame *f)
{
    if (OVS_LIKELY(p->priority_tags == CFG_PRIORITY_NEVER)) {
        return VLAN_BARE;
    }
    return ((p->priority_tags == CFG_PRIORITY_ALWAYS
             && f->flags & VLAN_HAD_HEADER)
            || f->header & 0xe000 ? VLAN_PRIORITY : VLAN_BARE);
}

/* The form in which `f` leaves by `p`. */
static inline enum vlan_form
vlan_out(const struct vlan_port *p, const struct vlan_frame *f)
{
    uint16_t vlan = vlan_of(f);

    if (p->mode == CFG_VLAN_ACCESS) {
        /* It sends no frame with a header. */
        return (vlan == p->tag && f->further == VLAN_NO_FURTHER
                ? vlan_bare_or_priority(p, f) : VLAN_NOT_CARRIED);
    }
    if (p->mode == CFG_VLAN_TUNNEL) {
        bool further = f->further != VLAN_NO_FURTHER;

        if (vlan != p->tag || !vlan_port_has(p, further ? f->further : 0)) {
            return VLAN_NOT_CARRIED;
        }
        return further ? VLAN_BARE : vlan_bare_or_priority(p, f);
    }
    if (!vlan_port_has(p, vlan)) {
        return VLAN_NOT_CARRIED;
    }
    if (vlan != p->untagged) {
        return VLAN_TAGGED;
    }
    if (OVS_UNLIKELY(f->further != VLAN_NO_FURTHER)) {
        /* Without its header it would be in the further one's VLAN. */
        return (p->mode == CFG_VLAN_NATIVE_UNTAGGED ? VLAN_NOT_CARRIED
                : VLAN_PRIORITY);
    }
    return vlan_bare_or_priority(p, f);
}

#endif
