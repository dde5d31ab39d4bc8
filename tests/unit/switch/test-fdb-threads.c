/* SPDX-License-Identifier: Apache-2.0
 *
 * test-fdb-threads.c: an FDB under several threads at once.
 *
 * Two threads learn, one looks up, and the main thread expires, flushes, shows
 * and changes static entries, in a table much too small for the addresses.
 * What must hold: a look-up never names a port that its address was never
 * learned on, and in the end the counts add up.
 *
 * Addresses and ports are tied by arithmetic: address k is learned on port
 * k % PORTS by the one thread, and on the port after that by the other.
 */
#include <config.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "switch/fdb.h"
#include "util.h"

enum {
    KEYS = 2000,
    PORTS = 13,
    MAX_ENTRIES = 300,
    RUN_MS = 1500,
};

struct shared {
    struct fdb *fdb;
    _Atomic uint32_t now;
    atomic_bool stop;
};

struct worker {
    struct shared *shared;
    unsigned int id;
    uint64_t n;
    uint64_t hits, wrong;       /* the looker's */
    pthread_t thread;
};

static uint64_t
key_of(unsigned int k)
{
    return UINT64_C(0x0200c0000000) + k * UINT64_C(0x10001);
}

static uint16_t
port_of(unsigned int k, unsigned int id)
{
    return (uint16_t) ((k + id) % PORTS);
}

static unsigned int
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned int) (*seed >> 33);
}

static void
nap(void)
{
    struct timespec ts = { .tv_nsec = 1000 * 1000 };

    nanosleep(&ts, NULL);
}

static void *
learn(void *w_)
{
    struct worker *w = w_;
    struct shared *s = w->shared;
    uint64_t seed = w->id + 1;

    while (!atomic_load(&s->stop)) {
        uint32_t now = atomic_load(&s->now);

        for (int i = 0; i < 1000; i++) {
            unsigned int k = next_random(&seed) % KEYS;

            fdb_learn(s->fdb, key_of(k), port_of(k, w->id), now);
            w->n++;
        }
        if (!(next_random(&seed) % 20)) {
            nap();              /* lets entries grow old */
        }
    }
    return NULL;
}

static void *
look_up(void *w_)
{
    struct worker *w = w_;
    struct shared *s = w->shared;
    uint64_t seed = 99;

    while (!atomic_load(&s->stop)) {
        unsigned int k = next_random(&seed) % KEYS;
        uint16_t port = fdb_lookup(s->fdb, key_of(k));

        w->n++;
        w->hits += port != FDB_NONE;
        w->wrong += (port != FDB_NONE && port != port_of(k, 0)
                     && port != port_of(k, 1));
    }
    return NULL;
}

static int64_t
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
check_dump(const struct fdb *fdb)
{
    struct fdb_entry e;
    size_t pos = 0;

    while (fdb_dump(fdb, &pos, &e, 1)) {
        unsigned int k = (unsigned int) ((e.key - key_of(0)) / 0x10001);

        assert_true(k < KEYS && e.key == key_of(k));
        assert_true(e.port == port_of(k, 0) || e.port == port_of(k, 1));
    }
}

/* The main thread's part until time is up; returns how many entries it
 * flushed. */
static uint64_t
meddle(struct shared *s)
{
    int64_t end = now_ms() + RUN_MS;
    uint64_t flushed = 0, seed = 7;

    for (uint32_t round = 0; now_ms() < end; round++) {
        unsigned int k = next_random(&seed) % KEYS;
        struct fdb_stats stats;

        atomic_store(&s->now, 1000 + round);
        fdb_expire(s->fdb, 1000 + round, 3);
        switch (round % 16) {
        case 3:
            flushed += fdb_flush_port(s->fdb, (uint16_t) (k % PORTS));
            break;
        case 7:
            flushed += fdb_flush(s->fdb);
            break;
        case 11:
            check_dump(s->fdb);
            break;
        case 13:
            fdb_get_stats(s->fdb, &stats);
            assert_true(stats.current <= MAX_ENTRIES);
            break;
        }
    }
    return flushed;
}

static void
test_threads(void **state OVS_UNUSED)
{
    struct shared s = { .fdb = fdb_create(MAX_ENTRIES) };
    struct worker w[3];
    struct fdb_stats stats;
    struct fdb_entry e;
    uint64_t flushed, n = 0;
    size_t pos = 0;

    atomic_store(&s.now, 1000);
    for (unsigned int i = 0; i < 3; i++) {
        w[i] = (struct worker) { .shared = &s, .id = i };
        assert_int_equal(pthread_create(&w[i].thread, NULL,
                                        i < 2 ? learn : look_up, &w[i]), 0);
    }
    flushed = meddle(&s);
    atomic_store(&s.stop, true);
    for (unsigned int i = 0; i < 3; i++) {
        pthread_join(w[i].thread, NULL);
    }

    assert_int_equal(w[2].wrong, 0);
    assert_true(w[0].n && w[1].n && w[2].n && w[2].hits);
    fdb_get_stats(s.fdb, &stats);
    assert_true(stats.evicted && stats.moved && stats.expired && flushed);
    assert_int_equal(stats.learned - stats.expired - stats.evicted - flushed,
                     stats.current);
    check_dump(s.fdb);
    while (fdb_dump(s.fdb, &pos, &e, 1)) {
        n++;
    }
    assert_int_equal(n, stats.current);
    for (uint16_t port = 0; port < PORTS; port++) {
        n -= fdb_flush_port(s.fdb, port);
    }
    assert_int_equal(n, 0);
    fdb_destroy(s.fdb);
}

/* Static entries keep their ports under all that, and come and go whole. */
static void
test_statics_among_threads(void **state OVS_UNUSED)
{
    enum { N_STATIC = 100, STATIC_PORT = PORTS + 1 };
    struct shared s = { .fdb = fdb_create(MAX_ENTRIES) };
    int64_t end = now_ms() + RUN_MS / 3;
    struct worker w[2];
    struct fdb_stats stats;

    atomic_store(&s.now, 1000);
    for (unsigned int i = 0; i < 2; i++) {
        w[i] = (struct worker) { .shared = &s, .id = i };
        assert_int_equal(pthread_create(&w[i].thread, NULL, learn, &w[i]), 0);
    }
    while (now_ms() < end) {
        for (unsigned int k = 0; k < N_STATIC; k++) {
            assert_int_equal(fdb_add_static(s.fdb, key_of(k), STATIC_PORT), 0);
        }
        for (unsigned int k = 0; k < N_STATIC; k++) {
            uint16_t port = fdb_lookup(s.fdb, key_of(k));

            /* While it changes its slot it may be missed. */
            assert_true(port == STATIC_PORT || port == FDB_NONE);
        }
        fdb_get_stats(s.fdb, &stats);
        assert_int_equal(stats.statics, N_STATIC);
        assert_int_equal(fdb_flush_port(s.fdb, STATIC_PORT), N_STATIC);
    }
    atomic_store(&s.stop, true);
    for (unsigned int i = 0; i < 2; i++) {
        pthread_join(w[i].thread, NULL);
    }
    fdb_get_stats(s.fdb, &stats);
    assert_int_equal(stats.statics, 0);
    fdb_destroy(s.fdb);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_statics_among_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
