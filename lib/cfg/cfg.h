/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg.h: the configuration as plain values.
 *
 * One `struct cfg` is a complete picture of what the database asks for.
 * ovsdb/snapshot.c fills the "as written" members from rows, cfg_parse()
 * (cfg-parse.h) fills the checked values and the error texts, cfg_diff()
 * (cfg-diff.h) compares it with what is running.  No member points into the
 * database.  Everything here is pure: no DPDK, no I/O, no globals; a `struct
 * cfg` belongs to the thread that made it.
 */
#ifndef CFG_CFG_H
#define CFG_CFG_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg/cfg-mirror.h"
#include "cfg/cfg-vlan.h"
#include "smap.h"

/* Interface types that the schema's users know (contract.md).  A type that is
 * known but that this build cannot make is CFG_TYPE_UNSUPPORTED and yields an
 * error text, never a silent port. */
enum cfg_type {
    CFG_TYPE_DPDK,
    CFG_TYPE_VHOST_SERVER,      /* dpdkvhostuser */
    CFG_TYPE_VHOST_CLIENT,      /* dpdkvhostuserclient */
    CFG_TYPE_INTERNAL,
    CFG_TYPE_SYSTEM,            /* "system" or none */
    CFG_TYPE_TAP,
    CFG_TYPE_PATCH,
    CFG_TYPE_UNSUPPORTED,
};

enum {
    CFG_MTU_DEFAULT = 1500,     /* bytes of Ethernet payload */
    CFG_MTU_MIN = 68,           /* RFC 791 */
    CFG_MTU_MAX = 9702,         /* 9728-byte frame less 26 (design.md) */
    CFG_DESC_DEFAULT = 2048,    /* descriptors of one ethdev queue */
    CFG_DESC_MAX = 4096,
    CFG_VHOST_DESC = 2048,      /* descriptors that the per-port memory model
                                 * counts for a vhost queue, whatever size the
                                 * guest gave its rings */
    CFG_RXQ_MAX = 128,          /* receive queues of one ethdev */
    CFG_VHOST_PAIRS_MAX = 128,
    CFG_NAME_MAX = 255,         /* longest name of an object, in bytes */
    CFG_IFNAME_MAX = 15,        /* likewise of a kernel device */
    CFG_SUN_PATH_MAX = 107,     /* longest path of a Unix socket, in bytes */
    CFG_CORE_MAX = 1023,        /* highest number of a core */
    CFG_SLEEP_MAX = 10000,      /* longest nap of a PMD thread, in us */
    CFG_GROUP_MAX = 64,         /* longest name of a mempool group, in bytes */
};

/* Bytes, or bytes a second: the largest value of a QoS setting. */
#define CFG_METER_MAX INT64_C(1000000000000)

/* Rates in bytes a second and burst sizes in bytes; 0: not set. */
struct cfg_meter {
    uint64_t cir, cbs;          /* committed */
    uint64_t eir, ebs;          /* excess */
};

/* What a port may send. */
struct cfg_qos {
    char *type;                 /* as written; NULL: no limit */
    struct cfg_meter meter;
    struct cfg_qos_queue {
        uint32_t id;
        struct cfg_meter meter;
    } *queues;                  /* sorted by id */
    size_t n_queues;
};

/* What a port may receive, as written: kbit/s and kbit, kpkts/s and kpkts. */
struct cfg_policing {
    uint64_t rate, burst;               /* rate 0: no limit */
    uint64_t kpkts_rate, kpkts_burst;   /* likewise */
};

/* Which tx queue a frame goes to: the sending thread's, or its flow's. */
enum cfg_tx_steering { CFG_TX_THREAD, CFG_TX_HASH };

/* Who processes a guest's rings: we where we can, we, or the vhost library. */
enum cfg_vhost_rings { CFG_RINGS_AUTO, CFG_RINGS_OWN, CFG_RINGS_LIBRARY };

/* The settings of one interface, checked.  This is what a running port keeps
 * as its wanted settings: two ports with equal settings need no change.
 * Strings are owned; NULL where the type does not have the setting. */
struct cfg_settings {
    char *devargs;              /* dpdk: options:dpdk-devargs */
    char *vhost_path;           /* vhost: absolute path of the socket */
    uint32_t mtu;               /* bytes; 0: none asked for, keep the
                                 * running one (a new port: the default) */
    uint32_t n_rxq;             /* dpdk: receive queues asked for, >= 1 */
    uint32_t n_rxq_desc;        /* dpdk: power of two, <= CFG_DESC_MAX */
    uint32_t n_txq_desc;        /* likewise */
    bool flow_ctrl;             /* dpdk: one of the next three is asked for;
                                 * false: the device's own stays */
    bool rx_flow_ctrl, tx_flow_ctrl, flow_ctrl_autoneg;
    bool lsc_interrupt;         /* dpdk: link changes by interrupt */
    char *vf_mac;               /* dpdk, representors: as `mac` */
    uint32_t max_queue_pairs;   /* vhost: 1..CFG_VHOST_PAIRS_MAX */
    uint32_t tx_retries_max;    /* vhost: 0..32 */
    enum cfg_vhost_rings vhost_rings;
    bool iommu;                 /* vhost client: global, read once */
    bool postcopy;
    char *mac;                  /* dpdk, internal: "xx:xx:xx:xx:xx:xx", or
                                 * NULL: the device's own */
    char *peer;                 /* patch: name of the interface at its other
                                 * end */
    char *mempool_group;        /* other_config:mempool-group, "private" for
                                 * the port's own; NULL: none asked for */
    enum cfg_tx_steering tx_steering;   /* other_config:tx-steering */
    char *rxq_affinity;         /* other_config:pmd-rxq-affinity, see
                                 * cfg_affinity_core(); NULL: none */
    struct cfg_policing policing;
    struct cfg_qos qos;         /* that of the port that it is in */
};

/* How rx queues are spread over PMD threads (lib/pmd/rxq-assign.h). */
enum cfg_rxq_assign { CFG_RXQ_CYCLES, CFG_RXQ_ROUNDROBIN, CFG_RXQ_GROUP };

/* pmd-auto-lb and what belongs to it (lib/pmd/pmd-lb.h). */
struct cfg_auto_lb {
    bool on;
    uint32_t interval;          /* minutes between two rebalances; 0 is 1 */
    uint32_t load;              /* percent: a thread is overloaded */
    uint32_t improvement;       /* percent: of the variance, at least */
};

/* Settings of PMD threads that take effect at any time. */
struct cfg_pmd {
    enum cfg_rxq_assign rxq_assign;
    bool rxq_isolate;           /* a thread with pinned queues has no others;
                                 * false only with CFG_RXQ_GROUP */
    struct cfg_auto_lb auto_lb;
    bool perf_metrics;          /* histograms and history */
    char *sleep_max;            /* see cfg_sleep_max(); NULL: none sleeps */
    uint32_t maxsleep;          /* the older key for it; of no meaning where
                                 * checked */
};

struct cfg_iface {
    /* As written. */
    char *name;
    char *type;                 /* "" and "system" are the same */
    struct smap options;
    struct smap other_config;
    bool has_mtu_request;
    int64_t mtu_request;
    bool has_ofport_request;
    int64_t ofport_request;
    char *mac;                  /* Interface.mac or NULL */
    struct cfg_policing policing;

    /* Checked by cfg_parse(). */
    enum cfg_type kind;
    struct cfg_settings set;
    bool usable;                /* false: no port can be made of this */
    bool must_stop;             /* not usable, and dangerous where it runs:
                                 * a member of a bond would make a loop */
    char *error;                /* text for Interface.error, or NULL.  With
                                 * `usable` still true the port runs with the
                                 * default of the setting that was wrong. */
};

/* A row of table QoS, as written. */
struct cfg_qos_row {
    char *type;
    struct smap other_config;
    struct cfg_queue_row {
        uint32_t id;
        struct smap other_config;
    } **queues;
    size_t n_queues;
};

struct cfg_port {
    /* As written. */
    char *name;
    struct cfg_qos_row *qos;    /* NULL: none */
    struct cfg_iface *ifaces;   /* sorted by name */
    size_t n_ifaces;
    struct smap other_config;
    char *vlan_mode;            /* or NULL */
    bool has_tag;
    int64_t tag;
    struct vlan_set trunks, cvlans;
    bool protected;

    /* Checked. */
    struct cfg_vlan vlan;
};

struct cfg_bridge {
    /* As written. */
    char *name;
    char *datapath_type;
    char *fail_mode;            /* NULL, "standalone" or "secure" */
    struct smap other_config;
    struct cfg_port *ports;     /* sorted by name */
    size_t n_ports;
    struct cfg_mirror *mirrors; /* sorted by name */
    size_t n_mirrors;
    struct vlan_set flood_vlans;        /* no address is learned in these */

    /* Checked. */
    bool secure;                /* fail_mode=secure: forward nothing */
    uint32_t mac_aging_time;    /* seconds, 15..3600; default 300 */
    uint32_t mac_table_size;    /* entries, 10..1000000; default 8192 */
    bool forward_bpdu;
    char *hwaddr;               /* NULL or a checked MAC address */
    char *error;                /* goes to each of its interfaces */
};

enum cfg_dpdk_init { CFG_DPDK_FALSE, CFG_DPDK_TRUE, CFG_DPDK_TRY };

struct cfg {
    struct smap other_config;   /* Open_vSwitch.other_config as written */
    struct cfg_bridge *bridges; /* sorted by name */
    size_t n_bridges;

    /* Checked. */
    enum cfg_dpdk_init dpdk_init;
    char *pmd_cpu_mask;         /* hexadecimal digits without 0x, or NULL */
    struct cfg_pmd pmd;
    uint32_t stats_interval;    /* ms, >= 5000 */
    bool mempool_numa_fallback; /* may a port's pool be on another socket? */
    char **warnings;            /* texts for the log, one per wrong value,
                                 * those of `error` members included */
    size_t n_warnings;
    char **notes;               /* texts for the log: settings stored but not
                                 * acted on, by table, record and key */
    size_t n_notes;
};

void cfg_init(struct cfg *);
void cfg_destroy(struct cfg *);         /* frees members, not `cfg` */

/* Moves the members of `src` to `dst`, which holds nothing yet; `src` is
 * empty afterwards.  (Plain assignment would break the maps.) */
void cfg_move(struct cfg *dst, struct cfg *src);

/* `dst` becomes a copy of `src` as it was written: nothing in it is checked.
 * It holds nothing yet. */
void cfg_clone_written(struct cfg *dst, const struct cfg *src);

/* Take over `text`, which is malloc'ed. */
void cfg_add_warning(struct cfg *, char *text);
void cfg_add_note(struct cfg *, char *text);

void cfg_settings_init(struct cfg_settings *);
void cfg_settings_clone(struct cfg_settings *dst,
                        const struct cfg_settings *src);
bool cfg_settings_equal(const struct cfg_settings *,
                        const struct cfg_settings *);
void cfg_settings_destroy(struct cfg_settings *);

void cfg_qos_clone(struct cfg_qos *dst, const struct cfg_qos *src);
bool cfg_qos_equal(const struct cfg_qos *, const struct cfg_qos *);
void cfg_qos_destroy(struct cfg_qos *);
bool cfg_policing_equal(const struct cfg_policing *,
                        const struct cfg_policing *);

/* The core that `affinity` (a checked pmd-rxq-affinity, or NULL) names for rx
 * queue `queue`; -1: none. */
int cfg_affinity_core(const char *affinity, unsigned int queue);

/* For how many microseconds, 0 to CFG_SLEEP_MAX, `sleep_max` (a checked
 * pmd-sleep-max, or NULL) lets the thread of core `core` sleep, or those that
 * it does not name (-1). */
uint32_t cfg_sleep_max(const char *sleep_max, int core);

/* Growing the arrays: each returns a zeroed new element with its maps
 * initialised; earlier pointers into the array become invalid. */
struct cfg_bridge *cfg_add_bridge(struct cfg *, const char *name);
struct cfg_port *cfg_bridge_add_port(struct cfg_bridge *, const char *name);
struct cfg_mirror *cfg_bridge_add_mirror(struct cfg_bridge *, const char *id,
                                         const char *name);
struct cfg_iface *cfg_port_add_iface(struct cfg_port *, const char *name);

/* The port's row of table QoS, of which it has one at most, and a queue in
 * it: their places do not change. */
struct cfg_qos_row *cfg_port_add_qos(struct cfg_port *, const char *type);
struct cfg_queue_row *cfg_qos_add_queue(struct cfg_qos_row *, uint32_t id);

/* Sorts bridges, ports and interfaces by name, so that two snapshots of one
 * database compare equal whatever order its rows came in. */
void cfg_sort(struct cfg *);

#endif
