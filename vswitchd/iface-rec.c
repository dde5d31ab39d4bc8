/* SPDX-License-Identifier: Apache-2.0
 *
 * iface-rec.c: what became of each interface for which a step ran.
 */
#include <config.h>
#include "vswitchd/iface-rec.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-domains.h"
#include "eal/eal.h"
#include "eal/log-modules.h"
#include "hash.h"
#include "mem/mempool.h"
#include "port/patch.h"
#include "port/port.h"
#include "switch/bridge.h"
#include "util.h"

#define this_module log_bridge

struct hmap iface_recs = HMAP_INITIALIZER(&iface_recs);
static struct cfg_domains domains = CFG_DOMAINS_INITIALIZER(&domains);

struct iface_rec *
iface_rec_find(const char *name)
{
    struct iface_rec *r;

    HMAP_FOR_EACH_WITH_HASH (r, node, hash_string(name, 0), &iface_recs) {
        if (!strcmp(r->name, name)) {
            return r;
        }
    }
    return NULL;
}

struct iface_rec *
iface_rec_get(const char *name)
{
    struct iface_rec *r = iface_rec_find(name);

    if (!r) {
        r = xzalloc(sizeof *r);
        r->name = xstrdup(name);
        r->ofport = -1;
        cfg_settings_init(&r->set);
        hmap_insert(&iface_recs, &r->node, hash_string(name, 0));
    }
    return r;
}

void
iface_rec_free(struct iface_rec *r)
{
    hmap_remove(&iface_recs, &r->node);
    cfg_settings_destroy(&r->set);
    free(r->name);
    free(r->bridge);
    free(r->error);
    free(r->no_peer);
    free(r);
}

void
iface_rec_set_error(struct iface_rec *r, char *error)
{
    if (error && !nullable_string_is_equal(r->error, error)) {
        VLOG_WARN("%s", error);
    }
    free(r->error);
    r->error = error;
}

const char *
iface_rec_domain(const char *iface)
{
    const struct iface_rec *r = iface_rec_find(iface);

    return r ? cfg_domain(&domains, r->bridge) : NULL;
}

/* The patch port that `r` names as its peer, if that names `r`. */
static const struct iface_rec *
patch_peer(const struct iface_rec *r)
{
    const struct iface_rec *peer = (r->set.peer ? iface_rec_find(r->set.peer)
                                    : NULL);

    return (peer && nullable_string_is_equal(peer->set.peer, r->name) ? peer
            : NULL);
}

void
iface_recs_follow_domains(void)
{
    struct cfg_domains before;
    const struct iface_rec *r, *peer;

    cfg_domains_init(&before);
    cfg_domains_swap(&before, &domains);
    HMAP_FOR_EACH (r, node, &iface_recs) {
        peer = patch_peer(r);
        if (peer) {
            cfg_domains_join(&domains, r->bridge, peer->bridge);
        }
    }
    if (!cfg_domains_equal(&before, &domains) && eal_state() == EAL_RUNNING) {
        mp_set_domains(iface_rec_domain);
    }
    cfg_domains_destroy(&before);
}

void
iface_recs_follow_patches(void)
{
    struct iface_rec *r;

    HMAP_FOR_EACH (r, node, &iface_recs) {
        free(r->no_peer);
        r->no_peer = (r->port && port_is_patch(r->port)
                      && !bridge_is_patched(r->port)
                      ? xasprintf("No usable peer '%s' exists in 'netdev' "
                                  "datapath.", patch_peer_name(r->port))
                      : NULL);
    }
}

void
iface_rec_follow_mtu(struct iface_rec *r)
{
    if (r->port && r->mtu != port_mtu(r->port)) {
        struct bridge *br = bridge_of_port(r->port);

        r->mtu = port_mtu(r->port);
        if (br) {
            bridge_port_changed(br, r->port);
        }
    }
}

bool
iface_recs_any_failed(void)
{
    struct iface_rec *r;

    HMAP_FOR_EACH (r, node, &iface_recs) {
        if (!r->port || r->port->error) {
            return true;
        }
    }
    return false;
}

void
iface_recs_destroy(void)
{
    struct iface_rec *r;

    HMAP_FOR_EACH_SAFE (r, node, &iface_recs) {
        iface_rec_free(r);
    }
    cfg_domains_destroy(&domains);
}
