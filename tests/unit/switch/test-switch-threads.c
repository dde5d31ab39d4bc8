/* SPDX-License-Identifier: Apache-2.0
 *
 * test-switch-threads.c: packet threads forward while the main thread changes
 * the bridges under them.
 *
 * Two packet threads, registered in RCU like PMDs, take frames from a ring of
 * their own at port a or b and send them to random hosts.  The main thread
 * adds and deletes port c, changes settings and the table's size.  No mbuf may
 * be lost, no frame may reach a port once bridge_del_port() has returned, and
 * every frame is sent or counted as dropped.
 */
#include <config.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "eal/rcu.h"
#include "switch/fdb.h"
#include "tests/unit/switch/switch-rig.h"
#include "util.h"

enum { BURST = 16, N_HOSTS = 40, RUN_MS = 2000 };

static atomic_bool stop;

struct packet_thread {
    struct port *in;
    unsigned int number;
    uint64_t n_frames;
    pthread_t thread;
};

static unsigned int
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned int) (*seed >> 33);
}

/* Hosts 0 to 9 are behind port a, 10 to 19 behind b, others in turn behind
 * both: some move all the time. */
static unsigned int
source_host(unsigned int number, unsigned int random)
{
    return random % 10 + (random % 7 ? number * 10 : 20);
}

static void *
packet_thread_main(void *t_)
{
    struct packet_thread *t = t_;
    struct forward_ctx *ctx = forward_ctx_create(t->number);
    uint64_t seed = t->number + 1;
    int id = rcu_register();

    rcu_online(id);
    while (!atomic_load(&stop)) {
        const struct ingress *in;
        struct rte_mbuf *m[BURST];
        uint16_t n = 0;

        while (n < BURST) {
            unsigned int random = next_random(&seed);
            uint64_t dst = (random % 20 ? rig_mac(random / 20 % N_HOSTS)
                            : RIG_BROADCAST);

            m[n] = rig_frame(dst, rig_mac(source_host(t->number, random)), 60,
                             0);
            if (!m[n]) {
                break;
            }
            n++;
        }
        in = atomic_load_explicit(&t->in->ingress, memory_order_acquire);
        forward_burst(ctx, in, m, n, switch_now());
        t->n_frames += n;
        rcu_quiescent(id);
    }
    rcu_offline(id);
    rcu_unregister(id);
    forward_ctx_destroy(ctx);
    return NULL;
}

static int64_t
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct port *
make_port(struct bridge *br, const char *name)
{
    struct port *p = rig_port(br, name);

    fake_port_set_tx(p, FAKE_TX_FREE);
    return p;
}

/* One round of what an operator may do. */
static void
change(struct bridge *br, unsigned int round)
{
    struct cfg_bridge *cfg = rig_bridge_cfg("br0");
    struct port *c = make_port(br, "c");
    uint64_t total;
    char *error;

    fdb_add_static(bridge_fdb(br), rig_mac(N_HOSTS - 1),
                   atomic_load(&c->ingress)->index);
    cfg->mac_table_size = round % 2 ? 10 : 1000;
    cfg->forward_bpdu = round % 3 == 0;
    assert_int_equal(bridge_set(br, cfg, &error), 0);
    fdb_expire(bridge_fdb(br), switch_now() + 2, 1);

    bridge_del_port(br, c);
    total = fake_port_tx_total(c);
    sched_yield();
    assert_int_equal(fake_port_tx_total(c), total);
    port_delete(c);
}

static uint64_t
all_drops(void)
{
    struct drop_counters drops;
    uint64_t sum = 0;

    forward_drops(&drops);
    for (int i = 0; i < DROP_N_REASONS; i++) {
        sum += drops.n[i];
    }
    return sum;
}

static void
test_changes_under_traffic(void **state OVS_UNUSED)
{
    struct bridge *br = rig_bridge("br0");
    struct packet_thread t[2] = {
        { .in = make_port(br, "a"), .number = 0 },
        { .in = make_port(br, "b"), .number = 1 },
    };
    int64_t end = now_ms() + RUN_MS;
    struct forward_stats before, after;
    uint64_t drops = all_drops();
    unsigned int rounds = 0;

    forward_stats_sum(&before);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&t[i].thread, NULL,
                                        packet_thread_main, &t[i]), 0);
    }
    while (rounds < 3 || now_ms() < end) {      /* a busy machine is slow */
        change(br, rounds++);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(t[i].thread, NULL);
    }

    forward_stats_sum(&after);
    assert_true(t[0].n_frames && t[1].n_frames);
    assert_int_equal(after.rx_packets - before.rx_packets,
                     t[0].n_frames + t[1].n_frames);
    assert_int_equal(after.rx_packets - before.rx_packets,
                     after.fdb_hits - before.fdb_hits
                     + after.floods - before.floods
                     + all_drops() - drops);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_changes_under_traffic),
    };

    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
