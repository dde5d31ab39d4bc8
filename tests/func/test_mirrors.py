# SPDX-License-Identifier: Apache-2.0
#
# Mirrors as operators make them: to a port, to a VLAN, and wrong ones.

import os
import signal

import pytest

from harness.command import wait_until
from harness.frames import frame
from test_vlans import bare, expect, with_tag

A, B, C = ("02:aa:00:00:00:01", "02:bb:00:00:00:01", "02:cc:00:00:00:01")


@pytest.fixture
def wires(br0):
    """Four ports p0 to p3 in br0."""
    return [br0.add_wire("p%d" % n) for n in range(4)]


def add_mirror(sw, columns, name="m0"):
    """Ports are written @p0 to @p3."""
    sw.vsctl(" -- ".join("--id=@p%d get Port p%d" % (n, n) for n in range(4))
             + " -- --id=@m create Mirror name=%s %s" % (name, columns)
             + " -- add Bridge br0 mirrors @m")


def statistics(sw, name="m0"):
    return {key: int(value) for key, value
            in sw.map_of("Mirror", name, "statistics").items()}


def wait_counted(sw, packets, size):
    wait_until(lambda: statistics(sw) == {"tx_packets": packets,
                                          "tx_bytes": size},
               lambda: "statistics of m0; they are %s" % statistics(sw), 20)


def test_to_a_port(br0, wires):
    sw = br0
    add_mirror(sw, "select_src_port=@p0 select_dst_port=@p0 output_port=@p3")
    hello, answer = bare(), bare(dst=A, src=B)
    expect(wires, 0, hello, p1=hello, p2=hello, p3=hello)
    expect(wires, 1, answer, p0=answer, p3=answer)
    # Neither from nor to p0; and the port is the mirror's alone.
    other = bare(src=B)
    expect(wires, 1, other, p0=other, p2=other, p3=other)
    third = bare(dst=B, src=C)
    expect(wires, 2, third, p1=third)
    expect(wires, 3, bare())
    if not sw.stock:
        wait_until(lambda: sw.drops()["mirror_output"] == 1, "the drop")
    wait_counted(sw, 3, 3 * 64)
    # It keeps its counters through a change, and then copies less.
    sw.vsctl("set Mirror m0 snaplen=20")
    expect(wires, 1, answer, p0=answer, p3=answer[:20])
    wait_counted(sw, 4, 3 * 64 + 20)
    sw.vsctl("clear Bridge br0 mirrors")
    expect(wires, 0, hello, p1=hello, p2=hello, p3=hello)


def test_of_a_vlan(br0, wires):
    """All of VLAN 10; at a trunk, copies show it."""
    sw = br0
    sw.vsctl("set Port p0 tag=10 -- set Port p1 tag=10 -- set Port p2 tag=20")
    add_mirror(sw, "select_all=true select_vlan=10 output_port=@p3")
    hello = bare()
    expect(wires, 0, hello, p1=hello, p3=with_tag(hello, 10))
    expect(wires, 2, hello)
    sw.vsctl("set Port p3 tag=20")
    expect(wires, 0, hello, p1=hello, p3=hello)


def test_to_a_vlan(br0, wires):
    sw = br0
    sw.vsctl("set Port p0 tag=10 -- set Port p1 tag=10 -- set Port p2 tag=99 "
             "-- set Bridge br0 flood_vlans=99")
    add_mirror(sw, "select_src_port=@p0 output_vlan=99")
    hello = bare()
    wires[0].send(hello)
    assert wires[1].receive(1, quiet=0.2) == [hello]
    assert wires[2].receive(1, quiet=0.2) == [hello]
    # The trunk gets the flood and the copy.
    seen = wires[3].receive(2, quiet=0.2)
    assert sorted(seen) == [with_tag(hello, 10), with_tag(hello, 99)]
    sw.vsctl("set Bridge br0 other_config:forward-bpdu=true")
    bpdu = frame("01:80:c2:00:00:00", A, "bpdu", size=64)
    wires[0].send(bpdu)
    assert wires[1].receive() == [bpdu]
    assert wires[3].receive(1, quiet=0.2) == [with_tag(bpdu, 10)]
    assert wires[2].receive(1, timeout=0.2) == []


def test_wrong_mirrors_copy_nothing(br0, wires):
    sw = br0
    said = ["Mirror m0 of bridge br0: set output_port or output_vlan",
            "Mirror m1 of bridge br0: selects no port",
            "Mirror m2 of bridge br0: output_vlan is ignored because",
            "Mirror m3 of bridge br0: output_port elsewhere is no port of"]
    sw.expect_log(*[r"\|WARN\|" + text for text in said])
    sw.add_bridge("br1")
    sw.add_port("elsewhere", "net_null0,no-rx=1", "br1")
    add_mirror(sw, "select_all=true", "m0")
    add_mirror(sw, "select_vlan=10 output_port=@p3", "m1")
    sw.vsctl("--id=@e get Port elsewhere -- --id=@m create Mirror name=m3 "
             "select_all=true output_port=@e -- add Bridge br0 mirrors @m")
    hello = bare()
    expect(wires, 0, hello, p1=hello, p2=hello)     # p3 is m1's
    sw.vsctl("clear Bridge br0 mirrors")
    add_mirror(sw, "select_all=true output_port=@p3 output_vlan=9", "m2")
    expect(wires, 0, hello, p1=hello, p2=hello, p3=hello)
    # The database takes a port that goes out of the mirror.
    sw.expect_log(r"\|WARN\|Mirror m2 of bridge br0: set output_port or")
    sw.vsctl("clear Mirror m2 output_vlan -- del-port p3")
    wires[3].close()
    sw.wires.remove(wires.pop())
    expect(wires, 0, hello, p1=hello, p2=hello)


def received(peer):
    return sum(g["received"] for g in peer.report()["guests"])


@pytest.fixture
def talking(br0):
    """Guests vh0 and vh1, between which as many frames circulate all the
    time; vh2, a mirror of theirs when it is asked for, reads nothing."""
    sw = br0
    for name in "vh0", "vh1", "vh2":
        sw.add_guest_port(name)
    peer = sw.flow_peer("vh0", "vh1")
    stuck = sw.flow_peer("vh2")
    peer.traffic(mode="closed", pace=1000)
    wait_until(lambda: received(peer) > 1000, "frames")
    os.kill(stuck.pid, signal.SIGSTOP)
    yield peer
    os.kill(stuck.pid, signal.SIGCONT)


def mirror_to_vh2(sw):
    sw.vsctl("--id=@o get Port vh2 -- --id=@m create Mirror name=m0 "
             "select_all=true output_port=@o -- add Bridge br0 mirrors @m")


@pytest.mark.ours
def test_to_a_guest_that_is_stuck(br0, talking):
    """Copies are lost, and not one of the frames."""
    sw, peer = br0, talking
    mirror_to_vh2(sw)
    sw.wait_statistics("vh2", lambda s: s["tx_dropped"] > 10000)
    before = received(peer)
    wait_until(lambda: received(peer) > before + 10000, "more frames")
    guests = peer.halt()["guests"]
    assert guests[0]["received"] == guests[1]["sent"]
    assert guests[1]["received"] == guests[0]["sent"]
