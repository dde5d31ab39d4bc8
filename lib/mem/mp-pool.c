/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-pool.c: which port has which pool.
 *
 * A request that an existing pool suits gets that pool, also one that nobody
 * has at the moment but whose mbufs are still on their way home.  In the
 * shared model a pool's key says how large it is; in per-port memory a port
 * that changes may for a moment hold two pools of one key and different
 * sizes.
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

#include "cfg/cfg.h"
#include "eal/log-modules.h"
#include "mem/mempool.h"
#include "mem/mp-size.h"
#include "openvswitch/thread.h"
#include "timeval.h"
#include "util.h"

#define this_module log_netdev_dpdk

struct ovs_list mp_pools = OVS_LIST_INITIALIZER(&mp_pools);

static struct mp_model model;
static bool running;
static pthread_t main_thread;
static unsigned int next_id = 1;

/* Longest beginning of a group's name that a pool's name shows. */
enum { NAME_GROUP_MAX = 14 };

void
mp_init(const struct mp_model *model_)
{
    model = *model_;
    main_thread = pthread_self();
    running = true;
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

/* A request, thought through. */
struct want {
    const struct mp_request *req;
    const char *group;
    bool own;                   /* the model's choice: a group of its own */
    bool sized;                 /* by the queues, not fixed */
    uint32_t n;                 /* mbufs */
    uint32_t adjusted_mtu;
};

static struct want
want_from_request(const struct mp_request *req)
{
    struct want w = {
        .req = req,
        .own = model.per_port && !req->group,
        .sized = model.per_port && !req->n_mbufs,
        .adjusted_mtu = mp_adjusted_mtu(req->mtu),
    };

    w.group = w.own ? req->port : req->group ? req->group : "";
    w.n = (req->n_mbufs ? req->n_mbufs
           : w.sized ? mp_per_port_mbufs(req->n_rxq, req->rxq_size,
                                         req->n_txq, req->txq_size)
           : mp_shared_mbufs(req->mtu));
    return w;
}

/* Is the pool of the right kind and size?  One that was made for more senders
 * than there are now is not replaced by a smaller one: that would take memory
 * for both, for no gain.  (`asked` counts, not what the pool got: one that is
 * short of mbufs is filled up when there is memory, not made again.) */
static bool
suits(const struct mp *mp, const struct want *w)
{
    const struct mp_request *req = w->req;

    return (mp->socket == req->socket
            && mp->adjusted_mtu == w->adjusted_mtu
            && mp->own == w->own
            && !strcmp(mp->group, w->group)
            && (mp->asked == w->n
                || (w->sized
                    && mp->asked > w->n
                    && mp->n_rxq == req->n_rxq
                    && mp->rxq_size == req->rxq_size
                    && mp->txq_size == req->txq_size)));
}

bool
mp_suits(const struct mp *mp, const struct mp_request *req)
{
    struct want w = want_from_request(req);

    mp_assert_main_thread();
    return suits(mp, &w);
}

static struct mp *
find(const struct want *w)
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
make_name(const struct want *w, char name[RTE_MEMPOOL_NAMESIZE])
{
    const char *group = *w->group ? w->group : "shared";

    snprintf(name, RTE_MEMPOOL_NAMESIZE, "mp%u-s%d-%"PRIu32"-%.*s",
             next_id++, w->req->socket, w->adjusted_mtu, NAME_GROUP_MAX,
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
    return false;
}

/* What is wrong with a request as such, or NULL. */
static char *
check(const struct want *w)
{
    const struct mp_request *req = w->req;

    if (req->mtu < CFG_MTU_MIN || req->mtu > CFG_MTU_MAX) {
        return xasprintf("unsupported MTU, must be %d to %d", CFG_MTU_MIN,
                         CFG_MTU_MAX);
    } else if (w->sized && (!req->n_rxq || !req->rxq_size
                            || !req->n_txq || !req->txq_size)) {
        return xasprintf("%"PRIu32" Rx queues of %"PRIu32" and %"PRIu32" Tx "
                         "queues of %"PRIu32" descriptors, none may be 0",
                         req->n_rxq, req->rxq_size, req->n_txq,
                         req->txq_size);
    } else if (!socket_exists(req->socket)) {
        return xasprintf("there is no such socket: %"PRIu32" mbufs "
                         "(%"PRIu64" bytes) were asked for", w->n,
                         (uint64_t) w->n * mp_object_size(req->mtu));
    }
    return NULL;
}

static struct mp *
create(const struct want *w, char **reasonp)
{
    const struct mp_request *req = w->req;
    struct mp_spec spec = {
        .socket = req->socket, .mtu = req->mtu, .asked = w->n,
    };
    struct mp_made made;
    struct mp *mp;

    VLOG_INFO("Port %s: Requesting a mempool of %"PRIu32" mbufs of size "
              "%"PRIu32" on socket %d for %"PRIu32" Rx and %"PRIu32" Tx "
              "queues, cache line size of %d",
              req->port, w->n, mp_data_room(req->mtu), req->socket,
              req->n_rxq, req->n_txq, RTE_CACHE_LINE_SIZE);
    make_name(w, spec.name);
    if (mp_make(&spec, &made, reasonp)) {
        return NULL;
    }

    mp = xzalloc(sizeof *mp);
    mp->made = made;
    memcpy(mp->name, spec.name, sizeof mp->name);
    mp->socket = req->socket;
    mp->adjusted_mtu = w->adjusted_mtu;
    mp->group = xstrdup(w->group);
    mp->own = w->own;
    mp->asked = w->n;
    if (w->sized) {
        mp->n_rxq = req->n_rxq;
        mp->rxq_size = req->rxq_size;
        mp->txq_size = req->txq_size;
    }
    simap_init(&mp->refs);
    ovs_list_push_back(&mp_pools, &mp->node);
    mp_cache_join(&mp->member, made.pool);

    VLOG_INFO("Allocated \"%s\" mempool with %"PRIu32" mbufs", mp->name,
              made.granted);
    if (made.granted < w->n) {
        VLOG_WARN("Port %s: mempool \"%s\" got %"PRIu32" of the %"PRIu32" "
                  "mbufs asked for: memory is short on socket %d.  It is "
                  "filled up once there is more", req->port, mp->name,
                  made.granted, w->n, req->socket);
        mp_care_soon();
    }
    return mp;
}

struct mp *
mp_get(const struct mp_request *req, char **errp)
{
    struct want w = want_from_request(req);
    char *reason = NULL;
    struct mp *mp = NULL;

    if (!running) {
        reason = xstrdup("DPDK is not running");
    } else {
        mp_assert_main_thread();
        reason = check(&w);
    }
    if (!reason) {
        mp = find(&w);
        if (mp) {
            VLOG_INFO("Reusing mempool \"%s\"", mp->name);
        } else {
            mp = create(&w, &reason);
        }
    }
    if (!mp) {
        *errp = xasprintf("Failed to create memory pool for netdev %s, with "
                          "MTU %"PRIu32" on socket %d: %s", req->port,
                          req->mtu, req->socket, reason);
        free(reason);
        return NULL;
    }
    simap_increase(&mp->refs, req->port, 1);
    mp->n_refs++;
    return mp;
}

void
mp_put(struct mp *mp, const char *port)
{
    unsigned int n = simap_get(&mp->refs, port);

    mp_assert_main_thread();
    ovs_assert(n > 0);
    if (n > 1) {
        simap_put(&mp->refs, port, n - 1);
    } else {
        simap_find_and_delete(&mp->refs, port);
    }
    if (!--mp->n_refs) {
        mp->left = time_msec();
        mp->next_report = 0;
        mp_sweep();
    }
}

static unsigned int n_freed;

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
    free(mp->group);
    free(mp);
    mp_care_soon();
}
