/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg.c: making, copying and freeing the plain values of a configuration.
 *
 * An OVS map holds a pointer into itself while it is small, so whatever
 * moves a struct with a map in it (growing an array, sorting) is done here
 * and repairs the maps afterwards.
 */
#include <config.h>
#include "cfg/cfg.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-private.h"
#include "openvswitch/hmap.h"
#include "util.h"

void
cfg_init(struct cfg *cfg)
{
    memset(cfg, 0, sizeof *cfg);
    smap_init(&cfg->other_config);
}

static void
free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(texts[i]);
    }
    free(texts);
}

static void
iface_destroy(struct cfg_iface *iface)
{
    free(iface->name);
    free(iface->type);
    free(iface->mac);
    free(iface->error);
    smap_destroy(&iface->options);
    smap_destroy(&iface->other_config);
    cfg_settings_destroy(&iface->set);
}

static void
port_destroy(struct cfg_port *port)
{
    for (size_t i = 0; i < port->n_ifaces; i++) {
        iface_destroy(&port->ifaces[i]);
    }
    cfg_qos_row_destroy(port->qos);
    free(port->ifaces);
    free(port->name);
    free(port->vlan_mode);
    smap_destroy(&port->other_config);
}

static void
mirror_destroy(struct cfg_mirror *m)
{
    free(m->id);
    free(m->name);
    svec_destroy(&m->src);
    svec_destroy(&m->dst);
    free(m->output_port);
    cfg_mirror_settings_destroy(&m->set);
}

static void
bridge_destroy(struct cfg_bridge *br)
{
    for (size_t i = 0; i < br->n_mirrors; i++) {
        mirror_destroy(&br->mirrors[i]);
    }
    free(br->mirrors);
    for (size_t i = 0; i < br->n_ports; i++) {
        port_destroy(&br->ports[i]);
    }
    free(br->ports);
    free(br->name);
    free(br->datapath_type);
    free(br->fail_mode);
    free(br->hwaddr);
    free(br->error);
    smap_destroy(&br->other_config);
}

void
cfg_destroy(struct cfg *cfg)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        bridge_destroy(&cfg->bridges[i]);
    }
    free(cfg->bridges);
    smap_destroy(&cfg->other_config);
    free(cfg->pmd_cpu_mask);
    free(cfg->pmd.sleep_max);
    free_texts(cfg->warnings, cfg->n_warnings);
    free_texts(cfg->notes, cfg->n_notes);
}

void
cfg_move(struct cfg *dst, struct cfg *src)
{
    *dst = *src;
    hmap_moved(&dst->other_config.map);
    cfg_init(src);
}

void *
cfg_grow(void *array, size_t n, size_t size)
{
    return n & (n - 1) ? array : xrealloc(array, MAX(2 * n, 1) * size);
}

static void
add_text(char ***texts, size_t *n, char *text)
{
    *texts = cfg_grow(*texts, *n, sizeof **texts);
    (*texts)[(*n)++] = text;
}

void
cfg_add_warning(struct cfg *cfg, char *text)
{
    add_text(&cfg->warnings, &cfg->n_warnings, text);
}

void
cfg_add_note(struct cfg *cfg, char *text)
{
    add_text(&cfg->notes, &cfg->n_notes, text);
}

static void
bridges_moved(struct cfg *cfg)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        hmap_moved(&cfg->bridges[i].other_config.map);
    }
}

static void
ports_moved(struct cfg_bridge *br)
{
    for (size_t i = 0; i < br->n_ports; i++) {
        hmap_moved(&br->ports[i].other_config.map);
    }
}

static void
ifaces_moved(struct cfg_port *port)
{
    for (size_t i = 0; i < port->n_ifaces; i++) {
        hmap_moved(&port->ifaces[i].options.map);
        hmap_moved(&port->ifaces[i].other_config.map);
    }
}

struct cfg_bridge *
cfg_add_bridge(struct cfg *cfg, const char *name)
{
    struct cfg_bridge *br;

    cfg->bridges = cfg_grow(cfg->bridges, cfg->n_bridges,
                            sizeof *cfg->bridges);
    bridges_moved(cfg);
    br = &cfg->bridges[cfg->n_bridges++];
    memset(br, 0, sizeof *br);
    br->name = xstrdup(name);
    smap_init(&br->other_config);
    return br;
}

struct cfg_port *
cfg_bridge_add_port(struct cfg_bridge *br, const char *name)
{
    struct cfg_port *port;

    br->ports = cfg_grow(br->ports, br->n_ports, sizeof *br->ports);
    ports_moved(br);
    port = &br->ports[br->n_ports++];
    memset(port, 0, sizeof *port);
    port->name = xstrdup(name);
    smap_init(&port->other_config);
    return port;
}

struct cfg_iface *
cfg_port_add_iface(struct cfg_port *port, const char *name)
{
    struct cfg_iface *iface;

    port->ifaces = cfg_grow(port->ifaces, port->n_ifaces,
                            sizeof *port->ifaces);
    ifaces_moved(port);
    iface = &port->ifaces[port->n_ifaces++];
    memset(iface, 0, sizeof *iface);
    iface->name = xstrdup(name);
    smap_init(&iface->options);
    smap_init(&iface->other_config);
    cfg_settings_init(&iface->set);
    return iface;
}

struct cfg_mirror *
cfg_bridge_add_mirror(struct cfg_bridge *br, const char *id, const char *name)
{
    struct cfg_mirror *m;

    br->mirrors = cfg_grow(br->mirrors, br->n_mirrors, sizeof *br->mirrors);
    m = &br->mirrors[br->n_mirrors++];
    memset(m, 0, sizeof *m);
    m->id = xstrdup(id);
    m->name = xstrdup(name);
    return m;
}

static void
clone_iface(struct cfg_port *port, const struct cfg_iface *src)
{
    struct cfg_iface *dst = cfg_port_add_iface(port, src->name);

    dst->type = nullable_xstrdup(src->type);
    dst->mac = nullable_xstrdup(src->mac);
    smap_destroy(&dst->options);
    smap_clone(&dst->options, &src->options);
    smap_destroy(&dst->other_config);
    smap_clone(&dst->other_config, &src->other_config);
    dst->has_mtu_request = src->has_mtu_request;
    dst->mtu_request = src->mtu_request;
    dst->has_ofport_request = src->has_ofport_request;
    dst->ofport_request = src->ofport_request;
}

static void
clone_port(struct cfg_bridge *br, const struct cfg_port *src)
{
    struct cfg_port *dst = cfg_bridge_add_port(br, src->name);

    smap_destroy(&dst->other_config);
    smap_clone(&dst->other_config, &src->other_config);
    dst->vlan_mode = nullable_xstrdup(src->vlan_mode);
    dst->has_tag = src->has_tag;
    dst->tag = src->tag;
    dst->trunks = src->trunks;
    dst->cvlans = src->cvlans;
    dst->protected = src->protected;
    for (size_t i = 0; i < src->n_ifaces; i++) {
        clone_iface(dst, &src->ifaces[i]);
    }
}

static void
clone_mirror(struct cfg_bridge *br, const struct cfg_mirror *src)
{
    struct cfg_mirror *dst = cfg_bridge_add_mirror(br, src->id, src->name);

    dst->select_all = src->select_all;
    svec_clone(&dst->src, &src->src);
    svec_clone(&dst->dst, &src->dst);
    dst->vlans = src->vlans;
    dst->output_port = nullable_xstrdup(src->output_port);
    dst->has_output_vlan = src->has_output_vlan;
    dst->output_vlan = src->output_vlan;
    dst->has_snaplen = src->has_snaplen;
    dst->snaplen = src->snaplen;
}

static void
clone_bridge(struct cfg *cfg, const struct cfg_bridge *src)
{
    struct cfg_bridge *dst = cfg_add_bridge(cfg, src->name);

    dst->datapath_type = nullable_xstrdup(src->datapath_type);
    dst->fail_mode = nullable_xstrdup(src->fail_mode);
    smap_destroy(&dst->other_config);
    smap_clone(&dst->other_config, &src->other_config);
    dst->flood_vlans = src->flood_vlans;
    for (size_t i = 0; i < src->n_ports; i++) {
        clone_port(dst, &src->ports[i]);
    }
    for (size_t i = 0; i < src->n_mirrors; i++) {
        clone_mirror(dst, &src->mirrors[i]);
    }
}

void
cfg_clone_written(struct cfg *dst, const struct cfg *src)
{
    cfg_init(dst);
    smap_destroy(&dst->other_config);
    smap_clone(&dst->other_config, &src->other_config);
    for (size_t i = 0; i < src->n_bridges; i++) {
        clone_bridge(dst, &src->bridges[i]);
    }
}

static int
compare_bridges(const void *a_, const void *b_)
{
    const struct cfg_bridge *a = a_, *b = b_;

    return strcmp(a->name, b->name);
}

static int
compare_ports(const void *a_, const void *b_)
{
    const struct cfg_port *a = a_, *b = b_;

    return strcmp(a->name, b->name);
}

static int
compare_ifaces(const void *a_, const void *b_)
{
    const struct cfg_iface *a = a_, *b = b_;

    return strcmp(a->name, b->name);
}

/* Names need not be unique. */
static int
compare_mirrors(const void *a_, const void *b_)
{
    const struct cfg_mirror *a = a_, *b = b_;
    int order = strcmp(a->name, b->name);

    return order ? order : strcmp(a->id, b->id);
}

/* qsort() may not be given a null pointer, even for no elements. */
static void
sort(void *array, size_t n, size_t size,
     int (*compare)(const void *, const void *))
{
    if (n > 1) {
        qsort(array, n, size, compare);
    }
}

void
cfg_sort(struct cfg *cfg)
{
    sort(cfg->bridges, cfg->n_bridges, sizeof *cfg->bridges, compare_bridges);
    bridges_moved(cfg);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        struct cfg_bridge *br = &cfg->bridges[i];

        sort(br->ports, br->n_ports, sizeof *br->ports, compare_ports);
        ports_moved(br);
        sort(br->mirrors, br->n_mirrors, sizeof *br->mirrors,
             compare_mirrors);
        for (size_t j = 0; j < br->n_ports; j++) {
            struct cfg_port *port = &br->ports[j];

            sort(port->ifaces, port->n_ifaces, sizeof *port->ifaces,
                 compare_ifaces);
            ifaces_moved(port);
        }
    }
}

void
cfg_settings_init(struct cfg_settings *set)
{
    memset(set, 0, sizeof *set);
}

void
cfg_settings_clone(struct cfg_settings *dst, const struct cfg_settings *src)
{
    *dst = *src;
    dst->devargs = nullable_xstrdup(src->devargs);
    dst->vhost_path = nullable_xstrdup(src->vhost_path);
    dst->mac = nullable_xstrdup(src->mac);
    dst->peer = nullable_xstrdup(src->peer);
    dst->vf_mac = nullable_xstrdup(src->vf_mac);
    dst->mempool_group = nullable_xstrdup(src->mempool_group);
    cfg_qos_clone(&dst->qos, &src->qos);
    dst->rxq_affinity = nullable_xstrdup(src->rxq_affinity);
}

bool
cfg_settings_equal(const struct cfg_settings *a, const struct cfg_settings *b)
{
    return nullable_string_is_equal(a->devargs, b->devargs)
           && nullable_string_is_equal(a->vhost_path, b->vhost_path)
           && a->mtu == b->mtu
           && a->n_rxq == b->n_rxq
           && a->n_rxq_desc == b->n_rxq_desc
           && a->n_txq_desc == b->n_txq_desc
           && a->flow_ctrl == b->flow_ctrl
           && a->rx_flow_ctrl == b->rx_flow_ctrl
           && a->tx_flow_ctrl == b->tx_flow_ctrl
           && a->flow_ctrl_autoneg == b->flow_ctrl_autoneg
           && a->lsc_interrupt == b->lsc_interrupt
           && nullable_string_is_equal(a->vf_mac, b->vf_mac)
           && a->max_queue_pairs == b->max_queue_pairs
           && a->tx_retries_max == b->tx_retries_max
           && a->vhost_rings == b->vhost_rings
           && a->iommu == b->iommu
           && a->postcopy == b->postcopy
           && nullable_string_is_equal(a->mac, b->mac)
           && nullable_string_is_equal(a->peer, b->peer)
           && nullable_string_is_equal(a->mempool_group, b->mempool_group)
           && cfg_policing_equal(&a->policing, &b->policing)
           && cfg_qos_equal(&a->qos, &b->qos)
           && a->tx_steering == b->tx_steering
           && nullable_string_is_equal(a->rxq_affinity, b->rxq_affinity);
}

void
cfg_settings_destroy(struct cfg_settings *set)
{
    free(set->devargs);
    free(set->vhost_path);
    free(set->mac);
    free(set->peer);
    free(set->vf_mac);
    free(set->mempool_group);
    cfg_qos_destroy(&set->qos);
    free(set->rxq_affinity);
}
