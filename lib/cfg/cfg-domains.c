/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-domains.c: see cfg-domains.h.
 */
#include <config.h>
#include "cfg/cfg-domains.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg.h"
#include "openvswitch/shash.h"
#include "util.h"

void
cfg_domains_init(struct cfg_domains *domains)
{
    smap_init(&domains->of);
}

void
cfg_domains_destroy(struct cfg_domains *domains)
{
    smap_destroy(&domains->of);
}

void
cfg_domains_swap(struct cfg_domains *a, struct cfg_domains *b)
{
    hmap_swap(&a->of.map, &b->of.map);
}

static void
rename_domain(struct smap *of, const char *from, const char *to)
{
    struct smap renamed = SMAP_INITIALIZER(&renamed);
    struct smap_node *node;

    SMAP_FOR_EACH (node, of) {
        smap_add(&renamed, node->key,
                 strcmp(node->value, from) ? node->value : to);
    }
    hmap_swap(&of->map, &renamed.map);
    smap_destroy(&renamed);
}

void
cfg_domains_join(struct cfg_domains *domains, const char *bridge,
                 const char *other)
{
    struct smap *of = &domains->of;
    char *a = xstrdup(smap_get_def(of, bridge, bridge));
    char *b = xstrdup(smap_get_def(of, other, other));
    const char *first = strcmp(a, b) < 0 ? a : b;

    smap_replace(of, bridge, a);
    smap_replace(of, other, b);
    rename_domain(of, first == a ? b : a, first);
    free(a);
    free(b);
}

/* A patch port that can be made, with its bridge. */
struct end {
    const char *bridge, *peer;
};

static void
find_ends(const struct cfg *cfg, struct shash *ends)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct cfg_bridge *br = &cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j].n_ifaces; k++) {
                const struct cfg_iface *iface = &br->ports[j].ifaces[k];

                if (iface->usable && iface->kind == CFG_TYPE_PATCH) {
                    struct end *end = xmalloc(sizeof *end);

                    *end = (struct end) { br->name, iface->set.peer };
                    shash_add(ends, iface->name, end);
                }
            }
        }
    }
}

void
cfg_domains_of_cfg(struct cfg_domains *domains, const struct cfg *cfg)
{
    struct shash ends = SHASH_INITIALIZER(&ends);
    struct shash_node *node;

    cfg_domains_init(domains);
    find_ends(cfg, &ends);
    SHASH_FOR_EACH (node, &ends) {
        const struct end *end = node->data;
        const struct end *peer = shash_find_data(&ends, end->peer);

        if (peer && !strcmp(peer->peer, node->name)) {
            cfg_domains_join(domains, end->bridge, peer->bridge);
        }
    }
    shash_destroy_free_data(&ends);
}

const char *
cfg_domain(const struct cfg_domains *domains, const char *bridge)
{
    return bridge ? smap_get_def(&domains->of, bridge, bridge) : NULL;
}

bool
cfg_domains_equal(const struct cfg_domains *a, const struct cfg_domains *b)
{
    return smap_equal(&a->of, &b->of);
}
