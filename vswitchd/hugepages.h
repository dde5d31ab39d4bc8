/* SPDX-License-Identifier: Apache-2.0
 *
 * hugepages.h: how many hugepages the system has free.
 */
#ifndef VSWITCHD_HUGEPAGES_H
#define VSWITCHD_HUGEPAGES_H 1

#include <stdint.h>

/* Bytes in free hugepages of all sizes, as the kernel says now; 0 where it
 * does not say. */
uint64_t hugepages_free(void);

#endif
