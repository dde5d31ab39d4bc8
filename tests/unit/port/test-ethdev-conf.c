/* SPDX-License-Identifier: Apache-2.0
 *
 * test-ethdev-conf.c: what a device is granted of what was asked for.  Pure:
 * no EAL.
 */
#include <config.h>
#include "port/ethdev.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "util.h"

static const struct ethdev_limits plenty = {
    .max_rxq = 64, .max_txq = 64,
    .rx_desc = { .nb_max = 4096, .nb_min = 64, .nb_align = 32 },
    .tx_desc = { .nb_max = 1024, .nb_min = 512, .nb_align = 1 },
    .min_mtu = 68, .max_mtu = 9702,
};

static struct cfg_settings
settings(uint32_t n_rxq, uint32_t n_rxq_desc, uint32_t n_txq_desc)
{
    return (struct cfg_settings) {
        .n_rxq = n_rxq, .n_rxq_desc = n_rxq_desc, .n_txq_desc = n_txq_desc,
    };
}

static struct port_running
granted(const struct ethdev_limits *limits, struct cfg_settings set,
        uint16_t n_txq)
{
    static const struct port_running nothing;
    struct port_running r;

    ethdev_grant(limits, &set, n_txq, &nothing, 0, &r);
    return r;
}

static void
test_queues(void **state OVS_UNUSED)
{
    static const struct {
        uint16_t max_rxq, max_txq;
        unsigned int quirks;
        uint32_t n_rxq;
        uint16_t n_txq;
        uint16_t rx, tx;        /* granted */
    } cases[] = {
        { 64, 64, 0, 1, 2, 1, 2 },
        { 64, 64, 0, 65, 65, 64, 64 },
        { 1, 1, 0, 4, 3, 1, 1 },
        { 0, 1, 0, 1, 1, 0, 1 },        /* a device that only sends */
        { 64, 64, 0, 0, 0, 1, 1 },
        { 16, 16, ETHDEV_EQUAL_QUEUES, 1, 3, 1, 1 },
        { 16, 16, ETHDEV_EQUAL_QUEUES, 4, 2, 4, 4 },
        { 16, 2, ETHDEV_EQUAL_QUEUES, 4, 2, 2, 2 },
        { 16, 16, ETHDEV_LOOP, 1, 3, 1, 1 },
        { 16, 16, ETHDEV_LOOP, 4, 3, 4, 3 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ethdev_limits limits = plenty;
        struct port_running r;

        limits.max_rxq = cases[i].max_rxq;
        limits.max_txq = cases[i].max_txq;
        limits.quirks = cases[i].quirks;
        r = granted(&limits, settings(cases[i].n_rxq, 2048, 2048),
                    cases[i].n_txq);
        assert_int_equal(r.n_rxq, cases[i].rx);
        assert_int_equal(r.n_txq, cases[i].tx);
    }
}

static void
test_descriptors(void **state OVS_UNUSED)
{
    static const struct {
        struct rte_eth_desc_lim lim;
        uint32_t want;
        uint16_t granted;
    } cases[] = {
        { { .nb_max = 4096, .nb_min = 64, .nb_align = 32 }, 2048, 2048 },
        { { .nb_max = 4096, .nb_min = 64, .nb_align = 32 }, 1, 64 },
        { { .nb_max = 4096, .nb_min = 64, .nb_align = 32 }, 65, 96 },
        { { .nb_max = 1000, .nb_min = 64, .nb_align = 32 }, 2048, 992 },
        { { .nb_max = 512, .nb_min = 0, .nb_align = 0 }, 4096, 512 },
        { { .nb_max = 0, .nb_min = 0, .nb_align = 0 }, 4096, 4096 },
        { { .nb_max = 65535, .nb_min = 0, .nb_align = 1 }, 4096, 4096 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ethdev_limits limits = plenty;
        struct port_running r;

        limits.rx_desc = cases[i].lim;
        limits.tx_desc = cases[i].lim;
        r = granted(&limits, settings(1, cases[i].want, cases[i].want), 1);
        assert_int_equal(r.n_rxq_desc, cases[i].granted);
        assert_int_equal(r.n_txq_desc, cases[i].granted);
    }
}

/* Asking for the same too much again asks for nothing new. */
static void
test_granting_twice(void **state OVS_UNUSED)
{
    struct cfg_settings set = settings(100, 100, 100);
    struct port_running r = granted(&plenty, set, 100);
    struct port_running again;

    ethdev_grant(&plenty, &set, 100, &r, 0, &again);
    assert_int_equal(again.n_rxq, r.n_rxq);
    assert_int_equal(again.n_txq, r.n_txq);
    assert_int_equal(again.n_rxq_desc, r.n_rxq_desc);
    assert_int_equal(again.n_txq_desc, r.n_txq_desc);
    assert_int_equal(again.mtu, r.mtu);
}

static void
test_mtu(void **state OVS_UNUSED)
{
    struct cfg_settings set = settings(1, 2048, 2048);
    struct ethdev_limits small = plenty;
    struct port_running now = granted(&plenty, set, 1);
    struct port_running r;

    assert_int_equal(now.mtu, 1500);
    now.mtu = 6000;
    ethdev_grant(&plenty, &set, 1, &now, 0, &r);
    assert_int_equal(r.mtu, 6000);              /* none asked for: kept */
    set.mtu = 9000;
    ethdev_grant(&plenty, &set, 1, &now, 0, &r);
    assert_int_equal(r.mtu, 9000);
    small.max_mtu = 1400;
    assert_int_equal(granted(&small, settings(1, 1, 1), 1).mtu, 1400);
}

static void
test_limits(void **state OVS_UNUSED)
{
    static const struct {
        uint32_t max_rx_pktlen;
        uint16_t min_mtu, max_mtu;
        uint32_t min, max;
    } cases[] = {
        { UINT32_MAX, 46, UINT16_MAX, 68, 9702 },       /* net_null */
        { 1518, 46, UINT16_MAX, 68, 1500 },             /* net_memif */
        { 9728, 68, 9702, 68, 9702 },
        { 9618, 68, 9600, 68, 9600 },
        { 0, 128, 4000, 128, 4000 },
        { 10, 46, UINT16_MAX, 68, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct rte_eth_dev_info info = {
            .max_rx_pktlen = cases[i].max_rx_pktlen,
            .min_mtu = cases[i].min_mtu,
            .max_mtu = cases[i].max_mtu,
            .max_rx_queues = 1024,
            .max_tx_queues = 1024,
        };
        struct ethdev_limits limits;

        ethdev_limits_from_info(&info, 0, &limits);
        assert_int_equal(limits.min_mtu, cases[i].min);
        assert_int_equal(limits.max_mtu, cases[i].max);
        assert_int_equal(limits.max_rxq, PORT_MAX_RXQ);
        assert_int_equal(limits.max_txq, PORT_MAX_TXQ);
    }
}

static void
test_quirks(void **state OVS_UNUSED)
{
    assert_int_equal(ethdev_quirks("net_tap", "iface=t0"),
                     ETHDEV_EQUAL_QUEUES);
    assert_int_equal(ethdev_quirks("net_virtio", ""), 0);
    assert_false(ethdev_quirks("net_pcap", "rx_pcap=a,infinite_rx=0")
                 & ETHDEV_SETUP_ONCE);
    assert_false(ethdev_quirks("net_pcap", "rx_pcap=a,infinite_rx=10")
                 & ETHDEV_SETUP_ONCE);
    assert_true(ethdev_quirks("net_pcap", "rx_pcap=a,infinite_rx=1")
                & ETHDEV_SETUP_ONCE);
    assert_true(ethdev_quirks("net_pcap", "infinite_rx=1,rx_pcap=a")
                & ETHDEV_SETUP_ONCE);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queues),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_granting_twice),
        cmocka_unit_test(test_mtu),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_quirks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
