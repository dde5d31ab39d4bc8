/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-mask.h: which cores pmd-cpu-mask means on this machine.  Pure: reads
 * machine.h and nothing else.
 */
#ifndef PMD_PMD_MASK_H
#define PMD_PMD_MASK_H 1

#include <stddef.h>

/* Cores of `mask`, hexadecimal with or without 0x, ascending, into `*coresp`
 * (the caller frees it); returns how many, >= 1.  NULL or "": the first core
 * of each NUMA node that is not `main_core`, or that one where the node has no
 * other.
 *
 * Returns a negative errno with a text that names the mask, what is wrong with
 * it and the machine's cores, for a mask that is no number, is zero or names a
 * core that does not exist. */
int pmd_mask_parse(const char *mask, int main_core, int **coresp,
                   char **errp);

#endif
