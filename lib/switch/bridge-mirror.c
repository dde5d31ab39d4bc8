/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge-mirror.c: which mirrors does a bridge have?
 *
 * Settings name ports; what packet threads see (mirror.h) is compiled with the
 * rest of the state, so a mirror's output port is reserved from its first
 * moment in the bridge.  A mirror whose output port is not there selects
 * nothing.
 *
 * Main thread only.
 */
#include <config.h>
#include "switch/bridge-state.h"

#include <stdlib.h>
#include <string.h>

#include "port/port.h"
#include "switch/mirror.h"
#include "util.h"

/* Mirrors of a bridge, with their counters. */
struct bridge_mirrors {
    size_t n;
    struct cfg_mirror_settings *set;
    struct mirror_counters **counters;
};

struct bridge_mirrors *
bridge_mirrors_create(const struct cfg_bridge *cfg,
                      struct bridge_mirrors *old)
{
    struct bridge_mirrors *bm = xzalloc(sizeof *bm);

    bm->set = xcalloc(MAX(cfg->n_mirrors, 1), sizeof *bm->set);
    bm->counters = xcalloc(MAX(cfg->n_mirrors, 1), sizeof *bm->counters);
    for (size_t i = 0; i < cfg->n_mirrors; i++) {
        const struct cfg_mirror *m = &cfg->mirrors[i];

        if (!m->usable) {
            continue;
        }
        cfg_mirror_settings_clone(&bm->set[bm->n], &m->set);
        for (size_t j = 0; old && j < old->n; j++) {
            if (!strcmp(old->set[j].id, m->set.id)) {
                bm->counters[bm->n] = old->counters[j];
                old->counters[j] = NULL;
            }
        }
        if (!bm->counters[bm->n]) {
            bm->counters[bm->n] = xzalloc(sizeof **bm->counters);
        }
        bm->n++;
    }
    return bm;
}

void
bridge_mirrors_destroy(struct bridge_mirrors *bm)
{
    if (bm) {
        for (size_t i = 0; i < bm->n; i++) {
            cfg_mirror_settings_destroy(&bm->set[i]);
            free(bm->counters[i]);
        }
        free(bm->set);
        free(bm->counters);
        free(bm);
    }
}

const struct cfg_mirror_settings *
bridge_mirrors_get(const struct bridge_mirrors *bm, size_t *n)
{
    *n = bm->n;
    return bm->set;
}

bool
bridge_is_mirror_output(const struct bridge *br, const struct member *m)
{
    for (size_t i = 0; i < br->mirrors->n; i++) {
        if (nullable_string_is_equal(br->mirrors->set[i].output_port,
                                     m->port->name)) {
            return true;
        }
    }
    return false;
}

/* The logical port of the interface `name`; NULL: it is not there. */
static const struct ingress *
find_output(const struct bridge *br, const struct bridge_state *state,
            const char *name)
{
    for (size_t i = 0; i < br->n_members; i++) {
        if (!strcmp(br->members[i]->port->name, name)) {
            return &state->lports[br->members[i]->index];
        }
    }
    return NULL;
}

static bool
compile_one(const struct bridge *br, const struct bridge_state *state,
            size_t i, struct mirror *m)
{
    const struct cfg_mirror_settings *set = &br->mirrors->set[i];

    m->name = set->name;
    m->output = (set->output_port
                 ? find_output(br, state, set->output_port) : NULL);
    m->output_vlan = set->output_vlan;
    m->snaplen = set->snaplen;
    m->vlans = set->vlans;
    m->counters = br->mirrors->counters[i];
    return m->output || m->output_vlan;
}

/* The bits that mirror `bit` has in the masks of its ports. */
static void
compile_ports(const struct bridge *br, const struct cfg_mirror_settings *set,
              uint32_t bit, uint32_t *src, uint32_t *dst)
{
    for (size_t i = 0; i < br->n_members; i++) {
        const struct member *m = br->members[i];

        if (set->select_all || svec_contains(&set->src, m->port->name)) {
            src[m->index] |= bit;
        }
        if (set->select_all || svec_contains(&set->dst, m->port->name)) {
            dst[m->index] |= bit;
        }
    }
}

struct mirrors *
bridge_compile_mirrors(const struct bridge *br,
                       const struct bridge_state *state)
{
    size_t masks_size = state->n * sizeof(uint32_t);
    uint32_t *src, *dst;
    struct mirrors *ms;

    if (!br->mirrors->n) {
        return NULL;
    }
    ms = xzalloc(sizeof *ms + 2 * masks_size);
    src = (void *) (ms + 1);
    dst = src + state->n;
    ms->src = src;
    ms->dst = dst;
    for (size_t i = 0; i < br->mirrors->n; i++) {
        struct mirror *m = &ms->v[ms->n];

        if (compile_one(br, state, i, m)) {
            compile_ports(br, &br->mirrors->set[i], UINT32_C(1) << ms->n,
                          src, dst);
            ms->n++;
        }
    }
    for (unsigned int i = 0; i < ms->n; i++) {
        for (unsigned int j = 0; j < ms->n; j++) {
            if (ms->v[i].output == ms->v[j].output
                && ms->v[i].output_vlan == ms->v[j].output_vlan) {
                ms->v[i].same |= UINT32_C(1) << j;
            }
        }
    }
    return ms;
}

size_t
bridge_n_mirrors(const struct bridge *br)
{
    return br->mirrors->n;
}

void
bridge_get_mirror(const struct bridge *br, size_t i, struct bridge_mirror *m)
{
    const struct mirror_counters *c = br->mirrors->counters[i];

    m->id = br->mirrors->set[i].id;
    m->packets = atomic_load_explicit(&c->packets, memory_order_relaxed);
    m->bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed);
}
