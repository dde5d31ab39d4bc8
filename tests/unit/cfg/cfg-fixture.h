/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-fixture.h: building small configurations and looking into them, for
 * the tests of lib/cfg.  Included after <cmocka.h>.
 */
#ifndef CFG_FIXTURE_H
#define CFG_FIXTURE_H 1

#include "cfg/cfg-parse.h"
#include "util.h"

static const struct cfg_env env = {
    .vhost_sock_dir = "/run/vhost",
    .vhost_iommu = true,
};

/* Adds an interface in a port of its own name. */
static inline struct cfg_iface *
add_iface(struct cfg_bridge *br, const char *name, const char *type)
{
    struct cfg_iface *iface
        = cfg_port_add_iface(cfg_bridge_add_port(br, name), name);

    iface->type = xstrdup(type);
    return iface;
}

static inline void
add_vhost(struct cfg_bridge *br, const char *name, const char *path)
{
    struct cfg_iface *iface = add_iface(br, name, "dpdkvhostuserclient");

    smap_add(&iface->options, "vhost-server-path", path);
}

static inline void
add_dpdk(struct cfg_bridge *br, const char *name, const char *devargs)
{
    struct cfg_iface *iface = add_iface(br, name, "dpdk");

    smap_add(&iface->options, "dpdk-devargs", devargs);
}

/* The first interface named `name` in bridge `i`. */
static inline const struct cfg_iface *
find(const struct cfg *cfg, size_t i, const char *name)
{
    const struct cfg_bridge *br = &cfg->bridges[i];

    for (size_t j = 0; j < br->n_ports; j++) {
        for (size_t k = 0; k < br->ports[j].n_ifaces; k++) {
            if (!strcmp(br->ports[j].ifaces[k].name, name)) {
                return &br->ports[j].ifaces[k];
            }
        }
    }
    fail_msg("no interface %s", name);
    return NULL;
}

static inline void
expect_error(const struct cfg_iface *iface, bool usable, const char *error)
{
    if (error) {
        assert_non_null(iface->error);
        assert_string_equal(iface->error, error);
    } else if (iface->error) {
        fail_msg("unexpected error: %s", iface->error);
    }
    assert_int_equal(iface->usable, usable);
}

static inline bool
has_text(char *const *texts, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(texts[i], text)) {
            return true;
        }
    }
    return false;
}

#endif
