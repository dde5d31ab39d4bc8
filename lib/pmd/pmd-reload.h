/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-reload.h: how the main thread tells PMD threads what to poll.
 *
 * The hand-off contract.  A poll list is immutable.  `thread->list` points to
 * the one in force.
 *
 *  main thread                           PMD thread
 *  -----------                           ----------
 *  build the new list                    each iteration:
 *  store_release(&thread->list, new)       l = load_acquire(&thread->list)
 *  wake the thread, had it no queue        poll each queue of l once
 *  rcu_synchronize()                       rcu_quiescent()
 *    -- the thread is out of the old list, of every port, mempool and counter
 *       that only the old list named, and of their locks --
 *  free the old list; touch those ports
 *
 * What each side may count on:
 *
 *  - A queue is in at most one list.  One that moves between threads is taken
 *    out of the first list, a grace period passes, then it enters the second:
 *    frames of a queue are never handled by two threads at once, nor out of
 *    order.  Meanwhile it waits in the device; nothing is dropped.
 *  - `rxq_perf` moves along with its queue, so its one writer changes in that
 *    grace period.
 *  - `forward` in a list is the thread's alone.  When a thread's sender number
 *    changes, the list with the new context is published, and the old context
 *    is destroyed after the grace period.
 *  - A thread that finds an empty list sleeps, offline in RCU, until the main
 *    thread posts `wake`, which it does after it replaced an empty list.  One
 *    that finds NULL leaves.  Only a thread with an empty list is given NULL.
 *  - A port is only here between publish and quiesce.  After
 *    reload_remove_port() no PMD thread receives from it.  That none sends to
 *    it either is what the caller's mark on the port (txq_count = 0) and the
 *    same grace period bring about.
 *
 * Main thread only.
 */
#ifndef PMD_PMD_RELOAD_H
#define PMD_PMD_RELOAD_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct forward_ctx;
struct pmd_thread;
struct port;
struct rxq_assign_policy;
struct rxq_perf;

struct poll_rxq {
    struct port *port;
    struct rxq_perf *perf;
    uint16_t queue;
};

struct poll_list {
    struct forward_ctx *forward;
    size_t n;
    struct poll_rxq rxqs[];     /* by port name, then queue */
};

/* For `n` queues, not filled in.  free() frees it. */
struct poll_list *poll_list_create(struct forward_ctx *, size_t n);

/* Notes a port; its queues get threads with the next reload_assign(). */
void reload_add_port(struct port *);

/* Forgets the port, if known, and takes its queues out of their lists.  Waits
 * for a grace period in any case. */
void reload_remove_port(struct port *);

/* Distributes the queues of all ports to `threads` and to no others, and says
 * so in the log where something changed.  No threads: queues are polled by
 * nobody.  With `stay`, queues stay where they are as far as rxq-assign.h
 * allows; else they are distributed by what they cost over the last minute.
 * Sets `isolated` of the threads. */
void reload_assign(struct pmd_thread *const *threads, size_t n,
                   const struct rxq_assign_policy *, bool stay);

/* What reload_assign() without `stay` would change: pmd_estimate(). */
size_t reload_estimate(struct pmd_thread *const *threads, size_t n,
                       const struct rxq_assign_policy *, uint64_t *now,
                       uint64_t *then);

/* Gives the thread another sender number, unused by any other thread. */
void reload_renumber(struct pmd_thread *, unsigned int sender);

#endif
