/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-args.h: from other_config to the EAL's argument vector.  Pure.
 */
#ifndef EAL_EAL_ARGS_H
#define EAL_EAL_ARGS_H 1

#include <stdbool.h>

#include "smap.h"
#include "svec.h"

/* Fills `args` (initialised by the caller) with argv[0] `prog` and the words
 * for `other_config`, in the order: dpdk-extra's words first, then the keys'.
 * `warnings` gets one text per wrong or overruled value:
 *  - "Ignoring database defined option 'KEY' due to dpdk-extra config" where
 *    dpdk-extra has the same EAL option,
 *  - "Ignoring database defined option 'KEY' due to invalid value 'V'",
 *  - dpdk-alloc-mem and dpdk-socket-mem together: the second is ignored,
 *    "Ignoring database defined option 'dpdk-socket-mem' due to
 *    dpdk-alloc-mem".
 * (An option that dpdk-extra has also overrules what the EAL does not take
 * beside it: -m overrules dpdk-socket-mem, as --no-huge does.)
 *
 * A dpdk-lcore-mask 0xca becomes "--lcores 0@1,1@3,2@6,3@7"; without mask
 * (and without -c, -l, --lcores in dpdk-extra) "--lcores 0@FIRST", the first
 * core in `default_core`.  "--in-memory" is added unless dpdk-extra has it,
 * or --no-huge, --legacy-mem or --huge-unlink=never, which exclude it;
 * "--no-pci" is never added by us: a probe of the bus at start happens only
 * with dpdk-probe-at-init=true, otherwise "-a 0000:00:00.0" keeps the bus
 * quiet unless dpdk-extra has -a, -b or --no-pci. */
void eal_args_build(const struct smap *other_config, const char *prog,
                    int default_core, struct svec *args,
                    struct svec *warnings);

/* The words as one line for the log, quoted where needed; caller frees. */
char *eal_args_to_string(const struct svec *args);

/* Hexadecimal core mask (with or without 0x, any length) to a list of cores
 * in ascending order.  Returns the count, 0 for an empty mask, or -EINVAL.
 * `*cores` is malloc'ed. */
int eal_parse_core_mask(const char *mask, int **cores);

#endif
