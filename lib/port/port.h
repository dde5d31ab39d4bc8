/* SPDX-License-Identifier: Apache-2.0
 *
 * port.h: ports: the devices that frames come from and go to.
 *
 * A `struct port` is a device.  Where its frames go (a bridge's logical port)
 * is the switch's business: it hangs its own pointer on `ingress`.
 *
 * Life cycle (port-reconf.c; numbers are the order of a change):
 *
 *   new -> probed -> configured -> running <-> quiesced -> gone
 *
 *   1 check      cfg_parse() did; the class's plan() says what is needed
 *   2 memory     mp_get() for the new settings; the old pool is kept
 *   3 quiesce    unpublish this port from poll lists (hooks->quiesce), wait
 *                for a grace period; no other port loses a packet
 *   4 apply      the class's reconfigure()
 *   5 start      the class's start()
 *   6 publish    back into the poll lists (hooks->publish)
 *   7 put        the old pool, then a sweep
 *
 * A step that fails undoes those before it: the port goes on as it was.
 *
 * Threads: everything here is main-thread only, except what is marked.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "openvswitch/hmap.h"
#include "cfg/cfg.h"
#include "mem/mempool.h"
#include "smap.h"

struct ds;
struct qos;
struct port_class;
struct port_sampling;

enum {
    PORT_MAX_RXQ = 128,
    PORT_MAX_TXQ = 264,         /* a tx queue per packet thread at most */
    PORT_BURST = 32,            /* frames of one rx call */
};

extern const char *const port_size_names[7];   /* "1_to_64", ... */

enum port_state {
    PORT_NEW, PORT_PROBED, PORT_CONFIGURED, PORT_RUNNING, PORT_QUIESCED,
    PORT_GONE,
};

/* Counters of one queue.  One writer: the thread that polls (rx) or holds the
 * queue (tx).  Readers may see them a little late, never torn. */
struct port_queue_counters {
    uint64_t packets, bytes;
    uint64_t dropped;           /* tx: device full or gone; rx: refused */
    uint64_t retries;           /* tx, vhost */
    uint64_t mtu_drops;         /* tx: longer than the MTU */
    uint64_t size[7];           /* vhost: 1-64 65-127 128-255 256-511
                                 * 512-1023 1024-1522 1523-max */
    uint64_t multicast, broadcast;
} __rte_cache_aligned;

struct port_txq {
    rte_spinlock_t lock;        /* held to send where there are more
                                 * senders than tx queues */
} __rte_cache_aligned;

/* A limit on what passes the port in one direction. */
struct port_qos {
    /* Main thread: release store; packet threads: acquire load per burst;
     * NULL: none. */
    _Atomic(struct qos *) limit;
    _Atomic(uint64_t) drops;    /* frames; packet threads add */
    char *error;                /* why it is not in force, or NULL */
};

/* Settings in force. */
struct port_running {
    bool valid;                 /* false: never configured */
    uint32_t mtu;
    int socket;                 /* NUMA socket of the device and its pool */
    uint16_t n_rxq, n_txq;      /* 0 while a vhost port has no guest */
    uint16_t n_rxq_desc, n_txq_desc;
};

struct port_link {
    bool up;
    bool admin_up;
    uint64_t speed_bps;         /* 0: unknown */
    int duplex;                 /* 1 full, 0 half, -1 unknown */
    uint32_t resets;
    uint32_t mtu;
    uint8_t mac[6];
    int64_t ifindex;            /* 0: none */
};

struct port {
    const struct port_class *class;
    char *name;
    struct hmap_node node;      /* in port.c's registry, by name */
    enum port_state state;

    struct cfg_settings wanted; /* last settings asked for */
    uint16_t want_n_txq;        /* packet threads that send */
    struct port_running running;
    struct mp *mp;              /* reference held; NULL: none */
    char *error;                /* last failure, for Interface.error */
    char *remark;               /* what of `wanted` the device does without,
                                 * likewise where there is no failure */
    uint32_t dp_no;             /* number in dpctl/show, >= 1; 0: it is not
                                 * a device of the datapath */
    uint64_t change_seq;        /* grows with each change of status or link,
                                 * so that the database is told at once; no
                                 * two ports ever have the same */
    bool published;             /* it belongs in the poll lists whenever it
                                 * runs: a port that a failed change left
                                 * quiesced returns there when a later one
                                 * succeeds */

    struct port_sampling *sampling;     /* port-sample.c's; NULL: its class
                                         * has no sample() */
    struct port_link link;      /* as shown last, of a class that has */
    struct smap status;         /* device_calls */

    struct cfg_policing policing;       /* that `rx_qos` was made of */
    struct cfg_qos qos;                 /* likewise `tx_qos` */

    /* From here on: what packet threads need for each burst, side by side. */

    _Atomic(bool) admin_up __rte_cache_aligned;
                                /* main writes; down: packet threads neither
                                 * receive from nor send to it */

    /* Packet threads: read only.  Main thread writes while quiesced. */
    _Atomic(uint16_t) txq_count;        /* running.n_txq, 0 while quiesced:
                                         * frames sent then are dropped */
    _Atomic(uint16_t) txq_own;  /* up to so many senders each has a tx queue of
                                 * its own, without lock: txq_count, or 0
                                 * where frames are steered by hash */
    _Atomic(bool) tx_by_hash;   /* and are they? */
    bool marks;                 /* does it mark mbufs sent to it? */
    uint16_t mark;              /* with this: mem/mp-holder.h */
    struct port_txq *txqs;      /* [PORT_MAX_TXQ] */

    /* Where frames received here go: the switch's.  Main thread: release
     * store; packet threads: acquire load once per burst; NULL: nowhere. */
    _Atomic(struct ingress *) ingress;

    /* Written by packet threads. */
    struct port_queue_counters *rxc;    /* [PORT_MAX_RXQ] */
    struct port_queue_counters *txc;    /* [PORT_MAX_TXQ] */
    struct port_qos tx_qos, rx_qos;
};

/* What of the rest of the program a change needs; set once by vswitchd. */
struct port_hooks {
    /* Takes the port's queues out of every poll list and returns when no
     * packet thread can be using the port for rx or tx any more. */
    void (*quiesce)(struct port *);
    /* Puts them back. */
    void (*publish)(struct port *);
};

/* Statistics as the database has them: names and values. */
struct port_stats {
    struct { const char *name; char *owned; int64_t value; } *v;
    size_t n, allocated;
};
void port_stat_add(struct port_stats *, const char *name, uint64_t value);
void port_stat_addf(struct port_stats *, uint64_t value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds to the value of `name`, where there is one. */
void port_stat_increase(struct port_stats *, const char *name, uint64_t n);
void port_stats_destroy(struct port_stats *);

void port_init(const struct port_hooks *);

/* Makes a port, opens its device and configures it.  NULL with `*errp` on
 * failure; nothing is left behind then.  `n_txq`: packet threads that send.
 * The port is running but not yet attached to a bridge nor polled: the caller
 * attaches it and calls port_publish(). */
struct port *port_create(enum cfg_type, const char *name,
                         const struct cfg_settings *, unsigned int n_txq,
                         char **errp);
/* Likewise, of a class that is not in the table: for fakes. */
struct port *port_create_with_class(const struct port_class *,
                                    const char *name,
                                    const struct cfg_settings *,
                                    unsigned int n_txq, char **errp);

/* Quiesces, closes, puts the mempool, frees. The caller detached it from its
 * bridge. */
void port_delete(struct port *);

/* Applies other settings (port-reconf.c).  Returns 0 also where nothing had to
 * change.  On failure: negative errno, a text, and the port runs on as it
 * was; `wanted` keeps the new settings, so that port_retry() can try again.
 * The one exception where no harmless way exists is said in the text. */
int port_set(struct port *, const struct cfg_settings *, unsigned int n_txq,
             char **errp);

/* Plans and applies again with the settings already wanted: after an event
 * (a guest connected, its queues changed, memory appeared). */
int port_reconfigure(struct port *, char **errp);

void port_publish(struct port *);

/* What the port's wanted settings ask of the registry of mempools; false: no
 * pool is needed now. */
bool port_mempool_request(const struct port *, struct mp_request *);

/* Replaces the pool `mp`, which has more mbufs than its ports need, port by
 * port: each takes a pool of the size that is needed, the others lose no
 * packet meanwhile.  0, or a negative errno and a text where memory for the
 * new pool is short: the ports that have not changed yet keep `mp`. */
int port_trim_pool(struct mp *mp, char **errp);

/* How many packet threads send now; port_tx() locks the queues of ports that
 * have fewer.  lib/pmd raises it, and waits for a grace period, before a new
 * thread sends, and lowers it after a thread ended. */
void port_set_senders(unsigned int n);
/* From now on port_tx() has `n` tx queues to send on; 0: it drops.  It may
 * still be about to use others until a grace period has passed. */
void port_set_txqs(struct port *, uint16_t n);
/* Lets port_tx() steer by what `p->wanted` says, from now on. */
void port_steer(struct port *p);
/* Do senders share tx queues of `p`, with locks? */
bool port_txq_shared(const struct port *);

/* Why the port is not what was asked for, or NULL. */
const char *port_error(const struct port *);

/* Link or status of `p` changed: the database is to be told at once. Main
 * thread. */
void port_changed(struct port *);
/* Says, in the log and in Interface.error, what of `wanted` the device cannot
 * do, while the port runs without; NULL: it can do all.  Takes `text`. */
void port_set_remark(struct port *, char *text);
/* Grows with each port_changed() of any port. */
uint64_t port_change_seq(void);

struct port *port_find(const char *name);
size_t port_count(void);

/* The operator's switch for a port: nothing passes it while it is down.  The
 * device's own link goes along where the driver can do that.  0, or negative
 * errno with a text, and the state is as before. */
int port_set_admin_state(struct port *, bool up, char **errp);

/* Main loop: events of library threads (vhost connections, link changes). */
void port_run(void);
void port_wait(void);

/* Any thread: something about ports changed, wake the main loop. */
void port_notify(void);

/* All ports in order of name. The callback may not create or delete ports. */
void port_for_each(void (*cb)(struct port *, void *aux), void *aux);

/* These never wait for a device: what it counts itself is what it told when
 * it was asked last (port-sample.h); while it is being asked, the link is the
 * one shown last. */
void port_get_stats(struct port *, struct port_stats *);
void port_get_status(struct port *, struct smap *);
void port_get_link(struct port *, struct port_link *);
/* Bytes: that of a kernel-backed port is its device's, which others than us
 * may set too. */
uint32_t port_mtu(const struct port *);
char *port_describe(const struct port *);       /* caller frees */
bool port_is_pmd(const struct port *);
enum cfg_type port_kind(const struct port *);

/* netdev-dpdk/set-admin-state, netdev-dpdk/detach. */
void port_cmd_init(void);
/* qos/show, qos/show-types. */
void port_qos_cmd_init(void);

/* Packet threads.
 *
 * Sends on the queue of sender `thread` (>= 0) or, where the port asks for it,
 * on those of the frames' flows; takes every mbuf, and marks it as the port's
 * before the class has it, unless the class copies: of an mbuf that goes to
 * several ports the last mark stays.  What the port may not send is dropped,
 * and counted.  The caller is online in RCU. */
void port_tx(struct port *, unsigned int thread, struct rte_mbuf **,
             uint16_t n);
/* Returns how many frames came: the work that there was. */
uint16_t port_rx(struct port *, uint16_t q, struct rte_mbuf **, uint16_t max);
/* Those of them that the port may receive, moved to the front; the others are
 * dropped, and counted.  Apart from port_rx(), since a queue is as busy with
 * what is dropped here.  Online in RCU. */
uint16_t port_police(struct port *, struct rte_mbuf **, uint16_t n);
/* Likewise those that it may send; port_tx() asks by itself. */
uint16_t port_police_tx(struct port *, struct rte_mbuf **, uint16_t n);
uint16_t port_rx_queues(const struct port *);   /* any thread */

/* The thread that polls rx queue `q`: frames that wait in it, where that can be
 * told (a guest's), else 0. */
uint32_t port_rx_waiting(struct port *, uint16_t q);

#endif
