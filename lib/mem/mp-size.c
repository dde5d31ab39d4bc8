/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-size.c: how large an mbuf and how many of them.
 *
 * Pure: the registry (mp-pool.c) asks here what a request comes to, and so
 * does whoever wants to know it without a running switch.  Any thread.
 */
#include <config.h>
#include "mem/mp-size.h"

#include <rte_common.h>
#include <rte_config.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "util.h"

/* Halving ends exactly at the floor. */
_Static_assert(IS_POW2(MP_MAX_MBUFS / MP_MIN_MBUFS)
               && MP_MAX_MBUFS % MP_MIN_MBUFS == 0,
               "the largest count must halve evenly to the smallest");
_Static_assert(MP_MIN_MBUFS % MP_CACHE_SIZE == 0,
               "the smallest count must be a multiple of the cache size");
_Static_assert(MP_MIN_MBUFS / MP_CACHE_SHARE >= MP_CACHE_SIZE,
               "the smallest pool must give each lcore a whole cache");
_Static_assert(MP_CACHE_SIZE <= RTE_MEMPOOL_CACHE_MAX_SIZE,
               "DPDK refuses larger caches");
_Static_assert(MP_HEADROOM == RTE_PKTMBUF_HEADROOM,
               "drivers put a frame behind DPDK's own headroom");
_Static_assert(MP_PRIV_SIZE % RTE_MBUF_PRIV_ALIGN == 0,
               "DPDK refuses an unaligned private area");
_Static_assert(IS_POW2(MP_ALIGN), "buffers are rounded up by a mask");

uint32_t
mp_buffer_size(uint32_t mtu)
{
    return ROUND_UP(mtu + MP_MTU_OVERHEAD, MP_ALIGN);
}

uint32_t
mp_data_room(uint32_t mtu)
{
    return mp_buffer_size(mtu) + MP_HEADROOM;
}

uint32_t
mp_adjusted_mtu(uint32_t mtu)
{
    return mp_buffer_size(mtu) - MP_L2_OVERHEAD;
}

uint32_t
mp_element_size(uint32_t mtu)
{
    return sizeof(struct rte_mbuf) + MP_PRIV_SIZE + mp_data_room(mtu);
}

/* The object header ends, and the next object begins, on a cache line. */
uint32_t
mp_object_size(uint32_t mtu)
{
    return ROUND_UP(sizeof(struct rte_mempool_objhdr), RTE_MEMPOOL_ALIGN)
           + ROUND_UP(mp_element_size(mtu), RTE_MEMPOOL_ALIGN);
}

uint32_t
mp_shared_mbufs(uint32_t mtu)
{
    return mp_adjusted_mtu(mtu) >= 1500 ? MP_MAX_MBUFS : MP_MIN_MBUFS;
}

/* What the rings of all queues may hold, one burst for each core that may
 * poll, and the floor for what is on its way.  A sum too large for memory
 * anywhere comes out as the largest number, never as a small one. */
uint32_t
mp_per_port_mbufs(uint32_t n_rxq, uint32_t rxq_size, uint32_t n_txq,
                  uint32_t txq_size)
{
    uint64_t rx = (uint64_t) n_rxq * rxq_size;
    uint64_t tx = (uint64_t) n_txq * txq_size;
    uint64_t bursts = (uint64_t) MIN(RTE_MAX_LCORE, n_rxq) * MP_BURST;

    if (rx > UINT32_MAX || tx > UINT32_MAX) {
        return UINT32_MAX;
    }
    return MIN(rx + tx + bursts + MP_MIN_MBUFS, UINT32_MAX);
}

uint32_t
mp_next_smaller(uint32_t n)
{
    return n <= MP_MIN_MBUFS ? 0 : MAX(n / 2, MP_MIN_MBUFS);
}

uint32_t
mp_cache_size(uint32_t n)
{
    return MIN(n / MP_CACHE_SHARE, MP_CACHE_SIZE);
}
