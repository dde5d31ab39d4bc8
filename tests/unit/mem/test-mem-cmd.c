/* SPDX-License-Identifier: Apache-2.0
 *
 * netdev-dpdk/get-mempool-info, through a control socket as ovs-appctl uses
 * it.
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
    assert_int_equal(unixctl_client_transact(client,
                                             "netdev-dpdk/get-mempool-info",
                                             c->argc, c->argv, &c->result,
                                             &c->error), 0);
    jsonrpc_close(client);
    c->done = true;
    return NULL;
}

/* The command's answer; `*is_error` is what ovs-appctl would exit 2 for. */
static char *
run(const char *port, bool *is_error)
{
    char *argv[] = { CONST_CAST(char *, port) };
    struct call c = { .argc = port ? 1 : 0, .argv = argv };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, call_main, &c), 0);
    while (!c.done) {
        unixctl_server_run(server);
        usleep(1000);
    }
    pthread_join(thread, NULL);
    *is_error = c.error != NULL;
    return c.error ? c.error : c.result;
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
    };

    return cmocka_run_group_tests_name("mem/mem-cmd", tests, setup, teardown);
}
