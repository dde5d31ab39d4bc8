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
test_fallback(void **state OVS_UNUSED)
{
    check_fallback(5);
    while (n_taken < ARRAY_SIZE(taken)
           && (taken[n_taken] = rte_malloc_socket(NULL, 1 << 20, 0, other))) {
        n_taken++;
    }
    check_fallback(other);
    while (n_taken) {
        rte_free(taken[--n_taken]);
    }
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
    };

    return cmocka_run_group_tests_name("mem/mp-socket", tests, setup,
                                       teardown);
}
