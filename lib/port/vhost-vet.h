/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-vet.h: may this message of a guest's reach the vhost library?
 *
 * The library of DPDK 22.11 believes its guests: a guest that changes the
 * size of a ring in use, moves an index outside of a ring, sets up a ring that
 * it has just stopped, or passes a file that is shorter than it says makes it
 * read and write where no memory is.  Here every message is judged before the
 * library sees it, by what was said before on the same connection.
 *
 * A message that no correct front end sends ends the connection: there is
 * nothing to be had from a guest that is in disorder.
 *
 * One thread (vhost-door.c) for each connection; nothing is shared.
 */
#ifndef PORT_VHOST_VET_H
#define PORT_VHOST_VET_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VHOST_VET_RINGS = 256,      /* that the library has room for */
    VHOST_VET_FDS = 8,          /* descriptors of one message */
    VHOST_VET_PAYLOAD = 1024,   /* bytes; the longest message has less */
    VHOST_VET_HEADER = 12,
};

/* Requests that more than this module knows by name. */
enum {
    VHOST_REQ_SET_FEATURES = 2,
    VHOST_REQ_SET_OWNER = 3,
    VHOST_REQ_RESET_OWNER = 4,
    VHOST_REQ_SET_MEM_TABLE = 5,
    VHOST_REQ_SET_VRING_NUM = 8,
    VHOST_REQ_SET_VRING_ADDR = 9,
    VHOST_REQ_SET_VRING_BASE = 10,
    VHOST_REQ_GET_VRING_BASE = 11,
    VHOST_REQ_SET_VRING_KICK = 12,
    VHOST_REQ_SET_VRING_CALL = 13,
    VHOST_REQ_SET_PROTOCOL_FEATURES = 16,
    VHOST_REQ_SET_VRING_ENABLE = 18,
    VHOST_REQ_SEND_RARP = 19,
    VHOST_REQ_IOTLB_MSG = 22,
};

enum {
    VHOST_FLAG_VERSION = 1 << 0,
    VHOST_FLAG_REPLY = 1 << 2,
    VHOST_FLAG_NEED_REPLY = 1 << 3,
};

/* As on the wire, in the machine's own order. */
struct vhost_letter {
    uint32_t request;
    uint32_t flags;
    uint32_t size;              /* bytes of payload */
    uint8_t payload[VHOST_VET_PAYLOAD];
};

/* What a ring has been told since it was made or stopped. */
struct vhost_vet_ring {
    uint32_t num;               /* 0: nothing */
    uint16_t base;
    bool placed;                /* it has addresses */
};

/* One connection. */
struct vhost_vet {
    /* Set by the caller. */
    bool iommu, postcopy;       /* offered to this guest */

    /* vhost_vet()'s. */
    bool greeted;               /* SET_OWNER came */
    uint64_t features;
    struct vhost_vet_ring ring[VHOST_VET_RINGS];
};

/* Judges a whole message with its `n_fds` descriptors, which stay the
 * caller's.  Returns NULL and notes what it says, or the reason why it may not
 * pass, which the caller frees. */
char *vhost_vet(struct vhost_vet *, const struct vhost_letter *,
                const int fds[], size_t n_fds);

#endif
