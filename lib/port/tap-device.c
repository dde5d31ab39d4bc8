/* SPDX-License-Identifier: Apache-2.0
 *
 * tap-device.c: how does a tap device of ours come about, change and go?
 *
 * The device has the name of the interface and lives in the daemon's network
 * namespace, until its operator moves it.  It exists also while DPDK does not
 * run, so that addresses can be put on it; without packet memory it carries
 * nothing.
 *
 * It is persistent: where the daemon ends, in whatever way, it stays, with its
 * addresses and routes, and is taken over by the daemon that comes next.  It
 * goes with its port, and with `exit --cleanup`.  In another namespace it is
 * not, since there nobody could find it again.
 *
 * Its operator sets it up, gives it addresses, may change its MTU (kernel.c
 * follows), rename it, move it to another namespace, even delete it: then it
 * is made again, without its addresses.
 *
 * No checksum or segmentation offload is offered to the kernel (no
 * IFF_VNET_HDR), so what it sends is complete.
 */
#include <config.h>
#include "port/tap-device.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_ether.h>

#include "eal/log-modules.h"
#include "util.h"

#define this_module log_netdev_dpdk

#define TUN_DEVICE "/dev/net/tun"

static bool keep_devices;

static struct tap_port *
tap_port_cast(const struct port *p)
{
    return CONTAINER_OF(kernel_port_cast(p), struct tap_port, up);
}

void
tap_keep_devices(void)
{
    keep_devices = true;
}

/* May a network device have this name? */
static int
check_name(const char *name, char **errp)
{
    size_t n = strlen(name);

    if (n >= IFNAMSIZ) {
        *errp = xasprintf("'%s' cannot be the name of a network device: it "
                          "has %"PRIuSIZE" characters, at most %d are "
                          "possible", name, n, IFNAMSIZ - 1);
        return -ENAMETOOLONG;
    }
    if (!n || !strcmp(name, ".") || !strcmp(name, "..")) {
        *errp = xasprintf("'%s' cannot be the name of a network device",
                          name);
        return -EINVAL;
    }
    for (const char *s = name; *s; s++) {
        /* '%' asks the kernel to make a number up. */
        if (strchr("/:%", *s) || isspace((unsigned char) *s)) {
            *errp = xasprintf("'%s' cannot be the name of a network device: "
                              "it may not have '%c' in it", name, *s);
            return -EINVAL;
        }
    }
    return 0;
}

/* Makes the device, or takes over the tap device of this name that nobody
 * has.  Returns its descriptor. */
static int
open_tap(const char *name, char **errp)
{
    bool there = if_nametoindex(name) != 0;
    struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int error;

    if (fd < 0) {
        error = errno;
        *errp = xasprintf("%s: cannot open " TUN_DEVICE ": %s%s", name,
                          ovs_strerror(error),
                          error == ENOENT || error == ENODEV
                          || error == ENXIO ? " (kernel module tun)" : "");
        return -error;
    }
    ovs_strzcpy(ifr.ifr_name, name, sizeof ifr.ifr_name);
    if (!ioctl(fd, TUNSETIFF, &ifr) && !ioctl(fd, TUNSETOFFLOAD, 0)) {
        if (there) {
            VLOG_INFO("%s: took over the tap device of this name", name);
        }
        return fd;
    }
    error = errno;
    close(fd);
    *errp = (there      /* in use, or something else */
             ? xasprintf("%s: a network device of this name exists already",
                         name)
             : xasprintf("%s: cannot make a tap device: %s%s", name,
                         ovs_strerror(error),
                         error == EPERM ? " (CAP_NET_ADMIN is needed)" : ""));
    return -error;
}

/* (Fails only where the device is gone already.) */
static void
set_persistent(struct tap_port *t, bool persistent)
{
    t->persistent = persistent;
    ioctl(t->up.fd, TUNSETPERSIST, persistent);
}

static int
open_device(struct tap_port *t, char **errp)
{
    const char *name = t->up.up.name;
    int ifindex;
    int fd = open_tap(name, errp);

    if (fd < 0) {
        return fd;
    }
    ifindex = (int) if_nametoindex(name);
    if (!ifindex) {
        int error = errno;

        *errp = xasprintf("%s: the new tap device is not there: %s", name,
                          ovs_strerror(error));
        close(fd);
        return -error;
    }
    kernel_port_set_device(&t->up, fd, ifindex);
    set_persistent(t, true);
    return 0;
}

static void
close_device(struct tap_port *t)
{
    int fd = t->up.fd;

    if (fd >= 0 && !keep_devices) {
        set_persistent(t, false);
    }
    kernel_port_clear_device(&t->up);
    if (fd >= 0) {
        close(fd);
    }
}

int
tap_construct(struct port *port, char **errp)
{
    struct kernel_port *p = kernel_port_cast(port);
    int error = check_name(port->name, errp);

    if (error) {
        return error;
    }
    kernel_port_init(p, false, tap_send);
    error = open_device(tap_port_cast(port), errp);
    if (error) {
        kernel_port_destroy(p);
    }
    return error;
}

void
tap_destruct(struct port *port)
{
    close_device(tap_port_cast(port));
    kernel_port_destroy(kernel_port_cast(port));
}

/* The address asked for, where one is. */
static bool
wanted_mac(const struct port *port, struct rte_ether_addr *mac)
{
    return (port->wanted.mac
            && !rte_ether_unformat_addr(port->wanted.mac, mac));
}

static bool
mac_differs(const struct kernel_port *p)
{
    struct rte_ether_addr mac;

    return (wanted_mac(&p->up, &mac)
            && memcmp(&mac, p->link.mac, sizeof p->link.mac));
}

enum port_change
tap_plan(const struct port *port)
{
    const struct kernel_port *p = kernel_port_cast(port);
    enum port_change kind = kernel_port_plan(p);

    return (kind == PORT_CHANGE_NONE && mac_differs(p) ? PORT_CHANGE_LIVE
            : kind);
}

static int
set_mac(struct kernel_port *p, char **errp)
{
    struct rte_ether_addr mac;
    int error;

    if (!mac_differs(p) || !wanted_mac(&p->up, &mac)) {
        return 0;
    }
    error = kernel_link_set(p->link.ifindex, NULL, mac.addr_bytes);
    if (error) {
        *errp = xasprintf("%s: cannot set MAC address '%s': %s", p->up.name,
                          p->up.wanted.mac, ovs_strerror(-error));
    }
    return error;
}

/* The device was deleted: makes it again, with the address it had. */
static int
reopen(struct kernel_port *p, char **errp)
{
    struct kernel_link old = p->link;
    int error;

    close_device(tap_port_cast(&p->up));
    error = open_device(tap_port_cast(&p->up), errp);
    if (!error) {
        kernel_link_set(p->link.ifindex, NULL, old.mac);
        VLOG_INFO("%s: made its network device again", p->up.name);
    }
    return error;
}

int
tap_reconfigure(struct port *port, struct mp *mp, enum port_change kind,
                char **errp)
{
    struct kernel_port *p = kernel_port_cast(port);
    uint32_t mtu = kernel_wanted_mtu(port);
    bool made = !port->running.valid;
    uint32_t old_mtu;
    int error;

    if (atomic_load_explicit(&p->gone, memory_order_acquire)) {     /* 1 */
        error = reopen(p, errp);
        if (error) {
            return error;
        }
        made = true;
    }
    old_mtu = p->link.mtu;
    /* A running device keeps the MTU its operator gave it, unless another
     * one is wanted now. */
    if (made || mtu != port->running.mtu) {
        error = kernel_port_set_mtu(p, mtu, errp);                  /* 2 */
        if (error) {
            return error;
        }
    }
    error = set_mac(p, errp);                                       /* 3 */
    if (error) {
        kernel_link_set(p->link.ifindex, &old_mtu, NULL);
        return error;
    }
    kernel_port_apply(p, mp, kind, mtu);                            /* 4 */
    return 0;
}

bool
tap_run(struct port *port)
{
    struct tap_port *t = tap_port_cast(port);

    if (t->persistent != t->up.visible) {
        set_persistent(t, t->up.visible);
    }
    return kernel_run(port);
}

char *
tap_describe(const struct port *port OVS_UNUSED)
{
    return xstrdup("tap");
}
