# SPDX-License-Identifier: Apache-2.0
#
# For how long do guests hear nothing?
#
# tests/peer/gap-peer.c plays the guests and measures; this starts it, types
# its commands and reads its answers.  Like testpmd (peer.py) it runs on the
# first core.

import collections
import json
import os
import select
import subprocess
import time

from .peer import guest_mac

# `silence` and `away` in ms; counts as in peer.py.
Way = collections.namedtuple("Way", "sent received lost in_flight silence")


class GapPeer:
    """Guests on SOCKETS, which it serves, two and two in a loop of IN_FLIGHT
    packets each of SIZE bytes.  WATCH: the scheduler's statistics of the
    thread that serves them."""

    def __init__(self, space, sockets, hugepages=True, in_flight=64, size=60,
                 pace=50, watch=None, name="gap"):
        self.sockets = list(sockets)
        self.in_flight = in_flight
        self.child = None
        self.rundir = space.rundir
        memory = (["--in-memory", "--single-file-segments"] if hugepages
                  else ["--no-huge"])
        # Its packets: a ring in each direction, and those in flight.
        megabytes = 16 + (len(self.sockets) * (512 + in_flight)
                          * (max(size, 2048) + 512) >> 20)
        self.argv = [
            os.path.join(os.environ["abs_top_builddir"], "tests", "peer",
                         "gap-peer"),
            "--lcores", "0@0", "--no-pci", "--no-telemetry", "-m",
            str(megabytes if hugepages else 2 * megabytes),
            "--file-prefix=%s-%s" % (space.id, name)] + memory
        for n, path in enumerate(self.sockets):
            self.argv.append("--vdev=net_virtio_user%d,path=%s,server=1,"
                             "queue_size=256,mrg_rxbuf=0,in_order=0,mac=%s"
                             % (n, path, guest_mac(n)))
        self.argv += ["--", "--in-flight=%d" % in_flight, "--size=%d" % size,
                      "--pace=%d" % pace]
        if watch:
            self.argv.append("--watch=" + watch)

    def start(self):
        self._unlink()
        self.log = open(os.path.join(self.rundir, "gap-peer.log"), "a")
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
                "gap-peer gave no answer in %g seconds" % timeout)
            more = os.read(out, 65536)
            assert more, "gap-peer ended:\n" + self._said()
            self._rest += more

    def _said(self):
        with open(self.log.name, errors="backslashreplace") as f:
            return f.read()[-3000:]

    def command(self, word, timeout=20):
        self.child.stdin.write(word.encode() + b"\n")
        self.child.stdin.flush()
        answer = self._answer(timeout)
        assert "error" not in answer, answer["error"]
        return answer

    # The closed loop.

    def loop(self):
        """Sets the packets out, and returns once they circulate."""
        self.command("start")
        self.run_for(0.3)
        self.reset()

    def run_for(self, seconds):
        """Lets the loop run that long, and checks that it does run."""
        before = self.command("report")["guests"]
        time.sleep(seconds)
        now = self.command("report")["guests"]
        assert all(a["received"] > b["received"]
                   for a, b in zip(now, before)), (
            "nothing arrives any more: %s" % now)

    def reset(self):
        """The longest silence starts anew."""
        self.command("reset")

    def silence(self):
        """The longest time, in ms, in which one of the guests heard nothing,
        since the last reset."""
        report = self.command("report")
        return max(g["silence_us"] for g in report["guests"]) / 1000

    def account(self):
        """Stops the loop and accounts for every packet since loop(): a Way
        for each guest that sends, in the order of SOCKETS."""
        guests = self.command("stop")["guests"]
        ways = []
        for n, sender in enumerate(guests):
            g = guests[n ^ 1]
            assert g["damaged"] == g["twice"] == 0, guests
            ways.append(Way(sender["sent"], g["received"],
                            sender["sent"] - g["received"], g["found"],
                            g["silence_us"] / 1000))
        return ways

    # The end.

    def halt(self):
        self.command("stop")

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
