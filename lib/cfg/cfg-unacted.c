/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-unacted.c: which keys are stored but do nothing?
 *
 * Acting on a key means: take its row out here, and put one into the tables
 * of cfg-parse.c.  Columns are listed likewise in ovsdb/snapshot.c.
 */
#include <config.h>
#include "cfg/cfg-private.h"

#include <string.h>
#include <strings.h>

#include "util.h"

struct unacted {
    const char *key;
    const char *same;           /* value that asks for what is done anyway,
                                 * and so needs no note; or NULL */
};

/* Open_vSwitch.other_config, waiting to be acted on. */
static const struct unacted ovs_later[] = {
    { .key = "tx-flush-interval", .same = "0" },
};

/* Open_vSwitch.other_config, for parts that this switch does without. */
static const struct unacted ovs_never[] = {
    { .key = "emc-insert-inv-prob" },
    { .key = "flow-limit" },
    { .key = "hw-offload", .same = "false" },
    { .key = "max-idle" },
    { .key = "max-revalidator" },
    { .key = "min-revalidate-pps" },
    { .key = "n-handler-threads" },
    { .key = "n-offload-threads" },
    { .key = "n-revalidator-threads" },
    { .key = "offload-rebalance", .same = "false" },
    { .key = "smc-enable", .same = "false" },
    { .key = "tc-policy" },
    { .key = "userspace-tso-enable", .same = "false" },
    { .key = "vlan-limit" },
};

static const struct unacted bridge_keys[] = {
    { .key = "datapath-id" },
    { .key = "disable-in-band" },
    { .key = "mac-learning-fallback" },
    { .key = "mcast-snooping-aging-time" },
    { .key = "mcast-snooping-disable-flood-unregistered", .same = "false" },
    { .key = "mcast-snooping-table-size" },
    { .key = "rstp-priority" },
    { .key = "stp-priority" },
};

/* Adds a note for each of `rows` that `map`, the column `column` of record
 * `record` (NULL: the only one) of `table`, asks for. */
static void
note(struct cfg *cfg, const struct unacted *rows, size_t n_rows,
     const struct smap *map, const char *table, const char *record,
     const char *column, const char *why)
{
    for (const struct unacted *u = rows; u < &rows[n_rows]; u++) {
        const char *value = smap_get(map, u->key);

        if (value && (!u->same || strcasecmp(value, u->same))) {
            cfg_add_note(cfg, xasprintf("%s%s%s: %s:%s %s", table,
                                        record ? " " : "",
                                        record ? record : "",
                                        column, u->key, why));
        }
    }
}

static const char later[] = "is stored but not acted on yet";
static const char never[] = "is stored but has no effect: there is no flow "
                            "cache and no hardware offload here";

void
cfg_note_unacted(struct cfg *cfg)
{
    note(cfg, ovs_later, ARRAY_SIZE(ovs_later), &cfg->other_config,
         "Open_vSwitch", NULL, "other_config", later);
    note(cfg, ovs_never, ARRAY_SIZE(ovs_never), &cfg->other_config,
         "Open_vSwitch", NULL, "other_config", never);
    for (size_t i = 0; i < cfg->n_bridges; i++) {
        const struct cfg_bridge *br = &cfg->bridges[i];

        note(cfg, bridge_keys, ARRAY_SIZE(bridge_keys), &br->other_config,
             "Bridge", br->name, "other_config", later);
    }
}
