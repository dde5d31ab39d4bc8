/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-pool.h: what the files of the registry share: one pool and who has it.
 *
 *   mp-pool.c   get, keep, put, suits: references
 *   mp-claim.c  the ledger: what ports may hold, what pools need for it
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
#include "sset.h"

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
    bool elastic;
    uint32_t room;              /* mbufs that it may ever have */
    uint32_t asked;             /* mbufs: `room`; elastic: `need`, at most
                                 * `room` */
    uint32_t n_rxq, rxq_size;   /* 0 but for fixed pools sized by queues */
    uint32_t txq_size;
    uint32_t wanted;            /* of a fixed pool: what its port would ask
                                 * for now, <= asked */
    uint32_t need;              /* mbufs by the ledger */
    uint32_t lacked;            /* of those asked for, at mp_claim_begin() */

    bool retired;               /* no port gets it any more */
    bool said_oversubscribed;
    uint32_t fill_to;           /* mbufs it is growing to; 0: it is not */

    /* Who has it. */
    struct simap refs;          /* port name -> references */
    struct sset fallback;       /* ports that asked for another socket */
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

/* Mbufs that it got of those asked for. */
uint32_t mp_granted(const struct mp *);

/* Takes a pool without reference out of the registry and frees it. */
void mp_free(struct mp *);

/* A pool was freed, or one was made that is short of mbufs: look for memory
 * in the next round of the main loop. */
void mp_care_soon(void);

/* mp_run() at time `now` (ms, as by time_msec()), for tests. */
void mp_care_run(long long int now);

#endif
