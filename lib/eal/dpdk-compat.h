/* SPDX-License-Identifier: Apache-2.0
 *
 * dpdk-compat.h: what differs between the DPDK releases that we build with:
 * 22.11, 23.11 and 24.11.
 *
 * Sources use the names of 22.11 that the later ones still have.  Where there
 * is none, the name goes here and nowhere else, so that a new release of DPDK
 * is a change of this file.  What DPDK leaves to its users, whatever the
 * release, stands below.
 */
#ifndef EAL_DPDK_COMPAT_H
#define EAL_DPDK_COMPAT_H 1

#include <stdint.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 or later is needed (Debian package libdpdk-dev)"
#endif

/* 23.03 gave "u64" in telemetry the name "uint". */
#if RTE_VERSION < RTE_VERSION_NUM(23, 3, 0, 0)
#define RTE_TEL_UINT_VAL RTE_TEL_U64_VAL
#define rte_tel_data_add_array_uint rte_tel_data_add_array_u64
#define rte_tel_data_add_dict_uint rte_tel_data_add_dict_u64
#endif

/* The NUMA socket to take memory from for a device on `socket`: that one, or,
 * for a device that is near none (SOCKET_ID_ANY), the one with memory that
 * comes first, the main thread's own before others. */
static inline int
dpdk_memory_socket(int socket)
{
    int own;

    if (socket >= 0) {
        return socket;
    }
    own = (int) rte_lcore_to_socket_id(rte_get_main_lcore());
    for (int i = -1; i < (int) rte_socket_count(); i++) {
        int id = i < 0 ? own : rte_socket_id_by_idx((unsigned int) i);
        struct rte_malloc_socket_stats stats;

        memset(&stats, 0, sizeof stats);
        if (id >= 0 && !rte_malloc_get_socket_stats(id, &stats)
            && stats.heap_totalsz_bytes) {
            return id;
        }
    }
    return own;
}

#endif
