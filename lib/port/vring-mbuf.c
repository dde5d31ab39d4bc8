/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-mbuf.c: many mbufs at once.
 */
#include <config.h>
#include "port/vring-mbuf.h"

#include "util.h"

/* Is `m` all there is of a frame, and nobody else's, too?  Then it is already
 * what its pool wants it to be. */
static inline bool
is_plain(const struct rte_mbuf *m)
{
    return (rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1
            && RTE_MBUF_DIRECT(m));
}

void
vring_mbuf_free(struct rte_mbuf **m, uint16_t n)
{
    uint16_t i = 0;

    while (i < n) {
        struct rte_mempool *pool = m[i]->pool;
        uint16_t first = i;

        while (i < n && m[i]->pool == pool && is_plain(m[i])) {
            i++;
        }
        vring_mbuf_return(pool, m + first, (uint16_t) (i - first));
        if (i < n && !is_plain(m[i])) {
            rte_pktmbuf_free(m[i++]);
        }
    }
}
