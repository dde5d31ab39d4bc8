/* SPDX-License-Identifier: Apache-2.0
 *
 * micro-grow.c: how long is a packet thread held up while its pool grows?
 *
 *     micro-grow [--cores A,B] [--steps N] [--idle] [--uncached]
 *
 * Two threads, one on each core, take and give back mbufs as fast as they can:
 * bursts of 32, so many of them that all but a cache's worth pass the pool's
 * handler.  Meanwhile an elastic pool grows N times, as when a port gets more
 * descriptors.  Other work keeps core A busy (not with --idle), so that the
 * kernel takes its thread away in the middle of operations.  Then the same
 * with a pool of DPDK's own, of fixed size, on its default handler.
 *
 *   longest   the longest single operation.  Time in which the kernel ran
 *             something else on the core is left out: it is the difference
 *             between the clock and the time that the thread ran.
 *   incomplete mbufs   what a thread was given before it was an mbuf
 *
 * Exits with 1 where there is one of the latter.  What takes long is for the
 * reader to judge.
 *
 * With --uncached the thread on core B has no cache, which every thread of
 * the switch has.  It sees more of what is just being added.  But the other's
 * cache takes 544 at once, and small operations on the lock-free stack, one
 * after the other, hold up a large one.
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
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "mem/mempool.h"
#include "mem/mp-ops.h"
#include "openvswitch/compiler.h"
#include "openvswitch/vlog.h"
#include "util.h"

enum {
    N_THREADS = 2,
    BURST = 32,
    MANY = 2048,                /* mbufs that a thread takes, at most */
    START = N_THREADS * MANY,   /* rx descriptors at the start */
    STEP = 885,                 /* more each time: a chunk for MTU 1500 */
    PAUSE_US = 10000,           /* between steps */
    MAX_STEPS = 250,
    SLOW_US = 10,               /* operations whose time is looked at */
};

static unsigned int steps = 100;
static unsigned int cores[N_THREADS] = { 0, 1 };
static bool others = true;
static bool uncached;
static atomic_bool stop;

struct worker {
    pthread_t thread;
    unsigned int core;
    bool cached;
    struct rte_mempool *pool;
    atomic_bool ready;
    uint64_t n_ops, n_incomplete, n_missing;
    uint64_t longest, longest_wall;     /* TSC cycles */

    /* At the same moment: the clock, and how long the thread had run. */
    uint64_t base_tsc, base_ran;
};

static double
to_us(uint64_t cycles)
{
    return (double) cycles * 1e6 / (double) rte_get_tsc_hz();
}

/* In TSC cycles, too. */
static uint64_t
thread_ran(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t) (((double) t.tv_sec + (double) t.tv_nsec / 1e9)
                       * (double) rte_get_tsc_hz());
}

static void
rebase(struct worker *w)
{
    w->base_ran = thread_ran();
    w->base_tsc = rte_rdtsc();
}

/* An operation has taken `taken` cycles, and ended just now. */
static void
note(struct worker *w, uint64_t taken)
{
    static _Atomic(uint64_t) slow;

    if (!slow) {
        slow = rte_get_tsc_hz() / 1000000 * SLOW_US;
    }
    w->n_ops++;
    w->longest_wall = MAX(w->longest_wall, taken);
    if (taken > slow) {
        uint64_t passed = rte_rdtsc() - w->base_tsc;
        uint64_t ran = thread_ran() - w->base_ran;
        uint64_t elsewhere = passed > ran ? passed - ran : 0;

        taken = taken > elsewhere ? taken - elsewhere : 0;
        rebase(w);
    }
    w->longest = MAX(w->longest, taken);
}

static bool
is_complete(const struct rte_mbuf *m, const struct rte_mempool *pool)
{
    return (m->pool == pool
            && m->buf_addr == (const void *) (m + 1)
            && m->data_off == RTE_PKTMBUF_HEADROOM
            && rte_mbuf_refcnt_read(m) == 1
            && m->nb_segs == 1
            && !m->next);
}

/* Takes as many as there are, MANY at most, and gives them back. */
static void
run_round(struct worker *w, struct rte_mempool_cache *cache)
{
    static __thread struct rte_mbuf *m[MANY];
    unsigned int n = 0;

    while (n < MANY) {
        uint64_t start = rte_rdtsc();
        int error = rte_mempool_generic_get(w->pool, (void **) (m + n), BURST,
                                            cache);

        note(w, rte_rdtsc() - start);
        if (error) {
            w->n_missing++;
            break;
        }
        for (unsigned int end = n + BURST; n < end; n++) {
            w->n_incomplete += !is_complete(m[n], w->pool);
        }
    }
    for (unsigned int i = 0; i < n; i += BURST) {
        uint64_t start = rte_rdtsc();

        rte_mempool_generic_put(w->pool, (void **) (m + i), BURST, cache);
        note(w, rte_rdtsc() - start);
    }
}

static void
pin(unsigned int core)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set)) {
        ovs_fatal(0, "there is no core %u", core);
    }
}

static void *
worker_main(void *w_)
{
    struct worker *w = w_;
    struct rte_mempool_cache *cache;

    pin(w->core);
    if (rte_thread_register()) {
        ovs_fatal(0, "a thread was not registered");
    }
    cache = (w->cached ? rte_mempool_default_cache(w->pool, rte_lcore_id())
             : NULL);
    run_round(w, cache);                /* warm */
    w->longest = w->longest_wall = w->n_ops = w->n_missing = 0;
    w->ready = true;
    while (!stop) {
        rebase(w);
        run_round(w, cache);
    }
    if (cache) {
        rte_mempool_cache_flush(cache, w->pool);
    }
    rte_thread_unregister();
    return NULL;
}

static void *
busy_main(void *unused OVS_UNUSED)
{
    pin(cores[0]);
    while (!stop) {
        rte_pause();
    }
    return NULL;
}

static void
run(struct rte_mempool *pool, void (*meanwhile)(void))
{
    struct worker workers[N_THREADS];
    pthread_t busy;

    memset(workers, 0, sizeof workers);
    stop = false;
    if (others && pthread_create(&busy, NULL, busy_main, NULL)) {
        ovs_fatal(0, "no thread");
    }
    for (int i = 0; i < N_THREADS; i++) {
        struct worker *w = &workers[i];

        w->core = cores[i];
        w->cached = i == 0 || !uncached;
        w->pool = pool;
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            ovs_fatal(0, "no thread");
        }
    }
    while (!workers[0].ready || !workers[1].ready) {
        usleep(PAUSE_US);
    }
    meanwhile();
    stop = true;
    for (int i = 0; i < N_THREADS; i++) {
        struct worker *w = &workers[i];

        pthread_join(w->thread, NULL);
        printf("  core %u: %5.1f million operations, longest %6.1f us "
               "(%.1f us by the clock), %"PRIu64" found no mbuf, %"PRIu64
               " incomplete mbufs\n", w->core, (double) w->n_ops / 1e6,
               to_us(w->longest), to_us(w->longest_wall), w->n_missing,
               w->n_incomplete);
        if (w->n_incomplete) {
            exit(1);
        }
    }
    if (others) {
        pthread_join(busy, NULL);
    }
}

/* The pool that grows. */

static struct mp *mp;
static struct mp_request req = {
    .port = "p", .mtu = 1500, .holds = { .rx = START },
};

static int
compare(const void *a_, const void *b_)
{
    const uint64_t *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static void
grow(void)
{
    uint64_t took[MAX_STEPS];
    struct mp_info before, after;

    mp_get_info(mp, &before);
    for (unsigned int i = 0; i < steps; i++) {
        char *error = NULL;
        uint64_t start = rte_rdtsc();

        req.holds.rx += STEP;
        if (mp_keep(mp, &req, &error)) {
            ovs_fatal(0, "%s", error);
        }
        mp_settle(req.port, &req.holds);
        took[i] = rte_rdtsc() - start;
        usleep(PAUSE_US);
    }
    mp_get_info(mp, &after);
    qsort(took, steps, sizeof *took, compare);
    printf("%s: %u steps from %"PRIu32" to %"PRIu32" mbufs, each %.0f us "
           "(median; %.0f us the longest, by the clock)\n", mp_ops_name(),
           steps, before.populated, after.populated, to_us(took[steps / 2]),
           to_us(took[steps - 1]));
}

static void
measure_ours(void)
{
    static const struct mp_model model = {
        .elastic = true, .max_mbufs = 262144,
    };
    char *error = NULL;

    mp_init(&model);
    mp_set_threads(N_THREADS);
    mp = mp_get(&req, &error);
    if (!mp) {
        ovs_fatal(0, "%s", error);
    }
    run(mp_mempool(mp), grow);
    mp_put(mp, req.port);
    mp_destroy_all();
}

static void
wait_as_long(void)
{
    usleep(steps * PAUSE_US);
}

static void
measure_theirs(void)
{
    struct rte_mempool *pool;

    pool = rte_pktmbuf_pool_create_by_ops("theirs", 16384, 512, 0,
                                          RTE_MBUF_DEFAULT_BUF_SIZE, 0,
                                          "ring_mp_mc");
    if (!pool) {
        ovs_fatal(0, "no pool");
    }
    printf("ring_mp_mc: %"PRIu32" mbufs, which stay so many\n", pool->size);
    run(pool, wait_as_long);
    rte_mempool_free(pool);
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "cores", required_argument, NULL, 'c' },
        { "steps", required_argument, NULL, 's' },
        { "idle", no_argument, NULL, 'i' },
        { "uncached", no_argument, NULL, 'u' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            if (sscanf(optarg, "%u,%u", &cores[0], &cores[1]) != 2) {
                ovs_fatal(0, "two cores, please");
            }
        } else if (c == 's') {
            steps = (unsigned int) atoi(optarg);
        } else if (c == 'i') {
            others = false;
        } else if (c == 'u') {
            uncached = true;
        } else {
            exit(2);
        }
    }
    if (steps < 1 || steps > MAX_STEPS) {
        ovs_fatal(0, "steps 1 to %d", MAX_STEPS);
    }
}

int
main(int argc, char **argv)
{
    char prefix[48], lcores[48];
    char *eal[] = {
        argv[0], prefix, (char *) "--no-huge", (char *) "--no-pci",
        (char *) "-m", (char *) "700", (char *) "--lcores", lcores,
        (char *) "--log-level=error",
    };

    parse_options(argc, argv);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    snprintf(prefix, sizeof prefix, "--file-prefix=micro%ld", (long) getpid());
    snprintf(lcores, sizeof lcores, "0@(%u,%u)", cores[0], cores[1]);
    if (rte_eal_init((int) ARRAY_SIZE(eal), eal) < 0) {
        ovs_fatal(0, "DPDK did not start");
    }
    measure_ours();
    measure_theirs();
    rte_eal_cleanup();
    return 0;
}
