/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-loop.c: what a PMD thread does between its start and its end.
 *
 * The thread polls the queues of its list, run to completion: each burst goes
 * through the switch before the next is taken.  It takes no lock, makes no
 * system call and writes nothing that another thread reads but its counters,
 * except where the switch sends to a device.  Its clock is the TSC; the second
 * that the FDB counts by is looked up once a millisecond.
 *
 * In RCU the thread is online while it polls and offline while it sleeps, be
 * it for want of queues or, where that is allowed, of frames.
 */
#include <config.h>
#include "pmd/pmd-loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "eal/rcu.h"
#include "mem/mempool.h"
#include "pmd/pmd-reload.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "switch/forward.h"
#include "util.h"

/* Files the counters if an interval has ended. */
static void
file_counters(struct pmd_perf *perf, const struct poll_list *list)
{
    uint64_t interval = perf_interval(perf->tsc);

    if (interval == perf->interval) {
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        rxq_perf_file(list->rxqs[i].perf, perf);
    }
    pmd_perf_file(perf, interval);
}

static void
sleep_without_queues(struct pmd_thread *t, int rcu)
{
    rcu_offline(rcu);
    mp_flush_lcore();
    while (sem_wait(&t->wake) && errno == EINTR) {
        continue;
    }
    pmd_perf_start(&t->perf);
    rcu_online(rcu);
}

/* An iteration in which no queue had this many frames was one with little to
 * do. */
enum { MUCH = PORT_BURST / 2 };

/* Polls each queue once.  Returns the most frames that one of them had. */
static inline uint16_t
poll_queues(struct pmd_perf *perf, struct pmd_metrics *metrics,
            const struct poll_list *list, uint32_t second)
{
    uint16_t most = 0;

    if (OVS_UNLIKELY(metrics)) {
        pmd_metrics_begin(metrics, perf->tsc);
    }
    for (size_t i = 0; i < list->n; i++) {
        const struct poll_rxq *rxq = &list->rxqs[i];
        struct rte_mbuf *frames[PMD_BURST];
        uint16_t n = port_rx(rxq->port, rxq->queue, frames, PMD_BURST);
        uint16_t passed = n ? port_police(rxq->port, frames, n) : 0;

        if (passed) {
            forward_burst(list->forward,
                          atomic_load_explicit(&rxq->port->ingress,
                                               memory_order_acquire),
                          frames, passed, second);
        }
        most = MAX(most, n);
        pmd_perf_polled(perf, rxq->perf, n);
        if (OVS_UNLIKELY(metrics) && n) {
            pmd_metrics_polled(metrics, n,
                               port_rx_waiting(rxq->port, rxq->queue));
        }
    }
    if (OVS_UNLIKELY(metrics)) {
        pmd_metrics_end(metrics, perf->tsc);
    }
    return most;
}

static void
nap(struct pmd_thread *t, int rcu, uint32_t us)
{
    struct timespec ts = { .tv_nsec = (long) us * 1000 };

    rcu_offline(rcu);
    nanosleep(&ts, NULL);
    rcu_online(rcu);
    pmd_perf_slept(&t->perf);
}

static void
poll_until_told(void *t_, int rcu)
{
    struct pmd_thread *t = t_;
    const uint64_t tick = rte_get_tsc_hz() / 1000;
    uint64_t next_tick = 0;
    uint32_t second = 0;
    uint32_t nap_us = 0;        /* grows while there is little to do */

    prctl(PR_SET_TIMERSLACK, 1UL);      /* a nap is no longer than it says */
    rcu_online(rcu);
    pmd_perf_start(&t->perf);
    for (;;) {
        const struct poll_list *list
            = atomic_load_explicit(&t->list, memory_order_acquire);
        uint32_t max_nap = atomic_load_explicit(&t->max_nap,
                                                memory_order_relaxed);
        uint16_t most;

        if (OVS_UNLIKELY(!list)) {
            break;
        }
        if (OVS_UNLIKELY(!list->n)) {
            sleep_without_queues(t, rcu);
            continue;
        }
        if (OVS_UNLIKELY(t->perf.tsc >= next_tick)) {
            next_tick = t->perf.tsc + tick;
            second = switch_now();
            file_counters(&t->perf, list);
        }
        most = poll_queues(&t->perf,
                           atomic_load_explicit(&t->metrics,
                                                memory_order_acquire),
                           list, second);
        pmd_perf_iterated(&t->perf, most);
        rcu_quiescent(rcu);
        if (OVS_UNLIKELY(max_nap)) {
            nap_us = most < MUCH ? MIN(nap_us + 1, max_nap) : 0;
            if (nap_us) {
                nap(t, rcu, nap_us);
            }
        }
    }
    rcu_offline(rcu);
}

void
pmd_thread_keep_metrics(struct pmd_thread *t, bool keep)
{
    struct pmd_metrics *old = atomic_load_explicit(&t->metrics,
                                                   memory_order_relaxed);
    struct pmd_metrics *new = NULL;

    if (keep == (old != NULL)) {
        return;
    }
    if (keep) {
        new = xzalloc_cacheline(sizeof *new);
        memset(&t->metrics_base, 0, sizeof t->metrics_base);
    }
    atomic_store_explicit(&t->metrics, new, memory_order_release);
    if (old) {
        rcu_synchronize();
        free_cacheline(old);
    }
}

static void
destroy(struct pmd_thread *t)
{
    free_cacheline(atomic_load_explicit(&t->metrics, memory_order_relaxed));
    forward_ctx_destroy(t->forward);
    sem_destroy(&t->wake);
    free_cacheline(t);
}

struct pmd_thread *
pmd_thread_start(int core, int node, unsigned int sender, char **errp)
{
    struct pmd_thread *t = xzalloc_cacheline(sizeof *t);
    struct poll_list *none;
    char *error = NULL;
    char *name;

    t->core = core;
    t->node = node;
    t->base_tsc = rte_rdtsc();
    t->sender = sender;
    t->forward = forward_ctx_create(sender);
    none = poll_list_create(t->forward, 0);
    atomic_init(&t->list, none);
    sem_init(&t->wake, 0, 0);

    t->thread.core = core;
    t->thread.is_pmd = true;
    t->thread.run = poll_until_told;
    t->thread.aux = t;
    name = xasprintf("pmd-c%02d/id:", core);
    if (packet_thread_start(&t->thread, name, &error)) {
        *errp = xasprintf("no PMD thread on core %d: %s", core, error);
        free(error);
        free(none);
        destroy(t);
        t = NULL;
    }
    free(name);
    return t;
}

void
pmd_thread_stop(struct pmd_thread *t)
{
    struct poll_list *list = atomic_load_explicit(&t->list,
                                                  memory_order_relaxed);

    ovs_assert(!list->n);
    atomic_store_explicit(&t->list, NULL, memory_order_release);
    sem_post(&t->wake);
    packet_thread_join(&t->thread);
    free(list);
    destroy(t);
}
