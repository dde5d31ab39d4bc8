/* SPDX-License-Identifier: Apache-2.0
 *
 * test-bridge.c: bridges, their members, and the states they publish.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "switch/fdb.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

static char log_name[] = "/tmp/sluice-sw-log-XXXXXX";

static const struct ingress *
ingress_of(const struct port *p)
{
    return atomic_load(&CONST_CAST(struct port *, p)->ingress);
}

static int
add(struct bridge *br, struct port *p, int64_t request)
{
    char *error;
    int ofport = bridge_add_port(br, p, NULL, request, &error);

    assert_true(ofport > 0);
    assert_null(error);
    assert_int_equal(bridge_ofport(br, p), ofport);
    return ofport;
}

static void
test_registry(void **state OVS_UNUSED)
{
    char *error;
    struct bridge *b = rig_bridge("b"), *a = rig_bridge("a");
    struct bridge *ab = rig_bridge("ab");

    assert_int_equal(bridge_count(), 3);
    assert_ptr_equal(bridge_find("a"), a);
    assert_ptr_equal(bridge_find("ab"), ab);
    assert_ptr_equal(bridge_find("b"), b);
    assert_null(bridge_find("c"));
    assert_null(bridge_find(""));
    assert_string_equal(bridge_name(ab), "ab");

    assert_null(bridge_create(rig_bridge_cfg("ab"), &error));
    assert_string_equal(error, "bridge ab exists already");
    free(error);
    bridge_destroy(a);
    assert_null(bridge_find("a"));
    assert_ptr_equal(bridge_find("b"), b);
    assert_int_equal(bridge_count(), 2);
}

static void
append_name(struct bridge *br, void *text)
{
    strcat(text, bridge_name(br));
    strcat(text, " ");
}

static void
test_order_of_names(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("m");
    struct bridge_member m;
    char names[32] = "";

    rig_bridge("z");
    rig_bridge("b");
    bridge_for_each(append_name, names);
    assert_string_equal(names, "b m z ");

    rig_port(br, "p2");
    rig_port(br, "p10");
    rig_port(br, "m");
    names[0] = '\0';
    for (size_t i = 0; i < bridge_n_members(br); i++) {
        bridge_get_member(br, i, &m);
        strcat(names, m.name);
        strcat(names, " ");
        assert_ptr_equal(m.port, port_find(m.name));
        assert_int_equal(m.ofport, bridge_ofport(br, m.port));
    }
    assert_string_equal(names, "m p10 p2 ");
}

static void
test_openflow_ports(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct port *p[6];

    for (int i = 0; i < 6; i++) {
        char name[8];

        snprintf(name, sizeof name, "p%d", i);
        p[i] = fake_port_create(name, 1500, 2);
    }
    assert_int_equal(add(br, fake_port_create("br0", 1500, 2), 7), 65534);
    assert_int_equal(add(br, p[0], 0), 1);
    assert_int_equal(add(br, p[1], 3), 3);
    assert_int_equal(add(br, p[2], 0), 2);
    assert_int_equal(add(br, p[3], 3), 4);      /* used: the next free */
    assert_int_equal(add(br, p[4], 65279), 65279);
    assert_int_equal(bridge_ofport(br, p[5]), -1);
    assert_int_equal(add(br, p[5], 65280), 5);  /* no such number */

    bridge_del_port(br, p[2]);
    assert_int_equal(bridge_ofport(br, p[2]), -1);
    assert_int_equal(add(br, p[2], 0), 2);
    bridge_del_port(br, p[4]);
    assert_int_equal(add(br, p[4], -1), 6);
}

static void
test_one_bridge_each(void **state OVS_UNUSED)
{
    struct bridge *br0 = rig_bridge("br0"), *br1 = rig_bridge("br1");
    struct port *p = rig_port(br0, "p");
    char *error;

    assert_ptr_equal(bridge_of_port(p), br0);
    assert_int_equal(bridge_ofport(br1, p), -1);
    assert_int_equal(bridge_add_port(br1, p, NULL, 0, &error), -EBUSY);
    assert_string_equal(error, "port p is in bridge br0 already");
    free(error);
    assert_ptr_equal(ingress_of(p)->state->fdb, bridge_fdb(br0));

    bridge_del_port(br0, p);
    assert_null(bridge_of_port(p));
    assert_null(ingress_of(p));
    assert_int_equal(add(br1, p, 0), 1);
    assert_ptr_equal(ingress_of(p)->state->fdb, bridge_fdb(br1));
}

static void
test_compiled_state(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct port *p0 = rig_port(br, "p0"), *p1 = rig_port(br, "p1");
    const struct bridge_state *s = ingress_of(p0)->state;
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    struct cfg_settings set;
    char *error;

    /* One state for all. */
    assert_ptr_equal(ingress_of(p1)->state, s);
    assert_int_equal(s->n, 2);
    assert_int_equal(s->n_flood, 2);
    for (uint16_t i = 0; i < 2; i++) {
        assert_ptr_equal(s->lports[i].state, s);
        assert_int_equal(s->lports[i].index, i);
        assert_int_equal(s->lports[i].max_frame, 1518);
        assert_int_equal(s->flood[i], i);
        assert_int_equal(s->lports[i].refuse, 0);
        assert_ptr_equal(ingress_of(s->lports[i].port), &s->lports[i]);
    }
    assert_false(s->forward_bpdu);

    /* What does not change, publishes nothing. */
    bridge_port_changed(br, p0);
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    assert_ptr_equal(ingress_of(p0)->state, s);

    fake_settings(&set, 9000);
    assert_int_equal(port_set(p1, &set, 2, &error), 0);
    bridge_port_changed(br, p1);
    assert_int_equal(ingress_of(p1)->max_frame, 9018);
    assert_int_equal(ingress_of(p0)->max_frame, 1518);
    cfg_settings_destroy(&set);

    cfg->forward_bpdu = true;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    assert_true(ingress_of(p0)->state->forward_bpdu);

    /* A gap stays a gap. */
    rig_delete_port(p0);
    s = ingress_of(p1)->state;
    assert_int_equal(s->n, 2);
    assert_null(s->lports[0].port);
    assert_int_equal(s->n_flood, 1);
    assert_int_equal(s->flood[0], 1);
}

/* An index that is given again says nothing of the port it had before. */
static void
test_index_is_reused_clean(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct port *p[3] = { rig_port(br, "p0"), rig_port(br, "p1"),
                          rig_port(br, "p2") };
    struct fdb_stats stats;

    for (unsigned int i = 0; i < 3; i++) {
        rig_forward_one(p[i], RIG_BROADCAST, rig_mac(i));
        rig_forward_one(p[i], RIG_BROADCAST, rig_mac(i + 10));
    }
    fdb_add_static(bridge_fdb(br), rig_mac(99), ingress_of(p[1])->index);
    rig_delete_port(p[1]);
    fdb_get_stats(bridge_fdb(br), &stats);
    assert_int_equal(stats.current, 4);
    assert_int_equal(stats.statics, 0);

    p[1] = rig_port(br, "p3");
    assert_int_equal(ingress_of(p[1])->index, 1);
    assert_int_equal(fdb_lookup(bridge_fdb(br), rig_mac(1)), FDB_NONE);
    for (unsigned int i = 0; i < 3; i++) {
        rig_drain(p[i]);
    }
}

static void
test_settings(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    struct bridge_settings s;
    char *error;

    bridge_get_settings(br, &s);
    assert_int_equal(s.mac_aging_time, 300);
    assert_int_equal(s.mac_table_size, 8192);
    assert_false(s.secure || s.forward_bpdu);
    assert_null(s.hwaddr);

    cfg->mac_aging_time = 15;
    cfg->hwaddr = (char *) "02:00:00:00:00:01";
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    bridge_get_settings(br, &s);
    assert_int_equal(s.mac_aging_time, 15);
    assert_string_equal(s.hwaddr, "02:00:00:00:00:01");
    cfg->hwaddr = NULL;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    bridge_get_settings(br, &s);
    assert_null(s.hwaddr);
}

static void
test_table_size(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct port *p[2] = { rig_port(br, "p0"), rig_port(br, "p1") };
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    struct fdb_stats stats;
    char *error;

    for (unsigned int i = 0; i < 100; i++) {
        rig_forward_one(p[0], RIG_BROADCAST, rig_mac(i));
    }
    rig_drain(p[1]);
    cfg->mac_table_size = 1000;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    fdb_get_stats(bridge_fdb(br), &stats);
    assert_int_equal(stats.max, 1000);
    assert_int_equal(stats.current, 100);
    assert_int_equal(stats.learned, 100);
    rig_forward_one(p[1], rig_mac(55), rig_mac(200));
    assert_int_equal(rig_drain(p[0]), 1);       /* known still */

    cfg->mac_table_size = 10;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    fdb_get_stats(bridge_fdb(br), &stats);
    assert_int_equal(stats.max, 10);
    assert_int_equal(stats.current, 10);
}

/* What the old table still has does not come back with what is known. */
static void
test_table_size_and_flood_vlans(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct port *p = rig_port(br, "p0");
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    uint64_t gone = UINT64_C(5) << 48 | rig_mac(1);
    uint64_t stays = UINT64_C(6) << 48 | rig_mac(1);
    char *error;

    fdb_learn(bridge_fdb(br), gone, 0, switch_now());
    fdb_learn(bridge_fdb(br), stays, 0, switch_now());
    cfg->mac_table_size = 100;
    vlan_set_add(&cfg->flood_vlans, 5);
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    assert_int_equal(fdb_lookup(bridge_fdb(br), gone), FDB_NONE);
    assert_int_equal(fdb_lookup(bridge_fdb(br), stays), 0);
    rig_delete_port(p);
}

static void
test_run_ages(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct fdb *fdb = bridge_fdb(br);
    uint32_t now = switch_now();

    fdb_learn(fdb, rig_mac(1), 0, now - 302);
    fdb_learn(fdb, rig_mac(2), 0, now);
    /* At most once a second: it may have run in this one. */
    for (int i = 0; i < 30 && fdb_lookup(fdb, rig_mac(1)) != FDB_NONE; i++) {
        usleep(100 * 1000);
        switch_run();
    }
    assert_int_equal(fdb_lookup(fdb, rig_mac(1)), FDB_NONE);
    assert_int_equal(fdb_lookup(fdb, rig_mac(2)), 0);

    switch_wait();
    poll_block();               /* within a second or so */
    assert_in_range(switch_now() - now, 0, 10);
}

static unsigned int
count_in_log(const char *text)
{
    FILE *f = fopen(log_name, "r");
    unsigned int n = 0;
    char line[512];

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        n += strstr(line, text) != NULL;
    }
    fclose(f);
    return n;
}

/* The lines that the tools' users look for.  (That a secure bridge forwards
 * nothing is said where the configuration is read.) */
static void
test_log(void **state OVS_UNUSED)
{
    struct cfg_bridge *cfg = rig_bridge_cfg("br9");
    struct bridge *br;
    char *error;

    cfg->secure = true;
    br = bridge_create(cfg, &error);
    rig_delete_port(rig_port(br, "p0"));
    assert_int_equal(count_in_log("|bridge|INFO|bridge br9: added interface "
                                  "p0 on port 1"), 1);
    assert_int_equal(count_in_log("|bridge|INFO|bridge br9: deleted "
                                  "interface p0 on port 1"), 1);
    assert_int_equal(count_in_log("|WARN|"), 0);
}

static int
setup(void **state)
{
    int fd = mkstemp(log_name);

    if (fd < 0 || close(fd) || vlog_set_log_file(log_name)) {
        return -1;
    }
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    return rig_setup(state);
}

static int
teardown(void **state)
{
    unlink(log_name);
    return rig_teardown(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_registry),
        rig_test(test_order_of_names),
        rig_test(test_openflow_ports),
        rig_test(test_one_bridge_each),
        rig_test(test_compiled_state),
        rig_test(test_index_is_reused_clean),
        rig_test(test_settings),
        rig_test(test_table_size),
        rig_test(test_table_size_and_flood_vlans),
        rig_test(test_run_ages),
        rig_test(test_log),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
