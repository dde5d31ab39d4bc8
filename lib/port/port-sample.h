/* SPDX-License-Identifier: Apache-2.0
 *
 * port-sample.h: what devices count themselves, asked for without waiting.
 *
 * A driver may take its time to tell its counters: it may ask the device's
 * firmware, or the kernel, which is busy with something else.  So threads of
 * their own ask, and the main thread reads what the device told last.  A
 * device that does not answer keeps one of these threads, and no other port.
 *
 *   main thread                          a sampling thread
 *   port_sample_ask() --- queue --->     takes a port from the queue
 *                                        class->sample()
 *   port_sample_add()  <-- sample ---    leaves the sample, port_notify()
 *
 * Drivers serve one caller at a time for a device.  So whoever of the main
 * thread is about to have a device do something holds its port meanwhile: with
 * port_sample_hold(), which waits for a thread that is with the device, or,
 * for what is merely shown, with port_sample_try(), which does not.
 *
 * Everything is for the main thread.
 */
#ifndef PORT_PORT_SAMPLE_H
#define PORT_PORT_SAMPLE_H 1

#include <stdbool.h>

struct port;
struct port_sampling;
struct port_stats;

/* Begins with `p`, whose class has sample(); the others need none of this, and
 * every call below does nothing for them. */
void port_sample_init(struct port *p);
/* The port is held. */
void port_sample_destroy(struct port *p);

/* The device is to be asked soon.  No effect while that is under way, but for
 * `news`: when it is done, port_changed(). */
void port_sample_ask(struct port *p, bool news);
/* Every port's device. */
void port_sample_ask_all(void);
/* Is any device still to answer? */
bool port_sample_pending(void);

/* No thread is with the device from here on, until as many release().  What
 * was asked meanwhile is asked then. */
void port_sample_hold(struct port *p);
void port_sample_release(struct port *p);
/* Likewise, but false, and not held, where a thread is with the device. */
bool port_sample_try(struct port *p);

/* Adds what the device told last to statistics that the switch counted: to
 * totals of the same name, and its own names behind them.  Totals do not go
 * back where the device begins anew. */
void port_sample_add(struct port *p, struct port_stats *stats);

/* Main loop. */
void port_sample_run(void);
void port_sample_wait(void);

#endif
