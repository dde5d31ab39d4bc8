/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-want.c: what does a port's request come to?
 *
 * Pure, any thread.
 */
#include <config.h>
#include "mem/mp-want.h"

#include <string.h>

#include "mem/mp-size.h"
#include "util.h"

/* The smallest entry of shared-mempool-config that fits, or NULL. */
static const struct mp_shared_size *
find_shared_size(const struct mp_model *model, uint32_t mtu, int socket)
{
    const struct mp_shared_size *best = NULL;

    for (size_t i = 0; i < model->n_shared_sizes; i++) {
        const struct mp_shared_size *s = &model->shared_sizes[i];

        if ((s->socket < 0 || s->socket == socket)
            && mp_adjusted_mtu(s->mtu) >= mp_adjusted_mtu(mtu)
            && (!best || s->mtu < best->mtu)) {
            best = s;
        }
    }
    return best;
}

static uint32_t
count(const struct mp_want *w, const struct mp_model *model)
{
    const struct mp_request *req = w->req;

    return (req->n_mbufs ? req->n_mbufs
            : w->elastic && model->max_mbufs ? model->max_mbufs
            : w->sized ? mp_per_port_mbufs(req->n_rxq, req->rxq_size,
                                           req->n_txq, req->txq_size)
            : w->elastic ? MP_MAX_MBUFS
            : mp_shared_mbufs(w->mtu));
}

struct mp_want
mp_want(const struct mp_request *req, const struct mp_model *model,
        int socket)
{
    struct mp_want w = {
        .req = req,
        .socket = socket,
        .own = req->group ? !strcmp(req->group, "private") : model->per_port,
        .elastic = model->elastic || req->elastic,
        .mtu = req->mtu,
    };

    w.group = w.own ? req->port : req->group ? req->group : "";
    w.sized = w.own && !req->n_mbufs;
    if (!*w.group) {
        w.shared_size = find_shared_size(model, req->mtu, socket);
    }
    if (w.shared_size) {
        w.mtu = w.shared_size->mtu;
    }
    w.adjusted_mtu = mp_adjusted_mtu(w.mtu);
    w.n = count(&w, model);
    return w;
}
