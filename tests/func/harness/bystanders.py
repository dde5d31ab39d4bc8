# SPDX-License-Identifier: Apache-2.0
#
# Does what a test does on some ports harm others?
#
# Beside the test, guests of gap-peer exchange packets.  They lose none, and
# the switch has as many descriptors, packets' buffers and hugepages at the
# end as at the start, and a short log.

import os

from .command import wait_until


class Bystanders:
    """Those of the switch SW; SW.loop is their gap-peer, PORT one of their
    ports."""

    def __init__(self, sw, port="vh0"):
        self.sw, self.port = sw, port
        self.fds = self._least(self._fds)
        self.in_use = self._least(self._in_use)
        sw.loop.loop()
        # The pages of those guests that the switch has touched are among them.
        self.pages = sw.pages()
        self.lines = len(sw.log.lines())

    @staticmethod
    def _least(count):
        """What there is apart from what comes and goes."""
        return min(count() for _ in range(5))

    def _fds(self):
        return len(os.listdir("/proc/%d/fd" % self.sw.daemon.pid))

    def _in_use(self):
        return self.sw.pools(self.port)[0].count()[1]

    def others_go_on(self):
        def received():
            return [g["received"] for g in
                    self.sw.loop.command("report")["guests"]]
        before = received()
        wait_until(lambda: all(n > b for n, b in zip(received(), before)),
                   "the others to hear something")

    def check_others(self):
        for way in self.sw.loop.account():
            assert way.received > 100 and way.lost == 0, way
            assert way.in_flight == self.sw.loop.in_flight, way

    def check_nothing_left(self):
        wait_until(lambda: self._fds() <= self.fds,
                   lambda: "%d descriptors; there are %d" % (self.fds,
                                                             self._fds()))
        wait_until(lambda: self._in_use() <= self.in_use,
                   lambda: "%d mbufs in use; there are %d" % (
                       self.in_use, self._in_use()))

    def check_log(self):
        """The library tells of each message; those of one port are 4,000 at
        once and then 5 a second."""
        lines = self.sw.log.lines()[self.lines:]
        assert len(lines) < 4500, "%d lines in the log" % len(lines)
        loud = [line for line in lines if "|WARN|" in line or "|ERR|" in line]
        assert len(loud) < 100, "\n".join(loud)
