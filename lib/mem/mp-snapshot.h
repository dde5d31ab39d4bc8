/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-snapshot.h: what a thread other than main may know of pools.
 *
 *  main                                 any other thread
 *  ----                                 ----------------
 *  mp_snapshot_soon() on a change
 *  mp_snapshot_run() each round:        mp_snapshot_for_each(): the pools as
 *  copies all pools once a second       they were then, in the order of their
 *  while there are any, and after a     creation; the callback may not block
 *  change
 *
 * A copy is complete and stays as it is for as long as the reader looks at it.
 */
#ifndef MEM_MP_SNAPSHOT_H
#define MEM_MP_SNAPSHOT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mempool.h"

struct mp_snapshot_port {
    char *name;
    uint32_t rx_may, tx_may;    /* mbufs, by the ledger */
};

struct mp_snapshot {
    struct mp_info info;        /* its texts are the copy's */
    bool fallback;              /* for one of its ports at least */
    char *state;                /* as by mp_state_format() */
    struct mp_snapshot_port *ports;     /* that have the pool, by name */
    size_t n_ports;
};

/* Main thread.  A pool was made, freed, grown or retired, changed its ports,
 * or needs more or fewer mbufs. */
void mp_snapshot_soon(void);

/* Main-loop hooks, `now` in ms as by time_msec(). */
void mp_snapshot_run(long long int now);
void mp_snapshot_wait(void);

/* Main thread.  Grows when a copy differs from the one before in something
 * else than what packets change (in_use, lowest_free, failures). */
uint64_t mp_snapshot_seq(void);

/* Any thread. */
void mp_snapshot_for_each(void (*cb)(const struct mp_snapshot *, void *aux),
                          void *aux);

#endif
