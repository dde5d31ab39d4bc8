/* SPDX-License-Identifier: Apache-2.0
 *
 * When memory is short: on a heap of 256 MB that does not grow.
 */
#include <config.h>
#include "mem/mempool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_memzone.h>

#include "mem/mp-chunk.h"
#include "mem/mp-memory.h"
#include "mem/mp-pool.h"
#include "mem/mp-size.h"
#include "openvswitch/compiler.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

enum {
    HEAP_MB = 256,
    MB = 1024 * 1024,
};

/* Takes memory away until `left` MB are left, in pieces of 1 MB. */
static void *taken[HEAP_MB];
static size_t n_taken;

static void
leave_memory(unsigned int left)
{
    while (mp_memory_free(0) > left * (uint64_t) MB) {
        assert_true(n_taken < ARRAY_SIZE(taken));
        taken[n_taken] = rte_malloc_socket(NULL, MB, 0, 0);
        assert_non_null(taken[n_taken]);
        n_taken++;
    }
}

static void
give_memory_back(void)
{
    while (n_taken > 0) {
        rte_free(taken[--n_taken]);
    }
}

/* One main-loop round a second, `n` times. */
static void
rounds(int n)
{
    static long long int later;

    for (int i = 0; i < n; i++) {
        later += 1000;
        mp_care_run(time_msec() + later);
    }
}

static void
check_granted(unsigned int left_mb, uint32_t granted)
{
    struct mp_request req = rig_request("a", 1500);
    struct mp_info info;
    struct mp *mp;

    leave_memory(left_mb);
    rig_log_clear();
    mp = rig_get(&req);
    info = rig_info(mp);
    assert_int_equal(info.asked, 262144);
    assert_int_equal(info.granted, granted);
    assert_int_equal(info.populated, granted);
    assert_true(info.degraded);
    assert_int_equal(rig_log_count("WARN", "got "), 1);
    assert_int_equal(rig_log_count("WARN", "of the 262144 mbufs asked for"),
                     1);
    assert_int_equal(rig_log_count("WARN", ""), 1);
    assert_int_equal(rig_log_count("INFO", "with a request of 262144 mbufs"),
                     1);

    /* It keeps to that size while there is not memory for the next. */
    rounds(3);
    assert_int_equal(rig_info(mp).populated, granted);
    /* A port that joins gets what there is. */
    assert_true(mp_suits(mp, &req));
    req.port = "b";
    assert_ptr_equal(rig_get(&req), mp);
    mp_put(mp, "a");
    mp_put(mp, "b");
    give_memory_back();
}

static void
test_halving(void **state OVS_UNUSED)
{
    check_granted(50, 16384);
    check_granted(70, 16384);
    check_granted(95, 32768);
    check_granted(180, 65536);
    check_granted(HEAP_MB, 65536);
}

/* Less than the floor: no pool, and a text that says what was missing. */
static void
test_too_little(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("a", 1500);
    size_t used;

    leave_memory(40);
    used = rig_heap_used();
    rig_log_clear();
    rig_get_fails(&req, "on socket 0: out of memory on socket 0: 262144 mbufs "
                  "(620756992 bytes) were asked for",
                  "at least 16384 (38797312 bytes) are needed");
    assert_int_equal(rig_log_count("WARN", ""), 0);
    leave_memory(4);
    rig_get_fails(&req, "262144 mbufs", "at least 16384");
    give_memory_back();
    assert_true(rig_heap_used() < used);
}

/* 22,560 mbufs that cannot be had become 16,384; fewer than that are never
 * made smaller. */
static void
test_halving_per_port(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("a", 1500);
    struct mp_info info;
    struct mp *mp;

    rig_model(true);
    leave_memory(50);
    rig_log_clear();
    mp = rig_get(&req);
    info = rig_info(mp);
    assert_int_equal(info.asked, 22560);
    assert_int_equal(info.granted, 16384);
    assert_int_equal(rig_log_count("WARN", "got 16384 of the 22560 mbufs"), 1);

    req.port = "b";
    req.n_mbufs = 16000;
    req.group = "b";
    rig_get_fails(&req, "16000 mbufs (37888000 bytes) were asked for",
                  "at least 16000 (37888000 bytes) are needed");
    give_memory_back();

    /* Exactly what was asked, whatever the last chunk holds then. */
    while (rig_info(mp).degraded) {
        rounds(1);
    }
    assert_int_equal(rig_info(mp).populated, 22560);
    mp_put(mp, "a");
    rig_model(false);
}

/* Filled up, a chunk per round, once another pool was freed: first to what
 * there is memory for, then to what was asked. */
static void
test_regrow(void **state OVS_UNUSED)
{
    struct mp_request big = rig_request("big", 1500);
    struct mp_request mid = big;
    struct mp *pb, *pm;
    uint32_t populated;
    struct rte_mbuf *m;
    int n = 0;

    big.group = "big";
    big.n_mbufs = 40000;                /* 95 MB */
    mid.group = "mid";
    mid.n_mbufs = 80000;                /* 190 MB, then 95 */
    pb = rig_get(&big);
    pm = rig_get(&mid);
    assert_int_equal(rig_info(pb).granted, 40000);
    assert_int_equal(rig_info(pm).granted, 40000);
    m = rte_pktmbuf_alloc(mp_mempool(pm));
    rounds(3);
    assert_int_equal(rig_info(pm).populated, 40000);

    rig_log_clear();
    mp_put(pb, "big");
    for (populated = 40000; rig_info(pm).degraded; n++) {
        uint32_t now;

        assert_true(n < 50);
        mp_care_run(time_msec());       /* no need to wait between chunks */
        now = rig_info(pm).populated;
        assert_true(now > populated);
        assert_true((now - populated) * 2368 <= MP_CHUNK_BYTES);
        populated = now;
    }
    assert_int_equal(populated, 80000);
    assert_int_equal(rig_info(pm).granted, 80000);
    assert_int_equal(rig_info(pm).in_use, 1);
    assert_true(rig_mbuf_is_fresh(m, mp_mempool(pm)));
    assert_int_equal(rig_log_count("INFO", "has grown to 80000 of the 80000 "
                                   "mbufs asked for"), 1);
    assert_int_equal(rig_log_count("WARN", ""), 0);
    rte_pktmbuf_free(m);
    mp_put(pm, "big");
}

/* A step that was foreseen but did not come off: what was added stays, and it
 * goes on later. */
static void
test_regrow_interrupted(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("a", 1500);
    uint32_t populated;
    struct mp *mp;

    req.group = "a";
    req.n_mbufs = 40000;
    leave_memory(70);
    mp = rig_get(&req);
    assert_int_equal(rig_info(mp).granted, 20000);
    give_memory_back();
    rounds(2);
    populated = rig_info(mp).populated;
    assert_true(populated > 20000 && populated < 40000);
    assert_int_equal(rig_info(mp).granted, 20000);
    leave_memory(1);
    rounds(4);
    assert_true(rig_info(mp).populated < populated + 1000);
    assert_true(rig_info(mp).degraded);
    give_memory_back();
    rounds(60);
    assert_int_equal(rig_info(mp).populated, 40000);
    assert_int_equal(rig_info(mp).granted, 40000);
    assert_false(rig_info(mp).degraded);
    mp_put(mp, "a");
}

/* No memzone left: an error of its own, and nothing smaller is tried. */
static void
check_no_memzone(void)
{
    struct mp_request req = rig_request("a", 1500);

    rig_log_clear();
    rig_get_fails(&req, "on socket 0: no memzone is left",
                  "(DPDK has 2560 in all)");
    assert_int_equal(rig_log_count("INFO", "Failed to create mempool"), 1);
}

static void
test_no_memzone(void **state OVS_UNUSED)
{
    const struct rte_memzone *zones[RTE_MAX_MEMZONE];
    struct mp_request req = rig_request("a", 998);
    int n = 0;

    for (;;) {
        char name[RTE_MEMZONE_NAMESIZE];
        const struct rte_memzone *zone;

        snprintf(name, sizeof name, "filler%d", n);
        zone = rte_memzone_reserve(name, 64, 0, 0);
        if (!zone) {
            break;
        }
        zones[n++] = zone;
    }
    assert_int_equal(rte_errno, ENOSPC);
    check_no_memzone();
    /* One is left: not enough for the pool and its stack. */
    rte_memzone_free(zones[--n]);
    check_no_memzone();
    rte_memzone_free(zones[--n]);
    mp_put(rig_get(&req), "a");
    while (n > 0) {
        rte_memzone_free(zones[--n]);
    }
}

static void
count_zone(const struct rte_memzone *zone OVS_UNUSED, void *n)
{
    ++*(unsigned int *) n;
}

/* A pool takes two, so there can be 1,280 but for what DPDK takes itself. */
static void
test_as_many_pools_as_memzones(void **state OVS_UNUSED)
{
    static struct mp *pools[RTE_MAX_MEMZONE];
    struct mp_request req = rig_request("p", 1500);
    unsigned int n_zones = 0, n = 0;
    char *error = NULL;
    char group[16];

    req.n_mbufs = 1;
    req.group = group;
    rte_memzone_walk(count_zone, &n_zones);
    for (;;) {
        snprintf(group, sizeof group, "g%u", n);
        pools[n] = mp_get(&req, &error);
        if (!pools[n]) {
            break;
        }
        n++;
    }
    assert_non_null(strstr(error, "no memzone is left"));
    free(error);
    assert_int_equal(n, (RTE_MAX_MEMZONE - n_zones) / 2);
    assert_in_range(n, 1270, 1280);
    while (n > 0) {
        mp_put(pools[--n], "p");
    }
}

static void
test_free_memory(void **state OVS_UNUSED)
{
    char root[] = "/tmp/sluice-sys-XXXXXX";
    static const struct {
        const char *folder, *text;
    } files[] = {
        { "node0/hugepages/hugepages-2048kB", "7\n" },
        { "node0/hugepages/hugepages-1048576kB", "2\n" },
        { "node1/hugepages/hugepages-2048kB", "x\n" },
    };
    char *command;

    assert_non_null(mkdtemp(root));
    assert_int_equal(mp_memory_free_hugepages(root, 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *dir = xasprintf("%s/devices/system/node/%s", root,
                              files[i].folder);
        char *path = xasprintf("%s/free_hugepages", dir);
        FILE *stream;

        command = xasprintf("mkdir -p %s", dir);
        assert_int_equal(system(command), 0);
        stream = fopen(path, "w");
        assert_non_null(stream);
        fputs(files[i].text, stream);
        fclose(stream);
        free(command);
        free(path);
        free(dir);
    }
    assert_int_equal(mp_memory_free_hugepages(root, 0),
                     7 * 2097152ull + 2 * 1073741824ull);
    assert_int_equal(mp_memory_free_hugepages(root, 1), 0);
    assert_int_equal(mp_memory_free_hugepages(root, 2), 0);
    command = xasprintf("rm -r %s", root);
    assert_int_equal(system(command), 0);
    free(command);

    assert_int_equal(mp_memory_limit("1024", 0), 1024ull * MB);
    assert_int_equal(mp_memory_limit("1024,512", 1), 512ull * MB);
    assert_int_equal(mp_memory_limit("1024,512", 2), UINT64_MAX);
    assert_int_equal(mp_memory_limit("0,512", 0), UINT64_MAX);
    assert_int_equal(mp_memory_limit("", 0), UINT64_MAX);

    /* Without hugepages the heap is all there is. */
    assert_true(mp_memory_free(0) > (HEAP_MB - 1) * (uint64_t) MB);
    assert_true(mp_memory_free(0) <= HEAP_MB * (uint64_t) MB);
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(HEAP_MB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_halving),
        cmocka_unit_test(test_too_little),
        cmocka_unit_test(test_halving_per_port),
        cmocka_unit_test(test_regrow),
        cmocka_unit_test(test_regrow_interrupted),
        cmocka_unit_test(test_no_memzone),
        cmocka_unit_test(test_as_many_pools_as_memzones),
        cmocka_unit_test(test_free_memory),
    };

    return cmocka_run_group_tests_name("mem/mp-short", tests, setup,
                                       rig_stop);
}
