/* SPDX-License-Identifier: Apache-2.0
 *
 * micro-forward.c: what forwarding alone costs, in TSC cycles per frame.
 *
 *     micro-forward [--core N] [--burst N] [--table ENTRIES] [--rounds N]
 *                   [--frames N] [--only TEXT-IN-THE-LINE'S-NAME]
 *
 * For pairs of addresses it says, too, what each stage takes, called one by
 * one.  Their sum is more than the whole, which overlaps them.
 *
 * Two ports of a bridge with a class of their own: bursts come from memory,
 * tx counts them and gives them back.  Before each burst its addresses are
 * written (the frames are then in the first-level cache, as after a copy from
 * a guest); only forward_burst() is timed.  Each line is the median of the
 * rounds, with the least and the most.
 *
 * With --frames bursts are of N mbufs in turn, as from rings of so many
 * descriptors: how they lie in memory begins to matter.
 *
 * A burst that took over 100 us was interrupted by another process, and is
 * left out.  Not a test: nothing in here can fail.  For reference, an empty
 * burst function costs what the line "nothing" says.
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
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "eal/rcu.h"
#include "mem/mempool.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "switch/forward-ctx.h"
#include "tests/fake/fake-port.h"
#include "util.h"

enum {
    FRAMES_PER_ROUND = 200000,
    FRAME_SIZE = 60,
    MAX_ROUNDS = 99,
    MAX_FRAMES = 16384,
    N_PORTS = 9,
    N_ACCESS = 500,
};

static unsigned int burst_size = 32;
static unsigned int table_size = 1000000;
static unsigned int rounds = 9;
static const char *core = "1";
static const char *only = "";

static struct port_class bench_class;
static uint64_t sent;
static struct rte_mbuf *frames[MAX_FRAMES];
static unsigned int n_frames;   /* 0: as many as a burst has */
static struct port *ports[N_PORTS];
static struct forward_ctx *ctx;

/* Frames go back to the source, which reuses them, with one reference. */
static void
bench_tx(struct port *p OVS_UNUSED, uint16_t q OVS_UNUSED,
         struct rte_mbuf **m, uint16_t n)
{
    if (rte_mbuf_refcnt_read(m[0]) > 1) {
        for (uint16_t i = 0; i < n; i++) {
            rte_mbuf_refcnt_set(m[i], rte_mbuf_refcnt_read(m[i]) - 1);
        }
    }
    sent += n;
}

static void
hook(struct port *p OVS_UNUSED)
{
}

static void
write_addresses(struct rte_mbuf *m, uint64_t dst, uint64_t src)
{
    uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

    for (int i = 0; i < 6; i++) {
        p[i] = (uint8_t) (dst >> (40 - 8 * i));
        p[6 + i] = (uint8_t) (src >> (40 - 8 * i));
    }
}

enum { SIDE_A = 0x0a, SIDE_B = 0x0b };

static uint64_t
address(unsigned int side, uint64_t i)
{
    return UINT64_C(0x020000000000) | (uint64_t) side << 32 | i;
}

/* Those of the next burst. */
static struct rte_mbuf **
next_frames(void)
{
    static unsigned int next;
    struct rte_mbuf **m = frames + next;

    next += burst_size;
    if (next + burst_size > n_frames) {
        next = 0;
    }
    return m;
}

/* Do frames come with a header of VLAN 10? */
static bool tagged;

/* Frames as a device would have filled their mbufs. */
static void
refresh(struct rte_mbuf *m)
{
    static const uint8_t header[] = { 0x81, 0, 0, 10, 0x08, 0x00 };

    m->data_off = RTE_PKTMBUF_HEADROOM;
    m->data_len = FRAME_SIZE;
    m->pkt_len = FRAME_SIZE;
    memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, 12),
           tagged ? header : header + 4, tagged ? 6 : 2);
}

static void
write_vlan(struct rte_mbuf *m, uint16_t vlan)
{
    uint8_t *p = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);

    p[0] = (uint8_t) (vlan >> 8);
    p[1] = (uint8_t) vlan;
}

enum kind { PAIRS, NOTHING, FLOODS, STORM, SPREAD, VLANS };

/* The next burst.  `n`: pairs of addresses; for SPREAD: ports in turn; for
 * VLANS: floods, in VLANs from 1 on in turn. */
static struct rte_mbuf **
make_burst(enum kind kind, uint64_t n)
{
    static uint64_t storm = 1, next;
    struct rte_mbuf **m = next_frames();

    for (unsigned int i = 0; i < burst_size; i++) {
        uint64_t src, dst;

        next = next + 1 >= n ? 0 : next + 1;
        src = address(SIDE_A, next);
        dst = address(SIDE_B, next);
        if (kind == FLOODS || kind == VLANS) {
            dst = UINT64_C(0xffffffffffff);
        } else if (kind == STORM) {
            storm = storm * UINT64_C(6364136223846793005) + 1;
            src = (storm >> 16 & UINT64_C(0xfeffffffffff));
        } else if (kind == SPREAD) {
            src = address(SIDE_A, 0);
            dst = address((unsigned int) (SIDE_B + next), 0);
        }
        refresh(m[i]);
        write_addresses(m[i], dst, src);
        if (kind == VLANS) {
            write_vlan(m[i], (uint16_t) (1 + next));
        }
    }
    return m;
}

/* Where bursts come in. */
static struct port *input;

/* Cycles per frame of one round. */
static double
run_round(enum kind kind, uint64_t n_pairs)
{
    const struct ingress *in = atomic_load(&input->ingress);
    uint64_t limit = rte_get_tsc_hz() / 10000;
    uint64_t n = 0, cycles = 0;

    while (n < FRAMES_PER_ROUND) {
        struct rte_mbuf **m = make_burst(kind, n_pairs);
        uint32_t now = switch_now();
        uint64_t start, taken;

        start = rte_rdtsc_precise();
        forward_burst(ctx, in, m,
                      kind == NOTHING ? 0 : (uint16_t) burst_size, now);
        taken = rte_rdtsc_precise() - start;
        if (taken < limit) {
            cycles += taken;
            n += burst_size;
        }
    }
    return (double) cycles / (double) n;
}

enum { CLOCK, CHECK, LEARN, LOOK, OUTPUT, N_STAGES };

/* Cycles per frame of each stage in one round; CLOCK is what reading the TSC
 * takes, which is in all of them. */
static void
run_stages(uint64_t n_pairs, double stages[N_STAGES])
{
    const struct ingress *in = atomic_load(&ports[0]->ingress);
    uint64_t limit = rte_get_tsc_hz() / 10000;
    uint64_t sum[N_STAGES] = { 0 };
    uint64_t n = 0;

    while (n < FRAMES_PER_ROUND) {
        struct rte_mbuf **m = make_burst(PAIRS, n_pairs);
        uint32_t now = switch_now();
        uint64_t t[N_STAGES + 1];

        t[CLOCK] = rte_rdtsc_precise();
        t[CHECK] = rte_rdtsc_precise();
        forward_check(ctx, in, m, (uint16_t) burst_size);
        t[LEARN] = rte_rdtsc_precise();
        forward_learn(ctx, in, now);
        t[LOOK] = rte_rdtsc_precise();
        forward_look_up(ctx, in);
        t[OUTPUT] = rte_rdtsc_precise();
        forward_send(ctx, in->state, (uint16_t) ctx->runs[0].decision, m,
                     burst_size);
        t[N_STAGES] = rte_rdtsc_precise();
        if (t[N_STAGES] - t[CLOCK] < limit) {
            for (int i = 0; i < N_STAGES; i++) {
                sum[i] += t[i + 1] - t[i];
            }
            n += burst_size;
        }
    }
    for (int i = 0; i < N_STAGES; i++) {
        stages[i] = (double) sum[i] / (double) n;
    }
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
measure(const char *name, enum kind kind, uint64_t n_pairs)
{
    double v[MAX_ROUNDS];

    if (!strstr(name, only)) {
        return;
    }
    run_round(kind, n_pairs);           /* warm */
    for (unsigned int i = 0; i < rounds; i++) {
        v[i] = run_round(kind, n_pairs);
    }
    print_line(name, v);
}

static void
measure_stages(const char *name, uint64_t n_pairs)
{
    static const char *const names[] = {
        "clock", "check", "learn", "look up", "output",
    };
    double stages[MAX_ROUNDS][N_STAGES], v[MAX_ROUNDS];

    if (!strstr(name, only)) {
        return;
    }
    for (unsigned int i = 0; i < rounds; i++) {
        run_stages(n_pairs, stages[i]);
    }
    for (int s = CHECK; s < N_STAGES; s++) {
        char line[48];

        for (unsigned int i = 0; i < rounds; i++) {
            v[i] = stages[i][s] - stages[i][CLOCK];
        }
        snprintf(line, sizeof line, "%s: %s", name, names[s]);
        print_line(line, v);
    }
}

/* The switch has seen every address of a side, B or a later one, on a port. */
static void
teach(unsigned int port, unsigned int side, uint64_t n_pairs)
{
    const struct ingress *in = atomic_load(&ports[port]->ingress);

    for (uint64_t i = 0; i < n_pairs; i++) {
        write_addresses(frames[0], address(SIDE_A, i), address(side, i));
        forward_burst(ctx, in, frames, 1, switch_now());
    }
}

static void
teach_vlan(struct bridge *br)
{
    fdb_learn(bridge_fdb(br), UINT64_C(10) << 48 | address(SIDE_B, 0), 1,
              switch_now());
}

static struct cfg_bridge
bridge_cfg(const char *name)
{
    return (struct cfg_bridge) {
        .name = CONST_CAST(char *, name),
        .mac_aging_time = 3600,
        .mac_table_size = table_size,
    };
}

static struct bridge *
make_bridge(const char *name)
{
    struct cfg_bridge cfg = bridge_cfg(name);
    char *error = NULL;
    struct bridge *br = bridge_create(&cfg, &error);

    if (!br) {
        ovs_fatal(0, "%s", error);
    }
    return br;
}

static void
access_vlan(struct cfg_vlan *v, uint16_t vlan)
{
    cfg_vlan_init(v);
    v->mode = CFG_VLAN_ACCESS;
    memset(&v->vlans, 0, sizeof v->vlans);
    v->tag = vlan;
    vlan_set_add(&v->vlans, v->tag);
}

/* Ports 0 and 1 get these VLANs (access: of VLAN 10). */
static void
set_modes(struct bridge *br, enum cfg_vlan_mode in, enum cfg_vlan_mode out)
{
    const enum cfg_vlan_mode modes[] = { in, out };

    for (unsigned int i = 0; i < 2; i++) {
        struct cfg_vlan v;

        cfg_vlan_init(&v);
        v.mode = modes[i];
        if (v.mode == CFG_VLAN_ACCESS) {
            access_vlan(&v, 10);
        }
        bridge_set_vlan(br, ports[i], &v);
    }
}

/* One pair in VLAN 10, from a port of one mode to one of another. */
static void
measure_vlan(struct bridge *br, const char *name, enum cfg_vlan_mode in,
             enum cfg_vlan_mode out)
{
    set_modes(br, in, out);
    teach_vlan(br);
    tagged = in == CFG_VLAN_TRUNK;
    measure(name, PAIRS, 1);
    tagged = false;
    set_modes(br, CFG_VLAN_TRUNK, CFG_VLAN_TRUNK);
}

static void
measure_pairs(uint64_t n_pairs)
{
    char name[32];

    run_round(PAIRS, n_pairs);
    teach(1, SIDE_B, n_pairs);
    snprintf(name, sizeof name, "%"PRIu64" pair%s", n_pairs,
             n_pairs == 1 ? "" : "s");
    measure(name, PAIRS, n_pairs);
    measure_stages(name, n_pairs);
}

/* One pair, of which all is mirrored to a port that takes nothing. */
static void
measure_mirror(struct bridge *br)
{
    struct cfg_mirror mirror = {
        .usable = true,
        .set = {
            .id = (char *) "m", .name = (char *) "m", .select_all = true,
            .output_port = CONST_CAST(char *, ports[N_PORTS - 1]->name),
            .snaplen = UINT32_MAX,
        },
    };
    struct cfg_bridge cfg = bridge_cfg("br0");
    char *error = NULL;

    vlan_set_fill(&mirror.set.vlans);
    cfg.mirrors = &mirror;
    cfg.n_mirrors = 1;
    if (bridge_set(br, &cfg, &error)) {
        ovs_fatal(0, "%s", error);
    }
    measure("1 pair, mirrored", PAIRS, 1);
    cfg.n_mirrors = 0;
    if (bridge_set(br, &cfg, &error)) {
        ovs_fatal(0, "%s", error);
    }
}

/* Bursts whose frames go to several ports, in turn. */
static void
measure_outputs(void)
{
    for (unsigned int n = 1; n < N_PORTS; n *= 2) {
        char name[32];

        snprintf(name, sizeof name, "to %u ports in turn", n);
        measure(name, SPREAD, n);
    }
}

/* From a pool of the switch's own: how its mbufs lie in memory decides which
 * of them share a cache's sets.  (DPDK's own pools have one in each page where
 * there are no hugepages, all at the same place of it.) */
static void
take_frames(void)
{
    static const struct mp_model model;
    struct mp_request req = {
        .port = "frames", .mtu = CFG_MTU_DEFAULT, .n_mbufs = MAX_FRAMES,
    };
    char *error = NULL;
    struct mp *mp;

    mp_init(&model);
    mp = mp_get(&req, &error);
    if (!mp) {
        ovs_fatal(0, "%s", error);
    }
    if (rte_pktmbuf_alloc_bulk(mp_mempool(mp), frames, n_frames)) {
        ovs_fatal(0, "no frames");
    }
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

static void
add_port(struct bridge *br, struct port *p, const struct cfg_vlan *vlan)
{
    char *error = NULL;

    if (bridge_add_port(br, p, vlan, 0, &error) < 0) {
        ovs_fatal(0, "%s", error);
    }
}

/* A bridge of its own: a trunk, and access ports each in a VLAN of its own. */
static void
measure_many_vlans(void)
{
    struct bridge *br = make_bridge("br1");

    input = make_port(N_PORTS);
    add_port(br, input, NULL);
    for (unsigned int i = 1; i <= N_ACCESS; i++) {
        struct cfg_vlan v;

        access_vlan(&v, (uint16_t) i);
        add_port(br, make_port(N_PORTS + i), &v);
    }
    tagged = true;
    measure("flood, one of 500 VLANs", VLANS, 1);
    measure("flood, 500 VLANs in turn", VLANS, N_ACCESS);
    tagged = false;
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "core", required_argument, NULL, 'c' },
        { "burst", required_argument, NULL, 'b' },
        { "table", required_argument, NULL, 't' },
        { "rounds", required_argument, NULL, 'r' },
        { "frames", required_argument, NULL, 'f' },
        { "only", required_argument, NULL, 'o' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            core = optarg;
        } else if (c == 'b') {
            burst_size = (unsigned int) atoi(optarg);
        } else if (c == 't') {
            table_size = (unsigned int) atoi(optarg);
        } else if (c == 'r') {
            rounds = (unsigned int) atoi(optarg);
        } else if (c == 'f') {
            n_frames = (unsigned int) atoi(optarg);
        } else if (c == 'o') {
            only = optarg;
        } else {
            exit(2);
        }
    }
    n_frames = n_frames ? n_frames : burst_size;
    if (burst_size < 1 || burst_size > FORWARD_BURST || rounds < 1
        || rounds > MAX_ROUNDS || table_size < 10
        || table_size > FDB_ENTRIES_MAX || n_frames < burst_size
        || n_frames > MAX_FRAMES) {
        ovs_fatal(0, "burst 1 to %d, rounds 1 to %d, table 10 to %d, frames "
                  "one burst's to %d", FORWARD_BURST, MAX_ROUNDS,
                  FDB_ENTRIES_MAX, MAX_FRAMES);
    }
}

static void
start_eal(const char *program)
{
    char prefix[48], lcores[32];
    char *argv[] = {
        CONST_CAST(char *, program), prefix, (char *) "--no-huge",
        (char *) "--no-pci", (char *) "-m",
        (char *) "128", (char *) "--lcores", lcores,
        (char *) "--log-level=error", NULL,
    };

    snprintf(prefix, sizeof prefix, "--file-prefix=micro%ld", (long) getpid());
    snprintf(lcores, sizeof lcores, "0@%s", core);
    if (rte_eal_init((int) ARRAY_SIZE(argv) - 1, argv) < 0) {
        ovs_fatal(0, "DPDK did not start");
    }
}

int
main(int argc, char **argv)
{
    static const struct port_hooks hooks = {
        .quiesce = hook,
        .publish = hook,
    };
    struct bridge *br;

    parse_options(argc, argv);
    start_eal(argv[0]);
    port_init(&hooks);
    switch_init();
    bench_class = fake_class;
    bench_class.tx = bench_tx;
    bench_class.copies = true;
    take_frames();
    for (unsigned int i = 0; i < n_frames; i++) {
        memset(rte_pktmbuf_append(frames[i], FRAME_SIZE), 0, FRAME_SIZE);
    }

    br = make_bridge("br0");
    for (unsigned int i = 0; i < N_PORTS; i++) {
        ports[i] = make_port(i);
        if (i < 2) {
            add_port(br, ports[i], NULL);
        }
    }
    input = ports[0];
    ctx = forward_ctx_create(0);
    printf("bursts of %u, MAC table of %u, median of %u rounds\n",
           burst_size, table_size, rounds);
    measure("nothing", NOTHING, 1);
    measure_pairs(1);
    measure_pairs(100);
    measure_pairs(1000);
    measure_pairs(10000);
    measure_pairs(100000);
    measure_pairs(500000);
    measure_vlan(br, "VLAN, trunk to trunk", CFG_VLAN_TRUNK, CFG_VLAN_TRUNK);
    measure_vlan(br, "VLAN, access to access", CFG_VLAN_ACCESS,
                 CFG_VLAN_ACCESS);
    measure_vlan(br, "VLAN, access to trunk", CFG_VLAN_ACCESS,
                 CFG_VLAN_TRUNK);
    measure_vlan(br, "VLAN, trunk to access", CFG_VLAN_TRUNK,
                 CFG_VLAN_ACCESS);
    for (unsigned int i = 2; i < N_PORTS; i++) {
        add_port(br, ports[i], NULL);
    }
    for (unsigned int i = 1; i < N_PORTS; i++) {
        teach(i, SIDE_B + i - 1, 1);
    }
    measure_outputs();
    measure_mirror(br);
    measure("broadcast to 8 ports", FLOODS, 1);
    measure("random sources", STORM, 1);
    measure_many_vlans();
    printf("(%"PRIu64" frames sent)\n", sent);
    forward_ctx_destroy(ctx);
    rte_eal_cleanup();
    return 0;
}
