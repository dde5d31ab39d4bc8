/* SPDX-License-Identifier: Apache-2.0
 *
 * micro-vring.c: what a frame from and to a guest's rings costs, in TSC
 * cycles.
 *
 *     micro-vring [--core N] [--guest-core N] [--rounds N] [--touch]
 *
 * A guest, which is a thread on a core of its own, sends back what it
 * receives from where it lies, 128 frames at a time; with --touch it has
 * written to each line of it.  We take frames out of
 * one of its rings and put them into the other.  Shown for each size are
 * cycles per frame of full bursts, for rx and for tx with what it takes to
 * free: the median and the middle half, so that what else the machine does
 * counts little.
 *
 * Not a test: nothing in here can fail.
 */
#include <config.h>

#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "port/vring-mbuf.h"
#include "port/vring.h"
#include "util.h"

enum {
    SIZE = 256,                 /* of a ring */
    IN_FLIGHT = 128,
    SLOT = 2048,                /* bytes */
    MEMORY = 4 << 20,
    HEADER = 12,
    MAX_ROUNDS = 99,
    MAX_BURSTS = 1 << 20,       /* of all rounds of a size */
};

#define FEATURES (1ULL << 32 | 1ULL << 15 | 1ULL << 35)

static unsigned int rounds = 7;
static int core = 1, guest_core;
static bool touch;              /* all of a frame, not only its beginning */
static uint32_t frame_len;
static _Atomic(bool) stop;

/* One direction, as the guest's driver has it. */
struct ring {
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
    uint16_t avail_idx, used_idx;
    uint16_t slot[SIZE];        /* by descriptor */
    struct vring_queue queue;   /* ours */
};

static uint8_t *memory;
static struct ring to_us, to_guest;

static void
run_on(int n)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(n, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void
post(struct ring *r, uint16_t slot, uint32_t len, uint16_t flags)
{
    uint16_t i = r->avail_idx++ % SIZE;

    r->slot[i] = slot;
    r->desc[i] = (struct vring_desc) {
        .addr = MEMORY / 2 + (uint64_t) slot * SLOT,
        .len = len, .flags = flags,
    };
    r->avail->ring[i] = i;
}

static void
publish(struct ring *r)
{
    __atomic_store_n(&r->avail->idx, r->avail_idx, __ATOMIC_RELEASE);
}

/* What comes back from one ring goes to the other one. */
static bool
turn_around(struct ring *from, struct ring *to, uint32_t len, uint16_t flags)
{
    uint16_t end = __atomic_load_n(&from->used->idx, __ATOMIC_ACQUIRE);

    if (end == from->used_idx) {
        return false;
    }
    while (from->used_idx != end) {
        uint16_t slot = from->slot[from->used_idx++ % SIZE];
        volatile uint8_t *frame = (memory + MEMORY / 2
                                   + (size_t) slot * SLOT + HEADER);

        for (uint32_t at = 0; !flags && at < (touch ? frame_len : 1);
             at += RTE_CACHE_LINE_SIZE) {
            frame[at]++;
        }
        post(to, slot, len, flags);
    }
    publish(to);
    return true;
}

static void *
guest_main(void *aux OVS_UNUSED)
{
    run_on(guest_core);
    while (!stop) {
        bool busy = turn_around(&to_guest, &to_us, HEADER + frame_len, 0);

        busy |= turn_around(&to_us, &to_guest, SLOT, VRING_DESC_F_WRITE);
        if (!busy) {
            rte_pause();
        }
    }
    return NULL;
}

static void
make_ring(struct ring *r, uint8_t *at, const struct vring_map *map)
{
    struct vring_conf conf;
    char *error;

    memset(at, 0, 4 * SIZE * sizeof *r->desc);
    r->desc = (void *) at;
    r->avail = (void *) (at + SIZE * sizeof *r->desc);
    r->used = (void *) (at + 2 * SIZE * sizeof *r->desc);
    r->avail_idx = r->used_idx = 0;
    conf = (struct vring_conf) {
        .map = map, .desc = r->desc, .avail = r->avail, .used = r->used,
        .size = SIZE, .features = FEATURES, .callfd = -1, .max_frame = 9724,
    };
    if (vring_set(&r->queue, &conf, &error)) {
        ovs_fatal(0, "%s", error);
    }
}

/* Full bursts of a size. */
struct bursts {
    uint32_t n;
    uint32_t rx[MAX_BURSTS], tx[MAX_BURSTS];    /* cycles */
};

static struct bursts bursts;

static void
count(uint64_t a, uint64_t b, uint64_t c, uint16_t n)
{
    if (n == VRING_BURST && bursts.n < MAX_BURSTS) {
        bursts.rx[bursts.n] = (uint32_t) MIN(b - a, UINT32_MAX);
        bursts.tx[bursts.n++] = (uint32_t) MIN(c - b, UINT32_MAX);
    }
}

/* A burst's way from one ring to the other. */
static void
forward(struct rte_mempool *pool)
{
    struct rte_mbuf *m[VRING_BURST];
    uint64_t a = rte_rdtsc(), b;
    uint16_t n = vring_rx_burst(&to_us.queue, pool, m, VRING_BURST);
    uint16_t unfit;

    vring_notify(&to_us.queue);
    b = rte_rdtsc();
    if (!n) {
        return;
    }
    vring_tx_burst(&to_guest.queue, m, n, &unfit);
    vring_notify(&to_guest.queue);
    vring_mbuf_free(m, n);
    count(a, b, rte_rdtsc(), n);
}

static void
measure(struct rte_mempool *pool, const struct vring_map *map)
{
    uint64_t end;
    pthread_t guest;

    make_ring(&to_us, memory, map);
    make_ring(&to_guest, memory + MEMORY / 4, map);
    for (uint16_t i = 0; i < SIZE; i++) {
        if (i < IN_FLIGHT) {
            post(&to_us, i, HEADER + frame_len, 0);
        } else {
            post(&to_guest, i, SLOT, VRING_DESC_F_WRITE);
        }
    }
    publish(&to_us);
    publish(&to_guest);
    stop = false;
    pthread_create(&guest, NULL, guest_main, NULL);
    end = rte_rdtsc() + rte_get_tsc_hz() / 5;
    while (rte_rdtsc() < end) {
        forward(pool);
    }
    stop = true;
    pthread_join(guest, NULL);
}

static int
compare(const void *a_, const void *b_)
{
    uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;

    return a < b ? -1 : a > b;
}

static void
show(const char *what, uint32_t *cycles)
{
    char name[32];

    if (bursts.n) {
        qsort(cycles, bursts.n, sizeof *cycles, compare);
        snprintf(name, sizeof name, "%s, %"PRIu32" bytes", what,
                 frame_len + 4);
        printf("%-24s %8.1f cycles/frame  (%.1f to %.1f)\n", name,
               cycles[bursts.n / 2] / (double) VRING_BURST,
               cycles[bursts.n / 4] / (double) VRING_BURST,
               cycles[bursts.n * 3ULL / 4] / (double) VRING_BURST);
    }
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "core", required_argument, NULL, 'c' },
        { "guest-core", required_argument, NULL, 'g' },
        { "rounds", required_argument, NULL, 'r' },
        { "touch", no_argument, NULL, 't' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            core = atoi(optarg);
        } else if (c == 'g') {
            guest_core = atoi(optarg);
        } else if (c == 'r') {
            rounds = (unsigned int) atoi(optarg);
        } else if (c == 't') {
            touch = true;
        } else {
            exit(EXIT_FAILURE);
        }
    }
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        ovs_fatal(0, "rounds 1 to %d", MAX_ROUNDS);
    }
}

int
main(int argc, char **argv)
{
    static const uint32_t sizes[] = { 60, 508, 1514 };
    char prefix[48], lcores[32];
    char *eal[] = {
        argv[0], prefix, (char *) "--no-huge", (char *) "--no-pci",
        (char *) "-m", (char *) "64", (char *) "--lcores", lcores,
        (char *) "--log-level=error",
    };
    struct vring_region region = { .size = MEMORY };
    struct rte_mempool *pool;
    struct vring_map *map;
    char *error;

    parse_options(argc, argv);
    snprintf(prefix, sizeof prefix, "--file-prefix=micro%ld", (long) getpid());
    snprintf(lcores, sizeof lcores, "0@%d", core);
    if (rte_eal_init((int) ARRAY_SIZE(eal), eal) < 0) {
        ovs_fatal(0, "DPDK did not start");
    }
    pool = rte_pktmbuf_pool_create("micro", 2047, 256, 0,
                                   2048 + RTE_PKTMBUF_HEADROOM, 0);
    memory = aligned_alloc(MEMORY, MEMORY);
    if (!pool || !memory) {
        ovs_fatal(0, "no memory");
    }
    madvise(memory, MEMORY, MADV_HUGEPAGE);
    region.host = memory;
    map = vring_map_make(&region, 1, &error);
    printf("a guest's rings, %u rounds\n", rounds);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        frame_len = sizes[i];
        bursts.n = 0;
        for (unsigned int k = 0; k < rounds; k++) {
            measure(pool, map);
        }
        show("rx", bursts.rx);
        show("tx", bursts.tx);
    }
    vring_map_destroy(map);
    free(memory);
    rte_eal_cleanup();
    return 0;
}
