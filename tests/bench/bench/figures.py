# SPDX-License-Identifier: Apache-2.0
#
# What do many rounds say together?
#
# A round's Figure of a subject holds numbers by metric and remarks, of which
# "disturbed" is one (rounds.py; "waited" says how much).  Only ratios within a
# round count: two figures that were taken one after the other on the same
# machine are compared with each other, and the median is of those.

import collections
import statistics

# values: metric -> number; remarks: set of texts; at_least: the peer was busy
# all the time, so that the rate may be the peer's.
Figure = collections.namedtuple("Figure", "values remarks at_least")

Spread = collections.namedtuple("Spread", "median low high")


def spread(numbers):
    numbers = list(numbers)
    return Spread(statistics.median(numbers), min(numbers), max(numbers))


def ratio(figures, others, metric):
    """FIGURES over OTHERS, pair by pair; None where there are no pairs."""
    pairs = [(a.values[metric], b.values[metric])
             for a, b in zip(figures, others)
             if b.values.get(metric) and metric in a.values]
    return spread(a / b for a, b in pairs) if pairs else None


def at_least(figures):
    """Most of FIGURES may be the peer's rate."""
    return 2 * sum(f.at_least for f in figures) > len(figures)


class Row:
    """The figures of a case: a list, round by round, for each subject."""

    def __init__(self, name, subjects=()):
        self.name, self.subjects = name, list(subjects)
        self.rounds = collections.OrderedDict()
        self.missing = collections.OrderedDict()    # subject -> reason

    def add(self, subject, figure):
        if subject not in self.subjects:
            self.subjects.append(subject)
        self.rounds.setdefault(subject, []).append(figure)

    def give_up(self, subject, reason):
        """REASON: why there is no figure; empty: the subject has no place
        here."""
        if not reason:
            self.subjects.remove(subject)
            return
        self.missing[subject] = reason
        self.rounds.pop(subject, None)

    def spread(self, subject, metric):
        return spread(f.values[metric] for f in self.rounds[subject]
                      if metric in f.values)

    def has(self, subject, metric):
        return any(metric in f.values for f in self.rounds.get(subject, ()))

    def at_least(self, subject):
        return at_least(self.rounds[subject])

    def remarks(self, subject):
        """Each once, with the number of rounds it holds for."""
        figures = self.rounds[subject]
        counts = collections.Counter(r for f in figures for r in f.remarks)
        said = ["%s (%d of %d)" % (text, n, len(figures))
                for text, n in sorted(counts.items())]
        worst = max(f.values.get("waited", 0) for f in figures)
        return [text.replace("disturbed", "disturbed, waited up to %.0f %% "
                             "of the time for a core" % worst)
                for text in said]

    def ratio(self, subject, base, metric):
        """SUBJECT's over BASE's, pair by pair; None without both."""
        return ratio(self.rounds.get(subject, ()), self.rounds.get(base, ()),
                     metric)

    def ratio_to(self, row, subject, metric):
        """SUBJECT's figure here over its own in ROW, pair by pair."""
        return ratio(self.rounds.get(subject, ()),
                     row.rounds.get(subject, ()), metric)

    def as_json(self, metrics, first, base=None):
        """Of METRICS, the first subject FIRST; BASE: the row that it is
        compared with, or None."""
        subjects = {}
        for subject in self.subjects:
            if subject in self.missing:
                subjects[subject] = {"missing": self.missing[subject]}
                continue
            figures = self.rounds[subject]
            subjects[subject] = {
                "rounds": [f.values for f in figures],
                "at_least": self.at_least(subject),
                "remarks": self.remarks(subject),
            }
            for metric in metrics:
                if self.has(subject, metric):
                    subjects[subject][metric] = self.spread(
                        subject, metric)._asdict()
        ratios = {}
        for subject in self.rounds:
            for metric in metrics if subject != first else ():
                found = self.ratio(first, subject, metric)
                if found:
                    ratios.setdefault(subject, {})[metric] = found._asdict()
        said = {"case": self.name, "subjects": subjects,
                "ratios of %s" % first: ratios}
        if base:
            said["base"] = base.name
            said["ratios to base"] = self._to_base(base, metrics)
        return said

    def _to_base(self, base, metrics):
        found = {}
        for subject in self.rounds:
            for metric in metrics:
                to_base = self.ratio_to(base, subject, metric)
                if to_base:
                    found.setdefault(subject, {})[metric] = to_base._asdict()
        return found
