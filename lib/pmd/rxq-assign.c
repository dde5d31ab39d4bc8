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

int
rxq_assign_compare(const struct rxq_assign_queue *a,
                   const struct rxq_assign_queue *b)
{
    int order = strcmp(a->port, b->port);

    return order ? order : a->queue - b->queue;
}

static int
compare(const void *a_, const void *b_, void *queues_)
{
    const struct rxq_assign_queue *queues = queues_;
    const size_t *a = a_, *b = b_;

    return rxq_assign_compare(&queues[*a], &queues[*b]);
}

/* Indices of the queues in order.  The caller frees them. */
static size_t *
sort_queues(const struct rxq_assign_request *r)
{
    size_t *order = xmalloc(MAX(r->n_queues, 1) * sizeof *order);

    for (size_t i = 0; i < r->n_queues; i++) {
        order[i] = i;
    }
    qsort_r(order, r->n_queues, sizeof *order, compare,
            CONST_CAST(struct rxq_assign_queue *, r->queues));
    return order;
}

/* The thread on `node` with fewest queues, the lowest core among equals, or
 * -1 where the node has no thread.  With equal queues dealt one by one, that
 * is round robin. */
static int
next_thread(const struct rxq_assign_request *r, const size_t *loads, int node)
{
    int best = -1;

    for (size_t i = 0; i < r->n_threads; i++) {
        const struct rxq_assign_thread *t = &r->threads[i];

        if ((node == NODE_ANY || t->node == node)
            && (best < 0 || loads[i] < loads[best]
                || (loads[i] == loads[best]
                    && t->core < r->threads[best].core))) {
            best = (int) i;
        }
    }
    return best;
}

void
rxq_assign(const struct rxq_assign_request *r,
           struct rxq_assign_place *places)
{
    size_t *loads = xcalloc(MAX(r->n_threads, 1), sizeof *loads);
    size_t *order = sort_queues(r);

    for (size_t i = 0; i < r->n_queues; i++) {
        const struct rxq_assign_queue *q = &r->queues[order[i]];
        struct rxq_assign_place *place = &places[order[i]];

        place->remote = false;
        place->thread = (q->node == NODE_ANY ? -1
                         : next_thread(r, loads, q->node));
        if (place->thread >= 0) {
            loads[place->thread]++;
        }
    }
    for (size_t i = 0; i < r->n_queues; i++) {
        const struct rxq_assign_queue *q = &r->queues[order[i]];
        struct rxq_assign_place *place = &places[order[i]];

        if (place->thread < 0 && r->n_threads) {
            place->thread = next_thread(r, loads, NODE_ANY);
            place->remote = q->node != NODE_ANY;
            loads[place->thread]++;
        }
    }
    free(order);
    free(loads);
}
