/* SPDX-License-Identifier: Apache-2.0
 *
 * eal.h: DPDK's environment, brought up once.
 *
 * Main thread only, unless a function says otherwise.
 */
#ifndef EAL_EAL_H
#define EAL_EAL_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smap.h"

struct cfg_shared_mempool;

/* Settings that are read when dpdk-init first becomes true and that other
 * modules ask for afterwards.  Before that: defaults. */
struct eal_settings {
    bool per_port_memory;
    bool mempool_elastic;
    uint32_t mempool_max_mbufs;         /* 0: the models' own numbers, and
                                         * where sizing is not elastic */
    struct cfg_shared_mempool *shared_mempools; /* none in per-port memory */
    size_t n_shared_mempools;
    char *vhost_sock_dir;               /* absolute */
    bool vhost_iommu;
    bool vhost_postcopy;
};

enum eal_state { EAL_OFF, EAL_RUNNING, EAL_FAILED };

/* Starts DPDK with `other_config`'s start-up keys.  `run_dir` is the folder
 * for vhost sockets where vhost-sock-dir is unset.  `pmd_cpu_mask`
 * (hexadecimal or NULL) names cores that DPDK's own control threads must keep
 * off.  Returns 0, or a negative errno with `*errp` set to one line that says
 * why (malloc'ed); after a failure the state is EAL_FAILED and DPDK cannot be
 * tried again in this process. */
int eal_start(const struct smap *other_config, const char *run_dir,
              const char *pmd_cpu_mask, char **errp);

enum eal_state eal_state(void);
const struct eal_settings *eal_settings(void);

/* Called by eal_start() once the EAL is up; by tests, as often as they
 * like. */
void eal_settings_read(const struct smap *other_config, const char *run_dir);

/* other_config as it was when DPDK was started; NULL before. */
const struct smap *eal_started_with(void);

/* "DPDK 22.11.11"; valid always. */
const char *eal_version(void);

/* Releases everything (also the hugepages). */
void eal_stop(void);

/* dpdk/lcore-list, dpdk/log-list, dpdk/log-set, dpdk/get-malloc-stats. */
void eal_cmd_init(void);

#endif
