/* SPDX-License-Identifier: Apache-2.0
 *
 * rig.h: what tests of packet threads stand on: DPDK on ordinary memory, a
 * small mempool of the registry, the modules below lib/pmd, and ports that
 * check how they are used.
 *
 * A rig port's rx makes a frame whenever the test lets it, from the pool and
 * in the packet thread, as a device would; its tx frees.  Every call is
 * checked against the port's life cycle: rx and tx while the port is stopped,
 * or one queue's rx or tx in two threads at once, count as errors.
 */
#ifndef RIG_H
#define RIG_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "port/port-class.h"
#include "port/port.h"

/* cmocka group fixtures. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Mbufs not in the pool nor in a thread's cache of it. */
unsigned int rig_mbufs_out(void);

/* A frame from 02:00:00:00:00:`src` to `dst` or, with 255, to everybody.  NULL
 * where the pool is empty.  Any registered thread. */
struct rte_mbuf *rig_frame(uint8_t src, uint8_t dst);

enum { RIG_QUEUES = 4 };

struct rig_port {
    struct port up;
    uint8_t src, dst;           /* of frames it makes */
    _Atomic(bool) stopped;      /* between stop() and start() */
    _Atomic(int) inside[RIG_QUEUES];    /* threads in rx of that queue */
    _Atomic(unsigned int) misuses;
    _Atomic(uint64_t) allowed;  /* frames that rx may still make */
    _Atomic(uint64_t) made, sent;
    _Atomic(uint64_t) polls[RIG_QUEUES];
    _Atomic(int) inside_tx[PORT_MAX_TXQ];       /* likewise in tx */
};

extern const struct port_class rig_class;

/* A running port of `n_rxq` queues, unpublished, in no bridge. */
struct rig_port *rig_port_create(const char *name, unsigned int n_rxq,
                                 uint8_t src, uint8_t dst);
/* Settings of such a port; one whose `mtu` differs is restarted by
 * port_set(). */
void rig_settings(struct cfg_settings *, unsigned int n_rxq, uint32_t mtu);

/* Waits until `cond(aux)`, up to 10 seconds; fails the test with `what`. */
void rig_wait(bool (*cond)(void *aux), void *aux, const char *what);

/* Sleeps for `ms`; returns how much of a core this process used meanwhile, in
 * percent. */
unsigned int rig_cpu_percent(unsigned int ms);

#endif
