# SPDX-License-Identifier: Apache-2.0
#
# Hundreds of bridges and ports, all VLANs: frames reach the members of their
# VLAN in their bridge and nobody else, and a change costs little however much
# there is.
#
# SLUICE_LONG=1: 256 bridges, and 500 ports on one; else fewer.

import json
import time

import pytest

from harness.command import wait_until
from harness.daemon import long_form
from harness.frames import BROADCAST, Device, frame
from test_control import main_thread

pytestmark = pytest.mark.ours

BRIDGES = 256 if long_form() else 32
PORTS = 500 if long_form() else 60
LAST_VLAN = 4094
AT_ONCE = 64            # frames that no queue on the way loses
CHANGES = 5
A, B = "02:aa:00:00:00:01", "02:bb:00:00:00:01"


class Costs:
    """What happens inside takes so much of the main thread's time at most."""

    def __init__(self, sw, what, most):
        self.sw, self.what, self.most = sw, what, most

    def __enter__(self):
        self.began = time.monotonic(), main_thread(self.sw.daemon.pid)

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.began[0]
        used = main_thread(self.sw.daemon.pid) - self.began[1]
        print("%s: %.2f s, of the main thread %.3f s" % (self.what, took,
                                                         used))
        assert kind or used < self.most, "%s: %.2f s" % (self.what, used)


def resident(sw):
    """MB of the daemon's own memory, hugepages aside."""
    with open("/proc/%d/status" % sw.daemon.pid) as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith("VmRSS")) / 1024


def sent(sw, names):
    """{port: frames sent} of the interfaces NAMES."""
    text = sw.vsctl("--format=json --columns=name,statistics list Interface")
    found = {name: dict(statistics[1]).get("tx_packets", 0)
             for name, statistics in json.loads(text)["data"]}
    return {name: found[name] for name in names}


def wait_sent(sw, expect):
    """Each port of EXPECT sends so many frames, and no more."""
    def wrong():
        now = sent(sw, expect)
        return {p: now[p] for p in expect if now[p] != expect[p]}
    wait_until(lambda: not wrong(),
               lambda: "the frames; other counts: %s" % wrong(), 30, 0.5)


def pair(n, tag, bridge, options=""):
    """An access port of br0, the other end of which is in BRIDGE."""
    return ["--", "add-port", "br0", "a%d" % n, "tag=%d" % tag, "--", "set",
            "Interface", "a%d" % n, "type=patch", "options:peer=z%d" % n,
            "--", "add-port", bridge, "z%d" % n] + options.split() + [
            "--", "set", "Interface", "z%d" % n, "type=patch",
            "options:peer=a%d" % n]


def vlan_of(f):
    return int.from_bytes(f[14:16], "big") & 4095


def flood_vlans(p0, p1, vlans):
    """Broadcasts from one trunk, in each of VLANS; the other gets all."""
    for at in range(0, len(vlans), AT_ONCE):
        some = vlans[at:at + AT_ONCE]
        p0.send(*[frame(BROADCAST, A, vlan=vlan) for vlan in some])
        assert [vlan_of(f) for f in p1.receive(len(some))] == some


@pytest.fixture
def trunks(br0):
    """One of all VLANs, and one that names each of them."""
    p0, p1 = [br0.add_wire("p%d" % n) for n in range(2)]
    br0.vsctl(["set", "Port", "p1", "trunks=" + ",".join(
        map(str, range(1, LAST_VLAN + 1)))])
    return p0, p1


def test_ports_and_vlans(br0, trunks):
    """The far ends are in a bridge where none may send to another."""
    sw = br0
    sw.add_bridge("br1")
    tags = {"a%d" % n: 1 + 8 * n for n in range(PORTS)}
    before = resident(sw)
    words = []
    for n in range(PORTS):
        words += pair(n, tags["a%d" % n], "br1", "protected=true")
    with Costs(sw, "%d pairs of ports" % PORTS, 30):
        sw.vsctl(words[1:], timeout=120)
    print("%.1f MB more" % (resident(sw) - before))
    assert resident(sw) - before < 20 + 0.2 * 2 * PORTS

    flood_vlans(*trunks, list(range(1, LAST_VLAN + 1)))
    wait_sent(sw, {name: 1 for name in tags})
    with Costs(sw, "%d changes of a tag" % CHANGES, CHANGES * 0.2):
        for n in range(CHANGES):
            sw.vsctl("set Port a0 tag=%d" % (4000 + n))
    flood_vlans(*trunks, [1, 4000, 4004])
    wait_sent(sw, dict({name: 1 for name in tags}, a0=2))
    assert sw.drops()["no_output"] == 0


def test_bridges(br0, trunks):
    """Each is joined with br0 in a VLAN of its own, so that the same station
    is everywhere, and nobody is in two bridges."""
    sw = br0
    # What so many bridges' own ports may hold is more than a pool grows to.
    sw.allow_log(r"\|WARN\|mempool \S*-kernel\": its ports may hold")
    before = resident(sw)
    words = []
    for n in range(BRIDGES):
        name = "b%d" % n
        words += ["--", "add-br", name, "--", "set", "Bridge", name,
                  "datapath_type=netdev"] + pair(n, n + 1, name)
    with Costs(sw, "%d bridges" % BRIDGES, 30):
        sw.vsctl(words[1:], timeout=120)
    print("%.1f MB more" % (resident(sw) - before))
    assert resident(sw) - before < 20 + 0.2 * 3 * BRIDGES

    flood_vlans(*trunks, list(range(1, BRIDGES + 3)))
    wait_sent(sw, {"a%d" % n: 1 for n in range(BRIDGES)})
    for n in 0, BRIDGES - 1:
        assert list(sw.fdb("b%d" % n)) == [A]

    # A frame to a station in a VLAN is a matter of one bridge.
    trunks[1].send(frame(A, B, vlan=BRIDGES))
    assert [vlan_of(f) for f in trunks[0].receive(1)] == [BRIDGES]
    wait_sent(sw, dict({"a%d" % n: 1 for n in range(BRIDGES)},
                       **{"z%d" % n: 0 for n in range(BRIDGES)}))
