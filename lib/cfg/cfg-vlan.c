/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-vlan.c: what do a port's VLAN columns mean?
 */
#include <config.h>
#include "cfg/cfg-vlan.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-option.h"
#include "cfg/cfg-private.h"
#include "util.h"

static const char *const mode_words[] = {
    "trunk", "access", "native-tagged", "native-untagged", "dot1q-tunnel",
};

static const char *const ethtype_words[] = { "802.1ad", "802.1q", NULL };

/* The order of `enum cfg_priority_tags`; then what databases of old say. */
static const char *const priority_words[] = {
    "never", "if-nonzero", "always", "true", NULL,
};
enum { PRIORITY_TRUE = 3 };

struct port_options {
    int ethtype;
    int priority_tags;
};

static const struct cfg_option port_options[] = {
    { "qinq-ethtype", CFG_OPT_WORD, .words = ethtype_words,
      .offset = offsetof(struct port_options, ethtype) },
    { "priority-tags", CFG_OPT_WORD, .words = priority_words,
      .offset = offsetof(struct port_options, priority_tags) },
};

void
cfg_vlan_init(struct cfg_vlan *v)
{
    memset(v, 0, sizeof *v);
    v->tpid = CFG_TPID_8021Q;
    vlan_set_fill(&v->vlans);
}

bool
cfg_vlan_equal(const struct cfg_vlan *a, const struct cfg_vlan *b)
{
    return (a->mode == b->mode
            && a->priority_tags == b->priority_tags
            && a->tag == b->tag
            && a->tpid == b->tpid
            && a->protected == b->protected
            && vlan_set_equal(&a->vlans, &b->vlans));
}

bool
cfg_vlan_learns(const struct cfg_vlan *v, uint16_t vlan)
{
    return (v->mode == CFG_VLAN_TUNNEL ? vlan == v->tag
            : vlan_set_has(&v->vlans, vlan));
}

const char *
cfg_vlan_mode_name(enum cfg_vlan_mode mode)
{
    return mode_words[mode];
}

struct context {
    struct cfg *cfg;
    const struct cfg_port *port;
};

static void
report(char *text, void *context_)
{
    struct context *c = context_;

    cfg_add_warning(c->cfg, xasprintf("Port %s: %s", c->port->name, text));
    free(text);
}

static void
parse_mode(struct cfg *cfg, struct cfg_port *port)
{
    struct cfg_vlan *v = &port->vlan;

    v->mode = port->has_tag ? CFG_VLAN_ACCESS : CFG_VLAN_TRUNK;
    if (!port->vlan_mode) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(mode_words); i++) {
        if (!strcmp(port->vlan_mode, mode_words[i])) {
            v->mode = (enum cfg_vlan_mode) i;
            return;
        }
    }
    cfg_add_warning(cfg, xasprintf(
        "Port %s: vlan_mode \"%s\" is none of trunk, access, native-tagged, "
        "native-untagged, dot1q-tunnel: using %s", port->name,
        port->vlan_mode, mode_words[v->mode]));
}

static void
parse_tag(struct cfg *cfg, struct cfg_port *port)
{
    struct cfg_vlan *v = &port->vlan;
    bool trunk = v->mode == CFG_VLAN_TRUNK;

    if (port->has_tag && (port->tag < 0 || port->tag >= N_VLANS)) {
        cfg_add_warning(cfg, xasprintf(
            "Port %s: tag %lld is no number from 0 to 4095: using 0",
            port->name, (long long int) port->tag));
    } else if (port->has_tag && trunk) {
        cfg_add_warning(cfg, xasprintf(
            "Port %s: tag %lld is ignored because vlan_mode is trunk; "
            "native-tagged and native-untagged have a tag, or remove it",
            port->name, (long long int) port->tag));
    } else if (port->has_tag) {
        v->tag = (uint16_t) port->tag;
    } else if (!trunk) {
        cfg_add_warning(cfg, xasprintf(
            "Port %s: vlan_mode is %s and tag is missing: using VLAN 0",
            port->name, mode_words[v->mode]));
    }
}

/* A set that this kind of port does not have. */
static void
ignore_set(struct cfg *cfg, const struct cfg_port *port, const char *column,
           const struct vlan_set *set)
{
    const struct cfg_vlan *v = &port->vlan;

    if (!vlan_set_is_empty(set)) {
        cfg_add_warning(cfg, xasprintf(
            "Port %s: %s is ignored because vlan_mode is %s%s", port->name,
            column, mode_words[v->mode],
            port->vlan_mode ? "" : ", as tag is set and vlan_mode is not"));
    }
}

static void
parse_vlans(struct cfg *cfg, struct cfg_port *port)
{
    struct cfg_vlan *v = &port->vlan;
    bool tunnel = v->mode == CFG_VLAN_TUNNEL;

    if (v->mode == CFG_VLAN_ACCESS || tunnel) {
        ignore_set(cfg, port, "trunks", &port->trunks);
    }
    if (!tunnel) {
        ignore_set(cfg, port, "cvlans", &port->cvlans);
    }

    if (v->mode == CFG_VLAN_ACCESS) {
        memset(&v->vlans, 0, sizeof v->vlans);
        vlan_set_add(&v->vlans, v->tag);
        return;
    }
    v->vlans = tunnel ? port->cvlans : port->trunks;
    if (vlan_set_is_empty(&v->vlans)) {
        vlan_set_fill(&v->vlans);
    }
    if (v->mode == CFG_VLAN_NATIVE_TAGGED
        || v->mode == CFG_VLAN_NATIVE_UNTAGGED) {
        /* Always carries its native VLAN, in which all frames are that could
         * else be in VLAN 0. */
        vlan_set_remove(&v->vlans, 0);
        vlan_set_add(&v->vlans, v->tag);
    }
}

void
cfg_parse_vlan(struct cfg *cfg, struct cfg_port *port)
{
    struct cfg_vlan *v = &port->vlan;
    struct port_options o;

    cfg_vlan_init(v);
    cfg_options_parse(port_options, ARRAY_SIZE(port_options), -1,
                      &port->other_config, &o, report,
                      &(struct context) { .cfg = cfg, .port = port });
    parse_mode(cfg, port);
    parse_tag(cfg, port);
    parse_vlans(cfg, port);
    v->priority_tags = (o.priority_tags == PRIORITY_TRUE
                        ? CFG_PRIORITY_IF_NONZERO
                        : (enum cfg_priority_tags) o.priority_tags);
    if (v->mode == CFG_VLAN_TUNNEL && o.ethtype == 0) {
        v->tpid = CFG_TPID_8021AD;
    }
    v->protected = port->protected;
}
