/* SPDX-License-Identifier: Apache-2.0
 *
 * reconcile.h: makes the switch what the configuration asks for.
 *
 *   reconcile.c      when a plan is made and run
 *   plan-make.c      what is running, and the plan from there
 *   plan-step.c      runs a step
 *   iface-rec.c      what became of each interface
 *   start-dpdk.c     DPDK with its mempools and packet threads
 *   findings.c       what the log says of a configuration, once
 *   report.c         what is running, in the words of the database
 *   reconcile-cmd.c  sluice/recompute, sluice/pending-restart
 *
 * Main thread only.
 */
#ifndef VSWITCHD_RECONCILE_H
#define VSWITCHD_RECONCILE_H 1

#include <stdbool.h>
#include <stdint.h>

struct cfg;
struct cfg_iface;
struct cfg_plan;
struct port;

void reconcile_init(const char *run_dir);

/* Takes over the members of `cfg`, checks them, starts DPDK when it is asked
 * for, plans and runs the plan.  One object's failure never stops the others.
 * Ends the process where dpdk-init=true cannot be fulfilled. */
void reconcile_apply(struct cfg *);

/* Main-loop hooks: events of ports, memory, bridges. */
void reconcile_run(void);
void reconcile_wait(void);

/* Ends all ports, bridges, threads and DPDK.  Without `cleanup` the tap devices
 * stay, with their addresses, for the daemon that comes next. */
void reconcile_destroy(bool cleanup);

/* The configuration applied last, or NULL. */
const struct cfg *reconcile_current(void);

/* What became of an interface. */
struct reconcile_result {
    struct port *port;          /* NULL: none could be made */
    int64_t ofport;             /* -1: none could be made */
    const char *error;          /* NULL: none */
};
void reconcile_get(const struct cfg_iface *, struct reconcile_result *);

/* Grows whenever something that the database shows may have changed. */
uint64_t reconcile_seq(void);

/* Compares what is running with what is wanted, from scratch. */
void reconcile_plan(struct cfg_plan *);

void reconcile_cmd_init(void);

/* report.c: writes back what is running where it changed, and statistics
 * every stats-update-interval. */
void report_run(void);
void report_wait(void);

#endif
