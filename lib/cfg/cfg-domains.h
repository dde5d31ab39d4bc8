/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-domains.h: between which bridges do packets go?
 *
 * Bridges that pairs of patch ports join, directly or by way of others, are
 * one domain.  Pure.
 */
#ifndef CFG_DOMAINS_H
#define CFG_DOMAINS_H 1

#include <stdbool.h>

#include "smap.h"

struct cfg;

struct cfg_domains {
    struct smap of;             /* from each bridge that is not alone to the
                                 * first name of its domain */
};
#define CFG_DOMAINS_INITIALIZER(D) { SMAP_INITIALIZER(&(D)->of) }

void cfg_domains_init(struct cfg_domains *);    /* every bridge is alone */
void cfg_domains_join(struct cfg_domains *, const char *bridge,
                      const char *other);
void cfg_domains_destroy(struct cfg_domains *);
void cfg_domains_swap(struct cfg_domains *, struct cfg_domains *);

/* As above, and joins what the patch ports of `cfg` join. */
void cfg_domains_of_cfg(struct cfg_domains *, const struct cfg *);

/* The name of one of the bridges in the domain of `bridge`, the same for each
 * of them: `bridge` itself where it is alone.  Valid until `domains`
 * changes. */
const char *cfg_domain(const struct cfg_domains *, const char *bridge);

bool cfg_domains_equal(const struct cfg_domains *, const struct cfg_domains *);

#endif
