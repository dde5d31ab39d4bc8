/* SPDX-License-Identifier: Apache-2.0
 *
 * db.c: keeps the replica of the database and says when there is something
 * new in it.
 *
 * Reading rows is snapshot.c's, writing them status.c's business.
 */
#include <config.h>
#include "ovsdb/db.h"

#include <stdlib.h>

#include "cfg/cfg.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "ovsdb/db-private.h"
#include "ovsdb/db-probe.h"
#include "ovsdb/snapshot.h"
#include "ovsdb/vswitch-idl.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(db);

#define LOCK_NAME "ovs_vswitchd"

/* Why there is no configuration although the server answers. */
enum trouble {
    NO_TROUBLE,
    FOREIGN_SCHEMA,
    LOCK_TAKEN,
    NO_ROW,
};

static struct ovsdb_idl *idl;
static char *remote;

static bool was_connected;
static bool fresh;              /* reconnected, nothing received yet */
static uint64_t generation;     /* grows with each reconnect */
static unsigned int seen_seqno; /* the IDL's, at the last look at it */
static enum trouble trouble;    /* as last said */

static unsigned int delivered_seqno;    /* the IDL's, of the last snapshot */
static int64_t delivered_cfg;           /* next_cfg of that snapshot */
static bool delivered;                  /* in this generation */
static bool applied;                    /* is it in force? */
static int64_t applied_cfg;

void
db_init(const char *remote_)
{
    remote = xstrdup(remote_);
    idl = ovsdb_idl_create_unconnected(&dbrec_idl_class, false);
    ovsdb_idl_set_lock(idl, LOCK_NAME);
    snapshot_monitor(idl);
    status_monitor(idl);
    ovsdb_idl_set_remote(idl, remote, true);
}

void
db_destroy(void)
{
    status_reset();
    db_probe_destroy();
    ovsdb_idl_destroy(idl);
    idl = NULL;
    free(remote);
    remote = NULL;
}

static enum trouble
find_trouble(char **missing)
{
    if (!ovsdb_idl_has_ever_connected(idl)) {
        return NO_TROUBLE;      /* none that we know of */
    } else if (!snapshot_schema_ok(idl, missing)) {
        return FOREIGN_SCHEMA;
    } else if (ovsdb_idl_is_lock_contended(idl)) {
        return LOCK_TAKEN;
    } else {
        return dbrec_open_vswitch_first(idl) ? NO_TROUBLE : NO_ROW;
    }
}

/* Says once what keeps us from a configuration, and when that has ended. */
static void
say_trouble(void)
{
    char *missing = NULL;
    enum trouble now = find_trouble(&missing);

    if (now != trouble) {
        switch (now) {
        case NO_TROUBLE:
            VLOG_INFO("the database has a configuration now");
            break;
        case FOREIGN_SCHEMA:
            VLOG_ERR("the database's schema has no column %s: expecting one "
                     "made from vswitch.ovsschema, version %s; doing nothing "
                     "until there is one", missing, dbrec_get_db_version());
            break;
        case LOCK_TAKEN:
            VLOG_ERR("another daemon uses the database (it has the lock "
                     LOCK_NAME "): doing nothing until it ends");
            break;
        case NO_ROW:
            VLOG_INFO("the database has no Open_vSwitch record: waiting for "
                      "one (ovs-vsctl init makes it)");
            break;
        }
        trouble = now;
    }
    free(missing);
}

static bool
readable(void)
{
    return idl && trouble == NO_TROUBLE && ovsdb_idl_has_lock(idl)
           && dbrec_open_vswitch_first(idl);
}

struct ovsdb_idl *
db_writable(void)
{
    return db_connected() && !fresh && readable() ? idl : NULL;
}

/* Notices reconnects.  What was in force then may not be what the server,
 * perhaps with another database, asks for now, so cur_cfg waits for the next
 * snapshot to be applied. */
static void
follow_connection(void)
{
    bool connected = db_connected();
    unsigned int seqno = ovsdb_idl_get_seqno(idl);

    if (connected && !was_connected) {
        fresh = true;
        delivered = applied = false;
        db_probe_start(remote, dbrec_idl_class.database);
    }
    was_connected = connected;
    if (seqno != seen_seqno) {
        seen_seqno = seqno;
        if (fresh) {
            fresh = false;
            generation++;
        }
    }
}

static bool
have_news(void)
{
    return readable() && !fresh
           && (!delivered || delivered_seqno != ovsdb_idl_get_seqno(idl));
}

bool
db_run(void)
{
    ovsdb_idl_run(idl);
    status_run();
    follow_connection();
    db_probe_run();
    say_trouble();
    return have_news();
}

void
db_wait(void)
{
    ovsdb_idl_wait(idl);
    db_probe_wait();
    status_wait();
    if (have_news()) {
        poll_immediate_wake();
    }
}

bool
db_get_cfg(struct cfg *cfg)
{
    cfg_init(cfg);
    if (!readable() || !snapshot_take(idl, cfg)) {
        return false;
    }
    delivered = true;
    delivered_seqno = ovsdb_idl_get_seqno(idl);
    delivered_cfg = dbrec_open_vswitch_first(idl)->next_cfg;
    return true;
}

void
db_set_applied(void)
{
    if (delivered) {
        applied = true;
        applied_cfg = delivered_cfg;
    }
}

bool
db_applied(int64_t *cur_cfg)
{
    if (applied) {
        *cur_cfg = applied_cfg;
    }
    return applied;
}

bool
db_connected(void)
{
    return idl && ovsdb_idl_is_connected(idl);
}

uint64_t
db_seqno(void)
{
    return generation;
}

void
db_get_memory_usage(struct simap *usage)
{
    ovsdb_idl_get_memory_usage(idl, usage);
}
