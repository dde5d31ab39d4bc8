/* SPDX-License-Identifier: Apache-2.0
 *
 * test-switch-cmd.c: what the switch's commands print, to the letter, through
 * a control socket as ovs-appctl uses it.
 */
#include <config.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "jsonrpc.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "seq.h"
#include "switch/fdb.h"
#include "tests/unit/switch/switch-rig.h"
#include "unixctl.h"
#include "util.h"

static char dir[] = "/tmp/sluice-sw-XXXXXX";
static char *socket_name;
static struct unixctl_server *server;

/* One command, sent by a thread of its own while the main thread serves. */
struct call {
    char *words[8];
    int n;
    char *result, *error;
    struct seq *done;
    atomic_bool finished;
};

static void *
client_main(void *call_)
{
    struct call *call = call_;
    struct jsonrpc *client;

    if (unixctl_client_create(socket_name, &client)
        || unixctl_client_transact(client, call->words[0], call->n - 1,
                                   &call->words[1], &call->result,
                                   &call->error)) {
        call->error = xstrdup("no transaction");
    }
    jsonrpc_close(client);
    atomic_store(&call->finished, true);
    seq_change(call->done);
    return NULL;
}

/* The main thread's part, until the client has finished. */
static void
serve_until(atomic_bool *finished, struct seq *done)
{
    while (!atomic_load(finished)) {
        uint64_t seen = seq_read(done);

        unixctl_server_run(server);
        if (!atomic_load(finished)) {
            seq_wait(done, seen);
            unixctl_server_wait(server);
            poll_block();
        }
    }
}

/* Runs the command `line`; what it printed, or "error: " and its text. */
static char *
run(const char *line)
{
    struct call call = { .done = seq_create() };
    char *copy = xstrdup(line), *save = NULL, *text;
    pthread_t thread;

    for (char *word = strtok_r(copy, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        assert_true(call.n < (int) ARRAY_SIZE(call.words));
        call.words[call.n++] = word;
    }
    assert_int_equal(pthread_create(&thread, NULL, client_main, &call), 0);
    serve_until(&call.finished, call.done);
    pthread_join(thread, NULL);
    seq_destroy(call.done);
    free(copy);
    text = (call.error ? xasprintf("error: %s", call.error)
            : nullable_xstrdup(call.result));
    free(call.result);
    free(call.error);
    return text ? text : xstrdup("");
}

static void
assert_prints(const char *line, const char *expected)
{
    char *text = run(line);

    assert_string_equal(text, expected);
    free(text);
}

static void
assert_fails(const char *line, const char *expected)
{
    char *text = run(line);
    char *with_prefix = xasprintf("error: %s\n", expected);

    assert_string_equal(text, with_prefix);
    free(with_prefix);
    free(text);
}

/* br0 with two ports, whose hosts 1 and 2 have spoken. */
static struct bridge *
make_net(void)
{
    struct bridge *br = rig_bridge("br0");
    struct port *vh0 = rig_port(br, "vh0"), *vh1 = rig_port(br, "vh1");

    rig_port(br, "br0");
    fake_port_set_describe(port_find("br0"), "tap");
    rig_forward_one(vh0, rig_mac(2), rig_mac(1));
    rig_forward_one(vh1, rig_mac(1), rig_mac(2));
    rig_drain(vh0);
    rig_drain(vh1);
    rig_drain(port_find("br0"));
    return br;
}

static int
compare_lines(const void *a_, const void *b_)
{
    const char *const *a = a_, *const *b = b_;

    return strcmp(*a, *b);
}

/* fdb/show of br0 with its lines sorted and every age 0, since entries come in
 * no order. */
static void
assert_fdb(const char *expected)
{
    char *text = run("fdb/show br0"), *save = NULL;
    char sorted[1000] = "";
    char *lines[20];
    size_t n = 0;

    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        size_t len = strlen(line);

        if (n && line[len - 1] >= '0' && line[len - 1] <= '9') {
            line[len - 1] = '0';        /* tests take few seconds */
        }
        lines[n++] = line;
    }
    assert_true(n > 0);
    qsort(lines + 1, n - 1, sizeof *lines, compare_lines);
    for (size_t i = 0; i < n; i++) {
        strcat(sorted, lines[i]);
        strcat(sorted, "\n");
    }
    assert_string_equal(sorted, expected);
    free(text);
}

#define FDB_HEADING " port  VLAN  MAC                Age\n"

static void
test_fdb_show(void **state OVS_UNUSED)
{
    struct bridge *br = make_net();

    assert_fdb(FDB_HEADING
               "    1     0  02:00:00:00:00:01    0\n"
               "    2     0  02:00:00:00:00:02    0\n");
    rig_forward_one(port_find("br0"), rig_mac(1), rig_mac(0xabcd));
    rig_drain(port_find("vh0"));
    assert_prints("fdb/add br0 vh0 4095 02:aa:00:00:00:01", "");
    assert_fdb(FDB_HEADING
               "    1     0  02:00:00:00:00:01    0\n"
               "    1  4095  02:aa:00:00:00:01  static\n"
               "    2     0  02:00:00:00:00:02    0\n"
               "LOCAL     0  02:00:00:00:ab:cd    0\n");

    fdb_flush(bridge_fdb(br));
    fdb_learn(bridge_fdb(br), rig_mac(7), 0, switch_now() - 1234);
    fdb_del(bridge_fdb(br), fdb_key(4095, (uint8_t[6]) { 2, 0xaa, 0, 0, 0,
                                                         1 }));
    char *text = run("fdb/show br0");

    /* The second may have turned. */
    assert_true(!strcmp(text, FDB_HEADING
                        "    1     0  02:00:00:00:00:07  1234\n")
                || !strcmp(text, FDB_HEADING
                           "    1     0  02:00:00:00:00:07  1235\n"));
    free(text);
    assert_fails("fdb/show nosuch", "no such bridge");
    assert_fails("fdb/show",
                 "\"fdb/show\" command requires at least 1 arguments");
    assert_fails("fdb/show br0 br0",
                 "\"fdb/show\" command takes at most 1 arguments");
}

static void
test_fdb_add_and_del(void **state OVS_UNUSED)
{
    make_net();
    assert_fails("fdb/add br0 nosuch 0 02:aa:00:00:00:01",
                 "software error, odp port is present but no ofp port");
    assert_fails("fdb/add nosuch vh0 0 02:aa:00:00:00:01", "no such bridge");
    assert_fails("fdb/add br0 vh0 0 02:aa:00:00:00", "bad MAC address");
    assert_fails("fdb/add br0 vh0 0 02:aa:00:00:00:01x", "bad MAC address");
    assert_fails("fdb/add br0 vh0 0 01:aa:00:00:00:01", "bad MAC address");
    assert_fails("fdb/add br0 vh0 0 00:00:00:00:00:00", "bad MAC address");
    assert_fails("fdb/add br0 vh0 4096 02:aa:00:00:00:01",
                 "bad VLAN '4096': must be 0 to 4095");
    assert_fails("fdb/add br0 vh0 x 02:aa:00:00:00:01",
                 "bad VLAN 'x': must be 0 to 4095");
    assert_fails("fdb/add br0 vh0 -1 02:aa:00:00:00:01",
                 "bad VLAN '-1': must be 0 to 4095");

    assert_prints("fdb/add br0 vh0 0 02:00:00:00:00:02",
                  "Overriding already existing dynamic entry on 2\n");
    assert_prints("fdb/add br0 vh0 0 02:00:00:00:00:02", "");
    assert_prints("fdb/add br0 br0 0 02:00:00:00:00:02",
                  "Overriding already existing static entry on 1\n");
    assert_prints("fdb/add br0 vh1 0 02:00:00:00:00:02",
                  "Overriding already existing static entry on LOCAL\n");
    assert_prints("fdb/del br0 0 02:00:00:00:00:02", "");
    assert_fails("fdb/del br0 0 02:00:00:00:00:02",
                 "could not find static mac entry");
    assert_fails("fdb/del br0 0 02:00:00:00:00:01",     /* a learned one */
                 "could not find static mac entry");
    assert_fails("fdb/del br0 0 nonsense", "bad MAC address");
    assert_fails("fdb/del nosuch 0 02:00:00:00:00:01", "no such bridge");
    assert_fdb(FDB_HEADING
               "    1     0  02:00:00:00:00:01    0\n");
}

static void
test_fdb_flush(void **state OVS_UNUSED)
{
    make_net();
    assert_prints("fdb/add br0 vh0 7 02:aa:00:00:00:01", "");
    assert_fails("fdb/flush nosuch", "no such bridge");
    assert_prints("fdb/flush br0", "table successfully flushed\n");
    assert_fdb(FDB_HEADING
               "    1     7  02:aa:00:00:00:01  static\n");
    assert_prints("fdb/flush", "table successfully flushed\n");
}

static void
test_fdb_stats(void **state OVS_UNUSED)
{
    make_net();
    rig_forward_one(port_find("vh1"), rig_mac(2), rig_mac(1));
    assert_prints("fdb/add br0 vh0 7 02:aa:00:00:00:01", "");
    assert_prints("fdb/stats-show br0",
                  "Statistics for bridge \"br0\":\n"
                  "  Current/maximum MAC entries in the table: 3/8192\n"
                  "  Current static MAC entries in the table : 1\n"
                  "  Total number of learned MAC entries     : 2\n"
                  "  Total number of expired MAC entries     : 0\n"
                  "  Total number of evicted MAC entries     : 0\n"
                  "  Total number of port moved MAC entries  : 1\n");
    assert_fails("fdb/stats-show nosuch", "no such bridge");
    assert_fails("fdb/stats-clear nosuch", "no such bridge");
    assert_prints("fdb/stats-clear br0", "statistics successfully cleared\n");
    assert_prints("fdb/stats-clear", "statistics successfully cleared\n");
    assert_prints("fdb/stats-show br0",
                  "Statistics for bridge \"br0\":\n"
                  "  Current/maximum MAC entries in the table: 3/8192\n"
                  "  Current static MAC entries in the table : 1\n"
                  "  Total number of learned MAC entries     : 0\n"
                  "  Total number of expired MAC entries     : 0\n"
                  "  Total number of evicted MAC entries     : 0\n"
                  "  Total number of port moved MAC entries  : 0\n");
}

/* A client that keeps nothing of what it is told. */
struct drain {
    uint64_t lines, size;       /* of the text, where it has `lines` */
    struct seq *done;
    atomic_bool finished;
};

static void *
drain_main(void *drain_)
{
    static const char request[]
        = "{\"id\":0,\"method\":\"fdb/show\",\"params\":[\"br0\"]}";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct drain *d = drain_;
    uint64_t lines = 0;
    char buffer[65536];
    ssize_t n = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_name);
    if (!connect(fd, (const struct sockaddr *) &address, sizeof address)
        && write(fd, request, strlen(request)) > 0) {
        while (lines < d->lines
               && (n = read(fd, buffer, sizeof buffer)) > 0) {
            d->size += (uint64_t) n;
            for (ssize_t i = 0; i < n; i++) {
                lines += buffer[i] == '\\';      /* JSON's "\n" */
            }
        }
    }
    close(fd);
    d->size -= lines;
    d->lines = lines;
    atomic_store(&d->finished, true);
    seq_change(d->done);
    return NULL;
}

/* A number of /proc/self/status, in bytes. */
static uint64_t
memory(const char *what)
{
    FILE *f = fopen("/proc/self/status", "r");
    unsigned long long kb = 0;
    char line[128];

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (!strncmp(line, what, strlen(what))) {
            kb = strtoull(line + strlen(what), NULL, 10);
        }
    }
    fclose(f);
    assert_true(kb > 0);
    return kb * 1024;
}

static void
forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");

    assert_non_null(f);
    assert_true(fputs("5", f) >= 0);
    assert_int_equal(fclose(f), 0);
}

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

/* A table at its largest: every line is there, it does not take long, and no
 * more memory than the text three times: as we make it, as a JSON string, as
 * it is sent, where each end of a line takes one byte more. */
static void
test_fdb_show_a_million(void **state OVS_UNUSED)
{
    enum { SLACK = 2 << 20 };
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    struct drain d = { .lines = 1 + FDB_ENTRIES_MAX, .done = seq_create() };
    pthread_t thread;
    struct bridge *br;
    uint64_t before;
    uint32_t start;
    char *error;

    cfg->mac_table_size = FDB_ENTRIES_MAX;
    br = bridge_create(cfg, &error);
    rig_port(br, "p0");
    for (unsigned int i = 0; i < FDB_ENTRIES_MAX; i++) {
        fdb_learn(bridge_fdb(br), rig_mac(i), 0, switch_now());
    }
    before = memory("VmRSS:");
    forget_peak();
    start = switch_now();
    assert_int_equal(pthread_create(&thread, NULL, drain_main, &d), 0);
    serve_until(&d.finished, d.done);
    pthread_join(thread, NULL);
    assert_in_range(switch_now() - start, 0, 20);
    assert_int_equal(d.lines, 1 + FDB_ENTRIES_MAX);
    print_message("%.1f MB of text, %.1f MB of memory\n",
                  (double) d.size / 1e6,
                  (double) (memory("VmHWM:") - before) / 1e6);
    if (!SANITIZED) {           /* else it is the sanitizer's memory, too */
        assert_true(memory("VmHWM:") - before
                    <= 3 * d.size + FDB_ENTRIES_MAX + SLACK);
    }
    seq_destroy(d.done);
}

/* Forwarding counters of the process go on from test to test. */
static char *
lookups(const char *format)
{
    struct forward_stats stats;
    char hit[24], missed[24];

    forward_stats_sum(&stats);
    snprintf(hit, sizeof hit, "%llu", (unsigned long long) stats.fdb_hits);
    snprintf(missed, sizeof missed, "%llu",
             (unsigned long long) stats.fdb_misses);

    char *text = xstrdup(format);
    const struct {
        const char *mark, *value;
    } marks[] = { { "HIT", hit }, { "MISSED", missed } };

    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        char *at = strstr(text, marks[i].mark);
        char *new;

        assert_non_null(at);
        *at = '\0';
        new = xasprintf("%s%s%s", text, marks[i].value,
                        at + strlen(marks[i].mark));
        free(text);
        text = new;
    }
    return text;
}

static void
test_dpif_show(void **state OVS_UNUSED)
{
    char *expected;

    assert_prints("dpif/show", "");
    make_net();
    rig_port(rig_bridge("br1"), "x");
    fake_port_set_describe(port_find("vh1"), "dpdkvhostuserclient: mtu=1500");
    expected = lookups("netdev@ovs-netdev: hit:HIT missed:MISSED\n"
                       "  br0:\n"
                       "    br0 65534/3: (tap)\n"
                       "    vh0 1/1: (fake)\n"
                       "    vh1 2/2: (dpdkvhostuserclient: mtu=1500)\n"
                       "  br1:\n"
                       "    x 1/4: (fake)\n");
    assert_prints("dpif/show", expected);
    free(expected);
}

static void
test_dpctl_show(void **state OVS_UNUSED)
{
    static const char *const format =
        "netdev@ovs-netdev:\n"
        "  lookups: hit:HIT missed:MISSED lost:0\n"
        "  flows: 2\n"
        "  port 0: ovs-netdev (tap)\n"
        "  port 1: vh0 (fake)\n"
        "  port 2: vh1 (fake)\n"
        "  port 3: br0 (tap)\n";
    char *expected, *twice;

    assert_prints("dpctl/show", "");
    assert_fails("dpctl/show ovs-netdev",
                 "ovs-vswitchd: opening datapath ovs-netdev failed "
                 "(No such device)");
    make_net();
    expected = lookups(format);
    twice = xasprintf("%s%s", expected, expected);
    assert_prints("dpctl/show", expected);
    assert_prints("dpctl/show -m", expected);
    assert_prints("dpctl/show ovs-netdev", expected);
    assert_prints("dpctl/show netdev@ovs-netdev ovs-netdev", twice);
    free(twice);

    twice = xasprintf("%sovs-vswitchd: opening datapath system@x failed "
                      "(No such device)", expected);
    assert_fails("dpctl/show ovs-netdev system@x", twice);
    assert_fails("dpctl/show -x", "Unrecognized option -x");
    assert_fails("dpctl/show --x", "Unrecognized option --x");
    free(twice);
    free(expected);
}

static void
test_dpctl_show_stats(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct port *p0 = rig_port(br, "p0");
    char *expected;

    rig_port(br, "p1");
    for (int i = 0; i < 100; i++) {
        rig_forward_one(p0, RIG_BROADCAST, rig_mac(1));
        rig_drain(port_find("p1"));
    }
    expected = lookups(
        "netdev@ovs-netdev:\n"
        "  lookups: hit:HIT missed:MISSED lost:0\n"
        "  flows: 1\n"
        "  port 0: ovs-netdev (tap)\n"
        "    RX packets:0 errors:0 dropped:0 overruns:0 frame:0\n"
        "    TX packets:0 errors:0 dropped:0 aborted:0 carrier:0\n"
        "    collisions:0\n"
        "    RX bytes:0  TX bytes:0\n"
        "  port 1: p0 (fake)\n"
        "    RX packets:0 errors:0 dropped:0 overruns:? frame:?\n"
        "    TX packets:0 errors:0 dropped:0 aborted:? carrier:?\n"
        "    collisions:?\n"
        "    RX bytes:0  TX bytes:0\n"
        "  port 2: p1 (fake)\n"
        "    RX packets:0 errors:0 dropped:0 overruns:? frame:?\n"
        "    TX packets:100 errors:0 dropped:0 aborted:? carrier:?\n"
        "    collisions:?\n"
        "    RX bytes:0  TX bytes:6000 (5.9 KiB)\n");
    assert_prints("dpctl/show -s", expected);
    assert_prints("dpctl/show --statistics ovs-netdev", expected);
    free(expected);
}

static void
test_lists(void **state OVS_UNUSED)
{
    assert_prints("dpctl/dump-dps", "");
    assert_prints("dpif/dump-dps", "");
    assert_prints("ofproto/list", "");
    rig_bridge("br1");
    rig_bridge("br0");
    assert_prints("dpctl/dump-dps", "netdev@ovs-netdev\n");
    assert_prints("dpif/dump-dps", "netdev@br0\nnetdev@br1\n");
    assert_prints("ofproto/list", "br0\nbr1\n");
    assert_fails("ofproto/list x",
                 "\"ofproto/list\" command takes at most 0 arguments");
}

static void
test_drop_show(void **state OVS_UNUSED)
{
    uint64_t before = rig_drops("src_zero");
    char *text, *expected;

    make_net();
    rig_forward_one(port_find("vh0"), rig_mac(2), 0);
    text = run("sluice/drop-show");
    expected = xasprintf("\nsrc_zero: %llu\n",
                         (unsigned long long) before + 1);
    assert_non_null(strstr(text, expected));
    free(expected);
    for (int i = 0; i < DROP_N_REASONS; i++) {
        assert_non_null(strstr(text, drop_names[i]));
    }
    free(text);

    text = run("sluice/drop-show -v");
    expected = xasprintf("\nsrc_zero: %llu (source address all zero)\n",
                         (unsigned long long) before + 1);
    assert_non_null(strstr(text, expected));
    free(expected);
    free(text);
    assert_fails("sluice/drop-show x", "Unrecognized option x");
}

static int
setup(void **state)
{
    if (!mkdtemp(dir)) {
        return -1;
    }
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    socket_name = xasprintf("%s/ctl", dir);
    switch_cmd_init();
    return (unixctl_server_create(socket_name, &server) ? -1
            : rig_setup(state));
}

static int
teardown(void **state)
{
    unixctl_server_destroy(server);
    unlink(socket_name);
    rmdir(dir);
    free(socket_name);
    return rig_teardown(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_fdb_show),
        rig_test(test_fdb_add_and_del),
        rig_test(test_fdb_flush),
        rig_test(test_fdb_stats),
        rig_test(test_fdb_show_a_million),
        rig_test(test_dpif_show),
        rig_test(test_dpctl_show),
        rig_test(test_dpctl_show_stats),
        rig_test(test_lists),
        rig_test(test_drop_show),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
