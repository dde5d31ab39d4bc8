/* SPDX-License-Identifier: Apache-2.0
 *
 * tap.c: ports of type "tap": a tap device of ours for somebody else.
 *
 * As an internal port, whose name is not the bridge's and whose address is
 * its operator's to set.
 */
#include <config.h>

#include "port/tap-device.h"

const struct port_class tap_class = {
    .kind = CFG_TYPE_TAP,
    .type = "tap",
    .pmd = false,
    .dpdk = false,
    .size = sizeof(struct tap_port),
    .construct = tap_construct,
    .destruct = tap_destruct,
    .plan = tap_plan,
    .mempool_request = kernel_mempool_request,
    .reconfigure = tap_reconfigure,
    .stop = kernel_stop,
    .rx = tap_rx,
    .tx = kernel_tx,
    .rx_fd = kernel_rx_fd,
    .service = kernel_service,
    .sample = kernel_sample,
    .get_stats = kernel_get_stats,
    .get_status = kernel_get_status,
    .get_link = kernel_get_link,
    .describe = tap_describe,
    .run = tap_run,
    .mbuf_need = kernel_mbuf_need,
};
