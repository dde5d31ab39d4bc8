/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb.h: the forwarding database of one bridge: (VLAN, MAC) -> logical port.
 *
 * A concurrent hash of cache-line buckets, four entries each, two candidate
 * buckets per key.  Lookups take no lock and write nothing.  Learning writes
 * only when something changes (a new entry, a move, an age one second older);
 * inserting takes the table's lock with a try: a packet thread never waits,
 * the next frame learns.
 *
 *   fdb_lookup, fdb_learn     packet threads
 *   everything else           main thread
 *
 * A key is vlan << 48 | MAC in network order read as a big number; time is in
 * seconds of any monotonic clock, the same for all callers.
 */
#ifndef SWITCH_FDB_H
#define SWITCH_FDB_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdb;

enum {
    FDB_NONE = 0xffff,          /* no such entry */
    FDB_MAX_PORTS = 0xfff0,     /* logical port indices are below */
    FDB_ENTRIES_MAX = 1000000,
    FDB_MOVES_MIN = 1000,       /* in a second */
    FDB_MOVES_MAX = 100000,
};

struct fdb_stats {
    uint64_t current, max, statics;
    uint64_t learned, expired, evicted, moved;
    uint64_t limited;           /* seconds in which no more moves were made */
    uint64_t crowded;           /* seconds in which a port learned no more */
    uint64_t crowder;           /* in the last of them: that port */
};

/* NULL where memory is short.  `max_entries` 10..FDB_ENTRIES_MAX. */
struct fdb *fdb_create(uint32_t max_entries);
void fdb_destroy(struct fdb *);         /* after a grace period */
uint32_t fdb_max_entries(const struct fdb *);

static inline uint64_t
fdb_key(uint16_t vlan, const uint8_t mac[6])
{
    return (uint64_t) vlan << 48 | (uint64_t) mac[0] << 40
        | (uint64_t) mac[1] << 32 | (uint64_t) mac[2] << 24
        | (uint64_t) mac[3] << 16 | (uint64_t) mac[4] << 8 | mac[5];
}

/* Prefetches the buckets of `key`. */
void fdb_prefetch(const struct fdb *, uint64_t key);

/* The logical port behind `key`, or FDB_NONE. */
uint16_t fdb_lookup(const struct fdb *, uint64_t key);

/* Notes that `key` was seen on `port` at second `now`.  Static entries stay.
 * A full table evicts the oldest of a few entries of the port that has the
 * most.
 *
 * In one second as many entries may move to other ports as the table may have,
 * but at least FDB_MOVES_MIN and at most FDB_MOVES_MAX: enough for all hosts of
 * a link that failed, and no more than costs little where a loop makes
 * addresses jump.  Further moves wait for the next second.
 *
 * Likewise the port that has the most may put so many of its own entries in
 * place of others of its own.  Beyond that its new addresses wait, and cost a
 * storm's frames no more than a look-up; other ports learn. */
void fdb_learn(struct fdb *, uint64_t key, uint16_t port, uint32_t now);

struct fdb_entry {
    uint64_t key;
    uint16_t port;
    bool is_static;
    uint32_t seen;              /* second it was last seen */
};

/* Removes entries older than `aging` seconds; returns how many. */
unsigned int fdb_expire(struct fdb *, uint32_t now, uint32_t aging);
unsigned int fdb_flush(struct fdb *);                   /* not statics */
unsigned int fdb_flush_port(struct fdb *, uint16_t port); /* all of it */
/* Removes learned entries of which `stale` is true. */
unsigned int fdb_flush_if(struct fdb *,
                          bool (*stale)(const struct fdb_entry *,
                                        const void *aux), const void *aux);

/* 0 or negative errno (-ENOSPC, -ENOENT). */
int fdb_add_static(struct fdb *, uint64_t key, uint16_t port);
int fdb_del(struct fdb *, uint64_t key);

/* The entry of `key`; false: there is none. */
bool fdb_get(const struct fdb *, uint64_t key, struct fdb_entry *);

/* Copies up to `max` entries from position `*pos` (0 at first) on; returns how
 * many, 0 at the end.  Safe beside learning. */
size_t fdb_dump(const struct fdb *, size_t *pos, struct fdb_entry *,
                size_t max);

/* Copies what fits of `src` into `dst`, when the table's limit changes. */
void fdb_copy(struct fdb *dst, const struct fdb *src);

void fdb_get_stats(const struct fdb *, struct fdb_stats *);
void fdb_clear_stats(struct fdb *);

#endif
