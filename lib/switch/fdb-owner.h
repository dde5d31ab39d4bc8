/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-owner.h: which port has how many entries of an FDB, which port has the
 * most, and which of a port's entries came first.
 *
 * What fair eviction and the flush of one port need.  Learned entries of each
 * port form a list in order of arrival, linked by slot number beside the
 * table, so that searching the table never touches this.  Static entries are
 * only counted.
 *
 * All calls are made under the table's lock, by any thread.
 */
#ifndef SWITCH_FDB_OWNER_H
#define SWITCH_FDB_OWNER_H 1

#include <stdbool.h>
#include <stdint.h>

enum { FDB_NO_SLOT = UINT32_MAX };

struct fdb_owner {
    uint32_t n;                 /* entries in its list */
    uint32_t n_static;
    uint32_t first, last;       /* slots; FDB_NO_SLOT: the list is empty */
    uint32_t rank;              /* place in the heap, while n > 0 */
};

struct fdb_links {
    uint32_t prev, next;
};

enum { FDB_OWNERS_PER_CHUNK = 256 };

struct fdb_owners {
    struct fdb_owner *chunks[0x10000 / FDB_OWNERS_PER_CHUNK];
    uint16_t *heap;             /* ports with n > 0; parents have no less */
    uint32_t heap_n, heap_allocated;
    struct fdb_links *links;    /* of each slot */
    uint32_t n_slots;
};

bool fdb_owners_init(struct fdb_owners *, uint32_t n_slots);
void fdb_owners_destroy(struct fdb_owners *);

/* The port's record, made where it has none; NULL where memory is short. */
struct fdb_owner *fdb_owner_get(struct fdb_owners *, uint16_t port);

/* `slot` is the newest of `port`, which fdb_owner_get() knows. */
void fdb_owner_add(struct fdb_owners *, uint16_t port, uint32_t slot);
void fdb_owner_remove(struct fdb_owners *, uint16_t port, uint32_t slot);
/* Its entry went to another slot. */
void fdb_owner_renumber(struct fdb_owners *, uint16_t port, uint32_t from,
                        uint32_t to);

/* The port with most entries in its list; FDB_NONE: nobody has any. */
uint16_t fdb_owner_heaviest(const struct fdb_owners *);

/* Entries in a port's list. */
uint32_t fdb_owner_count(const struct fdb_owners *, uint16_t port);

/* Static entries of a port. */
uint32_t fdb_owner_statics(const struct fdb_owners *, uint16_t port);

/* The first of a port's list; the one after `slot`. FDB_NO_SLOT: none. */
uint32_t fdb_owner_first(struct fdb_owners *, uint16_t port);
uint32_t fdb_owner_next(const struct fdb_owners *, uint32_t slot);

static inline void
fdb_owner_prefetch(const struct fdb_owners *o, uint32_t slot)
{
    __builtin_prefetch(&o->links[slot]);
}

#endif
