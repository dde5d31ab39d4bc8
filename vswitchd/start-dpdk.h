/* SPDX-License-Identifier: Apache-2.0
 *
 * start-dpdk.h: starts DPDK with its mempools and packet threads.
 *
 * Main thread only.
 */
#ifndef VSWITCHD_START_DPDK_H
#define VSWITCHD_START_DPDK_H 1

struct cfg;

/* Once, when dpdk-init first asks for it.  Ends the process where
 * dpdk-init=true cannot be fulfilled. */
void dpdk_start(const struct cfg *, const char *run_dir);

/* Follows pmd-cpu-mask; ports get a tx queue for each thread. */
void dpdk_apply_pmd_mask(const struct cfg *);

/* After the ports and bridges are gone. */
void dpdk_stop(void);

#endif
