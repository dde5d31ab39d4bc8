/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-sim.h: pools as the registry would make them, without making any.
 *
 * The planner's (mp-plan.c) part in the shape of the registry's: a port takes
 * a pool for other settings while it has its old one, and then gives that
 * back.  Memory is never short here.  Pure.
 */
#ifndef MEM_MP_SIM_H
#define MEM_MP_SIM_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mempool.h"
#include "mem/mp-ledger.h"
#include "mem/mp-plan.h"

struct mp_sim_pool {
    int socket;
    uint32_t mtu, adjusted_mtu; /* bytes */
    const char *group;          /* of the request that it was made for */
    bool own;
    bool elastic;
    uint32_t room;              /* mbufs; fixed: what it has */
    uint32_t mbufs;
    uint32_t n_rxq, rxq_size, txq_size; /* 0 unless sized by the queues */
    size_t n_ports;             /* that have it; 0: it is gone */
};

struct mp_sim {
    struct mp_model model;
    unsigned int n_threads;
    struct mp_sim_pool *pools;
    size_t n_pools, allocated;
    size_t n_ports;
    struct mp_entry *entries;   /* 2 * n_ports: [i] for the pool that port `i`
                                 * has, [n_ports + i] for the one that it
                                 * takes */
};

void mp_sim_init(struct mp_sim *, const struct mp_model *,
                 unsigned int n_threads, size_t n_ports);
void mp_sim_destroy(struct mp_sim *);

/* Port `i` takes the pool for its settings, which may be the one that it has.
 * It then has both until mp_sim_settle(). */
void mp_sim_take(struct mp_sim *, size_t i, const struct mp_plan_port *);
void mp_sim_settle(struct mp_sim *, size_t i, const struct mp_plan_port *);

/* Elastic pools grow to what their ports need.  (They never shrink.) */
void mp_sim_fill(struct mp_sim *);

/* A pool such as port `i`, which has one, would get if it could use none of
 * those there are. */
void mp_sim_another(const struct mp_sim *, size_t i,
                    const struct mp_plan_port *, struct mp_sim_pool *);

#endif
