/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-ops.h: the mempool handler that our pools are made with.
 *
 * Two things set it apart from the handlers of DPDK:
 *
 *  - A live pool may grow.  An object is a complete mbuf before it is put
 *    where another core can take it.
 *  - No thread waits for another that is preempted inside an operation.  (On
 *    a processor without a 16-byte compare-and-swap one may.)
 *
 * A pool with this handler must have been given its private data by
 * rte_pktmbuf_pool_init() before the first rte_mempool_populate_iova().
 */
#ifndef MEM_MP_OPS_H
#define MEM_MP_OPS_H 1

#include <stddef.h>
#include <stdint.h>

struct rte_mempool;
struct rte_mempool_ops;

/* The handlers.  The better one that the processor can run is registered with
 * DPDK before main(). */
extern const struct rte_mempool_ops mp_ops_stack;   /* lock-free */
extern const struct rte_mempool_ops mp_ops_ring;

/* Its name, for rte_mempool_set_ops_byname(). */
const char *mp_ops_name(void);

/* Fewest mbufs that the handler ever had left; the count begins again with
 * mp_ops_restart_lowest().  Any thread. */
uint32_t mp_ops_lowest(const struct rte_mempool *);
void mp_ops_restart_lowest(struct rte_mempool *);

/* Allocations that found no mbuf, ever.  Any thread. */
uint64_t mp_ops_failures(const struct rte_mempool *);

/* Bytes that the handler keeps for a pool that was populated. */
size_t mp_ops_bytes(const struct rte_mempool *);

#endif
