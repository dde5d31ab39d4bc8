/* SPDX-License-Identifier: Apache-2.0
 *
 * port-rig.h: what tests of ports on real devices stand on: an EAL without
 * hugepages, hooks that count, ports without a bridge.
 */
#ifndef PORT_RIG_H
#define PORT_RIG_H 1

#include "port/port.h"
#include "port/port-class.h"

/* A folder of the test's own, removed at the end with what is in it. */
extern char rig_dir[];

/* For cmocka_run_group_tests(). */
int rig_setup(void **state);
int rig_teardown(void **state);

/* For each test: deletes the ports that a failed one left. */
int rig_delete_all(void **state);

/* Goes to a network namespace of its own.  To be called before the EAL
 * starts.  False: not allowed to. */
bool rig_own_namespace(void);

extern unsigned int rig_quiesced, rig_published;        /* hook calls */

/* Settings with 2,048 descriptors. */
struct cfg_settings rig_settings(const char *devargs, uint32_t n_rxq,
                                 uint32_t mtu);

/* Makes a port; fails the test where that fails. */
struct port *rig_create(enum cfg_type, const char *name,
                        const struct cfg_settings *, unsigned int n_txq);
struct port *rig_create_dpdk(const char *name, const char *devargs,
                             uint32_t n_rxq, unsigned int n_txq);

/* Makes a port that cannot be made, and compares the text.  `end` NULL: the
 * text is `begin`; else it begins and ends so. */
void rig_create_fails(const char *name, const struct cfg_settings *,
                      const char *begin, const char *end);

/* Sets; NULL or the error's text, to be freed. */
char *rig_set(struct port *, const struct cfg_settings *, unsigned int n_txq);

/* Deletes the port and checks that no mbuf is left out. */
void rig_delete(struct port *);

/* port_run() and what shows a device leave one alone that a sampling thread is
 * asking: these wait for the thread. */
void rig_wait_for_samples(void);
void rig_run(void);

/* The value of statistic or status `name`, after asking the device; fails the
 * test where it is missing. */
int64_t rig_stat(struct port *, const char *name);
void rig_assert_status(struct port *, const char *key, const char *value);

/* The host's side of a network device, as an operator would use `ip`. */
void rig_if_set_up(const char *ifname, bool up);
int rig_if_mtu(const char *ifname);
void rig_if_set_mtu(const char *ifname, int mtu);
/* Any request of netdevice(7) on `ifr->ifr_name`; 0 or -errno. */
struct ifreq;
int rig_if_request(const char *ifname, unsigned long int what,
                   struct ifreq *ifr);

/* An mbuf of `pool` with a frame of `len` bytes to everybody, whose bytes
 * from the 14th on are `fill`. */
struct rte_mbuf *rig_frame(const struct mp *pool, uint16_t len, int fill);

#endif
