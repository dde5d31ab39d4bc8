/* SPDX-License-Identifier: Apache-2.0
 *
 * rig.c: what tests of packet threads stand on; see rig.h.
 */
#include <config.h>
#include "tests/unit/pmd/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "eal/machine.h"
#include "eal/rcu.h"
#include "mem/mempool.h"
#include "pmd/pmd.h"
#include "switch/bridge.h"
#include "util.h"

enum { N_MBUFS = 16384 };

static struct mp *mp;

int
rig_setup(void **state OVS_UNUSED)
{
    static const struct mp_model model = { .per_port = false };
    static const struct port_hooks hooks = {
        .quiesce = pmd_quiesce_port,
        .publish = pmd_publish_port,
    };
    static const struct mp_request request = {
        .port = "rig", .group = "rig", .mtu = 1500, .n_mbufs = N_MBUFS,
    };
    char *prefix = xasprintf("--file-prefix=test-pmd-%d", (int) getpid());
    char *argv[] = {
        (char *) "test", (char *) "--no-huge", (char *) "--no-pci",
        (char *) "-m", (char *) "512", (char *) "--no-telemetry",
        (char *) "--log-level=error", prefix, NULL
    };
    char *error = NULL;

    machine_init();
    if (rte_eal_init((int) ARRAY_SIZE(argv) - 1, argv) < 0) {
        print_error("DPDK does not start\n");
        return -1;
    }
    free(prefix);
    rcu_init();
    mp_init(&model);
    port_init(&hooks);
    switch_init();
    if (pmd_init(&error)) {
        print_error("%s\n", error);
        free(error);
        return -1;
    }
    mp = mp_get(&request, &error);
    if (!mp) {
        print_error("%s\n", error);
        free(error);
        return -1;
    }
    return 0;
}

int
rig_teardown(void **state OVS_UNUSED)
{
    unsigned int out;

    pmd_destroy();
    out = rig_mbufs_out();
    if (out) {
        print_error("%u mbufs did not come home\n", out);
        return -1;
    }
    mp_put(mp, "rig");
    if (mp_sweep()) {
        print_error("the pool did not drain\n");
        return -1;
    }
    mp_destroy_all();
    rte_eal_cleanup();
    return 0;
}

unsigned int
rig_mbufs_out(void)
{
    struct mp_info info;

    mp_get_info(mp, &info);
    return info.in_use;
}

struct rte_mbuf *
rig_frame(uint8_t src, uint8_t dst)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(mp_mempool(mp));
    uint8_t *p;

    if (m) {
        m->data_len = 64;
        m->pkt_len = 64;
        p = rte_pktmbuf_mtod(m, uint8_t *);
        memset(p, 0, 64);
        p[0] = p[6] = 2;
        p[5] = dst;
        p[11] = src;
        p[12] = 0x08;
        if (dst == 255) {
            memset(p, 0xff, 6);
        }
    }
    return m;
}

/* The class. --------------------------------------------------------- */

static struct rig_port *
rig_port(const struct port *p)
{
    return CONTAINER_OF(p, struct rig_port, up);
}

static int
rig_construct(struct port *p, char **errp OVS_UNUSED)
{
    atomic_store(&rig_port(p)->stopped, true);
    return 0;
}

static void
rig_destruct(struct port *p OVS_UNUSED)
{
}

static enum port_change
rig_plan(const struct port *p)
{
    return (p->running.valid && p->running.mtu == p->wanted.mtu
            && p->running.n_rxq == p->wanted.n_rxq
            ? PORT_CHANGE_NONE : PORT_CHANGE_RESTART);
}

static bool
rig_mempool_request(const struct port *p OVS_UNUSED,
                    struct mp_request *req OVS_UNUSED)
{
    return false;
}

static int
rig_reconfigure(struct port *p, struct mp *pool OVS_UNUSED,
                enum port_change change OVS_UNUSED, char **errp OVS_UNUSED)
{
    p->running.mtu = p->wanted.mtu;
    p->running.n_rxq = (uint16_t) p->wanted.n_rxq;
    p->running.n_txq = p->want_n_txq;
    return 0;
}

static int
rig_start(struct port *p, char **errp OVS_UNUSED)
{
    atomic_store(&rig_port(p)->stopped, false);
    return 0;
}

static void
rig_stop(struct port *p)
{
    struct rig_port *r = rig_port(p);

    atomic_store(&r->stopped, true);
    for (int q = 0; q < RIG_QUEUES; q++) {
        if (atomic_load(&r->inside[q])) {
            atomic_fetch_add(&r->misuses, 1);
        }
    }
}

static uint16_t
rig_rx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t max)
{
    struct rig_port *r = rig_port(p);
    uint64_t allowed;
    uint16_t n = 0;

    if (atomic_load(&r->stopped) || atomic_fetch_add(&r->inside[q], 1)
        || q >= r->up.running.n_rxq) {
        atomic_fetch_add(&r->misuses, 1);
    }
    atomic_fetch_add(&r->polls[q], 1);
    allowed = atomic_load(&r->allowed);
    while (allowed && !atomic_compare_exchange_weak(
               &r->allowed, &allowed,
               allowed - MIN(allowed, (uint64_t) max))) {
        continue;
    }
    max = (uint16_t) MIN(allowed, (uint64_t) max);
    for (n = 0; n < max; n++) {
        m[n] = rig_frame(r->src, r->dst);
        if (!m[n]) {
            break;
        }
    }
    atomic_fetch_add(&r->made, n);
    atomic_fetch_sub(&r->inside[q], 1);
    return n;
}

static void
rig_tx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    struct rig_port *r = rig_port(p);

    if (atomic_fetch_add(&r->inside_tx[q], 1) || atomic_load(&r->stopped)
        || q >= r->up.running.n_txq) {
        atomic_fetch_add(&r->misuses, 1);
    }
    atomic_fetch_add(&r->sent, n);
    rte_pktmbuf_free_bulk(m, n);
    atomic_fetch_sub(&r->inside_tx[q], 1);
}

const struct port_class rig_class = {
    .kind = CFG_TYPE_DPDK,
    .type = "rig",
    .pmd = true,
    .size = sizeof(struct rig_port),
    .construct = rig_construct,
    .destruct = rig_destruct,
    .plan = rig_plan,
    .mempool_request = rig_mempool_request,
    .reconfigure = rig_reconfigure,
    .start = rig_start,
    .stop = rig_stop,
    .rx = rig_rx,
    .tx = rig_tx,
};

void
rig_settings(struct cfg_settings *set, unsigned int n_rxq, uint32_t mtu)
{
    cfg_settings_init(set);
    set->n_rxq = n_rxq;
    set->mtu = mtu;
}

struct rig_port *
rig_port_create(const char *name, unsigned int n_rxq, uint8_t src,
                uint8_t dst)
{
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    rig_settings(&set, n_rxq, 1500);
    p = port_create_with_class(&rig_class, name, &set, pmd_n_senders(),
                               &error);
    cfg_settings_destroy(&set);
    if (!p) {
        fail_msg("%s: %s", name, error);
    }
    rig_port(p)->src = src;
    rig_port(p)->dst = dst;
    return rig_port(p);
}

void
rig_wait(bool (*cond)(void *aux), void *aux, const char *what)
{
    uint64_t end = rte_rdtsc() + 10 * rte_get_tsc_hz();

    while (!cond(aux)) {
        struct timespec ts = { .tv_nsec = 20000 };

        if (rte_rdtsc() > end) {
            fail_msg("waited 10 seconds for: %s", what);
        }
        nanosleep(&ts, NULL);
    }
}

static uint64_t
clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

unsigned int
rig_cpu_percent(unsigned int ms)
{
    struct timespec ts = { .tv_nsec = (long) ms * 1000000 };
    uint64_t wall = clock_us(CLOCK_MONOTONIC);
    uint64_t cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID);

    nanosleep(&ts, NULL);
    cpu = clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = clock_us(CLOCK_MONOTONIC) - wall;
    return (unsigned int) (cpu * 100 / wall);
}
