/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a port's mempool when the port, its neighbours or the
 * packet threads change.  Ports with the rings of a device, on the registry
 * itself and a heap of 256 MB.
 */
#include <config.h>

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "mem/mempool.h"
#include "mem/mp-census.h"
#include "mem/mp-ledger.h"
#include "mem/mp-memory.h"
#include "mem/mp-pool.h"
#include "openvswitch/compiler.h"
#include "port/port.h"
#include "tests/fake/fake-port.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

enum {
    HEAP_MB = 256,
    MB = 1024 * 1024,
    MTU = 900,                  /* 16,384 mbufs in the shared, fixed model */
    CHUNK = 1560,               /* mbufs of a chunk at that MTU */
    PER_THREAD = 512 + 256 + MP_IN_HAND,
};

static void
quiesced(struct port *p OVS_UNUSED)
{
}

static void
published(struct port *p OVS_UNUSED)
{
}

/* Starts over with this model and `n_threads` packet threads. */
static void
start(bool per_port, bool elastic, uint32_t max_mbufs, unsigned int n_threads)
{
    fake_reset();
    fake_use_mempool(true);
    fake_use_rings(true);
    rig_model_is(&(struct mp_model) { .per_port = per_port,
                                      .elastic = elastic,
                                      .max_mbufs = max_mbufs });
    mp_set_threads(n_threads);
    port_set_senders(n_threads);
    rig_log_clear();
}

static void
remember(struct port *p, void *last)
{
    *(struct port **) last = p;
}

/* Memory taken away until less than `left` MB and a half are left. */
static void *taken[2 * HEAP_MB];
static size_t n_taken;

static void
leave_memory(unsigned int left)
{
    while (mp_memory_free(0) > left * (uint64_t) MB + MB / 2) {
        assert_true(n_taken < ARRAY_SIZE(taken));
        taken[n_taken] = rte_malloc_socket(NULL, MB / 2, 0, 0);
        assert_non_null(taken[n_taken]);
        n_taken++;
    }
}

static void
give_memory_back(void)
{
    while (n_taken > 0) {
        rte_free(taken[--n_taken]);
    }
}

/* Deletes all ports; then nothing is left. */
static int
end(void **state OVS_UNUSED)
{
    while (port_count()) {
        struct port *last = NULL;

        port_for_each(remember, &last);
        port_delete(last);
    }
    give_memory_back();
    return rig_n_pools() ? -1 : 0;
}

/* `group` as in other_config:mempool-group. */
static struct cfg_settings
settings(const char *group, uint32_t mtu, uint32_t n_rxq_desc,
         uint32_t n_txq_desc)
{
    struct cfg_settings set;

    fake_settings(&set, mtu);
    set.mempool_group = nullable_xstrdup(group);
    set.n_rxq_desc = n_rxq_desc;
    set.n_txq_desc = n_txq_desc;
    return set;
}

static struct port *
try_create(const char *name, struct cfg_settings set, unsigned int n_txq,
           char **errp)
{
    struct port *p = port_create_with_class(&fake_class, name, &set, n_txq,
                                            errp);

    cfg_settings_destroy(&set);
    return p;
}

static struct port *
create(const char *name, struct cfg_settings set, unsigned int n_txq)
{
    char *error = NULL;
    struct port *p = try_create(name, set, n_txq, &error);

    if (!p) {
        fail_msg("%s", error);
    }
    return p;
}

/* Sets and frees `set`.  NULL or the error's text, to be freed. */
static char *
change(struct port *p, struct cfg_settings set, unsigned int n_txq)
{
    char *error = NULL;
    int rc = port_set(p, &set, n_txq, &error);

    assert_int_equal(!rc, !error);
    assert_true(nullable_string_is_equal(error, p->error));
    cfg_settings_destroy(&set);
    return error;
}

static void
change_succeeds(struct port *p, struct cfg_settings set, unsigned int n_txq)
{
    char *error = change(p, set, n_txq);

    if (error) {
        fail_msg("%s", error);
    }
    assert_int_equal(p->state, PORT_RUNNING);
}

/* Memory is short: the port goes on as it was, was not even stopped, and says
 * how much is missing. */
static void
change_is_refused(struct port *p, struct cfg_settings set,
                  unsigned int n_txq)
{
    struct port_running before = p->running;
    unsigned int n_stops = fake_calls(FAKE_STOP);
    struct mp *mp = p->mp;
    char *error = change(p, set, n_txq);

    assert_non_null(error);
    if (!strstr(error, p->name) || !strstr(error, "out of memory on socket 0")
        || !strstr(error, " bytes)")) {
        fail_msg("%s", error);
    }
    free(error);
    assert_memory_equal(&p->running, &before, sizeof before);
    assert_ptr_equal(p->mp, mp);
    assert_int_equal(p->state, PORT_RUNNING);
    assert_int_equal(fake_calls(FAKE_STOP), n_stops);
}

static void
retry_succeeds(struct port *p)
{
    char *error = NULL;

    if (port_reconfigure(p, &error)) {
        fail_msg("%s", error);
    }
    assert_null(p->error);
    assert_int_equal(p->state, PORT_RUNNING);
}

static void
check_group(const struct port *p, const char *group, bool own)
{
    assert_string_equal(rig_info(p->mp).group, group);
    assert_int_equal(rig_info(p->mp).own, own);
}

/* Groups. ------------------------------------------------------------ */

static void
move_between_groups(bool per_port, bool elastic)
{
    struct port *a, *b, *c;
    struct mp *mp_b, *mp_c;
    unsigned int n_stops;

    start(per_port, elastic, 0, 1);
    a = create("a", settings(NULL, MTU, 256, 256), 1);
    b = create("b", settings(NULL, MTU, 256, 256), 1);
    c = create("c", settings("tenant", MTU, 256, 256), 1);
    mp_b = b->mp;
    mp_c = c->mp;
    check_group(a, per_port ? "a" : "", per_port);
    assert_int_equal(a->mp == mp_b, !per_port);
    n_stops = fake_calls(FAKE_STOP);

    change_succeeds(a, settings("tenant", MTU, 256, 256), 1);
    assert_ptr_equal(a->mp, mp_c);
    change_succeeds(a, settings("private", MTU, 256, 256), 1);
    check_group(a, "a", true);
    change_succeeds(a, settings("other", MTU, 256, 256), 1);
    check_group(a, "other", false);
    assert_int_equal(rig_n_pools(), 3);
    change_succeeds(a, settings(NULL, MTU, 256, 256), 1);
    check_group(a, per_port ? "a" : "", per_port);
    assert_int_equal(a->mp == mp_b, !per_port);

    /* Nobody else was stopped for it or has another pool. */
    assert_int_equal(fake_calls(FAKE_STOP) - n_stops, 4);
    assert_ptr_equal(b->mp, mp_b);
    assert_ptr_equal(c->mp, mp_c);
    assert_int_equal(end(NULL), 0);
}

static void
test_group(void **state OVS_UNUSED)
{
    for (int i = 0; i < 4; i++) {
        move_between_groups(i & 1, i & 2);
    }
}

static void
refuse_group(bool per_port, bool elastic)
{
    unsigned int n_pools;
    struct port *a, *b;
    struct mp *before;

    start(per_port, elastic, 0, 1);
    a = create("a", settings(NULL, MTU, 256, 256), 1);
    b = create("b", settings(NULL, MTU, 256, 256), 1);
    before = a->mp;
    n_pools = rig_n_pools();
    leave_memory(1);
    change_is_refused(a, settings("tenant", MTU, 256, 256), 1);
    assert_int_equal(rig_n_pools(), n_pools);
    assert_int_equal(rig_log_count("WARN", "netdev a, with MTU 900"), 1);

    /* Again, and nothing is said that was said before. */
    change_is_refused(a, settings("tenant", MTU, 256, 256), 1);
    assert_int_equal(rig_log_count("WARN", "netdev a, with MTU 900"), 1);
    assert_null(b->error);

    give_memory_back();
    retry_succeeds(a);
    check_group(a, "tenant", false);
    assert_ptr_not_equal(a->mp, before);
    assert_int_equal(end(NULL), 0);
}

static void
test_group_refused(void **state OVS_UNUSED)
{
    for (int i = 0; i < 4; i++) {
        refuse_group(i & 1, i & 2);
    }
}

/* A driver that fails after the new pool was had. */
static void
test_group_fails_late(void **state OVS_UNUSED)
{
    struct mp *before;
    struct port *a;
    char *error;

    start(false, true, 0, 1);
    a = create("a", settings(NULL, MTU, 256, 256), 1);
    before = a->mp;
    fake_fail(FAKE_RECONFIGURE, EIO, 0, 1);
    error = change(a, settings("tenant", MTU, 256, 256), 1);
    assert_string_equal(error, "a: reconfigure failed (Input/output error)");
    free(error);
    assert_ptr_equal(a->mp, before);
    assert_int_equal(a->state, PORT_RUNNING);
    assert_int_equal(rig_n_pools(), 1);
    assert_int_equal(rig_info(before).in_use, 256);
    retry_succeeds(a);
    check_group(a, "tenant", false);
}

/* Two ports and a port that nobody drains. --------------------------- */

enum { N_FRAMES = 100000, RING = 128, FULL_RING = 1024 };

static struct port *sources[2], *sink, *out;

static void
create_neighbours(void)
{
    sources[0] = create("source0", settings("noisy", MTU, RING, RING), 1);
    sources[1] = create("source1", settings("noisy", MTU, RING, RING), 1);
    sink = create("sink", settings(NULL, MTU, RING, FULL_RING), 1);
    out = create("out", settings(NULL, MTU, RING, RING), 1);
    for (int i = 0; i < 2; i++) {
        fake_port_set_tx(sources[i], FAKE_TX_RING);
    }
    fake_port_set_tx(sink, FAKE_TX_RING);
    fake_port_set_tx(out, FAKE_TX_FREE);
}

/* A burst arrives at a port and is sent to another.  Returns how many frames
 * found an mbuf. */
static uint16_t
forward(struct port *from, struct port *to)
{
    struct rte_mbuf *m[PORT_BURST];
    uint16_t n = fake_port_arrive(from, 0, PORT_BURST);

    assert_int_equal(port_rx(from, 0, m, PORT_BURST), n);
    port_tx(to, 0, m, n);
    return n;
}

/* Each ring that frames of the sources can get into, but the third port's, is
 * full, and stays so. */
static void
fill_rings(void)
{
    for (int i = 0; i < 2 * FULL_RING / PORT_BURST; i++) {
        forward(sources[i % 2], sink);
    }
    for (int i = 0; i < 2 * RING / PORT_BURST; i++) {
        forward(sources[0], sources[1]);
        forward(sources[1], sources[0]);
    }
}

static void
test_neighbour_that_is_full(void **state OVS_UNUSED)
{
    const uint32_t need = 2 * RING + (3 * RING + FULL_RING) + PER_THREAD;
    struct mp_info info;

    start(false, true, 0, 1);
    create_neighbours();
    info = rig_info(sources[0]->mp);
    assert_ptr_equal(sources[1]->mp, sources[0]->mp);
    assert_int_equal(info.need, need);
    assert_int_equal(info.populated, ROUND_UP(need, CHUNK));
    assert_false(info.oversubscribed);

    fill_rings();
    assert_int_equal(fake_port_n_sent(sink), FULL_RING);
    assert_int_equal(fake_port_n_sent(sources[0]), RING);
    assert_int_equal(fake_port_n_sent(sources[1]), RING);
    for (int i = 0; fake_port_tx_total(out) < N_FRAMES; i++) {
        assert_int_equal(forward(sources[i % 2], sink), PORT_BURST);
        assert_int_equal(forward(sources[i % 2], out), PORT_BURST);
    }
    assert_int_equal(fake_port_n_sent(sink), FULL_RING);
    assert_int_equal(rig_info(sources[0]->mp).failures, 0);
    assert_int_equal(sources[0]->rxc[0].dropped, 0);
    assert_int_equal(sources[1]->rxc[0].dropped, 0);
}

/* With the room that the peer gives such a pool, it is known beforehand that
 * they starve, and they do. */
static void
test_neighbour_that_takes_all(void **state OVS_UNUSED)
{
    struct mp_info info;

    start(false, true, FULL_RING, 1);
    create_neighbours();
    info = rig_info(sources[0]->mp);
    assert_int_equal(info.room, FULL_RING);
    assert_int_equal(info.populated, FULL_RING);
    assert_int_equal(info.need, 2 * RING + (3 * RING + FULL_RING)
                                + 32 + 16 + MP_IN_HAND);
    assert_true(info.oversubscribed);
    assert_int_equal(rig_log_count("WARN", info.name), 1);
    assert_int_equal(rig_log_count("WARN", "may not grow beyond 1024"), 2);

    fill_rings();
    assert_true(forward(sources[0], out) < PORT_BURST);
    assert_true(rig_info(sources[0]->mp).failures > 0);
}

/* The main thread's cache is in no ledger: what driver and registry did there
 * leaves nothing in it. */
static void
check_main_cache(const struct port *p)
{
    struct mp_census c;

    mp_census_take(p->mp, &c);
    assert_int_equal(c.cached, 0);
    mp_census_destroy(&c);
}

static void
test_main_thread_keeps_none(void **state OVS_UNUSED)
{
    struct port *a, *b;

    start(false, true, 0, 1);
    a = create("a", settings(NULL, MTU, 100, 256), 1);
    check_main_cache(a);
    b = create("b", settings(NULL, MTU, 300, 256), 1);
    check_main_cache(a);
    change_succeeds(b, settings("tenant", MTU, 300, 256), 1);
    check_main_cache(a);
    change_succeeds(b, settings(NULL, MTU, 200, 256), 1);
    fake_fail(FAKE_RECONFIGURE, EIO, 0, 1);
    free(change(b, settings(NULL, MTU, 100, 256), 1));
    check_main_cache(a);
    port_delete(b);
    check_main_cache(a);
}

/* Packet threads come and go. ---------------------------------------- */

static void
test_threads_fixed(void **state OVS_UNUSED)
{
    struct mp *mp_a, *mp_b;
    struct port *a, *b;

    start(true, false, 0, 3);
    a = create("a", settings(NULL, MTU, 2048, 2048), 3);
    b = create("b", settings(NULL, MTU, 2048, 2048), 2);
    mp_a = a->mp;
    mp_b = b->mp;
    assert_int_equal(rig_info(mp_a).asked, 24608);
    assert_int_equal(rig_info(mp_b).asked, 22560);

    /* Large enough: kept.  It could be smaller, which a trim sees. */
    change_succeeds(a, settings(NULL, MTU, 2048, 2048), 2);
    assert_ptr_equal(a->mp, mp_a);
    assert_int_equal(a->running.n_txq, 2);
    assert_true(mp_has_surplus(mp_a));
    change_succeeds(a, settings(NULL, MTU, 2048, 2048), 3);
    assert_ptr_equal(a->mp, mp_a);
    assert_false(mp_has_surplus(mp_a));

    /* Too small. */
    change_succeeds(b, settings(NULL, MTU, 2048, 2048), 3);
    assert_int_equal(rig_n_pools(), 2);
    assert_int_equal(rig_info(b->mp).asked, 24608);

    /* Another number of descriptors too is another pool. */
    change_succeeds(b, settings(NULL, MTU, 1024, 2048), 2);
    assert_int_equal(rig_info(b->mp).asked, 21536);
}

static void
test_threads_elastic(void **state OVS_UNUSED)
{
    struct mp *mp_a;
    struct port *a;

    start(true, true, 0, 2);
    a = create("a", settings(NULL, MTU, 2048, 2048), 2);
    mp_a = a->mp;
    assert_int_equal(rig_info(mp_a).room, 22560);

    /* Need grows, and so does the pool, in place. */
    mp_set_threads(4);
    change_succeeds(a, settings(NULL, MTU, 2048, 2048), 4);
    assert_ptr_equal(a->mp, mp_a);
    assert_int_equal(rig_info(mp_a).need, 5 * 2048 + 4 * PER_THREAD);
    assert_false(rig_info(mp_a).degraded);

    /* Beyond its room there must be another. */
    mp_set_threads(10);
    change_succeeds(a, settings(NULL, MTU, 2048, 2048), 10);
    assert_int_equal(rig_n_pools(), 1);
    assert_int_equal(rig_info(a->mp).room, 2048 + 20480 + 32 + 16384);
    assert_int_equal(rig_info(a->mp).need, 11 * 2048 + 10 * PER_THREAD);
    assert_false(rig_info(a->mp).oversubscribed);

    /* Fewer: kept. */
    mp_a = a->mp;
    mp_set_threads(1);
    change_succeeds(a, settings(NULL, MTU, 2048, 2048), 1);
    assert_ptr_equal(a->mp, mp_a);
    assert_true(mp_has_surplus(mp_a));
}

/* Trim. -------------------------------------------------------------- */

/* Three ports in an elastic pool that was made for four. */
static struct mp *
make_surplus(struct port *ports[3])
{
    static const char *const names[3] = { "a", "b", "c" };
    struct port *large;

    start(false, true, 16384, 1);
    large = create("large", settings(NULL, MTU, 8192, 256), 1);
    for (int i = 0; i < 3; i++) {
        ports[i] = create(names[i], settings(NULL, MTU, 1600, 256), 1);
    }
    assert_false(mp_has_surplus(ports[0]->mp));
    port_delete(large);
    assert_true(mp_has_surplus(ports[0]->mp));
    return ports[0]->mp;
}

static void
check_trimmed(struct port *ports[3])
{
    const uint32_t need = 3 * 1600 + 3 * 256 + PER_THREAD;

    assert_int_equal(rig_n_pools(), 1);
    for (int i = 0; i < 3; i++) {
        assert_null(ports[i]->error);
        assert_int_equal(ports[i]->state, PORT_RUNNING);
        assert_ptr_equal(ports[i]->mp, ports[0]->mp);
    }
    assert_int_equal(rig_info(ports[0]->mp).need, need);
    assert_int_equal(rig_info(ports[0]->mp).populated,
                     ROUND_UP(need, CHUNK));
    assert_false(mp_has_surplus(ports[0]->mp));
}

static void
trim(struct mp *mp)
{
    char *error = NULL;

    if (port_trim_pool(mp, &error)) {
        fail_msg("%s", error);
    }
    assert_null(error);
}

static void
test_trim(void **state OVS_UNUSED)
{
    unsigned int n_stops;
    struct port *ports[3];
    struct mp *mp = make_surplus(ports);

    n_stops = fake_calls(FAKE_STOP);
    trim(mp);
    check_trimmed(ports);
    assert_int_equal(fake_calls(FAKE_STOP) - n_stops, 3);
}

/* A fixed pool of a port's own, made for more threads than there are. */
static void
test_trim_fixed(void **state OVS_UNUSED)
{
    struct port *a;

    start(true, false, 0, 3);
    a = create("a", settings(NULL, MTU, 2048, 2048), 3);
    change_succeeds(a, settings(NULL, MTU, 2048, 2048), 1);
    assert_true(mp_has_surplus(a->mp));
    trim(a->mp);
    assert_int_equal(rig_n_pools(), 1);
    assert_int_equal(rig_info(a->mp).asked, 20512);
    assert_false(mp_has_surplus(a->mp));
}

/* The trim of `mp` fails for want of memory: no port is the worse for it. */
static void
trim_is_refused(struct mp *mp, struct port *ports[3], int n_moved)
{
    unsigned int n_stops = fake_calls(FAKE_STOP);
    char *error = NULL;

    assert_int_not_equal(port_trim_pool(mp, &error), 0);
    assert_non_null(strstr(error, "out of memory on socket 0"));
    assert_non_null(strstr(error, " bytes)"));
    free(error);
    assert_int_equal(fake_calls(FAKE_STOP) - n_stops, n_moved);
    for (int i = 0; i < 3; i++) {
        assert_null(ports[i]->error);
        assert_int_equal(ports[i]->state, PORT_RUNNING);
        n_moved -= ports[i]->mp != mp;
    }
    assert_int_equal(n_moved, 0);
    assert_false(rig_info(mp).retired);
}

static void
test_trim_refused(void **state OVS_UNUSED)
{
    struct port *ports[3];
    struct mp *mp = make_surplus(ports);

    leave_memory(1);
    trim_is_refused(mp, ports, 0);
    assert_int_equal(rig_n_pools(), 1);

    /* Memory for two ports' mbufs (4 chunks and 2 MB that any pool takes), not
     * for three's (5 chunks). */
    give_memory_back();
    leave_memory(11);
    trim_is_refused(mp, ports, 2);
    assert_int_equal(rig_n_pools(), 2);

    give_memory_back();
    trim(mp);
    check_trimmed(ports);
}

/* A port that takes the new pool and then does not start: the trim ends there,
 * and another try repairs it. */
static struct port *
trim_stops_at(struct mp *mp)
{
    struct port *down = NULL;
    char *error = NULL;
    char name[8];

    fake_fail(FAKE_START, EIO, 0, UINT_MAX);
    assert_int_not_equal(port_trim_pool(mp, &error), 0);
    assert_int_equal(sscanf(error, "%7[^:]: start failed", name), 1);
    down = port_find(name);
    assert_int_equal(down->state, PORT_QUIESCED);
    assert_string_equal(down->error, error);
    assert_ptr_not_equal(down->mp, mp);
    free(error);
    fake_fail(FAKE_START, 0, 0, 0);
    return down;
}

static void
test_trim_fails_late(void **state OVS_UNUSED)
{
    struct port *ports[3];
    struct mp *mp = make_surplus(ports);
    char *name = xstrdup(mp_name(mp));

    for (int i = 0; i < 3; i++) {
        struct port *down = trim_stops_at(mp);

        assert_ptr_equal(mp_find(name), i < 2 ? mp : NULL);
        assert_true(i == 2 || !rig_info(mp).retired);
        retry_succeeds(down);
    }
    free(name);
    check_trimmed(ports);
}

/* Sockets. ----------------------------------------------------------- */

static void
test_fallback(void **state OVS_UNUSED)
{
    char *error = NULL;
    struct mp *before;
    struct port *a;

    start(false, true, 0, 1);
    fake_set_socket(5);
    assert_null(try_create("a", settings(NULL, MTU, 256, 256), 1, &error));
    assert_non_null(strstr(error, "netdev a, with MTU 900 on socket 5"));
    assert_non_null(strstr(error, " bytes)"));
    free(error);

    mp_set_numa_fallback(true);
    a = create("a", settings(NULL, MTU, 256, 256), 1);
    assert_int_equal(rig_info(a->mp).socket, 0);
    assert_true(mp_is_fallback(a->mp, "a"));
    assert_int_equal(rig_log_count("WARN", "on socket 0 is used, as "
                                   "mempool-numa-fallback allows"), 1);

    /* It is what the port has: other changes go on from there. */
    before = a->mp;
    change_succeeds(a, settings(NULL, MTU, 512, 256), 1);
    assert_ptr_equal(a->mp, before);
    change_succeeds(a, settings(NULL, 1500, 512, 256), 1);
    assert_ptr_not_equal(a->mp, before);
    assert_true(mp_is_fallback(a->mp, "a"));

    /* No longer allowed: the port keeps what it has, and says why. */
    mp_set_numa_fallback(false);
    before = a->mp;
    assert_int_not_equal(port_reconfigure(a, &error), 0);
    assert_non_null(strstr(error, "on socket 5"));
    assert_string_equal(a->error, error);
    free(error);
    assert_ptr_equal(a->mp, before);
    assert_int_equal(a->state, PORT_RUNNING);
    mp_set_numa_fallback(true);
    retry_succeeds(a);
    assert_ptr_equal(a->mp, before);
}

/* Ports that leave. -------------------------------------------------- */

/* A pool outlives its port while another port's tx ring has some of it. */
static void
test_delete_with_mbufs_out(void **state OVS_UNUSED)
{
    long long int now;
    struct port *a, *b;
    struct mp *mp;

    start(true, true, 0, 1);
    a = create("a", settings(NULL, MTU, 256, 256), 1);
    b = create("b", settings(NULL, MTU, 256, 256), 1);
    fake_port_set_tx(b, FAKE_TX_RING);
    mp = a->mp;
    forward(a, b);
    forward(a, b);
    port_delete(a);
    now = time_msec();
    assert_true(rig_info(mp).waiting);
    assert_int_equal(rig_info(mp).in_use, 2 * PORT_BURST);
    assert_int_equal(rig_info(mp).need, 0);

    mp_care_run(now + 4000);
    assert_int_equal(rig_log_count("WARN", ""), 0);
    mp_care_run(now + 6000);
    assert_int_equal(rig_log_count("WARN", "b tx 64"), 1);
    mp_care_run(now + 60 * 1000);
    assert_int_equal(rig_log_count("WARN", "can't be freed"), 1);

    assert_int_equal(fake_port_drain(b, PORT_BURST), PORT_BURST);
    mp_care_run(now + 61 * 1000);
    assert_int_equal(rig_n_pools(), 2);
    assert_int_equal(fake_port_drain(b, SIZE_MAX), PORT_BURST);
    mp_care_run(now + 62 * 1000);
    assert_int_equal(rig_n_pools(), 1);
    assert_int_equal(rig_log_count("INFO", "Freeing mempool \""), 1);
}

static int
setup(void **state OVS_UNUSED)
{
    static const struct port_hooks hooks = {
        .quiesce = quiesced, .publish = published,
    };

    port_init(&hooks);
    return rig_start(HEAP_MB);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_group, end),
        cmocka_unit_test_teardown(test_group_refused, end),
        cmocka_unit_test_teardown(test_group_fails_late, end),
        cmocka_unit_test_teardown(test_neighbour_that_is_full, end),
        cmocka_unit_test_teardown(test_neighbour_that_takes_all, end),
        cmocka_unit_test_teardown(test_main_thread_keeps_none, end),
        cmocka_unit_test_teardown(test_threads_fixed, end),
        cmocka_unit_test_teardown(test_threads_elastic, end),
        cmocka_unit_test_teardown(test_trim, end),
        cmocka_unit_test_teardown(test_trim_fixed, end),
        cmocka_unit_test_teardown(test_trim_refused, end),
        cmocka_unit_test_teardown(test_trim_fails_late, end),
        cmocka_unit_test_teardown(test_fallback, end),
        cmocka_unit_test_teardown(test_delete_with_mbufs_out, end),
    };

    return cmocka_run_group_tests_name("port/port-memory", tests, setup,
                                       rig_stop);
}
