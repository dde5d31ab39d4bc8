/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-qos.c: how much may a port send and receive?
 *
 * Rates come from a row of table QoS, which has rows of table Queue, and from
 * columns of table Interface.  Which rates make sense is for lib/qos to say,
 * since DPDK's meters decide that.
 */
#include <config.h>
#include "cfg/cfg.h"

#include <stdlib.h>
#include <string.h>

#include "cfg/cfg-option.h"
#include "cfg/cfg-private.h"
#include "openvswitch/hmap.h"
#include "util.h"

#define RATE(NAME) \
    { #NAME, .kind = CFG_OPT_LONG, .max = CFG_METER_MAX, \
      .offset = offsetof(struct cfg_meter, NAME) }

/* Of tables QoS and Queue. */
static const struct cfg_option meter_options[] = {
    RATE(cir), RATE(cbs), RATE(eir), RATE(ebs),
};

struct cfg_qos_row *
cfg_port_add_qos(struct cfg_port *port, const char *type)
{
    struct cfg_qos_row *row = xzalloc(sizeof *row);

    row->type = xstrdup(type);
    smap_init(&row->other_config);
    port->qos = row;
    return row;
}

struct cfg_queue_row *
cfg_qos_add_queue(struct cfg_qos_row *row, uint32_t id)
{
    struct cfg_queue_row *queue = xzalloc(sizeof *queue);

    queue->id = id;
    smap_init(&queue->other_config);
    row->queues = cfg_grow(row->queues, row->n_queues, sizeof *row->queues);
    row->queues[row->n_queues++] = queue;
    return queue;
}

void
cfg_qos_row_destroy(struct cfg_qos_row *row)
{
    if (!row) {
        return;
    }
    for (size_t i = 0; i < row->n_queues; i++) {
        smap_destroy(&row->queues[i]->other_config);
        free(row->queues[i]);
    }
    free(row->queues);
    smap_destroy(&row->other_config);
    free(row->type);
    free(row);
}

/* Where a wrong value was found. */
struct place {
    const char *queue;          /* " queue N", or "" */
    void (*report)(char *text, void *aux);
    void *aux;
};

static void
report_at(char *text, void *place_)
{
    const struct place *place = place_;

    place->report(xasprintf("QoS%s: %s", place->queue, text), place->aux);
    free(text);
}

static void
parse_meter(const struct smap *map, struct cfg_meter *m, struct place place)
{
    cfg_options_parse(meter_options, ARRAY_SIZE(meter_options), -1, map, m,
                      report_at, &place);
}

static int
compare_queues(const void *a_, const void *b_)
{
    const struct cfg_qos_queue *a = a_, *b = b_;

    return a->id < b->id ? -1 : a->id > b->id;
}

static void
parse_queues(const struct cfg_qos_row *row, struct cfg_qos *qos,
             struct place place)
{
    qos->queues = xcalloc(MAX(row->n_queues, 1), sizeof *qos->queues);
    for (size_t i = 0; i < row->n_queues; i++) {
        const struct cfg_queue_row *from = row->queues[i];
        struct cfg_qos_queue *to = &qos->queues[qos->n_queues];
        char *name = xasprintf(" queue %"PRIu32, from->id);

        to->id = from->id;
        place.queue = name;
        parse_meter(&from->other_config, &to->meter, place);
        qos->n_queues++;
        free(name);
    }
    qsort(qos->queues, qos->n_queues, sizeof *qos->queues, compare_queues);
}

/* Queues that change nothing.  (An egress-policer has none.) */
static void
note_queues(struct cfg *cfg, const struct cfg_port *port,
            const struct cfg_qos *qos)
{
    for (size_t i = 0; i < qos->n_queues; i++) {
        if (!strcmp(qos->type, "egress-policer")) {
            cfg_add_note(cfg, xasprintf("Port %s: queue %"PRIu32" of its QoS "
                                        "is stored but has no effect: type %s "
                                        "has no queues", port->name,
                                        qos->queues[i].id, qos->type));
        } else if (qos->queues[i].id) {
            cfg_add_note(cfg, xasprintf("Port %s: queue %"PRIu32" of its QoS "
                                        "has a meter, but nothing sends to "
                                        "queues other than 0 yet",
                                        port->name, qos->queues[i].id));
        }
    }
}

void
cfg_parse_qos(struct cfg *cfg, const struct cfg_port *port,
              struct cfg_iface *iface,
              void (*report)(char *text, void *aux), void *aux)
{
    struct place place = { .queue = "", .report = report, .aux = aux };
    const struct cfg_qos_row *row = port->qos;
    struct cfg_qos *qos = &iface->set.qos;

    iface->set.policing = iface->policing;
    if (!row || !row->type[0]) {
        return;
    }
    qos->type = xstrdup(row->type);
    parse_meter(&row->other_config, &qos->meter, place);
    parse_queues(row, qos, place);
    note_queues(cfg, port, qos);
}

static bool
meter_equal(const struct cfg_meter *a, const struct cfg_meter *b)
{
    return a->cir == b->cir && a->cbs == b->cbs
           && a->eir == b->eir && a->ebs == b->ebs;
}

void
cfg_qos_clone(struct cfg_qos *dst, const struct cfg_qos *src)
{
    *dst = *src;
    dst->type = nullable_xstrdup(src->type);
    dst->queues = (src->n_queues
                   ? xmemdup(src->queues, src->n_queues * sizeof *src->queues)
                   : NULL);
}

bool
cfg_qos_equal(const struct cfg_qos *a, const struct cfg_qos *b)
{
    if (!nullable_string_is_equal(a->type, b->type)
        || !meter_equal(&a->meter, &b->meter)
        || a->n_queues != b->n_queues) {
        return false;
    }
    for (size_t i = 0; i < a->n_queues; i++) {
        if (a->queues[i].id != b->queues[i].id
            || !meter_equal(&a->queues[i].meter, &b->queues[i].meter)) {
            return false;
        }
    }
    return true;
}

void
cfg_qos_destroy(struct cfg_qos *qos)
{
    free(qos->type);
    free(qos->queues);
}

bool
cfg_policing_equal(const struct cfg_policing *a, const struct cfg_policing *b)
{
    return a->rate == b->rate && a->burst == b->burst
           && a->kpkts_rate == b->kpkts_rate
           && a->kpkts_burst == b->kpkts_burst;
}
