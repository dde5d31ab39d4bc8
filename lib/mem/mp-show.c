/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-show.c: the tables of mempool-show.
 *
 * Columns are as wide as what is in them: names of groups and ports have no
 * limit.
 */
#include <config.h>
#include "mem/mp-show.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

void
mp_view_take(const struct mp *mp, bool count, struct mp_view *v)
{
    memset(v, 0, sizeof *v);
    mp_get_info(mp, &v->info);
    v->ports = mp_ports(mp, &v->n_ports);
    for (size_t i = 0; i < v->n_ports; i++) {
        v->fallback |= mp_is_fallback(mp, v->ports[i]);
    }
    v->counted = count;
    if (count) {
        mp_census_take(mp, &v->census);
    }
}

void
mp_view_destroy(struct mp_view *v)
{
    free(v->ports);
    mp_census_destroy(&v->census);
}

void
mp_state_format(const struct mp_info *info, bool fallback, struct ds *ds)
{
    const struct {
        bool is;
        const char *word;
    } states[] = {
        { info->degraded, "degraded" },
        { info->oversubscribed, "oversubscribed" },
        { info->surplus, "surplus" },
        { fallback, "fallback" },
        { info->retired, "retired" },
        { info->waiting, "waiting" },
    };
    const char *separator = "";

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if (states[i].is) {
            ds_put_format(ds, "%s%s", separator, states[i].word);
            separator = ",";
        }
    }
    if (!*separator) {
        ds_put_cstr(ds, "ok");
    }
}

const char *
mp_group_text(const struct mp_info *info)
{
    return *info->group ? info->group : "shared";
}

/* A table under construction.  Cells come row by row, headings first. */
struct table {
    size_t n_columns;
    const char *align;          /* for each column '<' text or '>' number */
    char **cells;
    size_t n, allocated;
};

static void OVS_PRINTF_FORMAT(2, 3)
put(struct table *t, const char *format, ...)
{
    va_list args;

    if (t->n == t->allocated) {
        t->cells = x2nrealloc(t->cells, &t->allocated, sizeof *t->cells);
    }
    va_start(args, format);
    t->cells[t->n++] = xvasprintf(format, args);
    va_end(args);
}

static void
put_headings(struct table *t, const char *const *headings)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        put(t, "%s", headings[i]);
    }
}

/* Writes the table and frees it.  No line ends in spaces. */
static void
table_format(struct table *t, struct ds *ds)
{
    int *widths = xcalloc(t->n_columns, sizeof *widths);

    ovs_assert(t->n % t->n_columns == 0);
    for (size_t i = 0; i < t->n; i++) {
        int *width = &widths[i % t->n_columns];

        *width = MAX(*width, (int) strlen(t->cells[i]));
    }
    for (size_t i = 0; i < t->n; i++) {
        size_t column = i % t->n_columns;
        bool last = column + 1 == t->n_columns;

        if (t->align[column] == '>') {
            ds_put_format(ds, "%*s", widths[column], t->cells[i]);
        } else {
            ds_put_format(ds, "%-*s", last ? 0 : widths[column], t->cells[i]);
        }
        ds_put_cstr(ds, last ? "\n" : "  ");
        free(t->cells[i]);
    }
    free(t->cells);
    free(widths);
}

static void
put_pool(struct table *t, const struct mp_view *v)
{
    const struct mp_info *i = &v->info;
    struct ds state = DS_EMPTY_INITIALIZER;

    mp_state_format(i, v->fallback, &state);
    put(t, "%s", i->name);
    put(t, "%d", i->socket);
    put(t, "%"PRIu32, i->adjusted_mtu);
    put(t, "%s%s", mp_group_text(i), i->own ? " (private)" : "");
    put(t, "%"PRIu32, i->asked);
    put(t, "%"PRIu32, i->granted);
    put(t, "%"PRIu32, i->populated);
    put(t, "%"PRIu32, i->room);
    put(t, "%"PRIu32, i->need);
    put(t, "%"PRIu32, i->in_use);
    put(t, "%"PRIu32, i->lowest_free);
    put(t, "%"PRIu64, i->failures);
    put(t, "%.1f", (double) i->bytes / (1024 * 1024));
    put(t, "%s", ds_cstr(&state));
    ds_destroy(&state);
}

void
mp_show_pools(const struct mp_view *views, size_t n, struct ds *ds)
{
    static const char *const headings[] = {
        "pool", "socket", "adj. MTU", "group", "asked", "granted", "mbufs",
        "room", "need", "in use", "lowest free", "failures", "MiB", "state",
    };
    struct table t = {
        .n_columns = ARRAY_SIZE(headings),
        .align = "<>><>>>>>>>>><",
    };

    BUILD_ASSERT(ARRAY_SIZE(headings) == sizeof "<>><>>>>>>>>><" - 1);
    put_headings(&t, headings);
    for (size_t i = 0; i < n; i++) {
        put_pool(&t, &views[i]);
    }
    table_format(&t, ds);
}

static void
show_ports(const struct mp_census *c, struct ds *ds)
{
    static const char *const headings[] = {
        "port", "rx holds", "rx may", "tx holds", "tx may",
    };
    struct table t = { .n_columns = ARRAY_SIZE(headings), .align = "<>>>>" };

    BUILD_ASSERT(ARRAY_SIZE(headings) == sizeof "<>>>>" - 1);
    put_headings(&t, headings);
    for (size_t i = 0; i < c->n_ports; i++) {
        const struct mp_census_port *p = &c->ports[i];

        put(&t, "%s%s", p->port, p->gone ? " (gone)" : "");
        put(&t, "%"PRIu32, p->rx_holds);
        put(&t, "%"PRIu32, p->rx_may);
        put(&t, "%"PRIu32, p->tx_holds);
        put(&t, "%"PRIu32, p->tx_may);
    }
    table_format(&t, ds);
}

static void
show_threads(const struct mp_census *c, struct ds *ds)
{
    static const char *const headings[] = { "lcore", "cached" };
    struct table t = { .n_columns = ARRAY_SIZE(headings), .align = ">>" };

    put_headings(&t, headings);
    for (size_t i = 0; i < c->n_threads; i++) {
        put(&t, "%u", c->threads[i].lcore);
        put(&t, "%"PRIu32, c->threads[i].cached);
    }
    table_format(&t, ds);
}

void
mp_show_holders(const struct mp_view *v, struct ds *ds)
{
    const struct mp_census *c = &v->census;
    uint32_t rx = 0, tx = 0;

    ovs_assert(v->counted);
    if (c->n_ports) {
        show_ports(c, ds);
        ds_put_char(ds, '\n');
    }
    if (c->n_threads) {
        show_threads(c, ds);
        ds_put_char(ds, '\n');
    }
    for (size_t i = 0; i < c->n_ports; i++) {
        rx += c->ports[i].rx_holds;
        tx += c->ports[i].tx_holds;
    }
    ds_put_format(ds, "of %"PRIu32" mbufs: free %"PRIu32", cached %"PRIu32", "
                  "rx %"PRIu32", tx %"PRIu32", unaccounted %"PRIu32"\n",
                  c->populated, c->free, c->cached, rx, tx, c->unaccounted);
}
