/* SPDX-License-Identifier: Apache-2.0
 *
 * null-switch.c: see null-switch.h.
 *
 * It sees the rings as a switch does, from the other side than ring_done()
 * and its like.
 */
#define _GNU_SOURCE 1
#include "tests/peer/null-switch.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_GUESTS = 64,
    BATCH = 32,
    COPIED = GUEST_HEADER + 64,
};

static struct guest *const *guests;
static uint16_t n_guests;
static uint16_t tx_next[MAX_GUESTS], rx_next[MAX_GUESTS];

/* Buffers that the guest has given and that are not used yet. */
static uint16_t
available(const struct ring *r, uint16_t next)
{
    return (uint16_t) (__atomic_load_n(&r->avail->idx, __ATOMIC_ACQUIRE)
                       - next);
}

static uint16_t
id_at(const struct ring *r, uint16_t place)
{
    return r->avail->ring[place & r->mask] & r->mask;
}

static uint8_t *
buffer_at(const struct ring *r, uint16_t place)
{
    return (uint8_t *) (uintptr_t) r->desc[id_at(r, place)].addr;
}

static void
use(struct ring *r, uint16_t place, uint32_t length)
{
    r->used->ring[place & r->mask] = (struct vring_used_elem) {
        .id = id_at(r, place), .len = length,
    };
}

static void
publish(struct ring *r, uint16_t next)
{
    __atomic_store_n(&r->used->idx, next, __ATOMIC_RELEASE);
}

static void
hand_over(uint16_t from)
{
    uint16_t to = from ^ 1;
    struct ring *tx = &guests[from]->tx, *rx = &guests[to]->rx;
    uint16_t n = available(tx, tx_next[from]);
    uint16_t room = available(rx, rx_next[to]);

    n = n < room ? n : room;
    n = n < BATCH ? n : BATCH;
    for (uint16_t i = 0; i < n; i++) {
        const uint8_t *source = buffer_at(tx, (uint16_t) (tx_next[from] + i));
        const uint8_t *sink = buffer_at(rx, (uint16_t) (rx_next[to] + i));

        __builtin_prefetch(source);
        __builtin_prefetch(source + COPIED - 1);
        __builtin_prefetch(sink, 1);
        __builtin_prefetch(sink + COPIED - 1, 1);
    }
    for (uint16_t i = 0; i < n; i++) {
        uint16_t in = (uint16_t) (tx_next[from] + i);
        uint16_t out = (uint16_t) (rx_next[to] + i);

        memcpy(buffer_at(rx, out), buffer_at(tx, in), COPIED);
        use(rx, out, tx->desc[id_at(tx, in)].len);
        use(tx, in, 0);
    }
    if (n) {
        tx_next[from] = (uint16_t) (tx_next[from] + n);
        rx_next[to] = (uint16_t) (rx_next[to] + n);
        publish(rx, rx_next[to]);
        publish(tx, tx_next[from]);
    }
}

static void *
serve(void *core_)
{
    const int *core = core_;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(*core, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set)) {
        abort();
    }
    pthread_setname_np(pthread_self(), "null-switch");
    for (;;) {
        for (uint16_t i = 0; i < n_guests; i++) {
            hand_over(i);
        }
    }
}

int
null_switch_start(struct guest *const *guests_, uint16_t n, int core)
{
    static int core_of_thread;
    pthread_t thread;

    guests = guests_;
    n_guests = n;
    core_of_thread = core;
    return pthread_create(&thread, NULL, serve, &core_of_thread);
}
