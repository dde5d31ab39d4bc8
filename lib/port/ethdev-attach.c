/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-attach.c: which device does dpdk-devargs name, and whose is it?
 *
 * `users` is the one place that knows which port uses which ethdev.  A device
 * belongs to the port that attached it: it is closed and removed from its bus
 * with the port, so that its memory returns and its devargs can be given
 * again.  A device with several ports (they share one rte_device) is removed
 * with the last of them.  One that DPDK had already (probed at start, or with
 * another of the same card) goes back to DPDK, without memory of ours, and can
 * be given to a port again.
 *
 * Main thread only.
 */
#include <config.h>
#include "port/ethdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ether.h>

#include "eal/dpdk-compat.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "util.h"

#define this_module log_netdev_dpdk

static struct ethdev *users[RTE_MAX_ETHPORTS];

const char *
ethdev_strerror(int error)
{
    error = abs(error);
    /* Drivers of virtual devices return -1 for anything. */
    return (error == 1 ? "refused by its driver, which logged the reason"
            : rte_strerror(error));
}

static uint16_t
find_by_mac(const struct rte_ether_addr *mac)
{
    uint16_t id;

    RTE_ETH_FOREACH_DEV (id) {
        struct rte_ether_addr addr;

        if (!rte_eth_macaddr_get(id, &addr)
            && rte_is_same_ether_addr(&addr, mac)) {
            return id;
        }
    }
    return RTE_MAX_ETHPORTS;
}

static uint16_t
find_by_devargs(const char *devargs)
{
    struct rte_dev_iterator it;
    uint16_t id;

    RTE_ETH_FOREACH_MATCHING_DEV (id, devargs, &it) {
        rte_eth_iterator_cleanup(&it);
        return id;
    }
    return RTE_MAX_ETHPORTS;
}

/* Does a port use an ethdev of the device `name`? */
static bool
is_used(const char *name)
{
    for (size_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
        if (users[i] && !strcmp(rte_dev_name(users[i]->device), name)) {
            return true;
        }
    }
    return false;
}

/* A probe that found nothing for its port may have been the second one of a
 * device that works for others. */
static void
remove_probed(const struct rte_devargs *da)
{
    int error;

    if (is_used(da->name)) {
        return;
    }
    error = rte_eal_hotplug_remove(rte_bus_name(da->bus), da->name);

    if (error) {
        VLOG_WARN("could not detach device '%s': %s", da->name,
                  ethdev_strerror(error));
    }
}

static int
probe(const char *devargs, const struct rte_devargs *da, uint16_t *id,
      char **why)
{
    int error;

    if (rte_eth_dev_count_total() >= RTE_MAX_ETHPORTS) {
        *why = xasprintf("all %d devices that this build of DPDK allows "
                         "(RTE_MAX_ETHPORTS) are in use", RTE_MAX_ETHPORTS);
        return -ENOSPC;
    }
    error = rte_dev_probe(devargs);
    if (error) {
        *why = xstrdup(ethdev_strerror(error));
        return error < 0 ? error : -ENODEV;
    }
    *id = find_by_devargs(devargs);
    if (*id == RTE_MAX_ETHPORTS) {
        remove_probed(da);
        *why = xstrdup("it has no Ethernet device that matches");
        return -ENODEV;
    }
    VLOG_INFO("Device '%s' attached to DPDK", devargs);
    return 0;
}

/* Finds the device, attaching it where that is needed: `*attached`. */
static int
find_or_probe(const char *devargs, uint16_t *id, bool *attached, char **why)
{
    struct rte_devargs da;
    struct rte_ether_addr mac;
    int error;

    *attached = false;
    error = ethdev_parse_mac(devargs, &mac, why);
    if (error != -ENOENT) {
        *id = error ? RTE_MAX_ETHPORTS : find_by_mac(&mac);
        if (!error && *id == RTE_MAX_ETHPORTS) {
            *why = xstrdup("no device known to DPDK has this MAC address");
            error = -ENODEV;
        }
        return error;
    }
    error = ethdev_parse_devargs(devargs, &da, why);
    if (error) {
        return error;
    }
    *id = find_by_devargs(devargs);
    if (*id == RTE_MAX_ETHPORTS) {
        error = probe(devargs, &da, id, why);
        *attached = !error;
    }
    ethdev_forget_devargs(&da);
    return error;
}

static int
adopt(struct ethdev *dev, uint16_t id, char **why)
{
    const struct rte_devargs *da;
    struct rte_eth_dev_info info;
    int error;

    memset(&info, 0, sizeof info);
    error = rte_eth_dev_info_get(id, &info);
    if (!error) {
        error = ethdev_watch(dev, id);
    }
    if (error) {
        *why = xstrdup(ethdev_strerror(error));
        return error;
    }
    da = rte_dev_devargs(info.device);
    ethdev_limits_from_info(&info,
                            ethdev_quirks(info.driver_name,
                                          da && da->args ? da->args : ""),
                            &dev->limits);
    dev->device = info.device;
    dev->socket = dpdk_memory_socket(rte_eth_dev_socket_id(id));
    dev->port_id = id;
    dev->multi_segs = (dev->limits.tx_offloads & RTE_ETH_TX_OFFLOAD_MULTI_SEGS
                       || dev->limits.quirks & ETHDEV_ANY_SEGS);
    dev->loop = dev->limits.quirks & ETHDEV_LOOP;
    dev->configured = false;
    dev->removed_seen = false;
    memset(&dev->own_mac, 0, sizeof dev->own_mac);
    rte_eth_macaddr_get(id, &dev->own_mac);
    dev->own_fc_known = false;
    dev->live = (struct ethdev_live) { .mac = dev->own_mac };
    atomic_store_explicit(&dev->removed, false, memory_order_release);
    atomic_store_explicit(&dev->reset_due, false, memory_order_release);
    atomic_store_explicit(&dev->link_event, false, memory_order_release);
    users[id] = dev;
    return 0;
}

static void
undo_probe(uint16_t id, const char *devargs)
{
    struct rte_devargs da;
    char *why = NULL;

    rte_eth_dev_close(id);
    if (!ethdev_parse_devargs(devargs, &da, &why)) {
        remove_probed(&da);
        ethdev_forget_devargs(&da);
    }
    free(why);
}

int
ethdev_attach(struct ethdev *dev, char **errp)
{
    const char *devargs = dev->up.wanted.devargs;
    bool attached;
    char *why = NULL;
    uint16_t id = RTE_MAX_ETHPORTS;
    int error;

    if (eal_state() != EAL_RUNNING) {
        *errp = xasprintf("%s: DPDK is not running (see other_config:"
                          "dpdk-init in table Open_vSwitch)", dev->up.name);
        return -EAGAIN;
    }
    if (!devargs || !devargs[0]) {
        *errp = xasprintf("'%s' is missing 'options:dpdk-devargs'",
                          dev->up.name);
        return -EINVAL;
    }
    error = find_or_probe(devargs, &id, &attached, &why);
    if (!error && users[id]) {
        *errp = xasprintf("'%s' is trying to use device '%s' which is already "
                          "in use by '%s'", dev->up.name, devargs,
                          users[id]->up.name);
        return -EADDRINUSE;
    }
    if (!error) {
        error = adopt(dev, id, &why);
        if (error && attached) {
            undo_probe(id, devargs);
        }
        dev->found = !attached;
    }
    if (error) {
        *errp = xasprintf("Error attaching device '%s' to DPDK: %s", devargs,
                          why);
        free(why);
    }
    return error;
}

/* Does a port use another ethdev of `device`? */
static struct ethdev *
user_of(const struct rte_device *device)
{
    for (size_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
        if (users[i] && users[i]->device == device) {
            return users[i];
        }
    }
    return NULL;
}

/* Does another port's device serve memif socket `path`? */
static bool
memif_socket_in_use(const char *path)
{
    for (size_t i = 0; i < RTE_MAX_ETHPORTS; i++) {
        char *other = NULL;
        bool same;

        if (users[i] && users[i]->limits.quirks & ETHDEV_MEMIF) {
            other = ethdev_memif_socket(rte_dev_devargs(users[i]->device));
        }
        same = other && !strcmp(other, path);
        free(other);
        if (same) {
            return true;
        }
    }
    return false;
}

/* Before the close of a memif device that no port uses. */
static void
silence_memif(const struct rte_device *device)
{
    char *path = ethdev_memif_socket(rte_dev_devargs(device));

    if (path && !memif_socket_in_use(path)) {
        ethdev_memif_silence(path);
    }
    free(path);
}

/* Leaves a device to DPDK as it was found: its queues, and with them our
 * memory, are gone.  False: that is not possible. */
static bool
give_back(const struct ethdev *dev, uint16_t id)
{
    struct rte_ether_addr own = dev->own_mac;
    struct rte_ether_addr now;
    struct rte_eth_conf conf;

    if (!dev->found || dev->started
        || dev->limits.quirks & (ETHDEV_SETUP_ONCE | ETHDEV_EQUAL_QUEUES)
        || atomic_load_explicit(&dev->removed, memory_order_relaxed)) {
        return false;
    }
    memset(&conf, 0, sizeof conf);
    if (dev->configured && rte_eth_dev_configure(id, 0, 1, &conf)) {
        return false;
    }
    if (!rte_eth_macaddr_get(id, &now)
        && !rte_is_same_ether_addr(&now, &own)) {
        rte_eth_dev_default_mac_addr_set(id, &own);
    }
    return true;
}

void
ethdev_release(struct ethdev *dev)
{
    uint16_t id = dev->port_id;
    int error;

    if (id == RTE_MAX_ETHPORTS) {
        return;
    }
    ethdev_unwatch(dev);
    users[id] = NULL;
    if (give_back(dev, id)) {
        dev->port_id = RTE_MAX_ETHPORTS;
        dev->device = NULL;
        return;
    }
    if (dev->loop) {
        ethdev_prepare_loop_close(dev);
    }
    if (dev->limits.quirks & ETHDEV_MEMIF) {
        silence_memif(dev->device);
    }
    dev->port_id = RTE_MAX_ETHPORTS;
    dev->started = false;
    error = rte_eth_dev_close(id);
    if (error) {
        VLOG_WARN("%s: could not close the device: %s", dev->up.name,
                  ethdev_strerror(error));
    }
    if (!user_of(dev->device)) {
        error = rte_dev_remove(dev->device);
        if (error) {
            VLOG_WARN("%s: could not detach the device: %s", dev->up.name,
                      ethdev_strerror(error));
        }
    }
    dev->device = NULL;
}

static uint16_t
find_known(const char *devargs)
{
    struct rte_devargs da;
    struct rte_ether_addr mac;
    uint16_t id = RTE_MAX_ETHPORTS;
    char *why = NULL;
    int error;

    if (eal_state() != EAL_RUNNING) {
        return id;
    }
    error = ethdev_parse_mac(devargs, &mac, &why);
    if (!error) {
        id = find_by_mac(&mac);
    } else if (error == -ENOENT
               && !ethdev_parse_devargs(devargs, &da, &why)) {
        id = find_by_devargs(devargs);
        ethdev_forget_devargs(&da);
    }
    free(why);
    return id;
}

int
ethdev_detach(const char *devargs, char **text)
{
    uint16_t id = find_known(devargs);
    struct rte_eth_dev_info info;
    uint16_t sibling;
    int error;

    if (id == RTE_MAX_ETHPORTS) {
        *text = xasprintf("Device '%s' not found in DPDK", devargs);
        return -ENODEV;
    }
    memset(&info, 0, sizeof info);
    error = rte_eth_dev_info_get(id, &info);
    if (!error && user_of(info.device)) {
        *text = xasprintf("Device '%s' is being used by interface '%s'. "
                          "Remove it before detaching", devargs,
                          user_of(info.device)->up.name);
        return -EBUSY;
    }
    if (!error && ethdev_quirks(info.driver_name, "") & ETHDEV_MEMIF) {
        silence_memif(info.device);
    }
    if (!error) {
        RTE_ETH_FOREACH_DEV_OF (sibling, info.device) {
            rte_eth_dev_close(sibling);
        }
        error = rte_dev_remove(info.device);
    }
    if (error) {
        *text = xasprintf("Device '%s' can not be detached: %s", devargs,
                          ethdev_strerror(error));
        return error;
    }
    *text = xasprintf("All devices shared with device '%s' have been detached",
                      devargs);
    return 0;
}
