/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-tx.c: frames that the guest gets.
 *
 * Two passes, as in vring-rx.c: first a place for each frame, whose first
 * lines are asked for to be written, then all copies.
 */
#include <config.h>
#include "port/vring.h"

#include <string.h>

#include <linux/virtio_net.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>

#include "port/vring-chain.h"
#include "util.h"

/* Of each buffer; the processor itself fetches those behind.  With 4 a
 * 512-byte frame costs 5 to 10 % more and a longer one the same; with 8 all
 * cost more (micro-vring). */
enum { PREFETCH_LINES = 2 };

/* Where a frame goes, between the passes. */
struct place {
    uint8_t *p;                 /* all of it, header first; NULL: */
    uint16_t piece;             /* of the burst's */
    uint16_t n_bufs;            /* buffers that it takes */
};

struct burst {
    struct vring_queue *q;
    uint16_t n;                 /* frames with a place */
    uint16_t n_bufs;            /* buffers that they take */
    struct place place[VRING_BURST];
    struct vring_pieces pieces;
};

enum verdict {
    PLACED,
    UNFIT,                      /* and nothing is taken */
    FULL,                       /* no place, or a broken ring */
    NEXT_BURST,                 /* this one has no room left for it */
};

/* A place in several pieces or several buffers for `need` bytes with the
 * header.  5.1.6.4: only mergeable buffers share a frame. */
static enum verdict
place_in_chains(struct burst *b, uint32_t need)
{
    struct vring_queue *q = b->q;
    uint32_t first = b->pieces.n;
    enum verdict verdict = PLACED;
    uint16_t n_bufs = 0;
    uint64_t got = 0;

    while (got < need) {
        uint16_t at = (uint16_t) (b->n_bufs + n_bufs);
        uint32_t left = need - (uint32_t) got;
        uint16_t head;
        uint64_t len;
        int error;

        if (n_bufs && !q->mergeable) {
            verdict = UNFIT;
            break;
        } else if (vring_look(q, (uint16_t) (at + 1)) <= at) {
            verdict = n_bufs == q->size ? UNFIT : FULL;
            break;
        }
        head = vring_get_head(q, (uint16_t) (q->avail_idx + at));
        error = vring_chain_walk(q, head, true, &b->pieces, &len);
        if (!error && len < q->header) {
            error = VRING_BROKEN_SMALL;
        } else if (error == VRING_NO_ROOM && !first && !n_bufs) {
            error = VRING_BROKEN_CHAIN;
        }
        if (error == VRING_NO_ROOM) {
            verdict = first ? NEXT_BURST : UNFIT;
            break;
        } else if (error) {
            vring_break(q, (enum vring_break) error);
            verdict = FULL;
            break;
        }
        vring_put_used(q, (uint16_t) (q->used_idx + at), head,
                       (uint32_t) MIN(len, left));
        got += len;
        n_bufs++;
    }
    if (verdict != PLACED) {
        b->pieces.n = first;
        return verdict;
    }
    b->place[b->n] = (struct place) {
        .piece = (uint16_t) first, .n_bufs = n_bufs,
    };
    vring_prefetch_write(b->pieces.piece[first].p);
    vring_prefetch_write(b->pieces.piece[b->pieces.n - 1].p);
    return PLACED;
}

/* A place for `need` bytes with the header. */
static inline enum verdict
place(struct burst *b, uint32_t need)
{
    struct vring_queue *q = b->q;

    if (likely(vring_look(q, (uint16_t) (b->n_bufs + 1)) > b->n_bufs)) {
        uint32_t head = vring_get_head(q, (uint16_t) (q->avail_idx
                                                      + b->n_bufs));
        struct vring_desc d;
        uint8_t *p;

        if (likely(head < q->size)
            && (d = vring_get_desc(q->desc, head), likely(d.len >= need))
            && (p = vring_simple_buffer(q, &d, true), likely(p != NULL))) {
            uint32_t n = MIN(need, PREFETCH_LINES * RTE_CACHE_LINE_SIZE);

            for (uint32_t i = 0; i < n; i += RTE_CACHE_LINE_SIZE) {
                vring_prefetch_write(p + i);
            }
            vring_put_used(q, (uint16_t) (q->used_idx + b->n_bufs),
                           (uint16_t) head, need);
            b->place[b->n] = (struct place) { .p = p, .n_bufs = 1 };
            return PLACED;
        }
        return place_in_chains(b, need);
    }
    return FULL;
}

/* 5.1.6: "nothing is left to do", and how many buffers there are.  The line of
 * the guest's is dirtied only where something else is in it. */
static inline void
put_header(uint8_t *p, uint8_t size, uint16_t n_bufs)
{
    if (likely(size == sizeof(struct virtio_net_hdr_mrg_rxbuf))) {
        uint32_t end = (uint32_t) n_bufs << 16;

        if (vring_get64(p) || vring_get32(p + 8) != end) {
            ((struct vring_u64 *) (void *) p)->v = 0;
            ((struct vring_u32 *) (void *) (p + 8))->v = end;
        }
    } else if (vring_get64(p) || vring_get16(p + 8)) {
        ((struct vring_u64 *) (void *) p)->v = 0;
        ((struct vring_u16 *) (void *) (p + 8))->v = 0;
    }
}

/* Writes to one piece after the other. */
struct writer {
    const struct vring_piece *piece;
    uint32_t at;                /* in it */
};

static void
write_bytes(struct writer *w, const uint8_t *p, uint32_t left)
{
    while (left) {
        uint32_t n;

        if (w->at == w->piece->len) {
            w->piece++;
            w->at = 0;
        }
        n = MIN(w->piece->len - w->at, left);
        rte_memcpy(w->piece->p + w->at, p, n);
        w->at += n;
        p += n;
        left -= n;
    }
}

static void
copy_to_pieces(const struct vring_piece *piece, uint8_t header_size,
               uint16_t n_bufs, const struct rte_mbuf *m)
{
    uint8_t header[sizeof(struct virtio_net_hdr_mrg_rxbuf)] = { 0 };
    struct writer w = { .piece = piece };
    uint32_t left = m->pkt_len;

    memcpy(header + sizeof(struct virtio_net_hdr), &n_bufs, sizeof n_bufs);
    write_bytes(&w, header, header_size);
    for (; m && left; m = m->next) {
        uint32_t n = MIN(left, m->data_len);

        write_bytes(&w, rte_pktmbuf_mtod(m, const uint8_t *), n);
        left -= n;
    }
}

static void
copy_segments(uint8_t *p, const struct rte_mbuf *m)
{
    uint32_t left = m->pkt_len;

    for (; m && left; m = m->next) {
        uint32_t n = MIN(left, m->data_len);

        rte_memcpy(p, rte_pktmbuf_mtod(m, const uint8_t *), n);
        p += n;
        left -= n;
    }
}

/* Second pass. */
static void
copy_all(const struct burst *b, struct rte_mbuf *const *mbufs)
{
    uint8_t header = b->q->header;

    for (uint16_t i = 0; i < b->n; i++) {
        const struct place *at = &b->place[i];
        const struct rte_mbuf *m = mbufs[i];

        if (unlikely(!at->p)) {
            copy_to_pieces(&b->pieces.piece[at->piece], header, at->n_bufs,
                           m);
            continue;
        }
        put_header(at->p, header, at->n_bufs);
        if (likely(m->data_len == m->pkt_len)) {
            rte_memcpy(at->p + header, rte_pktmbuf_mtod(m, const uint8_t *),
                       m->pkt_len);
        } else {
            copy_segments(at->p + header, m);
        }
    }
}

/* Puts the first of `n` frames behind the others. */
static void
put_behind(struct rte_mbuf **m, uint16_t n)
{
    struct rte_mbuf *first = m[0];

    memmove(m, m + 1, (n - 1u) * sizeof *m);
    m[n - 1] = first;
}

/* Up to VRING_BURST of `n` frames; those that are unfit are put behind the
 * others and taken off `*n`.  Returns how many are sent; `*more`: it is worth
 * going on. */
static uint16_t
send_burst(struct vring_queue *q, struct rte_mbuf **m, uint16_t *n, bool *more)
{
    enum verdict verdict = PLACED;
    struct burst b;             /* large: filled as far as it is used */

    b.q = q;
    b.n = 0;
    b.n_bufs = 0;
    b.pieces.n = 0;
    while (b.n < *n && b.n < VRING_BURST) {
        verdict = place(&b, m[b.n]->pkt_len + q->header);
        if (likely(verdict == PLACED)) {
            b.n_bufs = (uint16_t) (b.n_bufs + b.place[b.n].n_bufs);
            b.n++;
        } else if (verdict == UNFIT) {
            put_behind(m + b.n, (uint16_t) (*n - b.n));
            (*n)--;
            q->counters.tx_unfit++;
        } else {
            break;
        }
    }
    *more = verdict != FULL;
    if (b.n_bufs) {
        uint32_t last = vring_get_head(q, (uint16_t) (q->avail_idx + b.n_bufs
                                                      - 1));

        copy_all(&b, m);
        q->avail_idx = (uint16_t) (q->avail_idx + b.n_bufs);
        vring_publish_used(q, (uint16_t) (q->used_idx + b.n_bufs));
        vring_prefetch_descs(q, last + 1);
    }
    return b.n;
}

uint16_t
vring_tx_burst(struct vring_queue *q, struct rte_mbuf **m, uint16_t n,
               uint16_t *unfit)
{
    bool more = !vring_is_idle(q);
    uint16_t fit = n;
    uint16_t sent = 0;

    while (more && sent < fit) {
        uint16_t left = (uint16_t) (fit - sent);
        uint16_t k = send_burst(q, m + sent, &left, &more);

        fit = (uint16_t) (sent + left);
        sent = (uint16_t) (sent + k);
    }
    *unfit = (uint16_t) (n - fit);
    return sent;
}
