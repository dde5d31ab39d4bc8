/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb.c: the forwarding database: learning, aging, flushing, showing.
 *
 * How the table lies in memory and is searched without a lock is
 * fdb-table.h's; how an entry is put in and taken out under the lock is
 * fdb-change.c's.
 *
 * Whoever walks the whole table does so without the lock, and takes it for
 * each entry, or a few, that are to go: learning goes on meanwhile.
 */
#include <config.h>
#include "switch/fdb.h"

#include <errno.h>
#include <stdlib.h>

#include "entropy.h"
#include "random.h"
#include "switch/fdb-change.h"
#include "switch/pages.h"
#include "util.h"

enum {
    FLUSH_PIECE = 64,           /* entries removed under one hold */
    FLUSH_WALKS = 10,           /* over the table, at most */
    WALK_SHARE = 32,            /* of all slots this part of entries comes out
                                 * faster by a walk than by their list */
};

struct fdb *
fdb_create(uint32_t max_entries)
{
    struct fdb *fdb = xzalloc_cacheline(sizeof *fdb);
    uint32_t n = 4;             /* buckets; half full at `max_entries` */

    while (n * FDB_WAYS < 2 * max_entries) {
        n *= 2;
    }
    fdb->max_entries = max_entries;
    atomic_init(&fdb->no_moves_in, UINT32_MAX);
    fdb->table.mask = n - 1;
    if (get_entropy(fdb->table.seed, sizeof fdb->table.seed)) {
        random_bytes(fdb->table.seed, sizeof fdb->table.seed);
    }
    fdb->table.seed[1] |= UINT64_C(1) << 63 | 1;    /* mixes well */
    fdb->table.seed[2] |= 1;
    fdb->table.buckets = pages_alloc(n * sizeof *fdb->table.buckets);
    atomic_flag_clear(&fdb->lock.taken);
    fdb_wait_lock(&fdb->lock);
    if (!fdb_owners_init(&fdb->owners, n * FDB_WAYS) || !fdb->table.buckets) {
        fdb_unlock(&fdb->lock);
        fdb_destroy(fdb);
        return NULL;
    }
    fdb_unlock(&fdb->lock);
    return fdb;
}

void
fdb_destroy(struct fdb *fdb)
{
    if (fdb) {
        fdb_wait_lock(&fdb->lock);
        fdb_owners_destroy(&fdb->owners);
        fdb_unlock(&fdb->lock);
        pages_free(fdb->table.buckets,
                   (fdb->table.mask + 1) * sizeof *fdb->table.buckets);
        free_cacheline(fdb);
    }
}

uint32_t
fdb_max_entries(const struct fdb *fdb)
{
    return fdb->max_entries;
}

void
fdb_prefetch(const struct fdb *fdb, uint64_t key)
{
    uint64_t hash = fdb_hash(&fdb->table, key);

    fdb_table_prefetch(&fdb->table, hash);
    fdb_table_prefetch_other(&fdb->table, hash);
}

uint16_t
fdb_lookup(const struct fdb *fdb, uint64_t key)
{
    uint64_t hash = fdb_hash(&fdb->table, key);
    const struct fdb_bucket *first = fdb_first(&fdb->table, hash);
    uint16_t port;

    return (key && (fdb_bucket_lookup(first, key, hash, &port)
                    || fdb_bucket_lookup(fdb_other(&fdb->table, hash, first),
                                         key, hash, &port))
            ? port : FDB_NONE);
}

/* May one more entry move in second `now`? */
static bool
may_move(struct fdb *fdb, uint32_t now)
    OVS_REQUIRES(fdb->lock)
{
    if (fdb_quota_take(&fdb->moves, fdb_quota_max(fdb), now)) {
        return true;
    }
    fdb->limited++;
    atomic_store_explicit(&fdb->no_moves_in, now, memory_order_relaxed);
    return false;
}

void
fdb_learn(struct fdb *fdb, uint64_t key, uint16_t port, uint32_t now)
{
    uint64_t hash = fdb_hash(&fdb->table, key);
    uint64_t new = fdb_value(hash, false, port, now);
    uint32_t slot;

    if (!key) {
        return;
    }
    slot = fdb_find(fdb, key, hash);
    if (slot != FDB_NO_SLOT) {
        uint64_t old = fdb_value_of(fdb, slot);

        if (!fdb_value_has_tag(old, hash) || old & FDB_STATIC) {
            return;             /* replaced meanwhile: the next frame learns */
        }
        if (fdb_value_port(old) == port) {
            if ((int32_t) (now - fdb_value_seen(old)) > 0) {
                atomic_compare_exchange_strong_explicit(
                    fdb_value_at(fdb, slot), &old, new,
                    memory_order_release, memory_order_relaxed);
            }
            return;
        }
        if (atomic_load_explicit(&fdb->no_moves_in, memory_order_relaxed)
            == now) {
            return;
        }
    } else if (atomic_load_explicit(&fdb->no_renewal, memory_order_relaxed)
               == fdb_renewal(port, now)) {
        return;
    }
    if (!fdb_trylock(&fdb->lock)) {
        return;
    }
    slot = fdb_find(fdb, key, hash);
    if (slot == FDB_NO_SLOT) {
        fdb->totals.learned += fdb_insert(fdb, key, hash, new);
    } else {
        uint64_t old = fdb_value_of(fdb, slot);

        if (!(old & FDB_STATIC) && fdb_value_port(old) != port
            && fdb_owner_get(&fdb->owners, port) && may_move(fdb, now)) {
            fdb_replace(fdb, slot, new);
            fdb->totals.moved++;
        }
    }
    fdb_unlock(&fdb->lock);
}

static uint32_t
n_slots(const struct fdb *fdb)
{
    return (uint32_t) (fdb->table.mask + 1) * FDB_WAYS;
}

/* Older than `aging` seconds in second `now`?  A packet thread's clock may be
 * ahead of the caller's. */
static bool
is_old(uint64_t value, uint32_t now, uint32_t aging)
{
    int32_t age = (int32_t) (now - fdb_value_seen(value));

    return !(value & FDB_STATIC) && age > 0 && (uint32_t) age > aging;
}

static uint64_t
n_displaced(struct fdb *fdb)
{
    uint64_t n;

    fdb_wait_lock(&fdb->lock);
    n = fdb->displaced;
    fdb_unlock(&fdb->lock);
    return n;
}

unsigned int
fdb_expire(struct fdb *fdb, uint32_t now, uint32_t aging)
{
    uint64_t displaced = n_displaced(fdb);
    uint32_t oldest = now;
    unsigned int n = 0;

    /* Until the entry that was the oldest last time can be due, no other is:
     * then the table need not be walked. */
    if (fdb->oldest_valid
        && (int32_t) (now - fdb->oldest) <= (int32_t) aging) {
        return 0;
    }
    for (uint32_t slot = 0; slot < n_slots(fdb); slot++) {
        uint64_t value;

        if (!fdb_key_of(fdb, slot)) {
            continue;
        }
        value = fdb_value_of(fdb, slot);
        if (is_old(value, now, aging)) {
            fdb_wait_lock(&fdb->lock);
            if (fdb_key_of(fdb, slot)
                && is_old(fdb_value_of(fdb, slot), now, aging)) {
                fdb_remove(fdb, slot);
                fdb->totals.expired++;
                n++;
            }
            fdb_unlock(&fdb->lock);
        } else if (!(value & FDB_STATIC)
                   && (int32_t) (fdb_value_seen(value) - oldest) < 0) {
            oldest = fdb_value_seen(value);
        }
    }

    /* An entry that was displaced may have passed behind our back. */
    fdb->oldest_valid = n_displaced(fdb) == displaced;
    fdb->oldest = oldest;
    return n;
}

static bool
read_slot(const struct fdb *fdb, uint32_t slot, struct fdb_entry *e)
{
    uint64_t key = fdb_key_of(fdb, slot);
    uint64_t value = fdb_value_of(fdb, slot);

    e->key = key;
    e->port = fdb_value_port(value);
    e->is_static = value & FDB_STATIC;
    e->seen = fdb_value_seen(value);
    return (key && key == fdb_key_of(fdb, slot)
            && fdb_value_has_tag(value, fdb_hash(&fdb->table, key)));
}

/* One that is displaced while we walk may be missed: then the walk is made
 * again, but not for ever while learning goes on. */
unsigned int
fdb_flush_if(struct fdb *fdb,
             bool (*stale)(const struct fdb_entry *, const void *aux),
             const void *aux)
{
    unsigned int n = 0, walks = 0;
    uint64_t displaced;

    do {
        displaced = n_displaced(fdb);
        for (uint32_t slot = 0; slot < n_slots(fdb); slot++) {
            struct fdb_entry e;

            if (!read_slot(fdb, slot, &e) || e.is_static || !stale(&e, aux)) {
                continue;
            }
            fdb_wait_lock(&fdb->lock);
            if (read_slot(fdb, slot, &e) && !e.is_static && stale(&e, aux)) {
                fdb_remove(fdb, slot);
                n++;
            }
            fdb_unlock(&fdb->lock);
        }
    } while (n_displaced(fdb) != displaced && ++walks < FLUSH_WALKS);
    return n;
}

static bool
is_any(const struct fdb_entry *e OVS_UNUSED, const void *aux OVS_UNUSED)
{
    return true;
}

unsigned int
fdb_flush(struct fdb *fdb)
{
    return fdb_flush_if(fdb, is_any, NULL);
}

static uint32_t
n_learned(struct fdb *fdb, uint16_t port)
{
    uint32_t n;

    fdb_wait_lock(&fdb->lock);
    n = fdb_owner_count(&fdb->owners, port);
    fdb_unlock(&fdb->lock);
    return n;
}

static bool
is_of_port(const struct fdb_entry *e, const void *port)
{
    return e->port == *(const uint16_t *) port;
}

/* Removes a port's learned entries; those learned meanwhile too, but no more
 * than fill the table. */
static unsigned int
flush_learned(struct fdb *fdb, uint16_t port)
{
    unsigned int n = 0;
    bool more;

    if (n_learned(fdb, port) > n_slots(fdb) / WALK_SHARE) {
        n = fdb_flush_if(fdb, is_of_port, &port);
    }
    do {
        fdb_wait_lock(&fdb->lock);
        for (unsigned int i = 0; i < FLUSH_PIECE; i++) {
            uint32_t slot = fdb_owner_first(&fdb->owners, port);

            if (slot == FDB_NO_SLOT) {
                break;
            }
            fdb_remove(fdb, slot);
            n++;
        }
        more = fdb_owner_first(&fdb->owners, port) != FDB_NO_SLOT;
        fdb_unlock(&fdb->lock);
    } while (more && n < fdb->max_entries);
    return n;
}

static bool
is_static_of(const struct fdb *fdb, uint32_t slot, uint16_t port)
{
    return (fdb_key_of(fdb, slot)
            && fdb_value_of(fdb, slot) & FDB_STATIC
            && fdb_value_port(fdb_value_of(fdb, slot)) == port);
}

static bool
has_statics(struct fdb *fdb, uint16_t port)
{
    bool has;

    fdb_wait_lock(&fdb->lock);
    has = fdb_owner_statics(&fdb->owners, port) > 0;
    fdb_unlock(&fdb->lock);
    return has;
}

unsigned int
fdb_flush_port(struct fdb *fdb, uint16_t port)
{
    unsigned int n = flush_learned(fdb, port);

    /* No list links the static ones.  One that is displaced while we walk may
     * be missed: then the walk is made again. */
    while (has_statics(fdb, port)) {
        for (uint32_t slot = 0; slot < n_slots(fdb); slot++) {
            if (is_static_of(fdb, slot, port)) {
                fdb_wait_lock(&fdb->lock);
                if (is_static_of(fdb, slot, port)) {
                    fdb_remove(fdb, slot);
                    n++;
                }
                fdb_unlock(&fdb->lock);
            }
        }
    }
    return n;
}

int
fdb_add_static(struct fdb *fdb, uint64_t key, uint16_t port)
{
    uint64_t hash = fdb_hash(&fdb->table, key);
    uint64_t value = fdb_value(hash, true, port, 0);
    uint32_t slot;
    int error = 0;

    if (!key) {
        return -EINVAL;
    }
    fdb_wait_lock(&fdb->lock);
    slot = fdb_find(fdb, key, hash);
    if (!fdb_owner_get(&fdb->owners, port)) {
        error = -ENOMEM;
    } else if (slot != FDB_NO_SLOT) {
        fdb_replace(fdb, slot, value);
    } else if (!fdb_insert(fdb, key, hash, value)) {
        error = -ENOSPC;
    }
    fdb_unlock(&fdb->lock);
    return error;
}

int
fdb_del(struct fdb *fdb, uint64_t key)
{
    int error = -ENOENT;
    uint32_t slot;

    if (!key) {
        return -ENOENT;
    }
    fdb_wait_lock(&fdb->lock);
    slot = fdb_find(fdb, key, fdb_hash(&fdb->table, key));
    if (slot != FDB_NO_SLOT && fdb_value_of(fdb, slot) & FDB_STATIC) {
        fdb_remove(fdb, slot);
        error = 0;
    }
    fdb_unlock(&fdb->lock);
    return error;
}

bool
fdb_get(const struct fdb *fdb, uint64_t key, struct fdb_entry *e)
{
    uint32_t slot = (key ? fdb_find(fdb, key, fdb_hash(&fdb->table, key))
                     : FDB_NO_SLOT);

    return slot != FDB_NO_SLOT && read_slot(fdb, slot, e) && e->key == key;
}

size_t
fdb_dump(const struct fdb *fdb, size_t *pos, struct fdb_entry *entries,
         size_t max)
{
    size_t n = 0;

    for (; *pos < n_slots(fdb) && n < max; ++*pos) {
        n += read_slot(fdb, (uint32_t) *pos, &entries[n]);
    }
    return n;
}

static void
copy_entry(struct fdb *dst, const struct fdb_entry *e)
{
    uint64_t hash = fdb_hash(&dst->table, e->key);

    fdb_wait_lock(&dst->lock);
    if (dst->current < dst->max_entries
        && fdb_find(dst, e->key, hash) == FDB_NO_SLOT) {
        fdb_insert(dst, e->key, hash,
               fdb_value(hash, e->is_static, e->port, e->seen));
    }
    fdb_unlock(&dst->lock);
}

void
fdb_copy(struct fdb *dst, const struct fdb *src)
{
    struct fdb_stats stats;

    fdb_get_stats(src, &stats);
    /* Static ones first: if not all fit, learned ones come back. */
    for (int statics = stats.statics > 0; statics >= 0; statics--) {
        struct fdb_entry e;
        size_t pos = 0;

        while (fdb_dump(src, &pos, &e, 1)) {
            if (e.is_static == (bool) statics) {
                copy_entry(dst, &e);
            }
        }
    }
    fdb_get_stats(src, &stats);
    dst->inherited = (struct fdb_totals) {
        .learned = stats.learned,
        .expired = stats.expired,
        .evicted = stats.evicted,
        .moved = stats.moved,
    };
    dst->oldest_valid = false;
}

void
fdb_get_stats(const struct fdb *fdb_, struct fdb_stats *stats)
{
    struct fdb *fdb = CONST_CAST(struct fdb *, fdb_);   /* for the lock */

    fdb_wait_lock(&fdb->lock);
    stats->current = fdb->current;
    stats->max = fdb->max_entries;
    stats->statics = fdb->statics;
    stats->learned = fdb->inherited.learned + fdb->totals.learned;
    stats->expired = fdb->inherited.expired + fdb->totals.expired;
    stats->evicted = fdb->inherited.evicted + fdb->totals.evicted;
    stats->moved = fdb->inherited.moved + fdb->totals.moved;
    stats->limited = fdb->limited;
    stats->crowded = fdb->crowded;
    stats->crowder = fdb->crowder;
    fdb_unlock(&fdb->lock);
}

void
fdb_clear_stats(struct fdb *fdb)
{
    fdb_wait_lock(&fdb->lock);
    fdb->totals = (struct fdb_totals) { .learned = 0 };
    fdb->inherited = fdb->totals;
    fdb_unlock(&fdb->lock);
}
