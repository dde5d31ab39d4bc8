/* SPDX-License-Identifier: Apache-2.0
 *
 * gap-peer.c: guests that tell for how long they heard nothing.
 *
 *     gap-peer EAL-OPTION... -- [--in-flight N] [--size BYTES] [--pace US]
 *                               [--watch FILE]
 *
 * Every device of the EAL is a guest; two and two talk, 0 with 1, 2 with 3.
 * Each sends N packets to the other, which, whenever it receives one of them,
 * has it sent again, so that N packets circulate from either:
 *
 *   guest 0 -> switch -> guest 1 -+
 *      ^                          |
 *      +------- (gap-peer) -------+
 *
 * Each packet has a number and a content that follows from it.  At the end
 * they are collected: sent = received + lost, and what is lost, damaged or
 * there twice is counted.
 *
 * A guest's silence is the time between two bursts that it received, less
 * what is no doing of the switch's:
 *
 *   away     The peer itself was not there.  It asks for real-time scheduling
 *            and looks at its guests every `pace` microseconds; where it comes
 *            over 100 us late, it was away for so long.  (It sleeps in
 *            between, since the thread that the switch is reconfigured by may
 *            have to share its core.)
 *   waited   The thread that serves the guests was ready and another process
 *            had its core: what the kernel says in FILE, that thread's
 *            /proc/PID/task/TID/schedstat.
 *
 * Commands on standard input, each answered with one line of JSON:
 *
 *   start    numbered packets set out
 *   report   what was measured so far, once the silence at this moment has
 *            ended, for which it waits a second
 *   reset    likewise, and the longest silence starts anew
 *   stop     no packet is sent again; once all is quiet, what was measured
 *
 * The end of the input ends the program.  One thread does all.
 */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "tests/peer/commands.h"

enum {
    BURST = 64,
    RING = 256,                 /* descriptors of a queue */
    MAX_IN_FLIGHT = RING,       /* from one guest: no ring can overflow */
    MIN_SIZE = 32,              /* addresses, type, what it is */
    MAX_SIZE = 9216,
    LATE_US = 100,              /* more than that is being away */
    QUIET_US = 200 * 1000,      /* nothing comes any more */
    QUIET_RAN_US = 50 * 1000,   /* nor from a thread that ran for so long */
    PATIENCE_US = 10 * 1000 * 1000, /* with a thread that does not run */
    END_US = 1000 * 1000,       /* a silence that is told before its end */
    REALTIME_PRIORITY = 10,
    ETHERTYPE = 0x88b5,         /* for experiments */
};

/* What a packet carries behind its Ethernet header; then, to its end, bytes
 * that follow from `id`. */
struct label {
    uint32_t sender;            /* guest that it set out from */
    uint32_t id;                /* below `in_flight` */
} __attribute__((packed));

struct guest {
    uint64_t sent, received;    /* packets of the loop, since the start */
    uint64_t foreign;           /* others, such as a switch floods */

    uint64_t silence;           /* the longest since the last reset */
    uint64_t heard;             /* when it last received */
    uint64_t excused;           /* excused() at that time */
    bool hears;                 /* at this look */

    /* Packets that it is to send. */
    struct rte_mbuf *hand[MAX_IN_FLIGHT];
    uint16_t n_hand;

    /* Packets of its partner's that were collected at the end. */
    bool seen[MAX_IN_FLIGHT];
    unsigned int found, damaged, twice;
};

static unsigned int in_flight = 64;
static unsigned int size = 60;  /* bytes, without CRC */
static unsigned int pace_us = 50;

static struct guest guests[RTE_MAX_ETHPORTS];
static uint16_t n_guests;
static struct rte_mempool *pool;
static bool realtime;
static int watch = -1;          /* descriptor, or -1 */

static enum { IDLE, LOOP, COLLECT } state;

/* All times are in microseconds. */
static uint64_t last_look;      /* 0: does not count */
static uint64_t away_total;
static uint64_t waited_total;
static uint64_t ran_total;              /* us in which that thread ran */
static uint64_t away, waited;   /* since the last reset: the longest absence,
                                 * and all that it waited */

static uint64_t
now_us(void)
{
    return rte_rdtsc() / (rte_get_tsc_hz() / 1000000);
}

static void
die(const char *what)
{
    fprintf(stderr, "gap-peer: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Packets. */

static struct label *
label_of(const struct rte_mbuf *m)
{
    return rte_pktmbuf_mtod_offset(m, struct label *,
                                   sizeof(struct rte_ether_hdr));
}

static uint8_t
content(uint32_t id, uint32_t i)
{
    return (uint8_t) (id * 7 + i * 13 + (i >> 8));
}

static struct rte_mbuf *
make_packet(uint16_t sender, uint32_t id)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
    struct rte_ether_hdr *eth;
    struct label *label;

    if (!m || !rte_pktmbuf_append(m, (uint16_t) size)) {
        die("no memory for packets");
    }
    eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
    rte_eth_macaddr_get(sender, &eth->src_addr);
    rte_eth_macaddr_get(sender ^ 1, &eth->dst_addr);
    eth->ether_type = rte_cpu_to_be_16(ETHERTYPE);
    label = label_of(m);
    *label = (struct label) { .sender = sender, .id = id };
    for (uint8_t *p = (uint8_t *) (label + 1),
         *end = rte_pktmbuf_mtod(m, uint8_t *) + size; p < end; p++) {
        *p = content(id, (uint32_t) (end - p));
    }
    return m;
}

/* Is it one that the guest's partner sent? */
static bool
is_ours(const struct rte_mbuf *m, uint16_t guest)
{
    const struct rte_ether_hdr *eth
        = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

    return (m->data_len == size
            && eth->ether_type == rte_cpu_to_be_16(ETHERTYPE)
            && label_of(m)->sender == (guest ^ 1u)
            && label_of(m)->id < in_flight);
}

static bool
is_whole(const struct rte_mbuf *m)
{
    const struct label *label = label_of(m);
    const uint8_t *end = rte_pktmbuf_mtod(m, const uint8_t *) + size;

    for (const uint8_t *p = (const uint8_t *) (label + 1); p < end; p++) {
        if (*p != content(label->id, (uint32_t) (end - p))) {
            return false;
        }
    }
    return true;
}

static void
collect(struct guest *g, struct rte_mbuf *m)
{
    uint32_t id = label_of(m)->id;

    if (g->seen[id]) {
        g->twice++;
    } else {
        g->seen[id] = true;
        g->found++;
    }
    g->damaged += !is_whole(m);
    rte_pktmbuf_free(m);
}

/* Guests. */

/* Time that is nobody's silence. */
static uint64_t
excused(void)
{
    return away_total + waited_total;
}

static uint64_t
silence_of(const struct guest *g, uint64_t now)
{
    uint64_t all = now - g->heard;
    uint64_t out = excused() - g->excused;

    return all > out ? all - out : 0;
}

static void
receive(uint16_t n)
{
    struct guest *g = &guests[n];
    struct guest *partner = &guests[n ^ 1];
    struct rte_mbuf *m[BURST];
    uint16_t got, ours = 0;

    do {
        got = rte_eth_rx_burst(n, 0, m, BURST);
        for (uint16_t i = 0; i < got; i++) {
            if (!is_ours(m[i], n)) {
                g->foreign++;
                rte_pktmbuf_free(m[i]);
                continue;
            }
            ours++;
            if (state == LOOP && partner->n_hand < MAX_IN_FLIGHT) {
                partner->hand[partner->n_hand++] = m[i];
            } else {
                collect(g, m[i]);
            }
        }
    } while (got == BURST && ours < MAX_IN_FLIGHT);
    g->received += ours;
    g->hears = ours > 0;
}

static void
transmit(uint16_t n)
{
    struct guest *g = &guests[n];
    uint16_t sent = rte_eth_tx_burst(n, 0, g->hand, g->n_hand);

    g->sent += sent;
    g->n_hand -= sent;
    memmove(g->hand, g->hand + sent, g->n_hand * sizeof *g->hand);
}

/* How late is it for this look at the guests? */
static void
note_away(uint64_t now)
{
    if (last_look && now - last_look > pace_us + LATE_US) {
        uint64_t late = now - last_look - pace_us;

        away_total += late;
        away = RTE_MAX(away, late);
    }
    last_look = now;
}

/* What the kernel counts while the thread waits it shows when the thread runs
 * again: so this comes after the packets that it sent. */
static void
note_waited(void)
{
    uint64_t ran, ns;
    char text[64];
    ssize_t n = pread(watch, text, sizeof text - 1, 0);

    if (n > 0) {
        text[n] = '\0';
        if (sscanf(text, "%"SCNu64" %"SCNu64, &ran, &ns) == 2) {
            waited += ns / 1000 - waited_total;
            waited_total = ns / 1000;
            ran_total = ran / 1000;
        }
    }
}

static void
look(void)
{
    uint64_t now = now_us();

    note_away(now);
    for (uint16_t n = 0; n < n_guests; n++) {
        receive(n);
    }
    if (watch >= 0) {
        note_waited();
    }
    for (uint16_t n = 0; n < n_guests; n++) {
        struct guest *g = &guests[n];

        if (g->hears) {
            g->silence = RTE_MAX(g->silence, silence_of(g, now));
            g->heard = now;
            g->excused = excused();
        }
        if (state == LOOP) {
            transmit(n);
        }
    }
}

static void
nap(void)
{
    struct timespec t = { .tv_nsec = pace_us * 1000L };

    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* Commands. */

static void
restart_measurement(void)
{
    uint64_t now = now_us();

    for (uint16_t n = 0; n < n_guests; n++) {
        guests[n].silence = 0;
        guests[n].heard = now;
        guests[n].excused = excused();
    }
    away = waited = 0;
}

static void
start(void)
{
    for (uint16_t n = 0; n < n_guests; n++) {
        struct guest *g = &guests[n];

        memset(g, 0, sizeof *g);
        for (uint32_t id = 0; id < in_flight; id++) {
            g->hand[g->n_hand++] = make_packet(n, id);
        }
    }
    state = LOOP;
    last_look = 0;
    if (watch >= 0) {
        note_waited();
    }
    restart_measurement();
}

/* Is it quiet, when nothing came for `us` in which the thread that is watched
 * ran for `ran` of them?  What is on its way comes only when it runs. */
static bool
is_quiet(uint64_t us, uint64_t ran)
{
    return (us >= PATIENCE_US
            || (us >= QUIET_US && (watch < 0 || ran >= QUIET_RAN_US)));
}

/* Receives until nothing comes any more. */
static void
stop(void)
{
    uint64_t since = now_us();
    uint64_t ran_then = ran_total;
    uint64_t before = 0;

    /* What is still in hand was received, and not lost. */
    for (uint16_t n = 0; n < n_guests; n++) {
        struct guest *g = &guests[n];

        for (uint16_t i = 0; i < g->n_hand; i++) {
            collect(&guests[n ^ 1], g->hand[i]);
        }
        g->n_hand = 0;
    }
    state = COLLECT;
    while (!is_quiet(now_us() - since, ran_total - ran_then)) {
        uint64_t received = 0;

        nap();
        look();
        for (uint16_t n = 0; n < n_guests; n++) {
            received += guests[n].received;
        }
        if (received != before) {
            before = received;
            since = now_us();
            ran_then = ran_total;
        }
    }
    state = IDLE;
    last_look = 0;
}

/* How long a silence was is known when it has ended: the kernel tells only
 * then how much of it the thread that is watched waited. */
static void
end_silences(void)
{
    uint64_t since = now_us();
    bool all = false;

    while (!all && now_us() - since < END_US) {
        nap();
        look();
        all = true;
        for (uint16_t n = 0; n < n_guests; n++) {
            all &= guests[n].heard > since;
        }
    }
}

static void
report(void)
{
    uint64_t now = now_us();

    printf("{\"realtime\": %s, \"away_us\": %"PRIu64", \"waited_us\": "
           "%"PRIu64", \"guests\": [", realtime ? "true" : "false", away,
           waited);
    for (uint16_t n = 0; n < n_guests; n++) {
        const struct guest *g = &guests[n];
        uint64_t current = state == LOOP ? silence_of(g, now) : 0;

        printf("%s{\"sent\": %"PRIu64", \"received\": %"PRIu64", "
               "\"silence_us\": %"PRIu64", \"foreign\": %"PRIu64", "
               "\"found\": %u, \"damaged\": %u, \"twice\": %u}",
               n ? ", " : "", g->sent, g->received,
               RTE_MAX(g->silence, current), g->foreign, g->found,
               g->damaged, g->twice);
    }
    printf("]}\n");
    fflush(stdout);
}

static void
obey(char *command)
{
    bool reset = !strcmp(command, "reset");

    if (!strcmp(command, "start") && state == IDLE) {
        start();
    } else if (!strcmp(command, "stop") && state == LOOP) {
        stop();
    } else if (!reset && strcmp(command, "report")) {
        printf("{\"error\": \"'%s' is no command now\"}\n", command);
        fflush(stdout);
        return;
    } else if (state == LOOP) {
        end_silences();
    }
    report();
    if (reset) {
        restart_measurement();
    }
}

/* Start. */

static void
start_device(uint16_t n)
{
    struct rte_eth_conf conf = { .rxmode = { .mtu = 0 } };

    if (size > RTE_ETHER_MAX_LEN - RTE_ETHER_CRC_LEN) {
        conf.rxmode.mtu = size - RTE_ETHER_HDR_LEN;
    }
    if (rte_eth_dev_configure(n, 1, 1, &conf)
        || rte_eth_rx_queue_setup(n, 0, RING, SOCKET_ID_ANY, NULL, pool)
        || rte_eth_tx_queue_setup(n, 0, RING, SOCKET_ID_ANY, NULL)
        || rte_eth_dev_start(n)) {
        die("a device does not start");
    }
    rte_eth_promiscuous_enable(n);
}

static void
parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        { "in-flight", required_argument, NULL, 'n' },
        { "size", required_argument, NULL, 's' },
        { "pace", required_argument, NULL, 'p' },
        { "watch", required_argument, NULL, 'w' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        unsigned int value = optarg ? (unsigned int) atoi(optarg) : 0;

        if (c == 'n') {
            in_flight = value;
        } else if (c == 's') {
            size = value;
        } else if (c == 'p') {
            pace_us = value;
        } else if (c == 'w') {
            watch = open(optarg, O_RDONLY | O_CLOEXEC);
            if (watch < 0) {
                die("nothing to watch");
            }
        } else {
            exit(2);
        }
    }
    if (in_flight < 1 || in_flight > MAX_IN_FLIGHT || size < MIN_SIZE
        || size > MAX_SIZE || pace_us < 1 || pace_us > 10000) {
        die("in flight 1 to 256, size 32 to 9216, pace 1 to 10000");
    }
}

int
main(int argc, char **argv)
{
    struct sched_param priority = { .sched_priority = REALTIME_PRIORITY };
    uint16_t room = (uint16_t) RTE_MAX(2048, RTE_ALIGN(size + 64, 64));
    int used = rte_eal_init(argc, argv);

    if (used < 0) {
        die("DPDK does not start");
    }
    parse_options(argc - used, argv + used);
    n_guests = rte_eth_dev_count_avail();
    if (!n_guests || n_guests % 2) {
        die("an even number of devices, please");
    }
    pool = rte_pktmbuf_pool_create("packets", n_guests * (2 * RING
                                                          + in_flight),
                                   0, 0, RTE_PKTMBUF_HEADROOM + room,
                                   SOCKET_ID_ANY);
    if (!pool) {
        die("no memory for packets");
    }
    for (uint16_t n = 0; n < n_guests; n++) {
        start_device(n);
    }
    realtime = !sched_setscheduler(0, SCHED_FIFO, &priority);
    report();                   /* ready */
    while (commands_read(state == LOOP ? 0 : -1, obey)) {
        if (state == LOOP) {
            look();
            nap();
        }
    }
    for (uint16_t n = 0; n < n_guests; n++) {
        rte_eth_dev_stop(n);
        rte_eth_dev_close(n);
    }
    rte_eal_cleanup();
    return 0;
}
