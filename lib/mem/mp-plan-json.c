/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-json.c: a plan for programs.
 */
#include <config.h>
#include "mem/mp-plan-view.h"

#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "util.h"

static void
put_number(struct json *object, const char *name, uint64_t n)
{
    json_object_put(object, name, json_integer_create((long long int) n));
}

static struct json *
use_to_json(const struct mp_plan_use *use)
{
    struct json *json = json_object_create();

    put_number(json, "bytes", use->bytes);
    put_number(json, "hugepages_2m", use->pages_2m);
    put_number(json, "hugepages_1g", use->pages_1g);
    return json;
}

static struct json *
socket_to_json(const struct mp_plan_socket *s)
{
    struct json *json = json_object_create();

    put_number(json, "socket", (uint64_t) s->socket);
    put_number(json, "pools", s->n_pools);
    put_number(json, "mbufs", s->mbufs);
    json_object_put(json, "steady", use_to_json(&s->steady));
    json_object_put(json, "peak", use_to_json(&s->peak));
    if (s->peak_port) {
        json_object_put_string(json, "peak_port", s->peak_port);
    }
    return json;
}

static struct json *
pool_to_json(const struct mp_plan_pool *pool)
{
    struct json *json = json_object_create();

    put_number(json, "socket", (uint64_t) pool->socket);
    put_number(json, "adjusted_mtu", pool->adjusted_mtu);
    json_object_put_string(json, "group", pool->group);
    json_object_put(json, "own", json_boolean_create(pool->own));
    json_object_put(json, "elastic", json_boolean_create(pool->elastic));
    put_number(json, "ports", pool->n_ports);
    put_number(json, "mbufs", pool->mbufs);
    put_number(json, "room", pool->room);
    put_number(json, "object_size", pool->object_size);
    put_number(json, "bytes", pool->bytes);
    put_number(json, "hugepages_2m", pool->pages);
    return json;
}

static struct json *
model_to_json(const struct mp_plan_model *m)
{
    struct json *pools = json_array_create_empty();
    struct json *sockets = json_array_create_empty();
    struct json *json = json_object_create();

    for (size_t i = 0; i < m->n_pools; i++) {
        json_array_add(pools, pool_to_json(&m->pools[i]));
    }
    for (size_t i = 0; i < m->n_sockets; i++) {
        json_array_add(sockets, socket_to_json(&m->sockets[i]));
    }
    json_object_put(json, "pools", pools);
    json_object_put(json, "sockets", sockets);
    return json;
}

static struct json *
plan_to_json(const struct mp_plan_view *v, const struct mp_plan *plan)
{
    struct json *models = json_object_create();
    struct json *json = json_object_create();

    for (int kind = 0; kind < MP_PLAN_N_KINDS; kind++) {
        if (mp_plan_view_has(v, kind)) {
            json_object_put(models,
                            mp_plan_kind_name((enum mp_plan_kind) kind),
                            model_to_json(&plan->models[kind]));
        }
    }
    put_number(json, "ports", plan->n_ports);
    put_number(json, "pmd_threads", plan->n_threads - 1);
    json_object_put(json, "models", models);
    return json;
}

static struct json *
texts_to_json(const char *const *texts, size_t n)
{
    struct json *json = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(json, json_string_create(texts[i]));
    }
    return json;
}

void
mp_plan_to_json(const struct mp_plan_view *v, struct ds *ds)
{
    struct json *json = json_object_create();

    json_object_put_string(json, "in_force", mp_plan_kind_name(v->in_force));
    json_object_put(json, "notes", texts_to_json(v->notes, v->n_notes));
    json_object_put(json, "plan", plan_to_json(v, v->plan));
    if (v->before) {
        json_object_put(json, "before", plan_to_json(v, v->before));
        json_object_put(json, "what_if",
                        texts_to_json(v->settings, v->n_settings));
    }
    json_to_ds(json, JSSF_SORT | JSSF_PRETTY, ds);
    ds_put_char(ds, '\n');
    json_destroy(json);
}
