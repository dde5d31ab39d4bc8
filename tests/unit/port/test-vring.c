/* SPDX-License-Identifier: Apache-2.0
 *
 * test-vring.c: frames through rings, from and to a driver that does nothing
 * wrong: each byte, each length, the order, every buffer back, an interrupt
 * when it is wanted, with all combinations of features.
 */
#include <config.h>

#include <setjmp.h>
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
    MAX_FRAME = 9724,
    MAX_BUFFER = 12288,
    ROUNDS = 400,               /* of each combination of features */
};

static const unsigned int features[] = {
    F_MERGEABLE, F_INDIRECT, F_EVENT_IDX, F_VERSION_1, F_IN_ORDER,
};
enum { COMBINATIONS = 1 << ARRAY_SIZE(features) };

static uint64_t
combination(unsigned int n)
{
    uint64_t all = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
        all |= n >> i & 1 ? BIT(features[i]) : 0;
    }
    return all;
}

static uint32_t
header_size(void)
{
    return (fake_has(&rig.driver, F_MERGEABLE)
            || fake_has(&rig.driver, F_VERSION_1) ? 12 : 10);
}

/* Frames are known by their number: it is what their bytes are made of. */
static void
fill(uint8_t *p, uint32_t len, uint32_t no)
{
    for (uint32_t i = 0; i < len; i++) {
        p[i] = (uint8_t) (no * 151 + i * 7 + (i >> 8));
    }
}

static uint32_t
random_size(void)
{
    switch (random_range(4)) {
    case 0:
        return 1 + random_range(64);
    case 1:
        return 60 + random_range(1460);
    case 2:
        return 1 + random_range(MAX_FRAME);
    default:
        return 2048 - 2 + random_range(5);      /* about an mbuf */
    }
}

/* The guest's wish to sleep. */

static bool asleep;

static void
want_interrupt(struct fake_driver *d, bool want)
{
    d->avail->flags = (fake_has(d, F_EVENT_IDX) ? random_uint16()
                       : want ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
    if (want) {
        d->avail->ring[d->size] = d->used_idx;
    }
}

/* Awake after all where there is work: 2.6.7.2. */
static void
maybe_sleep(struct fake_driver *d)
{
    bool want = random_range(2);

    want_interrupt(d, want);
    asleep = want && d->used->idx == d->used_idx;
    vring_rig_interrupted();
}

static void
notify_and_check(void)
{
    struct fake_driver *d = &rig.driver;
    bool work = d->used->idx != d->used_idx;
    bool interrupted;

    vring_notify(&rig.queue);
    interrupted = vring_rig_interrupted();
    if (asleep && work) {
        assert_true(interrupted);
    }
    if (!fake_has(d, F_EVENT_IDX)
        && d->avail->flags & VRING_AVAIL_F_NO_INTERRUPT) {
        assert_false(interrupted);
    }
    vring_notify(&rig.queue);   /* nothing is new */
    assert_false(vring_rig_interrupted());
}

/* Where the driver's buffers lie: slots that are used in turn, more of them
 * than a ring has descriptors, and no two alike to a cache line. */
enum { SLOTS = 150 };
#define SLOT_BASE (FAKE_GUEST + FAKE_REGION - 3 * MAX_BUFFER)

static uint64_t
slot(uint32_t no)
{
    return SLOT_BASE + (uint64_t) (no % SLOTS) * (MAX_BUFFER + 100);
}

/* Guest to us. */

struct sent {
    uint32_t len[65536];        /* of frames, by number */
    uint32_t first, last;       /* that are in the ring: [first, last) */
};

static struct sent sent;

static void
guest_sends(void)
{
    struct fake_driver *d = &rig.driver;
    uint32_t header = header_size();

    for (int n = random_range(40); n; n--) {
        uint32_t len = random_size();
        uint64_t at = slot(sent.last);
        uint8_t bytes[MAX_FRAME];
        unsigned int cuts = random_range(2) ? 0 : random_range(FAKE_TABLE);

        if (sent.last - sent.first == SLOTS
            || fake_add(d, at, header + len, false, cuts,
                        fake_has(d, F_INDIRECT) && random_range(2)) < 0) {
            break;
        }
        fill(bytes, len, sent.last);
        fake_write(d->mem, at + header, bytes, len);
        sent.len[sent.last++ % ARRAY_SIZE(sent.len)] = len;
        if (!random_range(4)) {
            fake_publish(d);
        }
    }
    fake_publish(d);
}

static void
check_frame(const struct rte_mbuf *m, uint32_t no)
{
    uint32_t len = sent.len[no % ARRAY_SIZE(sent.len)];
    uint8_t want[MAX_FRAME], copy[MAX_FRAME];

    rte_mbuf_sanity_check(m, 1);
    assert_int_equal(m->pkt_len, len);
    assert_int_equal(m->nb_segs, (len + 2047) / 2048);
    assert_int_equal(m->port, RTE_MBUF_PORT_INVALID);
    assert_int_equal(m->ol_flags, 0);
    fill(want, len, no);
    assert_memory_equal(rte_pktmbuf_read(m, 0, len, copy), want, len);
}

static void
reap_sent(void)
{
    struct fake_buffer b;
    uint32_t len;

    while (fake_reap(&rig.driver, &b, &len)) {
        assert_true(len == 0 || fake_has(&rig.driver, F_IN_ORDER));
    }
}

static void
receive(void)
{
    struct rte_mbuf *m[100];
    uint16_t max = (uint16_t) random_range(ARRAY_SIZE(m));
    uint16_t n = vring_rx_burst(&rig.queue, rig.pool, m, max);

    assert_true(n <= max);
    for (uint16_t i = 0; i < n; i++) {
        check_frame(m[i], sent.first++);
    }
    vring_mbuf_free(m, n);
    if (rig.queue.counters.rx_no_mbuf == 0 && max) {
        assert_true(n || sent.first == sent.last);
    }
    assert_int_equal(vring_waiting(&rig.queue), sent.last - sent.first);
}

static void
test_rx(void **state OVS_UNUSED)
{
    for (unsigned int c = 0; c < COMBINATIONS; c++) {
        uint32_t size = 1u << random_range(9);

        vring_rig_open(size, combination(c),
                       (uint16_t) (65535 - random_range(300)));
        sent.first = sent.last = random_uint32();
        for (unsigned int i = 0; i < ROUNDS; i++) {
            guest_sends();
            maybe_sleep(&rig.driver);
            receive();
            notify_and_check();
            if (random_range(2)) {
                reap_sent();
            }
        }
        while (sent.first != sent.last) {
            receive();
        }
        reap_sent();
        assert_int_equal(rig.driver.n_free, size);
        assert_int_equal(vring_broken(&rig.queue), VRING_WORKS);
        vring_rig_close();
    }
}

/* Us to guest. */

static uint32_t n_buffers;      /* that the guest added */
static uint32_t next_in;        /* the frame that it gets next; */
static uint32_t next_out;       /* the frame that we send next */
static uint32_t in_len[65536];  /* by frame; 0: it was dropped */

static void
guest_offers(void)
{
    struct fake_driver *d = &rig.driver;

    for (int n = random_range(60); n; n--) {
        uint32_t len = (!fake_has(d, F_MERGEABLE)
                        ? (uint32_t) (random_range(3) ? 1526 : MAX_BUFFER)
                        : 12u + (uint32_t) random_range(random_range(2) ? 2000
                                                        : MAX_BUFFER - 12));
        unsigned int cuts = random_range(2) ? 0 : random_range(5);

        if (n_buffers - (uint32_t) (d->size - d->n_free) > UINT32_MAX
            || d->size - d->n_free >= SLOTS - 1
            || fake_add(d, slot(n_buffers), len, true, cuts,
                        fake_has(d, F_INDIRECT) && random_range(2)) < 0) {
            break;
        }
        n_buffers++;
    }
    fake_publish(d);
}

/* Is the frame `bytes`, with its header, what was sent next? */
static void
check_arrived(const uint8_t *bytes, uint32_t len, uint16_t n_bufs)
{
    uint32_t header = header_size();
    uint8_t want[MAX_FRAME];
    uint32_t no = next_in;

    while (in_len[no % ARRAY_SIZE(in_len)] == 0) {
        no++;
        assert_int_not_equal(no, next_out);
    }
    next_in = no + 1;
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(bytes[i], 0);
    }
    if (header == 12) {
        assert_int_equal(bytes[10] | bytes[11] << 8, n_bufs);
    }
    assert_int_equal(len - header, in_len[no % ARRAY_SIZE(in_len)]);
    fill(want, len - header, no);
    assert_memory_equal(bytes + header, want, len - header);
}

static void
reap_received(void)
{
    static uint8_t bytes[MAX_FRAME + 12];
    struct fake_driver *d = &rig.driver;
    struct fake_buffer b;
    uint32_t len;

    while (fake_reap(d, &b, &len)) {
        uint16_t n_bufs = 1;
        uint32_t n = len;

        assert_true(len >= header_size() && len <= b.len);
        fake_read(d->mem, b.guest, bytes, len);
        if (fake_has(d, F_MERGEABLE)) {
            n_bufs = (uint16_t) (bytes[10] | bytes[11] << 8);
            for (uint16_t i = 1; i < n_bufs; i++) {
                assert_int_equal(len, b.len);   /* full but for the last */
                assert_true(fake_reap(d, &b, &len));
                assert_true(len && len <= b.len && n + len <= sizeof bytes);
                fake_read(d->mem, b.guest, bytes + n, len);
                n += len;
            }
        }
        check_arrived(bytes, n, n_bufs);
    }
}

static void
transmit(void)
{
    struct rte_mbuf *m[70];
    uint32_t no[RIG_MBUFS];
    uint16_t n = (uint16_t) random_range(ARRAY_SIZE(m));
    uint16_t n_sent, unfit;
    uint8_t bytes[MAX_FRAME];

    for (uint16_t i = 0; i < n; i++) {
        uint32_t len = random_size();
        unsigned int segs = 1 + (unsigned int) random_range(3);

        segs = MAX(segs, (len + 2047) / 2048);
        fill(bytes, len, next_out + i);
        m[i] = vring_rig_frame(bytes, len, segs);
        m[i]->hash.usr = i;
        in_len[(next_out + i) % ARRAY_SIZE(in_len)] = 0;
        no[i] = len;
    }
    n_sent = vring_tx_burst(&rig.queue, m, n, &unfit);
    assert_true(n_sent + unfit <= n);
    for (uint16_t i = 0; i < n_sent; i++) {
        uint32_t k = m[i]->hash.usr;

        assert_true(!i || m[i - 1]->hash.usr < k);
        in_len[(next_out + k) % ARRAY_SIZE(in_len)] = no[k];
    }
    if (fake_has(&rig.driver, F_MERGEABLE) && rig.driver.size > 9724 / 12) {
        assert_int_equal(unfit, 0);
    }
    next_out += n;
    vring_mbuf_free(m, n);
}

static void
test_tx(void **state OVS_UNUSED)
{
    for (unsigned int c = 0; c < COMBINATIONS; c++) {
        uint32_t size = 1u << random_range(9);

        vring_rig_open(size, combination(c),
                       (uint16_t) (65535 - random_range(300)));
        next_in = next_out = random_uint32();
        n_buffers = 0;
        for (unsigned int i = 0; i < ROUNDS; i++) {
            guest_offers();
            maybe_sleep(&rig.driver);
            transmit();
            notify_and_check();
            if (random_range(2)) {
                reap_received();
            }
        }
        reap_received();
        while (next_in != next_out) {   /* all that was sent has arrived */
            assert_int_equal(in_len[next_in++ % ARRAY_SIZE(in_len)], 0);
        }
        assert_int_equal(vring_broken(&rig.queue), VRING_WORKS);
        vring_rig_close();
    }
}

/* A pool that runs dry leaves frames where they are, none is lost. */
static void
test_rx_without_mbufs(void **state OVS_UNUSED)
{
    struct rte_mbuf *taken[RIG_MBUFS], *m[32];
    uint16_t n;

    vring_rig_open(256, BIT(F_VERSION_1), 0);
    sent.first = sent.last = 0;
    for (int i = 0; i < 20; i++) {
        guest_sends();
    }
    assert_true(sent.last > 10);
    assert_int_equal(rte_mempool_get_bulk(rig.pool, (void **) taken,
                                          RIG_MBUFS), 0);
    assert_int_equal(vring_rx_burst(&rig.queue, rig.pool, m, 32), 0);
    assert_int_equal(rig.queue.counters.rx_no_mbuf, 1);
    for (unsigned int left = RIG_MBUFS; left; ) {
        unsigned int k = 1 + (unsigned int) random_range(4);

        k = MIN(k, left);
        rte_mempool_put_bulk(rig.pool, (void **) taken + left - k, k);
        left -= k;
        n = vring_rx_burst(&rig.queue, rig.pool, m, 32);
        for (uint16_t i = 0; i < n; i++) {
            check_frame(m[i], sent.first++);
        }
        vring_mbuf_free(m, n);
    }
    while (sent.first != sent.last) {
        receive();
    }
    vring_rig_close();
}

/* Buffers that are too small for one frame do not hold up the others. */
static void
test_unfit(void **state OVS_UNUSED)
{
    static const uint16_t sizes[] = { 9000, 100, 1514, 1515, 60, 5000, 61 };
    static const uint16_t sizes_sent[] = { 100, 1514, 60, 61 };
    struct rte_mbuf *m[ARRAY_SIZE(sizes)];
    uint8_t bytes[9000] = { 0 };
    uint16_t unfit;

    vring_rig_open(16, BIT(F_VERSION_1), 5);
    for (uint32_t i = 0; i < 16; i++) {
        fake_add(&rig.driver, slot(i), 1526, true, 0, false);
    }
    fake_publish(&rig.driver);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        m[i] = vring_rig_frame(bytes, sizes[i], (sizes[i] + 2047) / 2048);
    }
    assert_int_equal(vring_tx_burst(&rig.queue, m, ARRAY_SIZE(m), &unfit), 4);
    assert_int_equal(unfit, 3);
    assert_int_equal(rig.queue.counters.tx_unfit, 3);
    for (size_t i = 0; i < ARRAY_SIZE(sizes_sent); i++) {
        assert_int_equal(m[i]->pkt_len, sizes_sent[i]);
    }
    for (size_t i = 4; i < ARRAY_SIZE(sizes); i++) {
        assert_true(m[i]->pkt_len > 1514);
    }
    vring_mbuf_free(m, ARRAY_SIZE(m));
    vring_rig_close();
}

/* A full ring is no reason to drop frames that are too long for what is left,
 * unless it is all there ever is. */
static void
test_full_or_unfit(void **state OVS_UNUSED)
{
    uint8_t bytes[9000] = { 0 };
    struct rte_mbuf *m = vring_rig_frame(bytes, 9000, 5);
    uint16_t unfit;

    vring_rig_open(4, BIT(F_VERSION_1) | BIT(F_MERGEABLE), 0);
    for (uint32_t i = 0; i < 3; i++) {
        fake_add(&rig.driver, slot(i), 2000, true, 0, false);
    }
    fake_publish(&rig.driver);
    assert_int_equal(vring_tx_burst(&rig.queue, &m, 1, &unfit), 0);
    assert_int_equal(unfit, 0);
    fake_add(&rig.driver, slot(4), 2000, true, 0, false);
    fake_publish(&rig.driver);
    assert_int_equal(vring_tx_burst(&rig.queue, &m, 1, &unfit), 0);
    assert_int_equal(unfit, 1);
    assert_int_equal(rig.driver.used->idx, 0);
    vring_mbuf_free(&m, 1);
    vring_rig_close();
}

/* A ring goes on where another left off. */
static void
test_bases(void **state OVS_UNUSED)
{
    struct vring_conf *conf = &rig.driver.conf;
    char *error;

    vring_rig_open(32, BIT(F_VERSION_1), 65530);
    sent.first = sent.last = 0;
    for (unsigned int i = 0; i < 200; i++) {
        guest_sends();
        receive();
        vring_base(&rig.queue, &conf->avail_idx, &conf->used_idx);
        vring_unset(&rig.queue);
        assert_false(vring_is_set(&rig.queue));
        memset(&rig.queue, 0, sizeof rig.queue);
        assert_int_equal(vring_set(&rig.queue, conf, &error), 0);
        reap_sent();
    }
    vring_rig_close();
}

/* Polled rings need no kick. */
static void
test_kicks(void **state OVS_UNUSED)
{
    struct fake_driver *d = &rig.driver;
    uint16_t event;

    vring_rig_open(32, BIT(F_VERSION_1), 77);
    assert_int_equal(d->used->flags, VRING_USED_F_NO_NOTIFY);
    vring_rig_close();

    vring_rig_open(32, BIT(F_VERSION_1) | BIT(F_EVENT_IDX), 77);
    memcpy(&event, &d->used->ring[32], sizeof event);
    assert_false(vring_need_event(event, 78, 77));
    assert_false(vring_need_event(event, (uint16_t) (77 + 30000), 78));
    vring_rig_close();
}

/* The first notification tells a guest that slept through the change. */
static void
test_first_interrupt(void **state OVS_UNUSED)
{
    for (int event_idx = 0; event_idx < 2; event_idx++) {
        vring_rig_open(8, event_idx ? BIT(F_EVENT_IDX) : 0, 0);
        rig.driver.avail->ring[8] = 999;
        vring_rig_interrupted();
        vring_notify(&rig.queue);
        assert_true(vring_rig_interrupted());
        assert_int_equal(rig.queue.counters.calls, 1);
        vring_set_call(&rig.queue, -1);
        vring_notify(&rig.queue);
        assert_false(vring_rig_interrupted());
        vring_set_call(&rig.queue, rig.callfd);
        vring_notify(&rig.queue);
        assert_true(vring_rig_interrupted());
        vring_rig_close();
    }
}

/* Mbufs of every kind come home. */
static void
test_homecoming(void **state OVS_UNUSED)
{
    struct rte_mempool *other = rte_pktmbuf_pool_create("other", 31, 0, 0,
                                                        1024, 0);
    uint8_t bytes[3000] = { 0 };
    struct rte_mbuf *m[8];

    assert_non_null(other);
    m[0] = vring_rig_frame(bytes, 60, 1);
    m[1] = rte_pktmbuf_alloc(other);
    m[2] = vring_rig_frame(bytes, 3000, 2);
    m[3] = vring_rig_frame(bytes, 60, 1);
    rte_mbuf_refcnt_update(m[3], 1);    /* twice here */
    m[4] = m[3];
    m[5] = rte_pktmbuf_alloc(other);
    m[6] = rte_pktmbuf_clone(m[2], other);
    m[7] = vring_rig_frame(bytes, 60, 1);
    vring_mbuf_free(m, 8);
    assert_int_equal(rte_mempool_avail_count(other), 31);
    assert_int_equal(rte_mempool_avail_count(rig.pool), RIG_MBUFS);
    rte_mempool_free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rx),
        cmocka_unit_test(test_tx),
        cmocka_unit_test(test_rx_without_mbufs),
        cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_full_or_unfit),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_kicks),
        cmocka_unit_test(test_first_interrupt),
        cmocka_unit_test(test_homecoming),
    };

    return cmocka_run_group_tests(tests, vring_rig_start, vring_rig_stop);
}
