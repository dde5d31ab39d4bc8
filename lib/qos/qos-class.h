/* SPDX-License-Identifier: Apache-2.0
 *
 * qos-class.h: the seam for another kind of limit.  Private to lib/qos.
 *
 * A kind of egress limit is one file with one `struct qos_class` and one row
 * in the table of qos.c.
 */
#ifndef QOS_QOS_CLASS_H
#define QOS_QOS_CLASS_H 1

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_meter.h>
#include <rte_spinlock.h>

#include "qos/qos.h"

enum { QOS_BURST = 64 };        /* frames of one run() */

/* Each class's struct begins with one. */
struct qos {
    const struct qos_class *class;
    rte_spinlock_t lock;        /* held for run() */
    uint64_t last;              /* TSC of the last run(), under `lock` */
};

struct qos_class {
    const char *type;           /* QoS.type */

    /* 0 and `*qosp`, or -EINVAL; `*why` as *errp of qos_create(), but without
     * the port's name and the type.  NULL: not made from a QoS row. */
    int (*create)(const struct cfg_qos *, const char *port,
                  struct qos **qosp, char **why);
    /* Frees everything. */
    void (*destroy)(struct qos *);

    /* Which of `n` frames, at most QOS_BURST, may pass at TSC `now`, which
     * never goes back: a bit each.  Under `lock`. */
    uint64_t (*run)(struct qos *, uint64_t now, struct rte_mbuf *const *m,
                    const uint32_t *queue, unsigned int n);

    /* See qos_format().  Not under `lock`: packet threads must not wait for
     * the main thread. */
    void (*format)(const struct qos *, struct ds *);
};

extern const struct qos_class egress_policer_class;
extern const struct qos_class egress_trtcm_class;

/* Memory for a class's struct, zeroed. */
void *qos_alloc(const struct qos_class *, size_t size);

/* What counts of a frame, in bytes. */
static inline uint32_t
qos_len(const struct rte_mbuf *m)
{
    uint32_t len = rte_pktmbuf_pkt_len(m);

    return len > RTE_ETHER_HDR_LEN ? len - RTE_ETHER_HDR_LEN : 0;
}

/* One bucket: `rate` tokens a second, `depth` tokens at most. */
struct bucket {
    struct rte_meter_srtcm_profile profile;
    struct rte_meter_srtcm meter;
};

/* 0, or -EINVAL: one of both is 0. */
static inline int
bucket_init(struct bucket *b, uint64_t rate, uint64_t depth)
{
    struct rte_meter_srtcm_params params = { .cir = rate, .cbs = depth };

    return (rte_meter_srtcm_profile_config(&b->profile, &params)
            || rte_meter_srtcm_config(&b->meter, &b->profile) ? -EINVAL : 0);
}

/* Takes `tokens` at `now`, if there are so many. */
static inline bool
bucket_take(struct bucket *b, uint64_t now, uint32_t tokens)
{
    return rte_meter_srtcm_color_blind_check(&b->meter, &b->profile, now,
                                             tokens) == RTE_COLOR_GREEN;
}

#endif
