/* SPDX-License-Identifier: Apache-2.0
 *
 * test-vhost.c: vhost-user ports without a guest: sockets, queue maps, what
 * is refused.  Guests are the functional tests' business.
 */
#include <config.h>

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "eal/eal.h"
#include "eal/machine.h"
#include "mem/mempool.h"
#include "port/port.h"
#include "port/vhost-door.h"
#include "port/vhost.h"
#include "smap.h"
#include "util.h"

enum {
    NODE_BYTES = 32 * 1024 * 1024,
    PAGE = 2 * 1024 * 1024,
};

static char dir[64];
static int other_node;          /* see add_node() */

static void
hook_nothing(struct port *p OVS_UNUSED)
{
}

static void
settings(struct cfg_settings *set, const char *name)
{
    cfg_settings_init(set);
    set->vhost_path = xasprintf("%s/%s", dir, name);
    set->max_queue_pairs = 1;
    set->tx_retries_max = 8;
}

static struct port *
create(enum cfg_type kind, const char *name, char **errp)
{
    struct cfg_settings set;
    struct port *p;

    settings(&set, name);
    p = port_create(kind, name, &set, 2, errp);
    cfg_settings_destroy(&set);
    return p;
}

static bool
is_socket(const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    struct stat s;
    bool yes = !lstat(path, &s) && S_ISSOCK(s.st_mode);

    free(path);
    return yes;
}

static int
bind_socket(const char *name)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(un.sun_path, sizeof un.sun_path, "%s/%s", dir, name);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *) &un, sizeof un), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void
unlink_socket(const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);

    assert_int_equal(unlink(path), 0);
    free(path);
}

static bool
has_guest(const struct port *p)
{
    struct vhost *v = vhost_cast(p);
    bool yes;

    ovs_mutex_lock(&vhost_mutex);
    yes = v->conn.owner >= 0;
    ovs_mutex_unlock(&vhost_mutex);
    return yes;
}

static void
test_server_makes_and_removes_its_socket(void **state OVS_UNUSED)
{
    struct smap status;
    char *error;
    struct port *p = create(CFG_TYPE_VHOST_SERVER, "s0", &error);

    assert_non_null(p);
    assert_true(is_socket("s0"));
    assert_null(p->mp);                 /* no guest, no memory */
    assert_int_equal(p->running.n_rxq, 0);
    assert_int_equal(p->running.mtu, CFG_MTU_DEFAULT);
    port_get_status(p, &status);
    assert_string_equal(smap_get(&status, "status"), "disconnected");
    assert_string_equal(smap_get(&status, "mode"), "server");
    smap_destroy(&status);
    port_delete(p);
    assert_false(is_socket("s0"));
}

static void
test_stale_socket_is_removed(void **state OVS_UNUSED)
{
    char *error;
    struct port *p;

    close(bind_socket("s1"));
    assert_true(is_socket("s1"));
    p = create(CFG_TYPE_VHOST_SERVER, "s1", &error);
    assert_non_null(p);
    port_delete(p);
}

static void
test_live_socket_is_left_alone(void **state OVS_UNUSED)
{
    int fd = bind_socket("s2");
    char *error;

    assert_null(create(CFG_TYPE_VHOST_SERVER, "s2", &error));
    assert_non_null(strstr(error, "in use by another process"));
    assert_non_null(strstr(error, "s2"));
    free(error);
    assert_true(is_socket("s2"));
    close(fd);
}

static void
test_file_in_the_way(void **state OVS_UNUSED)
{
    char *path = xasprintf("%s/s3", dir);
    FILE *f = fopen(path, "w");
    char *error;

    assert_non_null(f);
    fclose(f);
    assert_null(create(CFG_TYPE_VHOST_SERVER, "s3", &error));
    assert_non_null(strstr(error, "is no socket"));
    free(error);
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void
test_client_waits_for_its_guest(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    char *error;
    struct port *p = create(CFG_TYPE_VHOST_CLIENT, "c0", &error);
    struct rte_mbuf *m[1];

    assert_non_null(p);
    assert_int_equal(vhost_rx(p, 0, m, 1), 0);

    /* Settings of a port without guest change without any memory. */
    settings(&set, "c0");
    set.mtu = 9000;
    assert_int_equal(port_set(p, &set, 2, &error), 0);
    assert_int_equal(p->running.mtu, 9000);
    assert_null(p->mp);
    cfg_settings_destroy(&set);
    port_delete(p);
}

/* As many ports as the library has room for, all with a guest; one more, of
 * either kind, gets an error, and the guests keep their places. */
static void
test_one_port_too_many(void **state OVS_UNUSED)
{
    struct port *ports[VHOST_FD_SLOTS];
    int fds[ARRAY_SIZE(ports)];
    char name[16];
    char *error;

    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        if (i == ARRAY_SIZE(ports) - 1) {       /* one slot is left */
            assert_null(create(CFG_TYPE_VHOST_SERVER, "s9", &error));
            assert_non_null(strstr(error, "s9: the vhost library serves 1023 "
                                   "descriptors"));
            free(error);
        }
        snprintf(name, sizeof name, "g%"PRIuSIZE, i);
        fds[i] = bind_socket(name);
        ports[i] = create(CFG_TYPE_VHOST_CLIENT, name, &error);
        assert_non_null(ports[i]);
    }
    assert_null(create(CFG_TYPE_VHOST_CLIENT, "c9", &error));
    assert_non_null(strstr(error, "no more vhost-user ports"));
    free(error);

    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        assert_true(has_guest(ports[i]));
    }
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        snprintf(name, sizeof name, "g%"PRIuSIZE, i);
        port_delete(ports[i]);
        close(fds[i]);
        unlink_socket(name);
    }
    while (vhost_door_count()) {
        sched_yield();
    }
}

/* A guest of `pairs` queue pairs with the receive queues in `on` enabled. */
static struct vhost *
guest(uint16_t pairs, uint32_t on)
{
    struct vhost *v = xzalloc(sizeof *v);

    ovs_mutex_lock(&vhost_mutex);
    v->conn.n_vrings = 2 * pairs;
    for (uint16_t q = 0; q < pairs; q++) {
        v->conn.enabled[2 * q] = v->conn.enabled[2 * q + 1] = on >> q & 1;
    }
    vhost_update_maps(v);
    ovs_mutex_unlock(&vhost_mutex);
    return v;
}

static void
test_queues_that_are_on_take_the_traffic(void **state OVS_UNUSED)
{
    struct vhost *v = guest(4, 0x5);    /* queues 0 and 2 */

    assert_int_equal(atomic_load(&v->tx_vring[0]), 0);
    assert_int_equal(atomic_load(&v->tx_vring[1]), 4);
    assert_int_equal(atomic_load(&v->tx_vring[2]), 4);
    assert_int_equal(atomic_load(&v->tx_vring[3]), 4);
    assert_true(atomic_load(&v->rx_enabled[0]));
    assert_false(atomic_load(&v->rx_enabled[1]));
    assert_true(atomic_load(&v->rx_enabled[2]));
    assert_false(atomic_load(&v->rx_enabled[4]));
    free(v);
}

static void
test_no_queue_is_on(void **state OVS_UNUSED)
{
    struct vhost *v = guest(2, 0);

    for (int q = 0; q < CFG_VHOST_PAIRS_MAX; q++) {
        assert_int_equal(atomic_load(&v->tx_vring[q]), -1);
        assert_false(atomic_load(&v->rx_enabled[q]));
    }
    free(v);
}

/* What the library tells of a guest that is ready, or, with node -1, of one
 * that left.  (Its number is no device of the library's: nobody sends to it
 * here.) */
static void
tell_guest(struct port *p, int vid, int node)
{
    struct vhost *v = vhost_cast(p);

    ovs_mutex_lock(&vhost_mutex);
    v->conn.vid = vid;
    v->conn.n_vrings = vid < 0 ? 0 : 2;
    v->conn.numa = node;
    if (vid < 0) {
        atomic_store(&v->vid, -1);
    }
    v->pending = true;
    ovs_mutex_unlock(&vhost_mutex);
    port_run();
}

static void
check_node(const struct port *p, int vid, int node)
{
    struct mp_info info;

    assert_non_null(p->mp);
    mp_get_info(p->mp, &info);
    assert_int_equal(info.socket, node);
    assert_int_equal(p->running.socket, node);
    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(atomic_load(&vhost_cast(p)->vid), vid);
}

/* The mempool moves to the node of each guest; where that has no memory, the
 * guest is served from where the pool is. */
static void
test_mempool_follows_the_guest(void **state OVS_UNUSED)
{
    char *error;
    struct port *p = create(CFG_TYPE_VHOST_CLIENT, "node", &error);
    struct mp *mp;

    assert_non_null(p);
    port_publish(p);
    assert_null(p->mp);
    tell_guest(p, 1000, 0);
    check_node(p, 1000, 0);

    tell_guest(p, -1, -1);
    check_node(p, -1, 0);               /* kept for the next guest */
    tell_guest(p, 1001, other_node);
    check_node(p, 1001, other_node);
    assert_null(p->error);

    mp = p->mp;
    tell_guest(p, -1, -1);
    tell_guest(p, 1002, RTE_MAX_NUMA_NODES - 1);
    check_node(p, 1002, other_node);
    assert_ptr_equal(p->mp, mp);
    assert_non_null(strstr(p->error, "there is no such socket"));

    tell_guest(p, -1, -1);
    tell_guest(p, 1003, 0);
    check_node(p, 1003, 0);
    assert_null(p->error);
    tell_guest(p, -1, -1);
    port_delete(p);
}

/* A NUMA node beside node 0: a heap of ordinary memory. */
static int
add_node(void)
{
    void *memory = mmap(NULL, NODE_BYTES + PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || rte_malloc_heap_create("other")
        || rte_malloc_heap_memory_add("other",
                                      (void *) ROUND_UP((uintptr_t) memory,
                                                        PAGE),
                                      NODE_BYTES, NULL, 0, PAGE)) {
        return -1;
    }
    return rte_malloc_heap_get_socket("other");
}

/* Each of 1,023 guests takes some. */
static void
allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit)) {
        perror("getrlimit");
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_makes_and_removes_its_socket),
        cmocka_unit_test(test_stale_socket_is_removed),
        cmocka_unit_test(test_live_socket_is_left_alone),
        cmocka_unit_test(test_file_in_the_way),
        cmocka_unit_test(test_client_waits_for_its_guest),
        cmocka_unit_test(test_one_port_too_many),
        cmocka_unit_test(test_queues_that_are_on_take_the_traffic),
        cmocka_unit_test(test_no_queue_is_on),
        cmocka_unit_test(test_mempool_follows_the_guest),
    };
    static const struct port_hooks hooks = {
        .quiesce = hook_nothing, .publish = hook_nothing,
    };
    struct smap oc = SMAP_INITIALIZER(&oc);
    struct mp_model model = { .per_port = false, .elastic = true };
    char *error = NULL;
    int rc;

    snprintf(dir, sizeof dir, "/tmp/sluice-vhost-XXXXXX");
    if (!mkdtemp(dir)) {
        perror("mkdtemp");
        return 1;
    }
    allow_descriptors();
    machine_init();
    smap_add_format(&oc, "dpdk-extra", "--no-huge --no-pci -m 256 "
                    "--file-prefix sluice-ut-%d", (int) getpid());
    if (eal_start(&oc, dir, NULL, &error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    other_node = add_node();
    if (other_node < 0) {
        fprintf(stderr, "no memory for another node\n");
        return 1;
    }
    mp_init(&model);
    port_init(&hooks);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    eal_stop();
    smap_destroy(&oc);
    rmdir(dir);
    return rc;
}
