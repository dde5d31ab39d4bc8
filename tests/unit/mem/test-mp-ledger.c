/* SPDX-License-Identifier: Apache-2.0
 *
 * The ledger: what pools need, by worked examples.
 */
#include <config.h>
#include "mem/mp-ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "openvswitch/compiler.h"
#include "util.h"

enum {
    CACHE = 512,
    PER_THREAD = CACHE + CACHE / 2 + MP_IN_HAND,
    BR0 = 7, BR1 = 9,           /* domains */
};

static const uint32_t caches[] = { CACHE, CACHE, CACHE };

#define NIC(N_RXQ, N_TXQ) \
    { .rx = (N_RXQ) * 2048, .txq_size = 2048, .n_txq = (N_TXQ) }
#define KERNEL { .txq_size = 1024, .n_txq = 1, .one_sender = true }
#define GUEST { .rx = 0 }

static void
check(const struct mp_entry *e, size_t n, unsigned int n_threads,
      uint32_t need0, uint32_t need1, uint32_t need2)
{
    uint32_t need[3];

    mp_ledger_needs(e, n, ARRAY_SIZE(need), n_threads, caches, need);
    assert_int_equal(need[0], need0);
    assert_int_equal(need[1], need1);
    assert_int_equal(need[2], need2);
}

static void
test_nobody(void **state OVS_UNUSED)
{
    check(NULL, 0, 4, 0, 0, 0);
}

/* Guests' rings are copied: only threads hold mbufs, however many guests. */
static void
test_guests(void **state OVS_UNUSED)
{
    struct mp_entry e[32];

    for (size_t i = 0; i < ARRAY_SIZE(e); i++) {
        e[i] = (struct mp_entry) { .pool = 1, .domain = BR0,
                                   .holds = GUEST };
    }
    check(e, ARRAY_SIZE(e), 2, 0, 2 * PER_THREAD, 0);
    check(e, 1, 2, 0, 2 * PER_THREAD, 0);
    check(e, 1, 0, 0, 0, 0);
}

/* Two NICs in one pool: both rings each way.  Apart, each pool needs room for
 * the tx rings of both, since packets of each may lie in either. */
static void
test_nics(void **state OVS_UNUSED)
{
    struct mp_entry e[] = {
        { .pool = 0, .domain = BR0, .holds = NIC(1, 2) },
        { .pool = 0, .domain = BR0, .holds = NIC(2, 2) },
    };

    check(e, 2, 2, 3 * 2048 + 4 * 2048 + 2 * PER_THREAD, 0, 0);
    e[1].pool = 2;
    check(e, 2, 2, 2048 + 4 * 2048 + 2 * PER_THREAD, 0,
          2 * 2048 + 4 * 2048 + 2 * PER_THREAD);
}

/* Packets do not get from one bridge to another. */
static void
test_domains(void **state OVS_UNUSED)
{
    struct mp_entry e[] = {
        { .pool = 0, .domain = BR0, .holds = NIC(1, 2) },
        { .pool = 1, .domain = BR1, .holds = NIC(1, 2) },
        { .pool = 2, .domain = BR0, .holds = GUEST },
        { .pool = 2, .domain = BR1, .holds = GUEST },
    };

    check(e, ARRAY_SIZE(e), 1, 3 * 2048 + PER_THREAD, 3 * 2048 + PER_THREAD,
          4 * 2048 * 2 / 2 + PER_THREAD);
    e[3].domain = BR0;
    check(e, ARRAY_SIZE(e), 1, 3 * 2048 + PER_THREAD, 3 * 2048 + PER_THREAD,
          2 * 2048 + PER_THREAD);
}

/* What one thread receives, one thread sends on: through a queue a port. */
static void
test_one_sender(void **state OVS_UNUSED)
{
    struct mp_entry e[] = {
        { .pool = 0, .domain = BR0, .holds = NIC(1, 4) },
        { .pool = 1, .domain = BR0, .holds = KERNEL },
        { .pool = 1, .domain = BR0, .holds = KERNEL },
    };

    check(e, 3, 2, 2048 + 4 * 2048 + 2 * 1024 + 2 * PER_THREAD,
          2048 + 2 * 1024 + 2 * PER_THREAD, 0);
    /* Unless a port of another kind shares the pool. */
    e[0].pool = 1;
    check(e, 3, 2, 0, 2048 + 4 * 2048 + 2 * 1024 + 2 * PER_THREAD, 0);
}

/* A port that changes has two pools; its tx rings count once. */
static void
test_two_pools(void **state OVS_UNUSED)
{
    struct mp_entry e[] = {
        { .pool = 0, .domain = BR0, .holds = NIC(1, 1) },
        { .pool = 1, .domain = BR0, .holds = { .rx = 2048 } },
        { .pool = MP_NO_POOL, .domain = BR0, .holds = NIC(1, 1) },
    };

    check(e, 3, 1, 3 * 2048 + PER_THREAD, 3 * 2048 + PER_THREAD, 0);
}

static void
test_too_large(void **state OVS_UNUSED)
{
    struct mp_entry e[] = {
        { .pool = 0, .domain = BR0,
          .holds = { .rx = UINT32_MAX, .txq_size = UINT32_MAX,
                     .n_txq = UINT32_MAX } },
    };

    check(e, 1, 1, UINT32_MAX, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_guests),
        cmocka_unit_test(test_nics),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_one_sender),
        cmocka_unit_test(test_two_pools),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests_name("mem/mp-ledger", tests, NULL, NULL);
}
