/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev.h: ports of type "dpdk": any device DPDK has a driver for, physical
 * (PCI) or virtual (vdev).  Private to ethdev*.c, but for ethdev_detach():
 *
 *   ethdev.c         class operations: start, stop, rx, tx
 *   ethdev-attach.c  from dpdk-devargs to a device that is ours, and back
 *   ethdev-devargs.c is dpdk-devargs safe to give to DPDK?
 *   ethdev-conf.c    from wanted settings to granted ones, and to the device
 *   ethdev-event.c   what happens to a device: removal, link changes
 *   ethdev-live.c    what changes while packets flow: address, flow control
 *   ethdev-quirks.c  what single drivers need that others do not
 *   ethdev-stats.c   statistics, status, link, description
 *
 * Threads: the main thread owns everything.  Packet threads read what is
 * marked; it changes only while the port is quiesced.  DPDK's interrupt
 * thread stores true in `removed`, `reset_due` and `link_event`, and wakes the
 * main loop.
 */
#ifndef PORT_ETHDEV_H
#define PORT_ETHDEV_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#include "port/port-class.h"
#include "port/port.h"

struct ds;

enum {
    /* What a frame of `mtu` bytes may have beside them: Ethernet header 14
     * and two VLAN tags 8.  The CRC is not in an mbuf. */
    ETHDEV_L2_MAX = 22,
};

/* ethdev-quirks.c: peculiarities of drivers, as bits. */
enum {
    ETHDEV_EQUAL_QUEUES = 1 << 0,   /* as many tx queues as rx queues */
    ETHDEV_LOOP = 1 << 1,           /* what goes out on a tx queue comes in
                                     * again on the rx queue of its number */
    ETHDEV_SETUP_ONCE = 1 << 2,     /* rx queues can be set up only once: they
                                     * have frames in mbufs, not empty ones */
    ETHDEV_ANY_SEGS = 1 << 3,       /* sends chained mbufs without saying so */
    ETHDEV_HOLDS_NONE = 1 << 4,     /* copies: keeps no mbuf between calls */
    ETHDEV_MEMIF = 1 << 5,          /* leaves its listening socket behind */
};

/* What a device offers. */
struct ethdev_limits {
    uint16_t max_rxq, max_txq;
    struct rte_eth_desc_lim rx_desc, tx_desc;
    uint32_t min_mtu, max_mtu;
    uint64_t rss_hf;                /* RSS hash functions */
    uint64_t tx_offloads;
    uint32_t dev_flags;             /* RTE_ETH_DEV_* */
    unsigned int quirks;
};

/* Settings that need no restart. */
struct ethdev_live {
    struct rte_ether_addr mac;
    bool flow_ctrl;                 /* asked for; false: the device's own */
    bool fc_autoneg;
    enum rte_eth_fc_mode fc_mode;
    bool no_lsc, no_vf_mac;         /* asked for, but not of this device */
};

struct ethdev {
    struct port up;

    /* Packet threads: read only. */
    uint16_t port_id;               /* RTE_MAX_ETHPORTS: none */
    bool multi_segs;                /* the driver sends chained mbufs */
    bool loop;                      /* ETHDEV_LOOP */
    uint32_t max_len;               /* longest frame sent, bytes */
    struct rte_mempool *pool;       /* the one the rx queues draw from */
    _Atomic(bool) removed;          /* the device was taken out of the machine;
                                     * interrupt thread: store, others: load */

    /* Interrupt thread: store true; main thread: take. */
    _Atomic(bool) reset_due;        /* it works again only after a reset */
    _Atomic(bool) link_event;

    /* Main thread only. */
    struct rte_device *device;
    struct ethdev_limits limits;
    int socket;                     /* where its memory comes from */
    bool started;
    bool configured;                /* queues were set up since it was
                                     * attached */
    bool found;                     /* DPDK had it before this port: it stays
                                     * after it */
    bool broken;                    /* neither new nor old settings took */
    bool removed_seen;              /* port_reconfigure() was asked for */
    bool link_up;
    long long int next_poll;        /* of the link, ms */
    long long int next_reset;       /* try, ms */
    uint32_t link_resets;
    bool lsc;                       /* its link interrupt is on */
    struct ethdev_live live;        /* asked of it last */
    struct rte_ether_addr own_mac;  /* before it was given another */
    struct rte_eth_fc_conf own_fc;  /* likewise, where `own_fc_known` */
    bool own_fc_known;
};

static inline struct ethdev *
ethdev_cast(const struct port *p)
{
    return CONTAINER_OF(p, struct ethdev, up);
}

/* ethdev.c.  Starts the configured device; 0 or the driver's error. */
int ethdev_start(struct ethdev *);

/* ethdev-attach.c.  ethdev_attach() finds or probes the device that
 * `up.wanted.devargs` names, makes it ours and fills `port_id`, `device`,
 * `limits` and `socket`.  On failure nothing is changed. */
int ethdev_attach(struct ethdev *, char **errp);
/* Closes the device, and removes it from its bus where no other port uses a
 * port of the same device; one that was `found` stays with DPDK, without
 * queues.  No effect on one that has no device. */
void ethdev_release(struct ethdev *);

/* netdev-dpdk/detach: takes a device that no port uses away from DPDK.
 * Always sets `*text` (the caller frees it): what was done, or why not. */
int ethdev_detach(const char *devargs, char **text);

/* ethdev-devargs.c.  The syntax in which a bus finds itself in the name, and
 * arguments follow after a comma: safe for rte_dev_probe() and the iterator of
 * matching devices.  0 with `da` to be released by the second function, or
 * -EINVAL with the reason (malloc'ed). */
int ethdev_parse_devargs(const char *, struct rte_devargs *, char **why);
void ethdev_forget_devargs(struct rte_devargs *);
/* The syntax "class=eth,mac=ADDRESS"; -ENOENT: it is another one. */
int ethdev_parse_mac(const char *, struct rte_ether_addr *, char **why);

/* Text for an error code of a driver; static. */
const char *ethdev_strerror(int error);

/* ethdev-conf.c */
enum port_change ethdev_plan(const struct port *);
bool ethdev_mempool_request(const struct port *, struct mp_request *);
int ethdev_check(struct port *, char **errp);
int ethdev_reconfigure(struct port *, struct mp *, enum port_change,
                       char **errp);
void ethdev_mbuf_need(const struct port *, bool wanted, struct mp_holding *);

/* Fills `limits` from what the driver says of itself.  Pure. */
void ethdev_limits_from_info(const struct rte_eth_dev_info *,
                             unsigned int quirks, struct ethdev_limits *);
/* What a device with `limits` gets of `set` and `n_txq` tx queues wanted.
 * `mtu` is the one wanted, also where the device cannot do it.  Pure. */
void ethdev_grant(const struct ethdev_limits *, const struct cfg_settings *set,
                  uint16_t n_txq, const struct port_running *now, int socket,
                  struct port_running *granted);

/* ethdev-event.c.  Events of the device `id` are for `dev` from now on; 0 or
 * the error of DPDK. */
int ethdev_watch(struct ethdev *dev, uint16_t id);
/* No callback is running or will run when this returns. */
void ethdev_unwatch(struct ethdev *);
/* The device runs: from here on its link is followed. */
void ethdev_started(struct ethdev *);
bool ethdev_run(struct port *);
void ethdev_run_class(void);
void ethdev_wait_class(void);

/* ethdev-live.c.  Pure: what `up.wanted` asks for. */
void ethdev_want_live(const struct ethdev *, struct ethdev_live *);
bool ethdev_live_equal(const struct ethdev_live *, const struct ethdev_live *);
/* Ask the device.  Where it refuses, it keeps what it had, and the reason is
 * appended to `remarks`. */
void ethdev_set_mac(struct ethdev *, const struct rte_ether_addr *,
                    struct ds *remarks);
void ethdev_set_flow_ctrl(struct ethdev *, const struct ethdev_live *,
                          struct ds *remarks);
/* Appends what no device of this kind has. */
void ethdev_remark_unfit(const struct ethdev *, const struct ethdev_live *,
                         struct ds *remarks);

/* ethdev-quirks.c */
unsigned int ethdev_quirks(const char *driver, const char *args);
/* Takes what is left in the queues of an ETHDEV_LOOP device, started and
 * quiesced, back to where it came from. */
void ethdev_drain_loop(struct ethdev *);
/* Before the close of such a device. */
void ethdev_prepare_loop_close(struct ethdev *);
/* The path that an ETHDEV_MEMIF device listens at (the caller frees it), or
 * NULL; and the end of listening, before the close of the last device that
 * does. */
char *ethdev_memif_socket(const struct rte_devargs *);
void ethdev_memif_silence(const char *socket);

/* ethdev-stats.c */
bool ethdev_sample(const struct port *, struct port_sample *);
void ethdev_get_stats(struct port *, struct port_stats *);
void ethdev_get_status(const struct port *, struct smap *);
void ethdev_get_link(const struct port *, struct port_link *);
char *ethdev_describe(const struct port *);

#endif
