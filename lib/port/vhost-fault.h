/* SPDX-License-Identifier: Apache-2.0
 *
 * vhost-fault.h: what if a guest's memory goes away while it is used?
 *
 * A guest's memory is a file that the guest, too, has open.  When it makes the
 * file shorter, or when no hugepage is left for a page that nobody touched
 * yet, the next access raises SIGBUS, which would end the switch.  Instead,
 * whoever touches a guest's memory says so; a fault in between is answered by
 * ordinary memory in the place of the guest's, so that the access goes on and
 * nothing more can happen; and the guest is hung up on.
 *
 * Nor may a guest make the switch take memory while packets flow: for a packed
 * ring's table of descriptors the library takes as much as the guest says, up
 * to 4 GB, a hugepage at a time.  It gets what DPDK has already.
 *
 * What is then in the rings are zeros, or what was written since: as harmless
 * as anything that a hostile guest puts there.
 */
#ifndef PORT_VHOST_FAULT_H
#define PORT_VHOST_FAULT_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What vhost_fault_begin() was told, or NULL. */
extern _Thread_local _Atomic(bool) *volatile vhost_fault_flag;

/* Catches the signal, in the main thread, with DPDK running.  Idempotent.
 * `wake` is called after each fault, in the handler. */
void vhost_fault_init(void (*wake)(void));

/* Between these the calling packet thread touches a guest's memory; a fault
 * sets `*flag`.  They do not nest. */
static inline void
vhost_fault_begin(_Atomic(bool) *flag)
{
    vhost_fault_flag = flag;
    atomic_signal_fence(memory_order_seq_cst);
}

/* For the vhost library's thread, which touches guests' memory at any time
 * and may take memory of its own. */
void vhost_fault_begin_library(_Atomic(bool) *flag);

static inline void
vhost_fault_end(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    vhost_fault_flag = NULL;
}

#endif
