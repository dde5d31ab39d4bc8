/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-holder.h: who has an mbuf?
 *
 * An mbuf says itself who was given it last: in its `port` member, which
 * drivers write when they receive and nobody reads afterwards.  port_tx() puts
 * the port's mark there, but not for a port that copies frames and so keeps no
 * mbuf; the mempool handler puts MP_FREE there when the mbuf comes home past a
 * thread's cache.  A census (mp-census.h) reads the marks of all mbufs of a
 * pool.
 *
 * A frame that is flooded goes to several ports in one mbuf with as many
 * references: it has the mark of the port that it was sent to last, also when
 * another port is the last to keep it.
 */
#ifndef MEM_MP_HOLDER_H
#define MEM_MP_HOLDER_H 1

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

enum {
    MP_MARK_FIRST = 0x4000,     /* marks of ports: above DPDK's own port
                                 * numbers, below its "invalid" */
    MP_MARK_LAST = 0xfffd,
    MP_FREE = 0xfffe,           /* at home, or taken by a driver for its rx
                                 * ring and not yet received into */
};

/* A mark for the port `name`.  Main thread.  A mark is used again only when
 * all others have been: mbufs that a port kept beyond its end still name it.
 * Never fails: there are far fewer ports at a time than marks. */
uint16_t mp_holder_add(const char *name);

/* The port is gone.  Its mark goes on naming it until it is used again.  Main
 * thread. */
void mp_holder_remove(uint16_t mark);

/* The port that has or had `mark`; NULL: none.  The text lives until the mark
 * is used again.  Main thread. */
const char *mp_holder_name(uint16_t mark);

/* Is that port still there?  Main thread. */
bool mp_holder_is_live(uint16_t mark);

/* Any thread: these mbufs go to the port with `mark`. */
static inline void
mp_holder_mark(struct rte_mbuf **m, uint16_t n, uint16_t mark)
{
    for (uint16_t i = 0; i < n; i++) {
        m[i]->port = mark;
    }
}

#endif
