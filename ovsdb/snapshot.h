/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.h: database rows -> struct cfg.
 *
 * Main thread only.
 */
#ifndef OVSDB_SNAPSHOT_H
#define OVSDB_SNAPSHOT_H 1

#include <stdbool.h>

struct cfg;
struct ovsdb_idl;

/* Asks for the columns that make up a configuration. */
void snapshot_monitor(struct ovsdb_idl *);

/* A configuration can't do without these: names the first column that the
 * server's schema lacks, as "Table.column" in `*missing` (caller frees), and
 * returns false; or returns true. */
bool snapshot_schema_ok(const struct ovsdb_idl *, char **missing);

/* Fills the "as written" members of `cfg`, which cfg_init() made, sorted, and
 * notes columns that are set but not acted on.  False: there is no
 * Open_vSwitch row. */
bool snapshot_take(const struct ovsdb_idl *, struct cfg *);

#endif
