/* SPDX-License-Identifier: Apache-2.0
 *
 * io-thread.c: the thread of kernel-backed ports; see io-thread.h.
 *
 * The main thread publishes an immutable list of ports as for PMD threads
 * (pmd-reload.h); NULL tells the thread to leave.  An epoll event names its
 * port by place in the list and generation, so that one which was fetched
 * just before a port left is recognised as stale.
 *
 * No wake-up is lost because each side writes its own word and then reads the
 * other's, with a full fence in between:
 *
 *   a sender                             this thread
 *   queue the frames                     sleeping = true
 *   fence                                fence
 *   sleeping?  then clear it, and        service every port, look for a list
 *     make the eventfd readable          that says leave; neither had
 *                                        anything: epoll_wait()
 */
#include <config.h>
#include "pmd/io-thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_common.h>

#include "eal/log-modules.h"
#include "eal/rcu.h"
#include "pmd/packet-thread.h"
#include "pmd/pmd-format.h"
#include "pmd/pmd-perf.h"
#include "port/port-class.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "switch/forward.h"
#include "util.h"

#define this_module log_dpif_netdev

enum {
    N_EVENTS = 64,              /* ports looked at in one round */
    N_BURSTS = 4,               /* of a port in one round: no port starves
                                 * the others, nor a grace period */
    PATIENCE = 16,              /* rounds without a frame in a row, though
                                 * ports were readable, before a pause */
    PAUSE_MS = 1,
};

struct io_port {
    struct port *port;          /* NULL: a free place */
    uint32_t generation;
};

struct io_list {
    size_t n;
    struct io_port ports[];
};

/* The event that is not a port's: the eventfd. */
static const uint64_t WAKE_EVENT = UINT64_MAX;

static void serve_until_told(void *aux, int rcu);

/* Main: wo.  Thread: ro. */
static _Atomic(struct io_list *) published;     /* NULL: leave */
static int epoll_fd = -1;
static int wake_fd = -1;                /* senders write to it */
static struct forward_ctx *forward;

/* Thread: wo, but a sender that wakes it clears the flag.  Senders read it
 * with each burst for a kernel-backed port. */
static _Atomic(bool) sleeping __rte_cache_aligned;

/* Thread: rw.  Main: ro. */
static perf_counter packets __rte_cache_aligned;

/* Main only. */
static struct io_port *places;
static int *fds;                        /* in epoll, of each place; or -1 */
static size_t n_places;
static uint32_t last_generation;
static struct packet_thread thread = {
    .core = -1,
    .run = serve_until_told,
};

/* The thread. -------------------------------------------------------- */

static struct io_list *
get_list(void)
{
    return atomic_load_explicit(&published, memory_order_acquire);
}

static bool
unfinished(const struct port *port)
{
    return port->class->rx_unfinished && port->class->rx_unfinished(port);
}

/* Receives from the port that an event names; returns how many frames. */
static unsigned int
receive(uint64_t event, uint32_t second)
{
    const struct io_list *list = get_list();
    size_t i = (uint32_t) event;
    unsigned int sum = 0;
    struct port *port;

    if (!list || i >= list->n || !list->ports[i].port
        || list->ports[i].generation != event >> 32) {
        return 0;
    }
    port = list->ports[i].port;
    for (uint16_t q = 0; q < port_rx_queues(port); q++) {
        for (int burst = 0; burst < N_BURSTS || unfinished(port); burst++) {
            struct rte_mbuf *frames[PORT_BURST];
            uint16_t n = port_rx(port, q, frames, PORT_BURST);
            uint16_t passed = n ? port_police(port, frames, n) : 0;

            if (passed) {
                forward_burst(forward,
                              atomic_load_explicit(&port->ingress,
                                                   memory_order_acquire),
                              frames, passed, second);
            }
            sum += n;
            if (n < PORT_BURST) {
                break;
            }
        }
    }
    return sum;
}

/* Sends what is queued, port by port.  Is there more? */
static bool
service(int rcu)
{
    const struct io_list *list;
    bool more = false;

    for (size_t i = 0; (list = get_list()) && i < list->n; i++) {
        struct port *port = list->ports[i].port;

        if (port && port->class->service) {
            more |= port->class->service(port);
            rcu_quiescent(rcu);
        }
    }
    return more;
}

static void
reset_wake_fd(void)
{
    uint64_t count;

    ignore(read(wake_fd, &count, sizeof count));
}

/* Sleeps until there is something to do; with `pause`, at most PAUSE_MS and
 * looking at no port.  Returns the number of events. */
static int
sleep_until_woken(int rcu, bool pause, struct epoll_event *events)
{
    int n = 0;

    atomic_store_explicit(&sleeping, true, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    if (!service(rcu) && get_list()) {
        rcu_offline(rcu);
        if (pause) {
            struct pollfd pfd = { .fd = wake_fd, .events = POLLIN };

            ignore(poll(&pfd, 1, PAUSE_MS));
        } else {
            n = epoll_wait(epoll_fd, events, N_EVENTS, -1);
        }
        rcu_online(rcu);
    }
    atomic_store_explicit(&sleeping, false, memory_order_relaxed);
    return n;
}

static void
serve_until_told(void *aux OVS_UNUSED, int rcu)
{
    struct epoll_event events[N_EVENTS];
    unsigned int fruitless = 0;
    bool more = false;

    rcu_online(rcu);
    while (get_list()) {
        int n = 0;
        unsigned int received = 0;
        bool readable = false;
        uint32_t second;

        if (fruitless < PATIENCE) {
            n = epoll_wait(epoll_fd, events, N_EVENTS, 0);
        }
        if (n <= 0 && !more) {
            n = sleep_until_woken(rcu, fruitless >= PATIENCE, events);
        }
        second = switch_now();
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 == WAKE_EVENT) {
                reset_wake_fd();
            } else {
                readable = true;
                received += receive(events[i].data.u64, second);
                rcu_quiescent(rcu);
            }
        }
        more = service(rcu);
        perf_add(&packets, received);
        fruitless = readable && !received ? fruitless + 1 : 0;
    }
    rcu_offline(rcu);
}

/* Senders. ----------------------------------------------------------- */

void
io_thread_wake(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&sleeping, memory_order_relaxed)
        && atomic_exchange_explicit(&sleeping, false, memory_order_relaxed)) {
        uint64_t one = 1;

        ignore(write(wake_fd, &one, sizeof one));
    }
}

/* The main thread. --------------------------------------------------- */

static struct io_list *
copy_places(void)
{
    struct io_list *list;

    list = xmalloc(sizeof *list + n_places * sizeof *list->ports);
    list->n = n_places;
    if (n_places) {
        memcpy(list->ports, places, n_places * sizeof *places);
    }
    return list;
}

/* Publishes the ports there are now.  After return the thread, if it runs,
 * knows no other. */
static void
publish(void)
{
    struct io_list *old = get_list();

    if (old) {
        atomic_store_explicit(&published, copy_places(),
                              memory_order_release);
    }
    rcu_synchronize();
    free(old);
}

/* Index of the port, or, with NULL, of a free place; n_places: none. */
static size_t
find_place(const struct port *port)
{
    size_t i = 0;

    while (i < n_places && places[i].port != port) {
        i++;
    }
    return i;
}

/* Makes epoll wait for the descriptor that the port in place `i` has now. */
static void
watch(size_t i)
{
    struct port *port = places[i].port;
    int fd = port->class->rx_fd ? port->class->rx_fd(port) : -1;
    struct epoll_event event = {
        .events = EPOLLIN,
        .data.u64 = (uint64_t) places[i].generation << 32 | i,
    };

    if (fds[i] >= 0 && fds[i] != fd) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fds[i], NULL);
    }
    fds[i] = fd;
    if (fd >= 0
        && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event)
        && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        VLOG_ERR("%s: cannot wait for frames on descriptor %d: %s",
                 port->name, fd, ovs_strerror(errno));
        fds[i] = -1;
    }
}

void
io_thread_add_port(struct port *port)
{
    size_t i = find_place(port);

    if (i == n_places) {
        i = find_place(NULL);
        if (i == n_places) {
            n_places++;
            places = xrealloc(places, n_places * sizeof *places);
            fds = xrealloc(fds, n_places * sizeof *fds);
        }
        places[i].port = port;
        places[i].generation = ++last_generation;
        fds[i] = -1;
        publish();
    }
    if (get_list()) {
        watch(i);
        io_thread_wake();       /* what was queued while it was away */
    }
}

void
io_thread_remove_port(struct port *port)
{
    size_t i = find_place(port);

    if (i == n_places) {
        rcu_synchronize();
        return;
    }
    if (fds[i] >= 0) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fds[i], NULL);
    }
    places[i].port = NULL;
    publish();
}

void
io_thread_follow(void)
{
    cpu_set_t set;

    if (!pthread_getaffinity_np(pthread_self(), sizeof set, &set)) {
        pthread_setaffinity_np(thread.pthread, sizeof set, &set);
    }
}

void
io_thread_get_stats(struct pmd_stats *stats)
{
    struct forward_stats f;

    memset(stats, 0, sizeof *stats);
    if (forward) {
        forward_ctx_stats(forward, &f);
        stats->packets = perf_get(&packets);
        stats->tx_packets = f.tx_packets;
        stats->tx_batches = f.tx_batches;
    }
}

/* Everything but the table of ports. */
static void
release(void)
{
    for (size_t i = 0; i < n_places; i++) {
        fds[i] = -1;
    }
    forward_ctx_destroy(forward);
    forward = NULL;
    if (wake_fd >= 0) {
        close(wake_fd);
    }
    if (epoll_fd >= 0) {
        close(epoll_fd);
    }
    wake_fd = epoll_fd = -1;
}

static int
open_fds(void)
{
    struct epoll_event event = {
        .events = EPOLLIN,
        .data.u64 = WAKE_EVENT,
    };

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (epoll_fd < 0 || wake_fd < 0
        || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event)) {
        return -errno;
    }
    return 0;
}

int
io_thread_start(char **errp)
{
    char *reason = NULL;
    int error;

    forward = forward_ctx_create(IO_THREAD_SENDER);
    atomic_store(&packets, 0);
    error = open_fds();
    if (error) {
        reason = xstrdup(ovs_strerror(-error));
    } else {
        for (size_t i = 0; i < n_places; i++) {
            if (places[i].port) {
                watch(i);
            }
        }
        atomic_store(&published, copy_places());
        error = packet_thread_start(&thread, "io/id:", &reason);
    }
    if (error) {
        free(atomic_exchange(&published, NULL));
        *errp = xasprintf("no thread for kernel-backed ports: %s", reason);
        free(reason);
        release();
    }
    return error;
}

void
io_thread_stop(void)
{
    struct io_list *list = atomic_exchange(&published, NULL);

    io_thread_wake();
    packet_thread_join(&thread);
    free(list);
    release();
}
