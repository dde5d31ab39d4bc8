/* SPDX-License-Identifier: Apache-2.0
 *
 * port-qos-cmd.c: ovs-appctl qos/show and qos/show-types.
 */
#include <config.h>
#include "port/port.h"

#include "openvswitch/dynamic-string.h"
#include "qos/qos.h"
#include "unixctl.h"
#include "util.h"

static struct port *
find(struct unixctl_conn *conn, const char *name)
{
    struct port *p = port_find(name);

    if (!p) {
        unixctl_command_reply_error(conn, "no such interface");
    }
    return p;
}

static void
cmd_show(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
         void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct port *p = find(conn, argv[1]);
    const struct qos *q;

    if (!p) {
        return;
    }
    q = atomic_load_explicit(&p->tx_qos.limit, memory_order_relaxed);
    if (q) {
        ds_put_format(&ds, "QoS: %s %s\n", p->name, qos_type(q));
        qos_format(q, &ds);
    } else {
        ds_put_format(&ds, "QoS not configured on %s\n", p->name);
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

static void
cmd_show_types(struct unixctl_conn *conn, int argc OVS_UNUSED,
               const char *argv[], void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (!find(conn, argv[1])) {
        return;
    }
    for (const char *const *type = qos_types(); *type; type++) {
        ds_put_format(&ds, "QoS type: %s\n", *type);
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

void
port_qos_cmd_init(void)
{
    unixctl_command_register("qos/show", "interface", 1, 1, cmd_show, NULL);
    unixctl_command_register("qos/show-types", "interface", 1, 1,
                             cmd_show_types, NULL);
}
