/* SPDX-License-Identifier: Apache-2.0
 *
 * port-class.h: the seam for a new port type.
 *
 * A port type is one file with one `struct port_class`, one row in the table
 * of port.c, a paragraph of schema and a test.  Control operations run in
 * the main thread.  `rx` and `tx` run in packet threads, concurrently with
 * the main thread, but never concurrently with `reconfigure`, `start`,
 * `stop` or `destruct` of the same port: port-reconf.c takes the port out of
 * every poll list and every bridge first and waits for a grace period.
 * `sample` runs in a sampling thread.
 */
#ifndef PORT_PORT_CLASS_H
#define PORT_PORT_CLASS_H 1

#include <stdbool.h>
#include <stdint.h>

#include "cfg/cfg.h"
#include "mem/mempool.h"
#include "port/port.h"

struct rte_mbuf;
struct smap;

/* What a change of settings needs. */
enum port_change {
    PORT_CHANGE_NONE,           /* nothing differs */
    PORT_CHANGE_LIVE,           /* applied while packets flow */
    PORT_CHANGE_RESTART,        /* quiesce, reconfigure, start */
};

/* What a device counted itself. */
enum port_sample_total {
    PORT_SAMPLE_RX_DROPPED,
    PORT_SAMPLE_RX_ERRORS,
    PORT_SAMPLE_TX_ERRORS,
    PORT_SAMPLE_N_TOTALS
};

struct port_sample {
    uint64_t totals[PORT_SAMPLE_N_TOTALS];      /* to be added to ours */
    struct port_stats own;      /* under the driver's names */
};

struct port_class {
    enum cfg_type kind;
    const char *type;           /* Interface.type */
    bool pmd;                   /* polled by PMDs; false: by the thread of
                                 * kernel-backed ports, through `rx_fd` */
    bool dpdk;                  /* "a DPDK interface" to the tools */
    bool logical;               /* no device: nobody polls it or sends to it,
                                 * it has no number in the datapath */
    bool device_calls;          /* get_link(), get_status() and run() ask the
                                 * device, so that a sampling thread may not
                                 * be with it (port-sample.h) */
    bool copies;                /* tx leaves no mbuf with the port: whose they
                                 * are need not be marked */
    bool live_mempool;          /* reconfigure() gives the port another mempool
                                 * while packets flow; false: the port is
                                 * restarted for it */

    size_t size;                /* of the class's struct, whose first member
                                 * is `struct port` */

    /* Opens the device. `p->wanted` is set. On failure undoes everything it
     * did and returns a negative errno with a text. */
    int (*construct)(struct port *p, char **errp);

    /* Closes the device and frees what the class holds, but not the mempool:
     * port-reconf.c puts it back afterwards. */
    void (*destruct)(struct port *p);

    /* Decides, purely, what `p->wanted` (with `p->want_n_txq`) needs in
     * comparison with `p->running`. */
    enum port_change (*plan)(const struct port *p);

    /* Refuses, with a text, what the device cannot do, before anything is
     * done for it.  May be NULL. */
    int (*check)(struct port *p, char **errp);

    /* Fills the request for the mempool that `p->wanted` needs. False: none
     * is needed now (a vhost port without guest). */
    bool (*mempool_request)(const struct port *p, struct mp_request *req);

    /* Applies `p->wanted` with mempool `mp` (NULL where none is needed) and
     * fills `p->running`. Called quiesced for PORT_CHANGE_RESTART, else
     * live.  On failure the device is as it was before the call, as far as
     * the driver allows, and `p->running` unchanged; the text says which step
     * failed and why.  The device still references its old mempool then. */
    int (*reconfigure)(struct port *p, struct mp *mp, enum port_change,
                       char **errp);

    /* Memory for `p->wanted` could not be had, and the port keeps its settings
     * and its mempool: does what an event asked for as far as these allow.
     * May be NULL. */
    void (*carry_on)(struct port *p);

    /* After reconfigure, before the port is published; and the reverse,
     * after it was withdrawn.  A port that was never reconfigured is not
     * started. May be NULL. */
    int (*start)(struct port *p, char **errp);
    void (*stop)(struct port *p);

    /* Receives up to `max` frames of queue `q` into `m`; returns how many.
     * A received mbuf is the caller's. */
    uint16_t (*rx)(struct port *p, uint16_t q, struct rte_mbuf **m,
                   uint16_t max);

    /* Frames that wait in rx queue `q`; where rx runs.  NULL: unknown. */
    uint32_t (*rx_waiting)(struct port *p, uint16_t q);

    /* Sends `n` frames on queue `q`; takes every mbuf, sent or not, and
     * counts those it dropped.  port_tx() serialises callers per queue. */
    void (*tx)(struct port *p, uint16_t q, struct rte_mbuf **m, uint16_t n);

    /* Kernel-backed ports: the descriptor to wait on for frames, or -1 while
     * there is none.  NULL for others. */
    int (*rx_fd)(const struct port *p);
    /* Kernel-backed ports: has rx frames in hand that the descriptor knows
     * nothing of any more?  It is then to be called again, soon.  NULL:
     * never. */
    bool (*rx_unfinished)(const struct port *p);
    /* Kernel-backed ports: sends what `tx` queued, a bounded number of
     * frames; runs in the thread of kernel-backed ports.  True: more is
     * queued, so the thread may not sleep before it called again. */
    bool (*service)(struct port *p);

    /* Adds to `stats` what the switch counts (integers as text are the
     * caller's business: use port_stat_add()). */
    void (*get_stats)(struct port *p, struct port_stats *);
    /* A sampling thread, never beside an operation that changes the device
     * or, with `device_calls`, asks it: what only the device can tell, which
     * may take long.  False: it told nothing.  NULL: there is nothing of the
     * kind. */
    bool (*sample)(const struct port *p, struct port_sample *);
    void (*get_status)(const struct port *p, struct smap *status);
    void (*get_link)(const struct port *p, struct port_link *);

    /* Text in parentheses in dpif/show, or NULL: just the type. Caller
     * frees. */
    char *(*describe)(const struct port *p);

/* Takes the device's own link up or down. -ENOTSUP: it has none, which
     * is no failure. May be NULL. */
    int (*set_link)(struct port *p, bool up);

    /* Main loop: events that library threads queued, state of the device
     * that only polling tells.  True where port_reconfigure() is due.  May be
     * NULL. */
    bool (*run)(struct port *p);

    /* Main loop, once a round, before any port's run(): what the ports of a
     * class share (link changes that the kernel announces, links that only
     * polling tells), and what that waits for.  Both or neither; may be
     * NULL. */
    void (*run_class)(void);
    void (*wait_class)(void);

    /* Any thread: does the device deliver on rx queue `q` now (a guest may
     * switch its queues off)?  NULL: always. */
    bool (*rxq_enabled)(const struct port *p, uint16_t q);

    /* Mbufs that the port may hold at once beyond what packet threads have in
     * hand (rx rings, tx rings), with `p->wanted` or with `p->running`.
     * `*holds` is zeroed.  NULL: none, frames are copied. */
    void (*mbuf_need)(const struct port *p, bool wanted,
                      struct mp_holding *holds);
};

extern const struct port_class ethdev_class;
extern const struct port_class vhost_server_class;
extern const struct port_class vhost_client_class;
extern const struct port_class internal_class;
extern const struct port_class system_class;
extern const struct port_class tap_class;
extern const struct port_class patch_class;

#endif
