/* SPDX-License-Identifier: Apache-2.0
 *
 * netdev-dpdk/get-mempool-info and mempool-show, through a control socket as
 * ovs-appctl uses it.
 */
#include <config.h>
#include "mem/mempool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "jsonrpc.h"
#include "openvswitch/compiler.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "tests/unit/mem/mem-rig.h"
#include "unixctl.h"
#include "util.h"

static char socket_path[] = "/tmp/sluice-ctl-XXXXXX";
static struct unixctl_server *server;
static struct mp *pool;

/* Ports: "dpdk0" has the pool, "vh0" waits for its guest, "br0" is not
 * DPDK's. */
static const struct mp *
find(const char *port, bool *is_dpdk)
{
    *is_dpdk = !strcmp(port, "dpdk0") || !strcmp(port, "vh0");
    return strcmp(port, "dpdk0") ? NULL : pool;
}

struct call {
    const char *command;
    int argc;
    char **argv;
    char *result, *error;
    atomic_bool done;
};

static void *
call_main(void *c_)
{
    struct call *c = c_;
    struct jsonrpc *client = NULL;

    assert_int_equal(unixctl_client_create(socket_path, &client), 0);
    assert_int_equal(unixctl_client_transact(client, c->command, c->argc,
                                             c->argv, &c->result, &c->error),
                     0);
    jsonrpc_close(client);
    c->done = true;
    return NULL;
}

/* The answer of netdev-dpdk/`command`; `*is_error` is what ovs-appctl would
 * exit 2 for. */
static char *
run_command(const char *command, const char *arg1, const char *arg2,
            bool *is_error)
{
    char *name = xasprintf("netdev-dpdk/%s", command);
    char *argv[] = { CONST_CAST(char *, arg1), CONST_CAST(char *, arg2) };
    struct call c = {
        .command = name, .argc = arg2 ? 2 : arg1 ? 1 : 0, .argv = argv,
    };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, call_main, &c), 0);
    while (!c.done) {
        unixctl_server_run(server);
        usleep(1000);
    }
    pthread_join(thread, NULL);
    free(name);
    *is_error = c.error != NULL;
    return c.error ? c.error : c.result;
}

static char *
run(const char *port, bool *is_error)
{
    return run_command("get-mempool-info", port, NULL, is_error);
}

static void
check(const char *port, bool expect_error, const char *expect)
{
    bool is_error;
    char *text = run(port, &is_error);

    assert_int_equal(is_error, expect_error);
    if (expect) {
        assert_string_equal(text, expect);
    }
    free(text);
}

static bool
ends_with(const char *s, const char *end)
{
    return (strlen(s) >= strlen(end)
            && !strcmp(s + strlen(s) - strlen(end), end));
}

static void
test_get_mempool_info(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("dpdk0", 1500);
    struct mp_request other = rig_request("k", 1500);
    struct mp *second;
    struct rte_mbuf *m;
    bool is_error;
    char *text;

    check("br0", true, "Not a DPDK Interface\n");
    check("vh0", true, "Not allocated\n");
    check(NULL, false, "");

    req.n_mbufs = other.n_mbufs = 2048;
    other.group = "kernel";
    pool = rig_get(&req);
    second = rig_get(&other);
    m = rte_pktmbuf_alloc(mp_mempool(pool));

    text = run("dpdk0", &is_error);
    assert_false(is_error);
    assert_int_equal(strncmp(text, "mempool <mp", 11), 0);
    assert_non_null(strstr(text, "-s0-2030-shared>@0x"));
    assert_null(strstr(text, "kernel"));
    assert_non_null(strstr(text, "\n  populated_size=2048\n"));
    assert_non_null(strstr(text, "\n  total_obj_size=2368\n"));
    assert_non_null(strstr(text, "\n  ops_name: <sluice_"));
    assert_non_null(strstr(text, "\n  internal cache infos:\n"));
    assert_non_null(strstr(text, "\n    cache_count[127]=0\n"));
    assert_true(ends_with(text, "  no statistics available\n"
                          "    count: avail (2047), in use (1)\n"));
    free(text);

    text = run(NULL, &is_error);
    assert_false(is_error);
    assert_non_null(strstr(text, "-s0-2030-shared>@0x"));
    assert_non_null(strstr(text, "-s0-2030-kernel>@0x"));
    assert_null(strstr(text, "count: avail"));
    free(text);

    rte_pktmbuf_free(m);
    mp_put(pool, "dpdk0");
    mp_put(second, "k");
    check(NULL, false, "");
}

static void
check_show(const char *arg1, const char *arg2, bool expect_error,
           const char *expect)
{
    bool is_error;
    char *text = run_command("mempool-show", arg1, arg2, &is_error);

    assert_int_equal(is_error, expect_error);
    if (!strstr(text, expect)) {
        fail_msg("not \"%s\" in: %s", expect, text);
    }
    free(text);
}

/* The number below `path`, names from the outermost to the innermost, of the
 * first pool. */
static long long int
number_of(const struct json *json, const char *path1, const char *path2)
{
    const struct json *pools = shash_find_data(json_object(json), "pools");
    const struct json *value;

    assert_int_equal(json_array(pools)->n, 1);
    value = shash_find_data(json_object(json_array(pools)->elems[0]), path1);
    if (path2) {
        value = shash_find_data(json_object(value), path2);
    }
    assert_non_null(value);
    return json_integer(value);
}

static void
check_json(const char *name)
{
    bool is_error;
    char *text = run_command("mempool-show", "--json", name, &is_error);
    struct json *json = json_from_string(text);

    assert_false(is_error);
    assert_int_equal(json->type, JSON_OBJECT);
    assert_int_equal(number_of(json, "populated", NULL), 2048);
    assert_int_equal(number_of(json, "in_use", NULL), 1);
    assert_int_equal(number_of(json, "holders", "unaccounted"), 1);
    json_destroy(json);
    free(text);
}

static void
test_mempool_show(void **state OVS_UNUSED)
{
    struct mp_request req = rig_request("dpdk0", 1500);
    struct mp_request other = rig_request("br0", 1500);
    static const struct mp_holding none;
    struct mp *second;
    struct rte_mbuf *m;

    check_show(NULL, NULL, false, "no mempools\n");
    check_show("--json", NULL, false, "\"pools\": []");
    check_show("vh0", NULL, true, "vh0 has no mempool: it takes one when its "
               "guest connects");
    check_show("br0", NULL, true, "br0: there is no mempool of that name, nor "
               "a port of that name with a mempool");
    check_show("a", "b", true, "unexpected argument 'b'");
    check_show("--js", NULL, true, "unexpected argument '--js'");

    req.n_mbufs = other.n_mbufs = 2048;
    other.group = "kernel";
    pool = rig_get(&req);
    second = rig_get(&other);
    mp_settle("dpdk0", &none);
    mp_settle("br0", &none);
    assert_int_equal(rte_mempool_generic_get(mp_mempool(pool), (void **) &m,
                                             1, NULL), 0);

    /* All; one by its name; one by a port's, also of one not DPDK's. */
    check_show(NULL, NULL, false, mp_name(pool));
    check_show(NULL, NULL, false, mp_name(second));
    check_show(mp_name(pool), NULL, false, mp_name(pool));
    check_show("dpdk0", NULL, false, "\nof 2048 mbufs: free 2047, cached 0, "
               "rx 0, tx 0, unaccounted 1\n");
    check_show("br0", NULL, false, "\nbr0          0       0         0       "
               "0\n\nof 2048 mbufs: free 2048,");
    check_json("dpdk0");
    check_json(mp_name(pool));

    rte_pktmbuf_free(m);
    mp_put(pool, "dpdk0");
    mp_put(second, "br0");
    check_show("dpdk0", NULL, true, "dpdk0 has no mempool");
}

static int
setup(void **state OVS_UNUSED)
{
    int fd;

    if (rig_start(128)) {
        return -1;
    }
    fd = mkstemp(socket_path);
    if (fd < 0) {
        return -1;
    }
    close(fd);
    unlink(socket_path);
    mem_cmd_init(find);
    return unixctl_server_create(socket_path, &server) ? -1 : 0;
}

static int
teardown(void **state)
{
    unixctl_server_destroy(server);
    unlink(socket_path);
    return rig_stop(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get_mempool_info),
        cmocka_unit_test(test_mempool_show),
    };

    return cmocka_run_group_tests_name("mem/mem-cmd", tests, setup, teardown);
}
