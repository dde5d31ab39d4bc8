/* SPDX-License-Identifier: Apache-2.0
 *
 * gso.h: what is left to do to a frame that the kernel did not finish?
 *
 * The kernel leaves checksums and segmentation to a device as long as it can,
 * and a packet socket sees frames as they are by then: its virtio_net_hdr
 * says what they lack.  Here they get it.  Pure: bytes in, bytes out; any
 * thread.
 */
#ifndef PORT_GSO_H
#define PORT_GSO_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_net_hdr;

enum {
    GSO_HEADER_MAX = 256,       /* bytes of a frame before its payload */
    GSO_SEGMENTS_MAX = 2048,    /* of one frame; more are an attack */
};

/* A frame to be cut into segments, and how far that has come. */
struct gso {
    const uint8_t *frame;
    uint32_t len;               /* bytes; all of them are done: nothing left */
    uint32_t done;              /* bytes: the header and payload cut so far */
    uint16_t header;            /* bytes: Ethernet to TCP or UDP */
    uint16_t l3, l4;            /* where these headers begin */
    uint16_t size;              /* bytes of payload in a segment */
    uint16_t index;             /* of the next segment */
    bool ipv6, udp;
};

/* Puts the checksum that `vh` asks for into the frame of `len` bytes.  False:
 * it makes no sense, the frame is to be dropped. */
bool gso_checksum(const struct virtio_net_hdr *vh, uint8_t *frame, size_t len);

/* Begins to cut `frame`, which has no VLAN tag where `vh` knows of none and
 * stays unchanged until it is all cut.  False as above. */
bool gso_begin(struct gso *, const struct virtio_net_hdr *vh,
               const uint8_t *frame, size_t len);

static inline bool
gso_left(const struct gso *g)
{
    return g->done < g->len;
}

/* Writes the header of the next segment, `g->header` bytes with all
 * checksums, and says where in the frame its payload is. */
void gso_next(struct gso *, uint8_t *header, const uint8_t **payload,
              size_t *n);

/* Adds up `n` bytes as the Internet's checksum does; `sum` is that of an even
 * number of bytes before them.  gso_fold() makes 16 bits of it, not yet
 * complemented. */
uint64_t gso_sum(const void *, size_t n, uint64_t sum);
uint16_t gso_fold(uint64_t sum);

#endif
