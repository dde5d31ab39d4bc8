/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-driver.c: what does a device make of the queues that it is asked
 * for, and which mbufs does it keep?
 *
 * Without the device only its driver is known, and that only of a virtual
 * one, by its name.  Those that differ from a network card are listed here;
 * what is running has the answer from the device itself (lib/port/ethdev-*.c),
 * and a test of that folder compares the two.
 */
#include <config.h>
#include "mem/mp-plan-cfg.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-parse.h"
#include "util.h"

enum {
    HOLDS_NONE = 1 << 0,        /* copies */
    LOOP = 1 << 1,              /* a ring joins each tx to an rx queue */
    EQUAL_QUEUES = 1 << 2,      /* as many tx as rx queues */
    FILES = 1 << 3,             /* a queue for each devarg "rx_...=FILE" or
                                 * "tx_...=FILE"; of a kind that there is no
                                 * devarg for, as many as of the other */
};

enum {
    LOOP_RING_MBUFS = 1023,     /* in a ring of net_ring */
};

static const struct driver {
    const char *name;
    unsigned int flags;
    uint32_t max_queues;        /* 0: more than are ever asked for */
    const char *queues_arg;     /* devarg that says how many queues there are,
                                 * `max_queues` without it */
} drivers[] = {
    { "net_null", HOLDS_NONE, 0, NULL },
    { "net_ring", LOOP, 16, NULL },
    { "net_pcap", HOLDS_NONE | FILES, 0, NULL },
    { "net_tap", EQUAL_QUEUES, 16, NULL },
    { "net_af_packet", HOLDS_NONE, 1, "qpairs" },
};

/* The driver's name is the device's without what follows it, such as a
 * number. */
static const struct driver *
find_driver(const char *devargs)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        size_t n = strlen(drivers[i].name);

        if (!strncmp(devargs, drivers[i].name, n)
            && !islower((unsigned char) devargs[n])) {
            return &drivers[i];
        }
    }
    return NULL;
}

/* The number behind "KEY=" in the comma-separated arguments; `def` without
 * one. */
static uint32_t
number_arg(const char *devargs, const char *key, uint32_t def)
{
    size_t n = strlen(key);

    for (const char *s = strchr(devargs, ','); s; s = strchr(s + 1, ',')) {
        if (!strncmp(s + 1, key, n) && s[1 + n] == '=') {
            const char *value = s + n + 2;
            char *text = xmemdup0(value, strcspn(value, ","));
            int64_t x;

            if (cfg_parse_int(text, 1, UINT16_MAX, &x)) {
                def = (uint32_t) x;
            }
            free(text);
            break;
        }
    }
    return def;
}

static uint32_t
count_args(const char *devargs, const char *prefix)
{
    uint32_t n = 0;

    for (const char *s = strchr(devargs, ','); s; s = strchr(s + 1, ',')) {
        n += !strncmp(s + 1, prefix, strlen(prefix));
    }
    return n;
}

static void
cut_queues(const struct driver *d, const char *devargs,
           struct mp_request *req)
{
    uint32_t max = (d->queues_arg
                    ? number_arg(devargs, d->queues_arg, d->max_queues)
                    : d->max_queues);

    if (max) {
        req->n_rxq = MIN(req->n_rxq, max);
        req->n_txq = MIN(req->n_txq, max);
    }
    if (d->flags & FILES) {
        uint32_t rx = count_args(devargs, "rx_");
        uint32_t tx = count_args(devargs, "tx_");

        req->n_rxq = MIN(req->n_rxq, rx ? rx : MAX(tx, 1));
        req->n_txq = MIN(req->n_txq, tx ? tx : MAX(rx, 1));
    } else if (d->flags & EQUAL_QUEUES) {
        req->n_txq = req->n_rxq;
    } else if (d->flags & LOOP) {
        req->n_txq = MIN(req->n_txq, req->n_rxq);
    }
}

void
mp_plan_driver(const char *devargs, struct mp_request *req)
{
    const struct driver *d = find_driver(devargs);

    if (d) {
        cut_queues(d, devargs, req);
    }
    if (d && d->flags & HOLDS_NONE) {
        /* But for the frames of a file that is sent over and over. */
        req->holds = (struct mp_holding) {
            .rx = (d->flags & FILES
                   && number_arg(devargs, "infinite_rx", 0) == 1
                   ? req->n_rxq * req->rxq_size : 0),
        };
    } else if (d && d->flags & LOOP) {
        req->holds = (struct mp_holding) {
            .txq_size = LOOP_RING_MBUFS,
            .n_txq = req->n_rxq,
        };
    } else {
        req->holds = (struct mp_holding) {
            .rx = req->n_rxq * req->rxq_size,
            .txq_size = req->txq_size,
            .n_txq = req->n_txq,
        };
    }
}
