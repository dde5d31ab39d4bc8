/* SPDX-License-Identifier: Apache-2.0
 *
 * test-trace.c: sluice/trace says what happens to the very frame when it is
 * sent, and changes nothing.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "switch/trace.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

enum { N_PORTS = 5 };

static const char *const names[N_PORTS] = { "p0", "p1", "p2", "p3", "p4" };
static struct bridge *br;
static struct port *p[N_PORTS];

static char *
trace(int in, const uint8_t *frame, size_t n)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct bridge_member m;

    for (size_t i = 0; i < bridge_n_members(br); i++) {
        bridge_get_member(br, i, &m);
        if (!strcmp(m.name, names[in])) {
            break;
        }
    }
    switch_trace(br, &m, frame, n, &ds);
    return ds_steal_cstr(&ds);
}

static uint16_t
random_vlan(void)
{
    static const uint16_t vlans[] = { 0, 1, 2 };

    return vlans[rand() % (int) ARRAY_SIZE(vlans)];
}

static void
random_vlans(struct cfg_vlan *v)
{
    cfg_vlan_init(v);
    v->mode = (enum cfg_vlan_mode) (rand() % 5);
    v->priority_tags = (enum cfg_priority_tags) (rand() % 3);
    v->protected = rand() % 3 == 0;
    v->tag = v->mode == CFG_VLAN_TRUNK ? 0 : random_vlan();
    if (v->mode == CFG_VLAN_ACCESS) {
        memset(&v->vlans, 0, sizeof v->vlans);
        vlan_set_add(&v->vlans, v->tag);
    } else if (rand() % 2) {
        memset(&v->vlans, 0, sizeof v->vlans);
        vlan_set_add(&v->vlans, random_vlan());
        vlan_set_add(&v->vlans, v->tag);
    }
}

static size_t
random_frame(uint8_t frame[60])
{
    static const uint8_t multicast[6] = { 0x01, 0x80, 0xc2, 0, 0, 0 };
    size_t at = 12;

    memset(frame, 0, 60);
    frame[0] = frame[6] = 2;
    frame[5] = (uint8_t) (rand() % 5);
    frame[11] = (uint8_t) (rand() % 5);
    if (rand() % 3 == 0) {
        memset(frame, 0xff, 6);
    } else if (rand() % 10 == 0) {
        memcpy(frame, multicast, 6);
    }
    for (int n = rand() % 4; n > 1; n--) {
        frame[at] = 0x81;
        frame[at + 2] = rand() % 2 ? 0xa0 : 0;
        frame[at + 3] = (uint8_t) random_vlan();
        at += 4;
    }
    frame[at] = 0x88;
    frame[at + 1] = 0xb5;
    return rand() % 50 ? 60 : at;
}

/* What is dropped while `m` goes its way; NULL: nothing. */
static const char *
forward_and_name_drop(int in, struct rte_mbuf *m)
{
    struct drop_counters before, after;

    forward_drops(&before);
    rig_forward(p[in], &m, 1);
    forward_drops(&after);
    for (int i = 0; i < DROP_N_REASONS; i++) {
        if (after.n[i] != before.n[i]) {
            return drop_names[i];
        }
    }
    return NULL;
}

/* Does what port `i` sent agree with the line about it? */
static void
compare_port(const char *text, int i)
{
    char output[32], copy[32];
    const char *line;
    struct rte_mbuf *m;

    snprintf(output, sizeof output, "output to %s: ", names[i]);
    snprintf(copy, sizeof copy, "a copy to %s\n", names[i]);
    line = strstr(text, output);
    m = fake_port_take_sent(p[i]);
    if (!m) {
        assert_null(line);
        assert_null(strstr(text, copy));
        return;
    }
    if (!line) {
        assert_non_null(strstr(text, copy));
    } else {
        const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
        char header[80];

        snprintf(header, sizeof header, "with a VLAN header: TPID 0x%02x%02x, "
                 "VLAN %d, priority %d", data[12], data[13],
                 (data[14] & 0xf) << 8 | data[15], data[14] >> 5);
        line += strlen(output);
        assert_true(!strncmp(line, header, strlen(header))
                    || !strncmp(line, "as it is", 8)
                    || !strncmp(line, "without its VLAN header", 23));
        if (!strncmp(line, "with a ", 7)) {
            assert_memory_equal(line, header, strlen(header));
        }
    }
    rte_pktmbuf_free(m);
}

static void
trace_and_forward(void)
{
    struct fdb_stats before, after;
    int in = rand() % N_PORTS;
    const char *drop;
    uint8_t frame[60];
    size_t n = random_frame(frame);
    char *text;

    fdb_get_stats(bridge_fdb(br), &before);
    text = trace(in, frame, n);
    fdb_get_stats(bridge_fdb(br), &after);
    assert_memory_equal(&before, &after, sizeof before);

    drop = forward_and_name_drop(in, rig_bytes(frame, n, 0));
    if (drop) {
        char line[64];

        snprintf(line, sizeof line, "dropped as %s: ", drop);
        if (!strstr(text, line)) {
            fail_msg("%s is not in:\n%s", line, text);
        }
    } else {
        assert_null(strstr(text, "dropped as"));
    }
    for (int i = 0; i < N_PORTS; i++) {
        compare_port(text, i);
    }
    free(text);
}

static void
test_random(void **state OVS_UNUSED)
{
    struct cfg_mirror mirror = {
        .usable = true,
        .set = { .id = (char *) "1", .name = (char *) "m0",
                 .select_all = true, .output_port = (char *) "p4",
                 .snaplen = UINT32_MAX },
    };

    srand(1);
    br = rig_bridge("br0");
    for (int i = 0; i < N_PORTS; i++) {
        p[i] = rig_port(br, names[i]);
    }
    for (int round = 0; round < 100; round++) {
        struct cfg_bridge *cfg = rig_bridge_cfg("br0");
        char *error;

        for (int i = 0; i < N_PORTS; i++) {
            struct cfg_vlan v;

            random_vlans(&v);
            bridge_set_vlan(br, p[i], &v);
        }
        if (rand() % 3 == 0) {
            vlan_set_add(&cfg->flood_vlans, random_vlan());
        }
        cfg->secure = rand() % 20 == 0;
        memset(&mirror.set.vlans, 0, sizeof mirror.set.vlans);
        vlan_set_add(&mirror.set.vlans, random_vlan());
        cfg->mirrors = &mirror;
        cfg->n_mirrors = rand() % 2 ? 1 : 0;
        assert_int_equal(bridge_set(br, cfg, &error), 0);
        for (int i = 0; i < 20; i++) {
            trace_and_forward();
        }
    }
}

static void
assert_trace(int in, const uint8_t *frame, const char *expected)
{
    char *text = trace(in, frame, 60);

    assert_string_equal(text, expected);
    free(text);
}

/* Whole answers. */
static void
test_text(void **state OVS_UNUSED)
{
    uint8_t frame[60] = {
        2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0x88, 0xb5,
    };
    struct cfg_vlan v;

    br = rig_bridge("br0");
    cfg_vlan_init(&v);
    v.mode = CFG_VLAN_ACCESS;
    v.tag = 10;
    memset(&v.vlans, 0, sizeof v.vlans);
    vlan_set_add(&v.vlans, 10);
    p[0] = rig_vlan_port(br, "p0", &v);
    p[1] = rig_port(br, "p1");
    v.tag = 20;
    memset(&v.vlans, 0, sizeof v.vlans);
    vlan_set_add(&v.vlans, 20);
    p[2] = rig_vlan_port(br, "p2", &v);
    assert_trace(0, frame,
                 "bridge br0, received on p0, 60 bytes\n"
                 "no VLAN header\n"
                 "VLAN 10, the port's tag (vlan_mode access)\n"
                 "learn: 02:00:00:00:00:00 is behind this port\n"
                 "look up: 02:00:00:00:00:01 is not known; to all ports that "
                 "carry VLAN 10\n"
                 "output to p1: with a VLAN header: TPID 0x8100, VLAN 10, "
                 "priority 0\n"
                 "not to p2: it does not carry the frame, for its VLAN\n");
    fdb_learn(bridge_fdb(br), UINT64_C(10) << 48 | rig_mac(0), 0,
              switch_now());
    fdb_add_static(bridge_fdb(br), UINT64_C(10) << 48 | rig_mac(1), 2);
    assert_trace(0, frame,
                 "bridge br0, received on p0, 60 bytes\n"
                 "no VLAN header\n"
                 "VLAN 10, the port's tag (vlan_mode access)\n"
                 "learn: 02:00:00:00:00:00 is known to be behind this port\n"
                 "look up: 02:00:00:00:00:01 is behind p2 (static)\n"
                 "dropped as vlan_output: to a port that does not carry the "
                 "frame, for its VLAN\n");
    memset(frame, 0xff, 6);
    frame[12] = 0x81;
    frame[13] = 0;
    frame[14] = 0x60;
    frame[15] = 10;
    assert_trace(1, frame,
                 "bridge br0, received on p1, 60 bytes\n"
                 "VLAN header: TPID 0x8100, VLAN 10, priority 3\n"
                 "VLAN 10, as the header says (vlan_mode trunk)\n"
                 "learn: 02:00:00:00:00:00 moves here from p0\n"
                 "look up: ff:ff:ff:ff:ff:ff is no single station; to all "
                 "ports that carry VLAN 10\n"
                 "output to p0: without its VLAN header\n"
                 "not to p2: it does not carry the frame, for its VLAN\n");
    assert_trace(0, frame,
                 "bridge br0, received on p0, 60 bytes\n"
                 "VLAN header: TPID 0x8100, VLAN 10, priority 3\n"
                 "dropped as vlan_access: tagged, on an access port\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_random),
        rig_test(test_text),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
