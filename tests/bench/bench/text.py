# SPDX-License-Identifier: Apache-2.0
#
# How is a table shown as text?
#
#   64 bytes    sluice     10.21  +-1.2 %     198.0 ...
#               ovs         8.60  +-0.8 %     243.2 ...   1.19 (1.17 to 1.21)
#
# One line for each case and subject; behind the figures the first subject's
# over this one's, and this one's over its own in the case that this case is
# compared with, pair by pair.

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


def ratio(found):
    if not found:
        return ""
    return "%s (%s to %s)" % tuple(
        "%.*f" % (2 if n >= 0.1 else 3, n) for n in found)


def _to_base(t, rows, case, row, subject):
    base = next((r for r in rows if r.name == case.base), None)
    found = base and row.ratio_to(base, subject, t.main)
    return "%s of %s" % (ratio(found), case.base) if found else ""


def aligned(rows):
    """Lines of ROWS, the first two columns to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1])]
                      + [cell.rjust(w) for cell, w
                         in zip(row[2:], widths[2:])]).rstrip()
            for row in rows]


def _without_empty(lines, columns):
    """LINES without those of the last COLUMNS that have but a heading."""
    keep = [i for i in range(len(lines[0]))
            if i < len(lines[0]) - columns
            or any(line[i] for line in lines[1:])]
    return [[line[i] for i in keep] for line in lines]


def table(t, rows, first):
    """The lines of table T, whose ROWS are figures.Row, of its cases."""
    main = METRICS[t.main]
    cases = {case.name: case for case in t.cases}
    lines = [["", ""] + [METRICS[c].heading for c in t.columns]
             + ["%s / this, %s" % (first, main.heading),
                "this / another case, %s" % main.heading]]
    notes = []
    for row in rows:
        name = row.name
        for subject in row.subjects:
            to_first = subject != first and row.ratio(first, subject, t.main)
            lines.append([name, subject]
                         + [_cell(row, subject, c) for c in t.columns]
                         + [ratio(to_first),
                            _to_base(t, rows, cases[row.name], row, subject)
                            if row.name in cases else ""])
            name = ""
            said = ([row.missing[subject]] if subject in row.missing
                    else row.remarks(subject))
            notes += ["%s, %s: %s" % (row.name, subject, text)
                      for text in said]
    lines = _without_empty(lines, 2)
    out = [t.title, "=" * len(t.title)] + aligned(lines)
    out += ["  " + note for note in notes]
    if t.note:
        out.append("  " + t.note)
    return out + [""]
