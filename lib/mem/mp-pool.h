/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-pool.h: what the files of the registry share: one pool and who has it.
 *
 *   mp-pool.c   get, put, suits: references
 *   mp-care.c   what happens to pools as time passes: sweep, fill up, report
 *   mp-info.c   what a pool looks like
 *
 * Main thread only.
 */
#ifndef MEM_MP_POOL_H
#define MEM_MP_POOL_H 1

#include <stdbool.h>
#include <stdint.h>

#include "mem/mp-cache.h"
#include "mem/mp-make.h"
#include "openvswitch/list.h"
#include "simap.h"

struct mp {
    struct ovs_list node;       /* in mp_pools, by order of creation */
    struct mp_member member;    /* among the pools that threads flush */
    struct mp_made made;
    char name[RTE_MEMPOOL_NAMESIZE];

    /* The key. */
    int socket;
    uint32_t adjusted_mtu;
    char *group;                /* "" is the shared model's */
    bool own;                   /* a port's own, by per-port-memory */

    /* What it was made for. */
    uint32_t asked;             /* mbufs */
    uint32_t n_rxq, rxq_size;   /* 0 but for the per-port model */
    uint32_t txq_size;

    uint32_t fill_to;           /* mbufs it is growing to; 0: it is not */

    /* Who has it. */
    struct simap refs;          /* port name -> references */
    unsigned int n_refs;        /* sum of them */

    /* While nobody has it. */
    long long int left;         /* ms, when the last reference went */
    long long int next_report;  /* ms */
};

extern struct ovs_list mp_pools;

/* Has mp_init() been called?  Until then there are no pools. */
bool mp_is_running(void);

/* Stops the program unless the caller is the thread that called mp_init(). */
void mp_assert_main_thread(void);

/* Takes a pool without reference out of the registry and frees it. */
void mp_free(struct mp *);

/* A pool was freed, or one was made that is short of mbufs: look for memory
 * in the next round of the main loop. */
void mp_care_soon(void);

/* mp_run() at time `now` (ms, as by time_msec()), for tests. */
void mp_care_run(long long int now);

#endif
