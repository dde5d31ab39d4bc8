/* SPDX-License-Identifier: Apache-2.0
 *
 * qos.c: how does a burst of frames pass a limit?
 *
 * A lock for each limit, held while up to 64 frames are judged: less than a
 * microsecond.  Frames that may not pass are freed without it.  The time is
 * read under the lock, since the meters take time that went back for an age
 * that passed, and fill their buckets; and as cores need not agree on the time
 * to a cycle, the latest time that any of them read counts.
 */
#include <config.h>
#include "qos/qos.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "eal/log-modules.h"
#include "openvswitch/dynamic-string.h"
#include "qos/qos-class.h"
#include "util.h"

#define this_module log_netdev_dpdk

/* One row per type of QoS. */
static const struct qos_class *const classes[] = {
    &egress_policer_class,
    &egress_trtcm_class,
};

const char *const *
qos_types(void)
{
    static const char *types[ARRAY_SIZE(classes) + 1];

    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        types[i] = classes[i]->type;
    }
    return types;
}

static const struct qos_class *
find_class(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        if (!strcmp(classes[i]->type, type)) {
            return classes[i];
        }
    }
    return NULL;
}

static char *
list_types(void)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        ds_put_format(&ds, "%s%s", i ? ", " : "", classes[i]->type);
    }
    return ds_steal_cstr(&ds);
}

struct qos *
qos_create(const struct cfg_qos *cfg, const char *port, char **errp)
{
    const struct qos_class *class;
    struct qos *q = NULL;
    char *why = NULL;
    int error;

    *errp = NULL;
    if (!cfg->type) {
        return NULL;
    }
    class = find_class(cfg->type);
    if (class) {
        error = class->create(cfg, port, &q, &why);
    } else {
        char *known = list_types();

        error = -EOPNOTSUPP;
        why = xasprintf("known types are %s", known);
        free(known);
    }
    if (error) {
        VLOG_ERR("Failed to set QoS type %s on port %s: %s", cfg->type, port,
                 ovs_strerror(-error));
        *errp = xasprintf("%s: QoS type %s is not in force: %s", port,
                          cfg->type, why);
    } else if (why) {
        *errp = xasprintf("%s: QoS type %s: %s", port, cfg->type, why);
    }
    free(why);
    return q;
}

void *
qos_alloc(const struct qos_class *class, size_t size)
{
    struct qos *q = xzalloc_cacheline(size);

    q->class = class;
    rte_spinlock_init(&q->lock);
    return q;
}

void
qos_destroy(struct qos *q)
{
    if (q) {
        q->class->destroy(q);
    }
}

const char *
qos_type(const struct qos *q)
{
    return q->class->type;
}

void
qos_format(const struct qos *q, struct ds *ds)
{
    q->class->format(q, ds);
}

/* Moves the frames whose bits are in `pass` to the front and frees the
 * others. */
static uint16_t
sift(struct rte_mbuf **m, uint16_t n, uint64_t pass)
{
    struct rte_mbuf *dropped[QOS_BURST];
    unsigned int n_dropped = 0;
    uint16_t n_passed = 0;

    for (uint16_t i = 0; i < n; i++) {
        if (pass & UINT64_C(1) << i) {
            m[n_passed++] = m[i];
        } else {
            dropped[n_dropped++] = m[i];
        }
    }
    if (n_dropped) {
        rte_pktmbuf_free_bulk(dropped, n_dropped);
    }
    return n_passed;
}

static uint64_t
judge(struct qos *q, uint64_t now, struct rte_mbuf *const *m,
      const uint32_t *queue, uint16_t n)
{
    q->last = MAX(q->last, now);
    return q->class->run(q, q->last, m, queue, n);
}

uint16_t
qos_run_at(struct qos *q, uint64_t now, struct rte_mbuf **m,
           const uint32_t *queue, uint16_t n)
{
    uint64_t pass;

    rte_spinlock_lock(&q->lock);
    pass = judge(q, now, m, queue, n);
    rte_spinlock_unlock(&q->lock);
    return sift(m, n, pass);
}

uint16_t
qos_run(struct qos *q, struct rte_mbuf **m, const uint32_t *queue, uint16_t n)
{
    uint16_t n_passed = 0;

    for (uint16_t i = 0; i < n; ) {
        uint16_t some = (uint16_t) MIN(n - i, QOS_BURST);
        uint64_t pass;
        uint16_t k;

        rte_spinlock_lock(&q->lock);
        pass = judge(q, rte_get_tsc_cycles(), m + i, queue ? queue + i : NULL,
                     some);
        rte_spinlock_unlock(&q->lock);
        k = sift(m + i, some, pass);
        if (i != n_passed) {
            memmove(m + n_passed, m + i, k * sizeof *m);
        }
        n_passed = (uint16_t) (n_passed + k);
        i = (uint16_t) (i + some);
    }
    return n_passed;
}
