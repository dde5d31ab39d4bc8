/* SPDX-License-Identifier: Apache-2.0
 *
 * test-plan-driver.c: what the planner believes of a driver by its name is
 * what a device of that driver asks for.
 */
#include <config.h>
#include "mem/mp-plan-cfg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "port/port.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

static bool own_namespace;

static void
compare(const char *devargs, uint32_t n_rxq, unsigned int n_txq)
{
    struct cfg_settings set = rig_settings(devargs, n_rxq, 0);
    struct port *p;
    struct mp_request real, planned;

    set.n_rxq_desc = 1024;
    planned = (struct mp_request) {
        .n_rxq = n_rxq, .rxq_size = set.n_rxq_desc,
        .n_txq = n_txq, .txq_size = set.n_txq_desc,
    };
    mp_plan_driver(devargs, &planned);

    p = rig_create(CFG_TYPE_DPDK, "p", &set, n_txq);
    assert_true(port_mempool_request(p, &real));
    assert_int_equal(planned.n_rxq, real.n_rxq);
    assert_int_equal(planned.rxq_size, real.rxq_size);
    assert_int_equal(planned.n_txq, real.n_txq);
    assert_int_equal(planned.txq_size, real.txq_size);
    assert_int_equal(planned.holds.rx, real.holds.rx);
    assert_int_equal(planned.holds.txq_size, real.holds.txq_size);
    assert_int_equal(planned.holds.n_txq, real.holds.n_txq);
    assert_int_equal(planned.holds.one_sender, real.holds.one_sender);
    rig_delete(p);
}

static void
compare_some(const char *devargs)
{
    compare(devargs, 1, 2);
    compare(devargs, 3, 2);
    compare(devargs, 2, 5);
}

static void
test_null(void **state OVS_UNUSED)
{
    compare_some("net_null0");
}

static void
test_ring(void **state OVS_UNUSED)
{
    compare_some("net_ring0");
    compare("net_ring0", 20, 20);
}

/* Writes a file with a frame to the test's folder. */
static char *
write_pcap(void)
{
    static const uint32_t head[] = {
        0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 /* Ethernet */
    };
    static const uint32_t frame[4 + 15] = { 0, 0, 60, 60 };
    char *path = xasprintf("%s/in.pcap", rig_dir);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(head, sizeof head, 1, f), 1);
    assert_int_equal(fwrite(frame, sizeof frame, 1, f), 1);
    fclose(f);
    return path;
}

static void
test_pcap(void **state OVS_UNUSED)
{
    char *in = write_pcap();
    char *sends = xasprintf("net_pcap0,tx_pcap=%s/a.pcap,"
                            "tx_pcap=%s/b.pcap", rig_dir, rig_dir);
    char *receives = xasprintf("net_pcap0,rx_pcap=%s", in);
    char *repeats = xasprintf("net_pcap0,rx_pcap=%s,infinite_rx=1", in);
    char *both = xasprintf("net_pcap0,rx_pcap=%s,rx_pcap=%s,"
                           "tx_pcap=%s/a.pcap", in, in, rig_dir);

    compare_some(sends);
    compare_some(receives);
    compare_some(repeats);
    /* (The driver loses the memory of files that it need not read.) */
    compare(both, 2, 5);
    compare(both, 3, 2);
    free(in);
    free(sends);
    free(receives);
    free(repeats);
    free(both);
}

static void
test_af_packet(void **state OVS_UNUSED)
{
    if (!own_namespace) {
        skip();
    }
    rig_if_set_up("lo", true);
    compare_some("net_af_packet0,iface=lo");
    compare_some("net_af_packet0,iface=lo,qpairs=2");
}

static void
test_tap(void **state OVS_UNUSED)
{
    if (!own_namespace) {
        skip();
    }
    compare_some("net_tap0,iface=plan");
    compare("net_tap0,iface=plan", 4, 2);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, rig_delete_all)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_null),
        TEST(test_ring),
        TEST(test_pcap),
        TEST(test_af_packet),
        TEST(test_tap),
    };

    own_namespace = rig_own_namespace();
    return cmocka_run_group_tests_name("port/plan-driver", tests, rig_setup,
                                       rig_teardown);
}
