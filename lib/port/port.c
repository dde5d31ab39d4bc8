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

#include "bitmap.h"
#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "hash.h"
#include "mem/mp-holder.h"
#include "openvswitch/poll-loop.h"
#include "port/port-class.h"
#include "port/port-reconf.h"
#include "port/port-sample.h"
#include "port/tx-hash.h"
#include "qos/qos.h"
#include "seq.h"
#include "util.h"

#define this_module log_netdev_dpdk

enum {
    STEERED = 32,               /* frames steered by hash at once */
    SENT = UINT16_MAX,          /* in the place of a queue */
};

/* One row per port type. */
static const struct port_class *const classes[] = {
    &ethdev_class,
    &vhost_server_class,
    &vhost_client_class,
    &internal_class,
    &system_class,
    &tap_class,
    &patch_class,
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

/* The lowest number from 1 on that no port has. */
static uint32_t
free_dp_no(void)
{
    size_t n = hmap_count(&ports) + 2;
    unsigned long int *used = bitmap_allocate(n);
    struct port *p;
    size_t no;

    HMAP_FOR_EACH (p, node, &ports) {
        if (p->dp_no < n) {
            bitmap_set1(used, p->dp_no);
        }
    }
    no = bitmap_scan(used, false, 1, n);
    bitmap_free(used);
    return (uint32_t) no;
}

void
port_register(struct port *p)
{
    p->dp_no = p->class->logical ? 0 : free_dp_no();
    p->mark = mp_holder_add(p->name);
    p->marks = !p->class->copies;
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
    p->change_seq = ++change_seq;
}

void
port_set_remark(struct port *p, char *text)
{
    if (nullable_string_is_equal(p->remark, text)) {
        free(text);
        return;
    }
    if (text) {
        VLOG_WARN("%s", text);
    }
    free(p->remark);
    p->remark = text;
    port_changed(p);
}

uint64_t
port_change_seq(void)
{
    return change_seq;
}

/* May the class ask the device?  Not while a sampling thread is with it.
 * True: to be followed by leave_device(). */
static bool
enter_device(struct port *p)
{
    return !p->class->device_calls || port_sample_try(p);
}

static void
leave_device(struct port *p)
{
    if (p->class->device_calls) {
        port_sample_release(p);
    }
}

/* A port whose device is being asked has its turn when that is done. */
static void
run_one(struct port *p, void *aux OVS_UNUSED)
{
    bool due;

    if (!p->class->run || !enter_device(p)) {
        return;
    }
    due = p->class->run(p);
    leave_device(p);
    if (due) {
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
        port_sample_run();
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
        port_sample_wait();
    }
}

int
port_set_admin_state(struct port *p, bool up, char **errp)
{
    int error;

    port_sample_hold(p);
    error = p->class->set_link ? p->class->set_link(p, up) : 0;
    port_sample_release(p);
    if (error && error != -ENOTSUP) {
        /* (Some drivers return -1 for anything.) */
        *errp = xasprintf("%s: could not set the link %s: %s", p->name,
                          up ? "up" : "down",
                          error == -1 ? "refused by its driver"
                          : ovs_strerror(-error));
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
port_stat_increase(struct port_stats *s, const char *name, uint64_t n)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!strcmp(s->v[i].name, name)) {
            s->v[i].value += (int64_t) n;
            return;
        }
    }
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
        port_sample_add(p, stats);
    }
    port_qos_add_stats(p, stats);
}

/* Takes note of link and status, for the time that a sampling thread is with
 * the device. */
void
port_remember(struct port *p)
{
    struct port_link link;
    struct smap status;

    if (p->class->device_calls) {
        port_get_link(p, &link);
        port_get_status(p, &status);
        smap_destroy(&status);
    }
}

void
port_get_status(struct port *p, struct smap *status)
{
    if (!enter_device(p)) {
        smap_clone(status, &p->status);
        port_sample_ask(p, true);       /* and then it is shown anew */
        return;
    }
    smap_init(status);
    if (p->class->get_status) {
        p->class->get_status(p, status);
    }
    if (p->class->pmd && p->running.n_txq) {
        smap_add(status, "tx_steering",
                 p->wanted.tx_steering == CFG_TX_HASH ? "hash" : "thread");
        if (port_txq_shared(p)) {
            smap_add(status, "txq_shared", "true");
        }
    }
    if (p->class->device_calls) {
        smap_destroy(&p->status);
        smap_clone(&p->status, status);
    }
    leave_device(p);
}

void
port_get_link(struct port *p, struct port_link *link)
{
    if (!enter_device(p)) {
        *link = p->link;
        link->admin_up = p->admin_up;
        port_sample_ask(p, true);
        return;
    }
    memset(link, 0, sizeof *link);
    link->duplex = -1;
    link->mtu = p->running.mtu;
    link->admin_up = p->admin_up;
    if (p->class->get_link) {
        p->class->get_link(p, link);
    }
    p->link = *link;
    leave_device(p);
}

uint32_t
port_mtu(const struct port *p)
{
    struct port_link link = { .mtu = 0 };

    if (!p->class->pmd && p->class->get_link) {
        p->class->get_link(p, &link);
    }
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

uint16_t
port_police_tx(struct port *p, struct rte_mbuf **m, uint16_t n)
{
    return limit(&p->tx_qos, m, n);
}

void
port_set_senders(unsigned int n)
{
    atomic_store_explicit(&n_senders, n, memory_order_relaxed);
}

bool
port_txq_shared(const struct port *p)
{
    unsigned int n = atomic_load_explicit(&n_senders, memory_order_relaxed);

    return n > 1 && (p->wanted.tx_steering == CFG_TX_HASH
                     || n > p->running.n_txq);
}

void
port_set_txqs(struct port *p, uint16_t n)
{
    bool hash = atomic_load_explicit(&p->tx_by_hash, memory_order_relaxed);

    atomic_store_explicit(&p->txq_count, n, memory_order_release);
    atomic_store_explicit(&p->txq_own, hash ? 0 : n, memory_order_release);
}

void
port_steer(struct port *p)
{
    bool hash = p->wanted.tx_steering == CFG_TX_HASH;

    if (hash != atomic_load_explicit(&p->tx_by_hash, memory_order_relaxed)) {
        /* No sender counts on a queue of its own while another may use it. */
        atomic_store_explicit(&p->txq_own, 0, memory_order_relaxed);
        rcu_synchronize();
        atomic_store_explicit(&p->tx_by_hash, hash, memory_order_relaxed);
        rcu_synchronize();
        port_set_txqs(p, atomic_load_explicit(&p->txq_count,
                                              memory_order_relaxed));
    }
}

static void
drop_all(struct port *p, unsigned int thread, struct rte_mbuf **m, uint16_t n)
{
    p->txc[thread % PORT_MAX_TXQ].dropped += n;
    rte_pktmbuf_free_bulk(m, n);
}

/* Returns how many of the frames the port may send, marked as its; the others
 * are gone. */
static inline uint16_t
admit(struct port *p, struct rte_mbuf **m, uint16_t n)
{
    n = limit(&p->tx_qos, m, n);
    if (p->marks) {
        mp_holder_mark(m, n, p->mark);
    }
    return n;
}

static void
tx_locked(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    rte_spinlock_lock(&p->txqs[q].lock);
    p->class->tx(p, q, m, n);
    rte_spinlock_unlock(&p->txqs[q].lock);
}

/* Sends each frame on the queue of its flow, of `count`; frames of one queue
 * in their order. */
static void
tx_by_hash(struct port *p, uint16_t count, struct rte_mbuf **m, uint16_t n)
{
    struct rte_mbuf *batch[STEERED];
    uint16_t queues[STEERED];

    for (uint16_t done = 0; done < n; ) {
        uint16_t round = (uint16_t) MIN(n - done, STEERED);
        uint16_t left = round;

        for (uint16_t i = 0; i < round; i++) {
            queues[i] = tx_hash_queue(tx_hash(m[done + i]), count);
        }
        for (uint16_t first = 0; left; first++) {
            uint16_t q = queues[first];
            uint16_t k = 0;

            if (q == SENT) {
                continue;
            }
            for (uint16_t i = first; i < round; i++) {
                if (queues[i] == q) {
                    batch[k++] = m[done + i];
                    queues[i] = SENT;
                }
            }
            tx_locked(p, q, batch, k);
            left = (uint16_t) (left - k);
        }
        done = (uint16_t) (done + round);
    }
}

/* As port_tx(), where senders share queues or nothing is sent.  Apart, so
 * that port_tx() stays short. */
static __rte_noinline void
tx_shared(struct port *p, unsigned int thread, struct rte_mbuf **m,
          uint16_t n)
{
    uint16_t count = atomic_load_explicit(&p->txq_count,
                                          memory_order_acquire);

    if (!count || !is_up(p)) {
        drop_all(p, thread, m, n);
        return;
    }
    n = admit(p, m, n);
    if (!n) {
        return;
    }
    if (count > 1
        && atomic_load_explicit(&p->tx_by_hash, memory_order_relaxed)) {
        tx_by_hash(p, count, m, n);
    } else {
        tx_locked(p, (uint16_t) (thread % count), m, n);
    }
}

void
port_tx(struct port *p, unsigned int thread, struct rte_mbuf **m, uint16_t n)
{
    unsigned int own = atomic_load_explicit(&p->txq_own,
                                            memory_order_acquire);

    if (OVS_LIKELY(thread < own
                   && atomic_load_explicit(&n_senders, memory_order_relaxed)
                      <= own
                   && is_up(p))) {
        n = admit(p, m, n);
        if (OVS_LIKELY(n)) {
            p->class->tx(p, (uint16_t) thread, m, n);
        }
    } else {
        tx_shared(p, thread, m, n);
    }
}
