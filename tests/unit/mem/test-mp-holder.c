/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks of ports: which are given, and when one is given again.
 */
#include <config.h>
#include "mem/mp-holder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "openvswitch/compiler.h"
#include "util.h"

enum { N_MARKS = MP_MARK_LAST - MP_MARK_FIRST + 1 };

static void
test_names(void **state OVS_UNUSED)
{
    char text[] = "vh0";
    uint16_t a = mp_holder_add(text);
    uint16_t b = mp_holder_add("vh1");

    text[0] = 'x';
    assert_in_range(a, MP_MARK_FIRST, MP_MARK_LAST);
    assert_in_range(b, MP_MARK_FIRST, MP_MARK_LAST);
    assert_int_not_equal(a, b);
    assert_string_equal(mp_holder_name(a), "vh0");
    assert_string_equal(mp_holder_name(b), "vh1");
    assert_true(mp_holder_is_live(a));

    mp_holder_remove(a);
    assert_false(mp_holder_is_live(a));
    assert_true(mp_holder_is_live(b));
    assert_string_equal(mp_holder_name(a), "vh0");
    mp_holder_remove(b);
}

static void
test_no_marks(void **state OVS_UNUSED)
{
    static const uint16_t none[] = {
        0, MP_MARK_FIRST - 1, MP_FREE, RTE_MBUF_PORT_INVALID,
        MP_MARK_LAST,           /* not yet given */
    };

    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        assert_null(mp_holder_name(none[i]));
        assert_false(mp_holder_is_live(none[i]));
    }
}

/* One port stays while others come and go: its mark is never given, and each
 * of the others only when all have been. */
static void
test_reuse(void **state OVS_UNUSED)
{
    static unsigned int given[N_MARKS];
    uint16_t stays = mp_holder_add("stays");

    for (unsigned int turn = 1; turn <= 2; turn++) {
        for (unsigned int i = 0; i < N_MARKS - 1; i++) {
            uint16_t mark = mp_holder_add("goes");

            assert_int_not_equal(mark, stays);
            assert_int_equal(given[mark - MP_MARK_FIRST]++, turn - 1);
            mp_holder_remove(mark);
        }
    }
    assert_string_equal(mp_holder_name(stays), "stays");
    mp_holder_remove(stays);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_no_marks),
        cmocka_unit_test(test_reuse),
    };

    return cmocka_run_group_tests_name("mem/mp-holder", tests, NULL, NULL);
}
