/* SPDX-License-Identifier: Apache-2.0
 *
 * db.h: the connection to the configuration database.
 *
 * ovsdb/ is the only folder that knows rows.  Main thread only.
 */
#ifndef OVSDB_DB_H
#define OVSDB_DB_H 1

#include <stdbool.h>
#include <stdint.h>

struct cfg;

/* `remote` like "unix:/run/db.sock".  The IDL reconnects by itself and says
 * so once; another daemon that holds the database's lock
 * ("ovs_vswitchd") makes this one wait and say so once. */
void db_init(const char *remote);
void db_destroy(void);

/* Runs the IDL.  Returns true where a complete configuration is there that
 * db_get_cfg() has not delivered yet. */
bool db_run(void);
void db_wait(void);

/* A new snapshot (cfg_init() done here; the caller destroys it), not yet
 * checked.  False, with an empty one: no database, no Open_vSwitch row, or
 * not the lock. */
bool db_get_cfg(struct cfg *);

/* The configuration delivered last is in force as far as it can be: cur_cfg
 * follows next_cfg, once the status that belongs to it is written. */
void db_set_applied(void);

/* True while a connection stands. */
bool db_connected(void);

/* The row's own mark: bumped at each reconnect, so that status is written
 * whole again. */
uint64_t db_seqno(void);

/* For memory/show. */
struct simap;
void db_get_memory_usage(struct simap *);

#endif
