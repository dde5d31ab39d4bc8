/* SPDX-License-Identifier: Apache-2.0
 *
 * status.c: what is running -> rows.
 *
 * Rows are looked up by name for each write.  The IDL drops a value that
 * equals what the row holds, since the columns are ours alone (no alert on
 * their changes), so that a write of an unchanged status sends nothing.
 * cur_cfg goes into the transaction that writes the rest: whoever waits for
 * it then finds `ofport` and `error` of the same configuration.
 */
#include <config.h>
#include "ovsdb/status.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb/db-private.h"
#include "ovsdb/db-probe.h"
#include "ovsdb/vswitch-idl.h"
#include "sset.h"
#include "timeval.h"
#include "unicode.h"
#include "util.h"
#include "uuid.h"

VLOG_DEFINE_THIS_MODULE(db_status);

/* Time until a write that failed is asked for again, in ms: after a lost
 * race, and after a refusal, which is likely to happen again. */
enum { RETRY_SOON = 100, RETRY_LATE = 5000 };

static struct ovsdb_idl_txn *txn;       /* in flight */
static long long int retry_at = LLONG_MAX;

static const struct ovsdb_idl_column *const written_columns[] = {
    &dbrec_open_vswitch_col_cur_cfg,
    &dbrec_open_vswitch_col_datapath_types,
    &dbrec_open_vswitch_col_db_version,
    &dbrec_open_vswitch_col_dpdk_initialized,
    &dbrec_open_vswitch_col_dpdk_version,
    &dbrec_open_vswitch_col_iface_types,
    &dbrec_open_vswitch_col_ovs_version,
    &dbrec_open_vswitch_col_statistics,
    &dbrec_bridge_col_datapath_id,
    &dbrec_bridge_col_datapath_version,
    &dbrec_mirror_col_statistics,
    &dbrec_interface_col_admin_state,
    &dbrec_interface_col_duplex,
    &dbrec_interface_col_error,
    &dbrec_interface_col_ifindex,
    &dbrec_interface_col_link_resets,
    &dbrec_interface_col_link_speed,
    &dbrec_interface_col_link_state,
    &dbrec_interface_col_mac_in_use,
    &dbrec_interface_col_mtu,
    &dbrec_interface_col_ofport,
    &dbrec_interface_col_statistics,
    &dbrec_interface_col_status,
};

void
status_monitor(struct ovsdb_idl *idl)
{
    for (size_t i = 0; i < ARRAY_SIZE(written_columns); i++) {
        ovsdb_idl_add_column(idl, written_columns[i]);
        ovsdb_idl_omit_alert(idl, written_columns[i]);
    }
}

/* Puts the columns of one row into a transaction.  A column that the server's
 * schema lacks is left out. */
struct writer {
    const struct ovsdb_idl *idl;
    const struct ovsdb_idl_row *row;
};

static void
put(const struct writer *w, const struct ovsdb_idl_column *column,
    struct ovsdb_datum *datum)
{
    if (ovsdb_idl_server_has_column(w->idl, column)) {
        ovsdb_idl_txn_write(w->row, column, datum);
    } else {
        ovsdb_datum_destroy(datum, &column->type);
    }
}

/* JSON has no place for other bytes than UTF-8: one of them, say in a text
 * of a library, would make the server refuse the whole transaction. */
static struct json *
make_text(const char *s)
{
    char *text = xstrdup(s);
    char *error = utf8_validate(text, NULL);

    if (error) {
        for (char *p = text; *p; p++) {
            if (*p & 0x80) {
                *p = '?';
            }
        }
        free(error);
    }
    return ovsdb_atom_string_create_nocopy(text);
}

static void
make_room(struct ovsdb_datum *datum, size_t n, bool values)
{
    ovsdb_datum_init_empty(datum);
    if (n) {
        datum->keys = xcalloc(n, sizeof *datum->keys);
        datum->values = values ? xcalloc(n, sizeof *datum->values) : NULL;
    }
}

/* NULL: the empty set, or where the column has none, the empty string. */
static void
put_text(const struct writer *w, const struct ovsdb_idl_column *column,
         const char *s)
{
    struct ovsdb_datum datum;

    make_room(&datum, 1, false);
    if (s || column->type.n_min) {
        datum.keys[datum.n++].s = make_text(s ? s : "");
    }
    put(w, column, &datum);
}

static void
put_texts(const struct writer *w, const struct ovsdb_idl_column *column,
          const char *const *texts)
{
    struct ovsdb_datum datum;
    size_t n = 0;

    while (texts && texts[n]) {
        n++;
    }
    make_room(&datum, n, false);
    for (size_t i = 0; i < n; i++) {
        datum.keys[datum.n++].s = make_text(texts[i]);
    }
    put(w, column, &datum);
}

/* `set` false: the empty set. */
static void
put_integer(const struct writer *w, const struct ovsdb_idl_column *column,
            bool set, int64_t value)
{
    struct ovsdb_datum datum;

    make_room(&datum, 1, false);
    if (set) {
        datum.keys[datum.n++].integer = value;
    }
    put(w, column, &datum);
}

static void
put_boolean(const struct writer *w, const struct ovsdb_idl_column *column,
            bool value)
{
    struct ovsdb_datum datum;

    make_room(&datum, 1, false);
    datum.keys[datum.n++].boolean = value;
    put(w, column, &datum);
}

static void
put_smap(const struct writer *w, const struct ovsdb_idl_column *column,
         const struct smap *smap)
{
    struct ovsdb_datum datum;
    struct smap_node *node;

    make_room(&datum, smap ? smap_count(smap) : 0, true);
    if (smap) {
        SMAP_FOR_EACH (node, smap) {
            datum.keys[datum.n].s = make_text(node->key);
            datum.values[datum.n++].s = make_text(node->value);
        }
    }
    put(w, column, &datum);
}

static void
put_stats(const struct writer *w, const struct ovsdb_idl_column *column,
          const struct status_stat *stats, size_t n)
{
    struct ovsdb_datum datum;

    make_room(&datum, n, true);
    for (size_t i = 0; i < n; i++) {
        datum.keys[datum.n].s = make_text(stats[i].name);
        datum.values[datum.n++].integer = stats[i].value;
    }
    put(w, column, &datum);
}

static const char *
up_down(bool up)
{
    return up ? "up" : "down";
}

static void
write_iface(const struct writer *w, const struct status_iface *s)
{
    bool there = s->exists;
    const char *duplex = s->duplex == 1 ? "full"
                         : s->duplex == 0 ? "half" : NULL;

    put_integer(w, &dbrec_interface_col_ofport, true, s->ofport);
    put_text(w, &dbrec_interface_col_error, s->error);
    put_smap(w, &dbrec_interface_col_status, there ? &s->status : NULL);
    put_text(w, &dbrec_interface_col_admin_state,
             there ? up_down(s->admin_up) : NULL);
    put_text(w, &dbrec_interface_col_link_state,
             there ? up_down(s->link_up) : NULL);
    put_integer(w, &dbrec_interface_col_link_resets, there, s->link_resets);
    put_integer(w, &dbrec_interface_col_link_speed, there && s->link_speed,
                s->link_speed);
    put_text(w, &dbrec_interface_col_duplex, there ? duplex : NULL);
    put_integer(w, &dbrec_interface_col_mtu, there && s->mtu, s->mtu);
    put_text(w, &dbrec_interface_col_mac_in_use,
             there ? s->mac_in_use : NULL);
    put_integer(w, &dbrec_interface_col_ifindex, there, s->ifindex);
    if (!there) {
        put_stats(w, &dbrec_interface_col_statistics, NULL, 0);
    } else if (s->stats_valid) {
        put_stats(w, &dbrec_interface_col_statistics, s->stats, s->n_stats);
    }
}

static void
write_ifaces(struct ovsdb_idl *idl, const struct status *s)
{
    struct shash rows = SHASH_INITIALIZER(&rows);
    const struct dbrec_interface *row;

    DBREC_INTERFACE_FOR_EACH (row, idl) {
        shash_add(&rows, row->name, row);
    }
    for (size_t i = 0; i < s->n_ifaces; i++) {
        row = shash_find_data(&rows, s->ifaces[i].name);
        if (row) {
            write_iface(&(struct writer) { idl, &row->header_ },
                        &s->ifaces[i]);
        }
    }
    shash_destroy(&rows);
}

static void
write_bridges(struct ovsdb_idl *idl, const struct status *s)
{
    struct shash rows = SHASH_INITIALIZER(&rows);
    const struct dbrec_bridge *row;

    DBREC_BRIDGE_FOR_EACH (row, idl) {
        shash_add(&rows, row->name, row);
    }
    for (size_t i = 0; i < s->n_bridges; i++) {
        row = shash_find_data(&rows, s->bridges[i].name);
        if (row) {
            struct writer w = { idl, &row->header_ };

            put_text(&w, &dbrec_bridge_col_datapath_id,
                     s->bridges[i].datapath_id);
            put_text(&w, &dbrec_bridge_col_datapath_version,
                     s->bridges[i].datapath_version);
        }
    }
    shash_destroy(&rows);
}

/* A mirror that is not in use has no statistics. */
static void
write_mirror(const struct writer *w, const struct status_mirror *m)
{
    const struct status_stat stats[] = {
        { "tx_bytes", m ? m->tx_bytes : 0 },
        { "tx_packets", m ? m->tx_packets : 0 },
    };

    put_stats(w, &dbrec_mirror_col_statistics, stats,
              m ? ARRAY_SIZE(stats) : 0);
}

static void
write_mirrors(struct ovsdb_idl *idl, const struct status *s)
{
    struct shash in_use = SHASH_INITIALIZER(&in_use);
    const struct dbrec_mirror *row;

    for (size_t i = 0; i < s->n_mirrors; i++) {
        shash_add(&in_use, s->mirrors[i].id, &s->mirrors[i]);
    }
    DBREC_MIRROR_FOR_EACH (row, idl) {
        char id[UUID_LEN + 1];

        snprintf(id, sizeof id, UUID_FMT, UUID_ARGS(&row->header_.uuid));
        write_mirror(&(struct writer) { idl, &row->header_ },
                     shash_find_data(&in_use, id));
    }
    shash_destroy(&in_use);
}

static void
write_global(struct ovsdb_idl *idl, const struct dbrec_open_vswitch *row,
             const struct status *s)
{
    struct writer w = { idl, &row->header_ };
    int64_t cur_cfg;

    put_boolean(&w, &dbrec_open_vswitch_col_dpdk_initialized,
                s->dpdk_initialized);
    put_text(&w, &dbrec_open_vswitch_col_dpdk_version, s->dpdk_version);
    put_texts(&w, &dbrec_open_vswitch_col_iface_types, s->iface_types);
    put_texts(&w, &dbrec_open_vswitch_col_datapath_types, s->datapath_types);
    if (s->ovs_version) {
        put_text(&w, &dbrec_open_vswitch_col_ovs_version, s->ovs_version);
    }
    if (db_probe_version()) {
        put_text(&w, &dbrec_open_vswitch_col_db_version, db_probe_version());
    }
    if (s->statistics) {
        put_smap(&w, &dbrec_open_vswitch_col_statistics, s->statistics);
    }
    if (db_applied(&cur_cfg)) {
        put_integer(&w, &dbrec_open_vswitch_col_cur_cfg, true, cur_cfg);
    }
}

/* Looks how the transaction fares; `txn` is NULL once it is decided. */
static void
follow_txn(void)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
    enum ovsdb_idl_txn_status result = ovsdb_idl_txn_commit(txn);

    switch (result) {
    case TXN_INCOMPLETE:
        return;

    case TXN_UNCHANGED:
    case TXN_SUCCESS:
        break;

    case TXN_TRY_AGAIN:
    case TXN_NOT_LOCKED:
    case TXN_ABORTED:
    case TXN_UNCOMMITTED:
        retry_at = time_msec() + RETRY_SOON;
        break;

    case TXN_ERROR:
        VLOG_WARN_RL(&rl, "the database refused the status of the switch: %s",
                     ovsdb_idl_txn_get_error(txn));
        retry_at = time_msec() + RETRY_LATE;
        break;
    }
    status_reset();
}

void
status_reset(void)
{
    if (txn) {
        ovsdb_idl_txn_destroy(txn);
        txn = NULL;
    }
}

void
status_run(void)
{
    if (txn) {
        follow_txn();
    }
}

static bool
cur_cfg_pending(void)
{
    struct ovsdb_idl *idl = db_writable();
    int64_t cur_cfg;

    return idl && db_applied(&cur_cfg)
           && dbrec_open_vswitch_first(idl)->cur_cfg != cur_cfg;
}

bool
status_ready(void)
{
    return !txn && db_writable();
}

bool
status_busy(void)
{
    return txn || cur_cfg_pending();
}

bool
status_wanted(void)
{
    return status_ready() && (retry_at == LLONG_MAX ? cur_cfg_pending()
                              : time_msec() >= retry_at);
}

bool
status_lost(void)
{
    return retry_at != LLONG_MAX;
}

/* (write_iface() leaves no row without.) */
void
status_get_blank(struct sset *names)
{
    const struct dbrec_interface *row;

    DBREC_INTERFACE_FOR_EACH (row, db_writable()) {
        if (!row->n_ofport) {
            sset_add(names, row->name);
        }
    }
}

void
status_wait(void)
{
    if (txn) {
        ovsdb_idl_txn_wait(txn);
    } else if (status_wanted()) {
        poll_immediate_wake();
    } else if (retry_at != LLONG_MAX && status_ready()) {
        poll_timer_wait_until(retry_at);
    }
}

bool
status_write(const struct status *s)
{
    struct ovsdb_idl *idl = db_writable();

    if (txn || !idl) {
        return false;
    }
    retry_at = LLONG_MAX;
    txn = ovsdb_idl_txn_create(idl);
    ovsdb_idl_txn_add_comment(txn, "%s", program_name);
    write_ifaces(idl, s);
    write_bridges(idl, s);
    write_mirrors(idl, s);
    write_global(idl, dbrec_open_vswitch_first(idl), s);
    follow_txn();
    return true;
}
