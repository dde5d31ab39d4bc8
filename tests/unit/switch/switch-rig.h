/* SPDX-License-Identifier: Apache-2.0
 *
 * switch-rig.h: what tests of the switch stand on: an EAL without hugepages,
 * fake ports in bridges, frames from a pool that must be full again at the
 * end of each test.
 */
#ifndef SWITCH_RIG_H
#define SWITCH_RIG_H 1

#include <stdint.h>

#include <rte_mbuf.h>

#include "switch/bridge.h"
#include "switch/forward.h"
#include "tests/fake/fake-port.h"

/* For cmocka_run_group_tests(). */
int rig_setup(void **state);
int rig_teardown(void **state);

/* For each test: a context for sender 0; at the end everything is deleted and
 * no mbuf may be missing. */
int rig_begin(void **state);
int rig_end(void **state);
#define rig_test(TEST)                                                  \
    cmocka_unit_test_setup_teardown(TEST, rig_begin, rig_end)

extern struct forward_ctx *rig_ctx;

/* Defaults for a bridge of this name: valid until the next call. */
struct cfg_bridge *rig_bridge_cfg(const char *name);
struct bridge *rig_bridge(const char *name);
/* A fake port of MTU 1500 in the bridge. */
struct port *rig_port(struct bridge *, const char *name);
/* One with these VLANs. */
struct port *rig_vlan_port(struct bridge *, const char *name,
                           const struct cfg_vlan *);
/* Takes the port out of its bridge and deletes it. */
void rig_delete_port(struct port *);

/* Addresses of hosts 1 to 255, and others. */
uint64_t rig_mac(unsigned int host);
#define RIG_BROADCAST UINT64_C(0xffffffffffff)

/* A frame of `len` bytes (>= 14 are written); its payload counts up from
 * `mark`.  NULL where the pool is empty. */
struct rte_mbuf *rig_frame(uint64_t dst, uint64_t src, uint16_t len,
                           uint8_t mark);
/* A frame of these bytes; in segments of `split` bytes each unless that is
 * 0. */
struct rte_mbuf *rig_bytes(const uint8_t *, size_t n, size_t split);
uint8_t rig_mark(const struct rte_mbuf *);      /* of a frame */
/* Does the frame hold what rig_frame() wrote, in whatever segments? */
bool rig_frame_is_whole(const struct rte_mbuf *);

/* Forwards frames received by `in`. */
void rig_forward(struct port *in, struct rte_mbuf **, uint16_t n);
/* One frame of 60 bytes. */
void rig_forward_one(struct port *in, uint64_t dst, uint64_t src);

/* Frees what the port has sent; returns how many frames those were. */
unsigned int rig_drain(struct port *);

uint64_t rig_drops(const char *name);           /* sum of all threads */

#endif
