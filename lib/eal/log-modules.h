/* SPDX-License-Identifier: Apache-2.0
 *
 * log-modules.h: log modules that several source files write to.
 *
 * Operators raise and lower the log by the names that contract.md lists
 * (`ovs-appctl vlog/set netdev_dpdk:dbg`), and a name stands for a subject,
 * not for a source file.  So these modules are defined once, in
 * log-modules.c.  A file that logs to one of them says which one below its
 * includes:
 *
 *     #include "eal/log-modules.h"
 *     ...
 *     #define this_module log_netdev_dpdk
 *
 *     VLOG_INFO("Allocated \"%s\" mempool with %u mbufs", ...);
 *
 * (The VLOG_ macros write to an object of the name `this_module`.)  A file
 * whose messages nobody else's subject covers defines a module of its own as
 * usual, with VLOG_DEFINE_THIS_MODULE.
 *
 * Any thread.
 */
#ifndef EAL_LOG_MODULES_H
#define EAL_LOG_MODULES_H 1

#include "openvswitch/vlog.h"

extern struct vlog_module log_dpdk;         /* start-up, the EAL's own log */
extern struct vlog_module log_netdev_dpdk;  /* ports and their mempools */
extern struct vlog_module log_bridge;       /* bridges, ports by name */
extern struct vlog_module log_dpif_netdev;  /* packet threads, rx queues */

#endif
