/* SPDX-License-Identifier: Apache-2.0
 *
 * vring-rig.c: see vring-rig.h.
 */
#include <config.h>
#include "tests/unit/port/vring-rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "random.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

struct vring_rig rig;

int
vring_rig_start(void **state OVS_UNUSED)
{
    if (rig_start(64)) {
        return -1;
    }
    random_set_seed(1);
    rig.pool = rte_pktmbuf_pool_create_by_ops("rig", RIG_MBUFS, 0, 0,
                                              2048 + RTE_PKTMBUF_HEADROOM, 0,
                                              "ring_mp_mc");
    rig.callfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    fake_memory_init(&rig.mem);
    return rig.pool && rig.callfd >= 0 ? 0 : -1;
}

int
vring_rig_stop(void **state)
{
    struct rte_mbuf *m[RIG_MBUFS];

    /* Nothing was lost, and all are whole. */
    assert_int_equal(rte_mempool_get_bulk(rig.pool, (void **) m, RIG_MBUFS),
                     0);
    for (unsigned int i = 0; i < RIG_MBUFS; i++) {
        assert_int_equal(rte_mbuf_refcnt_read(m[i]), 1);
        assert_int_equal(m[i]->nb_segs, 1);
        assert_null(m[i]->next);
    }
    rte_mempool_put_bulk(rig.pool, (void **) m, RIG_MBUFS);
    rte_mempool_free(rig.pool);
    fake_memory_destroy(&rig.mem);
    close(rig.callfd);
    return rig_stop(state);
}

void
vring_rig_open(uint32_t size, uint64_t features, uint16_t base)
{
    char *error;

    fake_driver_init(&rig.driver, &rig.mem, size, features, base);
    rig.driver.conf.callfd = rig.callfd;
    memset(&rig.queue, 0, sizeof rig.queue);
    assert_int_equal(vring_set(&rig.queue, &rig.driver.conf, &error), 0);
}

void
vring_rig_close(void)
{
    vring_unset(&rig.queue);
    fake_driver_destroy(&rig.driver);
}

bool
vring_rig_interrupted(void)
{
    eventfd_t n;

    return !eventfd_read(rig.callfd, &n);
}

struct rte_mbuf *
vring_rig_frame(const uint8_t *bytes, uint32_t len, unsigned int n_segs)
{
    struct rte_mbuf *head = NULL;

    for (unsigned int i = 0; i < n_segs; i++) {
        struct rte_mbuf *m = rte_pktmbuf_alloc(rig.pool);
        uint32_t n = (i == n_segs - 1 ? len
                      : len / (n_segs - i));

        assert_non_null(m);
        memcpy(rte_pktmbuf_append(m, (uint16_t) n), bytes, n);
        bytes += n;
        len -= n;
        if (head) {
            assert_int_equal(rte_pktmbuf_chain(head, m), 0);
        } else {
            head = m;
        }
    }
    return head;
}
