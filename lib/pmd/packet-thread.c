/* SPDX-License-Identifier: Apache-2.0
 *
 * packet-thread.c: how a thread that handles packets begins and ends.
 */
#include <config.h>
#include "pmd/packet-thread.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_lcore.h>

#include "eal/log-modules.h"
#include "eal/machine.h"
#include "eal/rcu.h"
#include "mem/mempool.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "util.h"

#define this_module log_dpdk

/* Takes the thread's place.  Returns its number in RCU, or a negative errno
 * with the step that failed. */
static int
enter(struct packet_thread *t)
{
    int error, rcu;

    ovsrcu_quiesce_start();
    t->failed_step = "it cannot run there";
    error = t->core >= 0 ? machine_pin(t->core) : 0;
    if (error) {
        return error;
    }
    t->failed_step = "DPDK has no lcore left for it";
    if (rte_thread_register()) {
        return -rte_errno;
    }
    t->failed_step = "there are too many packet threads";
    rcu = rcu_register();
    if (rcu < 0) {
        rte_thread_unregister();
    }
    return rcu;
}

static void *
packet_thread_main(void *t_)
{
    struct packet_thread *t = t_;
    int rcu = enter(t);
    unsigned int lcore;

    t->error = MIN(rcu, 0);
    sem_post(&t->started);
    if (rcu < 0) {
        return NULL;
    }
    lcore = rte_lcore_id();
    if (t->is_pmd) {
        VLOG_INFO("PMD thread uses DPDK lcore %u.", lcore);
    }

    t->run(t->aux, rcu);

    mp_flush_lcore();
    rcu_unregister(rcu);
    rte_thread_unregister();
    if (t->is_pmd) {
        VLOG_INFO("PMD thread released DPDK lcore %u.", lcore);
    }
    return NULL;
}

int
packet_thread_start(struct packet_thread *t, const char *name, char **errp)
{
    sem_init(&t->started, 0, 0);
    t->pthread = ovs_thread_create(name, packet_thread_main, t);
    while (sem_wait(&t->started) && errno == EINTR) {
        continue;
    }
    if (t->error) {
        *errp = xasprintf("%s (%s)", t->failed_step,
                          ovs_strerror(-t->error));
        packet_thread_join(t);
    }
    return t->error;
}

void
packet_thread_join(struct packet_thread *t)
{
    xpthread_join(t->pthread, NULL);
    sem_destroy(&t->started);
}
