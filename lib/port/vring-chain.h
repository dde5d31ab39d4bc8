/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-chain.h: a buffer of the guest's: descriptors, copied and checked.
 * Private to vring*.c.
 *
 * The guest may change what is in its memory at any time.  So each word of it
 * is read once, by the functions here, into a variable of ours; what is
 * checked is what is used.
 */
#ifndef PORT_VRING_CHAIN_H
#define PORT_VRING_CHAIN_H 1

#include "port/vring.h"

#include <rte_branch_prediction.h>

/* Legacy rings are in the guest's byte order, which is ours; others are little
 * endian (2.6). */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "rings are little endian");

/* Memory of the guest's at any alignment. */
struct vring_u64 { uint64_t v; } __attribute__((packed, may_alias));
struct vring_u32 { uint32_t v; } __attribute__((packed, may_alias));
struct vring_u16 { uint16_t v; } __attribute__((packed, may_alias));

static inline uint64_t
vring_get64(const void *p)
{
    return ((const volatile struct vring_u64 *) p)->v;
}

static inline uint32_t
vring_get32(const void *p)
{
    return ((const volatile struct vring_u32 *) p)->v;
}

static inline uint16_t
vring_get16(const void *p)
{
    return ((const volatile struct vring_u16 *) p)->v;
}

/* The entry of a table of descriptors. */
static inline struct vring_desc
vring_get_desc(const void *table, uint32_t i)
{
    const struct vring_desc *d = (const struct vring_desc *) table + i;
    uint64_t rest = vring_get64((const uint8_t *) d + 8);

    return (struct vring_desc) {
        .addr = vring_get64(d),
        .len = (uint32_t) rest,
        .flags = (uint16_t) (rest >> 32),
        .next = (uint16_t) (rest >> 48),
    };
}

/* The head of the available buffer `idx`, not yet checked. */
static inline uint16_t
vring_get_head(const struct vring_queue *q, uint16_t idx)
{
    return vring_get16(&q->avail->ring[idx & (q->size - 1)]);
}

static inline void
vring_put_used(struct vring_queue *q, uint16_t idx, uint16_t head,
               uint32_t len)
{
    volatile struct vring_used_elem *e = &q->used->ring[idx & (q->size - 1)];

    e->id = head;
    e->len = len;
}

/* The guest sees that the buffers before `idx` are its own again. */
static inline void
vring_publish_used(struct vring_queue *q, uint16_t idx)
{
    q->used_idx = idx;
    __atomic_store_n(&q->used->idx, idx, __ATOMIC_RELEASE);
}

static inline void
vring_break(struct vring_queue *q, enum vring_break why)
{
    atomic_store_explicit(&q->broken, (uint8_t) why, memory_order_relaxed);
}

static inline bool
vring_is_idle(const struct vring_queue *q)
{
    return !vring_is_set(q) || vring_broken(q) != VRING_WORKS;
}

/* Looks how many buffers there are, if fewer than `want` are known.  Returns
 * how many are; more than a ring can have, or fewer than there were, break
 * it. */
static inline uint16_t
vring_look(struct vring_queue *q, uint16_t want)
{
    uint16_t known = (uint16_t) (q->avail_end - q->avail_idx);
    uint16_t n = known;

    if (n < want) {
        uint16_t end = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE);

        n = (uint16_t) (end - q->avail_idx);
        if (unlikely(n > q->size || n < known)) {
            vring_break(q, VRING_BROKEN_AVAIL);
            return 0;
        }
        q->avail_end = end;
    }
    return n;
}

/* Guest memory, in our addresses. */
struct vring_piece {
    uint8_t *p;
    uint32_t len;               /* > 0 */
};

/* That of the buffers of a burst, in their order. */
struct vring_pieces {
    uint32_t n;
    struct vring_piece piece[VRING_PIECES];
};

enum { VRING_NO_ROOM = -1 };    /* beside enum vring_break */

/* Adds the memory of the buffer that begins with descriptor `head`, which is
 * all to be written (`write`) or all to be read, to `pieces`; `*len` is how
 * much that is.  VRING_WORKS, or why the ring is to be broken, or
 * VRING_NO_ROOM; nothing is added then. */
int vring_chain_walk(struct vring_queue *, uint32_t head, bool write,
                     struct vring_pieces *, uint64_t *len);

/* The buffer of descriptor `d`, if it is as simple as most are: a single piece
 * of memory, all to be written or all to be read; else NULL. */
static inline uint8_t *
vring_simple_buffer(struct vring_queue *q, const struct vring_desc *d,
                    bool write)
{
    uint16_t flags = d->flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT
                                 | VRING_DESC_F_WRITE);
    uint64_t room;
    uint8_t *p;

    if (unlikely(flags != (write ? VRING_DESC_F_WRITE : 0))) {
        return NULL;
    }
    p = vring_map_find(q->map, d->addr, &room, &q->region);
    return p && d->len <= room ? p : NULL;
}

/* Will be written soon: asks for a line that no other core has. */
static inline void
vring_prefetch_write(const void *p)
{
#ifdef RTE_ARCH_X86
    __asm__ volatile ("prefetchw %0" : : "m" (*(const char *) p));
#else
    __builtin_prefetch(p, 1);
#endif
}

/* The descriptors that the guest probably uses next. */
static inline void
vring_prefetch_descs(const struct vring_queue *q, uint32_t head)
{
    enum { LINE = RTE_CACHE_LINE_SIZE / sizeof(struct vring_desc) };

    for (uint32_t i = 0; i < VRING_BURST; i += LINE) {
        __builtin_prefetch(&q->desc[(head + i) & (q->size - 1)]);
    }
}

#endif
