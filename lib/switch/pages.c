/* SPDX-License-Identifier: Apache-2.0
 *
 * pages.c: zeroed memory for tables, from the kernel.
 *
 * Not from DPDK's heap, whose hugepages the operator counts for packets, and
 * which is not there before DPDK is.
 */
#include <config.h>
#include "switch/pages.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "util.h"

enum { HUGE = 2 * 1024 * 1024 };

static size_t
mapped_size(size_t size)
{
    return size < HUGE ? ROUND_UP(size, 4096) : ROUND_UP(size, HUGE);
}

void *
pages_alloc(size_t size)
{
    size_t length = mapped_size(size);
    size_t slack = length < HUGE ? 0 : HUGE;    /* to align the start */
    char *p = mmap(NULL, length + slack, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }
    if (slack) {
        size_t before = ROUND_UP((uintptr_t) p, HUGE) - (uintptr_t) p;

        if (before) {
            munmap(p, before);
        }
        if (slack - before) {
            munmap(p + before + length, slack - before);
        }
        p += before;
        madvise(p, length, MADV_HUGEPAGE);
        for (size_t i = 0; i < length; i += 4096) {
            ((volatile char *) p)[i] = 0;
        }
    }
    return p;
}

void
pages_free(void *p, size_t size)
{
    if (p) {
        munmap(p, mapped_size(size));
    }
}
