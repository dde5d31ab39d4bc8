/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-settings.c: the settings other than the EAL's own that are read once,
 * when DPDK starts.
 */
#include <config.h>
#include "eal/eal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "cfg/cfg-mempool.h"
#include "cfg/cfg-parse.h"
#include "eal/log-modules.h"
#include "util.h"

#define this_module log_netdev_dpdk

static struct eal_settings settings;

const struct eal_settings *
eal_settings(void)
{
    return &settings;
}

/* A folder for vhost sockets: `value`, relative to `run_dir` and below it, if
 * that is a folder that exists.  Returns malloc'ed text. */
static char *
vhost_dir(const char *value, const char *run_dir)
{
    char *dir;
    struct stat s;

    if (!value || !value[0]) {
        VLOG_INFO("No vhost-sock-dir provided - defaulting to %s", run_dir);
        return xstrdup(run_dir);
    }
    if (strstr(value, "..")) {
        VLOG_WARN("vhost-sock-dir '%s' may not leave the run folder: "
                  "using %s", value, run_dir);
        return xstrdup(run_dir);
    }
    dir = xasprintf("%s/%s", run_dir, value);
    if (stat(dir, &s) || !S_ISDIR(s.st_mode)) {
        VLOG_WARN("vhost-sock-dir '%s' is no folder in the run folder: "
                  "using %s", value, run_dir);
        free(dir);
        return xstrdup(run_dir);
    }
    return dir;
}

static void
warn_invalid(const char *key, const char *value, const char *right)
{
    VLOG_WARN("Ignoring database defined option '%s' due to invalid value "
              "'%s' (%s)", key, value, right);
}

/* mempool-sizing and mempool-max-mbufs. */
static void
read_sizing(const struct smap *oc)
{
    const char *sizing = smap_get_def(oc, "mempool-sizing", "fixed");
    const char *max = smap_get(oc, "mempool-max-mbufs");
    int64_t n = 0;

    settings.mempool_elastic = !strcasecmp(sizing, "elastic");
    if (!settings.mempool_elastic && strcasecmp(sizing, "fixed")) {
        warn_invalid("mempool-sizing", sizing,
                     "fixed or elastic: using fixed");
    }
    if (settings.mempool_elastic) {
        VLOG_INFO("Elastic sizing of mempools enabled.");
    }
    if (max && !cfg_parse_int(max, CFG_MAX_MBUFS_MIN, CFG_MAX_MBUFS_MAX,
                              &n)) {
        char *right = xasprintf("%d to %d: using the default",
                                CFG_MAX_MBUFS_MIN, CFG_MAX_MBUFS_MAX);

        warn_invalid("mempool-max-mbufs", max, right);
        free(right);
    } else if (max && !settings.mempool_elastic) {
        VLOG_INFO("mempool-max-mbufs is not used: mempool-sizing is fixed");
        n = 0;
    }
    settings.mempool_max_mbufs = n;
}

static void
warn_entry(char *text, void *n_wrong_)
{
    size_t *n_wrong = n_wrong_;

    VLOG_WARN("%s", text);
    free(text);
    ++*n_wrong;
}

/* The entries of `list` that are right, or, in per-port memory, none. */
static void
read_shared_mempools(const char *list)
{
    struct cfg_shared_mempool *e;
    size_t n, n_wrong = 0;

    e = cfg_parse_shared_mempools(list, &n, warn_entry, &n_wrong);
    for (size_t i = 0; i < n; i++) {
        char *node = (e[i].numa < 0 ? xstrdup("ALL")
                      : xasprintf("%d", e[i].numa));

        VLOG_INFO("User configured shared mempool set for: MTU %"PRIu32", "
                  "NUMA %s.", e[i].mtu, node);
        free(node);
    }
    if (n ? settings.per_port_memory : n_wrong > 0) {
        VLOG_WARN("User configured shared mempools will not be used.");
        free(e);
        e = NULL;
        n = 0;
    }
    free(settings.shared_mempools);
    settings.shared_mempools = e;
    settings.n_shared_mempools = n;
}

void
eal_settings_read(const struct smap *oc, const char *run_dir)
{
    settings.per_port_memory = smap_get_bool(oc, "per-port-memory", false);
    VLOG_INFO("Per port memory for DPDK devices %s.",
              settings.per_port_memory ? "enabled" : "disabled");
    read_sizing(oc);
    read_shared_mempools(smap_get_def(oc, "shared-mempool-config", ""));

    free(settings.vhost_sock_dir);
    settings.vhost_sock_dir = vhost_dir(smap_get(oc, "vhost-sock-dir"),
                                        run_dir);
    settings.vhost_iommu = smap_get_bool(oc, "vhost-iommu-support", false);
    VLOG_INFO("IOMMU support for vhost-user-client %s.",
              settings.vhost_iommu ? "enabled" : "disabled");
    settings.vhost_postcopy = smap_get_bool(oc, "vhost-postcopy-support",
                                            false);
    VLOG_INFO("POSTCOPY support for vhost-user-client %s.",
              settings.vhost_postcopy ? "enabled" : "disabled");
}
