/* SPDX-License-Identifier: Apache-2.0
 *
 * flows.h: which frames does flow-peer send?
 *
 * Guests are numbered from 0 and have stations, numbered too:
 *
 *   address    02:GG:SS:SS:SS:SS, guest and station
 *   MAC pairs  station i of a guest talks to station i of another one
 *   5-tuples   station 0 only; IP addresses and UDP ports differ
 *
 * Flows take turns, frame by frame: two neighbours are never of the same flow
 * unless there is only one.  All are IPv4 with UDP, so that a switch has the
 * same to parse in each case.
 */
#ifndef PEER_FLOWS_H
#define PEER_FLOWS_H 1

#include <stdbool.h>
#include <stdint.h>

enum {
    FLOW_SIZE_MIN = 60,         /* bytes of a frame without CRC */
    FLOW_SIZE_MAX = 1518,
    FLOW_MIX = 12,              /* frames of the mix */
};

struct flows {
    enum { FLOWS_MACS, FLOWS_TUPLES } kind;
    uint32_t n;                 /* from each guest */
    enum { TO_PARTNER, TO_ALL_IN_TURN, TO_EVERYBODY } to;
    uint16_t guests;
    uint16_t vlan;              /* odd guests tag their frames; 0: none */
    uint16_t size;              /* 0: a mix of 7 * 64, 4 * 594, 1 * 1518 */
};

/* Where a guest is in its flows. */
struct flow_place {
    uint32_t flow;
    uint16_t to, mixed;
};

/* Fills a buffer of FLOW_SIZE_MAX bytes for flow_next(). */
void flow_prepare(const struct flows *, uint16_t guest, uint8_t *frame);

/* Makes of it the guest's next frame; returns its length.  Writes within the
 * first 64 bytes only. */
uint16_t flow_next(const struct flows *, struct flow_place *, uint16_t guest,
                   uint8_t *frame);

/* Is it a frame of these flows, in the form that `guest` is to get? */
static inline bool
flow_is_ours(const struct flows *f, uint16_t guest, const uint8_t *frame)
{
    bool tagged = f->vlan && guest % 2;

    return frame[6] == 2 && frame[12] == (tagged ? 0x81 : 0x08)
        && frame[13] == 0;
}

#endif
