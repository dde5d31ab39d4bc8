/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-what-if.h: a configuration as it would be with other settings, before
 * anybody sets them.
 *
 * Pure.  For settings that packet memory depends on, each given as the tools
 * write it, with the interface's name in front of a setting that only one is
 * to have:
 *
 *     [PORT:]mtu_request=9000
 *     [PORT:]options:n_rxq=2
 *     [PORT:]other_config:mempool-group=noisy
 *     other_config:pmd-cpu-mask=0x6
 */
#ifndef CFG_CFG_WHAT_IF_H
#define CFG_CFG_WHAT_IF_H 1

#include <stddef.h>

struct cfg;
struct cfg_env;

/* Makes `then`, which holds nothing yet, what `now` (checked by cfg_parse())
 * would be with `settings`, and checks it.  Without PORT a setting is that of
 * every interface it fits, internal ones excepted; an empty VALUE stands for
 * none.
 *
 * Returns NULL, or a text that names the setting, what is wrong with it and
 * what would be right (malloc'ed); `then` holds nothing in that case. */
char *cfg_what_if(const struct cfg *now, const char *const settings[],
                  size_t n_settings, const struct cfg_env *,
                  struct cfg *then);

#endif
