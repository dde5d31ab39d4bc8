/* SPDX-License-Identifier: Apache-2.0
 *
 * reconcile-cmd.c: ovs-appctl sluice/recompute and sluice/pending-restart.
 */
#include <config.h>
#include "vswitchd/reconcile.h"

#include <stdlib.h>

#include "cfg/cfg-diff.h"
#include "cfg/cfg-parse.h"
#include "eal/eal.h"
#include "openvswitch/dynamic-string.h"
#include "unixctl.h"

static void
cmd_recompute(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    struct cfg_plan plan;

    if (!reconcile_current()) {
        unixctl_command_reply_error(conn, "no configuration yet: the "
                                    "database was not reached");
        return;
    }
    reconcile_plan(&plan);
    for (size_t i = 0; i < plan.n; i++) {
        char *line = cfg_step_to_string(&plan.steps[i]);

        ds_put_format(&s, "%s\n", line);
        free(line);
    }
    if (!plan.n) {
        ds_put_cstr(&s, "nothing to do\n");
    }
    cfg_plan_destroy(&plan);
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

static void
add_pending(const char *key, const char *running, const char *wanted,
            void *s_)
{
    struct ds *s = s_;

    ds_put_format(s, "%s: running %s, wanted %s\n", key,
                  running ? running : "(unset)",
                  wanted ? wanted : "(unset)");
}

static void
cmd_pending_restart(struct unixctl_conn *conn, int argc OVS_UNUSED,
                    const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds s = DS_EMPTY_INITIALIZER;
    const struct cfg *cfg = reconcile_current();

    if (cfg && eal_started_with()) {
        cfg_pending_restart(eal_started_with(), &cfg->other_config,
                            add_pending, &s);
    }
    if (!s.length) {
        ds_put_cstr(&s, "nothing pending\n");
    }
    unixctl_command_reply(conn, ds_cstr(&s));
    ds_destroy(&s);
}

void
reconcile_cmd_init(void)
{
    unixctl_command_register("sluice/recompute", "", 0, 0, cmd_recompute,
                             NULL);
    unixctl_command_register("sluice/pending-restart", "", 0, 0,
                             cmd_pending_restart, NULL);
}
