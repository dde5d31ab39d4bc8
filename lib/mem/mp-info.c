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

#include "mem/mempool.h"
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

void
mp_get_info(const struct mp *mp, struct mp_info *info)
{
    const struct rte_mempool *pool = mp->made.pool;

    *info = (struct mp_info) {
        .name = mp->name,
        .group = mp->group,
        .socket = mp->socket,
        .adjusted_mtu = mp->adjusted_mtu,
        .asked = mp->asked,
        .granted = mp->made.granted,
        .populated = pool->populated_size,
        .in_use = mp_cache_in_use(pool),
        .elt_size = pool->elt_size,
        .bytes = mp->made.bytes,
        .refs = mp->n_refs,
        .degraded = !mp_is_full(&mp->made),
    };
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
