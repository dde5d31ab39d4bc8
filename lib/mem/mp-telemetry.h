/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-telemetry.h: pools through DPDK's telemetry socket, for
 * dpdk-telemetry.py and collectors that read it.
 *
 *   /sluice/mempool/list         names of all pools
 *   /sluice/mempool/info,NAME    one of them: what mempool-show --json has
 *   /sluice/mempool/ports,NAME   who has it, and what each may hold
 *
 * NAME is a pool's or that of a port that has it.
 */
#ifndef MEM_MP_TELEMETRY_H
#define MEM_MP_TELEMETRY_H 1

/* Registers the commands; before or after the EAL starts.  Main thread. */
void mp_telemetry_init(void);

#endif
