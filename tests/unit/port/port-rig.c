/* SPDX-License-Identifier: Apache-2.0
 *
 * port-rig.c: see port-rig.h.
 */
#define _GNU_SOURCE 1
#include <config.h>
#include "tests/unit/port/port-rig.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "eal/eal.h"
#include "eal/machine.h"
#include "mem/mempool.h"
#include "port/port-sample.h"
#include "smap.h"
#include "util.h"

char rig_dir[] = "/tmp/sluice-port-XXXXXX";
unsigned int rig_quiesced, rig_published;

static void
on_quiesce(struct port *p OVS_UNUSED)
{
    rig_quiesced++;
}

static void
on_publish(struct port *p OVS_UNUSED)
{
    rig_published++;
}

bool
rig_own_namespace(void)
{
    return !unshare(CLONE_NEWNET);
}

int
rig_setup(void **state OVS_UNUSED)
{
    static const struct port_hooks hooks = {
        .quiesce = on_quiesce, .publish = on_publish,
    };
    static const struct mp_model model = { .per_port = true };
    struct smap oc = SMAP_INITIALIZER(&oc);
    char *error = NULL;

    if (!mkdtemp(rig_dir)) {
        return -1;
    }
    machine_init();
    smap_add_format(&oc, "dpdk-extra", "--no-huge --no-pci -m 512 "
                    "--file-prefix sluice-ut-%d", (int) getpid());
    if (eal_start(&oc, rig_dir, NULL, &error)) {
        print_error("%s\n", error);
        free(error);
        return -1;
    }
    smap_destroy(&oc);
    mp_init(&model);
    port_init(&hooks);
    return 0;
}

static void
remember(struct port *p, void *last)
{
    *(struct port **) last = p;
}

int
rig_delete_all(void **state OVS_UNUSED)
{
    while (port_count()) {
        struct port *last = NULL;

        port_for_each(remember, &last);
        port_delete(last);
    }
    return 0;
}

static void
remove_dir(void)
{
    DIR *dir = opendir(rig_dir);
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char *path = xasprintf("%s/%s", rig_dir, e->d_name);

        unlink(path);
        free(path);
    }
    if (dir) {
        closedir(dir);
    }
    rmdir(rig_dir);
}

int
rig_teardown(void **state OVS_UNUSED)
{
    unsigned int left = mp_sweep();

    mp_destroy_all();
    eal_stop();
    remove_dir();
    if (left) {
        print_error("%u pools did not drain\n", left);
    }
    return left ? -1 : 0;
}

struct cfg_settings
rig_settings(const char *devargs, uint32_t n_rxq, uint32_t mtu)
{
    return (struct cfg_settings) {
        .devargs = CONST_CAST(char *, devargs),
        .mtu = mtu,
        .n_rxq = n_rxq,
        .n_rxq_desc = 2048,
        .n_txq_desc = 2048,
    };
}

struct port *
rig_create(enum cfg_type type, const char *name,
           const struct cfg_settings *set, unsigned int n_txq)
{
    char *error = NULL;
    struct port *p = port_create(type, name, set, n_txq, &error);

    if (!p) {
        print_error("%s\n", error);
        free(error);
    }
    assert_non_null(p);
    assert_null(error);
    port_publish(p);
    rig_published = 0;
    return p;
}

struct port *
rig_create_dpdk(const char *name, const char *devargs, uint32_t n_rxq,
                unsigned int n_txq)
{
    struct cfg_settings set = rig_settings(devargs, n_rxq, 0);

    return rig_create(CFG_TYPE_DPDK, name, &set, n_txq);
}

void
rig_create_fails(const char *name, const struct cfg_settings *set,
                 const char *begin, const char *end)
{
    size_t n_ports = port_count();
    char *error = NULL;

    assert_null(port_create(set->devargs ? CFG_TYPE_DPDK : CFG_TYPE_INTERNAL,
                            name, set, 2, &error));
    assert_non_null(error);
    assert_int_equal(port_count(), n_ports);
    if (!end) {
        assert_string_equal(error, begin);
    } else {
        if (strncmp(error, begin, strlen(begin))
            || strlen(error) < strlen(end)
            || strcmp(error + strlen(error) - strlen(end), end)) {
            fail_msg("'%s' is not '%s ... %s'", error, begin, end);
        }
    }
    free(error);
}

char *
rig_set(struct port *p, const struct cfg_settings *set, unsigned int n_txq)
{
    char *error = NULL;
    int rc = port_set(p, set, n_txq, &error);

    assert_int_equal(!rc, !error);
    return error;
}

static void
check_pool(const struct mp *mp, void *aux OVS_UNUSED)
{
    struct mp_info info;

    mp_get_info(mp, &info);
    if (!info.refs && info.in_use) {
        fail_msg("pool %s lacks %u mbufs", info.name, info.in_use);
    }
}

void
rig_delete(struct port *p)
{
    port_delete(p);
    mp_for_each(check_pool, NULL);
    mp_sweep();
}

void
rig_wait_for_samples(void)
{
    while (port_sample_pending()) {
        usleep(1000);
    }
}

void
rig_run(void)
{
    rig_wait_for_samples();
    port_run();
}

int64_t
rig_stat(struct port *p, const char *name)
{
    struct port_stats stats;
    int64_t value = -1;
    bool found = false;

    port_sample_ask(p, false);
    rig_wait_for_samples();
    port_get_stats(p, &stats);
    for (size_t i = 0; i < stats.n; i++) {
        if (!strcmp(stats.v[i].name, name)) {
            assert_false(found);        /* a name is given once */
            found = true;
            value = stats.v[i].value;
        }
    }
    port_stats_destroy(&stats);
    if (!found) {
        fail_msg("no statistic %s", name);
    }
    return value;
}

void
rig_assert_status(struct port *p, const char *key, const char *value)
{
    struct smap status;
    const char *got;

    rig_wait_for_samples();
    port_get_status(p, &status);
    got = smap_get(&status, key);
    if (!got || strcmp(got, value)) {
        fail_msg("status:%s is %s, not %s", key, got ? got : "missing",
                 value);
    }
    smap_destroy(&status);
}

int
rig_if_request(const char *ifname, unsigned long int what, struct ifreq *ifr)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int error;

    ovs_strzcpy(ifr->ifr_name, ifname, sizeof ifr->ifr_name);
    error = ioctl(fd, what, ifr) ? -errno : 0;
    close(fd);
    return error;
}

void
rig_if_set_up(const char *ifname, bool up)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    assert_int_equal(rig_if_request(ifname, SIOCGIFFLAGS, &ifr), 0);
    ifr.ifr_flags = (short) (up ? ifr.ifr_flags | IFF_UP
                             : ifr.ifr_flags & ~IFF_UP);
    assert_int_equal(rig_if_request(ifname, SIOCSIFFLAGS, &ifr), 0);
}

int
rig_if_mtu(const char *ifname)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    assert_int_equal(rig_if_request(ifname, SIOCGIFMTU, &ifr), 0);
    return ifr.ifr_mtu;
}

void
rig_if_set_mtu(const char *ifname, int mtu)
{
    struct ifreq ifr;

    memset(&ifr, 0, sizeof ifr);
    ifr.ifr_mtu = mtu;
    assert_int_equal(rig_if_request(ifname, SIOCSIFMTU, &ifr), 0);
}

struct rte_mbuf *
rig_frame(const struct mp *pool, uint16_t len, int fill)
{
    static const uint8_t src[6] = { 2, 0, 0, 0, 0, 1 };
    struct rte_mbuf *m = rte_pktmbuf_alloc(mp_mempool(pool));
    uint8_t *data;

    assert_non_null(m);
    data = (uint8_t *) rte_pktmbuf_append(m, len);
    assert_non_null(data);
    memset(data, 0xff, 6);
    memcpy(data + 6, src, 6);
    data[12] = 0x88;                /* local experimental Ethertype */
    data[13] = 0xb5;
    memset(data + 14, fill, (size_t) len - 14);
    return m;
}
