/* SPDX-License-Identifier: Apache-2.0
 *
 * findings.h: says what is to be said of a configuration, once.
 *
 * Main thread only.
 */
#ifndef VSWITCHD_FINDINGS_H
#define VSWITCHD_FINDINGS_H 1

struct cfg;

/* Logs warnings and notes of the parse, and settings that wait for a restart,
 * unless the configuration before gave rise to the same. */
void findings_say(const struct cfg *);
void findings_destroy(void);

#endif
