# SPDX-License-Identifier: Apache-2.0
#
# VLANs as operators set them: each kind of port, and what is said of settings
# that contradict each other.

import struct

import pytest

from harness.command import wait_until
from harness.frames import BROADCAST, frame, text_of

A, B = "02:aa:00:00:00:01", "02:bb:00:00:00:01"


@pytest.fixture
def wires(br0):
    """Four ports p0 to p3 in br0."""
    return [br0.add_wire("p%d" % n) for n in range(4)]


def tagged(vid, dst=BROADCAST, src=A, priority=0, inner=None):
    """A frame of 64 bytes with a tag, and with another one behind it."""
    if inner is None:
        return frame(dst, src, "tagged", vlan=priority << 13 | vid, size=64)
    return frame(dst, src, struct.pack("!HH", inner, 0x88b5) + b"twice",
                 vlan=priority << 13 | vid, ethertype=0x8100, size=64)


def untagged(f):
    return f[:12] + f[16:]


def bare(dst=BROADCAST, src=A):
    return frame(dst, src, "bare", size=64)


def with_tag(f, vid, tpid=0x8100):
    return f[:12] + struct.pack("!HH", tpid, vid) + f[12:]


def expect(wires, sent_by, data, **expected):
    """The frame DATA, sent by a wire, comes out where EXPECTED says and
    nowhere else."""
    wires[sent_by].send(data)
    for n, wire in enumerate(wires):
        want = expected.get("p%d" % n)
        got = wire.receive(1, timeout=5 if want else 0.15)
        assert got == ([want] if want else []), (
            "p%d: %s" % (n, text_of(got)))


def dropped(sw, name, wires, sent_by, data):
    before = sw.drops()[name]
    expect(wires, sent_by, data)
    wait_until(lambda: sw.drops()[name] == before + 1, name)


def test_access_and_trunk(br0, wires):
    sw = br0
    sw.vsctl("set Port p0 tag=10 -- set Port p1 tag=10 -- set Port p2 tag=20 "
             "-- set Port p3 trunks=10,20")
    hello = bare()
    expect(wires, 0, hello, p1=hello, p3=with_tag(hello, 10))
    # The answer of the trunk finds A in VLAN 10 only.
    answer = tagged(10, dst=A, src=B)
    expect(wires, 3, answer, p0=untagged(answer))
    other = tagged(20, dst=A, src=B)
    expect(wires, 3, other, p2=untagged(other))
    table = sw.appctl("fdb/show br0").splitlines()[1:]
    assert sorted(line.split()[1:3] for line in table) == [
        ["10", A], ["10", B], ["20", B]]
    for wrong in tagged(10), tagged(20):
        expect(wires, 0, wrong)
    for wrong in tagged(30), hello:
        expect(wires, 3, wrong)


@pytest.mark.ours
def test_drops_have_names(br0, wires):
    sw = br0
    sw.vsctl("set Port p0 tag=10 -- set Port p3 trunks=10,20 "
             "-- set Port p1 vlan_mode=dot1q-tunnel tag=100 cvlans=7")
    dropped(sw, "vlan_access", wires, 0, tagged(10))
    dropped(sw, "vlan_trunk", wires, 3, tagged(30))
    dropped(sw, "vlan_trunk", wires, 3, bare())
    dropped(sw, "vlan_customer", wires, 1, tagged(8))
    sw.appctl("fdb/add br0 p0 20 " + B)
    dropped(sw, "vlan_output", wires, 3, tagged(20, dst=B))
    sw.vsctl("set Port p1 vlan_mode=access tag=10 protected=true "
             "-- clear Port p1 cvlans -- set Port p0 protected=true")
    sw.appctl("fdb/add br0 p0 10 " + B)
    dropped(sw, "protected", wires, 1, bare(dst=B))


def test_native_vlans(br0, wires):
    sw = br0
    sw.vsctl("set Port p0 vlan_mode=native-tagged tag=10 "
             "-- set Port p1 vlan_mode=native-untagged tag=10 "
             "-- set Port p2 tag=10 -- set Port p3 tag=20")
    hello = bare()
    expect(wires, 2, hello, p0=with_tag(hello, 10), p1=hello)
    expect(wires, 0, hello, p1=hello, p2=hello)
    expect(wires, 1, tagged(20), p0=tagged(20), p3=untagged(tagged(20)))


@pytest.mark.ours
def test_tunnel(br0, wires):
    """The kernel's way to the switch forgets 0x88a8, so the service tag comes
    back as 0x8100."""
    sw = br0
    sw.vsctl("set Port p0 vlan_mode=dot1q-tunnel tag=100 cvlans=0,7 "
             "-- set Port p1 vlan_mode=dot1q-tunnel tag=100 "
             "other_config:qinq-ethtype=802.1q "
             "-- set Port p3 tag=100")
    customer = tagged(7, priority=3)
    expect(wires, 0, customer, p1=customer,
           p2=with_tag(customer, 100, 0x88a8))
    expect(wires, 1, customer, p0=customer, p2=with_tag(customer, 100))
    plain = bare()
    expect(wires, 0, plain, p1=plain, p2=with_tag(plain, 100, 0x88a8),
           p3=plain)
    back = tagged(100, inner=7)
    expect(wires, 2, back, p0=untagged(back), p1=untagged(back))
    eight = tagged(100, inner=8)
    expect(wires, 2, eight, p1=untagged(eight))
    expect(wires, 0, tagged(8))


@pytest.mark.ours
def test_priority_tags(br0, wires):
    sw = br0
    sw.vsctl("set Port p0 tag=10 -- set Port p1 tag=10 "
             "-- set Port p2 tag=10 other_config:priority-tags=if-nonzero "
             "-- set Port p3 tag=10 other_config:priority-tags=always")
    urgent, usual = tagged(0, priority=5), tagged(0)
    expect(wires, 0, urgent, p1=untagged(urgent), p2=urgent, p3=urgent)
    expect(wires, 0, usual, p1=untagged(usual), p2=untagged(usual), p3=usual)
    expect(wires, 0, bare(), p1=bare(), p2=bare(), p3=bare())


@pytest.mark.ours
def test_flood_vlans(br0, wires):
    sw = br0
    sw.vsctl("set Bridge br0 flood_vlans=10")
    for _ in range(2):
        expect(wires, 0, tagged(10), p1=tagged(10), p2=tagged(10),
               p3=tagged(10))
        back = tagged(10, dst=A, src=B)
        expect(wires, 1, back, p0=back, p2=back, p3=back)
    assert sw.fdb() == {}
    sw.vsctl("clear Bridge br0 flood_vlans")
    expect(wires, 0, tagged(10), p1=tagged(10), p2=tagged(10), p3=tagged(10))
    expect(wires, 1, back, p0=back)


def test_protected(br0, wires):
    sw = br0
    sw.vsctl("set Port p0 protected=true -- set Port p1 protected=true")
    hello = bare()
    expect(wires, 0, hello, p2=hello, p3=hello)
    expect(wires, 1, bare(dst=A, src=B))
    expect(wires, 2, bare(dst=A, src=B), p0=bare(dst=A, src=B))


def test_a_port_leaves_its_vlan(br0, wires):
    """What was learned there is forgotten at once."""
    sw = br0
    sw.vsctl("set Port p0 tag=10 -- set Port p1 tag=10 -- set Port p2 tag=10 "
             "-- set Port p3 tag=20")
    expect(wires, 0, bare(), p1=bare(), p2=bare())
    to_a = bare(dst=A, src=B)
    expect(wires, 1, to_a, p0=to_a)
    sw.vsctl("set Port p0 tag=20")
    assert list(sw.fdb()) == [B]
    expect(wires, 1, to_a, p2=to_a)
    expect(wires, 0, bare(), p3=bare())


def test_a_bridge_for_one_vlan(br0, wires):
    """ovs-vsctl's fake bridge: an access port with a name."""
    sw = br0
    sw.vsctl("add-br br10 br0 10")
    sw.vsctl("del-port p1 -- add-port br10 p1 -- set Interface p1 type=dpdk "
             "options:dpdk-devargs=" + wires[1].devargs())
    assert sw.get("Port", "p1", "tag") == "10"
    expect(wires, 1, bare(), p0=with_tag(bare(), 10), p2=with_tag(bare(), 10),
           p3=with_tag(bare(), 10))
    assert sw.vsctl("list-ports br10") == "p1"
    sw.vsctl("del-br br10")


@pytest.mark.ours
def test_settings_that_contradict(br0, wires):
    sw = br0
    said = [r"Port p0: trunks is ignored because vlan_mode is access, as tag "
            r"is set and vlan_mode is not",
            r"Port p1: tag 5 is ignored because vlan_mode is trunk",
            r"Port p2: vlan_mode is access and tag is missing: using VLAN 0",
            r"Port p3: priority-tags \"sometimes\" is none of never"]
    sw.expect_log(*[r"\|WARN\|" + text for text in said])
    sw.vsctl("set Port p0 tag=10 trunks=20")
    sw.vsctl("set Port p1 vlan_mode=trunk tag=5")
    sw.vsctl("set Port p2 vlan_mode=access")
    sw.vsctl("set Port p3 other_config:priority-tags=sometimes")
    expect(wires, 1, bare(), p2=bare(), p3=bare())
    expect(wires, 0, bare(), p1=with_tag(bare(), 10),
           p3=with_tag(bare(), 10))
    for text in said:
        assert len([x for x in sw.log.lines() if text[:20] in x]) == 1
