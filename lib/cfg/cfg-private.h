/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-private.h: the steps of cfg_parse() that have files of their own.
 *
 * Used by lib/cfg only.
 */
#ifndef CFG_CFG_PRIVATE_H
#define CFG_CFG_PRIVATE_H 1

#include "cfg/cfg.h"
#include "compiler.h"

/* Marks the interface as unusable and adds the text to its error and to the
 * warnings. */
void cfg_iface_refuse(struct cfg *, struct cfg_iface *, const char *format,
                      ...) OVS_PRINTF_FORMAT(3, 4);

/* cfg-unique.c: refuses all but one of the interfaces that share a name, a
 * socket or a device.  `cfg` is sorted, its interfaces are parsed. */
struct cfg_env;
void cfg_check_unique(struct cfg *, const struct cfg_env *);

/* cfg.c.  Makes room for one more element behind the `n` that `array` has.
 * Room doubles whenever `n` is a power of two, so its size need not be
 * kept. */
void *cfg_grow(void *array, size_t n, size_t size);

/* cfg-qos.c: fills `iface->set` with what its port may send and it may
 * receive; `report` as for cfg_options_parse(), with the row's name. */
void cfg_parse_qos(struct cfg *, const struct cfg_port *, struct cfg_iface *,
                   void (*report)(char *text, void *aux), void *aux);
void cfg_qos_row_destroy(struct cfg_qos_row *);        /* NULL: no effect */

/* cfg-pmd.c: a pmd-rxq-affinity, a pmd-sleep-max in its plain form, malloc'ed,
 * or NULL where it is wrong. */
char *cfg_parse_affinity(const char *);
char *cfg_parse_sleep(const char *);

/* cfg-pmd.c: what settings of PMD threads must agree on. */
void cfg_check_pmd(struct cfg *);

/* cfg-vlan.c: fills `port->vlan`. */
void cfg_parse_vlan(struct cfg *, struct cfg_port *);

/* cfg-mirror.c: fills the checked members of the bridge's mirrors; its ports
 * are sorted. */
void cfg_parse_mirrors(struct cfg *, struct cfg_bridge *);

/* cfg-unacted.c: adds a note per key that is set but not acted on. */
void cfg_note_unacted(struct cfg *);

#endif
