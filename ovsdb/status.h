/* SPDX-License-Identifier: Apache-2.0
 *
 * status.h: what is running, written back to the database.
 *
 * The caller describes the running switch in plain values; this module
 * compares with what the rows hold and writes the difference, one transaction
 * in flight at a time.  Main thread only.
 */
#ifndef OVSDB_STATUS_H
#define OVSDB_STATUS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smap.h"

struct status_stat {
    const char *name;
    int64_t value;
};

struct status_iface {
    const char *name;           /* Interface.name */
    int64_t ofport;             /* -1: could not be made */
    const char *error;          /* NULL: clear */
    bool exists;                /* false: clear what is below */
    struct smap status;         /* owned by the caller */
    const struct status_stat *stats;
    size_t n_stats;
    bool stats_valid;           /* write `stats` this time */
    bool admin_up, link_up;
    int64_t link_speed;         /* 0: empty */
    int duplex;                 /* 1 full, 0 half, -1 empty */
    int64_t link_resets;
    int64_t mtu;                /* 0: empty */
    const char *mac_in_use;     /* NULL: empty */
    int64_t ifindex;            /* 0: no device */
};

struct status_bridge {
    const char *name;
    const char *datapath_id;    /* 16 hexadecimal digits */
    const char *datapath_version;
};

struct status_mirror {
    const char *id;             /* the row's UUID */
    int64_t tx_packets, tx_bytes;
};

struct status {
    bool dpdk_initialized;
    const char *dpdk_version;
    const char *const *iface_types;     /* NULL-terminated */
    const char *const *datapath_types;
    const char *ovs_version;
    const struct status_iface *ifaces;  /* the others' rows stay as they are */
    size_t n_ifaces;
    const struct status_bridge *bridges;
    size_t n_bridges;
    const struct status_mirror *mirrors;        /* those in use */
    size_t n_mirrors;
    const struct smap *statistics;      /* Open_vSwitch.statistics or NULL */
};

/* Queues `status` for writing.  Returns false where a transaction is still in
 * flight or there is no connection, lock or row: call again later. */
bool status_write(const struct status *);

/* Would status_write() take a status now?  db_wait() wakes the main loop when
 * that changes. */
bool status_ready(void);

/* True while a transaction is in flight or cur_cfg is still to be written. */
bool status_busy(void);

/* True where status_write() should be called though nothing changed: the
 * last one failed, or cur_cfg is still to be written.  db_wait() wakes the
 * main loop for it. */
bool status_wanted(void);

/* True where the last write failed: rows may lack what they were given. */
bool status_lost(void);

/* Adds to `names` the interfaces whose rows no status was ever written to. */
struct sset;
void status_get_blank(struct sset *names);

#endif
