/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-cfg.h: what will the ports of a configuration ask for?
 *
 * For ports that there are not: in a database file, or in the running switch
 * where one could not be made.  A port that runs knows better, since its
 * device may grant less than is asked for: see port_mempool_request().
 *
 *   mp-plan-cfg.c      from settings to requests
 *   mp-plan-driver.c   what a device is known for by the name of its driver
 *
 * Pure.
 */
#ifndef MEM_MP_PLAN_CFG_H
#define MEM_MP_PLAN_CFG_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/cfg.h"
#include "mem/mp-plan.h"

struct simap;
struct smap;

/* What a configuration does not say. */
struct mp_plan_facts {
    unsigned int n_pmds;        /* 0: as many as pmd-cpu-mask names or, without
                                 * it, one for each node in `sockets` */
    const struct simap *sockets;        /* by port; absent or NULL: 0 */
    const struct simap *pairs;  /* queue pairs of a vhost port's guest, by
                                 * port; absent or NULL: vhost-max-queue-pairs
                                 * or, where that is not set either, 1 */
};

/* PMD threads with `cfg`, which cfg_parse() checked.  At least 1. */
unsigned int mp_plan_n_pmds(const struct cfg *, const struct mp_plan_facts *);

/* Fills `p`, which points to `domain` (see cfg-domains.h) and into `iface`.
 * False: no port can be made of this interface, or one that takes no
 * memory. */
bool mp_plan_describe(const char *domain, const struct cfg_iface *iface,
                      unsigned int n_pmds, const struct mp_plan_facts *,
                      struct mp_plan_port *p);

/* Room for `max_ports` ports, none of which is there yet, and what concerns
 * all pools: `start` is Open_vSwitch.other_config as it is, or was, when the
 * switch starts.  To be freed by mp_plan_in_destroy(). */
void mp_plan_in_init(struct mp_plan_in *in, size_t max_ports,
                     const struct smap *start, unsigned int n_pmds);
void mp_plan_in_add(struct mp_plan_in *in, const struct mp_plan_port *);
void mp_plan_in_destroy(struct mp_plan_in *in);

/* All of it: the ports of `cfg` that can be made.  `in` points into `cfg`. */
void mp_plan_in_from_cfg(struct mp_plan_in *in, const struct cfg *,
                         const struct mp_plan_facts *);

/* mp-plan-driver.c: cuts the queues of `req`, those that were asked for, to
 * what the driver named at the beginning of `devargs` gives, and fills
 * `req->holds`.  What it does not know it leaves as asked for. */
void mp_plan_driver(const char *devargs, struct mp_request *req);

#endif
