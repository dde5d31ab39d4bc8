/* SPDX-License-Identifier: Apache-2.0
 *
 * flows.c: see flows.h.
 *
 * The two IP addresses of a flow change in opposite directions, so that the
 * sum over the header stays; UDP goes without one.
 */
#include "tests/peer/flows.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    MACS = 12, TAG = 4, IP = 20,
    AT_LENGTH = 2, AT_SUM = 10, AT_SRC = 14, AT_DST = 18, AT_PORT = 20,
};

static const uint8_t ip_template[28] = {
    0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0,    /* UDP */
    10, 0, 0, 0, 10, 1, 0, 0,
    4, 0, 16, 0, 0, 0, 0, 0,
};

static void
put16(uint8_t *at, uint32_t value)
{
    uint16_t v = htons((uint16_t) value);

    memcpy(at, &v, sizeof v);
}

static void
put32(uint8_t *at, uint32_t value)
{
    uint32_t v = htonl(value);

    memcpy(at, &v, sizeof v);
}

/* Length of the Ethernet header. */
static unsigned int
ethernet(const struct flows *f, uint16_t guest)
{
    return MACS + 2 + (f->vlan && guest % 2 ? TAG : 0);
}

/* Lengths, and the header's sum, which the addresses do not change. */
static void
put_lengths(uint8_t *ip, uint32_t length)
{
    /* Of the template with addresses 10.0.0.0 and 10.1.255.255. */
    uint32_t sum = 0x4500 + 0x4011 + 0x0a00 + 0x0a01 + 0xffff + length;

    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + AT_LENGTH, length);
    put16(ip + AT_SUM, ~sum);
    put16(ip + IP + 4, length - IP);
}

void
flow_prepare(const struct flows *f, uint16_t guest, uint8_t *frame)
{
    unsigned int ip = ethernet(f, guest);

    memset(frame, 0, FLOW_SIZE_MAX);
    put16(frame + 6, 0x0200u | guest);
    put16(frame, 0x0200u | (guest ^ 1));
    if (f->to == TO_EVERYBODY) {
        memset(frame, 0xff, 6);
    }
    if (f->vlan && guest % 2) {
        put16(frame + MACS, 0x8100);
        put16(frame + MACS + 2, f->vlan);
    }
    put16(frame + ip - 2, 0x0800);
    memcpy(frame + ip, ip_template, sizeof ip_template);
    put_lengths(frame + ip, f->size - ip);
    put16(frame + ip + AT_DST, 0xffff);
}

static uint16_t
next_mixed(struct flow_place *place)
{
    static const uint16_t mix[FLOW_MIX] = {
        64, 594, 64, 64, 594, 64, 64, 594, 64, 1518, 64, 594,
    };

    place->mixed = place->mixed + 1 == FLOW_MIX ? 0 : place->mixed + 1;
    return mix[place->mixed];
}

uint16_t
flow_next(const struct flows *f, struct flow_place *place, uint16_t guest,
          uint8_t *frame)
{
    uint8_t *ip = frame + ethernet(f, guest);
    uint16_t size = f->size ? f->size : next_mixed(place);
    uint32_t flow = place->flow;

    place->flow = flow + 1 == f->n ? 0 : flow + 1;
    if (f->to == TO_ALL_IN_TURN) {
        place->to = place->to + 1 >= f->guests ? 0 : place->to + 1;
        if (place->to == guest) {
            place->to = place->to + 1 >= f->guests ? 0 : place->to + 1;
        }
        put16(frame, 0x0200u | place->to);
    }
    if (f->kind == FLOWS_MACS) {
        put32(frame + 8, flow);
        if (f->to != TO_EVERYBODY) {
            put32(frame + 2, flow);
        }
    } else {
        put16(ip + AT_SRC, flow);
        put16(ip + AT_DST, 0xffff - (flow & 0xffff));
        put16(ip + AT_PORT, 1024 + (flow >> 16));
    }
    if (!f->size) {
        put_lengths(ip, size - (uint32_t) (ip - frame));
    }
    return size;
}
