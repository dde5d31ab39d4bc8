/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-make.c: making, filling and freeing one pool.
 *
 * There is one way to make a pool, whatever its model: empty, with room for
 * what was asked, then filled chunk by chunk (mp-chunk.c).  A pool that got
 * less than was asked thus can grow later, while it is in use.
 */
#include <config.h>
#include "mem/mp-make.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_memzone.h>

#include "eal/log-modules.h"
#include "mem/mp-chunk.h"
#include "mem/mp-ops.h"
#include "mem/mp-size.h"
#include "util.h"

#define this_module log_netdev_dpdk

int
mp_grow(struct mp_made *m, uint32_t max)
{
    struct mp_chunk *c = m->reserved;

    ovs_assert(max <= m->pool->size - m->pool->populated_size);
    if (c) {
        m->reserved = c->next;
        return mp_chunk_fill(m->pool, c, &m->bytes);
    }
    return mp_chunk_add(m->pool, max, &m->bytes);
}

/* Chunks come out of the list, which is short, in the order in which they came
 * in: the last one may be a smaller one. */
bool
mp_reserve(struct mp_made *m, uint32_t n)
{
    uint32_t room = m->pool->size - m->pool->populated_size;
    struct mp_chunk **end = &m->reserved;
    uint32_t chunk = mp_chunk_mbufs(m);

    ovs_assert(n <= room && !m->reserved);
    for (uint32_t done = 0; done < n; done += MIN(chunk, room - done)) {
        *end = mp_chunk_take(m->pool, room - done);
        if (!*end) {
            return false;
        }
        end = &(*end)->next;
    }
    return true;
}

void
mp_unreserve(struct mp_made *m)
{
    while (m->reserved) {
        struct mp_chunk *c = m->reserved;

        m->reserved = c->next;
        mp_chunk_free(c);
    }
}

/* An empty pool, or NULL with rte_errno set. */
static struct rte_mempool *
make_empty(const struct mp_spec *spec)
{
    struct rte_pktmbuf_pool_private priv = {
        .mbuf_data_room_size = (uint16_t) mp_data_room(spec->mtu),
        .mbuf_priv_size = MP_PRIV_SIZE,
    };
    struct rte_mempool *pool;

    pool = rte_mempool_create_empty(spec->name, spec->room,
                                    mp_element_size(spec->mtu),
                                    mp_cache_size(spec->room),
                                    sizeof priv, spec->socket,
                                    RTE_MEMPOOL_F_NO_SPREAD);
    if (pool) {
        int error = rte_mempool_set_ops_byname(pool, mp_ops_name(), NULL);

        if (error) {
            rte_mempool_free(pool);
            rte_errno = -error;
            return NULL;
        }
        rte_pktmbuf_pool_init(pool, &priv);
    }
    return pool;
}

/* Makes a pool with room for spec->room and fills it with `n` mbufs.  On
 * failure `*reached` is how many there was memory for. */
static int
make_with(const struct mp_spec *spec, uint32_t n, struct mp_made *m,
          uint32_t *reached)
{
    *reached = 0;
    m->bytes = 0;
    m->reserved = NULL;
    m->pool = make_empty(spec);
    if (!m->pool) {
        return -rte_errno;
    }
    while (m->pool->populated_size < n) {
        uint32_t end = spec->elastic ? spec->room : n;
        int error = mp_grow(m, end - m->pool->populated_size);

        if (error < 0) {
            *reached = m->pool->populated_size;
            rte_mempool_free(m->pool);
            return error;
        }
    }
    m->bytes += m->pool->mz->len + mp_ops_bytes(m->pool)
                + 2 * MP_HEAP_OVERHEAD;
    m->granted = n;
    return 0;
}

/* The same text at each try while the same is missing: how much there was
 * room for would make it news each time. */
static char *
why_not(const struct mp_spec *spec, int error)
{
    uint32_t least = (spec->elastic ? spec->asked
                      : MIN(spec->asked, MP_MIN_MBUFS));
    uint64_t size = mp_object_size(spec->mtu);

    if (error == -ENOSPC) {
        return xasprintf("no memzone is left for another pool (DPDK has "
                         "%d in all)", RTE_MAX_MEMZONE);
    } else if (error != -ENOMEM && error != -ENOBUFS) {
        return xstrdup(ovs_strerror(-error));
    }
    return xasprintf("out of memory on socket %d: %"PRIu32" mbufs "
                     "(%"PRIu64" bytes) were asked for, at least %"PRIu32" "
                     "(%"PRIu64" bytes) are needed", spec->socket,
                     spec->asked, spec->asked * size, least, least * size);
}

int
mp_make(const struct mp_spec *spec, struct mp_made *m, char **reasonp)
{
    uint32_t n = spec->asked;

    for (;;) {
        uint32_t reached;
        int error = make_with(spec, n, m, &reached);

        if (!error) {
            return 0;
        }
        VLOG_INFO("Failed to create mempool \"%s\" with a request of "
                  "%"PRIu32" mbufs", spec->name, n);
        if ((error == -ENOMEM || error == -ENOBUFS) && !spec->elastic) {
            /* Sizes beyond what there was memory for would fail again. */
            do {
                n = mp_next_smaller(n);
            } while (n > reached);
        } else {
            n = 0;
        }
        if (!n) {
            *reasonp = why_not(spec, error);
            return error;
        }
    }
}

uint64_t
mp_growth_bytes(const struct mp_made *m, uint32_t n)
{
    const struct rte_mempool *pool = m->pool;
    uint64_t size = pool->header_size + pool->elt_size + pool->trailer_size;
    uint32_t chunk = mp_chunk_mbufs(m);
    uint32_t room = pool->size - pool->populated_size;
    uint32_t rest;

    n = MIN(ROUND_UP(n, chunk), room);
    rest = n % chunk;
    return ((uint64_t) (n / chunk) * MP_CHUNK_BYTES
            + (rest ? rest * size + MP_HEAP_OVERHEAD : 0));
}

uint32_t
mp_chunk_mbufs(const struct mp_made *m)
{
    const struct rte_mempool *pool = m->pool;

    return (uint32_t) ((MP_CHUNK_BYTES - MP_HEAP_OVERHEAD)
                       / (pool->header_size + pool->elt_size
                          + pool->trailer_size));
}

void
mp_unmake(struct mp_made *m)
{
    rte_mempool_free(m->pool);
    m->pool = NULL;
}
