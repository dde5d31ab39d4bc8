/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-rx.c: frames that the guest sends.
 *
 * A burst is two passes: first all descriptors, which start the way of all
 * frames' first lines into the cache, then all copies.  A guest's line takes
 * 100 to 200 ns, and what counts is how many are on their way at once.
 */
#include <config.h>
#include "port/vring.h"

#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include "port/vring-chain.h"
#include "port/vring-mbuf.h"
#include "util.h"

/* Of each buffer; the processor itself fetches those behind.  With 4 a
 * 512-byte frame costs 5 to 10 % more and a longer one the same; with 8 all
 * cost more (micro-vring). */
enum { PREFETCH_LINES = 2 };

/* A frame between the passes. */
struct frame {
    const uint8_t *p;           /* all of it; NULL: */
    uint32_t len;               /* bytes without header */
    uint16_t piece, n_pieces;   /* of the burst's; with the header */
};

struct burst {
    struct vring_queue *q;
    struct rte_mempool *pool;
    struct rte_mbuf **mbufs;    /* taken; the first `n` are frames */
    uint32_t room;              /* bytes in one of them */
    uint16_t n;
    struct frame frame[VRING_BURST];
    struct vring_pieces pieces;
};

enum verdict { TAKEN, DROPPED, LEFT };

/* Gives the mbuf as many more as a frame of `len` bytes needs. */
static bool
chain_mbufs(const struct burst *b, struct rte_mbuf *head, uint32_t len)
{
    struct rte_mbuf *last = head;
    uint32_t left = len - MIN(len, b->room);

    vring_mbuf_arm(head, (uint16_t) (len - left));
    while (left) {
        struct rte_mbuf *m;
        uint16_t n = (uint16_t) MIN(left, b->room);

        if (!vring_mbuf_take(b->pool, &m, 1)) {
            head->pkt_len = len - left;
            rte_pktmbuf_free(head->next);
            head->next = NULL;
            head->nb_segs = 1;
            return false;
        }
        vring_mbuf_arm(m, n);
        last->next = m;
        last = m;
        head->nb_segs++;
        left -= n;
    }
    head->pkt_len = len;
    return true;
}

static enum verdict
take_frame(struct burst *b, struct frame *f, uint64_t len)
{
    struct vring_queue *q = b->q;

    if (len <= q->header) {
        q->counters.rx_short++;
        return DROPPED;
    } else if (len - q->header > q->max_frame) {
        q->counters.rx_long++;
        return DROPPED;
    }
    f->len = (uint32_t) len - q->header;
    if (unlikely(f->len > b->room)) {
        if (!chain_mbufs(b, b->mbufs[b->n], f->len)) {
            q->counters.rx_no_mbuf++;
            return LEFT;
        }
    } else {
        vring_mbuf_arm(b->mbufs[b->n], (uint16_t) f->len);
    }
    b->n++;
    return TAKEN;
}

static enum verdict
take_chain(struct burst *b, uint32_t head)
{
    struct frame *f = &b->frame[b->n];
    uint32_t piece = b->pieces.n;
    enum verdict verdict;
    uint64_t len;
    int error = vring_chain_walk(b->q, head, false, &b->pieces, &len);

    if (error == VRING_NO_ROOM && !piece) {
        error = VRING_BROKEN_CHAIN;
    }
    if (error) {
        if (error != VRING_NO_ROOM) {
            vring_break(b->q, (enum vring_break) error);
        }
        return LEFT;
    }
    f->p = NULL;
    f->piece = (uint16_t) piece;
    f->n_pieces = (uint16_t) (b->pieces.n - piece);
    verdict = take_frame(b, f, len);
    if (verdict == TAKEN) {
        __builtin_prefetch(b->pieces.piece[piece].p);
        __builtin_prefetch(b->pieces.piece[b->pieces.n - 1].p);
    } else {
        b->pieces.n = piece;
    }
    return verdict;
}

static inline enum verdict
take(struct burst *b, uint32_t head)
{
    struct vring_queue *q = b->q;

    if (likely(head < q->size)) {
        struct vring_desc d = vring_get_desc(q->desc, head);
        struct frame *f = &b->frame[b->n];

        f->p = vring_simple_buffer(q, &d, false);
        if (likely(f->p)) {
            uint32_t n = MIN(d.len, PREFETCH_LINES * RTE_CACHE_LINE_SIZE);

            f->p += q->header;
            for (uint32_t i = 0; i < n; i += RTE_CACHE_LINE_SIZE) {
                __builtin_prefetch(f->p + i);
            }
            return take_frame(b, f, d.len);
        }
    }
    return take_chain(b, head);
}

/* First pass.  Returns how many buffers it is done with. */
static uint16_t
take_all(struct burst *b, uint16_t n)
{
    struct vring_queue *q = b->q;
    uint16_t head = 0;
    uint16_t i;

    for (i = 0; i < n; i++) {
        uint16_t next = vring_get_head(q, (uint16_t) (q->avail_idx + i));

        if (take(b, next) == LEFT) {
            break;
        }
        head = next;
        if (!q->in_order) {
            vring_put_used(q, (uint16_t) (q->used_idx + i), head, 0);
        }
    }
    if (i) {
        if (q->in_order) {      /* 2.6.9: one speaks for all before it */
            vring_put_used(q, q->used_idx, head, 0);
        }
        vring_prefetch_descs(q, head + 1u);
    }
    return i;
}

/* From pieces, behind `skip` bytes, to an mbuf and those behind it. */
static void
copy_pieces(struct rte_mbuf *m, const struct vring_piece *piece,
            uint32_t skip, uint32_t left)
{
    uint32_t at = 0;            /* in this mbuf */

    while (left) {
        uint32_t n;

        if (skip >= piece->len) {
            skip -= piece->len;
            piece++;
            continue;
        }
        if (at == m->data_len) {
            m = m->next;
            at = 0;
        }
        n = MIN(MIN(piece->len - skip, (uint32_t) m->data_len - at), left);
        rte_memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, at),
                   piece->p + skip, n);
        at += n;
        skip += n;
        left -= n;
    }
}

/* From one place to an mbuf and those behind it. */
static void
copy_segments(struct rte_mbuf *m, const uint8_t *p)
{
    for (; m; m = m->next) {
        rte_memcpy(rte_pktmbuf_mtod(m, uint8_t *), p, m->data_len);
        p += m->data_len;
    }
}

/* Second pass. */
static void
copy_all(const struct burst *b)
{
    for (uint16_t i = 0; i < b->n; i++) {
        const struct frame *f = &b->frame[i];
        struct rte_mbuf *m = b->mbufs[i];

        if (unlikely(!f->p)) {
            copy_pieces(m, &b->pieces.piece[f->piece], b->q->header, f->len);
        } else if (unlikely(f->len > b->room)) {
            copy_segments(m, f->p);
        } else {
            rte_memcpy(rte_pktmbuf_mtod(m, uint8_t *), f->p, f->len);
        }
    }
}

/* Up to VRING_BURST buffers.  Returns how many it is done with; `*n_frames` of
 * them were frames. */
static uint16_t
receive(struct vring_queue *q, struct rte_mempool *pool,
        struct rte_mbuf **mbufs, uint16_t max, uint16_t *n_frames)
{
    uint16_t there = vring_look(q, max);    /* once: MIN() would look twice */
    uint16_t n = MIN(there, max);
    uint16_t got = vring_mbuf_take(pool, mbufs, n);
    uint16_t done;
    struct burst b;             /* large: filled as far as it is used */

    *n_frames = 0;
    if (unlikely(got < n)) {
        q->counters.rx_no_mbuf++;
    }
    if (!got) {
        return 0;
    }
    b.q = q;
    b.pool = pool;
    b.mbufs = mbufs;
    b.room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;
    b.n = 0;
    b.pieces.n = 0;
    done = take_all(&b, got);
    copy_all(&b);
    vring_mbuf_return(pool, mbufs + b.n, (uint16_t) (got - b.n));
    if (done) {
        q->avail_idx = (uint16_t) (q->avail_idx + done);
        vring_publish_used(q, (uint16_t) (q->used_idx + done));
    }
    *n_frames = b.n;
    return done;
}

uint16_t
vring_rx_burst(struct vring_queue *q, struct rte_mempool *pool,
               struct rte_mbuf **m, uint16_t max)
{
    uint16_t n = 0;
    uint16_t left = max;        /* buffers, frames or not: a guest whose frames
                                 * are all dropped does not hold us */

    while (left && !vring_is_idle(q)) {
        uint16_t want = MIN(left, VRING_BURST);
        uint16_t k;
        uint16_t done = receive(q, pool, m + n, want, &k);

        n = (uint16_t) (n + k);
        left = (uint16_t) (left - want);
        if (done < want) {
            break;
        }
    }
    return n;
}
