/* SPDX-License-Identifier: Apache-2.0
 *
 * From rows of QoS and Queue to rates, and when two sets of them are equal.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/cfg/cfg-fixture.h"

static struct cfg cfg;
static struct cfg_port *port;
static struct cfg_iface *written;

static int
start(void **state OVS_UNUSED)
{
    struct cfg_bridge *br;

    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    port = cfg_bridge_add_port(br, "p");
    written = cfg_port_add_iface(port, "p");
    written->type = xstrdup("dpdk");
    smap_add(&written->options, "dpdk-devargs", "net_null0");
    return 0;
}

static int
end(void **state OVS_UNUSED)
{
    cfg_destroy(&cfg);
    return 0;
}

static const struct cfg_iface *
parse(void)
{
    cfg_parse(&cfg, &env);
    return find(&cfg, 0, "p");
}

static void
test_none(void **state OVS_UNUSED)
{
    const struct cfg_iface *p = parse();

    expect_error(p, true, NULL);
    assert_null(p->set.qos.type);
    assert_int_equal(p->set.policing.rate, 0);
}

/* A row without a type is none. */
static void
test_no_type(void **state OVS_UNUSED)
{
    const struct cfg_iface *p;

    smap_add(&cfg_port_add_qos(port, "")->other_config, "cir", "rubbish");
    p = parse();
    expect_error(p, true, NULL);
    assert_null(p->set.qos.type);
}

static void
test_rates(void **state OVS_UNUSED)
{
    struct cfg_qos_row *row = cfg_port_add_qos(port, "trtcm-policer");
    struct cfg_queue_row *queue = cfg_qos_add_queue(row, 4294967295);
    const struct cfg_qos *qos;

    smap_add(&row->other_config, "cir", "1000000000000");
    smap_add(&row->other_config, "cbs", "2");
    smap_add(&row->other_config, "eir", "3");
    smap_add(&row->other_config, "ebs", "4");
    smap_add(&row->other_config, "max-rate", "ignored");
    smap_add(&queue->other_config, "cir", "5");
    cfg_qos_add_queue(row, 7);
    cfg_qos_add_queue(row, 0);
    written->policing = (struct cfg_policing) { 1, 2, 3, 4 };

    expect_error(parse(), true, NULL);
    qos = &find(&cfg, 0, "p")->set.qos;
    assert_string_equal(qos->type, "trtcm-policer");
    assert_int_equal(qos->meter.cir, 1000000000000);
    assert_int_equal(qos->meter.cbs, 2);
    assert_int_equal(qos->meter.eir, 3);
    assert_int_equal(qos->meter.ebs, 4);
    assert_int_equal(qos->n_queues, 3);
    assert_int_equal(qos->queues[0].id, 0);
    assert_int_equal(qos->queues[0].meter.cir, 0);
    assert_int_equal(qos->queues[1].id, 7);
    assert_int_equal(qos->queues[2].id, 4294967295);
    assert_int_equal(qos->queues[2].meter.cir, 5);
    assert_int_equal(find(&cfg, 0, "p")->set.policing.kpkts_burst, 4);
    assert_int_equal(cfg.n_notes, 2);
    assert_true(has_text(cfg.notes, cfg.n_notes,
                         "Port p: queue 7 of its QoS has a meter, but nothing "
                         "sends to queues other than 0 yet"));
}

static void
test_queues_of_a_policer(void **state OVS_UNUSED)
{
    cfg_qos_add_queue(cfg_port_add_qos(port, "egress-policer"), 0);
    parse();
    assert_int_equal(cfg.n_notes, 1);
    assert_string_equal(cfg.notes[0],
                        "Port p: queue 0 of its QoS is stored but has no "
                        "effect: type egress-policer has no queues");
}

static void
test_wrong(void **state OVS_UNUSED)
{
    struct cfg_qos_row *row = cfg_port_add_qos(port, "trtcm-policer");
    const struct cfg_iface *p;

    smap_add(&row->other_config, "cir", "-1");
    smap_add(&row->other_config, "cbs", "1000000000001");
    smap_add(&cfg_qos_add_queue(row, 2)->other_config, "ebs", "1k");
    p = parse();
    expect_error(p, true,
                 "p: QoS: cir -1 is no number from 0 to 1000000000000: "
                 "using 0; p: QoS: cbs 1000000000001 is no number from 0 to "
                 "1000000000000: using 0; p: QoS queue 2: ebs 1k is no "
                 "number from 0 to 1000000000000: using 0");
    assert_int_equal(p->set.qos.meter.cbs, 0);
}

/* Each value makes a difference, a copy none. */
static void
test_equal(void **state OVS_UNUSED)
{
    struct cfg_qos_queue queue = { .id = 1, .meter.cir = 1 };
    struct cfg_settings a, b;
    uint64_t *const values[] = {
        &b.qos.meter.cir, &b.qos.meter.cbs, &b.qos.meter.eir,
        &b.qos.meter.ebs, &b.policing.rate, &b.policing.burst,
        &b.policing.kpkts_rate, &b.policing.kpkts_burst,
    };

    cfg_settings_init(&a);
    a.qos.type = xstrdup("x");
    a.qos.queues = xmemdup(&queue, sizeof queue);
    a.qos.n_queues = 1;
    cfg_settings_clone(&b, &a);
    assert_true(cfg_settings_equal(&a, &b));
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        ++*values[i];
        assert_false(cfg_settings_equal(&a, &b));
        --*values[i];
    }
    b.qos.queues[0].id++;
    assert_false(cfg_settings_equal(&a, &b));
    b.qos.queues[0].id--;
    b.qos.queues[0].meter.ebs++;
    assert_false(cfg_settings_equal(&a, &b));
    b.qos.n_queues = 0;
    assert_false(cfg_settings_equal(&a, &b));
    cfg_settings_destroy(&a);
    cfg_settings_destroy(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none, start, end),
        cmocka_unit_test_setup_teardown(test_no_type, start, end),
        cmocka_unit_test_setup_teardown(test_rates, start, end),
        cmocka_unit_test_setup_teardown(test_queues_of_a_policer, start, end),
        cmocka_unit_test_setup_teardown(test_wrong, start, end),
        cmocka_unit_test(test_equal),
    };

    return cmocka_run_group_tests_name("cfg/cfg-qos", tests, NULL, NULL);
}
