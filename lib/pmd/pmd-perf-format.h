/* SPDX-License-Identifier: Apache-2.0
 *
 * pmd-perf-format.h: the text of pmd-perf-show.  Pure: plain values in, text
 * out.
 */
#ifndef PMD_PMD_PERF_FORMAT_H
#define PMD_PMD_PERF_FORMAT_H 1

#include <stddef.h>
#include <stdint.h>

struct ds;
struct pmd_metrics_sums;
struct pmd_sample;
struct pmd_stats;

/* What a thread did in `seconds`, on a TSC of `hz`. */
void pmd_format_perf(struct ds *, const struct pmd_stats *, double seconds,
                     uint64_t hz);

/* The parts that pmd-perf-metrics adds, each with an empty line before it. */
void pmd_format_histograms(struct ds *, const struct pmd_metrics_sums *);
void pmd_format_iterations(struct ds *, const struct pmd_sample *, size_t n);
void pmd_format_milliseconds(struct ds *, const struct pmd_sample *,
                             size_t n);

#endif
