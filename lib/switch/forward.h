/* SPDX-License-Identifier: Apache-2.0
 *
 * forward.h: what happens to a burst of frames.
 *
 * Stages: check, learn, look up (decide), then output (do).  Each packet
 * thread has a `struct forward_ctx` of its own; nothing in here is shared
 * between threads but the FDB and the ports.
 */
#ifndef SWITCH_FORWARD_H
#define SWITCH_FORWARD_H 1

#include <stdint.h>

#include <rte_mbuf.h>

#include "switch/bridge.h"
#include "switch/drop.h"

enum {
    FORWARD_BURST = 128,        /* largest burst taken */
    FORWARD_DEPTH = 8,          /* pairs of patch ports on a frame's way */
    FORWARD_COPIES = 30000,     /* of a frame, by floods behind these; mbufs
                                 * count their references in 16 bits */
};

struct forward_ctx;

/* `thread`: the sender's number for port_tx().  Freed by its owner after the
 * thread ended; its counters are then added to those of ended threads. */
struct forward_ctx *forward_ctx_create(unsigned int thread);
void forward_ctx_destroy(struct forward_ctx *);

/* Takes `n` <= FORWARD_BURST frames received on `in` (NULL: in no bridge).
 * Every mbuf is sent or freed on return.  `now`: switch_now()'s second. The
 * calling thread is online in RCU and `in` was loaded in this period. */
void forward_burst(struct forward_ctx *, const struct ingress *in,
                   struct rte_mbuf **, uint16_t n, uint32_t now);

/* Main thread, before any bridge has a patch port that is one of a pair: gives
 * every context, also those to come, what carrying frames from bridge to
 * bridge takes.  Without it such frames are dropped. */
void forward_expect_patches(void);

struct forward_stats {
    uint64_t rx_packets;
    uint64_t tx_packets, tx_batches;    /* a flood counts once per port, patch
                                         * ports not at all */
    uint64_t fdb_hits;          /* frames sent where the FDB said */
    uint64_t fdb_misses;        /* flooded: destination not in the FDB */
    uint64_t floods;            /* those, multicast and broadcast */
};
/* Any thread: `ctx`'s counters, maybe a burst behind. */
void forward_ctx_stats(const struct forward_ctx *, struct forward_stats *);

/* Any thread: sums over all threads, also those that ended. */
void forward_stats_sum(struct forward_stats *);
void forward_drops(struct drop_counters *);

#endif
