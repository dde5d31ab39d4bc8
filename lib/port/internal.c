/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.c: ports of type "internal": a tap device of ours, through which
 * the host itself is on a bridge.
 *
 * Every bridge has one of its own name.  Its address may be set in the
 * database.
 */
#include <config.h>

#include "port/tap-device.h"

const struct port_class internal_class = {
    .kind = CFG_TYPE_INTERNAL,
    .type = "internal",
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
    .run_class = kernel_run_class,      /* for all kernel-backed types */
    .wait_class = kernel_wait_class,
    .mbuf_need = kernel_mbuf_need,
};
