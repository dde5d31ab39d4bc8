/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-ethtool.h: what does the driver of a network device say of itself?
 *
 * Main thread only.
 */
#ifndef PORT_KERNEL_ETHTOOL_H
#define PORT_KERNEL_ETHTOOL_H 1

#include <stdint.h>

struct kernel_driver {
    char name[32], version[32], firmware[32];   /* "" where not told */
    uint64_t speed_bps;         /* 0: unknown */
    int duplex;                 /* 1 full, 0 half, -1 unknown */
};

/* Asks about the device `ifname` of our network namespace; what it does not
 * tell is unknown. */
void kernel_driver_get(const char *ifname, struct kernel_driver *);

#endif
