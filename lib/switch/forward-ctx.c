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

static bool patches_expected OVS_GUARDED_BY(contexts_mutex);

static struct forward_ctx *
make(unsigned int thread, struct forward_ctx *first)
{
    struct forward_ctx *ctx = xzalloc_cacheline(sizeof *ctx);

    ctx->thread = thread;
    ctx->first = first ? first : ctx;
    return ctx;
}

/* One context for each depth; the first one is there. */
static void
add_depth(struct forward_ctx *first)
{
    struct forward_ctx *chain = NULL;

    for (int i = 0; i < FORWARD_DEPTH; i++) {
        struct forward_ctx *ctx = make(first->thread, first);

        atomic_init(&ctx->deeper, chain);
        chain = ctx;
    }
    atomic_store_explicit(&first->deeper, chain, memory_order_release);
}

struct forward_ctx *
forward_ctx_create(unsigned int thread)
{
    struct forward_ctx *ctx = make(thread, NULL);

    ovs_mutex_lock(&contexts_mutex);
    if (patches_expected) {
        add_depth(ctx);
    }
    ovs_list_push_back(&contexts, &ctx->node);
    ovs_mutex_unlock(&contexts_mutex);
    return ctx;
}

void
forward_expect_patches(void)
{
    struct forward_ctx *ctx;

    ovs_mutex_lock(&contexts_mutex);
    if (!patches_expected) {
        patches_expected = true;
        LIST_FOR_EACH (ctx, node, &contexts) {
            add_depth(ctx);
        }
    }
    ovs_mutex_unlock(&contexts_mutex);
}

static const struct forward_ctx *
deeper(const struct forward_ctx *ctx)
{
    return atomic_load_explicit(&ctx->deeper, memory_order_acquire);
}

static void
add_one_stats(struct forward_stats *sum, const struct forward_stats *s)
{
    sum->rx_packets += counted(&s->rx_packets);
    sum->tx_packets += counted(&s->tx_packets);
    sum->tx_batches += counted(&s->tx_batches);
    sum->fdb_hits += counted(&s->fdb_hits);
    sum->fdb_misses += counted(&s->fdb_misses);
    sum->floods += counted(&s->floods);
}

static void
add_stats(struct forward_stats *sum, const struct forward_ctx *ctx)
{
    for (; ctx; ctx = deeper(ctx)) {
        add_one_stats(sum, &ctx->stats);
    }
}

static void
add_drops(struct drop_counters *sum, const struct forward_ctx *ctx)
{
    for (; ctx; ctx = deeper(ctx)) {
        for (int i = 0; i < DROP_N_REASONS; i++) {
            sum->n[i] += counted(&ctx->drops.n[i]);
        }
    }
}

void
forward_ctx_destroy(struct forward_ctx *ctx)
{
    if (ctx) {
        ovs_mutex_lock(&contexts_mutex);
        ovs_list_remove(&ctx->node);
        add_stats(&ended_stats, ctx);
        add_drops(&ended_drops, ctx);
        ovs_mutex_unlock(&contexts_mutex);
        while (ctx) {
            struct forward_ctx *next = atomic_load(&ctx->deeper);

            free_cacheline(ctx);
            ctx = next;
        }
    }
}

void
forward_ctx_stats(const struct forward_ctx *ctx, struct forward_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    add_stats(stats, ctx);
}

void
forward_stats_sum(struct forward_stats *stats)
{
    const struct forward_ctx *ctx;

    ovs_mutex_lock(&contexts_mutex);
    *stats = ended_stats;
    LIST_FOR_EACH (ctx, node, &contexts) {
        add_stats(stats, ctx);
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
        add_drops(drops, ctx);
    }
    ovs_mutex_unlock(&contexts_mutex);
}
