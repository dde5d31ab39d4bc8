/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-event.c: what happens to a device without being asked for?
 *
 * Drivers tell in DPDK's interrupt thread, which stores a flag and wakes the
 * main loop; links are polled.  The main thread acts.
 */
#include <config.h>
#include "port/ethdev.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "eal/log-modules.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

#define this_module log_netdev_dpdk

enum {
    LINK_POLL_MS = 1000,        /* of links without interrupt */
    RESET_RETRY_MS = 1000,      /* after a reset that failed */
};

static const enum rte_eth_event_type events[] = {
    RTE_ETH_EVENT_INTR_RMV, RTE_ETH_EVENT_INTR_RESET, RTE_ETH_EVENT_INTR_LSC,
};

/* When a port has something to look for: the least of what they said since
 * the last round of the main loop. */
static long long int next_look = LLONG_MAX;

static void
look_at(long long int when)
{
    next_look = MIN(next_look, when);
}

/* DPDK's interrupt thread. */
static int
on_event(uint16_t port_id OVS_UNUSED, enum rte_eth_event_type event,
         void *dev_, void *ret OVS_UNUSED)
{
    struct ethdev *dev = dev_;

    atomic_store_explicit(event == RTE_ETH_EVENT_INTR_RMV ? &dev->removed
                          : event == RTE_ETH_EVENT_INTR_RESET ? &dev->reset_due
                          : &dev->link_event, true, memory_order_release);
    port_notify();
    return 0;
}

/* `n` of the events. */
static void
forget_events(struct ethdev *dev, uint16_t id, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* -EAGAIN: the interrupt thread is in the callback now. */
        while (rte_eth_dev_callback_unregister(id, events[i], on_event, dev)
               == -EAGAIN) {
            rte_pause();
        }
    }
}

int
ethdev_watch(struct ethdev *dev, uint16_t id)
{
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        int error = rte_eth_dev_callback_register(id, events[i], on_event,
                                                  dev);

        if (error) {
            forget_events(dev, id, i);
            return error;
        }
    }
    return 0;
}

void
ethdev_unwatch(struct ethdev *dev)
{
    forget_events(dev, dev->port_id, ARRAY_SIZE(events));
}

void
ethdev_started(struct ethdev *dev)
{
    struct rte_eth_link link;

    memset(&link, 0, sizeof link);
    rte_eth_link_get_nowait(dev->port_id, &link);
    dev->link_up = link.link_status == RTE_ETH_LINK_UP;
    dev->next_poll = dev->lsc ? LLONG_MAX : time_msec() + LINK_POLL_MS;
    look_at(dev->next_poll);
}

static void
follow_link(struct ethdev *dev)
{
    struct rte_eth_link link;
    bool up;

    memset(&link, 0, sizeof link);
    if (rte_eth_link_get_nowait(dev->port_id, &link)) {
        return;
    }
    up = link.link_status == RTE_ETH_LINK_UP;
    if (up != dev->link_up) {
        dev->link_up = up;
        dev->link_resets++;
        VLOG_INFO("%s: link is %s", dev->up.name, up ? "up" : "down");
        port_changed(&dev->up);
    }
}

static void
watch_link(struct ethdev *dev)
{
    bool event = atomic_exchange_explicit(&dev->link_event, false,
                                          memory_order_acquire);

    if (!dev->started) {
        return;
    }
    if (time_msec() >= dev->next_poll) {
        dev->next_poll = time_msec() + LINK_POLL_MS;
        event = true;
    }
    if (event) {
        follow_link(dev);
    }
    look_at(dev->next_poll);
}

/* Is it time to reset a device that asked for it? */
static bool
reset_is_due(struct ethdev *dev)
{
    bool now;

    if (!atomic_load_explicit(&dev->reset_due, memory_order_acquire)) {
        dev->next_reset = 0;
        return false;
    }
    now = time_msec() >= dev->next_reset;
    if (now) {
        dev->next_reset = time_msec() + RESET_RETRY_MS;
    }
    look_at(dev->next_reset);
    return now;
}

/* True where reconfigure() is due: for a device that went away, to say so and
 * to try to attach it again; for one that asks for a reset. */
bool
ethdev_run(struct port *p)
{
    struct ethdev *dev = ethdev_cast(p);

    if (atomic_load_explicit(&dev->removed, memory_order_acquire)) {
        bool news = !dev->removed_seen;

        dev->removed_seen = true;
        return news;
    }
    watch_link(dev);
    return reset_is_due(dev);
}

void
ethdev_run_class(void)
{
    next_look = LLONG_MAX;
}

void
ethdev_wait_class(void)
{
    poll_timer_wait_until(next_look);
}
