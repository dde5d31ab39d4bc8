# SPDX-License-Identifier: Apache-2.0
#
# Which lines of the daemon's log may a test leave?
#
# A line at WARN, ERR or EMER that the test did not announce fails the test,
# and so does an announced line that never came.

import re

LINE = re.compile(r"^[^|]*\|\d*\|(?P<module>[^|(]*)(?:\([^|]*\))?\|"
                  r"(?P<level>[A-Z]+)\|(?P<text>.*)")
LOUD = ("WARN", "ERR", "EMER")

# The main loop's own remark that the machine did not run it for a while: on
# a machine with few cores that tells of the neighbours, not of the daemon.
MACHINE = re.compile(r"^[^|]*\|\d*\|timeval(\([^|]*\))?\|WARN\|")


class LogGate:
    def __init__(self, path):
        self.path = path
        self.expected = []      # must come
        self.allowed = []       # may come

    def lines(self):
        try:
            with open(self.path, errors="backslashreplace") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def loud(self):
        """The lines at WARN or above that no announcement covers."""
        known = [re.compile(p) for p in self.expected + self.allowed]
        found = []
        for line in self.lines():
            parts = LINE.match(line)
            if (parts and parts.group("level") in LOUD
                    and not MACHINE.match(line)
                    and not any(p.search(line) for p in known)):
                found.append(line)
        return found

    def missing(self):
        """The announced expressions that no line matched."""
        text = "\n".join(self.lines())
        return [p for p in self.expected if not re.search(p, text, re.M)]

    def verdict(self):
        """None, or what is wrong with the log."""
        said = []
        if self.loud():
            said.append("unannounced lines in the log:\n  "
                        + "\n  ".join(self.loud()))
        if self.missing():
            said.append("announced lines that the log lacks:\n  "
                        + "\n  ".join(self.missing()))
        return "\n".join(said) or None

    def tail(self, count=60):
        return "\n".join(self.lines()[-count:])
