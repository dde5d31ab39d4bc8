/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-lb.h: when are rx queues dealt out anew without being asked
 * (pmd-auto-lb)?
 *
 * A thread whose load has been at the threshold for a minute, interval by
 * interval (pmd-perf.h), is overloaded.  Then, once in pmd-auto-lb-rebal-
 * interval, a dry run says what each thread would have to do if all queues
 * were dealt out by what they cost over the last minute, and if the variance
 * of that is smaller by the improvement threshold than what it is, they are.
 *
 * Main thread only.
 */
#ifndef PMD_PMD_LB_H
#define PMD_PMD_LB_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfg_pmd;

/* Takes the settings over; says in the log that it is on, with what, or off,
 * where that is news. */
void pmd_lb_configure(const struct cfg_pmd *);

bool pmd_lb_is_on(void);

/* To be called once or more in each interval, with its number.  Returns true
 * if the queues should be dealt out anew now. */
bool pmd_lb_run(uint64_t interval);

/* By how many percent, rounded down, the variance of `then` is smaller than
 * that of `now`; 0 where it is not. */
unsigned int pmd_lb_improvement(const uint64_t *now, const uint64_t *then,
                                size_t n);

#endif
