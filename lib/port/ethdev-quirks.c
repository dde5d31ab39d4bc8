/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-quirks.c: what does a driver need that others do not?
 *
 * All knowledge about single drivers is here: a table of bits by driver name
 * (as DPDK 22.11 gives it; each was found by trying), and the
 * peculiarities that need more than a bit.  Main thread only.
 */
#include <config.h>
#include "port/ethdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_devargs.h>
#include <rte_mbuf.h>

#include "eal/log-modules.h"
#include "util.h"

#define this_module log_netdev_dpdk

#define MEMIF_DEFAULT_SOCKET "/run/memif.sock"

static const struct {
    const char *driver;
    const char *arg;            /* only with this among its arguments */
    unsigned int quirks;
} table[] = {
    { "net_null", NULL, ETHDEV_ANY_SEGS | ETHDEV_HOLDS_NONE },
    { "net_ring", NULL, ETHDEV_LOOP },
    { "net_pcap", NULL, ETHDEV_ANY_SEGS | ETHDEV_HOLDS_NONE },
    /* The frames of its file are mbufs of the pool, put into a ring by the
     * first set-up of the queue; a second one fails.  Of these it receives
     * copies. */
    { "net_pcap", "infinite_rx=1", ETHDEV_SETUP_ONCE },
    { "net_af_packet", NULL, ETHDEV_HOLDS_NONE },
    { "net_tap", NULL, ETHDEV_EQUAL_QUEUES },
    { "net_memif", NULL, ETHDEV_MEMIF },
};

/* Is `word` one of the comma-separated `args`? */
static bool
has_arg(const char *args, const char *word)
{
    size_t n = strlen(word);

    for (const char *s = args; s; s = strchr(s, ',')) {
        s += *s == ',';
        if (!strncmp(s, word, n) && (!s[n] || s[n] == ',')) {
            return true;
        }
    }
    return false;
}

unsigned int
ethdev_quirks(const char *driver, const char *args)
{
    unsigned int quirks = 0;

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (!strcmp(driver, table[i].driver)
            && (!table[i].arg || has_arg(args, table[i].arg))) {
            quirks |= table[i].quirks;
        }
    }
    return quirks;
}

/* Frames in a ring would be lost with it, and their mbufs with them. */
void
ethdev_drain_loop(struct ethdev *dev)
{
    enum { MAX_BURSTS = 64 };       /* of 32: twice what a ring holds */

    for (uint16_t q = 0; q < dev->up.running.n_rxq; q++) {
        for (int i = 0; i < MAX_BURSTS; i++) {
            struct rte_mbuf *m[PORT_BURST];
            uint16_t n = rte_eth_rx_burst(dev->port_id, q, m, PORT_BURST);

            if (!n) {
                break;
            }
            rte_pktmbuf_free_bulk(m, n);
        }
    }
}

/* net_ring has 16 rings, and its close frees those of the queues that are
 * configured: the others would stay for ever. */
void
ethdev_prepare_loop_close(struct ethdev *dev)
{
    struct rte_eth_conf conf;
    uint16_t n = MIN(dev->limits.max_rxq, dev->limits.max_txq);

    memset(&conf, 0, sizeof conf);
    if (!dev->pool || rte_eth_dev_configure(dev->port_id, n, n, &conf)) {
        return;
    }
    for (uint16_t q = 0; q < n; q++) {
        rte_eth_rx_queue_setup(dev->port_id, q, 0, (unsigned int) dev->socket,
                               NULL, dev->pool);
    }
}

/* The path of the socket that a memif device serves, or NULL. */
char *
ethdev_memif_socket(const struct rte_devargs *da)
{
    static const char key[] = "socket=";
    const char *args = da && da->args ? da->args : "";

    if (!has_arg(args, "role=server") && !has_arg(args, "role=master")) {
        return NULL;
    }
    for (const char *s = args; s; s = strchr(s, ',')) {
        s += *s == ',';
        if (!strncmp(s, key, strlen(key))) {
            s += strlen(key);
            return xmemdup0(s, strcspn(s, ","));
        }
    }
    return xstrdup(MEMIF_DEFAULT_SOCKET);
}

/* Is `fd` a socket that listens at `path`, in the file system or in the
 * abstract name space? */
static bool
listens_at(int fd, const char *path)
{
    struct sockaddr_un un;
    socklen_t len = sizeof un;
    int listening = 0;
    socklen_t size = sizeof listening;

    memset(&un, 0, sizeof un);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size)
        || !listening || getsockname(fd, (struct sockaddr *) &un, &len)
        || un.sun_family != AF_UNIX) {
        return false;
    }
    un.sun_path[sizeof un.sun_path - 1] = '\0';
    return !strcmp(un.sun_path[0] ? un.sun_path : un.sun_path + 1, path);
}

/* A memif server that is closed leaves its listening socket open, and
 * registered with DPDK's interrupt thread under memory that is free by then:
 * the next connection ends the process, and the address stays taken.  So,
 * before the close, a descriptor on which nothing ever happens takes the
 * socket's place.  (The interrupt thread keeps the number and must find it
 * open.) */
void
ethdev_memif_silence(const char *path)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *e;
    int inert;

    if (!dir) {
        VLOG_WARN("cannot look for the socket that memif left at '%s': %s",
                  path, ovs_strerror(errno));
        return;
    }
    while ((e = readdir(dir))) {
        int fd = atoi(e->d_name);

        if (e->d_name[0] == '.' || !listens_at(fd, path)) {
            continue;
        }
        inert = eventfd(0, EFD_CLOEXEC);
        if (inert < 0 || dup3(inert, fd, O_CLOEXEC) < 0) {
            VLOG_WARN("cannot close the socket that memif left at '%s': %s",
                      path, ovs_strerror(errno));
        }
        if (inert >= 0) {
            close(inert);
        }
    }
    closedir(dir);
}
