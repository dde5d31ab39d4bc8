/* SPDX-License-Identifier: Apache-2.0
 *
 * micro-path.c: what a frame from guest to guest costs outside the vhost
 * library, in TSC cycles.
 *
 *     micro-path [--core N] [--burst N] [--pairs N] [--rounds N]
 *
 * The code is the switch's own, from port_rx() to port_tx() and the counters
 * of the loop.  Only the library is a stand-in: it takes mbufs and copies 64
 * bytes into each, or 64 bytes out of each, from and to memory that is in the
 * cache.  Each stage is timed on its own:
 *
 *   rx       port_rx() less the library
 *   forward  port_police() and forward_burst() up to the port's tx
 *   tx       the port's tx less the library
 *   loop     what the PMD thread does around a poll
 *
 * "together" is the whole, less a loop that does nothing but the stand-in's
 * part: less than the stages' sum, since the processor overlaps what has no
 * order.  Bursts that took over 100 us were interrupted, and are left out.
 * Not a test: nothing in here can fail.
 */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_vhost.h>

#include "eal/rcu.h"
#include "mem/mempool.h"
#include "pmd/pmd-perf.h"
#include "port/port.h"
#include "port/vhost.h"
#include "switch/bridge.h"
#include "switch/forward.h"
#include "tests/fake/fake-port.h"
#include "util.h"

enum {
    FRAMES_PER_ROUND = 200000,
    FRAME_SIZE = 60,
    COPIED = 64,                /* bytes */
    LIBRARY_BURST = 32,
    RING = 512,
    MAX_ROUNDS = 99,
};

static unsigned int burst_size = 32;
static unsigned int rounds = 25;
static uint64_t n_pairs = 1;
static const char *core = "1";
static uint32_t second;

static struct rte_mempool *pool;
static struct port *ports[2];
static struct vhost guests[2];
static struct forward_ctx *ctx;
static struct pmd_perf perf;
static struct rxq_perf rxq_perf;

/* The stand-in. */

static uint8_t rings[2][RING][COPIED] __rte_cache_aligned;
static uint64_t in_library;     /* cycles, of this burst */
static uint64_t tx_entered;     /* TSC */
static bool timed;              /* do stages read the clock? */

static uint64_t
clock_now(void)
{
    return timed ? rte_rdtsc_precise() : 0;
}

static uint16_t
take(struct rte_mbuf **m, uint16_t n)
{
    static unsigned int next;

    n = MIN(n, LIBRARY_BURST);
    if (rte_pktmbuf_alloc_bulk(pool, m, n)) {
        ovs_fatal(0, "no mbufs");
    }
    for (uint16_t i = 0; i < n; i++) {
        memcpy(rte_pktmbuf_mtod(m[i], void *), rings[0][next++ % RING],
               COPIED);
        m[i]->data_len = FRAME_SIZE;
        m[i]->pkt_len = FRAME_SIZE;
    }
    return n;
}

static uint16_t
give(struct rte_mbuf **m, uint16_t n)
{
    static unsigned int next;

    n = MIN(n, LIBRARY_BURST);
    for (uint16_t i = 0; i < n; i++) {
        memcpy(rings[1][next++ % RING], rte_pktmbuf_mtod(m[i], void *),
               COPIED);
    }
    return n;
}

uint16_t
rte_vhost_dequeue_burst(int vid OVS_UNUSED, uint16_t q OVS_UNUSED,
                        struct rte_mempool *mp OVS_UNUSED,
                        struct rte_mbuf **m, uint16_t n)
{
    uint64_t start = clock_now();

    n = take(m, n);
    in_library += clock_now() - start;
    return n;
}

uint16_t
rte_vhost_enqueue_burst(int vid OVS_UNUSED, uint16_t q OVS_UNUSED,
                        struct rte_mbuf **m, uint16_t n)
{
    uint64_t start = clock_now();

    n = give(m, n);
    in_library += clock_now() - start;
    return n;
}

/* Ports of a class whose rx and tx are those of a guest's port. */

static struct port_class bench_class;

static uint16_t
bench_rx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t max)
{
    return vhost_rx(&guests[p == ports[1]].up, q, m, max);
}

static void
bench_tx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    tx_entered = clock_now();
    vhost_tx(&guests[p == ports[1]].up, q, m, n);
}

static void
hook(struct port *p OVS_UNUSED)
{
}

static struct port *
make_port(unsigned int i)
{
    struct cfg_settings set;
    char name[16], *error = NULL;
    struct port *p;

    snprintf(name, sizeof name, "p%u", i);
    fake_settings(&set, CFG_MTU_DEFAULT);
    p = port_create_with_class(&bench_class, name, &set, 1, &error);
    if (!p) {
        ovs_fatal(0, "%s", error);
    }
    cfg_settings_destroy(&set);
    return p;
}

/* A guest that is there. */
static void
make_guest(struct vhost *v)
{
    v->up.rxc = xzalloc_cacheline(sizeof *v->up.rxc);
    v->up.txc = xzalloc_cacheline(sizeof *v->up.txc);
    atomic_init(&v->pool, pool);
    atomic_init(&v->max_frame, CFG_MTU_DEFAULT + 18);
    atomic_init(&v->max_retries, 8);
    atomic_init(&v->tx_vring[0], 0);
    atomic_init(&v->rx_enabled[0], true);
    atomic_init(&v->vid, 0);
}

/* Frames between `n_pairs` of addresses; the switch knows both ends. */
static void
make_frames(struct fdb *fdb)
{
    for (uint64_t i = 0; i < n_pairs; i++) {
        fdb_learn(fdb, UINT64_C(0x020b00000000) | i, 1, second);
    }
    for (unsigned int i = 0; i < RING; i++) {
        uint8_t *p = rings[0][i];
        uint32_t pair = (uint32_t) (i % n_pairs);

        memcpy(p, "\2\v\0\0\0\0\2\n\0\0\0\0\b", 14);
        for (int j = 0; j < 4; j++) {
            p[2 + j] = p[8 + j] = (uint8_t) (pair >> (24 - 8 * j));
        }
    }
}

enum { CLOCK, RX, FORWARD, TX, LOOP, N_STAGES };

/* One burst, as a PMD thread handles it; with `timed`, adds what stages
 * took. */
static void
run_burst(uint64_t sum[N_STAGES], int rcu)
{
    struct rte_mbuf *m[FORWARD_BURST];
    uint64_t clock = clock_now(), rx, forward, end, library;
    uint16_t n;

    in_library = 0;
    rx = clock_now();
    n = port_rx(ports[0], 0, m, (uint16_t) burst_size);
    library = in_library;
    forward = clock_now();
    n = port_police(ports[0], m, n);
    forward_burst(ctx, atomic_load_explicit(&ports[0]->ingress,
                                            memory_order_acquire),
                  m, n, second);
    end = clock_now();
    pmd_perf_polled(&perf, &rxq_perf, n);
    pmd_perf_iterated(&perf, n);
    rcu_quiescent(rcu);
    if (timed) {
        sum[CLOCK] += rx - clock;
        sum[RX] += forward - rx - library;
        sum[FORWARD] += tx_entered - forward;
        sum[TX] += end - tx_entered - (in_library - library);
        sum[LOOP] += clock_now() - end;
    }
}

/* Cycles per frame of one round, by stage. */
static void
run_stages(double stages[N_STAGES], int rcu)
{
    /* Readings of the clock in each stage beyond the first. */
    double more = (burst_size + LIBRARY_BURST - 1) / LIBRARY_BURST;
    uint64_t sum[N_STAGES] = { 0 };
    uint64_t n = 0;

    timed = true;
    while (n < FRAMES_PER_ROUND) {
        uint64_t old[N_STAGES], start = rte_rdtsc();

        memcpy(old, sum, sizeof old);
        run_burst(sum, rcu);
        if (rte_rdtsc() - start < rte_get_tsc_hz() / 10000) {
            n += burst_size;
        } else {
            memcpy(sum, old, sizeof sum);
        }
    }
    for (int i = 0; i < N_STAGES; i++) {
        stages[i] = (double) sum[i] / (double) n;
    }
    for (int i = CLOCK + 1; i < N_STAGES; i++) {
        stages[i] -= stages[CLOCK] * (i == RX || i == TX ? 1 + more : 1);
    }
}

/* Cycles per frame of one round of the whole, or of the stand-in alone. */
static double
run_together(bool whole, int rcu)
{
    uint64_t cycles = 0, n = 0;

    timed = false;
    while (n < FRAMES_PER_ROUND) {
        uint64_t start = rte_rdtsc_precise(), taken;

        for (int i = 0; i < 8; i++) {
            struct rte_mbuf *m[FORWARD_BURST];
            uint16_t k = 0;

            if (whole) {
                run_burst(NULL, rcu);
                continue;
            }
            while (k < burst_size) {
                k = (uint16_t) (k + take(m + k, (uint16_t) (burst_size - k)));
            }
            for (uint16_t j = 0; j < k; j = (uint16_t) (j + LIBRARY_BURST)) {
                give(m + j, (uint16_t) (k - j));
            }
            rte_mempool_put_bulk(pool, (void **) m, k);
        }
        taken = rte_rdtsc_precise() - start;
        if (taken < rte_get_tsc_hz() / 10000) {
            cycles += taken;
            n += 8 * burst_size;
        }
    }
    return (double) cycles / (double) n;
}

static int
compare(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static void
print_line(const char *name, double *v)
{
    qsort(v, rounds, sizeof *v, compare);
    printf("%-24s %8.1f cycles/frame  (%.1f to %.1f)\n", name,
           v[rounds / 2], v[0], v[rounds - 1]);
}

static void
measure(int rcu)
{
    static const char *const names[N_STAGES] = {
        "clock", "rx", "forward", "tx", "loop",
    };
    double stages[MAX_ROUNDS][N_STAGES], v[MAX_ROUNDS];

    for (unsigned int i = 0; i < rounds; i++) {
        run_stages(stages[i], rcu);
    }
    for (int s = CLOCK + 1; s < N_STAGES; s++) {
        for (unsigned int i = 0; i < rounds; i++) {
            v[i] = stages[i][s];
        }
        print_line(names[s], v);
    }
    for (unsigned int i = 0; i < rounds; i++) {
        v[i] = run_together(true, rcu) - run_together(false, rcu);
    }
    print_line("together", v);
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "core", required_argument, NULL, 'c' },
        { "burst", required_argument, NULL, 'b' },
        { "pairs", required_argument, NULL, 'p' },
        { "rounds", required_argument, NULL, 'r' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            core = optarg;
        } else if (c == 'b') {
            burst_size = (unsigned int) atoi(optarg);
        } else if (c == 'p') {
            n_pairs = (uint64_t) atoi(optarg);
        } else if (c == 'r') {
            rounds = (unsigned int) atoi(optarg);
        } else {
            exit(2);
        }
    }
    if (burst_size < 1 || burst_size > FORWARD_BURST || rounds < 1
        || rounds > MAX_ROUNDS || n_pairs < 1 || n_pairs > RING) {
        ovs_fatal(0, "burst 1 to %d, rounds 1 to %d, pairs 1 to %d",
                  FORWARD_BURST, MAX_ROUNDS, RING);
    }
}

static void
start_eal(const char *program)
{
    char prefix[48], lcores[32];
    char *argv[] = {
        CONST_CAST(char *, program), prefix, (char *) "--no-huge",
        (char *) "--no-pci", (char *) "-m", (char *) "128",
        (char *) "--lcores", lcores, (char *) "--log-level=error",
    };

    snprintf(prefix, sizeof prefix, "--file-prefix=micro%ld", (long) getpid());
    snprintf(lcores, sizeof lcores, "0@%s", core);
    if (rte_eal_init((int) ARRAY_SIZE(argv), argv) < 0) {
        ovs_fatal(0, "DPDK did not start");
    }
}

static void
make_pool(void)
{
    static const struct mp_model model;
    struct mp_request req = {
        .port = "frames", .mtu = CFG_MTU_DEFAULT, .n_mbufs = 16384,
    };
    char *error = NULL;
    struct mp *mp;

    mp_init(&model);
    mp = mp_get(&req, &error);
    if (!mp) {
        ovs_fatal(0, "%s", error);
    }
    pool = mp_mempool(mp);
}

static struct bridge *
make_bridge(void)
{
    struct cfg_bridge cfg = {
        .name = (char *) "br0",
        .mac_aging_time = 3600,
        .mac_table_size = 8192,
    };
    char *error = NULL;
    struct bridge *br = bridge_create(&cfg, &error);

    if (!br) {
        ovs_fatal(0, "%s", error);
    }
    for (unsigned int i = 0; i < 2; i++) {
        ports[i] = make_port(i);
        make_guest(&guests[i]);
        if (bridge_add_port(br, ports[i], NULL, 0, &error) < 0) {
            ovs_fatal(0, "%s", error);
        }
    }
    return br;
}

int
main(int argc, char **argv)
{
    static const struct port_hooks hooks = {
        .quiesce = hook,
        .publish = hook,
    };
    int rcu;

    parse_options(argc, argv);
    start_eal(argv[0]);
    port_init(&hooks);
    switch_init();
    port_set_senders(1);
    bench_class = fake_class;
    bench_class.rx = bench_rx;
    bench_class.tx = bench_tx;
    bench_class.copies = true;
    second = switch_now();
    make_pool();
    make_frames(bridge_fdb(make_bridge()));
    rcu = rcu_register();
    rcu_online(rcu);
    ctx = forward_ctx_create(0);
    printf("bursts of %u, %"PRIu64" pairs, median of %u rounds\n", burst_size,
           n_pairs, rounds);
    measure(rcu);
    rcu_offline(rcu);
    forward_ctx_destroy(ctx);
    rte_eal_cleanup();
    return 0;
}
