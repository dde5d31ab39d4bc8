/* SPDX-License-Identifier: Apache-2.0
 *
 * egress-policer.c: how much may a port send, whatever it is?
 *
 * One bucket: RFC 2697 without excess burst.  What is not green is dropped.
 */
#include <config.h>
#include "qos/qos-class.h"

#include "eal/log-modules.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define this_module log_netdev_dpdk

struct egress_policer {
    struct qos up;
    struct bucket bucket;
    uint64_t cir, cbs;          /* as asked for */
};

static int
create(const struct cfg_qos *cfg, const char *port OVS_UNUSED,
       struct qos **qosp, char **why)
{
    const struct cfg_meter *m = &cfg->meter;
    struct egress_policer *p = qos_alloc(&egress_policer_class, sizeof *p);
    int error = bucket_init(&p->bucket, m->cir, m->cbs);

    if (error) {
        VLOG_ERR("Could not create rte meter for egress policer");
        *why = xasprintf("cir is %"PRIu64" and cbs %"PRIu64", both must be "
                         "at least 1", m->cir, m->cbs);
        free_cacheline(p);
        return error;
    }
    p->cir = m->cir;
    p->cbs = m->cbs;
    *qosp = &p->up;
    return 0;
}

static void
destroy(struct qos *q)
{
    free_cacheline(CONTAINER_OF(q, struct egress_policer, up));
}

static uint64_t
run(struct qos *q, uint64_t now, struct rte_mbuf *const *m,
    const uint32_t *queue OVS_UNUSED, unsigned int n)
{
    struct egress_policer *p = CONTAINER_OF(q, struct egress_policer, up);
    uint64_t passed = 0;

    for (unsigned int i = 0; i < n; i++) {
        passed |= (uint64_t) bucket_take(&p->bucket, now, qos_len(m[i])) << i;
    }
    return passed;
}

static void
format(const struct qos *q, struct ds *ds)
{
    const struct egress_policer *p
        = CONTAINER_OF(q, struct egress_policer, up);

    ds_put_format(ds, "cir: %"PRIu64"\ncbs: %"PRIu64"\n", p->cir, p->cbs);
}

const struct qos_class egress_policer_class = {
    .type = "egress-policer",
    .create = create,
    .destroy = destroy,
    .run = run,
    .format = format,
};
