/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-private.h: between the files that see all threads: pmd.c, pmd-lb.c, the
 * commands.  Main thread only.
 */
#ifndef PMD_PMD_PRIVATE_H
#define PMD_PMD_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pmd_stats;
struct pmd_thread;

/* Does the thread of kernel-backed ports run? */
bool pmd_is_running(void);

/* Microseconds that a thread without a number of its own may sleep. */
uint32_t pmd_default_nap(void);

/* What the threads that are not isolated would have to do if the queues were
 * dealt out anew, `then`, and what they have, `now`: cycles over the last
 * minute, for as many as are returned, at most the number of threads.  0 where
 * no queue could move, or where a queue is or would be polled from another
 * NUMA node, so that its cost there is not known. */
size_t pmd_estimate(uint64_t *now, uint64_t *then);

/* What the thread did since it started (pmd-cmd.c). */
void pmd_get_stats(const struct pmd_thread *, struct pmd_stats *);

/* dpif-netdev/pmd-perf-show. */
void pmd_perf_cmd_init(void);

/* The PMD threads in order of core; valid until the next change of the set. */
struct pmd_thread *const *pmd_get_threads(size_t *n);

#endif
