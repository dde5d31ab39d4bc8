/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of what comes in passes an ingress policer?
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/qos/qos-rig.h"

static struct qos *
create(uint64_t rate, uint64_t burst, uint64_t kpkts_rate,
       uint64_t kpkts_burst)
{
    struct cfg_policing cfg = { rate, burst, kpkts_rate, kpkts_burst };
    char *error;
    struct qos *q = policer_create(&cfg, "p", &error);

    assert_null(error);
    start_clock();
    return q;
}

static void
test_none(void **state OVS_UNUSED)
{
    assert_null(create(0, 0, 0, 0));
    assert_null(create(0, 1000, 0, 5));
    qos_destroy(NULL);
}

/* 8 Mbit/s are 1,000,000 bytes a second, without Ethernet headers. */
static void
test_rate(void **state OVS_UNUSED)
{
    static const uint32_t lengths[] = { 60, 64, 500, 1014, 1514 };

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        struct qos *q = create(8000, 100, 0, 0);
        uint64_t n = passed_in(q, 10, 4000, lengths[i], 0);

        assert_about(n, 10 * UINT64_C(1000000) / (lengths[i] - 14));
        qos_destroy(q);
    }
}

/* From 1 kbit/s to 100 Gbit/s, of which a meter's period takes 1 % at most. */
static void
test_rates(void **state OVS_UNUSED)
{
    for (uint64_t rate = 1; rate <= 100000000; rate *= 10) {
        struct qos *q = create(rate, rate, 0, 0);
        uint64_t frame = MAX(rate * 125 / 1000, 1);     /* a thousandth */
        uint64_t n = passed_in(q, 20, 50, (uint32_t) frame + 14, 0);

        assert_about(n, rate * 125 * 20 / frame);
        qos_destroy(q);
    }
}

/* A full bucket, of 100 kbit or, by default, 8,000 kbit. */
static void
test_burst(void **state OVS_UNUSED)
{
    struct qos *q = create(1, 100, 0, 0);
    unsigned int n = 0;

    for (int i = 0; i < 10; i++) {
        n += pass(q, 10, 1014, 0);
    }
    assert_int_equal(n, 12);            /* 12,500 bytes */
    qos_destroy(q);

    q = create(1, 0, 0, 0);
    n = 0;
    for (int i = 0; i < 200; i++) {
        n += pass(q, 10, 1014, 0);
    }
    assert_int_equal(n, 1000);
    qos_destroy(q);
}

static void
test_frames(void **state OVS_UNUSED)
{
    struct qos *q = create(0, 0, 20, 1);

    assert_about(passed_in(q, 5, 2000, 60, 0), 5 * 20000);
    assert_about(passed_in(q, 5, 2000, 1514, 0), 5 * 20000);
    qos_destroy(q);

    q = create(0, 0, 1, 0);             /* 16,000 at once */
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pass(q, 16, 60, 0), 16);
    }
    assert_int_equal(pass(q, 16, 60, 0), 0);
    qos_destroy(q);
}

/* Both: whichever is less.  A frame too long for the bytes that are left
 * takes nothing from the frames. */
static void
test_both(void **state OVS_UNUSED)
{
    struct qos *q = create(8000, 100, 20, 1);

    assert_about(passed_in(q, 5, 2000, 64, 0), 5 * 20000);
    assert_about(passed_in(q, 5, 2000, 1014, 0), 5 * 1000);
    qos_destroy(q);

    q = create(1, 80, 1, 1);            /* 10,000 bytes, 1,000 frames */
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pass(q, 20, 20014, 0), 0);
    }
    assert_int_equal(pass(q, 60, 14 + 100, 0), 60);
    qos_destroy(q);
}

/* Order is kept among those that pass, and what is shorter than a header
 * costs nothing. */
static void
test_order(void **state OVS_UNUSED)
{
    struct qos *q = create(1, 8, 0, 0);         /* 1,000 bytes */
    struct rte_mbuf *m[6];

    frames(m, 6, 614);
    m[1]->pkt_len = 1014;
    m[3]->pkt_len = 14 + 400;
    m[5]->pkt_len = 5;
    assert_int_equal(qos_run_at(q, now, m, NULL, 6), 3);
    assert_int_equal(*rte_pktmbuf_mtod(m[0], uint8_t *), 0);
    assert_int_equal(*rte_pktmbuf_mtod(m[1], uint8_t *), 3);
    assert_int_equal(*rte_pktmbuf_mtod(m[2], uint8_t *), 5);
    rte_pktmbuf_free_bulk(m, 3);
    qos_destroy(q);
}

/* The clock of another core may be behind. */
static void
test_time_goes_back(void **state OVS_UNUSED)
{
    struct qos *q = create(8000, 8, 0, 0);

    now += rte_get_tsc_hz();
    assert_int_equal(pass(q, 10, 514, 0), 2);
    now -= rte_get_tsc_hz() / 2;
    assert_int_equal(pass(q, 10, 514, 0), 0);
    qos_destroy(q);
}

/* On DPDK's clock, more frames than are judged at once. */
static void
test_many(void **state OVS_UNUSED)
{
    struct qos *q = create(0, 0, 1, 1);
    struct rte_mbuf *m[300];
    unsigned int n = 0;

    for (int i = 0; i < 4; i++) {
        uint16_t passed;

        frames(m, 300, 60);
        passed = qos_run(q, m, NULL, 300);
        for (uint16_t j = 0; j < passed; j++) {
            assert_int_equal(*rte_pktmbuf_mtod(m[j], uint8_t *), j % 256);
        }
        rte_pktmbuf_free_bulk(m, passed);
        n += passed;
    }
    /* 1,000 and what came in the meantime. */
    assert_in_range(n, 1000, 1199);
    qos_destroy(q);
}

static void
test_wrong(void **state OVS_UNUSED)
{
    struct cfg_policing cfg = { .rate = UINT64_C(1) << 40 };
    char *error;

    assert_null(policer_create(&cfg, "vh0", &error));
    assert_text(error, "vh0: ingress policing is not in force: "
                "ingress_policing_rate 1099511627776 is above 4294967295");
    cfg = (struct cfg_policing) { .kpkts_rate = 1,
                                  .kpkts_burst = UINT64_C(1) << 32 };
    assert_null(policer_create(&cfg, "vh0", &error));
    assert_text(error, "vh0: ingress policing is not in force: "
                "ingress_policing_kpkts_burst 4294967296 is above "
                "4294967295");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test_teardown(test_rate, rig_end),
        cmocka_unit_test_teardown(test_rates, rig_end),
        cmocka_unit_test_teardown(test_burst, rig_end),
        cmocka_unit_test_teardown(test_frames, rig_end),
        cmocka_unit_test_teardown(test_both, rig_end),
        cmocka_unit_test_teardown(test_order, rig_end),
        cmocka_unit_test_teardown(test_time_goes_back, rig_end),
        cmocka_unit_test_teardown(test_many, rig_end),
        cmocka_unit_test(test_wrong),
    };

    return cmocka_run_group_tests_name("qos/policer", tests, rig_setup,
                                       rig_teardown);
}
