/* SPDX-License-Identifier: Apache-2.0
 *
 * qos.h: limits on what passes a port, with token buckets.
 *
 *   policer.c          what a port receives: Interface.ingress_policing_*
 *   egress-policer.c   what a port sends: QoS of type "egress-policer"
 *   egress-trtcm.c     likewise, type "trtcm-policer", with queues
 *   qos.c              how a burst of frames passes any of them
 *   qos-class.h        the seam for another kind
 *
 * What counts of a frame is its length without the Ethernet header of 14
 * bytes; the CRC is not in an mbuf.  VLAN tags count.
 *
 * A `struct qos` never changes its settings: the main thread makes a new one,
 * publishes it by RCU and frees the old one after a grace period, so that each
 * frame sees one of them as a whole.  Its buckets are full at first.
 *
 *   main thread                        packet threads
 *   -----------                        --------------
 *   q = qos_create()
 *   store_release(shared, q)           q = load_acquire(shared)
 *   rcu_synchronize()                  qos_run(q), in any number of threads
 *   qos_destroy(old)                   rcu_quiescent()
 */
#ifndef QOS_QOS_H
#define QOS_QOS_H 1

#include <stdint.h>

#include "cfg/cfg.h"

struct ds;
struct qos;
struct rte_mbuf;

/* Both make what `cfg` asks for, for port `port`, whose name is used in texts
 * only.  NULL: nothing is asked for, or it is impossible.  `*errp` is NULL or
 * a malloc'ed text about what was wrong; where only queues were, the rest is
 * made.  DPDK is running: its clock is what rates are measured by. */
struct qos *policer_create(const struct cfg_policing *cfg, const char *port,
                           char **errp);
struct qos *qos_create(const struct cfg_qos *cfg, const char *port,
                       char **errp);
void qos_destroy(struct qos *);         /* NULL: no effect */

/* Lets pass what may: those frames are moved to the front of `m`, in order,
 * the others are freed.  Returns how many passed.  `queue` has the queue of
 * each frame; NULL: all are of queue 0.  Any thread; at most 64 frames are
 * judged under one spinlock. */
uint16_t qos_run(struct qos *, struct rte_mbuf **m, const uint32_t *queue,
                 uint16_t n);
/* Likewise, at most 64 frames, at time `now` in TSC cycles, which goes for
 * the latest time of any call where it is earlier. */
uint16_t qos_run_at(struct qos *, uint64_t now, struct rte_mbuf **m,
                    const uint32_t *queue, uint16_t n);

/* The type in the database, and its settings and counters as lines of text,
 * as qos/show has them.  Main thread. */
const char *qos_type(const struct qos *);
void qos_format(const struct qos *, struct ds *);

/* The types that Port.qos may have, ended by NULL. */
const char *const *qos_types(void);

#endif
