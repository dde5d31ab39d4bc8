/* SPDX-License-Identifier: Apache-2.0
 *
 * switch-cmd.c: what operators ask about bridges and forwarding: dpif/show,
 * dpif/dump-dps, dpctl/show, dpctl/dump-dps, ofproto/list, sluice/drop-show.
 *
 * The peer's words for things Sluice does not have are kept where scripts read
 * them: the datapath "netdev@ovs-netdev" is all bridges together, its port 0
 * stands for the datapath itself, `hit` counts frames sent where the FDB said,
 * `missed` frames flooded because it did not know, `lost` (in upcalls, which
 * do not exist) is 0, and `flows` are the entries of all FDBs.
 */
#include <config.h>
#include "switch/bridge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "port/port.h"
#include "switch/drop.h"
#include "switch/fdb-cmd.h"
#include "switch/forward.h"
#include "switch/trace.h"
#include "unixctl.h"
#include "util.h"

#define DATAPATH_TYPE "netdev"
#define DATAPATH_NAME "ovs-netdev"

static void
reply(struct unixctl_conn *conn, struct ds *ds)
{
    unixctl_command_reply(conn, ds_cstr(ds));
    ds_destroy(ds);
}

/* dpif/show. */

static void
dpif_show_bridge(struct bridge *br, void *ds_)
{
    struct ds *ds = ds_;

    ds_put_format(ds, "  %s:\n", bridge_name(br));
    for (size_t i = 0; i < bridge_n_members(br); i++) {
        struct bridge_member m;
        char *description;

        bridge_get_member(br, i, &m);
        description = port_describe(m.port);
        ds_put_format(ds, "    %s %"PRIu16"/", m.name, m.ofport);
        if (m.port->dp_no) {
            ds_put_format(ds, "%"PRIu32, m.port->dp_no);
        } else {
            ds_put_cstr(ds, "none");
        }
        ds_put_format(ds, ": (%s)\n", description);
        free(description);
    }
}

static void
dpif_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
          const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (bridge_count()) {
        struct forward_stats stats;

        forward_stats_sum(&stats);
        ds_put_format(&ds, DATAPATH_TYPE"@"DATAPATH_NAME": hit:%"PRIu64
                      " missed:%"PRIu64"\n", stats.fdb_hits,
                      stats.fdb_misses);
        bridge_for_each(dpif_show_bridge, &ds);
    }
    reply(conn, &ds);
}

/* dpctl/show. */

static void
add_entries(struct bridge *br, void *n_)
{
    uint64_t *n = n_;
    struct fdb_stats stats;

    fdb_get_stats(bridge_fdb(br), &stats);
    *n += stats.current;
}

struct port_vector {
    struct port **v;
    size_t n, allocated;
};

static void
collect(struct port *p, void *vector_)
{
    struct port_vector *vector = vector_;

    if (p->dp_no && bridge_of_port(p)) {
        if (vector->n == vector->allocated) {
            vector->v = x2nrealloc(vector->v, &vector->allocated,
                                   sizeof *vector->v);
        }
        vector->v[vector->n++] = p;
    }
}

static int
compare_dp_no(const void *a_, const void *b_)
{
    const struct port *const *a = a_, *const *b = b_;

    return (*a)->dp_no < (*b)->dp_no ? -1 : (*a)->dp_no > (*b)->dp_no;
}

/* Appends `label` and the statistic `name`, "?" where the port has none.  A
 * NULL `stats` is the datapath's own port, which carries nothing. */
static uint64_t
put_stat(struct ds *ds, const struct port_stats *stats, const char *label,
         const char *name)
{
    ds_put_cstr(ds, label);
    if (!stats) {
        ds_put_char(ds, '0');
        return 0;
    }
    for (size_t i = 0; i < stats->n; i++) {
        if (!strcmp(stats->v[i].name, name)) {
            uint64_t value = (uint64_t) stats->v[i].value;

            ds_put_format(ds, "%"PRIu64, value);
            return value;
        }
    }
    ds_put_char(ds, '?');
    return 0;
}

static void
put_human_size(struct ds *ds, uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
    double value = (double) bytes / 1024;
    size_t unit = 0;

    if (bytes >= 1024) {
        while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
            value /= 1024;
            unit++;
        }
        ds_put_format(ds, " (%.1f %s)", value, units[unit]);
    }
}

static void
put_port_stats(struct ds *ds, const struct port_stats *stats)
{
    put_stat(ds, stats, "    RX packets:", "rx_packets");
    put_stat(ds, stats, " errors:", "rx_errors");
    put_stat(ds, stats, " dropped:", "rx_dropped");
    put_stat(ds, stats, " overruns:", "rx_over_err");
    put_stat(ds, stats, " frame:", "rx_frame_err");
    put_stat(ds, stats, "\n    TX packets:", "tx_packets");
    put_stat(ds, stats, " errors:", "tx_errors");
    put_stat(ds, stats, " dropped:", "tx_dropped");
    put_stat(ds, stats, " aborted:", "tx_aborted_errors");
    put_stat(ds, stats, " carrier:", "tx_carrier_errors");
    put_stat(ds, stats, "\n    collisions:", "collisions");
    put_human_size(ds, put_stat(ds, stats, "\n    RX bytes:", "rx_bytes"));
    put_human_size(ds, put_stat(ds, stats, "  TX bytes:", "tx_bytes"));
    ds_put_char(ds, '\n');
}

static void
put_datapath(struct ds *ds, bool with_stats)
{
    struct port_vector ports = { .v = NULL };
    struct forward_stats stats;
    uint64_t n_entries = 0;

    forward_stats_sum(&stats);
    bridge_for_each(add_entries, &n_entries);
    ds_put_format(ds, DATAPATH_TYPE"@"DATAPATH_NAME":\n"
                  "  lookups: hit:%"PRIu64" missed:%"PRIu64" lost:0\n"
                  "  flows: %"PRIu64"\n"
                  "  port 0: "DATAPATH_NAME" (tap)\n",
                  stats.fdb_hits, stats.fdb_misses, n_entries);
    if (with_stats) {
        put_port_stats(ds, NULL);
    }

    port_for_each(collect, &ports);
    if (ports.n) {
        qsort(ports.v, ports.n, sizeof *ports.v, compare_dp_no);
    }
    for (size_t i = 0; i < ports.n; i++) {
        struct port *p = ports.v[i];
        char *description = port_describe(p);

        ds_put_format(ds, "  port %"PRIu32": %s", p->dp_no, p->name);
        if (strcmp(description, "system")) {    /* as the peer does */
            ds_put_format(ds, " (%s)", description);
        }
        ds_put_char(ds, '\n');
        free(description);
        if (with_stats) {
            struct port_stats port_stats;

            port_get_stats(p, &port_stats);
            put_port_stats(ds, &port_stats);
            port_stats_destroy(&port_stats);
        }
    }
    free(ports.v);
}

/* Takes options from the front of the arguments.  Returns how many words, or
 * -1 with the error's text in `ds`. */
static int
parse_show_options(int argc, const char *argv[], bool *with_stats,
                   struct ds *ds)
{
    int n = 0;

    while (n + 1 < argc && argv[n + 1][0] == '-' && argv[n + 1][1]) {
        const char *option = argv[++n];

        if (!strcmp(option, "--statistics")) {
            *with_stats = true;
        } else if (!strcmp(option, "--more")) {
            /* Nothing more to say. */
        } else if (option[1] == '-') {
            ds_put_format(ds, "Unrecognized option %s", option);
            return -1;
        } else {
            for (const char *c = option + 1; *c; c++) {
                if (*c == 's') {
                    *with_stats = true;
                } else if (*c != 'm') {
                    ds_put_format(ds, "Unrecognized option -%c", *c);
                    return -1;
                }
            }
        }
    }
    return n;
}

static bool
is_datapath(const char *name)
{
    return bridge_count() && (!strcmp(name, DATAPATH_NAME)
                              || !strcmp(name,
                                         DATAPATH_TYPE"@"DATAPATH_NAME));
}

static void
dpctl_show(struct unixctl_conn *conn, int argc, const char *argv[],
           void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    bool with_stats = false;
    int n_options = parse_show_options(argc, argv, &with_stats, &ds);
    bool error = n_options < 0;

    if (!error && n_options + 1 == argc && bridge_count()) {
        put_datapath(&ds, with_stats);
    }
    for (int i = n_options + 1; n_options >= 0 && i < argc; i++) {
        if (is_datapath(argv[i])) {
            put_datapath(&ds, with_stats);
        } else {
            ds_put_format(&ds, "ovs-vswitchd: opening datapath %s failed "
                          "(No such device)\n", argv[i]);
            error = true;
        }
    }
    if (error) {
        unixctl_command_reply_error(conn, ds_cstr(&ds));
        ds_destroy(&ds);
    } else {
        reply(conn, &ds);
    }
}

/* Lists. */

static void
dpctl_dump_dps(struct unixctl_conn *conn, int argc OVS_UNUSED,
               const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    unixctl_command_reply(conn, bridge_count()
                          ? DATAPATH_TYPE"@"DATAPATH_NAME"\n" : NULL);
}

static void
put_bridge(struct bridge *br, void *ds)
{
    ds_put_format(ds, "%s\n", bridge_name(br));
}

static void
put_bridge_as_dp(struct bridge *br, void *ds)
{
    ds_put_format(ds, DATAPATH_TYPE"@%s\n", bridge_name(br));
}

static void
dpif_dump_dps(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    bridge_for_each(put_bridge_as_dp, &ds);
    reply(conn, &ds);
}

static void
ofproto_list(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    bridge_for_each(put_bridge, &ds);
    reply(conn, &ds);
}

/* sluice/drop-show. */

static void
drop_show(struct unixctl_conn *conn, int argc, const char *argv[],
          void *aux OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct drop_counters drops;

    if (argc > 1 && strcmp(argv[1], "-v")) {
        ds_put_format(&ds, "Unrecognized option %s", argv[1]);
        unixctl_command_reply_error(conn, ds_cstr(&ds));
        ds_destroy(&ds);
        return;
    }
    forward_drops(&drops);
    for (int i = 0; i < DROP_N_REASONS; i++) {
        ds_put_format(&ds, "%s: %"PRIu64, drop_names[i], drops.n[i]);
        if (argc > 1) {
            ds_put_format(&ds, " (%s)", drop_help[i]);
        }
        ds_put_char(&ds, '\n');
    }
    reply(conn, &ds);
}

void
switch_cmd_init(void)
{
    static const struct {
        const char *name, *usage;
        int min, max;
        unixctl_cb_func *cb;
    } commands[] = {
        { "dpctl/dump-dps", "", 0, 0, dpctl_dump_dps },
        { "dpctl/show", "[-s] [dp...]", 0, INT_MAX, dpctl_show },
        { "dpif/dump-dps", "", 0, 0, dpif_dump_dps },
        { "dpif/show", "", 0, 0, dpif_show },
        { "ofproto/list", "", 0, 0, ofproto_list },
        { "sluice/drop-show", "[-v]", 0, 1, drop_show },
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        unixctl_command_register(commands[i].name, commands[i].usage,
                                 commands[i].min, commands[i].max,
                                 commands[i].cb, NULL);
    }
    fdb_cmd_init();
    trace_cmd_init();
}
