/* SPDX-License-Identifier: Apache-2.0
 *
 * micro-mempool.c: what the accounts of a mempool cost, in TSC cycles per
 * mbuf.
 *
 *     micro-mempool [--core N] [--rounds N]
 *
 * Our handler and one without accounts over the same lock-free stack take
 * turns, round by round.  A round takes and gives back bursts of mbufs, whose
 * first line the taker writes and the giver reads, as drivers do:
 *
 *   cached       32 at a time: they never leave the thread's cache
 *   past cache   2,048 taken, then given back, in bursts of 32: all but a
 *                cache's worth pass the handler
 *   no cache     32 at a time by a thread that has no cache
 *
 * Not a test: nothing in here can fail.
 */
#include <config.h>

/* See mp-ops.c. */
#define ALLOW_EXPERIMENTAL_API 1

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_stack.h>

#include "mem/mp-chunk.h"
#include "mem/mp-ops.h"
#include "mem/mp-size.h"
#include "util.h"

enum { N_MBUFS = 16384, MANY = 2048, BURST = 32, MAX_ROUNDS = 99 };

static unsigned int rounds = 15;
static const char *core = "1";

/* The handler without accounts.  What fills a pool is ours. */

static int
plain_alloc(struct rte_mempool *pool)
{
    pool->pool_data = rte_stack_create(pool->name, pool->size,
                                       pool->socket_id, RTE_STACK_F_LF);
    return pool->pool_data ? 0 : -rte_errno;
}

static void
plain_free(struct rte_mempool *pool)
{
    rte_stack_free(pool->pool_data);
}

static int
plain_enqueue(struct rte_mempool *pool, void *const *objs, unsigned int n)
{
    return rte_stack_push(pool->pool_data, objs, n) ? 0 : -1;
}

static int
plain_dequeue(struct rte_mempool *pool, void **objs, unsigned int n)
{
    return rte_stack_pop(pool->pool_data, objs, n) ? 0 : -1;
}

static unsigned int
plain_count(const struct rte_mempool *pool)
{
    return rte_stack_count(pool->pool_data);
}

static struct rte_mempool_ops plain = {
    .name = "plain",
    .alloc = plain_alloc,
    .free = plain_free,
    .enqueue = plain_enqueue,
    .dequeue = plain_dequeue,
    .get_count = plain_count,
};

static struct rte_mempool *
make(const char *ops)
{
    struct rte_pktmbuf_pool_private priv = {
        .mbuf_data_room_size = (uint16_t) mp_data_room(1500),
    };
    struct rte_mempool *pool;
    uint64_t bytes = 0;

    pool = rte_mempool_create_empty(ops, N_MBUFS, mp_element_size(1500),
                                    mp_cache_size(N_MBUFS), sizeof priv, 0,
                                    RTE_MEMPOOL_F_NO_SPREAD);
    if (!pool || rte_mempool_set_ops_byname(pool, ops, NULL)) {
        ovs_fatal(0, "no pool");
    }
    rte_pktmbuf_pool_init(pool, &priv);
    while (pool->populated_size < pool->size) {
        if (mp_chunk_add(pool, pool->size - pool->populated_size, &bytes)
            < 0) {
            ovs_fatal(0, "no memory");
        }
    }
    return pool;
}

/* What a driver that receives writes. */
static void
take(struct rte_mempool *pool, struct rte_mbuf **m,
     struct rte_mempool_cache *cache)
{
    if (rte_mempool_generic_get(pool, (void **) m, BURST, cache)) {
        ovs_fatal(0, "no mbufs");
    }
    for (unsigned int i = 0; i < BURST; i++) {
        m[i]->data_off = RTE_PKTMBUF_HEADROOM;
        m[i]->data_len = 60;
    }
}

/* What one that frees what it sent reads. */
static void
give(struct rte_mempool *pool, struct rte_mbuf **m,
     struct rte_mempool_cache *cache)
{
    for (unsigned int i = 0; i < BURST; i++) {
        if (rte_mbuf_refcnt_read(m[i]) != 1 || m[i]->next) {
            ovs_fatal(0, "mbuf in use");
        }
    }
    rte_mempool_generic_put(pool, (void **) m, BURST, cache);
}

/* Cycles per mbuf of one round. */
static double
run_round(struct rte_mempool *pool, unsigned int at_once, bool cached)
{
    static struct rte_mbuf *m[MANY];
    struct rte_mempool_cache *cache
        = cached ? rte_mempool_default_cache(pool, rte_lcore_id()) : NULL;
    uint64_t start = rte_rdtsc_precise();
    unsigned int n = 0;

    while (n < 400000) {
        for (unsigned int i = 0; i < at_once; i += BURST) {
            take(pool, m + i, cache);
        }
        for (unsigned int i = 0; i < at_once; i += BURST) {
            give(pool, m + i, cache);
        }
        n += at_once;
    }
    return (double) (rte_rdtsc_precise() - start) / n;
}

static int
compare(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static void
measure(const char *name, struct rte_mempool **pools, unsigned int at_once,
        bool cached)
{
    double v[2][MAX_ROUNDS];

    for (unsigned int i = 0; i < rounds; i++) {
        for (int p = 0; p < 2; p++) {
            v[p][i] = run_round(pools[p], at_once, cached);
        }
    }
    for (int p = 0; p < 2; p++) {
        char line[48];

        qsort(v[p], rounds, sizeof v[p][0], compare);
        snprintf(line, sizeof line, "%s, %s", name,
                 p ? mp_ops_name() : plain.name);
        printf("%-24s %8.2f cycles/mbuf  (%.2f to %.2f)\n", line,
               v[p][rounds / 2], v[p][0], v[p][rounds - 1]);
    }
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "core", required_argument, NULL, 'c' },
        { "rounds", required_argument, NULL, 'r' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'c') {
            core = optarg;
        } else if (c == 'r') {
            rounds = (unsigned int) atoi(optarg);
        } else {
            exit(2);
        }
    }
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        ovs_fatal(0, "rounds 1 to %d", MAX_ROUNDS);
    }
}

int
main(int argc, char **argv)
{
    char prefix[48], lcores[32];
    char *eal[] = {
        argv[0], prefix, (char *) "--no-huge", (char *) "--no-pci",
        (char *) "-m", (char *) "128", (char *) "--lcores", lcores,
        (char *) "--log-level=error",
    };
    struct rte_mempool *pools[2];

    parse_options(argc, argv);
    snprintf(prefix, sizeof prefix, "--file-prefix=micro%ld", (long) getpid());
    snprintf(lcores, sizeof lcores, "0@%s", core);
    plain.populate = mp_ops_stack.populate;
    if (rte_eal_init((int) ARRAY_SIZE(eal), eal) < 0
        || rte_mempool_register_ops(&plain) < 0) {
        ovs_fatal(0, "DPDK did not start");
    }
    pools[0] = make(plain.name);
    pools[1] = make(mp_ops_name());
    printf("cycles per mbuf, median of %u rounds, %s and %s\n", rounds,
           plain.name, mp_ops_name());
    measure("cached", pools, BURST, true);
    measure("past cache", pools, MANY, true);
    measure("no cache", pools, BURST, false);
    rte_eal_cleanup();
    return 0;
}
