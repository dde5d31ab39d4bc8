/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-change.c: finding room for an entry, and the books about all entries.
 *
 * The order of the stores is fdb-table.h's; who gives an entry up when the
 * table is at its limit is decided with fdb-owner.c.
 */
#include <config.h>
#include "switch/fdb-change.h"

#include "util.h"

enum { EVICT_SAMPLE = 4 };      /* entries looked at to evict one */

static void
set_key(struct fdb *fdb, uint32_t slot, uint64_t key)
{
    atomic_store_explicit(fdb_key_at(fdb, slot), key, memory_order_release);
}

static void
set_value(struct fdb *fdb, uint32_t slot, uint64_t value)
{
    atomic_store_explicit(fdb_value_at(fdb, slot), value,
                          memory_order_release);
}

/* Enters the value of `slot` into the books, or strikes it off. */
static void
book(struct fdb *fdb, uint32_t slot, uint64_t value, int sign)
    OVS_REQUIRES(fdb->lock)
{
    uint16_t port = fdb_value_port(value);

    fdb->current += (uint32_t) sign;
    if (value & FDB_STATIC) {
        fdb->statics += (uint32_t) sign;
        fdb_owner_get(&fdb->owners, port)->n_static += (uint32_t) sign;
    } else if (sign > 0) {
        fdb_owner_add(&fdb->owners, port, slot);
    } else {
        fdb_owner_remove(&fdb->owners, port, slot);
    }
}

void
fdb_remove(struct fdb *fdb, uint32_t slot)
    OVS_REQUIRES(fdb->lock)
{
    set_key(fdb, slot, 0);
    book(fdb, slot, fdb_value_of(fdb, slot), -1);
}

void
fdb_replace(struct fdb *fdb, uint32_t slot, uint64_t value)
    OVS_REQUIRES(fdb->lock)
{
    book(fdb, slot, fdb_value_of(fdb, slot), -1);
    set_value(fdb, slot, value);
    book(fdb, slot, value, 1);
}

/* Whose entry makes room for the new entry `value`?  The port's that has most.
 * FDB_NONE: nobody's. */
static uint16_t
choose_loser(struct fdb *fdb, uint64_t value)
    OVS_REQUIRES(fdb->lock)
{
    uint16_t port = fdb_owner_heaviest(&fdb->owners);
    uint32_t now = fdb_value_seen(value);

    if (port == fdb_value_port(value) && !(value & FDB_STATIC)
        && !fdb_quota_take(&fdb->renewals, fdb_quota_max(fdb), now)) {
        fdb->crowded += fdb->crowded_in != now;
        fdb->crowded_in = now;
        fdb->crowder = port;
        atomic_store_explicit(&fdb->no_renewal, fdb_renewal(port, now),
                              memory_order_relaxed);
        return FDB_NONE;
    }
    return port;
}

/* Makes room for `value` where the table is at its limit: the port that is to
 * give an entry up gives up the oldest of its first few.  Those that were seen
 * since go to the end of the list, so that the next ones get their turn.
 * False: nobody gives one up. */
static bool
evict_fairly(struct fdb *fdb, uint64_t value)
    OVS_REQUIRES(fdb->lock)
{
    uint16_t port = choose_loser(fdb, value);
    uint32_t sample[EVICT_SAMPLE];
    unsigned int n = 0, victim = 0;
    uint32_t slot;

    if (port == FDB_NONE) {
        return false;
    }
    for (slot = fdb_owner_first(&fdb->owners, port);
         slot != FDB_NO_SLOT && n < EVICT_SAMPLE;
         slot = fdb_owner_next(&fdb->owners, slot)) {
        sample[n++] = slot;
    }
    if (slot != FDB_NO_SLOT) {
        /* The next eviction will look there.  Under a storm of new addresses
         * this is what each of them would wait for. */
        __builtin_prefetch(fdb_value_at(fdb, slot));
        fdb_owner_prefetch(&fdb->owners, slot);
    }
    for (unsigned int i = 1; i < n; i++) {
        if (fdb_value_seen(fdb_value_of(fdb, sample[i]))
            < fdb_value_seen(fdb_value_of(fdb, sample[victim]))) {
            victim = i;
        }
    }
    for (unsigned int i = 0; i < victim; i++) {
        fdb_owner_remove(&fdb->owners, port, sample[i]);
        fdb_owner_add(&fdb->owners, port, sample[i]);
    }
    fdb_remove(fdb, sample[victim]);
    fdb->totals.evicted++;
    return true;
}

/* Moves the entry in `from` to the empty slot `to`.  For a moment it is in
 * both. */
static void
move(struct fdb *fdb, uint32_t from, uint32_t to)
    OVS_REQUIRES(fdb->lock)
{
    uint64_t value = fdb_value_of(fdb, from);

    set_value(fdb, to, value);
    set_key(fdb, to, fdb_key_of(fdb, from));
    set_key(fdb, from, 0);
    fdb->displaced++;
    if (!(value & FDB_STATIC)) {
        fdb_owner_renumber(&fdb->owners, fdb_value_port(value), from, to);
    }
}

/* Moves an entry of the full bucket `b` to the other bucket it may live in; if
 * all those are full too and `depth` is not 0, makes room in one of them in
 * the same way.  Returns the slot that got free. */
static uint32_t
displace(struct fdb *fdb, const struct fdb_bucket *b, int depth)
    OVS_REQUIRES(fdb->lock)
{
    const struct fdb_bucket *others[FDB_WAYS];

    for (unsigned int way = 0; way < FDB_WAYS; way++) {
        uint32_t from = fdb_slot(fdb, b, way);
        uint64_t hash = fdb_hash(&fdb->table, fdb_key_of(fdb, from));
        uint32_t to;

        others[way] = fdb_other(&fdb->table, hash, b);
        to = fdb_find_in(fdb, others[way], 0);
        if (to != FDB_NO_SLOT) {
            move(fdb, from, to);
            return from;
        }
    }
    for (unsigned int way = 0; depth && way < FDB_WAYS; way++) {
        uint32_t to = displace(fdb, others[way], depth - 1);

        if (to != FDB_NO_SLOT) {
            uint32_t from = fdb_slot(fdb, b, way);

            move(fdb, from, to);
            return from;
        }
    }
    return FDB_NO_SLOT;
}

/* Gives up the oldest learned entry of two full buckets. */
static uint32_t
evict_neighbour(struct fdb *fdb, const struct fdb_bucket *first,
                const struct fdb_bucket *other)
    OVS_REQUIRES(fdb->lock)
{
    uint32_t victim = FDB_NO_SLOT;

    for (unsigned int i = 0; i < 2 * FDB_WAYS; i++) {
        uint32_t slot = fdb_slot(fdb, i < FDB_WAYS ? first : other,
                                 i % FDB_WAYS);
        uint64_t value = fdb_value_of(fdb, slot);

        if (!(value & FDB_STATIC)
            && (victim == FDB_NO_SLOT
                || fdb_value_seen(value)
                   < fdb_value_seen(fdb_value_of(fdb, victim)))) {
            victim = slot;
        }
    }
    if (victim != FDB_NO_SLOT) {
        fdb_remove(fdb, victim);
        fdb->totals.evicted++;
    }
    return victim;
}

bool
fdb_insert(struct fdb *fdb, uint64_t key, uint64_t hash, uint64_t value)
    OVS_REQUIRES(fdb->lock)
{
    const struct fdb_bucket *first = fdb_first(&fdb->table, hash);
    const struct fdb_bucket *other = fdb_other(&fdb->table, hash, first);
    uint32_t slot;

    if (!fdb_owner_get(&fdb->owners, fdb_value_port(value))
        || (fdb->current >= fdb->max_entries && !evict_fairly(fdb, value))) {
        return false;
    }
    slot = fdb_find_in(fdb, first, 0);
    if (slot == FDB_NO_SLOT) {
        slot = fdb_find_in(fdb, other, 0);
    }
    if (slot == FDB_NO_SLOT) {
        slot = displace(fdb, first, 1);
    }
    if (slot == FDB_NO_SLOT) {
        slot = displace(fdb, other, 1);
    }
    if (slot == FDB_NO_SLOT) {
        slot = evict_neighbour(fdb, first, other);
    }
    if (slot == FDB_NO_SLOT) {
        return false;
    }
    set_value(fdb, slot, value);
    set_key(fdb, slot, key);
    book(fdb, slot, value, 1);
    return true;
}
