/* SPDX-License-Identifier: Apache-2.0
 *
 * commands.h: lines of standard input, by which a test tells a peer what to
 * do.
 *
 * A test types a command and reads one line of JSON.  The end of the input is
 * the peer's end: it does not outlive the test.
 */
#ifndef PEER_COMMANDS_H
#define PEER_COMMANDS_H 1

#include <stdbool.h>

/* Waits `timeout_ms` (-1: for ever, 0: not at all) for input and has `obey`
 * called for each complete line, without its newline.  False: the input has
 * ended, or a line is too long.  One thread. */
bool commands_read(int timeout_ms, void (*obey)(char *line));

#endif
