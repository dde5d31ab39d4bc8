/* SPDX-License-Identifier: Apache-2.0
 *
 * tx-steering=hash: which frames are one flow, and on which queues port_tx()
 * sends them.
 */
#include <config.h>
#include "port/tx-hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "mem/mempool.h"
#include "openvswitch/compiler.h"
#include "tests/fake/fake-port.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { N_QUEUES = 4, MAX_FRAMES = 128 };

static struct port *source;     /* whose pool the frames are of */

/* Addresses, tags, type; then zeros.  Offsets count from here. */
static const uint8_t ethernet[] = {
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
};

struct frame {
    uint8_t bytes[96];
    uint16_t n;
};

static void
add(struct frame *f, const void *bytes, size_t n)
{
    memcpy(f->bytes + f->n, bytes, n);
    f->n = (uint16_t) (f->n + n);
}

/* `tags` VLAN tags, then IPv4 (4), IPv6 (6) or neither with UDP or another
 * protocol; each byte that may make a difference is then at f.bytes. */
static struct frame
make_frame(int tags, int version, uint8_t protocol)
{
    static const uint8_t tag[] = { 0x81, 0, 0, 7 };
    static const uint8_t types[][2] = {
        [0] = { 0x88, 0xcc }, [4] = { 8, 0 }, [6] = { 0x86, 0xdd },
    };
    uint8_t ipv4[20] = { 0x45, [9] = protocol, [12] = 10, [15] = 1,
                         [16] = 10, [19] = 2 };
    uint8_t ipv6[40] = { 0x60, [6] = protocol, [8] = 0xfd, [24] = 0xfd };
    static const uint8_t l4[8] = { 0, 10, 0, 20 };
    struct frame f = { .n = 0 };

    add(&f, ethernet, sizeof ethernet);
    for (int i = 0; i < tags; i++) {
        add(&f, tag, sizeof tag);
    }
    add(&f, types[version], 2);
    if (version == 4) {
        add(&f, ipv4, sizeof ipv4);
    } else if (version == 6) {
        add(&f, ipv6, sizeof ipv6);
    }
    add(&f, l4, sizeof l4);
    return f;
}

static struct rte_mbuf *
make_mbuf(const struct frame *f)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(mp_mempool(source->mp));

    assert_non_null(m);
    memcpy(rte_pktmbuf_append(m, f->n), f->bytes, f->n);
    return m;
}

static uint32_t
hash(const struct frame *f)
{
    struct rte_mbuf *m = make_mbuf(f);
    uint32_t result = tx_hash(m);

    rte_pktmbuf_free(m);
    return result;
}

/* Does it make a difference to the flow if that byte is another? */
static void
check_byte(struct frame f, int byte, bool counts)
{
    uint32_t before = hash(&f);

    f.bytes[byte] ^= 0x55;
    assert_int_equal(hash(&f) != before, counts);
}

static void
test_flows(void **state OVS_UNUSED)
{
    static const struct {
        int tags, version;
        uint8_t protocol;
        int byte;               /* after the tags */
        bool counts;
    } cases[] = {
        { 0, 0, 0, 5, true },           /* Ethernet addresses */
        { 0, 0, 0, 11, true },
        { 0, 0, 0, 15, false },
        { 1, 0, 0, 11, true },
        { 0, 4, 17, 5, false },         /* not beside IP addresses */
        { 0, 4, 17, 14 + 12, true },
        { 0, 4, 17, 14 + 19, true },
        { 0, 4, 17, 14 + 9, true },     /* protocol */
        { 0, 4, 17, 14 + 8, false },    /* TTL */
        { 0, 4, 17, 14 + 20, true },    /* ports */
        { 0, 4, 6, 14 + 23, true },
        { 0, 4, 132, 14 + 23, true },
        { 0, 4, 17, 14 + 24, false },   /* what follows */
        { 0, 4, 1, 14 + 20, false },    /* ICMP has no ports */
        { 2, 4, 17, 14 + 20, true },
        { 2, 4, 17, 14 + 8, false },
        { 0, 6, 17, 14 + 8, true },
        { 0, 6, 17, 14 + 39, true },
        { 0, 6, 6, 14 + 43, true },
        { 0, 6, 17, 14 + 7, false },    /* hop limit */
        { 0, 6, 58, 14 + 43, false },
        { 1, 6, 17, 14 + 43, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int byte = cases[i].byte;

        check_byte(make_frame(cases[i].tags, cases[i].version,
                              cases[i].protocol),
                   byte < 12 ? byte : byte + 4 * cases[i].tags,
                   cases[i].counts);
    }
}

/* A frame's VLAN is no part of its flow; fragments have no ports; options of
 * IPv4 come before the ports. */
static void
test_ip(void **state OVS_UNUSED)
{
    struct frame f = make_frame(0, 4, 17);
    struct frame tagged = make_frame(1, 4, 17);

    assert_int_equal(hash(&f), hash(&tagged));
    f.bytes[14 + 6] = 0x20;             /* more fragments */
    check_byte(f, 14 + 20, false);
    f.bytes[14 + 6] = 0;
    f.bytes[14 + 7] = 1;                /* offset */
    check_byte(f, 14 + 20, false);
    f = make_frame(0, 4, 17);
    f.bytes[14] = 0x46;
    check_byte(f, 14 + 20, false);
    check_byte(f, 14 + 24, true);
    f.bytes[14] = 0x41;                 /* nonsense */
    check_byte(f, 14 + 20, false);
}

/* Frames that end anywhere. */
static void
test_short(void **state OVS_UNUSED)
{
    for (int version = 0; version <= 6; version += version ? 2 : 4) {
        struct frame f = make_frame(2, version, 17);

        while (f.n) {
            struct frame copy = f;

            memset(copy.bytes + copy.n, 0xff, sizeof copy.bytes - copy.n);
            assert_int_equal(hash(&copy), hash(&f));
            f.n--;
        }
    }
}

static void
test_rss(void **state OVS_UNUSED)
{
    struct frame f = make_frame(0, 4, 17);
    struct rte_mbuf *m = make_mbuf(&f);

    m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
    m->hash.rss = 0x12345678;
    assert_int_equal(tx_hash(m), 0x12345678);
    rte_pktmbuf_free(m);
}

static void
test_queue(void **state OVS_UNUSED)
{
    assert_int_equal(tx_hash_queue(0, 4), 0);
    assert_int_equal(tx_hash_queue(0x3fffffff, 4), 0);
    assert_int_equal(tx_hash_queue(0x40000000, 4), 1);
    assert_int_equal(tx_hash_queue(UINT32_MAX, 4), 3);
    assert_int_equal(tx_hash_queue(UINT32_MAX, 1), 0);
}

/* A port that notes what came on which queue. */

static struct rte_mbuf *sent[N_QUEUES][MAX_FRAMES];
static uint16_t n_sent[N_QUEUES];

static void
noting_tx(struct port *p OVS_UNUSED, uint16_t q, struct rte_mbuf **m,
          uint16_t n)
{
    assert_in_range(q, 0, N_QUEUES - 1);
    memcpy(sent[q] + n_sent[q], m, n * sizeof *m);
    n_sent[q] = (uint16_t) (n_sent[q] + n);
}

static struct port *
create_noting(enum cfg_tx_steering steering, unsigned int n_txq)
{
    static struct port_class class;
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    class = fake_class;
    class.tx = noting_tx;
    fake_settings(&set, 900);
    set.tx_steering = steering;
    p = port_create_with_class(&class, "noting", &set, n_txq, &error);
    assert_non_null(p);
    cfg_settings_destroy(&set);
    memset(n_sent, 0, sizeof n_sent);
    return p;
}

/* 32 flows, in turn, by sender 1. */
static void
send_flows(struct port *p)
{
    struct rte_mbuf *m[MAX_FRAMES];

    for (int i = 0; i < MAX_FRAMES; i++) {
        struct frame f = make_frame(0, 4, 17);

        f.bytes[14 + 21] = (uint8_t) (i % 32);
        f.bytes[f.n - 1] = (uint8_t) i;
        m[i] = make_mbuf(&f);
    }
    port_tx(p, 1, m, MAX_FRAMES);
}

static void
free_sent(void)
{
    for (int q = 0; q < N_QUEUES; q++) {
        rte_pktmbuf_free_bulk(sent[q], n_sent[q]);
        n_sent[q] = 0;
    }
}

static void
test_by_hash(void **state OVS_UNUSED)
{
    struct port *p = create_noting(CFG_TX_HASH, N_QUEUES);
    int total = 0;

    port_set_senders(2);
    assert_true(port_txq_shared(p));
    send_flows(p);
    for (uint16_t q = 0; q < N_QUEUES; q++) {
        int last = -1;

        assert_true(n_sent[q] > 0);
        total += n_sent[q];
        for (int i = 0; i < n_sent[q]; i++) {
            struct rte_mbuf *m = sent[q][i];
            int number = *rte_pktmbuf_mtod_offset(m, uint8_t *,
                                                  m->data_len - 1);

            assert_int_equal(tx_hash_queue(tx_hash(m), N_QUEUES), q);
            assert_true(number > last);         /* in order */
            last = number;
        }
    }
    assert_int_equal(total, MAX_FRAMES);
    free_sent();
}

static void
test_by_thread(void **state OVS_UNUSED)
{
    struct port *p = create_noting(CFG_TX_THREAD, N_QUEUES);

    port_set_senders(2);
    assert_false(port_txq_shared(p));
    send_flows(p);
    assert_int_equal(n_sent[1], MAX_FRAMES);
    free_sent();

    port_set_senders(N_QUEUES + 1);     /* now with locks */
    assert_true(port_txq_shared(p));
    send_flows(p);
    assert_int_equal(n_sent[1], MAX_FRAMES);
    free_sent();
}

/* It may change at any time. */
static void
test_change(void **state OVS_UNUSED)
{
    struct port *p = create_noting(CFG_TX_THREAD, N_QUEUES);
    struct cfg_settings set;

    port_set_senders(2);
    rig_assert_status(p, "tx_steering", "thread");
    cfg_settings_clone(&set, &p->wanted);
    set.tx_steering = CFG_TX_HASH;
    assert_null(rig_set(p, &set, N_QUEUES));
    rig_assert_status(p, "tx_steering", "hash");
    rig_assert_status(p, "txq_shared", "true");
    send_flows(p);
    assert_true(n_sent[0] && n_sent[2]);
    free_sent();
    set.tx_steering = CFG_TX_THREAD;
    assert_null(rig_set(p, &set, N_QUEUES));
    assert_false(port_txq_shared(p));
    send_flows(p);
    assert_int_equal(n_sent[1], MAX_FRAMES);
    free_sent();
    cfg_settings_destroy(&set);
}

static int
start(void **state OVS_UNUSED)
{
    fake_use_mempool(true);
    source = fake_port_create("source", 900, 1);
    return 0;
}

static int
end(void **state)
{
    port_set_senders(1);
    return rig_delete_all(state);
}

int
main(void)
{
#define HASH_TEST(F) cmocka_unit_test_setup_teardown(F, start, end)
    const struct CMUnitTest tests[] = {
        HASH_TEST(test_flows),
        HASH_TEST(test_ip),
        HASH_TEST(test_short),
        HASH_TEST(test_rss),
        HASH_TEST(test_queue),
        HASH_TEST(test_by_hash),
        HASH_TEST(test_by_thread),
        HASH_TEST(test_change),
    };

    return cmocka_run_group_tests_name("port/tx-hash", tests, rig_setup,
                                       rig_teardown);
}
