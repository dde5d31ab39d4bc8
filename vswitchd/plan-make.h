/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-make.h: the plan that makes what is running what is wanted.
 *
 * Main thread only.
 */
#ifndef VSWITCHD_PLAN_MAKE_H
#define VSWITCHD_PLAN_MAKE_H 1

#include <stdbool.h>

#include "cfg/cfg.h"

struct cfg_plan;

/* Which of the interfaces that failed before, and did not change since, a plan
 * tries again. */
enum retry {
    RETRY_NONE,
    RETRY_QUIET,        /* sockets and kernel devices: others may have left
                         * them, and trying costs nothing */
    RETRY_ALL,          /* also devices of DPDK's, whose drivers may say in
                         * the log what they think of one that is not there */
};

/* Whether trying an interface of this kind again costs and says nothing. */
bool retry_is_quiet(enum cfg_type);

/* Fills `*p`, whose steps point into `want`; the caller destroys it. */
void plan_make(const struct cfg *want, enum retry, struct cfg_plan *p);

#endif
