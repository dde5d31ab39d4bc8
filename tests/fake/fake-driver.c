/* SPDX-License-Identifier: Apache-2.0
 *
 * fake-driver.c: see fake-driver.h.
 */
#include <config.h>
#include "tests/fake/fake-driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "random.h"
#include "util.h"

enum { IN_ORDER = 35 };

void
fake_memory_init(struct fake_memory *mem)
{
    struct vring_region r[FAKE_REGIONS];
    char *error;

    for (unsigned int i = 0; i < FAKE_REGIONS; i++) {
        mem->host[i] = xmalloc_cacheline(FAKE_REGION);
        memset(mem->host[i], 0xa5, FAKE_REGION);
        /* In any order. */
        r[FAKE_REGIONS - 1 - i] = (struct vring_region) {
            .guest = FAKE_GUEST + i * (uint64_t) FAKE_REGION,
            .size = FAKE_REGION,
            .host = mem->host[i],
        };
    }
    mem->map = vring_map_make(r, FAKE_REGIONS, &error);
    assert_non_null(mem->map);
}

void
fake_memory_destroy(struct fake_memory *mem)
{
    vring_map_destroy(mem->map);
    for (unsigned int i = 0; i < FAKE_REGIONS; i++) {
        free_cacheline(mem->host[i]);
    }
}

uint8_t *
fake_host(const struct fake_memory *mem, uint64_t guest)
{
    uint64_t at = guest - FAKE_GUEST;

    assert_true(at / FAKE_REGION < FAKE_REGIONS);
    return mem->host[at / FAKE_REGION] + at % FAKE_REGION;
}

void
fake_write(const struct fake_memory *mem, uint64_t guest, const void *p_,
           size_t n)
{
    const uint8_t *p = p_;

    for (size_t i = 0; i < n; i++) {
        *fake_host(mem, guest + i) = p[i];
    }
}

void
fake_read(const struct fake_memory *mem, uint64_t guest, void *p_, size_t n)
{
    uint8_t *p = p_;

    for (size_t i = 0; i < n; i++) {
        p[i] = *fake_host(mem, guest + i);
    }
}

bool
fake_has(const struct fake_driver *d, unsigned int feature)
{
    return d->features >> feature & 1;
}

void
fake_driver_init(struct fake_driver *d, struct fake_memory *mem,
                 uint32_t size, uint64_t features, uint16_t base)
{
    uint8_t *p = mem->host[0];
    size_t desc = size * sizeof *d->desc;
    size_t avail = ROUND_UP(sizeof *d->avail + 2 * (size + 1), 4);
    size_t used = ROUND_UP(sizeof *d->used + size * sizeof *d->used->ring + 2,
                           16);

    memset(d, 0, sizeof *d);
    d->mem = mem;
    d->desc = (void *) p;
    d->avail = (void *) (p + desc);
    d->used = (void *) (p + desc + avail);
    d->table = FAKE_GUEST + ROUND_UP(desc + avail + used, 16);
    assert_true(desc + avail + used + 16 + desc * FAKE_TABLE <= FAKE_REGION);
    memset(p, 0, desc + avail + used);
    d->avail->idx = d->used->idx = base;
    d->avail_idx = d->used_idx = d->group_end = base;
    d->features = features;
    d->size = d->n_free = size;
    d->free = xmalloc(size * sizeof *d->free);
    for (uint32_t i = 0; i < size; i++) {
        d->free[i] = (uint16_t) i;
    }
    d->buffer = xcalloc(size, sizeof *d->buffer);
    d->order = xcalloc(size, sizeof *d->order);
    d->conf = (struct vring_conf) {
        .map = mem->map,
        .desc = d->desc, .avail = d->avail, .used = d->used,
        .size = size, .avail_idx = base, .used_idx = base,
        .features = features, .callfd = -1, .max_frame = 9724,
    };
}

void
fake_driver_destroy(struct fake_driver *d)
{
    free(d->free);
    free(d->buffer);
    free(d->order);
}

static uint16_t
take_desc(struct fake_driver *d)
{
    d->n_free--;
    if (fake_has(d, IN_ORDER)) {
        return d->next_desc++ & (uint16_t) (d->size - 1);
    }
    /* A random one, so that chains go to and fro. */
    uint32_t i = random_range((int) d->n_free + 1);
    uint16_t taken = d->free[i];

    d->free[i] = d->free[d->n_free];
    return taken;
}

/* Cuts a buffer at random places, twice at the same one too. */
static void
cut(struct vring_desc *parts, unsigned int n, uint64_t guest, uint32_t len,
    bool write)
{
    uint32_t left = len;

    for (unsigned int i = 0; i < n; i++) {
        uint32_t any = (uint32_t) random_range((int) left + 1);
        uint32_t k = i == n - 1 ? left : random_range(4) ? any : 0;

        parts[i] = (struct vring_desc) {
            .addr = k ? guest : random_uint32(),    /* of nothing: nowhere */
            .len = k,
            .flags = write ? VRING_DESC_F_WRITE : 0,
        };
        guest += k;
        left -= k;
    }
}

int
fake_add(struct fake_driver *d, uint64_t guest, uint32_t len, bool write,
         unsigned int n_cuts, bool indirect)
{
    unsigned int n = n_cuts + 1;
    struct vring_desc parts[FAKE_TABLE];
    uint16_t n_descs = (uint16_t) (indirect ? 1 : n);
    uint16_t at[FAKE_TABLE] = { 0 };

    assert_true(n <= FAKE_TABLE);
    if (d->n_free < n_descs) {
        return -1;
    }
    cut(parts, n, guest, len, write);
    for (uint16_t i = 0; i < n_descs; i++) {
        at[i] = take_desc(d);
    }
    if (indirect) {
        uint64_t table = d->table + at[0] * FAKE_TABLE * sizeof parts[0];

        for (unsigned int i = 0; i < n - 1; i++) {
            parts[i].flags |= VRING_DESC_F_NEXT;
            parts[i].next = (uint16_t) (i + 1);
        }
        fake_write(d->mem, table, parts, n * sizeof parts[0]);
        /* 2.6.5.3.2: WRITE means nothing here. */
        d->desc[at[0]] = (struct vring_desc) {
            .addr = table, .len = n * (uint32_t) sizeof parts[0],
            .flags = (uint16_t) (VRING_DESC_F_INDIRECT
                                 | (random_range(2) ? VRING_DESC_F_WRITE
                                    : 0)),
        };
    } else {
        for (unsigned int i = 0; i < n; i++) {
            if (i < n - 1) {
                parts[i].flags |= VRING_DESC_F_NEXT;
                parts[i].next = at[i + 1];
            }
            d->desc[at[i]] = parts[i];
        }
    }
    d->buffer[at[0]] = (struct fake_buffer) { guest, len, n_descs };
    d->order[d->avail_idx & (d->size - 1)] = at[0];
    d->avail->ring[d->avail_idx & (d->size - 1)] = at[0];
    d->avail_idx++;
    return at[0];
}

void
fake_publish(struct fake_driver *d)
{
    __atomic_store_n(&d->avail->idx, d->avail_idx, __ATOMIC_RELEASE);
}

/* The chain that begins with `head` is the driver's again. */
static void
free_chain(struct fake_driver *d, uint16_t head)
{
    uint16_t n = d->buffer[head].n_descs;

    d->buffer[head].n_descs = 0;
    for (uint16_t at = head; n--; at = d->desc[at].next) {
        if (!fake_has(d, IN_ORDER)) {
            d->free[d->n_free] = at;
        }
        d->n_free++;
    }
}

bool
fake_reap(struct fake_driver *d, struct fake_buffer *b, uint32_t *len)
{
    uint16_t end = __atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE);
    uint16_t slot = d->used_idx & (uint16_t) (d->size - 1);
    uint32_t id;

    if (end == d->used_idx) {
        return false;
    }
    assert_true((uint16_t) (end - d->used_idx) <= d->size);
    if (fake_has(d, IN_ORDER)) {
        /* 2.6.9: an entry may speak for those before it. */
        if (d->group_end == d->used_idx) {
            uint32_t last = d->used->ring[slot].id;

            d->group_len = d->used->ring[slot].len;
            while (d->order[d->group_end++ & (d->size - 1)] != last) {
                assert_int_not_equal(d->group_end, end);
            }
        }
        id = d->order[slot];
        *len = ((uint16_t) (d->used_idx + 1) == d->group_end ? d->group_len
                : d->buffer[id].len);
    } else {
        id = d->used->ring[slot].id;
        *len = d->used->ring[slot].len;
    }
    assert_true(id < d->size);
    *b = d->buffer[id];
    assert_true(b->n_descs > 0);
    free_chain(d, (uint16_t) id);
    d->used_idx++;
    return true;
}
