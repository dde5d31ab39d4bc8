/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan.c: which pools would ports have, how large, and while a change is
 * made?
 */
#include <config.h>
#include "mem/mp-plan.h"

#include <stdlib.h>
#include <string.h>

#include "mem/mp-bytes.h"
#include "mem/mp-sim.h"
#include "mem/mp-size.h"
#include "util.h"

static const char *const kind_names[MP_PLAN_N_KINDS] = {
    [MP_PLAN_SHARED_FIXED] = "shared-fixed",
    [MP_PLAN_PER_PORT_FIXED] = "per-port-fixed",
    [MP_PLAN_SHARED_ELASTIC] = "shared-elastic",
    [MP_PLAN_PER_PORT_ELASTIC] = "per-port-elastic",
};

const char *
mp_plan_kind_name(enum mp_plan_kind kind)
{
    return kind_names[kind];
}

enum mp_plan_kind
mp_plan_kind_from_name(const char *name)
{
    int kind = 0;

    while (kind < MP_PLAN_N_KINDS && strcmp(name, kind_names[kind])) {
        kind++;
    }
    return (enum mp_plan_kind) kind;
}

enum mp_plan_kind
mp_plan_kind_of(bool per_port, bool elastic)
{
    return (elastic
            ? (per_port ? MP_PLAN_PER_PORT_ELASTIC : MP_PLAN_SHARED_ELASTIC)
            : per_port ? MP_PLAN_PER_PORT_FIXED : MP_PLAN_SHARED_FIXED);
}

static struct mp_model
model_of(enum mp_plan_kind kind, const struct mp_plan_in *in)
{
    return (struct mp_model) {
        .per_port = (kind == MP_PLAN_PER_PORT_FIXED
                     || kind == MP_PLAN_PER_PORT_ELASTIC),
        .elastic = (kind == MP_PLAN_SHARED_ELASTIC
                    || kind == MP_PLAN_PER_PORT_ELASTIC),
        .max_mbufs = in->max_mbufs,
        .shared_sizes = in->shared_sizes,
        .n_shared_sizes = in->n_shared_sizes,
    };
}

static uint64_t
pool_bytes(const struct mp_sim_pool *pool)
{
    struct mp_bytes b;

    mp_bytes_of_pool(pool->mtu, pool->room, pool->mbufs, &b);
    return mp_bytes_sum(&b);
}

/* 1 GB pages are counted by finish_use(), when all is added up: pools share
 * them. */
static void
add_use(struct mp_plan_use *use, const struct mp_sim_pool *pool)
{
    uint64_t bytes = pool_bytes(pool);

    use->bytes += bytes;
    use->pages_2m += mp_bytes_pages(bytes, MP_PAGE_2M);
}

static void
finish_use(struct mp_plan_use *use)
{
    use->pages_1g = mp_bytes_pages(use->bytes, MP_PAGE_1G);
}

static struct mp_plan_use
use_of_socket(const struct mp_sim *sim, int socket)
{
    struct mp_plan_use use = { .bytes = 0 };

    for (size_t i = 0; i < sim->n_pools; i++) {
        if (sim->pools[i].n_ports && sim->pools[i].socket == socket) {
            add_use(&use, &sim->pools[i]);
        }
    }
    return use;
}

/* Sockets. */

static int
compare_sockets(const void *a_, const void *b_)
{
    const struct mp_plan_socket *a = a_, *b = b_;

    return a->socket < b->socket ? -1 : a->socket > b->socket;
}

static bool
has_socket(const struct mp_plan_model *m, int socket)
{
    for (size_t i = 0; i < m->n_sockets; i++) {
        if (m->sockets[i].socket == socket) {
            return true;
        }
    }
    return false;
}

static void
add_sockets(struct mp_plan_model *m, const struct mp_plan_in *in)
{
    m->sockets = xrealloc(m->sockets, ((m->n_sockets + in->n_ports)
                                       * sizeof *m->sockets));
    for (size_t i = 0; i < in->n_ports; i++) {
        int socket = in->ports[i].req.socket;

        if (!has_socket(m, socket)) {
            m->sockets[m->n_sockets++] = (struct mp_plan_socket) {
                .socket = socket,
            };
        }
    }
    if (m->n_sockets) {
        qsort(m->sockets, m->n_sockets, sizeof *m->sockets, compare_sockets);
    }
}

static void
note_peak(struct mp_plan_socket *s, const struct mp_plan_use *use,
          const char *port)
{
    if (!s->peak_port || use->bytes > s->peak.bytes) {
        s->peak = *use;
        free(s->peak_port);
        s->peak_port = xstrdup(port);
    }
}

/* The pools that there are when all is done. */

static int
compare_pools(const void *a_, const void *b_)
{
    const struct mp_plan_pool *a = a_, *b = b_;
    int mtus = (a->adjusted_mtu < b->adjusted_mtu ? -1
                : a->adjusted_mtu > b->adjusted_mtu);
    int groups = strcmp(a->group, b->group);

    if (a->socket != b->socket) {
        return a->socket < b->socket ? -1 : 1;
    } else if (a->own != b->own) {
        return a->own ? 1 : -1;
    } else if (!a->own) {
        return groups ? groups : mtus;
    } else if (mtus) {
        return mtus;
    } else if (a->bytes != b->bytes) {
        return a->bytes < b->bytes ? -1 : 1;
    }
    return groups;
}

size_t
mp_plan_alike(const struct mp_plan_model *m, size_t first)
{
    const struct mp_plan_pool *a = &m->pools[first];
    size_t n = 1;

    while (a->own && first + n < m->n_pools) {
        const struct mp_plan_pool *b = &m->pools[first + n];

        if (!b->own || a->socket != b->socket
            || a->adjusted_mtu != b->adjusted_mtu || a->room != b->room
            || a->mbufs != b->mbufs) {
            break;
        }
        n++;
    }
    return n;
}

static void
list_pools(struct mp_plan_model *m, const struct mp_sim *sim)
{
    m->pools = xcalloc(MAX(sim->n_pools, 1), sizeof *m->pools);
    for (size_t i = 0; i < sim->n_pools; i++) {
        const struct mp_sim_pool *pool = &sim->pools[i];
        uint64_t bytes = pool_bytes(pool);

        if (pool->n_ports) {
            m->pools[m->n_pools++] = (struct mp_plan_pool) {
                .socket = pool->socket,
                .adjusted_mtu = pool->adjusted_mtu,
                .group = xstrdup(pool->group),
                .own = pool->own,
                .elastic = pool->elastic,
                .n_ports = pool->n_ports,
                .mbufs = pool->mbufs,
                .room = pool->room,
                .object_size = mp_object_size(pool->mtu),
                .bytes = bytes,
                .pages = mp_bytes_pages(bytes, MP_PAGE_2M),
            };
        }
    }
    qsort(m->pools, m->n_pools, sizeof *m->pools, compare_pools);
}

static void
finish_sockets(struct mp_plan_model *m, const struct mp_sim *sim)
{
    for (size_t i = 0; i < m->n_sockets; i++) {
        struct mp_plan_socket *s = &m->sockets[i];

        s->steady = use_of_socket(sim, s->socket);
        finish_use(&s->steady);
        finish_use(&s->peak);
        for (size_t j = 0; j < m->n_pools; j++) {
            if (m->pools[j].socket == s->socket) {
                s->n_pools++;
                s->mbufs += m->pools[j].mbufs;
            }
        }
    }
}

/* Do both ask for the same, but for their names? */
static bool
same(const struct mp_plan_port *a, const struct mp_plan_port *b)
{
    const struct mp_request *x = &a->req, *y = &b->req;

    return (nullable_string_is_equal(a->domain, b->domain)
            && nullable_string_is_equal(x->group, y->group)
            && x->socket == y->socket && x->mtu == y->mtu
            && x->n_rxq == y->n_rxq && x->n_txq == y->n_txq
            && x->rxq_size == y->rxq_size && x->txq_size == y->txq_size
            && x->n_mbufs == y->n_mbufs && x->elastic == y->elastic
            && x->holds.rx == y->holds.rx
            && x->holds.txq_size == y->holds.txq_size
            && x->holds.n_txq == y->holds.n_txq
            && x->holds.one_sender == y->holds.one_sender);
}

/* All ports as they come up, one after the other: the order makes no
 * difference to where that ends. */
static void
start(struct mp_sim *sim, const struct mp_plan_in *in)
{
    for (size_t i = 0; i < in->n_ports; i++) {
        mp_sim_take(sim, i, &in->ports[i]);
        mp_sim_settle(sim, i, &in->ports[i]);
    }
    mp_sim_fill(sim);
}

/* Each port in turn with another pool beside all that there are.  Of ports
 * that ask for the same, the first stands for those that follow it. */
static void
find_peak(const struct mp_sim *sim, const struct mp_plan_in *in,
          struct mp_plan_socket *s)
{
    struct mp_plan_use steady = use_of_socket(sim, s->socket);
    const struct mp_plan_port *last = NULL;

    for (size_t i = 0; i < in->n_ports; i++) {
        const struct mp_plan_port *p = &in->ports[i];

        if (p->req.socket == s->socket && (!last || !same(last, p))) {
            struct mp_plan_use use = steady;
            struct mp_sim_pool pool;

            mp_sim_another(sim, i, p, &pool);
            add_use(&use, &pool);
            note_peak(s, &use, p->req.port);
            last = p;
        }
    }
}

static void
plan_model(enum mp_plan_kind kind, const struct mp_plan_in *in,
           struct mp_plan_model *m)
{
    struct mp_model model = model_of(kind, in);
    struct mp_sim sim;

    mp_sim_init(&sim, &model, in->n_threads, in->n_ports);
    add_sockets(m, in);
    start(&sim, in);
    for (size_t i = 0; i < m->n_sockets; i++) {
        find_peak(&sim, in, &m->sockets[i]);
    }
    list_pools(m, &sim);
    finish_sockets(m, &sim);
    mp_sim_destroy(&sim);
}

/* The steps of a change, in the order in which the switch makes them: first
 * the threads, then port after port. */
static void
change_model(enum mp_plan_kind kind, const struct mp_plan_in *now,
             const struct mp_plan_in *then, struct mp_plan_model *m)
{
    struct mp_model model = model_of(kind, then);
    struct mp_sim sim;

    mp_sim_init(&sim, &model, now->n_threads, now->n_ports);
    add_sockets(m, now);
    add_sockets(m, then);
    start(&sim, now);
    sim.n_threads = then->n_threads;
    mp_sim_fill(&sim);
    for (size_t i = 0; i < then->n_ports; i++) {
        const struct mp_plan_port *p = &then->ports[i];

        ovs_assert(!strcmp(now->ports[i].req.port, p->req.port));
        mp_sim_take(&sim, i, p);
        mp_sim_fill(&sim);
        for (size_t j = 0; j < m->n_sockets; j++) {
            struct mp_plan_use use = use_of_socket(&sim,
                                                   m->sockets[j].socket);

            note_peak(&m->sockets[j], &use, p->req.port);
        }
        mp_sim_settle(&sim, i, p);
    }
    list_pools(m, &sim);
    finish_sockets(m, &sim);
    mp_sim_destroy(&sim);
}

void
mp_plan_make(const struct mp_plan_in *in, struct mp_plan *plan)
{
    *plan = (struct mp_plan) {
        .n_ports = in->n_ports, .n_threads = in->n_threads,
    };
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        plan_model((enum mp_plan_kind) kind, in, &plan->models[kind]);
    }
}

/* Do they agree in what is read once? */
static bool
same_start(const struct mp_plan_in *a, const struct mp_plan_in *b)
{
    if (a->max_mbufs != b->max_mbufs
        || a->n_shared_sizes != b->n_shared_sizes) {
        return false;
    }
    for (size_t i = 0; i < a->n_shared_sizes; i++) {
        if (a->shared_sizes[i].mtu != b->shared_sizes[i].mtu
            || a->shared_sizes[i].socket != b->shared_sizes[i].socket) {
            return false;
        }
    }
    return true;
}

void
mp_plan_change(const struct mp_plan_in *now, const struct mp_plan_in *then,
               struct mp_plan *plan)
{
    ovs_assert(now->n_ports == then->n_ports);
    if (!same_start(now, then)) {
        mp_plan_make(then, plan);
        return;
    }
    *plan = (struct mp_plan) {
        .n_ports = then->n_ports, .n_threads = then->n_threads,
    };
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        change_model((enum mp_plan_kind) kind, now, then,
                     &plan->models[kind]);
    }
}

void
mp_plan_destroy(struct mp_plan *plan)
{
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        struct mp_plan_model *m = &plan->models[kind];

        for (size_t i = 0; i < m->n_pools; i++) {
            free(m->pools[i].group);
        }
        for (size_t i = 0; i < m->n_sockets; i++) {
            free(m->sockets[i].peak_port);
        }
        free(m->pools);
        free(m->sockets);
    }
}
