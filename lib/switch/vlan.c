/* SPDX-License-Identifier: Apache-2.0
 *
 * vlan.c: in which VLAN is a frame that comes in?
 *
 * How it leaves is vlan.h's.
 */
#include <config.h>
#include "switch/vlan.h"

#include <string.h>

enum { ADDRESSES = 12 };        /* bytes in front of the headers */

void
vlan_port_init(struct vlan_port *p, const struct cfg_vlan *cfg,
               const struct vlan_set *vlans)
{
    memset(p, 0, sizeof *p);
    p->mode = (uint8_t) cfg->mode;
    p->priority_tags = (uint8_t) cfg->priority_tags;
    p->tag = cfg->tag;
    p->tpid = cfg->tpid;
    p->untagged = cfg->mode == CFG_VLAN_NATIVE_UNTAGGED ? cfg->tag : 0;
    p->vlans = vlan_set_is_full(vlans) ? NULL : vlans;
}

bool
vlan_port_is_plain(const struct vlan_port *p)
{
    return (p->mode == CFG_VLAN_TRUNK && !p->vlans
            && p->priority_tags == CFG_PRIORITY_NEVER);
}

static uint16_t
get16(const uint8_t *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}

bool
vlan_read_headers(const uint8_t *frame, size_t n, struct vlan_headers *h)
{
    const uint8_t *p = frame + ADDRESSES;

    memset(h, 0, sizeof *h);
    if (!vlan_is_tpid(get16(p))) {
        return true;
    }
    if (n < ADDRESSES + VLAN_TAG_LEN + 2) {
        return false;
    }
    h->n = 1;
    h->tpid = get16(p);
    h->tci = get16(p + 2);
    if (vlan_is_tpid(get16(p + 4))) {
        if (n < ADDRESSES + 2 * VLAN_TAG_LEN + 2) {
            return false;
        }
        h->n = 2;
        h->inner_vid = get16(p + 6) & 0xfff;
    }
    return true;
}

/* The VLAN that the outermost header names: 0 where there is none. */
static uint16_t
vid_of(const struct vlan_headers *h)
{
    return h->n ? h->tci & 0xfff : 0;
}

/* The port's tag is the VLAN; the header, if there is one, has VLAN 0 and says
 * the priority. */
static void
enter_native(const struct vlan_port *p, const struct vlan_headers *h,
             struct vlan_frame *f)
{
    f->header = ((uint32_t) (h->n ? h->tpid : p->tpid) << 16
                 | (h->tci & 0xf000) | p->tag);
    f->form = h->n ? VLAN_PRIORITY : VLAN_BARE;
}

static int
enter_trunk(const struct vlan_port *p, const struct vlan_headers *h,
            struct vlan_frame *f)
{
    uint16_t vid = vid_of(h);

    if (!vid && p->mode != CFG_VLAN_TRUNK) {
        enter_native(p, h, f);
        return -1;
    }
    if (!vlan_port_has(p, vid)) {
        return DROP_VLAN_TRUNK;
    }
    f->header = (uint32_t) (h->n ? h->tpid : p->tpid) << 16 | h->tci;
    f->form = vid ? VLAN_TAGGED : h->n ? VLAN_PRIORITY : VLAN_BARE;
    return -1;
}

static int
enter_access(const struct vlan_port *p, const struct vlan_headers *h,
             struct vlan_frame *f)
{
    if (vid_of(h) || h->n > 1) {
        return DROP_VLAN_ACCESS;
    }
    enter_native(p, h, f);
    return -1;
}

static int
enter_tunnel(const struct vlan_port *p, const struct vlan_headers *h,
             struct vlan_frame *f)
{
    if (!vlan_port_has(p, vid_of(h))) {
        return DROP_VLAN_CUSTOMER;
    }
    f->header = (uint32_t) p->tpid << 16 | p->tag;
    f->further = h->n ? vid_of(h) : VLAN_NO_FURTHER;
    f->form = VLAN_BARE;
    f->flags = 0;
    return -1;
}

int
vlan_in(const struct vlan_port *p, const struct vlan_headers *h,
        struct vlan_frame *f)
{
    int reason;

    f->header = 0;
    f->form = VLAN_BARE;
    f->further = h->n > 1 ? h->inner_vid : VLAN_NO_FURTHER;
    f->flags = h->n ? VLAN_HAD_HEADER : 0;
    reason = (p->mode == CFG_VLAN_ACCESS ? enter_access(p, h, f)
              : p->mode == CFG_VLAN_TUNNEL ? enter_tunnel(p, h, f)
              : enter_trunk(p, h, f));
    if (reason < 0) {
        enum vlan_form plain = (vlan_of(f) ? VLAN_TAGGED
                                : f->further == VLAN_NO_FURTHER ? VLAN_BARE
                                : VLAN_PRIORITY);

        f->flags |= VLAN_ENTERED | (f->form == plain ? VLAN_PLAIN : 0);
    }
    return reason;
}
