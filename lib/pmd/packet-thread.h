/* SPDX-License-Identifier: Apache-2.0
 *
 * packet-thread.h: how a thread that handles packets begins and ends: its
 * place in DPDK, in RCU and on the machine.
 *
 * The thread runs with an lcore of its own, which gives it a cache in every
 * mempool; registered in DPDK's QSBR, at first offline; and outside of Open
 * vSwitch's RCU, so that nothing in that library ever waits for it.  At its
 * end, which must be offline too, its mempool caches are flushed and all that
 * is given back.
 */
#ifndef PMD_PACKET_THREAD_H
#define PMD_PACKET_THREAD_H 1

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

struct packet_thread {
    pthread_t pthread;          /* main only */

    /* Main: wo, before the start.  Thread: ro. */
    int core;                   /* it is pinned to; -1: to none */
    bool is_pmd;                /* says which lcore it uses in the log */
    void (*run)(void *aux, int rcu);    /* `rcu`: its number for rcu.h */
    void *aux;

    /* Thread: wo, before it posts `started`.  Main: ro, after. */
    sem_t started;
    int error;                  /* negative errno, or 0 */
    const char *failed_step;
};

/* Starts a thread; `name` is completed by its number.  Returns when the thread
 * is about to call `run`, or has ended because it has no place: then a
 * negative errno with a text.  Main thread only. */
int packet_thread_start(struct packet_thread *, const char *name,
                        char **errp);

/* Waits until `run` has returned and the thread is gone.  Main only. */
void packet_thread_join(struct packet_thread *);

#endif
