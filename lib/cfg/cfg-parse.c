/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-parse.c: is each object of a configuration right by itself?
 *
 * One table per map column says which keys are acted on (cfg-option.h).  What
 * several objects must agree on is checked by cfg-unique.c, VLANs and mirrors
 * by files of their own, what is stored only is listed by cfg-unacted.c.
 */
#include <config.h>
#include "cfg/cfg-parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-option.h"
#include "cfg/cfg-private.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define ETHDEV (1u << CFG_TYPE_DPDK)
#define VHOST (1u << CFG_TYPE_VHOST_SERVER | 1u << CFG_TYPE_VHOST_CLIENT)

#define MEMBER(KIND, STRUCT, FIELD) \
    .kind = CFG_OPT_##KIND, .offset = offsetof(struct STRUCT, FIELD)
#define CHECK_ONLY(KIND) .kind = CFG_OPT_##KIND, .offset = CFG_OPT_NOWHERE

/* The order of `enum cfg_dpdk_init`, whose size is that of a WORD's int. */
static const char *const dpdk_init_words[] = { "false", "true", "try", NULL };
BUILD_ASSERT_DECL(sizeof(enum cfg_dpdk_init) == sizeof(int));
BUILD_ASSERT_DECL(CFG_DPDK_FALSE == 0 && CFG_DPDK_TRUE == 1
                  && CFG_DPDK_TRY == 2);

/* The order of `enum cfg_rxq_assign`. */
static const char *const rxq_assign_words[] = {
    "cycles", "roundrobin", "group", NULL
};
BUILD_ASSERT_DECL(sizeof(enum cfg_rxq_assign) == sizeof(int));
BUILD_ASSERT_DECL(CFG_RXQ_CYCLES == 0 && CFG_RXQ_ROUNDROBIN == 1
                  && CFG_RXQ_GROUP == 2);

static const struct cfg_option ovs_options[] = {
    { "dpdk-init", MEMBER(WORD, cfg, dpdk_init), .words = dpdk_init_words },
    { "pmd-cpu-mask", MEMBER(MASK, cfg, pmd_cpu_mask) },
    { "pmd-rxq-assign", MEMBER(WORD, cfg, pmd.rxq_assign),
      .words = rxq_assign_words },
    { "pmd-rxq-isolate", MEMBER(BOOL, cfg, pmd.rxq_isolate), .def = true },
    { "pmd-auto-lb", MEMBER(BOOL, cfg, pmd.auto_lb.on) },
    { "pmd-auto-lb-rebal-interval", MEMBER(INT, cfg, pmd.auto_lb.interval),
      .def = 1, .min = 0, .max = 20000 },
    { "pmd-auto-lb-load-threshold", MEMBER(INT, cfg, pmd.auto_lb.load),
      .def = 95, .min = 0, .max = 100 },
    { "pmd-auto-lb-improvement-threshold",
      MEMBER(INT, cfg, pmd.auto_lb.improvement),
      .def = 25, .min = 0, .max = 100 },
    { "pmd-perf-metrics", MEMBER(BOOL, cfg, pmd.perf_metrics) },
    { "pmd-sleep-max", MEMBER(SLEEP, cfg, pmd.sleep_max) },
    { "pmd-maxsleep", MEMBER(INT, cfg, pmd.maxsleep),
      .def = 0, .min = 0, .max = CFG_SLEEP_MAX },
    { "stats-update-interval", MEMBER(INT, cfg, stats_interval),
      .def = 5000, .min = 5000, .max = UINT32_MAX },
    { "mempool-numa-fallback", MEMBER(BOOL, cfg, mempool_numa_fallback) },
    /* Read by eal-settings.c at start. */
    { "dpdk-probe-at-init", CHECK_ONLY(BOOL) },
    { "per-port-memory", CHECK_ONLY(BOOL) },
    { "vhost-iommu-support", CHECK_ONLY(BOOL) },
    { "vhost-postcopy-support", CHECK_ONLY(BOOL) },
};

static const struct cfg_option bridge_options[] = {
    { "mac-aging-time", MEMBER(INT, cfg_bridge, mac_aging_time),
      .def = 300, .min = 15, .max = 3600 },
    { "mac-table-size", MEMBER(INT, cfg_bridge, mac_table_size),
      .def = 8192, .min = 10, .max = 1000000 },
    { "forward-bpdu", MEMBER(BOOL, cfg_bridge, forward_bpdu) },
    { "hwaddr", MEMBER(MAC, cfg_bridge, hwaddr) },
};

/* The order of `enum cfg_vhost_rings`. */
static const char *const vhost_rings_words[] = {
    "auto", "own", "library", NULL
};
BUILD_ASSERT_DECL(sizeof(enum cfg_vhost_rings) == sizeof(int));
BUILD_ASSERT_DECL(CFG_RINGS_AUTO == 0 && CFG_RINGS_OWN == 1
                  && CFG_RINGS_LIBRARY == 2);

static const struct cfg_option iface_options[] = {
    { "dpdk-devargs", .types = ETHDEV, MEMBER(STRING, cfg_settings, devargs) },
    { "n_rxq", .types = ETHDEV, MEMBER(INT, cfg_settings, n_rxq),
      .def = 1, .min = 0, .max = CFG_RXQ_MAX },
    { "n_rxq_desc", .types = ETHDEV, MEMBER(POW2, cfg_settings, n_rxq_desc),
      .def = CFG_DESC_DEFAULT, .min = 1, .max = CFG_DESC_MAX },
    { "n_txq_desc", .types = ETHDEV, MEMBER(POW2, cfg_settings, n_txq_desc),
      .def = CFG_DESC_DEFAULT, .min = 1, .max = CFG_DESC_MAX },
    { "rx-flow-ctrl", .types = ETHDEV,
      MEMBER(BOOL, cfg_settings, rx_flow_ctrl) },
    { "tx-flow-ctrl", .types = ETHDEV,
      MEMBER(BOOL, cfg_settings, tx_flow_ctrl) },
    { "flow-ctrl-autoneg", .types = ETHDEV,
      MEMBER(BOOL, cfg_settings, flow_ctrl_autoneg) },
    { "dpdk-lsc-interrupt", .types = ETHDEV,
      MEMBER(BOOL, cfg_settings, lsc_interrupt) },
    { "dpdk-vf-mac", .types = ETHDEV, MEMBER(MAC, cfg_settings, vf_mac) },
    { "vhost-server-path", .types = 1u << CFG_TYPE_VHOST_CLIENT,
      MEMBER(STRING, cfg_settings, vhost_path) },
    { "vhost-max-queue-pairs", .types = VHOST,
      MEMBER(INT, cfg_settings, max_queue_pairs),
      .def = CFG_VHOST_PAIRS_MAX, .min = 1, .max = CFG_VHOST_PAIRS_MAX },
    { "peer", .types = 1u << CFG_TYPE_PATCH,
      MEMBER(STRING, cfg_settings, peer) },
    { "tx-retries-max", .types = VHOST,
      MEMBER(INT, cfg_settings, tx_retries_max),
      .def = 8, .min = 0, .max = 32 },
    { "vhost-rings", .types = VHOST, MEMBER(WORD, cfg_settings, vhost_rings),
      .words = vhost_rings_words },
};

/* The order of `enum cfg_tx_steering`. */
static const char *const tx_steering_words[] = { "thread", "hash", NULL };
BUILD_ASSERT_DECL(sizeof(enum cfg_tx_steering) == sizeof(int));
BUILD_ASSERT_DECL(CFG_TX_THREAD == 0 && CFG_TX_HASH == 1);

static const struct cfg_option iface_other_options[] = {
    { "mempool-group", MEMBER(GROUP, cfg_settings, mempool_group) },
    { "pmd-rxq-affinity", .types = ETHDEV | VHOST,
      MEMBER(AFFINITY, cfg_settings, rxq_affinity) },
    { "tx-steering", .types = ETHDEV | VHOST,
      MEMBER(WORD, cfg_settings, tx_steering), .words = tx_steering_words },
};

/* Interface types that stock clients may ask for. */
static const struct {
    const char *name;
    enum cfg_type kind;
} types[] = {
    { "dpdk", CFG_TYPE_DPDK },
    { "dpdkvhostuser", CFG_TYPE_VHOST_SERVER },
    { "dpdkvhostuserclient", CFG_TYPE_VHOST_CLIENT },
    { "internal", CFG_TYPE_INTERNAL },
    { "system", CFG_TYPE_SYSTEM },
    { "patch", CFG_TYPE_PATCH },
    { "tap", CFG_TYPE_TAP },
    { "afxdp", CFG_TYPE_UNSUPPORTED },
    { "afxdp-nonpmd", CFG_TYPE_UNSUPPORTED },
    { "bareudp", CFG_TYPE_UNSUPPORTED },
    { "erspan", CFG_TYPE_UNSUPPORTED },
    { "geneve", CFG_TYPE_UNSUPPORTED },
    { "gre", CFG_TYPE_UNSUPPORTED },
    { "gtpu", CFG_TYPE_UNSUPPORTED },
    { "ip6erspan", CFG_TYPE_UNSUPPORTED },
    { "ip6gre", CFG_TYPE_UNSUPPORTED },
    { "lisp", CFG_TYPE_UNSUPPORTED },
    { "srv6", CFG_TYPE_UNSUPPORTED },
    { "stt", CFG_TYPE_UNSUPPORTED },
    { "vxlan", CFG_TYPE_UNSUPPORTED },
};

static const char *
iface_type(const struct cfg_iface *iface)
{
    return iface->type && iface->type[0] ? iface->type : "system";
}

/* Adds `text`, which it takes over, to the interface's error and to the
 * warnings. */
static void
add_error(struct cfg *cfg, struct cfg_iface *iface, char *text)
{
    if (iface->error) {
        char *both = xasprintf("%s; %s", iface->error, text);

        free(iface->error);
        iface->error = both;
    } else {
        iface->error = xstrdup(text);
    }
    cfg_add_warning(cfg, text);
}

void
cfg_iface_refuse(struct cfg *cfg, struct cfg_iface *iface, const char *format,
                 ...)
{
    va_list args;

    va_start(args, format);
    add_error(cfg, iface, xvasprintf(format, args));
    va_end(args);
    iface->usable = false;
}

/* What the report callbacks know about the object being parsed. */
struct context {
    struct cfg *cfg;
    struct cfg_iface *iface;
    const char *table, *name;
};

static void
report_object(char *text, void *context_)
{
    struct context *c = context_;

    cfg_add_warning(c->cfg, c->name
                    ? xasprintf("%s %s: %s", c->table, c->name, text)
                    : xasprintf("%s: %s", c->table, text));
    free(text);
}

static void
report_iface(char *text, void *context_)
{
    struct context *c = context_;

    add_error(c->cfg, c->iface, xasprintf("%s: %s", c->iface->name, text));
    free(text);
}

static void
parse_type(struct cfg_iface *iface)
{
    iface->kind = CFG_TYPE_UNSUPPORTED;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(iface_type(iface), types[i].name)) {
            iface->kind = types[i].kind;
        }
    }
}

static void
refuse_type(struct cfg *cfg, struct cfg_iface *iface)
{
    const char *type = iface_type(iface);
    struct ds known = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(type, types[i].name)) {
            cfg_iface_refuse(cfg, iface,
                             "%s: type \"%s\" is not supported by this "
                             "version", iface->name, type);
            ds_destroy(&known);
            return;
        }
        if (types[i].kind != CFG_TYPE_UNSUPPORTED) {
            ds_put_format(&known, "%s%s", known.length ? ", " : "",
                          types[i].name);
        }
    }
    cfg_iface_refuse(cfg, iface,
                     "%s: type \"%s\" is unknown; known types are %s",
                     iface->name, type, ds_cstr(&known));
    ds_destroy(&known);
}

/* What the kernel takes as the name of a device. */
static bool
is_kernel_name(const char *s)
{
    if (!s[0] || !strcmp(s, ".") || !strcmp(s, "..")) {
        return false;
    }
    for (; *s; s++) {
        if (*s == '/' || *s == ':' || isspace((unsigned char) *s)) {
            return false;
        }
    }
    return true;
}

static void
check_name(struct cfg *cfg, struct cfg_iface *iface)
{
    const char *name = iface->name;
    size_t len = strlen(name);

    if (len > CFG_NAME_MAX) {
        cfg_iface_refuse(cfg, iface, "%s: name has %zu bytes, the limit is %d",
                         name, len, CFG_NAME_MAX);
    } else if (iface->kind == CFG_TYPE_INTERNAL
               || iface->kind == CFG_TYPE_TAP) {
        const char *a = iface->kind == CFG_TYPE_TAP ? "a tap" : "an internal";

        if (len > CFG_IFNAME_MAX) {
            cfg_iface_refuse(cfg, iface,
                             "%s: name of %s interface has %zu bytes, the "
                             "limit is %d", name, a, len, CFG_IFNAME_MAX);
        } else if (!is_kernel_name(name)) {
            cfg_iface_refuse(cfg, iface,
                             "%s: name of %s interface may hold no \"/\", "
                             "\":\" or white space", name, a);
        }
    } else if (iface->kind == CFG_TYPE_VHOST_SERVER
               && strpbrk(name, "/\\")) {
        cfg_iface_refuse(cfg, iface,
                         "%s: name of a dpdkvhostuser interface is that of "
                         "its socket and may hold no \"/\" or \"\\\"", name);
    }
}

static void
parse_mtu(struct cfg *cfg, struct cfg_iface *iface)
{
    if (!iface->has_mtu_request) {
        return;
    }
    if (iface->mtu_request < CFG_MTU_MIN || iface->mtu_request > CFG_MTU_MAX) {
        add_error(cfg, iface,
                  xasprintf("%s: unsupported MTU %lld (%d to %d)",
                            iface->name, (long long int) iface->mtu_request,
                            CFG_MTU_MIN, CFG_MTU_MAX));
        return;
    }
    iface->set.mtu = iface->mtu_request;
}

static void
parse_vhost(struct cfg *cfg, struct cfg_iface *iface,
            const struct cfg_env *env)
{
    char *given = iface->set.vhost_path;

    if (iface->kind == CFG_TYPE_VHOST_SERVER) {
        cfg_add_warning(cfg, xasprintf("%s: type dpdkvhostuser is deprecated; "
                                       "use dpdkvhostuserclient",
                                       iface->name));
        iface->set.vhost_path = xasprintf("%s/%s", env->vhost_sock_dir,
                                          iface->name);
    } else if (!given || !given[0]) {
        cfg_iface_refuse(cfg, iface,
                         "%s: options:vhost-server-path is missing: set it "
                         "to the path of the guest's socket", iface->name);
        return;
    } else if (given[0] != '/') {
        iface->set.vhost_path = xasprintf("%s/%s", env->vhost_sock_dir,
                                          given);
        free(given);
    }
    if (strlen(iface->set.vhost_path) > CFG_SUN_PATH_MAX) {
        cfg_iface_refuse(cfg, iface,
                         "%s: socket path \"%s\" has %zu bytes, the limit is "
                         "%d", iface->name, iface->set.vhost_path,
                         strlen(iface->set.vhost_path), CFG_SUN_PATH_MAX);
    }
    if (iface->kind == CFG_TYPE_VHOST_CLIENT) {
        iface->set.iommu = env->vhost_iommu;
        iface->set.postcopy = env->vhost_postcopy;
    }
}

static void
parse_mac(struct cfg *cfg, const struct cfg_bridge *br,
          struct cfg_iface *iface)
{
    if (!strcmp(iface->name, br->name) && br->hwaddr) {
        iface->set.mac = xstrdup(br->hwaddr);
    } else if (iface->mac) {
        iface->set.mac = cfg_parse_mac(iface->mac);
        if (!iface->set.mac) {
            add_error(cfg, iface,
                      xasprintf("%s: mac \"%s\" is no unicast address of the "
                                "form xx:xx:xx:xx:xx:xx: ignoring it",
                                iface->name, iface->mac));
        }
    }
}

/* In the words of the peer. */
static void
parse_patch(struct cfg *cfg, struct cfg_iface *iface)
{
    if (!iface->set.peer || !iface->set.peer[0]) {
        cfg_iface_refuse(cfg, iface,
                         "%s: patch type requires valid 'peer' argument",
                         iface->name);
    } else if (!strcmp(iface->set.peer, iface->name)) {
        cfg_iface_refuse(cfg, iface, "%s: patch peer must not be self",
                         iface->name);
    }
}

static void
parse_dpdk(struct cfg *cfg, struct cfg_iface *iface)
{
    const struct smap *options = &iface->options;

    if (!iface->set.devargs || !iface->set.devargs[0]) {
        cfg_iface_refuse(cfg, iface,
                         "%s: options:dpdk-devargs is missing: set it to a "
                         "PCI address or the name of a virtual device",
                         iface->name);
    }
    iface->set.n_rxq = MAX(iface->set.n_rxq, 1);        /* 0: the default */
    iface->set.flow_ctrl = (smap_get(options, "rx-flow-ctrl")
                            || smap_get(options, "tx-flow-ctrl")
                            || smap_get(options, "flow-ctrl-autoneg"));
}

static void
parse_iface(struct cfg *cfg, const struct cfg_env *env,
            const struct cfg_bridge *br, const struct cfg_port *port,
            struct cfg_iface *iface)
{
    parse_type(iface);
    iface->usable = !br->error;
    if (br->error) {
        iface->error = xstrdup(br->error);
        return;
    }

    check_name(cfg, iface);
    if (iface->kind == CFG_TYPE_UNSUPPORTED) {
        refuse_type(cfg, iface);
    } else if (!strcmp(iface->name, br->name)
               && iface->kind != CFG_TYPE_INTERNAL) {
        cfg_iface_refuse(cfg, iface,
                         "%s: type \"%s\" is not possible for the interface "
                         "of the bridge's own name, which is internal",
                         iface->name, iface->type);
    }
    if (iface != port->ifaces) {
        cfg_iface_refuse(cfg, iface,
                         "%s: bonds are not supported by this version: port "
                         "%s uses its interface %s only",
                         iface->name, port->name, port->ifaces[0].name);
        iface->must_stop = true;
    }
    if (!iface->usable) {
        return;
    }

    cfg_options_parse(iface_options, ARRAY_SIZE(iface_options), iface->kind,
                      &iface->options, &iface->set, report_iface,
                      &(struct context) { .cfg = cfg, .iface = iface });
    cfg_options_parse(iface_other_options, ARRAY_SIZE(iface_other_options),
                      iface->kind, &iface->other_config, &iface->set,
                      report_iface,
                      &(struct context) { .cfg = cfg, .iface = iface });
    parse_mtu(cfg, iface);
    cfg_parse_qos(cfg, port, iface, report_iface,
                  &(struct context) { .cfg = cfg, .iface = iface });
    if (iface->kind == CFG_TYPE_INTERNAL) {
        parse_mac(cfg, br, iface);
    } else if (1u << iface->kind & VHOST) {
        parse_vhost(cfg, iface, env);
    } else if (iface->kind == CFG_TYPE_PATCH) {
        parse_patch(cfg, iface);
    } else if (iface->kind == CFG_TYPE_DPDK) {
        parse_mac(cfg, br, iface);
        parse_dpdk(cfg, iface);
    }
}

static void
parse_bridge(struct cfg *cfg, const struct cfg_env *env,
             struct cfg_bridge *br)
{
    const char *type = br->datapath_type ? br->datapath_type : "";

    cfg_options_parse(bridge_options, ARRAY_SIZE(bridge_options), -1,
                      &br->other_config, br, report_object,
                      &(struct context) { .cfg = cfg, .table = "Bridge",
                                          .name = br->name });
    br->secure = br->fail_mode && !strcmp(br->fail_mode, "secure");
    if (br->secure) {
        cfg_add_warning(cfg, xasprintf("Bridge %s: fail_mode is secure and "
                                       "there is no OpenFlow in this version: "
                                       "the bridge forwards nothing",
                                       br->name));
    }
    if (strlen(br->name) > CFG_NAME_MAX) {
        br->error = xasprintf("Bridge %s: name has %zu bytes, the limit is %d",
                              br->name, strlen(br->name), CFG_NAME_MAX);
    } else if (type[0] && strcmp(type, "netdev")) {
        br->error = xasprintf("Bridge %s: datapath_type \"%s\" is not "
                              "supported; use netdev", br->name, type);
    }
    if (br->error) {
        cfg_add_warning(cfg, xstrdup(br->error));
    }

    for (size_t i = 0; i < br->n_ports; i++) {
        struct cfg_port *port = &br->ports[i];

        cfg_parse_vlan(cfg, port);
        for (size_t j = 0; j < port->n_ifaces; j++) {
            parse_iface(cfg, env, br, port, &port->ifaces[j]);
        }
    }
    cfg_parse_mirrors(cfg, br);
}

/* Every bridge has an interface of its own name, also where the database has
 * no row for it. */
static void
add_local_iface(struct cfg_bridge *br)
{
    struct cfg_iface *local;

    for (size_t i = 0; i < br->n_ports; i++) {
        for (size_t j = 0; j < br->ports[i].n_ifaces; j++) {
            if (!strcmp(br->ports[i].ifaces[j].name, br->name)) {
                return;
            }
        }
    }
    local = cfg_port_add_iface(cfg_bridge_add_port(br, br->name), br->name);
    local->type = xstrdup("internal");
}

void
cfg_parse_global(struct cfg *cfg)
{
    cfg_options_parse(ovs_options, ARRAY_SIZE(ovs_options), -1,
                      &cfg->other_config, cfg, report_object,
                      &(struct context) { .cfg = cfg,
                                          .table = "Open_vSwitch" });
    cfg_check_pmd(cfg);
}

void
cfg_parse_objects(struct cfg *cfg, const struct cfg_env *env)
{
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        add_local_iface(&cfg->bridges[i]);
    }
    cfg_sort(cfg);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        parse_bridge(cfg, env, &cfg->bridges[i]);
    }
    cfg_check_unique(cfg, env);
    cfg_note_unacted(cfg);
}

void
cfg_parse(struct cfg *cfg, const struct cfg_env *env)
{
    cfg_parse_global(cfg);
    cfg_parse_objects(cfg, env);
}
