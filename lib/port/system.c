/* SPDX-License-Identifier: Apache-2.0
 *
 * system.c: ports of type "system": a network device that there is already.
 *
 * A veth end, a network card that DPDK does not drive, a tap device of
 * somebody else: whatever device of the daemon's network namespace has the
 * name of the interface.  A packet socket takes the frames that come in at it,
 * as a copy of what the host's own stack sees, and sends ours.
 *
 * The device is not ours and goes back as it was: promiscuous mode ends with
 * the socket, also when the daemon is killed; an MTU that we set is set back;
 * whether it is up, its addresses and its offloads are never touched.  What
 * its offloads leave undone is done here (gso.h).
 *
 * Deleted, renamed or moved to another namespace, it leaves the port without a
 * device and with an error, until a device of that name comes.
 *
 * Main thread only; rx is packet-io.c's, tx and service kernel-io.c's.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eal/log-modules.h"
#include "port/packet-io.h"
#include "util.h"

#define this_module log_netdev_dpdk

static int
open_device(struct packet_port *s, char **errp)
{
    const char *name = s->up.up.name;
    struct kernel_link link;
    int error = kernel_link_find(name, &link);
    int fd;

    if (!error && (link.loopback || !link.ethernet)) {
        *errp = xasprintf("could not add network device %s to ofproto "
                          "(Invalid argument): it is no Ethernet device",
                          name);
        return -EINVAL;
    }
    fd = error ? error : packet_open(link.ifindex);
    if (fd < 0) {
        *errp = xasprintf("could not open network device %s (%s)%s", name,
                          ovs_strerror(-fd),
                          fd == -EPERM ? ": CAP_NET_RAW is needed" : "");
        return fd;
    }
    s->found_mtu = link.mtu;
    s->made_mtu = 0;
    kernel_port_set_device(&s->up, fd, link.ifindex);
    return 0;
}

/* Gives the device back, where it is still there. */
static void
close_device(struct packet_port *s)
{
    struct kernel_port *p = &s->up;
    int fd = p->fd;
    struct kernel_link now;

    if (s->made_mtu && !kernel_link_get(p->link.ifindex, &now)
        && now.mtu == s->made_mtu) {
        kernel_link_set(p->link.ifindex, &s->found_mtu, NULL);
    }
    s->made_mtu = 0;
    packet_count_lost(s);
    kernel_port_clear_device(p);
    if (fd >= 0) {
        close(fd);
    }
    s->gso.done = s->gso.len;
}

static int
construct(struct port *port, char **errp)
{
    struct packet_port *s = packet_port_cast(port);
    int error;

    packet_port_init(s);
    error = open_device(s, errp);
    if (error) {
        packet_port_destroy(s);
    }
    return error;
}

static void
destruct(struct port *port)
{
    struct packet_port *s = packet_port_cast(port);

    close_device(s);
    packet_port_destroy(s);
}

static enum port_change
plan(const struct port *port)
{
    return kernel_port_plan(kernel_port_cast(port));
}

/* The device went away: takes the one that has its name now. */
static int
reopen(struct packet_port *s, char **errp)
{
    int error;

    close_device(s);
    error = open_device(s, errp);
    if (error) {
        memset(&s->up.link, 0, sizeof s->up.link);
        memset(&s->up.driver, 0, sizeof s->up.driver);
        s->up.driver.duplex = -1;
        kernel_port_await(&s->up);
    } else {
        VLOG_INFO("%s: its network device is back", s->up.up.name);
    }
    return error;
}

static int
reconfigure(struct port *port, struct mp *mp, enum port_change kind,
            char **errp)
{
    struct packet_port *s = packet_port_cast(port);
    struct kernel_port *p = &s->up;
    bool opened = !port->running.valid;
    uint32_t mtu, before;
    int error;

    if (atomic_load_explicit(&p->gone, memory_order_acquire)) {     /* 1 */
        error = reopen(s, errp);
        if (error) {
            return error;
        }
        opened = true;
    }
    mtu = kernel_wanted_mtu(port);
    before = p->link.mtu;
    if (opened || mtu != port->running.mtu) {                       /* 2 */
        error = kernel_port_set_mtu(p, mtu, errp);
        if (error) {
            return error;
        }
        s->made_mtu = mtu != before ? mtu : s->made_mtu;
    }
    kernel_port_apply(p, mp, kind, mtu);                            /* 3 */
    return 0;
}

static void
get_stats(struct port *port, struct port_stats *stats)
{
    packet_count_lost(packet_port_cast(port));
    kernel_get_stats(port, stats);
}

const struct port_class system_class = {
    .kind = CFG_TYPE_SYSTEM,
    .type = "system",
    .pmd = false,
    .dpdk = false,
    .size = sizeof(struct packet_port),
    .construct = construct,
    .destruct = destruct,
    .plan = plan,
    .mempool_request = kernel_mempool_request,
    .reconfigure = reconfigure,
    .stop = kernel_stop,
    .rx = packet_rx,
    .rx_unfinished = packet_rx_unfinished,
    .tx = kernel_tx,
    .rx_fd = kernel_rx_fd,
    .service = kernel_service,
    .get_stats = get_stats,
    .get_status = kernel_get_status,
    .get_link = kernel_get_link,
    .run = kernel_run,
    .mbuf_need = kernel_mbuf_need,
};
