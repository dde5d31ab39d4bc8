/* SPDX-License-Identifier: Apache-2.0
 *
 * pages.h: zeroed memory for tables, outside DPDK's heap.
 *
 * Any thread.
 */
#ifndef SWITCH_PAGES_H
#define SWITCH_PAGES_H 1

#include <stddef.h>

/* `size` bytes of zeros, aligned to a page; NULL where memory is short.  From
 * 2 MiB on the memory lies in huge pages where the kernel grants them, and is
 * there at once: no packet thread waits for a page of it.  Less than that
 * comes page by page, as it is used. */
void *pages_alloc(size_t size);
void pages_free(void *, size_t size);

#endif
