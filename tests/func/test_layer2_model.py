# SPDX-License-Identifier: Apache-2.0
#
# Random bridges and frames: the switch does what the reference switch of the
# harness does, frame for frame, and knows the same addresses.
#
# Eight bridges at once, some of them joined by patch ports.  In a step, all
# that is configured may change: VLANs, mirrors, ports that come and go, static
# addresses, the size of the table.  Then guests send bursts.  A step is a
# round for each bridge.
#
# Short in a usual run, the same each time.  By hand, with other seeds and
# more rounds:
#
#     LAYER2_ROUNDS=10000 LAYER2_SEED=7 tests/func/run -k layer2_model

import os
import random
import time
from collections import Counter, defaultdict

import pytest

from harness import random_bridges as some
from harness.bridge_rig import BridgeRig
from harness.frames import text_of
from harness.reference import Network, Port, Reference

BRIDGES = ["b%d" % n for n in range(8)]
GUESTS = 5              # of a bridge, at most
LEAST = 2
BURSTS = 12             # in a step
# Bridges 0-1-2 and 3-4-5 may be chains, 6-7 a pair.
LINKS = [(n, n + 1) for n in range(len(BRIDGES) - 1) if n % 3 != 2]
# Mirrors to a VLAN send frames back through patch ports.  In a chain of more
# than two, who is learned where then depends on which copy is sent first.
REFLECTING = 2


def guest_ports(bridge):
    return ["%sp%d" % (bridge, n) for n in range(GUESTS)]


class World:
    """The bridges as the reference and as the switch have them."""

    def __init__(self, sw, seed):
        self.rng = random.Random(seed)
        self.network = Network({b: Reference({b: Port()}) for b in BRIDGES})
        self.rig = BridgeRig(sw, BRIDGES)
        self.frames = 0
        self.known = {}
        for bridge, reference in self.network.bridges.items():
            reference.give_up = lambda c, b=bridge: self.given_up(b, c)
        self.changed = defaultdict(dict)
        for bridge in BRIDGES:
            for number, name in enumerate(guest_ports(bridge)):
                self.add_guest(bridge, name, number)
        self.commit()

    # Settings.

    def add_guest(self, bridge, name, number):
        self.changed[bridge][name] = port = some.random_port(self.rng)
        self.rig.add_guest(bridge, name, number + 1, port)

    def commit(self):
        for bridge, ports in self.changed.items():
            self.network.bridges[bridge].configure(ports=ports)
        self.changed.clear()
        self.rig.commit()

    def configure(self):
        joined = {b: self.network.group(b) for b in BRIDGES}
        self.change_links()
        for bridge in BRIDGES:
            self.change_ports(bridge)
        shrunk = []
        for bridge in BRIDGES:
            group = self.network.group(bridge)
            if (self.rng.random() < 0.5 or group != joined[bridge]
                    or None in self.changed[bridge].values()):
                shrunk += self.change_settings(bridge, group)
        self.commit()
        for bridge in shrunk:
            self.forget_what_has_no_room(bridge)
        for bridge in BRIDGES:
            self.change_addresses(bridge)

    def change_links(self):
        for one, other in LINKS:
            if self.rng.random() < 0.85:
                continue
            for a, b in (one, other), (other, one):
                a, b = BRIDGES[a], BRIDGES[b]
                name, peer = "%s-%s" % (a, b), "%s-%s" % (b, a)
                if self.network.patches.pop((a, name), None):
                    self.changed[a][name] = None
                    self.rig.del_port(a, name)
                else:
                    self.network.patches[a, name] = b, peer
                    port = some.random_port(self.rng)
                    self.changed[a][name] = port
                    self.rig.add_patch(a, name, 100 + int(b[1:]), port, peer)

    def change_ports(self, bridge):
        there = self.network.bridges[bridge].ports
        for number, name in enumerate(guest_ports(bridge)):
            if name not in there:
                if self.rng.random() < 0.3:
                    self.add_guest(bridge, name, number)
            elif (self.rng.random() < 0.02
                  and sum(p in there and p not in self.changed[bridge]
                          for p in guest_ports(bridge)) > LEAST):
                self.changed[bridge][name] = None
                self.rig.del_port(bridge, name)
        for name in there:
            if name not in self.changed[bridge] and self.rng.random() < 0.3:
                self.changed[bridge][name] = some.random_port(self.rng)
                self.rig.set_port(name, self.changed[bridge][name])

    def change_settings(self, bridge, group):
        """Returns the bridge if its table got smaller."""
        reference = self.network.bridges[bridge]
        reference.configure(ports=self.changed.pop(bridge, {}))
        before = reference.table_size
        reference.configure(**some.random_settings(
            self.rng, list(reference.ports), len(group) == 1,
            len(group) <= REFLECTING))
        self.rig.set_bridge(bridge, reference)
        return [bridge] if reference.table_size < before else []

    def forget_what_has_no_room(self, bridge):
        """No text says what a table that gets smaller gives up."""
        reference = self.network.bridges[bridge]
        left = self.rig.fdb(bridge)
        assert len(left) <= reference.table_size
        assert all(key in left for key, entry in reference.fdb.items()
                   if entry.static)
        reference.fdb = {key: entry for key, entry in reference.fdb.items()
                         if key in left}

    def change_addresses(self, bridge):
        reference = self.network.bridges[bridge]
        statics = [k for k, e in reference.fdb.items() if e.static]
        if self.rng.random() < 0.1 and len(statics) < 3:
            vlan, mac, port = some.random_static(self.rng,
                                                 list(reference.ports))
            self.rig.appctl("fdb/add", bridge, port, str(vlan),
                            mac.hex(":"))
            self.known = {bridge: self.rig.fdb(bridge)}
            reference.add_static(vlan, mac, port)
        if statics and self.rng.random() < 0.1:
            vlan, mac = self.rng.choice(statics)
            self.rig.appctl("fdb/del", bridge, str(vlan), mac.hex(":"))
            reference.del_static(vlan, mac)
        if self.rng.random() < 0.02:
            self.rig.appctl("fdb/flush", bridge)
            reference.flush()

    def given_up(self, bridge, candidates):
        """Which of CANDIDATES has the switch given up?"""
        gone = [k for k in candidates if k not in self.known[bridge]]
        assert gone, "%s has given up none of %s" % (bridge, candidates)
        return gone[0]

    # Frames.

    def exchange(self):
        """A guest of each group of bridges sends a burst."""
        bursts, senders, small = {}, {}, []
        for bridge in BRIDGES:
            group = sorted(self.network.group(bridge))
            if bridge != group[0]:
                continue
            sender = self.rng.choice(group)
            name = self.rng.choice(
                [p for p in guest_ports(sender)
                 if p in self.network.bridges[sender].ports])
            full = [b for b in group if self.network.bridges[b].table_size
                    == some.SMALLEST_TABLE]
            small += full
            single = full or len(group) > 1 and any(
                m.output_vlan for b in group
                for m in self.network.bridges[b].mirrors)
            size = 1 if single else self.rng.randint(1, 8)
            bursts[name] = some.random_burst(self.rng, size, self.frames)
            self.frames += size
            senders[name] = sender, group
        self.rig.send(bursts)
        self.known = {bridge: self.rig.fdb(bridge) for bridge in small}
        for name, (sender, group) in senders.items():
            self.compare(sender, name, bursts[name], group)

    def compare(self, sender, name, frames, group):
        before = self.show(group)
        expected = defaultdict(list)
        for frame in frames:
            for where, sent in self.network.receive(sender, name,
                                                    frame).items():
                expected[where] += sent
        for bridge in group:
            for port in self.network.bridges[bridge].ports:
                if (bridge, port) in self.network.patches:
                    continue
                want = [sent for sent in expected[bridge, port]
                        if self.rig.shows(bridge, port, sent.data)]
                got = self.rig.received(bridge, port, len(want))
                assert agree(got, want), "\n".join(
                    ["at %s, frames from %s:" % (port, name)]
                    + text_of(frames) + ["got:"] + text_of(got)
                    + ["expected:"] + text_of(s.data for s in want)
                    + ["where:", before])

    def compare_addresses(self):
        for bridge, reference in self.network.bridges.items():
            want = {key: (self.rig.number(entry.port), entry.static)
                    for key, entry in reference.fdb.items()}
            got = self.rig.fdb(bridge)
            assert got == want, "%s knows\n%s\nand not\n%s\n%s" % (
                bridge, sorted(got.items() - want.items()),
                sorted(want.items() - got.items()), self.show([bridge]))

    def show(self, bridges):
        lines = []
        for name in bridges:
            b = self.network.bridges[name]
            lines.append("%s: flood_vlans %s, forward_bpdu %s, table_size %d"
                         % (name, sorted(b.flood_vlans), b.forward_bpdu,
                            b.table_size))
            lines += ["  %s %s" % item for item in b.ports.items()]
            lines += ["  %s" % m for m in b.mirrors]
            lines += ["  %d %s: %s%s" % (vlan, mac.hex(":"), e.port,
                                         " static" if e.static else "")
                      for (vlan, mac), e in sorted(b.fdb.items())]
        return "\n".join(lines)


def agree(got, want):
    """The same frames, and those of each way in order."""
    if got == [sent.data for sent in want]:
        return True
    if Counter(got) != Counter(sent.data for sent in want):
        return False
    for way in {sent.way for sent in want}:
        rest = iter(got)
        if not all(sent.data in rest for sent in want if sent.way == way):
            return False
    return True


@pytest.mark.ours
def test_frame_for_frame(sw, capsys):
    sw.allow_log(r"\|WARN\|Port \S+: vlan_mode is .* and tag is missing")
    rounds = int(os.environ.get("LAYER2_ROUNDS", "200"))
    world = World(sw, int(os.environ.get("LAYER2_SEED", "1")))
    start = time.monotonic()
    for number in range(0, rounds, len(BRIDGES)):
        try:
            world.configure()
            for _ in range(BURSTS):
                world.exchange()
            world.compare_addresses()
        except AssertionError as error:
            raise AssertionError("round %d: %s" % (number, error)) from None
    if "LAYER2_ROUNDS" in os.environ:
        with capsys.disabled():
            print("\n%d rounds, %d frames, %.1f seconds" % (
                rounds, world.frames, time.monotonic() - start))
