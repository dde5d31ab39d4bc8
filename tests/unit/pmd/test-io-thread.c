/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread of kernel-backed ports, on ports made of a pipe (a byte is a
 * frame received) and a ring (frames to be sent).
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_ring.h>

#include "eal/machine.h"
#include "pmd/io-thread.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd.h"
#include "switch/bridge.h"
#include "tests/unit/pmd/rig.h"
#include "util.h"

enum { ROUNDS = 100000, SERVICE_MAX = 8 };

struct pipe_port {
    struct port up;
    uint8_t src, dst;
    int fds[2];
    struct rte_ring *ring;
    _Atomic(bool) broken;       /* readable, but rx finds nothing */
    struct pipe_port *rival;    /* its `received` is noted in ... */
    _Atomic(uint64_t) rival_received;   /* ... when ours was 0 */
    _Atomic(bool) stopped;
    _Atomic(unsigned int) misuses, rx_calls;
    _Atomic(uint64_t) received, sent;
};

static struct pipe_port *
pipe_port(const struct port *p)
{
    return CONTAINER_OF(p, struct pipe_port, up);
}

static void
check_running(struct pipe_port *p)
{
    if (atomic_load(&p->stopped)) {
        atomic_fetch_add(&p->misuses, 1);
    }
}

static int
pipe_construct(struct port *up, char **errp OVS_UNUSED)
{
    struct pipe_port *p = pipe_port(up);

    atomic_store(&p->stopped, true);
    p->ring = rte_ring_create(up->name, 1024, 0, RING_F_SC_DEQ);
    assert_non_null(p->ring);
    return pipe2(p->fds, O_NONBLOCK) ? -errno : 0;
}

static void
pipe_destruct(struct port *up)
{
    struct pipe_port *p = pipe_port(up);

    assert_true(rte_ring_empty(p->ring));
    rte_ring_free(p->ring);
    close(p->fds[0]);
    close(p->fds[1]);
}

static enum port_change
pipe_plan(const struct port *p)
{
    return (p->running.valid && p->running.mtu == p->wanted.mtu
            ? PORT_CHANGE_NONE : PORT_CHANGE_RESTART);
}

static bool
pipe_mempool_request(const struct port *p OVS_UNUSED,
                     struct mp_request *req OVS_UNUSED)
{
    return false;
}

static int
pipe_reconfigure(struct port *p, struct mp *pool OVS_UNUSED,
                 enum port_change change OVS_UNUSED, char **errp OVS_UNUSED)
{
    p->running.mtu = p->wanted.mtu;
    p->running.n_rxq = 1;
    p->running.n_txq = 1;
    return 0;
}

static int
pipe_start(struct port *p, char **errp OVS_UNUSED)
{
    atomic_store(&pipe_port(p)->stopped, false);
    return 0;
}

static void
pipe_stop(struct port *p)
{
    atomic_store(&pipe_port(p)->stopped, true);
}

static uint16_t
pipe_rx(struct port *up, uint16_t q OVS_UNUSED, struct rte_mbuf **m,
        uint16_t max)
{
    struct pipe_port *p = pipe_port(up);
    char bytes[PORT_BURST];
    ssize_t n;
    uint16_t i = 0;

    check_running(p);
    atomic_fetch_add(&p->rx_calls, 1);
    if (atomic_load(&p->broken)) {
        return 0;
    }
    if (p->rival && !atomic_load(&p->received)) {
        atomic_store(&p->rival_received, atomic_load(&p->rival->received));
    }
    n = read(p->fds[0], bytes, MIN(max, sizeof bytes));
    while (i < n) {
        m[i] = rig_frame(p->src, p->dst);
        if (!m[i]) {
            break;
        }
        i++;
    }
    atomic_fetch_add(&p->received, i);
    return i;
}

static void
pipe_tx(struct port *up, uint16_t q OVS_UNUSED, struct rte_mbuf **m,
        uint16_t n)
{
    struct pipe_port *p = pipe_port(up);
    unsigned int done;

    check_running(p);
    done = rte_ring_enqueue_burst(p->ring, (void *const *) m, n, NULL);
    if (done < n) {
        rte_pktmbuf_free_bulk(m + done, n - done);
    }
    io_thread_wake();
}

static int
pipe_rx_fd(const struct port *p)
{
    return pipe_port(p)->fds[0];
}

static bool
pipe_service(struct port *up)
{
    struct pipe_port *p = pipe_port(up);
    struct rte_mbuf *m[SERVICE_MAX];
    unsigned int n, left;

    check_running(p);
    n = rte_ring_dequeue_burst(p->ring, (void **) m, SERVICE_MAX, &left);
    rte_pktmbuf_free_bulk(m, n);
    atomic_fetch_add(&p->sent, n);
    return left > 0;
}

static const struct port_class pipe_class = {
    .kind = CFG_TYPE_INTERNAL,
    .type = "pipe",
    .size = sizeof(struct pipe_port),
    .construct = pipe_construct,
    .destruct = pipe_destruct,
    .plan = pipe_plan,
    .mempool_request = pipe_mempool_request,
    .reconfigure = pipe_reconfigure,
    .start = pipe_start,
    .stop = pipe_stop,
    .rx = pipe_rx,
    .tx = pipe_tx,
    .rx_fd = pipe_rx_fd,
    .service = pipe_service,
};

/* A bridge of `n` such ports.  Port i is address i + 1 and sends to the next
 * one. */
enum { MAX_PORTS = 100 };

struct bench {
    struct cfg_bridge cfg;
    struct bridge *bridge;
    struct pipe_port *ports[MAX_PORTS];
    size_t n;
};

static void
pipe_settings(struct cfg_settings *set, uint32_t mtu)
{
    cfg_settings_init(set);
    set->mtu = mtu;
}

static struct pipe_port *
pipe_port_create(struct bench *b, size_t i)
{
    struct cfg_settings set;
    char *error = NULL;
    char name[16];
    struct port *p;

    pipe_settings(&set, 1500);
    snprintf(name, sizeof name, "pipe%u", (unsigned int) i);
    p = port_create_with_class(&pipe_class, name, &set, pmd_n_senders(),
                               &error);
    cfg_settings_destroy(&set);
    assert_non_null(p);
    pipe_port(p)->src = (uint8_t) (i + 1);
    pipe_port(p)->dst = (uint8_t) ((i + 1) % b->n + 1);
    assert_true(bridge_add_port(b->bridge, p, NULL, 0, &error) > 0);
    return pipe_port(p);
}

static void
bench_create(struct bench *b, size_t n)
{
    char *error = NULL;

    memset(b, 0, sizeof *b);
    smap_init(&b->cfg.other_config);
    b->cfg.name = xstrdup("br0");
    b->cfg.mac_aging_time = 300;
    b->cfg.mac_table_size = 8192;
    b->bridge = bridge_create(&b->cfg, &error);
    assert_non_null(b->bridge);
    b->n = n;
    for (size_t i = 0; i < n; i++) {
        b->ports[i] = pipe_port_create(b, i);
    }
}

static void
bench_publish(struct bench *b)
{
    for (size_t i = 0; i < b->n; i++) {
        port_publish(&b->ports[i]->up);
    }
}

static bool
mbufs_are_home(void *aux OVS_UNUSED)
{
    return !rig_mbufs_out();
}

static void
bench_destroy(struct bench *b)
{
    rig_wait(mbufs_are_home, NULL, "mbufs to come home");
    for (size_t i = 0; i < b->n; i++) {
        struct pipe_port *p = b->ports[i];

        bridge_del_port(b->bridge, &p->up);
        pmd_quiesce_port(&p->up);
        assert_int_equal(atomic_load(&p->misuses), 0);
        port_delete(&p->up);
    }
    bridge_destroy(b->bridge);
    smap_destroy(&b->cfg.other_config);
    free(b->cfg.name);
}

static void
put_bytes(struct pipe_port *p, size_t n)
{
    static const char bytes[4096];

    assert_int_equal(write(p->fds[1], bytes, n), n);
}

/* Spins, for precision, but lets others have the core now and then. */
static void
wait_for(_Atomic(uint64_t) *counter, uint64_t value, const char *what)
{
    uint64_t end = rte_rdtsc() + 5 * rte_get_tsc_hz();

    for (unsigned int i = 0; atomic_load(counter) < value; i++) {
        if (i % 256 == 255) {
            sched_yield();
        }
        if (rte_rdtsc() > end) {
            fail_msg("%s: %llu after 5 seconds, expected %llu", what,
                     (unsigned long long) atomic_load(counter),
                     (unsigned long long) value);
        }
    }
}

static void
spin(unsigned int cycles)
{
    uint64_t end = rte_rdtsc() + cycles;

    while (rte_rdtsc() < end) {
        continue;
    }
}


/* A frame that comes in goes through the switch and out. */
static void
test_receive_wakes(void **state OVS_UNUSED)
{
    struct bench b;
    uint64_t sent;

    bench_create(&b, 2);
    bench_publish(&b);
    /* Both addresses learnt: no flood. */
    put_bytes(b.ports[0], 1);
    wait_for(&b.ports[1]->sent, 1, "first frame");
    put_bytes(b.ports[1], 1);
    wait_for(&b.ports[0]->sent, 1, "its answer");
    sent = atomic_load(&b.ports[1]->sent);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        put_bytes(b.ports[0], 1);
        wait_for(&b.ports[1]->sent, sent + i, "frame received");
        spin((unsigned int) (i * 7919 % 5000));
    }
    bench_destroy(&b);
}

/* A frame that another thread queues is sent, whenever that happens. */
static void
test_send_wakes(void **state OVS_UNUSED)
{
    struct bench b;

    bench_create(&b, 1);
    bench_publish(&b);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        struct rte_mbuf *m = rig_frame(9, 1);

        assert_non_null(m);
        port_tx(&b.ports[0]->up, 1, &m, 1);
        wait_for(&b.ports[0]->sent, i, "frame queued");
        spin((unsigned int) (i * 7919 % 5000));
    }
    bench_destroy(&b);
}

/* More than one call of service() sends is sent without another wake-up. */
static void
test_service_is_called_again(void **state OVS_UNUSED)
{
    struct bench b;
    uint64_t sent = 0;

    bench_create(&b, 1);
    bench_publish(&b);
    for (int i = 0; i < 1000; i++) {
        struct rte_mbuf *m[PORT_BURST];

        for (size_t j = 0; j < PORT_BURST; j++) {
            m[j] = rig_frame(9, 1);
            assert_non_null(m[j]);
        }
        port_tx(&b.ports[0]->up, 1, m, PORT_BURST);
        sent += PORT_BURST;
        wait_for(&b.ports[0]->sent, sent, "burst queued");
    }
    bench_destroy(&b);
}

static void
test_idle_costs_nothing(void **state OVS_UNUSED)
{
    struct bench b;

    bench_create(&b, MAX_PORTS);
    bench_publish(&b);
    rig_cpu_percent(50);
    assert_in_range(rig_cpu_percent(300), 0, 2);
    bench_destroy(&b);
}

/* Only the port that has frames is looked at. */
static void
test_one_of_many(void **state OVS_UNUSED)
{
    struct bench b;

    bench_create(&b, MAX_PORTS);
    bench_publish(&b);
    for (uint64_t i = 1; i <= 1000; i++) {
        put_bytes(b.ports[7], 1);
        wait_for(&b.ports[8]->sent, i, "frame received");
    }
    assert_int_equal(atomic_load(&b.ports[6]->rx_calls), 0);
    rig_wait(mbufs_are_home, NULL, "floods to be sent");
    bench_destroy(&b);
}

/* A port that is readable for ever without a frame costs little and does not
 * hold up the others. */
static void
test_broken_port(void **state OVS_UNUSED)
{
    struct bench b;
    uint64_t sent;

    bench_create(&b, 2);
    atomic_store(&b.ports[0]->broken, true);
    put_bytes(b.ports[0], 1);
    bench_publish(&b);
    rig_cpu_percent(50);
    assert_in_range(atomic_load(&b.ports[0]->rx_calls), 1, UINT_MAX);
    assert_in_range(rig_cpu_percent(300), 0, 20);

    sent = atomic_load(&b.ports[0]->sent);
    for (uint64_t i = 1; i <= 100; i++) {
        put_bytes(b.ports[1], 1);
        wait_for(&b.ports[0]->sent, sent + i, "frame beside a broken port");
    }
    bench_destroy(&b);
}

/* A port with a full pipe does not keep another from its turn. */
static void
test_fairness(void **state OVS_UNUSED)
{
    struct bench b;

    bench_create(&b, 3);
    b.ports[1]->rival = b.ports[0];
    atomic_store(&b.ports[0]->broken, true);
    atomic_store(&b.ports[1]->broken, true);
    for (int i = 0; i < 16; i++) {
        put_bytes(b.ports[0], 4096);
    }
    put_bytes(b.ports[1], 1);
    bench_publish(&b);
    /* Both are readable, and the thread knows. */
    atomic_store(&b.ports[1]->broken, false);
    atomic_store(&b.ports[0]->broken, false);
    wait_for(&b.ports[1]->received, 1, "the frame of the other port");
    assert_in_range(atomic_load(&b.ports[1]->rival_received), 0, 1000);
    wait_for(&b.ports[0]->received, 16 * 4096, "all frames");
    bench_destroy(&b);
}

/* Ports restart and go while frames flow: no call reaches one that is
 * stopped. */
static void
test_quiesce(void **state OVS_UNUSED)
{
    struct bench b;
    char *error = NULL;

    bench_create(&b, 3);
    bench_publish(&b);
    for (unsigned int i = 0; i < 300; i++) {
        struct pipe_port *p = b.ports[i % b.n];
        struct cfg_settings set;

        for (size_t j = 0; j < b.n; j++) {
            put_bytes(b.ports[j], 100);
        }
        spin(i * 7919 % 100000);
        if (i % 10) {
            pipe_settings(&set, 1400 + i % 7);
            assert_int_equal(port_set(&p->up, &set, pmd_n_senders(), &error),
                             0);
            cfg_settings_destroy(&set);
        } else {
            bridge_del_port(b.bridge, &p->up);
            /* What waits in the ring goes with the port. */
            pmd_quiesce_port(&p->up);
            while (pipe_service(&p->up)) {
                continue;
            }
            assert_int_equal(atomic_load(&p->misuses), 0);
            port_delete(&p->up);
            b.ports[i % b.n] = pipe_port_create(&b, i % b.n);
            port_publish(&b.ports[i % b.n]->up);
        }
    }
    bench_destroy(&b);
}

static void
test_counters(void **state OVS_UNUSED)
{
    struct pmd_stats before, after;
    struct bench b;

    bench_create(&b, 2);
    io_thread_get_stats(&before);
    bench_publish(&b);
    put_bytes(b.ports[0], 40);
    wait_for(&b.ports[1]->sent, 40, "frames");
    rig_wait(mbufs_are_home, NULL, "frames to be sent");
    put_bytes(b.ports[1], 2);
    wait_for(&b.ports[0]->sent, 2, "frames");
    rig_wait(mbufs_are_home, NULL, "frames to be sent");
    bench_destroy(&b);
    io_thread_get_stats(&after);
    assert_int_equal(after.packets - before.packets, 42);
    assert_int_equal(after.tx_packets - before.tx_packets, 42);
    assert_in_range(after.tx_batches - before.tx_batches, 3, 42);
}

/* Ports that were there before the thread are served when it starts. */
static void
test_restart(void **state OVS_UNUSED)
{
    char *error = NULL;
    struct bench b;

    bench_create(&b, 2);
    port_publish(&b.ports[0]->up);
    pmd_destroy();
    put_bytes(b.ports[0], 10);
    port_publish(&b.ports[1]->up);
    assert_int_equal(pmd_init(&error), 0);
    wait_for(&b.ports[1]->sent, 10, "frames from before the start");
    rig_wait(mbufs_are_home, NULL, "frames to be sent");
    pmd_destroy();
    bench_destroy(&b);
    assert_int_equal(pmd_init(&error), 0);
}

static int
setup(void **state)
{
    int error = rig_setup(state);

    /* The thread and the test on different cores, where there are two. */
    if (!error) {
        machine_keep_off(NULL, 0);
        io_thread_follow();
    }
    return error;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receive_wakes),
        cmocka_unit_test(test_send_wakes),
        cmocka_unit_test(test_service_is_called_again),
        cmocka_unit_test(test_idle_costs_nothing),
        cmocka_unit_test(test_one_of_many),
        cmocka_unit_test(test_broken_port),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_quiesce),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, setup, rig_teardown);
}
