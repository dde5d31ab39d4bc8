/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-table.h: how an FDB lies in memory, and how packet threads search it.
 *
 * For fdb.c, which changes the table, and forward.c, which has the search
 * inlined and keeps a key's hash from the prefetch to the look-up.  Everybody
 * else uses fdb.h.
 *
 * A bucket is one cache line: four keys, then their four values.  Key 0 is an
 * empty slot.  A key lives in one of two buckets; most live in the first.
 *
 *  writer (under the table's lock)     reader (no lock, writes nothing)
 *  -------------------------------     --------------------------------
 *  key   = 0                           k = key             acquire
 *  value = new          release        v = value           acquire
 *  key   = new          release        key == k still?     relaxed
 *                                      v carries k's tag?
 *
 * The second look at the key rejects a value that was replaced in between.
 * Were the slot to go through another key and back to the first between two
 * instructions of the reader, the tag (15 bits of the key's hash, which the
 * value holds) would reject the other key's value.  In a slot whose key stays,
 * any value read is or was true.
 *
 * The only write outside the lock is a packet thread's compare-and-swap of
 * `seen` in a value with the same tag and port.  Where it comes too late and
 * hits another key's value, that one was equal to the last bit.
 */
#ifndef SWITCH_FDB_TABLE_H
#define SWITCH_FDB_TABLE_H 1

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#if defined __SSE4_1__ && !defined __SANITIZE_THREAD__
#define FDB_MATCH_SSE 1
#include <smmintrin.h>
#endif

#include "openvswitch/compiler.h"
#include "switch/fdb.h"

enum { FDB_WAYS = 4 };          /* slots of a bucket */

struct fdb_bucket {
    _Alignas(64) _Atomic uint64_t key[FDB_WAYS];
    _Atomic uint64_t value[FDB_WAYS];
};
static_assert(sizeof(struct fdb_bucket) == 64, "a bucket is a cache line");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_LONG_LOCK_FREE == 2,
              "packet threads take no lock");

/* A value: the key's tag 15 | static 1 | port 16 | second last seen 32. */
enum { FDB_TAG_SHIFT = 49 };
#define FDB_STATIC (UINT64_C(1) << 48)

/* Never changes while the table lives.  First member of `struct fdb`. */
struct fdb_table {
    struct fdb_bucket *buckets;
    uint64_t mask;              /* number of buckets less one */
    uint64_t seed[3];           /* secret, so that no sender can choose
                                 * addresses that all meet in one bucket;
                                 * the last two are odd */
};

static inline const struct fdb_table *
fdb_table(const struct fdb *fdb)
{
    return (const struct fdb_table *) fdb;
}

/* Two multiplications: after one alone, addresses in steps would come to lie
 * in steps, and an unlucky seed would put them all into a few buckets.  (CRC32
 * would be cheaper, but what collides under one seed does under all.)
 *
 * Bits of the hash: the first bucket's number from 40 on, the other one's
 * from 20 on, the tag in the lowest 15. */
static inline uint64_t
fdb_hash(const struct fdb_table *t, uint64_t key)
{
    unsigned __int128 product;
    uint64_t h;

    product = (unsigned __int128) (key ^ t->seed[0]) * t->seed[1];
    h = (uint64_t) product ^ (uint64_t) (product >> 64);
    return (h ^ h >> 32) * t->seed[2];
}

static inline struct fdb_bucket *
fdb_first(const struct fdb_table *t, uint64_t hash)
{
    return &t->buckets[hash >> 40 & t->mask];
}

/* The other one of the two buckets.  Never the same as `b`. */
static inline struct fdb_bucket *
fdb_other(const struct fdb_table *t, uint64_t hash, const struct fdb_bucket *b)
{
    uint64_t number = (uint64_t) (b - t->buckets);

    return &t->buckets[number ^ ((hash >> 20 | 1) & t->mask)];
}

static inline uint64_t
fdb_value(uint64_t hash, bool is_static, uint16_t port, uint32_t seen)
{
    return hash << FDB_TAG_SHIFT | (is_static ? FDB_STATIC : 0)
        | (uint64_t) port << 32 | seen;
}

static inline uint16_t
fdb_value_port(uint64_t value)
{
    return (uint16_t) (value >> 32);
}

static inline uint32_t
fdb_value_seen(uint64_t value)
{
    return (uint32_t) value;
}

static inline bool
fdb_value_has_tag(uint64_t value, uint64_t hash)
{
    return value >> FDB_TAG_SHIFT == (hash & 0x7fff);
}

/* Bit i is set where slot i holds `key` (0: is empty).  Without branches:
 * which of the four it is, no predictor could tell.
 *
 * The loads are ordered before that of the value by its address, which depends
 * on them; each half of a vector is loaded whole, as any aligned 8 bytes. */
static inline unsigned int
fdb_bucket_match(const struct fdb_bucket *b, uint64_t key)
{
#ifdef FDB_MATCH_SSE
    const __m128i *keys = (const void *) b->key;
    __m128i k = _mm_set1_epi64x((long long) key);
    __m128i low = _mm_cmpeq_epi64(_mm_load_si128(keys), k);
    __m128i high = _mm_cmpeq_epi64(_mm_load_si128(keys + 1), k);

    return (unsigned int) _mm_movemask_ps(
        _mm_castsi128_ps(_mm_packs_epi32(low, high)));
#else
    unsigned int match = 0;

    for (unsigned int i = 0; i < FDB_WAYS; i++) {
        match |= (unsigned int)
            (atomic_load_explicit(&b->key[i], memory_order_acquire) == key)
            << i;
    }
    return match;
#endif
}

/* Looks for `key` in one bucket.  True: found, and `*port` is its port. */
static inline bool
fdb_bucket_lookup(const struct fdb_bucket *b, uint64_t key, uint64_t hash,
                  uint16_t *port)
{
    unsigned int match = fdb_bucket_match(b, key);

    if (OVS_LIKELY(match)) {
        unsigned int way = (unsigned int) __builtin_ctz(match);
        uint64_t value = atomic_load_explicit(&b->value[way],
                                              memory_order_acquire);

        *port = fdb_value_port(value);
        return OVS_LIKELY(atomic_load_explicit(&b->key[way],
                                               memory_order_relaxed) == key
                          && fdb_value_has_tag(value, hash));
    }
    return false;
}

/* Is `key` in this bucket, and is there nothing to learn from a frame of
 * `port` in second `now`? */
static inline bool
fdb_bucket_knows(const struct fdb_bucket *b, uint64_t key, uint64_t hash,
                 uint16_t port, uint32_t now)
{
    unsigned int match = fdb_bucket_match(b, key);

    if (OVS_LIKELY(match)) {
        unsigned int way = (unsigned int) __builtin_ctz(match);
        uint64_t value = atomic_load_explicit(&b->value[way],
                                              memory_order_relaxed);

        return (OVS_LIKELY(value == fdb_value(hash, false, port, now))
                || (value & FDB_STATIC && fdb_value_has_tag(value, hash)));
    }
    return false;
}

/* The first bucket's memory: most keys live there. */
static inline void
fdb_table_prefetch(const struct fdb_table *t, uint64_t hash)
{
    __builtin_prefetch(fdb_first(t, hash));
}

/* After the first bucket did not have it: the other one's. */
static inline void
fdb_table_prefetch_other(const struct fdb_table *t, uint64_t hash)
{
    __builtin_prefetch(fdb_other(t, hash, fdb_first(t, hash)));
}

#endif
