/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-snapshot.c: a copy of what pools look like.
 *
 * Main makes a new copy without the lock and only exchanges it under the
 * lock, so that it waits for a reader, never a reader for it.
 */
#include <config.h>
#include "mem/mp-snapshot.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "hash.h"
#include "mem/mp-show.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/thread.h"
#include "util.h"

enum { INTERVAL = 1000 };       /* ms */

struct copy {
    struct mp_snapshot *pools;
    size_t n, allocated;
    uint32_t steady;            /* hash of what packets do not change */
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct copy current OVS_GUARDED_BY(mutex);

/* Main thread's. */
static long long int next = LLONG_MAX;  /* ms; max: there are no pools */
static uint64_t seq;

void
mp_snapshot_soon(void)
{
    next = LLONG_MIN;
}

uint64_t
mp_snapshot_seq(void)
{
    return seq;
}

static void
copy_ports(const struct mp_view *v, struct mp_snapshot *s)
{
    s->n_ports = v->n_ports;
    s->ports = xcalloc(MAX(v->n_ports, 1), sizeof *s->ports);
    for (size_t i = 0; i < v->n_ports; i++) {
        struct mp_holding h;

        mp_get_holding(v->ports[i], &h);
        s->ports[i] = (struct mp_snapshot_port) {
            .name = xstrdup(v->ports[i]),
            .rx_may = h.rx,
            .tx_may = h.txq_size * h.n_txq,
        };
    }
}

/* Carries what does not change with each packet on into the hash. */
static uint32_t
hash_steady(const struct mp_snapshot *s, uint32_t basis)
{
    const struct mp_info *i = &s->info;
    uint32_t hash = hash_string(i->name, basis);

    hash = hash_string(s->state, hash);
    hash = hash_add(hash, i->asked);
    hash = hash_add(hash, i->granted);
    hash = hash_add(hash, i->populated);
    hash = hash_add(hash, i->need);
    hash = hash_add64(hash, i->bytes);
    for (size_t j = 0; j < s->n_ports; j++) {
        hash = hash_string(s->ports[j].name, hash);
    }
    return hash;
}

static void
copy_one(const struct mp *mp, void *copy_)
{
    struct ds state = DS_EMPTY_INITIALIZER;
    struct copy *copy = copy_;
    struct mp_snapshot *s;
    struct mp_view v;

    if (copy->n == copy->allocated) {
        copy->pools = x2nrealloc(copy->pools, &copy->allocated,
                                 sizeof *copy->pools);
    }
    s = &copy->pools[copy->n++];
    mp_view_take(mp, false, &v);
    s->info = v.info;
    s->info.name = xstrdup(v.info.name);
    s->info.group = xstrdup(v.info.group);
    s->fallback = v.fallback;
    mp_state_format(&v.info, v.fallback, &state);
    s->state = ds_steal_cstr(&state);
    copy_ports(&v, s);
    mp_view_destroy(&v);
    copy->steady = hash_steady(s, copy->steady);
}

static void
copy_destroy(struct copy *copy)
{
    for (size_t i = 0; i < copy->n; i++) {
        struct mp_snapshot *s = &copy->pools[i];

        free(CONST_CAST(char *, s->info.name));
        free(CONST_CAST(char *, s->info.group));
        free(s->state);
        for (size_t j = 0; j < s->n_ports; j++) {
            free(s->ports[j].name);
        }
        free(s->ports);
    }
    free(copy->pools);
}

void
mp_snapshot_run(long long int now)
{
    struct copy new = { .n = 0 };
    struct copy old;

    if (now < next) {
        return;
    }
    mp_for_each(copy_one, &new);
    next = new.n ? now + INTERVAL : LLONG_MAX;

    ovs_mutex_lock(&mutex);
    old = current;
    current = new;
    ovs_mutex_unlock(&mutex);
    seq += old.n != new.n || old.steady != new.steady;
    copy_destroy(&old);
}

void
mp_snapshot_wait(void)
{
    if (next != LLONG_MAX) {
        poll_timer_wait_until(next);
    }
}

void
mp_snapshot_for_each(void (*cb)(const struct mp_snapshot *, void *aux),
                     void *aux)
{
    ovs_mutex_lock(&mutex);
    for (size_t i = 0; i < current.n; i++) {
        cb(&current.pools[i], aux);
    }
    ovs_mutex_unlock(&mutex);
}
