/* SPDX-License-Identifier: Apache-2.0
 *
 * start-dpdk.c: starts DPDK with its mempools and packet threads.
 */
#include <config.h>
#include "vswitchd/start-dpdk.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-mempool.h"
#include "cfg/cfg.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "mem/mempool.h"
#include "pmd/pmd.h"
#include "port/port.h"
#include "util.h"
#include "vswitchd/iface-rec.h"

#define this_module log_bridge

static char *mask_error;        /* of the last pmd-cpu-mask, or NULL */

static void
init_mempools(const struct eal_settings *s)
{
    struct mp_shared_size *sizes = xcalloc(s->n_shared_mempools,
                                           sizeof *sizes);

    for (size_t i = 0; i < s->n_shared_mempools; i++) {
        sizes[i] = (struct mp_shared_size) {
            .mtu = s->shared_mempools[i].mtu,
            .socket = s->shared_mempools[i].numa,
        };
    }
    mp_init(&(struct mp_model) {
        .per_port = s->per_port_memory,
        .elastic = s->mempool_elastic,
        .max_mbufs = s->mempool_max_mbufs,
        .shared_sizes = sizes,
        .n_shared_sizes = s->n_shared_mempools,
    });
    free(sizes);
}

void
dpdk_start(const struct cfg *cfg, const char *run_dir)
{
    char *error = NULL;

    if (cfg->dpdk_init == CFG_DPDK_FALSE || eal_state() != EAL_OFF) {
        return;
    }
    if (eal_start(&cfg->other_config, run_dir, cfg->pmd_cpu_mask,
                  &error)) {
        if (cfg->dpdk_init == CFG_DPDK_TRUE) {
            VLOG_FATAL("%s. The daemon ends because "
                       "other_config:dpdk-init=true; with \"try\" it would "
                       "go on without DPDK.", error);
        }
        VLOG_ERR("%s. Going on without DPDK, as other_config:dpdk-init=try "
                 "asks.", error);
        free(error);
        return;
    }
    init_mempools(eal_settings());
    mp_set_domains(iface_rec_domain);
    if (pmd_init(&error)) {
        VLOG_FATAL("packet threads could not be started: %s", error);
    }
}

static void
resize_one(struct port *p, void *aux OVS_UNUSED)
{
    char *error = NULL;

    if (p->want_n_txq != pmd_n_senders() || !p->running.valid) {
        struct cfg_settings set;

        cfg_settings_clone(&set, &p->wanted);
        port_set(p, &set, pmd_n_senders(), &error);
        cfg_settings_destroy(&set);
        free(error);
    }
    port_changed(p);            /* do threads share its tx queues now? */
}

void
dpdk_apply_pmd_mask(const struct cfg *cfg)
{
    char *error = NULL;

    if (eal_state() != EAL_RUNNING
        || !pmd_mask_differs(cfg->pmd_cpu_mask)) {
        return;
    }
    if (pmd_set_mask(cfg->pmd_cpu_mask, &error)
        && !nullable_string_is_equal(mask_error, error)) {
        VLOG_WARN("%s: %s", error,
                  pmd_n_threads() ? "the PMD threads stay as they are"
                  : "using the default, a PMD thread on each NUMA node");
    }
    if (!pmd_n_threads()) {
        char *ignored = NULL;

        if (pmd_set_mask(NULL, &ignored)) {
            VLOG_ERR("%s", ignored);
        }
        free(ignored);
    }
    free(mask_error);
    mask_error = error;
    port_for_each(resize_one, NULL);
}

void
dpdk_stop(void)
{
    if (eal_state() == EAL_RUNNING) {
        pmd_destroy();
        mp_destroy_all();
    }
    eal_stop();
    free(mask_error);
    mask_error = NULL;
}
