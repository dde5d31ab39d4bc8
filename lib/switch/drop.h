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
    DROP(RUNT, "runt", "shorter than an Ethernet header")                   \
    DROP(OVERSIZE, "oversize", "longer than the receiving port's MTU")      \
    DROP(MALFORMED, "malformed", "mbuf lengths that contradict each other") \
    DROP(SRC_MULTICAST, "src_multicast", "multicast source address")        \
    DROP(SRC_ZERO, "src_zero", "source address all zero")                   \
    DROP(HAIRPIN, "hairpin", "destination behind the port it came from")    \
    DROP(RESERVED, "reserved", "01:80:c2:00:00:0x without forward-bpdu")    \
    DROP(SECURE, "fail_secure", "fail_mode=secure without OpenFlow")        \
    DROP(NO_OUTPUT, "no_output", "no other port in the bridge")             \
    DROP(NO_BRIDGE, "no_bridge", "the receiving port is in no bridge")      \
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
