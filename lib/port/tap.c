/* SPDX-License-Identifier: Apache-2.0
 *
 * tap.c: ports of type "tap": a tap device of ours for somebody else.
 *
 * As an internal port, whose name is not the bridge's and whose address is
 * its operator's to set.
 */
#include <config.h>

#include "port/tap-device.h"

const struct port_class tap_class = {
    .kind = CFG_TYPE_TAP,
    .type = "tap",
    TAP_CLASS_OPS,
};
