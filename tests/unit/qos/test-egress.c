/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of what goes out passes an egress limit, and how does it look?
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "tests/unit/qos/qos-rig.h"

enum { LEN = 64, COUNTS = 50 }; /* of a frame of LEN, COUNTS bytes count */

static struct qos *
create(char *type, struct cfg_meter meter, struct cfg_qos_queue *queues,
       size_t n_queues, char **errorp)
{
    struct cfg_qos cfg = { type, meter, queues, n_queues };
    struct qos *q = qos_create(&cfg, "vh0", errorp);

    start_clock();
    return q;
}

static struct qos *
create_well(char *type, struct cfg_meter meter, struct cfg_qos_queue *queues,
            size_t n_queues)
{
    char *error;
    struct qos *q = create(type, meter, queues, n_queues, &error);

    assert_null(error);
    assert_non_null(q);
    assert_string_equal(qos_type(q), type);
    return q;
}

static void
refused(char *type, struct cfg_meter meter, const char *text)
{
    char *error;

    assert_null(create(type, meter, NULL, 0, &error));
    assert_text(error, text);
}

static void
shows(const struct qos *q, const char *text)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    qos_format(q, &ds);
    assert_string_equal(ds_cstr(&ds), text);
    ds_destroy(&ds);
}

static void
test_types(void **state OVS_UNUSED)
{
    char *error;

    assert_string_equal(qos_types()[0], "egress-policer");
    assert_string_equal(qos_types()[1], "trtcm-policer");
    assert_null(qos_types()[2]);
    assert_null(create(NULL, (struct cfg_meter) { 0 }, NULL, 0, &error));
    assert_null(error);
    refused("linux-htb", (struct cfg_meter) { .cir = 1, .cbs = 1 },
            "vh0: QoS type linux-htb is not in force: known types are "
            "egress-policer, trtcm-policer");
}

static void
test_policer(void **state OVS_UNUSED)
{
    struct qos *q = create_well("egress-policer",
                                (struct cfg_meter) { .cir = 1000000,
                                                     .cbs = 2048 }, NULL, 0);

    shows(q, "cir: 1000000\ncbs: 2048\n");
    assert_int_equal(pass(q, 64, LEN, 0), 2048 / COUNTS);
    assert_about(passed_in(q, 10, 4000, LEN, 0), 10 * 1000000 / COUNTS);
    /* Longer than the bucket is deep. */
    now += 10 * rte_get_tsc_hz();
    assert_int_equal(pass(q, 1, 2048 + 14, 0), 1);
    now += 10 * rte_get_tsc_hz();
    assert_int_equal(pass(q, 1, 2048 + 15, 0), 0);
    qos_destroy(q);
}

static void
test_policer_wrong(void **state OVS_UNUSED)
{
    refused("egress-policer", (struct cfg_meter) { .cbs = 2048 },
            "vh0: QoS type egress-policer is not in force: cir is 0 and cbs "
            "2048, both must be at least 1");
    refused("egress-policer", (struct cfg_meter) { .cir = 5 },
            "vh0: QoS type egress-policer is not in force: cir is 5 and cbs "
            "0, both must be at least 1");
}

/* Both rates together, as yellow frames pass too. */
static void
test_trtcm(void **state OVS_UNUSED)
{
    struct cfg_meter m = { .cir = 52000, .cbs = 2048,
                           .eir = 104000, .ebs = 2048 };
    struct qos *q = create_well("trtcm-policer", m, NULL, 0);

    assert_about(passed_in(q, 20, 1000, LEN, 0), 20 * 156000 / COUNTS);
    qos_destroy(q);
}

/* The worked example of Documentation/topics/qos.rst. */
static struct cfg_qos_queue two_queues[] = {
    { 10, { .cir = 100000, .cbs = 2048 } },
    { 20, { .eir = 50000, .ebs = 2048 } },
};
static const struct cfg_meter both_rates = {
    .cir = 50000, .cbs = 2048, .eir = 50000, .ebs = 2048,
};

static void
test_queues_alone(void **state OVS_UNUSED)
{
    struct qos *q = create_well("trtcm-policer", both_rates, two_queues, 2);

    assert_about(passed_in(q, 20, 1000, LEN, 10), 20 * 2000);
    now += 10 * rte_get_tsc_hz();
    assert_about(passed_in(q, 20, 1000, LEN, 20), 20 * 1000);
    now += 10 * rte_get_tsc_hz();
    /* Queue 0 has the port's rates; 15 does not exist. */
    assert_about(passed_in(q, 20, 1000, LEN, 0), 20 * 2000);
    now += 10 * rte_get_tsc_hz();
    assert_about(passed_in(q, 20, 1000, LEN, 15), 20 * 2000);
    qos_destroy(q);
}

/* The queue of green frames takes the place that is promised to it from the
 * other one. */
static void
test_queues_together(void **state OVS_UNUSED)
{
    struct qos *q = create_well("trtcm-policer", both_rates, two_queues, 2);
    uint64_t step = rte_get_tsc_hz() / 1000;
    uint64_t high = 0, low = 0;

    while (pass(q, 32, LEN, 10)) {
        continue;
    }
    for (int i = 0; i < 20000; i++) {
        now += step;
        high += pass(q, 1, LEN, 10);    /* 1,000 a second */
        low += pass(q, 4, LEN, 20);
    }
    assert_about(high, 20 * 1000);
    assert_about(low, 20 * 1000);
    qos_destroy(q);
}

static void
test_shown(void **state OVS_UNUSED)
{
    struct qos *q = create_well("trtcm-policer", both_rates, two_queues, 1);

    assert_int_equal(pass(q, 50, LEN, 10), 40);
    assert_int_equal(pass(q, 50, LEN, 0), 40);
    assert_int_equal(pass(q, 2, LEN, 0), 0);
    shows(q, "cir: 50000\neir: 50000\nebs: 2048\ncbs: 2048\n"
          "\nDefault:\n  cir: 50000\n  eir: 50000\n  ebs: 2048\n"
          "  cbs: 2048\n  tx_packets: 40\n  tx_bytes: 2000\n"
          "  tx_errors: 12\n"
          "\nQueue 10:\n  cir: 100000\n  eir: 0\n  ebs: 0\n  cbs: 2048\n"
          "  tx_packets: 40\n  tx_bytes: 2000\n  tx_errors: 10\n");
    qos_destroy(q);
}

static void
test_queue_0(void **state OVS_UNUSED)
{
    struct cfg_qos_queue queue = { 0, { .cir = 5000, .cbs = 2048 } };
    struct qos *q = create_well("trtcm-policer", both_rates, &queue, 1);

    assert_about(passed_in(q, 20, 1000, LEN, 0), 20 * 100);
    qos_destroy(q);

    queue.meter = (struct cfg_meter) { 0 };     /* a row without rates */
    q = create_well("trtcm-policer", both_rates, &queue, 1);
    assert_about(passed_in(q, 20, 1000, LEN, 0), 20 * 2000);
    qos_destroy(q);
}

static void
test_trtcm_wrong(void **state OVS_UNUSED)
{
    struct cfg_qos_queue queues[] = {
        { 0, { .cir = 1 } },
        { 1, { .cir = 5000, .cbs = 2048 } },
        { 2, { 0 } },
    };
    char *error;
    struct qos *q;

    refused("trtcm-policer", (struct cfg_meter) { .cir = 1 },
            "vh0: QoS type trtcm-policer is not in force: cir is 1 with cbs "
            "0, eir 0 with ebs 0: a rate needs a burst size of at least 1");
    refused("trtcm-policer", (struct cfg_meter) { .cbs = 1, .ebs = 1 },
            "vh0: QoS type trtcm-policer is not in force: cir and eir are "
            "both 0: one must be at least 1");

    /* A wrong queue harms no other, and none sends everything away. */
    q = create("trtcm-policer", both_rates, queues, 3, &error);
    assert_text(error, "vh0: QoS type trtcm-policer: queue 0: cir is 1 with "
                "cbs 0, eir 0 with ebs 0: a rate needs a burst size of at "
                "least 1; queue 2: cir and eir are both 0: one must be at "
                "least 1");
    assert_about(passed_in(q, 20, 1000, LEN, 1), 20 * 100);
    assert_int_equal(pass(q, 2, LEN, 0), 2);
    assert_int_equal(pass(q, 2, LEN, 2), 2);
    qos_destroy(q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test_teardown(test_policer, rig_end),
        cmocka_unit_test(test_policer_wrong),
        cmocka_unit_test_teardown(test_trtcm, rig_end),
        cmocka_unit_test_teardown(test_queues_alone, rig_end),
        cmocka_unit_test_teardown(test_queues_together, rig_end),
        cmocka_unit_test_teardown(test_shown, rig_end),
        cmocka_unit_test_teardown(test_queue_0, rig_end),
        cmocka_unit_test_teardown(test_trtcm_wrong, rig_end),
    };

    return cmocka_run_group_tests_name("qos/egress", tests, rig_setup,
                                       rig_teardown);
}
