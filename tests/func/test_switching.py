# SPDX-License-Identifier: Apache-2.0
#
# Learning, flooding, aging, limits, isolation, and every named drop.

import pytest

from harness.command import wait_until
from harness.frames import BROADCAST, Device, Wire, frame, text_of
from test_ports import write_pcap

A, B, C = ("02:aa:00:00:00:01", "02:bb:00:00:00:01", "02:cc:00:00:00:01")


@pytest.fixture
def wires(br0):
    """Three ports p0, p1, p2 in br0."""
    return [br0.add_wire("p%d" % n) for n in range(3)]


def silent(*wires):
    """Nothing arrives within a moment."""
    seen = [f for w in wires for f in w.receive(1, timeout=0.3)]
    assert not seen, text_of(seen)


def learn(sw, wire, mac, others):
    """Makes the switch know MAC behind WIRE."""
    hello = frame(BROADCAST, mac, "hello")
    wire.send(hello)
    for other in others:
        assert other.receive() == [hello]


def test_flooding_and_learning(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    # Nobody knows B: every other port gets the frame, once.
    first = frame(B, A, "who is B?")
    p0.send(first)
    assert p1.receive(1, quiet=0.2) == [first]
    assert p2.receive(1, quiet=0.2) == [first]
    silent(p0)
    # B answers: only A's port gets it, since A has been learned.
    answer = frame(A, B, "I am")
    p1.send(answer)
    assert p0.receive(1, quiet=0.2) == [answer]
    silent(p1, p2)
    # And now B is known, too.
    p0.send(first)
    assert p1.receive(1, quiet=0.2) == [first]
    silent(p0, p2)
    table = sw.fdb()
    port = {n: sw.iface("p%d" % n, "ofport") for n in range(3)}
    assert table[A][:2] == (port[0], 0) and table[B][:2] == (port[1], 0)
    assert int(table[A][2]) < 5


def test_broadcast_and_multicast(br0, wires):
    p0, p1, p2 = wires
    for dst in BROADCAST, "01:00:5e:00:00:01", "33:33:00:00:00:01":
        f = frame(dst, A, dst)
        p0.send(f)
        assert p1.receive() == [f] and p2.receive() == [f]
    silent(p0)


def test_many_frames_to_three_ports(br0, wires):
    """A flood shares its buffers; no byte of any copy changes."""
    p0, p1, p2 = wires
    frames = [frame(BROADCAST, A, "%d " % n * (n % 300), size=60)
              for n in range(500)]
    for n in range(0, 500, 50):
        p0.send(*frames[n:n + 50])
        assert p1.receive(50) == frames[n:n + 50]
        assert p2.receive(50) == frames[n:n + 50]


def test_station_moves(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    learn(sw, p0, A, (p1, p2))
    learn(sw, p2, A, (p0, p1))
    back = frame(A, B)
    p1.send(back)
    assert p2.receive() == [back]
    silent(p0)
    assert sw.fdb()[A][0] == sw.iface("p2", "ofport")


def test_the_bridges_own_address(br0, wires):
    """It is learned as any other: unknown until the host speaks."""
    sw = br0
    p0, p1, p2 = wires
    sw.space.netns.ip("link set br0 up")
    sw.wait_link("br0")
    own = sw.iface("br0", "mac_in_use")
    host = Device(sw.space.netns, "br0")
    sw.wires.append(host)
    to_own = frame(own, A, "to the bridge")
    p0.send(to_own)
    assert [w.receive() for w in (p1, p2, host)] == [[to_own]] * 3
    learn(sw, host, own, wires)
    assert sw.fdb()[own][0] == "LOCAL"
    p0.send(to_own)
    assert host.receive() == [to_own]
    silent(p1, p2)
    # Nor is it refused as a source.
    learn(sw, p2, own, (p0, p1, host))
    assert sw.fdb()[own][0] == sw.iface("p2", "ofport")


@pytest.mark.ours
def test_addresses_that_jump(br0, wires):
    """As in a loop: it is said, and forwarding goes on."""
    sw = br0
    p0, p1, p2 = wires
    sw.expect_log(r"\|WARN\|bridge br0: addresses moved from port to port so "
                  r"often .* is there a loop\?")
    sw.vsctl("set Bridge br0 other_config:mac-table-size=1000")
    frames = [frame(B, "02:aa:00:00:%02x:%02x" % divmod(n, 256))
              for n in range(900)]

    def jump():
        # 1,000 moves a second are allowed.
        for wire in p0, p1, p0, p1:
            wire.send(*frames)
        return sw.has_logged("is there a loop")
    wait_until(jump, "the warning", 60)
    for wire in wires:
        # The flooded ones may fill what the kernel queues.
        while wire.receive(1, timeout=0.3):
            wire.flush()
    after = frame(BROADCAST, C, "after")
    p2.send(after)
    for wire in p0, p1:
        assert wire.receive() == [after]


def test_flush(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    learn(sw, p0, A, (p1, p2))
    assert A in sw.fdb()
    assert sw.appctl("fdb/flush br0") == "table successfully flushed\n"
    assert sw.fdb() == {}
    f = frame(A, B)
    p1.send(f)                      # floods again
    assert p0.receive() == [f] and p2.receive() == [f]


def test_entries_of_a_deleted_port_go(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    learn(sw, p0, A, (p1, p2))
    sw.vsctl("del-port p0")
    assert A not in sw.fdb()
    f = frame(A, B)
    p1.send(f)
    assert p2.receive() == [f]


def test_aging(br0, wires):
    """15 seconds, the shortest that can be set."""
    sw = br0
    p0, p1, p2 = wires
    sw.vsctl("set Bridge br0 other_config:mac-aging-time=15")
    learn(sw, p0, A, (p1, p2))
    wait_until(lambda: int(sw.fdb().get(A, "xx0")[2]) >= 8, "A's age of 8 s",
               20, 0.2)
    learn(sw, p0, A, (p1, p2))      # seen again: young again
    wait_until(lambda: int(sw.fdb()[A][2]) <= 2, "A's age to be small", 3)
    wait_until(lambda: A not in sw.fdb(), "A to be forgotten", 25, 0.2)
    f = frame(A, B)
    p1.send(f)
    assert p0.receive() == [f] and p2.receive() == [f]


def test_table_limit(br0, wires):
    sw = br0
    p0, p1, _ = wires
    sw.vsctl("set Bridge br0 other_config:mac-table-size=10")
    for n in range(30):
        p0.send(frame(BROADCAST, "02:aa:00:00:01:%02x" % n))
    assert len(p1.receive(30)) == 30
    wait_until(lambda: len(sw.fdb()) <= 10, "10 entries at most")
    stats = sw.appctl("fdb/stats-show br0")
    assert "Current/maximum MAC entries in the table: 10/10" in stats
    # The table shrinks and grows with its setting.
    sw.vsctl("remove Bridge br0 other_config mac-table-size")
    assert "/8192" in sw.appctl("fdb/stats-show br0")


def test_bridges_are_apart(br0):
    sw = br0
    sw.add_bridge("br1")
    a0, a1 = sw.add_wire("a0"), sw.add_wire("a1")
    b0, b1 = sw.add_wire("b0", "br1"), sw.add_wire("b1", "br1")
    f = frame(BROADCAST, A, "in br0")
    a0.send(f)
    assert a1.receive() == [f]
    silent(b0, b1)
    # The same address in both bridges is two stations.
    g = frame(BROADCAST, A, "in br1")
    b1.send(g)
    assert b0.receive() == [g]
    silent(a0, a1)
    assert sw.fdb("br0")[A][0] == sw.iface("a0", "ofport")
    assert sw.fdb("br1")[A][0] == sw.iface("b1", "ofport")
    sw.vsctl("del-br br1")
    a0.send(f)
    assert a1.receive() == [f]


def test_port_moves_to_another_bridge(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    sw.add_bridge("br1")
    sw.vsctl("del-port br0 p0 -- add-port br1 p0 -- set Interface p0 "
             "type=dpdk options:dpdk-devargs=" + p0.devargs())
    p0.send(frame(BROADCAST, A))
    silent(p1, p2)
    assert A in wait_until(lambda: sw.fdb("br1"), "p0's frame")


@pytest.mark.parametrize("tag", [5, 0x6005, 4095])
def test_tagged_frames_pass_as_they_are(br0, wires, tag):
    p0, p1, p2 = wires
    f = frame(BROADCAST, A, "tagged", vlan=tag)
    p0.send(f)
    assert p1.receive() == [f] and p2.receive() == [f]
    double = frame(BROADCAST, A, bytes.fromhex("000788b5") + b"twice",
                   vlan=tag, ethertype=0x8100)
    p0.send(double)
    assert p1.receive() == [double] and p2.receive() == [double]


# Drops by name.

def dropped(sw, name, before, count=1):
    wait_until(lambda: sw.drops()[name] == before[name] + count,
               lambda: "%d more of %s; now %s" % (count, name, sw.drops()))


@pytest.mark.ours
@pytest.mark.parametrize("name, dst, src", [
    ("src_multicast", B, "03:aa:00:00:00:01"),
    ("src_zero", B, "00:00:00:00:00:00"),
    ("reserved", "01:80:c2:00:00:00", A),
])
def test_addresses_that_are_dropped(br0, wires, name, dst, src):
    sw = br0
    p0, p1, p2 = wires
    before = sw.drops()
    p0.send(frame(dst, src))
    dropped(sw, name, before)
    silent(p1, p2)
    assert src not in sw.fdb()


@pytest.mark.ours
def test_forward_bpdu(br0, wires):
    sw = br0
    p0, p1, _ = wires
    sw.vsctl("set Bridge br0 other_config:forward-bpdu=true")
    f = frame("01:80:c2:00:00:00", A)
    p0.send(f)
    assert p1.receive() == [f]


@pytest.mark.ours
def test_no_way_back_to_its_own_port(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    learn(sw, p0, A, (p1, p2))
    learn(sw, p0, B, (p1, p2))
    before = sw.drops()
    p0.send(frame(B, A))
    dropped(sw, "hairpin", before)
    silent(p0, p1, p2)


@pytest.mark.ours
@pytest.mark.parametrize("name, length", [("runt", 10), ("oversize", 1600)])
def test_length(br0, wires, name, length):
    """A frame that is no Ethernet frame, and one over the port's MTU."""
    sw = br0
    before = sw.drops()
    good = frame(BROADCAST, A, "good")
    write_pcap(sw.space.path("in.pcap"),
               [frame(BROADCAST, A, size=length)[:length], good])
    sw.add_port("n0", "net_pcap0,rx_pcap=%s,tx_pcap=%s"
                % (sw.space.path("in.pcap"), sw.space.path("out.pcap")))
    dropped(sw, name, before)
    for wire in wires:
        assert wire.receive(1, quiet=0.2) == [good]


@pytest.mark.ours
def test_largest_frames_pass(br0, wires):
    """An MTU of 1500 means 1514 bytes, and a tag more."""
    p0, p1, _ = wires
    for f in (frame(BROADCAST, A, size=1514),
              frame(BROADCAST, A, size=1518, vlan=7)):
        p0.send(f)
        assert p1.receive() == [f]


@pytest.mark.ours
def test_fail_mode_secure_forwards_nothing(br0, wires):
    sw = br0
    p0, p1, p2 = wires
    sw.expect_log(r"\|WARN\|.*br0.*fail_mode.*secure")
    sw.vsctl("set-fail-mode br0 secure")
    before = sw.drops()
    p0.send(frame(BROADCAST, A))
    dropped(sw, "fail_secure", before)
    silent(p1, p2)
    sw.vsctl("del-fail-mode br0")
    f = frame(BROADCAST, A)
    p0.send(f)
    assert p1.receive() == [f]


@pytest.mark.ours
def test_bond_makes_no_loop(br0):
    """The first member works, the others say why they do not."""
    sw = br0
    wires = [sw.add_wire("p0")]
    sw.expect_log(r"\|WARN\|.*bond")

    members = [Wire(sw.space.netns, name) for name in ("m0", "m1")]
    sw.wires += members
    result = sw.vsctl_result(
        "add-bond br0 bond0 m0 m1 "
        "-- set Interface m0 type=dpdk options:dpdk-devargs=%s "
        "-- set Interface m1 type=dpdk options:dpdk-devargs=%s"
        % (members[0].devargs(),
           members[1].devargs()))
    assert result.code == 0 and "m1" in result.err and "bond" in result.err
    assert int(sw.iface("m0", "ofport")) > 0
    assert sw.iface("m1", "ofport") == "-1"
    assert "bond" in sw.iface("m1", "error")
    f = frame(BROADCAST, A)
    wires[0].send(f)
    assert members[0].receive() == [f]
    silent(members[1])
    members[1].send(f)
    silent(wires[0], members[0])
