/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-show.h: pools in the words of an operator: a state, a table for a person
 * to read, JSON for a program.
 *
 * A view is taken in the main thread; what formats it is pure.
 */
#ifndef MEM_MP_SHOW_H
#define MEM_MP_SHOW_H 1

#include <stdbool.h>
#include <stddef.h>

#include "mem/mempool.h"
#include "mem/mp-census.h"

struct ds;
struct json;

struct mp_view {
    struct mp_info info;
    bool fallback;              /* for one of its ports at least */
    const char **ports;         /* names of those that have it, sorted */
    size_t n_ports;
    bool counted;               /* is there a census? */
    struct mp_census census;
};

/* What `mp` looks like; with `count` also a census, which takes up to some
 * 100 ns for each mbuf of the pool.  Names are the registry's: good until
 * ports or pools come or go. */
void mp_view_take(const struct mp *, bool count, struct mp_view *);
void mp_view_destroy(struct mp_view *);

/* "ok", or with commas what is not: "degraded" (has fewer mbufs than were
 * asked for), "oversubscribed" (than its ports may need), "surplus" (more than
 * they need, by a chunk), "fallback" (not on the socket asked for), "retired"
 * (no port gets it any more), "waiting" (no port has it, but mbufs are
 * out). */
void mp_state_format(const struct mp_info *, bool fallback, struct ds *);

/* What is shown of a pool's group: "shared" where it has none. */
const char *mp_group_text(const struct mp_info *);

/* One line for each pool, below a line of headings. */
void mp_show_pools(const struct mp_view *, size_t n, struct ds *);

/* Who has the mbufs of a pool that was counted. */
void mp_show_holders(const struct mp_view *, struct ds *);

/* {"pools": [...]}, which is the caller's (mp-json.c). */
struct json *mp_view_to_json(const struct mp_view *, size_t n);

#endif
