# SPDX-License-Identifier: Apache-2.0
#
# How is a table shown as text?
#
#   64 bytes    sluice     10.21  +-1.2 %     198.0 ...
#               ovs         8.60  +-0.8 %     243.2 ...   1.19 (1.17 to 1.21)
#
# One line for each case and subject; the last column is the first subject's
# figure over this one's, pair by pair.

from .cases import METRICS


def number(value, digits):
    if value >= 1000:
        return format(value, ",.0f")
    return "%.*f" % (digits, value)


def _cell(row, subject, name):
    metric = METRICS[name]
    if not row.has(subject, name):
        return "-"
    s = row.spread(subject, name)
    said = number(s.median, metric.digits)
    if name == "mpps" and row.at_least(subject):
        said = ">= " + said
    if s.low != s.high and s.median:
        said += " +-%.1f %%" % (50 * (s.high - s.low) / s.median)
    return said


def _ratio(row, first, subject, name):
    found = subject != first and row.ratio(first, subject, name)
    if not found:
        return ""
    return "%.2f (%.2f to %.2f)" % (found.median, found.low, found.high)


def _aligned(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1])]
                      + [cell.rjust(w) for cell, w
                         in zip(row[2:], widths[2:])]).rstrip()
            for row in rows]


def table(t, rows, first):
    """The lines of table T, whose ROWS are figures.Row."""
    main = METRICS[t.main]
    lines = [["", ""] + [METRICS[c].heading for c in t.columns]
             + ["%s / this, %s" % (first, main.heading)]]
    notes = []
    for row in rows:
        name = row.name
        for subject in row.subjects:
            lines.append([name, subject]
                         + [_cell(row, subject, c) for c in t.columns]
                         + [_ratio(row, first, subject, t.main)])
            name = ""
            said = ([row.missing[subject]] if subject in row.missing
                    else row.remarks(subject))
            notes += ["%s, %s: %s" % (row.name, subject, text)
                      for text in said]
    if not any(line[-1] for line in lines[1:]):
        lines = [line[:-1] for line in lines]   # nobody to compare with
    out = [t.title, "=" * len(t.title)] + _aligned(lines)
    out += ["  " + note for note in notes]
    if t.note:
        out.append("  " + t.note)
    return out + [""]
