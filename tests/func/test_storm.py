# SPDX-License-Identifier: Apache-2.0
#
# A port from which new source addresses come as fast as the switch reads
# them, beside two stations that are known.
#
# The storm is net_pcap's: frames from a file, without end, at the speed of
# memory.  SLUICE_LONG=1: for 30 s, and the stations' throughput is compared
# with that beside as many frames from addresses that are known.

import re
import struct
import time

import pytest

from harness.command import wait_until
from harness.daemon import long_form
from harness.frames import frame
from test_control import main_thread
from test_many import resident

pytestmark = pytest.mark.ours

ADDRESSES = 50000       # several times those of the MAC table
SINK = "02:ff:00:00:00:01"
SECONDS = 30 if long_form() else 3


def write_pcap(path, sources):
    """Frames from each of SOURCES to the sink."""
    with open(path, "wb") as f:
        f.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        header = struct.pack("=IIII", 0, 0, 60, 60)
        for n in sources:
            f.write(header + frame(SINK, "02:ee:00:%02x:%02x:%02x" % (
                n >> 16, n >> 8 & 255, n & 255)))


def start_storm(sw, name, sources):
    path = sw.space.path(name + ".pcap")
    write_pcap(path, sources)
    sw.add_port(name, "net_pcap_%s,rx_pcap=%s,infinite_rx=1" % (name, path))


def missed(sw):
    """Frames whose destination was not known."""
    text = sw.appctl("dpif/show").splitlines()[0]
    return int(text.rpartition("missed:")[2])


def table(sw):
    """How many addresses are known, and may be."""
    text = sw.appctl("fdb/stats-show br0")
    return [int(n) for n in re.search(r": (\d+)/(\d+)", text).groups()]


class Pair:
    """Two guests, between which as many frames circulate all the time."""

    def __init__(self, sw):
        for port in "vh0", "vh1":
            sw.add_guest_port(port)
        self.peer = sw.flow_peer("vh0", "vh1")
        self.peer.traffic(mode="closed", pace=1000)
        wait_until(lambda: self.received() > 1000, "frames")

    def received(self):
        return sum(g["received"] for g in self.peer.report()["guests"])

    def rate(self, seconds):
        start, n = time.monotonic(), self.received()
        time.sleep(seconds)
        return (self.received() - n) / (time.monotonic() - start)


@pytest.fixture
def storm(br0):
    """Where the storm's frames go, so that they are not flooded."""
    sw = br0
    sw.expect_log(r"\|WARN\|bridge br0: port new, which has most of the 8192 "
                  r"addresses of the full MAC table, brings so many new ones")
    sw.add_port("sink", "net_null_sink,no-rx=1")
    sw.appctl("fdb/add br0 sink 0 " + SINK)
    return sw


def test_learning_storm(storm):
    sw = storm
    pair = Pair(sw)
    start_storm(sw, "new", range(ADDRESSES))
    wait_until(lambda: table(sw)[0] == 8192, "a full table", 30)
    before = missed(sw), pair.received(), resident(sw)
    began = time.monotonic(), main_thread(sw.daemon.pid)

    # ovs-vsctl and ovs-appctl are answered meanwhile.
    longest = 0
    while time.monotonic() - began[0] < SECONDS:
        start = time.monotonic()
        sw.settle()
        longest = max(longest, time.monotonic() - start)
        current, limit = table(sw)
        assert current <= limit == 8192
    used = main_thread(sw.daemon.pid) - began[1]
    elapsed = time.monotonic() - began[0]
    print("ovs-vsctl: %.0f ms at most; main thread: %.1f %%" % (
        longest * 1000, 100 * used / elapsed))
    assert used < elapsed / 2
    if long_form():
        assert longest < 1

    # The pair was never forgotten, nor lost a frame; memory stays.
    assert pair.received() > before[1]
    assert missed(sw) == before[0]
    assert resident(sw) < before[2] + 20
    guests = pair.peer.halt()["guests"]
    assert guests[0]["received"] == guests[1]["sent"]
    assert guests[1]["received"] == guests[0]["sent"]
    sw.wait_log("brings so many new ones")


@pytest.mark.skipif(not long_form(), reason="a race: SLUICE_LONG=1")
def test_throughput_beside_a_storm(storm):
    """In turns: beside frames from 1,000 addresses, and from ever new ones."""
    sw = storm
    pair = Pair(sw)
    rates = {"known": [], "new": []}
    for _ in range(5):
        for name, addresses in ("known", 1000), ("new", ADDRESSES):
            start_storm(sw, name, [n % addresses for n in range(ADDRESSES)])
            rates[name].append(pair.rate(3))
            sw.vsctl("del-port " + name)
    known, new = [sorted(rates[name])[2] for name in ("known", "new")]
    print("frames a second: %.0f beside known addresses, %.0f beside new ones"
          % (known, new))
    assert new > 0.9 * known, (known, new)
