/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-holder.c: which mark is which port's.
 *
 * Main thread only.
 */
#include <config.h>
#include "mem/mp-holder.h"

#include <stdlib.h>

#include <rte_build_config.h>

#include "util.h"

enum { N_MARKS = MP_MARK_LAST - MP_MARK_FIRST + 1 };

BUILD_ASSERT_DECL(RTE_MAX_ETHPORTS <= MP_MARK_FIRST);
BUILD_ASSERT_DECL((int) MP_MARK_LAST < MP_FREE);
BUILD_ASSERT_DECL(MP_FREE < RTE_MBUF_PORT_INVALID);

static struct holder {
    char *name;                 /* NULL: never used */
    bool live;
} holders[N_MARKS];             /* by mark, from MP_MARK_FIRST on */

static unsigned int next;       /* index: where to look for a mark */
static unsigned int n_live;

static struct holder *
find(uint16_t mark)
{
    return (mark >= MP_MARK_FIRST && mark <= MP_MARK_LAST
            ? &holders[mark - MP_MARK_FIRST] : NULL);
}

uint16_t
mp_holder_add(const char *name)
{
    struct holder *h;

    ovs_assert(n_live < N_MARKS);
    do {
        h = &holders[next];
        next = (next + 1) % N_MARKS;
    } while (h->live);
    free(h->name);
    h->name = xstrdup(name);
    h->live = true;
    n_live++;
    return (uint16_t) (MP_MARK_FIRST + (h - holders));
}

void
mp_holder_remove(uint16_t mark)
{
    struct holder *h = find(mark);

    ovs_assert(h && h->live);
    h->live = false;
    n_live--;
}

const char *
mp_holder_name(uint16_t mark)
{
    const struct holder *h = find(mark);

    return h ? h->name : NULL;
}

bool
mp_holder_is_live(uint16_t mark)
{
    const struct holder *h = find(mark);

    return h && h->live;
}
