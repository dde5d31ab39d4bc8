/* SPDX-License-Identifier: Apache-2.0
 *
 * flow-peer.c: guests that give a switch as much to do as it can.
 *
 *     flow-peer [--ring N] [--mergeable] [--null CORE] SOCKET...
 *
 * Each socket is a guest (guest.h).  Commands on standard input, each answered
 * with a line of JSON:
 *
 *   start KEY=VALUE...
 *       mode=open       each guest's tx ring is kept full; what arrives is
 *                       counted and its buffer given back at once
 *       mode=closed     `flight` packets of each guest circulate: guest 2n
 *                       sends what it got from guest 2n + 1, and vice versa,
 *                       from the buffer that it lies in
 *       size=64, size=mix, flows=N, kind=macs|tuples, vlan=N,
 *       to=partner|all|everybody (flows.h)
 *       senders=N       the first N guests only (default: all)
 *       touch=header|all    the first 64 bytes of a frame that the sender
 *                       writes and the receiver reads, or all of them
 *       pace=NS         a look at the rings no sooner than that after the
 *                       last; with 0 the peer's polling is itself a load on
 *                       the lines that it shares with the switch
 *   report  what was counted since the start of the program
 *   stop    nothing is sent any more; once all is quiet, what was counted
 *
 * sent: frames that the switch took.  received: those of the flows, in the
 * form that the guest is to get; others: the rest.  busy, of total: cycles of
 * looks that found something to do.  A peer that is busy all the time is what
 * bounds a measurement.
 *
 * With --null no switch comes: a thread on CORE hands frames from guest to
 * guest and does nothing else (null-switch.h), so that what is counted is what
 * this program itself can do.
 *
 * One thread does all and polls while there is traffic, so it wants a core.
 * The end of the input ends it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "tests/peer/commands.h"
#include "tests/peer/flows.h"
#include "tests/peer/guest.h"
#include "tests/peer/null-switch.h"

enum {
    MAX_GUESTS = 64,
    LINE = 64,
    BUFFER = 2048 + 5 * LINE,   /* an odd number of lines, as mbufs have: no
                                 * two neighbours in the same set of a cache */
    AT_FRAME = 2 * LINE,
    ROOM = BUFFER - AT_FRAME + GUEST_HEADER,
    BATCH = 64,                 /* frames at once */
    COMMANDS_NS = 500000,       /* between looks at the input */
    QUIET_NS = 50000000,        /* nothing comes any more */
    GIVE_UP_NS = 2000000000,
};

struct flow_guest {
    struct guest guest;
    struct flow_place place;
    uint16_t free[GUEST_RING_MAX];      /* tx descriptors */
    uint16_t n_free;
    uint64_t sent, received, bytes, others;
};

static struct flow_guest guests[MAX_GUESTS];
static uint16_t n_guests;
static uint16_t ring_size = 256;
static bool mergeable;
static int null_core = -1;

static enum { IDLE, DRAIN, OPEN, CLOSED } mode;
static struct flows flows;
static uint16_t senders, flight;
static bool touch_all;
static uint64_t pace;           /* cycles */
static uint8_t sink;            /* where what is read goes */

static uint64_t busy, total;    /* cycles */
static double tsc_hz;

static void
die(const char *what)
{
    fprintf(stderr, "flow-peer: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static uint64_t
cycles_of(uint64_t ns)
{
    return (uint64_t) ((double) ns * tsc_hz / 1e9);
}

/* The frame in a descriptor's buffer. */
static inline uint8_t *
frame_of(const struct vring_desc *d)
{
    return (uint8_t *) (uintptr_t) d->addr + GUEST_HEADER;
}

static inline void
read_all(const uint8_t *frame, uint32_t length)
{
    for (uint32_t i = LINE; i < length; i += LINE) {
        sink ^= *(volatile const uint8_t *) (frame + i);
    }
}

static inline void
write_all(uint8_t *frame, uint32_t length)
{
    for (uint32_t i = LINE; i < length; i += LINE) {
        *(volatile uint8_t *) (frame + i) = (uint8_t) i;
    }
}

/* Puts a frame on its way to the cache. */
static inline void
fetch(const uint8_t *frame, uint32_t length, bool to_write)
{
    for (uint32_t i = 0; i < (touch_all ? length : 1); i += LINE) {
        if (to_write) {
            __builtin_prefetch(frame + i, 1);
        } else {
            __builtin_prefetch(frame + i);
        }
    }
}

/* Takes the descriptors of up to `max` <= BATCH buffers that the switch is
 * done with.  (`lengths` are of frames received.) */
static unsigned int
take(struct ring *r, unsigned int max, uint16_t *ids, uint32_t *lengths)
{
    unsigned int n = ring_done(r);

    n = n < max ? n : max;
    for (unsigned int i = 0; i < n; i++) {
        const struct vring_used_elem *used = ring_used(r, i);

        ids[i] = (uint16_t) (used->id & r->mask);
        lengths[i] = used->len - GUEST_HEADER;
    }
    r->taken = (uint16_t) (r->taken + n);
    return n;
}

/* Sends the frame that `from` holds with a free descriptor of `to`, and leaves
 * that one's buffer for it. */
static void
turn_round(struct vring_desc *from, struct flow_guest *to, unsigned int i,
           uint32_t length)
{
    uint16_t id = to->free[--to->n_free];
    struct vring_desc *d = &to->guest.tx.desc[id];
    uint64_t buffer = d->addr;

    d->addr = from->addr;
    d->len = GUEST_HEADER + length;
    from->addr = buffer;
    ring_put(&to->guest.tx, i, id);
}

static unsigned int
receive(uint16_t number)
{
    struct flow_guest *g = &guests[number];
    struct flow_guest *partner = &guests[number ^ 1];
    struct ring *rx = &g->guest.rx;
    unsigned int max = BATCH, turned = 0, n;
    uint32_t lengths[BATCH];
    uint16_t ids[BATCH];

    if (mode == CLOSED && partner->n_free < max) {
        max = partner->n_free;
    }
    n = take(rx, max, ids, lengths);
    for (unsigned int i = 0; i < n; i++) {
        fetch(frame_of(&rx->desc[ids[i]]), lengths[i], false);
    }
    for (unsigned int i = 0; i < n; i++) {
        struct vring_desc *d = &rx->desc[ids[i]];
        const uint8_t *frame = frame_of(d);

        if (!flow_is_ours(&flows, number, frame)) {
            g->others++;
        } else {
            g->received++;
            g->bytes += lengths[i];
            if (touch_all) {
                read_all(frame, lengths[i]);
            }
            if (mode == CLOSED) {
                turn_round(d, partner, turned++, lengths[i]);
            }
        }
        ring_put(rx, i, ids[i]);
    }
    if (turned) {
        ring_give(&partner->guest.tx, turned);
    }
    if (n) {
        ring_give(rx, n);
    }
    return n;
}

/* Sends new frames with up to `max` descriptors. */
static void
send_new(uint16_t number, const uint16_t *ids, unsigned int n)
{
    struct flow_guest *g = &guests[number];
    struct ring *tx = &g->guest.tx;

    for (unsigned int i = 0; i < n; i++) {
        struct vring_desc *d = &tx->desc[ids[i]];
        uint8_t *frame = frame_of(d);
        uint16_t length = flow_next(&flows, &g->place, number, frame);

        if (touch_all) {
            write_all(frame, length);
        }
        d->len = GUEST_HEADER + length;
        ring_put(tx, i, ids[i]);
    }
    if (n) {
        ring_give(tx, n);
    }
}

static unsigned int
transmit(uint16_t number)
{
    struct flow_guest *g = &guests[number];
    bool again = mode == OPEN && number < senders;
    uint32_t lengths[BATCH];
    uint16_t ids[BATCH];
    unsigned int n = take(&g->guest.tx, BATCH, ids, lengths);

    g->sent += n;
    if (again) {
        for (unsigned int i = 0; i < n; i++) {
            const struct vring_desc *d = &g->guest.tx.desc[ids[i]];

            fetch(frame_of(d), d->len - GUEST_HEADER, true);
        }
        send_new(number, ids, n);
    } else {
        memcpy(g->free + g->n_free, ids, n * sizeof *ids);
        g->n_free = (uint16_t) (g->n_free + n);
    }
    return n;
}

static unsigned int
receive_all(uint16_t number)
{
    unsigned int n, found = 0;

    do {
        n = receive(number);
        found += n;
    } while (n == BATCH);
    return found;
}

/* Everything is received before more is sent, and that a batch at a time:
 * else a switch that takes frames as fast as they come, and has no room for
 * them at the other end, would keep the sender sending. */
static void
look(void)
{
    uint64_t start = rte_rdtsc(), end;
    unsigned int found = 0;

    for (uint16_t i = 0; i < n_guests; i++) {
        if (guests[i].guest.connection >= 0) {
            found += receive_all(i);
        }
    }
    for (uint16_t i = 0; i < n_guests; i++) {
        if (guests[i].guest.connection >= 0) {
            found += transmit(i);
        }
    }
    end = rte_rdtsc();
    busy += found ? end - start : 0;
    while (end - start < pace) {
        rte_pause();
        end = rte_rdtsc();
    }
    total += end - start;
}

/* The first frames of a guest; what follows comes of what returns. */
static void
begin(uint16_t number)
{
    struct flow_guest *g = &guests[number];
    uint16_t first = mode == CLOSED ? flight : ring_size;

    memset(&g->place, 0, sizeof g->place);
    for (uint16_t i = 0; i < g->n_free; i++) {
        flow_prepare(&flows, number,
                     frame_of(&g->guest.tx.desc[g->free[i]]));
    }
    if (number < senders) {
        first = first < g->n_free ? first : g->n_free;
        g->n_free = (uint16_t) (g->n_free - first);
        send_new(number, g->free + g->n_free, first);
    }
}

/* Guests that come and go. */

static void
give_buffers(struct flow_guest *g)
{
    struct guest *guest = &g->guest;

    g->n_free = 0;
    for (uint16_t i = 0; i < ring_size; i++) {
        ring_put(&guest->rx, i, i);
        g->free[g->n_free++] = i;
    }
    ring_give(&guest->rx, ring_size);
}

static void
meet(uint16_t number)
{
    struct guest *guest = &guests[number].guest;

    if (!guest_look(guest, mergeable)) {
        return;
    }
    give_buffers(&guests[number]);
    if (mode == OPEN || mode == CLOSED) {
        begin(number);
    }
    guest_enable(guest);
}

static void
start_null_switch(void)
{
    static struct guest *all[MAX_GUESTS];

    for (uint16_t n = 0; n < n_guests; n++) {
        all[n] = &guests[n].guest;
        guest_pretend(all[n]);
        give_buffers(&guests[n]);
    }
    if (null_switch_start(all, n_guests, null_core)) {
        die("no thread for --null");
    }
}

static void
make_guests(char **paths)
{
    size_t rings = 2 * guest_ring_bytes(ring_size);
    size_t each = (rings + 4095) / 4096 * 4096
        + 2 * (size_t) ring_size * BUFFER;
    uint8_t *at = guest_memory(n_guests * ((each + 4095) / 4096 * 4096));

    if (!at) {
        die("no memory for guests");
    }
    for (uint16_t n = 0; n < n_guests; n++) {
        struct guest *guest = &guests[n].guest;
        uint8_t *buffer = at + (rings + 4095) / 4096 * 4096;

        guest_ring_place(&guest->rx, at, ring_size);
        guest_ring_place(&guest->tx, at + rings / 2, ring_size);
        for (uint16_t i = 0; i < ring_size; i++) {
            guest->rx.desc[i] = (struct vring_desc) {
                .addr = (uintptr_t) buffer + AT_FRAME - GUEST_HEADER,
                .len = ROOM, .flags = VRING_DESC_F_WRITE,
            };
            buffer += BUFFER;
            guest->tx.desc[i] = (struct vring_desc) {
                .addr = (uintptr_t) buffer + AT_FRAME - GUEST_HEADER,
            };
            buffer += BUFFER;
        }
        at += (each + 4095) / 4096 * 4096;
        guest->path = paths[n];
        if (guest_listen(guest)) {
            die("a socket cannot be made");
        }
    }
}

/* Commands. */

static void
report(void)
{
    printf("{\"tsc_hz\": %.0f, \"tsc\": %"PRIu64", \"busy\": %"PRIu64", "
           "\"total\": %"PRIu64", \"guests\": [", tsc_hz,
           (uint64_t) rte_rdtsc(), busy, total);
    for (uint16_t n = 0; n < n_guests; n++) {
        const struct flow_guest *g = &guests[n];

        printf("%s{\"up\": %s, \"sent\": %"PRIu64", \"received\": %"PRIu64
               ", \"bytes\": %"PRIu64", \"others\": %"PRIu64"}",
               n ? ", " : "", g->guest.connection >= 0 ? "true" : "false",
               g->sent, g->received, g->bytes, g->others);
    }
    printf("]}\n");
    fflush(stdout);
}

static void
complain(const char *what)
{
    printf("{\"error\": \"%s\"}\n", what);
    fflush(stdout);
}

static bool
set(const char *key, const char *value)
{
    unsigned long number = strtoul(value, NULL, 10);

    if (!strcmp(key, "mode")) {
        mode = *value == 'c' ? CLOSED : OPEN;
    } else if (!strcmp(key, "kind")) {
        flows.kind = *value == 't' ? FLOWS_TUPLES : FLOWS_MACS;
    } else if (!strcmp(key, "to")) {
        flows.to = (*value == 'a' ? TO_ALL_IN_TURN
                    : *value == 'e' ? TO_EVERYBODY : TO_PARTNER);
    } else if (!strcmp(key, "touch")) {
        touch_all = *value == 'a';
    } else if (!strcmp(key, "size")) {
        flows.size = (uint16_t) number;         /* "mix": 0 */
        return (*value == 'm' || (number >= FLOW_SIZE_MIN
                                  && number <= FLOW_SIZE_MAX));
    } else if (!strcmp(key, "flows")) {
        flows.n = (uint32_t) number;
        return number > 0;
    } else if (!strcmp(key, "vlan")) {
        flows.vlan = (uint16_t) number;
        return number < 4096;
    } else if (!strcmp(key, "senders")) {
        senders = (uint16_t) number;
        return number <= n_guests;
    } else if (!strcmp(key, "flight")) {
        flight = (uint16_t) number;
        return number > 0 && number <= ring_size;
    } else if (!strcmp(key, "pace")) {
        pace = cycles_of(number);
        return number < 1000000;
    } else {
        return false;
    }
    return true;
}

static void
start(char *options)
{
    char *word, *value;

    flows = (struct flows) { .n = 1, .guests = n_guests, .size = 64 };
    mode = OPEN;
    senders = n_guests;
    flight = 128;
    touch_all = false;
    pace = 0;
    while ((word = strsep(&options, " ")) != NULL) {
        value = strchr(word, '=');
        if (!*word) {
            continue;
        }
        if (!value || (*value = '\0', !set(word, value + 1))) {
            mode = IDLE;
            complain("start: a word that does not fit");
            return;
        }
    }
    for (uint16_t n = 0; n < n_guests; n++) {
        begin(n);
    }
    report();
}

/* Receives until nothing comes any more. */
static void
stop(void)
{
    uint64_t start = now_ns(), since = start, before = 0;

    mode = DRAIN;
    while (now_ns() - since < QUIET_NS && now_ns() - start < GIVE_UP_NS) {
        uint64_t all = 0;

        look();
        for (uint16_t n = 0; n < n_guests; n++) {
            all += guests[n].sent + guests[n].received + guests[n].others;
        }
        if (all != before) {
            before = all;
            since = now_ns();
        }
    }
    mode = IDLE;
    report();
}

static void
obey(char *line)
{
    char *word = strsep(&line, " ");

    if (!strcmp(word, "start") && mode == IDLE) {
        start(line);
    } else if (!strcmp(word, "stop") && mode != IDLE) {
        stop();
    } else if (!strcmp(word, "report")) {
        report();
    } else {
        complain("no command now");
    }
}

/* The program. */

static void
measure_tsc(void)
{
    uint64_t ns = now_ns(), tsc = rte_rdtsc();

    while (now_ns() - ns < 50000000) {
        continue;
    }
    tsc = rte_rdtsc() - tsc;
    tsc_hz = (double) tsc * 1e9 / (double) (now_ns() - ns);
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "ring", required_argument, NULL, 'r' },
        { "mergeable", no_argument, NULL, 'm' },
        { "null", required_argument, NULL, 'n' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'r') {
            ring_size = (uint16_t) atoi(optarg);
        } else if (c == 'm') {
            mergeable = true;
        } else if (c == 'n') {
            null_core = atoi(optarg);
        } else {
            exit(2);
        }
    }
    if (ring_size < 64 || ring_size > GUEST_RING_MAX
        || ring_size & (ring_size - 1)) {
        die("--ring is a power of 2 from 64 to 1024");
    }
    if (argc - optind < 1 || argc - optind > MAX_GUESTS) {
        die("1 to 64 sockets, please");
    }
    n_guests = (uint16_t) (argc - optind);
    if (null_core >= 0 && n_guests % 2) {
        die("--null is for pairs of guests");
    }
}

int
main(int argc, char **argv)
{
    parse_options(argc, argv);
    make_guests(argv + optind);
    measure_tsc();
    if (null_core >= 0) {
        start_null_switch();
    }
    report();                   /* ready */
    for (;;) {
        uint64_t next = now_ns() + COMMANDS_NS;

        do {
            for (int i = 0; mode != IDLE && i < 16; i++) {
                look();
            }
        } while (mode != IDLE && now_ns() < next);
        for (uint16_t n = 0; n < n_guests; n++) {
            meet(n);
        }
        if (!commands_read(mode == IDLE ? 20 : 0, obey)) {
            break;
        }
    }
    for (uint16_t n = 0; n < n_guests; n++) {
        guest_close(&guests[n].guest);
    }
    return 0;
}
