/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge-flood.c: which ports may a flood in a VLAN go to?
 *
 * A bridge may have hundreds of access ports, of which a VLAN has a few.  So a
 * state says in a bit for each VLAN and port whether the one is carried by the
 * other: a flooded frame costs what the ports of its VLAN cost, however many
 * others there are.  Where all ports carry all VLANs, one row of bits serves
 * all of them.
 *
 * Main thread only.
 */
#include <config.h>
#include "switch/bridge-state.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static bool
carries_one(const struct vlan_port *p)
{
    return p->mode == CFG_VLAN_ACCESS || p->mode == CFG_VLAN_TUNNEL;
}

static bool
carries_all(const struct vlan_port *p)
{
    return !carries_one(p) && !p->vlans;
}

/* The settings of the port that bit `i` stands for. */
static const struct vlan_port *
port_of_bit(const struct bridge_state *state, size_t i)
{
    return &state->lports[state->flood[i]].vlan;
}

/* Fills the first row; false: some port does not carry all VLANs, and its bit
 * is 0. */
static bool
fill_first_row(const struct bridge_state *state, uint64_t *row)
{
    bool complete = true;

    for (size_t i = 0; i < state->n_flood; i++) {
        if (carries_all(port_of_bit(state, i))) {
            row[i / 64] |= UINT64_C(1) << i % 64;
        } else {
            complete = false;
        }
    }
    return complete;
}

/* Sets bit `i` in the rows of the VLANs that its port carries. */
static void
add_to_rows(const struct bridge_state *state, uint64_t *rows, size_t i)
{
    const struct vlan_port *p = port_of_bit(state, i);
    uint64_t *at = rows + i / 64, bit = UINT64_C(1) << i % 64;
    size_t n_words = state->flood_words;

    if (carries_one(p)) {
        at[p->tag * n_words] |= bit;
    } else if (p->vlans) {
        for (unsigned int vlan = 0; vlan < N_VLANS; vlan++) {
            at[vlan * n_words] |= vlan_set_has(p->vlans, vlan) ? bit : 0;
        }
    }
}

void
bridge_compile_carriers(struct bridge_state *state)
{
    size_t n_words = DIV_ROUND_UP(state->n_flood, 64);
    uint64_t *rows = xcalloc(MAX(n_words, 1), sizeof *rows);

    state->flood_words = (uint16_t) n_words;
    if (!fill_first_row(state, rows)) {
        rows = xrealloc(rows, N_VLANS * n_words * sizeof *rows);
        for (size_t vlan = 1; vlan < N_VLANS; vlan++) {
            memcpy(rows + vlan * n_words, rows, n_words * sizeof *rows);
        }
        for (size_t i = 0; i < state->n_flood; i++) {
            add_to_rows(state, rows, i);
        }
        state->carriers_step = state->flood_words;
    }
    state->carriers = rows;
}
