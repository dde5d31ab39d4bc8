# SPDX-License-Identifier: Apache-2.0
#
# What do the parts cost on their own?
#
# The programs tests/bench/micro-* print a line for each case, with the median
# of their own rounds:
#
#   NAME   123.4 cycles/frame  (120.0 to 130.1)
#
# micro-grow says more than that, in lines of its own, and has no rounds.

import os
import re
import subprocess

from .cases import Case, Setup, Table
from .figures import Figure, Row
from .machine import pmd_core

LINE = re.compile(r"^(.+?)\s+([\d.]+) cycles/\w+\s+"
                  r"\(([\d.]+) to ([\d.]+)\)$", re.M)
PROGRAMS = {"micro-forward": "frame", "micro-fdb": "address",
            "micro-mempool": "mbuf", "micro-path": "frame",
            "micro-vring": "frame"}
GROWS = {"micro-grow": "Of an operation of a packet thread: without what the "
                       "kernel ran meanwhile."}
STEPS = re.compile(r"^(\S+): \d+ steps .* each (\d+) us \(median; (\d+) us",
                   re.M)
POOL = re.compile(r"^(\S+): .*\n((?:  core .*\n)+)", re.M)
LONGEST = re.compile(r"longest +([\d.]+) us")


def _table(name, column, note):
    return Table(name, "%s: a part on its own" % name,
                 [Case("all of it", Setup("micro", 0), {})], (column,),
                 column, note)


def tables():
    return [_table(name, "cycles", "TSC cycles for each %s." % what)
            for name, what in PROGRAMS.items()] + [
        _table(name, "us", note) for name, note in GROWS.items()]


def _run(name, *options):
    program = os.path.join(os.environ["abs_top_builddir"], "tests", "bench",
                           name)
    return subprocess.run([program, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          check=True).stdout


def _rows(figures):
    """Rows of (name, metric, value)."""
    rows = {}
    for name, metric, value in figures:
        rows.setdefault(name, Row(name)).add(
            "sluice", Figure({metric: float(value)}, set(), False))
    return list(rows.values())


def growth(said):
    """(row's name, us) of what micro-grow SAID."""
    ours, median, longest = STEPS.search(said).groups()
    yield "a step, %s" % ours, median
    yield "the longest step, %s" % ours, longest
    for pool, cores in POOL.findall(said):
        yield ("a thread's longest operation, %s%s" % (
            pool, " that grows" if pool == ours else ""),
               max(map(float, LONGEST.findall(cores))))


def run(table, plan):
    """The rows of TABLE."""
    rounds = max(3, plan.rounds)
    if table.name in GROWS:
        return _rows((name, "us", value) for _ in range(rounds)
                     for name, value in growth(_run(table.name)))
    said = _run(table.name, "--core=%d" % pmd_core(), "--rounds=%d" % rounds)
    return _rows((name, "cycles", value)
                 for name, median, low, high in LINE.findall(said)
                 for value in (low, median, high))
