/* SPDX-License-Identifier: Apache-2.0
 *
 * fake-port.h: ports made of memory, for tests.
 *
 * A fake port is a `struct port` of a class of its own, made by the same
 * port_create_with_class() that makes real ones, and lives in the same
 * registry.  It receives the frames that a test gave it, keeps those that were
 * sent to it, and fails where the test told it to.
 *
 *   fake_class      polled by PMDs
 *   fake_slow_class likewise, with a device that may be slow to tell what it
 *                   counted
 *   fake_io_class   served by the thread of kernel-backed ports: has an rx_fd
 *
 * Threads: packet threads call rx and tx; fake_port_receive(),
 * fake_port_take_sent() and the getters may run in any thread beside them.
 * All else is for the main thread.
 */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "port/port.h"
#include "port/port-class.h"

extern const struct port_class fake_class;
extern const struct port_class fake_slow_class;
extern const struct port_class fake_io_class;

/* Settings of a plain port: one rx queue, 2,048 descriptors, `mtu` (0: none
 * asked for). */
void fake_settings(struct cfg_settings *, uint32_t mtu);

/* A running port with those settings and `n_txq` senders; not in a bridge,
 * not published.  Aborts on failure: for tests that are about other things. */
struct port *fake_port_create(const char *name, uint32_t mtu,
                              unsigned int n_txq);

bool fake_port_is(const struct port *);         /* of one of our classes? */

/* Failures ----------------------------------------------------------- */

/* What can be told to fail, and is counted. */
enum fake_op {
    FAKE_CONSTRUCT, FAKE_RECONFIGURE, FAKE_START, FAKE_LINK,
    FAKE_STOP, FAKE_DESTRUCT,           /* counted only */
    FAKE_N_OPS
};

/* After `skip` more calls of `op`, on whichever port, the next `times` fail
 * with -`error`. */
void fake_fail(enum fake_op, int error, unsigned int skip,
               unsigned int times);
unsigned int fake_calls(enum fake_op);  /* since fake_reset(), all ports */

/* Do ports made from now on take a mempool through mp_get()?  At first: no. */
void fake_use_mempool(bool);
/* The NUMA socket that fake ports ask memory on; at first 0. */
void fake_set_socket(int socket);
/* Do ports made from now on hold mbufs as a device does?  Between start and
 * stop there is one in each rx descriptor, from the port's mempool, which it
 * must then have; reconfigure fails where one is missing.  What it was sent
 * and has not given back is freed at stop.  At first: no. */
void fake_use_rings(bool);
/* Forgets failures and counts, no mempool, no rings. */
void fake_reset(void);

/* Frames ------------------------------------------------------------- */

/* The port receives `n` frames on queue `q` from now on.  Takes them. */
void fake_port_receive(struct port *, uint16_t q, struct rte_mbuf **,
                       size_t n);
size_t fake_port_n_pending(struct port *);      /* given, not yet received */

/* The device of a port with rings receives `n` frames on queue `q`, into mbufs
 * of its ring, and the driver puts fresh ones in their place.  Returns how
 * many: a frame for whose mbuf there is no fresh one is dropped and counted,
 * and those behind it are lost. */
uint16_t fake_port_arrive(struct port *, uint16_t q, uint16_t n);

enum fake_tx {
    FAKE_TX_KEEP,               /* at first: keeps each for take_sent() */
    FAKE_TX_FREE,               /* counts and frees, as fast as can be */
    FAKE_TX_FULL,               /* device full: drops and counts */
    FAKE_TX_RING,               /* keeps as many as it has tx descriptors,
                                 * drops and counts the others */
};
void fake_port_set_tx(struct port *, enum fake_tx);

/* The earliest frame sent and kept, the caller's now; NULL: none. */
struct rte_mbuf *fake_port_take_sent(struct port *);
size_t fake_port_n_sent(struct port *);         /* kept and not yet taken */
/* The device is through with the `n` earliest that it was sent and kept, which
 * are freed.  Returns how many there were. */
size_t fake_port_drain(struct port *, size_t n);
/* Mbufs of `pool` that the port holds, wherever. */
size_t fake_port_n_held(struct port *, const struct rte_mempool *pool);
uint64_t fake_port_tx_calls(struct port *);     /* bursts, ever */
uint64_t fake_port_tx_total(struct port *);     /* frames, ever */

/* Looks ------------------------------------------------------------- */

/* What port_describe() says; NULL: the type, as at first. */
void fake_port_set_describe(struct port *, const char *);
void fake_port_set_link(struct port *, bool up);

/* Ports of fake_slow_class: how many rx frames the device says it missed when
 * asked from now on; any thread. */
void fake_port_set_missed(struct port *, uint64_t n);
/* It does not answer until it is told to; any thread. */
void fake_port_set_silent(struct port *, bool silent);
/* Is somebody waiting for its answer? */
bool fake_port_is_asked(struct port *);

#endif
