/* SPDX-License-Identifier: Apache-2.0
 *
 * tap-device.h: ports behind which there is a tap device of ours.
 *
 * The class operations that their types, internal.c and tap.c, share.
 */
#ifndef PORT_TAP_DEVICE_H
#define PORT_TAP_DEVICE_H 1

#include "port/kernel.h"

struct tap_port {
    struct kernel_port up;
    bool persistent;            /* what the kernel was told; main only */
};

/* Main thread: from now on devices outlive their ports, for the daemon that
 * comes next. */
void tap_keep_devices(void);

/* Main thread: class operations. */
int tap_construct(struct port *, char **errp);
void tap_destruct(struct port *);
enum port_change tap_plan(const struct port *);
int tap_reconfigure(struct port *, struct mp *, enum port_change,
                    char **errp);
char *tap_describe(const struct port *);
bool tap_run(struct port *);

/* I/O thread (tap-io.c): rx, and what sends frames to the device. */
uint16_t tap_rx(struct port *, uint16_t q, struct rte_mbuf **, uint16_t max);
void tap_send(struct kernel_port *, struct rte_mbuf **, unsigned int n);

/* What both classes have in common. */
#define TAP_CLASS_OPS                                               \
    .pmd = false,                                                   \
    .dpdk = false,                                                  \
    .size = sizeof(struct tap_port),                                \
    .construct = tap_construct,                                     \
    .destruct = tap_destruct,                                       \
    .plan = tap_plan,                                               \
    .mempool_request = kernel_mempool_request,                      \
    .reconfigure = tap_reconfigure,                                 \
    .stop = kernel_stop,                                            \
    .rx = tap_rx,                                                   \
    .tx = kernel_tx,                                                \
    .rx_fd = kernel_rx_fd,                                          \
    .service = kernel_service,                                      \
    .sample = kernel_sample,                                        \
    .get_stats = kernel_get_stats,                                  \
    .get_status = kernel_get_status,                                \
    .get_link = kernel_get_link,                                    \
    .describe = tap_describe,                                       \
    .run = tap_run,                                                 \
    .mbuf_need = kernel_mbuf_need

#endif
