/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-telemetry.c: pools through DPDK's telemetry socket.
 *
 * Handlers run in a thread of DPDK's, one for each client, and read copies
 * only (mp-snapshot.h).
 *
 * DPDK takes 512 elements in an array and 128 characters in a text, and drops
 * what is more: lists say how many there are.  Names of ports are values,
 * never names of members, which may be of letters, digits, '_' and '/' only.
 */
#include <config.h>
#include "mem/mp-telemetry.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <rte_telemetry.h>

#include "eal/dpdk-compat.h"
#include "mem/mp-snapshot.h"
#include "openvswitch/compiler.h"
#include "util.h"

static void
put_name(const struct mp_snapshot *s, void *d)
{
    rte_tel_data_add_array_string(d, s->info.name);
}

static int
handle_list(const char *cmd OVS_UNUSED, const char *params OVS_UNUSED,
            struct rte_tel_data *d)
{
    rte_tel_data_start_array(d, RTE_TEL_STRING_VAL);
    mp_snapshot_for_each(put_name, d);
    return 0;
}

static void
put_info(const struct mp_snapshot *s, struct rte_tel_data *d)
{
    const struct mp_info *i = &s->info;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        { "adjusted_mtu", i->adjusted_mtu },
        { "asked", i->asked },
        { "granted", i->granted },
        { "populated", i->populated },
        { "room", i->room },
        { "need", i->need },
        { "in_use", i->in_use },
        { "lowest_free", i->lowest_free },
        { "failures", i->failures },
        { "elt_size", i->elt_size },
        { "bytes", i->bytes },
        { "refs", i->refs },
        { "own", i->own },
        { "elastic", i->elastic },
        { "degraded", i->degraded },
        { "oversubscribed", i->oversubscribed },
        { "surplus", i->surplus },
        { "fallback", s->fallback },
        { "retired", i->retired },
        { "waiting", i->waiting },
        { "n_ports", s->n_ports },
    };

    rte_tel_data_start_dict(d);
    rte_tel_data_add_dict_string(d, "name", i->name);
    rte_tel_data_add_dict_string(d, "group", i->group);
    rte_tel_data_add_dict_string(d, "state", s->state);
    rte_tel_data_add_dict_int(d, "socket", i->socket);
    for (size_t k = 0; k < ARRAY_SIZE(numbers); k++) {
        rte_tel_data_add_dict_uint(d, numbers[k].name, numbers[k].value);
    }
}

/* Three lists of one length: ports and what they may hold. */
static void
put_ports(const struct mp_snapshot *s, struct rte_tel_data *d)
{
    struct rte_tel_data *names = rte_tel_data_alloc();
    struct rte_tel_data *rx = rte_tel_data_alloc();
    struct rte_tel_data *tx = rte_tel_data_alloc();

    if (!names || !rx || !tx) {
        out_of_memory();
    }
    rte_tel_data_start_array(names, RTE_TEL_STRING_VAL);
    rte_tel_data_start_array(rx, RTE_TEL_UINT_VAL);
    rte_tel_data_start_array(tx, RTE_TEL_UINT_VAL);
    for (size_t i = 0; i < s->n_ports; i++) {
        rte_tel_data_add_array_string(names, s->ports[i].name);
        rte_tel_data_add_array_uint(rx, s->ports[i].rx_may);
        rte_tel_data_add_array_uint(tx, s->ports[i].tx_may);
    }
    rte_tel_data_start_dict(d);
    rte_tel_data_add_dict_string(d, "name", s->info.name);
    rte_tel_data_add_dict_uint(d, "n_ports", s->n_ports);
    rte_tel_data_add_dict_container(d, "ports", names, 0);
    rte_tel_data_add_dict_container(d, "rx_may", rx, 0);
    rte_tel_data_add_dict_container(d, "tx_may", tx, 0);
}

/* A question about one pool. */
struct question {
    const char *name;
    void (*put)(const struct mp_snapshot *, struct rte_tel_data *);
    struct rte_tel_data *answer;
    bool answered;
};

static bool
is_named(const struct mp_snapshot *s, const char *name)
{
    if (!strcmp(s->info.name, name)) {
        return true;
    }
    for (size_t i = 0; i < s->n_ports; i++) {
        if (!strcmp(s->ports[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void
answer(const struct mp_snapshot *s, void *q_)
{
    struct question *q = q_;

    if (!q->answered && is_named(s, q->name)) {
        q->put(s, q->answer);
        q->answered = true;
    }
}

static int
ask(const char *params,
    void (*put)(const struct mp_snapshot *, struct rte_tel_data *),
    struct rte_tel_data *d)
{
    struct question q = { .name = params, .put = put, .answer = d };

    if (!params || !*params) {
        return -EINVAL;
    }
    mp_snapshot_for_each(answer, &q);
    return q.answered ? 0 : -ENOENT;
}

static int
handle_info(const char *cmd OVS_UNUSED, const char *params,
            struct rte_tel_data *d)
{
    return ask(params, put_info, d);
}

static int
handle_ports(const char *cmd OVS_UNUSED, const char *params,
             struct rte_tel_data *d)
{
    return ask(params, put_ports, d);
}

void
mp_telemetry_init(void)
{
    rte_telemetry_register_cmd("/sluice/mempool/list", handle_list,
                               "Names of Sluice's mempools. Takes no "
                               "parameters");
    rte_telemetry_register_cmd("/sluice/mempool/info", handle_info,
                               "Numbers of a mempool. Parameters: name of a "
                               "mempool or of a port that has it");
    rte_telemetry_register_cmd("/sluice/mempool/ports", handle_ports,
                               "Ports that have a mempool. Parameters: name "
                               "of a mempool or of a port that has it");
}
