/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-ethtool.c: see kernel-ethtool.h.
 */
#include <config.h>
#include "port/kernel-ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util.h"

/* 0, or -1 where the device does not answer. */
static int
ask(const char *ifname, void *question)
{
    static int fd = -1;
    struct ifreq ifr;

    if (fd < 0) {
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    }
    memset(&ifr, 0, sizeof ifr);
    ovs_strzcpy(ifr.ifr_name, ifname, sizeof ifr.ifr_name);
    ifr.ifr_data = question;
    return fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &ifr);
}

void
kernel_driver_get(const char *ifname, struct kernel_driver *driver)
{
    struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
    struct ethtool_cmd settings = { .cmd = ETHTOOL_GSET };

    memset(driver, 0, sizeof *driver);
    driver->duplex = -1;
    if (!ask(ifname, &info)) {
        ovs_strlcpy(driver->name, info.driver, sizeof driver->name);
        ovs_strlcpy(driver->version, info.version, sizeof driver->version);
        ovs_strlcpy(driver->firmware, info.fw_version,
                    sizeof driver->firmware);
    }
    if (!ask(ifname, &settings)) {
        uint32_t mbps = ethtool_cmd_speed(&settings);

        driver->speed_bps = (mbps == (uint32_t) SPEED_UNKNOWN ? 0
                             : mbps * UINT64_C(1000000));
        driver->duplex = (settings.duplex == DUPLEX_FULL ? 1
                          : settings.duplex == DUPLEX_HALF ? 0 : -1);
    }
}
