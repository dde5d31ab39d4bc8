/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-rig.h: what tests of lib/mem stand on: DPDK on a heap of fixed size, of
 * ordinary memory, and the daemon's log in a file that can be searched.
 */
#ifndef MEM_RIG_H
#define MEM_RIG_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem/mempool.h"

struct rte_mbuf;

/* Starts DPDK with a heap of `heap_mb` MB and the log.  0, else cmocka's
 * group setup fails. */
int rig_start(unsigned int heap_mb);
int rig_start_with_telemetry(unsigned int heap_mb);

/* cmocka group teardown: fails where pools are left or the heap has lost
 * memory since rig_start(). */
int rig_stop(void **state);

/* Starts over with this model; there must be no pool. */
void rig_model(bool per_port);
void rig_model_is(const struct mp_model *);

/* A request with the settings of an ethdev port with one rx queue and one
 * packet thread. */
struct mp_request rig_request(const char *port, uint32_t mtu);

/* mp_get() that must succeed, or fail with each of the texts in the error. */
struct mp *rig_get(const struct mp_request *);
void rig_get_fails(const struct mp_request *, const char *text1,
                   const char *text2);

struct mp_info rig_info(const struct mp *);
unsigned int rig_n_pools(void);

/* Lines of the log since rig_log_clear() with `level` ("WARN", "" for any)
 * and `text` in them. */
unsigned int rig_log_count(const char *level, const char *text);
void rig_log_clear(void);

/* Bytes in use of DPDK's heap. */
size_t rig_heap_used(void);

/* Is `m` an mbuf just as its pool makes them? */
bool rig_mbuf_is_fresh(const struct rte_mbuf *m,
                       const struct rte_mempool *pool);

#endif
