/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-census.h: where a pool's mbufs are, by holder.
 *
 * Taken while packets flow: close, not exact; exact where none do.  Reads one
 * cache line of every mbuf of the pool, so it is taken on demand (a command,
 * the report of a pool that does not drain), never on a timer.  Main thread.
 *
 * What a port was sent is known by its mark (mp-holder.h).  What lies in rx
 * rings is not: a driver fills them from the handler or from its thread's
 * cache, whose mbufs still have the mark of the port that they were sent to
 * before.  Rings are kept full, however, so they are taken to hold what the
 * ledger says as long as there are as many mbufs out: first of those without a
 * port's mark, then equally many of each port's.  For a pool that no port
 * has, every mark counts.
 */
#ifndef MEM_MP_CENSUS_H
#define MEM_MP_CENSUS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ds;
struct mp;

struct mp_census_port {
    const char *port;           /* also one that is gone and kept mbufs; ours
                                 * to read until ports come or go */
    bool gone;
    uint32_t rx_may;            /* by the ledger; of this pool */
    uint32_t rx_holds;          /* in its rx rings: an estimate */
    uint32_t tx_may;            /* by the ledger; of all pools */
    uint32_t tx_holds;          /* sent to it and not come back */
};

struct mp_census_thread {
    unsigned int lcore;
    uint32_t cached;
};

struct mp_census {
    uint32_t populated;
    uint32_t free;              /* with the handler */
    uint32_t cached;            /* in threads' caches */
    struct mp_census_port *ports;       /* sorted by name: those that have the
                                         * pool or mbufs of it */
    size_t n_ports;
    struct mp_census_thread *threads;   /* those that cache any */
    size_t n_threads;
    uint32_t unaccounted;       /* what is left: in threads' hands, or lost */
};

void mp_census_take(const struct mp *, struct mp_census *);
void mp_census_destroy(struct mp_census *);

/* One line for the log, the largest first: "ring1 rx 2048, vh0 tx 12, ...,
 * unaccounted 3"; "nobody" where all are at home. */
void mp_census_format(const struct mp_census *, struct ds *);

#endif
