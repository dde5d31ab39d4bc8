/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-text.c: a plan as tables that a person can read.
 *
 * Names come last in a line, since they may be long.
 */
#include <config.h>
#include "mem/mp-plan-view.h"

#include <inttypes.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

static double
mib(uint64_t bytes)
{
    return (double) bytes / (1024 * 1024);
}

static void
put_use(struct ds *ds, const struct mp_plan_use *use)
{
    ds_put_format(ds, "  %8.1f %6"PRIu64" %4"PRIu64, mib(use->bytes),
                  use->pages_2m, use->pages_1g);
}

static void
put_totals(const struct mp_plan_view *v, const struct mp_plan *plan,
           const char *peak, struct ds *ds)
{
    ds_put_format(ds, "%40s  %-20s  %s\n"
                  "%8s %-16s %5s %8s  %8s %6s %4s  %8s %6s %4s  %s\n",
                  "", "    steady", peak, "socket", "model", "pools", "mbufs",
                  "MiB", "2 MB", "1 GB", "MiB", "2 MB", "1 GB", "port");
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const struct mp_plan_model *m = &plan->models[kind];

        for (size_t i = 0; mp_plan_view_has(v, kind) && i < m->n_sockets;
             i++) {
            const struct mp_plan_socket *s = &m->sockets[i];

            ds_put_format(ds, "%c %6d %-16s %5zu %8"PRIu64,
                          kind == (int) v->in_force ? '*' : ' ', s->socket,
                          mp_plan_kind_name((enum mp_plan_kind) kind),
                          s->n_pools, s->mbufs);
            put_use(ds, &s->steady);
            put_use(ds, &s->peak);
            ds_put_format(ds, "  %s\n", s->peak_port ? s->peak_port : "-");
        }
    }
}

/* Whose pools they are: `n` from `pool` on.  In the words of mempool-show. */
static void
put_group(const struct mp_plan_pool *pool, size_t n, struct ds *ds)
{
    ds_put_cstr(ds, pool->group[0] ? pool->group : "shared");
    if (n > 1) {
        ds_put_format(ds, " and %zu more", n - 1);
    }
    ds_put_cstr(ds, pool->own ? " (private)\n" : "\n");
}

static void
put_pools(const struct mp_plan_view *v, const struct mp_plan *plan,
          struct ds *ds)
{
    ds_put_format(ds, "%31s  %s\n"
                  "%8s %-16s %5s %8s %6s %8s %8s  %8s %5s  %s\n",
                  "", "of each pool", "socket", "model", "pools", "adj. MTU",
                  "ports", "mbufs", "room", "MiB", "2 MB", "group");
    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const struct mp_plan_model *m = &plan->models[kind];

        for (size_t i = 0, n; mp_plan_view_has(v, kind) && i < m->n_pools;
             i += n) {
            const struct mp_plan_pool *pool = &m->pools[i];

            n = mp_plan_alike(m, i);
            ds_put_format(ds, "%c %6d %-16s %5zu %8"PRIu32" %6zu %8"PRIu32
                          " %8"PRIu32"  %8.1f %5"PRIu64"  ",
                          kind == (int) v->in_force ? '*' : ' ',
                          pool->socket,
                          mp_plan_kind_name((enum mp_plan_kind) kind), n,
                          pool->adjusted_mtu, pool->n_ports, pool->mbufs,
                          pool->room, mib(pool->bytes), pool->pages);
            put_group(pool, n, ds);
        }
    }
}

static void
put_settings(const struct mp_plan_view *v, struct ds *ds)
{
    for (size_t i = 0; i < v->n_settings; i++) {
        ds_put_format(ds, " %s", v->settings[i]);
    }
}

void
mp_plan_to_text(const struct mp_plan_view *v, struct ds *ds)
{
    const struct mp_plan *first = v->before ? v->before : v->plan;
    unsigned int n_pmds = first->n_threads - 1;

    ds_put_format(ds, "%zu port%s, %u PMD thread%s; * is the model in "
                  "force\n\n", first->n_ports, first->n_ports == 1 ? "" : "s",
                  n_pmds, n_pmds == 1 ? "" : "s");
    put_totals(v, first, "    while one port changes", ds);
    if (v->before) {
        ds_put_cstr(ds, "\nWith");
        put_settings(v, ds);
        ds_put_cstr(ds, ":\n\n");
        put_totals(v, v->plan, "    while this is changed", ds);
    }
    ds_put_char(ds, '\n');
    put_pools(v, v->plan, ds);
    for (size_t i = 0; i < v->n_notes; i++) {
        ds_put_format(ds, "%s%s\n", i ? "" : "\n", v->notes[i]);
    }
}
