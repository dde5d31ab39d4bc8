/* SPDX-License-Identifier: Apache-2.0
 *
 * Random sequences of what operators do to ports, while memory and devices
 * fail at random: no port in service is lost, the registry of mempools agrees
 * with what the ports hold after every step, and at the end everything is
 * given back.
 *
 *     test-port-random [SEQUENCES [FIRST-SEED]]
 *
 * The sequence with seed N is always the same.  Of four in a row each is in
 * another model of packet memory.
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
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
#include "mem/mp-memory.h"
#include "mem/mp-pool.h"
#include "openvswitch/compiler.h"
#include "openvswitch/vlog.h"
#include "port/port.h"
#include "tests/fake/fake-port.h"
#include "tests/unit/mem/mem-rig.h"
#include "timeval.h"
#include "util.h"

enum {
    HEAP_MB = 96,
    STEPS = 50,
    N_SLOTS = 5,                /* ports, at most */
    MAX_THREADS = 3,
    MAX_POOLS = 2 * N_SLOTS,    /* with those that wait for mbufs */
    HOG_BYTES = 1024 * 1024,
    MAX_HOGS = HEAP_MB,
    CHUNK_BYTES = 2 * 1024 * 1024,
};

static unsigned int n_sequences = 32;
static unsigned int first_seed = 1;

static struct mp_model model;
static bool two_bridges;
static unsigned int n_threads;
static long long int now;

/* A port that there is or may be. */
static struct slot {
    const char *name;
    struct port *port;          /* NULL: there is none */
    const char *group;          /* of the settings in force; "": none */
    bool touched;               /* the step was about it */

    /* Before the step. */
    struct port_running running;
    enum port_state state;
    struct mp *mp;
} slots[N_SLOTS] = {
    { .name = "p0" }, { .name = "p1" }, { .name = "p2" }, { .name = "p3" },
    { .name = "p4" },
};

/* Pools before the step. */
static struct {
    char name[RTE_MEMPOOL_NAMESIZE];
    uint64_t failures;
    uint32_t populated;
    bool degraded, oversubscribed;
} pools[MAX_POOLS];
static size_t n_pools;
static bool unasked;            /* in this step pools came to need more, and
                                 * nobody could be refused for it */
static uint32_t not_added;      /* mbufs in the rings of a port that could not
                                 * be added in this step */

static void *hogs[MAX_HOGS];
static size_t n_hogs;

static uint32_t random_state;

static uint32_t
random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void
free_hogs(void)
{
    while (n_hogs > 0) {
        rte_free(hogs[--n_hogs]);
    }
}

#define PICK(ARRAY) ((ARRAY)[random_below(ARRAY_SIZE(ARRAY))])

static void
quiesced(struct port *p OVS_UNUSED)
{
}

static void
published(struct port *p OVS_UNUSED)
{
}

static const char *
bridge_of(const char *port)
{
    return two_bridges && (port[1] - '0') % 2 ? "br1" : "br0";
}

static bool
same_bridge(const struct slot *a, const struct slot *b)
{
    return !strcmp(bridge_of(a->name), bridge_of(b->name));
}

/* One of the ports that there are, or that there are not; NULL: none. */
static struct slot *
pick_slot(bool occupied)
{
    size_t first = random_below(N_SLOTS);

    for (size_t i = 0; i < N_SLOTS; i++) {
        struct slot *s = &slots[(first + i) % N_SLOTS];

        if ((s->port != NULL) == occupied) {
            return s;
        }
    }
    return NULL;
}

/* Steps. ------------------------------------------------------------- */

static const uint32_t mtus[] = { 900, 998, 1400, 1500, 2000, 9000 };
static const uint32_t descs[] = { 64, 256, 1024 };
static const char *const groups[] = { NULL, NULL, NULL, "g", "h", "private" };

static void
random_settings(struct cfg_settings *set)
{
    fake_settings(set, PICK(mtus));
    set->mempool_group = nullable_xstrdup(PICK(groups));
    set->n_rxq = 1 + random_below(2);
    set->n_rxq_desc = PICK(descs);
    set->n_txq_desc = PICK(descs);
}

/* What failed is named: memory, in bytes; or the step of the device. */
static void
check_text(const char *error)
{
    if (!strstr(error, " bytes)") && !strstr(error, " failed (")
        && !strstr(error, "out of mbufs for the rx rings")) {
        fail_msg("it does not say why: %s", error);
    }
}

static void
do_add(void)
{
    struct slot *s = pick_slot(false);
    struct cfg_settings set;
    char *error = NULL;

    if (!s) {
        return;
    }
    random_settings(&set);
    s->port = port_create_with_class(&fake_class, s->name, &set, n_threads,
                                     &error);
    if (!s->port) {
        not_added = (set.n_rxq * set.n_rxq_desc
                     + n_threads * set.n_txq_desc);
    }
    cfg_settings_destroy(&set);
    assert_int_equal(!s->port, error != NULL);
    assert_ptr_equal(port_find(s->name), s->port);
    if (s->port) {
        s->touched = true;
        s->mp = NULL;
        fake_port_set_tx(s->port, FAKE_TX_RING);
        port_publish(s->port);
    } else {
        check_text(error);
    }
    free(error);
}

static void
do_delete(void)
{
    struct slot *s = pick_slot(true);

    if (s) {
        port_delete(s->port);
        s->port = NULL;
    }
}

/* What the port wants, with something of `other`. */
static void
mix(struct cfg_settings *set, const struct cfg_settings *other)
{
    switch (random_below(6)) {
    case 0:
        set->mtu = other->mtu;
        break;
    case 1:
        set->n_rxq = other->n_rxq;
        break;
    case 2:
        set->n_rxq_desc = other->n_rxq_desc;
        break;
    case 3:
        set->n_txq_desc = other->n_txq_desc;
        break;
    case 4:
        free(set->mempool_group);
        set->mempool_group = nullable_xstrdup(other->mempool_group);
        break;
    default:
        set->tx_retries_max = random_below(3);
        break;
    }
}

static void
set_port(struct slot *s, const struct cfg_settings *set)
{
    char *error = NULL;
    int rc = port_set(s->port, set, n_threads, &error);

    s->touched = true;
    assert_int_equal(!rc, !error);
    assert_true(nullable_string_is_equal(error, s->port->error));
    free(error);
}

static void
do_change(void)
{
    struct slot *s = pick_slot(true);
    struct cfg_settings set, other;

    if (!s) {
        return;
    }
    cfg_settings_clone(&set, &s->port->wanted);
    random_settings(&other);
    for (uint32_t i = random_below(3) + 1; i; i--) {
        mix(&set, &other);
    }
    set_port(s, &set);
    cfg_settings_destroy(&set);
    cfg_settings_destroy(&other);
}

/* First the registry knows, then each port has as many tx queues. */
static void
do_threads(void)
{
    n_threads = 1 + random_below(MAX_THREADS);
    unasked = true;
    mp_set_threads(n_threads);
    port_set_senders(n_threads);
    for (size_t i = 0; i < N_SLOTS; i++) {
        if (slots[i].port) {
            struct cfg_settings set;

            cfg_settings_clone(&set, &slots[i].port->wanted);
            set_port(&slots[i], &set);
            cfg_settings_destroy(&set);
        }
    }
}

/* Patch ports join the bridges, or no longer do. */
static void
do_join(void)
{
    two_bridges = !two_bridges;
    unasked = true;
    mp_set_domains(bridge_of);
}

static void
do_retry(void)
{
    struct slot *s = pick_slot(true);
    char *error = NULL;

    if (s) {
        s->touched = true;
        port_reconfigure(s->port, &error);
        free(error);
    }
}

/* Bursts from one port to another of its bridge. */
static void
do_traffic(void)
{
    struct slot *from = pick_slot(true), *to = pick_slot(true);
    struct rte_mbuf *m[PORT_BURST];
    uint16_t q, n;

    if (!from || !same_bridge(from, to)
        || from->port->state != PORT_RUNNING) {
        return;
    }
    for (uint32_t i = random_below(8); i; i--) {
        q = (uint16_t) random_below(from->port->running.n_rxq);
        n = fake_port_arrive(from->port, q, PORT_BURST);
        assert_int_equal(port_rx(from->port, q, m, PORT_BURST), n);
        port_tx(to->port, random_below(n_threads), m, n);
    }
}

static void
do_drain(void)
{
    struct slot *s = pick_slot(true);

    if (s) {
        fake_port_drain(s->port, random_below(300));
    }
}

/* All memory is taken but for a few MB, or is there again. */
static void
do_hog(void)
{
    uint64_t left = random_below(16) * (uint64_t) HOG_BYTES;

    if (random_below(2)) {
        free_hogs();
        return;
    }
    while (n_hogs < MAX_HOGS && mp_memory_free(0) > left) {
        hogs[n_hogs] = rte_malloc_socket(NULL, HOG_BYTES, 0, 0);
        if (!hogs[n_hogs]) {
            break;
        }
        n_hogs++;
    }
}

static void
do_fail(void)
{
    static const enum fake_op ops[] = {
        FAKE_CONSTRUCT, FAKE_RECONFIGURE, FAKE_RECONFIGURE, FAKE_START,
    };
    static const int errors[] = { EIO, ENOMEM, ENOSPC };

    enum fake_op op = PICK(ops);
    int error = PICK(errors);

    fake_fail(op, error, random_below(2), 1);
}

static void
do_time(void)
{
    now = MAX(now, time_msec()) + random_below(3000);
    mp_care_run(now);
}

static void
do_trim(void)
{
    struct mp *mp = NULL;
    char *error = NULL;
    int rc;

    for (size_t i = 0; i < N_SLOTS && !mp; i++) {
        if (slots[i].port && mp_has_surplus(slots[i].port->mp)) {
            mp = slots[i].port->mp;
        }
    }
    if (!mp) {
        return;
    }
    for (size_t i = 0; i < N_SLOTS; i++) {
        slots[i].touched = slots[i].port && slots[i].mp == mp;
    }
    rc = port_trim_pool(mp, &error);
    assert_int_equal(!rc, !error);
    if (rc) {
        check_text(error);
    }
    free(error);
}

static const struct {
    void (*fn)(void);
    unsigned int weight;
} steps[] = {
    { do_add, 9 }, { do_delete, 3 }, { do_change, 10 }, { do_threads, 2 },
    { do_join, 1 }, { do_retry, 3 }, { do_traffic, 8 }, { do_drain, 4 },
    { do_hog, 3 }, { do_fail, 3 }, { do_time, 3 }, { do_trim, 6 },
    { mp_flush_lcore, 1 },
};

static void
random_step(void)
{
    unsigned int total = 0;
    uint32_t r;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        total += steps[i].weight;
    }
    r = random_below(total);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (r < steps[i].weight) {
            steps[i].fn();
            return;
        }
        r -= steps[i].weight;
    }
}

/* What must hold after a step: ports. -------------------------------- */

static void
check_has_wanted(const struct port *p)
{
    struct mp_request req;

    assert_int_equal(p->running.mtu, p->wanted.mtu);
    assert_int_equal(p->running.n_rxq, p->wanted.n_rxq);
    assert_int_equal(p->running.n_txq, n_threads);
    assert_int_equal(p->running.n_rxq_desc, p->wanted.n_rxq_desc);
    assert_int_equal(p->running.n_txq_desc, p->wanted.n_txq_desc);
    assert_true(port_mempool_request(p, &req));
    assert_true(mp_suits(p->mp, &req));
}

static void
check_unchanged(const struct slot *s)
{
    assert_memory_equal(&s->port->running, &s->running, sizeof s->running);
    assert_ptr_equal(s->port->mp, s->mp);
}

/* Is it the text of a port that took its new settings and did not start? */
static bool
applied_but_not_started(const struct port *p)
{
    const char *step = strstr(p->error, ": start failed (");

    return step && !strncmp(p->error, p->name, (size_t) (step - p->error));
}

/* The step changed the port, or failed to. */
static void
check_touched(struct slot *s)
{
    const struct port *p = s->port;
    bool has_wanted = !p->error || applied_but_not_started(p);

    if (has_wanted) {
        s->group = p->wanted.mempool_group ? p->wanted.mempool_group : "";
        for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
            if (groups[i] && !strcmp(groups[i], s->group)) {
                s->group = groups[i];
            }
        }
        if (!*s->group) {
            s->group = "";
        }
        check_has_wanted(p);
    } else {
        check_text(p->error);
        check_unchanged(s);
    }
    if (p->error && strstr(p->error, "start failed (")) {
        assert_int_equal(p->state, PORT_QUIESCED);
    } else if (!p->error || s->state == PORT_RUNNING) {
        assert_int_equal(p->state, PORT_RUNNING);
    }
}

/* The pool that it has suits what is running. */
static void
check_pool_of(const struct slot *s)
{
    const struct port_running *r = &s->port->running;
    struct mp_info info = rig_info(s->port->mp);
    bool own = *s->group ? !strcmp(s->group, "private") : model.per_port;
    uint32_t formula = (uint32_t) r->n_rxq * r->n_rxq_desc
                       + (uint32_t) r->n_txq * r->n_txq_desc
                       + 32u * r->n_rxq + 16384;

    assert_int_equal(info.socket, 0);
    assert_int_equal(info.adjusted_mtu, ROUND_UP(r->mtu + 26, 1024) - 18);
    assert_int_equal(info.own, own);
    assert_string_equal(info.group, own ? s->name : s->group);
    assert_int_equal(info.elastic, model.elastic);
    assert_false(info.retired);
    if (own && !model.elastic) {
        assert_true(info.asked >= formula);
    } else if (!model.elastic) {
        assert_int_equal(info.asked, info.adjusted_mtu >= 1500 ? 262144
                         : 16384);
    }
}

static void
check_port(struct slot *s)
{
    assert_ptr_equal(port_find(s->name), s->port);
    assert_true(s->port->running.valid);
    assert_non_null(s->port->mp);
    if (s->touched) {
        check_touched(s);
    } else {
        check_unchanged(s);
        assert_int_equal(s->port->state, s->state);
    }
    assert_int_equal(atomic_load(&s->port->txq_count),
                     s->port->state == PORT_RUNNING ? s->port->running.n_txq
                     : 0);
    check_pool_of(s);
}

/* And pools. --------------------------------------------------------- */

/* Does a port of the slot's bridge have the pool? */
static bool
reaches(const struct mp *mp, const struct slot *s)
{
    for (size_t i = 0; i < N_SLOTS; i++) {
        if (slots[i].port && slots[i].port->mp == mp
            && same_bridge(&slots[i], s)) {
            return true;
        }
    }
    return false;
}

/* Mbufs in the rings of a port; `most`: while it changed to what it wants. */
static void
rings_of(const struct slot *s, bool most, uint32_t *rx, uint32_t *tx)
{
    const struct port *p = s->port;
    const struct port_running *r = &p->running;

    *rx = (uint32_t) r->n_rxq * r->n_rxq_desc;
    *tx = (uint32_t) r->n_txq * r->n_txq_desc;
    if (most && s->touched) {
        *rx = MAX(*rx, p->wanted.n_rxq * p->wanted.n_rxq_desc);
        *tx = (MAX(r->n_txq, p->want_n_txq)
               * MAX(r->n_txq_desc, p->wanted.n_txq_desc));
    }
}

/* By the rings of the ports themselves; `most`: in the course of the step. */
static uint32_t
need_of(const struct mp *mp, bool most)
{
    uint32_t cache = mp_mempool(mp)->cache_size;
    uint32_t need = most ? not_added : 0;
    bool used = false;

    for (size_t i = 0; i < N_SLOTS; i++) {
        uint32_t rx, tx;

        if (!slots[i].port) {
            continue;
        }
        rings_of(&slots[i], most, &rx, &tx);
        if (slots[i].port->mp == mp) {
            need += rx;
            used = true;
        } else if (most && slots[i].touched && slots[i].port->error) {
            need += rx;         /* it may have tried this pool */
        }
        if (reaches(mp, &slots[i])) {
            need += tx;
        }
    }
    return used ? need + n_threads * (cache * 3 / 2 + 128) : 0;
}

static void
check_elastic(const struct mp_info *info)
{
    assert_int_equal(info->asked, MIN(info->need, info->room));
    assert_int_equal(info->granted, MIN(info->asked, info->populated));
    assert_int_equal(info->degraded, info->populated < info->asked);
}

static void
check_fixed(const struct mp_info *info)
{
    assert_int_equal(info->asked, info->room);
    assert_true(info->granted >= 16384);
    assert_true(info->degraded || info->populated == info->asked);
    assert_int_equal(info->degraded, info->granted < info->asked);
    assert_true(info->granted <= info->populated);
}

/* In comparison with before the step. */
static void
check_progress(const struct mp *mp, const struct mp_info *info)
{
    bool is_new = true;
    uint32_t stray = 0;

    for (size_t i = 0; i < N_SLOTS; i++) {
        if (slots[i].port && !reaches(mp, &slots[i])) {
            stray += (uint32_t) fake_port_n_held(slots[i].port,
                                                 mp_mempool(mp));
        }
    }
    for (size_t i = 0; i < n_pools; i++) {
        if (!strcmp(pools[i].name, info->name)) {
            is_new = false;
            assert_true(info->populated >= pools[i].populated);
            /* Nobody is let in for whom there is no memory. */
            assert_true(!info->degraded || pools[i].degraded
                        || unasked || !info->elastic);
            /* What the ledger foresees, there is; but for mbufs that are
             * still with ports that none of the pool's reaches any more.
             * What a port wanted may be more than a pool may grow to. */
            assert_true(info->failures == pools[i].failures || stray
                        || info->oversubscribed || pools[i].oversubscribed
                        || need_of(mp, true) > info->room);
        }
    }
    if (is_new) {
        assert_true(info->failures == 0 || info->oversubscribed
                    || need_of(mp, true) > info->room);
        assert_true(!info->degraded || !info->elastic || unasked);
    }
}

static void
check_pool(const struct mp *mp, void *aux OVS_UNUSED)
{
    struct mp_info info = rig_info(mp);
    size_t in_use = 0;
    unsigned int refs = 0;

    for (size_t i = 0; i < N_SLOTS; i++) {
        const struct slot *s = &slots[i];

        if (s->port) {
            refs += s->port->mp == mp;
            in_use += fake_port_n_held(s->port, mp_mempool(mp));
        }
    }
    assert_int_equal(info.refs, refs);
    assert_int_equal(info.in_use, in_use);
    assert_true(refs || in_use);
    assert_int_equal(info.waiting, !refs);
    assert_int_equal(info.need, need_of(mp, false));
    assert_int_equal(info.oversubscribed, info.need > info.populated);
    assert_true(info.populated <= info.room);
    if (info.elastic) {
        check_elastic(&info);
    } else {
        check_fixed(&info);
    }
    check_progress(mp, &info);
}

static void
remember_pool(const struct mp *mp, void *aux OVS_UNUSED)
{
    struct mp_info info = rig_info(mp);

    assert_true(n_pools < MAX_POOLS);
    ovs_strlcpy(pools[n_pools].name, info.name, sizeof pools[n_pools].name);
    pools[n_pools].failures = info.failures;
    pools[n_pools].populated = info.populated;
    pools[n_pools].degraded = info.degraded;
    pools[n_pools].oversubscribed = info.oversubscribed;
    n_pools++;
}

static void
remember_all(void)
{
    for (size_t i = 0; i < N_SLOTS; i++) {
        struct slot *s = &slots[i];

        s->touched = false;
        if (s->port) {
            s->running = s->port->running;
            s->state = s->port->state;
            s->mp = s->port->mp;
        }
    }
    n_pools = 0;
    mp_for_each(remember_pool, NULL);
    unasked = false;
    not_added = 0;
}

static void
check_all(void)
{
    mp_sweep();
    for (size_t i = 0; i < N_SLOTS; i++) {
        if (slots[i].port) {
            check_port(&slots[i]);
        }
    }
    mp_for_each(check_pool, NULL);
}

/* Sequences. --------------------------------------------------------- */

/* Memory in pieces that are smaller than a chunk is of no use. */
static void
check_filled(const struct mp *mp, void *aux OVS_UNUSED)
{
    struct mp_info info = rig_info(mp);
    struct rte_malloc_socket_stats heap;

    assert_int_equal(rte_malloc_get_socket_stats(0, &heap), 0);
    assert_true(!info.elastic || !info.degraded
                || heap.greatest_free_size < CHUNK_BYTES);
}

/* With all the memory and no failures, what is short is filled up, and what
 * had failed is done, unless there is too little memory for all. */
static void
recover(void)
{
    free_hogs();
    fake_fail(FAKE_CONSTRUCT, 0, 0, 0);
    fake_fail(FAKE_RECONFIGURE, 0, 0, 0);
    fake_fail(FAKE_START, 0, 0, 0);
    for (int i = 0; i < HEAP_MB; i++) {
        now = MAX(now, time_msec()) + 1000;
        mp_care_run(now);
    }
    mp_for_each(check_filled, NULL);
    for (size_t i = 0; i < N_SLOTS; i++) {
        char *error = NULL;

        if (slots[i].port) {
            slots[i].touched = true;
            port_reconfigure(slots[i].port, &error);
            assert_true(!error || strstr(error, " bytes)")
                        || strstr(error, "out of mbufs for"));
            free(error);
        }
    }
}

static void
run_sequence(unsigned int seed)
{
    size_t used = rig_heap_used();

    random_state = seed * 2654435761u;
    model = (struct mp_model) {
        .per_port = seed & 1,
        .elastic = seed & 2,
        .max_mbufs = random_below(4) ? 0 : 1024u << random_below(4),
    };
    two_bridges = random_below(2);
    n_threads = 1 + random_below(MAX_THREADS);
    fake_reset();
    fake_use_mempool(true);
    fake_use_rings(true);
    rig_model_is(&model);
    mp_set_domains(bridge_of);
    mp_set_threads(n_threads);
    port_set_senders(n_threads);

    for (int i = 0; i < STEPS; i++) {
        remember_all();
        random_step();
        check_all();
    }
    remember_all();
    recover();
    check_all();
    for (size_t i = 0; i < N_SLOTS; i++) {
        if (slots[i].port) {
            port_delete(slots[i].port);
            slots[i].port = NULL;
        }
    }
    assert_int_equal(mp_sweep(), 0);
    assert_int_equal(rig_n_pools(), 0);
    assert_int_equal(rig_heap_used(), used);
}

static void
test_random(void **state OVS_UNUSED)
{
    for (unsigned int i = 0; i < n_sequences; i++) {
        print_message("seed %u\n", first_seed + i);
        run_sequence(first_seed + i);
    }
    /* One that leaves memory in pieces; one in which a port finds too few
     * mbufs in a pool that may not grow for it, and goes back to its own. */
    run_sequence(311);
    run_sequence(3278);
}

static int
setup(void **state OVS_UNUSED)
{
    static const struct port_hooks hooks = {
        .quiesce = quiesced, .publish = published,
    };
    int error = rig_start(HEAP_MB);

    /* There is no end of what a long run would log. */
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    port_init(&hooks);
    return error;
}

int
main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };

    if (argc > 1) {
        n_sequences = (unsigned int) strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        first_seed = (unsigned int) strtoul(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests_name("port/port-random", tests, setup,
                                       rig_stop);
}
