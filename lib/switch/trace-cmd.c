/* SPDX-License-Identifier: Apache-2.0
 *
 * trace-cmd.c: sluice/trace: a frame in words, the answer in words.
 */
#include <config.h>
#include "switch/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-parse.h"
#include "openvswitch/dynamic-string.h"
#include "switch/bridge.h"
#include "unixctl.h"
#include "util.h"

enum {
    OFPORT_LOCAL = 65534,
    FRAME_LEN = 60,             /* of one that is given by fields */
};

/* What a text of fields says. */
struct request {
    struct bridge_member member;
    bool has_port, has_src, has_dst, has_vlan, has_priority, has_packet;
    uint8_t src[6], dst[6];
    int64_t vlan, priority, type;
    uint8_t packet[TRACE_FRAME_MAX];
    size_t n;
};

/* Fields: each parser returns false where the text is wrong. */

static bool
parse_port(const struct bridge *br, struct request *r, const char *s)
{
    int64_t number = -1;

    if (!strcmp(s, "LOCAL")) {
        number = OFPORT_LOCAL;
    } else {
        cfg_parse_int(s, 1, OFPORT_LOCAL, &number);
    }
    for (size_t i = 0; i < bridge_n_members(br) && !r->has_port; i++) {
        bridge_get_member(br, i, &r->member);
        r->has_port = (!strcmp(r->member.name, s)
                       || r->member.ofport == number);
    }
    return r->has_port;
}

static bool
parse_mac(const char *s, uint8_t mac[6])
{
    int n = 0;

    return (sscanf(s, "%2"SCNx8":%2"SCNx8":%2"SCNx8":%2"SCNx8":%2"SCNx8
                   ":%2"SCNx8"%n", &mac[0], &mac[1], &mac[2], &mac[3],
                   &mac[4], &mac[5], &n) == 6 && !s[n]);
}

static bool
parse_type(const char *s, int64_t *type)
{
    unsigned int value;
    int n = 0;

    if (sscanf(s, "0x%4x%n", &value, &n) == 1 && !s[n]) {
        *type = value;
        return true;
    }
    return cfg_parse_int(s, 0, 0xffff, type);
}

static bool
parse_packet(struct request *r, const char *s)
{
    size_t digits = strlen(s);

    if (!digits || digits % 2 || digits / 2 > sizeof r->packet) {
        return false;
    }
    for (r->n = 0; r->n < digits / 2; r->n++) {
        int high = hexit_value(s[2 * r->n]);
        int low = hexit_value(s[2 * r->n + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        r->packet[r->n] = (uint8_t) (high << 4 | low);
    }
    return true;
}

/* Returns NULL, or an error that the caller frees. */
static char *
parse_field(const struct bridge *br, struct request *r, const char *key,
            const char *s)
{
    if (!strcmp(key, "in_port")) {
        return (parse_port(br, r, s) ? NULL
                : xasprintf("in_port %s is no port of bridge %s", s,
                            bridge_name(br)));
    } else if (!strcmp(key, "dl_src")) {
        r->has_src = parse_mac(s, r->src);
        return r->has_src ? NULL : xasprintf("dl_src %s is no Ethernet "
                                             "address", s);
    } else if (!strcmp(key, "dl_dst")) {
        r->has_dst = parse_mac(s, r->dst);
        return r->has_dst ? NULL : xasprintf("dl_dst %s is no Ethernet "
                                             "address", s);
    } else if (!strcmp(key, "dl_vlan")) {
        r->has_vlan = cfg_parse_int(s, 0, 4095, &r->vlan);
        return r->has_vlan ? NULL : xasprintf("dl_vlan %s is no number from 0 "
                                              "to 4095", s);
    } else if (!strcmp(key, "dl_vlan_pcp")) {
        r->has_priority = cfg_parse_int(s, 0, 7, &r->priority);
        return (r->has_priority ? NULL
                : xasprintf("dl_vlan_pcp %s is no number from 0 to 7", s));
    } else if (!strcmp(key, "dl_type")) {
        return (parse_type(s, &r->type) ? NULL
                : xasprintf("dl_type %s is no number from 0 to 0xffff", s));
    } else if (!strcmp(key, "packet")) {
        r->has_packet = parse_packet(r, s);
        return (r->has_packet ? NULL
                : xasprintf("packet is no even number of hexadecimal digits, "
                            "at most %d bytes", TRACE_FRAME_MAX));
    }
    return xasprintf("%s is unknown; known are in_port, dl_src, dl_dst, "
                     "dl_vlan, dl_vlan_pcp, dl_type and packet", key);
}

static char *
parse_request(const struct bridge *br, const char *text, struct request *r)
{
    char *copy = xstrdup(text), *save = NULL, *error = NULL;

    r->type = 0x88b5;           /* for experiments: nobody's */
    for (char *field = strtok_r(copy, ", ", &save); field && !error;
         field = strtok_r(NULL, ", ", &save)) {
        char *value = strchr(field, '=');

        if (value) {
            *value = '\0';
        }
        error = (value ? parse_field(br, r, field, value + 1)
                 : xasprintf("%s: fields are written KEY=VALUE", field));
    }
    free(copy);
    if (!error && !r->has_port) {
        error = xstrdup("in_port is missing");
    } else if (!error && !r->has_packet && !(r->has_src && r->has_dst)) {
        error = xstrdup("dl_src and dl_dst, or packet, are missing");
    }
    return error;
}

static void
put16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t) (value >> 8);
    p[1] = (uint8_t) value;
}

/* A frame with these fields. */
static void
make_packet(struct request *r)
{
    uint8_t *p = r->packet;

    memcpy(p, r->dst, 6);
    memcpy(p + 6, r->src, 6);
    p += 12;
    if (r->has_vlan || r->has_priority) {
        put16(p, 0x8100);
        put16(p + 2, (uint16_t) (r->priority << 13 | r->vlan));
        p += 4;
    }
    put16(p, (uint16_t) r->type);
    r->n = FRAME_LEN;
}

static void
trace_cmd(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
          void *aux OVS_UNUSED)
{
    const struct bridge *br = bridge_find(argv[1]);
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct request *r;
    char *error;

    if (!br) {
        unixctl_command_reply_error(conn, "no such bridge");
        return;
    }
    r = xzalloc(sizeof *r);
    error = parse_request(br, argv[2], r);
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        if (!r->has_packet) {
            make_packet(r);
        }
        switch_trace(br, &r->member, r->packet, r->n, &ds);
        unixctl_command_reply(conn, ds_cstr(&ds));
    }
    ds_destroy(&ds);
    free(r);
}

void
trace_cmd_init(void)
{
    unixctl_command_register("sluice/trace", "bridge fields", 2, 2, trace_cmd,
                             NULL);
}
