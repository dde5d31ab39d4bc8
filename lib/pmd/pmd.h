/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd.h: the threads that move packets.
 *
 * A PMD thread per core of pmd-cpu-mask polls rx queues; one more thread (the
 * I/O thread, io-thread.c) sleeps on the file descriptors of kernel-backed
 * ports.  Both run to completion through the switch.  The main thread builds
 * each thread's immutable poll list and publishes it (pmd-reload.h).
 *
 * Main thread only.
 */
#ifndef PMD_PMD_H
#define PMD_PMD_H 1

#include <stdbool.h>

struct cfg_pmd;
struct port;

/* After the EAL is up.  Starts the I/O thread. */
int pmd_init(char **errp);
void pmd_destroy(void);                 /* ends all threads */

/* Makes the set of PMD threads that of `mask` (hexadecimal, NULL: one thread
 * on the first core of each NUMA node that is not the main core's where there
 * is another).  A wrong mask or a core that does not exist: a text, and the
 * threads stay as they are.  Queues are reassigned. */
int pmd_set_mask(const char *mask, char **errp);

/* How many threads that would be; a negative errno and a text for a wrong
 * mask. */
int pmd_mask_count(const char *mask, char **errp);

/* Does `mask` differ from what is in force? */
bool pmd_mask_differs(const char *mask);

/* Threads that send: PMDs, the I/O thread.  What an ethdev's tx queues are
 * counted from (n PMDs + 1). */
unsigned int pmd_n_senders(void);
unsigned int pmd_n_threads(void);       /* PMDs only */

/* Cores of the PMD threads in force; returns how many (at most max). */
int pmd_cores(int *cores, int max);

/* port_hooks: see port.h.  Before pmd_init() there is no thread yet; threads
 * that start later take on the ports that are published by then. */
void pmd_quiesce_port(struct port *);
void pmd_publish_port(struct port *);

/* The number of rx queues may have changed, or a port is gone: queues without
 * thread get one, the others stay if they can. */
void pmd_reassign(void);

/* Distributes all queues anew, by what they cost lately and by
 * cfg_settings.rxq_affinity of their ports. */
void pmd_rebalance(void);

/* Takes the settings over; queues are distributed anew if the way of it
 * changed.  May be called before pmd_init(). */
void pmd_configure(const struct cfg_pmd *);

/* Main loop: auto load balance. */
void pmd_run(void);
void pmd_wait(void);

/* dpif-netdev/pmd-rxq-show, pmd-rxq-rebalance, pmd-sleep-show, pmd-stats-show,
 * pmd-stats-clear. */
void pmd_cmd_init(void);

#endif
