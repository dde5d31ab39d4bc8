/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan.h: what packet memory would ports take?
 *
 * The answer to "does it fit", before the fact: the same rules as the registry
 * (mempool.h) follows, in each of its models side by side.  Pure: no DPDK call
 * and no pool is needed, any thread.
 *
 *   mp-plan.c         which pools, how large, and while a change is made?
 *   mp-plan-cfg.c     what will the ports of a configuration ask for?
 *   mp-plan-text.c, mp-plan-json.c, mp-plan-svg.c    what does it look like?
 *
 * Counted are the pools: not DPDK's own tables, not the queues of devices, not
 * the memory of guests.
 */
#ifndef MEM_MP_PLAN_H
#define MEM_MP_PLAN_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mempool.h"

enum mp_plan_kind {
    MP_PLAN_SHARED_FIXED,
    MP_PLAN_PER_PORT_FIXED,
    MP_PLAN_SHARED_ELASTIC,
    MP_PLAN_PER_PORT_ELASTIC,
    MP_PLAN_N_KINDS,
};

/* A port, as its class describes it to the registry. */
struct mp_plan_port {
    struct mp_request req;
    const char *domain;         /* its bridge's name, or NULL */
};

struct mp_plan_in {
    const struct mp_plan_port *ports;
    size_t n_ports;
    unsigned int n_threads;     /* that move packets: PMDs and one more */

    /* See struct mp_model. */
    uint32_t max_mbufs;
    const struct mp_shared_size *shared_sizes;
    size_t n_shared_sizes;
};

struct mp_plan_pool {
    int socket;
    uint32_t adjusted_mtu;      /* bytes */
    char *group;                /* own: the port's name */
    bool own;
    bool elastic;
    size_t n_ports;
    uint32_t mbufs;
    uint32_t room;              /* mbufs that it may grow to */
    uint32_t object_size;       /* bytes of one mbuf with all that belongs to
                                 * it */
    uint64_t bytes;             /* of DPDK's heap */
    uint64_t pages;             /* 2 MB hugepages */
};

struct mp_plan_use {
    uint64_t bytes;
    uint64_t pages_2m;          /* hugepages, if all are of 2 MB */
    uint64_t pages_1g;          /* likewise of 1 GB */
};

struct mp_plan_socket {
    int socket;
    size_t n_pools;
    uint64_t mbufs;
    struct mp_plan_use steady;
    struct mp_plan_use peak;    /* while one port after the other changes */
    char *peak_port;            /* the port whose change takes most, or NULL:
                                 * no port has memory here */
};

struct mp_plan_model {
    struct mp_plan_pool *pools; /* sorted by socket; those that ports share,
                                 * by group, before ports' own, by size */
    size_t n_pools;
    struct mp_plan_socket *sockets;     /* sorted by number */
    size_t n_sockets;
};

struct mp_plan {
    size_t n_ports;
    unsigned int n_threads;
    struct mp_plan_model models[MP_PLAN_N_KINDS];
};

/* What the ports of `in` take.  The peak is that of a change that gives any
 * one port a new pool beside its old one, such as another MTU: the port for
 * which that takes most. */
void mp_plan_make(const struct mp_plan_in *in, struct mp_plan *);

/* What they take after a change from `now` to `then`, which have the same
 * ports, by name and order.  The peak is that of this very change, made one
 * port after the other.  A switch that runs keeps what it need not give back:
 * this may be more than mp_plan_make() of `then`. */
void mp_plan_change(const struct mp_plan_in *now,
                    const struct mp_plan_in *then, struct mp_plan *);

void mp_plan_destroy(struct mp_plan *);

/* How many pools from the `first` on are ports' own and alike but for the
 * port's name; 1 for one that ports share. */
size_t mp_plan_alike(const struct mp_plan_model *, size_t first);

/* "shared-fixed", ... */
const char *mp_plan_kind_name(enum mp_plan_kind);
/* The other way round; MP_PLAN_N_KINDS: there is none of that name. */
enum mp_plan_kind mp_plan_kind_from_name(const char *);
/* The model of these two settings. */
enum mp_plan_kind mp_plan_kind_of(bool per_port, bool elastic);

#endif
