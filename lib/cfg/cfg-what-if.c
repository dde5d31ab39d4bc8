/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-what-if.c: what would a configuration be with other settings?
 *
 * Whether a value is right is for the same code to say as for a value in the
 * database: a setting is refused where cfg_parse() has more to complain about
 * with it than without it.
 */
#include <config.h>
#include "cfg/cfg-what-if.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-mempool.h"
#include "cfg/cfg-parse.h"
#include "openvswitch/dynamic-string.h"
#include "sset.h"
#include "util.h"

#define ETHDEV (1u << CFG_TYPE_DPDK)
#define VHOST (1u << CFG_TYPE_VHOST_SERVER | 1u << CFG_TYPE_VHOST_CLIENT)
#define INTERNAL (1u << CFG_TYPE_INTERNAL)

/* Checks of values that cfg_parse() does not look at: a malloc'ed text, or
 * NULL. */

static char *
check_max_mbufs(const char *value)
{
    int64_t n;

    return (cfg_parse_int(value, CFG_MAX_MBUFS_MIN, CFG_MAX_MBUFS_MAX, &n)
            ? NULL
            : xasprintf("mempool-max-mbufs \"%s\" is no number from %d to %d",
                        value, CFG_MAX_MBUFS_MIN, CFG_MAX_MBUFS_MAX));
}

static void
keep_first(char *text, void *firstp_)
{
    char **firstp = firstp_;

    if (*firstp) {
        free(text);
    } else {
        *firstp = text;
    }
}

static char *
check_shared_mempools(const char *value)
{
    char *error = NULL;
    size_t n;

    free(cfg_parse_shared_mempools(value, &n, keep_first, &error));
    return error;
}

/* Where a setting stands. */
enum place {
    MTU_REQUEST,                /* a column of Interface */
    OPTIONS,                    /* maps of Interface */
    IFACE_OTHER_CONFIG,
    OVS_OTHER_CONFIG,           /* a map of Open_vSwitch */
};

static const struct column {
    const char *name;           /* as in COLUMN=VALUE */
    enum place place;
    unsigned int types;         /* of interfaces that have it: 1u << cfg_type;
                                 * 0: none has */
    char *(*check)(const char *value);  /* or NULL */
} columns[] = {
    { "mtu_request", MTU_REQUEST, ETHDEV | VHOST | INTERNAL, NULL },
    { "options:n_rxq", OPTIONS, ETHDEV, NULL },
    { "options:n_rxq_desc", OPTIONS, ETHDEV, NULL },
    { "options:n_txq_desc", OPTIONS, ETHDEV, NULL },
    { "options:vhost-max-queue-pairs", OPTIONS, VHOST, NULL },
    { "other_config:mempool-group", IFACE_OTHER_CONFIG,
      ETHDEV | VHOST | INTERNAL, NULL },
    { "other_config:mempool-max-mbufs", OVS_OTHER_CONFIG, 0,
      check_max_mbufs },
    { "other_config:pmd-cpu-mask", OVS_OTHER_CONFIG, 0, NULL },
    { "other_config:shared-mempool-config", OVS_OTHER_CONFIG, 0,
      check_shared_mempools },
};

/* A setting in its parts. */
struct setting {
    const char *text;
    char *port;                 /* NULL: all */
    const struct column *column;
    const char *value;
};

static char *
known_columns(void)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ds_put_format(&ds, "%s%s", i ? ", " : "", columns[i].name);
    }
    return ds_steal_cstr(&ds);
}

static const struct column *
find_column(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        if (!strncmp(columns[i].name, name, len)
            && !columns[i].name[len]) {
            return &columns[i];
        }
    }
    return NULL;
}

/* What stands before the "=" is a column, or a port's name, a colon and a
 * column.  (A name may have colons in it.) */
static char *
take_apart(const char *text, struct setting *s)
{
    const char *equals = strchr(text, '=');
    char *known;
    char *error;

    *s = (struct setting) { .text = text };
    if (!equals) {
        return xasprintf("\"%s\": expected [PORT:]COLUMN=VALUE", text);
    }
    s->value = equals + 1;
    s->column = find_column(text, (size_t) (equals - text));
    for (const char *p = strchr(text, ':'); !s->column && p && p < equals;
         p = strchr(p + 1, ':')) {
        s->column = find_column(p + 1, (size_t) (equals - p - 1));
        if (s->column) {
            s->port = xmemdup0(text, (size_t) (p - text));
        }
    }
    if (s->column) {
        return NULL;
    }
    known = known_columns();
    error = xasprintf("\"%s\": packet memory can be planned for other values "
                      "of %s", text, known);
    free(known);
    return error;
}

/* Puts the value into a map, or takes it out of it. */
static void
set_key(struct smap *map, const struct setting *s)
{
    const char *key = strchr(s->column->name, ':') + 1;

    if (*s->value) {
        smap_replace(map, key, s->value);
    } else {
        smap_remove(map, key);
    }
}

static char *
set_iface(struct cfg_iface *iface, const struct setting *s)
{
    switch (s->column->place) {
    case MTU_REQUEST:
        iface->has_mtu_request = *s->value != '\0';
        if (*s->value && !cfg_parse_int(s->value, INT64_MIN, INT64_MAX,
                                        &iface->mtu_request)) {
            return xasprintf("\"%s\": \"%s\" is no number from %d to %d",
                             s->text, s->value, CFG_MTU_MIN, CFG_MTU_MAX);
        }
        return NULL;
    case OPTIONS:
        set_key(&iface->options, s);
        return NULL;
    case IFACE_OTHER_CONFIG:
        set_key(&iface->other_config, s);
        return NULL;
    case OVS_OTHER_CONFIG:
        break;
    }
    OVS_NOT_REACHED();
}

/* Sets it for those interfaces of a port that it is meant for, and counts
 * them.  `old` is the port as it is. */
static char *
set_port(struct cfg_port *port, const struct cfg_port *old,
         const struct setting *s, size_t *n)
{
    unsigned int types = s->column->types & (s->port ? UINT_MAX : ~INTERNAL);

    for (size_t i = 0; i < port->n_ifaces; i++) {
        const struct cfg_iface *iface = &old->ifaces[i];
        char *error;

        if (s->port && strcmp(s->port, iface->name)) {
            continue;
        } else if (types & 1u << iface->kind) {
            ++*n;
            error = set_iface(&port->ifaces[i], s);
            if (error) {
                return error;
            }
        } else if (s->port) {
            return xasprintf("\"%s\": interface %s is of type \"%s\", which "
                             "has no %s", s->text, iface->name,
                             iface->type ? iface->type : "",
                             s->column->name);
        }
    }
    return NULL;
}

static char *
set_ports(struct cfg *cfg, const struct cfg *now, const struct setting *s)
{
    size_t n = 0;

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        for (size_t j = 0; j < cfg->bridges[i].n_ports; j++) {
            char *error = set_port(&cfg->bridges[i].ports[j],
                                   &now->bridges[i].ports[j], s, &n);

            if (error) {
                return error;
            }
        }
    }
    return (n ? NULL
            : s->port ? xasprintf("\"%s\": there is no interface \"%s\"",
                                  s->text, s->port)
            : xasprintf("\"%s\": there is no interface that has %s", s->text,
                        s->column->name));
}

static char *
set_one(struct cfg *cfg, const struct cfg *now, const struct setting *s)
{
    char *why = (s->column->check && *s->value ? s->column->check(s->value)
                 : NULL);

    if (why) {
        char *error = xasprintf("\"%s\": %s", s->text, why);

        free(why);
        return error;
    } else if (s->column->place != OVS_OTHER_CONFIG) {
        return set_ports(cfg, now, s);
    } else if (s->port) {
        return xasprintf("\"%s\": %s is a setting of table Open_vSwitch, not "
                         "of an interface: leave \"%s:\" out", s->text,
                         s->column->name, s->port);
    }
    set_key(&cfg->other_config, s);
    return NULL;
}

/* The first complaint about `then` that there is not about `now` as well, or
 * NULL. */
static const char *
new_complaint(const struct cfg *now, const struct cfg *then,
              const struct cfg_env *env)
{
    struct sset before = SSET_INITIALIZER(&before);
    const char *complaint = NULL;
    struct cfg again;

    /* `now` was perhaps checked in another environment. */
    cfg_clone_written(&again, now);
    cfg_parse(&again, env);
    for (size_t i = 0; i < again.n_warnings; i++) {
        sset_add(&before, again.warnings[i]);
    }
    for (size_t i = 0; i < then->n_warnings && !complaint; i++) {
        if (!sset_contains(&before, then->warnings[i])) {
            complaint = then->warnings[i];
        }
    }
    sset_destroy(&before);
    cfg_destroy(&again);
    return complaint;
}

char *
cfg_what_if(const struct cfg *now, const char *const settings[],
            size_t n_settings, const struct cfg_env *env, struct cfg *then)
{
    const char *complaint;
    char *error = NULL;

    cfg_clone_written(then, now);
    for (size_t i = 0; i < n_settings && !error; i++) {
        struct setting s;

        error = take_apart(settings[i], &s);
        if (!error) {
            error = set_one(then, now, &s);
        }
        free(s.port);
    }
    if (!error) {
        cfg_parse(then, env);
        complaint = new_complaint(now, then, env);
        error = complaint ? xasprintf("this would be refused: %s", complaint)
                : NULL;
    }
    if (error) {
        cfg_destroy(then);
        cfg_init(then);
    }
    return error;
}
