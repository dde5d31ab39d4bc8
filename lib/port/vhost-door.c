/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-door.c: what stands between a guest and the vhost library.
 */
#include <config.h>
#include "port/vhost-door.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "eal/log-modules.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "port/vhost-fault.h"
#include "port/vhost-vet.h"
#include "port/vhost.h"
#include "timeval.h"
#include "util.h"

#define this_module log_netdev_dpdk

enum state {
    READING,                    /* a message from the guest */
    FORWARDING,                 /* it, to the library */
    AWAITING,                   /* the library's answer to SET_MEM_TABLE */
    LEAVING,                    /* the library to come to the end of what the
                                 * guest said; what it answers is lost */
};

struct conn {
    struct ovs_list node;       /* in conns, under the mutex */
    uint64_t id;
    char *name, *path;
    int guest;                  /* the guest's socket; LEAVING: -1 */
    int lib;                    /* our end of the pair */
    pid_t pid;                  /* the guest's process, or 0 */
    long long int since;        /* ms */
    _Atomic(bool) greeted;      /* the door's thread writes */

    /* The door's thread only. */
    struct vhost_vet vet;
    enum state state;
    struct vhost_letter msg;       /* `have` bytes of it */
    size_t have;
    int fds[VHOST_VET_FDS];     /* that came with it */
    size_t n_fds;
    long long int begun;        /* when its first byte came */
    bool wants_ack;             /* AWAITING: the guest waits for it, too */
    long long int second;       /* in which `n_messages` were passed on */
    unsigned int n_messages;
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list conns OVS_GUARDED_BY(mutex)
    = OVS_LIST_INITIALIZER(&conns);
static uint64_t last_id OVS_GUARDED_BY(mutex);
static int wake_fd = -1;

/* The guest's socket among all descriptors. */

static bool
has_path(const struct sockaddr_un *un, socklen_t len, const char *path)
{
    return (len > offsetof(struct sockaddr_un, sun_path)
            && un->sun_family == AF_UNIX
            && !strncmp(un->sun_path, path, sizeof un->sun_path));
}

static bool
is_ours(int fd) OVS_REQUIRES(mutex)
{
    struct conn *c;

    LIST_FOR_EACH (c, node, &conns) {
        if (c->guest == fd) {
            return true;
        }
    }
    return false;
}

/* Is `fd` a socket that is connected by way of `g->path`, and not one that
 * we have already? */
static bool
is_guest(int fd, const struct vhost_door_guest *g) OVS_REQUIRES(mutex)
{
    struct sockaddr_un un = { .sun_family = AF_UNSPEC };
    socklen_t len = sizeof un;
    struct sockaddr *sa = (struct sockaddr *) &un;
    int listens = 0;
    socklen_t size = sizeof listens;

    return (!(g->client ? getpeername(fd, sa, &len)
              : getsockname(fd, sa, &len))
            && has_path(&un, len, g->path)
            && !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size)
            && !listens
            && !is_ours(fd));
}

/* The library tells a connection's number, not its descriptor.  It was made a
 * moment ago, so it is just below `recent`, which was made after it, as a
 * rule. */
static int
find_guest(const struct vhost_door_guest *g, int recent) OVS_REQUIRES(mutex)
{
    int max = (int) MIN(sysconf(_SC_OPEN_MAX), 1 << 20);

    for (int fd = recent - 1; fd >= 0; fd--) {
        if (is_guest(fd, g)) {
            return fd;
        }
    }
    for (int fd = recent + 1; fd < max; fd++) {
        if (is_guest(fd, g)) {
            return fd;
        }
    }
    return -1;
}

/* Gives the library an end of a pair of sockets for the guest's.  The number
 * of its descriptor stays the same. */
static int
step_between(struct conn *c, const struct vhost_door_guest *g)
    OVS_REQUIRES(mutex)
{
    struct timeval patience = { .tv_sec = VHOST_DOOR_PATIENCE_MS / 1000 };
    int pair[2];
    int error = 0;
    int fd;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        return -errno;
    }
    fd = find_guest(g, pair[0]);
    c->lib = pair[1];
    c->guest = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (c->guest < 0) {
        error = fd < 0 ? -ENOENT : -errno;
    /* The library waits for a message in the middle of another one only in
     * postcopy migration. */
    } else if (setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
                          sizeof patience)
               || dup3(pair[0], fd, O_CLOEXEC) < 0) {
        error = -errno;
    }
    close(pair[0]);
    if (error) {
        close(c->lib);
        if (c->guest >= 0) {
            close(c->guest);
        }
    }
    return error;
}

static pid_t
get_pid(int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;

    return (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? 0
            : cred.pid);
}

/* Also in a signal handler. */
void
vhost_door_wake(void)
{
    uint64_t one = 1;

    if (write(wake_fd, &one, sizeof one) < 0) {
        /* Its counter is full: it is awake. */
    }
}

static void
free_conn(struct conn *c)
{
    free(c->name);
    free(c->path);
    free(c);
}

uint64_t
vhost_door_open(const struct vhost_door_guest *g, char **errp)
{
    struct conn *c = xzalloc(sizeof *c);
    uint64_t id = 0;
    int error;

    c->name = xstrdup(g->name);
    c->path = xstrdup(g->path);
    c->since = time_msec();
    c->vet.iommu = g->iommu;
    c->vet.postcopy = g->postcopy;
    atomic_init(&c->greeted, false);

    ovs_mutex_lock(&mutex);
    error = step_between(c, g);
    if (!error) {
        c->pid = get_pid(c->guest);
        id = c->id = ++last_id;
        ovs_list_push_back(&conns, &c->node);
    }
    ovs_mutex_unlock(&mutex);

    if (error) {
        *errp = xasprintf("%s: the guest's connection to '%s' could not be "
                          "guarded: %s", g->name, g->path,
                          ovs_strerror(-error));
        free_conn(c);
        return 0;
    }
    vhost_door_wake();
    return id;
}

static struct conn *
find_conn(uint64_t id) OVS_REQUIRES(mutex)
{
    struct conn *c;

    LIST_FOR_EACH (c, node, &conns) {
        if (c->id == id) {
            return c;
        }
    }
    return NULL;
}

bool
vhost_door_is_silent(uint64_t id)
{
    struct conn *c;
    bool silent;

    ovs_mutex_lock(&mutex);
    c = find_conn(id);
    silent = (c && !atomic_load(&c->greeted)
              && time_msec() - c->since >= VHOST_DOOR_PATIENCE_MS);
    ovs_mutex_unlock(&mutex);
    return silent;
}

bool
vhost_door_has_left(uint64_t id)
{
    struct pollfd p = { .events = POLLRDHUP };
    struct conn *c;
    bool left;

    ovs_mutex_lock(&mutex);
    c = find_conn(id);
    p.fd = c ? c->guest : -1;
    left = p.fd < 0 || poll(&p, 1, 0) > 0;
    ovs_mutex_unlock(&mutex);
    return left;
}

/* The line names the process, which an operator may want to look at. */
static void
log_hang_up(const struct conn *c, const char *why)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 60);

    VLOG_WARN_RL(&rl, "%s: hung up on process %d at '%s': %s", c->name,
                 (int) c->pid, c->path, why);
}

void
vhost_door_hang_up(uint64_t id, const char *why)
{
    struct conn *c;

    ovs_mutex_lock(&mutex);
    c = find_conn(id);
    if (c && c->guest >= 0) {
        log_hang_up(c, why);
        shutdown(c->guest, SHUT_RDWR);
    }
    ovs_mutex_unlock(&mutex);
}

unsigned int
vhost_door_count(void)
{
    unsigned int n;

    ovs_mutex_lock(&mutex);
    n = (unsigned int) ovs_list_size(&conns);
    ovs_mutex_unlock(&mutex);
    return n;
}

/* Messages.  What follows runs in the door's thread. */

static void
close_fds(int *fds, size_t *n)
{
    while (*n) {
        close(fds[--*n]);
    }
}

/* Reads up to `len` bytes, and descriptors, which are added to `fds`.  Returns
 * what recv() returns; -EBADMSG where there are too many descriptors. */
static ssize_t
receive(int fd, void *buf, size_t len, int fds[VHOST_VET_FDS], size_t *n_fds)
{
    union {
        char buf[CMSG_SPACE(VHOST_VET_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = { .iov_base = buf, .iov_len = len };
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.buf, .msg_controllen = sizeof control.buf,
    };
    bool too_many = false;
    ssize_t n;

    n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0) {
        return -errno;
    }
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
            size_t got = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

            for (size_t i = 0; i < got; i++) {
                int new;

                memcpy(&new, CMSG_DATA(h) + i * sizeof new, sizeof new);
                if (*n_fds < VHOST_VET_FDS) {
                    fds[(*n_fds)++] = new;
                } else {
                    close(new);
                    too_many = true;
                }
            }
        }
    }
    return too_many || m.msg_flags & MSG_CTRUNC ? -EBADMSG : n;
}

/* Sends a whole message: on a socket of this kind it goes whole or not at
 * all.  Returns 0 or a negative errno. */
static int
send_whole(int fd, const struct vhost_letter *msg, const int *fds,
           size_t n_fds)
{
    union {
        char buf[CMSG_SPACE(VHOST_VET_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {
        .iov_base = CONST_CAST(struct vhost_letter *, msg),
        .iov_len = VHOST_VET_HEADER + msg->size,
    };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t n;

    if (n_fds) {
        m.msg_control = control.buf;
        m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        memset(&control, 0, sizeof control);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
    }
    n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    return (n < 0 ? -errno
            : (size_t) n < iov.iov_len ? -EPIPE
            : 0);
}

/* The guest has gone.  The library hears of it when it has read what it was
 * told before, and can answer until then: it complains loudly where it
 * cannot. */
static void
leave(struct conn *c)
{
    close_fds(c->fds, &c->n_fds);
    shutdown(c->lib, SHUT_WR);
    c->state = LEAVING;

    /* Nobody may find the guest's socket among those that are not ours. */
    ovs_mutex_lock(&mutex);
    close(c->guest);
    c->guest = -1;
    ovs_mutex_unlock(&mutex);
}

/* The library has gone. */
static void
destroy(struct conn *c)
{
    if (c->state != LEAVING) {
        leave(c);
    }
    ovs_mutex_lock(&mutex);
    ovs_list_remove(&c->node);
    ovs_mutex_unlock(&mutex);
    close(c->lib);
    free_conn(c);
}

enum next { GO_ON, LEAVE, DESTROY };

static enum next
hang_up(const struct conn *c, const char *why)
{
    log_hang_up(c, why);
    return LEAVE;
}

/* Keeps packet threads out of memory that is about to go, and asks the library
 * to say when it has the new one. */
static void
guard_memory(struct conn *c)
{
    if (c->msg.request == VHOST_REQ_SET_MEM_TABLE && !c->vet.postcopy) {
        vhost_pause(c->id);
        c->wants_ack = c->msg.flags & VHOST_FLAG_NEED_REPLY;
        c->msg.flags |= VHOST_FLAG_NEED_REPLY;
    }
}

static enum next
forward(struct conn *c)
{
    int error = send_whole(c->lib, &c->msg, c->fds, c->n_fds);

    if (error == -EAGAIN) {
        return GO_ON;           /* its thread is busy */
    } else if (error) {
        return DESTROY;
    }
    close_fds(c->fds, &c->n_fds);
    c->have = 0;
    c->n_messages++;
    c->state = (c->msg.request == VHOST_REQ_SET_MEM_TABLE
                && !c->vet.postcopy ? AWAITING : READING);
    return GO_ON;
}

static enum next
whole_message(struct conn *c)
{
    char *why = vhost_vet(&c->vet, &c->msg, c->fds, c->n_fds);

    if (why) {
        hang_up(c, why);
        free(why);
        return LEAVE;
    }
    atomic_store(&c->greeted, c->vet.greeted);
    guard_memory(c);
    c->state = FORWARDING;
    return forward(c);
}

/* Bytes of the message that there should be before the next look at it. */
static size_t
wanted(const struct conn *c)
{
    return VHOST_VET_HEADER + (c->have < VHOST_VET_HEADER ? 0 : c->msg.size);
}

static enum next
read_guest(struct conn *c)
{
    do {
        ssize_t n = receive(c->guest, (char *) &c->msg + c->have,
                            wanted(c) - c->have, c->fds, &c->n_fds);

        if (n == -EAGAIN || n == -EINTR) {
            return GO_ON;
        } else if (n == -EBADMSG) {
            return hang_up(c, "a message with more than 8 descriptors");
        } else if (n <= 0) {
            return LEAVE;
        }
        c->begun = c->have ? c->begun : time_msec();
        c->have += (size_t) n;
        if (c->have == VHOST_VET_HEADER
            && c->msg.size > sizeof c->msg.payload) {
            return hang_up(c, "a message longer than any that there is");
        }
    } while (c->have < VHOST_VET_HEADER || c->have < wanted(c));
    return whole_message(c);
}

/* The library has, or has not, the guest's new memory. */
static enum next
end_memory(struct conn *c, const struct vhost_letter *reply)
{
    static const uint8_t success[8];

    c->state = READING;
    if (reply->size != sizeof success
        || memcmp(reply->payload, success, sizeof success)) {
        return hang_up(c, "its memory could not be mapped");
    }
    vhost_resume(c->id);
    return GO_ON;
}

/* A whole message of the library's, for the guest or for us. */
static enum next
pass_back(struct conn *c, const struct vhost_letter *reply, const int *fds,
          size_t n_fds)
{
    enum next next;
    int error;

    if (c->state == AWAITING && reply->request == VHOST_REQ_SET_MEM_TABLE) {
        next = end_memory(c, reply);
        if (next != GO_ON || !c->wants_ack) {
            return next;
        }
    }
    error = send_whole(c->guest, reply, fds, n_fds);
    return (!error ? GO_ON
            : error == -EAGAIN ? hang_up(c, "it does not read what it is "
                                         "answered")
            : LEAVE);
}

static enum next
read_library(struct conn *c)
{
    struct vhost_letter reply;
    int fds[VHOST_VET_FDS];
    enum next next = DESTROY;
    size_t n_fds = 0;

    /* It sends whole messages. */
    if (receive(c->lib, &reply, VHOST_VET_HEADER, fds, &n_fds)
        == VHOST_VET_HEADER
        && reply.size <= sizeof reply.payload
        && (!reply.size || recv(c->lib, reply.payload, reply.size,
                                MSG_DONTWAIT) == (ssize_t) reply.size)) {
        next = (c->state == LEAVING ? GO_ON
                : pass_back(c, &reply, fds, n_fds));
    }
    close_fds(fds, &n_fds);
    return next;
}

static bool
is_late(const struct conn *c)
{
    return (c->state == READING && c->have
            && time_msec() - c->begun >= VHOST_DOOR_PATIENCE_MS);
}

/* Has the guest said enough for this second? */
static bool
is_loud(struct conn *c)
{
    long long int second = time_msec() / 1000;

    if (second != c->second) {
        c->second = second;
        c->n_messages = 0;
    }
    return c->n_messages >= VHOST_DOOR_RATE;
}

static enum next
serve(struct conn *c, short int guest, short int lib)
{
    enum next next = GO_ON;

    if (lib & (POLLIN | POLLHUP | POLLERR)) {
        next = read_library(c);
    }
    if (next == GO_ON && c->state == FORWARDING) {
        next = forward(c);
    } else if (next == GO_ON && c->state == READING && guest) {
        next = read_guest(c);
    }
    return (next == GO_ON && is_late(c)
            ? hang_up(c, "half a message, and silence") : next);
}

/* The thread. */

static struct pollfd *polled;           /* two for each connection */
static struct conn **served;
static size_t n_served, allocated;

static void
gather(void)
{
    struct conn *c;

    ovs_mutex_lock(&mutex);
    n_served = 0;
    LIST_FOR_EACH (c, node, &conns) {
        if (n_served == allocated) {
            served = x2nrealloc(served, &allocated, sizeof *served);
            polled = xrealloc(polled, (2 * allocated + 1) * sizeof *polled);
        }
        served[n_served++] = c;
    }
    ovs_mutex_unlock(&mutex);
}

/* What is waited for; returns for how long, in ms, or -1. */
static int
prepare_poll(void)
{
    int timeout = -1;

    polled[2 * n_served] = (struct pollfd) { .fd = wake_fd, .events = POLLIN };
    for (size_t i = 0; i < n_served; i++) {
        struct conn *c = served[i];
        bool loud = is_loud(c);

        polled[2 * i] = (struct pollfd) {
            .fd = c->state == READING && !loud ? c->guest : -1,
            .events = POLLIN,
        };
        polled[2 * i + 1] = (struct pollfd) {
            .fd = c->lib,
            .events = POLLIN | (c->state == FORWARDING ? POLLOUT : 0),
        };
        if (loud || (c->state == READING && c->have)) {
            timeout = 50;
        }
    }
    return timeout;
}

static void *
door_main(void *aux OVS_UNUSED)
{
    uint64_t count;

    ovsrcu_quiesce_start();
    for (;;) {
        gather();
        if (poll(polled, 2 * n_served + 1, prepare_poll()) < 0) {
            continue;
        }
        if (polled[2 * n_served].revents) {
            if (read(wake_fd, &count, sizeof count) < 0) {
                VLOG_ERR("cannot read an eventfd: %s", ovs_strerror(errno));
            }
            vhost_end_faults();
        }
        for (size_t i = 0; i < n_served; i++) {
            enum next next = serve(served[i], polled[2 * i].revents,
                                   polled[2 * i + 1].revents);

            if (next == LEAVE) {
                leave(served[i]);
            } else if (next == DESTROY) {
                destroy(served[i]);
            }
        }
    }
    return NULL;
}

void
vhost_door_init(void)
{
    if (wake_fd < 0) {
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (wake_fd < 0) {
            VLOG_FATAL("cannot make an eventfd: %s", ovs_strerror(errno));
        }
        polled = xmalloc(sizeof *polled);
        vhost_fault_init(vhost_door_wake);
        ovs_thread_create("vhost-door", door_main, NULL);
    }
}
