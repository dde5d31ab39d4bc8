/* SPDX-License-Identifier: Apache-2.0
 *
 * port.c: the registry of ports, and how packet threads reach them.
 *
 * How a port comes up, changes and goes is port-reconf.c's.
 */
#include <config.h>
#include "port/port.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "mem/mp-holder.h"
#include "openvswitch/poll-loop.h"
#include "port/port-class.h"
#include "port/port-reconf.h"
#include "qos/qos.h"
#include "seq.h"
#include "util.h"

/* One row per port type. */
static const struct port_class *const classes[] = {
    &ethdev_class,
    &vhost_server_class,
    &vhost_client_class,
    &internal_class,
};

const char *const port_size_names[7] = {
    "1_to_64", "65_to_127", "128_to_255", "256_to_511", "512_to_1023",
    "1024_to_1522", "1523_to_max",
};

static struct hmap ports = HMAP_INITIALIZER(&ports);
static struct seq *events;      /* library threads -> main loop */
static uint64_t events_seen;
static uint64_t change_seq;
static _Atomic(unsigned int) n_senders; /* written by main */

void
port_init(const struct port_hooks *hooks)
{
    if (!events) {
        events = seq_create();
        events_seen = seq_read(events);
    }
    port_reconf_init(hooks);
}

static const struct port_class *
class_of(enum cfg_type kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        if (classes[i]->kind == kind) {
            return classes[i];
        }
    }
    OVS_NOT_REACHED();
}

struct port *
port_create(enum cfg_type kind, const char *name,
            const struct cfg_settings *set, unsigned int n_txq, char **errp)
{
    return port_create_with_class(class_of(kind), name, set, n_txq, errp);
}

void
port_register(struct port *p)
{
    uint32_t no = 1;

    for (struct port *q; ; no++) {
        bool used = false;

        HMAP_FOR_EACH (q, node, &ports) {
            used |= q->dp_no == no;
        }
        if (!used) {
            break;
        }
    }
    p->dp_no = no;
    p->mark = mp_holder_add(p->name);
    hmap_insert(&ports, &p->node, hash_string(p->name, 0));
}

void
port_unregister(struct port *p)
{
    hmap_remove(&ports, &p->node);
    mp_holder_remove(p->mark);
}

struct port *
port_find(const char *name)
{
    struct port *p;

    HMAP_FOR_EACH_WITH_HASH (p, node, hash_string(name, 0), &ports) {
        if (!strcmp(p->name, name)) {
            return p;
        }
    }
    return NULL;
}

size_t
port_count(void)
{
    return hmap_count(&ports);
}

static int
compare_names(const void *a_, const void *b_)
{
    const struct port *const *a = a_, *const *b = b_;

    return strcmp((*a)->name, (*b)->name);
}

void
port_for_each(void (*cb)(struct port *, void *aux), void *aux)
{
    size_t n = hmap_count(&ports), i = 0;
    struct port **v = xmalloc(MAX(n, 1) * sizeof *v);
    struct port *p;

    HMAP_FOR_EACH (p, node, &ports) {
        v[i++] = p;
    }
    qsort(v, n, sizeof *v, compare_names);
    for (i = 0; i < n; i++) {
        cb(v[i], aux);
    }
    free(v);
}

void
port_notify(void)
{
    if (events) {
        seq_change(events);
    }
}

void
port_changed(struct port *p)
{
    p->change_seq++;
    change_seq++;
}

uint64_t
port_change_seq(void)
{
    return change_seq;
}

static void
run_one(struct port *p, void *aux OVS_UNUSED)
{
    if (p->class->run && p->class->run(p)) {
        char *error = NULL;

        port_reconfigure(p, &error);
        port_changed(p);
        free(error);
    }
}

void
port_run(void)
{
    if (events) {
        events_seen = seq_read(events);
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
            if (classes[i]->run_class) {
                classes[i]->run_class();
            }
        }
        port_for_each(run_one, NULL);
    }
}

void
port_wait(void)
{
    if (events) {
        seq_wait(events, events_seen);
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
            if (classes[i]->wait_class) {
                classes[i]->wait_class();
            }
        }
    }
}

int
port_set_admin_state(struct port *p, bool up, char **errp)
{
    int error = p->class->set_link ? p->class->set_link(p, up) : 0;

    if (error && error != -ENOTSUP) {
        *errp = xasprintf("%s: could not set the link %s: %s", p->name,
                          up ? "up" : "down", ovs_strerror(-error));
        return error;
    }
    atomic_store_explicit(&p->admin_up, up, memory_order_relaxed);
    port_changed(p);
    return 0;
}

bool
port_is_pmd(const struct port *p)
{
    return p->class->pmd;
}

enum cfg_type
port_kind(const struct port *p)
{
    return p->class->kind;
}

uint16_t
port_rx_queues(const struct port *p)
{
    return p->running.n_rxq;
}

void
port_stat_add(struct port_stats *s, const char *name, uint64_t value)
{
    if (s->n == s->allocated) {
        s->v = x2nrealloc(s->v, &s->allocated, sizeof *s->v);
    }
    s->v[s->n].name = name;
    s->v[s->n].owned = NULL;
    s->v[s->n++].value = (int64_t) value;
}

void
port_stat_addf(struct port_stats *s, uint64_t value, const char *fmt, ...)
{
    va_list args;

    port_stat_add(s, NULL, value);
    va_start(args, fmt);
    s->v[s->n - 1].owned = xvasprintf(fmt, args);
    va_end(args);
    s->v[s->n - 1].name = s->v[s->n - 1].owned;
}

void
port_stats_destroy(struct port_stats *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->v[i].owned);
    }
    free(s->v);
    memset(s, 0, sizeof *s);
}

void
port_get_stats(struct port *p, struct port_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    if (p->class->get_stats) {
        p->class->get_stats(p, stats);
    }
    port_qos_add_stats(p, stats);
}

void
port_get_status(const struct port *p, struct smap *status)
{
    smap_init(status);
    if (p->class->get_status) {
        p->class->get_status(p, status);
    }
}

void
port_get_link(const struct port *p, struct port_link *link)
{
    memset(link, 0, sizeof *link);
    link->duplex = -1;
    link->mtu = p->running.mtu;
    link->admin_up = p->admin_up;
    if (p->class->get_link) {
        p->class->get_link(p, link);
    }
}

uint32_t
port_mtu(const struct port *p)
{
    struct port_link link;

    if (p->class->pmd) {
        return p->running.mtu;
    }
    port_get_link(p, &link);
    return link.mtu ? link.mtu : p->running.mtu;
}

char *
port_describe(const struct port *p)
{
    return (p->class->describe ? p->class->describe(p)
            : xstrdup(p->class->type));
}

static bool
is_up(struct port *p)
{
    return OVS_LIKELY(atomic_load_explicit(&p->admin_up,
                                           memory_order_relaxed));
}

/* Returns how many of `n` frames may pass; the others are gone. */
static inline uint16_t
limit(struct port_qos *qos, struct rte_mbuf **m, uint16_t n)
{
    struct qos *q = atomic_load_explicit(&qos->limit, memory_order_acquire);
    uint16_t passed;

    if (OVS_LIKELY(!q)) {
        return n;
    }
    passed = qos_run(q, m, NULL, n);
    if (passed < n) {
        atomic_fetch_add_explicit(&qos->drops, (uint64_t) (n - passed),
                                  memory_order_relaxed);
    }
    return passed;
}

uint16_t
port_rx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t max)
{
    if (!is_up(p)) {
        return 0;
    }
    return p->class->rx(p, q, m, max);
}

uint16_t
port_police(struct port *p, struct rte_mbuf **m, uint16_t n)
{
    return limit(&p->rx_qos, m, n);
}

uint32_t
port_rx_waiting(struct port *p, uint16_t q)
{
    return p->class->rx_waiting ? p->class->rx_waiting(p, q) : 0;
}

void
port_set_senders(unsigned int n)
{
    atomic_store_explicit(&n_senders, n, memory_order_relaxed);
}

bool
port_txq_shared(const struct port *p)
{
    return atomic_load_explicit(&n_senders, memory_order_relaxed)
        > p->running.n_txq;
}

static void
drop_all(struct port *p, unsigned int thread, struct rte_mbuf **m, uint16_t n)
{
    p->txc[thread % PORT_MAX_TXQ].dropped += n;
    rte_pktmbuf_free_bulk(m, n);
}

void
port_tx(struct port *p, unsigned int thread, struct rte_mbuf **m, uint16_t n)
{
    uint16_t count = atomic_load_explicit(&p->txq_count,
                                          memory_order_acquire);
    uint16_t q;

    if (OVS_UNLIKELY(!count) || !is_up(p)) {
        drop_all(p, thread, m, n);
        return;
    }
    n = limit(&p->tx_qos, m, n);
    if (OVS_UNLIKELY(!n)) {
        return;
    }
    mp_holder_mark(m, n, p->mark);
    q = (uint16_t) (thread < count ? thread : thread % count);
    if (atomic_load_explicit(&n_senders, memory_order_relaxed) <= count) {
        p->class->tx(p, q, m, n);
        return;
    }
    rte_spinlock_lock(&p->txqs[q].lock);
    p->class->tx(p, q, m, n);
    rte_spinlock_unlock(&p->txqs[q].lock);
}
