/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-claim.h: what ports lay claim on, and what their pools need for it: the
 * ledger (mp-ledger.h) of what is running.
 *
 * A port is known here while it has a pool.  Main thread only.
 */
#ifndef MEM_MP_CLAIM_H
#define MEM_MP_CLAIM_H 1

#include <stdbool.h>
#include <stdint.h>

struct mp;
struct mp_holding;

/* `port` gets one more reference to a pool, or one less.  With the last one
 * its claim ends. */
void mp_claim_ref(const char *port);
void mp_claim_unref(const char *port);

/* What `port` holds, as far as the ledger knows. */
void mp_claim_get(const char *port, struct mp_holding *);
void mp_claim_set(const char *port, const struct mp_holding *);

/* Each member the larger of the two. */
void mp_claim_max(const struct mp_holding *, const struct mp_holding *,
                  struct mp_holding *max);

/* Brings mp->need and mp->asked of all pools up to date. */
void mp_claim_update(void);

/* What a pool with caches of `cache` mbufs would need that only `port` has,
 * with `holds` or what it holds already, whichever is more. */
uint32_t mp_claim_need_new(const char *port, const struct mp_holding *holds,
                           uint32_t cache);

/* Before a port asks for more: what elastic pools lack now is not its
 * doing. */
void mp_claim_begin(void);

/* Fills every elastic pool up to what it is asked for, or, where memory is
 * short, so that none lacks more than at mp_claim_begin().  0, or a negative
 * errno with a reason; no pool has taken memory then. */
int mp_claim_fill(char **reasonp);

#endif
