/* SPDX-License-Identifier: Apache-2.0
 *
 * port-reconf.h: between port.c and port-reconf.c.  Main thread only.
 */
#ifndef PORT_PORT_RECONF_H
#define PORT_PORT_RECONF_H 1

struct port;
struct port_hooks;
struct port_stats;

void port_reconf_init(const struct port_hooks *);

/* port-qos.c.  Brings the limits that are wanted into force, while frames
 * flow; no effect before DPDK runs, when none do.  What is impossible is
 * logged, and stays with the port as port_error(). */
void port_qos_apply(struct port *);
/* The port is quiesced. */
void port_qos_destroy(struct port *);
/* Adds the drops to the port's own statistics. */
void port_qos_add_stats(const struct port *, struct port_stats *);

/* port.c.  After a change, while the port is held: what is shown of it from now
 * on, where its device has no time to say it anew. */
void port_remember(struct port *);

/* port.c's registry. */
void port_register(struct port *);
void port_unregister(struct port *);

#endif
