/* SPDX-License-Identifier: Apache-2.0
 *
 * drop.h: every reason for which the switch drops a frame, by name.
 *
 * One table: enum, name for the operator, explanation.  Counted per packet
 * thread without shared writes, summed when shown.
 */
#ifndef SWITCH_DROP_H
#define SWITCH_DROP_H 1

#include <stdint.h>

#define DROPS                                                               \
    DROP(RUNT, "runt", "shorter than an Ethernet header with its VLAN tags") \
    DROP(OVERSIZE, "oversize", "longer than the receiving port's MTU")      \
    DROP(MALFORMED, "malformed", "mbuf lengths that contradict each other") \
    DROP(SRC_MULTICAST, "src_multicast", "multicast source address")        \
    DROP(SRC_ZERO, "src_zero", "source address all zero")                   \
    DROP(HAIRPIN, "hairpin", "destination behind the port it came from")    \
    DROP(RESERVED, "reserved", "to a reserved address without forward-bpdu") \
    DROP(SECURE, "fail_secure", "fail_mode=secure without OpenFlow")        \
    DROP(NO_OUTPUT, "no_output", "no other port in the bridge")             \
    DROP(NO_BRIDGE, "no_bridge", "the receiving port is in no bridge")      \
    DROP(VLAN_ACCESS, "vlan_access", "tagged, on an access port")           \
    DROP(VLAN_TRUNK, "vlan_trunk",                                          \
         "in a VLAN that the receiving port does not trunk")                \
    DROP(VLAN_CUSTOMER, "vlan_customer",                                    \
         "in a VLAN that is not in cvlans of the receiving port")           \
    DROP(VLAN_OUTPUT, "vlan_output",                                        \
         "to a port that does not carry the frame, for its VLAN")           \
    DROP(PROTECTED, "protected", "from a protected port to another")        \
    DROP(MIRROR_OUTPUT, "mirror_output",                                    \
         "from or to a port that is reserved for a mirror")                 \
    DROP(NO_MBUF, "no_mbuf", "no mbuf was left for a copy")                 \
    DROP(PATCH_NO_PEER, "patch_no_peer", "sent to a patch port without peer") \
    DROP(PATCH_LOOP, "patch_loop", "through too many patch ports")

enum drop_reason {
#define DROP(ENUM, NAME, HELP) DROP_##ENUM,
    DROPS
#undef DROP
    DROP_N_REASONS
};

extern const char *const drop_names[DROP_N_REASONS];
extern const char *const drop_help[DROP_N_REASONS];

struct drop_counters {
    uint64_t n[DROP_N_REASONS];
};

#endif
