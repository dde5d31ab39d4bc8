/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-plan-view.h: a plan for people, for programs and as a picture.
 *
 * Pure.
 */
#ifndef MEM_MP_PLAN_VIEW_H
#define MEM_MP_PLAN_VIEW_H 1

#include <stdbool.h>
#include <stddef.h>

#include "mem/mp-plan.h"

struct ds;

/* What is to be seen. */
struct mp_plan_view {
    const struct mp_plan *plan;
    const struct mp_plan *before;       /* NULL: `plan` is of what there is;
                                         * else that of what there is, and
                                         * `plan` of what it would become */
    const char *const *settings;        /* which led from one to the other */
    size_t n_settings;
    enum mp_plan_kind in_force;         /* the model that is in force */
    enum mp_plan_kind only;             /* the only model to be shown;
                                         * MP_PLAN_N_KINDS: all */
    const char *const *notes;           /* what was taken for granted */
    size_t n_notes;
};

/* Each appends to `ds`.  JSON: one object, its members sorted, in lines.
 * SVG: a document of its own, a stacked bar for each model and socket. */
void mp_plan_to_text(const struct mp_plan_view *, struct ds *);
void mp_plan_to_json(const struct mp_plan_view *, struct ds *);
void mp_plan_to_svg(const struct mp_plan_view *, struct ds *);

static inline bool
mp_plan_view_has(const struct mp_plan_view *v, int kind)
{
    return v->only == MP_PLAN_N_KINDS || (int) v->only == kind;
}

#endif
