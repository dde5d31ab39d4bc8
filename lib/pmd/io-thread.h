/* SPDX-License-Identifier: Apache-2.0
 *
 * io-thread.h: the thread of kernel-backed ports.
 *
 * One thread serves every published port whose class is not polled by PMDs.
 * It sleeps in epoll on the ports' descriptors, so that idle ports cost
 * nothing, and makes the system calls that PMD threads must not make.
 *
 *   receives    a port's descriptor is readable: class->rx, then the switch
 *   sends       any packet thread's class->tx puts frames into a queue of the
 *               port and calls io_thread_wake(); class->service sends them
 *
 * What a class may count on and must do:
 *
 *  - rx and service are called by this thread only, between publish and
 *    quiesce; a port's rx_fd() changes or closes only between quiesce and
 *    publish.
 *  - Frames queued before a call of io_thread_wake() are seen by a service()
 *    that starts after that call.  service() sends or drops what it finds, a
 *    bounded number of frames at a time, and says when it left some: the
 *    thread then comes back without sleeping.
 *  - A port that is readable for ever but yields no frame does not make the
 *    thread spin: it then looks only once a millisecond.
 *
 * Its number as a sender is IO_THREAD_SENDER.  In RCU it is a reader, offline
 * while it sleeps.
 *
 * Main thread only, unless a function says otherwise.
 */
#ifndef PMD_IO_THREAD_H
#define PMD_IO_THREAD_H 1

#include <stdint.h>

struct pmd_stats;
struct port;

enum { IO_THREAD_SENDER = 0 };

/* Ports may be put in and taken out before the start and after the stop, too:
 * then nobody serves them. */
int io_thread_start(char **errp);
void io_thread_stop(void);

/* Puts the port in, or, if it is in already, looks at its rx_fd() again. */
void io_thread_add_port(struct port *);
/* Takes it out, if it is in.  Waits for a grace period in any case. */
void io_thread_remove_port(struct port *);

/* Any packet thread, after it queued frames for a kernel-backed port.  A
 * system call only if the thread sleeps. */
void io_thread_wake(void);

/* Makes the thread run on the cores of the calling thread. */
void io_thread_follow(void);

/* What it did so far; cycles are not counted. */
void io_thread_get_stats(struct pmd_stats *);

#endif
