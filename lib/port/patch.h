/* SPDX-License-Identifier: Apache-2.0
 *
 * patch.h: ports of type "patch": one end of a connection between two bridges.
 *
 * A logical port: it has no device, no queues and no memory.  Two of them that
 * name each other as peers are a pair; the switch carries what is sent to one
 * into the other's bridge, in the thread that sent it (switch/forward.c).
 */
#ifndef PORT_PATCH_H
#define PORT_PATCH_H 1

#include <stdbool.h>

struct port;
struct rte_mbuf;

bool port_is_patch(const struct port *);

/* Main thread: of a patch port, the name of the peer asked for. */
const char *patch_peer_name(const struct port *);

/* Packet threads: `n` frames go from one of a pair to the other, carried by
 * the sender numbered `thread`. */
void patch_count(struct port *from, struct port *to, unsigned int thread,
                 struct rte_mbuf *const *, unsigned int n);

#endif
