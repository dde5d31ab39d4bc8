/* SPDX-License-Identifier: Apache-2.0
 *
 * find-port.h: which mempool a port named by the operator draws from.
 */
#ifndef VSWITCHD_FIND_PORT_H
#define VSWITCHD_FIND_PORT_H 1

#include <stdbool.h>

struct mp;

/* See mp_find_by_port_fn in mem/mempool.h.  Main thread only. */
const struct mp *find_port_mempool(const char *port, bool *is_dpdk);

#endif
