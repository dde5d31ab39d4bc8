/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-live.c: the settings of a device that change while packets flow: its
 * address, flow control.
 *
 * A device that cannot do what is asked for runs without: the reason is a
 * remark of its port's, which the callers here collect.  What was asked for
 * last is kept (`dev->live`), so that a device is asked once.
 *
 * Main thread only.
 */
#include <config.h>
#include "port/ethdev.h"

#include <errno.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

static bool
is_representor(const struct ethdev *dev)
{
    return dev->limits.dev_flags & RTE_ETH_DEV_REPRESENTOR;
}

/* The address that the settings ask for, or NULL. */
static const char *
wanted_mac(const struct ethdev *dev)
{
    const struct cfg_settings *set = &dev->up.wanted;

    return is_representor(dev) && set->vf_mac ? set->vf_mac : set->mac;
}

static enum rte_eth_fc_mode
wanted_fc_mode(const struct cfg_settings *set)
{
    return (set->rx_flow_ctrl && set->tx_flow_ctrl ? RTE_ETH_FC_FULL
            : set->rx_flow_ctrl ? RTE_ETH_FC_RX_PAUSE
            : set->tx_flow_ctrl ? RTE_ETH_FC_TX_PAUSE
            : RTE_ETH_FC_NONE);
}

void
ethdev_want_live(const struct ethdev *dev, struct ethdev_live *live)
{
    const struct cfg_settings *set = &dev->up.wanted;
    const char *mac = wanted_mac(dev);

    memset(live, 0, sizeof *live);
    if (!mac || rte_ether_unformat_addr(mac, &live->mac)) {
        live->mac = dev->own_mac;
    }
    live->flow_ctrl = set->flow_ctrl;
    if (set->flow_ctrl) {
        live->fc_mode = wanted_fc_mode(set);
        live->fc_autoneg = set->flow_ctrl_autoneg;
    }
    live->no_lsc = (set->lsc_interrupt
                    && !(dev->limits.dev_flags & RTE_ETH_DEV_INTR_LSC));
    live->no_vf_mac = set->vf_mac && !is_representor(dev);
}

bool
ethdev_live_equal(const struct ethdev_live *a, const struct ethdev_live *b)
{
    return (rte_is_same_ether_addr(&a->mac, &b->mac)
            && a->flow_ctrl == b->flow_ctrl && a->fc_mode == b->fc_mode
            && a->fc_autoneg == b->fc_autoneg && a->no_lsc == b->no_lsc
            && a->no_vf_mac == b->no_vf_mac);
}

static void __attribute__((format(printf, 3, 4)))
add_remark(struct ds *remarks, const struct ethdev *dev, const char *format,
           ...)
{
    va_list args;

    if (remarks->length) {
        ds_put_cstr(remarks, "; ");
    } else {
        ds_put_format(remarks, "%s: ", dev->up.name);
    }
    va_start(args, format);
    ds_put_format_valist(remarks, format, args);
    va_end(args);
}

void
ethdev_set_mac(struct ethdev *dev, const struct rte_ether_addr *mac,
               struct ds *remarks)
{
    char text[RTE_ETHER_ADDR_FMT_SIZE];
    struct rte_ether_addr now;
    int error;

    if (!rte_eth_macaddr_get(dev->port_id, &now)
        && rte_is_same_ether_addr(&now, mac)) {
        return;
    }
    error = rte_eth_dev_default_mac_addr_set(
        dev->port_id, CONST_CAST(struct rte_ether_addr *, mac));
    if (error) {
        rte_ether_format_addr(text, sizeof text, mac);
        add_remark(remarks, dev, "device '%s' does not take address %s: %s",
                   dev->up.wanted.devargs, text, ethdev_strerror(error));
    }
}

static int
set_fc(struct ethdev *dev, const struct ethdev_live *live, const char **verb)
{
    struct rte_eth_fc_conf fc;
    int error;

    memset(&fc, 0, sizeof fc);
    *verb = "does not tell its flow control";
    error = rte_eth_dev_flow_ctrl_get(dev->port_id, &fc);
    if (error) {
        return error;
    }
    if (!dev->own_fc_known) {
        dev->own_fc = fc;
        dev->own_fc_known = true;
    }
    if (live->flow_ctrl) {
        fc.mode = live->fc_mode;
        fc.autoneg = live->fc_autoneg;
    } else {
        fc.mode = dev->own_fc.mode;
        fc.autoneg = dev->own_fc.autoneg;
    }
    *verb = "does not take the flow control asked for";
    return rte_eth_dev_flow_ctrl_set(dev->port_id, &fc);
}

void
ethdev_set_flow_ctrl(struct ethdev *dev, const struct ethdev_live *live,
                     struct ds *remarks)
{
    const char *verb;
    int error;

    if (!live->flow_ctrl && !dev->own_fc_known) {
        return;                 /* never asked for: the device's own stays */
    }
    error = set_fc(dev, live, &verb);
    if (error == -ENOTSUP && live->fc_mode == RTE_ETH_FC_NONE) {
        return;                 /* there is none, as asked for */
    } else if (error == -ENOTSUP) {
        add_remark(remarks, dev, "device '%s' has no flow control: "
                   "options:rx-flow-ctrl and tx-flow-ctrl have no effect",
                   dev->up.wanted.devargs);
    } else if (error) {
        add_remark(remarks, dev, "device '%s' %s: %s",
                   dev->up.wanted.devargs, verb, ethdev_strerror(error));
    }
}

void
ethdev_remark_unfit(const struct ethdev *dev, const struct ethdev_live *live,
                    struct ds *remarks)
{
    const char *devargs = dev->up.wanted.devargs;

    if (live->no_lsc) {
        add_remark(remarks, dev, "device '%s' has no link interrupts: its "
                   "link is polled in spite of options:dpdk-lsc-interrupt",
                   devargs);
    }
    if (live->no_vf_mac) {
        add_remark(remarks, dev, "device '%s' is no VF representor: "
                   "options:dpdk-vf-mac has no effect (column mac sets the "
                   "address of a device)", devargs);
    }
}
