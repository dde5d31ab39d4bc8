/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-stats.c: what a vhost port tells the database and dpif/show.
 */
#include <config.h>
#include "port/vhost.h"

#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "port/vhost-rings.h"
#include "smap.h"
#include "util.h"

static void
sum(struct port_queue_counters *total, const struct port_queue_counters *q,
    size_t n)
{
    memset(total, 0, sizeof *total);
    for (size_t i = 0; i < n; i++) {
        total->packets += q[i].packets;
        total->bytes += q[i].bytes;
        total->dropped += q[i].dropped;
        total->retries += q[i].retries;
        total->mtu_drops += q[i].mtu_drops;
        total->multicast += q[i].multicast;
        total->broadcast += q[i].broadcast;
        for (size_t j = 0; j < ARRAY_SIZE(total->size); j++) {
            total->size[j] += q[i].size[j];
        }
    }
}

static void
add_direction(struct port_stats *s, const char *dir,
              const struct port_queue_counters *q, size_t n, size_t n_shown,
              uint64_t more_dropped, struct port_queue_counters *total)
{
    sum(total, q, n);
    total->dropped += more_dropped;
    port_stat_addf(s, total->packets, "%s_packets", dir);
    port_stat_addf(s, total->bytes, "%s_bytes", dir);
    port_stat_addf(s, total->dropped, "%s_dropped", dir);
    port_stat_addf(s, 0, "%s_errors", dir);
    port_stat_addf(s, total->multicast, "%s_multicast_packets", dir);
    port_stat_addf(s, total->broadcast, "%s_broadcast_packets", dir);
    for (size_t i = 0; i < ARRAY_SIZE(total->size); i++) {
        port_stat_addf(s, total->size[i], "%s_%s_packets", dir,
                       port_size_names[i]);
    }
    for (size_t i = 0; i < n_shown; i++) {
        port_stat_addf(s, q[i].packets, "%s_q%"PRIuSIZE"_good_packets", dir,
                       i);
        port_stat_addf(s, q[i].bytes, "%s_q%"PRIuSIZE"_good_bytes", dir, i);
    }
}

/* Queues that exist or ever counted something: a queue that went away keeps
 * its counters in sight, so that the sums hold. */
static size_t
n_shown(const struct port_queue_counters *q, size_t max, size_t running)
{
    size_t n = running;

    for (size_t i = running; i < max; i++) {
        if (q[i].packets) {
            n = i + 1;
        }
    }
    return n;
}

void
vhost_get_stats(struct port *p, struct port_stats *s)
{
    struct port_queue_counters rx, tx;

    add_direction(s, "rx", p->rxc, PORT_MAX_RXQ,
                  n_shown(p->rxc, PORT_MAX_RXQ, p->running.n_rxq),
                  vhost_rings_rx_dropped(vhost_cast(p)), &rx);
    add_direction(s, "tx", p->txc, PORT_MAX_TXQ,
                  n_shown(p->txc, PORT_MAX_TXQ, p->running.n_txq), 0,
                  &tx);
    port_stat_add(s, "ovs_tx_failure_drops", tx.dropped - tx.mtu_drops);
    port_stat_add(s, "ovs_tx_mtu_exceeded_drops", tx.mtu_drops);
    port_stat_add(s, "ovs_tx_retries", tx.retries);
    port_stat_add(s, "ovs_tx_invalid_hwol_drops", 0);
}

void
vhost_get_status(const struct port *p, struct smap *status)
{
    struct vhost *v = vhost_cast(p);
    struct vhost_conn c;

    ovs_mutex_lock(&vhost_mutex);
    c = v->conn;
    if (c.vid >= 0) {
        vhost_rings_get_status(v, status);
    }
    ovs_mutex_unlock(&vhost_mutex);

    smap_add(status, "mode", v->client ? "client" : "server");
    smap_add(status, "socket", v->path);
    if (c.vid < 0) {
        smap_add(status, "status", "disconnected");
        return;
    }
    smap_add(status, "status", "connected");
    smap_add_format(status, "features", "0x%016"PRIx64, c.features);
    smap_add_format(status, "num_of_vrings", "%u", c.n_vrings);
    if (c.numa >= 0) {
        smap_add_format(status, "numa", "%d", c.numa);
    }
    for (unsigned int i = 0; i < c.n_vrings; i++) {
        char key[32];

        snprintf(key, sizeof key, "vring_%u_size", i);
        smap_add_format(status, key, "%u", c.vring_size[i]);
    }
    smap_add_format(status, "n_rxq", "%u", p->running.n_rxq);
    smap_add_format(status, "n_txq", "%u", p->running.n_txq);
}

void
vhost_get_link(const struct port *p, struct port_link *link)
{
    struct vhost *v = vhost_cast(p);

    ovs_mutex_lock(&vhost_mutex);
    link->up = v->conn.vid >= 0 && p->admin_up;
    link->resets = v->conn.resets;
    ovs_mutex_unlock(&vhost_mutex);
    link->admin_up = p->admin_up;
}

char *
vhost_describe(const struct port *p)
{
    unsigned int rx = MAX(p->running.n_rxq, 1);
    unsigned int tx = MAX(p->running.n_txq, 1);

    return xasprintf("%s: configured_rx_queues=%u, configured_tx_queues=%u, "
                     "mtu=%u, requested_rx_queues=%u, "
                     "requested_tx_queues=%u", p->class->type, rx, tx,
                     p->running.mtu, rx, tx);
}
