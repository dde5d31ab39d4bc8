/* SPDX-License-Identifier: Apache-2.0
 *
 * test-vlan.c: every kind of port with every kind of frame, against tables
 * written from IEEE 802.1Q and the database's manual.
 */
#include <config.h>
#include "switch/vlan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cfg/cfg.h"
#include "util.h"

enum { END = -1 };

/* A port as the database's columns say it; `vlans` is `trunks`, or `cvlans`
 * of a tunnel. */
struct kind {
    const char *name;
    enum cfg_vlan_mode mode;
    uint16_t tag;
    int vlans[4];               /* normalised as cfg-vlan.c does; END first:
                                 * all */
};

enum {
    ALL, SOME, WITH_0, ACC10, ACC0, NT10, NU10, NU0, TUN, TUN10, TUN_0,
    N_PORTS
};

static const struct kind kinds[N_PORTS] = {
    [ALL] = { "trunk", CFG_VLAN_TRUNK, 0, { END } },
    [SOME] = { "trunk 10,20", CFG_VLAN_TRUNK, 0, { 10, 20, END } },
    [WITH_0] = { "trunk 0,10", CFG_VLAN_TRUNK, 0, { 0, 10, END } },
    [ACC10] = { "access 10", CFG_VLAN_ACCESS, 10, { 10, END } },
    [ACC0] = { "access 0", CFG_VLAN_ACCESS, 0, { 0, END } },
    [NT10] = { "native-tagged 10,20", CFG_VLAN_NATIVE_TAGGED, 10,
               { 10, 20, END } },
    [NU10] = { "native-untagged 10,20", CFG_VLAN_NATIVE_UNTAGGED, 10,
               { 10, 20, END } },
    [NU0] = { "native-untagged 0,20", CFG_VLAN_NATIVE_UNTAGGED, 0,
              { 0, 20, END } },
    [TUN] = { "tunnel 100", CFG_VLAN_TUNNEL, 100, { END } },
    [TUN10] = { "tunnel 100 cvlans 10", CFG_VLAN_TUNNEL, 100, { 10, END } },
    [TUN_0] = { "tunnel 100 cvlans 0", CFG_VLAN_TUNNEL, 100, { 0, END } },
};

static struct vlan_port
make_port(int i, enum cfg_priority_tags priority_tags)
{
    static struct cfg_vlan cfg[N_PORTS];
    struct cfg_vlan *c = &cfg[i];
    struct vlan_port p;

    cfg_vlan_init(c);
    c->mode = kinds[i].mode;
    c->tag = kinds[i].tag;
    c->priority_tags = priority_tags;
    if (c->mode == CFG_VLAN_TUNNEL) {
        c->tpid = CFG_TPID_8021AD;
    }
    if (kinds[i].vlans[0] != END) {
        memset(&c->vlans, 0, sizeof c->vlans);
        for (const int *v = kinds[i].vlans; *v != END; v++) {
            vlan_set_add(&c->vlans, (unsigned int) *v);
        }
    }
    vlan_port_init(&p, c, &c->vlans);
    return p;
}

/* In. ------------------------------------------------------------------ */

/* Columns of the table. */
static const struct vlan_headers headers[] = {
    { .n = 0 },                                                 /* bare */
    { .n = 1, .tpid = 0x8100, .tci = 0x0000 },                  /* 0 */
    { .n = 1, .tpid = 0x8100, .tci = 0xa000 },                  /* 0, PCP 5 */
    { .n = 1, .tpid = 0x8100, .tci = 10 },
    { .n = 1, .tpid = 0x88a8, .tci = 0xf000 | 10 },
    { .n = 1, .tpid = 0x8100, .tci = 20 },
    { .n = 1, .tpid = 0x8100, .tci = 30 },
    { .n = 1, .tpid = 0x8100, .tci = 100 },
    { .n = 2, .tpid = 0x8100, .tci = 0, .inner_vid = 20 },
    { .n = 2, .tpid = 0x8100, .tci = 10, .inner_vid = 20 },
    { .n = 2, .tpid = 0x88a8, .tci = 100, .inner_vid = 10 },
    { .n = 2, .tpid = 0x8100, .tci = 0, .inner_vid = 0 },
};

enum { N_HEADERS = ARRAY_SIZE(headers) };

/* The VLAN and the form as it lies (Bare, Tagged, Priority), with "+" where a
 * further header follows; or what drops it: "access", "trunk", "cust". */
static const char *const in_table[N_PORTS][N_HEADERS] = {
    /*  bare    0       0/5     10      10ad    20      30      100
     *  0+20    10+20   100+10  0+0 */
    [ALL] = {
        "0B",   "0P",   "0P",   "10T",  "10T",  "20T",  "30T",  "100T",
        "0P+",  "10T+", "100T+", "0P+" },
    [SOME] = {
        "trunk", "trunk", "trunk", "10T", "10T", "20T", "trunk", "trunk",
        "trunk", "10T+", "trunk", "trunk" },
    [WITH_0] = {
        "0B",   "0P",   "0P",   "10T",  "10T",  "trunk", "trunk", "trunk",
        "0P+",  "10T+", "trunk", "0P+" },
    [ACC10] = {
        "10B",  "10P",  "10P",  "access", "access", "access", "access",
        "access", "access", "access", "access", "access" },
    [ACC0] = {
        "0B",   "0P",   "0P",   "access", "access", "access", "access",
        "access", "access", "access", "access", "access" },
    [NT10] = {
        "10B",  "10P",  "10P",  "10T",  "10T",  "20T",  "trunk", "trunk",
        "10P+", "10T+", "trunk", "10P+" },
    [NU10] = {
        "10B",  "10P",  "10P",  "10T",  "10T",  "20T",  "trunk", "trunk",
        "10P+", "10T+", "trunk", "10P+" },
    [NU0] = {
        "0B",   "0P",   "0P",   "trunk", "trunk", "20T", "trunk", "trunk",
        "0P+",  "trunk", "trunk", "0P+" },
    [TUN] = {
        "100B", "100B+", "100B+", "100B+", "100B+", "100B+", "100B+",
        "100B+", "100B+", "100B+", "100B+", "100B+" },
    [TUN10] = {
        "cust", "cust", "cust", "100B+", "100B+", "cust", "cust", "cust",
        "cust", "100B+", "cust", "cust" },
    [TUN_0] = {
        "100B", "100B+", "100B+", "cust", "cust", "cust", "cust", "cust",
        "100B+", "cust", "cust", "100B+" },
};

static const char form_letters[] = "BTP";

static void
test_in(void **state OVS_UNUSED)
{
    for (int port = 0; port < N_PORTS; port++) {
        struct vlan_port p = make_port(port, CFG_PRIORITY_NEVER);

        for (size_t i = 0; i < N_HEADERS; i++) {
            const struct vlan_headers *h = &headers[i];
            struct vlan_frame f;
            int reason = vlan_in(&p, h, &f);
            char got[16];

            if (reason < 0) {
                snprintf(got, sizeof got, "%d%c%s", vlan_of(&f),
                         form_letters[f.form],
                         f.further != VLAN_NO_FURTHER ? "+" : "");
            } else {
                snprintf(got, sizeof got, "%s",
                         reason == DROP_VLAN_ACCESS ? "access"
                         : reason == DROP_VLAN_TRUNK ? "trunk"
                         : reason == DROP_VLAN_CUSTOMER ? "cust" : "?");
            }
            if (strcmp(got, in_table[port][i])) {
                fail_msg("%s, header %zu: %s instead of %s",
                         kinds[port].name, i, got, in_table[port][i]);
            }
        }
    }
}

/* The header that the frame would have is made of what it came with. */
static void
test_header_on_entry(void **state OVS_UNUSED)
{
    static const struct {
        int port;
        size_t headers;         /* number above */
        uint32_t header;
        uint16_t further;
        bool had;
    } rows[] = {
        { ALL, 0, 0x81000000, VLAN_NO_FURTHER, false },
        { ALL, 2, 0x8100a000, VLAN_NO_FURTHER, true },
        { ALL, 4, 0x88a8f00a, VLAN_NO_FURTHER, true },  /* PCP, DEI, TPID */
        { ALL, 9, 0x8100000a, 20, true },
        { ACC10, 0, 0x8100000a, VLAN_NO_FURTHER, false },
        { ACC10, 2, 0x8100a00a, VLAN_NO_FURTHER, true },  /* PCP kept */
        { NT10, 2, 0x8100a00a, VLAN_NO_FURTHER, true },
        { NU10, 8, 0x8100000a, 20, true },
        { TUN, 0, 0x88a80064, VLAN_NO_FURTHER, false },
        { TUN, 4, 0x88a80064, 10, false },      /* the customer's PCP stays
                                                 * in the customer's header */
        { TUN, 9, 0x88a80064, 10, false },
        { TUN, 1, 0x88a80064, 0, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct vlan_port p = make_port(rows[i].port, CFG_PRIORITY_NEVER);
        struct vlan_frame f;

        assert_int_equal(vlan_in(&p, &headers[rows[i].headers], &f), -1);
        assert_int_equal(f.header, rows[i].header);
        assert_int_equal(f.further, rows[i].further);
        assert_int_equal(!!(f.flags & VLAN_HAD_HEADER), rows[i].had);
        assert_int_equal(vlan_header(&f, VLAN_TAGGED), rows[i].header);
        assert_int_equal(vlan_header(&f, VLAN_PRIORITY),
                         rows[i].header & 0xfffff000);
    }
}

/* Out. ----------------------------------------------------------------- */

enum { NONE = VLAN_NO_FURTHER };

static const struct {
    uint16_t vlan, further;
} frames[] = {
    { 0, NONE }, { 10, NONE }, { 20, NONE }, { 30, NONE }, { 100, NONE },
    { 0, 20 }, { 10, 20 }, { 20, 10 }, { 100, 0 }, { 100, 10 }, { 100, 20 },
};

enum { N_FRAMES = ARRAY_SIZE(frames) };

/* Bare, Tagged, Priority, "-": not carried. */
static const char out_table[N_PORTS][N_FRAMES + 1] = {
    /*           0 10 20 30 100  and with a further header:
     *                           0+20 10+20 20+10 100+0 100+10 100+20 */
    [ALL] =     "BTTTT"         "PTTTTT",
    [SOME] =    "-TT--"         "-TT---",
    [WITH_0] =  "BT---"         "PT----",
    [ACC10] =   "-B---"         "------",
    [ACC0] =    "B----"         "------",
    [NT10] =    "-TT--"         "-TT---",
    [NU10] =    "-BT--"         "--T---",
    [NU0] =     "B-T--"         "--T---",
    [TUN] =     "----B"         "---BBB",
    [TUN10] =   "-----"         "----B-",
    [TUN_0] =   "----B"         "---B--",
};

static void
test_out(void **state OVS_UNUSED)
{
    static const char letters[] = "BTP-";

    for (int port = 0; port < N_PORTS; port++) {
        struct vlan_port p = make_port(port, CFG_PRIORITY_NEVER);

        for (size_t i = 0; i < N_FRAMES; i++) {
            /* A priority, and that it had a header, change nothing. */
            for (int variant = 0; variant < 4; variant++) {
                struct vlan_frame f = {
                    .header = UINT32_C(0x81000000) | frames[i].vlan
                              | (variant & 1 ? 0xa000 : 0),
                    .further = frames[i].further,
                    .flags = variant & 2 ? VLAN_HAD_HEADER : 0,
                };
                char got = letters[vlan_out(&p, &f)];

                if (got != out_table[port][i]) {
                    fail_msg("%s, VLAN %d, further %d: %c instead of %c",
                             kinds[port].name, frames[i].vlan,
                             frames[i].further, got, out_table[port][i]);
                }
            }
        }
    }
}

/* priority-tags matters where a frame leaves without a header, and there
 * only. */
static void
test_priority_tags(void **state OVS_UNUSED)
{
    static const struct {
        enum cfg_priority_tags setting;
        bool had;
        uint16_t priority;      /* bits of the TCI; DEI alone is none */
        enum vlan_form form;
    } rows[] = {
        { CFG_PRIORITY_NEVER, true, 0xe000, VLAN_BARE },
        { CFG_PRIORITY_IF_NONZERO, true, 0x2000, VLAN_PRIORITY },
        { CFG_PRIORITY_IF_NONZERO, true, 0x1000, VLAN_BARE },
        { CFG_PRIORITY_IF_NONZERO, true, 0, VLAN_BARE },
        { CFG_PRIORITY_IF_NONZERO, false, 0, VLAN_BARE },
        { CFG_PRIORITY_ALWAYS, true, 0xe000, VLAN_PRIORITY },
        { CFG_PRIORITY_ALWAYS, true, 0, VLAN_PRIORITY },
        { CFG_PRIORITY_ALWAYS, false, 0, VLAN_BARE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (int port = 0; port < N_PORTS; port++) {
            struct vlan_port p = make_port(port, rows[i].setting);

            for (size_t j = 0; j < N_FRAMES; j++) {
                struct vlan_frame f = {
                    .header = UINT32_C(0x81000000) | frames[j].vlan
                              | rows[i].priority,
                    .further = frames[j].further,
                    .flags = rows[i].had ? VLAN_HAD_HEADER : 0,
                };
                char plain = out_table[port][j];
                enum vlan_form form = vlan_out(&p, &f);

                if (plain == 'B' && f.further == VLAN_NO_FURTHER) {
                    assert_int_equal(form, rows[i].form);
                } else {
                    assert_int_equal("BTP-"[form], plain);
                }
            }
        }
    }
}

/* VLAN_PLAIN says just what vlan_out() says for a plain port. */
static void
test_plain(void **state OVS_UNUSED)
{
    struct vlan_port out = make_port(ALL, CFG_PRIORITY_NEVER);
    unsigned int n_plain = 0;

    assert_true(vlan_port_is_plain(&out));
    for (int port = 0; port < N_PORTS; port++) {
        struct vlan_port p = make_port(port, CFG_PRIORITY_NEVER);

        if (port != ALL) {
            assert_false(vlan_port_is_plain(&p));
        }
        for (size_t i = 0; i < N_HEADERS; i++) {
            struct vlan_frame f;

            if (vlan_in(&p, &headers[i], &f) >= 0) {
                continue;
            }
            assert_int_equal(!!(f.flags & VLAN_PLAIN),
                             vlan_out(&out, &f) == f.form);
            n_plain += !!(f.flags & VLAN_PLAIN);
        }
    }
    assert_true(n_plain > 10);
    out = make_port(ALL, CFG_PRIORITY_ALWAYS);
    assert_false(vlan_port_is_plain(&out));
}

/* Every VLAN from every trunk to every trunk keeps its ID. */
static void
test_all_vlans(void **state OVS_UNUSED)
{
    struct vlan_port all = make_port(ALL, CFG_PRIORITY_NEVER);
    struct vlan_port nu = make_port(NU10, CFG_PRIORITY_NEVER);

    for (uint16_t vid = 0; vid < N_VLANS; vid++) {
        struct vlan_headers h = {
            .n = 1, .tpid = 0x8100, .tci = (uint16_t) (0x6000 | vid),
        };
        struct vlan_frame f;

        assert_int_equal(vlan_in(&all, &h, &f), -1);
        assert_int_equal(vlan_of(&f), vid);
        assert_int_equal(vlan_out(&all, &f), vid ? VLAN_TAGGED : VLAN_BARE);
        assert_int_equal(vlan_out(&nu, &f),
                         vid == 10 ? VLAN_BARE
                         : vid == 20 ? VLAN_TAGGED : VLAN_NOT_CARRIED);
    }
}

/* Reading headers. ------------------------------------------------------ */

static void
test_read_headers(void **state OVS_UNUSED)
{
    static const struct {
        uint8_t bytes[12];      /* behind the addresses */
        size_t n;               /* of the frame */
        bool ok;
        struct vlan_headers h;
    } rows[] = {
        { { 0x08, 0x00 }, 14, true, { .n = 0 } },
        { { 0x81, 0x01 }, 14, true, { .n = 0 } },
        { { 0x91, 0x00 }, 60, true, { .n = 0 } },
        { { 0x81, 0x00, 0xb0, 0x0a, 0x08, 0x00 }, 18, true,
          { .n = 1, .tpid = 0x8100, .tci = 0xb00a } },
        { { 0x88, 0xa8, 0x0f, 0xff, 0x08, 0x00 }, 18, true,
          { .n = 1, .tpid = 0x88a8, .tci = 0x0fff } },
        { { 0x81, 0x00, 0xb0, 0x0a, 0x08, 0x00 }, 17, false, { .n = 0 } },
        { { 0x81, 0x00 }, 14, false, { .n = 0 } },
        { { 0x88, 0xa8, 0, 100, 0x81, 0x00, 0x50, 0x14, 0x08, 0x00 }, 22,
          true, { .n = 2, .tpid = 0x88a8, .tci = 100, .inner_vid = 20 } },
        { { 0x88, 0xa8, 0, 100, 0x81, 0x00, 0x50, 0x14, 0x08, 0x00 }, 21,
          false, { .n = 0 } },
        /* A third one is payload. */
        { { 0x81, 0, 0, 1, 0x88, 0xa8, 0, 2, 0x81, 0, 0, 3 }, 60, true,
          { .n = 2, .tpid = 0x8100, .tci = 1, .inner_vid = 2 } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint8_t frame[60] = { 0 };
        struct vlan_headers h;

        memcpy(frame + 12, rows[i].bytes, sizeof rows[i].bytes);
        assert_int_equal(vlan_read_headers(frame, rows[i].n, &h),
                         rows[i].ok);
        if (rows[i].ok) {
            assert_int_equal(h.n, rows[i].h.n);
            assert_int_equal(h.tpid, rows[i].h.tpid);
            assert_int_equal(h.tci, rows[i].h.tci);
            assert_int_equal(h.inner_vid, rows[i].h.inner_vid);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in),
        cmocka_unit_test(test_header_on_entry),
        cmocka_unit_test(test_out),
        cmocka_unit_test(test_priority_tags),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_all_vlans),
        cmocka_unit_test(test_read_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
