/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and counts of mbufs, against worked examples and against DPDK's own
 * layout of an object.
 */
#include <config.h>
#include "mem/mp-size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <rte_mempool.h>

#include "cfg/cfg.h"
#include "openvswitch/compiler.h"
#include "util.h"

/* Shared model: what an MTU comes to. */
static const struct {
    uint32_t mtu, buffer, data_room, adjusted, object, n;
} shared[] = {
    {   68,  1024,  1152,  1006,  1344,  16384 },
    {  998,  1024,  1152,  1006,  1344,  16384 },
    {  999,  2048,  2176,  2030,  2368, 262144 },
    { 1500,  2048,  2176,  2030,  2368, 262144 },
    { 1800,  2048,  2176,  2030,  2368, 262144 },
    { 2022,  2048,  2176,  2030,  2368, 262144 },
    { 2023,  3072,  3200,  3054,  3392, 262144 },
    { 6000,  6144,  6272,  6126,  6464, 262144 },
    { 9000,  9216,  9344,  9198,  9536, 262144 },
    { 9702, 10240, 10368, 10222, 10560, 262144 },
};

static void
test_shared(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
        uint32_t mtu = shared[i].mtu;

        assert_int_equal(mp_buffer_size(mtu), shared[i].buffer);
        assert_int_equal(mp_data_room(mtu), shared[i].data_room);
        assert_int_equal(mp_adjusted_mtu(mtu), shared[i].adjusted);
        assert_int_equal(mp_object_size(mtu), shared[i].object);
        assert_int_equal(mp_shared_mbufs(mtu), shared[i].n);
    }
}

/* The frame with both tags fits, and the adjusted MTU is the largest that
 * shares the buffer size, tags aside. */
static void
test_every_mtu(void **state OVS_UNUSED)
{
    for (uint32_t mtu = CFG_MTU_MIN; mtu <= CFG_MTU_MAX; mtu++) {
        struct rte_mempool_objsz sz;

        assert_true(mp_buffer_size(mtu) >= mtu + 26);
        assert_true(mp_buffer_size(mtu) < mtu + 26 + 1024);
        assert_int_equal(mp_buffer_size(mp_adjusted_mtu(mtu) - 8),
                         mp_buffer_size(mtu));
        assert_int_equal(mp_object_size(mtu),
                         rte_mempool_calc_obj_size(mp_element_size(mtu),
                                                   RTE_MEMPOOL_F_NO_SPREAD,
                                                   &sz));
    }
}

/* Per-port model: queues and what they come to. */
static const struct {
    uint32_t n_rxq, rxq_size, n_txq, txq_size, n;
} per_port[] = {
    /* ethdev: a tx queue for each PMD thread and one more. */
    { 1, 2048, 2, 2048, 22560 },        /* 1 PMD */
    { 1, 2048, 3, 2048, 24608 },        /* 2 PMDs */
    { 2, 2048, 3, 2048, 26688 },
    { 1, 512, 2, 1024, 18976 },
    { 128, 4096, 129, 4096, 1073152 },
    { 200, 64, 2, 64, 33408 },          /* bursts for 128 lcores at most */
    /* vhost: as many of each as the guest has pairs, whatever the PMDs. */
    { 1, CFG_VHOST_DESC, 1, CFG_VHOST_DESC, 20512 },
    { 2, CFG_VHOST_DESC, 2, CFG_VHOST_DESC, 24640 },
    /* Sums that do not fit. */
    { UINT32_MAX, 2, 1, 1, UINT32_MAX },
    { 1, 1, 65536, 65536, UINT32_MAX },
    { 65535, 65535, 65535, 65535, UINT32_MAX },
};

static void
test_per_port(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(per_port); i++) {
        assert_int_equal(mp_per_port_mbufs(per_port[i].n_rxq,
                                           per_port[i].rxq_size,
                                           per_port[i].n_txq,
                                           per_port[i].txq_size),
                         per_port[i].n);
    }
}

static void
test_next_smaller(void **state OVS_UNUSED)
{
    static const uint32_t halved[] = {
        262144, 131072, 65536, 32768, 16384, 0,
    };

    for (size_t i = 0; halved[i]; i++) {
        assert_int_equal(mp_next_smaller(halved[i]), halved[i + 1]);
    }
    assert_int_equal(mp_next_smaller(22560), 16384);
    assert_int_equal(mp_next_smaller(40000), 20000);
    assert_int_equal(mp_next_smaller(32767), 16384);
    assert_int_equal(mp_next_smaller(16385), 16384);
    assert_int_equal(mp_next_smaller(1024), 0);
}

/* Every try is smaller than the one before, and the last one is the floor. */
static void
test_halving_ends(void **state OVS_UNUSED)
{
    for (uint32_t asked = 16385; asked < 3000000; asked += 997) {
        uint32_t n = asked;

        while (n > MP_MIN_MBUFS) {
            uint32_t next = mp_next_smaller(n);

            assert_true(next < n && next >= MP_MIN_MBUFS);
            n = next;
        }
    }
}

static void
test_cache_size(void **state OVS_UNUSED)
{
    assert_int_equal(mp_cache_size(262144), 512);
    assert_int_equal(mp_cache_size(16384), 512);
    assert_int_equal(mp_cache_size(16383), 511);
    assert_int_equal(mp_cache_size(1024), 32);
    assert_int_equal(mp_cache_size(31), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_every_mtu),
        cmocka_unit_test(test_per_port),
        cmocka_unit_test(test_next_smaller),
        cmocka_unit_test(test_halving_ends),
        cmocka_unit_test(test_cache_size),
    };

    return cmocka_run_group_tests_name("mem/mp-size", tests, NULL, NULL);
}
