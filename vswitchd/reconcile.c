/* SPDX-License-Identifier: Apache-2.0
 *
 * reconcile.c: when a plan is made and run: after a change of the database,
 * when a device or memory appears, when a port is worth another try.
 */
#include <config.h>
#include "vswitchd/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-diff.h"
#include "cfg/cfg-parse.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "mem/mempool.h"
#include "openvswitch/poll-loop.h"
#include "pmd/pmd.h"
#include "port/kernel.h"
#include "port/port.h"
#include "port/tap-device.h"
#include "switch/bridge.h"
#include "timeval.h"
#include "util.h"
#include "vswitchd/findings.h"
#include "vswitchd/hugepages.h"
#include "vswitchd/iface-rec.h"
#include "vswitchd/plan-make.h"
#include "vswitchd/plan-step.h"
#include "vswitchd/start-dpdk.h"

#define this_module log_bridge

enum {
    MEMORY_POLL_MS = 1000,      /* while something lacks memory */
    QUIET_RETRY_MS = 10000,     /* for what nothing announces */
};

static struct cfg current;
static bool have_current;
static char *run_dir;
static uint64_t seq;
static uint64_t port_seq_seen;
static bool device_came;        /* that an interface failed for want of */

/* While a change or a port waits for memory. */
static long long int next_memory_poll = LLONG_MAX;
static uint64_t memory_seen;
static unsigned int freed_seen;
static long long int next_quiet_retry;

static void
on_device(const char *name)
{
    const struct iface_rec *r = iface_rec_find(name);

    device_came |= r && !r->port;
}

void
reconcile_init(const char *dir)
{
    static const struct port_hooks hooks = {
        .quiesce = pmd_quiesce_port,
        .publish = pmd_publish_port,
    };

    run_dir = xstrdup(dir);
    cfg_init(&current);
    switch_init();
    port_init(&hooks);
    kernel_set_appeared(on_device);
}

const struct cfg *
reconcile_current(void)
{
    return have_current ? &current : NULL;
}

uint64_t
reconcile_seq(void)
{
    return seq + port_change_seq();
}

void
reconcile_plan(struct cfg_plan *p)
{
    plan_make(&current, RETRY_NONE, p);
}

/* Ports that exist since before DPDK did want their memory now. */
static void
wake_one(struct port *p, void *aux OVS_UNUSED)
{
    char *error = NULL;

    port_reconfigure(p, &error);
    port_publish(p);
    free(error);
}

/* Changes that failed earlier and that the plan did not try. */
static void
retry_ports(enum retry retry)
{
    struct iface_rec *r;

    HMAP_FOR_EACH (r, node, &iface_recs) {
        char *error = NULL;

        if (r->port && r->port->error && !r->tried
            && (retry == RETRY_ALL || retry_is_quiet(port_kind(r->port)))) {
            port_reconfigure(r->port, &error);
            free(error);
        }
    }
}

/* Does the plan free something that a failed interface may have lacked: a
 * name, a device, a socket, memory? */
static bool
frees_something(const struct cfg_plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->steps[i].kind == CFG_DEL_IFACE
            || p->steps[i].kind == CFG_DEL_BRIDGE
            || p->steps[i].kind == CFG_SET_IFACE) {
            return true;
        }
    }
    return false;
}

static void
run_plan(enum retry retry)
{
    struct cfg_plan p;
    struct iface_rec *r;

    HMAP_FOR_EACH (r, node, &iface_recs) {
        r->tried = false;
    }
    plan_make(&current, retry, &p);
    if (retry != RETRY_ALL && frees_something(&p)) {
        retry = RETRY_ALL;
        cfg_plan_destroy(&p);
        plan_make(&current, retry, &p);
    }
    for (size_t i = 0; i < p.n; i++) {
        plan_step_run(&p.steps[i]);
    }
    cfg_plan_destroy(&p);
    if (retry != RETRY_NONE) {
        retry_ports(retry);
    }
    HMAP_FOR_EACH (r, node, &iface_recs) {
        iface_rec_follow_mtu(r);
    }
    iface_recs_follow_patches();
    memory_seen = hugepages_free();
    freed_seen = mp_n_freed();
    next_quiet_retry = time_msec() + QUIET_RETRY_MS;
    next_memory_poll = (iface_recs_any_failed() ? time_msec() + MEMORY_POLL_MS
                        : LLONG_MAX);
    seq++;
}

static bool
in_service(const struct cfg_iface *iface)
{
    const struct iface_rec *r = iface_rec_find(iface->name);
    const struct cfg_settings *has, *asks = &iface->set;

    if (!r || !r->port) {
        return false;
    }
    has = &r->port->wanted;
    return ((asks->vhost_path && has->vhost_path
             && !strcmp(asks->vhost_path, has->vhost_path))
            || (asks->devargs && has->devargs
                && !strcmp(asks->devargs, has->devargs)));
}

void
reconcile_apply(struct cfg *cfg)
{
    bool fell_back = current.mempool_numa_fallback;
    enum eal_state before = eal_state();
    struct cfg_env env;
    bool retry;

    cfg_destroy(&current);
    cfg_move(&current, cfg);
    have_current = true;

    /* DPDK's start needs nothing but other_config, and the checks of the
     * rest need to know what it started with. */
    cfg_parse_global(&current);
    dpdk_start(&current, run_dir);
    if (eal_state() == EAL_RUNNING) {
        mp_set_numa_fallback(current.mempool_numa_fallback);
    }
    env = (struct cfg_env) {
        .vhost_sock_dir = (eal_settings()->vhost_sock_dir
                           ? eal_settings()->vhost_sock_dir : run_dir),
        .vhost_iommu = eal_settings()->vhost_iommu,
        .vhost_postcopy = eal_settings()->vhost_postcopy,
        .in_service = in_service,
    };
    cfg_parse_objects(&current, &env);
    findings_say(&current);

    pmd_configure(&current.pmd);
    dpdk_apply_pmd_mask(&current);
    if (before != eal_state()) {
        port_for_each(wake_one, NULL);
    }
    retry = before != eal_state()
            || (current.mempool_numa_fallback && !fell_back);
    run_plan(retry ? RETRY_ALL : RETRY_NONE);
}

/* A failure for want of memory is tried again when there is more of it. */
static void
poll_memory(void)
{
    uint64_t now_free;

    if (time_msec() < next_memory_poll) {
        return;
    }
    now_free = hugepages_free();
    if (now_free > memory_seen || mp_n_freed() != freed_seen) {
        VLOG_INFO("memory appeared: trying again what failed");
        run_plan(RETRY_ALL);
    } else if (time_msec() >= next_quiet_retry) {
        run_plan(RETRY_QUIET);
    } else {
        memory_seen = now_free;
        next_memory_poll = time_msec() + MEMORY_POLL_MS;
    }
}

void
reconcile_run(void)
{
    port_run();
    if (device_came) {
        device_came = false;
        run_plan(RETRY_QUIET);
    }
    if (eal_state() == EAL_RUNNING) {
        mp_run();
        pmd_run();
    }
    switch_run();
    if (port_change_seq() != port_seq_seen) {
        struct iface_rec *r;

        port_seq_seen = port_change_seq();
        HMAP_FOR_EACH (r, node, &iface_recs) {
            iface_rec_follow_mtu(r);
        }
        if (next_memory_poll == LLONG_MAX && iface_recs_any_failed()) {
            memory_seen = hugepages_free();
            freed_seen = mp_n_freed();
            next_quiet_retry = time_msec() + QUIET_RETRY_MS;
            next_memory_poll = time_msec() + MEMORY_POLL_MS;
        }
    }
    poll_memory();
}

void
reconcile_wait(void)
{
    port_wait();
    if (eal_state() == EAL_RUNNING) {
        mp_wait();
        pmd_wait();
    }
    switch_wait();
    if (next_memory_poll != LLONG_MAX) {
        poll_timer_wait_until(next_memory_poll);
    }
}

void
reconcile_get(const struct cfg_iface *iface, struct reconcile_result *result)
{
    const struct iface_rec *r = iface_rec_find(iface->name);

    result->port = r ? r->port : NULL;
    result->ofport = r && r->port ? r->ofport : -1;
    result->error = (iface->error ? iface->error
                     : r && r->error ? r->error
                     : !r ? NULL
                     : r->port && port_error(r->port) ? port_error(r->port)
                     : r->no_peer);
}

void
reconcile_destroy(bool cleanup)
{
    /* Nothing wanted: the plan is to remove all. */
    struct cfg_plan p;

    if (!cleanup) {
        tap_keep_devices();
    }
    cfg_destroy(&current);
    cfg_init(&current);
    plan_make(&current, RETRY_NONE, &p);
    for (size_t i = 0; i < p.n; i++) {
        plan_step_run(&p.steps[i]);
    }
    cfg_plan_destroy(&p);
    iface_recs_destroy();
    dpdk_stop();
    findings_destroy();
    free(run_dir);
}
