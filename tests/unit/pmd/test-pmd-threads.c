/* SPDX-License-Identifier: Apache-2.0
 *
 * PMD threads that come, go and are given queues while frames flow: none is
 * lost, no mbuf leaks, no port is used while it is stopped.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include <rte_cycles.h>

#include "eal/machine.h"
#include "pmd/pmd-loop.h"
#include "pmd/pmd-perf.h"
#include "pmd/pmd-private.h"
#include "pmd/pmd-reload.h"
#include "pmd/pmd.h"
#include "switch/bridge.h"
#include "tests/unit/pmd/rig.h"
#include "util.h"

enum { N_PORTS = 3 };
static const uint64_t FOR_EVER = UINT64_MAX / 2;

/* Two ports that send to each other, and a third without frames. */
struct bench {
    struct cfg_bridge cfg;
    struct bridge *bridge;
    struct rig_port *ports[N_PORTS];
};

static void
set_mask(const char *mask)
{
    char *error = NULL;

    if (pmd_set_mask(mask, &error)) {
        fail_msg("%s", error);
    }
    assert_false(pmd_mask_differs(mask));
}

/* The mask of two threads: cores 0 and 1, or skips. */
static void
need_two_cores(void)
{
    if (!machine_core_exists(0) || !machine_core_exists(1)) {
        skip();
    }
}

static void
pause_us(unsigned int us)
{
    struct timespec ts = { .tv_nsec = us * 1000 };

    nanosleep(&ts, NULL);
}

static void
bench_create(struct bench *b)
{
    static const char *const names[N_PORTS] = { "p0", "p1", "p2" };
    char *error = NULL;

    memset(b, 0, sizeof *b);
    smap_init(&b->cfg.other_config);
    b->cfg.name = xstrdup("br0");
    b->cfg.mac_aging_time = 300;
    b->cfg.mac_table_size = 8192;
    b->bridge = bridge_create(&b->cfg, &error);
    assert_non_null(b->bridge);
    for (size_t i = 0; i < N_PORTS; i++) {
        b->ports[i] = rig_port_create(names[i], i ? 2 : 1, (uint8_t) (i + 1),
                                      i ? 1 : 2);
        assert_true(bridge_add_port(b->bridge, &b->ports[i]->up, NULL, 0,
                                    &error) > 0);
        port_publish(&b->ports[i]->up);
    }
}

static void
allow(struct bench *b, uint64_t n)
{
    atomic_store(&b->ports[0]->allowed, n);
    atomic_store(&b->ports[1]->allowed, n);
}

static bool
mbufs_are_home(void *aux OVS_UNUSED)
{
    return !rig_mbufs_out();
}

/* All that were allowed. */
static bool
frames_are_made(void *b_)
{
    const struct bench *b = b_;

    return (!atomic_load(&b->ports[0]->allowed)
            && !atomic_load(&b->ports[1]->allowed) && !rig_mbufs_out());
}

static bool
frames_flow(void *made_)
{
    const uint64_t *made = made_;
    const struct rig_port *p = (const void *) (uintptr_t) made[1];

    return atomic_load(&p->made) > made[0] + 1000;
}

/* Waits until the port has received 1,000 frames more. */
static void
wait_for_frames(struct rig_port *p)
{
    uint64_t aux[2] = { atomic_load(&p->made), (uintptr_t) p };

    rig_wait(frames_flow, aux, "frames");
}

static bool
has_polled_twice(void *aux_)
{
    const uint64_t *aux = aux_;
    const struct pmd_thread *t = (const void *) (uintptr_t) aux[1];

    return perf_get(&t->perf.idle_iterations) >= aux[0] + 2;
}

/* Waits until the thread, which has no frames, has begun to poll again and so
 * acts on all that it was told. */
static void
wait_for_polls(const struct pmd_thread *t)
{
    uint64_t aux[2] = { 0, (uintptr_t) t };

    /* What it was told may still be on its way out of this core while the
     * count is read. */
    atomic_thread_fence(memory_order_seq_cst);
    aux[0] = perf_get(&t->perf.idle_iterations);
    rig_wait(has_polled_twice, aux, "the thread to poll");
}

/* Stops the frames and takes it all down.  With `complete`: each frame that
 * one of the two ports received went out of the other. */
static void
bench_destroy(struct bench *b, bool complete)
{
    allow(b, 0);
    rig_wait(mbufs_are_home, NULL, "mbufs to come home");
    if (complete) {
        assert_int_equal(atomic_load(&b->ports[0]->made),
                         atomic_load(&b->ports[1]->sent));
        assert_int_equal(atomic_load(&b->ports[1]->made),
                         atomic_load(&b->ports[0]->sent));
    }
    for (size_t i = 0; i < N_PORTS; i++) {
        struct rig_port *p = b->ports[i];

        bridge_del_port(b->bridge, &p->up);
        pmd_quiesce_port(&p->up);
        assert_int_equal(atomic_load(&p->misuses), 0);
        port_delete(&p->up);
    }
    bridge_destroy(b->bridge);
    smap_destroy(&b->cfg.other_config);
    free(b->cfg.name);
    set_mask(NULL);
}

/* Each number from 1 to the count of threads is somebody's, and each queue is
 * in exactly one list. */
static void
check_threads(const struct bench *b, unsigned int n_threads)
{
    struct pmd_thread *const *threads;
    unsigned int seen = 0, n_rxqs = 0;
    size_t n;

    threads = pmd_get_threads(&n);
    assert_int_equal(n, n_threads);
    assert_int_equal(pmd_n_threads(), n_threads);
    assert_int_equal(pmd_n_senders(), n_threads + 1);
    for (size_t i = 0; i < n; i++) {
        const struct poll_list *list = atomic_load(&threads[i]->list);

        assert_in_range(threads[i]->sender, 1, n);
        seen |= 1u << threads[i]->sender;
        n_rxqs += (unsigned int) list->n;
        for (size_t j = 0; j < i; j++) {
            const struct poll_list *other = atomic_load(&threads[j]->list);

            for (size_t k = 0; k < list->n * other->n; k++) {
                const struct poll_rxq *x = &list->rxqs[k / other->n];
                const struct poll_rxq *y = &other->rxqs[k % other->n];

                assert_false(x->port == y->port && x->queue == y->queue);
            }
        }
    }
    assert_int_equal(seen, ((1u << n) - 1) << 1);
    if (b) {
        assert_int_equal(n_rxqs, 1 + 2 * (N_PORTS - 1));
    }
}

static bool
every_queue_is_polled(void *b_)
{
    struct bench *b = b_;

    for (size_t i = 0; i < N_PORTS; i++) {
        for (int q = 0; q < b->ports[i]->up.running.n_rxq; q++) {
            if (!atomic_load(&b->ports[i]->polls[q])) {
                return false;
            }
        }
    }
    return true;
}

static void
reset_polls(struct bench *b)
{
    for (size_t i = 0; i < N_PORTS; i++) {
        for (int q = 0; q < RIG_QUEUES; q++) {
            atomic_store(&b->ports[i]->polls[q], 0);
        }
    }
}

static void
test_default_mask(void **state OVS_UNUSED)
{
    int cores[4];

    set_mask(NULL);
    check_threads(NULL, (unsigned int) machine_n_nodes());
    assert_int_equal(pmd_cores(cores, 4), MIN(4, machine_n_nodes()));
    assert_int_equal(pmd_cores(cores, 0), 0);
    if (machine_n_nodes() == 1 && machine_n_cores() == 2) {
        assert_int_equal(cores[0], machine_core_id(1));
    }
}

static void
test_wrong_mask_changes_nothing(void **state OVS_UNUSED)
{
    struct pmd_thread *const *threads;
    struct pmd_thread *before;
    char *error = NULL;
    size_t n;

    set_mask(NULL);
    threads = pmd_get_threads(&n);
    before = threads[0];
    assert_true(pmd_mask_differs("ffffffffffffffffffffffffffffffff"));
    assert_true(pmd_set_mask("80000000000000000000000000000000", &error) < 0);
    assert_non_null(strstr(error, "core 127 does not exist"));
    free(error);
    threads = pmd_get_threads(&n);
    assert_ptr_equal(threads[0], before);
    check_threads(NULL, (unsigned int) machine_n_nodes());
}

static void
test_queues_are_polled(void **state OVS_UNUSED)
{
    struct bench b;

    need_two_cores();
    set_mask("3");
    bench_create(&b);
    check_threads(&b, 2);
    rig_wait(every_queue_is_polled, &b, "each queue to be polled");
    set_mask("2");
    check_threads(&b, 1);
    reset_polls(&b);
    rig_wait(every_queue_is_polled, &b, "each queue to be polled by one");
    bench_destroy(&b, true);
}

/* 50 times (SLUICE_LONG=1: 1,000 times), under traffic; the first and the
 * second thread take turns, so that numbers are handed on. */
static void
test_threads_come_and_go(void **state OVS_UNUSED)
{
    static const char *const masks[] = { "3", "1", "3", "2" };
    const char *is_long = getenv("SLUICE_LONG");
    int n_changes = is_long && !strcmp(is_long, "1") ? 2000 : 100;
    struct bench b;

    need_two_cores();
    set_mask("2");
    bench_create(&b);
    allow(&b, FOR_EVER);
    for (int i = 0; i < n_changes; i++) {
        set_mask(masks[i % ARRAY_SIZE(masks)]);
        check_threads(&b, i % 2 ? 1 : 2);
        wait_for_frames(b.ports[i % 2]);
    }
    bench_destroy(&b, true);
}

/* A port that restarts is never used in between, and its neighbours go on. */
static void
test_quiesce(void **state OVS_UNUSED)
{
    struct bench b;
    char *error = NULL;

    need_two_cores();
    set_mask("3");
    bench_create(&b);
    allow(&b, FOR_EVER);
    for (unsigned int i = 0; i < 100; i++) {
        struct rig_port *p = b.ports[i % N_PORTS];
        struct cfg_settings set;

        rig_settings(&set, i % RIG_QUEUES + 1, 1400 + i % 7);
        assert_int_equal(port_set(&p->up, &set, pmd_n_senders(), &error), 0);
        cfg_settings_destroy(&set);
        pause_us(i % 3 * 100);
        wait_for_frames(b.ports[i % 2]);
    }
    reset_polls(&b);
    rig_wait(every_queue_is_polled, &b, "each queue to be polled");
    bench_destroy(&b, false);
}

enum { POLICED = 10000 };

static bool
policed_are_counted(void *aux OVS_UNUSED)
{
    struct pmd_thread *const *threads;
    uint64_t packets = 0;
    size_t n;

    threads = pmd_get_threads(&n);
    for (size_t i = 0; i < n; i++) {
        packets += perf_get(&threads[i]->perf.packets);
    }
    return packets == POLICED;
}

/* What a port may not receive is work for its thread like any other. */
static void
test_policed_is_work(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    char *error = NULL;
    struct bench b;

    need_two_cores();
    set_mask("1");
    set_mask("2");              /* threads that have counted nothing */
    bench_create(&b);
    rig_settings(&set, 1, 1500);
    set.policing = (struct cfg_policing) { .rate = 1, .burst = 1 };
    assert_int_equal(port_set(&b.ports[0]->up, &set, pmd_n_senders(), &error),
                     0);
    cfg_settings_destroy(&set);
    atomic_store(&b.ports[0]->allowed, POLICED);
    rig_wait(policed_are_counted, NULL, "the dropped to be counted");
    assert_in_range(atomic_load(&b.ports[1]->sent), 1, POLICED / 10);
    bench_destroy(&b, false);
}

/* Ports are deleted and made again under traffic. */
static void
test_ports_come_and_go(void **state OVS_UNUSED)
{
    struct bench b;
    char *error = NULL;

    need_two_cores();
    set_mask("3");
    bench_create(&b);
    allow(&b, FOR_EVER);
    for (int i = 0; i < 50; i++) {
        struct rig_port *p = b.ports[2];

        bridge_del_port(b.bridge, &p->up);
        assert_int_equal(atomic_load(&p->misuses), 0);
        port_delete(&p->up);
        check_threads(NULL, 2);
        p = rig_port_create("p2", 2, 3, 1);
        assert_true(bridge_add_port(b.bridge, &p->up, NULL, 0, &error) > 0);
        atomic_store(&p->allowed, FOR_EVER);
        port_publish(&p->up);
        b.ports[2] = p;
        check_threads(&b, 2);
        wait_for_frames(p);
        atomic_store(&p->allowed, 0);
    }
    bench_destroy(&b, false);
}

/* A live change of the number of queues. */
static void
test_reassign(void **state OVS_UNUSED)
{
    struct bench b;

    set_mask(NULL);
    bench_create(&b);
    b.ports[2]->up.running.n_rxq = 4;
    pmd_reassign();
    reset_polls(&b);
    rig_wait(every_queue_is_polled, &b, "each of four queues to be polled");
    /* The queues first, then the number: no poll may see it late. */
    pmd_quiesce_port(&b.ports[2]->up);
    b.ports[2]->up.running.n_rxq = 1;
    pmd_publish_port(&b.ports[2]->up);
    reset_polls(&b);
    rig_wait(every_queue_is_polled, &b, "the one queue to be polled");
    assert_int_equal(atomic_load(&b.ports[2]->polls[1]), 0);
    b.ports[2]->up.running.n_rxq = 2;
    bench_destroy(&b, true);
}

/* Queues are pinned, let go and dealt out again, under traffic. */
static void
test_pinned(void **state OVS_UNUSED)
{
    static const struct cfg_pmd group = { .rxq_assign = CFG_RXQ_GROUP };
    static const struct cfg_pmd cycles = {
        .rxq_assign = CFG_RXQ_CYCLES, .rxq_isolate = true,
    };
    struct pmd_thread *const *threads;
    struct bench b;
    size_t n;

    need_two_cores();
    set_mask("3");
    bench_create(&b);
    allow(&b, FOR_EVER);
    for (int i = 0; i < 50; i++) {
        char **affinity = &b.ports[i % 2]->up.wanted.rxq_affinity;

        *affinity = xasprintf("0:%d", i / 2 % 2);
        pmd_rebalance();
        check_threads(&b, 2);
        threads = pmd_get_threads(&n);
        assert_true(threads[i / 2 % 2]->isolated);
        assert_int_equal(atomic_load(&threads[i / 2 % 2]->list)->n, 1);
        pmd_configure(&group);
        assert_false(threads[i / 2 % 2]->isolated);
        wait_for_frames(b.ports[i % 2]);
        free(*affinity);
        *affinity = NULL;
        pmd_configure(&cycles);
        check_threads(&b, 2);
        wait_for_frames(b.ports[!(i % 2)]);
    }
    bench_destroy(&b, true);
}

/* Threads without queues take no time. */
static void
test_idle_without_queues(void **state OVS_UNUSED)
{
    need_two_cores();
    set_mask("3");
    rig_cpu_percent(50);
    assert_in_range(rig_cpu_percent(300), 0, 2);
}

/* With little to do threads may sleep, but not under traffic, nor do they
 * keep a change waiting. */
static void
test_naps(void **state OVS_UNUSED)
{
    static const struct cfg_pmd naps = {
        .rxq_isolate = true, .sleep_max = (char *) "10000",
    };
    static const struct cfg_pmd none = { .rxq_isolate = true };
    struct pmd_thread *const *threads;
    struct bench b;
    uint64_t before;
    size_t n;

    set_mask(NULL);
    bench_create(&b);
    threads = pmd_get_threads(&n);
    pmd_configure(&naps);
    rig_cpu_percent(500);
    assert_in_range(rig_cpu_percent(300), 0, 30);
    assert_true(perf_get(&threads[0]->perf.naps) > 20);
    for (int i = 0; i < 20; i++) {
        set_mask(i % 2 ? "1" : "2");
        check_threads(&b, 1);
    }
    set_mask(NULL);
    threads = pmd_get_threads(&n);
    allow(&b, FOR_EVER);
    wait_for_frames(b.ports[0]);
    before = perf_get(&threads[0]->perf.naps);
    wait_for_frames(b.ports[0]);
    assert_int_equal(perf_get(&threads[0]->perf.naps), before);
    allow(&b, 0);
    pmd_configure(&none);
    rig_wait(mbufs_are_home, NULL, "mbufs to come home");
    wait_for_polls(threads[0]);
    before = perf_get(&threads[0]->perf.naps);
    wait_for_polls(threads[0]);
    pause_us(20000);
    assert_int_equal(perf_get(&threads[0]->perf.naps), before);
    bench_destroy(&b, true);
}

/* Ports are steered by thread and by hash in turn, under traffic of two
 * threads to one port: no tx queue is ever used by both at once. */
static void
test_tx_steering(void **state OVS_UNUSED)
{
    struct bench b;

    need_two_cores();
    set_mask("3");
    bench_create(&b);
    allow(&b, FOR_EVER);
    b.ports[2]->dst = 2;
    atomic_store(&b.ports[2]->allowed, FOR_EVER);
    for (int i = 0; i < 100; i++) {
        struct port *p = &b.ports[i % N_PORTS]->up;

        p->wanted.tx_steering = !p->wanted.tx_steering;
        port_steer(p);
        wait_for_frames(b.ports[i % 2 ? 2 : 0]);
    }
    atomic_store(&b.ports[2]->allowed, 0);
    bench_destroy(&b, false);
}

/* Metrics come and go under traffic; they count what the thread counts. */
static void
test_metrics(void **state OVS_UNUSED)
{
    static const struct cfg_pmd on = {
        .rxq_isolate = true, .perf_metrics = true,
    };
    static const struct cfg_pmd off = { .rxq_isolate = true };
    struct pmd_thread *const *threads;
    struct pmd_metrics_sums sums;
    struct bench b;
    uint64_t base;
    size_t n;

    set_mask(NULL);
    bench_create(&b);
    threads = pmd_get_threads(&n);
    allow(&b, FOR_EVER);
    for (int i = 0; i < 50; i++) {
        pmd_configure(i % 2 ? &off : &on);
        assert_int_equal(!atomic_load(&threads[0]->metrics), i % 2);
        wait_for_frames(b.ports[i % 2]);
    }
    allow(&b, 0);
    rig_wait(mbufs_are_home, NULL, "mbufs to come home");
    wait_for_polls(threads[0]);
    base = perf_get(&threads[0]->perf.packets);
    pmd_configure(&on);
    wait_for_polls(threads[0]);
    allow(&b, 5000);
    rig_wait(frames_are_made, &b, "10,000 frames");
    wait_for_polls(threads[0]);
    pmd_metrics_get(atomic_load(&threads[0]->metrics), &sums);
    assert_int_equal(sums.packets,
                     perf_get(&threads[0]->perf.packets) - base);
    assert_int_equal(sums.packets, 10000);
    assert_true(sums.batches >= 10000 / PMD_BURST);
    assert_true(sums.iterations > sums.batches / 2);
    set_mask("1");
    threads = pmd_get_threads(&n);
    assert_non_null(atomic_load(&threads[0]->metrics));
    pmd_configure(&off);
    bench_destroy(&b, true);
}

/* Ports that were published before the threads are polled when these start;
 * threads that end leave their ports alone. */
static void
test_restart(void **state OVS_UNUSED)
{
    char *error = NULL;
    struct bench b;

    pmd_destroy();
    bench_create(&b);
    assert_int_equal(pmd_init(&error), 0);
    set_mask(NULL);
    allow(&b, FOR_EVER);
    wait_for_frames(b.ports[0]);
    pmd_destroy();
    assert_int_equal(pmd_n_threads(), 0);
    assert_int_equal(pmd_init(&error), 0);
    set_mask(NULL);
    wait_for_frames(b.ports[1]);
    bench_destroy(&b, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_mask),
        cmocka_unit_test(test_wrong_mask_changes_nothing),
        cmocka_unit_test(test_queues_are_polled),
        cmocka_unit_test(test_threads_come_and_go),
        cmocka_unit_test(test_quiesce),
        cmocka_unit_test(test_policed_is_work),
        cmocka_unit_test(test_ports_come_and_go),
        cmocka_unit_test(test_reassign),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_idle_without_queues),
        cmocka_unit_test(test_naps),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_tx_steering),
        cmocka_unit_test(test_restart),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
