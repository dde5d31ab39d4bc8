/* SPDX-License-Identifier: Apache-2.0
 *
 * mempool.h: packet memory: who gets, puts and sweeps.
 *
 * A pool is keyed by (NUMA socket, adjusted MTU, group).  The shared model
 * has one empty group; per-port memory makes the port's name its own group;
 * a caller may name another (kernel-backed ports use "kernel").
 *
 *   get    a port's reconfigure callback takes the pool for its new settings
 *          before it gives the old one back.
 *   put    the callback gives the old pool back once no packet thread can
 *          allocate from it any more (after rcu_synchronize()).
 *   sweep  the registry frees pools that have no reference and whose mbufs
 *          are all home.  Runs after every put and from mp_run().
 *
 * A reference is held per (pool, port): the same port may hold two pools at
 * once while it changes, or one pool twice.
 *
 * Main thread only, but for mp_flush_lcore() and what packet threads do with
 * the rte_mempool itself.
 */
#ifndef MEM_MEMPOOL_H
#define MEM_MEMPOOL_H 1

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_mempool.h>

struct ds;
struct mp;

/* How pools are sized; read once when DPDK starts. */
struct mp_model {
    bool per_port;              /* per-port-memory */
    bool elastic;               /* mempool-sizing=elastic */
};

struct mp_request {
    const char *port;           /* name of the asking port */
    const char *group;          /* NULL: the model's own choice */
    int socket;                 /* NUMA socket, >= 0 */
    uint32_t mtu;               /* bytes, 68..9702 */
    uint32_t n_rxq, n_txq;      /* queues */
    uint32_t rxq_size;          /* descriptors of one rx queue */
    uint32_t txq_size;
    uint32_t n_mbufs;           /* 0: the model's number; else exactly so
                                 * many (for a group of its own) */
};

/* `model` from eal_settings().  Call after the EAL is up. */
void mp_init(const struct mp_model *model);

/* Returns a pool with one more reference for `req->port`, or NULL with
 * `*errp` set to a text that names the port, the MTU, the socket, what was
 * asked for in mbufs and bytes, and the reason.  Halves a request for which
 * memory is short (ENOMEM, ENOBUFS) down to the floor of 16384; ENOSPC (no
 * memzone left) is an error at once.  Logs the contract's lines, but the text
 * of a failure is the caller's to log. */
struct mp *mp_get(const struct mp_request *req, char **errp);

/* Drops one reference of `port`; aborts where there is none.  Sweeps after the
 * last one, which may wait a grace period. */
void mp_put(struct mp *, const char *port);

/* Would mp_get(req) do with this very pool?  Then a change needs no new one:
 * the caller keeps its reference.  So it is, too, for a port's own pool that
 * was made for more tx queues than are wanted now, all else being equal. */
bool mp_suits(const struct mp *, const struct mp_request *req);

/* Frees every pool without reference whose mbufs are all home.  Returns how
 * many pools without reference are left, waiting. */
unsigned int mp_sweep(void);

/* How many pools were freed since the start: what failed for want of memory
 * may succeed when this has grown. */
unsigned int mp_n_freed(void);

/* Main-loop hooks: sweep on a timer while pools wait, fill degraded pools up
 * when memory appeared, report pools that do not drain. */
void mp_run(void);
void mp_wait(void);

/* Frees all pools that can be freed; at exit. */
void mp_destroy_all(void);

/* Gives every mbuf in the calling lcore's caches back to their pools.  Any
 * registered thread, just before it unregisters from the EAL.  Takes the
 * registry's lock; the caller must be offline in RCU. */
void mp_flush_lcore(void);

struct rte_mempool *mp_mempool(const struct mp *);
const char *mp_name(const struct mp *);

struct mp_info {
    const char *name, *group;
    int socket;
    uint32_t adjusted_mtu;
    uint32_t asked;             /* mbufs, the room that the pool has */
    uint32_t granted;           /* `asked` or what halving leads to */
    uint32_t populated;         /* mbufs there are; >= granted */
    uint32_t in_use;
    uint32_t elt_size;          /* bytes of one mbuf with its data room */
    uint64_t bytes;             /* taken from DPDK's heap */
    unsigned int refs;
    bool degraded;              /* populated < asked */
};
void mp_get_info(const struct mp *, struct mp_info *);

/* Each pool in turn, in order of creation. */
void mp_for_each(void (*cb)(const struct mp *, void *aux), void *aux);

/* The text of get-mempool-info for one pool (rte_mempool_dump()). */
void mp_dump(const struct mp *, struct ds *);

/* netdev-dpdk/get-mempool-info needs the port's pool: the port registry
 * supplies the lookup. `*is_dpdk` false: no such DPDK interface; NULL with
 * `*is_dpdk` true: not allocated yet. */
typedef const struct mp *mp_find_by_port_fn(const char *port, bool *is_dpdk);
void mem_cmd_init(mp_find_by_port_fn *);

#endif
