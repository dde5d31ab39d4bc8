/* SPDX-License-Identifier: Apache-2.0
 *
 * internal.c: ports of type "internal": a tap device of ours, through which
 * the host itself is on a bridge.
 *
 * Every bridge has one of its own name.  Its address may be set in the
 * database.
 */
#include <config.h>

#include "port/tap-device.h"

const struct port_class internal_class = {
    .kind = CFG_TYPE_INTERNAL,
    .type = "internal",
    TAP_CLASS_OPS,
    .run_class = kernel_run_class,      /* for all kernel-backed types */
    .wait_class = kernel_wait_class,
};
