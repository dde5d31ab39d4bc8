/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-memory.h: how much memory DPDK could still give.
 */
#ifndef MEM_MP_MEMORY_H
#define MEM_MP_MEMORY_H 1

#include <stdint.h>

/* Bytes on NUMA socket `socket`: what DPDK's heap has free and the free
 * hugepages that it may yet take.  An estimate for deciding whether to try:
 * the heap may be in pieces, another program may be faster.  Main thread, EAL
 * up. */
uint64_t mp_memory_free(int socket);

/* Bytes of the system's free hugepages on `socket`.  `root` is "/sys", or a
 * test's folder in its place. */
uint64_t mp_memory_free_hugepages(const char *root, int socket);

/* Bytes that `limits`, a value of --socket-limit such as "1024,512" (MB), lets
 * the heap of `socket` have; UINT64_MAX where it sets no limit. */
uint64_t mp_memory_limit(const char *limits, int socket);

#endif
