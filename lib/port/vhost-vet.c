/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-vet.c: may this message of a guest's reach the vhost library?
 *
 * Each check says what the library would do without it.
 */
#include <config.h>
#include "port/vhost-vet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>

#include "util.h"

/* Requests of the vhost-user protocol that are judged. */
enum {
    SET_FEATURES = VHOST_REQ_SET_FEATURES,
    SET_OWNER = VHOST_REQ_SET_OWNER,
    RESET_OWNER = VHOST_REQ_RESET_OWNER,
    SET_MEM_TABLE = VHOST_REQ_SET_MEM_TABLE,
    SET_LOG_BASE = 6,
    SET_VRING_NUM = VHOST_REQ_SET_VRING_NUM,
    SET_VRING_ADDR = VHOST_REQ_SET_VRING_ADDR,
    SET_VRING_BASE = VHOST_REQ_SET_VRING_BASE,
    GET_VRING_BASE = VHOST_REQ_GET_VRING_BASE,
    SET_VRING_KICK = VHOST_REQ_SET_VRING_KICK,
    SET_VRING_CALL = VHOST_REQ_SET_VRING_CALL,
    SET_VRING_ERR = 14,
    SET_VRING_ENABLE = VHOST_REQ_SET_VRING_ENABLE,
    IOTLB_MSG = VHOST_REQ_IOTLB_MSG,
    CRYPTO_CREATE = 26,
    CRYPTO_CLOSE = 27,
    POSTCOPY_ADVISE = 28,
    POSTCOPY_LISTEN = 29,
    POSTCOPY_END = 30,
    GET_INFLIGHT_FD = 31,
    SET_INFLIGHT_FD = 32,
    N_REQUESTS
};

enum {
    MAX_REGIONS = 8,
    MAX_NUM = 32768,            /* virtio 1.1, 2.6 and 2.7 */
    MAX_DESCRIPTORS = 256 * 1024, /* of all rings: each costs the switch up to
                                 * 40 bytes of its hugepages */
    RING_MASK = 0xff,           /* of SET_VRING_KICK, CALL, ERR */
    NO_FD = 1 << 8,
};

struct state { uint32_t index, num; };
struct region { uint64_t physical, size, user, offset; };
struct mem_table { uint32_t n, padding; struct region region[MAX_REGIONS]; };
struct log_base { uint64_t size, offset; };

BUILD_ASSERT_DECL(sizeof(struct region) == 32);
BUILD_ASSERT_DECL(offsetof(struct mem_table, region) == 8);
BUILD_ASSERT_DECL(offsetof(struct vhost_letter, payload) == VHOST_VET_HEADER);
BUILD_ASSERT_DECL(sizeof(struct mem_table) <= VHOST_VET_PAYLOAD);

/* A message as the checks want it. */
struct reading {
    const struct vhost_letter *msg;
    const int *fds;
    size_t n_fds;
    union {
        uint64_t u64;
        struct state state;
        struct vhost_vring_addr addr;
        struct mem_table table;
        struct log_base log;
    } body;                     /* zeros behind what was sent */
};

static bool
is_packed(const struct vhost_vet *v)
{
    return v->features >> VIRTIO_F_RING_PACKED & 1;
}

/* Files. */

/* A file that ends before `end` would end the switch with SIGBUS.  (Devices,
 * such as persistent memory, have no size.) */
static char *
check_file(int fd, uint64_t size, uint64_t offset)
{
    struct stat s;

    if (!size || size + offset < size) {
        return xasprintf("%"PRIu64" bytes of memory at offset %"PRIu64,
                         size, offset);
    } else if (fstat(fd, &s)) {
        return xasprintf("memory in a file that does not tell its size: %s",
                         ovs_strerror(errno));
    } else if (S_ISCHR(s.st_mode)) {
        return NULL;
    } else if (!S_ISREG(s.st_mode)) {
        return xstrdup("memory in something that is no file");
    } else if (size + offset > (uint64_t) s.st_size) {
        return xasprintf("%"PRIu64" bytes of memory at offset %"PRIu64" of a "
                         "file of %"PRIu64" bytes", size, offset,
                         (uint64_t) s.st_size);
    }
    return NULL;
}

static bool
is_eventfd(int fd)
{
    static const char want[] = "anon_inode:[eventfd]";
    char path[32];
    char name[64];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    n = readlink(path, name, sizeof name);
    return n == sizeof want - 1 && !memcmp(name, want, sizeof want - 1);
}

/* Messages without a ring. */

static bool
any_placed(const struct vhost_vet *v)
{
    for (size_t i = 0; i < VHOST_VET_RINGS; i++) {
        if (v->ring[i].placed) {
            return true;
        }
    }
    return false;
}

/* The library keeps the addresses of rings whose layout is another one now. */
static char *
set_features(struct vhost_vet *v, const struct reading *l)
{
    uint64_t changed = v->features ^ l->body.u64;

    if (changed & ~(1ULL << VHOST_F_LOG_ALL) && any_placed(v)) {
        return xasprintf("features 0x%"PRIx64" instead of 0x%"PRIx64" while "
                         "rings are in use", l->body.u64, v->features);
    }
    v->features = l->body.u64;
    return NULL;
}

static char *
set_owner(struct vhost_vet *v, const struct reading *l OVS_UNUSED)
{
    v->greeted = true;
    return NULL;
}

static char *
reset_owner(struct vhost_vet *v, const struct reading *l OVS_UNUSED)
{
    v->features = 0;
    memset(v->ring, 0, sizeof v->ring);
    return NULL;
}

static char *
set_mem_table(struct vhost_vet *v OVS_UNUSED, const struct reading *l)
{
    const struct mem_table *t = &l->body.table;

    if (!t->n || t->n > MAX_REGIONS || t->n != l->n_fds) {
        return xasprintf("a table of %"PRIu32" regions of memory with "
                         "%"PRIuSIZE" files", t->n, l->n_fds);
    }
    for (size_t i = 0; i < t->n; i++) {
        const struct region *r = &t->region[i];
        char *why = check_file(l->fds[i], r->size, r->offset);

        if (!why && (r->physical + r->size < r->size
                     || r->user + r->size < r->size)) {
            why = xasprintf("%"PRIu64" bytes of memory that begin at guest "
                            "address 0x%"PRIx64" or 0x%"PRIx64" and wrap",
                            r->size, r->physical, r->user);
        }
        if (why) {
            return why;
        }
    }
    return NULL;
}

/* The library applies an offset twice. */
static char *
set_log_base(struct vhost_vet *v OVS_UNUSED, const struct reading *l)
{
    const struct log_base *log = &l->body.log;

    if (l->n_fds != 1 || log->offset) {
        return xasprintf("a log in %"PRIuSIZE" files at offset %"PRIu64,
                         l->n_fds, log->offset);
    }
    return check_file(l->fds[0], log->size, 0);
}

/* It translates the addresses of rings that were stopped. */
static char *
iotlb_msg(struct vhost_vet *v, const struct reading *l OVS_UNUSED)
{
    return (v->iommu && v->features >> VIRTIO_F_IOMMU_PLATFORM & 1 ? NULL
            : xstrdup("an IOMMU's message, and it has none"));
}

/* A page that never arrives would hold a packet thread for ever. */
static char *
postcopy(struct vhost_vet *v, const struct reading *l OVS_UNUSED)
{
    return (v->postcopy ? NULL
            : xstrdup("postcopy migration, which was not offered"));
}

static char *
not_offered(struct vhost_vet *v OVS_UNUSED, const struct reading *l)
{
    return xasprintf("request %"PRIu32", which was not offered",
                     l->msg->request);
}

/* Messages with a ring. */

static struct vhost_vet_ring *
get_ring(struct vhost_vet *v, uint64_t index, char **whyp)
{
    if (index >= VHOST_VET_RINGS) {
        *whyp = xasprintf("ring %"PRIu64", where the last one is %d", index,
                          VHOST_VET_RINGS - 1);
        return NULL;
    }
    *whyp = NULL;
    return &v->ring[index];
}

/* Before a ring is put in place: the library indexes with both as they
 * are. */
static char *
check_ring(const struct vhost_vet *v, uint64_t index)
{
    const struct vhost_vet_ring *r = &v->ring[index];

    if (!r->num || (!is_packed(v) && r->num & (r->num - 1))) {
        return xasprintf("ring %"PRIu64" of %"PRIu32" descriptors", index,
                         r->num);
    } else if (is_packed(v) && (r->base & 0x7fff) >= r->num) {
        return xasprintf("ring %"PRIu64" to begin at %d of %"PRIu32
                         " descriptors", index, r->base & 0x7fff, r->num);
    }
    return NULL;
}

static uint32_t
all_descriptors(const struct vhost_vet *v)
{
    uint32_t n = 0;

    for (size_t i = 0; i < VHOST_VET_RINGS; i++) {
        n += v->ring[i].num;
    }
    return n;
}

/* The library does not look again whether a ring that grows is still inside
 * of memory. */
static char *
set_vring_num(struct vhost_vet *v, const struct reading *l)
{
    uint32_t num = l->body.state.num;
    char *why;
    struct vhost_vet_ring *ring = get_ring(v, l->body.state.index, &why);

    if (!ring) {
        return why;
    } else if (!num || num > MAX_NUM) {
        return xasprintf("ring %"PRIu32" of %"PRIu32" descriptors",
                         l->body.state.index, num);
    } else if (ring->placed && ring->num != num) {
        return xasprintf("%"PRIu32" descriptors instead of %"PRIu32" in ring "
                         "%"PRIu32" in use", num, ring->num,
                         l->body.state.index);
    } else if (all_descriptors(v) - ring->num + num > MAX_DESCRIPTORS) {
        return xasprintf("more than %d descriptors in all its rings",
                         MAX_DESCRIPTORS);
    }
    ring->num = num;
    return NULL;
}

static char *
set_vring_base(struct vhost_vet *v, const struct reading *l)
{
    char *why;
    struct vhost_vet_ring *ring = get_ring(v, l->body.state.index, &why);

    if (ring) {
        ring->base = (uint16_t) l->body.state.num;
        why = ring->placed ? check_ring(v, l->body.state.index) : NULL;
    }
    return why;
}

static char *
set_vring_addr(struct vhost_vet *v, const struct reading *l)
{
    char *why;
    struct vhost_vet_ring *ring = get_ring(v, l->body.addr.index, &why);

    if (ring) {
        why = check_ring(v, l->body.addr.index);
        ring->placed |= !why;
    }
    return why;
}

/* A ring is stopped: the library frees what belongs to it, but would take it
 * up again at the next kick descriptor. */
static char *
get_vring_base(struct vhost_vet *v, const struct reading *l)
{
    char *why;
    struct vhost_vet_ring *ring = get_ring(v, l->body.state.index, &why);

    if (ring) {
        *ring = (struct vhost_vet_ring) { .num = 0 };
    }
    return why;
}

static char *
check_ring_fd(const struct reading *l)
{
    size_t want = l->body.u64 & NO_FD ? 0 : 1;

    return (l->n_fds == want ? NULL
            : xasprintf("request %"PRIu32" with %"PRIuSIZE" descriptors "
                        "instead of %"PRIuSIZE, l->msg->request, l->n_fds,
                        want));
}

static char *
set_vring_kick(struct vhost_vet *v, const struct reading *l)
{
    uint64_t index = l->body.u64 & RING_MASK;

    return (v->ring[index].placed ? check_ring_fd(l)
            : xasprintf("ring %"PRIu64" to start that has no addresses",
                        index));
}

/* Packet threads write to it: they must never wait for a guest that reads
 * nothing. */
static char *
set_vring_call(struct vhost_vet *v OVS_UNUSED, const struct reading *l)
{
    char *why = check_ring_fd(l);

    if (why || !l->n_fds) {
        return why;
    } else if (!is_eventfd(l->fds[0])) {
        return xstrdup("something to be interrupted by that is no eventfd");
    } else if (fcntl(l->fds[0], F_SETFL, O_NONBLOCK)) {
        return xasprintf("an eventfd that cannot be made non-blocking: %s",
                         ovs_strerror(errno));
    }
    return NULL;
}

static char *
set_vring_err(struct vhost_vet *v OVS_UNUSED, const struct reading *l)
{
    return check_ring_fd(l);
}

static char *
set_vring_enable(struct vhost_vet *v, const struct reading *l)
{
    char *why;

    get_ring(v, l->body.state.index, &why);
    return why;
}

/* What there is to be said about a request; `size` bytes of payload at least,
 * since the library looks at them whether they came or not. */
static const struct check {
    uint32_t size;
    char *(*check)(struct vhost_vet *, const struct reading *);
} checks[N_REQUESTS] = {
    [SET_FEATURES] = { 8, set_features },
    [SET_OWNER] = { 0, set_owner },
    [RESET_OWNER] = { 0, reset_owner },
    [SET_MEM_TABLE] = { 8 + sizeof(struct region), set_mem_table },
    [SET_LOG_BASE] = { 16, set_log_base },
    [SET_VRING_NUM] = { 8, set_vring_num },
    [SET_VRING_ADDR] = { 40, set_vring_addr },
    [SET_VRING_BASE] = { 8, set_vring_base },
    [GET_VRING_BASE] = { 8, get_vring_base },
    [SET_VRING_KICK] = { 8, set_vring_kick },
    [SET_VRING_CALL] = { 8, set_vring_call },
    [SET_VRING_ERR] = { 8, set_vring_err },
    [SET_VRING_ENABLE] = { 8, set_vring_enable },
    [IOTLB_MSG] = { 8, iotlb_msg },
    [CRYPTO_CREATE] = { 0, not_offered },
    [CRYPTO_CLOSE] = { 0, not_offered },
    [POSTCOPY_ADVISE] = { 0, postcopy },
    [POSTCOPY_LISTEN] = { 0, postcopy },
    [POSTCOPY_END] = { 0, postcopy },
    [GET_INFLIGHT_FD] = { 0, not_offered },
    [SET_INFLIGHT_FD] = { 0, not_offered },
};

char *
vhost_vet(struct vhost_vet *v, const struct vhost_letter *msg, const int fds[],
          size_t n_fds)
{
    struct reading l = { .msg = msg, .fds = fds, .n_fds = n_fds };
    const struct check *c;

    if ((msg->flags & 3) != VHOST_FLAG_VERSION
        || msg->flags & VHOST_FLAG_REPLY) {
        return xasprintf("request %"PRIu32" with flags 0x%"PRIx32,
                         msg->request, msg->flags);
    }
    c = msg->request < N_REQUESTS ? &checks[msg->request] : NULL;
    if (!c || !c->check) {
        return NULL;
    } else if (msg->size < c->size) {
        return xasprintf("request %"PRIu32" of %"PRIu32" bytes instead of "
                         "%"PRIu32, msg->request, msg->size, c->size);
    }
    memcpy(&l.body, msg->payload, MIN(msg->size, sizeof l.body));
    return c->check(v, &l);
}
