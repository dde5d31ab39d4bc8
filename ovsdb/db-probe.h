/* SPDX-License-Identifier: Apache-2.0
 *
 * db-probe.h: what does the server at the other end serve?
 *
 * The IDL only retries, quietly, where the server has no database of the
 * wanted name.  A second, short connection asks the server itself, so that
 * the log can say what is wrong and the database which schema is in use.
 * Main thread only; nothing blocks.
 */
#ifndef OVSDB_DB_PROBE_H
#define OVSDB_DB_PROBE_H 1

/* Asks the (first) server of `remote` about database `db`, in place of a
 * question that is still open. */
void db_probe_start(const char *remote, const char *db);
void db_probe_run(void);
void db_probe_wait(void);
void db_probe_destroy(void);

/* Version of the schema in use, by the last answer; NULL: not known. */
const char *db_probe_version(void);

#endif
