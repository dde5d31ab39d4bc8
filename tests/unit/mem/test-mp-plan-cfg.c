/* SPDX-License-Identifier: Apache-2.0
 *
 * What the ports of a configuration will ask for.
 */
#include <config.h>
#include "mem/mp-plan-cfg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cfg/cfg-parse.h"
#include "openvswitch/compiler.h"
#include "simap.h"
#include "util.h"

static struct cfg cfg;
static struct cfg_bridge *br;
static struct simap sockets, pairs;
static struct mp_plan_facts facts;
static struct mp_plan_in in;

static int
setup(void **state OVS_UNUSED)
{
    cfg_init(&cfg);
    br = cfg_add_bridge(&cfg, "br0");
    simap_init(&sockets);
    simap_init(&pairs);
    facts = (struct mp_plan_facts) { .sockets = &sockets, .pairs = &pairs };
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    mp_plan_in_destroy(&in);
    cfg_destroy(&cfg);
    simap_destroy(&sockets);
    simap_destroy(&pairs);
    return 0;
}

static struct cfg_iface *
add(const char *name, const char *type, const char *key, const char *value)
{
    struct cfg_iface *iface
        = cfg_port_add_iface(cfg_bridge_add_port(br, name), name);

    iface->type = xstrdup(type);
    smap_add(&iface->options, key, value);
    return iface;
}

static struct cfg_iface *
add_dpdk(const char *name, const char *devargs)
{
    return add(name, "dpdk", "dpdk-devargs", devargs);
}

static struct cfg_iface *
add_guest(const char *name)
{
    return add(name, "dpdkvhostuserclient", "vhost-server-path", name);
}

static void
describe(void)
{
    static const struct cfg_env env = { .vhost_sock_dir = "/run/vhost" };

    cfg_parse(&cfg, &env);
    mp_plan_in_from_cfg(&in, &cfg, &facts);
}

static const struct mp_plan_port *
port(const char *name)
{
    for (size_t i = 0; i < in.n_ports; i++) {
        if (!strcmp(in.ports[i].req.port, name)) {
            return &in.ports[i];
        }
    }
    fail_msg("no port %s", name);
    return NULL;
}

static void
assert_queues(const char *name, uint32_t n_rxq, uint32_t rxq_size,
              uint32_t n_txq, uint32_t txq_size)
{
    const struct mp_request *req = &port(name)->req;

    assert_int_equal(req->n_rxq, n_rxq);
    assert_int_equal(req->rxq_size, rxq_size);
    assert_int_equal(req->n_txq, n_txq);
    assert_int_equal(req->txq_size, txq_size);
}

static void
assert_holds(const char *name, uint32_t rx, uint32_t txq_size,
             uint32_t n_txq)
{
    const struct mp_holding *h = &port(name)->req.holds;

    assert_int_equal(h->rx, rx);
    assert_int_equal(h->txq_size, txq_size);
    assert_int_equal(h->n_txq, n_txq);
    assert_false(h->one_sender);
}

/* A card that only its address is known of gets what is asked for. */
static void
test_card(void **state OVS_UNUSED)
{
    struct cfg_iface *iface = add_dpdk("n0", "0000:3b:00.0");

    smap_add(&iface->options, "n_rxq", "4");
    smap_add(&iface->options, "n_txq_desc", "512");
    smap_add(&iface->other_config, "mempool-group", "noisy");
    iface->has_mtu_request = true;
    iface->mtu_request = 9000;
    smap_add(&cfg.other_config, "pmd-cpu-mask", "0x1f0");
    simap_put(&sockets, "n0", 1);
    describe();
    assert_int_equal(in.n_threads, 6);
    assert_queues("n0", 4, 2048, 6, 512);
    assert_holds("n0", 4 * 2048, 512, 6);
    assert_int_equal(port("n0")->req.mtu, 9000);
    assert_int_equal(port("n0")->req.socket, 1);
    assert_string_equal(port("n0")->req.group, "noisy");
    assert_string_equal(port("n0")->domain, "br0");
    assert_int_equal(port("n0")->req.n_mbufs, 0);
}

static void
test_drivers(void **state OVS_UNUSED)
{
    static const char *const four_queues[] = {
        "net_null0", "net_ring0", "net_tap0", "net_tap1", "net_af_packet0",
        "net_nullify", "net_af_packet_x,iface=qpairs=7,qpairs=2",
        "net_pcap0,rx_pcap=a,rx_iface=b,tx_pcap=c", "net_pcap1",
        "net_pcap2,rx_pcap=a,infinite_rx=1",
    };

    for (size_t i = 0; i < ARRAY_SIZE(four_queues); i++) {
        struct cfg_iface *iface = add_dpdk(four_queues[i], four_queues[i]);

        smap_add(&iface->options, "n_rxq", i == 2 ? "100" : "4");
    }
    facts.n_pmds = 5;
    describe();
    assert_queues("net_null0", 4, 2048, 6, 2048);
    assert_holds("net_null0", 0, 0, 0);
    assert_queues("net_ring0", 4, 2048, 4, 2048);
    assert_holds("net_ring0", 0, 1023, 4);
    assert_queues("net_tap0", 16, 2048, 16, 2048);
    assert_queues("net_tap1", 4, 2048, 4, 2048);
    assert_holds("net_tap1", 4 * 2048, 2048, 4);
    assert_queues("net_af_packet0", 1, 2048, 1, 2048);
    assert_holds("net_af_packet0", 0, 0, 0);
    assert_queues("net_nullify", 4, 2048, 6, 2048);
    assert_holds("net_nullify", 4 * 2048, 2048, 6);
    assert_queues("net_af_packet_x,iface=qpairs=7,qpairs=2", 2, 2048, 2,
                  2048);
    assert_queues("net_pcap0,rx_pcap=a,rx_iface=b,tx_pcap=c", 2, 2048, 1,
                  2048);
    assert_queues("net_pcap1", 1, 2048, 1, 2048);
    assert_holds("net_pcap1", 0, 0, 0);
    assert_holds("net_pcap2,rx_pcap=a,infinite_rx=1", 2048, 0, 0);
}

static void
test_guests(void **state OVS_UNUSED)
{
    add_guest("plain");
    smap_add(&add_guest("limited")->options, "vhost-max-queue-pairs", "4");
    smap_add(&add_guest("less")->options, "vhost-max-queue-pairs", "4");
    add_guest("more");
    simap_put(&pairs, "less", 2);
    simap_put(&pairs, "more", 8);
    add("server", "dpdkvhostuser", "tx-retries-max", "2");
    describe();
    assert_queues("plain", 1, 2048, 1, 2048);
    assert_queues("limited", 4, 2048, 4, 2048);
    assert_queues("less", 2, 2048, 2, 2048);
    assert_queues("more", 8, 2048, 8, 2048);
    assert_queues("server", 1, 2048, 1, 2048);
    assert_holds("more", 0, 0, 0);
    assert_int_equal(port("more")->req.mtu, 1500);
}

static void
test_local(void **state OVS_UNUSED)
{
    struct cfg_iface *iface = add("tap1", "internal", "k", "v");

    smap_add(&iface->other_config, "mempool-group", "taps");
    add("eth0", "", "k", "v");          /* a kernel device */
    add("tap2", "tap", "k", "v");
    describe();
    assert_int_equal(in.n_ports, 4);
    assert_string_equal(port("tap2")->req.group, "kernel");
    assert_string_equal(port("eth0")->req.group, "kernel");
    assert_int_equal(port("eth0")->req.holds.txq_size, 1024);
    assert_string_equal(port("br0")->req.group, "kernel");
    assert_true(port("br0")->req.elastic);
    assert_int_equal(port("br0")->req.n_mbufs, 131072);
    assert_int_equal(port("br0")->req.holds.txq_size, 1024);
    assert_true(port("br0")->req.holds.one_sender);
    assert_string_equal(port("tap1")->req.group, "taps");
    assert_false(port("tap1")->req.elastic);
    assert_int_equal(port("tap1")->req.n_mbufs, 0);
}

/* What can't be made takes no memory. */
static void
test_unusable(void **state OVS_UNUSED)
{
    add("v0", "vxlan", "remote_ip", "192.0.2.1");
    add("n0", "dpdk", "n_rxq", "2");
    add_guest("vh0");
    describe();
    assert_int_equal(in.n_ports, 2);
    assert_string_equal(in.ports[0].req.port, "br0");
    assert_string_equal(in.ports[1].req.port, "vh0");
}

/* A pair of patch ports takes none, and makes one domain of its bridges. */
static void
test_patch_ports(void **state OVS_UNUSED)
{
    add("a", "patch", "peer", "b");
    cfg_add_bridge(&cfg, "br1");
    br = cfg_add_bridge(&cfg, "br2");
    add("b", "patch", "peer", "a");
    describe();
    assert_int_equal(in.n_ports, 3);
    assert_string_equal(port("br0")->domain, "br0");
    assert_string_equal(port("br1")->domain, "br1");
    assert_string_equal(port("br2")->domain, "br0");
}

static void
test_global(void **state OVS_UNUSED)
{
    smap_add(&cfg.other_config, "mempool-max-mbufs", "65536");
    smap_add(&cfg.other_config, "shared-mempool-config", "9000,x,1500:1");
    describe();
    assert_int_equal(in.max_mbufs, 65536);
    assert_int_equal(in.n_shared_sizes, 2);
    assert_int_equal(in.shared_sizes[0].mtu, 9000);
    assert_int_equal(in.shared_sizes[0].socket, -1);
    assert_int_equal(in.shared_sizes[1].mtu, 1500);
    assert_int_equal(in.shared_sizes[1].socket, 1);
}

static void
test_wrong_global(void **state OVS_UNUSED)
{
    smap_add(&cfg.other_config, "mempool-max-mbufs", "7");
    describe();
    assert_int_equal(in.max_mbufs, 0);
    assert_int_equal(in.n_shared_sizes, 0);
}

/* One PMD thread per NUMA node, unless said otherwise. */
static void
test_threads(void **state OVS_UNUSED)
{
    add_guest("vh0");
    add_guest("vh1");
    describe();
    assert_int_equal(mp_plan_n_pmds(&cfg, &facts), 1);
    simap_put(&sockets, "vh0", 0);
    simap_put(&sockets, "vh1", 1);
    simap_put(&sockets, "vh2", 1);
    assert_int_equal(mp_plan_n_pmds(&cfg, &facts), 2);
    facts.sockets = NULL;
    assert_int_equal(mp_plan_n_pmds(&cfg, &facts), 1);
    facts.n_pmds = 7;
    assert_int_equal(mp_plan_n_pmds(&cfg, &facts), 7);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_card),
        TEST(test_drivers),
        TEST(test_guests),
        TEST(test_local),
        TEST(test_unusable),
        TEST(test_patch_ports),
        TEST(test_global),
        TEST(test_wrong_global),
        TEST(test_threads),
    };

    return cmocka_run_group_tests_name("mem/mp-plan-cfg", tests, NULL, NULL);
}
