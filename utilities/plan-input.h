/* SPDX-License-Identifier: Apache-2.0
 *
 * plan-input.h: where sluice-mempool-plan learns which ports there are.
 *
 *   plan-db.c      asks a database, in a file or at a server
 *   plan-rows.c    its rows -> struct cfg
 *   plan-ports.c   a small text file of ports -> struct cfg
 *   plan-check.c   is it right?
 *
 * Each source yields what the daemon would get from its database, and so the
 * same code checks it.
 */
#ifndef UTILITIES_PLAN_INPUT_H
#define UTILITIES_PLAN_INPUT_H 1

#include "cfg/cfg.h"
#include "cfg/cfg-parse.h"
#include "simap.h"
#include "svec.h"

struct json;

struct plan_input {
    struct cfg cfg;             /* as written */
    struct simap sockets;       /* port -> NUMA node, of those known */
    struct simap pairs;         /* vhost port -> queue pairs of its guest, of
                                 * those known */
    unsigned int n_pmds;        /* 0: not said */
    struct svec notes;          /* for whoever reads the plan */
};

void plan_input_init(struct plan_input *);
void plan_input_destroy(struct plan_input *);

/* Each fills `in`, which plan_input_init() made, and returns NULL, or a text
 * that says what is wrong (malloc'ed). */

/* `file`: a database file. */
char *plan_read_file(const char *file, struct plan_input *in);
/* `server`: a running database, such as "unix:/run/openvswitch/db.sock".
 * `timeout` in seconds. */
char *plan_read_server(const char *server, unsigned int timeout,
                       struct plan_input *in);
/* `file`: a text file of ports, "-" for standard input. */
char *plan_read_ports(const char *file, struct plan_input *in);

/* plan-rows.c: what to ask a database for, as a JSON text, and its answer. */
extern const char plan_query[];
char *plan_read_rows(const struct json *answer, struct plan_input *in);

/* Checks in->cfg as the daemon does (cfg_parse()).  What is wrong becomes a
 * note, and counts as the switch would take it; with `fatal` the first such
 * text is returned instead (malloc'ed).  What is guessed becomes a note, too.
 * To be called once. */
char *plan_check(struct plan_input *in, const struct cfg_env *, bool fatal);

#endif
