/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-cmd.h: the fdb/ commands.  Main thread.
 */
#ifndef SWITCH_FDB_CMD_H
#define SWITCH_FDB_CMD_H 1

void fdb_cmd_init(void);

#endif
