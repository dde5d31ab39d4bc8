/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-svg.c: a plan as a picture: a stacked bar for each model and NUMA
 * socket, on one scale.
 *
 * A piece of a bar is a pool, or ports' own pools that are alike.  What a
 * change takes for a while stands on top, dashed.  With a change to be made,
 * a thick line shows what there is before it.
 */
#include <config.h>
#include "mem/mp-plan-view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

enum {                          /* pixels */
    LEFT = 80,
    TOP = 86,
    PLOT_HEIGHT = 340,
    PITCH = 200,                /* from bar to bar */
    BAR_WIDTH = 90,
    LINE = 18,                  /* of text */
};

static const char *const colours[] = {
    "#4878a8", "#e0a040", "#6aa860", "#b86070", "#8870b0", "#60a8a8",
    "#c0b050", "#a07850",
};

/* What pieces of one colour have in common. */
struct class {
    bool own;
    const char *group;          /* NULL if own */
    uint32_t adjusted_mtu;
};

struct picture {
    const struct mp_plan_view *v;
    struct ds *ds;
    struct class *classes;      /* in the order of the legend */
    size_t n_classes, allocated;
    int n_bars;
    uint64_t top;               /* bytes at the top of the plot */
    uint64_t step;              /* bytes from line to line */
};

static double
mib(uint64_t bytes)
{
    return (double) bytes / (1024 * 1024);
}

/* XML has no control characters. */
static void
put_escaped(struct ds *ds, const char *s)
{
    static const struct {
        char c;
        const char *entity;
    } table[] = {
        { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" },
    };

    for (; *s; s++) {
        const char *entity = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
            entity = *s == table[i].c ? table[i].entity : entity;
        }
        if (entity) {
            ds_put_cstr(ds, entity);
        } else {
            ds_put_char(ds, (unsigned char) *s < ' ' ? ' ' : *s);
        }
    }
}

/* Classes. */

static struct class
class_of(const struct mp_plan_pool *pool)
{
    return (struct class) {
        .own = pool->own,
        .group = pool->own ? NULL : pool->group,
        .adjusted_mtu = pool->adjusted_mtu,
    };
}

static size_t
find_class(const struct picture *p, const struct class *c)
{
    size_t i = 0;

    while (i < p->n_classes
           && (p->classes[i].own != c->own
               || p->classes[i].adjusted_mtu != c->adjusted_mtu
               || !nullable_string_is_equal(p->classes[i].group, c->group))) {
        i++;
    }
    return i;
}

static void
add_class(struct picture *p, const struct mp_plan_pool *pool)
{
    struct class c = class_of(pool);

    if (find_class(p, &c) == p->n_classes) {
        if (p->n_classes == p->allocated) {
            p->classes = x2nrealloc(p->classes, &p->allocated,
                                    sizeof *p->classes);
        }
        p->classes[p->n_classes++] = c;
    }
}

static const char *
colour(const struct picture *p, const struct mp_plan_pool *pool)
{
    struct class c = class_of(pool);

    return colours[find_class(p, &c) % ARRAY_SIZE(colours)];
}

/* Scale. */

/* Lines at 1, 2 or 5 times a power of ten MiB, at most six of them. */
static void
set_scale(struct picture *p, uint64_t most)
{
    uint64_t step = 1024 * 1024;
    static const uint64_t factors[] = { 2, 5, 10 };
    uint64_t power = step;

    for (size_t i = 0; most / 6 > step; i++) {
        step = power * factors[i % ARRAY_SIZE(factors)];
        if (i % ARRAY_SIZE(factors) == ARRAY_SIZE(factors) - 1) {
            power *= 10;
        }
    }
    p->step = step;
    p->top = MAX(1, DIV_ROUND_UP(most, step)) * step;
}

static double
height(const struct picture *p, uint64_t bytes)
{
    return (double) bytes * PLOT_HEIGHT / (double) p->top;
}

static double
y_of(const struct picture *p, uint64_t bytes)
{
    return TOP + PLOT_HEIGHT - height(p, bytes);
}

static void
survey(struct picture *p)
{
    uint64_t most = 0;

    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const struct mp_plan_model *m = &p->v->plan->models[kind];

        if (!mp_plan_view_has(p->v, kind)) {
            continue;
        }
        for (size_t i = 0; i < m->n_pools; i++) {
            add_class(p, &m->pools[i]);
        }
        for (size_t i = 0; i < m->n_sockets; i++) {
            most = MAX(most, m->sockets[i].peak.bytes);
            most = MAX(most, m->sockets[i].steady.bytes);
            p->n_bars++;
        }
    }
    set_scale(p, most);
}

/* Drawing. */

static void OVS_PRINTF_FORMAT(6, 7)
put_text(struct picture *p, double x, double y, const char *class,
         const char *anchor, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    ds_put_format(p->ds, "  <text class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
                  "text-anchor=\"%s\">", class, x, y, anchor);
    put_escaped(p->ds, text);
    ds_put_cstr(p->ds, "</text>\n");
    free(text);
}

static void
put_rect(struct picture *p, double x, double y, double w, double h,
         const char *attributes)
{
    ds_put_format(p->ds, "  <rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                  "height=\"%.1f\" %s/>\n", x, y, w, h, attributes);
}

static void
put_line(struct picture *p, double x1, double x2, double y,
         const char *class)
{
    ds_put_format(p->ds, "  <line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" "
                  "x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y, x2, y);
}

static int
total_width(const struct picture *p)
{
    return LEFT + MAX(p->n_bars, 3) * PITCH;
}

static void
put_head(struct picture *p)
{
    const struct mp_plan *plan = p->v->plan;
    int bottom = TOP + PLOT_HEIGHT + 6 * LINE;
    int h = bottom + LINE * (int) (p->n_classes + 2);
    unsigned int n_pmds = plan->n_threads - 1;

    ds_put_format(p->ds, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                  "viewBox=\"0 0 %d %d\" "
                  "font-family=\"DejaVu Sans, Verdana, sans-serif\" "
                  "font-size=\"12\">\n"
                  "  <title>Packet memory, planned</title>\n"
                  "  <style>\n"
                  "    text { fill: #111111; }\n"
                  "    .head { font-weight: bold; }\n"
                  "    .large { font-weight: bold; font-size: 15px; }\n"
                  "    .grid { stroke: #c8d0d8; }\n"
                  "    .now { stroke: #111111; stroke-width: 3; }\n"
                  "  </style>\n", total_width(p), h);
    put_rect(p, 0, 0, total_width(p), h, "fill=\"#ffffff\"");
    put_text(p, 20, 28, "large", "start",
             "Packet memory of %zu port%s with %u PMD thread%s",
             plan->n_ports, plan->n_ports == 1 ? "" : "s", n_pmds,
             n_pmds == 1 ? "" : "s");
}

static void
put_subtitle(struct picture *p)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (p->v->before) {
        ds_put_cstr(&ds, "with");
        for (size_t i = 0; i < p->v->n_settings; i++) {
            ds_put_format(&ds, " %s", p->v->settings[i]);
        }
        ds_put_cstr(&ds, "; thick lines: before; dashed: while this is "
                    "changed");
    } else {
        ds_put_cstr(&ds, "dashed: while one port changes");
    }
    put_text(p, 20, 48, "", "start", "%s", ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
put_grid(struct picture *p)
{
    put_text(p, LEFT - 8, TOP - 14, "", "end", "MiB");
    for (uint64_t y = 0; y <= p->top; y += p->step) {
        put_line(p, LEFT, total_width(p) - 20, y_of(p, y), "grid");
        put_text(p, LEFT - 8, y_of(p, y) + 4, "", "end", "%.0f", mib(y));
    }
}

static void
put_pieces(struct picture *p, const struct mp_plan_model *m, int socket,
           double x)
{
    uint64_t sum = 0;

    for (size_t i = 0, n; i < m->n_pools; i += n) {
        const struct mp_plan_pool *pool = &m->pools[i];
        uint64_t bytes;
        char *attributes;

        n = mp_plan_alike(m, i);
        if (pool->socket != socket) {
            continue;
        }
        bytes = n * pool->bytes;
        sum += bytes;
        attributes = xasprintf("fill=\"%s\" stroke=\"#ffffff\" "
                               "stroke-width=\"0.5\"", colour(p, pool));
        put_rect(p, x, y_of(p, sum), BAR_WIDTH, height(p, bytes),
                 attributes);
        free(attributes);
    }
}

static const struct mp_plan_socket *
find_socket(const struct mp_plan_model *m, int socket)
{
    for (size_t i = 0; i < m->n_sockets; i++) {
        if (m->sockets[i].socket == socket) {
            return &m->sockets[i];
        }
    }
    return NULL;
}

static void
put_bar(struct picture *p, int kind, const struct mp_plan_socket *s, int bar)
{
    const struct mp_plan_use *steady = &s->steady, *peak = &s->peak;
    double middle = LEFT + (bar + 0.5) * PITCH;
    double x = middle - BAR_WIDTH / 2;
    double y = TOP + PLOT_HEIGHT + LINE;

    put_pieces(p, &p->v->plan->models[kind], s->socket, x);
    if (peak->bytes > steady->bytes) {
        put_rect(p, x, y_of(p, peak->bytes), BAR_WIDTH,
                 height(p, peak->bytes - steady->bytes),
                 "fill=\"none\" stroke=\"#555555\" "
                 "stroke-dasharray=\"5 3\"");
    }
    if (p->v->before) {
        const struct mp_plan_socket *now
            = find_socket(&p->v->before->models[kind], s->socket);

        if (now) {
            put_line(p, x - 8, x + BAR_WIDTH + 8,
                     y_of(p, now->steady.bytes), "now");
        }
    }
    put_text(p, middle, y, "head", "middle", "%s%s",
             mp_plan_kind_name((enum mp_plan_kind) kind),
             kind == (int) p->v->in_force ? " (in force)" : "");
    put_text(p, middle, y + LINE, "", "middle", "socket %d", s->socket);
    put_text(p, middle, y + 2 * LINE, "", "middle",
             "%.1f MiB, %"PRIu64" pages", mib(steady->bytes),
             steady->pages_2m);
    put_text(p, middle, y + 3 * LINE, "", "middle",
             "peak %.1f MiB, %"PRIu64" pages", mib(peak->bytes),
             peak->pages_2m);
}

static void
put_bars(struct picture *p)
{
    int bar = 0;

    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        const struct mp_plan_model *m = &p->v->plan->models[kind];

        for (size_t i = 0; mp_plan_view_has(p->v, kind) && i < m->n_sockets;
             i++) {
            put_bar(p, kind, &m->sockets[i], bar++);
        }
    }
}

static void
put_legend(struct picture *p)
{
    double y = TOP + PLOT_HEIGHT + 6 * LINE;

    for (size_t i = 0; i < p->n_classes; i++, y += LINE) {
        const struct class *c = &p->classes[i];
        char *attributes
            = xasprintf("fill=\"%s\"", colours[i % ARRAY_SIZE(colours)]);

        put_rect(p, LEFT, y - 10, 12, 12, attributes);
        free(attributes);
        put_text(p, LEFT + 20, y, "", "start",
                 "%s%s, adjusted MTU %"PRIu32,
                 c->own ? "private" : *c->group ? "group " : "shared",
                 c->own ? "" : c->group, c->adjusted_mtu);
    }
    put_text(p, LEFT, y, "", "start", "pages: hugepages of 2 MB");
}

void
mp_plan_to_svg(const struct mp_plan_view *v, struct ds *ds)
{
    struct picture p = { .v = v, .ds = ds };

    survey(&p);
    put_head(&p);
    put_subtitle(&p);
    put_grid(&p);
    put_bars(&p);
    put_legend(&p);
    ds_put_cstr(ds, "</svg>\n");
    free(p.classes);
}
