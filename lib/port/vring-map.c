/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-map.c: where in our memory is what a guest calls address X?
 */
#include <config.h>
#include "port/vring-map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static int
compare_regions(const void *a_, const void *b_)
{
    const struct vring_region *a = a_, *b = b_;

    return a->guest < b->guest ? -1 : a->guest > b->guest;
}

static char *
check(const struct vring_map *map)
{
    for (uint32_t i = 0; i < map->n; i++) {
        const struct vring_region *r = &map->region[i];

        /* One that ended with the last address would make the address after
         * it the first one: a buffer could go on there. */
        if (r->guest + r->size <= r->guest
            || (uintptr_t) r->host + r->size < (uintptr_t) r->host) {
            return xasprintf("a region of %"PRIu64" bytes of memory at guest "
                             "address 0x%"PRIx64" is empty or wraps",
                             r->size, r->guest);
        } else if (i && r->guest - r[-1].guest < r[-1].size) {
            return xasprintf("regions of memory at guest addresses "
                             "0x%"PRIx64" and 0x%"PRIx64" overlap",
                             r[-1].guest, r->guest);
        }
    }
    return NULL;
}

struct vring_map *
vring_map_make(const struct vring_region *regions, size_t n, char **errp)
{
    struct vring_map *map;

    if (!n || n > VRING_REGIONS_MAX) {
        *errp = xasprintf("%"PRIuSIZE" regions of memory instead of 1 to %d",
                          n, VRING_REGIONS_MAX);
        return NULL;
    }
    map = xmalloc(sizeof *map + n * sizeof *map->region);
    map->n = (uint32_t) n;
    memcpy(map->region, regions, n * sizeof *regions);
    qsort(map->region, n, sizeof *map->region, compare_regions);
    *errp = check(map);
    if (*errp) {
        free(map);
        return NULL;
    }
    return map;
}

void
vring_map_destroy(struct vring_map *map)
{
    free(map);
}

bool
vring_map_holds(const struct vring_map *map, const void *p, size_t size)
{
    for (uint32_t i = 0; i < map->n; i++) {
        const struct vring_region *r = &map->region[i];
        uint64_t at = (uintptr_t) p - (uintptr_t) r->host;

        if (at < r->size) {
            return size <= r->size - at;
        }
    }
    return false;
}
