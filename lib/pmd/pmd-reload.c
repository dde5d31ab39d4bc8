/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-reload.c: builds and publishes poll lists; the contract is in
 * pmd-reload.h.
 *
 * The main thread keeps a table of all queues of published ports, each with
 * the thread that has it.  A list is made from the table whenever a thread's
 * part of it changed.
 */
#include <config.h>
#include "pmd/pmd-reload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-perf.h"
#include "pmd/rxq-assign.h"
#include "port/port.h"
#include "switch/forward.h"
#include "util.h"

#define this_module log_dpif_netdev

struct rxq {
    struct port *port;
    struct rxq_perf *perf;
    struct pmd_thread *owner;   /* whose list has it, or NULL */
    struct pmd_thread *next;    /* who shall have it */
    uint64_t load;              /* at the last plan; cycles */
    int pin;                    /* core that the user named; -1: none */
    uint16_t queue;
    bool pinned;                /* with `next`: to that core */
    bool remote;                /* with `next`: on another NUMA node */
    bool gone;                  /* its port has it no more */
    bool told;                  /* why `pin` is not heeded, or why no thread
                                 * polls it */
};

/* Published ports, in order of name, and their queues, likewise. */
static struct port **ports;
static size_t n_ports;
static struct rxq **rxqs;
static size_t n_rxqs;

/* Replaced lists, to be freed after a grace period. */
static struct poll_list **replaced;
static size_t n_replaced;

struct poll_list *
poll_list_create(struct forward_ctx *forward, size_t n)
{
    struct poll_list *list = xmalloc(sizeof *list + n * sizeof *list->rxqs);

    list->forward = forward;
    list->n = n;
    return list;
}

/* Makes the thread's list anew from the table and publishes it. */
static void
publish(struct pmd_thread *t)
{
    struct poll_list *old = atomic_load_explicit(&t->list,
                                                 memory_order_relaxed);
    struct poll_list *list;
    size_t n = 0;

    for (size_t i = 0; i < n_rxqs; i++) {
        n += rxqs[i]->owner == t;
    }
    list = poll_list_create(t->forward, n);
    n = 0;
    for (size_t i = 0; i < n_rxqs; i++) {
        if (rxqs[i]->owner == t) {
            list->rxqs[n++] = (struct poll_rxq) {
                .port = rxqs[i]->port,
                .perf = rxqs[i]->perf,
                .queue = rxqs[i]->queue,
            };
        }
    }
    atomic_store_explicit(&t->list, list, memory_order_release);
    if (!old->n) {
        sem_post(&t->wake);
    }
    replaced = xrealloc(replaced, (n_replaced + 1) * sizeof *replaced);
    replaced[n_replaced++] = old;
}

static void
grace_period(void)
{
    rcu_synchronize();
    for (size_t i = 0; i < n_replaced; i++) {
        free(replaced[i]);
    }
    free(replaced);
    replaced = NULL;
    n_replaced = 0;
}

/* Takes every queue from the thread that shall not have it any more.  Was
 * there any?  Then a grace period has passed. */
static bool
withdraw(void)
{
    bool any = false;

    for (size_t i = 0; i < n_rxqs; i++) {
        struct pmd_thread *t = rxqs[i]->owner;

        if (!t || t == rxqs[i]->next) {
            continue;
        }
        /* All of this thread's at once: one list. */
        for (size_t j = i; j < n_rxqs; j++) {
            if (rxqs[j]->owner == t && rxqs[j]->next != t) {
                rxqs[j]->owner = NULL;
            }
        }
        publish(t);
        any = true;
    }
    if (any) {
        grace_period();
    }
    return any;
}

static void
log_given(const struct rxq *rxq)
{
    if (rxq->remote) {
        VLOG_WARN("No PMD thread runs on numa node %d: port '%s' rx queue %u "
                  "is polled from numa node %d.", rxq->port->running.socket,
                  rxq->port->name, rxq->queue, rxq->next->node);
    }
    VLOG_INFO("Core %2d on numa node %d %s port '%s' rx queue %u (measured "
              "processing cycles %"PRIu64").", rxq->next->core,
              rxq->next->node, rxq->pinned ? "is pinned with" : "assigned",
              rxq->port->name, rxq->queue, rxq->load);
}

/* Says, once, what the user would not expect. */
static void
tell(struct rxq *rxq, bool any_thread)
{
    bool odd = any_thread && (!rxq->next || (rxq->pin >= 0 && !rxq->pinned));

    if (odd && !rxq->told && rxq->pin >= 0) {
        VLOG_WARN("port '%s' rx queue %u: pmd-rxq-affinity names core %d, "
                  "which has no PMD thread: %s", rxq->port->name, rxq->queue,
                  rxq->pin, rxq->next ? "another polls it"
                  : "the others are isolated, so none polls it");
    } else if (odd && !rxq->told) {
        VLOG_WARN("port '%s' rx queue %u: no thread polls it: all are "
                  "isolated by pmd-rxq-affinity", rxq->port->name,
                  rxq->queue);
    }
    rxq->told = odd;
}

/* Gives every queue that nobody has to the thread that shall have it. */
static void
give(enum cfg_rxq_assign how)
{
    bool any = false;

    for (size_t i = 0; i < n_rxqs; i++) {
        if (rxqs[i]->next && !rxqs[i]->owner) {
            if (!any) {
                VLOG_INFO("Performing pmd to rx queue assignment using %s "
                          "algorithm.", rxq_assign_name(how));
            }
            log_given(rxqs[i]);
            any = true;
        }
    }
    if (!any) {
        return;
    }
    for (size_t i = 0; i < n_rxqs; i++) {
        struct pmd_thread *t = rxqs[i]->next;

        if (!t || rxqs[i]->owner) {
            continue;
        }
        for (size_t j = i; j < n_rxqs; j++) {
            if (rxqs[j]->next == t) {
                rxqs[j]->owner = t;
            }
        }
        publish(t);
    }
    grace_period();
}

static struct rxq *
rxq_create(struct port *port, uint16_t queue)
{
    struct rxq *rxq = xzalloc(sizeof *rxq);

    rxq->port = port;
    rxq->queue = queue;
    rxq->pin = -1;
    rxq->perf = xzalloc_cacheline(sizeof *rxq->perf);
    return rxq;
}

static void
rxq_destroy(struct rxq *rxq)
{
    free_cacheline(rxq->perf);
    free(rxq);
}

/* Adds what ports have more to the table and marks what they have less. */
static void
extend_table(void)
{
    struct rxq **table;
    size_t room = n_rxqs, n = 0, old = 0;

    for (size_t i = 0; i < n_ports; i++) {
        room += port_rx_queues(ports[i]);
    }
    table = xmalloc(MAX(room, 1) * sizeof *table);
    for (size_t i = 0; i < n_ports; i++) {
        uint16_t wanted = port_rx_queues(ports[i]);
        uint16_t q = 0;

        for (; old < n_rxqs && rxqs[old]->port == ports[i]; q++) {
            rxqs[old]->gone = q >= wanted;
            table[n++] = rxqs[old++];
        }
        for (; q < wanted; q++) {
            table[n++] = rxq_create(ports[i], q);
        }
    }
    ovs_assert(old == n_rxqs);
    free(rxqs);
    rxqs = table;
    n_rxqs = n;
}

static void
drop_gone(void)
{
    size_t n = 0;

    for (size_t i = 0; i < n_rxqs; i++) {
        if (rxqs[i]->gone) {
            rxq_destroy(rxqs[i]);
        } else {
            rxqs[n++] = rxqs[i];
        }
    }
    n_rxqs = n;
}

/* What the queue cost over the last minute. */
static uint64_t
load_of(const struct rxq *rxq)
{
    return perf_history_sum(&rxq->perf->history, perf_interval(rte_rdtsc()),
                            PERF_INTERVALS);
}

/* The request for all queues that are not gone.  free_request() frees it. */
static struct rxq_assign_request
make_request(struct pmd_thread *const *threads, size_t n,
             const struct rxq_assign_policy *policy, bool stay)
{
    struct rxq_assign_thread *t = xcalloc(MAX(n, 1), sizeof *t);
    struct rxq_assign_queue *q = xcalloc(MAX(n_rxqs, 1), sizeof *q);
    struct rxq_assign_request request = {
        .policy = *policy,
        .threads = t,
        .n_threads = n,
        .queues = q,
    };

    for (size_t i = 0; i < n; i++) {
        t[i].core = threads[i]->core;
        t[i].node = threads[i]->node;
    }
    for (size_t i = 0; i < n_rxqs; i++) {
        struct rxq *rxq = rxqs[i];

        rxq->load = load_of(rxq);
        rxq->pin = cfg_affinity_core(rxq->port->wanted.rxq_affinity,
                                     rxq->queue);
        if (!rxq->gone) {
            q[request.n_queues++] = (struct rxq_assign_queue) {
                .port = rxq->port->name,
                .queue = rxq->queue,
                .node = rxq->port->running.socket,
                .pin = rxq->pin,
                .stay = stay && rxq->owner ? rxq->owner->core : -1,
                .load = rxq->load,
            };
        }
    }
    return request;
}

static void
free_request(struct rxq_assign_request *request)
{
    free(request->threads);
    free(CONST_CAST(struct rxq_assign_queue *, request->queues));
}

/* Decides `next` of each queue. */
static void
plan(struct pmd_thread *const *threads, size_t n,
     const struct rxq_assign_policy *policy, bool stay)
{
    struct rxq_assign_request request = make_request(threads, n, policy,
                                                     stay);
    struct rxq_assign_place *places = xcalloc(MAX(n_rxqs, 1), sizeof *places);

    rxq_assign(&request, places);
    for (size_t i = 0, j = 0; i < n_rxqs; i++) {
        const struct rxq_assign_place *place;

        rxqs[i]->next = NULL;
        if (!rxqs[i]->gone) {
            place = &places[j++];
            rxqs[i]->next = place->thread < 0 ? NULL : threads[place->thread];
            rxqs[i]->remote = place->remote;
            rxqs[i]->pinned = place->pinned;
            tell(rxqs[i], n > 0);
        }
    }
    for (size_t i = 0; i < n; i++) {
        threads[i]->isolated = request.threads[i].isolated;
    }
    free(places);
    free_request(&request);
}

void
reload_assign(struct pmd_thread *const *threads, size_t n,
              const struct rxq_assign_policy *policy, bool stay)
{
    extend_table();
    plan(threads, n, policy, stay);
    withdraw();
    drop_gone();
    give(policy->how);
}

size_t
reload_estimate(struct pmd_thread *const *threads, size_t n,
                const struct rxq_assign_policy *policy, uint64_t *now,
                uint64_t *then)
{
    struct rxq_assign_request request = make_request(threads, n, policy,
                                                     false);
    struct rxq_assign_place *places = xcalloc(MAX(n_rxqs, 1), sizeof *places);
    bool remote = false, moves = false;
    size_t n_loads = 0;

    rxq_assign(&request, places);
    for (size_t i = 0; i < n_rxqs; i++) {
        int t = places[i].thread;

        remote |= rxqs[i]->remote || places[i].remote;
        moves |= rxqs[i]->owner != (t < 0 ? NULL : threads[t]);
    }
    for (size_t i = 0; i < n && moves && !remote; i++) {
        if (!request.threads[i].isolated) {
            now[n_loads] = 0;
            for (size_t j = 0; j < n_rxqs; j++) {
                now[n_loads] += (rxqs[j]->owner == threads[i]
                                 ? rxqs[j]->load : 0);
            }
            then[n_loads++] = request.threads[i].load;
        }
    }
    free(places);
    free_request(&request);
    return n_loads;
}

/* The port's index, or where it would stand. */
static size_t
find_port(const struct port *port)
{
    size_t i = 0;

    while (i < n_ports && strcmp(ports[i]->name, port->name) < 0) {
        i++;
    }
    return i;
}

void
reload_add_port(struct port *port)
{
    size_t i = find_port(port);

    if (i < n_ports && ports[i] == port) {
        return;
    }
    ports = xrealloc(ports, (n_ports + 1) * sizeof *ports);
    memmove(&ports[i + 1], &ports[i], (n_ports - i) * sizeof *ports);
    ports[i] = port;
    n_ports++;
}

void
reload_remove_port(struct port *port)
{
    size_t i = find_port(port);
    bool waited = false;

    if (i < n_ports && ports[i] == port) {
        for (size_t j = 0; j < n_rxqs; j++) {
            rxqs[j]->gone = rxqs[j]->port == port;
            rxqs[j]->next = rxqs[j]->gone ? NULL : rxqs[j]->owner;
        }
        waited = withdraw();
        drop_gone();
        n_ports--;
        memmove(&ports[i], &ports[i + 1], (n_ports - i) * sizeof *ports);
    }
    if (!waited) {
        grace_period();
    }
}

void
reload_renumber(struct pmd_thread *t, unsigned int sender)
{
    struct forward_ctx *old = t->forward;
    struct forward_stats stats;

    t->sender = sender;
    t->forward = forward_ctx_create(sender);
    publish(t);
    grace_period();

    forward_ctx_stats(old, &stats);
    t->past_tx_packets += stats.tx_packets;
    t->past_tx_batches += stats.tx_batches;
    forward_ctx_destroy(old);
}
