/* SPDX-License-Identifier: Apache-2.0
 *
 * report-mem.c: what the database shows of packet memory.
 */
#include <config.h>
#include "vswitchd/report-mem.h"

#include <inttypes.h>
#include <stdlib.h>

#include <rte_build_config.h>

#include "hash.h"
#include "mem/mempool.h"
#include "mem/mp-show.h"
#include "openvswitch/dynamic-string.h"
#include "smap.h"
#include "util.h"

struct pool {
    struct hmap_node node;
    const struct mp *mp;
    struct mp_info info;
};

static void
take_one(const struct mp *mp, void *rm_)
{
    struct report_mem *rm = rm_;
    struct pool *pool = xmalloc(sizeof *pool);

    pool->mp = mp;
    mp_get_info(mp, &pool->info);
    hmap_insert(&rm->pools, &pool->node, hash_pointer(mp, 0));
}

void
report_mem_take(struct report_mem *rm)
{
    hmap_init(&rm->pools);
    mp_for_each(take_one, rm);
}

void
report_mem_destroy(struct report_mem *rm)
{
    struct pool *pool;

    HMAP_FOR_EACH_POP (pool, node, &rm->pools) {
        free(pool);
    }
    hmap_destroy(&rm->pools);
}

static const struct mp_info *
find(const struct report_mem *rm, const struct mp *mp)
{
    const struct pool *pool;

    HMAP_FOR_EACH_WITH_HASH (pool, node, hash_pointer(mp, 0), &rm->pools) {
        if (pool->mp == mp) {
            return &pool->info;
        }
    }
    return NULL;
}

void
report_mem_put_status(const struct report_mem *rm, const struct mp *mp,
                      const char *name, struct smap *status)
{
    const struct mp_info *info = find(rm, mp);
    struct ds state = DS_EMPTY_INITIALIZER;

    ovs_assert(info);
    mp_state_format(info, mp_is_fallback(mp, name), &state);
    smap_add(status, "mempool", info->name);
    smap_add(status, "mempool_group",
             info->own ? "private" : mp_group_text(info));
    smap_add_format(status, "mempool_mbufs", "%"PRIu32, info->populated);
    smap_add_format(status, "mempool_mbufs_wanted", "%"PRIu32, info->asked);
    smap_add_format(status, "mempool_in_use", "%"PRIu32, info->in_use);
    smap_add_format(status, "mempool_low_water", "%"PRIu32,
                    info->lowest_free);
    smap_add_nocopy(status, xstrdup("mempool_state"), ds_steal_cstr(&state));
}

void
report_mem_put_statistics(const struct report_mem *rm,
                          struct smap *statistics)
{
    struct {
        uint64_t pools, bytes, mbufs, in_use;
    } totals[RTE_MAX_NUMA_NODES] = { { .pools = 0 } };
    const struct pool *pool;

    HMAP_FOR_EACH (pool, node, &rm->pools) {
        const struct mp_info *i = &pool->info;

        totals[i->socket].pools++;
        totals[i->socket].bytes += i->bytes;
        totals[i->socket].mbufs += i->populated;
        totals[i->socket].in_use += i->in_use;
    }
    for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++) {
        const struct {
            const char *name;
            uint64_t value;
        } keys[] = {
            { "pools", totals[socket].pools },
            { "bytes", totals[socket].bytes },
            { "mbufs", totals[socket].mbufs },
            { "in_use", totals[socket].in_use },
        };

        for (size_t i = 0; totals[socket].pools && i < ARRAY_SIZE(keys);
             i++) {
            smap_add_nocopy(statistics,
                            xasprintf("mempool_socket%d_%s", socket,
                                      keys[i].name),
                            xasprintf("%"PRIu64, keys[i].value));
        }
    }
}
