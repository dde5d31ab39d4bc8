/* SPDX-License-Identifier: Apache-2.0
 *
 * port-qos.c: how do the limits of a port come into force?
 *
 * Main thread.  A limit is replaced as a whole while frames flow, and only
 * where its settings changed: a new one begins with full buckets.
 */
#include <config.h>
#include "port/port-reconf.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "eal/rcu.h"
#include "port/port.h"
#include "qos/qos.h"
#include "util.h"

/* Takes over `limit` and `error`. */
static void
publish(struct port *p, struct port_qos *qos, struct qos *limit, char *error)
{
    struct qos *old = atomic_load_explicit(&qos->limit, memory_order_relaxed);

    atomic_store_explicit(&qos->limit, limit, memory_order_release);
    if (old) {
        rcu_synchronize();      /* nobody uses it any more */
        qos_destroy(old);
    }
    if (!nullable_string_is_equal(qos->error, error)) {
        port_changed(p);
    }
    free(qos->error);
    qos->error = error;
}

void
port_qos_apply(struct port *p)
{
    const struct cfg_settings *want = &p->wanted;
    struct qos *limit;
    char *error;

    if (!rte_get_tsc_hz()) {
        return;
    }
    if (!cfg_policing_equal(&p->policing, &want->policing)) {
        p->policing = want->policing;
        limit = policer_create(&p->policing, p->name, &error);
        publish(p, &p->rx_qos, limit, error);
    }
    if (!cfg_qos_equal(&p->qos, &want->qos)) {
        cfg_qos_destroy(&p->qos);
        cfg_qos_clone(&p->qos, &want->qos);
        limit = qos_create(&p->qos, p->name, &error);
        publish(p, &p->tx_qos, limit, error);
    }
}

void
port_qos_destroy(struct port *p)
{
    qos_destroy(atomic_load_explicit(&p->rx_qos.limit, memory_order_relaxed));
    qos_destroy(atomic_load_explicit(&p->tx_qos.limit, memory_order_relaxed));
    free(p->rx_qos.error);
    free(p->tx_qos.error);
    cfg_qos_destroy(&p->qos);
}

const char *
port_error(const struct port *p)
{
    return (p->error ? p->error
            : p->tx_qos.error ? p->tx_qos.error
            : p->rx_qos.error ? p->rx_qos.error
            : p->remark);
}

static void
add_drops(struct port_stats *stats, const char *total, const char *own,
          const struct port_qos *qos)
{
    uint64_t drops = atomic_load_explicit(&qos->drops, memory_order_relaxed);

    port_stat_increase(stats, total, drops);
    port_stat_add(stats, own, drops);
}

void
port_qos_add_stats(const struct port *p, struct port_stats *stats)
{
    add_drops(stats, "rx_dropped", "ovs_rx_qos_drops", &p->rx_qos);
    add_drops(stats, "tx_dropped", "ovs_tx_qos_drops", &p->tx_qos);
}
