/* SPDX-License-Identifier: Apache-2.0
 *
 * reconcile.c: runs plan steps, collects one result per object.
 *
 * A `struct rec` stands for each interface for which a step ran: the port it
 * became, or the reason why it did not.  What is running is always read from
 * the live ports and bridges.
 */
#include <config.h>
#include "vswitchd/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-diff.h"
#include "cfg/cfg-domains.h"
#include "cfg/cfg-mempool.h"
#include "cfg/cfg-parse.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "hash.h"
#include "mem/mempool.h"
#include "openvswitch/hmap.h"
#include "pmd/pmd.h"
#include "port/kernel.h"
#include "port/patch.h"
#include "port/port.h"
#include "port/tap-device.h"
#include "sset.h"
#include "switch/bridge.h"
#include "timeval.h"
#include "openvswitch/poll-loop.h"
#include "util.h"
#include "vswitchd/hugepages.h"

#define this_module log_bridge

enum {
    MEMORY_POLL_MS = 1000,      /* while something lacks memory */
    QUIET_RETRY_MS = 10000,     /* for what nothing announces */
};

/* Which of the interfaces that failed before, and did not change since, a plan
 * tries again. */
enum retry {
    RETRY_NONE,
    RETRY_QUIET,        /* sockets and kernel devices: others may have left
                         * them, and trying costs nothing */
    RETRY_ALL,          /* also devices of DPDK's, whose drivers may say in
                         * the log what they think of one that is not there */
};

struct rec {
    struct hmap_node node;      /* in recs, by name */
    char *name;
    char *bridge;
    enum cfg_type kind;
    struct cfg_settings set;    /* what the last step was given */
    struct port *port;          /* NULL: failed */
    int64_t ofport;             /* -1: failed */
    char *error;                /* why, or NULL */
    char *no_peer;              /* of a patch port that is not one of a pair;
                                 * usual while the other is yet to come */
    uint32_t mtu;               /* that the bridge knows */
    bool tried;                 /* by the plan being run */
};

static struct hmap recs = HMAP_INITIALIZER(&recs);
static struct cfg_domains domains = CFG_DOMAINS_INITIALIZER(&domains);
static struct cfg current;
static bool have_current;
static char *run_dir;
static char *mask_error;        /* of the last pmd-cpu-mask, or NULL */
static struct sset said = SSET_INITIALIZER(&said);      /* about `current` */
static uint64_t seq;
static uint64_t port_seq_seen;
static bool device_came;        /* that an interface failed for want of */

/* While a change or a port waits for memory. */
static long long int next_memory_poll = LLONG_MAX;
static uint64_t memory_seen;
static unsigned int freed_seen;
static long long int next_quiet_retry;

static struct rec *
find_rec(const char *name)
{
    struct rec *r;

    HMAP_FOR_EACH_WITH_HASH (r, node, hash_string(name, 0), &recs) {
        if (!strcmp(r->name, name)) {
            return r;
        }
    }
    return NULL;
}

static struct rec *
get_rec(const char *name)
{
    struct rec *r = find_rec(name);

    if (!r) {
        r = xzalloc(sizeof *r);
        r->name = xstrdup(name);
        r->ofport = -1;
        cfg_settings_init(&r->set);
        hmap_insert(&recs, &r->node, hash_string(name, 0));
    }
    return r;
}

static void
free_rec(struct rec *r)
{
    hmap_remove(&recs, &r->node);
    cfg_settings_destroy(&r->set);
    free(r->name);
    free(r->bridge);
    free(r->error);
    free(r->no_peer);
    free(r);
}

/* Takes `error` (may be NULL); logs it where it is news. */
static void
set_rec_error(struct rec *r, char *error)
{
    if (error && !nullable_string_is_equal(r->error, error)) {
        VLOG_WARN("%s", error);
    }
    free(r->error);
    r->error = error;
}

/* Packets stay in a bridge, and in those that patch ports join to it. */
static const char *
domain_of(const char *iface)
{
    const struct rec *r = find_rec(iface);

    return r ? cfg_domain(&domains, r->bridge) : NULL;
}

/* The patch port that `r` names as its peer, if that names `r`. */
static const struct rec *
patch_peer(const struct rec *r)
{
    const struct rec *peer = r->set.peer ? find_rec(r->set.peer) : NULL;

    return (peer && nullable_string_is_equal(peer->set.peer, r->name) ? peer
            : NULL);
}

/* Packet memory must know where packets may go before they do. */
static void
follow_domains(void)
{
    struct cfg_domains before;
    const struct rec *r, *peer;

    cfg_domains_init(&before);
    cfg_domains_swap(&before, &domains);
    HMAP_FOR_EACH (r, node, &recs) {
        peer = patch_peer(r);
        if (peer) {
            cfg_domains_join(&domains, r->bridge, peer->bridge);
        }
    }
    if (!cfg_domains_equal(&before, &domains) && eal_state() == EAL_RUNNING) {
        mp_set_domains(domain_of);
    }
    cfg_domains_destroy(&before);
}

/* The texts of patch ports that are not one of a pair, as the peer has
 * them. */
static void
follow_patches(void)
{
    struct rec *r;

    HMAP_FOR_EACH (r, node, &recs) {
        free(r->no_peer);
        r->no_peer = (r->port && port_is_patch(r->port)
                      && !bridge_is_patched(r->port)
                      ? xasprintf("No usable peer '%s' exists in 'netdev' "
                                  "datapath.", patch_peer_name(r->port))
                      : NULL);
    }
}

static void
on_device(const char *name)
{
    const struct rec *r = find_rec(name);

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

/* Steps of a plan. */

static void
del_iface(const char *name)
{
    struct rec *r = find_rec(name);

    if (!r) {
        return;
    }
    if (r->port) {
        struct bridge *br = bridge_of_port(r->port);

        if (br) {
            bridge_del_port(br, r->port);
        }
        port_delete(r->port);
        if (eal_state() == EAL_RUNNING) {
            pmd_reassign();
        }
    }
    free_rec(r);
    follow_domains();
}

static char *
add_iface(struct rec *r, const struct cfg_bridge *b,
          const struct cfg_port *port, const struct cfg_iface *iface)
{
    struct bridge *br = bridge_find(b->name);
    char *error = NULL;
    struct port *p;
    int ofport;

    if (!br) {
        return xasprintf("%s: bridge %s could not be made", iface->name,
                         b->name);
    }
    p = port_create(iface->kind, iface->name, &iface->set, pmd_n_senders(),
                    &error);
    if (!p) {
        return error;
    }
    ofport = bridge_add_port(br, p, &port->vlan, iface->has_ofport_request
                             ? iface->ofport_request : 0, &error);
    if (ofport < 0) {
        port_delete(p);
        return error;
    }
    port_publish(p);
    r->port = p;
    r->ofport = ofport;
    r->mtu = port_mtu(p);
    return NULL;
}

static void
run_add_iface(const struct cfg_step *s)
{
    struct rec *r = get_rec(s->iface->name);

    free(r->bridge);
    r->bridge = xstrdup(s->bridge->name);
    r->kind = s->iface->kind;
    cfg_settings_destroy(&r->set);
    cfg_settings_clone(&r->set, &s->iface->set);
    follow_domains();
    set_rec_error(r, add_iface(r, s->bridge, s->port, s->iface));
}

/* The bridge's state holds the port's MTU. */
static void
follow_mtu(struct rec *r)
{
    if (r->port && r->mtu != port_mtu(r->port)) {
        struct bridge *br = bridge_of_port(r->port);

        r->mtu = port_mtu(r->port);
        if (br) {
            bridge_port_changed(br, r->port);
        }
    }
}

static void
run_set_vlan(const struct cfg_step *s)
{
    const struct rec *r = find_rec(s->iface->name);
    struct bridge *br = r && r->port ? bridge_of_port(r->port) : NULL;

    if (br) {
        bridge_set_vlan(br, r->port, &s->port->vlan);
    }
}

static void
run_set_iface(const struct cfg_step *s)
{
    struct rec *r = find_rec(s->iface->name);
    char *error = NULL;

    if (r && r->port) {
        const char *affinity = r->port->wanted.rxq_affinity;
        bool moves = !nullable_string_is_equal(affinity,
                                               s->iface->set.rxq_affinity);

        r->tried = true;
        cfg_settings_destroy(&r->set);
        cfg_settings_clone(&r->set, &s->iface->set);
        /* The port logs and keeps the text itself. */
        port_set(r->port, &s->iface->set, pmd_n_senders(), &error);
        free(error);
        follow_mtu(r);
        if (moves && eal_state() == EAL_RUNNING) {
            pmd_rebalance();
        }
        if (port_is_patch(r->port)) {
            follow_domains();
            bridge_follow_patches();
        }
    }
}

static void
run_bridge_step(const struct cfg_step *s)
{
    struct bridge *br = bridge_find(s->name);
    char *error = NULL;

    switch (s->kind) {
    case CFG_ADD_BRIDGE:
        bridge_create(s->bridge, &error);
        break;
    case CFG_SET_BRIDGE:
        bridge_set(br, s->bridge, &error);
        break;
    case CFG_DEL_BRIDGE:
        bridge_destroy(br);
        break;
    default:
        OVS_NOT_REACHED();
    }
    if (error) {
        VLOG_WARN("%s", error);
        free(error);
    }
}

static void
run_step(const struct cfg_step *s)
{
    switch (s->kind) {
    case CFG_DEL_IFACE:
        del_iface(s->name);
        break;
    case CFG_ADD_IFACE:
        run_add_iface(s);
        break;
    case CFG_SET_VLAN:
        run_set_vlan(s);
        break;
    case CFG_SET_IFACE:
        run_set_iface(s);
        break;
    case CFG_DEL_BRIDGE:
    case CFG_ADD_BRIDGE:
    case CFG_SET_BRIDGE:
        run_bridge_step(s);
        break;
    }
}

/* What is running, read from the live objects. */

struct have_builder {
    struct cfg_have_bridge *bridges;
    size_t n_bridges, allocated;
};

static void
describe_bridge(struct bridge *br, void *b_)
{
    struct have_builder *b = b_;
    struct bridge_settings s;

    bridge_get_settings(br, &s);
    if (b->n_bridges == b->allocated) {
        b->bridges = x2nrealloc(b->bridges, &b->allocated,
                                sizeof *b->bridges);
    }
    b->bridges[b->n_bridges++] = (struct cfg_have_bridge) {
        .name = bridge_name(br),
        .secure = s.secure,
        .mac_aging_time = s.mac_aging_time,
        .mac_table_size = s.mac_table_size,
        .forward_bpdu = s.forward_bpdu,
        .hwaddr = s.hwaddr,
        .flood_vlans = s.flood_vlans,
        .mirrors = s.mirrors,
        .n_mirrors = s.n_mirrors,
    };
}

static bool
is_quiet(enum cfg_type kind)
{
    return kind != CFG_TYPE_DPDK;
}

static void
plan(enum retry retry, struct cfg_plan *plan_)
{
    struct have_builder b = { .bridges = NULL };
    struct cfg_have_iface *ifaces
        = xcalloc(MAX(hmap_count(&recs), 1), sizeof *ifaces);
    size_t n = 0;
    struct rec *r;

    bridge_for_each(describe_bridge, &b);
    HMAP_FOR_EACH (r, node, &recs) {
        struct bridge *br = r->port ? bridge_of_port(r->port) : NULL;

        if (!r->port && retry == RETRY_QUIET && is_quiet(r->kind)) {
            continue;           /* as if it had never been tried */
        }
        ifaces[n++] = (struct cfg_have_iface) {
            .name = r->name,
            .bridge = br ? bridge_name(br) : r->bridge,
            .kind = r->port ? port_kind(r->port) : r->kind,
            .set = r->port ? &r->port->wanted : &r->set,
            .vlan = br ? bridge_vlan(r->port) : NULL,
            .ofport = r->ofport,
            .failed = !r->port,
        };
    }

    struct cfg_have have = {
        .bridges = b.bridges, .n_bridges = b.n_bridges,
        .ifaces = ifaces, .n_ifaces = n,
    };
    cfg_diff(&have, &current, retry == RETRY_ALL, plan_);
    free(b.bridges);
    free(ifaces);
}

void
reconcile_plan(struct cfg_plan *p)
{
    plan(RETRY_NONE, p);
}

/* DPDK and packet threads. */

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

static void
start_dpdk(void)
{
    char *error = NULL;

    if (current.dpdk_init == CFG_DPDK_FALSE || eal_state() != EAL_OFF) {
        return;
    }
    if (eal_start(&current.other_config, run_dir, current.pmd_cpu_mask,
                  &error)) {
        if (current.dpdk_init == CFG_DPDK_TRUE) {
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
    mp_set_domains(domain_of);
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

static void
apply_pmd_mask(void)
{
    char *error = NULL;

    if (eal_state() != EAL_RUNNING
        || !pmd_mask_differs(current.pmd_cpu_mask)) {
        return;
    }
    if (pmd_set_mask(current.pmd_cpu_mask, &error)
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

/* Ports that exist since before DPDK did want their memory now. */
static void
wake_one(struct port *p, void *aux OVS_UNUSED)
{
    char *error = NULL;

    port_reconfigure(p, &error);
    port_publish(p);
    free(error);
}

/* Logs `text` unless the configuration before gave rise to it too. */
static void
say_news(struct sset *now, const char *text, bool warn)
{
    if (sset_add(now, text) && !sset_contains(&said, text)) {
        if (warn) {
            VLOG_WARN("%s", text);
        } else {
            VLOG_INFO("%s", text);
        }
    }
}

static void
say_pending(const char *key, const char *running, const char *wanted,
            void *now)
{
    char *text = xasprintf("other_config:%s is read once, when DPDK starts: "
                           "running with %s, restart the daemon for %s", key,
                           running ? running : "(unset)",
                           wanted ? wanted : "(unset)");

    say_news(now, text, true);
    free(text);
}

static void
say_findings(void)
{
    struct sset now = SSET_INITIALIZER(&now);

    for (size_t i = 0; i < current.n_warnings; i++) {
        say_news(&now, current.warnings[i], true);
    }
    for (size_t i = 0; i < current.n_notes; i++) {
        say_news(&now, current.notes[i], false);
    }
    if (eal_started_with()) {
        cfg_pending_restart(eal_started_with(), &current.other_config,
                            say_pending, &now);
    }
    sset_swap(&said, &now);
    sset_destroy(&now);
}

/* Changes that failed earlier and that the plan did not try. */
static void
retry_ports(enum retry retry)
{
    struct rec *r;

    HMAP_FOR_EACH (r, node, &recs) {
        char *error = NULL;

        if (r->port && r->port->error && !r->tried
            && (retry == RETRY_ALL || is_quiet(port_kind(r->port)))) {
            port_reconfigure(r->port, &error);
            free(error);
        }
    }
}

/* Whether something could be made of more memory. */
static bool
something_failed(void)
{
    struct rec *r;

    HMAP_FOR_EACH (r, node, &recs) {
        if (!r->port || r->port->error) {
            return true;
        }
    }
    return false;
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
    struct rec *r;

    HMAP_FOR_EACH (r, node, &recs) {
        r->tried = false;
    }
    plan(retry, &p);
    if (retry != RETRY_ALL && frees_something(&p)) {
        retry = RETRY_ALL;
        cfg_plan_destroy(&p);
        plan(retry, &p);
    }
    for (size_t i = 0; i < p.n; i++) {
        run_step(&p.steps[i]);
    }
    cfg_plan_destroy(&p);
    if (retry != RETRY_NONE) {
        retry_ports(retry);
    }
    HMAP_FOR_EACH (r, node, &recs) {
        follow_mtu(r);
    }
    follow_patches();
    memory_seen = hugepages_free();
    freed_seen = mp_n_freed();
    next_quiet_retry = time_msec() + QUIET_RETRY_MS;
    next_memory_poll = (something_failed() ? time_msec() + MEMORY_POLL_MS
                        : LLONG_MAX);
    seq++;
}

static bool
in_service(const struct cfg_iface *iface)
{
    const struct rec *r = find_rec(iface->name);
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
    start_dpdk();
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
    say_findings();

    pmd_configure(&current.pmd);
    apply_pmd_mask();
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
        struct rec *r;

        port_seq_seen = port_change_seq();
        HMAP_FOR_EACH (r, node, &recs) {
            follow_mtu(r);
        }
        if (next_memory_poll == LLONG_MAX && something_failed()) {
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
    const struct rec *r = find_rec(iface->name);

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
    struct rec *r;

    if (!cleanup) {
        tap_keep_devices();
    }
    cfg_destroy(&current);
    cfg_init(&current);
    plan(RETRY_NONE, &p);
    for (size_t i = 0; i < p.n; i++) {
        run_step(&p.steps[i]);
    }
    cfg_plan_destroy(&p);
    HMAP_FOR_EACH_SAFE (r, node, &recs) {
        free_rec(r);
    }
    if (eal_state() == EAL_RUNNING) {
        pmd_destroy();
        mp_destroy_all();
    }
    eal_stop();
    sset_destroy(&said);
    cfg_domains_destroy(&domains);
    free(mask_error);
    free(run_dir);
}
