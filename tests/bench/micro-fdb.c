/* SPDX-License-Identifier: Apache-2.0
 *
 * micro-fdb.c: what the forwarding database alone costs, in TSC cycles per
 * address.
 *
 *     micro-fdb [--core N] [--rounds N]
 *
 * A table for a million addresses holds 1 to 1,000,000.  They are asked for
 * in an order that no prefetcher guesses, 32 at a time:
 *
 *   look up         buckets prefetched for the 32, then looked up
 *   look up, cold   one after the other, without a prefetch
 *   learn again     known, and seen in this second: nothing is written
 *   learn, older    known, last seen in another second: the age is written
 *   learn, new      none is known; all of them once, into an empty table
 *
 * Then, in milliseconds, what the main thread does with all of a million: it
 * does nothing else meanwhile.
 *
 * Not a test: nothing in here can fail.
 */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "switch/fdb.h"
#include "util.h"

enum { BURST = 32, ASKED = 200000, MAX_ROUNDS = 99, PORTS = 8 };

static unsigned int rounds = 9;
static const char *core = "1";
static uint64_t found;          /* so that nothing is optimised away */

/* Address `i` of `n` in the order in which they are asked for. */
static uint64_t
address(uint64_t i)
{
    /* An odd multiplier: each number once before the first comes again. */
    return UINT64_C(0x020000000000)
        | (i * UINT64_C(2654435761) & 0xffffffff);
}

enum kind { LOOK_UP, COLD, LEARN_AGAIN, LEARN_OLDER, LEARN_NEW, N_KINDS };

static void
ask(struct fdb *fdb, enum kind kind, const uint64_t *keys, uint32_t now)
{
    if (kind != COLD) {
        for (int i = 0; i < BURST; i++) {
            fdb_prefetch(fdb, keys[i]);
        }
    }
    for (int i = 0; i < BURST; i++) {
        if (kind == LOOK_UP || kind == COLD) {
            found += fdb_lookup(fdb, keys[i]);
        } else {
            fdb_learn(fdb, keys[i], (uint16_t) (keys[i] % PORTS), now);
        }
    }
}

/* Cycles per address of one round over the first `n` addresses. */
static double
run_round(struct fdb *fdb, enum kind kind, uint64_t n, uint32_t *now)
{
    uint64_t limit = rte_get_tsc_hz() / 10000;
    uint64_t todo = kind == LEARN_NEW ? n : ASKED;
    uint64_t cycles = 0, done = 0, counted = 0, next = 0;

    while (done < todo) {
        uint64_t keys[BURST], start, taken;

        for (int i = 0; i < BURST; i++) {
            keys[i] = address(next);
            next = next + 1 == n ? 0 : next + 1;
        }
        if (kind == LEARN_OLDER && done % n < BURST) {
            ++*now;
        }
        start = rte_rdtsc_precise();
        ask(fdb, kind, keys, *now);
        taken = rte_rdtsc_precise() - start;
        done += BURST;
        if (taken < limit) {
            cycles += taken;
            counted += BURST;
        }
    }
    return counted ? (double) cycles / (double) counted : 0;
}

static int
compare(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static void
measure(struct fdb *fdb, enum kind kind, uint64_t n)
{
    static const char *const names[N_KINDS] = {
        "look up", "look up, cold", "learn again", "learn, older",
        "learn, new",
    };
    uint32_t now = 1000;
    double v[MAX_ROUNDS];
    char name[48];

    for (unsigned int i = 0; i < rounds; i++) {
        if (kind == LEARN_NEW) {
            fdb_flush(fdb);
        }
        v[i] = run_round(fdb, kind, n, &now);
    }
    qsort(v, rounds, sizeof *v, compare);
    snprintf(name, sizeof name, "%s, %"PRIu64" known", names[kind], n);
    printf("%-32s %8.1f cycles/address  (%.1f to %.1f)\n", name,
           v[rounds / 2], v[0], v[rounds - 1]);
}

/* The whole table. */

static struct fdb *
make_full(void)
{
    struct fdb *fdb = fdb_create(FDB_ENTRIES_MAX);

    if (!fdb) {
        ovs_fatal(0, "no memory");
    }
    for (uint64_t i = 0; i < FDB_ENTRIES_MAX; i++) {
        fdb_learn(fdb, address(i), (uint16_t) (i % PORTS), 1000);
    }
    return fdb;
}

static void
walk(struct fdb *fdb)
{
    found += fdb_expire(fdb, 1001, 300);
}

static void
expire(struct fdb *fdb)
{
    found += fdb_expire(fdb, 2000, 300);
}

static void
flush(struct fdb *fdb)
{
    found += fdb_flush(fdb);
}

static void
flush_port(struct fdb *fdb)
{
    found += fdb_flush_port(fdb, 1);
}

static bool
is_odd(const struct fdb_entry *e, const void *aux OVS_UNUSED)
{
    return e->port % 2;
}

static void
flush_half(struct fdb *fdb)
{
    found += fdb_flush_if(fdb, is_odd, NULL);
}

static void
dump(struct fdb *fdb)
{
    struct fdb_entry entries[256];
    size_t pos = 0, n;

    while ((n = fdb_dump(fdb, &pos, entries, ARRAY_SIZE(entries))) > 0) {
        found += n;
    }
}

static void
copy(struct fdb *fdb)
{
    struct fdb *other = fdb_create(FDB_ENTRIES_MAX);

    if (other) {
        fdb_copy(other, fdb);
        fdb_destroy(other);
    }
}

static void
measure_whole(const char *name, void (*what)(struct fdb *))
{
    double v[MAX_ROUNDS];

    for (unsigned int i = 0; i < rounds; i++) {
        struct fdb *fdb = make_full();
        uint64_t start;

        start = rte_rdtsc_precise();
        what(fdb);
        v[i] = ((double) (rte_rdtsc_precise() - start) * 1e3
                / (double) rte_get_tsc_hz());
        fdb_destroy(fdb);
    }
    qsort(v, rounds, sizeof *v, compare);
    printf("%-32s %8.1f ms  (%.1f to %.1f)\n", name, v[rounds / 2], v[0],
           v[rounds - 1]);
}

static void
measure_all_of_it(void)
{
    static const struct {
        const char *name;
        void (*what)(struct fdb *);
    } rows[] = {
        { "a million: none is old", walk },
        { "a million: all are old", expire },
        { "a million: shown", dump },
        { "a million: flush", flush },
        { "a million: flush of 1 port in 8", flush_port },
        { "a million: half are stale", flush_half },
        { "a million: another limit", copy },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        measure_whole(rows[i].name, rows[i].what);
    }
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "core", required_argument, NULL, 'c' },
        { "rounds", required_argument, NULL, 'r' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            core = optarg;
        } else if (c == 'r') {
            rounds = (unsigned int) atoi(optarg);
        } else {
            exit(2);
        }
    }
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        ovs_fatal(0, "rounds 1 to %d", MAX_ROUNDS);
    }
}

int
main(int argc, char **argv)
{
    char prefix[48], lcores[32];
    char *eal[] = {
        argv[0], prefix, (char *) "--no-huge", (char *) "--no-pci",
        (char *) "-m", (char *) "64", (char *) "--lcores", lcores,
        (char *) "--log-level=error",
    };
    struct fdb *fdb;

    parse_options(argc, argv);
    snprintf(prefix, sizeof prefix, "--file-prefix=micro%ld", (long) getpid());
    snprintf(lcores, sizeof lcores, "0@%s", core);
    if (rte_eal_init((int) ARRAY_SIZE(eal), eal) < 0) {
        ovs_fatal(0, "DPDK did not start");
    }
    fdb = fdb_create(FDB_ENTRIES_MAX);
    if (!fdb) {
        ovs_fatal(0, "no memory");
    }
    printf("cycles per address, median of %u rounds\n", rounds);
    for (uint64_t n = 1; n <= FDB_ENTRIES_MAX; n *= 10) {
        /* LEARN_NEW leaves all of them known for the others. */
        measure(fdb, LEARN_NEW, n);
        for (enum kind kind = LOOK_UP; kind < LEARN_NEW; kind++) {
            measure(fdb, kind, n);
        }
    }
    fdb_destroy(fdb);
    measure_all_of_it();
    printf("(%"PRIu64")\n", found);
    rte_eal_cleanup();
    return 0;
}
