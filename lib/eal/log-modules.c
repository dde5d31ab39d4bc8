/* SPDX-License-Identifier: Apache-2.0
 *
 * log-modules.c: defines the log modules that several files share.
 *
 * The module list links the modules themselves, so they live as long as the
 * process, and they must be on it before main() parses -v options: hence
 * constructors.
 */
#include <config.h>

#include "eal/log-modules.h"

#include "compiler.h"
#include "openvswitch/list.h"

/* A module, put on the list before main().  The pointer VLM_NAME is what the
 * library's own modules define too: should one of a name of ours ever be
 * linked in beside it, the linker refuses. */
#define LOG_MODULE(NAME)                                                \
    struct vlog_module log_##NAME = {                                   \
        .list = OVS_LIST_INITIALIZER(&log_##NAME.list),                 \
        .name = #NAME,                                                  \
        .levels = { VLL_INFO, VLL_INFO, VLL_INFO },                     \
        .min_level = VLL_INFO,                                          \
        .honor_rate_limits = true,                                      \
    };                                                                  \
    extern struct vlog_module *VLM_##NAME;                              \
    struct vlog_module *VLM_##NAME = &log_##NAME;                       \
    OVS_CONSTRUCTOR(log_module_init_##NAME)                             \
    {                                                                   \
        vlog_insert_module(&log_##NAME.list);                           \
    }

LOG_MODULE(dpdk)
LOG_MODULE(netdev_dpdk)
LOG_MODULE(bridge)
LOG_MODULE(dpif_netdev)
