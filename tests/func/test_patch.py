# SPDX-License-Identifier: Apache-2.0
#
# Two patch ports that name each other join their bridges.

import re
import time

import pytest

from harness.command import wait_until
from harness.frames import BROADCAST, frame

A, B = "02:aa:00:00:00:01", "02:bb:00:00:00:01"


def add_patch(sw, a, b, bridges=("br0", "br1")):
    """Both ends at once, as ovn and others do it."""
    sw.vsctl(" -- ".join(
        "add-port %s %s -- set Interface %s type=patch options:peer=%s"
        % (bridge, name, name, peer)
        for bridge, name, peer in zip(bridges, (a, b), (b, a))))


def wait_drops(sw, name, count):
    wait_until(lambda: sw.drops()[name] == count,
               lambda: "%d of %s; now %s" % (count, name, sw.drops()))


@pytest.fixture
def bridges(br0):
    """br0 with port p0, br1 with port q0."""
    sw = br0
    sw.add_bridge("br1")
    sw.p0 = sw.add_wire("p0")
    sw.q0 = sw.add_wire("q0", bridge="br1")
    return sw


def test_a_pair(bridges):
    sw = bridges
    add_patch(sw, "a", "b")
    for name in "a", "b":
        assert sw.iface(name, "error") == "[]"
        assert sw.iface(name, "link_state") == "up"
        assert sw.iface(name, "admin_state") == "up"
        assert re.match(r"(..:){5}..$", sw.iface(name, "mac_in_use"))
    shown = sw.appctl("dpif/show")
    assert re.search(r"^    a 2/none: \(patch: peer=b\)$", shown, re.M), shown

    first = frame(BROADCAST, A, "who is B?", size=1514)
    sw.p0.send(first)
    assert sw.q0.receive(1, quiet=0.2) == [first]
    answer = frame(A, B, "I am")
    sw.q0.send(answer)
    assert sw.p0.receive(1, quiet=0.2) == [answer]
    assert sw.fdb("br0")[B][0] == sw.iface("a", "ofport")
    assert sw.fdb("br1")[A][0] == sw.iface("b", "ofport")
    for name, tx, rx in ("a", 1514, 60), ("b", 60, 1514):
        wanted = {"tx_packets": 1, "rx_packets": 1, "tx_bytes": tx,
                  "rx_bytes": rx}
        sw.wait_statistics(name, lambda s: s.items() >= wanted.items())


def test_half_a_pair(bridges):
    """Nothing passes until both are there; then it does by itself."""
    sw = bridges
    no_peer = "No usable peer '%s' exists in 'netdev' datapath."
    sw.vsctl("add-port br0 a -- set Interface a type=patch options:peer=b")
    assert sw.iface("a", "error") == no_peer % "b"
    assert sw.iface("a", "ofport") == "2"
    sw.p0.send(frame(BROADCAST, A))
    sw.vsctl("add-port br1 b -- set Interface b type=patch options:peer=a")
    assert sw.iface("a", "error") == sw.iface("b", "error") == "[]"
    sw.q0.flush()
    sent = frame(BROADCAST, A, "through")
    sw.p0.send(sent)
    assert sw.q0.receive(1) == [sent]

    sw.vsctl("set Interface b options:peer=c")
    assert sw.iface("a", "error") == no_peer % "b"
    assert sw.iface("b", "error") == no_peer % "c"
    sw.vsctl("set Interface b options:peer=a")
    assert sw.iface("a", "error") == sw.iface("b", "error") == "[]"
    sw.vsctl("del-br br1")
    assert sw.iface("a", "error") == no_peer % "b"


@pytest.mark.ours
def test_drops_have_a_name(bridges):
    sw = bridges
    sw.vsctl("add-port br0 a -- set Interface a type=patch options:peer=b")
    sw.p0.send(frame(BROADCAST, A))
    wait_drops(sw, "patch_no_peer", 1)


@pytest.mark.ours
def test_wrong_peers(br0):
    sw = br0
    sw.expect_log("a: patch type requires valid 'peer' argument",
                  "b: patch peer must not be self")
    assert sw.vsctl_refused("add-port br0 a -- set Interface a type=patch") \
        == "a: patch type requires valid 'peer' argument"
    assert sw.vsctl_refused("add-port br0 b -- set Interface b type=patch "
                            "options:peer=b") \
        == "b: patch peer must not be self"


@pytest.mark.ours
def test_a_loop_ends(bridges):
    """Two pairs between two bridges: each frame goes round a few times, and
    other traffic does not suffer."""
    sw = bridges
    add_patch(sw, "a", "b")
    add_patch(sw, "c", "d")
    sent = frame(BROADCAST, A)
    sw.p0.send(sent)
    wait_drops(sw, "patch_loop", 2)
    seen = sw.q0.receive(100, timeout=0.3)
    assert 2 <= len(seen) <= 16 and set(seen) == {sent}
    sw.vsctl("del-port c")
    sw.p0.flush()
    sw.q0.flush()
    unicast = frame(A, B)
    sw.q0.send(frame(BROADCAST, B))
    sw.p0.receive(1)
    sw.p0.send(frame(BROADCAST, A))
    sw.q0.receive(1)
    sw.q0.send(unicast)
    assert sw.p0.receive(1, quiet=0.2) == [unicast]


@pytest.mark.ours
def test_pairs_come_and_go_under_traffic(br0):
    """Two guests of one bridge lose nothing."""
    sw = br0
    sw.add_bridge("br1")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    for _ in range(10):
        add_patch(sw, "a", "b")
        sw.vsctl("del-port b -- del-port a")
    time.sleep(0.5)
    for way in peer.account():
        assert way.received > 10000 and way.lost == 0, way
