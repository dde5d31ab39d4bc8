/* SPDX-License-Identifier: Apache-2.0
 *
 * test-vhost-rings.c: rings change hands between our code and the library's,
 * which is a few numbers here: none is lost, nobody meets anybody, nobody
 * waits for who may wait for him.
 */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <rte_vhost.h>

#include "port/vhost-rings.h"
#include "smap.h"
#include "util.h"

enum { VID = 7, SIZE = 64, PHYSICAL = 0x1000000 };

/* The guest's memory, with one ring that serves for all. */
static uint8_t memory[16384] __attribute__((aligned(4096)));
enum { AVAIL_AT = 4096, USED_AT = 8192 };

/* The library. */

static struct {
    uint16_t avail, used;
    bool no_ring, overlap;
} library;

int
rte_vhost_get_vring_base(int vid, uint16_t i OVS_UNUSED, uint16_t *avail,
                         uint16_t *used)
{
    assert_int_equal(vid, VID);
    *avail = library.avail;
    *used = library.used;
    return 0;
}

int
rte_vhost_set_vring_base(int vid, uint16_t i OVS_UNUSED, uint16_t avail,
                         uint16_t used)
{
    assert_int_equal(vid, VID);
    library.avail = avail;
    library.used = used;
    return 0;
}

int
rte_vhost_get_vhost_vring(int vid, uint16_t i OVS_UNUSED,
                          struct rte_vhost_vring *v)
{
    assert_int_equal(vid, VID);
    *v = (struct rte_vhost_vring) {
        .desc = library.no_ring ? NULL : (void *) memory,
        .avail = (void *) &memory[AVAIL_AT],
        .used = (void *) &memory[USED_AT],
        .callfd = -1, .kickfd = -1, .size = SIZE,
    };
    return 0;
}

int
rte_vhost_get_mem_table(int vid, struct rte_vhost_memory **mem)
{
    size_t n = library.overlap ? 2 : 1;

    assert_int_equal(vid, VID);
    *mem = xzalloc(sizeof **mem + n * sizeof (*mem)->regions[0]);
    (*mem)->nregions = (uint32_t) n;
    for (size_t i = 0; i < n; i++) {
        (*mem)->regions[i] = (struct rte_vhost_mem_region) {
            .guest_phys_addr = PHYSICAL, .size = sizeof memory,
            .host_user_addr = (uintptr_t) memory,
        };
    }
    return 0;
}

/* A guest with `features`, whose port has `wanted`. */
static struct vhost *
guest(enum cfg_vhost_rings wanted, uint64_t features)
{
    struct vhost *v = xzalloc_cacheline(sizeof *v);

    memset(&library, 0, sizeof library);
    library.avail = library.used = 65500;
    memset(v, 0, sizeof *v);
    v->up.name = xstrdup("vh0");
    v->path = xstrdup("/vm/sock");
    v->log = (struct vlog_rate_limit) VLOG_RATE_LIMIT_INIT(60, 1200);
    ovs_mutex_lock(&vhost_mutex);
    v->rings_wanted = wanted;
    v->conn.owner = v->conn.vid = VID;
    v->conn.features = features;
    v->conn.n_vrings = 2;
    v->conn.enabled[0] = v->conn.enabled[1] = true;
    vhost_rings_read_memory(v);
    vhost_rings_decide(v);
    vhost_rings_open(v);
    ovs_mutex_unlock(&vhost_mutex);
    return v;
}

static void
end(struct vhost *v)
{
    ovs_mutex_lock(&vhost_mutex);
    vhost_rings_close(v, false);
    vhost_rings_destroy(v);
    ovs_mutex_unlock(&vhost_mutex);
    free(v->up.name);
    free(v->path);
    free_cacheline(v);
}

static struct vhost_ring *
ring(struct vhost *v)
{
    return atomic_load(&v->ring[1]);
}

/* Takes one buffer, as whoever has the ring. */
static enum vhost_rings
burst(struct vhost_ring *r)
{
    enum vhost_rings code = vhost_ring_enter(r, VID);

    if (code == VHOST_RINGS_OWN) {
        r->queue.avail_idx++;
        r->queue.used_idx++;
    } else if (code == VHOST_RINGS_LIBRARY) {
        library.avail++;
        library.used++;
    } else {
        return code;
    }
    vhost_ring_leave(r);
    return code;
}

static void
close_ring(struct vhost *v, bool shut)
{
    ovs_mutex_lock(&vhost_mutex);
    vhost_ring_close(v, 1, shut);
    ovs_mutex_unlock(&vhost_mutex);
}

static void
open_ring(struct vhost *v)
{
    ovs_mutex_lock(&vhost_mutex);
    vhost_ring_open(v, 1);
    ovs_mutex_unlock(&vhost_mutex);
}

static void
test_indexes_go_along(void **state OVS_UNUSED)
{
    struct vhost *v = guest(CFG_RINGS_AUTO, 0);

    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
    assert_int_equal(library.avail, 65500);
    close_ring(v, true);
    assert_int_equal(library.avail, 65502);
    assert_int_equal(library.used, 65502);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_NOBODY);

    library.avail = library.used = 10;          /* SET_VRING_BASE */
    open_ring(v);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
    vhost_rings_configure(v, CFG_RINGS_LIBRARY, 1514);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_LIBRARY);
    assert_int_equal(library.avail, 12);
    vhost_rings_configure(v, CFG_RINGS_OWN, 2048);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
    assert_int_equal(ring(v)->queue.max_frame, 2048);
    vhost_rings_configure(v, CFG_RINGS_OWN, 9000);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
    assert_int_equal(ring(v)->queue.max_frame, 9000);
    close_ring(v, false);
    assert_int_equal(library.avail, 14);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_LIBRARY);
    end(v);
}

/* A thread that was with an earlier guest does not take this one's ring. */
static void
test_late_packet_thread(void **state OVS_UNUSED)
{
    struct vhost *v = guest(CFG_RINGS_AUTO, 0);

    assert_int_equal(vhost_ring_enter(ring(v), VID - 1), VHOST_RINGS_NOBODY);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
    end(v);
}

static void
check_status(struct vhost *v, const char *rings, const char *reason)
{
    struct smap status;

    smap_init(&status);
    ovs_mutex_lock(&vhost_mutex);
    vhost_rings_get_status(v, &status);
    ovs_mutex_unlock(&vhost_mutex);
    assert_string_equal(smap_get(&status, "vhost_rings"), rings);
    if (reason) {
        assert_string_equal(smap_get(&status, "vhost_rings_reason"), reason);
    } else {
        assert_null(smap_get(&status, "vhost_rings_reason"));
    }
    smap_destroy(&status);
}

static void
test_who_has_which(void **state OVS_UNUSED)
{
    static const struct {
        enum cfg_vhost_rings wanted;
        uint64_t features;
        const char *reason;     /* NULL: own, or asked for */
    } cases[] = {
        { CFG_RINGS_AUTO, 0, NULL },
        { CFG_RINGS_OWN, 1ULL << VIRTIO_F_VERSION_1, NULL },
        { CFG_RINGS_LIBRARY, 0, NULL },
        { CFG_RINGS_LIBRARY, 1ULL << VIRTIO_F_RING_PACKED, NULL },
        { CFG_RINGS_AUTO, 1ULL << VIRTIO_F_RING_PACKED,
          "the guest has packed rings" },
        { CFG_RINGS_OWN, 1ULL << VIRTIO_F_IOMMU_PLATFORM,
          "the guest has an IOMMU" },
        { CFG_RINGS_AUTO, 1ULL << VHOST_F_LOG_ALL,
          "the guest has a log of what is written, for its migration" },
        { CFG_RINGS_AUTO, 1ULL << 63,
          "the guest has features 0x8000000000000000" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct vhost *v = guest(cases[i].wanted, cases[i].features);
        bool own = (!cases[i].reason
                    && cases[i].wanted != CFG_RINGS_LIBRARY);

        check_status(v, own ? "own" : "library", cases[i].reason);
        assert_int_equal(burst(ring(v)), own ? VHOST_RINGS_OWN
                         : VHOST_RINGS_LIBRARY);
        end(v);
    }
}

/* As a migration begins and ends. */
static void
test_log_comes_and_goes(void **state OVS_UNUSED)
{
    struct vhost *v = guest(CFG_RINGS_AUTO, 0);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);
        ovs_mutex_lock(&vhost_mutex);
        v->conn.features ^= 1ULL << VHOST_F_LOG_ALL;
        vhost_rings_decide(v);
        ovs_mutex_unlock(&vhost_mutex);
        assert_int_equal(burst(ring(v)), VHOST_RINGS_LIBRARY);
        assert_int_equal(library.avail, (uint16_t) (65502 + 2 * i));
        ovs_mutex_lock(&vhost_mutex);
        v->conn.features ^= 1ULL << VHOST_F_LOG_ALL;
        vhost_rings_decide(v);
        ovs_mutex_unlock(&vhost_mutex);
    }
    end(v);
}

/* Memory and rings that our code cannot do with. */
static void
test_what_does_not_fit(void **state OVS_UNUSED)
{
    struct vhost *v = guest(CFG_RINGS_AUTO, 0);

    library.no_ring = true;
    close_ring(v, true);
    open_ring(v);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_LIBRARY);
    library.no_ring = false;
    open_ring(v);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_OWN);

    library.overlap = true;
    ovs_mutex_lock(&vhost_mutex);
    vhost_rings_close(v, true);
    vhost_rings_read_memory(v);
    assert_null(v->map);
    vhost_rings_decide(v);
    vhost_rings_open(v);
    assert_int_equal(v->conn.rings, VHOST_RINGS_LIBRARY);
    assert_non_null(v->conn.why);
    ovs_mutex_unlock(&vhost_mutex);
    assert_int_equal(burst(ring(v)), VHOST_RINGS_LIBRARY);
    end(v);
}

/* Packet threads and control all at once: every buffer is taken once. */

static struct {
    struct vhost *v;
    atomic_bool stop;
    pthread_mutex_t lock;       /* as the library has for its queues */
    atomic_ullong taken;
} crowd = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *
packet_thread(void *aux OVS_UNUSED)
{
    struct vhost_ring *r = ring(crowd.v);

    while (!atomic_load(&crowd.stop)) {
        enum vhost_rings code = vhost_ring_enter_to_send(r, VID);

        if (code == VHOST_RINGS_OWN) {
            r->queue.avail_idx++;
            sched_yield();
            r->queue.used_idx++;
        } else if (code == VHOST_RINGS_LIBRARY) {
            pthread_mutex_lock(&crowd.lock);
            library.avail++;
            library.used++;
            pthread_mutex_unlock(&crowd.lock);
        } else {
            continue;
        }
        vhost_ring_leave(r);
        atomic_fetch_add(&crowd.taken, 1);
    }
    return NULL;
}

/* Messages: with the library's lock held, as its thread has it. */
static void *
library_thread(void *aux OVS_UNUSED)
{
    for (unsigned int i = 0; !atomic_load(&crowd.stop); i++) {
        pthread_mutex_lock(&crowd.lock);
        close_ring(crowd.v, i & 1);
        assert_int_equal(library.avail, library.used);
        sched_yield();
        open_ring(crowd.v);
        pthread_mutex_unlock(&crowd.lock);
        sched_yield();
    }
    return NULL;
}

static void
test_crowd(void **state OVS_UNUSED)
{
    void *(*const mains[])(void *) = {
        packet_thread, packet_thread, library_thread
    };
    pthread_t threads[ARRAY_SIZE(mains)];

    crowd.v = guest(CFG_RINGS_AUTO, 0);
    for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, mains[i], NULL),
                         0);
    }
    for (int i = 0; i < 2000; i++) {
        vhost_rings_configure(crowd.v, i & 1 ? CFG_RINGS_LIBRARY
                              : CFG_RINGS_AUTO, (uint32_t) (1514 + i % 3));
        sched_yield();
    }
    atomic_store(&crowd.stop, true);
    for (size_t i = 0; i < ARRAY_SIZE(mains); i++) {
        pthread_join(threads[i], NULL);
    }
    close_ring(crowd.v, false);
    assert_true(crowd.taken > 0);
    assert_int_equal(library.avail, (uint16_t) (65500 + crowd.taken));
    assert_int_equal(library.used, library.avail);
    end(crowd.v);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indexes_go_along),
        cmocka_unit_test(test_late_packet_thread),
        cmocka_unit_test(test_who_has_which),
        cmocka_unit_test(test_log_comes_and_goes),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_crowd),
    };

    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
