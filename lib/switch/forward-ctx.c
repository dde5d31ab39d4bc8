/* SPDX-License-Identifier: Apache-2.0
 *
 * forward-ctx.c: the contexts of packet threads, and the sums of their
 * counters.
 *
 * Any thread may ask for a sum while packet threads count on; what an ended
 * thread counted is kept.
 */
#include <config.h>
#include "switch/forward-ctx.h"

#include <string.h>

#include "openvswitch/thread.h"
#include "util.h"

static struct ovs_mutex contexts_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list contexts OVS_GUARDED_BY(contexts_mutex)
    = OVS_LIST_INITIALIZER(&contexts);
static struct forward_stats ended_stats OVS_GUARDED_BY(contexts_mutex);
static struct drop_counters ended_drops OVS_GUARDED_BY(contexts_mutex);

struct forward_ctx *
forward_ctx_create(unsigned int thread)
{
    struct forward_ctx *ctx = xzalloc_cacheline(sizeof *ctx);

    ctx->thread = thread;
    ovs_mutex_lock(&contexts_mutex);
    ovs_list_push_back(&contexts, &ctx->node);
    ovs_mutex_unlock(&contexts_mutex);
    return ctx;
}

static void
add_stats(struct forward_stats *sum, const struct forward_stats *s)
{
    sum->rx_packets += counted(&s->rx_packets);
    sum->tx_packets += counted(&s->tx_packets);
    sum->tx_batches += counted(&s->tx_batches);
    sum->fdb_hits += counted(&s->fdb_hits);
    sum->fdb_misses += counted(&s->fdb_misses);
    sum->floods += counted(&s->floods);
}

static void
add_drops(struct drop_counters *sum, const struct drop_counters *d)
{
    for (int i = 0; i < DROP_N_REASONS; i++) {
        sum->n[i] += counted(&d->n[i]);
    }
}

void
forward_ctx_destroy(struct forward_ctx *ctx)
{
    if (ctx) {
        ovs_mutex_lock(&contexts_mutex);
        ovs_list_remove(&ctx->node);
        add_stats(&ended_stats, &ctx->stats);
        add_drops(&ended_drops, &ctx->drops);
        ovs_mutex_unlock(&contexts_mutex);
        free_cacheline(ctx);
    }
}

void
forward_ctx_stats(const struct forward_ctx *ctx, struct forward_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    add_stats(stats, &ctx->stats);
}

void
forward_stats_sum(struct forward_stats *stats)
{
    const struct forward_ctx *ctx;

    ovs_mutex_lock(&contexts_mutex);
    *stats = ended_stats;
    LIST_FOR_EACH (ctx, node, &contexts) {
        add_stats(stats, &ctx->stats);
    }
    ovs_mutex_unlock(&contexts_mutex);
}

void
forward_drops(struct drop_counters *drops)
{
    const struct forward_ctx *ctx;

    ovs_mutex_lock(&contexts_mutex);
    *drops = ended_drops;
    LIST_FOR_EACH (ctx, node, &contexts) {
        add_drops(drops, &ctx->drops);
    }
    ovs_mutex_unlock(&contexts_mutex);
}
