/* SPDX-License-Identifier: Apache-2.0
 *
 * fake-driver.h: the guest's side of a split ring, in ordinary memory.
 *
 * A driver as the VIRTIO specification wants it, which lays buffers out in
 * whatever way that allows: chains cut anywhere, descriptors of no bytes,
 * indirect tables, memory of several regions.  What a test wants to be wrong,
 * it writes to the ring itself.
 */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/vring.h"

enum {
    FAKE_REGIONS = 3,
    FAKE_REGION = 1 << 20,      /* bytes of each */
};

/* Guest addresses are one range, our addresses are not. */
#define FAKE_GUEST 0x100000ULL

struct fake_memory {
    uint8_t *host[FAKE_REGIONS];
    struct vring_map *map;
};

void fake_memory_init(struct fake_memory *);
void fake_memory_destroy(struct fake_memory *);
uint8_t *fake_host(const struct fake_memory *, uint64_t guest);
void fake_write(const struct fake_memory *, uint64_t guest, const void *,
                size_t n);
void fake_read(const struct fake_memory *, uint64_t guest, void *, size_t n);

/* A buffer that the driver made available. */
struct fake_buffer {
    uint64_t guest;             /* where its bytes begin: they are in one
                                 * piece for the guest */
    uint32_t len;
    uint16_t n_descs;           /* of the ring's; 0: no buffer */
};

struct fake_driver {
    struct fake_memory *mem;
    struct vring_conf conf;     /* what the device is to be told */
    struct vring_desc *desc;    /* the ring's parts */
    struct vring_avail *avail;
    struct vring_used *used;
    uint64_t features;
    uint32_t size;
    uint32_t n_free;            /* descriptors */
    uint16_t *free;             /* a stack; unused in order */
    uint16_t next_desc;         /* in order */
    uint16_t avail_idx;         /* not yet published */
    uint16_t used_idx;          /* the next to look at */
    uint16_t group_end;         /* in order: where the buffers end for which */
    uint32_t group_len;         /* ... one used entry, of this length, spoke */
    struct fake_buffer *buffer; /* by head */
    uint16_t *order;            /* heads, by available index */
    uint64_t table;             /* where indirect tables are, by head */
};

enum { FAKE_TABLE = 16 };       /* descriptors of an indirect table */

/* A ring with its indexes at `base`.  The ring's parts and indirect tables
 * take the first region. */
void fake_driver_init(struct fake_driver *, struct fake_memory *,
                      uint32_t size, uint64_t features, uint16_t base);
void fake_driver_destroy(struct fake_driver *);

bool fake_has(const struct fake_driver *, unsigned int feature);

/* Adds a buffer, cut into `n_cuts` + 1 descriptors at random, and returns its
 * head, or -1 where the ring is full.  fake_publish() makes it available. */
int fake_add(struct fake_driver *, uint64_t guest, uint32_t len, bool write,
             unsigned int n_cuts, bool indirect);
void fake_publish(struct fake_driver *);

/* The next buffer that came back, and the bytes that the device says it wrote;
 * false: none.  Fails the test where the device broke the rules. */
bool fake_reap(struct fake_driver *, struct fake_buffer *, uint32_t *len);

#endif
