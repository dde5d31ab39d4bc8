/* SPDX-License-Identifier: Apache-2.0
 *
 * port-trim.c: how does a pool get smaller?
 *
 * Mbufs cannot be taken out of a live pool.  So it is retired: its ports, one
 * by one, take another, which is made for what they need, and the old one is
 * freed when its last mbuf has come home.  Main thread only.
 */
#include <config.h>
#include "port/port.h"

#include <stdlib.h>

#include "mem/mempool.h"
#include "sset.h"
#include "util.h"

/* Moves the port, unless it has left already. */
static int
move(const char *name, struct mp *mp, char **errp)
{
    struct port *p = port_find(name);
    int error;

    if (!p || p->mp != mp) {
        return 0;
    }
    error = port_reconfigure(p, errp);
    if (error && p->mp == mp) {
        char *ignored = NULL;

        /* It goes on with the pool that it has: no failure of the port. */
        mp_retire(mp, false);
        port_reconfigure(p, &ignored);
        free(ignored);
    }
    return error;
}

int
port_trim_pool(struct mp *mp, char **errp)
{
    struct sset names = SSET_INITIALIZER(&names);
    char *pool = xstrdup(mp_name(mp));
    const char **ports;
    const char *name;
    int error = 0;
    size_t n;

    *errp = NULL;
    ports = mp_ports(mp, &n);
    for (size_t i = 0; i < n; i++) {
        sset_add(&names, ports[i]);
    }
    free(ports);

    mp_retire(mp, true);
    SSET_FOR_EACH (name, &names) {
        if (!error) {
            error = move(name, mp, errp);
        }
    }

    /* It is gone when the last port has left it. */
    mp = mp_find(pool);
    if (error && mp) {
        mp_retire(mp, false);
    }
    free(pool);
    sset_destroy(&names);
    return error;
}
