/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-mirror.c: what do a mirror's columns mean?
 */
#include <config.h>
#include "cfg/cfg-mirror.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-private.h"
#include "util.h"

void
cfg_mirror_settings_clone(struct cfg_mirror_settings *dst,
                          const struct cfg_mirror_settings *src)
{
    *dst = *src;
    dst->id = xstrdup(src->id);
    dst->name = xstrdup(src->name);
    svec_clone(&dst->src, &src->src);
    svec_clone(&dst->dst, &src->dst);
    dst->output_port = nullable_xstrdup(src->output_port);
}

bool
cfg_mirror_settings_equal(const struct cfg_mirror_settings *a,
                          const struct cfg_mirror_settings *b)
{
    return (!strcmp(a->id, b->id)
            && !strcmp(a->name, b->name)
            && a->select_all == b->select_all
            && svec_equal(&a->src, &b->src)
            && svec_equal(&a->dst, &b->dst)
            && vlan_set_equal(&a->vlans, &b->vlans)
            && nullable_string_is_equal(a->output_port, b->output_port)
            && a->output_vlan == b->output_vlan
            && a->snaplen == b->snaplen);
}

void
cfg_mirror_settings_destroy(struct cfg_mirror_settings *set)
{
    free(set->id);
    free(set->name);
    svec_destroy(&set->src);
    svec_destroy(&set->dst);
    free(set->output_port);
}

bool
cfg_mirrors_equal(const struct cfg_mirror_settings *have, size_t n_have,
                  const struct cfg_bridge *br)
{
    size_t n = 0;

    for (size_t i = 0; i < br->n_mirrors; i++) {
        const struct cfg_mirror *m = &br->mirrors[i];

        if (m->usable && (n >= n_have
                          || !cfg_mirror_settings_equal(&have[n++],
                                                        &m->set))) {
            return false;
        }
    }
    return n == n_have;
}

static void OVS_PRINTF_FORMAT(4, 5)
warn(struct cfg *cfg, const struct cfg_bridge *br, const struct cfg_mirror *m,
     const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    cfg_add_warning(cfg, xasprintf("Mirror %s of bridge %s: %s", m->name,
                                   br->name, text));
    free(text);
}

/* The interface that port `name` of the bridge uses, or NULL. */
static const char *
iface_of(const struct cfg_bridge *br, const char *name)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        const struct cfg_port *port = &br->ports[i];

        if (!strcmp(port->name, name)) {
            return port->n_ifaces ? port->ifaces[0].name : NULL;
        }
    }
    return NULL;
}

static void
take_ports(struct cfg *cfg, const struct cfg_bridge *br,
           const struct cfg_mirror *m, const char *column,
           const struct svec *ports, struct svec *ifaces)
{
    svec_init(ifaces);
    for (size_t i = 0; i < ports->n; i++) {
        const char *iface = iface_of(br, ports->names[i]);

        if (iface) {
            svec_add(ifaces, iface);
        } else {
            warn(cfg, br, m, "%s %s is no port of this bridge: ignoring it",
                 column, ports->names[i]);
        }
    }
    svec_sort_unique(ifaces);
}

static void
parse_output(struct cfg *cfg, const struct cfg_bridge *br,
             struct cfg_mirror *m)
{
    const char *iface;

    if (!m->output_port && !m->has_output_vlan) {
        warn(cfg, br, m, "set output_port or output_vlan; until then the "
             "mirror copies nothing");
    } else if (!m->output_port && (m->output_vlan < 1
                                   || m->output_vlan >= N_VLANS)) {
        warn(cfg, br, m, "output_vlan %lld is no number from 1 to 4095: the "
             "mirror copies nothing", (long long int) m->output_vlan);
    } else if (!m->output_port) {
        m->set.output_vlan = (uint16_t) m->output_vlan;
        m->usable = true;
    } else {
        if (m->has_output_vlan) {
            warn(cfg, br, m, "output_vlan is ignored because output_port is "
                 "set: remove one of them");
        }
        iface = iface_of(br, m->output_port);
        if (iface) {
            m->set.output_port = xstrdup(iface);
            m->usable = true;
        } else {
            warn(cfg, br, m, "output_port %s is no port of this bridge: the "
                 "mirror copies nothing", m->output_port);
        }
    }
}

static void
parse_snaplen(struct cfg *cfg, const struct cfg_bridge *br,
              struct cfg_mirror *m)
{
    m->set.snaplen = UINT32_MAX;
    if (m->has_snaplen && (m->snaplen < 14 || m->snaplen > 65535)) {
        warn(cfg, br, m, "snaplen %lld is no number from 14 to 65535: "
             "copying whole frames", (long long int) m->snaplen);
    } else if (m->has_snaplen) {
        m->set.snaplen = (uint32_t) m->snaplen;
    }
}

static void
parse(struct cfg *cfg, const struct cfg_bridge *br, struct cfg_mirror *m)
{
    struct cfg_mirror_settings *set = &m->set;

    set->id = xstrdup(m->id);
    set->name = xstrdup(m->name);
    set->select_all = m->select_all;
    take_ports(cfg, br, m, "select_src_port", &m->src, &set->src);
    take_ports(cfg, br, m, "select_dst_port", &m->dst, &set->dst);
    set->vlans = m->vlans;
    if (vlan_set_is_empty(&set->vlans)) {
        vlan_set_fill(&set->vlans);
    }
    parse_output(cfg, br, m);
    parse_snaplen(cfg, br, m);
    if (m->usable && !set->select_all && !set->src.n && !set->dst.n) {
        warn(cfg, br, m, "selects no port, and so copies nothing: set "
             "select_all, select_src_port or select_dst_port");
    }
}

void
cfg_parse_mirrors(struct cfg *cfg, struct cfg_bridge *br)
{
    size_t n = 0;

    for (size_t i = 0; i < br->n_mirrors; i++) {
        struct cfg_mirror *m = &br->mirrors[i];

        parse(cfg, br, m);
        n += m->usable;
        if (n > CFG_MIRRORS_MAX && m->usable) {
            m->usable = false;
            warn(cfg, br, m, "a bridge can have %d mirrors: this one copies "
                 "nothing", CFG_MIRRORS_MAX);
        }
    }
}
