/* SPDX-License-Identifier: Apache-2.0
 *
 * packet-io.h: frames through a packet socket on a device of the kernel's.
 *
 * The device may leave checksums and segmentation to whoever takes its frames,
 * and takes VLAN tags out of them; here they become what was on the wire.
 */
#ifndef PORT_PACKET_IO_H
#define PORT_PACKET_IO_H 1

#include "port/gso.h"
#include "port/kernel.h"

struct packet_port {
    struct kernel_port up;

    /* I/O thread, and main while quiesced. */
    uint8_t *big;               /* a frame that is too long for mbufs */
    struct gso gso;             /* the one in `big`: what rx has not returned
                                 * yet */
    uint8_t tag[4];             /* of that frame; zeros: none */

    /* Main thread only. */
    uint32_t found_mtu;         /* of the device before ... */
    uint32_t made_mtu;          /* ... we set this one; 0: we did not */
};

static inline struct packet_port *
packet_port_cast(const struct port *p)
{
    return CONTAINER_OF(kernel_port_cast(p), struct packet_port, up);
}

/* Makes a socket that receives all frames that come in at the device, in
 * promiscuous mode for as long as it is open.  Returns it, or a negative
 * errno. */
int packet_open(int ifindex);

/* Main thread: frames lost for want of room in the socket since the last call;
 * counts them in `rx_lost`. */
void packet_count_lost(struct packet_port *);

void packet_port_init(struct packet_port *);
void packet_port_destroy(struct packet_port *);

/* I/O thread: class operations. */
uint16_t packet_rx(struct port *, uint16_t q, struct rte_mbuf **,
                   uint16_t max);
bool packet_rx_unfinished(const struct port *);

#endif
