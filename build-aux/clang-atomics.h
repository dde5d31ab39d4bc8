/* SPDX-License-Identifier: Apache-2.0 */

/* Which atomics does clang see?  Those of <stdatomic.h>, as gcc does.
 *
 * Given clang, ovs-atomic.h of Open vSwitch's library would define the names
 * of <stdatomic.h> once more, and no source could include both.  Included
 * ahead of every source when the compiler is clang, this makes that header
 * take its other way, the one on top of <stdatomic.h>. */

#ifndef CLANG_ATOMICS_H
#define CLANG_ATOMICS_H 1

#include <config.h>
#include "compiler.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wbuiltin-macro-redefined"
#pragma push_macro("__has_extension")
#undef __has_extension
#define __has_extension(EXTENSION) 0
#include "ovs-atomic.h"
#pragma pop_macro("__has_extension")
#pragma clang diagnostic pop

#endif /* clang-atomics.h */
