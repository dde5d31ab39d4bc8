/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-unique.c: do two interfaces want what only one can have?
 */
#include <config.h>
#include "cfg/cfg-private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-parse.h"
#include "openvswitch/shash.h"
#include "util.h"

/* Two devargs with one result name one device: its name or PCI address
 * without the domain 0000, and the representor where there is one.  Other
 * arguments are settings of the device.  Caller frees. */
static char *
device_of(const char *devargs)
{
    static const char *const prefixes[] = { "pci:", "vdev:", "0000:" };
    const char *representor = strstr(devargs, ",representor=");
    char *device;

    if (!strncmp(devargs, "class=", 6)) {
        return xstrdup(devargs);
    }
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!strncmp(devargs, prefixes[i], strlen(prefixes[i]))) {
            devargs += strlen(prefixes[i]);
        }
    }
    device = xasprintf("%.*s%s", (int) strcspn(devargs, ","), devargs,
                       representor ? representor : "");
    for (char *p = device; *p; p++) {
        *p = tolower((unsigned char) *p);
    }
    return device;
}

/* Fills `ifaces` with the usable interfaces of `cfg`, unless NULL, and
 * returns how many there are. */
static size_t
collect(struct cfg *cfg, struct cfg_iface **ifaces)
{
    size_t n = 0;

    for (size_t i = 0; i < cfg->n_bridges; i++) {
        struct cfg_bridge *br = &cfg->bridges[i];

        for (size_t j = 0; j < br->n_ports; j++) {
            for (size_t k = 0; k < br->ports[j].n_ifaces; k++) {
                struct cfg_iface *iface = &br->ports[j].ifaces[k];

                if (iface->usable) {
                    if (ifaces) {
                        ifaces[n] = iface;
                    }
                    n++;
                }
            }
        }
    }
    return n;
}

/* An interface and its place in the queue for what two ask for. */
struct claimant {
    struct cfg_iface *iface;
    bool in_service;
};

static int
compare_claimants(const void *a_, const void *b_)
{
    const struct claimant *a = a_, *b = b_;

    return (a->in_service != b->in_service ? b->in_service - a->in_service
            : strcmp(a->iface->name, b->iface->name));
}

/* Those in service first, then in order of name. */
static void
sort(struct cfg_iface **ifaces, size_t n, const struct cfg_env *env)
{
    struct claimant *queue = xmalloc(MAX(n, 1) * sizeof *queue);

    for (size_t i = 0; i < n; i++) {
        queue[i].iface = ifaces[i];
        queue[i].in_service = env->in_service && env->in_service(ifaces[i]);
    }
    qsort(queue, n, sizeof *queue, compare_claimants);
    for (size_t i = 0; i < n; i++) {
        ifaces[i] = queue[i].iface;
    }
    free(queue);
}

/* The first user of `key` is in `users` afterwards; returns another one that
 * was there already, or NULL.  Frees `key`. */
static struct cfg_iface *
claim(struct shash *users, char *key, struct cfg_iface *iface)
{
    struct cfg_iface *user = shash_find_data(users, key);

    if (user) {
        free(key);
    } else {
        shash_add_nocopy(users, key, iface);
    }
    return user;
}

static void
check_names(struct cfg *cfg, struct cfg_iface **ifaces, size_t n)
{
    struct shash users = SHASH_INITIALIZER(&users);

    for (size_t i = 0; i < n; i++) {
        if (claim(&users, xstrdup(ifaces[i]->name), ifaces[i])) {
            cfg_iface_refuse(cfg, ifaces[i],
                             "%s: an interface of this name is already in "
                             "another port or bridge", ifaces[i]->name);
        }
    }
    shash_destroy(&users);
}

static void
check_sockets(struct cfg *cfg, struct cfg_iface **ifaces, size_t n)
{
    struct shash users = SHASH_INITIALIZER(&users);

    for (size_t i = 0; i < n; i++) {
        struct cfg_iface *iface = ifaces[i], *user;

        if (!iface->set.vhost_path) {
            continue;
        }
        user = claim(&users, xstrdup(iface->set.vhost_path), iface);
        if (user) {
            cfg_iface_refuse(cfg, iface,
                             "%s: socket \"%s\" is already used by interface "
                             "%s", iface->name, iface->set.vhost_path,
                             user->name);
        }
    }
    shash_destroy(&users);
}

static void
check_devices(struct cfg *cfg, struct cfg_iface **ifaces, size_t n)
{
    struct shash users = SHASH_INITIALIZER(&users);

    for (size_t i = 0; i < n; i++) {
        struct cfg_iface *iface = ifaces[i], *user;

        if (!iface->set.devargs) {
            continue;
        }
        user = claim(&users, device_of(iface->set.devargs), iface);
        if (user) {
            cfg_iface_refuse(cfg, iface,
                             "%s: device \"%s\" is already used by interface "
                             "%s", iface->name, iface->set.devargs,
                             user->name);
        }
    }
    shash_destroy(&users);
}

void
cfg_check_unique(struct cfg *cfg, const struct cfg_env *env)
{
    size_t n = collect(cfg, NULL);
    struct cfg_iface **ifaces = xmalloc((n + 1) * sizeof *ifaces);

    /* A name goes to the first in order of bridges; everything else to who
     * has it, or in order of interface names, whatever bridge they are in. */
    collect(cfg, ifaces);
    check_names(cfg, ifaces, n);
    n = collect(cfg, ifaces);
    sort(ifaces, n, env);
    check_sockets(cfg, ifaces, n);
    check_devices(cfg, ifaces, n);
    free(ifaces);
}
