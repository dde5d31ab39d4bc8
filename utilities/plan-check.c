/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-check.c: is what was read right, and what had to be guessed?
 */
#include <config.h>
#include "utilities/plan-input.h"

#include <stdlib.h>
#include <strings.h>

#include "cfg/cfg-mempool.h"
#include "util.h"

void
plan_input_init(struct plan_input *in)
{
    cfg_init(&in->cfg);
    simap_init(&in->sockets);
    simap_init(&in->pairs);
    in->n_pmds = 0;
    svec_init(&in->notes);
}

void
plan_input_destroy(struct plan_input *in)
{
    cfg_destroy(&in->cfg);
    simap_destroy(&in->sockets);
    simap_destroy(&in->pairs);
    svec_destroy(&in->notes);
}

/* The first complaint, or all of them as notes. */
struct complaints {
    struct plan_input *in;
    bool fatal;                 /* the first one is an error... */
    char *error;                /* ... and stands here */
};

/* Takes `text`. */
static void
complain(char *text, void *c_)
{
    struct complaints *c = c_;

    if (!c->fatal) {
        svec_add_nocopy(&c->in->notes, text);
    } else if (!c->error) {
        c->error = text;
    } else {
        free(text);
    }
}

static void
for_each_iface(struct plan_input *in,
               void (*cb)(const struct cfg_iface *, void *aux), void *aux)
{
    for (size_t i = 0; i < in->cfg.n_bridges; i++) {
        const struct cfg_bridge *br = &in->cfg.bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j].n_ifaces; k++) {
                cb(&br->ports[j].ifaces[k], aux);
            }
        }
    }
}

static void
check_iface(const struct cfg_iface *iface, void *c)
{
    if (iface->error) {
        complain(xasprintf("%s%s", iface->error,
                           iface->usable ? "" : " (not counted)"), c);
    }
}

/* Settings that are read when the switch starts, and not by cfg_parse(). */
static void
check_start(struct complaints *c)
{
    const struct smap *oc = &c->in->cfg.other_config;
    const char *max = smap_get(oc, "mempool-max-mbufs");
    const char *sizing = smap_get_def(oc, "mempool-sizing", "fixed");
    size_t n_entries;
    int64_t n;

    free(cfg_parse_shared_mempools(smap_get_def(oc, "shared-mempool-config",
                                                ""),
                                   &n_entries, complain, c));
    if (max && !cfg_parse_int(max, CFG_MAX_MBUFS_MIN, CFG_MAX_MBUFS_MAX,
                              &n)) {
        complain(xasprintf("mempool-max-mbufs \"%s\" is no number from %d to "
                           "%d: using the default", max, CFG_MAX_MBUFS_MIN,
                           CFG_MAX_MBUFS_MAX), c);
    }
    if (strcasecmp(sizing, "fixed") && strcasecmp(sizing, "elastic")) {
        complain(xasprintf("mempool-sizing \"%s\" is none of fixed, elastic: "
                           "using fixed", sizing), c);
    }
}

struct guests {
    const struct plan_input *in;
    unsigned int n_unknown;
};

static void
count_unknown(const struct cfg_iface *iface, void *g_)
{
    struct guests *g = g_;

    if ((iface->kind == CFG_TYPE_VHOST_SERVER
         || iface->kind == CFG_TYPE_VHOST_CLIENT) && iface->usable) {
        g->n_unknown += (!simap_contains(&g->in->pairs, iface->name)
                         && !smap_get(&iface->options,
                                      "vhost-max-queue-pairs"));
    }
}

static void
say_guessed(struct plan_input *in)
{
    struct guests g = { .in = in };

    for_each_iface(in, count_unknown, &g);
    if (g.n_unknown) {
        svec_add_nocopy(&in->notes,
                        xasprintf("%u vhost-user port%s counted with one "
                                  "queue pair: how many the guest has is not "
                                  "known", g.n_unknown,
                                  g.n_unknown == 1 ? " is" : "s are each"));
    }
}

char *
plan_check(struct plan_input *in, const struct cfg_env *env, bool fatal)
{
    struct complaints c = { .in = in, .fatal = fatal };

    cfg_parse_global(&in->cfg);
    for (size_t i = 0; i < in->cfg.n_warnings; i++) {
        complain(xstrdup(in->cfg.warnings[i]), &c);
    }
    check_start(&c);
    cfg_parse_objects(&in->cfg, env);
    for_each_iface(in, check_iface, &c);
    say_guessed(in);
    return c.error;
}
