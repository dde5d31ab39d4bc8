/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-info.c: what a pool looks like, as values and as DPDK's text.
 *
 * Counts are taken while packets flow: close, not exact.  Main thread only.
 */
#include <config.h>
#include "mem/mp-pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mempool.h"
#include "mem/mp-claim.h"
#include "mem/mp-ops.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

struct rte_mempool *
mp_mempool(const struct mp *mp)
{
    return mp->made.pool;
}

const char *
mp_name(const struct mp *mp)
{
    return mp->name;
}

uint32_t
mp_granted(const struct mp *mp)
{
    uint32_t populated = mp->made.pool->populated_size;

    /* A fixed pool that is being filled up has what the last step gave it. */
    return (mp->elastic ? MIN(populated, mp->asked)
            : populated >= mp->asked ? mp->asked : mp->made.granted);
}

void
mp_get_info(const struct mp *mp, struct mp_info *info)
{
    const struct rte_mempool *pool = mp->made.pool;

    mp_claim_update();
    *info = (struct mp_info) {
        .name = mp->name,
        .group = mp->group,
        .socket = mp->socket,
        .adjusted_mtu = mp->adjusted_mtu,
        .own = mp->own,
        .elastic = mp->elastic,
        .asked = mp->asked,
        .granted = mp_granted(mp),
        .populated = pool->populated_size,
        .room = mp->room,
        .need = mp->need,
        .in_use = mp_cache_in_use(pool),
        .lowest_free = mp_ops_lowest(pool),
        .failures = mp_ops_failures(pool),
        .elt_size = pool->elt_size,
        .bytes = mp->made.bytes,
        .refs = mp->n_refs,
        .degraded = mp_granted(mp) < mp->asked,
        .oversubscribed = mp->need > pool->populated_size,
        .surplus = mp_has_surplus(mp),
        .retired = mp->retired,
        .waiting = !mp->n_refs,
    };
}

const char **
mp_ports(const struct mp *mp, size_t *n)
{
    const struct simap_node **nodes = simap_sort(&mp->refs);
    const char **names;

    *n = simap_count(&mp->refs);
    names = xcalloc(MAX(*n, 1), sizeof *names);
    for (size_t i = 0; i < *n; i++) {
        names[i] = nodes[i]->name;
    }
    free(nodes);
    return names;
}

void
mp_get_holding(const char *port, struct mp_holding *holds)
{
    mp_claim_get(port, holds);
}

struct mp *
mp_find(const char *name)
{
    struct mp *mp;

    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (!strcmp(mp->name, name)) {
            return mp;
        }
    }
    return NULL;
}

void
mp_for_each(void (*cb)(const struct mp *, void *aux), void *aux)
{
    const struct mp *mp;

    LIST_FOR_EACH (mp, node, &mp_pools) {
        cb(mp, aux);
    }
}

void
mp_dump(const struct mp *mp, struct ds *ds)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream) {
        out_of_memory();
    }
    rte_mempool_dump(stream, mp->made.pool);
    fclose(stream);
    ds_put_buffer(ds, text, size);
    free(text);
}
