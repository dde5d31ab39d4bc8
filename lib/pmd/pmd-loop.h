/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-loop.h: one PMD thread: start, stop, and what it shares with the main
 * thread.
 *
 * The functions are the main thread's.
 */
#ifndef PMD_PMD_LOOP_H
#define PMD_PMD_LOOP_H 1

#include <semaphore.h>
#include <stdatomic.h>

#include "pmd/packet-thread.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-metrics.h"
#include "pmd/pmd-perf.h"
#include "port/port.h"

struct forward_ctx;
struct poll_list;

/* Frames taken from a queue at once.  Twice what the vhost library moves in a
 * call: what a poll and a burst cost is spread over more frames. */
enum { PMD_BURST = 2 * PORT_BURST };

struct pmd_thread {
    /* Main: wo, before the thread starts.  Thread: ro. */
    int core;
    int node;

    /* Main: wo.  Thread: ro.  See pmd-reload.h. */
    _Atomic(struct poll_list *) list;   /* NULL: leave */
    sem_t wake;                 /* posted after an empty list was replaced */
    _Atomic(uint32_t) max_nap;  /* us that it may sleep while there is little
                                 * to do; 0: never */
    _Atomic(struct pmd_metrics *) metrics;      /* NULL: not kept */

    /* Main only. */
    struct packet_thread thread;
    unsigned int sender;        /* number for port_tx() */
    unsigned int n_overloaded;  /* intervals in a row (pmd-lb.c) */
    bool isolated;              /* has pinned queues and no others */
    struct forward_ctx *forward;        /* in the list that is in force */
    struct pmd_stats base;      /* as of the last pmd-stats-clear */
    uint64_t base_tsc;          /* then; the start of the thread */
    struct pmd_metrics_sums metrics_base;       /* likewise */
    uint64_t past_tx_packets, past_tx_batches;  /* of earlier `forward`s */

    /* Thread: rw.  Main: ro. */
    struct pmd_perf perf;
};

/* Starts a thread on `core` with an empty list.  Returns NULL with a text
 * where it cannot be pinned there or has no place in DPDK or RCU any more. */
struct pmd_thread *pmd_thread_start(int core, int node, unsigned int sender,
                                    char **errp);

/* Makes the thread keep metrics, from nothing, or keep none. */
void pmd_thread_keep_metrics(struct pmd_thread *, bool);

/* Ends the thread, which has no queue, and frees it.  Its mempool caches are
 * flushed. */
void pmd_thread_stop(struct pmd_thread *);

#endif
