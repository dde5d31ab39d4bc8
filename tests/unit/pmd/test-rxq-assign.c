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

/* A small case: threads as "core@node", queues as "port:queue@node", and the
 * core expected for each queue, with '!' where it is on another node; "-" for
 * none. */
struct row {
    const char *what;
    const char *threads;
    const char *queues;
    const char *expected;
};

static const struct row rows[] = {
    { "nothing", "", "", "" },
    { "no thread", "", "a:0@0", "-" },
    { "no queue", "1@0", "", "" },
    { "one of each", "1@0", "a:0@0", "1" },
    { "one thread takes all", "1@0", "a:0@0 a:1@0 b:0@0", "1 1 1" },
    { "dealt in turn", "1@0 2@0", "a:0@0 b:0@0 c:0@0", "1 2 1" },
    { "order of cores, not of the list", "5@0 2@0", "a:0@0 b:0@0", "2 5" },
    { "order of ports, not of the list", "1@0 2@0", "b:0@0 a:0@0", "2 1" },
    { "order of queues", "1@0 2@0", "a:1@0 a:0@0 a:2@0", "2 1 1" },
    { "names as strcmp", "1@0 2@0", "vh2:0@0 vh10:0@0", "2 1" },
    { "queue numbers as numbers", "1@0 2@0", "a:10@0 a:9@0", "2 1" },
    { "each on its node", "1@0 9@1", "a:0@1 b:0@0 c:0@1", "9 1 9" },
    { "each node in turn", "1@0 2@0 9@1 10@1",
      "a:0@1 b:0@0 c:0@1 d:0@0 e:0@1", "9 1 10 2 9" },
    { "a node without thread", "1@0", "a:0@1", "1!" },
    { "local first, then remote to the least loaded", "1@0 2@0",
      "a:0@1 b:0@0", "2! 1" },
    { "remote ones spread", "1@0 9@2", "a:0@1 b:0@1 c:0@1", "1! 9! 1!" },
    { "unknown node: any thread, not called remote", "1@0 9@1",
      "a:0@-1 b:0@-1", "1 9" },
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

static size_t
parse_queues(const char *s, struct rxq_assign_queue *q, char names[][16])
{
    unsigned int queue;
    size_t n = 0;
    int used;

    while (sscanf(s, " %15[^:]:%u@%d%n", names[n], &queue, &q[n].node, &used)
           == 3) {
        q[n].port = names[n];
        q[n].queue = (uint16_t) queue;
        s += used;
        n++;
    }
    return n;
}

static void
test_table(void **state OVS_UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct rxq_assign_thread threads[8];
        struct rxq_assign_queue queues[8];
        struct rxq_assign_place places[8];
        char names[8][16];
        char got[128] = "";
        struct rxq_assign_request r = { .threads = threads, .queues = queues };

        r.n_threads = parse_threads(rows[i].threads, threads);
        r.n_queues = parse_queues(rows[i].queues, queues, names);
        rxq_assign(&r, places);
        for (size_t j = 0; j < r.n_queues; j++) {
            size_t len = strlen(got);

            if (places[j].thread < 0) {
                snprintf(got + len, sizeof got - len, "%s-", j ? " " : "");
            } else {
                snprintf(got + len, sizeof got - len, "%s%d%s", j ? " " : "",
                         threads[places[j].thread].core,
                         places[j].remote ? "!" : "");
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

/* `used` of `nodes` nodes have threads; ports are on all of them. */
static struct rxq_assign_request
make_machine(struct machine *m, int nodes, int used, size_t n_cores,
             size_t n_queues)
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
    }
    return (struct rxq_assign_request) {
        .threads = m->threads, .n_threads = n_cores,
        .queues = m->queues, .n_queues = n_queues,
    };
}

/* What must hold on any machine. */
static void
check_machine(const struct rxq_assign_request *r, int used)
{
    struct rxq_assign_place *places = xcalloc(r->n_queues, sizeof *places);
    struct rxq_assign_place *again = xcalloc(r->n_queues, sizeof *again);
    size_t loads[MAX_CORES] = { 0 };
    size_t local[MAX_CORES] = { 0 };

    rxq_assign(r, places);
    for (size_t i = 0; i < r->n_queues; i++) {
        int t = places[i].thread;

        assert_in_range(t, 0, r->n_threads - 1);
        loads[t]++;
        if (r->queues[i].node < used) {
            assert_int_equal(r->threads[t].node, r->queues[i].node);
            assert_false(places[i].remote);
            local[t]++;
        } else {
            assert_true(places[i].remote);
        }
    }
    /* Local queues are spread evenly over the threads of a node. */
    for (size_t i = 0; i < r->n_threads; i++) {
        for (size_t j = 0; j < i; j++) {
            if (r->threads[i].node == r->threads[j].node) {
                assert_in_range(local[i] + 1, local[j], local[j] + 2);
            }
        }
    }
    rxq_assign(r, again);
    for (size_t i = 0; i < r->n_queues; i++) {
        assert_int_equal(again[i].thread, places[i].thread);
        assert_int_equal(again[i].remote, places[i].remote);
    }
    free(places);
    free(again);
}

static void
test_machines(void **state OVS_UNUSED)
{
    static const size_t cores[] = { 1, 2, 3, 8, 17, 64, 255, MAX_CORES };
    static const size_t queues[] = { 1, 4, 64, 333, MAX_QUEUES };
    struct machine *m = xzalloc(sizeof *m);

    for (int nodes = 1; nodes <= 8; nodes++) {
        for (int used = 1; used <= nodes; used++) {
            for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
                if (cores[i] < (size_t) used) {
                    continue;
                }
                for (size_t j = 0; j < ARRAY_SIZE(queues); j++) {
                    struct rxq_assign_request r
                        = make_machine(m, nodes, used, cores[i], queues[j]);

                    check_machine(&r, used);
                }
            }
        }
    }
    free(m);
}

/* The answer does not depend on the order of the request. */
static void
test_order_of_request(void **state OVS_UNUSED)
{
    struct machine *m = xzalloc(sizeof *m);
    struct rxq_assign_request r = make_machine(m, 2, 2, 8, 100);
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
    free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_order_of_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
