/* SPDX-License-Identifier: Apache-2.0
 *
 * bridge.c: which bridges there are, their settings, and who is in them.
 *
 * bridge-state.c makes packet threads see it.
 *
 * A member leaves in this order, and the order is what keeps an index from
 * meaning two ports:
 *
 *   1. its `ingress` becomes NULL and a state without it is published;
 *   2. a grace period: no thread learns for it or sends to it any more;
 *   3. the FDB is flushed of its index;
 *   4. the index may be given to another port.
 *
 * Between 1 and 3 a look-up may still name the index: the new state has no
 * port there, and the frame is flooded like one to an unknown address.
 *
 * Main thread only, but for switch_now().
 */
#include <config.h>
#include "switch/bridge-state.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bitmap.h"
#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "hash.h"
#include "openvswitch/poll-loop.h"
#include "port/patch.h"
#include "port/port.h"
#include "util.h"

#define this_module log_bridge

enum {
    MEMBERS_MAX = INT16_MAX,    /* a flood adds so many references at most */
    OFPORT_MAX = 65279,
    OFPORT_LOCAL = 65534,
    EXPIRE_INTERVAL = 1000,     /* ms */
};

static struct bridge **bridges; /* in order of name */
static size_t n_bridges, allocated_bridges;
static struct hmap members = HMAP_INITIALIZER(&members);
static pthread_t main_thread;
static bool initialized;

void
switch_init(void)
{
    rcu_init();
    main_thread = pthread_self();
    initialized = true;
}

static void
assert_main_thread(void)
{
    ovs_assert(initialized && pthread_equal(main_thread, pthread_self()));
}

uint32_t
switch_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint32_t) ts.tv_sec;
}

/* The first of `n` sorted things whose name is not less than `name`.  The name
 * is the first member that `get` finds. */
static size_t
lower_bound(size_t n, const char *name,
            const char *(*get)(const struct bridge *, size_t),
            const struct bridge *br)
{
    size_t low = 0;

    while (low < n) {
        size_t middle = low + (n - low) / 2;

        if (strcmp(get(br, middle), name) < 0) {
            low = middle + 1;
        } else {
            n = middle;
        }
    }
    return low;
}

static const char *
bridge_name_at(const struct bridge *br OVS_UNUSED, size_t i)
{
    return bridges[i]->name;
}

static const char *
member_name_at(const struct bridge *br, size_t i)
{
    return br->members[i]->port->name;
}

/* Settings. */

static int
make_fdb(const char *name, uint32_t size, struct fdb **fdb, char **errp)
{
    *fdb = fdb_create(size);
    if (!*fdb) {
        *errp = xasprintf("bridge %s: not enough memory for a MAC table of "
                          "%"PRIu32" entries", name, size);
        return -ENOMEM;
    }
    return 0;
}

struct bridge *
bridge_create(const struct cfg_bridge *cfg, char **errp)
{
    struct bridge *br;
    struct fdb *fdb;
    size_t at;

    assert_main_thread();
    *errp = NULL;
    if (bridge_find(cfg->name)) {
        *errp = xasprintf("bridge %s exists already", cfg->name);
        return NULL;
    }
    if (make_fdb(cfg->name, cfg->mac_table_size, &fdb, errp)) {
        return NULL;
    }

    br = xzalloc(sizeof *br);
    br->name = xstrdup(cfg->name);
    br->fdb = fdb;
    br->forward_bpdu = cfg->forward_bpdu;
    br->mac_aging_time = cfg->mac_aging_time;
    br->mac_table_size = cfg->mac_table_size;
    br->hwaddr = nullable_xstrdup(cfg->hwaddr);
    br->secure = cfg->secure;
    br->flood_vlans = cfg->flood_vlans;
    br->mirrors = bridge_mirrors_create(cfg, NULL);
    bridge_publish(br);

    at = lower_bound(n_bridges, br->name, bridge_name_at, NULL);
    if (n_bridges == allocated_bridges) {
        bridges = x2nrealloc(bridges, &allocated_bridges, sizeof *bridges);
    }
    memmove(bridges + at + 1, bridges + at,
            (n_bridges - at) * sizeof *bridges);
    bridges[at] = br;
    n_bridges++;
    return br;
}

void
bridge_destroy(struct bridge *br)
{
    size_t at;

    assert_main_thread();
    ovs_assert(!br->n_members);
    at = lower_bound(n_bridges, br->name, bridge_name_at, NULL);
    memmove(bridges + at, bridges + at + 1,
            (n_bridges - at - 1) * sizeof *bridges);
    n_bridges--;

    bridge_state_free(br);
    fdb_destroy(br->fdb);
    bridge_mirrors_destroy(br->mirrors);
    free(br->members);
    free(br->hwaddr);
    free(br->name);
    free(br);
}

int
bridge_set(struct bridge *br, const struct cfg_bridge *cfg, char **errp)
{
    const struct cfg_mirror_settings *set;
    struct fdb *old = NULL;
    size_t n_mirrors;

    assert_main_thread();
    *errp = NULL;
    set = bridge_mirrors_get(br->mirrors, &n_mirrors);
    if (cfg->mac_table_size != br->mac_table_size) {
        struct fdb *new;
        int error = make_fdb(br->name, cfg->mac_table_size, &new, errp);

        if (error) {
            return error;
        }
        fdb_copy(new, br->fdb);
        old = br->fdb;
        br->fdb = new;
        br->mac_table_size = cfg->mac_table_size;
    }
    if (!nullable_string_is_equal(br->hwaddr, cfg->hwaddr)) {
        free(br->hwaddr);
        br->hwaddr = nullable_xstrdup(cfg->hwaddr);
    }
    br->mac_aging_time = cfg->mac_aging_time;
    if (old || br->secure != cfg->secure
        || br->forward_bpdu != cfg->forward_bpdu
        || !vlan_set_equal(&br->flood_vlans, &cfg->flood_vlans)
        || !cfg_mirrors_equal(set, n_mirrors, cfg)) {
        struct bridge_mirrors *mirrors = br->mirrors;

        br->forward_bpdu = cfg->forward_bpdu;
        br->secure = cfg->secure;
        br->flood_vlans = cfg->flood_vlans;
        br->mirrors = bridge_mirrors_create(cfg, mirrors);
        bridge_publish(br);
        bridge_mirrors_destroy(mirrors);
        if (old) {
            fdb_copy(br->fdb, old);     /* what was learned meanwhile */
            fdb_destroy(old);
        }
        bridge_flush_stale(br);
    }
    return 0;
}

void
bridge_get_settings(const struct bridge *br, struct bridge_settings *s)
{
    s->secure = br->secure;
    s->forward_bpdu = br->forward_bpdu;
    s->mac_aging_time = br->mac_aging_time;
    s->mac_table_size = br->mac_table_size;
    s->hwaddr = br->hwaddr;
    s->flood_vlans = &br->flood_vlans;
    s->mirrors = bridge_mirrors_get(br->mirrors, &s->n_mirrors);
}

/* Members. */

struct member *
bridge_find_member(const struct port *port)
{
    struct member *m;

    HMAP_FOR_EACH_WITH_HASH (m, node, hash_pointer(port, 0), &members) {
        if (m->port == port) {
            return m;
        }
    }
    return NULL;
}

static bool
ofport_used(const struct bridge *br, int64_t ofport)
{
    for (size_t i = 0; i < br->n_members; i++) {
        if (br->members[i]->ofport == ofport) {
            return true;
        }
    }
    return false;
}

/* 0: none is left. */
static uint16_t
choose_ofport(const struct bridge *br, const char *name, int64_t request)
{
    if (!strcmp(name, br->name)) {
        return OFPORT_LOCAL;
    }
    if (request >= 1 && request <= OFPORT_MAX && !ofport_used(br, request)) {
        return (uint16_t) request;
    }
    for (uint16_t ofport = 1; ofport <= OFPORT_MAX; ofport++) {
        if (!ofport_used(br, ofport)) {
            return ofport;
        }
    }
    return 0;
}

static uint16_t
choose_index(const struct bridge *br)
{
    unsigned long *used = bitmap_allocate(br->n_members + 1);
    size_t index;

    for (size_t i = 0; i < br->n_members; i++) {
        if (br->members[i]->index <= br->n_members) {
            bitmap_set1(used, br->members[i]->index);
        }
    }
    index = bitmap_scan(used, false, 0, br->n_members + 1);
    free(used);
    return (uint16_t) index;
}

int
bridge_add_port(struct bridge *br, struct port *port,
                const struct cfg_vlan *vlan, int64_t ofport_request,
                char **errp)
{
    struct member *m = bridge_find_member(port);
    uint16_t ofport;
    size_t at;

    assert_main_thread();
    *errp = NULL;
    if (m) {
        *errp = xasprintf("port %s is in bridge %s already", port->name,
                          m->bridge->name);
        return -EBUSY;
    }
    ofport = choose_ofport(br, port->name, ofport_request);
    if (!ofport || br->n_members >= MEMBERS_MAX) {
        *errp = xasprintf("bridge %s: no number is left for port %s",
                          br->name, port->name);
        return -ENOSPC;
    }

    m = xzalloc(sizeof *m);
    m->bridge = br;
    m->port = port;
    m->index = choose_index(br);
    m->ofport = ofport;
    if (vlan) {
        m->vlan = *vlan;
    } else {
        cfg_vlan_init(&m->vlan);
    }
    hmap_insert(&members, &m->node, hash_pointer(port, 0));

    at = lower_bound(br->n_members, port->name, member_name_at, br);
    if (br->n_members == br->allocated_members) {
        br->members = x2nrealloc(br->members, &br->allocated_members,
                                 sizeof *br->members);
    }
    memmove(br->members + at + 1, br->members + at,
            (br->n_members - at) * sizeof *br->members);
    br->members[at] = m;
    br->n_members++;
    bridge_publish(br);
    if (port_is_patch(port)) {
        bridge_follow_patches();
    }
    VLOG_INFO("bridge %s: added interface %s on port %"PRIu16, br->name,
              port->name, ofport);
    return ofport;
}

void
bridge_del_port(struct bridge *br, struct port *port)
{
    struct member *m = bridge_find_member(port);
    size_t at;

    assert_main_thread();
    ovs_assert(m && m->bridge == br);
    at = lower_bound(br->n_members, port->name, member_name_at, br);
    memmove(br->members + at, br->members + at + 1,
            (br->n_members - at - 1) * sizeof *br->members);
    br->n_members--;
    hmap_remove(&members, &m->node);

    atomic_store_explicit(&port->ingress, NULL, memory_order_release); /* 1 */
    bridge_publish(br);                                             /* 1, 2 */
    if (port_is_patch(port)) {
        bridge_follow_patches();
    }
    fdb_flush_port(br->fdb, m->index);                              /* 3 */
    VLOG_INFO("bridge %s: deleted interface %s on port %"PRIu16, br->name,
              port->name, m->ofport);
    free(m);                                                        /* 4 */
}

void
bridge_port_changed(struct bridge *br, struct port *port)
{
    const struct member *m = bridge_find_member(port);

    assert_main_thread();
    ovs_assert(m && m->bridge == br);
    if (bridge_frame_size_differs(br, m)) {
        bridge_publish(br);
    }
}

/* Questions. */

struct bridge *
bridge_find(const char *name)
{
    size_t at = lower_bound(n_bridges, name, bridge_name_at, NULL);

    return (at < n_bridges && !strcmp(bridges[at]->name, name)
            ? bridges[at] : NULL);
}

struct bridge *
bridge_of_port(const struct port *port)
{
    const struct member *m = bridge_find_member(port);

    return m ? m->bridge : NULL;
}

const char *
bridge_name(const struct bridge *br)
{
    return br->name;
}

struct fdb *
bridge_fdb(const struct bridge *br)
{
    return br->fdb;
}

size_t
bridge_count(void)
{
    return n_bridges;
}

void
bridge_for_each(void (*cb)(struct bridge *, void *aux), void *aux)
{
    for (size_t i = 0; i < n_bridges; i++) {
        cb(bridges[i], aux);
    }
}

size_t
bridge_n_members(const struct bridge *br)
{
    return br->n_members;
}

void
bridge_get_member(const struct bridge *br, size_t i,
                  struct bridge_member *member)
{
    const struct member *m = br->members[i];

    member->name = m->port->name;
    member->index = m->index;
    member->ofport = m->ofport;
    member->port = m->port;
}

int
bridge_ofport(const struct bridge *br, const struct port *port)
{
    const struct member *m = bridge_find_member(port);

    return m && m->bridge == br ? m->ofport : -1;
}

/* Main loop. */

static const char *
name_of_index(const struct bridge *br, uint64_t index)
{
    for (size_t i = 0; i < br->n_members; i++) {
        if (br->members[i]->index == index) {
            return br->members[i]->port->name;
        }
    }
    return "that is gone";
}

/* A packet thread has no time for words. */
static void
say_limits(struct bridge *br)
{
    static struct vlog_rate_limit moves = VLOG_RATE_LIMIT_INIT(1, 3);
    static struct vlog_rate_limit new = VLOG_RATE_LIMIT_INIT(1, 3);
    struct fdb_stats stats;

    fdb_get_stats(br->fdb, &stats);
    if (stats.limited > br->limited) {
        VLOG_WARN_RL(&moves, "bridge %s: addresses moved from port to port so "
                     "often that further moves wait for the next second: is "
                     "there a loop?", br->name);
    }
    if (stats.crowded > br->crowded) {
        VLOG_WARN_RL(&new, "bridge %s: port %s, which has most of the %"PRIu64
                     " addresses of the full MAC table, brings so many new "
                     "ones that further ones of its wait for the next second: "
                     "does it make them up, or should mac-table-size be "
                     "larger?", br->name, name_of_index(br, stats.crowder),
                     stats.max);
    }
    br->limited = stats.limited;
    br->crowded = stats.crowded;
}

void
switch_run(void)
{
    static uint32_t last;
    uint32_t now = switch_now();

    if (now != last) {
        last = now;
        for (size_t i = 0; i < n_bridges; i++) {
            fdb_expire(bridges[i]->fdb, now, bridges[i]->mac_aging_time);
            say_limits(bridges[i]);
        }
    }
}

void
switch_wait(void)
{
    if (n_bridges) {
        poll_timer_wait(EXPIRE_INTERVAL);
    }
}
