/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-rings.c: who processes a guest's rings: we or the vhost library?
 */
#include <config.h>
#include "port/vhost-rings.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <rte_cycles.h>
#include <rte_vhost.h>

#include "eal/log-modules.h"
#include "port/vhost-door.h"
#include "smap.h"
#include "util.h"

#define this_module log_netdev_dpdk

/* Packet threads, and control where it is the user. */

/* The library goes on from where we are; it has the ring then. */
static void
give(struct vhost_ring *r)
{
    uint16_t avail, used;

    vring_base(&r->queue, &avail, &used);
    rte_vhost_set_vring_base(r->vid, r->index, avail, used);
    vring_unset(&r->queue);
    r->with = VHOST_RINGS_LIBRARY;
}

/* We go on from where the library is.  False: not with this ring, or not any
 * more; the library keeps it. */
static bool
take(struct vhost_ring *r)
{
    struct vring_conf conf = r->conf;
    char *error;

    if (rte_vhost_get_vring_base(r->vid, r->index, &conf.avail_idx,
                                 &conf.used_idx)) {
        return false;
    }
    if (vring_set(&r->queue, &conf, &error)) {
        free(error);            /* vhost_ring_open() has said it */
        return false;
    }
    r->with = VHOST_RINGS_OWN;
    return true;
}

enum vhost_rings
vhost_ring_change(struct vhost_ring *r, int vid, uint32_t gate)
{
    if (r->with == VHOST_RINGS_NOBODY || gate == VHOST_RINGS_SHUT) {
        vhost_ring_leave(r);
        return VHOST_RINGS_NOBODY;
    }
    if (gate == VHOST_RINGS_OWN) {
        if (vid != r->vid) {            /* it has come too late */
            vhost_ring_leave(r);
            return VHOST_RINGS_NOBODY;
        } else if (take(r)) {
            return VHOST_RINGS_OWN;
        }
    } else {
        give(r);
    }
    atomic_store_explicit(&r->user, VHOST_USER_LIBRARY, memory_order_release);
    return VHOST_RINGS_LIBRARY;
}

enum vhost_rings
vhost_ring_enter_to_send(struct vhost_ring *r, int vid)
{
    enum vhost_rings code = vhost_ring_enter(r, vid);

    if (OVS_UNLIKELY(code == VHOST_RINGS_NOBODY)) {
        uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000000
            * VHOST_SHUT_US;

        while (atomic_load(&r->gate) == VHOST_RINGS_SHUT
               && rte_rdtsc() < end) {
            rte_pause();
        }
        code = vhost_ring_enter(r, vid);
    }
    return code;
}

void
vhost_ring_broke(struct vhost *v, struct vhost_ring *r)
{
    r->with = VHOST_RINGS_NOBODY;
    atomic_store(&v->broke, true);
    vhost_door_wake();
}

/* Control. */

static struct vhost_ring *
get_ring(const struct vhost *v, uint16_t i)
{
    return atomic_load_explicit(&v->ring[i], memory_order_relaxed);
}

static struct vhost_ring *
make_ring(struct vhost *v, uint16_t i) OVS_REQUIRES(vhost_mutex)
{
    struct vhost_ring *r = get_ring(v, i);

    if (!r) {
        r = xzalloc_cacheline(sizeof *r);
        r->index = i;
        r->vid = -1;
        atomic_store_explicit(&v->ring[i], r, memory_order_release);
    }
    return r;
}

void
vhost_rings_destroy(struct vhost *v)
{
    for (size_t i = 0; i < VHOST_MAX_VRINGS; i++) {
        free_cacheline(get_ring(v, i));
        atomic_store_explicit(&v->ring[i], NULL, memory_order_relaxed);
    }
    vhost_rings_forget_memory(v);
    free(v->conn.why);
    v->conn.why = NULL;
}

/* The ring is, and stays, the library's or shut when this returns, and no
 * packet thread is in it with our code. */
static void
close_ring(struct vhost_ring *r, enum vhost_rings gate)
{
    atomic_store(&r->gate, gate);
    for (;;) {
        uint32_t user = VHOST_USER_NOBODY;

        if (atomic_compare_exchange_strong(&r->user, &user,
                                           VHOST_USER_BUSY)) {
            if (r->with != VHOST_RINGS_LIBRARY) {
                give(r);
            }
            vhost_ring_leave(r);
            break;
        } else if (user == VHOST_USER_LIBRARY) {
            break;
        }
        sched_yield();          /* it may wait for this very core */
    }
    r->told = false;
}

void
vhost_ring_close(struct vhost *v, uint16_t i, bool shut)
{
    struct vhost_ring *r = get_ring(v, i);

    if (r) {
        /* The library keeps packet threads out of its own rings. */
        shut &= atomic_load(&r->gate) != VHOST_RINGS_LIBRARY;
        close_ring(r, shut ? VHOST_RINGS_SHUT : VHOST_RINGS_LIBRARY);
        r->open = false;
    }
}

void
vhost_rings_close(struct vhost *v, bool shut)
{
    for (uint16_t i = 0; i < VHOST_MAX_VRINGS; i++) {
        vhost_ring_close(v, i, shut);
    }
}

/* What the guest's driver negotiated.  (A migration's log is not its
 * business: it comes and goes.) */
static uint64_t
guest_features(const struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    return v->conn.features & ~(1ULL << VHOST_F_LOG_ALL);
}

/* False: the library has no ring there. */
static bool
describe(struct vhost *v, struct vhost_ring *r) OVS_REQUIRES(vhost_mutex)
{
    struct rte_vhost_vring vring;

    if (rte_vhost_get_vhost_vring(v->conn.vid, r->index, &vring)
        || !vring.desc || !vring.avail || !vring.used) {
        return false;
    }
    r->vid = v->conn.vid;
    r->conf = (struct vring_conf) {
        .map = v->map,
        .desc = vring.desc, .avail = vring.avail, .used = vring.used,
        .size = vring.size,
        .features = guest_features(v),
        .callfd = vring.callfd < 0 ? -1 : vring.callfd,
        .max_frame = v->rx_max_frame,
    };
    return true;
}

/* What take() will find.  (Bases are no matter of right or wrong.) */
static bool
try_ring(struct vhost *v, struct vhost_ring *r) OVS_REQUIRES(vhost_mutex)
{
    char *error;

    if (vring_set(&r->queue, &r->conf, &error)) {
        free(v->conn.misfit);
        v->conn.misfit = xasprintf("ring %u: %s", r->index, error);
        free(error);
        return false;
    }
    vring_unset(&r->queue);
    return true;
}

static bool
is_covered(const struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    return v->map && !vring_uncovered(guest_features(v));
}

void
vhost_ring_open(struct vhost *v, uint16_t i)
{
    struct vhost_ring *r = make_ring(v, i);

    close_ring(r, VHOST_RINGS_LIBRARY);
    r->open = is_covered(v) && describe(v, r);
    if (r->open && !try_ring(v, r)) {
        r->open = false;
        vhost_rings_decide(v);          /* all of them to the library */
    }
    if (r->open) {
        atomic_store(&r->gate, v->conn.rings);
    }
}

void
vhost_rings_open(struct vhost *v)
{
    for (uint16_t i = 0; i < MIN(v->conn.n_vrings, VHOST_MAX_VRINGS); i++) {
        if (v->conn.enabled[i]) {
            vhost_ring_open(v, i);
        } else {
            vhost_ring_close(v, i, false);
            make_ring(v, i);
        }
    }
}

/* Memory. */

void
vhost_rings_forget_memory(struct vhost *v)
{
    vring_map_destroy(v->map);
    v->map = NULL;
    free(v->conn.misfit);
    v->conn.misfit = NULL;
}

void
vhost_rings_read_memory(struct vhost *v)
{
    struct vring_region region[VRING_REGIONS_MAX];
    struct rte_vhost_memory *mem = NULL;
    char *error;
    size_t n;

    vhost_rings_forget_memory(v);
    if (rte_vhost_get_mem_table(v->conn.owner, &mem)) {
        return;
    }
    n = MIN(mem->nregions, VRING_REGIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        region[i] = (struct vring_region) {
            .guest = mem->regions[i].guest_phys_addr,
            .size = mem->regions[i].size,
            .host = (void *) (uintptr_t) mem->regions[i].host_user_addr,
        };
    }
    free(mem);
    v->map = vring_map_make(region, n, &error);
    if (!v->map) {
        v->conn.misfit = error;
    }
}

/* Who is to process them. */

/* Features that only the library has, in words; others go by number. */
static const struct {
    unsigned int bit;
    const char *name;
} beyond_us[] = {
    { VIRTIO_F_RING_PACKED, "packed rings" },
    { VIRTIO_F_IOMMU_PLATFORM, "an IOMMU" },
    { VHOST_F_LOG_ALL, "a log of what is written, for its migration" },
};

/* Why the library has to have the rings of the guest, or NULL, to be freed. */
static char *
why_library(const struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    uint64_t beyond = vring_uncovered(v->conn.features)
        | (v->conn.features & 1ULL << VHOST_F_LOG_ALL);

    if (v->conn.postcopy) {
        return xstrdup("the guest has postcopy migration");
    }
    for (size_t i = 0; i < ARRAY_SIZE(beyond_us); i++) {
        if (beyond >> beyond_us[i].bit & 1) {
            return xasprintf("the guest has %s", beyond_us[i].name);
        }
    }
    return (beyond ? xasprintf("the guest has features 0x%"PRIx64, beyond)
            : v->conn.misfit ? xstrdup(v->conn.misfit)
            : !v->map ? xstrdup("the guest has no memory")
            : NULL);
}

static void
say(struct vhost *v, enum vhost_rings before) OVS_REQUIRES(vhost_mutex)
{
    if (v->conn.why && v->rings_wanted == CFG_RINGS_OWN) {
        VLOG_WARN_RL(&v->log, "%s: vhost-rings is own, and yet the vhost "
                     "library has to process the guest's rings: %s",
                     v->up.name, v->conn.why);
    } else if (v->conn.why || before != v->conn.rings) {
        VLOG_INFO_RL(&v->log, "%s: the guest's rings are processed by %s%s%s",
                     v->up.name, v->conn.rings == VHOST_RINGS_OWN
                     ? "the switch itself" : "the vhost library",
                     v->conn.why ? ": " : "",
                     v->conn.why ? v->conn.why : "");
    }
}

/* Lets each open ring change hands, and waits for who is in one with our
 * code where that may not be any more. */
static void
set_gates(struct vhost *v) OVS_REQUIRES(vhost_mutex)
{
    for (uint16_t i = 0; i < VHOST_MAX_VRINGS; i++) {
        struct vhost_ring *r = get_ring(v, i);

        if (r && r->open) {
            atomic_store(&r->gate, v->conn.rings);
            while (v->conn.rings == VHOST_RINGS_LIBRARY
                   && atomic_load(&r->user) == VHOST_USER_BUSY) {
                sched_yield();
            }
        }
    }
}

void
vhost_rings_decide(struct vhost *v)
{
    enum vhost_rings before = v->conn.rings;
    char *why = (v->rings_wanted == CFG_RINGS_LIBRARY ? NULL
                 : why_library(v));
    bool news = !nullable_string_is_equal(why, v->conn.why);

    free(v->conn.why);
    v->conn.why = why;
    v->conn.rings = (why || v->rings_wanted == CFG_RINGS_LIBRARY
                     ? VHOST_RINGS_LIBRARY : VHOST_RINGS_OWN);
    set_gates(v);
    if (v->conn.vid >= 0 && (news || before != v->conn.rings)) {
        v->pending = true;
        say(v, before);
    }
}

/* In rings in use, too: the user puts it down for a moment. */
static void
set_max_frame(struct vhost *v, uint32_t max_frame) OVS_REQUIRES(vhost_mutex)
{
    v->rx_max_frame = max_frame;
    for (uint16_t i = 0; i < VHOST_MAX_VRINGS; i++) {
        struct vhost_ring *r = get_ring(v, i);

        if (r && r->open && r->conf.max_frame != max_frame) {
            uint32_t gate = atomic_load(&r->gate);

            close_ring(r, gate == VHOST_RINGS_LIBRARY ? VHOST_RINGS_LIBRARY
                       : VHOST_RINGS_SHUT);
            r->conf.max_frame = max_frame;
            atomic_store(&r->gate, gate);
        }
    }
}

void
vhost_rings_configure(struct vhost *v, enum cfg_vhost_rings wanted,
                      uint32_t max_frame)
{
    ovs_mutex_lock(&vhost_mutex);
    set_max_frame(v, max_frame);
    if (v->rings_wanted != wanted) {
        v->rings_wanted = wanted;
        free(v->conn.why);      /* to be said again */
        v->conn.why = NULL;
    }
    if (v->conn.vid >= 0) {
        vhost_rings_decide(v);
    }
    ovs_mutex_unlock(&vhost_mutex);
}

/* Results. */

void
vhost_rings_report(struct vhost *v)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(30, 60);

    for (uint16_t i = 0; i < VHOST_MAX_VRINGS; i++) {
        struct vhost_ring *r = get_ring(v, i);
        enum vring_break why = r ? vring_broken(&r->queue) : VRING_WORKS;

        if (why != VRING_WORKS && !r->told) {
            r->told = true;
            v->pending = true;
            VLOG_WARN_RL(&rl, "%s: ring %u of the guest at '%s' stands still "
                         "until the guest sets it up anew: %s", v->up.name,
                         i, v->path, vring_break_text(why));
        }
    }
}

void
vhost_rings_get_status(const struct vhost *v, struct smap *status)
{
    smap_add(status, "vhost_rings",
             v->conn.rings == VHOST_RINGS_OWN ? "own" : "library");
    if (v->conn.why) {
        smap_add(status, "vhost_rings_reason", v->conn.why);
    }
    for (uint16_t i = 0; i < VHOST_MAX_VRINGS; i++) {
        const struct vhost_ring *r = get_ring(v, i);
        enum vring_break why = r ? vring_broken(&r->queue) : VRING_WORKS;

        if (why != VRING_WORKS) {
            char key[32];

            snprintf(key, sizeof key, "vring_%u_broken", i);
            smap_add(status, key, vring_break_name(why));
        }
    }
}

uint64_t
vhost_rings_rx_dropped(const struct vhost *v)
{
    uint64_t n = 0;

    for (uint16_t i = 1; i < VHOST_MAX_VRINGS; i += 2) {
        const struct vhost_ring *r = get_ring(v, i);

        if (r) {
            n += r->queue.counters.rx_short + r->queue.counters.rx_long;
        }
    }
    return n;
}
