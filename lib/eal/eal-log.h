/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-log.h: DPDK's own log lines, led into the daemon's log.
 *
 * Any thread of DPDK may log; the stream takes whole lines.
 */
#ifndef EAL_EAL_LOG_H
#define EAL_EAL_LOG_H 1

#include <stdint.h>
#include <stdio.h>

/* Makes DPDK log through module "dpdk".  Before rte_eal_init(). */
void eal_log_open(void);
void eal_log_close(void);

/* The last line that DPDK logged as an error, without its newline, or NULL.
 * The caller frees it. */
char *eal_log_last_error(void);

/* The level (enum vlog_level) that a DPDK message of `dpdk_level` (RTE_LOG_*)
 * gets.  Pure.  Messages that tell of nothing wrong although DPDK calls them
 * warnings are INFO: a vhost-user client port whose guest is not there yet,
 * a telemetry socket that has no use. */
int eal_log_level(uint32_t dpdk_level, const char *line);

#endif
