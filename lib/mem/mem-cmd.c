/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-cmd.c: ovs-appctl netdev-dpdk/get-mempool-info and mempool-show.
 *
 * Main thread.
 */
#include <config.h>
#include "mem/mempool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mem/mp-show.h"
#include "mem/mp-telemetry.h"
#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "unixctl.h"
#include "util.h"

static mp_find_by_port_fn *find_by_port;

static void
dump_one(const struct mp *mp, void *ds)
{
    mp_dump(mp, ds);
}

/* `mp`'s text and, since the text counts from the room that the pool has, a
 * last line that counts the mbufs that it has. */
static void
dump_of_port(const struct mp *mp, struct ds *ds)
{
    struct mp_info info;

    mp_get_info(mp, &info);
    mp_dump(mp, ds);
    ds_put_format(ds, "    count: avail (%"PRIu32"), in use (%"PRIu32")\n",
                  info.populated - info.in_use, info.in_use);
}

static void
cmd_get_mempool_info(struct unixctl_conn *conn, int argc, const char *argv[],
                     void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (argc < 2) {
        mp_for_each(dump_one, &ds);
    } else {
        bool is_dpdk = false;
        const struct mp *mp = find_by_port(argv[1], &is_dpdk);

        if (!mp) {
            unixctl_command_reply_error(
                conn, is_dpdk ? "Not allocated" : "Not a DPDK Interface");
            return;
        }
        dump_of_port(mp, &ds);
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

/* The pools that mempool-show is asked for. */
struct selection {
    const char *name;           /* a pool's or a port's; NULL: all */
    struct mp_view *views;
    size_t n, allocated;
};

static bool
has_port(const struct mp *mp, const char *port)
{
    size_t n;
    const char **ports = mp_ports(mp, &n);
    bool has = false;

    for (size_t i = 0; i < n; i++) {
        has |= !strcmp(ports[i], port);
    }
    free(ports);
    return has;
}

static void
select_one(const struct mp *mp, void *s_)
{
    struct selection *s = s_;

    if (s->name && strcmp(s->name, mp_name(mp)) && !has_port(mp, s->name)) {
        return;
    }
    if (s->n == s->allocated) {
        s->views = x2nrealloc(s->views, &s->allocated, sizeof *s->views);
    }
    mp_view_take(mp, s->name != NULL, &s->views[s->n++]);
}

static void
selection_destroy(struct selection *s)
{
    for (size_t i = 0; i < s->n; i++) {
        mp_view_destroy(&s->views[i]);
    }
    free(s->views);
}

/* Why nothing has the name. */
static char *
why_none(const char *name)
{
    bool is_dpdk = false;

    find_by_port(name, &is_dpdk);
    return (is_dpdk
            ? xasprintf("%s has no mempool: it takes one when its guest "
                        "connects", name)
            : xasprintf("%s: there is no mempool of that name, nor a port of "
                        "that name with a mempool", name));
}

static char *
selection_to_text(const struct selection *s)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (!s->n) {
        ds_put_cstr(&ds, "no mempools\n");
    } else if (!s->name) {
        mp_show_pools(s->views, s->n, &ds);
    }
    for (size_t i = 0; s->name && i < s->n; i++) {
        ds_put_cstr(&ds, i ? "\n" : "");
        mp_show_pools(&s->views[i], 1, &ds);
        ds_put_char(&ds, '\n');
        mp_show_holders(&s->views[i], &ds);
    }
    return ds_steal_cstr(&ds);
}

static char *
selection_to_json(const struct selection *s)
{
    struct json *json = mp_view_to_json(s->views, s->n);
    char *text = json_to_string(json, JSSF_SORT | JSSF_PRETTY);

    json_destroy(json);
    return text;
}

static void
cmd_mempool_show(struct unixctl_conn *conn, int argc, const char *argv[],
                 void *aux OVS_UNUSED)
{
    struct selection s = { .name = NULL };
    bool json = false;
    char *text;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            json = true;
        } else if (s.name || argv[i][0] == '-') {
            text = xasprintf("unexpected argument '%s': at most one mempool "
                             "or port, and --json", argv[i]);
            unixctl_command_reply_error(conn, text);
            free(text);
            return;
        } else {
            s.name = argv[i];
        }
    }
    mp_for_each(select_one, &s);
    if (s.name && !s.n) {
        text = why_none(s.name);
        unixctl_command_reply_error(conn, text);
    } else {
        text = json ? selection_to_json(&s) : selection_to_text(&s);
        unixctl_command_reply(conn, text);
    }
    free(text);
    selection_destroy(&s);
}

void
mem_cmd_init(mp_find_by_port_fn *find)
{
    find_by_port = find;
    unixctl_command_register("netdev-dpdk/get-mempool-info", "[netdev]", 0, 1,
                             cmd_get_mempool_info, NULL);
    unixctl_command_register("netdev-dpdk/mempool-show", "[POOL] [--json]", 0,
                             2, cmd_mempool_show, NULL);
    mp_telemetry_init();
}
