/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-change.h: changing an FDB under its lock.
 *
 * Between fdb.c, which decides what to change, and fdb-change.c, which finds
 * room, keeps the books and evicts.
 *
 * One lock per table guards every insertion, move and removal, and all counts.
 * A packet thread only ever tries it: where it is taken, the next frame
 * learns.  The main thread waits for it, and gives its core away while it
 * does, since the holder may be a preempted thread of the same core.  Nobody
 * holds it for longer than a few entries take.
 */
#ifndef SWITCH_FDB_CHANGE_H
#define SWITCH_FDB_CHANGE_H 1

#include <sched.h>

#include <rte_pause.h>

#include "openvswitch/compiler.h"
#include "switch/fdb-owner.h"
#include "switch/fdb-table.h"
#include "util.h"

struct OVS_LOCKABLE fdb_lock {
    atomic_flag taken;
};

struct fdb_totals {
    uint64_t learned, expired, evicted, moved;
};

/* What may be done so many times in a second. */
struct fdb_quota {
    uint32_t second, used;
};

struct fdb {
    /* Packet threads: read only. */
    struct fdb_table table;
    uint32_t max_entries;
    /* Packet threads write these too, seldom: no entry moves any more in this
     * second; and what fdb_renewal() says of a port that renews no more of its
     * entries in a second. */
    _Atomic uint32_t no_moves_in;
    _Atomic uint64_t no_renewal;

    /* Packet threads and the main thread. */
    _Alignas(64) struct fdb_lock lock;
    uint32_t current OVS_GUARDED;
    uint32_t statics OVS_GUARDED;
    struct fdb_totals totals OVS_GUARDED;
    struct fdb_quota moves OVS_GUARDED;
    struct fdb_quota renewals OVS_GUARDED;
    uint64_t limited OVS_GUARDED;       /* seconds in which moves were at their
                                         * limit */
    uint64_t crowded OVS_GUARDED;       /* in which renewals were */
    uint32_t crowded_in OVS_GUARDED;    /* the last of them, */
    uint16_t crowder OVS_GUARDED;       /* and the port */
    uint64_t displaced OVS_GUARDED;     /* entries that changed their slot */
    struct fdb_owners owners OVS_GUARDED;

    /* Main thread. */
    struct fdb_totals inherited;        /* of the table this one follows */
    bool oldest_valid;
    uint32_t oldest;            /* no entry was last seen before */
};

static inline bool
fdb_trylock(struct fdb_lock *lock)
    OVS_TRY_LOCK(true, lock) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    return !atomic_flag_test_and_set_explicit(&lock->taken,
                                              memory_order_acquire);
}

/* Main thread. */
static inline void
fdb_wait_lock(struct fdb_lock *lock)
    OVS_ACQUIRES(lock) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    for (unsigned int tries = 1; !fdb_trylock(lock); tries++) {
        if (!(tries % 64)) {
            sched_yield();
        } else {
            rte_pause();
        }
    }
}

static inline void
fdb_unlock(struct fdb_lock *lock)
    OVS_RELEASES(lock) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    atomic_flag_clear_explicit(&lock->taken, memory_order_release);
}

/* A slot is bucket * FDB_WAYS + way.  Under the lock nobody else changes a
 * key, nor of a value more than the second. */

static inline _Atomic uint64_t *
fdb_key_at(const struct fdb *fdb, uint32_t slot)
{
    return &fdb->table.buckets[slot / FDB_WAYS].key[slot % FDB_WAYS];
}

static inline _Atomic uint64_t *
fdb_value_at(const struct fdb *fdb, uint32_t slot)
{
    return &fdb->table.buckets[slot / FDB_WAYS].value[slot % FDB_WAYS];
}

static inline uint64_t
fdb_key_of(const struct fdb *fdb, uint32_t slot)
{
    return atomic_load_explicit(fdb_key_at(fdb, slot), memory_order_acquire);
}

static inline uint64_t
fdb_value_of(const struct fdb *fdb, uint32_t slot)
{
    return atomic_load_explicit(fdb_value_at(fdb, slot),
                                memory_order_acquire);
}

/* The slot number of way `way` in `b`. */
static inline uint32_t
fdb_slot(const struct fdb *fdb, const struct fdb_bucket *b, unsigned int way)
{
    return (uint32_t) (b - fdb->table.buckets) * FDB_WAYS + way;
}

/* The slot of `key` in `b`; an empty one if `key` is 0.  FDB_NO_SLOT: none. */
static inline uint32_t
fdb_find_in(const struct fdb *fdb, const struct fdb_bucket *b, uint64_t key)
{
    unsigned int match = fdb_bucket_match(b, key);

    return (match ? fdb_slot(fdb, b, (unsigned int) __builtin_ctz(match))
            : FDB_NO_SLOT);
}

static inline uint32_t
fdb_find(const struct fdb *fdb, uint64_t key, uint64_t hash)
{
    const struct fdb_bucket *first = fdb_first(&fdb->table, hash);
    uint32_t slot = fdb_find_in(fdb, first, key);

    return (slot != FDB_NO_SLOT ? slot
            : fdb_find_in(fdb, fdb_other(&fdb->table, hash, first), key));
}

/* As many as the table may have, within bounds: of moves, and of renewals. */
static inline uint32_t
fdb_quota_max(const struct fdb *fdb)
{
    return MIN(MAX(fdb->max_entries, FDB_MOVES_MIN), FDB_MOVES_MAX);
}

/* Once more in second `now`?  False: not in this second. */
static inline bool
fdb_quota_take(struct fdb_quota *quota, uint32_t max, uint32_t now)
{
    if (now != quota->second) {
        quota->second = now;
        quota->used = 0;
    }
    if (quota->used >= max) {
        return false;
    }
    quota->used++;
    return true;
}

/* A port that has most entries of a full table learns a new address for one
 * of its own: it renews them.  Never 0. */
static inline uint64_t
fdb_renewal(uint16_t port, uint32_t now)
{
    return UINT64_C(1) << 48 | (uint64_t) port << 32 | now;
}

/* Takes the entry in `slot` out. */
void fdb_remove(struct fdb *fdb, uint32_t slot)
    OVS_REQUIRES(fdb->lock);

/* Gives the entry in `slot` another port, or makes it static or learned. */
void fdb_replace(struct fdb *fdb, uint32_t slot, uint64_t value)
    OVS_REQUIRES(fdb->lock);

/* Puts `key`, which is not in the table, into it, evicting another entry where
 * the table is at its limit.  False: only static entries stand in its way,
 * memory is short, or its port renews no more of its entries in the second
 * that `value` has. */
bool fdb_insert(struct fdb *fdb, uint64_t key, uint64_t hash, uint64_t value)
    OVS_REQUIRES(fdb->lock);

#endif
