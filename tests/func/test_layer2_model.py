# SPDX-License-Identifier: Apache-2.0
#
# Random bridges and frames: the switch does what the reference switch of the
# harness does, frame for frame.
#
# Short in a usual run, the same each time.  By hand, with other seeds and
# more rounds (a round is a configuration and 40 frames):
#
#     LAYER2_ROUNDS=10000 LAYER2_SEED=7 tests/func/run -k layer2_model

import os
import random

import pytest

from harness.frames import BROADCAST, text_of
from harness.reference import TPIDS, Port, Reference, Tag

PORTS = ["p0", "p1", "p2", "p3", "p4"]
HOSTS = ["02:00:00:00:00:%02x" % n for n in range(6)]
VLANS = [0, 1, 2, 3, 4095]
FRAMES = 40

def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def random_set(rng):
    return frozenset(rng.sample(VLANS, rng.randint(1, 3))
                     if rng.random() < 0.4 else [])


def random_port(rng):
    mode = rng.choice([None, None, "access", "trunk", "native-tagged",
                       "native-untagged", "dot1q-tunnel"])
    tag = rng.choice(VLANS)
    if mode == "trunk" or (mode is None and rng.random() < 0.5):
        tag = None
    access = mode == "access" or (mode is None and tag is not None)
    return Port(
        vlan_mode=mode, tag=tag,
        trunks=(frozenset() if access or mode == "dot1q-tunnel"
                else random_set(rng)),
        cvlans=random_set(rng) if mode == "dot1q-tunnel" else frozenset(),
        protected=rng.random() < 0.2,
        priority_tags=rng.choice(["never", "never", "if-nonzero", "always"]),
        qinq_ethtype=rng.choice(["802.1ad", "802.1q"]))


def columns(port):
    """The ovs-vsctl words for a port's columns."""
    def of_set(vlans):
        return "[%s]" % ",".join(map(str, sorted(vlans)))
    return ["vlan_mode=%s" % (port.vlan_mode or "[]"),
            "tag=%s" % ("[]" if port.tag is None else port.tag),
            "trunks=" + of_set(port.trunks), "cvlans=" + of_set(port.cvlans),
            "protected=%s" % str(port.protected).lower(),
            "other_config:priority-tags=" + port.priority_tags,
            "other_config:qinq-ethtype=" + port.qinq_ethtype]


def random_frame(rng, number, sources):
    """From one of SOURCES, to others.  (A switch that takes a burst at once
    knows the addresses of its last frames before it forwards the first.)"""
    tags = [Tag(0x8100, rng.choice([0, 0, 2, 3, 15]), rng.choice(VLANS))
            for _ in range(rng.choice([0, 0, 1, 1, 1, 2]))]
    if len(tags) > 1:
        # The kernel's way keeps the type of an inner tag.
        tags[1] = tags[1]._replace(tpid=rng.choice(TPIDS))
    dst = rng.choice([h for h in HOSTS if h not in sources]
                     + [BROADCAST, BROADCAST, "01:80:c2:00:00:00",
                        "01:00:5e:00:00:01"])
    src = rng.choice(sources)
    payload = b"\x88\xb5" + number.to_bytes(2, "big")
    f = mac(dst) + mac(src) + b"".join(t.pack() for t in tags) + payload
    return f + bytes(64 - len(f))


def configure(sw, rng, reference):
    changed = {name: random_port(rng) for name in PORTS
               if rng.random() < 0.6}
    flood = random_set(rng) if rng.random() < 0.3 else frozenset()
    words = []
    for name, port in changed.items():
        words += ["set", "Port", name] + columns(port) + ["--"]
    words += ["set", "Bridge", "br0", "flood_vlans=[%s]" % ",".join(
        map(str, sorted(flood)))]
    sw.vsctl(words)
    reference.configure(changed, flood)


def show(reference):
    return "\n".join("%s %s" % item for item in reference.ports.items())


def compare(sw, wires, reference, rng):
    """Sends frames, one port after the other, and compares what comes out."""
    for _ in range(FRAMES // 8):
        sender = rng.randrange(len(PORTS))
        sources = rng.sample(HOSTS, 3)
        frames = [random_frame(rng, n, sources) for n in range(8)]
        expected = {name: [] for name in reference.ports}
        for f in frames:
            for name, sent in reference.receive(PORTS[sender], f).items():
                expected[name].append(sent)
        wires[sender].send(*frames)
        for name, wire in zip(PORTS, wires):
            want = expected[name]
            got = wire.receive(len(want), timeout=10)
            assert got == want, "\n".join(
                ["%s, frames from %s:" % (name, PORTS[sender])]
                + text_of(got) + ["expected:"] + text_of(want)
                + [show(reference)])


def surplus(wires):
    return [f for wire in wires for f in wire.receive(1, timeout=0.05)]


@pytest.mark.ours
def test_frame_for_frame(br0):
    sw = br0
    sw.allow_log(r"\|WARN\|Port p\d: (vlan_mode is .* and tag is missing|"
                 r"trunks is ignored)")
    wires = [sw.add_wire(name) for name in PORTS]
    rng = random.Random(int(os.environ.get("LAYER2_SEED", "1")))
    reference = Reference({name: Port() for name in PORTS + ["br0"]})
    for number in range(int(os.environ.get("LAYER2_ROUNDS", "25"))):
        configure(sw, rng, reference)
        compare(sw, wires, reference, rng)
        # Whatever is sent too much is seen at the latest with the next frames.
        assert not surplus(wires), "round %d:\n%s" % (number, show(reference))
