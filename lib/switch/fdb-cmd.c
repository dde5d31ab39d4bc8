/* SPDX-License-Identifier: Apache-2.0
 *
 * fdb-cmd.c: what operators ask of a bridge's FDB: fdb/show, fdb/flush,
 * fdb/add, fdb/del, fdb/stats-show, fdb/stats-clear.
 *
 * Texts are those that the tools' users know from the peer.
 */
#include <config.h>
#include "switch/fdb-cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "switch/fdb.h"
#include "unixctl.h"
#include "util.h"

enum {
    DUMP_CHUNK = 256,           /* entries taken from the table at once */
    LINE_LENGTH = 38,           /* bytes of an entry's line, mostly */
    OFPORT_LOCAL = 65534,
};

/* Arguments: each replies with an error and returns NULL or false where the
 * text is wrong. */

static struct bridge *
parse_bridge(struct unixctl_conn *conn, const char *name)
{
    struct bridge *br = bridge_find(name);

    if (!br) {
        unixctl_command_reply_error(conn, "no such bridge");
    }
    return br;
}

static bool
find_member(const struct bridge *br, const char *name, struct bridge_member *m)
{
    for (size_t i = 0; i < bridge_n_members(br); i++) {
        bridge_get_member(br, i, m);
        if (!strcmp(m->name, name)) {
            return true;
        }
    }
    return false;
}

static bool
parse_key(struct unixctl_conn *conn, const char *vlan_s, const char *mac_s,
          uint64_t *key)
{
    uint8_t mac[6];
    int vlan, n = 0;

    if (!str_to_int(vlan_s, 10, &vlan) || vlan < 0 || vlan > 4095) {
        char *error = xasprintf("bad VLAN '%s': must be 0 to 4095", vlan_s);

        unixctl_command_reply_error(conn, error);
        free(error);
        return false;
    }
    if (sscanf(mac_s, "%2"SCNx8":%2"SCNx8":%2"SCNx8":%2"SCNx8":%2"SCNx8
               ":%2"SCNx8"%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
               &mac[5], &n) != 6 || mac_s[n]
        || mac[0] & 1 || !fdb_key(0, mac)) {
        unixctl_command_reply_error(conn, "bad MAC address");
        return false;
    }
    *key = fdb_key((uint16_t) vlan, mac);
    return true;
}

/* fdb/show. */

/* "    1", "LOCAL": OpenFlow port numbers by logical port. */
struct port_names {
    char (*name)[6];
    size_t n;
};

static void
port_names_init(struct port_names *names, const struct bridge *br)
{
    names->n = 0;
    names->name = NULL;
    for (size_t i = 0; i < bridge_n_members(br); i++) {
        struct bridge_member m;

        bridge_get_member(br, i, &m);
        if (m.index >= names->n) {
            names->name = xrealloc(names->name,
                                   (m.index + 1u) * sizeof *names->name);
            memset(names->name + names->n, 0,
                   (m.index + 1u - names->n) * sizeof *names->name);
            names->n = m.index + 1u;
        }
        if (m.ofport == OFPORT_LOCAL) {
            strcpy(names->name[m.index], "LOCAL");
        } else {
            snprintf(names->name[m.index], sizeof *names->name, "%5"PRIu16,
                     m.ofport);
        }
    }
}

/* A million lines are worth doing without printf. */

/* Appends `value`, right in a field of at least `width` columns, <= 10. */
static void
put_number(struct ds *ds, uint32_t value, int width)
{
    char s[10];
    int i = sizeof s;

    do {
        s[--i] = (char) ('0' + value % 10);
        value /= 10;
    } while (value);
    while ((int) sizeof s - i < width) {
        s[--i] = ' ';
    }
    ds_put_buffer(ds, s + i, sizeof s - (size_t) i);
}

static void
put_mac(struct ds *ds, uint64_t mac)
{
    static const char hex[] = "0123456789abcdef";
    char *s = ds_put_uninit(ds, 17);

    for (int i = 0; i < 6; i++) {
        unsigned int byte = mac >> (40 - 8 * i) & 0xff;

        s[3 * i] = hex[byte >> 4];
        s[3 * i + 1] = hex[byte & 15];
        if (i < 5) {
            s[3 * i + 2] = ':';
        }
    }
}

static void
put_entry(struct ds *ds, const struct port_names *names,
          const struct fdb_entry *e, uint32_t now)
{
    if (e->port >= names->n || !names->name[e->port][0]) {
        return;                 /* cannot be: the port's were flushed */
    }
    ds_put_cstr(ds, names->name[e->port]);
    ds_put_cstr(ds, "  ");
    put_number(ds, (uint32_t) (e->key >> 48), 4);
    ds_put_cstr(ds, "  ");
    put_mac(ds, e->key);
    if (e->is_static) {
        ds_put_cstr(ds, "  static\n");
    } else {
        int age = (int) (now - e->seen);

        ds_put_cstr(ds, "  ");
        put_number(ds, (uint32_t) MAX(age, 0), 3);
        ds_put_char(ds, '\n');
    }
}

static void
fdb_show(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
         void *aux OVS_UNUSED)
{
    struct bridge *br = parse_bridge(conn, argv[1]);
    struct fdb_entry entries[DUMP_CHUNK];
    struct port_names names;
    struct fdb_stats stats;
    size_t pos = 0, n;
    struct ds ds;

    if (!br) {
        return;
    }
    fdb_get_stats(bridge_fdb(br), &stats);
    ds_init(&ds);
    ds_reserve(&ds, (stats.current + 2) * LINE_LENGTH);
    ds_put_cstr(&ds, " port  VLAN  MAC                Age\n");
    port_names_init(&names, br);
    while ((n = fdb_dump(bridge_fdb(br), &pos, entries, DUMP_CHUNK)) > 0) {
        for (size_t i = 0; i < n; i++) {
            put_entry(&ds, &names, &entries[i], switch_now());
        }
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    free(names.name);
    ds_destroy(&ds);
}

/* fdb/add, fdb/del. */

/* Says what an existing entry loses to a static one on `port`. */
static void
put_override(struct ds *ds, const struct bridge *br, uint64_t key,
             const struct bridge_member *member)
{
    struct fdb_entry old;

    if (!fdb_get(bridge_fdb(br), key, &old)
        || (old.is_static && old.port == member->index)) {
        return;
    }
    for (size_t i = 0; i < bridge_n_members(br); i++) {
        struct bridge_member m;

        bridge_get_member(br, i, &m);
        if (m.index == old.port) {
            ds_put_format(ds, "Overriding already existing %s entry on ",
                          old.is_static ? "static" : "dynamic");
            if (m.ofport == OFPORT_LOCAL) {
                ds_put_cstr(ds, "LOCAL\n");
            } else {
                ds_put_format(ds, "%"PRIu16"\n", m.ofport);
            }
        }
    }
}

static void
fdb_add(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
        void *aux OVS_UNUSED)
{
    struct bridge *br = parse_bridge(conn, argv[1]);
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct bridge_member member;
    uint64_t key;

    if (!br || !parse_key(conn, argv[3], argv[4], &key)) {
        return;
    }
    if (!find_member(br, argv[2], &member)) {
        unixctl_command_reply_error(
            conn, "software error, odp port is present but no ofp port");
        return;
    }
    put_override(&ds, br, key, &member);
    if (fdb_add_static(bridge_fdb(br), key, member.index)) {
        unixctl_command_reply_error(conn, "could not add static mac entry");
    } else {
        unixctl_command_reply(conn, ds_cstr(&ds));
    }
    ds_destroy(&ds);
}

static void
fdb_delete(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
           void *aux OVS_UNUSED)
{
    struct bridge *br = parse_bridge(conn, argv[1]);
    uint64_t key;

    if (!br || !parse_key(conn, argv[2], argv[3], &key)) {
        return;
    }
    if (fdb_del(bridge_fdb(br), key)) {
        unixctl_command_reply_error(conn, "could not find static mac entry");
    } else {
        unixctl_command_reply(conn, NULL);
    }
}

/* One bridge or all. */

static void
flush_one(struct bridge *br, void *aux OVS_UNUSED)
{
    fdb_flush(bridge_fdb(br));
}

static void
clear_one(struct bridge *br, void *aux OVS_UNUSED)
{
    fdb_clear_stats(bridge_fdb(br));
}

static void
for_one_or_all(struct unixctl_conn *conn, int argc, const char *argv[],
               void (*cb)(struct bridge *, void *aux), const char *done)
{
    if (argc > 1) {
        struct bridge *br = parse_bridge(conn, argv[1]);

        if (!br) {
            return;
        }
        cb(br, NULL);
    } else {
        bridge_for_each(cb, NULL);
    }
    unixctl_command_reply(conn, done);
}

static void
fdb_flush_cmd(struct unixctl_conn *conn, int argc, const char *argv[],
              void *aux OVS_UNUSED)
{
    for_one_or_all(conn, argc, argv, flush_one, "table successfully flushed");
}

static void
fdb_stats_clear(struct unixctl_conn *conn, int argc, const char *argv[],
                void *aux OVS_UNUSED)
{
    for_one_or_all(conn, argc, argv, clear_one,
                   "statistics successfully cleared");
}

static void
fdb_stats_show(struct unixctl_conn *conn, int argc OVS_UNUSED,
               const char *argv[], void *aux OVS_UNUSED)
{
    struct bridge *br = parse_bridge(conn, argv[1]);
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct fdb_stats s;

    if (!br) {
        return;
    }
    fdb_get_stats(bridge_fdb(br), &s);
    ds_put_format(&ds, "Statistics for bridge \"%s\":\n", argv[1]);
    ds_put_format(&ds, "  Current/maximum MAC entries in the table: "
                  "%"PRIu64"/%"PRIu64"\n", s.current, s.max);

    const struct {
        const char *text;
        uint64_t value;
    } rows[] = {
        { "Current static MAC entries in the table", s.statics },
        { "Total number of learned MAC entries", s.learned },
        { "Total number of expired MAC entries", s.expired },
        { "Total number of evicted MAC entries", s.evicted },
        { "Total number of port moved MAC entries", s.moved },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ds_put_format(&ds, "  %-40s: %"PRIu64"\n", rows[i].text,
                      rows[i].value);
    }
    unixctl_command_reply(conn, ds_cstr(&ds));
    ds_destroy(&ds);
}

void
fdb_cmd_init(void)
{
    static const struct {
        const char *name, *usage;
        int min, max;
        unixctl_cb_func *cb;
    } commands[] = {
        { "fdb/add", "bridge port vlan mac", 4, 4, fdb_add },
        { "fdb/del", "bridge vlan mac", 3, 3, fdb_delete },
        { "fdb/flush", "[bridge]", 0, 1, fdb_flush_cmd },
        { "fdb/show", "bridge", 1, 1, fdb_show },
        { "fdb/stats-clear", "[bridge]", 0, 1, fdb_stats_clear },
        { "fdb/stats-show", "bridge", 1, 1, fdb_stats_show },
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        unixctl_command_register(commands[i].name, commands[i].usage,
                                 commands[i].min, commands[i].max,
                                 commands[i].cb, NULL);
    }
}
