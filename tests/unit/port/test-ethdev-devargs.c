/* SPDX-License-Identifier: Apache-2.0
 *
 * test-ethdev-devargs.c: which device does dpdk-devargs name, and whose is it?
 * Whatever an operator writes, the process lives on and nothing is left
 * behind.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "port/ethdev.h"
#include "tests/fake/fake-ethdev.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

static void
assert_runs(struct port *p)
{
    struct rte_mbuf *m[PORT_BURST];

    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(port_rx(p, 0, m, PORT_BURST), PORT_BURST);
    rte_pktmbuf_free_bulk(m, PORT_BURST);
}

static void
test_device_used_twice(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null0,no-rx=1", 1, 0);
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    char *text = NULL;

    rig_create_fails("null1", &set, "'null1' is trying to use device "
                     "'net_null0,no-rx=1' which is already in use by "
                     "'null0'", NULL);
    assert_int_equal(rte_eth_dev_count_avail(), 1);
    assert_runs(p);

    assert_int_equal(ethdev_detach("net_null0,mac", &text), -ENODEV);
    assert_string_equal(text, "Device 'net_null0,mac' not found in DPDK");
    free(text);
    assert_int_equal(ethdev_detach("net_null0", &text), -EBUSY);
    assert_string_equal(text, "Device 'net_null0' is being used by interface "
                        "'null0'. Remove it before detaching");
    free(text);
    rig_delete(p);
    assert_int_equal(ethdev_detach("net_null0", &text), -ENODEV);
    assert_string_equal(text, "Device 'net_null0' not found in DPDK");
    free(text);
}

/* A device that DPDK has already and that nobody uses is taken. */
static void
test_device_that_is_there(void **state OVS_UNUSED)
{
    char *text = NULL;
    struct port *p;

    assert_int_equal(rte_dev_probe("net_null5"), 0);
    assert_int_equal(ethdev_detach("net_null5", &text), 0);
    assert_string_equal(text, "All devices shared with device 'net_null5' "
                        "have been detached");
    free(text);
    assert_int_equal(rte_eth_dev_count_total(), 0);

    /* With the port goes its memory (rig_delete() looks), not the device. */
    assert_int_equal(rte_dev_probe("net_null5"), 0);
    for (uint32_t n_rxq = 1; n_rxq < 4; n_rxq++) {
        p = rig_create_dpdk("null5", "net_null5", n_rxq, 1);
        assert_int_equal(rte_eth_dev_count_total(), 1);
        assert_runs(p);
        rig_delete(p);
        assert_int_equal(rte_eth_dev_count_total(), 1);
    }
    assert_int_equal(ethdev_detach("net_null5", &text), 0);
    free(text);
    assert_int_equal(rte_eth_dev_count_total(), 0);
}

/* Also one whose driver makes a loop, or talks to another process. */
static void
test_devices_that_are_there(void **state OVS_UNUSED)
{
    char *memif = xasprintf("net_memif5,role=server,socket=%s/memif,"
                            "socket-abstract=no", rig_dir);
    const char *const names[] = { "net_ring5", memif };
    char *text = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(rte_dev_probe(names[i]), 0);
        for (int round = 0; round < 2; round++) {
            struct port *p = rig_create_dpdk("p", names[i], 1, 1);

            assert_int_equal(p->state, PORT_RUNNING);
            rig_delete(p);
            assert_int_equal(rte_eth_dev_count_total(), 1);
        }
        assert_int_equal(ethdev_detach(names[i], &text), 0);
        free(text);
        assert_int_equal(rte_eth_dev_count_total(), 0);
    }
    free(memif);
}

/* A second probe of a device that a port uses, here for a representor that it
 * does not have, leaves the port alone. */
static void
test_nothing_new_in_a_device(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null0,representor=[1]", 1, 0);
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);

    fake_ethdev_fail(FAKE_ETH_PROBE, 0, 0, 1);
    rig_create_fails("null1", &set, "Error attaching device "
                     "'net_null0,representor=[1]' to DPDK: it has no Ethernet "
                     "device that matches", NULL);
    assert_int_equal(rte_eth_dev_count_avail(), 1);
    assert_runs(p);
    rig_delete(p);
}

static void
test_device_by_mac(void **state OVS_UNUSED)
{
    struct port *p = rig_create_dpdk("null0", "net_null0", 1, 1);
    struct port_link link;
    struct cfg_settings set;
    char *devargs;
    char *text = NULL;

    rig_wait_for_samples();
    port_get_link(p, &link);
    devargs = xasprintf("class=eth,mac=%02X:%02X:%02X:%02X:%02X:%02X",
                        link.mac[0], link.mac[1], link.mac[2], link.mac[3],
                        link.mac[4], link.mac[5]);
    set = rig_settings(devargs, 1, 0);
    rig_create_fails("null1", &set, "'null1' is trying to use device "
                     "'class=eth,mac=", "in use by 'null0'");
    rig_delete(p);
    rig_create_fails("null1", &set, "Error attaching device 'class=eth,mac=",
                     ": no device known to DPDK has this MAC address");

    assert_int_equal(rte_dev_probe("net_null3"), 0);
    rte_eth_macaddr_get(0, (struct rte_ether_addr *) link.mac);
    free(devargs);
    devargs = xasprintf("class=eth,mac=%02x:%02x:%02x:%02x:%02x:%02x",
                        link.mac[0], link.mac[1], link.mac[2], link.mac[3],
                        link.mac[4], link.mac[5]);
    /* Again and again: the device stays known. */
    for (int round = 0; round < 3; round++) {
        p = rig_create_dpdk("null3", devargs, 1, 1);
        assert_runs(p);
        assert_int_equal(ethdev_detach(devargs, &text), -EBUSY);
        free(text);
        rig_delete(p);
    }
    /* Also where the port gave it another address meanwhile. */
    set = rig_settings(devargs, 1, 0);
    set.mac = CONST_CAST(char *, "02:00:00:00:00:01");
    rig_delete(rig_create(CFG_TYPE_DPDK, "null3", &set, 1));
    rig_delete(rig_create_dpdk("null3", devargs, 1, 1));
    assert_int_equal(ethdev_detach(devargs, &text), 0);
    free(text);
    assert_int_equal(rte_eth_dev_count_total(), 0);
    free(devargs);
}

static void
test_wrong_devargs(void **state OVS_UNUSED)
{
    static const char *const wrong[] = {
        ",", "=", "/", "a/b", " net_null0", "foo", "net_foo0", "%s%n",
        "\xff\xfe", "0000:99:00.0", "99:99:99.99", "zz:zz.z",
        "net_pcap0", "net_pcap0,rx_pcap=/nonexistent/file",
        "net_af_packet0", "net_af_packet0,iface=nosuchiface",
        "net_null0,foo=bar", "net_null0,size=-1", "net_null0,no-rx",
        "net_ring0,nodeaction=x", "crypto_null0", "net_virtio_user0,path=/x",
        "class", "class=", "class=eth", "class=eth,mac=", "class=foo",
        "class=eth,mac=zz", "class=eth,mac=00:11:22:33:44:55",
        "bus", "bus=", "bus=pci", "bus=vdev", "bus=vdev,name=net_null7",
        "bus=pci,addr=0000:99:00.0", "bus=vdev/class=eth", "driver=net_null",
        "bus=vdev,name=net_null8/class=eth,mac=00:00:00:00:00:00",
        "net_pcap0,rx_pcap=/class=eth", "x/class=eth", "/class=eth",
        "net_null0/driver=x", "net_null0/bus", "net_null0//class,",
        "net_tap0,mac", "net_null0,x[1,2]", "net_ring0,internal=0x1",
        "net_failsafe0,exec(echo net_null0)", "net_failsafe0,dev(class)",
        "net_failsafe0,dev(bus=vdev)", "net_memif0,mac=zz",
        "net_pcap0,rx_pcap=/bus/x", ",bus", "x/,,class", "net_null=0", "[]",
    };
    static const char *const harmless[] = {
        "net_null0,", "net_null0,,,", "vdev:net_null0", "eth_null0",
        "net_null0/x", "net_null_class",
    };
    struct cfg_settings set = rig_settings("", 1, 0);
    char *long_name = xmalloc(70001);

    rig_create_fails("p", &set, "'p' is missing 'options:dpdk-devargs'",
                     NULL);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char *begin = xasprintf("Error attaching device '%s' to DPDK: ",
                                wrong[i]);

        set = rig_settings(wrong[i], 1, 0);
        rig_create_fails("p", &set, begin, "");
        assert_int_equal(rte_eth_dev_count_total(), 0);
        free(begin);
    }
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        rig_delete(rig_create_dpdk("p", harmless[i], 1, 1));
        assert_int_equal(rte_eth_dev_count_total(), 0);
    }
    memset(long_name, 'A', 70000);
    long_name[70000] = '\0';
    set = rig_settings(long_name, 1, 0);
    rig_create_fails("p", &set, "Error attaching device 'AAAA", "");
    memcpy(long_name, "net_null0,", 10);
    rig_create_fails("p", &set, "Error attaching device 'net_null0,AAAA", "");
    free(long_name);
}

static void
test_one_device_too_many(void **state OVS_UNUSED)
{
    struct cfg_settings set = rig_settings("net_null99", 1, 0);
    struct port *p;

    for (int i = 1; i < RTE_MAX_ETHPORTS; i++) {
        char *devargs = xasprintf("net_null%d", i);

        assert_int_equal(rte_dev_probe(devargs), 0);
        free(devargs);
    }
    p = rig_create_dpdk("last", "net_null98", 1, 1);
    rig_create_fails("one_more", &set,
                     "Error attaching device 'net_null99' to DPDK: all 32 "
                     "devices that this build of DPDK allows "
                     "(RTE_MAX_ETHPORTS) are in use", NULL);
    assert_runs(p);
    rig_delete(p);
    for (int i = 1; i < RTE_MAX_ETHPORTS; i++) {
        char *devargs = xasprintf("net_null%d", i);
        char *text;

        assert_int_equal(ethdev_detach(devargs, &text), 0);
        free(devargs);
        free(text);
    }
    assert_int_equal(rte_eth_dev_count_total(), 0);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_device_used_twice),
        TEST(test_device_that_is_there),
        TEST(test_devices_that_are_there),
        TEST(test_nothing_new_in_a_device),
        TEST(test_device_by_mac),
        TEST(test_wrong_devargs),
        TEST(test_one_device_too_many),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
