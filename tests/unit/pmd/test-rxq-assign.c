/* SPDX-License-Identifier: Apache-2.0
 *
 * Which thread polls which rx queue, on made-up machines.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pmd/rxq-assign.h"
#include "util.h"

/* A small case: the way of it, threads as "core@node", queues as
 * "port:queue@node" with "=load", "/pinned-core" and "+core it has now" as far
 * as they are wanted, in this order, and the core expected for each queue,
 * with '!' where it is on another node, '/' where it is pinned; "-" for none.
 * "i" in the way is pmd-rxq-isolate=true. */
struct row {
    const char *what;
    const char *how;
    const char *threads;
    const char *queues;
    const char *expected;
};

static const struct row rows[] = {
    { "nothing", "r", "", "", "" },
    { "no thread", "r", "", "a:0@0", "-" },
    { "no queue", "r", "1@0", "", "" },
    { "one of each", "r", "1@0", "a:0@0", "1" },
    { "one thread takes all", "r", "1@0", "a:0@0 a:1@0 b:0@0", "1 1 1" },
    { "dealt in turn", "r", "1@0 2@0", "a:0@0 b:0@0 c:0@0", "1 2 1" },
    { "order of cores, not of the list", "r", "5@0 2@0", "a:0@0 b:0@0",
      "2 5" },
    { "order of ports, not of the list", "r", "1@0 2@0", "b:0@0 a:0@0",
      "2 1" },
    { "order of queues", "r", "1@0 2@0", "a:1@0 a:0@0 a:2@0", "2 1 1" },
    { "names as strcmp", "r", "1@0 2@0", "vh2:0@0 vh10:0@0", "2 1" },
    { "queue numbers as numbers", "r", "1@0 2@0", "a:10@0 a:9@0", "2 1" },
    { "each on its node", "r", "1@0 9@1", "a:0@1 b:0@0 c:0@1", "9 1 9" },
    { "each node in turn", "r", "1@0 2@0 9@1 10@1",
      "a:0@1 b:0@0 c:0@1 d:0@0 e:0@1", "9 1 10 2 9" },
    { "a node without thread", "r", "1@0", "a:0@1", "1!" },
    { "local first, then remote to the least loaded", "r", "1@0 2@0",
      "a:0@1 b:0@0", "2! 1" },
    { "remote ones spread", "r", "1@0 9@2", "a:0@1 b:0@1 c:0@1",
      "1! 9! 1!" },
    { "unknown node: any thread, not called remote", "r", "1@0 9@1",
      "a:0@-1 b:0@-1", "1 9" },
    { "round robin heeds neither load nor place", "r", "1@0 2@0",
      "a:0@0=1+2 b:0@0=9+1 c:0@0=5+1", "1 2 1" },

    { "cycles: up and down", "c", "1@0 2@0 3@0",
      "a:0@0=9 b:0@0=8 c:0@0=7 d:0@0=6 e:0@0=5 f:0@0=4 g:0@0=3",
      "1 2 3 3 2 1 1" },
    { "cycles: the busiest first", "c", "1@0 2@0",
      "a:0@0=1 b:0@0=2 c:0@0=3 d:0@0=4", "1 2 2 1" },
    { "cycles: nothing measured: by name", "c", "1@0 2@0",
      "c:0@0 b:0@0 a:0@0", "2 2 1" },
    { "cycles: counts, not loads, are even", "c", "1@0 2@0",
      "a:0@0=90 b:0@0=1 c:0@0=1 d:0@0=1", "1 2 2 1" },
    { "cycles: each on its node", "c", "1@0 2@0 8@1",
      "a:0@0=1 b:0@1=2 c:0@0=3 d:0@1=4", "2 8 1 8" },

    { "group: to the one with least to do", "g", "1@0 2@0",
      "a:0@0=90 b:0@0=30 c:0@0=30 d:0@0=20", "1 2 2 2" },
    { "group: nothing measured: evenly", "g", "1@0 2@0",
      "a:0@0 b:0@0 c:0@0 d:0@0", "1 2 1 2" },
    { "group: on the own node even if that has more to do", "g", "1@0 8@1",
      "a:0@0=50 b:0@0=50 c:0@1=1", "1 1 8" },
    { "group: remote to the one with least to do", "g", "1@0 8@1",
      "a:0@0=50 c:0@1=1 d:0@2=7", "1 8 8!" },

    { "pinned", "ci", "1@0 2@0", "a:0@0/2 b:0@0 c:0@0", "2/ 1 1" },
    { "pinned to another node", "ci", "1@0 8@1", "a:0@0/8 b:0@0", "8/ 1" },
    { "two pinned to one core", "ri", "1@0 2@0", "a:0@0/2 a:1@0/2", "2/ 2/" },
    { "pinned to a core without thread", "ci", "1@0 2@0", "a:0@0/7 b:0@0",
      "1 2" },
    { "all isolated", "ci", "1@0", "a:0@0/1 b:0@0", "1/ -" },
    { "the node's only thread is isolated", "gi", "1@0 8@1",
      "a:0@1/8 b:0@1", "8/ 1!" },
    { "without isolation", "g", "1@0 2@0", "a:0@0=5/2 b:0@0=4 c:0@0=2",
      "2/ 1 1" },
    { "pinned ones count", "g", "1@0 2@0", "a:0@0=5/2 b:0@0=6 c:0@0=2",
      "2/ 1 2" },
    { "no isolation needs group", "c", "1@0 2@0", "a:0@0/2 b:0@0 c:0@0",
      "2/ 1 1" },
    { "only one queue of a port", "ci", "1@0 2@0", "a:0@0 a:1@0/1 a:2@0",
      "2 1/ 2" },

    { "stays", "c", "1@0 2@0", "a:0@0=1+2 b:0@0=2+1", "2 1" },
    { "a newcomer fills the gap", "c", "1@0 2@0", "a:0@0+1 b:0@0 c:0@0+2 "
      "d:0@0+2", "1 1 2 2" },
    { "stays, if that leaves no more than a share", "c", "1@0 2@0",
      "a:0@0=1+2 b:0@0=2+2", "1 2" },
    { "group: stays whatever the share", "g", "1@0 2@0",
      "a:0@0=1+2 b:0@0=2+2 c:0@0", "2 2 1" },
    { "its thread is gone", "c", "1@0 2@0", "a:0@0+3 b:0@0+1", "2 1" },
    { "its thread is isolated", "gi", "1@0 2@0", "a:0@0+1 b:0@0/1", "2 1/" },
    { "a thread is nearer", "g", "1@0 8@1", "a:0@1+1", "8" },
    { "none is nearer", "g", "1@0 2@0", "a:0@1+2 b:0@0+1", "2! 1" },
    { "pinned now", "gi", "1@0 2@0", "a:0@0/1+2", "1/" },
};

static size_t
parse_threads(const char *s, struct rxq_assign_thread *t)
{
    size_t n = 0;
    int used;

    while (sscanf(s, " %d@%d%n", &t[n].core, &t[n].node, &used) == 2) {
        s += used;
        n++;
    }
    return n;
}

static struct rxq_assign_policy
parse_how(const char *s)
{
    return (struct rxq_assign_policy) {
        .how = (*s == 'c' ? CFG_RXQ_CYCLES : *s == 'g' ? CFG_RXQ_GROUP
                : CFG_RXQ_ROUNDROBIN),
        .isolate = s[1] == 'i',
    };
}

static size_t
parse_queues(const char *s, struct rxq_assign_queue *q, char names[][16])
{
    unsigned int queue;
    size_t n = 0;
    int used;

    while (sscanf(s, " %15[^:]:%u@%d%n", names[n], &queue, &q[n].node, &used)
           == 3) {
        s += used;
        q[n].port = names[n];
        q[n].queue = (uint16_t) queue;
        q[n].load = *s == '=' ? strtoul(s + 1, (char **) &s, 10) : 0;
        q[n].pin = *s == '/' ? (int) strtol(s + 1, (char **) &s, 10) : -1;
        q[n].stay = *s == '+' ? (int) strtol(s + 1, (char **) &s, 10) : -1;
        n++;
    }
    assert_int_equal(*s, '\0');
    return n;
}

/* Each thread has the load of its queues, and is isolated if it has a pinned
 * one and isolation is asked for. */
static void
check_threads(const struct rxq_assign_request *r,
              const struct rxq_assign_place *places)
{
    for (size_t i = 0; i < r->n_threads; i++) {
        uint64_t load = 0;
        bool pinned = false;

        for (size_t j = 0; j < r->n_queues; j++) {
            if (places[j].thread == (int) i) {
                load += r->queues[j].load;
                pinned |= places[j].pinned;
            }
        }
        assert_int_equal(r->threads[i].load, load);
        assert_int_equal(r->threads[i].isolated,
                         pinned && (r->policy.isolate
                                    || r->policy.how != CFG_RXQ_GROUP));
    }
}

static void
test_table(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct rxq_assign_thread threads[8];
        struct rxq_assign_queue queues[8];
        struct rxq_assign_place places[8];
        char names[9][16];
        char got[128] = "";
        struct rxq_assign_request r = {
            .policy = parse_how(rows[i].how),
            .threads = threads, .queues = queues,
        };

        r.n_threads = parse_threads(rows[i].threads, threads);
        r.n_queues = parse_queues(rows[i].queues, queues, names);
        rxq_assign(&r, places);
        check_threads(&r, places);
        for (size_t j = 0; j < r.n_queues; j++) {
            size_t len = strlen(got);

            if (places[j].thread < 0) {
                snprintf(got + len, sizeof got - len, "%s-", j ? " " : "");
            } else {
                snprintf(got + len, sizeof got - len, "%s%d%s%s",
                         j ? " " : "", threads[places[j].thread].core,
                         places[j].remote ? "!" : "",
                         places[j].pinned ? "/" : "");
            }
        }
        if (strcmp(got, rows[i].expected)) {
            fail_msg("%s: expected \"%s\", got \"%s\"", rows[i].what,
                     rows[i].expected, got);
        }
    }
}

enum { MAX_CORES = 256, MAX_QUEUES = 1000 };

struct machine {
    struct rxq_assign_thread threads[MAX_CORES];
    struct rxq_assign_queue queues[MAX_QUEUES];
    char names[MAX_QUEUES][16];
};

/* `used` of `nodes` nodes have threads; ports are on all of them.  Each 16th
 * queue is pinned, if `pins`. */
static struct rxq_assign_request
make_machine(struct machine *m, enum cfg_rxq_assign how, int nodes, int used,
             size_t n_cores, size_t n_queues, bool pins)
{
    for (size_t i = 0; i < n_cores; i++) {
        m->threads[i].core = (int) (n_cores - 1 - i);
        m->threads[i].node = (int) i % used;
    }
    for (size_t i = 0; i < n_queues; i++) {
        snprintf(m->names[i], sizeof m->names[i], "p%03u",
                 (unsigned int) (i / 4 * 7919 % 1000));
        m->queues[i].port = m->names[i];
        m->queues[i].queue = (uint16_t) (i % 4);
        m->queues[i].node = (int) (i / 4) % nodes;
        m->queues[i].load = i * 2654435761u % 100000;
        m->queues[i].pin = pins && i % 16 == 5 ? (int) (i % n_cores) : -1;
        m->queues[i].stay = -1;
    }
    return (struct rxq_assign_request) {
        .policy = { .how = how, .isolate = true },
        .threads = m->threads, .n_threads = n_cores,
        .queues = m->queues, .n_queues = n_queues,
    };
}

/* Is there a thread on the node that takes queues which are not pinned? */
static bool
node_has_thread(const struct rxq_assign_request *r, int node)
{
    bool any = false;

    for (size_t i = 0; i < r->n_threads; i++) {
        any |= ((node < 0 || r->threads[i].node == node)
                && !r->threads[i].isolated);
    }
    return any;
}

/* Queues that are local and not pinned are spread over the threads of a node:
 * counts evenly or, with group, loads as well as the largest queue allows. */
static void
check_spread(const struct rxq_assign_request *r,
             const struct rxq_assign_place *places)
{
    size_t counts[MAX_CORES] = { 0 };
    uint64_t loads[MAX_CORES] = { 0 };
    bool group = r->policy.how == CFG_RXQ_GROUP;

    for (size_t i = 0; i < r->n_queues; i++) {
        if (places[i].thread >= 0 && !places[i].pinned
            && !places[i].remote) {
            counts[places[i].thread]++;
            loads[places[i].thread] += r->queues[i].load;
        }
    }
    for (size_t i = 0; i < r->n_threads; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct rxq_assign_thread *a = &r->threads[i];
            const struct rxq_assign_thread *b = &r->threads[j];

            if (a->node != b->node || a->isolated || b->isolated) {
                continue;
            } else if (group) {
                assert_in_range(loads[i] + 100000, loads[j],
                                loads[j] + 200000);
            } else {
                assert_in_range(counts[i] + 1, counts[j], counts[j] + 2);
            }
        }
    }
}

/* What must hold on any machine. */
static void
check_machine(struct rxq_assign_request *r)
{
    struct rxq_assign_place *places = xcalloc(r->n_queues, sizeof *places);
    struct rxq_assign_place *again = xcalloc(r->n_queues, sizeof *again);
    struct rxq_assign_queue *queues
        = CONST_CAST(struct rxq_assign_queue *, r->queues);
    bool any;

    rxq_assign(r, places);
    any = node_has_thread(r, -1);
    for (size_t i = 0; i < r->n_queues; i++) {
        const struct rxq_assign_queue *q = &r->queues[i];
        int t = places[i].thread;

        assert_int_equal(places[i].pinned, q->pin >= 0);
        if (places[i].pinned) {
            assert_int_equal(r->threads[t].core, q->pin);
            assert_false(places[i].remote);
        } else if (!any) {
            assert_int_equal(t, -1);
        } else {
            assert_false(r->threads[t].isolated);
            assert_int_equal(places[i].remote, !node_has_thread(r, q->node));
            assert_int_equal(places[i].remote,
                             r->threads[t].node != q->node);
        }
    }
    check_threads(r, places);
    check_spread(r, places);

    /* Who may stay stays: nothing moves without need. */
    for (size_t i = 0; i < r->n_queues; i++) {
        queues[i].stay = (places[i].thread < 0 ? -1
                          : r->threads[places[i].thread].core);
    }
    rxq_assign(r, again);
    for (size_t i = 0; i < r->n_queues; i++) {
        assert_int_equal(again[i].thread, places[i].thread);
        assert_int_equal(again[i].remote, places[i].remote);
        queues[i].stay = -1;
    }
    free(places);
    free(again);
}

static void
test_machines(void **state OVS_UNUSED)
{
    static const size_t cores[] = { 1, 2, 3, 8, 17, 64, 255, MAX_CORES };
    static const size_t queues[] = { 1, 4, 64, 333 };
    struct machine *m = xzalloc(sizeof *m);

    for (int how = CFG_RXQ_CYCLES; how <= CFG_RXQ_GROUP; how++) {
        for (int nodes = 1; nodes <= 8; nodes++) {
            for (int used = 1; used <= nodes; used += 1 + (nodes > 4)) {
                for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
                    if (cores[i] < (size_t) used) {
                        continue;
                    }
                    for (size_t j = 0; j < ARRAY_SIZE(queues); j++) {
                        struct rxq_assign_request r
                            = make_machine(m, how, nodes, used, cores[i],
                                           queues[j], j % 2 == 1);

                        check_machine(&r);
                    }
                }
            }
        }
    }
    free(m);
}

/* One of four threads' ports leave: only as many queues move as must. */
static void
test_few_moves(void **state OVS_UNUSED)
{
    struct machine *m = xzalloc(sizeof *m);
    struct rxq_assign_request r = make_machine(m, CFG_RXQ_CYCLES, 1, 1, 4, 64,
                                               false);
    struct rxq_assign_place places[64];
    size_t n = 0, moved = 0;

    rxq_assign(&r, places);
    for (size_t i = 0; i < 64; i++) {
        if (places[i].thread) {
            m->queues[n] = m->queues[i];
            m->queues[n++].stay = m->threads[places[i].thread].core;
        }
    }
    assert_int_equal(n, 48);
    r.n_queues = n;
    rxq_assign(&r, places);
    for (size_t i = 0; i < n; i++) {
        moved += m->threads[places[i].thread].core != m->queues[i].stay;
    }
    assert_int_equal(moved, 12);
    check_spread(&r, places);
    free(m);
}

/* The answer does not depend on the order of the request. */
static void
test_order_of_request(void **state OVS_UNUSED)
{
    struct machine *m = xzalloc(sizeof *m);

    for (int how = CFG_RXQ_CYCLES; how <= CFG_RXQ_GROUP; how++) {
        struct rxq_assign_request r = make_machine(m, how, 2, 2, 8, 100,
                                                   true);
        struct rxq_assign_place before[100], after[100];

        rxq_assign(&r, before);
        for (size_t i = 0; i < 50; i++) {
            struct rxq_assign_queue q = m->queues[i];

            m->queues[i] = m->queues[99 - i];
            m->queues[99 - i] = q;
        }
        rxq_assign(&r, after);
        for (size_t i = 0; i < 100; i++) {
            assert_int_equal(before[i].thread, after[99 - i].thread);
        }
    }
    free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_few_moves),
        cmocka_unit_test(test_order_of_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
