/* SPDX-License-Identifier: Apache-2.0
 *
 * mempool.h: packet memory: who gets, puts and sweeps.
 *
 * A pool is keyed by (NUMA socket, adjusted MTU, group).  The shared model
 * has one empty group; per-port memory makes the port its own group;
 * Interface.other_config:mempool-group names another, or with "private" makes
 * the port its own group in the shared model too.  Kernel-backed ports have
 * the group "kernel".
 *
 * Fixed sizing takes at once what the model's formula says.  Elastic sizing
 * takes what the ports need by the ledger (mp-ledger.h) and grows the pool in
 * place when they need more.
 *
 *   get    a port's reconfigure callback takes the pool for its new settings
 *          before it gives the old one back.  Pools that the port's new
 *          settings lay a claim on are grown before it returns.
 *   settle tells the ledger what the port holds now that the change has
 *          succeeded or failed.
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

/* An entry of shared-mempool-config. */
struct mp_shared_size {
    uint32_t mtu;
    int socket;                 /* -1: every socket */
};

/* How pools are sized; read once when DPDK starts. */
struct mp_model {
    bool per_port;              /* per-port-memory */
    bool elastic;               /* mempool-sizing=elastic */
    uint32_t max_mbufs;         /* elastic: what a pool may grow to; 0: 262144
                                 * or, for a port's own, what fixed sizing
                                 * would give it */
    const struct mp_shared_size *shared_sizes;  /* shared model without group:
                                                 * a port uses the smallest
                                                 * that fits; else its own */
    size_t n_shared_sizes;
};

/* Mbufs that a port may hold at once beyond what packet threads have in hand:
 * those in its rings.  Each class says it of its ports. */
struct mp_holding {
    uint32_t rx;                /* of its own pool */
    uint32_t txq_size;          /* per tx queue, from the pool of whatever port
                                 * they were received on */
    uint32_t n_txq;
    bool one_sender;            /* what it receives is sent on by one thread,
                                 * through one tx queue of each port */
};

struct mp_request {
    const char *port;           /* name of the asking port */
    const char *group;          /* NULL: the model's own choice; "private":
                                 * the port's own */
    int socket;                 /* NUMA socket, >= 0 */
    uint32_t mtu;               /* bytes, 68..9702 */
    uint32_t n_rxq, n_txq;      /* queues */
    uint32_t rxq_size;          /* descriptors of one rx queue */
    uint32_t txq_size;
    uint32_t n_mbufs;           /* 0: the model's number; else exactly so
                                 * many or, elastic, so many at most */
    bool elastic;               /* sized by the ledger in fixed models too */
    struct mp_holding holds;    /* with the settings asked for */
};

/* `model` is copied.  Call after the EAL is up. */
void mp_init(const struct mp_model *model);

/* other_config:mempool-numa-fallback: may a request for a socket without
 * memory be met from another?  At first no. */
void mp_set_numa_fallback(bool);

/* How many threads move packets: each may keep a cache's worth of every
 * pool.  Raised before a thread starts, lowered after it ended. */
void mp_set_threads(unsigned int n);

/* Tells in which domain a port is: packets never go from one domain to
 * another, so pools need no room for the rings of other domains.  NULL: there
 * is one domain.  The function returns a bridge's name (NULL counts as "").  To
 * be called again when its answers change, before packets go new ways: pools
 * grow to what that needs, as far as there is memory. */
void mp_set_domains(const char *(*domain_of)(const char *port));

/* Returns a pool with one more reference for `req->port`, or NULL with
 * `*errp` set to a text that names the port, the MTU, the socket, what was
 * asked for in mbufs and bytes, and the reason.  Halves a request for which
 * memory is short (ENOMEM, ENOBUFS) down to the floor of 16384; ENOSPC (no
 * memzone left) is an error at once.  Logs the contract's lines, but the text
 * of a failure is the caller's to log. */
struct mp *mp_get(const struct mp_request *req, char **errp);

/* The port keeps `mp`, which mp_suits() `req`: grows what the new settings lay
 * a claim on.  0, or a negative errno and a text; nothing has changed then. */
int mp_keep(struct mp *, const struct mp_request *req, char **errp);

/* What `port` holds from now on.  Between mp_get() or mp_keep() and this call
 * the ledger counts the larger of before and after.
 *
 * A driver fills and empties rings in the main thread, through its caches.
 * Since the ledger counts those of packet threads only, what is left in the
 * main thread's goes back to the pools here and in mp_put(). */
void mp_settle(const char *port, const struct mp_holding *);

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

/* A pool has more mbufs than its ports need, by at least a chunk. */
bool mp_has_surplus(const struct mp *);

/* No port gets `mp` any more: the next mp_get() of each of its ports makes or
 * finds another.  False takes that back. */
void mp_retire(struct mp *, bool retire);

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
    bool own;                   /* one port's own: `group` is its name */
    bool elastic;
    uint32_t asked;             /* mbufs: the model's number or, elastic, what
                                 * the ledger says, `room` at most */
    uint32_t granted;           /* `asked`, or less where memory is short */
    uint32_t populated;         /* mbufs there are; >= granted */
    uint32_t room;              /* what it may grow to */
    uint32_t need;              /* by the ledger, however sized */
    uint32_t in_use;            /* neither with the handler nor cached */
    uint32_t lowest_free;       /* fewest that the handler ever had left since
                                 * the pool had what was granted; mbufs in
                                 * threads' caches are not among them */
    uint64_t failures;          /* allocations that found no mbuf */
    uint32_t elt_size;          /* bytes of one mbuf with its data room */
    uint64_t bytes;             /* taken from DPDK's heap */
    unsigned int refs;
    bool degraded;              /* granted < asked */
    bool oversubscribed;        /* need > populated */
    bool surplus;               /* mp_has_surplus() */
    bool retired;
    bool waiting;               /* no port has it, but mbufs are out */
};
void mp_get_info(const struct mp *, struct mp_info *);

/* Is `mp` on another socket than `port` asked for? */
bool mp_is_fallback(const struct mp *, const char *port);

/* The names of the ports that have `mp`, sorted; the caller frees the array
 * (not the names). */
const char **mp_ports(const struct mp *, size_t *n);

/* What the ledger has for `port`: zeros where it holds nothing. */
void mp_get_holding(const char *port, struct mp_holding *);

/* The pool named `name`, or NULL. */
struct mp *mp_find(const char *name);

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
