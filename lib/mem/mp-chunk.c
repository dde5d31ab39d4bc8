/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-chunk.c: memory for a pool's mbufs, a hugepage at a time.
 *
 * A chunk fills one 2 MB page together with the heap's own header, so DPDK
 * asks the system for memory page by page: memory that is short is noticed
 * at the last page that there was, a live pool grows in steps that hold the
 * main loop up for a fraction of a millisecond, and each page of a freed pool
 * goes back to the system, since nothing else lies on it.
 *
 * rte_mempool_populate_virt() is not used: where it fails it frees every
 * chunk of the pool, also those whose mbufs are in flight.
 */
#include <config.h>
#include "mem/mp-chunk.h"

#include <errno.h>

#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_mempool.h>

#include "openvswitch/compiler.h"
#include "util.h"

/* Bytes from `addr` on, `len` at most, that are contiguous for devices too.
 * `*iova` is their address for devices; RTE_BAD_IOVA where the heap knows
 * none, and no device can use them then. */
static size_t
contiguous(const char *addr, size_t len, rte_iova_t *iova)
{
    const struct rte_memseg *seg = rte_mem_virt2memseg(addr, NULL);
    size_t run = 0;

    *iova = RTE_BAD_IOVA;
    if (!seg) {
        return len;
    }
    if (seg->iova != RTE_BAD_IOVA) {
        *iova = seg->iova + (size_t) (addr - (const char *) seg->addr);
    }
    do {
        run = (size_t) ((const char *) seg->addr + seg->len - addr);
        if (run >= len) {
            return len;
        }
        seg = rte_mem_virt2memseg(addr + run, NULL);
    } while (seg && seg->iova == (*iova == RTE_BAD_IOVA ? RTE_BAD_IOVA
                                                        : *iova + run));
    return run;
}

static void
chunk_free(struct rte_mempool_memhdr *hdr OVS_UNUSED, void *chunk)
{
    rte_free(chunk);
}

struct mp_chunk *
mp_chunk_take(const struct rte_mempool *pool, uint32_t max)
{
    size_t size = pool->header_size + pool->elt_size + pool->trailer_size;
    size_t len = MP_CHUNK_BYTES - MP_HEAP_OVERHEAD;
    struct mp_chunk *c;

    if (max < len / size) {
        len = max * size;
    }
    c = rte_malloc_socket(NULL, len, RTE_MEMPOOL_ALIGN, pool->socket_id);
    if (c) {
        c->next = NULL;
        c->len = len;
    }
    return c;
}

void
mp_chunk_free(struct mp_chunk *c)
{
    rte_free(c);
}

int
mp_chunk_fill(struct rte_mempool *pool, struct mp_chunk *c, uint64_t *bytes)
{
    char *chunk = (char *) c;
    size_t len = c->len;
    int total = 0;
    int error = -ENOBUFS;
    size_t run;

    for (size_t ofs = 0; ofs < len; ofs += run) {
        rte_iova_t iova;
        int n;

        /* The first segment that holds an mbuf owns the chunk: segments are
         * freed together, when no mbuf is left in any. */
        run = contiguous(chunk + ofs, len - ofs, &iova);
        n = rte_mempool_populate_iova(pool, chunk + ofs, iova, run,
                                      total ? NULL : chunk_free, chunk);
        if (n > 0) {
            total += n;
        } else if (n < 0) {
            error = n;
            break;
        }
    }
    if (!total) {
        rte_free(chunk);
        return error;
    }
    *bytes += len + MP_HEAP_OVERHEAD;
    return total;
}

int
mp_chunk_add(struct rte_mempool *pool, uint32_t max, uint64_t *bytes)
{
    struct mp_chunk *c = mp_chunk_take(pool, max);

    return c ? mp_chunk_fill(pool, c, bytes) : -ENOMEM;
}
