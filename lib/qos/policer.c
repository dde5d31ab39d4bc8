/* SPDX-License-Identifier: Apache-2.0
 *
 * policer.c: how much may a port receive?
 *
 * A bucket of bytes, one of frames, or both: a frame passes that finds its
 * tokens in each, and takes none where it does not pass.
 */
#include <config.h>
#include "qos/qos.h"

#include "eal/log-modules.h"
#include "openvswitch/dynamic-string.h"
#include "qos/qos-class.h"
#include "util.h"

#define this_module log_netdev_dpdk

enum {
    BURST_KBIT = 8000,          /* for a burst of 0 */
    BURST_KPKTS = 16,
    BYTES_PER_KBIT = 125,
    FRAMES_PER_KPKT = 1000,
};

struct policer {
    struct qos up;
    bool by_bytes, by_frames;
    struct bucket bytes, frames;
};

static const struct qos_class policer_class;

/* A value of a column, at most UINT32_MAX so that no product overflows. */
static bool
in_range(const char *column, uint64_t value, char **why)
{
    if (value > UINT32_MAX) {
        *why = xasprintf("%s %"PRIu64" is above %"PRIu32, column, value,
                         UINT32_MAX);
    }
    return value <= UINT32_MAX;
}

static bool
all_in_range(const struct cfg_policing *c, char **why)
{
    return (in_range("ingress_policing_rate", c->rate, why)
            && in_range("ingress_policing_burst", c->burst, why)
            && in_range("ingress_policing_kpkts_rate", c->kpkts_rate, why)
            && in_range("ingress_policing_kpkts_burst", c->kpkts_burst,
                        why));
}

static int
init(struct policer *p, const struct cfg_policing *c)
{
    int error = 0;

    if (c->rate) {
        p->by_bytes = true;
        error = bucket_init(&p->bytes, c->rate * BYTES_PER_KBIT,
                            (c->burst ? c->burst : BURST_KBIT)
                            * BYTES_PER_KBIT);
    }
    if (!error && c->kpkts_rate) {
        p->by_frames = true;
        error = bucket_init(&p->frames, c->kpkts_rate * FRAMES_PER_KPKT,
                            (c->kpkts_burst ? c->kpkts_burst : BURST_KPKTS)
                            * FRAMES_PER_KPKT);
    }
    return error;
}

struct qos *
policer_create(const struct cfg_policing *cfg, const char *port, char **errp)
{
    struct policer *p;
    char *why = NULL;

    *errp = NULL;
    if (!cfg->rate && !cfg->kpkts_rate) {
        return NULL;
    }
    p = qos_alloc(&policer_class, sizeof *p);
    if (all_in_range(cfg, &why) && !init(p, cfg)) {
        return &p->up;
    }
    VLOG_ERR("Could not create rte meter for ingress policer");
    *errp = xasprintf("%s: ingress policing is not in force: %s", port,
                      why ? why : "DPDK refused its settings");
    free(why);
    free_cacheline(p);
    return NULL;
}

static void
destroy(struct qos *q)
{
    free_cacheline(CONTAINER_OF(q, struct policer, up));
}

static bool
pass(struct policer *p, uint64_t now, uint32_t len)
{
    if (p->by_frames && !bucket_take(&p->frames, now, 1)) {
        return false;
    }
    if (p->by_bytes && !bucket_take(&p->bytes, now, len)) {
        if (p->by_frames) {
            p->frames.meter.tc++;       /* back */
        }
        return false;
    }
    return true;
}

static uint64_t
run(struct qos *q, uint64_t now, struct rte_mbuf *const *m,
    const uint32_t *queue OVS_UNUSED, unsigned int n)
{
    struct policer *p = CONTAINER_OF(q, struct policer, up);
    uint64_t passed = 0;

    for (unsigned int i = 0; i < n; i++) {
        passed |= (uint64_t) pass(p, now, qos_len(m[i])) << i;
    }
    return passed;
}

static const struct qos_class policer_class = {
    .destroy = destroy,
    .run = run,
};
