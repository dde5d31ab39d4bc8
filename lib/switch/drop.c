/* SPDX-License-Identifier: Apache-2.0
 *
 * drop.c: names and explanations of drops, from the table in drop.h.
 */
#include <config.h>
#include "switch/drop.h"

const char *const drop_names[DROP_N_REASONS] = {
#define DROP(ENUM, NAME, HELP) [DROP_##ENUM] = NAME,
    DROPS
#undef DROP
};

const char *const drop_help[DROP_N_REASONS] = {
#define DROP(ENUM, NAME, HELP) [DROP_##ENUM] = HELP,
    DROPS
#undef DROP
};
