/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-claim.c: what do ports lay claim on?
 *
 * Needs are computed for all pools at once, when somebody looks after a
 * change: a change of one port's rings is felt by the pool of every port that
 * sends to it.
 *
 * Main thread only.
 */
#include <config.h>
#include "mem/mp-claim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "eal/log-modules.h"
#include "hash.h"
#include "mem/mempool.h"
#include "mem/mp-ledger.h"
#include "mem/mp-pool.h"
#include "mem/mp-snapshot.h"
#include "openvswitch/hmap.h"
#include "util.h"

#define this_module log_netdev_dpdk

struct claim {
    struct hmap_node node;      /* in claims, by port */
    char *port;
    struct mp_holding holds;
    unsigned int n_refs;        /* of the port to all its pools */
    size_t n_entries;           /* scratch of fill_entries() */
};

static struct hmap claims = HMAP_INITIALIZER(&claims);
static unsigned int n_threads;
static const char *(*domain_of)(const char *port);
static bool changed;

static struct claim *
find(const char *port)
{
    struct claim *c;

    HMAP_FOR_EACH_WITH_HASH (c, node, hash_string(port, 0), &claims) {
        if (!strcmp(c->port, port)) {
            return c;
        }
    }
    return NULL;
}

void
mp_claim_ref(const char *port)
{
    struct claim *c = find(port);

    if (!c) {
        c = xzalloc(sizeof *c);
        c->port = xstrdup(port);
        hmap_insert(&claims, &c->node, hash_string(port, 0));
    }
    c->n_refs++;
    changed = true;
}

void
mp_claim_unref(const char *port)
{
    struct claim *c = find(port);

    ovs_assert(c && c->n_refs > 0);
    changed = true;
    if (!--c->n_refs) {
        hmap_remove(&claims, &c->node);
        free(c->port);
        free(c);
    }
}

void
mp_claim_get(const char *port, struct mp_holding *holds)
{
    const struct claim *c = find(port);

    *holds = c ? c->holds : (struct mp_holding) { .rx = 0 };
}

void
mp_claim_set(const char *port, const struct mp_holding *holds)
{
    struct claim *c = find(port);

    if (c) {
        c->holds = *holds;
        changed = true;
    }
}

void
mp_claim_max(const struct mp_holding *a, const struct mp_holding *b,
             struct mp_holding *max)
{
    *max = (struct mp_holding) {
        .rx = MAX(a->rx, b->rx),
        .txq_size = MAX(a->txq_size, b->txq_size),
        .n_txq = MAX(a->n_txq, b->n_txq),
        .one_sender = a->one_sender && b->one_sender,
    };
}

static uint32_t
domain_id(const char *port)
{
    const char *domain = domain_of ? domain_of(port) : NULL;

    /* Two domains of one number count as one: more memory, no harm. */
    return hash_string(domain ? domain : "", 0);
}

/* One entry for each port of each pool, `cache` and number by pool.  Returns
 * how many; the caller frees the arrays.  There is room for one more. */
static size_t
make_entries(struct mp_entry **entriesp, uint32_t **cachep, size_t *n_pools)
{
    struct mp_entry *entries;
    size_t n = 0, max = 1;
    struct claim *c;
    struct mp *mp;

    *n_pools = 0;
    LIST_FOR_EACH (mp, node, &mp_pools) {
        max += simap_count(&mp->refs);
        ++*n_pools;
    }
    entries = xcalloc(max, sizeof *entries);
    *cachep = xcalloc(*n_pools + 1, sizeof **cachep);
    HMAP_FOR_EACH (c, node, &claims) {
        c->n_entries = 0;
    }
    *n_pools = 0;
    LIST_FOR_EACH (mp, node, &mp_pools) {
        struct simap_node *ref;

        SIMAP_FOR_EACH (ref, &mp->refs) {
            struct mp_entry *e = &entries[n++];

            c = find(ref->name);
            e->pool = (uint32_t) *n_pools;
            e->domain = domain_id(ref->name);
            e->holds = c->holds;
            if (c->n_entries++) {
                e->holds.txq_size = 0;  /* counted with its other pool */
            }
        }
        (*cachep)[(*n_pools)++] = mp->made.pool->cache_size;
    }
    *entriesp = entries;
    return n;
}

void
mp_claim_update(void)
{
    struct mp_entry *entries;
    uint32_t *cache, *need;
    size_t n, n_pools;
    struct mp *mp;

    if (!changed) {
        return;
    }
    n = make_entries(&entries, &cache, &n_pools);
    need = xcalloc(MAX(n_pools, 1), sizeof *need);
    mp_ledger_needs(entries, n, n_pools, n_threads, cache, need);
    n = 0;
    LIST_FOR_EACH (mp, node, &mp_pools) {
        mp->need = need[n++];
        if (mp->elastic) {
            mp->asked = MIN(mp->need, mp->room);
        }
    }
    free(entries);
    free(cache);
    free(need);
    changed = false;
    mp_snapshot_soon();
}

uint32_t
mp_claim_need_new(const char *port, const struct mp_holding *holds,
                  uint32_t cache_size)
{
    struct claim *c = find(port);
    struct mp_holding before = c ? c->holds : *holds;
    struct mp_entry *entries, *e;
    uint32_t *cache, *needs;
    size_t n, n_pools;
    uint32_t need;

    /* Its tx rings count with the pool that it has, if it has one. */
    if (c) {
        mp_claim_max(&before, holds, &c->holds);
    }
    n = make_entries(&entries, &cache, &n_pools);
    e = &entries[n++];
    *e = (struct mp_entry) {
        .pool = (uint32_t) n_pools,
        .domain = domain_id(port),
        .holds = c ? c->holds : *holds,
    };
    if (c) {
        e->holds.txq_size = 0;
        c->holds = before;
    }
    cache[n_pools++] = cache_size;
    needs = xcalloc(n_pools, sizeof *needs);
    mp_ledger_needs(entries, n, n_pools, n_threads, cache, needs);
    need = needs[n_pools - 1];
    free(entries);
    free(cache);
    free(needs);
    return need;
}

/* A pool at its end of what it may grow to, while its ports may hold more. */
static void
report_oversubscribed(struct mp *mp)
{
    bool now = mp->need > mp->room;

    if (now && !mp->said_oversubscribed) {
        VLOG_WARN("mempool \"%s\": its ports may hold %"PRIu32" mbufs and it "
                  "may not grow beyond %"PRIu32" (mempool-max-mbufs): some "
                  "of them may find none", mp->name, mp->need, mp->room);
    }
    mp->said_oversubscribed = now;
}

/* Mbufs that an elastic pool is asked for and has not got. */
static uint32_t
lacking(const struct mp *mp)
{
    return mp->asked - mp_granted(mp);
}

/* The same text at each try while the same is missing. */
static char *
why_not(const struct mp *mp)
{
    uint32_t n = lacking(mp);

    return xasprintf("out of memory on socket %d: mempool \"%s\" needs "
                     "%"PRIu32" more mbufs, in whole chunks (%"PRIu64
                     " bytes)", mp->socket, mp->name, n,
                     mp_growth_bytes(&mp->made, n));
}

/* Fills an elastic pool up to what it is asked for.  False: there is no memory
 * for all of it. */
static bool
fill(struct mp *mp)
{
    const struct rte_mempool *pool = mp->made.pool;
    uint32_t before = pool->populated_size;

    while (pool->populated_size < mp->asked
           && mp_grow(&mp->made, mp->room - pool->populated_size) > 0) {
        continue;
    }
    if (pool->populated_size > before) {
        VLOG_INFO("mempool \"%s\" has grown from %"PRIu32" to %"PRIu32
                  " mbufs: its ports may hold %"PRIu32, mp->name, before,
                  pool->populated_size, mp->need);
    }
    report_oversubscribed(mp);
    return pool->populated_size >= mp->asked;
}

static bool
is_filled_by_need(const struct mp *mp)
{
    return mp->elastic && mp->n_refs;
}

void
mp_claim_begin(void)
{
    struct mp *mp;

    mp_claim_update();
    LIST_FOR_EACH (mp, node, &mp_pools) {
        mp->lacked = lacking(mp);
    }
}

/* Takes memory for all that pools lack more than at mp_claim_begin(). */
static int
reserve_all(char **reasonp)
{
    struct mp *mp;

    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (is_filled_by_need(mp) && !mp_reserve(&mp->made, lacking(mp))
            && lacking(mp) > mp->lacked) {
            *reasonp = why_not(mp);
            return -ENOMEM;
        }
    }
    return 0;
}

int
mp_claim_fill(char **reasonp)
{
    struct mp *mp;
    int error;

    mp_claim_update();
    error = reserve_all(reasonp);
    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (!error && is_filled_by_need(mp) && !fill(mp)
            && lacking(mp) > mp->lacked) {
            *reasonp = why_not(mp);
            error = -ENOMEM;
        }
        mp_unreserve(&mp->made);
    }
    return error;
}

/* Says it where pools stay short: nobody can be refused for it. */
static void
fill_or_say(void)
{
    struct mp *mp;

    mp_claim_update();
    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (is_filled_by_need(mp) && !fill(mp)) {
            char *reason = why_not(mp);

            VLOG_WARN("%s.  It is filled up once there is more", reason);
            free(reason);
            mp_care_soon();
        }
    }
}

void
mp_set_threads(unsigned int n)
{
    if (n != n_threads) {
        n_threads = n;
        changed = true;
        if (!ovs_list_is_empty(&mp_pools)) {
            mp_assert_main_thread();
            fill_or_say();
        }
    }
}

void
mp_set_domains(const char *(*domain_of_)(const char *port))
{
    domain_of = domain_of_;
    changed = true;
    if (!ovs_list_is_empty(&mp_pools)) {
        mp_assert_main_thread();
        fill_or_say();
    }
}
