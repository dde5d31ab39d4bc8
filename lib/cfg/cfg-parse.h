/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-parse.h: checks every value of a snapshot: range, default, cross-field.
 *
 * Pure.  A wrong value yields a text that names the object, the value and
 * what would be right; the object keeps the setting's default, and nothing
 * else changes.
 */
#ifndef CFG_CFG_PARSE_H
#define CFG_CFG_PARSE_H 1

#include "cfg/cfg.h"

/* Facts of the running process that checks depend on. */
struct cfg_env {
    const char *vhost_sock_dir; /* absolute; where relative socket names and
                                 * dpdkvhostuser sockets go */
    bool vhost_iommu;           /* running (read once) values */
    bool vhost_postcopy;

    /* Does a port of this interface's name run now on the very socket or
     * device that the interface asks for?  It keeps what it has when another
     * interface asks for the same.  NULL: none runs. */
    bool (*in_service)(const struct cfg_iface *);
};

/* Sorts `cfg`, adds the local interface of each bridge that has none, fills
 * the checked members, the warnings and the notes.  May be called once per
 * snapshot.  Warnings and notes are those of this snapshot: whoever logs them
 * leaves out what the last one had, too.
 *
 * Cross-field checks include: two interfaces with one vhost path or one
 * devargs (the one in service keeps it, else the first in name order; the
 * other gets the error), an interface name used
 * twice, a Port with several interfaces (the first by name is used, the
 * others get an error: never a loop), a datapath_type other than "netdev" or
 * "" (every interface of the bridge gets the error), a local interface whose
 * type is not internal. */
void cfg_parse(struct cfg *, const struct cfg_env *);

/* The two halves of it: Open_vSwitch's own keys, which say whether DPDK is to
 * start and how, and then the objects, which need to know how it did. */
void cfg_parse_global(struct cfg *);
void cfg_parse_objects(struct cfg *, const struct cfg_env *);

/* Settings read once at start: every `dpdk-*` key, per-port-memory,
 * shared-mempool-config, mempool-sizing, mempool-max-mbufs, vhost-*.  One
 * sorted list, so that start-up, the pending-restart report and the
 * documentation agree.
 * Terminated by NULL. */
extern const char *const cfg_startup_keys[];

/* Compares the start-up keys in force (`running`, other_config as it was when
 * DPDK was initialised) with `wanted`.  Calls `cb` for each key that differs;
 * an absent value is NULL. */
void cfg_pending_restart(const struct smap *running,
                         const struct smap *wanted,
                         void (*cb)(const char *key, const char *running,
                                    const char *wanted, void *aux),
                         void *aux);

/* Strict number parsing shared by every option: decimal digits only, no sign
 * but '-', no trailing garbage.  Returns false where `s` is no such number or
 * out of [min, max]. */
bool cfg_parse_int(const char *s, int64_t min, int64_t max, int64_t *);

#endif
