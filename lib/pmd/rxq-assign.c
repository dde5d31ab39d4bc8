/* SPDX-License-Identifier: Apache-2.0
 *
 * rxq-assign.c: which thread polls which rx queue; see rxq-assign.h.
 */
#include <config.h>
#include "pmd/rxq-assign.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { NODE_ANY = -1 };

/* An assignment in the making. */
struct work {
    const struct rxq_assign_request *r;
    struct rxq_assign_place *places;
    size_t *counts;             /* queues of each thread */
    size_t *order;              /* of the queues: indices */
};

const char *
rxq_assign_name(enum cfg_rxq_assign how)
{
    return (how == CFG_RXQ_CYCLES ? "cycles"
            : how == CFG_RXQ_GROUP ? "group" : "roundrobin");
}

int
rxq_assign_compare(const struct rxq_assign_queue *a,
                   const struct rxq_assign_queue *b)
{
    int order = strcmp(a->port, b->port);

    return order ? order : a->queue - b->queue;
}

static int
compare_names(const void *a_, const void *b_, void *queues_)
{
    const struct rxq_assign_queue *queues = queues_;
    const size_t *a = a_, *b = b_;

    return rxq_assign_compare(&queues[*a], &queues[*b]);
}

static int
compare_loads(const void *a_, const void *b_, void *queues_)
{
    const struct rxq_assign_queue *queues = queues_;
    uint64_t a = queues[*(const size_t *) a_].load;
    uint64_t b = queues[*(const size_t *) b_].load;

    return a > b ? -1 : a < b ? 1 : compare_names(a_, b_, queues_);
}

static void
sort_queues(struct work *w)
{
    const struct rxq_assign_request *r = w->r;

    w->order = xmalloc(MAX(r->n_queues, 1) * sizeof *w->order);
    for (size_t i = 0; i < r->n_queues; i++) {
        w->order[i] = i;
    }
    qsort_r(w->order, r->n_queues, sizeof *w->order,
            r->policy.how == CFG_RXQ_ROUNDROBIN ? compare_names
            : compare_loads,
            CONST_CAST(struct rxq_assign_queue *, r->queues));
}

/* Of two threads: shall `a` get the next queue rather than `b`? */
static bool
better(const struct work *w, size_t a, size_t b)
{
    const struct rxq_assign_thread *ta = &w->r->threads[a];
    const struct rxq_assign_thread *tb = &w->r->threads[b];

    if (w->r->policy.how == CFG_RXQ_GROUP && ta->load != tb->load) {
        return ta->load < tb->load;
    } else if (w->counts[a] != w->counts[b]) {
        return w->counts[a] < w->counts[b];
    } else if (w->r->policy.how == CFG_RXQ_CYCLES && w->counts[a] % 2) {
        return ta->core > tb->core;     /* down again */
    }
    return ta->core < tb->core;
}

/* The thread on `node` that shall get the next queue, or -1 where there is
 * none that may. */
static int
next_thread(const struct work *w, int node)
{
    int best = -1;

    for (size_t i = 0; i < w->r->n_threads; i++) {
        const struct rxq_assign_thread *t = &w->r->threads[i];

        if (!t->isolated && (node == NODE_ANY || t->node == node)
            && (best < 0 || better(w, i, (size_t) best))) {
            best = (int) i;
        }
    }
    return best;
}

static int
find_core(const struct work *w, int core)
{
    for (size_t i = 0; core >= 0 && i < w->r->n_threads; i++) {
        if (w->r->threads[i].core == core) {
            return (int) i;
        }
    }
    return -1;
}

static void
place(struct work *w, size_t queue, int thread)
{
    w->places[queue].thread = thread;
    if (thread >= 0) {
        w->counts[thread]++;
        w->r->threads[thread].load += w->r->queues[queue].load;
    }
}

static void
place_pinned(struct work *w)
{
    const struct rxq_assign_policy *policy = &w->r->policy;

    for (size_t i = 0; i < w->r->n_queues; i++) {
        int t = find_core(w, w->r->queues[i].pin);

        if (t >= 0) {
            place(w, i, t);
            w->places[i].pinned = true;
            w->r->threads[t].isolated = (policy->isolate
                                         || policy->how != CFG_RXQ_GROUP);
        }
    }
}

/* How many queues a thread of `node` has where they are spread evenly. */
static size_t
share(const struct work *w, int node)
{
    size_t n_queues = 0, n_threads = 0;

    for (size_t i = 0; i < w->r->n_queues; i++) {
        n_queues += !w->places[i].pinned && w->r->queues[i].node == node;
    }
    for (size_t i = 0; i < w->r->n_threads; i++) {
        n_threads += (w->r->threads[i].node == node
                      && !w->r->threads[i].isolated);
    }
    return n_threads ? DIV_ROUND_UP(n_queues, n_threads) : 0;
}

/* May a queue of `node` stay with thread `t`? */
static bool
may_stay(const struct work *w, int node, int t)
{
    const struct rxq_assign_thread *thread = &w->r->threads[t];

    if (thread->isolated) {
        return false;
    } else if (node == NODE_ANY) {
        return true;
    } else if (thread->node != node) {
        return next_thread(w, node) < 0;
    }
    return (w->r->policy.how == CFG_RXQ_GROUP
            || w->counts[t] < share(w, node));
}

static void
place_staying(struct work *w, bool remote)
{
    for (size_t i = 0; i < w->r->n_queues; i++) {
        size_t queue = w->order[i];
        const struct rxq_assign_queue *q = &w->r->queues[queue];
        int t = find_core(w, q->stay);

        if (t >= 0 && w->places[queue].thread < 0
            && remote == (q->node != NODE_ANY
                          && w->r->threads[t].node != q->node)
            && may_stay(w, q->node, t)) {
            place(w, queue, t);
            w->places[queue].remote = remote;
        }
    }
}

/* Gives the queues that have no thread one that is local or, with `remote`,
 * any. */
static void
place_rest(struct work *w, bool remote)
{
    for (size_t i = 0; i < w->r->n_queues; i++) {
        size_t queue = w->order[i];
        int node = w->r->queues[queue].node;

        if (w->places[queue].thread >= 0 || (!remote && node == NODE_ANY)) {
            continue;
        }
        place(w, queue, next_thread(w, remote ? NODE_ANY : node));
        if (remote && node != NODE_ANY) {
            w->places[queue].remote = w->places[queue].thread >= 0;
        }
    }
}

void
rxq_assign(const struct rxq_assign_request *r,
           struct rxq_assign_place *places)
{
    struct work w = {
        .r = r,
        .places = places,
        .counts = xcalloc(MAX(r->n_threads, 1), sizeof *w.counts),
    };

    for (size_t i = 0; i < r->n_threads; i++) {
        r->threads[i].isolated = false;
        r->threads[i].load = 0;
    }
    for (size_t i = 0; i < r->n_queues; i++) {
        places[i] = (struct rxq_assign_place) { .thread = -1 };
    }
    sort_queues(&w);
    place_pinned(&w);
    if (r->policy.how != CFG_RXQ_ROUNDROBIN) {
        place_staying(&w, false);
        place_staying(&w, true);
    }
    place_rest(&w, false);
    place_rest(&w, true);
    free(w.order);
    free(w.counts);
}
