/* SPDX-License-Identifier: Apache-2.0
 *
 * port-cmd.c: ovs-appctl netdev-dpdk/...: commands about single ports.
 */
#include <config.h>
#include "port/port.h"

#include <stdlib.h>
#include <string.h>

#include "port/ethdev.h"
#include "port/port-class.h"
#include "unixctl.h"
#include "util.h"

struct admin {
    bool up;
    char *error;
};

static void
set_admin(struct port *p, void *admin_)
{
    struct admin *admin = admin_;

    if (p->class->dpdk && !admin->error) {
        port_set_admin_state(p, admin->up, &admin->error);
    }
}

static void
cmd_set_admin_state(struct unixctl_conn *conn, int argc, const char *argv[],
                    void *aux OVS_UNUSED)
{
    const char *word = argv[argc - 1];
    struct admin admin = { .error = NULL };

    if (!strcasecmp(word, "up")) {
        admin.up = true;
    } else if (!strcasecmp(word, "down")) {
        admin.up = false;
    } else {
        unixctl_command_reply_error(conn, "Invalid Admin State");
        return;
    }
    if (argc > 2) {
        struct port *p = port_find(argv[1]);

        if (!p || !p->class->dpdk) {
            unixctl_command_reply_error(conn, "Not a DPDK Interface");
            return;
        }
        set_admin(p, &admin);
    } else {
        port_for_each(set_admin, &admin);
    }
    if (admin.error) {
        unixctl_command_reply_error(conn, admin.error);
        free(admin.error);
    } else {
        unixctl_command_reply(conn, "OK");
    }
}

static void
cmd_detach(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
           void *aux OVS_UNUSED)
{
    char *text = NULL;

    if (ethdev_detach(argv[1], &text)) {
        unixctl_command_reply_error(conn, text);
    } else {
        unixctl_command_reply(conn, text);
    }
    free(text);
}

void
port_cmd_init(void)
{
    unixctl_command_register("netdev-dpdk/set-admin-state",
                             "[netdev] up|down", 1, 2, cmd_set_admin_state,
                             NULL);
    unixctl_command_register("netdev-dpdk/detach",
                             "pci address of device", 1, 1, cmd_detach, NULL);
}
