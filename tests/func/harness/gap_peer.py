# SPDX-License-Identifier: Apache-2.0
#
# For how long do guests hear nothing?
#
# tests/peer/gap-peer.c plays the guests and measures; this types its commands
# and reads its answers.

import collections
import time

from .json_peer import JsonPeer
from .peer import guest_mac

# `silence` and `away` in ms; counts as in peer.py.
Way = collections.namedtuple("Way", "sent received lost in_flight silence")


class GapPeer(JsonPeer):
    """Guests on SOCKETS, which it serves, two and two in a loop of IN_FLIGHT
    packets each of SIZE bytes.  WATCH: the scheduler's statistics of the
    thread that serves them."""

    def __init__(self, space, sockets, hugepages=True, in_flight=64, size=60,
                 pace=50, watch=None, name="gap"):
        super().__init__(space, name, sockets)
        self.in_flight = in_flight
        memory = (["--in-memory", "--single-file-segments"] if hugepages
                  else ["--no-huge"])
        # Its packets: a ring in each direction, and those in flight.
        megabytes = 16 + (len(self.sockets) * (512 + in_flight)
                          * (max(size, 2048) + 512) >> 20)
        self.argv = [
            self.program("gap-peer"), "--lcores", "0@0", "--no-pci",
            "--no-telemetry",
            "-m", str(megabytes if hugepages else 2 * megabytes),
            "--file-prefix=%s-%s" % (space.id, name)] + memory
        for n, path in enumerate(self.sockets):
            self.argv.append("--vdev=net_virtio_user%d,path=%s,server=1,"
                             "queue_size=256,mrg_rxbuf=0,in_order=0,mac=%s"
                             % (n, path, guest_mac(n)))
        self.argv += ["--", "--in-flight=%d" % in_flight, "--size=%d" % size,
                      "--pace=%d" % pace]
        if watch:
            self.argv.append("--watch=" + watch)

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

    def halt(self):
        self.command("stop")
