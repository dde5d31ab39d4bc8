/* SPDX-License-Identifier: Apache-2.0
 *
 * egress-trtcm.c: how much may a port send of each queue?
 *
 * Two meters of RFC 4115 in a row: that of the frame's queue gives it a color
 * without looking at any other, that of the port takes this color into
 * account.  Green and yellow frames pass, so that a queue may promise some of
 * its frames a place (cir) and offer the others what is left over (eir).
 *
 * Queue 0 always exists; where the database does not describe it, it has the
 * port's own rates.  A frame of a queue that does not exist counts for it.
 */
#include <config.h>
#include "qos/qos-class.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "eal/log-modules.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define this_module log_netdev_dpdk

struct meter {
    struct rte_meter_trtcm_rfc4115_profile profile;
    struct rte_meter_trtcm_rfc4115 meter;
    struct cfg_meter asked;
};

/* Counters: the holder of the lock writes, anybody reads. */
struct queue {
    uint32_t id;
    struct meter meter;
    _Atomic(uint64_t) packets, bytes;   /* sent */
    _Atomic(uint64_t) dropped;          /* frames */
};

struct trtcm {
    struct qos up;
    struct meter port;
    struct queue *queues;       /* [0] is queue 0, then in order of id */
    size_t n_queues;
};

/* 0 or -EINVAL with `*why`. */
static int
meter_init(struct meter *m, const struct cfg_meter *asked, char **why)
{
    struct rte_meter_trtcm_rfc4115_params params = {
        .cir = asked->cir, .cbs = asked->cbs,
        .eir = asked->eir, .ebs = asked->ebs,
    };

    /* DPDK would take it: a meter that nothing ever passes. */
    if (!asked->cir && !asked->eir) {
        *why = xstrdup("cir and eir are both 0: one must be at least 1");
        return -EINVAL;
    }
    if (rte_meter_trtcm_rfc4115_profile_config(&m->profile, &params)
        || rte_meter_trtcm_rfc4115_config(&m->meter, &m->profile)) {
        *why = xasprintf("cir is %"PRIu64" with cbs %"PRIu64", eir %"PRIu64
                         " with ebs %"PRIu64": a rate needs a burst size of "
                         "at least 1", asked->cir, asked->cbs, asked->eir,
                         asked->ebs);
        return -EINVAL;
    }
    m->asked = *asked;
    return 0;
}

static bool
meter_is_empty(const struct cfg_meter *m)
{
    return !m->cir && !m->cbs && !m->eir && !m->ebs;
}

/* One that is wrong is left out; queue 0 then has the port's rates. */
static void
add_queue(struct trtcm *t, const struct cfg_qos_queue *cfg, const char *port,
          struct ds *wrong)
{
    struct queue *q = cfg->id ? &t->queues[t->n_queues] : &t->queues[0];
    struct meter meter;
    char *why = NULL;

    if (!cfg->id && meter_is_empty(&cfg->meter)) {
        return;
    }
    if (meter_init(&meter, &cfg->meter, &why)) {
        VLOG_ERR("Failed to set QoS queue %"PRIu32" on port %s: %s", cfg->id,
                 port, ovs_strerror(EINVAL));
        ds_put_format(wrong, "%squeue %"PRIu32": %s",
                      wrong->length ? "; " : "", cfg->id, why);
        free(why);
        return;
    }
    q->id = cfg->id;
    q->meter = meter;
    t->n_queues += cfg->id > 0;
}

static int
create(const struct cfg_qos *cfg, const char *port, struct qos **qosp,
       char **why)
{
    struct trtcm *t = qos_alloc(&egress_trtcm_class, sizeof *t);
    struct ds wrong = DS_EMPTY_INITIALIZER;
    int error = meter_init(&t->port, &cfg->meter, why);

    if (error) {
        free_cacheline(t);
        return error;
    }
    t->queues = xcalloc(cfg->n_queues + 1, sizeof *t->queues);
    t->queues[0].meter = t->port;
    t->n_queues = 1;
    for (size_t i = 0; i < cfg->n_queues; i++) {
        add_queue(t, &cfg->queues[i], port, &wrong);
    }
    *why = wrong.length ? ds_steal_cstr(&wrong) : NULL;
    *qosp = &t->up;
    return 0;
}

static void
destroy(struct qos *q)
{
    struct trtcm *t = CONTAINER_OF(q, struct trtcm, up);

    free(t->queues);
    free_cacheline(t);
}

static int
compare_id(const void *id_, const void *q_)
{
    const uint32_t *id = id_;
    const struct queue *q = q_;

    return *id < q->id ? -1 : *id > q->id;
}

static struct queue *
find_queue(struct trtcm *t, uint32_t id)
{
    struct queue *q = NULL;

    if (id && t->n_queues > 1) {
        q = bsearch(&id, t->queues + 1, t->n_queues - 1, sizeof *t->queues,
                    compare_id);
    }
    return q ? q : &t->queues[0];
}

static inline void
count(_Atomic(uint64_t) *counter, uint64_t n)
{
    atomic_store_explicit(counter, n + atomic_load_explicit(
                              counter, memory_order_relaxed),
                          memory_order_relaxed);
}

static bool
pass(struct trtcm *t, struct queue *q, uint64_t now, uint32_t len)
{
    enum rte_color color = rte_meter_trtcm_rfc4115_color_blind_check(
        &q->meter.meter, &q->meter.profile, now, len);

    color = rte_meter_trtcm_rfc4115_color_aware_check(
        &t->port.meter, &t->port.profile, now, len, color);
    if (color == RTE_COLOR_RED) {
        count(&q->dropped, 1);
        return false;
    }
    count(&q->packets, 1);
    count(&q->bytes, len);
    return true;
}

static uint64_t
run(struct qos *qos, uint64_t now, struct rte_mbuf *const *m,
    const uint32_t *queue, unsigned int n)
{
    struct trtcm *t = CONTAINER_OF(qos, struct trtcm, up);
    uint64_t passed = 0;

    for (unsigned int i = 0; i < n; i++) {
        struct queue *q = queue ? find_queue(t, queue[i]) : &t->queues[0];

        passed |= (uint64_t) pass(t, q, now, qos_len(m[i])) << i;
    }
    return passed;
}

static void
format_meter(const struct meter *m, const char *indent, struct ds *ds)
{
    ds_put_format(ds, "%scir: %"PRIu64"\n", indent, m->asked.cir);
    ds_put_format(ds, "%seir: %"PRIu64"\n", indent, m->asked.eir);
    ds_put_format(ds, "%sebs: %"PRIu64"\n", indent, m->asked.ebs);
    ds_put_format(ds, "%scbs: %"PRIu64"\n", indent, m->asked.cbs);
}

static void
format_counter(const char *name, const _Atomic(uint64_t) *counter,
               struct ds *ds)
{
    ds_put_format(ds, "  %s: %"PRIu64"\n", name,
                  atomic_load_explicit(counter, memory_order_relaxed));
}

static void
format(const struct qos *qos, struct ds *ds)
{
    const struct trtcm *t = CONTAINER_OF(qos, struct trtcm, up);

    format_meter(&t->port, "", ds);
    for (size_t i = 0; i < t->n_queues; i++) {
        const struct queue *q = &t->queues[i];

        if (q->id) {
            ds_put_format(ds, "\nQueue %"PRIu32":\n", q->id);
        } else {
            ds_put_cstr(ds, "\nDefault:\n");
        }
        format_meter(&q->meter, "  ", ds);
        format_counter("tx_packets", &q->packets, ds);
        format_counter("tx_bytes", &q->bytes, ds);
        format_counter("tx_errors", &q->dropped, ds);
    }
}

const struct qos_class egress_trtcm_class = {
    .type = "trtcm-policer",
    .create = create,
    .destroy = destroy,
    .run = run,
    .format = format,
};
