/* SPDX-License-Identifier: Apache-2.0
 *
 * fake-port.c: a port class without a device.
 *
 * Frames wait in queues of pointers, each under a lock of its own, so that a
 * test may feed and drain a port while packet threads use it.  With rings, the
 * mbufs of rx descriptors lie in such queues too.
 */
#include <config.h>
#include "tests/fake/fake-port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "smap.h"
#include "util.h"

enum { FRAME_BYTES = 64 };      /* of frames that arrive */

/* First in, first out. */
struct frames {
    rte_spinlock_t lock;
    struct rte_mbuf **m;
    size_t head, n, allocated;
};

struct fake_port {
    struct port up;
    struct frames rxq[PORT_MAX_RXQ];
    struct frames ring[PORT_MAX_RXQ];   /* mbufs to receive into */
    struct frames sent;
    _Atomic(enum fake_tx) tx_mode;
    _Atomic uint64_t tx_calls, tx_total;
    uint32_t tx_retries;        /* in force; the one setting applied live */
    bool mempool;
    bool rings;
    bool filled;                /* the rx rings are */
    bool link_down;
    char *description;
    int fd;                     /* fake_io_class: readable while frames wait */
    _Atomic uint64_t missed;    /* fake_slow_class */
    _Atomic(bool) silent, asked;
};

struct plan {
    int error;
    unsigned int skip, times, calls;
};

static struct plan plans[FAKE_N_OPS];
static bool use_mempool, use_rings;

static struct fake_port *
fake(const struct port *p)
{
    return CONTAINER_OF(p, struct fake_port, up);
}

/* Counts a call of `op`; 0 or the negative errno it is to fail with. */
static int
called(enum fake_op op, const char *name, char **errp)
{
    static const char *const names[FAKE_N_OPS] = {
        "construct", "reconfigure", "start", "set_link", "stop",
        "destruct",
    };
    struct plan *plan = &plans[op];

    plan->calls++;
    if (plan->skip) {
        plan->skip--;
        return 0;
    }
    if (!plan->times) {
        return 0;
    }
    plan->times--;
    *errp = xasprintf("%s: %s failed (%s)", name, names[op],
                      ovs_strerror(plan->error));
    return -plan->error;
}

static void
frames_put(struct frames *f, struct rte_mbuf **m, size_t n)
{
    if (!n) {
        return;
    }
    rte_spinlock_lock(&f->lock);
    if (f->head > f->n / 2) {
        f->n -= f->head;
        memmove(f->m, f->m + f->head, f->n * sizeof *f->m);
        f->head = 0;
    }
    while (f->n + n > f->allocated) {
        f->m = x2nrealloc(f->m, &f->allocated, sizeof *f->m);
    }
    memcpy(f->m + f->n, m, n * sizeof *m);
    f->n += n;
    rte_spinlock_unlock(&f->lock);
}

static size_t
frames_get(struct frames *f, struct rte_mbuf **m, size_t max)
{
    size_t n;

    rte_spinlock_lock(&f->lock);
    n = MIN(max, f->n - f->head);
    if (n) {
        memcpy(m, f->m + f->head, n * sizeof *m);
        f->head += n;
    }
    rte_spinlock_unlock(&f->lock);
    return n;
}

static size_t
frames_count(struct frames *f)
{
    size_t n;

    rte_spinlock_lock(&f->lock);
    n = f->n - f->head;
    rte_spinlock_unlock(&f->lock);
    return n;
}

/* Those that are of `pool`. */
static size_t
frames_count_of(struct frames *f, const struct rte_mempool *pool)
{
    size_t n = 0;

    rte_spinlock_lock(&f->lock);
    for (size_t i = f->head; i < f->n; i++) {
        n += f->m[i]->pool == pool;
    }
    rte_spinlock_unlock(&f->lock);
    return n;
}

/* Frees at most `max`, the earliest first.  Returns how many. */
static size_t
frames_free(struct frames *f, size_t max)
{
    struct rte_mbuf *m;
    size_t n = 0;

    while (n < max && frames_get(f, &m, 1)) {
        rte_pktmbuf_free(m);
        n++;
    }
    return n;
}

static void
frames_destroy(struct frames *f)
{
    frames_free(f, SIZE_MAX);
    free(f->m);
}

/* The rings of a device. */

static void
empty_rings(struct fake_port *f)
{
    for (size_t i = 0; i < PORT_MAX_RXQ; i++) {
        frames_free(&f->ring[i], SIZE_MAX);
        frames_free(&f->rxq[i], SIZE_MAX);
    }
    frames_free(&f->sent, SIZE_MAX);
    f->filled = false;
}

/* A device receives into mbufs that its driver gave it beforehand.  All, or
 * none and a text. */
static int
fill_rings(struct fake_port *f, const struct mp *mp, uint32_t n_rxq,
           uint32_t n_desc, char **errp)
{
    empty_rings(f);             /* full after a start that failed */
    for (uint32_t q = 0; q < n_rxq; q++) {
        for (uint32_t i = 0; i < n_desc; i++) {
            struct rte_mbuf *m = rte_mbuf_raw_alloc(mp_mempool(mp));

            if (!m) {
                empty_rings(f);
                *errp = xasprintf("%s: out of mbufs for the rx rings "
                                  "(mempool \"%s\")", f->up.name,
                                  mp_name(mp));
                return -ENOMEM;
            }
            frames_put(&f->ring[q], &m, 1);
        }
    }
    f->filled = true;
    return 0;
}

/* The class. */

static int
fake_construct(struct port *p, char **errp)
{
    struct fake_port *f = fake(p);
    int error = called(FAKE_CONSTRUCT, p->name, errp);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < PORT_MAX_RXQ; i++) {
        rte_spinlock_init(&f->rxq[i].lock);
        rte_spinlock_init(&f->ring[i].lock);
    }
    rte_spinlock_init(&f->sent.lock);
    f->mempool = use_mempool;
    f->rings = use_rings;
    f->fd = -1;
    if (!p->class->pmd) {
        f->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (f->fd < 0) {
            error = -errno;
            *errp = xasprintf("%s: eventfd failed (%s)", p->name,
                              ovs_strerror(-error));
        }
    }
    return error;
}

static void
fake_destruct(struct port *p)
{
    struct fake_port *f = fake(p);
    char *ignored = NULL;

    called(FAKE_DESTRUCT, p->name, &ignored);
    free(ignored);
    for (size_t i = 0; i < PORT_MAX_RXQ; i++) {
        frames_destroy(&f->rxq[i]);
        frames_destroy(&f->ring[i]);
    }
    frames_destroy(&f->sent);
    free(f->description);
    if (f->fd >= 0) {
        close(f->fd);
    }
}

static uint32_t
wanted_mtu(const struct port *p)
{
    return (p->wanted.mtu ? p->wanted.mtu
            : p->running.valid ? p->running.mtu
            : CFG_MTU_DEFAULT);
}

static enum port_change
fake_plan(const struct port *p)
{
    const struct port_running *r = &p->running;

    if (!r->valid || r->mtu != wanted_mtu(p) || r->n_rxq != p->wanted.n_rxq
        || r->n_txq != p->want_n_txq || r->n_rxq_desc != p->wanted.n_rxq_desc
        || r->n_txq_desc != p->wanted.n_txq_desc) {
        return PORT_CHANGE_RESTART;
    }
    return (fake(p)->tx_retries != p->wanted.tx_retries_max
            ? PORT_CHANGE_LIVE : PORT_CHANGE_NONE);
}

static int asked_socket;

void
fake_set_socket(int socket)
{
    asked_socket = socket;
}

static bool
fake_mempool_request(const struct port *p, struct mp_request *req)
{
    req->socket = asked_socket;
    req->mtu = wanted_mtu(p);
    req->n_rxq = p->wanted.n_rxq;
    req->n_txq = p->want_n_txq;
    req->rxq_size = p->wanted.n_rxq_desc;
    req->txq_size = p->wanted.n_txq_desc;
    return fake(p)->mempool;
}

static int
fake_reconfigure(struct port *p, struct mp *mp, enum port_change change,
                 char **errp)
{
    int error = called(FAKE_RECONFIGURE, p->name, errp);

    if (!error && fake(p)->rings && change == PORT_CHANGE_RESTART) {
        error = fill_rings(fake(p), mp, p->wanted.n_rxq, p->wanted.n_rxq_desc,
                           errp);
    }
    if (error) {
        return error;
    }
    fake(p)->tx_retries = p->wanted.tx_retries_max;
    p->running.mtu = wanted_mtu(p);
    p->running.socket = 0;
    p->running.n_rxq = (uint16_t) p->wanted.n_rxq;
    p->running.n_txq = p->want_n_txq;
    p->running.n_rxq_desc = (uint16_t) p->wanted.n_rxq_desc;
    p->running.n_txq_desc = (uint16_t) p->wanted.n_txq_desc;
    return 0;
}

static int
fake_start(struct port *p, char **errp)
{
    struct fake_port *f = fake(p);
    int error = called(FAKE_START, p->name, errp);

    if (!error && f->rings && !f->filled) {
        error = fill_rings(f, p->mp, p->running.n_rxq, p->running.n_rxq_desc,
                           errp);
    }
    return error;
}

static void
fake_stop(struct port *p)
{
    char *ignored = NULL;

    called(FAKE_STOP, p->name, &ignored);
    free(ignored);
    if (fake(p)->rings) {
        empty_rings(fake(p));
    }
}

static uint64_t
total_bytes(struct rte_mbuf **m, size_t n)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < n; i++) {
        bytes += m[i]->pkt_len;
    }
    return bytes;
}

static uint16_t
fake_rx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t max)
{
    struct fake_port *f = fake(p);
    uint16_t n = (uint16_t) frames_get(&f->rxq[q], m, max);

    p->rxc[q].packets += n;
    p->rxc[q].bytes += total_bytes(m, n);
    if (f->fd >= 0 && !frames_count(&f->rxq[q])) {
        uint64_t value;

        if (read(f->fd, &value, sizeof value) < 0) {
            return n;           /* was not readable */
        }
        if (frames_count(&f->rxq[q])) {         /* came in between */
            value = 1;
            ignore(write(f->fd, &value, sizeof value));
        }
    }
    return n;
}

static void
fake_tx(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n)
{
    struct fake_port *f = fake(p);
    enum fake_tx mode = atomic_load(&f->tx_mode);

    if (mode == FAKE_TX_FULL) {
        p->txc[q].dropped += n;
        rte_pktmbuf_free_bulk(m, n);
        return;
    }
    if (mode == FAKE_TX_RING) {
        size_t ring = (size_t) p->running.n_txq * p->running.n_txq_desc;
        size_t used = MIN(frames_count(&f->sent), ring);
        uint16_t fit = (uint16_t) MIN(ring - used, n);

        p->txc[q].dropped += (uint64_t) (n - fit);
        rte_pktmbuf_free_bulk(m + fit, (unsigned int) (n - fit));
        n = fit;
    }
    p->txc[q].packets += n;
    p->txc[q].bytes += total_bytes(m, n);
    atomic_fetch_add(&f->tx_calls, 1);
    atomic_fetch_add(&f->tx_total, n);
    if (mode == FAKE_TX_FREE) {
        rte_pktmbuf_free_bulk(m, n);
    } else {
        frames_put(&f->sent, m, n);
    }
}

static int
fake_rx_fd(const struct port *p)
{
    return fake(p)->fd;
}

static bool
fake_service(struct port *p OVS_UNUSED)
{
    /* Nothing is queued behind tx. */
    return false;
}

static void
fake_get_stats(struct port *p, struct port_stats *stats)
{
    struct port_queue_counters rx = { .packets = 0 };
    struct port_queue_counters tx = { .packets = 0 };

    for (size_t i = 0; i < PORT_MAX_RXQ; i++) {
        rx.packets += p->rxc[i].packets;
        rx.bytes += p->rxc[i].bytes;
        rx.dropped += p->rxc[i].dropped;
    }
    for (size_t i = 0; i < PORT_MAX_TXQ; i++) {
        tx.packets += p->txc[i].packets;
        tx.bytes += p->txc[i].bytes;
        tx.dropped += p->txc[i].dropped;
    }
    port_stat_add(stats, "rx_packets", rx.packets);
    port_stat_add(stats, "rx_bytes", rx.bytes);
    port_stat_add(stats, "rx_dropped", rx.dropped);
    port_stat_add(stats, "rx_errors", 0);
    port_stat_add(stats, "tx_packets", tx.packets);
    port_stat_add(stats, "tx_bytes", tx.bytes);
    port_stat_add(stats, "tx_dropped", tx.dropped);
    port_stat_add(stats, "tx_errors", 0);
}

static bool
fake_sample(const struct port *p, struct port_sample *sample)
{
    struct fake_port *f = fake(p);

    atomic_store(&f->asked, true);
    while (atomic_load(&f->silent)) {
        usleep(1000);
    }
    atomic_store(&f->asked, false);
    sample->totals[PORT_SAMPLE_RX_DROPPED] = atomic_load(&f->missed);
    port_stat_addf(&sample->own, atomic_load(&f->missed), "rx_%s", "missed");
    return true;
}

static void
fake_get_status(const struct port *p OVS_UNUSED, struct smap *status)
{
    smap_add(status, "driver_name", "fake");
}

static void
fake_get_link(const struct port *p, struct port_link *link)
{
    link->up = p->admin_up && !fake(p)->link_down;
    link->admin_up = p->admin_up;
    link->speed_bps = UINT64_C(10000000000);
    link->duplex = 1;
    link->mtu = p->running.mtu;
}

static char *
fake_describe(const struct port *p)
{
    const struct fake_port *f = fake(p);

    return xstrdup(f->description ? f->description : p->class->type);
}

static int
fake_set_link(struct port *p, bool up OVS_UNUSED)
{
    char *ignored = NULL;
    int error = called(FAKE_LINK, p->name, &ignored);

    free(ignored);
    return error;
}

/* It keeps what is sent to it in a ring of its tx descriptors. */
static void
fake_mbuf_need(const struct port *p, bool wanted, struct mp_holding *holds)
{
    bool valid = p->running.valid && !wanted;

    holds->rx = (valid ? (uint32_t) p->running.n_rxq * p->running.n_rxq_desc
                 : p->wanted.n_rxq * p->wanted.n_rxq_desc);
    holds->txq_size = (valid ? p->running.n_txq_desc : p->wanted.n_txq_desc);
    holds->n_txq = valid ? p->running.n_txq : p->want_n_txq;
}

#define FAKE_OPS                                \
    .size = sizeof(struct fake_port),           \
    .construct = fake_construct,                \
    .destruct = fake_destruct,                  \
    .plan = fake_plan,                          \
    .mempool_request = fake_mempool_request,    \
    .reconfigure = fake_reconfigure,            \
    .start = fake_start,                        \
    .stop = fake_stop,                          \
    .rx = fake_rx,                              \
    .tx = fake_tx,                              \
    .get_stats = fake_get_stats,                \
    .get_status = fake_get_status,              \
    .get_link = fake_get_link,                  \
    .describe = fake_describe,                  \
    .set_link = fake_set_link,                  \
    .mbuf_need = fake_mbuf_need

const struct port_class fake_class = {
    .kind = CFG_TYPE_DPDK,
    .type = "fake",
    .pmd = true,
    .dpdk = true,
    FAKE_OPS
};

const struct port_class fake_slow_class = {
    .kind = CFG_TYPE_DPDK,
    .type = "fake-slow",
    .pmd = true,
    .dpdk = true,
    .device_calls = true,
    .sample = fake_sample,
    FAKE_OPS
};

const struct port_class fake_io_class = {
    .kind = CFG_TYPE_INTERNAL,
    .type = "fake-io",
    .rx_fd = fake_rx_fd,
    .service = fake_service,
    FAKE_OPS
};

/* For tests. */

void
fake_settings(struct cfg_settings *set, uint32_t mtu)
{
    cfg_settings_init(set);
    set->mtu = mtu;
    set->n_rxq = 1;
    set->n_rxq_desc = CFG_DESC_DEFAULT;
    set->n_txq_desc = CFG_DESC_DEFAULT;
}

struct port *
fake_port_create(const char *name, uint32_t mtu, unsigned int n_txq)
{
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    fake_settings(&set, mtu);
    p = port_create_with_class(&fake_class, name, &set, n_txq, &error);
    if (!p) {
        ovs_abort(0, "%s: no fake port: %s", name, error);
    }
    cfg_settings_destroy(&set);
    return p;
}

bool
fake_port_is(const struct port *p)
{
    return (p->class == &fake_class || p->class == &fake_slow_class
            || p->class == &fake_io_class);
}

void
fake_fail(enum fake_op op, int error, unsigned int skip, unsigned int times)
{
    plans[op].error = error;
    plans[op].skip = skip;
    plans[op].times = times;
}

unsigned int
fake_calls(enum fake_op op)
{
    return plans[op].calls;
}

void
fake_use_mempool(bool use)
{
    use_mempool = use;
}

void
fake_use_rings(bool use)
{
    use_rings = use;
}

void
fake_reset(void)
{
    memset(plans, 0, sizeof plans);
    use_mempool = use_rings = false;
    asked_socket = 0;
}

void
fake_port_receive(struct port *p, uint16_t q, struct rte_mbuf **m, size_t n)
{
    struct fake_port *f = fake(p);

    ovs_assert(q < PORT_MAX_RXQ);
    frames_put(&f->rxq[q], m, n);
    if (f->fd >= 0) {
        uint64_t one = 1;

        ignore(write(f->fd, &one, sizeof one));
    }
}

uint16_t
fake_port_arrive(struct port *p, uint16_t q, uint16_t n)
{
    struct fake_port *f = fake(p);
    uint16_t done = 0;

    ovs_assert(f->filled && q < p->running.n_rxq);
    while (done < n) {
        struct rte_mbuf *fresh = rte_mbuf_raw_alloc(mp_mempool(p->mp));
        struct rte_mbuf *m;

        if (!fresh) {
            p->rxc[q].dropped++;
            break;
        }
        frames_get(&f->ring[q], &m, 1);
        frames_put(&f->ring[q], &fresh, 1);
        rte_pktmbuf_reset(m);
        rte_pktmbuf_append(m, FRAME_BYTES);
        fake_port_receive(p, q, &m, 1);
        done++;
    }
    return done;
}

size_t
fake_port_drain(struct port *p, size_t n)
{
    return frames_free(&fake(p)->sent, n);
}

size_t
fake_port_n_held(struct port *p, const struct rte_mempool *pool)
{
    struct fake_port *f = fake(p);
    size_t n = frames_count_of(&f->sent, pool);

    for (size_t i = 0; i < PORT_MAX_RXQ; i++) {
        n += frames_count_of(&f->rxq[i], pool);
        n += frames_count_of(&f->ring[i], pool);
    }
    return n;
}

size_t
fake_port_n_pending(struct port *p)
{
    size_t n = 0;

    for (size_t i = 0; i < PORT_MAX_RXQ; i++) {
        n += frames_count(&fake(p)->rxq[i]);
    }
    return n;
}

void
fake_port_set_tx(struct port *p, enum fake_tx mode)
{
    atomic_store(&fake(p)->tx_mode, mode);
}

struct rte_mbuf *
fake_port_take_sent(struct port *p)
{
    struct rte_mbuf *m;

    return frames_get(&fake(p)->sent, &m, 1) ? m : NULL;
}

size_t
fake_port_n_sent(struct port *p)
{
    return frames_count(&fake(p)->sent);
}

uint64_t
fake_port_tx_calls(struct port *p)
{
    return atomic_load(&fake(p)->tx_calls);
}

uint64_t
fake_port_tx_total(struct port *p)
{
    return atomic_load(&fake(p)->tx_total);
}

void
fake_port_set_describe(struct port *p, const char *description)
{
    struct fake_port *f = fake(p);

    free(f->description);
    f->description = nullable_xstrdup(description);
}

void
fake_port_set_link(struct port *p, bool up)
{
    fake(p)->link_down = !up;
    port_changed(p);
}

void
fake_port_set_missed(struct port *p, uint64_t n)
{
    atomic_store(&fake(p)->missed, n);
}

void
fake_port_set_silent(struct port *p, bool silent)
{
    atomic_store(&fake(p)->silent, silent);
}

bool
fake_port_is_asked(struct port *p)
{
    return atomic_load(&fake(p)->asked);
}
