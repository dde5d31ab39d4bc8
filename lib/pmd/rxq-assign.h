/* SPDX-License-Identifier: Apache-2.0
 *
 * rxq-assign.h: which thread polls which rx queue.  Pure: no ports, no
 * threads, no DPDK.
 *
 * Round robin: the queues, ordered by port name and queue number, are dealt
 * to the threads of their own NUMA node in order of core.  Queues of a node
 * without thread come last; each goes to whichever thread has fewest.  The
 * same request always gives the same answer, so taking a port away and
 * putting it back moves no other port's queue.
 */
#ifndef PMD_RXQ_ASSIGN_H
#define PMD_RXQ_ASSIGN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A thread that may be given queues. */
struct rxq_assign_thread {
    int core;
    int node;                   /* NUMA node of that core */
};

/* A queue that wants a thread. */
struct rxq_assign_queue {
    const char *port;
    uint16_t queue;
    int node;                   /* NUMA node of the port; -1: unknown */
};

struct rxq_assign_request {
    const struct rxq_assign_thread *threads;    /* cores all different */
    size_t n_threads;
    const struct rxq_assign_queue *queues;      /* in any order */
    size_t n_queues;
};

/* Where a queue goes. */
struct rxq_assign_place {
    int thread;                 /* index into `threads`; -1: there are none */
    bool remote;                /* its own NUMA node has no thread */
};

/* Order of two queues: port name, then queue number; as strcmp(). */
int rxq_assign_compare(const struct rxq_assign_queue *,
                       const struct rxq_assign_queue *);

/* Fills `places[i]` for `queues[i]`. */
void rxq_assign(const struct rxq_assign_request *,
                struct rxq_assign_place *places);

#endif
