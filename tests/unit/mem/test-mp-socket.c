/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory on several NUMA sockets: sockets that DPDK's external heaps make up,
 * beside socket 0.
 */
#include <config.h>
#include "mem/mempool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include <rte_malloc.h>

#include "openvswitch/compiler.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

enum {
    HEAP_MB = 128,
    OTHER_BYTES = 32 * 1024 * 1024,
    PAGE = 2 * 1024 * 1024,
};

static const char heap[] = "other";
static void *memory = MAP_FAILED;
static int other;               /* the socket of `heap` */

static struct mp_request
request(const char *port, int socket, uint32_t n)
{
    struct mp_request req = rig_request(port, 1500);

    req.socket = socket;
    req.group = "g";
    req.n_mbufs = n;
    return req;
}

/* Pools of one MTU and group on two sockets are two. */
static void
test_two_sockets(void **state OVS_UNUSED)
{
    struct mp_request a = request("a", 0, 4000);
    struct mp_request b = request("b", other, 4000);
    struct mp *mp_a, *mp_b;

    rig_model(false);
    mp_a = rig_get(&a);
    mp_b = rig_get(&b);
    assert_ptr_not_equal(mp_a, mp_b);
    assert_int_equal(rig_info(mp_b).socket, other);
    mp_put(mp_a, "a");
    mp_put(mp_b, "b");
}

/* Socket and bytes stand in the text; no other socket is taken unasked. */
static void
test_none_there(void **state OVS_UNUSED)
{
    struct mp_request req = request("a", other, 40000);

    rig_model(false);
    rig_get_fails(&req, "on socket 256: out of memory on socket 256: 40000 "
                  "mbufs (94720000 bytes)", "at least 16384");
    req.socket = 5;
    rig_get_fails(&req, "on socket 5: there is no such socket: 40000 mbufs",
                  "(94720000 bytes)");
    req.n_mbufs = 0;
    req.group = NULL;
    rig_get_fails(&req, "262144 mbufs", "socket 5");
}

static void
check_fallback(int socket)
{
    struct mp_request req = request("a", socket, 30000);
    struct mp_request local = request("b", 0, 30000);
    struct mp *mp;

    rig_model(false);
    mp_set_numa_fallback(true);
    rig_log_clear();
    mp = rig_get(&req);
    assert_int_equal(rig_info(mp).socket, 0);
    assert_true(mp_is_fallback(mp, "a"));
    assert_int_equal(rig_log_count("WARN", "on socket 0 is used, as "
                                   "mempool-numa-fallback allows"), 1);
    /* It is what the port has: a change of something else makes no new one. */
    assert_true(mp_suits(mp, &req));
    assert_ptr_equal(rig_get(&local), mp);
    assert_false(mp_is_fallback(mp, "b"));
    mp_set_numa_fallback(false);
    assert_false(mp_suits(mp, &req));
    mp_put(mp, "a");
    mp_put(mp, "b");
    assert_int_equal(rig_n_pools(), 0);
}

static void *taken[OTHER_BYTES / 1024 / 1024];
static size_t n_taken;

static void
take_other(void)
{
    while (n_taken < ARRAY_SIZE(taken)
           && (taken[n_taken] = rte_malloc_socket(NULL, 1 << 20, 0, other))) {
        n_taken++;
    }
}

static void
give_other_back(void)
{
    while (n_taken) {
        rte_free(taken[--n_taken]);
    }
}

static void
test_fallback(void **state OVS_UNUSED)
{
    check_fallback(5);
    take_other();
    check_fallback(other);
    give_other_back();
}

static struct mp_request
elastic_request(const char *port, uint32_t rx)
{
    struct mp_request req = rig_request(port, 1500);

    req.socket = other;
    req.holds.rx = rx;
    return req;
}

/* Memory for a pool there was, for a newcomer's part of it there is not. */
static void
test_fallback_of_newcomer(void **state OVS_UNUSED)
{
    struct mp_request a = elastic_request("a", 1000);
    struct mp_request b = elastic_request("b", 20000);
    struct mp *mp_a, *mp_b;

    rig_model_is(&(struct mp_model) { .elastic = true });
    mp_a = rig_get(&a);
    rig_get_fails(&b, "with MTU 1500 on socket 256", "out of memory on");
    mp_set_numa_fallback(true);
    mp_b = rig_get(&b);
    assert_int_equal(rig_info(mp_a).socket, other);
    assert_int_equal(rig_info(mp_a).refs, 1);
    assert_int_equal(rig_info(mp_b).socket, 0);
    assert_true(mp_is_fallback(mp_b, "b"));
    assert_true(mp_suits(mp_b, &b));
    mp_put(mp_a, "a");
    mp_put(mp_b, "b");
}

/* A pool that can't grow for more threads keeps none on another socket from
 * it. */
static void
test_short_on_one(void **state OVS_UNUSED)
{
    struct mp_request a = elastic_request("a", 1000);
    struct mp_request b = elastic_request("b", 1000);
    struct mp *mp_a, *mp_b;

    rig_model_is(&(struct mp_model) { .elastic = true });
    rig_log_clear();
    b.socket = 0;
    mp_a = rig_get(&a);
    mp_b = rig_get(&b);
    take_other();
    mp_set_threads(10);
    assert_true(rig_info(mp_a).degraded);
    assert_false(rig_info(mp_b).degraded);
    assert_int_equal(rig_log_count("WARN", "out of memory on socket 256"), 1);
    give_other_back();
    mp_put(mp_a, "a");
    mp_put(mp_b, "b");
}

static int
setup(void **state OVS_UNUSED)
{
    memory = mmap(NULL, OTHER_BYTES + PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || rig_start(HEAP_MB)
        || rte_malloc_heap_create(heap)
        || rte_malloc_heap_memory_add(heap, (void *) ROUND_UP(
                                          (uintptr_t) memory, PAGE),
                                      OTHER_BYTES, NULL, 0, PAGE)) {
        return -1;
    }
    other = rte_malloc_heap_get_socket(heap);
    return other == 256 ? 0 : -1;
}

static int
teardown(void **state)
{
    if (rte_malloc_heap_memory_remove(heap, (void *) ROUND_UP(
                                          (uintptr_t) memory, PAGE),
                                      OTHER_BYTES)
        || rte_malloc_heap_destroy(heap)) {
        print_error("memory of the other heap is in use\n");
        return -1;
    }
    return rig_stop(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_sockets),
        cmocka_unit_test(test_none_there),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_fallback_of_newcomer),
        cmocka_unit_test(test_short_on_one),
    };

    return cmocka_run_group_tests_name("mem/mp-socket", tests, setup,
                                       teardown);
}
