/* SPDX-License-Identifier: Apache-2.0
 *
 * test-vhost-vet.c: what a correct front end says passes, what would hurt the
 * vhost library does not.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/vhost-vet.h"
#include "util.h"

enum {
    SET_FEATURES = 2, RESET_OWNER = 4, SET_LOG_BASE = 6, SET_VRING_NUM = 8,
    SET_VRING_ADDR = 9, SET_VRING_BASE = 10, GET_VRING_BASE = 11,
    SET_VRING_KICK = 12, SET_VRING_CALL = 13, SET_VRING_ENABLE = 18,
    IOTLB_MSG = 22, POSTCOPY_ADVISE = 28, SET_INFLIGHT_FD = 32,
};

#define VERSION_1 (1ULL << 32)
#define IOMMU (1ULL << 33)
#define PACKED (1ULL << 34)
#define LOG_ALL (1ULL << 26)

enum { MEMORY = 1 << 20, PAGE = 4096 };

struct fixture {
    struct vhost_vet vet;
    int memory;                 /* MEMORY bytes */
    int call;                   /* eventfd */
};

static int
set_up(void **state)
{
    struct fixture *f = xzalloc(sizeof *f);

    f->memory = memfd_create("test", 0);
    f->call = eventfd(0, 0);
    *state = f;
    return f->memory < 0 || f->call < 0 || ftruncate(f->memory, MEMORY);
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    close(f->memory);
    close(f->call);
    free(f);
    return 0;
}

/* What is said of a message, or NULL where it passes. */
static char *
say(struct fixture *f, uint32_t request, const void *payload, size_t size,
    const int *fds, size_t n_fds)
{
    struct vhost_letter msg = {
        .request = request, .flags = VHOST_FLAG_VERSION,
        .size = (uint32_t) size,
    };

    if (size) {
        memcpy(msg.payload, payload, size);
    }
    return vhost_vet(&f->vet, &msg, fds, n_fds);
}

static void
passes(char *why)
{
    if (why) {
        fail_msg("%s", why);
    }
}

static void
refused(char *why, const char *part)
{
    if (!why || !strstr(why, part)) {
        fail_msg("\"%s\", and no \"%s\" in it", why ? why : "passes", part);
    }
    free(why);
}

static char *
say_u64(struct fixture *f, uint32_t request, uint64_t value, int fd)
{
    return say(f, request, &value, sizeof value, &fd, fd >= 0);
}

static char *
say_state(struct fixture *f, uint32_t request, uint32_t index, uint32_t num)
{
    uint32_t state[] = { index, num };

    return say(f, request, state, sizeof state, NULL, 0);
}

static char *
say_addr(struct fixture *f, uint32_t index)
{
    struct { uint32_t index, flags; uint64_t address[4]; } addr = {
        .index = index
    };

    return say(f, SET_VRING_ADDR, &addr, sizeof addr, NULL, 0);
}

struct region { uint64_t physical, size, user, offset; };

static char *
say_memory(struct fixture *f, uint32_t n, struct region r, int fd,
           size_t n_fds)
{
    struct { uint32_t n, padding; struct region r[8]; } table = { .n = n };
    int fds[8];

    for (size_t i = 0; i < 8; i++) {
        table.r[i] = r;
        fds[i] = fd;
    }
    return say(f, VHOST_REQ_SET_MEM_TABLE, &table, sizeof table, fds, n_fds);
}

/* A ring of `num` descriptors in use. */
static void
place(struct fixture *f, uint32_t index, uint32_t num)
{
    passes(say_state(f, SET_VRING_NUM, index, num));
    passes(say_state(f, SET_VRING_BASE, index, 0));
    passes(say_addr(f, index));
    passes(say_u64(f, SET_VRING_KICK, index, f->call));
    passes(say_u64(f, SET_VRING_CALL, index, f->call));
    passes(say_state(f, SET_VRING_ENABLE, index, 1));
}

static void
test_a_whole_life(void **state)
{
    struct fixture *f = *state;
    struct region all = { .size = MEMORY };

    assert_false(f->vet.greeted);
    passes(say(f, VHOST_REQ_SET_OWNER, NULL, 0, NULL, 0));
    assert_true(f->vet.greeted);
    for (int i = 0; i < 2; i++) {
        passes(say_u64(f, SET_FEATURES, VERSION_1, -1));
        passes(say_memory(f, 1, all, f->memory, 1));
        for (uint32_t ring = 0; ring < 4; ring++) {
            place(f, ring, i ? 512 : 256);
        }
        passes(say_u64(f, SET_FEATURES, VERSION_1, -1));
        passes(say_u64(f, SET_FEATURES, VERSION_1 | LOG_ALL, -1));
        passes(say_memory(f, 8, all, f->memory, 8));
        for (uint32_t ring = 0; ring < 4; ring++) {
            passes(say_state(f, SET_VRING_ENABLE, ring, 0));
            passes(say_state(f, GET_VRING_BASE, ring, 0));
        }
    }
    passes(say_u64(f, SET_FEATURES, VERSION_1 | PACKED, -1));
    place(f, 0, 100);
    passes(say(f, RESET_OWNER, NULL, 0, NULL, 0));
    passes(say_u64(f, SET_FEATURES, VERSION_1, -1));
    passes(say(f, 77, NULL, 0, NULL, 0));       /* the library's business */
}

static void
test_not_the_protocol(void **state)
{
    struct fixture *f = *state;
    struct vhost_letter msg = { .request = VHOST_REQ_SET_OWNER };

    refused(vhost_vet(&f->vet, &msg, NULL, 0), "flags 0x0");
    msg.flags = VHOST_FLAG_VERSION | VHOST_FLAG_REPLY;
    refused(vhost_vet(&f->vet, &msg, NULL, 0), "flags 0x5");
    msg.flags = VHOST_FLAG_VERSION | VHOST_FLAG_NEED_REPLY;
    passes(vhost_vet(&f->vet, &msg, NULL, 0));
    refused(say(f, SET_FEATURES, "1234", 4, NULL, 0), "4 bytes instead of 8");
    refused(say(f, SET_VRING_ADDR, "1234", 4, NULL, 0), "instead of 40");
}

static void
test_memory(void **state)
{
    struct fixture *f = *state;
    struct region r = { .size = MEMORY };
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    refused(say_memory(f, 0, r, f->memory, 0), "0 regions");
    refused(say_memory(f, 9, r, f->memory, 8), "9 regions");
    refused(say_memory(f, 2, r, f->memory, 1), "2 regions");
    refused(say_memory(f, 1, r, ends[0], 1), "no file");
    refused(say_memory(f, 1, r, -1, 1), "does not tell its size");

    r.size = MEMORY + 1;
    refused(say_memory(f, 1, r, f->memory, 1), "of a file of 1048576 bytes");
    r = (struct region) { .size = MEMORY, .offset = PAGE };
    refused(say_memory(f, 1, r, f->memory, 1), "at offset 4096 of a file");
    r = (struct region) { .size = PAGE, .offset = -PAGE };
    refused(say_memory(f, 1, r, f->memory, 1), "at offset");
    r = (struct region) { .size = 0 };
    refused(say_memory(f, 1, r, f->memory, 1), "0 bytes of memory");
    r = (struct region) { .size = MEMORY, .physical = -PAGE };
    refused(say_memory(f, 1, r, f->memory, 1), "wrap");
    r = (struct region) { .size = MEMORY, .user = -PAGE };
    refused(say_memory(f, 1, r, f->memory, 1), "wrap");
    close(ends[0]);
    close(ends[1]);
}

static void
test_features_of_rings_in_use(void **state)
{
    struct fixture *f = *state;

    passes(say_u64(f, SET_FEATURES, VERSION_1 | PACKED, -1));
    place(f, 1, 256);
    refused(say_u64(f, SET_FEATURES, VERSION_1, -1), "while rings are in use");
    passes(say_state(f, GET_VRING_BASE, 1, 0));
    passes(say_u64(f, SET_FEATURES, VERSION_1, -1));
}

static void
test_size_of_a_ring(void **state)
{
    struct fixture *f = *state;

    refused(say_state(f, SET_VRING_NUM, 256, 256), "ring 256, where the last");
    refused(say_state(f, SET_VRING_NUM, 0, 0), "of 0 descriptors");
    refused(say_state(f, SET_VRING_NUM, 0, 65536), "of 65536 descriptors");
    refused(say_addr(f, 0), "of 0 descriptors");

    passes(say_state(f, SET_VRING_NUM, 0, 255));
    refused(say_addr(f, 0), "of 255 descriptors");
    passes(say_state(f, SET_VRING_NUM, 0, 256));
    place(f, 0, 256);
    refused(say_state(f, SET_VRING_NUM, 0, 512), "in use");
    passes(say_state(f, SET_VRING_NUM, 0, 256));

    for (uint32_t i = 1; i < 8; i++) {
        passes(say_state(f, SET_VRING_NUM, i, 32768));
    }
    refused(say_state(f, SET_VRING_NUM, 8, 32768), "in all its rings");
    passes(say_state(f, SET_VRING_NUM, 8, 16384));
}

static void
test_beginning_of_a_packed_ring(void **state)
{
    struct fixture *f = *state;

    passes(say_u64(f, SET_FEATURES, VERSION_1 | PACKED, -1));
    passes(say_state(f, SET_VRING_BASE, 0, 200));
    passes(say_state(f, SET_VRING_NUM, 0, 100));
    refused(say_addr(f, 0), "begin at 200 of 100");
    passes(say_state(f, SET_VRING_BASE, 0, 0x8000 | 99));
    passes(say_addr(f, 0));
    refused(say_state(f, SET_VRING_BASE, 0, 100), "begin at 100 of 100");

    /* The index of a split ring counts on beyond its size. */
    passes(say_state(f, GET_VRING_BASE, 0, 0));
    passes(say_u64(f, SET_FEATURES, VERSION_1, -1));
    passes(say_state(f, SET_VRING_NUM, 0, 256));
    passes(say_state(f, SET_VRING_BASE, 0, 65535));
    passes(say_addr(f, 0));
}

static void
test_a_ring_that_was_stopped(void **state)
{
    struct fixture *f = *state;

    place(f, 0, 256);
    passes(say_state(f, GET_VRING_BASE, 0, 0));
    refused(say_u64(f, SET_VRING_KICK, 0, f->call), "no addresses");
    refused(say_addr(f, 0), "of 0 descriptors");
    place(f, 0, 256);
}

static void
test_what_interrupts(void **state)
{
    struct fixture *f = *state;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    refused(say_u64(f, SET_VRING_CALL, 0, ends[1]), "no eventfd");
    refused(say_u64(f, SET_VRING_CALL, 0, -1), "with 0 descriptors");
    refused(say_u64(f, SET_VRING_CALL, 1 << 8, f->call), "instead of 0");
    passes(say_u64(f, SET_VRING_CALL, 1 << 8, -1));
    passes(say_u64(f, SET_VRING_CALL, 0, f->call));
    assert_true(fcntl(f->call, F_GETFL) & O_NONBLOCK);
    close(ends[0]);
    close(ends[1]);
}

static void
test_log(void **state)
{
    struct fixture *f = *state;
    uint64_t log[] = { PAGE, 0 };

    passes(say(f, SET_LOG_BASE, log, sizeof log, &f->memory, 1));
    log[1] = PAGE;
    refused(say(f, SET_LOG_BASE, log, sizeof log, &f->memory, 1),
            "at offset 4096");
    log[0] = 2 * MEMORY;
    log[1] = 0;
    refused(say(f, SET_LOG_BASE, log, sizeof log, &f->memory, 1),
            "of a file of");
}

static void
test_what_was_not_offered(void **state)
{
    struct fixture *f = *state;
    uint64_t nothing[5] = { 0 };

    refused(say(f, SET_INFLIGHT_FD, nothing, sizeof nothing, NULL, 0),
            "not offered");
    refused(say(f, POSTCOPY_ADVISE, NULL, 0, NULL, 0), "not offered");
    refused(say(f, IOTLB_MSG, nothing, sizeof nothing, NULL, 0), "IOMMU");
    f->vet.postcopy = true;
    passes(say(f, POSTCOPY_ADVISE, NULL, 0, NULL, 0));
    f->vet.iommu = true;
    refused(say(f, IOTLB_MSG, nothing, sizeof nothing, NULL, 0), "IOMMU");
    passes(say_u64(f, SET_FEATURES, VERSION_1 | IOMMU, -1));
    passes(say(f, IOTLB_MSG, nothing, sizeof nothing, NULL, 0));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
        TEST(test_a_whole_life),
        TEST(test_not_the_protocol),
        TEST(test_memory),
        TEST(test_features_of_rings_in_use),
        TEST(test_size_of_a_ring),
        TEST(test_beginning_of_a_packed_ring),
        TEST(test_a_ring_that_was_stopped),
        TEST(test_what_interrupts),
        TEST(test_log),
        TEST(test_what_was_not_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
