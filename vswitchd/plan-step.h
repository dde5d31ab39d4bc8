/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-step.h: runs one step of a plan.
 *
 * Main thread only.
 */
#ifndef VSWITCHD_PLAN_STEP_H
#define VSWITCHD_PLAN_STEP_H 1

struct cfg_step;

/* What became of it stands in the interface's record and, for a bridge that
 * could not be made or changed, in the log. */
void plan_step_run(const struct cfg_step *);

#endif
