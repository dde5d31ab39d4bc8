/* SPDX-License-Identifier: Apache-2.0
 *
 * rcu.h: quiescent-state reclamation for everything packet threads read.
 *
 * Built on DPDK's QSBR.  Readers are packet threads (PMDs, the thread of
 * kernel-backed ports).  Writers are the main thread and, for a vhost device
 * that goes away, the vhost library's threads, for one whose memory does, the
 * door's (port/vhost-door.h).
 *
 *  reader                              writer
 *  ------                              ------
 *  id = rcu_register()
 *  rcu_online(id)
 *  loop:                               new = build; old = *shared
 *     p = load_acquire(shared)         store_release(shared, new)
 *     use p, until                     rcu_synchronize()
 *     rcu_quiescent(id)                free(old)
 *  rcu_offline(id) before any sleep
 *  rcu_unregister(id)
 *
 * The rule: a reader keeps no pointer over rcu_quiescent(), never sleeps or
 * takes a lock that a writer holds while it is online, and a writer never
 * calls rcu_synchronize() on a thread that is itself an online reader.
 */
#ifndef EAL_RCU_H
#define EAL_RCU_H 1

#include <rte_rcu_qsbr.h>

enum { RCU_MAX_THREADS = 264 };         /* 256 PMDs and a few others */

extern struct rte_rcu_qsbr *rcu_qs;

void rcu_init(void);                    /* after EAL; idempotent */
int rcu_register(void);                 /* id >= 0, or -ENOSPC; starts
                                         * offline; any thread */
void rcu_unregister(int id);            /* offline; the same thread */

static inline void
rcu_online(int id)
{
    rte_rcu_qsbr_thread_online(rcu_qs, (unsigned int) id);
}

static inline void
rcu_offline(int id)
{
    rte_rcu_qsbr_thread_offline(rcu_qs, (unsigned int) id);
}

static inline void
rcu_quiescent(int id)
{
    rte_rcu_qsbr_quiescent(rcu_qs, (unsigned int) id);
}

/* Waits until every reader that was online has passed a quiescent state.
 * Returns at once where DPDK is not running. */
void rcu_synchronize(void);

#endif
