/* SPDX-License-Identifier: Apache-2.0
 *
 * reserved.h: addresses of protocols that switches speak with each other,
 * which other switches do not forward.
 *
 * IEEE 802.1Q's own, and those of Extreme's (EDP, EAPS) and Cisco's (CDP, VTP,
 * PVSTP+, UplinkFast, ISL, CFM) that the database's manual lists.
 */
#ifndef SWITCH_RESERVED_H
#define SWITCH_RESERVED_H 1

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/compiler.h"

/* Unicast addresses among them begin with this. */
#define RESERVED_EXTREME UINT64_C(0x00e02b)

/* `key`: an FDB key; its VLAN is of no meaning. */
static inline bool
is_reserved(uint64_t key)
{
    uint64_t mac = key & UINT64_C(0xffffffffffff);

    return (mac >> 4 == UINT64_C(0x0180c200000)
            || mac == UINT64_C(0x01000c000000)
            || mac >> 4 == UINT64_C(0x01000cccccc)
            || mac == UINT64_C(0x01000ccdcdcd)
            || mac == UINT64_C(0x00e02b000000)
            || mac == UINT64_C(0x00e02b000004)
            || mac == UINT64_C(0x00e02b000006));
}

#endif
