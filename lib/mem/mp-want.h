/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-want.h: a request for a pool, thought through: which key, how large.
 * Pure: what the model's rules make of a request, whatever pools there are.
 */
#ifndef MEM_MP_WANT_H
#define MEM_MP_WANT_H 1

#include <stdbool.h>
#include <stdint.h>

#include "mem/mempool.h"

struct mp_want {
    const struct mp_request *req;
    const char *group;          /* own: the port's name; "": the shared
                                 * model's; points into `req` */
    int socket;
    const struct mp_shared_size *shared_size;   /* the one that it uses, or
                                                 * NULL; points into the
                                                 * model */
    bool own;                   /* a port's own */
    bool sized;                 /* by the queues, not fixed */
    bool elastic;
    uint32_t n;                 /* mbufs; elastic: at most */
    uint32_t mtu;               /* one whose adjusted MTU is the next */
    uint32_t adjusted_mtu;
};

/* What `req` comes to on `socket`, which may be another than it asked for. */
struct mp_want mp_want(const struct mp_request *req, const struct mp_model *,
                       int socket);

#endif
