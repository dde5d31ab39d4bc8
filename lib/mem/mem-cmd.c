/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-cmd.c: ovs-appctl netdev-dpdk/get-mempool-info.
 *
 * Main thread.
 */
#include <config.h>
#include "mem/mempool.h"

#include <inttypes.h>

#include "openvswitch/compiler.h"
#include "openvswitch/dynamic-string.h"
#include "unixctl.h"

static mp_find_by_port_fn *find_by_port;

static void
dump_one(const struct mp *mp, void *ds)
{
    mp_dump(mp, ds);
}

/* `mp`'s text and, since the text counts from the room that the pool has, a
 * last line that counts the mbufs that it has. */
static void
dump_of_port(const struct mp *mp, struct ds *ds)
{
    struct mp_info info;

    mp_get_info(mp, &info);
    mp_dump(mp, ds);
    ds_put_format(ds, "    count: avail (%"PRIu32"), in use (%"PRIu32")\n",
                  info.populated - info.in_use, info.in_use);
}

static void
cmd_get_mempool_info(struct unixctl_conn *conn, int argc, const char *argv[],
                     void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (argc < 2) {
        mp_for_each(dump_one, &ds);
    } else {
        bool is_dpdk = false;
        const struct mp *mp = find_by_port(argv[1], &is_dpdk);

        if (!mp) {
            unixctl_command_reply_error(
                conn, is_dpdk ? "Not allocated" : "Not a DPDK Interface");
            return;
        }
        dump_of_port(mp, &ds);
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

void
mem_cmd_init(mp_find_by_port_fn *find)
{
    find_by_port = find;
    unixctl_command_register("netdev-dpdk/get-mempool-info", "[netdev]", 0, 1,
                             cmd_get_mempool_info, NULL);
}
