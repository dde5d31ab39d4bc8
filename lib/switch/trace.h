/* SPDX-License-Identifier: Apache-2.0
 *
 * trace.h: what would the switch do with a frame, and why?
 *
 * Answered by the functions that forward (forward-decide.c, vlan.h), from the
 * state that is published, without learning, sending or counting anything.
 *
 * Main thread only.
 */
#ifndef SWITCH_TRACE_H
#define SWITCH_TRACE_H 1

#include <stddef.h>
#include <stdint.h>

struct bridge;
struct bridge_member;
struct ds;

enum { TRACE_FRAME_MAX = 10240 };       /* bytes */

/* Appends the answer, in words and lines, for a frame of `n` bytes, at most
 * TRACE_FRAME_MAX, that the member receives. */
void switch_trace(const struct bridge *, const struct bridge_member *,
                  const uint8_t *frame, size_t n, struct ds *);

/* Registers sluice/trace (trace-cmd.c). */
void trace_cmd_init(void);

#endif
