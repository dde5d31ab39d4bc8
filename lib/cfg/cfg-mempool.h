/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-mempool.h: the list of shared mempools, other_config of Open_vSwitch,
 * shared-mempool-config = MTU[:NUMA],...
 *
 * Pure.
 */
#ifndef CFG_CFG_MEMPOOL_H
#define CFG_CFG_MEMPOOL_H 1

#include <stddef.h>
#include <stdint.h>

enum {
    CFG_NUMA_MAX = 1023,        /* highest NUMA node that Linux can number */
    CFG_MAX_MBUFS_MIN = 1024,   /* of mempool-max-mbufs */
    CFG_MAX_MBUFS_MAX = 1 << 24,
};

/* An entry of the list: there is to be a size of mbufs for this MTU. */
struct cfg_shared_mempool {
    uint32_t mtu;               /* bytes, CFG_MTU_MIN..CFG_MTU_MAX */
    int numa;                   /* node, 0..CFG_NUMA_MAX, or -1: all */
};

/* Returns the entries of `list` that are right, in its order, and stores how
 * many in `*n`; NULL where there is none.  The caller frees the array.  Commas
 * and blanks separate entries; empty ones are nothing.  Calls `report` with a
 * malloc'ed text for each entry that is wrong or there twice, which names the
 * entry and says what would be right; `report` frees it. */
struct cfg_shared_mempool *cfg_parse_shared_mempools(
    const char *list, size_t *n, void (*report)(char *text, void *aux),
    void *aux);

#endif
