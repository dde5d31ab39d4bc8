/* SPDX-License-Identifier: Apache-2.0
 *
 * port-reconf.h: between port.c and port-reconf.c.  Main thread only.
 */
#ifndef PORT_PORT_RECONF_H
#define PORT_PORT_RECONF_H 1

struct port;
struct port_hooks;

void port_reconf_init(const struct port_hooks *);

/* port.c's registry. */
void port_register(struct port *);
void port_unregister(struct port *);

#endif
