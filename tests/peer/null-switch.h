/* SPDX-License-Identifier: Apache-2.0
 *
 * null-switch.h: what can flow-peer do, if the switch does next to nothing?
 *
 * A thread in the place of a switch.  It hands each frame of guest 2n to
 * guest 2n + 1, and vice versa, in order, where there is a buffer for it: its
 * header and its first 64 bytes only, which is what a receiver looks at.  It
 * knows no addresses, learns nothing and checks nothing.
 */
#ifndef PEER_NULL_SWITCH_H
#define PEER_NULL_SWITCH_H 1

#include <stdint.h>

#include "tests/peer/guest.h"

/* Serves `n` guests, an even number, from a thread of its own on `core` until
 * the process ends.  0 or a positive errno. */
int null_switch_start(struct guest *const *guests, uint16_t n, int core);

#endif
