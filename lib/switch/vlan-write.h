/* SPDX-License-Identifier: Apache-2.0
 *
 * vlan-write.h: how does a frame get another VLAN header?
 *
 * In place where the frame is ours alone: only the addresses move, by four
 * bytes into or out of the headroom.  Else in a copy.
 */
#ifndef SWITCH_VLAN_WRITE_H
#define SWITCH_VLAN_WRITE_H 1

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "switch/vlan.h"

enum { VLAN_AT = 12 };          /* bytes in front of the first header */

/* May nobody else look at the frame, and can it grow by a header? */
static inline bool
vlan_can_write(const struct rte_mbuf *m)
{
    return (rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m)
            && m->data_off >= VLAN_TAG_LEN);
}

/* A copy with headroom, from the same mempool, of the first `len` bytes.
 * NULL: no mbuf is left there. */
struct rte_mbuf *vlan_copy(const struct rte_mbuf *, uint32_t len);

/* Puts `header` in front of a frame that vlan_can_write(), or none where not
 * `want`.  `have`: it has one now, which goes. */
static inline void
vlan_set_header(struct rte_mbuf *m, bool have, bool want, uint32_t header)
{
    uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
    uint64_t a;
    uint32_t b, be = rte_cpu_to_be_32(header);

    memcpy(&a, p, sizeof a);
    memcpy(&b, p + sizeof a, sizeof b);
    if (want && !have) {
        p -= VLAN_TAG_LEN;
        m->data_off = (uint16_t) (m->data_off - VLAN_TAG_LEN);
        m->data_len = (uint16_t) (m->data_len + VLAN_TAG_LEN);
        m->pkt_len += VLAN_TAG_LEN;
        memcpy(p, &a, sizeof a);
        memcpy(p + sizeof a, &b, sizeof b);
    } else if (have && !want) {
        p += VLAN_TAG_LEN;
        m->data_off = (uint16_t) (m->data_off + VLAN_TAG_LEN);
        m->data_len = (uint16_t) (m->data_len - VLAN_TAG_LEN);
        m->pkt_len -= VLAN_TAG_LEN;
        memcpy(p, &a, sizeof a);
        memcpy(p + sizeof a, &b, sizeof b);
    }
    if (want) {
        memcpy(p + VLAN_AT, &be, sizeof be);
    }
}

/* Takes frame `m`, which is `f`, and returns it in another form.  NULL: no
 * mbuf was left for the copy that this takes; the frame is freed. */
static inline struct rte_mbuf *
vlan_write(struct rte_mbuf *m, const struct vlan_frame *f,
           enum vlan_form form)
{
    if (unlikely(!vlan_can_write(m))) {
        struct rte_mbuf *copy = vlan_copy(m, UINT32_MAX);

        rte_pktmbuf_free(m);
        if (!copy) {
            return NULL;
        }
        m = copy;
    }
    vlan_set_header(m, f->form != VLAN_BARE, form != VLAN_BARE,
                    vlan_header(f, form));
    return m;
}

#endif
