/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge-patch.c: which patch ports are connected with each other?
 *
 * Read from the ports' settings whenever a bridge's state is compiled; when
 * a patch port comes, goes or changes, the states that say otherwise are
 * compiled again.  A port that goes is out of its bridge before: between that
 * and the new state of its peer's bridge, frames find it with no `ingress` and
 * are dropped.
 *
 * Main thread only.
 */
#include <config.h>
#include "switch/bridge-state.h"

#include <string.h>

#include "port/patch.h"
#include "port/port.h"
#include "switch/forward.h"
#include "util.h"

struct port *
bridge_patch_peer(const struct port *port)
{
    struct port *peer = port_find(patch_peer_name(port));

    return (peer && peer != port && port_is_patch(peer)
            && !strcmp(patch_peer_name(peer), port->name)
            && bridge_of_port(peer) && bridge_of_port(port) ? peer : NULL);
}

bool
bridge_is_patched(const struct port *port)
{
    return bridge_patch_peer(port) != NULL;
}

static void
follow(struct bridge *br, void *aux OVS_UNUSED)
{
    for (size_t i = 0; i < br->n_members; i++) {
        const struct member *m = br->members[i];

        if (port_is_patch(m->port)
            && br->state->lports[m->index].peer
               != bridge_patch_peer(m->port)) {
            bridge_publish(br);
            return;
        }
    }
}

void
bridge_follow_patches(void)
{
    forward_expect_patches();
    bridge_for_each(follow, NULL);
}
