/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-plan.h: the running switch as the planner of packet memory
 * (mem/mp-plan.h) sees it.
 *
 *   mem-plan.c      what do its ports ask for, and what if settings changed?
 *   mem-plan-cmd.c  netdev-dpdk/mempool-plan
 *
 * Main thread only.
 */
#ifndef VSWITCHD_MEM_PLAN_H
#define VSWITCHD_MEM_PLAN_H 1

#include <stddef.h>

struct mp_plan;
struct svec;

/* Plans for what is configured and, if there are `settings` (see
 * cfg/cfg-what-if.h), for what would be with them: `now` is always made,
 * `then` if there are any.  To be freed by mp_plan_destroy().  What had to be
 * guessed is added to `notes`.
 *
 * Returns NULL, or a text that names the setting and what would be right
 * (malloc'ed); no plan is made then. */
char *mem_plan_make(const char *const settings[], size_t n_settings,
                    struct mp_plan *now, struct mp_plan *then,
                    struct svec *notes);

void mem_plan_cmd_init(void);

#endif
