/* SPDX-License-Identifier: Apache-2.0
 *
 * rcu.c: one QSBR variable for all packet threads.
 *
 * The variable lives in ordinary memory, so that it exists whether or not
 * DPDK's heap does, and is never freed: a library thread may still ask for a
 * grace period while the process ends.
 */
#include <config.h>
#include "eal/rcu.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "openvswitch/thread.h"
#include "util.h"

struct rte_rcu_qsbr *rcu_qs;

static struct ovs_mutex rcu_mutex = OVS_MUTEX_INITIALIZER;
static bool rcu_used[RCU_MAX_THREADS] OVS_GUARDED_BY(rcu_mutex);

void
rcu_init(void)
{
    ovs_mutex_lock(&rcu_mutex);
    if (!rcu_qs) {
        size_t size = rte_rcu_qsbr_get_memsize(RCU_MAX_THREADS);
        struct rte_rcu_qsbr *qs;

        size = ROUND_UP(size, RTE_CACHE_LINE_SIZE);
        qs = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
        if (!qs || rte_rcu_qsbr_init(qs, RCU_MAX_THREADS)) {
            out_of_memory();
        }
        rcu_qs = qs;
    }
    ovs_mutex_unlock(&rcu_mutex);
}

int
rcu_register(void)
{
    int id = -ENOSPC;

    ovs_mutex_lock(&rcu_mutex);
    for (int i = 0; i < RCU_MAX_THREADS; i++) {
        if (!rcu_used[i]) {
            rcu_used[i] = true;
            id = i;
            break;
        }
    }
    ovs_mutex_unlock(&rcu_mutex);
    if (id >= 0) {
        rte_rcu_qsbr_thread_register(rcu_qs, (unsigned int) id);
    }
    return id;
}

void
rcu_unregister(int id)
{
    rte_rcu_qsbr_thread_unregister(rcu_qs, (unsigned int) id);
    ovs_mutex_lock(&rcu_mutex);
    rcu_used[id] = false;
    ovs_mutex_unlock(&rcu_mutex);
}

void
rcu_synchronize(void)
{
    if (rcu_qs) {
        uint64_t token = rte_rcu_qsbr_start(rcu_qs);

        /* A reader may be waiting for this very core. */
        while (!rte_rcu_qsbr_check(rcu_qs, token, false)) {
            sched_yield();
        }
    }
}
