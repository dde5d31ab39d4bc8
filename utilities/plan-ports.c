/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-ports.c: which ports does a small text file describe?
 *
 *     # NAME KEY=VALUE...
 *     vh0 type=dpdkvhostuserclient mtu=9000 pairs=2
 *     nic0 type=dpdk n_rxq=2 socket=1 group=noisy
 *     # settings of the whole switch
 *     pmds=2 per-port-memory=true
 *
 * Each becomes what it would be in the database.
 */
#include <config.h>
#include "utilities/plan-input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-mempool.h"
#include "openvswitch/dynamic-string.h"
#include "unicode.h"
#include "util.h"

#define DEFAULT_BRIDGE "br0"

enum { PMDS_MAX = 1024 };

/* A port, as far as its line was read. */
struct draft {
    struct plan_input *in;
    const char *name;
    const char *bridge;
    char *type;
    struct smap options, other_config;
    int64_t mtu;                /* -1: not said */
};

static char *
take_number(const char *key, const char *value, int64_t min, int64_t max,
            int64_t *n)
{
    return (cfg_parse_int(value, min, max, n) ? NULL
            : xasprintf("%s \"%s\" is no number from %lld to %lld", key,
                        value, (long long int) min, (long long int) max));
}

/* What a key of a port stands for. */
enum meaning { TYPE, MTU, BRIDGE_NAME, SOCKET, PAIRS, GROUP, OPTION };

static const struct port_key {
    const char *key;
    enum meaning meaning;
    const char *option;         /* OPTION: its name in Interface.options */
} port_keys[] = {
    { "type", TYPE, NULL },
    { "mtu", MTU, NULL },
    { "bridge", BRIDGE_NAME, NULL },
    { "socket", SOCKET, NULL },
    { "pairs", PAIRS, NULL },
    { "group", GROUP, NULL },
    { "n_rxq", OPTION, "n_rxq" },
    { "n_rxq_desc", OPTION, "n_rxq_desc" },
    { "n_txq_desc", OPTION, "n_txq_desc" },
    { "devargs", OPTION, "dpdk-devargs" },
};

/* Keys of the whole switch, in Open_vSwitch.other_config. */
static const char *const ovs_keys[] = {
    "mempool-max-mbufs", "mempool-sizing", "per-port-memory",
    "pmd-cpu-mask", "shared-mempool-config",
};

static char *
unknown_key(const char *key, bool of_port)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    ds_put_format(&ds, "\"%s\" is no key of %s; known are", key,
                  of_port ? "a port" : "the switch");
    for (size_t i = 0; of_port && i < ARRAY_SIZE(port_keys); i++) {
        ds_put_format(&ds, "%s %s", i ? "," : "", port_keys[i].key);
    }
    for (size_t i = 0; !of_port && i < ARRAY_SIZE(ovs_keys); i++) {
        ds_put_format(&ds, "%s %s", i ? "," : "", ovs_keys[i]);
    }
    ds_put_cstr(&ds, of_port ? "" : ", pmds");
    return ds_steal_cstr(&ds);
}

static const struct port_key *
find_port_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(port_keys); i++) {
        if (!strcmp(key, port_keys[i].key)) {
            return &port_keys[i];
        }
    }
    return NULL;
}

static char *
take_port_key(struct draft *d, const char *key, const char *value)
{
    const struct port_key *k = find_port_key(key);
    char *error;
    int64_t n;

    if (!k) {
        return unknown_key(key, true);
    }
    switch (k->meaning) {
    case TYPE:
        free(d->type);
        d->type = xstrdup(value);
        return NULL;
    case MTU:
        return take_number(key, value, CFG_MTU_MIN, CFG_MTU_MAX, &d->mtu);
    case BRIDGE_NAME:
        d->bridge = value;
        return NULL;
    case SOCKET:
        error = take_number(key, value, 0, CFG_NUMA_MAX, &n);
        if (!error) {
            simap_put(&d->in->sockets, d->name, (unsigned int) n);
        }
        return error;
    case PAIRS:
        error = take_number(key, value, 1, CFG_VHOST_PAIRS_MAX, &n);
        if (!error) {
            simap_put(&d->in->pairs, d->name, (unsigned int) n);
        }
        return error;
    case GROUP:
        smap_replace(&d->other_config, "mempool-group", value);
        return NULL;
    case OPTION:
        smap_replace(&d->options, k->option, value);
        return NULL;
    }
    OVS_NOT_REACHED();
}

/* What a port needs for its type and no plan asks about; `line` makes it
 * unique. */
static void
add_device(struct draft *d, unsigned int line)
{
    if (!strcmp(d->type, "dpdk") && !smap_get(&d->options, "dpdk-devargs")) {
        smap_add_format(&d->options, "dpdk-devargs", "line-%u", line);
    } else if (!strcmp(d->type, "dpdkvhostuserclient")) {
        smap_add_format(&d->options, "vhost-server-path", "line-%u", line);
    }
}

static struct cfg_bridge *
find_or_add_bridge(struct cfg *cfg, const char *name)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        if (!strcmp(cfg->bridges[i].name, name)) {
            return &cfg->bridges[i];
        }
    }
    return cfg_add_bridge(cfg, name);
}

static void
add_port(const struct draft *d)
{
    struct cfg_bridge *br = find_or_add_bridge(&d->in->cfg, d->bridge);
    struct cfg_iface *iface
        = cfg_port_add_iface(cfg_bridge_add_port(br, d->name), d->name);

    iface->type = xstrdup(d->type);
    smap_destroy(&iface->options);
    smap_clone(&iface->options, &d->options);
    smap_destroy(&iface->other_config);
    smap_clone(&iface->other_config, &d->other_config);
    iface->has_mtu_request = d->mtu >= 0;
    iface->mtu_request = d->mtu;
}

/* The next word, or NULL. */
static char *
next_word(char **line)
{
    return strtok_r(NULL, " \t\r\n", line);
}

/* Cuts "KEY=VALUE" in two. */
static char *
split(char *word, char **valuep)
{
    char *equals = strchr(word, '=');

    *valuep = NULL;
    if (!equals) {
        return xasprintf("\"%s\": expected KEY=VALUE", word);
    }
    *equals = '\0';
    *valuep = equals + 1;
    return NULL;
}

static char *
read_port(const char *name, char **rest, unsigned int line,
          struct plan_input *in)
{
    struct draft d = {
        .in = in, .name = name, .bridge = DEFAULT_BRIDGE, .mtu = -1,
    };
    char *error = NULL;
    char *word, *value;

    smap_init(&d.options);
    smap_init(&d.other_config);
    while (!error && (word = next_word(rest)) != NULL) {
        error = split(word, &value);
        if (!error) {
            error = take_port_key(&d, word, value);
        }
    }
    if (!error && !d.type) {
        error = xstrdup("type is missing, such as type=dpdk or "
                        "type=dpdkvhostuserclient");
    }
    if (!error) {
        add_device(&d, line);
        add_port(&d);
    } else {
        char *whole = xasprintf("%s: %s", name, error);

        free(error);
        error = whole;
    }
    free(d.type);
    smap_destroy(&d.options);
    smap_destroy(&d.other_config);
    return error;
}

static char *
take_ovs_key(struct plan_input *in, const char *key, const char *value)
{
    int64_t n;
    char *error;

    if (!strcmp(key, "pmds")) {
        error = take_number(key, value, 1, PMDS_MAX, &n);
        if (!error) {
            in->n_pmds = (unsigned int) n;
        }
        return error;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ovs_keys); i++) {
        if (!strcmp(key, ovs_keys[i])) {
            smap_replace(&in->cfg.other_config, key, value);
            return NULL;
        }
    }
    return unknown_key(key, false);
}

static char *
read_line(char *text, unsigned int line, struct plan_input *in)
{
    char *error = utf8_validate(text, NULL);
    char *rest = NULL, *word, *value;

    if (error) {
        return error;
    }
    text[strcspn(text, "#")] = '\0';
    word = strtok_r(text, " \t\r\n", &rest);
    if (word && !strchr(word, '=')) {
        return read_port(word, &rest, line, in);
    }
    for (; word && !error; word = next_word(&rest)) {
        error = split(word, &value);
        if (!error) {
            error = take_ovs_key(in, word, value);
        }
    }
    return error;
}

char *
plan_read_ports(const char *file, struct plan_input *in)
{
    bool use_stdin = !strcmp(file, "-");
    FILE *stream = use_stdin ? stdin : fopen(file, "r");
    struct ds ds = DS_EMPTY_INITIALIZER;
    unsigned int line = 0;
    char *error = NULL;

    if (!stream) {
        return xasprintf("%s: %s", file, ovs_strerror(errno));
    }
    while (!error && !ds_get_line(&ds, stream)) {
        char *why = read_line(ds_cstr(&ds), ++line, in);

        if (why) {
            error = xasprintf("%s, line %u: %s", file, line, why);
            free(why);
        }
    }
    if (!error && ferror(stream)) {
        error = xasprintf("%s: %s", file, ovs_strerror(errno));
    }
    if (!use_stdin) {
        fclose(stream);
    }
    ds_destroy(&ds);
    return error;
}
