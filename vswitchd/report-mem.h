/* SPDX-License-Identifier: Apache-2.0
 *
 * report-mem.h: what the database shows of packet memory.
 *
 * Main thread only.
 */
#ifndef VSWITCHD_REPORT_MEM_H
#define VSWITCHD_REPORT_MEM_H 1

#include "openvswitch/hmap.h"

struct mp;
struct smap;

/* All pools at one moment: hundreds of ports may have the same one. */
struct report_mem {
    struct hmap pools;
};

/* Good until ports or pools come or go. */
void report_mem_take(struct report_mem *);
void report_mem_destroy(struct report_mem *);

/* Adds the keys "mempool..." of Interface.status for the port `name`, which
 * has the pool `mp`. */
void report_mem_put_status(const struct report_mem *, const struct mp *,
                           const char *name, struct smap *status);

/* Adds the keys "mempool_socket..." of Open_vSwitch.statistics. */
void report_mem_put_statistics(const struct report_mem *,
                               struct smap *statistics);

#endif
