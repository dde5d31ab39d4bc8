/* SPDX-License-Identifier: Apache-2.0
 *
 * vlan-write.c: copies of frames that are not ours alone.
 */
#include <config.h>
#include "switch/vlan-write.h"

struct rte_mbuf *
vlan_copy(const struct rte_mbuf *m, uint32_t len)
{
    return rte_pktmbuf_copy(m, m->pool, 0, len);
}
