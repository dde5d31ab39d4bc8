/* SPDX-License-Identifier: Apache-2.0
 *
 * qos-rig.h: an EAL, frames and a clock of the test's own, for the tests of
 * lib/qos.  Included after <cmocka.h>.
 */
#ifndef QOS_RIG_H
#define QOS_RIG_H 1

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_mbuf.h>

#include "qos/qos.h"
#include "util.h"

enum { FRAMES = 1024 };

static struct rte_mempool *pool;
static uint64_t now;            /* of qos_run_at(), TSC cycles */

static inline int
rig_setup(void **state OVS_UNUSED)
{
    char prefix[64];

    snprintf(prefix, sizeof prefix, "--file-prefix=qos-%d", getpid());

    char *argv[] = { "test", "--no-huge", "--no-pci", "--no-telemetry",
                     "-m", "64", "--log-level=error", prefix, NULL };

    if (rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0) {
        return -1;
    }
    pool = rte_pktmbuf_pool_create("frames", FRAMES, 0, 0, 256,
                                   SOCKET_ID_ANY);
    return pool ? 0 : -1;
}

static inline int
rig_teardown(void **state OVS_UNUSED)
{
    rte_mempool_free(pool);
    return rte_eal_cleanup();
}

/* No frame is lost on the way. */
static inline int
rig_end(void **state OVS_UNUSED)
{
    return rte_mempool_avail_count(pool) == FRAMES ? 0 : -1;
}

/* `n` frames with `len` bytes each, their order in the first byte. */
static inline void
frames(struct rte_mbuf **m, uint16_t n, uint32_t len)
{
    assert_int_equal(rte_pktmbuf_alloc_bulk(pool, m, n), 0);
    for (uint16_t i = 0; i < n; i++) {
        m[i]->data_len = (uint16_t) MIN(len, 128);
        m[i]->pkt_len = len;
        *rte_pktmbuf_mtod(m[i], uint8_t *) = (uint8_t) i;
    }
}

/* Sends `n` frames, at most 64, of queue `queue` at `now`; how many passed. */
static inline uint16_t
pass(struct qos *q, uint16_t n, uint32_t len, uint32_t queue)
{
    struct rte_mbuf *m[64];
    uint32_t queues[64];
    uint16_t passed;

    frames(m, n, len);
    for (uint16_t i = 0; i < n; i++) {
        queues[i] = queue;
    }
    passed = qos_run_at(q, now, m, queue ? queues : NULL, n);
    rte_pktmbuf_free_bulk(m, passed);
    return passed;
}

/* Frames that pass in `seconds` when bursts of 32 come `bursts` times a
 * second.  The bucket is emptied before. */
static inline uint64_t
passed_in(struct qos *q, unsigned int seconds, unsigned int bursts,
          uint32_t len, uint32_t queue)
{
    uint64_t step = rte_get_tsc_hz() / bursts;
    uint64_t sum = 0;

    while (pass(q, 32, len, queue)) {
        continue;
    }
    for (unsigned int i = 0; i < seconds * bursts; i++) {
        now += step;
        sum += pass(q, 32, len, queue);
    }
    return sum;
}

/* Within 1 % and a frame of `expected`. */
static inline void
assert_about(uint64_t value, uint64_t expected)
{
    assert_in_range(value, expected - expected / 100 - 1,
                    expected + expected / 100 + 1);
}

static inline void
start_clock(void)
{
    now = rte_get_tsc_cycles();
}

static inline void
assert_text(char *text, const char *expected)
{
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

#endif
