# SPDX-License-Identifier: Apache-2.0
#
# How does testpmd play the guests of a benchmark?
#
# In io mode between two virtio-user ports: the closed loop of
# tests/func/harness/peer.py, told and asked in flow-peer's words.  DPDK's
# virtio driver is the guest's part of the cost.

import re
import time

BURSTS = 2              # of 64 frames, in flight each way


class TestpmdGuests:
    """PEER, a harness.peer.Peer that runs, with two ports."""

    def __init__(self, peer):
        self.peer = peer
        peer.command("set record-core-cycles on")

    @property
    def pid(self):
        return self.peer.pid

    def report(self):
        """As flow-peer's, with `seconds` for time and `busy` in TSC cycles;
        both guests are one."""
        text = self.peer.command("show fwd stats all")
        now = time.monotonic()
        counts = re.search(r"Accumulated forward statistics.*?"
                           r"RX-packets:\s*(\d+).*?TX-packets:\s*(\d+)",
                           text, re.S)
        cycles = re.search(r"(?:busy|total) cycles=(\d+)", text)
        assert counts, "no statistics in:\n" + text
        return {"seconds": now,
                "busy": int(cycles.group(1)) if cycles else 0,
                "guests": [{"up": True, "received": int(counts.group(1)),
                            "sent": int(counts.group(2)), "others": 0}]}

    def traffic(self, size=64):
        self.peer.loop(BURSTS, size=size)

    def halt(self):
        """Nothing stays in flight, or the next loop would have more."""
        self.peer.halt()
        self.peer.drain()
