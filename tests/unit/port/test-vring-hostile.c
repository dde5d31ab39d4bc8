/* SPDX-License-Identifier: Apache-2.0
 *
 * test-vring-hostile.c: what no correct driver does breaks its ring, under the
 * right name, and does nothing else.
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "port/vring-mbuf.h"
#include "random.h"
#include "tests/unit/port/vring-rig.h"
#include "util.h"

enum {
    SIZE = 16,
    GOOD = 3,                   /* buffers before the offence */
    LEN = 112,                  /* bytes of a buffer of those */
    NEXT = VRING_DESC_F_NEXT,
    WRITE = VRING_DESC_F_WRITE,
    INDIRECT = VRING_DESC_F_INDIRECT,
};

#define BUFFERS (FAKE_GUEST + FAKE_REGION)
#define TABLE (FAKE_GUEST + 2 * FAKE_REGION)
#define END (FAKE_GUEST + FAKE_REGIONS * (uint64_t) FAKE_REGION)
#define ALL (BIT(F_VERSION_1) | BIT(F_INDIRECT) | BIT(F_MERGEABLE))

/* Up to three descriptors from number 8 on, which a buffer begins with, and
 * as many of a table at TABLE. */
struct offence {
    const char *what;
    enum vring_break why;
    struct vring_desc desc[3];
    struct vring_desc table[3];
    uint64_t without;           /* features */
};

/* For reading; for writing, WRITE is added to all that is not indirect. */
static const struct offence offences[] = {
    { "below memory", VRING_BROKEN_ADDRESS,
      .desc = { { FAKE_GUEST - 1, 100, 0, 0 } } },
    { "behind memory", VRING_BROKEN_ADDRESS,
      .desc = { { END, 100, 0, 0 } } },
    { "address 0", VRING_BROKEN_ADDRESS, .desc = { { 0, 100, 0, 0 } } },
    { "over the end of memory", VRING_BROKEN_ADDRESS,
      .desc = { { END - 99, 100, 0, 0 } } },
    { "over all of memory", VRING_BROKEN_ADDRESS,
      .desc = { { FAKE_GUEST, UINT32_MAX, 0, 0 } } },
    { "wraps", VRING_BROKEN_ADDRESS,
      .desc = { { UINT64_MAX - 10, 100, 0, 0 } } },
    { "wraps to memory", VRING_BROKEN_ADDRESS,
      .desc = { { UINT64_MAX - 10, UINT32_MAX, 0, 0 } } },
    { "bad second descriptor", VRING_BROKEN_ADDRESS,
      .desc = { { BUFFERS, 100, NEXT, 9 }, { END, 1, 0, 0 } } },
    { "next just outside", VRING_BROKEN_NEXT,
      .desc = { { BUFFERS, 100, NEXT, SIZE } } },
    { "next far outside", VRING_BROKEN_NEXT,
      .desc = { { BUFFERS, 100, NEXT, 65535 } } },
    { "bites itself", VRING_BROKEN_CHAIN,
      .desc = { { BUFFERS, 1, NEXT, 8 } } },
    { "loop of two", VRING_BROKEN_CHAIN,
      .desc = { { BUFFERS, 1, NEXT, 9 }, { BUFFERS, 1, NEXT, 8 } } },
    { "loop of nothing", VRING_BROKEN_CHAIN,
      .desc = { { 0, 0, NEXT, 9 }, { 0, 0, NEXT, 8 } } },
    { "wrong direction", VRING_BROKEN_DIRECTION,
      .desc = { { BUFFERS, 100, WRITE, 0 } } },
    { "wrong direction behind", VRING_BROKEN_DIRECTION,
      .desc = { { BUFFERS, 100, NEXT, 9 }, { BUFFERS, 100, WRITE, 0 } } },
    { "indirect, not negotiated", VRING_BROKEN_INDIRECT,
      .desc = { { TABLE, 16, INDIRECT, 0 } },
      .table = { { BUFFERS, 100, 0, 0 } }, .without = BIT(F_INDIRECT) },
    { "indirect continues", VRING_BROKEN_INDIRECT,
      .desc = { { TABLE, 16, INDIRECT | NEXT, 9 }, { BUFFERS, 100, 0, 0 } },
      .table = { { BUFFERS, 100, 0, 0 } } },
    { "indirect in indirect", VRING_BROKEN_INDIRECT,
      .desc = { { TABLE, 32, INDIRECT, 0 } },
      .table = { { BUFFERS, 100, NEXT, 1 }, { TABLE, 16, INDIRECT, 0 } } },
    { "empty table", VRING_BROKEN_TABLE,
      .desc = { { TABLE, 0, INDIRECT, 0 } } },
    { "part of a descriptor", VRING_BROKEN_TABLE,
      .desc = { { TABLE, 17, INDIRECT, 0 } },
      .table = { { BUFFERS, 100, 0, 0 } } },
    { "table outside", VRING_BROKEN_TABLE,
      .desc = { { END, 16, INDIRECT, 0 } } },
    { "table over the end", VRING_BROKEN_TABLE,
      .desc = { { END - 16, 32, INDIRECT, 0 } } },
    { "huge table", VRING_BROKEN_TABLE,
      .desc = { { TABLE, 0xfffffff0, INDIRECT, 0 } } },
    { "next outside of a table", VRING_BROKEN_NEXT,
      .desc = { { TABLE, 32, INDIRECT, 0 } },
      .table = { { BUFFERS, 100, NEXT, 2 } } },
    { "loop in a table", VRING_BROKEN_CHAIN,
      .desc = { { TABLE, 32, INDIRECT, 0 } },
      .table = { { BUFFERS, 1, NEXT, 1 }, { BUFFERS, 1, NEXT, 0 } } },
    { "bad address in a table", VRING_BROKEN_ADDRESS,
      .desc = { { BUFFERS, 100, NEXT, 9 }, { TABLE, 16, INDIRECT, 0 } },
      .table = { { END - 1, 2, 0, 0 } } },
};

static void
open_ring(uint64_t features, bool write)
{
    vring_rig_open(SIZE, features, 65534);
    for (uint16_t i = 0; i < GOOD; i++) {
        rig.driver.desc[i] = (struct vring_desc) {
            .addr = BUFFERS + 128u * i, .len = LEN, .flags = write ? WRITE : 0,
        };
        rig.driver.avail->ring[(65534 + i) % SIZE] = i;
    }
}

static void
publish(uint16_t n)
{
    rig.driver.avail->idx = (uint16_t) (65534 + n);
}

static uint16_t
receive(void)
{
    struct rte_mbuf *m[SIZE];
    uint16_t n = vring_rx_burst(&rig.queue, rig.pool, m, SIZE);

    for (uint16_t i = 0; i < n; i++) {
        assert_int_equal(m[i]->pkt_len, LEN - rig.queue.header);
    }
    vring_mbuf_free(m, n);
    return n;
}

static uint16_t
transmit(uint16_t n)
{
    static const uint8_t bytes[LEN];
    struct rte_mbuf *m[SIZE];
    uint16_t sent, unfit;

    for (uint16_t i = 0; i < n; i++) {
        m[i] = vring_rig_frame(bytes, LEN - 12, 1);
    }
    sent = vring_tx_burst(&rig.queue, m, n, &unfit);
    vring_mbuf_free(m, n);
    return sent;
}

/* The good buffers passed, the ring is broken by `why` and stands still, and
 * works again when it is set. */
static void
expect_broken(enum vring_break why, bool write)
{
    struct vring_conf conf = rig.driver.conf;
    uint16_t avail_idx, used_idx;
    char *error;

    assert_int_equal(write ? transmit(GOOD + 1) : receive(), GOOD);
    assert_string_equal(vring_break_name(vring_broken(&rig.queue)),
                        vring_break_name(why));
    assert_int_equal(rig.driver.used->idx, (uint16_t) (65534 + GOOD));
    vring_base(&rig.queue, &avail_idx, &used_idx);
    assert_int_equal(avail_idx, (uint16_t) (65534 + GOOD));
    assert_int_equal(used_idx, avail_idx);

    assert_int_equal(write ? transmit(1) : receive(), 0);
    assert_int_equal(vring_waiting(&rig.queue), 0);
    assert_int_equal(rig.driver.used->idx, (uint16_t) (65534 + GOOD));

    publish(GOOD);
    assert_int_equal(vring_set(&rig.queue, &conf, &error), 0);
    assert_int_equal(vring_broken(&rig.queue), VRING_WORKS);
    assert_int_equal(write ? transmit(GOOD + 1) : receive(), GOOD);
}

static void
commit(const struct offence *o, bool write)
{
    struct vring_desc table[3];

    open_ring(ALL & ~o->without, write);
    memcpy(table, o->table, sizeof table);
    for (unsigned int i = 0; i < 3; i++) {
        struct vring_desc *d = &rig.driver.desc[8 + i];

        *d = o->desc[i];
        if (write) {
            d->flags ^= d->flags & INDIRECT ? 0 : WRITE;
            table[i].flags ^= table[i].flags & INDIRECT ? 0 : WRITE;
        }
    }
    fake_write(&rig.mem, TABLE, table, sizeof table);
    rig.driver.avail->ring[(65534 + GOOD) % SIZE] = 8;
    publish(GOOD + 1);
    expect_broken(o->why, write);
    vring_rig_close();
}

static void
test_offences(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(offences); i++) {
        print_message("%s\n", offences[i].what);
        commit(&offences[i], false);
        commit(&offences[i], true);
    }
}

static void
test_head(void **state OVS_UNUSED)
{
    static const uint16_t heads[] = { SIZE, SIZE + 1, 255, 32768, 65535 };

    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        for (int write = 0; write < 2; write++) {
            open_ring(ALL, write);
            rig.driver.avail->ring[(65534 + GOOD) % SIZE] = heads[i];
            publish(GOOD + 1);
            expect_broken(VRING_BROKEN_HEAD, write);
            vring_rig_close();
        }
    }
}

/* The index jumps while buffers are there: nothing of it is believed. */
static void
test_avail_index(void **state OVS_UNUSED)
{
    static const uint16_t jumps[] = { SIZE + 1, 1000, 32768, 65535 };

    for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
        for (int write = 0; write < 2; write++) {
            open_ring(ALL, write);
            publish(jumps[i]);
            assert_int_equal(vring_waiting(&rig.queue), SIZE);
            assert_int_equal(write ? transmit(1) : receive(), 0);
            assert_int_equal(vring_broken(&rig.queue), VRING_BROKEN_AVAIL);
            assert_int_equal(rig.driver.used->idx, 65534);
            vring_rig_close();
        }
    }
}

/* Buffers that were there are taken back. */
static void
test_avail_index_goes_back(void **state OVS_UNUSED)
{
    struct rte_mbuf *m;

    open_ring(ALL, false);
    publish(GOOD);
    assert_int_equal(vring_rx_burst(&rig.queue, rig.pool, &m, 1), 1);
    vring_mbuf_free(&m, 1);
    publish(GOOD - 1);
    assert_int_equal(receive(), 0);
    assert_int_equal(vring_broken(&rig.queue), VRING_BROKEN_AVAIL);
    assert_int_equal(rig.driver.used->idx, 65535);
    vring_rig_close();
}

/* A full ring is none. */
static void
test_full_ring(void **state OVS_UNUSED)
{
    open_ring(ALL, false);
    for (uint16_t i = 0; i < SIZE; i++) {
        rig.driver.avail->ring[i] = i % GOOD;   /* even some of them twice */
    }
    publish(SIZE);
    assert_int_equal(receive(), SIZE);
    assert_int_equal(vring_broken(&rig.queue), VRING_WORKS);
    vring_rig_close();
}

/* A guest may take less than a header for a frame, which is its loss, but not
 * offer it. */
static void
test_small_buffers(void **state OVS_UNUSED)
{
    static const uint32_t too_short[] = { 0, 1, 11, 12 };

    for (size_t i = 0; i < ARRAY_SIZE(too_short); i++) {
        open_ring(ALL, false);
        rig.driver.desc[1].len = too_short[i];
        publish(GOOD);
        assert_int_equal(receive(), GOOD - 1);
        assert_int_equal(rig.queue.counters.rx_short, 1);
        assert_int_equal(rig.driver.used->idx, (uint16_t) (65534 + GOOD));
        vring_rig_close();
    }

    for (uint32_t len = 0; len <= 12; len++) {
        open_ring(ALL, true);
        rig.driver.desc[8] = (struct vring_desc) {
            .addr = len ? BUFFERS : 0, .len = len, .flags = WRITE,
        };
        rig.driver.avail->ring[(65534 + GOOD) % SIZE] = 8;
        publish(GOOD + 1);
        if (len < 12) {
            expect_broken(VRING_BROKEN_SMALL, true);
        } else {
            assert_int_equal(transmit(GOOD + 1), GOOD);
            assert_int_equal(vring_broken(&rig.queue), VRING_WORKS);
        }
        vring_rig_close();
    }
}

static void
test_long_frames(void **state OVS_UNUSED)
{
    open_ring(ALL, false);
    rig.driver.desc[0].len = 9724 + 12 + 1;
    rig.driver.desc[1].addr = BUFFERS;
    rig.driver.desc[1].len = 2 * FAKE_REGION;   /* two regions, all of them */
    publish(GOOD);
    assert_int_equal(receive(), GOOD - 2);
    assert_int_equal(rig.queue.counters.rx_long, 2);
    assert_int_equal(vring_broken(&rig.queue), VRING_WORKS);
    vring_rig_close();
}

/* The longest chain that is let pass, and one more. */
static void
test_long_chains(void **state OVS_UNUSED)
{
    for (uint32_t n = VRING_PIECES; n <= VRING_PIECES + 1; n++) {
        struct rte_mbuf *m[4];
        uint16_t want = n == VRING_PIECES ? 4 : 2;
        uint16_t got;

        vring_rig_open(512, ALL, 0);
        for (uint32_t i = 0; i < 512; i++) {
            rig.driver.desc[i] = (struct vring_desc) {
                .addr = BUFFERS + i, .len = 1, .flags = NEXT,
                .next = (uint16_t) (i + 1),
            };
        }
        /* Two of the longest, more pieces than fit side by side. */
        rig.driver.desc[255].flags = 0;
        rig.driver.desc[256 + n - 1 > 511 ? 511 : 256 + n - 1].flags = 0;
        if (n > VRING_PIECES) {
            rig.driver.desc[511] = (struct vring_desc) {
                .addr = BUFFERS, .len = 1, .flags = NEXT, .next = 0,
            };
        }
        rig.driver.avail->ring[0] = 0;
        rig.driver.avail->ring[1] = 0;
        rig.driver.avail->ring[2] = 256;
        rig.driver.avail->ring[3] = 256;
        rig.driver.avail->idx = 4;
        got = vring_rx_burst(&rig.queue, rig.pool, m, 4);
        vring_mbuf_free(m, got);
        /* A burst ends where its room does; the next one goes on. */
        while (got < want) {
            uint16_t k = vring_rx_burst(&rig.queue, rig.pool, m, 4);

            assert_int_equal(k > 0, true);
            vring_mbuf_free(m, k);
            got = (uint16_t) (got + k);
        }
        assert_int_equal(vring_rx_burst(&rig.queue, rig.pool, m, 4), 0);
        assert_int_equal(vring_broken(&rig.queue),
                         n == VRING_PIECES ? VRING_WORKS
                         : VRING_BROKEN_CHAIN);
        vring_rig_close();
    }
}

/* Rings and maps that are no good. */

static void
refuse(const struct vring_conf *conf, const char *why)
{
    struct vring_queue q = { .size = 0 };
    char *error = NULL;

    assert_int_equal(vring_set(&q, conf, &error), -EINVAL);
    assert_non_null(strstr(error, why));
    assert_false(vring_is_set(&q));
    free(error);
}

static void
test_set(void **state OVS_UNUSED)
{
    struct vring_conf good, c;

    vring_rig_open(SIZE, ALL, 0);
    good = c = rig.driver.conf;
    for (uint32_t size = 0; size <= 65536; size = size ? size * 3 : 3) {
        c.size = size;
        refuse(&c, "power of 2");
    }
    c.size = 65536;
    refuse(&c, "power of 2");

    c = good;
    c.desc = (void *) ((uint8_t *) c.desc + 8);
    refuse(&c, "aligned to 16");
    c = good;
    c.avail = (void *) ((uint8_t *) c.avail + 1);
    refuse(&c, "aligned to 2");
    c = good;
    c.used = (void *) ((uint8_t *) c.used + 2);
    refuse(&c, "aligned to 4");

    c = good;
    c.desc = (void *) (rig.mem.host[0] + FAKE_REGION - SIZE * 16 + 16);
    refuse(&c, "not in one region");
    c = good;
    c.avail = (void *) (rig.mem.host[0] + FAKE_REGION - 4 - SIZE * 2);
    refuse(&c, "not in one region");
    c = good;
    c.used = (void *) (rig.mem.host[0] + FAKE_REGION - 4 - SIZE * 8);
    refuse(&c, "not in one region");
    c = good;
    c.used = (void *) &c;
    refuse(&c, "not in one region");

    c = good;
    c.features |= BIT(34);
    refuse(&c, "0x400000000");
    c = good;
    c.max_frame = 65536;
    refuse(&c, "65536");
    vring_rig_close();
}

static void
test_uncovered(void **state OVS_UNUSED)
{
    static const unsigned int bits[] = {
        0, 11, 12, 13, 14, 24, 26, 33, 34, 36, 63,
    };

    assert_true(vring_uncovered(ALL | BIT(F_IN_ORDER) | BIT(F_EVENT_IDX)
                                | BIT(30)) == 0);
    for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
        assert_true(vring_uncovered(ALL | BIT(bits[i])) == BIT(bits[i]));
    }
}

static void
test_map(void **state OVS_UNUSED)
{
    static uint8_t bytes[0x1000];
    struct vring_region r[VRING_REGIONS_MAX + 1] = {
        { 0x1000, 0x10, bytes }, { 0, 0x1000, bytes }, { 0x1010, 1, bytes },
    };
    static const struct vring_region bad[] = {
        { 0x2000, 0, bytes }, { UINT64_MAX, 1, bytes },
        { UINT64_MAX, UINT64_MAX, bytes }, { 0x100f, 5, bytes },
        { 0xfff, 2, bytes }, { 0, 1, bytes }, { 0x3000, UINT64_MAX, bytes },
        { 0x3000, 0x1000, (uint8_t *) UINTPTR_MAX },
    };
    struct vring_map *map;
    uint64_t len = 0;
    uint32_t hint = 0;
    char *error;

    assert_null(vring_map_make(r, 0, &error));
    free(error);
    assert_null(vring_map_make(r, VRING_REGIONS_MAX + 1, &error));
    free(error);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        r[3] = bad[i];
        assert_null(vring_map_make(r, 4, &error));
        assert_non_null(error);
        free(error);
    }
    map = vring_map_make(r, 3, &error);
    assert_non_null(map);
    assert_null(error);
    assert_ptr_equal(vring_map_find(map, 0x1008, &len, &hint), bytes + 8);
    assert_true(len == 8 && hint == 1);
    assert_ptr_equal(vring_map_find(map, 0xfff, &len, &hint), bytes + 0xfff);
    assert_true(len == 1 && hint == 0);
    assert_ptr_equal(vring_map_find(map, 0x1010, &len, &hint), bytes);
    assert_null(vring_map_find(map, 0x1011, &len, &hint));
    assert_null(vring_map_find(map, UINT64_MAX, &len, &hint));
    vring_map_destroy(map);
}

/* Rings full of chance: nothing but memory of the guest's is touched, which a
 * sanitizer sees, and nothing is lost. */
static void
test_noise(void **state OVS_UNUSED)
{
    for (unsigned int i = 0; i < 20000; i++) {
        struct vring_desc *d;
        bool write = random_range(2);
        uint16_t n = (uint16_t) random_range(SIZE + 1);
        struct rte_mbuf *m[SIZE];

        vring_rig_open(SIZE, ALL & random_uint64(), random_uint16());
        for (d = rig.driver.desc; d < rig.driver.desc + SIZE; d++) {
            *d = (struct vring_desc) {
                .addr = (random_range(8)
                         ? FAKE_GUEST
                           + (uint64_t) random_range((int) (END - FAKE_GUEST))
                         : random_uint64()),
                .len = (random_range(8) ? (uint32_t) random_range(4096)
                        : random_uint32()),
                .flags = (uint16_t) ((write ? WRITE : 0)
                                     | (random_range(3) ? 0 : NEXT)
                                     | (random_range(30) ? 0
                                        : random_uint16())),
                .next = (uint16_t) random_range(SIZE + !random_range(9)),
            };
        }
        for (uint16_t k = 0; k < SIZE; k++) {
            rig.driver.avail->ring[k] = (uint16_t) random_range(SIZE);
        }
        rig.driver.avail->idx = (uint16_t) (rig.driver.avail->idx + n);
        if (write) {
            transmit(n);
        } else {
            n = vring_rx_burst(&rig.queue, rig.pool, m, SIZE);
            vring_mbuf_free(m, n);
        }
        vring_notify(&rig.queue);
        vring_rig_close();
    }
}

/* A guest that writes all the time.  Its ring may break any moment, and is set
 * again then; no more frames come than were asked for, and no mbuf is lost. */

static _Atomic(bool) race_is_over;

static void *
rewrite(void *rig_)
{
    struct fake_driver *d = &((struct vring_rig *) rig_)->driver;
    volatile struct vring_desc *desc = d->desc;

    for (uint32_t i = 0; !race_is_over; i++) {
        volatile struct vring_desc *at = &desc[i * 7 % SIZE];
        uint16_t gone = __atomic_load_n(&d->used->idx, __ATOMIC_RELAXED);

        __atomic_store_n(&d->avail->idx, (uint16_t) (gone + i % (SIZE + 1)),
                         __ATOMIC_RELAXED);
        if (i % 8) {            /* mostly the index: it is read most */
            continue;
        }
        at->len = i % 11 ? LEN : i % 5000;
        at->next = (uint16_t) (i % (SIZE + (i % 1001 == 0)));
        at->flags ^= i % 3 ? 0 : NEXT;
        at->addr = (i % 1009 ? BUFFERS : END - 50) + i % 64;
    }
    return NULL;
}

static void
race(bool write)
{
    struct rte_mbuf *canary = (void *) &race_is_over;
    unsigned int broken = 0;
    pthread_t guest;

    open_ring(ALL, write);
    for (unsigned int i = 0; i < SIZE; i++) {
        rig.driver.desc[i] = (struct vring_desc) {
            .addr = BUFFERS, .len = LEN, .flags = write ? WRITE : 0,
        };
        rig.driver.avail->ring[i] = (uint16_t) i;
    }
    race_is_over = false;
    assert_int_equal(pthread_create(&guest, NULL, rewrite, &rig), 0);
    for (unsigned int i = 0; i < 100000; i++) {
        struct rte_mbuf *m[SIZE + 1];
        uint16_t max = (uint16_t) (1 + i % 4);

        if (write) {
            transmit(max);
        } else {
            uint16_t n;

            for (unsigned int k = 0; k < ARRAY_SIZE(m); k++) {
                m[k] = canary;
            }
            n = vring_rx_burst(&rig.queue, rig.pool, m, max);
            assert_true(n <= max);
            assert_ptr_equal(m[max], canary);
            vring_mbuf_free(m, n);
        }
        if (vring_broken(&rig.queue)) {
            char *error;

            broken++;
            vring_base(&rig.queue, &rig.driver.conf.avail_idx,
                       &rig.driver.conf.used_idx);
            assert_int_equal(vring_set(&rig.queue, &rig.driver.conf, &error),
                             0);
        }
    }
    race_is_over = true;
    pthread_join(guest, NULL);
    vring_rig_close();
    print_message("broken %u times\n", broken);
}

static void
test_racing_guest(void **state OVS_UNUSED)
{
    race(false);
    race(true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offences),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_avail_index),
        cmocka_unit_test(test_avail_index_goes_back),
        cmocka_unit_test(test_full_ring),
        cmocka_unit_test(test_small_buffers),
        cmocka_unit_test(test_long_frames),
        cmocka_unit_test(test_long_chains),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_uncovered),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_racing_guest),
    };

    return cmocka_run_group_tests(tests, vring_rig_start, vring_rig_stop);
}
