/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-cmd.c: ovs-appctl dpdk/...: what DPDK tells of itself.
 */
#include <config.h>
#include "eal/eal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "openvswitch/dynamic-string.h"
#include "unixctl.h"
#include "util.h"

static void
dump_lcores(FILE *f)
{
    rte_lcore_dump(f);
}

static void
dump_logs(FILE *f)
{
    rte_log_dump(f);
}

static void
dump_malloc(FILE *f)
{
    rte_malloc_dump_stats(f, NULL);
}

struct dump {
    const char *command;
    void (*fn)(FILE *);
};

static const struct dump dumps[] = {
    { "dpdk/lcore-list", dump_lcores },
    { "dpdk/log-list", dump_logs },
    { "dpdk/get-malloc-stats", dump_malloc },
};

static void
cmd_dump(struct unixctl_conn *conn, int argc OVS_UNUSED,
         const char *argv[] OVS_UNUSED, void *dump_)
{
    const struct dump *dump = dump_;
    char *text = NULL;
    size_t size;
    FILE *f;

    if (eal_state() != EAL_RUNNING) {
        unixctl_command_reply_error(conn, "DPDK is not initialized: set "
                                    "Open_vSwitch other_config:dpdk-init");
        return;
    }
    f = open_memstream(&text, &size);
    if (!f) {
        unixctl_command_reply_error(conn, "out of memory");
        return;
    }
    dump->fn(f);
    fclose(f);
    unixctl_command_reply(conn, text);
    free(text);
}

/* The number of a level's name, or -1. */
static int
parse_level(const char *name)
{
    static const char *const names[] = {
        [RTE_LOG_EMERG] = "emergency", [RTE_LOG_ALERT] = "alert",
        [RTE_LOG_CRIT] = "critical", [RTE_LOG_ERR] = "error",
        [RTE_LOG_WARNING] = "warning", [RTE_LOG_NOTICE] = "notice",
        [RTE_LOG_INFO] = "info", [RTE_LOG_DEBUG] = "debug",
    };

    for (size_t i = 1; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(names[i], name)) {
            return (int) i;
        }
    }
    return -1;
}

static bool
set_level(const char *spec, char **errp)
{
    const char *colon = strchr(spec, ':');
    const char *name = colon ? colon + 1 : spec;
    char *pattern = colon ? xmemdup0(spec, colon - spec) : NULL;
    int level = parse_level(name);
    bool ok = false;

    if (level < 0) {
        *errp = xasprintf("invalid log level '%s': emergency, alert, "
                          "critical, error, warning, notice, info or debug "
                          "expected", name);
    } else if (!pattern) {
        rte_log_set_global_level((uint32_t) level);
        ok = true;
    } else if (rte_log_set_level_pattern(pattern, (uint32_t) level) < 0) {
        *errp = xasprintf("cannot set log level for '%s'", pattern);
    } else {
        ok = true;
    }
    free(pattern);
    return ok;
}

static void
cmd_log_set(struct unixctl_conn *conn, int argc, const char *argv[],
            void *aux OVS_UNUSED)
{
    /* Without arguments everything becomes as talkative as it can be. */
    static const char *const all[] = { "", "debug" };

    if (argc == 1) {
        argc = 2;
        argv = CONST_CAST(const char **, all);
    }
    for (int i = 1; i < argc; i++) {
        char *error = NULL;

        if (!set_level(argv[i], &error)) {
            unixctl_command_reply_error(conn, error);
            free(error);
            return;
        }
    }
    unixctl_command_reply(conn, NULL);
}

void
eal_cmd_init(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
        unixctl_command_register(dumps[i].command, "", 0, 0, cmd_dump,
                                 CONST_CAST(struct dump *, &dumps[i]));
    }
    unixctl_command_register("dpdk/log-set", "{level | pattern:level}",
                             0, INT_MAX, cmd_log_set, NULL);
}
