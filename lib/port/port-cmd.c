/* SPDX-License-Identifier: Apache-2.0
 *
 * port-cmd.c: ovs-appctl netdev-dpdk/...: commands about single ports.
 */
#include <config.h>
#include "port/port.h"

#include <stdlib.h>
#include <string.h>

#include "mem/mempool.h"
#include "openvswitch/dynamic-string.h"
#include "port/ethdev.h"
#include "port/port-class.h"
#include "sset.h"
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

/* Pools may come and go while others are trimmed: names, not pointers. */
static void
add_surplus(const struct mp *mp, void *names)
{
    if (mp_has_surplus(mp)) {
        sset_add(names, mp_name(mp));
    }
}

/* Trims the pool `name`; a line for it, or an error, goes to `ds`. */
static int
trim(const char *name, struct ds *ds)
{
    struct mp *mp = mp_find(name);
    struct mp_info info;
    char *text = NULL;
    int error;

    if (!mp || !mp_has_surplus(mp)) {
        ds_put_format(ds, "%s: nothing to trim\n", name);
        return 0;
    }
    mp_get_info(mp, &info);
    error = port_trim_pool(mp, &text);
    if (error) {
        ds_put_format(ds, "%s: not trimmed: %s\n", name, text);
    } else {
        ds_put_format(ds, "%s: %u mbufs (%.1f MiB) replaced\n", name,
                      info.populated, (double) info.bytes / (1024 * 1024));
    }
    free(text);
    return error;
}

static void
cmd_mempool_trim(struct unixctl_conn *conn, int argc, const char *argv[],
                 void *aux OVS_UNUSED)
{
    struct sset names = SSET_INITIALIZER(&names);
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *name;
    int error = 0;

    if (argc > 1 && !mp_find(argv[1])) {
        char *text = xasprintf("there is no mempool '%s': "
                               "netdev-dpdk/mempool-show lists them",
                               argv[1]);

        unixctl_command_reply_error(conn, text);
        free(text);
        return;
    } else if (argc > 1) {
        sset_add(&names, argv[1]);
    } else {
        mp_for_each(add_surplus, &names);
    }
    SSET_FOR_EACH (name, &names) {
        int rc = trim(name, &ds);

        error = error ? error : rc;
    }
    if (sset_is_empty(&names)) {
        ds_put_cstr(&ds, "nothing to trim\n");
    }
    if (error) {
        unixctl_command_reply_error(conn, ds_cstr(&ds));
    } else {
        unixctl_command_reply(conn, ds_cstr(&ds));
    }
    ds_destroy(&ds);
    sset_destroy(&names);
}

void
port_cmd_init(void)
{
    unixctl_command_register("netdev-dpdk/set-admin-state",
                             "[netdev] up|down", 1, 2, cmd_set_admin_state,
                             NULL);
    unixctl_command_register("netdev-dpdk/detach",
                             "pci address of device", 1, 1, cmd_detach, NULL);
    unixctl_command_register("netdev-dpdk/mempool-trim", "[mempool]", 0, 1,
                             cmd_mempool_trim, NULL);
}
