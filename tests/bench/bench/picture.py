# SPDX-License-Identifier: Apache-2.0
#
# How is a table shown as a picture?
#
# Bars in groups: a group for each case, a bar for each subject, a line through
# its end from the least to the most.  SVG without anything from outside.

import html
import math

from .cases import METRICS
from .text import number

COLOURS = ["#1b6ca8", "#d98032", "#7a7f87", "#5b9f60", "#9a6bb0"]
BAR, GAP, LEFT, RIGHT, TOP = 17, 14, 230, 110, 58
WIDTH = 860


def _scale(highest, lowest):
    """From a value to a length; by its logarithm where values lie far
    apart."""
    room = WIDTH - LEFT - RIGHT
    if lowest > 0 and highest / lowest > 30:
        floor = 10 ** math.floor(math.log10(lowest))
        span = math.log10(highest / floor) or 1
        return lambda v: room * math.log10(max(v, floor) / floor) / span, True
    return lambda v: room * v / (highest or 1), False


def _text(x, y, what, extra=""):
    return '<text x="%g" y="%g"%s>%s</text>' % (x, y, extra,
                                              html.escape(what))


def _bar(row, subject, metric, length, y, colour):
    s = row.spread(subject, metric)
    middle = y + BAR / 2
    end = LEFT + length(s.median)
    label = number(s.median, METRICS[metric].digits)
    if metric == "mpps" and row.at_least(subject):
        label = "\u2265 " + label
    return [
        '<rect x="%d" y="%g" width="%.1f" height="%d" fill="%s"/>'
        % (LEFT, y, max(length(s.median), 1), BAR - 2, colour),
        '<path d="M%.1f %gH%.1f" stroke="#222" stroke-width="1.5"/>'
        % (LEFT + length(s.low), middle - 1, LEFT + length(s.high)),
        _text(max(end, LEFT + length(s.high)) + 6, middle + 3, label),
    ]


def table(t, rows):
    """The SVG text of table T; None where there is nothing to show."""
    metric = METRICS[t.main]
    subjects = []
    for row in rows:
        subjects += [s for s in row.rounds
                     if s not in subjects and row.has(s, t.main)]
    spreads = [row.spread(s, t.main) for row in rows for s in row.rounds
               if row.has(s, t.main)]
    if not spreads:
        return None
    length, logarithmic = _scale(max(s.high for s in spreads),
                                 min(s.low for s in spreads))
    body, y = [], TOP
    for row in rows:
        mine = [s for s in subjects if row.has(s, t.main)]
        if not mine:
            continue
        body.append(_text(LEFT - 10, y + BAR * len(mine) / 2 + 3, row.name,
                          ' text-anchor="end"'))
        for subject in mine:
            colour = COLOURS[subjects.index(subject) % len(COLOURS)]
            body += _bar(row, subject, t.main, length, y, colour)
            y += BAR
        y += GAP
    what = "%s%s; %s is better" % (
        metric.heading, ", logarithmic" if logarithmic else "",
        "more" if metric.more else "less")
    head = [_text(12, 22, t.title, ' font-size="15" font-weight="bold"'),
            _text(12, 42, what)]
    x = LEFT
    for i, subject in enumerate(subjects):
        head.append('<rect x="%d" y="33" width="10" height="10" fill="%s"/>'
                    % (x + 90, COLOURS[i % len(COLOURS)]))
        head.append(_text(x + 105, 42, subject))
        x += 40 + 8 * len(subject)
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
         'viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">'
         % (WIDTH, y + 4, WIDTH, y + 4),
         '<rect width="100%" height="100%" fill="#fff"/>']
        + head + body + ["</svg>", ""])
