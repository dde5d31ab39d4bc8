/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-rows.c: what do the rows of a database ask for?
 *
 * ovsdb/snapshot.c does the same for the daemon, with a replica that follows
 * the server.  Here there is one answer to one query, as JSON.
 */
#include <config.h>
#include "utilities/plan-input.h"

#include <stdlib.h>
#include <string.h>

#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

/* Interface.status is not in a file: what guests and devices are like is known
 * where the switch runs. */
const char plan_query[] =
    "[\"Open_vSwitch\","
    "{\"op\":\"select\",\"table\":\"Open_vSwitch\",\"where\":[],"
    "\"columns\":[\"bridges\",\"other_config\"]},"
    "{\"op\":\"select\",\"table\":\"Bridge\",\"where\":[],"
    "\"columns\":[\"_uuid\",\"name\",\"datapath_type\",\"fail_mode\","
    "\"other_config\",\"ports\"]},"
    "{\"op\":\"select\",\"table\":\"Port\",\"where\":[],"
    "\"columns\":[\"_uuid\",\"name\",\"interfaces\"]},"
    "{\"op\":\"select\",\"table\":\"Interface\",\"where\":[],"
    "\"columns\":[\"_uuid\",\"name\",\"type\",\"options\",\"other_config\","
    "\"mac\",\"mtu_request\",\"status\"]}]";

enum { OPEN_VSWITCH, BRIDGE, PORT, INTERFACE, N_TABLES };

static const char *const table_names[N_TABLES] = {
    "Open_vSwitch", "Bridge", "Port", "Interface",
};

/* Rows by UUID; those of Open_vSwitch, which has one, are not needed. */
struct tables {
    struct shash rows[N_TABLES];
};

/* Values.  A set of one is written as its element. */

static const struct json *
column(const struct json *row, const char *name)
{
    return shash_find_data(json_object(row), name);
}

/* The elements of ["TAG", [...]]; `*n` is 0 where `json` is something else. */
static struct json *const *
tagged(const struct json *json, const char *tag, size_t *n)
{
    *n = 0;
    if (json && json->type == JSON_ARRAY && json->array.n == 2
        && json->array.elems[0]->type == JSON_STRING
        && !strcmp(json_string(json->array.elems[0]), tag)
        && json->array.elems[1]->type == JSON_ARRAY) {
        *n = json->array.elems[1]->array.n;
        return json->array.elems[1]->array.elems;
    }
    return NULL;
}

static const char *
text_of(const struct json *json)
{
    return json && json->type == JSON_STRING ? json_string(json) : NULL;
}

static const char *
uuid_of(const struct json *json)
{
    if (json && json->type == JSON_ARRAY && json->array.n == 2
        && nullable_string_is_equal(text_of(json->array.elems[0]), "uuid")) {
        return text_of(json->array.elems[1]);
    }
    return NULL;
}

static void
map_of(const struct json *json, struct smap *map)
{
    size_t n;
    struct json *const *pairs = tagged(json, "map", &n);

    for (size_t i = 0; i < n; i++) {
        if (pairs[i]->type == JSON_ARRAY && pairs[i]->array.n == 2) {
            const char *key = text_of(pairs[i]->array.elems[0]);
            const char *value = text_of(pairs[i]->array.elems[1]);

            if (key && value) {
                smap_replace(map, key, value);
            }
        }
    }
}

/* Calls `cb` for the row of `table` that each UUID in `json` names. */
static void
for_each_ref(const struct tables *t, int table, const struct json *json,
             void (*cb)(const struct json *row, const struct tables *,
                        void *aux),
             void *aux)
{
    struct json *const one = CONST_CAST(struct json *, json);
    size_t n;
    struct json *const *refs = tagged(json, "set", &n);

    if (!refs) {
        refs = &one;
        n = uuid_of(json) ? 1 : 0;
    }
    for (size_t i = 0; i < n; i++) {
        const char *uuid = uuid_of(refs[i]);
        const struct json *row = (uuid ? shash_find_data(&t->rows[table],
                                                         uuid) : NULL);

        if (row) {
            cb(row, t, aux);
        }
    }
}

/* Rows. */

/* What a running switch knows of a port. */
static void
take_status(const char *name, const char *type, const struct json *json,
            struct plan_input *in)
{
    struct smap status = SMAP_INITIALIZER(&status);
    bool vhost = !strncmp(type, "dpdkvhostuser", strlen("dpdkvhostuser"));
    int64_t n;

    map_of(json, &status);
    if (cfg_parse_int(smap_get_def(&status, vhost ? "numa" : "numa_id", ""),
                      0, INT_MAX, &n)) {
        simap_put(&in->sockets, name, (unsigned int) n);
    }
    if (vhost && cfg_parse_int(smap_get_def(&status, "num_of_vrings", ""),
                               2, INT_MAX, &n)) {
        simap_put(&in->pairs, name, (unsigned int) n / 2);
    }
    smap_destroy(&status);
}

struct parent {
    struct plan_input *in;
    struct cfg_bridge *bridge;
    struct cfg_port *port;
};

static void
take_iface(const struct json *row, const struct tables *t OVS_UNUSED,
           void *parent_)
{
    const struct parent *parent = parent_;
    const char *name = text_of(column(row, "name"));
    const char *type = text_of(column(row, "type"));
    const struct json *mtu = column(row, "mtu_request");
    struct cfg_iface *iface;

    if (!name || !type) {
        return;
    }
    iface = cfg_port_add_iface(parent->port, name);
    iface->type = xstrdup(type);
    iface->mac = nullable_xstrdup(text_of(column(row, "mac")));
    map_of(column(row, "options"), &iface->options);
    map_of(column(row, "other_config"), &iface->other_config);
    iface->has_mtu_request = mtu && mtu->type == JSON_INTEGER;
    if (iface->has_mtu_request) {
        iface->mtu_request = json_integer(mtu);
    }
    take_status(name, type, column(row, "status"), parent->in);
}

static void
take_port(const struct json *row, const struct tables *t, void *parent_)
{
    struct parent *parent = parent_;
    const char *name = text_of(column(row, "name"));

    if (name) {
        parent->port = cfg_bridge_add_port(parent->bridge, name);
        for_each_ref(t, INTERFACE, column(row, "interfaces"), take_iface,
                     parent);
    }
}

static void
take_bridge(const struct json *row, const struct tables *t, void *in_)
{
    struct parent parent = { .in = in_ };
    const char *name = text_of(column(row, "name"));
    struct cfg_bridge *br;

    if (name) {
        br = parent.bridge = cfg_add_bridge(&parent.in->cfg, name);
        br->datapath_type = nullable_xstrdup(
            text_of(column(row, "datapath_type")));
        br->fail_mode = nullable_xstrdup(text_of(column(row, "fail_mode")));
        map_of(column(row, "other_config"), &br->other_config);
        for_each_ref(t, PORT, column(row, "ports"), take_port, &parent);
    }
}

/* The rows that operation `i` of the query found, or NULL with the reason. */
static const struct json *
rows_of(const struct json *answer, size_t i, char **errp)
{
    const struct json *result = (answer->type == JSON_ARRAY
                                 && i < answer->array.n
                                 ? answer->array.elems[i] : NULL);
    const struct json *rows = NULL;

    if (result && result->type == JSON_OBJECT) {
        const char *error = text_of(column(result, "error"));
        const char *details = text_of(column(result, "details"));

        rows = column(result, "rows");
        if (error) {
            *errp = xasprintf("table %s: %s%s%s", table_names[i], error,
                              details ? ": " : "", details ? details : "");
            return NULL;
        }
    }
    if (!rows || rows->type != JSON_ARRAY) {
        *errp = xasprintf("table %s: no rows in the answer", table_names[i]);
        return NULL;
    }
    return rows;
}

static void
index_rows(const struct json *rows, struct shash *index)
{
    for (size_t i = 0; i < rows->array.n; i++) {
        struct json *row = rows->array.elems[i];
        const char *uuid = (row->type == JSON_OBJECT
                            ? uuid_of(column(row, "_uuid")) : NULL);

        if (uuid) {
            shash_replace(index, uuid, row);
        }
    }
}

char *
plan_read_rows(const struct json *answer, struct plan_input *in)
{
    const struct json *rows[N_TABLES];
    const struct json *root;
    struct tables t;
    char *error = NULL;

    for (size_t i = 0; i < N_TABLES; i++) {
        rows[i] = rows_of(answer, i, &error);
        if (!rows[i]) {
            return error;
        }
    }
    if (!rows[OPEN_VSWITCH]->array.n
        || rows[OPEN_VSWITCH]->array.elems[0]->type != JSON_OBJECT) {
        return xstrdup("the database has no Open_vSwitch record (ovs-vsctl "
                       "init makes it)");
    }
    for (size_t i = 0; i < N_TABLES; i++) {
        shash_init(&t.rows[i]);
        index_rows(rows[i], &t.rows[i]);
    }
    root = rows[OPEN_VSWITCH]->array.elems[0];
    map_of(column(root, "other_config"), &in->cfg.other_config);
    for_each_ref(&t, BRIDGE, column(root, "bridges"), take_bridge, in);
    for (size_t i = 0; i < N_TABLES; i++) {
        shash_destroy(&t.rows[i]);
    }
    return NULL;
}
