/* SPDX-License-Identifier: Apache-2.0
 *
 * guest.c: the talk with the switch that makes a guest's rings known; see
 * guest.h.
 */
#define _GNU_SOURCE 1
#include "tests/peer/guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vhost.h>
#include <linux/virtio_config.h>

/* Messages, as QEMU's docs/interop/vhost-user.rst numbers them. */
enum {
    GET_FEATURES = 1,
    SET_FEATURES = 2,
    SET_OWNER = 3,
    SET_MEM_TABLE = 5,
    SET_VRING_NUM = 8,
    SET_VRING_ADDR = 9,
    SET_VRING_BASE = 10,
    SET_VRING_KICK = 12,
    SET_VRING_CALL = 13,
    GET_PROTOCOL_FEATURES = 15,
    SET_PROTOCOL_FEATURES = 16,
    SET_VRING_ENABLE = 18,
};

enum {
    FLAGS_VERSION = 1,          /* of the header's flags */
    HAS_PROTOCOL_FEATURES = 30, /* feature bit */
    PATIENCE_S = 10,            /* for an answer */
};

struct region {
    uint32_t n, padding;
    uint64_t guest_address, size, user_address, offset;
};

struct message {
    uint32_t request, flags, size;
    union {
        uint64_t u64;
        struct vhost_vring_state state;
        struct vhost_vring_addr addr;
        struct region region;
    } body;
} __attribute__((packed));

enum { HEAD = offsetof(struct message, body) };

/* Of all guests. */
static int memory_fd = -1;
static uint8_t *memory;
static size_t memory_size;

uint8_t *
guest_memory(size_t size)
{
    const size_t page = 2 << 20;
    const unsigned int kinds[] = { MFD_HUGETLB, 0 };

    memory_size = (size + page - 1) / page * page;
    for (int i = 0; i < 2; i++) {
        memory_fd = memfd_create("guests", kinds[i] | MFD_CLOEXEC);
        if (memory_fd < 0) {
            continue;
        }
        if (!ftruncate(memory_fd, (off_t) memory_size)) {
            memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_POPULATE, memory_fd, 0);
            if (memory != MAP_FAILED) {
                return memory;
            }
        }
        close(memory_fd);
    }
    return NULL;
}

/* Each part begins on lines of its own. */
static size_t
lines(size_t bytes)
{
    return (bytes + 127) / 128 * 128;
}

static size_t
desc_bytes(uint16_t n)
{
    return lines(n * sizeof(struct vring_desc));
}

static size_t
avail_bytes(uint16_t n)
{
    return lines(sizeof(struct vring_avail) + (n + 1u) * sizeof(uint16_t));
}

size_t
guest_ring_bytes(uint16_t n)
{
    return desc_bytes(n) + avail_bytes(n)
        + lines(sizeof(struct vring_used)
                + n * sizeof(struct vring_used_elem) + sizeof(uint16_t));
}

void
guest_ring_place(struct ring *r, uint8_t *at, uint16_t n)
{
    r->desc = (void *) at;
    r->avail = (void *) (at + desc_bytes(n));
    r->used = (void *) (at + desc_bytes(n) + avail_bytes(n));
    r->mask = (uint16_t) (n - 1);
}

int
guest_listen(struct guest *g)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g->connection = -1;
    for (int i = 0; i < 4; i++) {
        g->event[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    }
    if (strlen(g->path) >= sizeof address.sun_path) {
        return -ENAMETOOLONG;
    }
    strcpy(address.sun_path, g->path);
    g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                         0);
    if (g->listener < 0
        || bind(g->listener, (struct sockaddr *) &address, sizeof address)
        || listen(g->listener, 1)) {
        return -errno;
    }
    return 0;
}

static void
hang_up(struct guest *g)
{
    close(g->connection);
    g->connection = -1;
}

void
guest_close(struct guest *g)
{
    /* First, or the switch would come back at once and be cut off. */
    close(g->listener);
    unlink(g->path);
    if (g->connection >= 0) {
        hang_up(g);
    }
}

/* The talk.  Each function returns true where it went well. */

static bool
say(const struct guest *g, struct message *m, int fd)
{
    char control[CMSG_SPACE(sizeof fd)] = { 0 };
    struct iovec data = { .iov_base = m, .iov_len = HEAD + m->size };
    struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1 };

    m->flags = FLAGS_VERSION;
    if (fd >= 0) {
        struct cmsghdr *c;

        msg.msg_control = control;
        msg.msg_controllen = sizeof control;
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(g->connection, &msg, MSG_NOSIGNAL)
        == (ssize_t) (HEAD + m->size);
}

static bool
say_number(const struct guest *g, uint32_t request, uint64_t number, int fd)
{
    struct message m = { .request = request, .size = sizeof number };

    m.body.u64 = number;
    return say(g, &m, fd);
}

static bool
say_state(const struct guest *g, uint32_t request, unsigned int ring,
          unsigned int number)
{
    struct message m = { .request = request, .size = sizeof m.body.state };

    m.body.state.index = ring;
    m.body.state.num = number;
    return say(g, &m, -1);
}

static bool
ask(const struct guest *g, uint32_t request, uint64_t *answer)
{
    const ssize_t size = HEAD + sizeof *answer;
    struct message m = { .request = request };

    if (!say(g, &m, -1)
        || recv(g->connection, &m, (size_t) size, MSG_WAITALL) != size
        || m.request != request) {
        return false;
    }
    *answer = m.body.u64;
    return true;
}

static bool
agree_on_features(const struct guest *g, bool mergeable)
{
    uint64_t wanted = (UINT64_C(1) << VIRTIO_F_VERSION_1
                       | UINT64_C(1) << HAS_PROTOCOL_FEATURES
                       | (uint64_t) mergeable << VIRTIO_NET_F_MRG_RXBUF);
    uint64_t offered, protocol;

    return (ask(g, GET_FEATURES, &offered)
            && (offered & wanted) == wanted
            && ask(g, GET_PROTOCOL_FEATURES, &protocol)
            && say_number(g, SET_PROTOCOL_FEATURES, 0, -1)
            && say_number(g, SET_FEATURES, wanted, -1)
            && say(g, &(struct message) { .request = SET_OWNER }, -1));
}

static bool
show_memory(const struct guest *g)
{
    struct message m = { .request = SET_MEM_TABLE,
                         .size = sizeof m.body.region };

    m.body.region = (struct region) {
        .n = 1,
        .guest_address = (uintptr_t) memory,
        .user_address = (uintptr_t) memory,
        .size = memory_size,
    };
    return say(g, &m, memory_fd);
}

static bool
show_ring(const struct guest *g, const struct ring *r, unsigned int number)
{
    struct message m = { .request = SET_VRING_ADDR,
                         .size = sizeof m.body.addr };

    m.body.addr = (struct vhost_vring_addr) {
        .index = number,
        .desc_user_addr = (uintptr_t) r->desc,
        .avail_user_addr = (uintptr_t) r->avail,
        .used_user_addr = (uintptr_t) r->used,
    };
    return (say_state(g, SET_VRING_NUM, number, r->mask + 1u)
            && say_state(g, SET_VRING_BASE, number, 0)
            && say(g, &m, -1)
            && say_number(g, SET_VRING_CALL, number, g->event[2 * number])
            && say_number(g, SET_VRING_KICK, number,
                          g->event[2 * number + 1]));
}

static void
empty_ring(struct ring *r)
{
    r->given = r->taken = 0;
    r->avail->idx = 0;
    r->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    r->used->idx = 0;
    r->used->flags = 0;
}

bool
guest_look(struct guest *g, bool mergeable)
{
    struct timeval patience = { .tv_sec = PATIENCE_S };
    char c;

    if (g->connection >= 0) {
        if (!recv(g->connection, &c, 1, MSG_PEEK | MSG_DONTWAIT)) {
            hang_up(g);
        }
        return false;
    }
    g->connection = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);
    if (g->connection < 0) {
        return false;
    }
    setsockopt(g->connection, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
    empty_ring(&g->rx);
    empty_ring(&g->tx);
    if (!agree_on_features(g, mergeable) || !show_memory(g)
        || !show_ring(g, &g->rx, 0) || !show_ring(g, &g->tx, 1)) {
        fprintf(stderr, "%s: the switch does not agree\n", g->path);
        hang_up(g);
        return false;
    }
    return true;
}

void
guest_enable(struct guest *g)
{
    if (!say_state(g, SET_VRING_ENABLE, 0, 1)
        || !say_state(g, SET_VRING_ENABLE, 1, 1)) {
        hang_up(g);
    }
}

void
guest_pretend(struct guest *g)
{
    empty_ring(&g->rx);
    empty_ring(&g->tx);
    /* No socket: guest_look() finds neither a message nor an end. */
    g->connection = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}
