/* SPDX-License-Identifier: Apache-2.0
 *
 * What Interface.status and Open_vSwitch.statistics say of packet memory.
 */
#include <config.h>
#include "vswitchd/report-mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "mem/mempool.h"
#include "openvswitch/compiler.h"
#include "smap.h"
#include "tests/unit/mem/mem-rig.h"
#include "util.h"

static void
check(const struct smap *smap, const char *key, const char *expect)
{
    const char *value = smap_get(smap, key);

    if (!value || strcmp(value, expect)) {
        fail_msg("%s is %s, not %s", key, value ? value : "missing", expect);
    }
}

static uint64_t
number(const struct smap *smap, const char *key)
{
    return smap_get_ullong(smap, key, UINT64_MAX);
}

static struct mp *
get(const char *port, uint32_t mtu, const char *group, uint32_t n)
{
    struct mp_request req = rig_request(port, mtu);
    static const struct mp_holding none;
    struct mp *mp;

    req.group = group;
    req.n_mbufs = n;
    mp = rig_get(&req);
    mp_settle(port, &none);
    return mp;
}

static void
test_status(void **state OVS_UNUSED)
{
    struct smap status = SMAP_INITIALIZER(&status);
    struct mp *mp = get("vh0", 1500, "red", 2048);
    struct report_mem rm;
    struct rte_mbuf *m[3];

    assert_int_equal(rte_mempool_generic_get(mp_mempool(mp), (void **) m, 3,
                                             NULL), 0);
    rte_pktmbuf_free(m[2]);
    smap_add(&status, "numa", "0");
    report_mem_take(&rm);
    report_mem_put_status(&rm, mp, "vh0", &status);
    report_mem_destroy(&rm);
    assert_int_equal(smap_count(&status), 8);
    check(&status, "numa", "0");
    check(&status, "mempool", mp_name(mp));
    check(&status, "mempool_group", "red");
    check(&status, "mempool_mbufs", "2048");
    check(&status, "mempool_mbufs_wanted", "2048");
    check(&status, "mempool_in_use", "2");
    check(&status, "mempool_low_water", "2045");
    check(&status, "mempool_state", "ok");
    rte_pktmbuf_free_bulk(m, 2);
    smap_destroy(&status);
    mp_put(mp, "vh0");
}

/* Of the shared model, and of a port's own. */
static void
check_group(bool per_port, const char *expect)
{
    struct smap status = SMAP_INITIALIZER(&status);
    struct report_mem rm;
    struct mp *mp;

    rig_model(per_port);
    mp = get("vh0", 1500, NULL, per_port ? 0 : 2048);
    report_mem_take(&rm);
    report_mem_put_status(&rm, mp, "vh0", &status);
    report_mem_destroy(&rm);
    check(&status, "mempool_group", expect);
    smap_destroy(&status);
    mp_put(mp, "vh0");
    rig_model(false);
}

static void
test_groups(void **state OVS_UNUSED)
{
    check_group(false, "shared");
    check_group(true, "private");
}

static void
test_statistics(void **state OVS_UNUSED)
{
    struct smap statistics = SMAP_INITIALIZER(&statistics);
    struct report_mem rm;
    struct rte_mbuf *m;
    struct mp *a, *b;

    report_mem_take(&rm);
    report_mem_put_statistics(&rm, &statistics);
    report_mem_destroy(&rm);
    assert_true(smap_is_empty(&statistics));

    a = get("a", 1500, "red", 2048);
    b = get("b", 9000, "red", 1024);
    m = rte_mbuf_raw_alloc(mp_mempool(b));
    report_mem_take(&rm);
    report_mem_put_statistics(&rm, &statistics);
    report_mem_destroy(&rm);
    assert_int_equal(smap_count(&statistics), 4);
    check(&statistics, "mempool_socket0_pools", "2");
    check(&statistics, "mempool_socket0_mbufs", "3072");
    check(&statistics, "mempool_socket0_in_use", "1");
    assert_int_equal(number(&statistics, "mempool_socket0_bytes"),
                     rig_info(a).bytes + rig_info(b).bytes);
    rte_mbuf_raw_free(m);
    smap_destroy(&statistics);
    mp_put(a, "a");
    mp_put(b, "b");
}

static int
setup(void **state OVS_UNUSED)
{
    return rig_start(128);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_statistics),
    };

    return cmocka_run_group_tests_name("vswitchd/report-mem", tests, setup,
                                       rig_stop);
}
