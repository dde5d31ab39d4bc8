/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-startup.c: which settings wait for a restart?
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <strings.h>

#include "util.h"

const char *const cfg_startup_keys[] = {
    "dpdk-alloc-mem",
    "dpdk-extra",
    "dpdk-hugepage-dir",
    "dpdk-init",
    "dpdk-lcore-mask",
    "dpdk-probe-at-init",
    "dpdk-socket-limit",
    "dpdk-socket-mem",
    "mempool-max-mbufs",
    "mempool-sizing",
    "per-port-memory",
    "shared-mempool-config",
    "vhost-iommu-support",
    "vhost-postcopy-support",
    "vhost-sock-dir",
    NULL
};

/* Keys whose absence means the same as a value. */
static const struct {
    const char *key, *def;
} defaults[] = {
    { "dpdk-init", "false" },
    { "dpdk-probe-at-init", "false" },
    { "mempool-sizing", "fixed" },
    { "per-port-memory", "false" },
    { "vhost-iommu-support", "false" },
    { "vhost-postcopy-support", "false" },
};

static bool
same(const char *key, const char *a, const char *b)
{
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
        if (!strcmp(key, defaults[i].key)) {
            return !strcasecmp(a ? a : defaults[i].def,
                               b ? b : defaults[i].def);
        }
    }
    return nullable_string_is_equal(a, b);
}

void
cfg_pending_restart(const struct smap *running, const struct smap *wanted,
                    void (*cb)(const char *key, const char *running,
                               const char *wanted, void *aux),
                    void *aux)
{
    for (const char *const *key = cfg_startup_keys; *key; key++) {
        const char *a = smap_get(running, *key);
        const char *b = smap_get(wanted, *key);

        if (!same(*key, a, b)) {
            cb(*key, a, b, aux);
        }
    }
}
