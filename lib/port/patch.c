/* SPDX-License-Identifier: Apache-2.0
 *
 * patch.c: see patch.h.
 *
 * What a port knows by itself: its name, its address, its counters.  Who is
 * connected with whom is switch/bridge-patch.c's.
 */
#include <config.h>
#include "port/patch.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "port/port-class.h"
#include "port/port.h"
#include "util.h"

/* One writer: the sender of that number. */
struct patch_counters {
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
} __rte_cache_aligned;

struct patch_port {
    struct port up;
    struct rte_ether_addr mac;
    struct patch_counters c[PORT_MAX_TXQ];
};

static struct patch_port *
patch_port_cast(const struct port *p)
{
    return CONTAINER_OF(p, struct patch_port, up);
}

bool
port_is_patch(const struct port *p)
{
    return p->class == &patch_class;
}

const char *
patch_peer_name(const struct port *p)
{
    return p->wanted.peer;
}

void
patch_count(struct port *from, struct port *to, unsigned int thread,
            struct rte_mbuf *const *m, unsigned int n)
{
    struct patch_counters *tx
        = &patch_port_cast(from)->c[thread % PORT_MAX_TXQ];
    struct patch_counters *rx = &patch_port_cast(to)->c[thread % PORT_MAX_TXQ];
    uint64_t bytes = 0;

    for (unsigned int i = 0; i < n; i++) {
        bytes += m[i]->pkt_len;
    }
    tx->tx_packets += n;
    tx->tx_bytes += bytes;
    rx->rx_packets += n;
    rx->rx_bytes += bytes;
}

static int
construct(struct port *p, char **errp OVS_UNUSED)
{
    rte_eth_random_addr(patch_port_cast(p)->mac.addr_bytes);
    return 0;
}

static void
destruct(struct port *p OVS_UNUSED)
{
}

static enum port_change
plan(const struct port *p)
{
    return p->running.valid ? PORT_CHANGE_NONE : PORT_CHANGE_RESTART;
}

static bool
mempool_request(const struct port *p OVS_UNUSED,
                struct mp_request *req OVS_UNUSED)
{
    return false;
}

static int
reconfigure(struct port *p, struct mp *mp OVS_UNUSED,
            enum port_change kind OVS_UNUSED, char **errp OVS_UNUSED)
{
    p->running.valid = true;
    return 0;
}

static void
get_stats(struct port *p, struct port_stats *stats)
{
    struct patch_counters sum = { .rx_packets = 0 };

    for (size_t i = 0; i < PORT_MAX_TXQ; i++) {
        const struct patch_counters *c = &patch_port_cast(p)->c[i];

        sum.rx_packets += c->rx_packets;
        sum.rx_bytes += c->rx_bytes;
        sum.tx_packets += c->tx_packets;
        sum.tx_bytes += c->tx_bytes;
    }
    port_stat_add(stats, "rx_packets", sum.rx_packets);
    port_stat_add(stats, "rx_bytes", sum.rx_bytes);
    port_stat_add(stats, "tx_packets", sum.tx_packets);
    port_stat_add(stats, "tx_bytes", sum.tx_bytes);
}

static void
get_link(const struct port *p, struct port_link *link)
{
    link->up = link->admin_up = true;
    memcpy(link->mac, &patch_port_cast(p)->mac, sizeof link->mac);
}

static char *
describe(const struct port *p)
{
    return xasprintf("patch: peer=%s", patch_peer_name(p));
}

const struct port_class patch_class = {
    .kind = CFG_TYPE_PATCH,
    .type = "patch",
    .logical = true,
    .size = sizeof(struct patch_port),
    .construct = construct,
    .destruct = destruct,
    .plan = plan,
    .mempool_request = mempool_request,
    .reconfigure = reconfigure,
    .get_stats = get_stats,
    .get_link = get_link,
    .describe = describe,
};
