# SPDX-License-Identifier: Apache-2.0
#
# How is a peer of our own told what to do?
#
# The programs of tests/peer take commands on standard input and answer each
# with a line of JSON; the first line, unasked, says that they are ready.  They
# listen on sockets, to which the switch connects, and run on the first core.

import json
import os
import select
import subprocess
import time


class JsonPeer:
    """The program NAME of tests/peer with guests on SOCKETS."""

    def __init__(self, space, name, sockets):
        self.name, self.sockets = name, list(sockets)
        self.rundir = space.rundir
        self.child = None
        self.argv = []          # the subclass's

    @staticmethod
    def program(name):
        return os.path.join(os.environ["abs_top_builddir"], "tests", "peer",
                            name)

    def start(self):
        self._unlink()
        self.log = open(os.path.join(self.rundir, self.name + ".log"), "a")
        env = dict(os.environ, RUNTIME_DIRECTORY=self.rundir)
        self.child = subprocess.Popen(
            self.argv, env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log)
        self._rest = b""
        self._answer(30)

    def _unlink(self):
        for path in self.sockets:
            if os.path.exists(path):
                os.unlink(path)

    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def _answer(self, timeout):
        """The next line of JSON.  (Lines of DPDK's come between.)"""
        end = time.monotonic() + timeout
        out = self.child.stdout.fileno()
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if newline:
                self._rest = rest
                if line.startswith(b"{"):
                    return json.loads(line)
                continue
            left = end - time.monotonic()
            assert left > 0 and select.select([out], [], [], left)[0], (
                "%s gave no answer in %g seconds" % (self.name, timeout))
            more = os.read(out, 65536)
            assert more, "%s ended:\n%s" % (self.name, self._said())
            self._rest += more

    def _said(self):
        with open(self.log.name, errors="backslashreplace") as f:
            return f.read()[-3000:]

    def command(self, line, timeout=20):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()
        answer = self._answer(timeout)
        assert "error" not in answer, "%s: %s" % (line, answer["error"])
        return answer

    # The end.

    def stop(self):
        if self.running():
            try:
                self.child.stdin.close()
                self.child.wait(20)
            except (subprocess.TimeoutExpired, OSError):
                self.child.kill()
        if self.child is not None:
            self._close()
        self._unlink()

    def kill(self):
        """As when a guest crashes."""
        self.child.kill()
        self._close()

    def _close(self):
        self.child.wait(20)
        self.child.stdin.close()
        self.child.stdout.close()
        self.log.close()
