/* SPDX-License-Identifier: Apache-2.0
 *
 * db-private.h: what db.c and its neighbours in this folder share.
 */
#ifndef OVSDB_DB_PRIVATE_H
#define OVSDB_DB_PRIVATE_H 1

#include <stdbool.h>
#include <stdint.h>

struct ovsdb_idl;

/* db.c */

/* The replica, or NULL while it can't be written: no connection, no lock, no
 * Open_vSwitch row. */
struct ovsdb_idl *db_writable(void);

/* True, with `*cur_cfg`, where a configuration is in force that came over the
 * present connection. */
bool db_applied(int64_t *cur_cfg);

/* status.c */

/* Columns that status_write() writes. */
void status_monitor(struct ovsdb_idl *);

void status_run(void);          /* follows the transaction in flight */
void status_wait(void);
void status_reset(void);        /* gives the transaction up */

#endif
