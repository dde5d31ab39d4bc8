/* SPDX-License-Identifier: Apache-2.0
 *
 * test-internal-device.c: the tap devices behind internal ports: names,
 * addresses, offloads, and what an operator does to them behind our back.
 *
 * In a network namespace of its own; skipped where that is not allowed.
 */
#define _GNU_SOURCE 1
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "port/kernel.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { N_SENDERS = 3 };

static bool own_namespace;

static struct port *
create(const char *name, uint32_t mtu)
{
    struct cfg_settings set = { .mtu = mtu };

    return rig_create(CFG_TYPE_INTERNAL, name, &set, N_SENDERS);
}

static void
skip_unless_allowed(void)
{
    if (!own_namespace || access("/dev/net/tun", W_OK)) {
        skip();
    }
}

/* What the kernel sends is complete: nothing is left to us. */
static void
test_no_offloads(void **state OVS_UNUSED)
{
    static const uint32_t what[] = { ETHTOOL_GTXCSUM, ETHTOOL_GTSO };
    struct port *p;

    skip_unless_allowed();
    p = create("slbr0", 0);
    for (size_t i = 0; i < ARRAY_SIZE(what); i++) {
        struct ethtool_value v = { .cmd = what[i] };
        struct ifreq ifr;

        memset(&ifr, 0, sizeof ifr);
        ifr.ifr_data = (void *) &v;
        assert_int_equal(rig_if_request("slbr0", SIOCETHTOOL, &ifr), 0);
        assert_int_equal(v.data, 0);
    }
    rig_delete(p);
}

static void
test_address(void **state OVS_UNUSED)
{
    char first[] = "02:00:00:00:00:0a", second[] = "02:00:00:00:00:0b";
    struct cfg_settings set = { .mac = first };
    unsigned int quiesced;
    struct port_link link;
    struct port *p;

    skip_unless_allowed();
    p = rig_create(CFG_TYPE_INTERNAL, "slbr0", &set, 1);
    port_get_link(p, &link);
    assert_int_equal(link.mac[5], 0x0a);
    set.mac = second;
    quiesced = rig_quiesced;
    assert_null(rig_set(p, &set, 1));
    port_get_link(p, &link);
    assert_int_equal(link.mac[5], 0x0b);
    assert_int_equal(rig_quiesced, quiesced);       /* live */
    set.mac = NULL;                 /* no wish any more: kept */
    assert_null(rig_set(p, &set, 1));
    port_get_link(p, &link);
    assert_int_equal(link.mac[5], 0x0b);
    rig_delete(p);

    p = create("slbr0", 0);         /* a random one, locally administered */
    port_get_link(p, &link);
    assert_int_equal(link.mac[0] & 3, 2);
    rig_delete(p);
}

static void
test_settings_of_the_operator_stay(void **state OVS_UNUSED)
{
    struct port_link link;
    struct port *p;

    skip_unless_allowed();
    p = create("slbr0", 1400);
    assert_int_equal(rig_if_mtu("slbr0"), 1400);
    rig_if_set_mtu("slbr0", 1300);
    port_run();
    port_get_link(p, &link);
    assert_int_equal(link.mtu, 1300);
    assert_int_equal(p->class->plan(p), PORT_CHANGE_NONE);
    {
        struct cfg_settings set = { .mtu = 1400 };

        assert_null(rig_set(p, &set, 2));       /* fewer threads */
    }
    assert_int_equal(p->running.n_txq, 2);
    assert_int_equal(rig_if_mtu("slbr0"), 1300);
    rig_delete(p);
}

static void
test_names(void **state OVS_UNUSED)
{
    static const struct {
        const char *name, *error;
    } cases[] = {
        { "sixteen_letters_", "'sixteen_letters_' cannot be the name of a "
          "network device: it has 16 characters, at most 15 are possible" },
        { "a b", "'a b' cannot be the name of a network device: it may not "
          "have ' ' in it" },
        { "a/b", "'a/b' cannot be the name of a network device: it may not "
          "have '/' in it" },
        { "tap%d", "'tap%d' cannot be the name of a network device: it may "
          "not have '%' in it" },
        { "..", "'..' cannot be the name of a network device" },
        { "", "'' cannot be the name of a network device" },
        { "lo", "lo: a network device of this name exists already" },
    };
    static const struct cfg_settings set;

    skip_unless_allowed();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        rig_create_fails(cases[i].name, &set, cases[i].error, NULL);
    }
    rig_delete(create("fifteen_letters", 0));
}

/* A tap device that somebody has open is not ours to take; one that a daemon
 * before us left is, as it is. */
static void
test_tap_that_is_there(void **state OVS_UNUSED)
{
    static const struct cfg_settings set;
    static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x0c };
    struct port_link link;
    struct port *p;
    struct ifreq ifr;
    int fd;

    skip_unless_allowed();
    memset(&ifr, 0, sizeof ifr);
    ovs_strzcpy(ifr.ifr_name, "sltaken", sizeof ifr.ifr_name);
    fd = open("/dev/net/tun", O_RDWR);
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
    assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
    rig_create_fails("sltaken", &set, "sltaken: a network device of this name "
                     "exists already", NULL);
    assert_int_equal(ioctl(fd, TUNSETPERSIST, 1), 0);
    close(fd);
    rig_if_set_mtu("sltaken", 1400);
    assert_int_equal(system("ip link set sltaken address "
                            "02:00:00:00:00:0c"), 0);

    p = create("sltaken", 0);
    port_run();
    port_get_link(p, &link);
    assert_int_equal(link.mtu, 1400);
    assert_int_equal(p->running.mtu, 1400);
    assert_memory_equal(link.mac, mac, sizeof mac);
    rig_delete(p);
    assert_int_equal(if_nametoindex("sltaken"), 0);
}

static void
delete_device(const char *ifname)
{
    char *command = xasprintf("ip link del %s", ifname);

    assert_int_equal(system(command), 0);
    free(command);
}

static void
test_deleted_device(void **state OVS_UNUSED)
{
    struct port_link before, after;
    struct rte_mbuf *m;
    struct port *p;

    skip_unless_allowed();
    p = create("slbr0", 1400);
    rig_if_set_up("slbr0", true);
    port_run();
    port_get_link(p, &before);
    delete_device("slbr0");

    /* The I/O thread notices, or the kernel tells. */
    assert_int_equal(port_rx(p, 0, &m, 1), 0);
    assert_int_equal(p->class->rx_fd(p), -1);
    m = rig_frame(p->mp, 64, 0);
    port_tx(p, 0, &m, 1);
    p->class->service(p);
    port_run();

    assert_true(if_nametoindex("slbr0") > 0);
    assert_int_equal(rig_if_mtu("slbr0"), 1400);
    assert_true(p->class->rx_fd(p) >= 0);
    port_get_link(p, &after);
    assert_memory_equal(before.mac, after.mac, 6);
    assert_int_not_equal(before.ifindex, after.ifindex);
    assert_null(p->error);
    rig_delete(p);
}

static void
test_moved_device(void **state OVS_UNUSED)
{
    struct cfg_settings set = { .mtu = 1300 };
    struct rte_mbuf *m;
    struct port *p;
    char *error;
    int here, there;

    skip_unless_allowed();
    here = open("/proc/thread-self/ns/net", O_RDONLY);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    there = open("/proc/thread-self/ns/net", O_RDONLY);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    p = create("slbr0", 0);
    port_run();

    {
        char *command = xasprintf("ip link set slbr0 netns /proc/%d/fd/%d",
                                  (int) getpid(), there);

        assert_int_equal(system(command), 0);
        free(command);
    }
    assert_int_equal(setns(there, CLONE_NEWNET), 0);
    rig_if_set_up("slbr0", true);
    assert_int_equal(setns(here, CLONE_NEWNET), 0);
    port_run();

    m = rig_frame(p->mp, 64, 0);
    port_tx(p, 0, &m, 1);
    p->class->service(p);
    assert_int_equal(rig_stat(p, "tx_packets"), 1);
    error = rig_set(p, &set, N_SENDERS);
    assert_string_equal(error, "slbr0: cannot set MTU 1300: the device was "
                        "moved to another network namespace");
    free(error);
    set.mtu = 0;
    assert_null(rig_set(p, &set, N_SENDERS));
    close(here);
    close(there);
    rig_delete(p);
}

/* Many ports share one pool of packet memory. */
static void
test_many_ports(void **state OVS_UNUSED)
{
    struct port *p[50];

    skip_unless_allowed();
    for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
        char *name = xasprintf("slbr%"PRIuSIZE, i);

        p[i] = create(name, 0);
        free(name);
        assert_ptr_equal(p[i]->mp, p[0]->mp);
    }
    port_run();
    rig_if_set_up("slbr7", true);
    port_run();
    for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
        struct port_link link;

        port_get_link(p[i], &link);
        assert_int_equal(link.up, i == 7);
        rig_delete(p[i]);
    }
}

static void
test_status(void **state OVS_UNUSED)
{
    struct port *p;
    char *s;

    skip_unless_allowed();
    p = create("slbr0", 0);
    rig_assert_status(p, "driver_name", "tun");
    rig_assert_status(p, "driver_version", "1.6");
    rig_assert_status(p, "firmware_version", "");
    s = port_describe(p);
    assert_string_equal(s, "tap");
    free(s);
    assert_int_equal(rig_stat(p, "collisions"), 0);
    assert_int_equal(rig_stat(p, "rx_crc_err"), 0);
    rig_delete(p);
}

/* Another type with the same device. */
static void
test_type_tap(void **state OVS_UNUSED)
{
    struct cfg_settings set = { .mtu = 1400 };
    struct port *p;
    char *s;

    skip_unless_allowed();
    p = rig_create(CFG_TYPE_TAP, "sltap", &set, 1);
    assert_int_equal(rig_if_mtu("sltap"), 1400);
    assert_int_equal(port_kind(p), CFG_TYPE_TAP);
    assert_true(p->class->rx_fd(p) >= 0);
    s = port_describe(p);
    assert_string_equal(s, "tap");
    free(s);
    rig_delete(p);
    assert_int_equal(if_nametoindex("sltap"), 0);
}

#define TEST(NAME) cmocka_unit_test_teardown(NAME, rig_delete_all)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_no_offloads),
        TEST(test_address),
        TEST(test_settings_of_the_operator_stay),
        TEST(test_names),
        TEST(test_tap_that_is_there),
        TEST(test_deleted_device),
        TEST(test_moved_device),
        TEST(test_many_ports),
        TEST(test_status),
        TEST(test_type_tap),
    };

    own_namespace = rig_own_namespace();
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
