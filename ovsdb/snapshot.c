/* SPDX-License-Identifier: Apache-2.0
 *
 * snapshot.c: what does the database ask for?
 *
 * Everything is copied: no row outlives the call.
 */
#include <config.h>
#include "ovsdb/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "cfg/cfg.h"
#include "ovsdb-data.h"
#include "ovsdb-idl.h"
#include "ovsdb/vswitch-idl.h"
#include "util.h"
#include "uuid.h"

/* Columns whose values go into struct cfg. */
static const struct ovsdb_idl_column *const read_columns[] = {
    &dbrec_open_vswitch_col_bridges,
    &dbrec_open_vswitch_col_next_cfg,
    &dbrec_open_vswitch_col_other_config,
    &dbrec_bridge_col_name,
    &dbrec_bridge_col_datapath_type,
    &dbrec_bridge_col_fail_mode,
    &dbrec_bridge_col_flood_vlans,
    &dbrec_bridge_col_mirrors,
    &dbrec_bridge_col_other_config,
    &dbrec_bridge_col_ports,
    &dbrec_mirror_col_name,
    &dbrec_mirror_col_output_port,
    &dbrec_mirror_col_output_vlan,
    &dbrec_mirror_col_select_all,
    &dbrec_mirror_col_select_dst_port,
    &dbrec_mirror_col_select_src_port,
    &dbrec_mirror_col_select_vlan,
    &dbrec_mirror_col_snaplen,
    &dbrec_port_col_name,
    &dbrec_port_col_cvlans,
    &dbrec_port_col_interfaces,
    &dbrec_port_col_other_config,
    &dbrec_port_col_protected_,
    &dbrec_port_col_qos,
    &dbrec_port_col_tag,
    &dbrec_port_col_trunks,
    &dbrec_port_col_vlan_mode,
    &dbrec_qos_col_other_config,
    &dbrec_qos_col_queues,
    &dbrec_qos_col_type,
    &dbrec_queue_col_other_config,
    &dbrec_interface_col_name,
    &dbrec_interface_col_type,
    &dbrec_interface_col_options,
    &dbrec_interface_col_other_config,
    &dbrec_interface_col_ingress_policing_burst,
    &dbrec_interface_col_ingress_policing_rate,
    &dbrec_interface_col_mac,
    &dbrec_interface_col_mtu_request,
    &dbrec_interface_col_ofport_request,
};

/* Likewise, but younger than the schema of some databases: then not set. */
static const struct ovsdb_idl_column *const young_columns[] = {
    &dbrec_interface_col_ingress_policing_kpkts_burst,
    &dbrec_interface_col_ingress_policing_kpkts_rate,
};

/* Columns that are stored but not acted on yet: a record with anything but
 * the column's default gets a note. */
static const struct ovsdb_idl_column *const unacted_bridge_columns[] = {
    &dbrec_bridge_col_auto_attach,
    &dbrec_bridge_col_controller,
    &dbrec_bridge_col_flow_tables,
    &dbrec_bridge_col_ipfix,
    &dbrec_bridge_col_mcast_snooping_enable,
    &dbrec_bridge_col_netflow,
    &dbrec_bridge_col_protocols,
    &dbrec_bridge_col_rstp_enable,
    &dbrec_bridge_col_sflow,
    &dbrec_bridge_col_stp_enable,
};

static const struct ovsdb_idl_column *const unacted_port_columns[] = {
    &dbrec_port_col_bond_downdelay,
    &dbrec_port_col_bond_fake_iface,
    &dbrec_port_col_bond_mode,
    &dbrec_port_col_bond_updelay,
    &dbrec_port_col_lacp,
    &dbrec_port_col_mac,
};

static const struct ovsdb_idl_column *const unacted_iface_columns[] = {
    &dbrec_interface_col_bfd,
    &dbrec_interface_col_cfm_mpid,
    &dbrec_interface_col_lldp,
};

static const struct ovsdb_idl_column *const unacted_queue_columns[] = {
    &dbrec_queue_col_dscp,
};

static void
monitor(struct ovsdb_idl *idl, const struct ovsdb_idl_column *const *columns,
        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

void
snapshot_monitor(struct ovsdb_idl *idl)
{
    monitor(idl, read_columns, ARRAY_SIZE(read_columns));
    monitor(idl, young_columns, ARRAY_SIZE(young_columns));
    monitor(idl, unacted_bridge_columns, ARRAY_SIZE(unacted_bridge_columns));
    monitor(idl, unacted_port_columns, ARRAY_SIZE(unacted_port_columns));
    monitor(idl, unacted_iface_columns, ARRAY_SIZE(unacted_iface_columns));
    monitor(idl, unacted_queue_columns, ARRAY_SIZE(unacted_queue_columns));
}

bool
snapshot_schema_ok(const struct ovsdb_idl *idl, char **missing)
{
    for (size_t i = 0; i < ARRAY_SIZE(read_columns); i++) {
        const struct ovsdb_idl_column *column = read_columns[i];

        if (!ovsdb_idl_server_has_column(idl, column)) {
            const struct ovsdb_idl_table_class *table
                = ovsdb_idl_table_class_from_column(&dbrec_idl_class, column);

            *missing = xasprintf("%s.%s", table->name, column->name);
            return false;
        }
    }
    return true;
}

static void
note(struct cfg *cfg, const struct ovsdb_idl_row *row, const char *table,
     const char *name, const struct ovsdb_idl_column *const *columns,
     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ovsdb_datum *datum = ovsdb_idl_read(row, columns[i]);

        if (!ovsdb_datum_is_default(datum, &columns[i]->type)) {
            cfg_add_note(cfg, xasprintf("%s %s: column %s is stored but not "
                                        "acted on yet", table, name,
                                        columns[i]->name));
        }
    }
}

/* The schema has a minimum of 0. */
static uint64_t
not_negative(int64_t x)
{
    return MAX(x, 0);
}

static void
take_iface(struct cfg *cfg, const struct dbrec_interface *row,
           struct cfg_port *port)
{
    struct cfg_iface *iface = cfg_port_add_iface(port, row->name);

    iface->type = xstrdup(row->type);
    iface->mac = nullable_xstrdup(row->mac);
    smap_clone(&iface->options, &row->options);
    smap_clone(&iface->other_config, &row->other_config);
    iface->policing = (struct cfg_policing) {
        .rate = not_negative(row->ingress_policing_rate),
        .burst = not_negative(row->ingress_policing_burst),
        .kpkts_rate = not_negative(row->ingress_policing_kpkts_rate),
        .kpkts_burst = not_negative(row->ingress_policing_kpkts_burst),
    };
    iface->has_mtu_request = row->n_mtu_request > 0;
    if (iface->has_mtu_request) {
        iface->mtu_request = row->mtu_request[0];
    }
    iface->has_ofport_request = row->n_ofport_request > 0;
    if (iface->has_ofport_request) {
        iface->ofport_request = row->ofport_request[0];
    }
    note(cfg, &row->header_, "Interface", row->name, unacted_iface_columns,
         ARRAY_SIZE(unacted_iface_columns));
}

/* The schema lets no other numbers in. */
static void
take_vlans(const int64_t *vlans, size_t n, struct vlan_set *set)
{
    for (size_t i = 0; i < n; i++) {
        if (vlans[i] >= 0 && vlans[i] < N_VLANS) {
            vlan_set_add(set, (unsigned int) vlans[i]);
        }
    }
}

static void
take_qos(struct cfg *cfg, const struct dbrec_qos *row, struct cfg_port *port)
{
    struct cfg_qos_row *qos = cfg_port_add_qos(port, row->type);

    smap_clone(&qos->other_config, &row->other_config);
    for (size_t i = 0; i < row->n_queues; i++) {
        const struct dbrec_queue *queue_row = row->value_queues[i];
        struct cfg_queue_row *queue
            = cfg_qos_add_queue(qos, (uint32_t) row->key_queues[i]);

        smap_clone(&queue->other_config, &queue_row->other_config);
        note(cfg, &queue_row->header_, "Queue of port", port->name,
             unacted_queue_columns, ARRAY_SIZE(unacted_queue_columns));
    }
}

static void
take_port(struct cfg *cfg, const struct dbrec_port *row,
          struct cfg_bridge *br)
{
    struct cfg_port *port = cfg_bridge_add_port(br, row->name);

    smap_clone(&port->other_config, &row->other_config);
    port->vlan_mode = nullable_xstrdup(row->vlan_mode);
    port->has_tag = row->n_tag > 0;
    if (port->has_tag) {
        port->tag = row->tag[0];
    }
    take_vlans(row->trunks, row->n_trunks, &port->trunks);
    take_vlans(row->cvlans, row->n_cvlans, &port->cvlans);
    port->protected = row->protected_;
    note(cfg, &row->header_, "Port", row->name, unacted_port_columns,
         ARRAY_SIZE(unacted_port_columns));
    if (row->qos) {
        take_qos(cfg, row->qos, port);
    }
    for (size_t i = 0; i < row->n_interfaces; i++) {
        take_iface(cfg, row->interfaces[i], port);
    }
}

static void
take_names(struct dbrec_port *const *ports, size_t n, struct svec *names)
{
    for (size_t i = 0; i < n; i++) {
        svec_add(names, ports[i]->name);
    }
    svec_sort(names);
}

static void
take_mirror(const struct dbrec_mirror *row, struct cfg_bridge *br)
{
    char id[UUID_LEN + 1];
    struct cfg_mirror *m;

    snprintf(id, sizeof id, UUID_FMT, UUID_ARGS(&row->header_.uuid));
    m = cfg_bridge_add_mirror(br, id, row->name);
    m->select_all = row->select_all;
    take_names(row->select_src_port, row->n_select_src_port, &m->src);
    take_names(row->select_dst_port, row->n_select_dst_port, &m->dst);
    take_vlans(row->select_vlan, row->n_select_vlan, &m->vlans);
    if (row->output_port) {
        m->output_port = xstrdup(row->output_port->name);
    }
    m->has_output_vlan = row->n_output_vlan > 0;
    if (m->has_output_vlan) {
        m->output_vlan = row->output_vlan[0];
    }
    m->has_snaplen = row->n_snaplen > 0;
    if (m->has_snaplen) {
        m->snaplen = row->snaplen[0];
    }
}

static void
take_bridge(struct cfg *cfg, const struct dbrec_bridge *row)
{
    struct cfg_bridge *br = cfg_add_bridge(cfg, row->name);

    br->datapath_type = xstrdup(row->datapath_type);
    br->fail_mode = nullable_xstrdup(row->fail_mode);
    smap_clone(&br->other_config, &row->other_config);
    note(cfg, &row->header_, "Bridge", row->name, unacted_bridge_columns,
         ARRAY_SIZE(unacted_bridge_columns));

    take_vlans(row->flood_vlans, row->n_flood_vlans, &br->flood_vlans);
    for (size_t i = 0; i < row->n_ports; i++) {
        take_port(cfg, row->ports[i], br);
    }
    for (size_t i = 0; i < row->n_mirrors; i++) {
        take_mirror(row->mirrors[i], br);
    }
}

bool
snapshot_take(const struct ovsdb_idl *idl, struct cfg *cfg)
{
    const struct dbrec_open_vswitch *row = dbrec_open_vswitch_first(idl);

    if (!row) {
        return false;
    }
    smap_clone(&cfg->other_config, &row->other_config);
    for (size_t i = 0; i < row->n_bridges; i++) {
        take_bridge(cfg, row->bridges[i]);
    }
    cfg_sort(cfg);
    return true;
}
