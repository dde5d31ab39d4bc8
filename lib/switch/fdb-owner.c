/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-owner.c: the books behind fair eviction.
 *
 * Every insertion into a full table asks for the port with most entries, so
 * the answer stands at the top of a heap.  Counts change by one, which seldom
 * moves a port by more than a level.
 */
#include <config.h>
#include "switch/fdb-owner.h"

#include <stdlib.h>
#include <string.h>

#include "switch/fdb.h"
#include "switch/pages.h"
#include "util.h"

bool
fdb_owners_init(struct fdb_owners *o, uint32_t n_slots)
{
    *o = (struct fdb_owners) { .n_slots = n_slots };
    o->links = pages_alloc(n_slots * sizeof *o->links);
    return o->links != NULL;
}

void
fdb_owners_destroy(struct fdb_owners *o)
{
    for (size_t i = 0; i < ARRAY_SIZE(o->chunks); i++) {
        free(o->chunks[i]);
    }
    free(o->heap);
    pages_free(o->links, o->n_slots * sizeof *o->links);
}

static struct fdb_owner *
known(const struct fdb_owners *o, uint16_t port)
{
    return &o->chunks[port / FDB_OWNERS_PER_CHUNK]
                     [port % FDB_OWNERS_PER_CHUNK];
}

/* Also called by packet threads, which allocate here: once per table for the
 * first of 256 ports that learns, never again. */
static bool
make_chunk(struct fdb_owners *o, struct fdb_owner **chunk)
{
    uint32_t n = o->heap_allocated + FDB_OWNERS_PER_CHUNK;
    uint16_t *heap = realloc(o->heap, n * sizeof *heap);
    struct fdb_owner *owners;

    if (!heap) {
        return false;
    }
    o->heap = heap;
    owners = calloc(FDB_OWNERS_PER_CHUNK, sizeof *owners);
    if (!owners) {
        return false;
    }
    o->heap_allocated = n;
    for (size_t i = 0; i < FDB_OWNERS_PER_CHUNK; i++) {
        owners[i].first = owners[i].last = FDB_NO_SLOT;
    }
    *chunk = owners;
    return true;
}

struct fdb_owner *
fdb_owner_get(struct fdb_owners *o, uint16_t port)
{
    struct fdb_owner **chunk = &o->chunks[port / FDB_OWNERS_PER_CHUNK];

    if (OVS_UNLIKELY(!*chunk) && !make_chunk(o, chunk)) {
        return NULL;
    }
    return known(o, port);
}

static void
heap_put(struct fdb_owners *o, uint32_t rank, uint16_t port)
{
    o->heap[rank] = port;
    known(o, port)->rank = rank;
}

static uint32_t
weight(const struct fdb_owners *o, uint32_t rank)
{
    return known(o, o->heap[rank])->n;
}

static void
heap_up(struct fdb_owners *o, uint16_t port)
{
    const struct fdb_owner *owner = known(o, port);
    uint32_t rank = owner->rank;

    while (rank && weight(o, (rank - 1) / 2) < owner->n) {
        heap_put(o, rank, o->heap[(rank - 1) / 2]);
        rank = (rank - 1) / 2;
    }
    heap_put(o, rank, port);
}

static void
heap_down(struct fdb_owners *o, uint16_t port)
{
    const struct fdb_owner *owner = known(o, port);
    uint32_t rank = owner->rank;

    for (;;) {
        uint32_t child = 2 * rank + 1;

        if (child + 1 < o->heap_n && weight(o, child + 1) > weight(o, child)) {
            child++;
        }
        if (child >= o->heap_n || weight(o, child) <= owner->n) {
            break;
        }
        heap_put(o, rank, o->heap[child]);
        rank = child;
    }
    heap_put(o, rank, port);
}

void
fdb_owner_add(struct fdb_owners *o, uint16_t port, uint32_t slot)
{
    struct fdb_owner *owner = known(o, port);
    struct fdb_links *links = &o->links[slot];

    links->prev = owner->last;
    links->next = FDB_NO_SLOT;
    if (owner->last != FDB_NO_SLOT) {
        o->links[owner->last].next = slot;
    } else {
        owner->first = slot;
    }
    owner->last = slot;

    if (!owner->n++) {
        owner->rank = o->heap_n++;
        o->heap[owner->rank] = port;
    }
    heap_up(o, port);
}

void
fdb_owner_remove(struct fdb_owners *o, uint16_t port, uint32_t slot)
{
    struct fdb_owner *owner = known(o, port);
    const struct fdb_links *links = &o->links[slot];

    if (links->prev != FDB_NO_SLOT) {
        o->links[links->prev].next = links->next;
    } else {
        owner->first = links->next;
    }
    if (links->next != FDB_NO_SLOT) {
        o->links[links->next].prev = links->prev;
    } else {
        owner->last = links->prev;
    }

    owner->n--;
    heap_down(o, port);
    if (!owner->n) {
        /* It sank to a leaf: the last of the heap takes its place. */
        uint16_t last = o->heap[--o->heap_n];

        if (last != port) {
            heap_put(o, owner->rank, last);
            heap_up(o, last);
        }
    }
}

void
fdb_owner_renumber(struct fdb_owners *o, uint16_t port, uint32_t from,
                   uint32_t to)
{
    struct fdb_owner *owner = known(o, port);
    const struct fdb_links links = o->links[from];

    o->links[to] = links;
    if (links.prev != FDB_NO_SLOT) {
        o->links[links.prev].next = to;
    } else {
        owner->first = to;
    }
    if (links.next != FDB_NO_SLOT) {
        o->links[links.next].prev = to;
    } else {
        owner->last = to;
    }
}

uint16_t
fdb_owner_heaviest(const struct fdb_owners *o)
{
    return o->heap_n ? o->heap[0] : FDB_NONE;
}

uint32_t
fdb_owner_first(struct fdb_owners *o, uint16_t port)
{
    const struct fdb_owner *chunk = o->chunks[port / FDB_OWNERS_PER_CHUNK];

    return chunk ? known(o, port)->first : FDB_NO_SLOT;
}

uint32_t
fdb_owner_next(const struct fdb_owners *o, uint32_t slot)
{
    return o->links[slot].next;
}

uint32_t
fdb_owner_count(const struct fdb_owners *o, uint16_t port)
{
    return o->chunks[port / FDB_OWNERS_PER_CHUNK] ? known(o, port)->n : 0;
}

uint32_t
fdb_owner_statics(const struct fdb_owners *o, uint16_t port)
{
    return (o->chunks[port / FDB_OWNERS_PER_CHUNK]
            ? known(o, port)->n_static : 0);
}
