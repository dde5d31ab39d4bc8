/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes of a pool: worked examples, and those of pools that there are.
 */
#include <config.h>
#include "mem/mp-bytes.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <rte_mempool.h>

#include "mem/mp-chunk.h"
#include "mem/mp-size.h"
#include "openvswitch/compiler.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

/* On 64-bit x86 with DPDK 22.11: a header of 192 bytes, a cache of 8,256 for
 * each of 128 lcores and 64 of private data; 16 bytes for each place in the
 * stack and 832 for its own and the pool's accounts. */
#if defined(__x86_64__)
static const struct {
    uint32_t mtu, room, n;
    uint64_t header, handler, chunks;
    uint64_t pages_2m;
} worked[] = {
    /* The shared model: 296 chunks of 885 mbufs and one of 184. */
    { 1500, 262144, 262144, 1057216, 4195328,
      296 * 2097152ULL + 184 * 2368 + 192, 299 },
    /* A guest's own. */
    { 1500, 20512, 20512, 1057216, 329216,
      23 * 2097152ULL + 157 * 2368 + 192, 24 },
    /* Elastic: as much room, one chunk of mbufs. */
    { 1500, 262144, 885, 1057216, 4195328, 2097152, 4 },
    { 9000, 262144, 219, 1057216, 4195328, 2097152, 4 },
    /* Too small for a cache; empty. */
    { 68, 31, 31, 448, 1536, 31 * 1344 + 192, 1 },
    { 68, 1024, 0, 1057216, 17408, 0, 1 },
};

static void
test_worked(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(worked); i++) {
        struct mp_bytes b;

        mp_bytes_of_pool(worked[i].mtu, worked[i].room, worked[i].n, &b);
        assert_int_equal(b.header, worked[i].header);
        assert_int_equal(b.handler, worked[i].handler);
        assert_int_equal(b.chunks, worked[i].chunks);
        assert_int_equal(mp_bytes_pages(mp_bytes_sum(&b), MP_PAGE_2M),
                         worked[i].pages_2m);
    }
}
#endif

static void
test_pages(void **state OVS_UNUSED)
{
    assert_int_equal(mp_bytes_pages(0, MP_PAGE_2M), 0);
    assert_int_equal(mp_bytes_pages(1, MP_PAGE_2M), 1);
    assert_int_equal(mp_bytes_pages(MP_PAGE_2M, MP_PAGE_2M), 1);
    assert_int_equal(mp_bytes_pages(MP_PAGE_2M + 1, MP_PAGE_2M), 2);
    assert_int_equal(mp_bytes_pages(3ULL * MP_PAGE_1G, MP_PAGE_1G), 3);
    assert_int_equal(mp_bytes_pages(UINT64_C(1) << 60, MP_PAGE_1G),
                     1 << 30);
}

static void
test_elastic(void **state OVS_UNUSED)
{
    assert_int_equal(mp_bytes_chunk_mbufs(1500), 885);
    assert_int_equal(mp_bytes_chunk_mbufs(9000), 219);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 262144, 0), 0);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 262144, 1), 885);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 262144, 885), 885);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 262144, 886), 1770);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 20512, 20000), 20355);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 20512, 20400), 20512);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, 1000, 5000), 1000);
    assert_int_equal(mp_bytes_elastic_mbufs(1500, UINT32_MAX, UINT32_MAX),
                     UINT32_MAX);
}

/* DPDK has what was computed, for pools of every buffer size. */
static void
test_real(void **state OVS_UNUSED)
{
    static const uint32_t sizes[] = {
        20512, 16384, 4096, 1000, 885, 219, 32, 31, 1,
    };

    for (uint32_t mtu = 68; mtu <= 9702; mtu += 1024) {
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            struct mp_request req = rig_request("bytes", mtu);
            struct mp_bytes b;
            struct mp *mp;

            req.n_mbufs = sizes[i];
            mp = rig_get(&req);
            mp_bytes_of_pool(mtu, sizes[i], sizes[i], &b);
            if (rig_info(mp).bytes != mp_bytes_sum(&b)) {
                fail_msg("MTU %"PRIu32", %"PRIu32" mbufs: %"PRIu64" bytes "
                         "taken, %"PRIu64" computed", mtu, sizes[i],
                         rig_info(mp).bytes, mp_bytes_sum(&b));
            }
            mp_put(mp, "bytes");
            assert_int_equal(rig_n_pools(), 0);
        }
    }
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(400);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test(test_worked),
#endif
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_elastic),
        cmocka_unit_test(test_real),
    };

    return cmocka_run_group_tests_name("mem/mp-bytes", tests, setup,
                                       rig_stop);
}
