/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-plan.c: what do the ports of the running switch ask for, and what would
 * they ask for with other settings?
 *
 * A port that runs is asked itself, since its device may grant less than is
 * configured.  For one that could not be made, and for a guest that has not
 * come yet, the configuration has to do.
 */
#include <config.h>
#include "vswitchd/mem-plan.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-domains.h"
#include "cfg/cfg-parse.h"
#include "cfg/cfg-what-if.h"
#include "dirs.h"
#include "eal/eal.h"
#include "mem/mp-plan-cfg.h"
#include "mem/mp-plan.h"
#include "pmd/pmd.h"
#include "port/port-class.h"
#include "port/port.h"
#include "smap.h"
#include "sset.h"
#include "svec.h"
#include "util.h"
#include "vswitchd/reconcile.h"

/* An interface that takes memory, as it is and as it would be. */
struct subject {
    const char *domain;
    const struct cfg_iface *now, *then;
    struct port *port;          /* NULL: it could not be made */
};

struct subjects {
    struct subject *v;
    size_t n, allocated;
};

/* What is counted although nobody knows. */
struct guesses {
    unsigned int n_guests, n_missing;
};

static void
add_subject(struct subjects *s, const char *domain,
            const struct cfg_iface *now, const struct cfg_iface *then)
{
    if (s->n == s->allocated) {
        s->v = x2nrealloc(s->v, &s->allocated, sizeof *s->v);
    }
    s->v[s->n++] = (struct subject) {
        .domain = domain, .now = now, .then = then,
        .port = port_find(now->name),
    };
}

/* Adds the interfaces that can be made, or those that cannot, but run since
 * before they were wrong.  No name twice. */
static void
add_subjects(struct subjects *s, const char *domain,
             const struct cfg_port *now, const struct cfg_port *then,
             bool usable, struct sset *names)
{
    for (size_t i = 0; i < now->n_ifaces; i++) {
        const struct cfg_iface *iface = &now->ifaces[i];

        if (iface->usable == usable && iface->kind != CFG_TYPE_PATCH
            && (usable || port_find(iface->name))
            && sset_add(names, iface->name)) {
            add_subject(s, domain, iface, &then->ifaces[i]);
        }
    }
}

/* (`then` is a copy of `now` with other values.) */
static void
find_subjects(const struct cfg *now, const struct cfg *then,
              const struct cfg_domains *domains, struct subjects *s)
{
    struct sset names = SSET_INITIALIZER(&names);

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < now->n_bridges; i++) {
            const struct cfg_bridge *br = &now->bridges[i];

            for (size_t j = 0; j < br->n_ports; j++) {
                add_subjects(s, cfg_domain(domains, br->name), &br->ports[j],
                             &then->bridges[i].ports[j], pass == 0, &names);
            }
        }
    }
    sset_destroy(&names);
}

/* What the port would ask for if `set` were wanted of it.  False: it needs no
 * memory, or, with a text, its device cannot do that. */
static bool
ask(struct port *p, const struct cfg_settings *set, unsigned int n_txq,
    struct mp_request *req, char **errp)
{
    struct cfg_settings wanted = p->wanted;
    uint16_t want_n_txq = p->want_n_txq;
    bool asks;

    p->wanted = *set;
    p->want_n_txq = (uint16_t) MIN(n_txq, PORT_MAX_TXQ);
    asks = ((!p->class->check || !p->class->check(p, errp))
            && port_mempool_request(p, req));
    p->wanted = wanted;
    p->want_n_txq = want_n_txq;
    return asks;
}

static bool
is_vhost(enum cfg_type kind)
{
    return kind == CFG_TYPE_VHOST_SERVER || kind == CFG_TYPE_VHOST_CLIENT;
}

/* A vhost port has as many queue pairs as its guest, if it may. */
static void
follow_guest(struct port *p, const struct cfg_settings *set,
             struct mp_request *req)
{
    struct smap status;
    int64_t vrings;

    port_get_status(p, &status);
    if (cfg_parse_int(smap_get_def(&status, "num_of_vrings", ""), 2,
                      2 * CFG_VHOST_PAIRS_MAX, &vrings)) {
        req->n_rxq = req->n_txq = MIN((uint32_t) vrings / 2,
                                      set->max_queue_pairs);
    }
    smap_destroy(&status);
}

/* Fills `p` for `s` with the settings of `iface`, one of the two.  Returns
 * NULL, or why its device cannot do that. */
static char *
describe(const struct subject *s, const struct cfg_iface *iface,
         unsigned int n_pmds, struct mp_plan_port *p, struct guesses *g)
{
    static const struct mp_plan_facts no_facts;
    const struct cfg_settings *set
        = iface->usable || !s->port ? &iface->set : &s->port->wanted;
    struct mp_request req;
    char *error = NULL;

    mp_plan_describe(s->domain, iface, n_pmds, &no_facts, p);
    if (s->port && ask(s->port, set, n_pmds + 1, &req, &error)) {
        if (is_vhost(iface->kind)) {
            follow_guest(s->port, set, &req);
        }
        p->req = req;
    } else if (s->port && !error) {
        g->n_guests += is_vhost(iface->kind);
    } else if (!s->port) {
        g->n_missing++;
    }
    return error;
}

/* What is.  A port whose device refused an MTU goes on with the one before. */
static void
describe_now(const struct subject *s, unsigned int n_pmds,
             struct mp_plan_port *p, struct guesses *g)
{
    char *error = describe(s, s->now, n_pmds, p, g);

    if (error) {
        struct cfg_settings set = s->now->set;
        char *ignored = NULL;

        set.mtu = s->port->running.mtu;
        ask(s->port, &set, n_pmds + 1, &p->req, &ignored);
        free(ignored);
        free(error);
    }
}

/* Settings that are read once, as they were read; of those that differ from
 * `now` to `then`, what they would be. */
static void
start_settings(const struct cfg *now, const struct cfg *then,
               struct smap *start)
{
    static const char *const keys[] = {
        "mempool-max-mbufs", "shared-mempool-config",
    };
    const struct smap *read = eal_started_with();

    smap_clone(start, read ? read : &now->other_config);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *a = smap_get(&now->other_config, keys[i]);
        const char *b = smap_get(&then->other_config, keys[i]);

        if (nullable_string_is_equal(a, b)) {
            continue;
        } else if (b) {
            smap_replace(start, keys[i], b);
        } else {
            smap_remove(start, keys[i]);
        }
    }
}

static void
init_in(struct mp_plan_in *in, const struct subjects *s,
        const struct cfg *now, const struct cfg *then, unsigned int n_pmds)
{
    struct smap start;

    start_settings(now, then, &start);
    mp_plan_in_init(in, s->n, &start, n_pmds);
    smap_destroy(&start);
}

/* PMD threads with `cfg`.  0 and a text: its mask is wrong here. */
static unsigned int
count_pmds(const struct cfg *cfg, char **errp)
{
    static const struct mp_plan_facts no_facts;
    int n;

    if (eal_state() != EAL_RUNNING) {
        return mp_plan_n_pmds(cfg, &no_facts);
    }
    n = pmd_mask_count(cfg->pmd_cpu_mask, errp);
    return n < 0 ? 0 : (unsigned int) n;
}

static void
plan_now(const struct subjects *s, const struct cfg *cfg,
         struct mp_plan_in *in, struct guesses *g)
{
    static const struct mp_plan_facts no_facts;
    unsigned int n_pmds = pmd_n_threads();
    struct mp_plan_port p;

    n_pmds = n_pmds ? n_pmds : mp_plan_n_pmds(cfg, &no_facts);
    init_in(in, s, cfg, cfg, n_pmds);
    for (size_t i = 0; i < s->n; i++) {
        describe_now(&s->v[i], n_pmds, &p, g);
        mp_plan_in_add(in, &p);
    }
}

/* Nothing but the settings in question may differ from `now`. */
static char *
plan_then(const struct subjects *s, const struct cfg *cfg,
          const struct cfg *then, unsigned int n_threads,
          struct mp_plan_in *in)
{
    unsigned int n_pmds = n_threads - 1;
    struct guesses ignored = { .n_guests = 0 };
    char *error = NULL;

    if (!nullable_string_is_equal(cfg->pmd_cpu_mask, then->pmd_cpu_mask)) {
        n_pmds = count_pmds(then, &error);
    }
    init_in(in, s, cfg, then, n_pmds);
    for (size_t i = 0; i < s->n && !error; i++) {
        const struct subject *subject = &s->v[i];
        struct mp_plan_port p;

        if (subject->then->usable) {
            error = describe(subject, subject->then, n_pmds, &p, &ignored);
        } else {
            describe_now(subject, n_pmds, &p, &ignored);
        }
        mp_plan_in_add(in, &p);
    }
    return error;
}

static void
say_guesses(const struct guesses *g, struct svec *notes)
{
    if (g->n_guests) {
        svec_add_nocopy(notes,
                        xasprintf("%u vhost-user port%s had no guest yet: "
                                  "counted with one queue pair, or "
                                  "vhost-max-queue-pairs, on socket 0",
                                  g->n_guests,
                                  g->n_guests == 1 ? " has" : "s have"));
    }
    if (g->n_missing) {
        svec_add_nocopy(notes,
                        xasprintf("%u port%s that could not be made %s "
                                  "counted with what is configured, on "
                                  "socket 0", g->n_missing,
                                  g->n_missing == 1 ? "" : "s",
                                  g->n_missing == 1 ? "is" : "are"));
    }
}

static struct cfg_env
environment(void)
{
    const struct eal_settings *s = eal_settings();

    return (struct cfg_env) {
        .vhost_sock_dir = s->vhost_sock_dir ? s->vhost_sock_dir
                          : ovs_rundir(),
        .vhost_iommu = s->vhost_iommu,
        .vhost_postcopy = s->vhost_postcopy,
    };
}

char *
mem_plan_make(const char *const settings[], size_t n_settings,
              struct mp_plan *now, struct mp_plan *then, struct svec *notes)
{
    const struct cfg *cfg = reconcile_current();
    struct cfg_env env = environment();
    struct guesses guesses = { .n_guests = 0 };
    struct mp_plan_in in_now, in_then;
    struct subjects s = { .v = NULL };
    struct cfg_domains domains;
    struct cfg what_if;
    char *error;

    if (!cfg) {
        return xstrdup("no configuration yet: the database was not reached");
    }
    error = cfg_what_if(cfg, settings, n_settings, &env, &what_if);
    if (error) {
        return error;
    }
    cfg_domains_of_cfg(&domains, cfg);      /* no setting changes them */
    find_subjects(cfg, &what_if, &domains, &s);
    plan_now(&s, cfg, &in_now, &guesses);
    error = plan_then(&s, cfg, &what_if, in_now.n_threads, &in_then);
    if (!error) {
        mp_plan_make(&in_now, now);
        if (n_settings) {
            mp_plan_change(&in_now, &in_then, then);
        }
        say_guesses(&guesses, notes);
    }
    mp_plan_in_destroy(&in_now);
    mp_plan_in_destroy(&in_then);
    free(s.v);
    cfg_domains_destroy(&domains);
    cfg_destroy(&what_if);
    return error;
}
