/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-pool.c: which port has which pool.
 *
 * A request that an existing pool suits gets that pool, also one that nobody
 * has at the moment but whose mbufs are still on their way home.  In the
 * shared model a pool's key says how large it is; of a port's own pools there
 * may for a moment be two of one key and different sizes, while the port
 * changes.
 *
 * Main thread only.
 */
#include <config.h>
#include "mem/mp-pool.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "cfg/cfg.h"
#include "eal/log-modules.h"
#include "mem/mempool.h"
#include "mem/mp-claim.h"
#include "mem/mp-ops.h"
#include "mem/mp-size.h"
#include "mem/mp-want.h"
#include "mem/mp-snapshot.h"
#include "openvswitch/thread.h"
#include "timeval.h"
#include "util.h"

#define this_module log_netdev_dpdk

struct ovs_list mp_pools = OVS_LIST_INITIALIZER(&mp_pools);

static struct mp_model model;
static struct mp_shared_size *shared_sizes;     /* model.shared_sizes */
static bool numa_fallback;
static bool running;
static pthread_t main_thread;
static unsigned int next_id = 1;
static unsigned int n_freed;

/* Longest beginning of a group's name that a pool's name shows. */
enum { NAME_GROUP_MAX = 14 };

void
mp_init(const struct mp_model *model_)
{
    free(shared_sizes);
    shared_sizes = xmemdup(model_->shared_sizes,
                           model_->n_shared_sizes * sizeof *shared_sizes);
    model = *model_;
    model.shared_sizes = shared_sizes;
    main_thread = pthread_self();
    running = true;
}

void
mp_set_numa_fallback(bool allow)
{
    numa_fallback = allow;
}

bool
mp_is_running(void)
{
    return running;
}

void
mp_assert_main_thread(void)
{
    ovs_assert(running && pthread_equal(main_thread, pthread_self()));
}

static struct mp_want
want_from_request(const struct mp_request *req)
{
    return mp_want(req, &model, req->socket);
}

static bool
has_key(const struct mp *mp, const struct mp_want *w)
{
    return (mp->socket == w->socket
            && mp->adjusted_mtu == w->adjusted_mtu
            && mp->own == w->own
            && mp->elastic == w->elastic
            && !strcmp(mp->group, w->group));
}

/* Is there room in it for what its ports may hold?  A shared one is the only
 * one of its key, whatever its ports may hold. */
static bool
has_room(const struct mp *mp, const struct mp_want *w)
{
    if (w->req->n_mbufs) {
        return mp->room == w->n;
    }
    return (!mp->own
            || mp->room >= w->n
            || mp->room >= mp_claim_need_new(w->req->port, &w->req->holds,
                                             mp->made.pool->cache_size));
}

/* Has it the right number of mbufs?  One that was made for more senders than
 * there are now is not replaced by a smaller one: that would take memory for
 * both, for no gain.  (`asked` counts, not what the pool got: one that is
 * short of mbufs is filled up when there is memory, not made again.) */
static bool
has_size(const struct mp *mp, const struct mp_want *w)
{
    const struct mp_request *req = w->req;

    return (mp->asked == w->n
            || (w->sized
                && mp->asked > w->n
                && mp->n_rxq == req->n_rxq
                && mp->rxq_size == req->rxq_size
                && mp->txq_size == req->txq_size));
}

static bool
suits(const struct mp *mp, const struct mp_want *w)
{
    return (!mp->retired && has_key(mp, w)
            && (w->elastic ? has_room(mp, w) : has_size(mp, w)));
}

bool
mp_is_fallback(const struct mp *mp, const char *port)
{
    return sset_contains(&mp->fallback, port);
}

bool
mp_suits(const struct mp *mp, const struct mp_request *req)
{
    int socket = (numa_fallback && mp_is_fallback(mp, req->port)
                  ? mp->socket : req->socket);
    struct mp_want w = mp_want(req, &model, socket);

    mp_assert_main_thread();
    return suits(mp, &w);
}

static struct mp *
find(const struct mp_want *w)
{
    struct mp *mp;

    LIST_FOR_EACH (mp, node, &mp_pools) {
        if (suits(mp, w)) {
            return mp;
        }
    }
    return NULL;
}

/* "mp12-s0-2030-vhost-user1": a number that no other pool has had, socket,
 * adjusted MTU, and the beginning of the group's name. */
static void
make_name(const struct mp_want *w, char name[RTE_MEMPOOL_NAMESIZE])
{
    const char *group = *w->group ? w->group : "shared";

    snprintf(name, RTE_MEMPOOL_NAMESIZE, "mp%u-s%d-%"PRIu32"-%.*s",
             next_id++, w->socket, w->adjusted_mtu, NAME_GROUP_MAX,
             group);
    for (char *p = name; *p; p++) {
        if (!isalnum((unsigned char) *p) && !strchr("-_.", *p)) {
            *p = '_';
        }
    }
}

static bool
socket_exists(int socket)
{
    for (unsigned int i = 0; i < rte_socket_count(); i++) {
        if (rte_socket_id_by_idx(i) == socket) {
            return true;
        }
    }
    return rte_malloc_heap_socket_is_external(socket) == 1;
}

/* What is wrong with a request as such, or NULL. */
static char *
check(const struct mp_request *req)
{
    struct mp_want w = want_from_request(req);

    if (req->mtu < CFG_MTU_MIN || req->mtu > CFG_MTU_MAX) {
        return xasprintf("unsupported MTU, must be %d to %d", CFG_MTU_MIN,
                         CFG_MTU_MAX);
    } else if (w.sized && (!req->n_rxq || !req->rxq_size
                           || !req->n_txq || !req->txq_size)) {
        return xasprintf("%"PRIu32" Rx queues of %"PRIu32" and %"PRIu32" Tx "
                         "queues of %"PRIu32" descriptors, none may be 0",
                         req->n_rxq, req->rxq_size, req->n_txq,
                         req->txq_size);
    }
    return NULL;
}

/* What the pool is for besides its key, which a kept pool may have outgrown or
 * outlived. */
static void
note_request(struct mp *mp, const struct mp_want *w)
{
    mp->wanted = w->n;
    if (w->socket != w->req->socket) {
        sset_add(&mp->fallback, w->req->port);
    } else {
        sset_find_and_delete(&mp->fallback, w->req->port);
    }
}

static int
create(const struct mp_want *w, struct mp **mpp, char **reasonp)
{
    const struct mp_request *req = w->req;
    struct mp_spec spec = {
        .socket = w->socket, .mtu = w->mtu, .room = w->n, .asked = w->n,
        .elastic = w->elastic,
    };
    struct mp_made made;
    struct mp *mp;
    int error;

    if (w->elastic) {
        /* One chunk at least: a pool is not complete without. */
        spec.asked = MIN(w->n, mp_claim_need_new(req->port, &req->holds,
                                                 mp_cache_size(w->n)));
        spec.asked = MAX(spec.asked, 1);
    }
    if (!socket_exists(w->socket)) {
        *reasonp = xasprintf("there is no such socket: %"PRIu32" mbufs "
                             "(%"PRIu64" bytes) were asked for", spec.asked,
                             (uint64_t) spec.asked * mp_object_size(w->mtu));
        return -ENOMEM;
    }
    VLOG_INFO("Port %s: Requesting a mempool of %"PRIu32" mbufs of size "
              "%"PRIu32" on socket %d for %"PRIu32" Rx and %"PRIu32" Tx "
              "queues, cache line size of %d",
              req->port, spec.asked, mp_data_room(w->mtu), w->socket,
              req->n_rxq, req->n_txq, RTE_CACHE_LINE_SIZE);
    make_name(w, spec.name);
    error = mp_make(&spec, &made, reasonp);
    if (error) {
        return error;
    }

    mp = xzalloc(sizeof *mp);
    mp->made = made;
    memcpy(mp->name, spec.name, sizeof mp->name);
    mp->socket = w->socket;
    mp->adjusted_mtu = w->adjusted_mtu;
    mp->group = xstrdup(w->group);
    mp->own = w->own;
    mp->elastic = w->elastic;
    mp->room = w->n;
    mp->asked = spec.asked;
    if (w->sized && !w->elastic) {
        mp->n_rxq = req->n_rxq;
        mp->rxq_size = req->rxq_size;
        mp->txq_size = req->txq_size;
    }
    simap_init(&mp->refs);
    sset_init(&mp->fallback);
    ovs_list_push_back(&mp_pools, &mp->node);
    mp_cache_join(&mp->member, made.pool);
    mp_ops_restart_lowest(made.pool);

    VLOG_INFO("Allocated \"%s\" mempool with %"PRIu32" mbufs", mp->name,
              made.pool->populated_size);
    if (made.granted < spec.asked) {
        VLOG_WARN("Port %s: mempool \"%s\" got %"PRIu32" of the %"PRIu32" "
                  "mbufs asked for: memory is short on socket %d.  It is "
                  "filled up once there is more", req->port, mp->name,
                  made.granted, spec.asked, w->socket);
        mp_care_soon();
    }
    *mpp = mp;
    return 0;
}

static void
report_shared_size(const struct mp_want *w)
{
    if (*w->group || !model.n_shared_sizes) {
        return;
    } else if (w->shared_size) {
        VLOG_INFO("Found user configured shared mempool with mbufs of size "
                  "%"PRIu32", suitable for port with MTU %"PRIu32", NUMA %d.",
                  mp_data_room(w->mtu), w->req->mtu, w->socket);
    } else {
        VLOG_INFO("No user configured shared mempool mbuf sizes found "
                  "suitable for port with MTU %"PRIu32", NUMA %d.",
                  w->req->mtu, w->socket);
    }
}

static int
find_or_create(const struct mp_want *w, struct mp **mpp, char **reasonp)
{
    report_shared_size(w);
    *mpp = find(w);
    if (*mpp) {
        VLOG_INFO("Reusing mempool \"%s\"", mp_name(*mpp));
        return 0;
    }
    return create(w, mpp, reasonp);
}

static void
add_ref(struct mp *mp, const char *port)
{
    simap_increase(&mp->refs, port, 1);
    mp->n_refs++;
    mp_claim_ref(port);
}

/* Counts `req->holds` in, beside what the port has now, and fills the pools
 * that feel it.  On failure the claim is as before. */
static int
claim(const struct mp_request *req, char **reasonp)
{
    struct mp_holding before, max;
    int error;

    mp_claim_get(req->port, &before);
    mp_claim_max(&before, &req->holds, &max);
    mp_claim_set(req->port, before.n_txq || before.rx ? &max : &req->holds);
    error = mp_claim_fill(reasonp);
    if (error) {
        mp_claim_set(req->port, &before);
        mp_claim_update();
    }
    return error;
}

/* A pool that `w` has a reference to and mbufs enough in. */
static int
obtain(const struct mp_want *w, struct mp **mpp, char **reasonp)
{
    int error = find_or_create(w, mpp, reasonp);

    if (!error) {
        add_ref(*mpp, w->req->port);
        error = claim(w->req, reasonp);
        if (error) {
            mp_put(*mpp, w->req->port);
            *mpp = NULL;
        } else {
            note_request(*mpp, w);
        }
    }
    return error;
}

/* Another socket's memory, where the one asked for has none and the operator
 * allows it. `*reasonp` is freed where that could be had. */
static int
fall_back(const struct mp_want *w, struct mp **mpp, char **reasonp)
{
    for (unsigned int i = 0; i < rte_socket_count(); i++) {
        int socket = rte_socket_id_by_idx(i);
        struct mp_want other = mp_want(w->req, &model, socket);
        char *ignored = NULL;

        if (socket != w->req->socket && !obtain(&other, mpp, &ignored)) {
            VLOG_WARN("Port %s: mempool \"%s\" on socket %d is used, as "
                      "mempool-numa-fallback allows: %s", w->req->port,
                      mp_name(*mpp), socket, *reasonp);
            free(*reasonp);
            *reasonp = NULL;
            return 0;
        }
        free(ignored);
    }
    return -ENOMEM;
}

static char *
failure(const struct mp_request *req, char *reason)
{
    char *text = xasprintf("Failed to create memory pool for netdev %s, with "
                           "MTU %"PRIu32" on socket %d: %s", req->port,
                           req->mtu, req->socket, reason);

    free(reason);
    return text;
}

struct mp *
mp_get(const struct mp_request *req, char **errp)
{
    struct mp_want w = want_from_request(req);
    char *reason = NULL;
    struct mp *mp = NULL;
    int error;

    if (!running) {
        reason = xstrdup("DPDK is not running");
    } else {
        mp_assert_main_thread();
        reason = check(req);
    }
    if (reason) {
        *errp = failure(req, reason);
        return NULL;
    }
    mp_claim_begin();
    error = obtain(&w, &mp, &reason);
    if ((error == -ENOMEM || error == -ENOBUFS) && numa_fallback) {
        error = fall_back(&w, &mp, &reason);
    }
    if (error) {
        *errp = failure(req, reason);
        return NULL;
    }
    mp_snapshot_soon();
    return mp;
}

int
mp_keep(struct mp *mp, const struct mp_request *req, char **errp)
{
    struct mp_want w = mp_want(req, &model, mp->socket);
    char *reason = NULL;
    int error;

    mp_claim_begin();
    error = claim(req, &reason);
    if (error) {
        *errp = failure(req, reason);
        return error;
    }
    note_request(mp, &w);
    return 0;
}

void
mp_settle(const char *port, const struct mp_holding *holds)
{
    mp_flush_lcore();
    mp_claim_set(port, holds);
    mp_claim_update();
}

void
mp_put(struct mp *mp, const char *port)
{
    unsigned int n = simap_get(&mp->refs, port);

    mp_assert_main_thread();
    ovs_assert(n > 0);
    mp_snapshot_soon();
    if (n > 1) {
        simap_put(&mp->refs, port, n - 1);
    } else {
        simap_find_and_delete(&mp->refs, port);
        sset_find_and_delete(&mp->fallback, port);
    }
    mp_claim_unref(port);
    mp_flush_lcore();
    if (!--mp->n_refs) {
        mp->left = time_msec();
        mp->next_report = 0;
        mp_sweep();
    }
}

bool
mp_has_surplus(const struct mp *mp)
{
    mp_claim_update();
    return (mp->n_refs
            && (mp->elastic
                ? (mp->made.pool->populated_size
                   >= mp->asked + mp_chunk_mbufs(&mp->made))
                : mp->own && mp->wanted < mp->asked));
}

void
mp_retire(struct mp *mp, bool retire)
{
    mp->retired = retire;
    mp_snapshot_soon();
}

unsigned int
mp_n_freed(void)
{
    return n_freed;
}

void
mp_free(struct mp *mp)
{
    ovs_assert(!mp->n_refs);
    n_freed++;
    VLOG_INFO("Freeing mempool \"%s\"", mp->name);
    mp_cache_leave(&mp->member);
    ovs_list_remove(&mp->node);
    mp_unmake(&mp->made);
    simap_destroy(&mp->refs);
    sset_destroy(&mp->fallback);
    free(mp->group);
    free(mp);
    mp_care_soon();
    mp_snapshot_soon();
}
