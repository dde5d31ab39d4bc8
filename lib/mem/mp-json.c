/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-json.c: mempool-show --json.
 *
 * Members are named as those of struct mp_info and struct mp_census; numbers
 * are numbers, bytes are bytes.
 */
#include <config.h>
#include "mem/mp-show.h"

#include <stdint.h>

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

static void
put_number(struct json *object, const char *name, uint64_t value)
{
    json_object_put(object, name, json_integer_create((long long int) value));
}

static void
put_bool(struct json *object, const char *name, bool value)
{
    json_object_put(object, name, json_boolean_create(value));
}

static struct json *
port_to_json(const struct mp_census_port *p)
{
    struct json *object = json_object_create();

    json_object_put_string(object, "port", p->port);
    put_bool(object, "gone", p->gone);
    put_number(object, "rx_holds", p->rx_holds);
    put_number(object, "rx_may", p->rx_may);
    put_number(object, "tx_holds", p->tx_holds);
    put_number(object, "tx_may", p->tx_may);
    return object;
}

static struct json *
thread_to_json(const struct mp_census_thread *t)
{
    struct json *object = json_object_create();

    put_number(object, "lcore", t->lcore);
    put_number(object, "cached", t->cached);
    return object;
}

static struct json *
holders_to_json(const struct mp_census *c)
{
    struct json *object = json_object_create();
    struct json *ports = json_array_create_empty();
    struct json *threads = json_array_create_empty();

    for (size_t i = 0; i < c->n_ports; i++) {
        json_array_add(ports, port_to_json(&c->ports[i]));
    }
    for (size_t i = 0; i < c->n_threads; i++) {
        json_array_add(threads, thread_to_json(&c->threads[i]));
    }
    put_number(object, "free", c->free);
    put_number(object, "cached", c->cached);
    put_number(object, "unaccounted", c->unaccounted);
    json_object_put(object, "ports", ports);
    json_object_put(object, "threads", threads);
    return object;
}

static struct json *
ports_to_json(const struct mp_view *v)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < v->n_ports; i++) {
        json_array_add(array, json_string_create(v->ports[i]));
    }
    return array;
}

static void
put_counts(struct json *object, const struct mp_info *i)
{
    put_number(object, "asked", i->asked);
    put_number(object, "granted", i->granted);
    put_number(object, "populated", i->populated);
    put_number(object, "room", i->room);
    put_number(object, "need", i->need);
    put_number(object, "in_use", i->in_use);
    put_number(object, "lowest_free", i->lowest_free);
    put_number(object, "failures", i->failures);
    put_number(object, "elt_size", i->elt_size);
    put_number(object, "bytes", i->bytes);
    put_number(object, "refs", i->refs);
}

static void
put_states(struct json *object, const struct mp_view *v)
{
    const struct mp_info *i = &v->info;
    struct ds text = DS_EMPTY_INITIALIZER;

    mp_state_format(i, v->fallback, &text);
    json_object_put_string(object, "state", ds_cstr(&text));
    ds_destroy(&text);
    put_bool(object, "degraded", i->degraded);
    put_bool(object, "oversubscribed", i->oversubscribed);
    put_bool(object, "surplus", i->surplus);
    put_bool(object, "fallback", v->fallback);
    put_bool(object, "retired", i->retired);
    put_bool(object, "waiting", i->waiting);
}

static struct json *
pool_to_json(const struct mp_view *v)
{
    const struct mp_info *i = &v->info;
    struct json *object = json_object_create();

    json_object_put_string(object, "name", i->name);
    json_object_put_string(object, "group", i->group);
    json_object_put(object, "socket", json_integer_create(i->socket));
    put_number(object, "adjusted_mtu", i->adjusted_mtu);
    put_bool(object, "own", i->own);
    put_bool(object, "elastic", i->elastic);
    put_counts(object, i);
    put_states(object, v);
    json_object_put(object, "ports", ports_to_json(v));
    if (v->counted) {
        json_object_put(object, "holders", holders_to_json(&v->census));
    }
    return object;
}

struct json *
mp_view_to_json(const struct mp_view *views, size_t n)
{
    struct json *object = json_object_create();
    struct json *pools = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(pools, pool_to_json(&views[i]));
    }
    json_object_put(object, "pools", pools);
    return object;
}
