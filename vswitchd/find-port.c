/* SPDX-License-Identifier: Apache-2.0
 *
 * find-port.c: lib/mem lies below lib/port and knows no ports; this joins the
 * two for ovs-appctl netdev-dpdk/get-mempool-info.
 */
#include <config.h>
#include "vswitchd/find-port.h"

#include <stddef.h>

#include "port/port-class.h"
#include "port/port.h"

const struct mp *
find_port_mempool(const char *name, bool *is_dpdk)
{
    const struct port *p = port_find(name);

    *is_dpdk = p && p->class->dpdk;
    return *is_dpdk ? p->mp : NULL;
}
