# SPDX-License-Identifier: Apache-2.0
#
# What do the parts cost on their own?
#
# The programs tests/bench/micro-* print a line for each case, with the median
# of their own rounds:
#
#   NAME   123.4 cycles/frame  (120.0 to 130.1)

import os
import re
import subprocess

from .cases import Case, Setup, Table
from .figures import Figure, Row
from .machine import pmd_core

LINE = re.compile(r"^(.+?)\s+([\d.]+) cycles/\w+\s+"
                  r"\(([\d.]+) to ([\d.]+)\)$", re.M)
PROGRAMS = {"micro-forward": "frame", "micro-fdb": "address",
            "micro-mempool": "mbuf"}


def tables():
    return [Table(name, "%s: a part on its own" % name,
                  [Case("all of it", Setup("micro", 0), {})], ("cycles",),
                  "cycles", "TSC cycles for each %s." % what)
            for name, what in PROGRAMS.items()]


def run(table, plan):
    """The rows of TABLE."""
    program = os.path.join(os.environ["abs_top_builddir"], "tests", "bench",
                           table.name)
    done = subprocess.run([program, "--core=%d" % pmd_core(),
                           "--rounds=%d" % max(3, plan.rounds)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=True)
    rows = []
    for name, median, low, high in LINE.findall(done.stdout):
        row = Row(name)
        for value in low, median, high:
            row.add("sluice", Figure({"cycles": float(value)}, set(), False))
        rows.append(row)
    return rows
