/* SPDX-License-Identifier: Apache-2.0
 *
 * iface-rec.h: what became of each interface for which a step ran: the port
 * it became, or the reason why it did not.
 *
 * Main thread only.
 */
#ifndef VSWITCHD_IFACE_REC_H
#define VSWITCHD_IFACE_REC_H 1

#include <stdbool.h>
#include <stdint.h>

#include "cfg/cfg.h"
#include "openvswitch/hmap.h"

struct port;

struct iface_rec {
    struct hmap_node node;      /* in iface_recs, by name */
    char *name;
    char *bridge;
    enum cfg_type kind;
    struct cfg_settings set;    /* what the last step was given */
    struct port *port;          /* NULL: failed */
    int64_t ofport;             /* -1: failed */
    char *error;                /* why, or NULL */
    char *no_peer;              /* of a patch port that is not one of a pair;
                                 * usual while the other is yet to come */
    uint32_t mtu;               /* that the bridge knows */
    bool tried;                 /* by the plan being run */
};

/* All of them, by hash_string() of the name. */
extern struct hmap iface_recs;

/* NULL where no step ran for `name`. */
struct iface_rec *iface_rec_find(const char *name);

/* As above; a new one is without port. */
struct iface_rec *iface_rec_get(const char *name);
void iface_rec_free(struct iface_rec *);
void iface_recs_destroy(void);

/* Takes `error` (may be NULL); logs it where it is news. */
void iface_rec_set_error(struct iface_rec *, char *error);

/* Packets stay in a bridge, and in those that patch ports join to it.  The
 * domain of the interface `name`, or NULL; good until domains change. */
const char *iface_rec_domain(const char *name);

/* To be called when a bridge gains or loses a patch port, or one its peer:
 * packet memory must know where packets may go before they do. */
void iface_recs_follow_domains(void);

/* Writes the texts of patch ports that are not one of a pair, as the peer has
 * them. */
void iface_recs_follow_patches(void);

/* The bridge's state holds the port's MTU: tells it of a new one. */
void iface_rec_follow_mtu(struct iface_rec *);

/* Whether something could be made of more memory. */
bool iface_recs_any_failed(void);

#endif
