/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-plan-cmd.c: ovs-appctl netdev-dpdk/mempool-plan.
 */
#include <config.h>
#include "vswitchd/mem-plan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "eal/eal.h"
#include "mem/mp-plan-view.h"
#include "mem/mp-plan.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "unixctl.h"
#include "util.h"

typedef void format_fn(const struct mp_plan_view *, struct ds *);

/* Options and settings in any order. */
static char *
parse_arguments(int argc, const char *argv[], format_fn **format,
                struct svec *settings)
{
    *format = mp_plan_to_text;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json")) {
            *format = mp_plan_to_json;
        } else if (!strcmp(argv[i], "--svg")) {
            *format = mp_plan_to_svg;
        } else if (argv[i][0] == '-') {
            return xasprintf("unknown option '%s': --json or --svg",
                             argv[i]);
        } else {
            svec_add(settings, argv[i]);
        }
    }
    return NULL;
}

static void
reply(struct unixctl_conn *conn, const struct svec *settings,
      format_fn *format)
{
    const struct eal_settings *eal = eal_settings();
    const char *const *words = (const char *const *) settings->names;
    struct svec notes = SVEC_EMPTY_INITIALIZER;
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct mp_plan now, then;
    char *error = mem_plan_make(words, settings->n, &now, &then, &notes);

    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        format(&(struct mp_plan_view) {
                   .plan = settings->n ? &then : &now,
                   .before = settings->n ? &now : NULL,
                   .settings = words,
                   .n_settings = settings->n,
                   .in_force = mp_plan_kind_of(eal->per_port_memory,
                                               eal->mempool_elastic),
                   .only = MP_PLAN_N_KINDS,
                   .notes = (const char *const *) notes.names,
                   .n_notes = notes.n,
               }, &ds);
        unixctl_command_reply(conn, ds_cstr(&ds));
        mp_plan_destroy(&now);
        if (settings->n) {
            mp_plan_destroy(&then);
        }
    }
    ds_destroy(&ds);
    svec_destroy(&notes);
}

static void
cmd_mempool_plan(struct unixctl_conn *conn, int argc, const char *argv[],
                 void *aux OVS_UNUSED)
{
    struct svec settings = SVEC_EMPTY_INITIALIZER;
    format_fn *format;
    char *error = parse_arguments(argc, argv, &format, &settings);

    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        reply(conn, &settings, format);
    }
    svec_destroy(&settings);
}

void
mem_plan_cmd_init(void)
{
    unixctl_command_register("netdev-dpdk/mempool-plan",
                             "[[PORT:]COLUMN=VALUE]... [--json|--svg]", 0,
                             INT_MAX, cmd_mempool_plan, NULL);
}
