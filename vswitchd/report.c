/* SPDX-License-Identifier: Apache-2.0
 *
 * report.c: what is running, in the words of the database.
 *
 * Every stats-update-interval all is written.  In between, a row is written at
 * once when something in it changed: with hundreds of ports the one that an
 * operator waits for must not wait for all others.  What packets change all
 * the time, counters and how many mbufs are in use, is no such change.
 *
 * Before the statistics that are due are written, devices are asked for their
 * counters (port-sample.h).  One that takes longer than PATIENCE_MS is shown
 * as it was.
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
#include "openvswitch/shash.h"
#include "ovsdb/db.h"
#include "ovsdb/status.h"
#include "packets.h"
#include "port/port-sample.h"
#include "port/port.h"
#include "sluice-config.h"
#include "sset.h"
#include "switch/bridge.h"
#include "timeval.h"
#include "util.h"
#include "vswitchd/report-mem.h"

enum { PATIENCE_MS = 500 };

static const char *const iface_types[] = {
    "dpdk", "dpdkvhostuser", "dpdkvhostuserclient", "internal", "patch",
    "system", "tap", NULL,
};
static const char *const datapath_types[] = { "netdev", NULL };

/* Which rows a report writes. */
enum scope {
    SCOPE_CHANGED,              /* those of interfaces that changed */
    SCOPE_STATES,               /* all, without the statistics of others */
    SCOPE_ALL,
};

/* What of an interface was written last; everything else in its row changes
 * with `change_seq` only. */
struct written {
    uint64_t change_seq;        /* of its port; 0: none */
    int64_t ofport;
    char *error;                /* or NULL */
};

static struct shash written = SHASH_INITIALIZER(&written);
static uint64_t seq_written = UINT64_MAX;
static uint64_t mem_seq_written = UINT64_MAX;
static uint64_t db_seq_written = UINT64_MAX;
static long long int stats_written = LLONG_MIN;     /* when, ms */
static bool stats_asked;                /* of the devices, since then */
static long long int patience_end;      /* where they were, ms */

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
    return hash_string(name, 0) % 0xfffffe + 1;
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

/* Takes note of what is about to be written; true where it is news. */
static bool
note_written(const char *name, const struct reconcile_result *r)
{
    struct written *w = shash_find_data(&written, name);
    struct written now = {
        .change_seq = r->port ? r->port->change_seq : 0,
        .ofport = r->ofport,
    };

    if (!w) {
        w = xzalloc(sizeof *w);
        shash_add(&written, name, w);
    } else if (w->change_seq == now.change_seq && w->ofport == now.ofport
               && nullable_string_is_equal(w->error, r->error)) {
        return false;
    }
    free(w->error);
    *w = now;
    w->error = nullable_xstrdup(r->error);
    return true;
}

static void
forget_written(void)
{
    struct shash_node *node;

    SHASH_FOR_EACH_SAFE (node, &written) {
        struct written *w = node->data;

        free(w->error);
        free(w);
        shash_delete(&written, node);
    }
}

static void
fill_iface(struct status_iface *s, struct row *row, const char *name,
           const struct reconcile_result *r, const struct report_mem *mem,
           bool with_stats)
{
    static const uint8_t none[6];
    struct port_link link;

    s->name = name;
    s->ofport = r->ofport;
    s->error = r->error;
    if (!r->port) {
        smap_init(&s->status);
        return;
    }
    s->exists = true;
    port_get_status(r->port, &s->status);
    if (r->port->mp) {
        report_mem_put_status(mem, r->port->mp, r->port->name, &s->status);
    }
    port_get_link(r->port, &link);
    s->admin_up = link.admin_up;
    s->link_up = link.up;
    s->link_speed = (int64_t) link.speed_bps;
    s->duplex = link.duplex;
    s->link_resets = link.resets;
    s->mtu = link.mtu;
    snprintf(row->mac, sizeof row->mac,
             "%02x:%02x:%02x:%02x:%02x:%02x", link.mac[0], link.mac[1],
             link.mac[2], link.mac[3], link.mac[4], link.mac[5]);
    /* (A device of DPDK's may well have the address 0, a guest's port has.) */
    s->mac_in_use = (port_is_pmd(r->port)
                     || memcmp(link.mac, none, sizeof none) ? row->mac : NULL);
    s->ifindex = port_is_pmd(r->port) ? made_up_ifindex(name) : link.ifindex;
    if (with_stats) {
        fill_stats(s, row, r->port);
    }
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

struct mirror_list {
    struct status_mirror *v;
    size_t n, allocated;
};

static void
add_mirrors(struct bridge *br, void *list_)
{
    struct mirror_list *list = list_;

    for (size_t i = 0; i < bridge_n_mirrors(br); i++) {
        struct bridge_mirror m;

        bridge_get_mirror(br, i, &m);
        if (list->n == list->allocated) {
            list->v = x2nrealloc(list->v, &list->allocated, sizeof *list->v);
        }
        list->v[list->n++] = (struct status_mirror) {
            .id = m.id,
            .tx_packets = (int64_t) m.packets,
            .tx_bytes = (int64_t) m.bytes,
        };
    }
}

/* Rows that a report is about to write. */
struct report {
    enum scope scope;
    struct sset blank;          /* names of interfaces with an empty row */
    struct report_mem mem;
    struct status_iface *ifaces;
    struct row *rows;
    size_t n;
};

static void
report_iface(struct report *report, const struct cfg_iface *iface)
{
    struct reconcile_result r;
    bool news;

    reconcile_get(iface, &r);
    news = note_written(iface->name, &r)
           || sset_contains(&report->blank, iface->name);
    if (news || report->scope != SCOPE_CHANGED) {
        size_t k = report->n++;

        fill_iface(&report->ifaces[k], &report->rows[k], iface->name, &r,
                   &report->mem, news || report->scope == SCOPE_ALL);
    }
}

static void
report_init(struct report *report, enum scope scope, size_t n_ifaces)
{
    *report = (struct report) {
        .scope = scope,
        .ifaces = xcalloc(MAX(n_ifaces, 1), sizeof *report->ifaces),
        .rows = xcalloc(MAX(n_ifaces, 1), sizeof *report->rows),
    };
    sset_init(&report->blank);
    status_get_blank(&report->blank);
    report_mem_take(&report->mem);
    if (scope == SCOPE_ALL) {
        forget_written();       /* also of interfaces that are gone */
    }
}

static void
report_destroy(struct report *report)
{
    for (size_t k = 0; k < report->n; k++) {
        smap_destroy(&report->ifaces[k].status);
        port_stats_destroy(&report->rows[k].stats);
        free(report->rows[k].v);
    }
    free(report->ifaces);
    free(report->rows);
    report_mem_destroy(&report->mem);
    sset_destroy(&report->blank);
}

static bool
write_status(const struct cfg *cfg, enum scope scope)
{
    struct status_bridge *bridges
        = xcalloc(MAX(cfg->n_bridges, 1), sizeof *bridges);
    char (*ids)[17] = xcalloc(MAX(cfg->n_bridges, 1), sizeof *ids);
    struct smap statistics = SMAP_INITIALIZER(&statistics);
    struct mirror_list mirrors = { .n = 0 };
    struct report report;
    struct status status = {
        .dpdk_initialized = eal_state() == EAL_RUNNING,
        .dpdk_version = eal_version(),
        .iface_types = iface_types,
        .datapath_types = datapath_types,
        .ovs_version = SLUICE_VERSION,
        .bridges = bridges, .n_bridges = cfg->n_bridges,
        .statistics = &statistics,
    };
    bool ok;

    report_init(&report, scope, count_ifaces(cfg));
    report_mem_put_statistics(&report.mem, &statistics);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct cfg_bridge *b = &cfg->bridges[i];

        make_datapath_id(b->name, ids[i]);
        bridges[i] = (struct status_bridge) {
            .name = b->name, .datapath_id = ids[i],
            .datapath_version = "<built-in>",
        };
        for (size_t j = 0; j < b->n_ports; j++) {
            for (size_t m = 0; m < b->ports[j].n_ifaces; m++) {
                report_iface(&report, &b->ports[j].ifaces[m]);
            }
        }
    }
    bridge_for_each(add_mirrors, &mirrors);
    status.mirrors = mirrors.v;
    status.n_mirrors = mirrors.n;
    status.ifaces = report.ifaces;
    status.n_ifaces = report.n;
    ok = status_write(&status);
    free(mirrors.v);
    report_destroy(&report);
    smap_destroy(&statistics);
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

/* When statistics are due.  The interval may have changed just now. */
static long long int
stats_due(const struct cfg *cfg)
{
    return (stats_written == LLONG_MIN ? LLONG_MIN
            : stats_written + cfg->stats_interval);
}

/* Are statistics due, and have the devices told what they counted? */
static bool
stats_ready(const struct cfg *cfg)
{
    if (time_msec() < stats_due(cfg)) {
        return false;
    }
    if (!stats_asked) {
        port_sample_ask_all();
        stats_asked = true;
        patience_end = time_msec() + PATIENCE_MS;
    }
    return !port_sample_pending() || time_msec() >= patience_end;
}

static enum scope
choose_scope(bool ready)
{
    return (ready || db_seqno() != db_seq_written ? SCOPE_ALL
            : mp_snapshot_seq() != mem_seq_written || status_lost()
            ? SCOPE_STATES : SCOPE_CHANGED);
}

void
report_run(void)
{
    const struct cfg *cfg = reconcile_current();
    uint64_t seq = reconcile_seq();
    uint64_t mem_seq = mp_snapshot_seq();
    uint64_t db_seq = db_seqno();
    bool ready;

    if (!cfg || !status_ready()) {
        return;
    }
    ready = stats_ready(cfg);
    if (!ready && !something_changed()) {
        return;
    }
    if (write_status(cfg, choose_scope(ready))) {
        seq_written = seq;
        mem_seq_written = mem_seq;
        db_seq_written = db_seq;
        if (ready) {
            stats_written = time_msec();
            stats_asked = false;
        }
    }
}

void
report_wait(void)
{
    const struct cfg *cfg = reconcile_current();

    if (!cfg || !status_ready()) {
        return;         /* db_wait() wakes */
    }
    if (something_changed()) {
        poll_immediate_wake();
    } else {
        /* A device that answers wakes, too. */
        poll_timer_wait_until(stats_asked ? patience_end : stats_due(cfg));
    }
}
