/* SPDX-License-Identifier: Apache-2.0
 *
 * test-fdb.c: what an FDB learns, forgets and gives up, by one thread.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "switch/fdb.h"
#include "util.h"

static uint64_t
mac(uint64_t i)
{
    return UINT64_C(0x020000000000) + i;
}

static struct fdb_stats
stats_of(const struct fdb *fdb)
{
    struct fdb_stats stats;

    fdb_get_stats(fdb, &stats);
    return stats;
}

/* Learns keys `from` to `to` - 1 on `port`. */
static void
learn_range(struct fdb *fdb, uint64_t from, uint64_t to, uint16_t port,
            uint32_t now)
{
    for (uint64_t i = from; i < to; i++) {
        fdb_learn(fdb, mac(i), port, now);
    }
}

/* How many of these keys are known. */
static uint64_t
count_known(const struct fdb *fdb, uint64_t from, uint64_t to, uint16_t port)
{
    uint64_t n = 0;

    for (uint64_t i = from; i < to; i++) {
        uint16_t found = fdb_lookup(fdb, mac(i));

        assert_true(found == port || found == FDB_NONE);
        n += found == port;
    }
    return n;
}

static void
test_learn_and_look_up(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(100);

    assert_int_equal(fdb_lookup(fdb, mac(1)), FDB_NONE);
    fdb_learn(fdb, mac(1), 7, 1000);
    assert_int_equal(fdb_lookup(fdb, mac(1)), 7);
    assert_int_equal(fdb_lookup(fdb, mac(2)), FDB_NONE);
    fdb_learn(fdb, mac(1), 7, 1001);
    assert_int_equal(stats_of(fdb).current, 1);
    assert_int_equal(stats_of(fdb).learned, 1);
    assert_int_equal(stats_of(fdb).moved, 0);
    assert_int_equal(stats_of(fdb).max, 100);
    assert_int_equal(fdb_max_entries(fdb), 100);
    fdb_prefetch(fdb, mac(1));
    fdb_destroy(fdb);
}

static void
test_move(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(100);

    fdb_learn(fdb, mac(1), 7, 1000);
    fdb_learn(fdb, mac(1), 8, 1000);
    assert_int_equal(fdb_lookup(fdb, mac(1)), 8);
    assert_int_equal(stats_of(fdb).moved, 1);
    assert_int_equal(stats_of(fdb).current, 1);

    /* It belongs to port 8 alone now. */
    assert_int_equal(fdb_flush_port(fdb, 7), 0);
    assert_int_equal(fdb_flush_port(fdb, 8), 1);
    assert_int_equal(fdb_lookup(fdb, mac(1)), FDB_NONE);
    fdb_destroy(fdb);
}

/* A loop makes addresses jump; a link that fails moves all of them once. */
static void
test_moves_are_limited(void **state OVS_UNUSED)
{
    static const struct {
        uint32_t size, limit;
    } rows[] = {
        { 10, FDB_MOVES_MIN }, { 5000, 5000 }, { 200000, FDB_MOVES_MAX },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fdb *fdb = fdb_create(rows[i].size);
        uint32_t now = 100;

        fdb_learn(fdb, mac(1), 1, now);
        for (uint32_t n = 1; n <= rows[i].limit; n++) {
            fdb_learn(fdb, mac(1), (uint16_t) (1 + n % 2), now);
        }
        assert_int_equal(stats_of(fdb).moved, rows[i].limit);
        assert_int_equal(stats_of(fdb).limited, 0);
        for (int n = 0; n < 100; n++) {
            fdb_learn(fdb, mac(1), 3, now);
        }
        assert_int_equal(stats_of(fdb).moved, rows[i].limit);
        assert_int_equal(stats_of(fdb).limited, 1);
        assert_true(fdb_lookup(fdb, mac(1)) != 3);

        /* New ones are learned, known ones stay young. */
        fdb_learn(fdb, mac(2), 3, now);
        assert_int_equal(fdb_lookup(fdb, mac(2)), 3);

        fdb_learn(fdb, mac(1), 3, now + 1);
        assert_int_equal(fdb_lookup(fdb, mac(1)), 3);
        fdb_destroy(fdb);
    }
}

/* A storm of new addresses from one port: it renews its own entries so often,
 * while the others learn as ever. */
static void
test_renewals_are_limited(void **state OVS_UNUSED)
{
    static const struct {
        uint32_t size, limit;
    } rows[] = {
        { 10, FDB_MOVES_MIN }, { 5000, 5000 }, { 200000, FDB_MOVES_MAX },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct fdb *fdb = fdb_create(rows[i].size);
        uint64_t storm = rows[i].size + rows[i].limit;
        uint32_t now = 100;

        learn_range(fdb, 0, storm, 1, now);
        assert_int_equal(stats_of(fdb).evicted, rows[i].limit);
        assert_int_equal(stats_of(fdb).crowded, 0);
        learn_range(fdb, storm, storm + 5000, 1, now);
        assert_int_equal(stats_of(fdb).evicted, rows[i].limit);
        assert_int_equal(stats_of(fdb).crowded, 1);
        assert_int_equal(stats_of(fdb).crowder, 1);
        assert_int_equal(count_known(fdb, storm, storm + 5000, 1), 0);

        /* Others take what is theirs, an operator too. */
        learn_range(fdb, 1 << 20, (1 << 20) + 3, 2, now);
        assert_int_equal(count_known(fdb, 1 << 20, (1 << 20) + 3, 2), 3);
        assert_int_equal(fdb_add_static(fdb, mac(1 << 21), 1), 0);

        /* Known ones stay young and move; the next second has its turn. */
        fdb_learn(fdb, mac(storm - 1), 2, now);
        assert_int_equal(fdb_lookup(fdb, mac(storm - 1)), 2);
        learn_range(fdb, storm, storm + 3, 1, now + 1);
        assert_int_equal(count_known(fdb, storm, storm + 3, 1), 3);
        fdb_destroy(fdb);
    }
}

static void
test_vlans_are_apart(void **state OVS_UNUSED)
{
    static const uint8_t address[6] = { 2, 0, 0, 0, 0, 9 };
    struct fdb *fdb = fdb_create(100);

    assert_int_equal(fdb_key(0, address), mac(9));
    fdb_learn(fdb, fdb_key(1, address), 1, 0);
    fdb_learn(fdb, fdb_key(4095, address), 2, 0);
    assert_int_equal(fdb_lookup(fdb, fdb_key(0, address)), FDB_NONE);
    assert_int_equal(fdb_lookup(fdb, fdb_key(1, address)), 1);
    assert_int_equal(fdb_lookup(fdb, fdb_key(4095, address)), 2);
    fdb_destroy(fdb);
}

static void
test_zero_is_no_address(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(10);

    fdb_learn(fdb, 0, 1, 0);
    assert_int_equal(stats_of(fdb).current, 0);
    assert_int_equal(fdb_lookup(fdb, 0), FDB_NONE);
    assert_int_equal(fdb_add_static(fdb, 0, 1), -EINVAL);
    assert_int_equal(fdb_del(fdb, 0), -ENOENT);

    /* Nor where slots were used. */
    for (uint64_t i = 1; i < 1000; i++) {
        fdb_learn(fdb, mac(i), 1, 0);
        fdb_flush(fdb);
        assert_int_equal(fdb_lookup(fdb, 0), FDB_NONE);
    }
    fdb_destroy(fdb);
}

static void
test_aging(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(100);

    fdb_learn(fdb, mac(1), 1, 1000);
    fdb_learn(fdb, mac(2), 1, 1010);
    assert_int_equal(fdb_add_static(fdb, mac(3), 1), 0);

    assert_int_equal(fdb_expire(fdb, 1300, 300), 0);
    assert_int_equal(fdb_expire(fdb, 1301, 300), 1);
    assert_int_equal(fdb_lookup(fdb, mac(1)), FDB_NONE);
    assert_int_equal(fdb_lookup(fdb, mac(2)), 1);

    fdb_learn(fdb, mac(2), 1, 1305);            /* refreshed */
    assert_int_equal(fdb_expire(fdb, 1311, 300), 0);
    assert_int_equal(fdb_expire(fdb, 1605, 300), 0);
    assert_int_equal(fdb_expire(fdb, 1606, 300), 1);
    assert_int_equal(fdb_lookup(fdb, mac(3)), 1);
    assert_int_equal(stats_of(fdb).expired, 2);
    assert_int_equal(stats_of(fdb).current, 1);
    fdb_destroy(fdb);
}

/* The table is not walked while nothing can be due: no harm may come of it. */
static void
test_aging_shortcut(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(1000);
    uint64_t n = 0;

    for (uint32_t now = 1; now < 500; now++) {
        fdb_learn(fdb, mac(now), 1, now);
        n += fdb_expire(fdb, now, 20);
        assert_int_equal(stats_of(fdb).current, MIN(now, 21));
    }
    /* A shorter time counts at once. */
    n += fdb_expire(fdb, 499, 5);
    assert_int_equal(stats_of(fdb).current, 6);
    assert_int_equal(stats_of(fdb).expired, n);

    /* A packet thread's clock may be ahead of ours, or behind another's. */
    struct fdb_entry e;

    fdb_flush(fdb);
    fdb_learn(fdb, mac(1), 1, 1000);
    fdb_learn(fdb, mac(1), 1, 999);
    assert_true(fdb_get(fdb, mac(1), &e));
    assert_int_equal(e.seen, 1000);
    assert_int_equal(fdb_expire(fdb, 999, 5), 0);
    fdb_destroy(fdb);
}

static void
test_statics(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(10);
    struct fdb_entry e;

    assert_int_equal(fdb_add_static(fdb, mac(1), 5), 0);
    fdb_learn(fdb, mac(1), 6, 1000);
    assert_int_equal(fdb_lookup(fdb, mac(1)), 5);
    assert_int_equal(stats_of(fdb).moved, 0);
    assert_int_equal(stats_of(fdb).learned, 0);

    /* A learned one becomes static; a static one may be put elsewhere. */
    fdb_learn(fdb, mac(2), 6, 1000);
    assert_int_equal(fdb_add_static(fdb, mac(2), 7), 0);
    assert_int_equal(fdb_add_static(fdb, mac(2), 8), 0);
    assert_int_equal(fdb_lookup(fdb, mac(2)), 8);
    assert_int_equal(stats_of(fdb).statics, 2);
    assert_int_equal(stats_of(fdb).current, 2);
    assert_true(fdb_get(fdb, mac(2), &e));
    assert_true(e.is_static);
    assert_int_equal(e.port, 8);

    assert_int_equal(fdb_flush(fdb), 0);
    assert_int_equal(fdb_lookup(fdb, mac(2)), 8);

    /* Only static entries are deleted by name. */
    fdb_learn(fdb, mac(3), 6, 1000);
    assert_int_equal(fdb_del(fdb, mac(3)), -ENOENT);
    assert_int_equal(fdb_del(fdb, mac(4)), -ENOENT);
    assert_int_equal(fdb_del(fdb, mac(1)), 0);
    assert_int_equal(fdb_lookup(fdb, mac(1)), FDB_NONE);
    assert_false(fdb_get(fdb, mac(1), &e));
    fdb_learn(fdb, mac(1), 6, 1000);
    assert_int_equal(fdb_lookup(fdb, mac(1)), 6);

    /* A port that leaves takes all of its entries along. */
    assert_int_equal(fdb_flush_port(fdb, 8), 1);
    assert_int_equal(stats_of(fdb).statics, 0);
    fdb_destroy(fdb);
}

static void
test_full_of_statics(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(10);

    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(fdb_add_static(fdb, mac(i), 1), 0);
    }
    assert_int_equal(fdb_add_static(fdb, mac(10), 1), -ENOSPC);
    fdb_learn(fdb, mac(11), 2, 1000);
    assert_int_equal(fdb_lookup(fdb, mac(11)), FDB_NONE);
    assert_int_equal(stats_of(fdb).evicted, 0);
    assert_int_equal(fdb_del(fdb, mac(0)), 0);
    fdb_learn(fdb, mac(11), 2, 1000);
    assert_int_equal(fdb_lookup(fdb, mac(11)), 2);

    /* A static entry displaces a learned one. */
    assert_int_equal(fdb_add_static(fdb, mac(0), 1), 0);
    assert_int_equal(fdb_lookup(fdb, mac(11)), FDB_NONE);
    assert_int_equal(stats_of(fdb).evicted, 1);
    fdb_destroy(fdb);
}

/* Exactly as many as allowed, none given up early, whatever the addresses:
 * in sequence, and with one bit each in different places. */
static void
test_holds_its_limit(void **state OVS_UNUSED)
{
    static const uint32_t limits[] = { 10, 11, 100, 1000, 8192, 100000,
                                       FDB_ENTRIES_MAX };

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        uint32_t max = limits[i];

        for (int stride = 0; stride <= 24; stride += 8) {
            struct fdb *fdb = fdb_create(max);

            for (uint64_t k = 0; k < max; k++) {
                fdb_learn(fdb, mac(k << stride), (uint16_t) (k % 500), 1);
            }
            assert_int_equal(stats_of(fdb).current, max);
            assert_int_equal(stats_of(fdb).evicted, 0);
            for (uint64_t k = 0; k < max; k++) {
                assert_int_equal(fdb_lookup(fdb, mac(k << stride)), k % 500);
            }
            fdb_destroy(fdb);
            if (max > 100000) {
                break;
            }
        }
    }
}

static void
test_evicts_at_the_limit(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(10);

    learn_range(fdb, 0, 100, 1, 1000);
    assert_int_equal(stats_of(fdb).current, 10);
    assert_int_equal(stats_of(fdb).learned, 100);
    assert_int_equal(stats_of(fdb).evicted, 90);
    assert_int_equal(count_known(fdb, 90, 100, 1), 10);
    fdb_destroy(fdb);
}

static void
test_evicts_from_the_heaviest(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(90);

    learn_range(fdb, 0, 60, 1, 1000);
    learn_range(fdb, 100, 130, 2, 1000);
    learn_range(fdb, 200, 230, 3, 1000);
    assert_int_equal(count_known(fdb, 0, 60, 1), 30);
    assert_int_equal(count_known(fdb, 100, 130, 2), 30);
    assert_int_equal(count_known(fdb, 200, 230, 3), 30);

    /* A port that floods the table with addresses loses its own. */
    learn_range(fdb, 1000, 100000, 4, 1001);
    assert_in_range(count_known(fdb, 0, 60, 1), 22, 23);
    assert_in_range(count_known(fdb, 100, 130, 2), 22, 23);
    assert_in_range(count_known(fdb, 200, 230, 3), 22, 23);
    assert_int_equal(stats_of(fdb).current, 90);
    fdb_destroy(fdb);
}

/* Of one port's entries those go that were not seen for longest. */
static void
test_evicts_the_oldest(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(100);

    learn_range(fdb, 0, 100, 1, 1000);
    learn_range(fdb, 0, 3, 1, 2000);            /* the first three live */
    learn_range(fdb, 100, 150, 1, 2000);
    assert_int_equal(count_known(fdb, 0, 3, 1), 3);
    assert_int_equal(count_known(fdb, 3, 100, 1), 47);
    assert_int_equal(count_known(fdb, 100, 150, 1), 50);
    fdb_destroy(fdb);
}

static void
test_flush(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(1000);

    learn_range(fdb, 0, 300, 1, 1000);
    learn_range(fdb, 300, 500, 2, 1000);
    learn_range(fdb, 500, 501, FDB_MAX_PORTS - 1, 1000);
    fdb_add_static(fdb, mac(600), 1);
    assert_int_equal(fdb_flush_port(fdb, 2), 200);
    assert_int_equal(fdb_flush_port(fdb, 2), 0);
    assert_int_equal(stats_of(fdb).current, 302);
    assert_int_equal(fdb_flush(fdb), 301);
    assert_int_equal(stats_of(fdb).current, 1);
    assert_int_equal(stats_of(fdb).expired, 0);
    learn_range(fdb, 0, 1000, 3, 1000);         /* 600 is the static one */
    assert_int_equal(stats_of(fdb).current, 1000);
    assert_int_equal(stats_of(fdb).evicted, 0);
    fdb_destroy(fdb);
}

static void
test_dump(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(1000);
    bool seen[1000] = { false };
    struct fdb_entry e[7];
    size_t pos = 0, n, total = 0;

    learn_range(fdb, 0, 999, 4, 77);
    fdb_add_static(fdb, mac(999), 5);
    while ((n = fdb_dump(fdb, &pos, e, ARRAY_SIZE(e))) > 0) {
        for (size_t i = 0; i < n; i++) {
            uint64_t k = e[i].key - mac(0);

            assert_true(k < 1000 && !seen[k]);
            seen[k] = true;
            assert_int_equal(e[i].is_static, k == 999);
            assert_int_equal(e[i].port, k == 999 ? 5 : 4);
            assert_true(k == 999 || e[i].seen == 77);
        }
        total += n;
    }
    assert_int_equal(total, 1000);
    fdb_destroy(fdb);
}

static void
test_copy(void **state OVS_UNUSED)
{
    struct fdb *src = fdb_create(100);
    struct fdb *more = fdb_create(1000);
    struct fdb *less = fdb_create(10);

    learn_range(src, 0, 90, 1, 1000);
    for (uint64_t i = 90; i < 95; i++) {
        fdb_add_static(src, mac(i), 2);
    }
    fdb_learn(src, mac(0), 3, 1005);

    fdb_copy(more, src);
    assert_int_equal(stats_of(more).current, 95);
    assert_int_equal(stats_of(more).statics, 5);
    assert_int_equal(stats_of(more).max, 1000);
    assert_int_equal(stats_of(more).learned, 90);
    assert_int_equal(stats_of(more).moved, 1);
    assert_int_equal(fdb_lookup(more, mac(0)), 3);
    assert_int_equal(count_known(more, 1, 90, 1), 89);
    assert_int_equal(count_known(more, 90, 95, 2), 5);
    assert_int_equal(fdb_expire(more, 1301, 300), 89);

    /* A second time brings only what is missing. */
    learn_range(src, 200, 203, 1, 1400);
    fdb_learn(more, mac(200), 9, 1400);
    fdb_copy(more, src);
    assert_int_equal(fdb_lookup(more, mac(200)), 9);
    assert_int_equal(count_known(more, 201, 203, 1), 2);
    assert_int_equal(stats_of(more).learned, 94);

    fdb_copy(less, src);
    assert_int_equal(stats_of(less).current, 10);
    assert_int_equal(count_known(less, 90, 95, 2), 5);
    assert_int_equal(stats_of(less).evicted, 0);
    fdb_destroy(src);
    fdb_destroy(more);
    fdb_destroy(less);
}

static void
test_clear_stats(void **state OVS_UNUSED)
{
    struct fdb *fdb = fdb_create(10);

    learn_range(fdb, 0, 20, 1, 1000);
    fdb_learn(fdb, mac(19), 2, 1000);
    fdb_expire(fdb, 2000, 20);
    fdb_learn(fdb, mac(1), 1, 2000);
    fdb_clear_stats(fdb);

    struct fdb_stats s = stats_of(fdb);

    assert_int_equal(s.current, 1);
    assert_int_equal(s.learned + s.expired + s.evicted + s.moved, 0);
    fdb_destroy(fdb);
}

/* What the operations have in common, over long random histories: the books
 * agree with the table. */
static void
test_books_agree(void **state OVS_UNUSED)
{
    enum { KEYS = 300, PORTS = 9 };

    srand(1);
    for (int round = 0; round < 30; round++) {
        uint32_t max = 10 + (uint32_t) rand() % 150;
        struct fdb *fdb = fdb_create(max);
        uint64_t statics = 0;

        for (uint32_t step = 0; step < 20000; step++) {
            uint64_t key = mac((uint64_t) rand() % KEYS);
            uint16_t port = (uint16_t) (rand() % PORTS);
            int what = rand() % 1000;

            if (what < 980) {
                fdb_learn(fdb, key, port, step / 100);
                uint16_t found = fdb_lookup(fdb, key);
                struct fdb_entry e;

                assert_true(found == port || found == FDB_NONE
                            || (fdb_get(fdb, key, &e) && e.is_static));
            } else if (what < 985) {
                fdb_expire(fdb, step / 100, 30);
            } else if (what < 986) {
                fdb_flush_port(fdb, port);
            } else if (what < 992) {
                fdb_add_static(fdb, key, port);
            } else if (what < 999) {
                fdb_del(fdb, key);
            } else {
                fdb_flush(fdb);
            }
            statics = stats_of(fdb).statics;
            assert_true(stats_of(fdb).current <= max);
        }

        /* All that is left is somebody's. */
        struct fdb_entry e;
        uint64_t n = 0, n_static = 0;
        size_t pos = 0;

        while (fdb_dump(fdb, &pos, &e, 1)) {
            n++;
            n_static += e.is_static;
            assert_int_equal(fdb_lookup(fdb, e.key), e.port);
        }
        assert_int_equal(n, stats_of(fdb).current);
        assert_int_equal(n_static, statics);
        for (uint16_t port = 0; port < PORTS; port++) {
            n -= fdb_flush_port(fdb, port);
        }
        assert_int_equal(n, 0);
        assert_int_equal(stats_of(fdb).current, 0);
        assert_int_equal(stats_of(fdb).statics, 0);
        fdb_destroy(fdb);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learn_and_look_up),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_moves_are_limited),
        cmocka_unit_test(test_renewals_are_limited),
        cmocka_unit_test(test_vlans_are_apart),
        cmocka_unit_test(test_zero_is_no_address),
        cmocka_unit_test(test_aging),
        cmocka_unit_test(test_aging_shortcut),
        cmocka_unit_test(test_statics),
        cmocka_unit_test(test_full_of_statics),
        cmocka_unit_test(test_holds_its_limit),
        cmocka_unit_test(test_evicts_at_the_limit),
        cmocka_unit_test(test_evicts_from_the_heaviest),
        cmocka_unit_test(test_evicts_the_oldest),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_clear_stats),
        cmocka_unit_test(test_books_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
