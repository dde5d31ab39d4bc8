/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-cfg.c: which ports does a configuration ask for, and what will each
 * ask for?
 */
#include <config.h>
#include "mem/mp-plan-cfg.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-domains.h"
#include "cfg/cfg-mempool.h"
#include "cfg/cfg-parse.h"
#include "mem/mp-size.h"
#include "simap.h"
#include "util.h"

static unsigned int
lookup(const struct simap *map, const char *name, unsigned int def)
{
    const struct simap_node *node = map ? simap_find(map, name) : NULL;

    return node ? node->data : def;
}

/* Threads. */

static unsigned int
count_bits(const char *hex)
{
    unsigned int n = 0;

    for (; *hex; hex++) {
        int digit = hexit_value((unsigned char) *hex);

        for (; digit > 0; digit &= digit - 1) {
            n++;
        }
    }
    return n;
}

static unsigned int
count_sockets(const struct mp_plan_facts *facts)
{
    struct simap seen = SIMAP_INITIALIZER(&seen);
    const struct simap_node *node;
    unsigned int n;

    if (facts->sockets) {
        SIMAP_FOR_EACH (node, facts->sockets) {
            char *key = xasprintf("%u", node->data);

            simap_put(&seen, key, 1);
            free(key);
        }
    }
    n = (unsigned int) simap_count(&seen);
    simap_destroy(&seen);
    return MAX(n, 1);
}

unsigned int
mp_plan_n_pmds(const struct cfg *cfg, const struct mp_plan_facts *facts)
{
    return (facts->n_pmds ? facts->n_pmds
            : cfg->pmd_cpu_mask ? MAX(count_bits(cfg->pmd_cpu_mask), 1)
            : count_sockets(facts));
}

/* Ports. */

static void
describe_ethdev(const struct cfg_settings *set, unsigned int n_pmds,
                struct mp_request *req)
{
    req->n_rxq = set->n_rxq;
    req->n_txq = n_pmds + 1;
    req->rxq_size = set->n_rxq_desc;
    req->txq_size = set->n_txq_desc;
    mp_plan_driver(set->devargs, req);
}

static void
describe_vhost(const struct cfg_iface *iface,
               const struct mp_plan_facts *facts, struct mp_request *req)
{
    uint32_t max = iface->set.max_queue_pairs;
    unsigned int pairs = lookup(facts->pairs, iface->name, 0);
    bool limited = smap_get(&iface->options, "vhost-max-queue-pairs") != NULL;

    req->n_rxq = req->n_txq = pairs ? MIN(pairs, max) : limited ? max : 1;
    req->rxq_size = req->txq_size = CFG_VHOST_DESC;
}

static void
describe_kernel(struct mp_request *req)
{
    if (!req->group) {
        req->group = "kernel";
    }
    if (!strcmp(req->group, "kernel") || !strcmp(req->group, "private")) {
        req->elastic = true;
        req->n_mbufs = MP_KERNEL_MAX_MBUFS;
    }
    req->holds = (struct mp_holding) {
        .txq_size = MP_KERNEL_RING, .n_txq = 1, .one_sender = true,
    };
}

bool
mp_plan_describe(const char *domain, const struct cfg_iface *iface,
                 unsigned int n_pmds, const struct mp_plan_facts *facts,
                 struct mp_plan_port *p)
{
    const struct cfg_settings *set = &iface->set;
    struct mp_request *req = &p->req;

    *p = (struct mp_plan_port) {
        .domain = domain,
        .req = {
            .port = iface->name,
            .group = set->mempool_group,
            .socket = (int) lookup(facts->sockets, iface->name, 0),
            .mtu = set->mtu ? set->mtu : CFG_MTU_DEFAULT,
        },
    };
    if (!iface->usable) {
        return false;
    }
    switch (iface->kind) {
    case CFG_TYPE_DPDK:
        describe_ethdev(set, n_pmds, req);
        return true;
    case CFG_TYPE_VHOST_SERVER:
    case CFG_TYPE_VHOST_CLIENT:
        describe_vhost(iface, facts, req);
        return true;
    case CFG_TYPE_INTERNAL:
    case CFG_TYPE_SYSTEM:
    case CFG_TYPE_TAP:
        describe_kernel(req);
        return true;
    case CFG_TYPE_PATCH:
    case CFG_TYPE_UNSUPPORTED:
        return false;
    }
    OVS_NOT_REACHED();
}

/* All of them. */

static void
drop_text(char *text, void *aux OVS_UNUSED)
{
    free(text);
}

/* (Entries that are wrong are said by whoever checks the configuration.) */
static void
add_shared_sizes(struct mp_plan_in *in, const char *list)
{
    size_t n;
    struct cfg_shared_mempool *entries
        = cfg_parse_shared_mempools(list, &n, drop_text, NULL);
    struct mp_shared_size *sizes = xcalloc(MAX(n, 1), sizeof *sizes);

    for (size_t i = 0; i < n; i++) {
        sizes[i] = (struct mp_shared_size) {
            .mtu = entries[i].mtu, .socket = entries[i].numa,
        };
    }
    free(entries);
    in->shared_sizes = sizes;
    in->n_shared_sizes = n;
}

static size_t
count_ifaces(const struct cfg *cfg)
{
    size_t n = 0;

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        for (size_t j = 0; j < cfg->bridges[i].n_ports; j++) {
            n += cfg->bridges[i].ports[j].n_ifaces;
        }
    }
    return n;
}

void
mp_plan_in_init(struct mp_plan_in *in, size_t max_ports,
                const struct smap *start, unsigned int n_pmds)
{
    int64_t max;

    *in = (struct mp_plan_in) {
        .ports = xcalloc(MAX(max_ports, 1), sizeof *in->ports),
        .n_threads = n_pmds + 1,
    };
    if (cfg_parse_int(smap_get_def(start, "mempool-max-mbufs", ""),
                      CFG_MAX_MBUFS_MIN, CFG_MAX_MBUFS_MAX, &max)) {
        in->max_mbufs = (uint32_t) max;
    }
    add_shared_sizes(in, smap_get_def(start, "shared-mempool-config", ""));
}

void
mp_plan_in_add(struct mp_plan_in *in, const struct mp_plan_port *p)
{
    struct mp_plan_port *ports
        = CONST_CAST(struct mp_plan_port *, in->ports);

    ports[in->n_ports++] = *p;
}

void
mp_plan_in_destroy(struct mp_plan_in *in)
{
    free(CONST_CAST(struct mp_plan_port *, in->ports));
    free(CONST_CAST(struct mp_shared_size *, in->shared_sizes));
}

/* A domain has the name of one of its bridges: the name in `cfg`. */
static const char *
find_domain(const struct cfg *cfg, const struct cfg_domains *domains,
            const char *bridge)
{
    const char *name = cfg_domain(domains, bridge);

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        if (!strcmp(cfg->bridges[i].name, name)) {
            return cfg->bridges[i].name;
        }
    }
    OVS_NOT_REACHED();
}

void
mp_plan_in_from_cfg(struct mp_plan_in *in, const struct cfg *cfg,
                    const struct mp_plan_facts *facts)
{
    unsigned int n_pmds = mp_plan_n_pmds(cfg, facts);
    struct cfg_domains domains;

    cfg_domains_of_cfg(&domains, cfg);
    mp_plan_in_init(in, count_ifaces(cfg), &cfg->other_config, n_pmds);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct cfg_bridge *br = &cfg->bridges[i];
        const char *domain = find_domain(cfg, &domains, br->name);

        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j].n_ifaces; k++) {
                struct mp_plan_port p;

                if (mp_plan_describe(domain, &br->ports[j].ifaces[k], n_pmds,
                                     facts, &p)) {
                    mp_plan_in_add(in, &p);
                }
            }
        }
    }
    cfg_domains_destroy(&domains);
}
