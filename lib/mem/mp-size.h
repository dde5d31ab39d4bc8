/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-size.h: how large an mbuf and how many of them.  Pure arithmetic: no
 * DPDK call, only its constants.  Formulas: design.md, "Memory".
 */
#ifndef MEM_MP_SIZE_H
#define MEM_MP_SIZE_H 1

#include <stdbool.h>
#include <stdint.h>

enum {
    MP_MAX_MBUFS = 262144,      /* shared, MTU >= 999 */
    MP_MIN_MBUFS = 16384,       /* the floor */
    MP_CACHE_SIZE = 512,        /* mbufs cached per lcore and pool */
    MP_MTU_OVERHEAD = 26,       /* Ethernet 14, CRC 4, two VLAN tags 8 */
    MP_L2_OVERHEAD = 18,        /* Ethernet 14, CRC 4 */
    MP_ALIGN = 1024,            /* a buffer is a multiple of this */
    MP_BURST = 32,              /* descriptors kept free per rx queue */
    MP_HEADROOM = 128,          /* bytes in front of a frame */
    MP_PRIV_SIZE = 0,           /* bytes between an mbuf and its buffer */
    MP_CACHE_SHARE = 32,        /* a cache holds at most 1/32 of a pool */

    /* Kernel-backed ports: frames on their way to the kernel at each, and what
     * the pool that they share may grow to.  Its mbufs live from read() until
     * they were sent: in the I/O thread's cache, in its burst, and in the
     * transmit rings of the ports they went to. */
    MP_KERNEL_RING = 1024,
    MP_KERNEL_MAX_MBUFS = 131072,
};

uint32_t mp_buffer_size(uint32_t mtu);          /* b, bytes */
uint32_t mp_data_room(uint32_t mtu);            /* b + headroom */
uint32_t mp_adjusted_mtu(uint32_t mtu);         /* a = b - 18 */
uint32_t mp_element_size(uint32_t mtu);         /* mbuf + data room */
uint32_t mp_object_size(uint32_t mtu);          /* with the pool's header */

uint32_t mp_shared_mbufs(uint32_t mtu);
uint32_t mp_per_port_mbufs(uint32_t n_rxq, uint32_t rxq_size,
                           uint32_t n_txq, uint32_t txq_size);

/* The size to try after `n` could not be had; 0: give up. */
uint32_t mp_next_smaller(uint32_t n);

/* Mbufs that each lcore may cache of a pool of `n`. */
uint32_t mp_cache_size(uint32_t n);

#endif
