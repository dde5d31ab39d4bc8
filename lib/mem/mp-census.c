/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-census.c: counts a pool's mbufs by the marks they have.
 *
 * Main thread.  Packet threads move mbufs and write marks meanwhile, so every
 * difference of two counts may come out below zero and is then taken as zero.
 */
#include <config.h>
#include "mem/mp-census.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "mem/mempool.h"
#include "mem/mp-cache.h"
#include "mem/mp-holder.h"
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/shash.h"
#include "util.h"

enum {
    N_MARKS = UINT16_MAX + 1,
    FORMAT_MAX = 8,             /* holders in a line of the log */
};

static uint32_t
less(uint32_t a, uint32_t b)
{
    return a > b ? a - b : 0;
}

/* A driver or another thread may be writing it. */
static uint16_t
mark_of(const struct rte_mbuf *m)
{
    return __atomic_load_n(&m->port, __ATOMIC_RELAXED);
}

static void
count_mark(struct rte_mempool *pool OVS_UNUSED, void *marks_, void *obj,
           unsigned int idx OVS_UNUSED)
{
    uint32_t *marks = marks_;

    marks[mark_of(obj)]++;
}

/* Takes the mbufs in threads' caches out of `marks`. */
static void
count_cached(const struct rte_mempool *pool, struct mp_census *c,
             uint32_t *marks)
{
    c->threads = xmalloc(RTE_MAX_LCORE * sizeof *c->threads);
    for (unsigned int lcore = 0; lcore < RTE_MAX_LCORE; lcore++) {
        const struct rte_mbuf *m[MP_CACHE_OBJS];
        uint32_t n = mp_cache_peek(pool, lcore, m);

        for (uint32_t i = 0; i < n; i++) {
            uint32_t *count = &marks[mark_of(m[i])];

            *count = less(*count, 1);
        }
        if (n) {
            c->threads[c->n_threads++] = (struct mp_census_thread) {
                .lcore = lcore, .cached = n,
            };
            c->cached += n;
        }
    }
}

/* The entry of port `name`, made where there is none. */
static struct mp_census_port *
port_of(struct shash *ports, const char *name)
{
    struct mp_census_port *p = shash_find_data(ports, name);

    if (!p) {
        struct mp_holding h;

        p = xzalloc(sizeof *p);
        p->port = name;
        p->gone = true;
        mp_get_holding(name, &h);
        p->tx_may = h.txq_size * h.n_txq;
        shash_add(ports, name, p);
    }
    return p;
}

/* Who has the pool, and who was sent mbufs of it. */
static void
list_ports(const struct mp *mp, const uint32_t *marks, struct shash *ports)
{
    size_t n;
    const char **names = mp_ports(mp, &n);

    for (size_t i = 0; i < n; i++) {
        struct mp_census_port *p = port_of(ports, names[i]);
        struct mp_holding h;

        mp_get_holding(names[i], &h);
        p->rx_may = h.rx;
        p->gone = false;
    }
    free(names);
    for (unsigned int mark = MP_MARK_FIRST; mark <= MP_MARK_LAST; mark++) {
        const char *name = mp_holder_name((uint16_t) mark);

        if (marks[mark] && name) {
            struct mp_census_port *p = port_of(ports, name);

            p->tx_holds += marks[mark];
            p->gone &= !mp_holder_is_live((uint16_t) mark);
        }
    }
}

static int
compare_tx(const void *a_, const void *b_)
{
    const struct mp_census_port *const *a = a_, *const *b = b_;

    return ((*a)->tx_holds > (*b)->tx_holds)
           - ((*a)->tx_holds < (*b)->tx_holds);
}

/* Takes `n` mbufs from the ports' tx_holds, from each as many, those that have
 * fewer all of theirs: a port that keeps mbufs for good is not to look the
 * better for what it keeps.  Returns how many were taken. */
static uint32_t
take_evenly(struct mp_census_port *const *ports, size_t n_ports, uint32_t n)
{
    struct mp_census_port **by_tx = xmemdup(ports, n_ports * sizeof *ports);
    uint32_t left = n;

    qsort(by_tx, n_ports, sizeof *by_tx, compare_tx);
    for (size_t i = 0; i < n_ports; i++) {
        uint32_t share = left / (uint32_t) (n_ports - i);

        share = MIN(share, by_tx[i]->tx_holds);
        by_tx[i]->tx_holds -= share;
        left -= share;
    }
    free(by_tx);
    return n - left;
}

/* Puts `n` mbufs, `may` at most, into the ports' rx rings in proportion. */
static void
fill_rings(struct mp_census_port *const *ports, size_t n_ports, uint32_t n,
           uint32_t may)
{
    for (size_t i = 0; i < n_ports; i++) {
        uint32_t part = ports[i]->rx_may;

        if (part) {
            ports[i]->rx_holds = (uint32_t) ((uint64_t) n * part / may);
            n -= ports[i]->rx_holds;
            may -= part;
        }
    }
}

static void
attribute(struct mp_census *c, struct mp_census_port *const *ports)
{
    uint32_t out = less(c->populated, c->free + c->cached);
    uint32_t may = 0, sent = 0, in_rings;

    for (size_t i = 0; i < c->n_ports; i++) {
        may += ports[i]->rx_may;
        sent += ports[i]->tx_holds;
    }
    in_rings = MIN(less(out, sent), may);
    in_rings += take_evenly(ports, c->n_ports, may - in_rings);
    fill_rings(ports, c->n_ports, in_rings, may);

    c->unaccounted = less(out, in_rings);
    for (size_t i = 0; i < c->n_ports; i++) {
        c->unaccounted = less(c->unaccounted, ports[i]->tx_holds);
    }
}

void
mp_census_take(const struct mp *mp, struct mp_census *c)
{
    struct rte_mempool *pool = mp_mempool(mp);
    uint32_t *marks = xcalloc(N_MARKS, sizeof *marks);
    struct shash ports = SHASH_INITIALIZER(&ports);
    const struct shash_node **nodes;
    struct mp_census_port **list;

    memset(c, 0, sizeof *c);
    rte_mempool_obj_iter(pool, count_mark, marks);
    count_cached(pool, c, marks);
    c->populated = pool->populated_size;
    c->free = rte_mempool_get_ops(pool->ops_index)->get_count(pool);
    list_ports(mp, marks, &ports);
    free(marks);

    nodes = shash_sort(&ports);
    c->n_ports = shash_count(&ports);
    list = xmalloc(MAX(c->n_ports, 1) * sizeof *list);
    for (size_t i = 0; i < c->n_ports; i++) {
        list[i] = nodes[i]->data;
    }
    free(nodes);
    attribute(c, list);

    c->ports = xmalloc(MAX(c->n_ports, 1) * sizeof *c->ports);
    for (size_t i = 0; i < c->n_ports; i++) {
        c->ports[i] = *list[i];
    }
    free(list);
    shash_destroy_free_data(&ports);
}

void
mp_census_destroy(struct mp_census *c)
{
    free(c->ports);
    free(c->threads);
}

/* A holder in the log. */
struct item {
    const char *port;
    const char *where;
    uint32_t n;
};

static int
compare_items(const void *a_, const void *b_)
{
    const struct item *a = a_, *b = b_;

    return a->n != b->n ? (a->n < b->n ? 1 : -1) : strcmp(a->port, b->port);
}

void
mp_census_format(const struct mp_census *c, struct ds *ds)
{
    struct item *items = xmalloc(MAX(2 * c->n_ports, 1) * sizeof *items);
    const char *separator = "";
    uint32_t others = 0;
    size_t n = 0;

    for (size_t i = 0; i < c->n_ports; i++) {
        const struct mp_census_port *p = &c->ports[i];

        if (p->rx_holds) {
            items[n++] = (struct item) { p->port, "rx", p->rx_holds };
        }
        if (p->tx_holds) {
            items[n++] = (struct item) { p->port, "tx", p->tx_holds };
        }
    }
    qsort(items, n, sizeof *items, compare_items);
    for (size_t i = 0; i < n; i++) {
        if (i >= FORMAT_MAX) {
            others += items[i].n;
            continue;
        }
        ds_put_format(ds, "%s%s %s %"PRIu32, separator, items[i].port,
                      items[i].where, items[i].n);
        separator = ", ";
    }
    if (others) {
        ds_put_format(ds, ", other ports %"PRIu32, others);
    }
    if (c->unaccounted) {
        ds_put_format(ds, "%sunaccounted %"PRIu32, separator,
                      c->unaccounted);
    } else if (!n) {
        ds_put_cstr(ds, "nobody");
    }
    free(items);
}
