/* SPDX-License-Identifier: Apache-2.0
 *
 * The copies of pools that other threads read, and what DPDK's telemetry
 * socket says of them.
 */
#include <config.h>
#include "mem/mp-telemetry.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "mem/mp-snapshot.h"
#include "openvswitch/compiler.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

static struct mp *
get(const char *port, const char *group)
{
    struct mp_request req = rig_request(port, 1500);

    req.n_mbufs = 2048;
    req.group = group;
    return rig_get(&req);
}

static void
count(const struct mp_snapshot *s OVS_UNUSED, void *n)
{
    ++*(unsigned int *) n;
}

static unsigned int
n_copies(void)
{
    unsigned int n = 0;

    mp_snapshot_for_each(count, &n);
    return n;
}

static void
copy_in_use(const struct mp_snapshot *s, void *in_use)
{
    *(uint32_t *) in_use = s->info.in_use;
}

static uint32_t
in_use(void)
{
    uint32_t n = UINT32_MAX;

    mp_snapshot_for_each(copy_in_use, &n);
    return n;
}

/* Copies are made when something changes, and once a second for as long as
 * there are pools. */
static void
test_when(void **state OVS_UNUSED)
{
    long long int now = 1000;
    struct rte_mbuf *m;
    struct mp *mp;

    mp_snapshot_run(now);
    assert_int_equal(n_copies(), 0);
    mp = get("a", "g");
    assert_int_equal(n_copies(), 0);
    mp_snapshot_run(now);
    assert_int_equal(n_copies(), 1);
    assert_int_equal(in_use(), 0);

    m = rte_mbuf_raw_alloc(mp_mempool(mp));
    mp_snapshot_run(now + 999);
    assert_int_equal(in_use(), 0);
    mp_snapshot_run(now + 1000);
    assert_int_equal(in_use(), 1);
    rte_mbuf_raw_free(m);
    mp_snapshot_run(now + 1999);
    assert_int_equal(in_use(), 1);
    mp_snapshot_run(now + 2000);
    assert_int_equal(in_use(), 0);

    mp_put(mp, "a");
    mp_snapshot_run(now + 2001);
    assert_int_equal(n_copies(), 0);
}

/* Without pools the main loop is not woken for copies. */
static void
test_wait(void **state OVS_UNUSED)
{
    long long int start = time_msec();
    struct mp *mp;

    mp_snapshot_run(time_msec());
    mp_snapshot_wait();
    poll_timer_wait(50);
    poll_block();
    assert_true(time_msec() >= start + 50);

    mp = get("a", "g");
    start = time_msec();
    mp_snapshot_wait();
    poll_timer_wait(10000);
    poll_block();
    assert_true(time_msec() < start + 5000);
    mp_snapshot_run(time_msec());
    mp_snapshot_wait();
    poll_timer_wait(10000);
    poll_block();
    assert_true(time_msec() < start + 5000);
    mp_put(mp, "a");
    mp_snapshot_run(time_msec());
}

/* The sequence number tells of ports, pools and sizes, not of packets. */
static void
test_seq(void **state OVS_UNUSED)
{
    uint64_t seq = mp_snapshot_seq();
    struct rte_mbuf *m;
    struct mp *mp;

    mp_snapshot_run(LLONG_MAX - 1);
    assert_int_equal(mp_snapshot_seq(), seq);
    mp = get("a", "g");
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 1);
    m = rte_mbuf_raw_alloc(mp_mempool(mp));
    mp_snapshot_soon();
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 1);
    rte_mbuf_raw_free(m);

    assert_ptr_equal(get("b", "g"), mp);
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 2);
    mp_put(mp, "a");
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 3);
    mp_put(mp, "b");
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 4);
}

/* What the ledger says, and what a trim does, is seen at once, too. */
static void
test_seq_of_needs(void **state OVS_UNUSED)
{
    struct mp_holding more = { .rx = 512 };
    struct mp *mp = get("a", "g");
    uint64_t seq;

    mp_snapshot_run(0);
    seq = mp_snapshot_seq();
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq);
    mp_settle("a", &more);
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 1);
    mp_settle("a", &more);
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 1);
    mp_set_threads(2);
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 2);
    mp_retire(mp, true);
    mp_snapshot_run(0);
    assert_int_equal(mp_snapshot_seq(), seq + 3);
    mp_set_threads(0);
    mp_put(mp, "a");
    mp_snapshot_run(0);
}

/* Telemetry. */

static int telemetry = -1;

static void
open_telemetry(void)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    char greeting[1024];

    snprintf(sun.sun_path, sizeof sun.sun_path, "%s/dpdk_telemetry.v2",
             rte_eal_get_runtime_dir());
    telemetry = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    assert_true(telemetry >= 0);
    assert_int_equal(connect(telemetry, (struct sockaddr *) &sun, sizeof sun),
                     0);
    assert_true(recv(telemetry, greeting, sizeof greeting, 0) > 0);
}

/* The answer to `command`, with `param` behind a comma where there is one. */
static struct json *
ask(const char *command, const char *param)
{
    char text[256], reply[16384];
    struct json *json, *answer;
    ssize_t n;

    snprintf(text, sizeof text, "/sluice/mempool/%s%s%s", command,
             param ? "," : "", param ? param : "");
    assert_int_equal(send(telemetry, text, strlen(text), 0),
                     (ssize_t) strlen(text));
    n = recv(telemetry, reply, sizeof reply - 1, 0);
    assert_true(n > 0);
    reply[n] = '\0';
    json = json_from_string(reply);
    assert_int_equal(json->type, JSON_OBJECT);
    snprintf(text, sizeof text, "/sluice/mempool/%s", command);
    answer = json_clone(shash_find_data(json_object(json), text));
    json_destroy(json);
    return answer;
}

static const struct json *
member(const struct json *json, const char *name)
{
    const struct json *value = shash_find_data(json_object(json), name);

    assert_non_null(value);
    return value;
}

static void
check_number(const struct json *json, const char *name, long long int expect)
{
    assert_int_equal(json_integer(member(json, name)), expect);
}

static void
check_info(const char *name, const struct mp *mp)
{
    struct json *info = ask("info", name);

    assert_string_equal(json_string(member(info, "name")), mp_name(mp));
    assert_string_equal(json_string(member(info, "group")), "g");
    assert_string_equal(json_string(member(info, "state")), "ok");
    check_number(info, "socket", 0);
    check_number(info, "adjusted_mtu", 2030);
    check_number(info, "asked", 2048);
    check_number(info, "populated", 2048);
    check_number(info, "in_use", 1);
    check_number(info, "failures", 0);
    check_number(info, "refs", 2);
    check_number(info, "degraded", 0);
    check_number(info, "n_ports", 2);
    json_destroy(info);
}

static void
check_ports(const char *name)
{
    struct json *ports = ask("ports", name);
    const struct json *list = member(ports, "ports");

    check_number(ports, "n_ports", 2);
    assert_int_equal(json_array(list)->n, 2);
    assert_string_equal(json_string(json_array(list)->elems[0]), "a");
    assert_string_equal(json_string(json_array(list)->elems[1]), "b-1.2");
    list = member(ports, "rx_may");
    assert_int_equal(json_integer(json_array(list)->elems[0]), 512);
    assert_int_equal(json_integer(json_array(list)->elems[1]), 0);
    list = member(ports, "tx_may");
    assert_int_equal(json_integer(json_array(list)->elems[0]), 384);
    json_destroy(ports);
}

static void
check_unknown(const char *command, const char *name)
{
    struct json *answer = ask(command, name);

    assert_int_equal(answer->type, JSON_NULL);
    json_destroy(answer);
}

static void
test_telemetry(void **state OVS_UNUSED)
{
    static const struct mp_holding holds = {
        .rx = 512, .txq_size = 128, .n_txq = 3,
    };
    static const struct mp_holding none;
    struct json *list;
    struct rte_mbuf *m;
    struct mp *mp;

    open_telemetry();
    mp_snapshot_run(0);
    list = ask("list", NULL);
    assert_int_equal(json_array(list)->n, 0);
    json_destroy(list);
    check_unknown("info", "a");

    mp = get("a", "g");
    assert_ptr_equal(get("b-1.2", "g"), mp);
    mp_settle("a", &holds);
    mp_settle("b-1.2", &none);
    m = rte_mbuf_raw_alloc(mp_mempool(mp));
    mp_snapshot_run(0);
    list = ask("list", NULL);
    assert_int_equal(json_array(list)->n, 1);
    assert_string_equal(json_string(json_array(list)->elems[0]), mp_name(mp));
    json_destroy(list);
    check_info(mp_name(mp), mp);
    check_info("b-1.2", mp);
    check_ports(mp_name(mp));
    check_ports("a");
    check_unknown("info", "c");
    check_unknown("info", NULL);
    check_unknown("ports", "");

    rte_mbuf_raw_free(m);
    mp_settle("a", &none);
    mp_put(mp, "a");
    mp_put(mp, "b-1.2");
    mp_snapshot_run(0);
    close(telemetry);
}

static int
setup(void **state OVS_UNUSED)
{
    mp_telemetry_init();
    return rig_start_with_telemetry(128);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_seq),
        cmocka_unit_test(test_seq_of_needs),
        cmocka_unit_test(test_telemetry),
    };

    return cmocka_run_group_tests_name("mem/mp-telemetry", tests, setup,
                                       rig_stop);
}
