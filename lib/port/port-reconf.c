/* SPDX-License-Identifier: Apache-2.0
 *
 * port-reconf.c: the life cycle of a port: create, change, delete.
 *
 * The steps of a change, and why in this order, stand in port.h.  Each step
 * here carries its number.
 */
#include <config.h>
#include "port/port-reconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "port/port-class.h"
#include "port/port-sample.h"
#include "port/port.h"
#include "util.h"

#define this_module log_netdev_dpdk

static struct port_hooks hooks;

void
port_reconf_init(const struct port_hooks *h)
{
    hooks = *h;
}

static void
set_error(struct port *p, const char *error)
{
    if (!nullable_string_is_equal(p->error, error)) {
        free(p->error);
        p->error = nullable_xstrdup(error);
        port_changed(p);
    }
}

/* 3: no packet thread receives from, sends to or knows the port's queues
 * when this returns. */
static void
quiesce(struct port *p)
{
    if (p->state != PORT_RUNNING) {
        return;
    }
    port_set_txqs(p, 0);
    hooks.quiesce(p);
    if (p->class->stop) {
        p->class->stop(p);
    }
    p->state = PORT_QUIESCED;
}

/* The rx half of 6. */
static void
publish(struct port *p)
{
    if (!p->class->logical) {
        hooks.publish(p);
    }
}

/* 5, and the tx half of 6. */
static int
start(struct port *p, char **errp)
{
    if (p->class->start) {
        int error = p->class->start(p, errp);

        if (error) {
            return error;
        }
    }
    p->state = PORT_RUNNING;
    port_steer(p);
    port_set_txqs(p, p->running.n_txq);
    return 0;
}

bool
port_mempool_request(const struct port *p, struct mp_request *req)
{
    *req = (struct mp_request) {
        .port = p->name,
        .group = p->wanted.mempool_group,
    };
    if (!p->class->mempool_request(p, req)) {
        return false;
    }
    if (p->class->mbuf_need) {
        p->class->mbuf_need(p, true, &req->holds);
    }
    return true;
}

/* 2: the pool for the wanted settings, with a reference.  The port keeps the
 * one it has where that suits. */
static int
get_memory(struct port *p, struct mp **mpp, char **errp)
{
    struct mp_request req;

    *mpp = NULL;
    if (!port_mempool_request(p, &req)) {
        return 0;
    }
    if (p->mp && mp_suits(p->mp, &req)) {
        *mpp = p->mp;
        return mp_keep(p->mp, &req, errp);
    }
    *mpp = mp_get(&req, errp);
    if (*mpp && *mpp == p->mp) {
        mp_put(*mpp, p->name);          /* it has its reference already */
    }
    return *mpp ? 0 : -ENOMEM;
}

/* The ledger has what the port holds now, after a change that succeeded or
 * one that did not. */
static void
settle_memory(const struct port *p)
{
    if (p->mp) {
        struct mp_holding holds = { .rx = 0 };

        if (p->class->mbuf_need) {
            p->class->mbuf_need(p, false, &holds);
        }
        mp_settle(p->name, &holds);
    }
}

/* Is there another pool for the wanted settings than the one that the port
 * has, though the class sees no difference: another group, or a pool that is
 * being replaced? */
static bool
wants_other_pool(const struct port *p)
{
    struct mp_request req;

    return (p->mp && port_mempool_request(p, &req)
            && !mp_suits(p->mp, &req));
}

/* 7: back to the registry, which sweeps. */
static void
put_memory(struct port *p, struct mp *mp)
{
    if (mp) {
        mp_put(mp, p->name);
    }
}

/* A failure of a port in service is said here: its text stays with the port.
 * Of one that could not be made, its creator says it. */
static void
log_failure(const struct port *p, const char *error)
{
    if (p->running.valid && !nullable_string_is_equal(p->error, error)) {
        VLOG_WARN("%s", error);
    }
}

static int
change(struct port *p, enum port_change kind, char **errp)
{
    struct mp *old = p->mp;
    struct mp *new;
    char *start_error = NULL;
    int error;

    if (p->class->check) {
        error = p->class->check(p, errp);                       /* 1 */
        if (error) {
            log_failure(p, *errp);
            return error;
        }
    }
    error = get_memory(p, &new, errp);                          /* 2 */
    if (error) {
        log_failure(p, *errp);
        settle_memory(p);
        if (p->mp && p->class->carry_on) {
            p->class->carry_on(p);
        }
        return error;
    }
    if (new != old && !p->class->live_mempool) {
        kind = PORT_CHANGE_RESTART;     /* rx draws from the pool */
    }
    if (kind == PORT_CHANGE_RESTART) {
        quiesce(p);                                             /* 3 */
    }
    error = p->class->reconfigure(p, new, kind, errp);          /* 4 */
    if (!error) {
        p->mp = new;
        p->running.valid = true;
    } else {
        log_failure(p, *errp);
        if (new != old) {
            put_memory(p, new);
        }
    }

    /* Also after a failure: the device is then configured as before. */
    if (p->state != PORT_RUNNING && p->running.valid) {
        int rc = start(p, &start_error);                        /* 5 */

        if (rc) {
            log_failure(p, start_error);
        }
        if (rc && !error) {
            error = rc;
            *errp = start_error;
            start_error = NULL;
        } else if (rc) {
            char *both = xasprintf("%s; and then: %s", *errp, start_error);

            free(*errp);
            *errp = both;
        }
        if (!rc && p->published) {
            publish(p);                                         /* 6 */
        }
    }
    if (p->mp == new && new != old) {
        if (old && kind == PORT_CHANGE_LIVE) {
            rcu_synchronize();          /* nobody draws from it any more */
        }
        put_memory(p, old);                                     /* 7 */
    }
    settle_memory(p);
    free(start_error);
    port_changed(p);
    return error;
}

int
port_reconfigure(struct port *p, char **errp)
{
    enum port_change kind = p->class->plan(p);
    char *error_text = NULL;
    int error;

    *errp = NULL;
    port_qos_apply(p);          /* before the first frame of a new port */
    if (kind == PORT_CHANGE_NONE && wants_other_pool(p)) {
        kind = PORT_CHANGE_LIVE;
    }
    if (kind == PORT_CHANGE_NONE && p->state == PORT_RUNNING) {
        set_error(p, NULL);
        return 0;
    } else if (kind != PORT_CHANGE_RESTART && p->state != PORT_RUNNING) {
        kind = PORT_CHANGE_RESTART;
    }
    port_sample_hold(p);
    error = change(p, kind, &error_text);
    port_remember(p);
    port_sample_release(p);
    port_sample_ask(p, true);
    if (error) {
        set_error(p, error_text);
        *errp = error_text;
    } else {
        set_error(p, NULL);
    }
    return error;
}

int
port_set(struct port *p, const struct cfg_settings *set, unsigned int n_txq,
         char **errp)
{
    cfg_settings_destroy(&p->wanted);
    cfg_settings_clone(&p->wanted, set);
    p->want_n_txq = (uint16_t) MIN(n_txq, PORT_MAX_TXQ);
    port_steer(p);
    port_changed(p);            /* its status shows settings */
    return port_reconfigure(p, errp);
}

static void *
zalloc_aligned(size_t size)
{
    void *v = xmalloc_cacheline(size);

    memset(v, 0, size);
    return v;
}

static void
release(struct port *p)
{
    cfg_settings_destroy(&p->wanted);
    port_qos_destroy(p);
    smap_destroy(&p->status);
    free_cacheline(p->txqs);
    free_cacheline(p->rxc);
    free_cacheline(p->txc);
    free(p->error);
    free(p->remark);
    free(p->name);
    free_cacheline(p);
}

struct port *
port_create_with_class(const struct port_class *class, const char *name,
                       const struct cfg_settings *set, unsigned int n_txq,
                       char **errp)
{
    struct port *p = zalloc_aligned(class->size);

    *errp = NULL;
    p->class = class;
    p->name = xstrdup(name);
    p->state = PORT_NEW;
    atomic_init(&p->admin_up, true);
    cfg_settings_clone(&p->wanted, set);
    p->want_n_txq = (uint16_t) MIN(n_txq, PORT_MAX_TXQ);
    p->txqs = zalloc_aligned(PORT_MAX_TXQ * sizeof *p->txqs);
    p->rxc = zalloc_aligned(PORT_MAX_RXQ * sizeof *p->rxc);
    p->txc = zalloc_aligned(PORT_MAX_TXQ * sizeof *p->txc);
    for (size_t i = 0; i < PORT_MAX_TXQ; i++) {
        rte_spinlock_init(&p->txqs[i].lock);
    }
    atomic_init(&p->txq_count, 0);
    atomic_init(&p->txq_own, 0);
    atomic_init(&p->tx_by_hash, false);
    atomic_init(&p->ingress, NULL);
    smap_init(&p->status);

    if (class->construct(p, errp)) {
        release(p);
        return NULL;
    }
    p->state = PORT_PROBED;
    port_register(p);
    port_sample_init(p);
    if (port_reconfigure(p, errp)) {
        port_delete(p);
        return NULL;
    }
    return p;
}

void
port_delete(struct port *p)
{
    struct mp *mp = p->mp;

    port_sample_hold(p);
    quiesce(p);
    port_unregister(p);
    p->class->destruct(p);
    port_sample_destroy(p);
    p->state = PORT_GONE;
    p->mp = NULL;
    put_memory(p, mp);
    release(p);
}

void
port_publish(struct port *p)
{
    p->published = true;
    if (p->state == PORT_RUNNING) {
        publish(p);
    }
}
