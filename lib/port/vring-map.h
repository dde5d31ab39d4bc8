/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-map.h: where in our memory is what a guest calls address X?
 *
 * A guest's buffers are named by guest-physical addresses.  A map says where
 * each region of them lies with us.  It never changes once it is made, so
 * that any number of rings and threads read it without a lock; when the
 * guest's memory changes, another map is made, and this one is destroyed when
 * no ring has it any more.
 *
 * The map knows addresses, not whether there is memory behind them: see
 * vhost-fault.h for what happens where there is none.
 */
#ifndef PORT_VRING_MAP_H
#define PORT_VRING_MAP_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VRING_REGIONS_MAX = 64 };

struct vring_region {
    uint64_t guest;             /* guest-physical address of its first byte */
    uint64_t size;              /* bytes; > 0 */
    uint8_t *host;              /* where that byte is with us */
};

struct vring_map {
    uint32_t n;
    struct vring_region region[];       /* by guest address; disjoint */
};

/* Makes a map of `n` regions in any order.  NULL, with a text that the caller
 * frees: none or too many regions, one that is empty or wraps, or two that
 * overlap in the guest's addresses.  Control threads. */
struct vring_map *vring_map_make(const struct vring_region *, size_t n,
                                 char **errp);

/* NULL is fine.  No ring may be set with it any more. */
void vring_map_destroy(struct vring_map *);

/* Do `size` bytes at our address `p` lie in one region?  For the rings
 * themselves, whose addresses come translated.  Any thread. */
bool vring_map_holds(const struct vring_map *, const void *p, size_t size);

/* Returns where the byte at guest address `guest` is and, in `*len`, how many
 * bytes from there lie in the same region; or NULL.  `*hint` is the region to
 * look at first, 0 at the beginning, and becomes the one found.  Any thread,
 * with a hint of its own. */
static inline uint8_t *
vring_map_find(const struct vring_map *map, uint64_t guest, uint64_t *len,
               uint32_t *hint)
{
    const struct vring_region *r = &map->region[*hint];

    if (__builtin_expect(guest - r->guest >= r->size, 0)) {
        uint32_t i = 0;

        while (guest - map->region[i].guest >= map->region[i].size) {
            if (++i == map->n) {
                return NULL;
            }
        }
        r = &map->region[*hint = i];
    }
    *len = r->size - (guest - r->guest);
    return r->host + (guest - r->guest);
}

#endif
