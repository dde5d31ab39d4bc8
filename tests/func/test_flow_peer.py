# SPDX-License-Identifier: Apache-2.0
#
# The peer of the benchmarks: what it says that it sends is what it sends.

import pytest

from harness.command import wait_until
from harness.flow_peer import FlowPeer
from harness.space import Space

ENOUGH = 2000           # packets for each guest: more than the rings hold


def run(peer, **options):
    """Traffic until every guest has enough; what each counted of it."""
    before = peer.report()["guests"]
    peer.traffic(**options)

    def enough():
        now = peer.report()["guests"]
        return all(b["received"] - a["received"] > ENOUGH
                   for a, b in zip(before, now))
    try:
        wait_until(enough, lambda: "packets to arrive: %s" % peer.report())
    finally:
        after = peer.halt()["guests"]
    return [{key: b[key] - a[key] for key in ("sent", "received", "others")}
            for a, b in zip(before, after)]


@pytest.fixture
def guests(br0):
    for n in range(4):
        br0.add_guest_port("vh%d" % n)
    return br0


def test_nothing_is_lost_in_a_closed_loop(guests):
    peer = guests.flow_peer("vh0", "vh1")
    for options in ({"size": 64}, {"size": "mix"},
                    {"size": 1518, "touch": "all", "flows": 40},
                    {"kind": "tuples", "flows": 70000}):
        counts = run(peer, mode="closed", pace=1000, **options)
        assert [c["received"] for c in counts] == [
            c["sent"] for c in reversed(counts)], (options, counts)


def test_nothing_is_lost_without_a_switch():
    space = Space()
    peer = FlowPeer(space, [space.path("a.sock"), space.path("b.sock")],
                    null=0)
    try:
        peer.start()
        for options in {"mode": "open"}, {"mode": "closed"}, {"size": "mix"}:
            counts = run(peer, pace=1000, **options)
            assert [c["received"] for c in counts] == [
                c["sent"] for c in reversed(counts)], (options, counts)
    finally:
        peer.stop()
        space.remove()


def test_every_pair_of_addresses_is_there(guests):
    peer = guests.flow_peer("vh0", "vh1")
    run(peer, flows=500, pace=1000)
    table = guests.fdb()
    for guest in 0, 1:
        port = guests.iface("vh%d" % guest, "ofport")
        for station in 0, 1, 255, 256, 499:
            mac = "02:%02x:00:00:%02x:%02x" % (guest, station >> 8,
                                               station & 255)
            assert table[mac][0] == port
    assert sum(mac.startswith("02:0") for mac in table) == 1000


def test_guests_that_talk_to_all_others(guests):
    peer = guests.flow_peer("vh0", "vh1", "vh2", "vh3")
    counts = run(peer, to="all", pace=1000)
    assert not any(c["others"] for c in counts), counts
    table = guests.fdb()
    assert sum(mac.startswith("02:0") for mac in table) == 4


def test_one_guest_talks_to_everybody(guests):
    peer = guests.flow_peer("vh0", "vh1", "vh2", "vh3")
    peer.traffic(to="everybody", senders=1, pace=1000)
    wait_until(lambda: all(g["received"] > ENOUGH
                           for g in peer.report()["guests"][1:]), "packets")
    guest = peer.halt()["guests"]
    assert guest[0]["received"] == 0
    assert all(g["sent"] == 0 for g in guest[1:])


def test_what_arrives_in_another_form_is_told_apart(guests):
    """No port here takes the tag off or puts one on."""
    peer = guests.flow_peer("vh0", "vh1")
    before = peer.report()["guests"]
    peer.traffic(vlan=10, pace=1000)
    wait_until(lambda: all(g["others"] > ENOUGH
                           for g in peer.report()["guests"]), "packets")
    after = peer.halt()["guests"]
    assert [g["received"] for g in after] == [
        g["received"] for g in before]
