/* SPDX-License-Identifier: Apache-2.0
 *
 * eal-log.c: a stdio stream that DPDK writes to and that ends in vlog.
 */
#include <config.h>
#include "eal/eal-log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_log.h>

#include "eal/log-modules.h"
#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/thread.h"
#include "openvswitch/vlog.h"
#include "util.h"

#define this_module log_dpdk

enum { N_LIMITS = 1 + 251 };    /* one for all that names no socket */

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct ds partial OVS_GUARDED_BY(mutex) = DS_EMPTY_INITIALIZER;
static char *last_error OVS_GUARDED_BY(mutex);
static FILE *stream;

/* Words of messages that DPDK logs as warnings or errors in the course of
 * healthy work. */
static const char *const harmless[] = {
    "failed to connect: No such file or directory",
    "failed to connect: Connection refused",
    "No legacy callbacks, legacy socket not created",
    /* net_memif, net_tap: no other DPDK process can share our memory. */
    "rte_pmd_memif_probe(): Failed to register mp action callback",
    "tap_mp_req_on_rxtx(): Failed to send",
    /* net_tap: a kernel without multiq, which only rte_flow rules need. */
    "tap_nl_dump_ext_ack(): Specified qdisc kind is unknown",
    "qdisc_create_multiq(): Could not add multiq qdisc",
    "failed to create multiq qdisc",
    "eth_dev_tap_create():  Disabling rte flow support",
    /* Of one size, where there are pages of another; none at all is an
     * error of its own. */
    "kB hugepages reported on node",
};

int
eal_log_level(uint32_t dpdk_level, const char *line)
{
    if (dpdk_level >= RTE_LOG_DEBUG) {
        return VLL_DBG;
    } else if (dpdk_level >= RTE_LOG_NOTICE) {
        return VLL_INFO;
    }
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        if (strstr(line, harmless[i])) {
            return VLL_INFO;
        }
    }
    return (dpdk_level == RTE_LOG_WARNING ? VLL_WARN
            : dpdk_level >= RTE_LOG_CRIT ? VLL_ERR
            : VLL_EMER);
}

/* A guest can make the vhost library talk: the limits keep a hostile one from
 * filling the disk, and, since guests have different ones, from hiding what is
 * told of others.  A guest with 128 queue pairs takes 3,000 lines to start. */
static struct limits {
    struct vlog_rate_limit info, warn;
} limits[N_LIMITS] = {
    [0 ... N_LIMITS - 1] = {
        .info = VLOG_RATE_LIMIT_INIT(300, 4000),
        .warn = VLOG_RATE_LIMIT_INIT(30, 60),
    },
};

/* The limits for `line`: those of the socket that it names, if it does,
 * "VHOST_CONFIG: (PATH) ...". */
static struct limits *
limits_for(const char *line)
{
    static const char prefix[] = "VHOST_CONFIG: (";
    size_t n = strlen(prefix);
    const char *end;

    if (strncmp(line, prefix, n) || !(end = strchr(line + n, ')'))) {
        return &limits[0];
    }
    return &limits[1 + hash_bytes(line + n, (size_t) (end - line) - n, 0)
                   % (N_LIMITS - 1)];
}

static void
log_line(uint32_t level, const char *line)
{
    enum vlog_level vll = (enum vlog_level) eal_log_level(level, line);
    struct limits *l = limits_for(line);

    vlog_rate_limit(&this_module, vll, vll <= VLL_WARN ? &l->warn : &l->info,
                    "%s", line);
}

static ssize_t
write_cb(void *cookie OVS_UNUSED, const char *buf, size_t size)
{
    uint32_t level = (uint32_t) MAX(rte_log_cur_msg_loglevel(), 1);
    struct ds lines = DS_EMPTY_INITIALIZER;
    char *line, *save = NULL;

    /* DPDK builds some lines from several calls: only whole ones go on. */
    ovs_mutex_lock(&mutex);
    for (size_t i = 0; i < size; i++) {
        ds_put_char(&partial, buf[i]);
        if (buf[i] == '\n') {
            if (level <= RTE_LOG_ERR) {
                free(last_error);
                last_error = xmemdup0(ds_cstr(&partial), partial.length - 1);
            }
            ds_put_cstr(&lines, ds_cstr(&partial));
            ds_clear(&partial);
        }
    }
    ovs_mutex_unlock(&mutex);

    for (line = strtok_r(ds_cstr(&lines), "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        log_line(level, line);
    }
    ds_destroy(&lines);
    return (ssize_t) size;
}

void
eal_log_open(void)
{
    cookie_io_functions_t io = { .write = write_cb };

    stream = fopencookie(NULL, "w", io);
    if (!stream) {
        VLOG_ERR("cannot redirect DPDK's log: %s", ovs_strerror(errno));
        return;
    }
    setvbuf(stream, NULL, _IOLBF, 0);
    rte_openlog_stream(stream);
}

void
eal_log_close(void)
{
    if (stream) {
        rte_openlog_stream(NULL);
        fclose(stream);
        stream = NULL;
    }
}

char *
eal_log_last_error(void)
{
    char *s;

    ovs_mutex_lock(&mutex);
    s = nullable_xstrdup(last_error);
    ovs_mutex_unlock(&mutex);
    return s;
}
