/* SPDX-License-Identifier: Apache-2.0
 *
 * rxq-assign.h: which thread polls which rx queue.  Pure: no ports, no
 * threads, no DPDK.
 *
 * In this order:
 *
 *   pinned   a queue for which the user named a core goes to the thread of
 *            that core, wherever it is.  A thread with such a queue is
 *            isolated, that is, gets no others, unless `how` is group and
 *            `isolate` is false.
 *   staying  a queue that may stay where it is stays, as long as its thread
 *            is not isolated and no thread is nearer, and, with cycles, its
 *            thread has no more than its share of the node's queues
 *   local    the others go to threads of their own NUMA node
 *   remote   those whose node has no thread left go to any thread
 *
 * How queues are spread over the threads that they may go to:
 *
 *   cycles      the busiest first, each to a thread with fewest queues, up and
 *               down the threads in order of core
 *   roundrobin  by name of the port and number of the queue, each to the next
 *               thread in order of core.  Nothing stays: the same ports and
 *               threads always give the same answer.
 *   group       the busiest first, each to the thread with least to do
 */
#ifndef PMD_RXQ_ASSIGN_H
#define PMD_RXQ_ASSIGN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/cfg.h"

/* What the user asks for. */
struct rxq_assign_policy {
    enum cfg_rxq_assign how;
    bool isolate;
};

/* A thread that may be given queues. */
struct rxq_assign_thread {
    int core;
    int node;                   /* NUMA node of that core */
    bool isolated;              /* out: has pinned queues and no others */
    uint64_t load;              /* out: of the queues it is given */
};

/* A queue that wants a thread. */
struct rxq_assign_queue {
    const char *port;
    uint16_t queue;
    int node;                   /* NUMA node of the port; -1: unknown */
    int pin;                    /* core that the user named; -1: none */
    int stay;                   /* core that it may stay on; -1: none */
    uint64_t load;              /* what it cost lately, in cycles */
};

struct rxq_assign_request {
    struct rxq_assign_policy policy;
    struct rxq_assign_thread *threads;          /* cores all different */
    size_t n_threads;
    const struct rxq_assign_queue *queues;      /* in any order */
    size_t n_queues;
};

/* Where a queue goes. */
struct rxq_assign_place {
    int thread;                 /* index into `threads`; -1: there are none,
                                 * or all are isolated */
    bool pinned;                /* to the core that the user named */
    bool remote;                /* not pinned, and its own NUMA node has no
                                 * thread that is not isolated */
};

/* "cycles", "roundrobin" or "group". */
const char *rxq_assign_name(enum cfg_rxq_assign);

/* Order of two queues: port name, then queue number; as strcmp(). */
int rxq_assign_compare(const struct rxq_assign_queue *,
                       const struct rxq_assign_queue *);

/* Fills `places[i]` for `queues[i]`, and what threads[] has as "out". */
void rxq_assign(const struct rxq_assign_request *,
                struct rxq_assign_place *places);

#endif
