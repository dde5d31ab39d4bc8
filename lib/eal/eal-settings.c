/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-settings.c: the settings other than the EAL's own that are read once,
 * when DPDK starts.
 */
#include <config.h>
#include "eal/eal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

void
eal_settings_read(const struct smap *oc, const char *run_dir)
{
    const char *sizing = smap_get_def(oc, "mempool-sizing", "fixed");

    settings.per_port_memory = smap_get_bool(oc, "per-port-memory", false);
    VLOG_INFO("Per port memory for DPDK devices %s.",
              settings.per_port_memory ? "enabled" : "disabled");
    if (strcmp(sizing, "fixed")) {
        VLOG_WARN("mempool-sizing '%s' is not supported by this version "
                  "(fixed is): using fixed", sizing);
    }
    settings.mempool_elastic = false;

    settings.shared_mempool_config
        = nullable_xstrdup(smap_get(oc, "shared-mempool-config"));
    if (settings.shared_mempool_config) {
        VLOG_WARN("shared-mempool-config is not supported by this version: "
                  "each port uses a mempool of its own adjusted MTU");
    }

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
