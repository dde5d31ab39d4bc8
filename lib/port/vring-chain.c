/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-chain.c: a buffer of several descriptors, or of an indirect one.
 *
 * The steps are counted, so that a chain that bites its tail ends.
 */
#include <config.h>
#include "port/vring-chain.h"

#include "util.h"

/* What a walk has come to. */
struct walk {
    struct vring_queue *q;
    const void *table;          /* of descriptors */
    uint32_t n;                 /* descriptors in it */
    bool indirect;              /* it is not the ring's own */
};

/* 2.6.5.3: the rest of the buffer is in a table of its own. */
static int
enter_table(struct walk *w, const struct vring_desc *d)
{
    uint64_t room;

    if (!w->q->indirect || w->indirect || d->flags & VRING_DESC_F_NEXT) {
        return VRING_BROKEN_INDIRECT;
    } else if (!d->len || d->len % sizeof *d) {
        return VRING_BROKEN_TABLE;
    }
    w->table = vring_map_find(w->q->map, d->addr, &room, &w->q->region);
    if (!w->table || room < d->len) {
        return VRING_BROKEN_TABLE;
    }
    w->n = (uint32_t) (d->len / sizeof *d);
    w->indirect = true;
    return VRING_WORKS;
}

/* Regions that are neighbours for the guest need not be so here. */
static int
add_pieces(struct vring_queue *q, const struct vring_desc *d,
           struct vring_pieces *pieces)
{
    uint64_t addr = d->addr;
    uint32_t left = d->len;

    while (left) {
        uint64_t room;
        uint8_t *p = vring_map_find(q->map, addr, &room, &q->region);
        uint32_t n = (uint32_t) MIN(left, room);

        if (!p) {
            return VRING_BROKEN_ADDRESS;
        } else if (pieces->n == VRING_PIECES) {
            return VRING_NO_ROOM;
        }
        pieces->piece[pieces->n++] = (struct vring_piece) { p, n };
        addr += n;
        left -= n;
    }
    return VRING_WORKS;
}

static int
walk(struct walk *w, uint32_t head, bool write, struct vring_pieces *pieces,
     uint64_t *len)
{
    uint32_t steps = MIN(w->q->size, VRING_PIECES);
    uint32_t i = head;

    for (;;) {
        struct vring_desc d = vring_get_desc(w->table, i);
        int error;

        if (d.flags & VRING_DESC_F_INDIRECT) {
            error = enter_table(w, &d);
            if (error) {
                return error;
            }
            steps = VRING_PIECES;       /* whatever the ring's size */
            i = 0;
            continue;
        }
        if (!steps--) {
            return VRING_BROKEN_CHAIN;
        } else if (!(d.flags & VRING_DESC_F_WRITE) == write) {
            return VRING_BROKEN_DIRECTION;
        }
        error = add_pieces(w->q, &d, pieces);
        if (error) {
            return error;
        }
        *len += d.len;
        if (!(d.flags & VRING_DESC_F_NEXT)) {
            return VRING_WORKS;
        } else if (d.next >= w->n) {
            return VRING_BROKEN_NEXT;
        }
        i = d.next;
    }
}

int
vring_chain_walk(struct vring_queue *q, uint32_t head, bool write,
                 struct vring_pieces *pieces, uint64_t *len)
{
    struct walk w = { .q = q, .table = q->desc, .n = q->size };
    uint32_t n = pieces->n;
    int error;

    *len = 0;
    error = (head < q->size ? walk(&w, head, write, pieces, len)
             : VRING_BROKEN_HEAD);
    if (error) {
        pieces->n = n;
    }
    return error;
}
