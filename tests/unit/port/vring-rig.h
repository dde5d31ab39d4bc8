/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-rig.h: what tests of rings stand on: DPDK on ordinary memory, a
 * guest's memory, a pool of mbufs.
 */
#ifndef VRING_RIG_H
#define VRING_RIG_H 1

#include <stdint.h>

#include "port/vring.h"
#include "tests/fake/fake-driver.h"

struct rte_mbuf;

enum {
    F_MERGEABLE = 15, F_INDIRECT = 28, F_EVENT_IDX = 29, F_VERSION_1 = 32,
    F_IN_ORDER = 35,

    RIG_MBUFS = 511,
};

#define BIT(F) (1ULL << (F))

struct vring_rig {
    struct fake_memory mem;
    struct fake_driver driver;
    struct vring_queue queue;
    struct rte_mempool *pool;   /* of mbufs for 2,048 bytes */
    int callfd;
};

/* The one rig.  cmocka's group setup and teardown; the latter fails where an
 * mbuf is missing, or is not as the pool wants it. */
extern struct vring_rig rig;
int vring_rig_start(void **state);
int vring_rig_stop(void **state);

/* A new ring with a new driver; vring_rig_close() when done. */
void vring_rig_open(uint32_t size, uint64_t features, uint16_t base);
void vring_rig_close(void);

/* Was the guest interrupted since the last call? */
bool vring_rig_interrupted(void);

/* A frame of these bytes in `n_segs` segments. */
struct rte_mbuf *vring_rig_frame(const uint8_t *bytes, uint32_t len,
                                 unsigned int n_segs);

#endif
