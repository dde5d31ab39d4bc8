/* SPDX-License-Identifier: Apache-2.0
 *
 * tx-hash.h: which flow does a frame belong to, for tx-steering=hash?
 *
 * Packet threads.  Reads the frame and its mbuf only.
 */
#ifndef PORT_TX_HASH_H
#define PORT_TX_HASH_H 1

#include <stdint.h>

struct rte_mbuf;

/* Equal for the frames of one flow in one direction: what the device that the
 * frame came from says (RSS) or else a hash of the addresses, protocol and
 * ports of IPv4 and IPv6, of the Ethernet addresses for others.  A fragment's
 * ports do not count.  Looks behind up to two VLAN tags, and into the first
 * segment only. */
uint32_t tx_hash(const struct rte_mbuf *);

/* One of `n` > 0 queues. */
static inline uint16_t
tx_hash_queue(uint32_t hash, uint16_t n)
{
    return (uint16_t) ((uint64_t) hash * n >> 32);
}

#endif
