/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.h: the machine's NUMA nodes and cores, or a made-up machine for
 * tests.
 *
 * Filled once at start (machine_init() or machine_init_dummy()), read-only
 * and readable by every thread afterwards.
 */
#ifndef EAL_MACHINE_H
#define EAL_MACHINE_H 1

#include <stdbool.h>
#include <sched.h>

/* Reads the machine through libnuma and logs "Discovered N NUMA nodes and M
 * CPU cores". Only cores this process may run on count. */
void machine_init(void);

/* `spec`: the NUMA node of each core in turn, "0,0,1,1". */
void machine_init_dummy(const char *spec);

int machine_n_cores(void);              /* cores found */
int machine_n_nodes(void);
int machine_core_id(int i);             /* i-th core's id, 0 <= i < n */
bool machine_core_exists(int core);
int machine_core_node(int core);        /* -1: no such core */
int machine_first_core(int node);       /* lowest core on node, or -1 */

/* Binds the calling thread and threads made by it later to every core that
 * is not in `busy` (n cores); where that leaves none, to all. */
void machine_keep_off(const int *busy, int n);

/* Binds the calling thread to `core`.  0 or negative errno. */
int machine_pin(int core);

#endif
