/* SPDX-License-Identifier: Apache-2.0
 *
 * report.c: what is running, in the words of the database.
 *
 * Written at once when something changed and every stats-update-interval.
 * What packets change all the time, counters and how many mbufs are in use, is
 * no such change.
 */
#include <config.h>
#include "vswitchd/reconcile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg.h"
#include "eal/eal.h"
#include "hash.h"
#include "mem/mp-snapshot.h"
#include "openvswitch/poll-loop.h"
#include "ovsdb/db.h"
#include "ovsdb/status.h"
#include "packets.h"
#include "port/port.h"
#include "sluice-config.h"
#include "timeval.h"
#include "util.h"
#include "vswitchd/report-mem.h"

static const char *const iface_types[] = {
    "dpdk", "dpdkvhostuser", "dpdkvhostuserclient", "internal", "patch",
    "system", "tap", NULL,
};
static const char *const datapath_types[] = { "netdev", NULL };

static uint64_t seq_written = UINT64_MAX;
static uint64_t mem_seq_written = UINT64_MAX;
static uint64_t db_seq_written = UINT64_MAX;
static long long int next_stats = LLONG_MIN;

/* Storage behind one row's pointers. */
struct row {
    struct port_stats stats;
    struct status_stat *v;
    char mac[ETH_ADDR_STRLEN + 1];
};

static int64_t
made_up_ifindex(const char *name)
{
    /* A port that the kernel knows nothing of: a stable number, as sFlow
     * collectors want one. */
    return (hash_string(name, 0) & 0xffffff) + 1;
}

static void
fill_stats(struct status_iface *s, struct row *row, struct port *p)
{
    port_get_stats(p, &row->stats);
    row->v = xcalloc(MAX(row->stats.n, 1), sizeof *row->v);
    for (size_t i = 0; i < row->stats.n; i++) {
        row->v[i] = (struct status_stat) {
            .name = row->stats.v[i].name, .value = row->stats.v[i].value,
        };
    }
    s->stats = row->v;
    s->n_stats = row->stats.n;
    s->stats_valid = true;
}

static void
fill_iface(struct status_iface *s, struct row *row,
           const struct cfg_iface *iface, const struct report_mem *mem)
{
    static const uint8_t none[6];
    struct reconcile_result r;
    struct port_link link;

    reconcile_get(iface, &r);
    s->name = iface->name;
    s->ofport = r.ofport;
    s->error = r.error;
    smap_init(&s->status);
    if (!r.port) {
        return;
    }
    s->exists = true;
    smap_destroy(&s->status);
    port_get_status(r.port, &s->status);
    if (r.port->mp) {
        report_mem_put_status(mem, r.port->mp, r.port->name, &s->status);
    }
    port_get_link(r.port, &link);
    s->admin_up = link.admin_up;
    s->link_up = link.up;
    s->link_speed = (int64_t) link.speed_bps;
    s->duplex = link.duplex;
    s->link_resets = link.resets;
    s->mtu = link.mtu;
    snprintf(row->mac, sizeof row->mac,
             "%02x:%02x:%02x:%02x:%02x:%02x", link.mac[0], link.mac[1],
             link.mac[2], link.mac[3], link.mac[4], link.mac[5]);
    s->mac_in_use = memcmp(link.mac, none, sizeof none) ? row->mac : NULL;
    s->ifindex = (port_is_pmd(r.port) ? made_up_ifindex(iface->name)
                  : link.ifindex);
    fill_stats(s, row, r.port);
}

/* "0000" and the local port's address, as the peer makes it. */
static void
make_datapath_id(const char *bridge, char id[17])
{
    struct port *local = port_find(bridge);
    struct port_link link = { .mac = { 0 } };

    if (local) {
        port_get_link(local, &link);
    }
    snprintf(id, 17, "0000%02x%02x%02x%02x%02x%02x", link.mac[0],
             link.mac[1], link.mac[2], link.mac[3], link.mac[4],
             link.mac[5]);
}

static size_t
count_ifaces(const struct cfg *cfg)
{
    size_t n = 0;

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        for (size_t j = 0; j < cfg->bridges[i].n_ports; j++) {
            n += cfg->bridges[i].ports[j].n_ifaces;
        }
    }
    return n;
}

static bool
write_status(const struct cfg *cfg)
{
    size_t n = count_ifaces(cfg), k = 0;
    struct status_iface *ifaces = xcalloc(MAX(n, 1), sizeof *ifaces);
    struct row *rows = xcalloc(MAX(n, 1), sizeof *rows);
    struct status_bridge *bridges
        = xcalloc(MAX(cfg->n_bridges, 1), sizeof *bridges);
    char (*ids)[17] = xcalloc(MAX(cfg->n_bridges, 1), sizeof *ids);
    struct smap statistics = SMAP_INITIALIZER(&statistics);
    struct report_mem mem;
    struct status status = {
        .dpdk_initialized = eal_state() == EAL_RUNNING,
        .dpdk_version = eal_version(),
        .iface_types = iface_types,
        .datapath_types = datapath_types,
        .ovs_version = SLUICE_VERSION,
        .ifaces = ifaces, .n_ifaces = n,
        .bridges = bridges, .n_bridges = cfg->n_bridges,
        .statistics = &statistics,
    };
    bool ok;

    report_mem_take(&mem);
    report_mem_put_statistics(&mem, &statistics);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct cfg_bridge *b = &cfg->bridges[i];

        make_datapath_id(b->name, ids[i]);
        bridges[i] = (struct status_bridge) {
            .name = b->name, .datapath_id = ids[i],
            .datapath_version = "<built-in>",
        };
        for (size_t j = 0; j < b->n_ports; j++) {
            for (size_t m = 0; m < b->ports[j].n_ifaces; m++, k++) {
                fill_iface(&ifaces[k], &rows[k], &b->ports[j].ifaces[m],
                           &mem);
            }
        }
    }
    ok = status_write(&status);
    report_mem_destroy(&mem);
    smap_destroy(&statistics);
    for (k = 0; k < n; k++) {
        smap_destroy(&ifaces[k].status);
        port_stats_destroy(&rows[k].stats);
        free(rows[k].v);
    }
    free(ifaces);
    free(rows);
    free(bridges);
    free(ids);
    return ok;
}

static bool
something_changed(void)
{
    return (reconcile_seq() != seq_written
            || mp_snapshot_seq() != mem_seq_written
            || db_seqno() != db_seq_written
            || status_wanted());
}

void
report_run(void)
{
    const struct cfg *cfg = reconcile_current();
    uint64_t seq = reconcile_seq();
    uint64_t mem_seq = mp_snapshot_seq();
    uint64_t db_seq = db_seqno();
    bool changed;

    if (!cfg || !status_ready()) {
        return;
    }
    changed = something_changed();
    if (!changed && time_msec() < next_stats) {
        return;
    }
    if (write_status(cfg)) {
        seq_written = seq;
        mem_seq_written = mem_seq;
        db_seq_written = db_seq;
        next_stats = time_msec() + cfg->stats_interval;
    }
}

void
report_wait(void)
{
    if (!reconcile_current() || !status_ready()) {
        return;         /* db_wait() wakes */
    }
    if (something_changed()) {
        poll_immediate_wake();
    } else {
        poll_timer_wait_until(next_stats);
    }
}
