# SPDX-License-Identifier: Apache-2.0
#
# Which figures are to be reached, and are they?
#
# A Target is a ratio of two figures of one run, each named by its table, case
# and subject: a peer's in the same case, or another case of our own.

import collections

from . import figures
from .cases import METRICS
from .text import aligned, ratio

# metric: a key of METRICS; ours, base: Place; goal, aim: what the ratio is to
# be at least where more of the metric is better, else at most.  Without an
# aim: None; without a goal too: for comparison.
Target = collections.namedtuple("Target", "name metric ours base goal aim",
                                defaults=(None,))
Place = collections.namedtuple("Place", "table case subject")

NO_COST = 1.02          # what such a measurement can tell from nothing


def _beside(name, table, case, *goals, metric="mpps"):
    """Targets of ours over peers' in one case; GOALS: (peer, goal, aim)."""
    return [Target("%s / %s" % (name, peer), metric,
                   Place(table, case, "sluice"), Place(table, case, peer),
                   *goal) for peer, *goal in goals]


def _within(name, table, case, base, goal, metric, subject="sluice"):
    """A target of SUBJECT's over its own in another case of the table."""
    return [Target(name, metric, Place(table, case, subject),
                   Place(table, base, subject), goal)]


def speed():
    """The switch as a whole, over the library's vhost calls."""
    return (
        _beside("guest to guest, 64 bytes, one pair", "vhost-testpmd",
                "64 bytes", ("ovs", 1.15, 1.25), ("testpmd", 0.88, 0.95))
        + _beside("512 bytes, closed loop", "vhost-testpmd", "512 bytes",
                  ("ovs", 1.15, 1.20))
        + _beside("1518 bytes, closed loop", "vhost-testpmd", "1518 bytes",
                  ("ovs", 1.05, 1.08))
        + _beside("1,000 MAC pairs", "vhost-macs", "1,000 pairs",
                  ("ovs", 1.6))
        + _beside("10,000 MAC pairs", "vhost-macs", "10,000 pairs",
                  ("ovs", 2.4))
        + _beside("100,000 MAC pairs", "vhost-macs", "100,000 pairs",
                  ("ovs", 50))
        + _within("100,000 MAC pairs / 1", "vhost-macs", "100,000 pairs",
                  "1 pair", 1.5, "busy")
        + _within("100,000 5-tuples / 1", "vhost-tuples", "100,000 5-tuples",
                  "1 5-tuple", 1.05, "busy")
        + _beside("switch alone, one MAC pair", "alone-macs", "1 source MAC",
                  ("ovs", 0.55), ("testpmd", None), metric="ran")
        + _beside("switch alone, 10,000 source MACs", "alone-macs",
                  "10,000 source MACs", ("ovs", 0.25), metric="ran")
        + _beside("switch alone, 100,000 source MACs", "alone-macs",
                  "100,000 source MACs", ("ovs", 0.02), metric="ran")
        + _within("VLAN, access to trunk / untagged", "vhost-vlan",
                  "access to trunk, and back", "no VLAN", 1.10, "busy")
        + _within("the same with ovs", "vhost-vlan",
                  "access to trunk, and back", "no VLAN", None, "busy", "ovs")
        + _within("switch alone, the slower of 2 PMDs / one",
                  "alone-two-pmds", "1 source MAC, two", "1 source MAC, one",
                  1.05, "each")
        + _within("idle internal ports / none", "alone-idle",
                  "beside 16 of type internal", "no others", NO_COST, "ran")
        + _within("idle system ports / none", "alone-idle",
                  "beside 16 of type system", "no others", NO_COST, "ran"))


def rings():
    """Vhost rings of our own."""
    touched = "512 bytes, all of them touched"
    found = (
        _beside("64 bytes, closed loop", "vhost-testpmd", "64 bytes",
                ("ovs", 1.5), ("testpmd", 1.3))
        + _beside("512 bytes, closed loop", "vhost-testpmd", "512 bytes",
                  ("ovs", 2.8), ("testpmd", 2.2))
        + _beside("1518 bytes, closed loop", "vhost-testpmd", "1518 bytes",
                  ("ovs", 1.9), ("testpmd", 1.7))
        + _beside("512 bytes, rings kept full", "vhost-open", "512 bytes",
                  ("ovs", 2.0))
        + _beside("10,000 MAC pairs, 64 bytes", "vhost-macs",
                  "10,000 pairs", ("ovs", 4.0))
        + _beside("512 bytes, every byte touched", "vhost-open", touched,
                  ("ovs", 1.3)))
    places = sorted({t.ours[:2] for t in found})
    for table, case in places:
        found += _beside("%s, %s" % (table, case), table, case,
                         ("library", 0.98))
    return found


SETS = {"speed": speed, "rings": rings}


def subjects_of(targets):
    """(table, case) -> names of the subjects that TARGETS are about, ours
    first."""
    found = {}
    for target in targets:
        for place in target.ours, target.base:
            names = found.setdefault(place[:2], [])
            if place.subject not in names:
                names.append(place.subject)
    return {key: sorted(names, key=lambda name: name != "sluice")
            for key, names in found.items()}


def verdict(target, found, ours_at_least, base_at_least):
    """Whether the ratio FOUND of TARGET is reached.  A rate that may be the
    traffic peer's is a lower bound, and what is over it an upper one."""
    if not found:
        return "no figure"
    if target.goal is None:
        return "for comparison"
    more = METRICS[target.metric].more
    reached = (found.median >= target.goal if more
               else found.median <= target.goal)
    if target.metric == "mpps":
        if reached and base_at_least and not ours_at_least:
            return "met at most: the peer limits %s" % target.base.subject
        if not reached and ours_at_least:
            return "not shown: the peer limits us"
    return "met" if reached else "not met"


class Outcome:
    """What ROWS, by (table, case), say of a target."""

    def __init__(self, target, rows):
        self.target = target
        self.ours = self._figures(rows, target.ours)
        self.base = self._figures(rows, target.base)
        self.found = figures.ratio(self.ours, self.base, target.metric)
        self.bounds = [bool(f) and figures.at_least(f)
                       for f in (self.ours, self.base)]
        self.verdict = verdict(target, self.found, *self.bounds)
        self.reasons = self._reasons(rows)

    @staticmethod
    def _figures(rows, place):
        row = rows.get(place[:2])
        return row.rounds.get(place.subject, ()) if row else ()

    def _reasons(self, rows):
        """Why there is no figure, or what weakens it."""
        said = []
        for place in self.target.ours, self.target.base:
            row = rows.get(place[:2])
            if row and place.subject in row.missing:
                said.append("%s: %s" % (place.subject,
                                        row.missing[place.subject]))
            elif row and place.subject in row.rounds:
                said += ["%s, %s: %s" % (*place[1:], text)
                         for text in row.remarks(place.subject)]
        return said

    def disturbed(self):
        return any("disturbed" in f.remarks
                   for f in (*self.ours, *self.base))

    def _median(self, some):
        metric = self.target.metric
        numbers = [f.values[metric] for f in some if metric in f.values]
        return figures.spread(numbers).median if numbers else None

    def cells(self):
        t = self.target
        more = METRICS[t.metric].more
        sign = ">=" if more else "<="
        bound = {(True, False): ">= ", (False, True): "<= "}.get(
            tuple(self.bounds), "") if t.metric == "mpps" else ""
        aim = " (aim %g)" % t.aim if t.aim else ""
        both = [self._median(self.ours), self._median(self.base)]
        return [t.name, METRICS[t.metric].heading] + [
            "-" if n is None else "%.2f" % n for n in both] + [
            bound + ratio(self.found) if self.found else "-",
            "" if t.goal is None else "%s %g%s" % (sign, t.goal, aim),
            self.verdict + (", disturbed" if self.disturbed() else "")]

    def as_json(self):
        t = self.target
        return {"name": t.name, "metric": t.metric,
                "of": t.ours._asdict(), "over": t.base._asdict(),
                "figure": self.found._asdict() if self.found else None,
                "at least" if METRICS[t.metric].more else "at most": t.goal,
                "aim": t.aim, "verdict": self.verdict,
                "remarks": self.reasons}


def table(name, outcomes):
    """The lines of the set NAME."""
    title = "To reach: " + name
    lines = [["", "", "sluice", "base", "ratio", "to reach", ""]]
    lines += [o.cells() for o in outcomes]
    out = [title, "=" * len(title)] + aligned(lines)
    # What weakens a figure stands below its own table.
    out += ["  %s: %s" % (o.target.name, text)
            for o in outcomes if not o.found for text in o.reasons]
    return out + [""]
