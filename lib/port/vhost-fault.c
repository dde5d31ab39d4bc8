/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-fault.c: what if a guest's memory goes away while it is used?
 *
 * All that on_fault() calls runs in a signal handler: no allocation, no lock,
 * no stdio.
 */
#include <config.h>
#include "port/vhost-fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_memory.h>

#include "eal/log-modules.h"
#include "util.h"

#define this_module log_netdev_dpdk

_Thread_local _Atomic(bool) *volatile vhost_fault_flag;
static _Thread_local bool may_take_memory;

static struct sigaction other;          /* whose handler ours replaced */
static void (*wake)(void);

/* A line of /proc/self/maps: "START-END PERMISSIONS OFFSET ...". */
struct mapping {
    uintptr_t start, end;
    bool shared;
};

struct reader {
    int fd;
    char buf[512];
    size_t at, len;
};

static int
next_char(struct reader *r)
{
    if (r->at == r->len) {
        ssize_t n = read(r->fd, r->buf, sizeof r->buf);

        if (n <= 0) {
            return -1;
        }
        r->at = 0;
        r->len = (size_t) n;
    }
    return r->buf[r->at++];
}

/* A hexadecimal number; `*after` is what follows it. */
static uintptr_t
read_number(struct reader *r, int *after)
{
    uintptr_t n = 0;

    for (;;) {
        int c = next_char(r);

        if (c >= '0' && c <= '9') {
            n = n << 4 | (uintptr_t) (c - '0');
        } else if (c >= 'a' && c <= 'f') {
            n = n << 4 | (uintptr_t) (c - 'a' + 10);
        } else {
            *after = c;
            return n;
        }
    }
}

static bool
next_mapping(struct reader *r, struct mapping *m)
{
    int c;

    m->start = read_number(r, &c);
    if (c != '-') {
        return false;
    }
    m->end = read_number(r, &c);
    for (int i = 0; i < 4; i++) {       /* "rw-s" */
        c = next_char(r);
    }
    m->shared = c == 's';
    while (c >= 0 && c != '\n') {
        c = next_char(r);
    }
    return c == '\n';
}

static bool
find_mapping(uintptr_t address, struct mapping *m)
{
    struct reader r = { .fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC) };
    bool found = false;

    if (r.fd < 0) {
        return false;
    }
    while (!found && next_mapping(&r, m)) {
        found = address >= m->start && address < m->end;
    }
    close(r.fd);
    return found;
}

/* Guests' memory is shared.  (So is the switch's own; but of that every page
 * was touched long before, and no file becomes shorter.) */
static bool
replace(const void *address)
{
    struct mapping m;

    return (find_mapping((uintptr_t) address, &m)
            && m.shared
            && mmap((void *) m.start, m.end - m.start,
                    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
                    | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED);
}

static void
on_fault(int sig, siginfo_t *info, void *context)
{
    _Atomic(bool) *flag = vhost_fault_flag;
    int saved = errno;

    if (flag && info->si_code == BUS_ADRERR && replace(info->si_addr)) {
        atomic_store(flag, true);
        wake();
        errno = saved;
    } else if (other.sa_flags & SA_SIGINFO) {
        other.sa_sigaction(sig, info, context);
    } else if (other.sa_handler != SIG_DFL && other.sa_handler != SIG_IGN) {
        other.sa_handler(sig);
    } else {
        signal(sig, SIG_DFL);           /* the access faults again */
    }
}

void
vhost_fault_begin_library(_Atomic(bool) *flag)
{
    may_take_memory = true;
    vhost_fault_begin(flag);
}

/* DPDK asks, in the thread that wants more hugepages. */
static int
judge_memory(int socket OVS_UNUSED, size_t limit OVS_UNUSED,
             size_t size OVS_UNUSED)
{
    return vhost_fault_flag && !may_take_memory ? -1 : 0;
}

static void
limit_memory(void)
{
    for (unsigned int i = 0; i < rte_socket_count(); i++) {
        int socket = rte_socket_id_by_idx(i);

        if (rte_mem_alloc_validator_register("vhost", judge_memory, socket,
                                             0)
            && rte_errno != ENOTSUP) {  /* memory that never grows */
            VLOG_ERR("cannot keep guests from taking memory of node %d: %s",
                     socket, rte_strerror(rte_errno));
        }
    }
}

void
vhost_fault_init(void (*wake_)(void))
{
    struct sigaction sa = {
        .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
    };

    if (!wake) {
        wake = wake_;
        sigemptyset(&sa.sa_mask);
        if (sigaction(SIGBUS, &sa, &other)) {
            VLOG_ERR("cannot catch SIGBUS, which guests can cause: %s",
                     ovs_strerror(errno));
        }
        limit_memory();
    }
}
