# SPDX-License-Identifier: Apache-2.0
#
# Which bridges and frames does the model-based test make up?
#
# Few addresses and VLANs, so that things meet.

from .reference import (LARGEST_TABLE, TPIDS, Mirror, Port, Tag, is_reserved)

HOSTS = [bytes([2, 0, 0, 0, 0, n]) for n in range(6)]
BROADCAST = b"\xff" * 6
GROUPS = [BROADCAST, BROADCAST, BROADCAST] + [
    bytes.fromhex(mac) for mac in (
        "01005e000001", "0180c2000000", "0180c200000f", "0180c2000010",
        "00e02b000000", "00e02b000001", "01000cccccc7", "01000ccdcdcd",
        "000000000000")]
VLANS = [0, 1, 2, 3, 4095]
SMALLEST_TABLE = 10


def random_set(rng, probability=0.4):
    return frozenset(rng.sample(VLANS, rng.randint(1, 3))
                     if rng.random() < probability else [])


def random_port(rng):
    mode = rng.choice([None, None, "access", "trunk", "native-tagged",
                       "native-untagged", "dot1q-tunnel"])
    tag = rng.choice(VLANS)
    if mode == "trunk" or (mode is None and rng.random() < 0.6):
        tag = None
    elif rng.random() < 0.05:
        tag = None              # said at WARN where it is missing
    access = mode == "access" or (mode is None and tag is not None)
    return Port(
        vlan_mode=mode, tag=tag,
        trunks=(frozenset() if access or mode == "dot1q-tunnel"
                else random_set(rng)),
        cvlans=(random_set(rng) if mode == "dot1q-tunnel" else frozenset()),
        protected=rng.random() < 0.15,
        priority_tags=rng.choice(["never", "never", "if-nonzero", "always"]),
        qinq_ethtype=rng.choice(["802.1ad", "802.1q"]))


def random_mirror(rng, ports, others, may_use_vlan):
    """OTHERS: the bridge's other mirrors, which may have the same
    destination."""
    def some():
        return frozenset(rng.sample(ports, rng.randint(0, 2)))
    m = Mirror(select_all=rng.random() < 0.4, select_src=some(),
               select_dst=some(), select_vlan=random_set(rng, 0.3),
               snaplen=rng.choice([None, None, None, 14, 15, 16, 17, 18, 20,
                                   23, 60, 64, 65535]))
    if not (m.select_all or m.select_src or m.select_dst):
        m.select_all = True
    if others and rng.random() < 0.4:
        m.output_port = others[0].output_port
        m.output_vlan = others[0].output_vlan
    elif may_use_vlan and rng.random() < 0.5:
        m.output_vlan = rng.choice(VLANS[1:])
    else:
        m.output_port = rng.choice(ports)
    return m


def random_mirrors(rng, ports, may_use_vlan):
    mirrors = []
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        mirrors.append(random_mirror(rng, ports, mirrors, may_use_vlan))
    return mirrors


def random_settings(rng, ports, alone, may_use_vlan):
    """A bridge's settings beside its ports.  ALONE: no patch port joins it
    with another one."""
    return {"mirrors": random_mirrors(rng, ports, may_use_vlan),
            "flood_vlans": random_set(rng, 0.2),
            "forward_bpdu": rng.random() < 0.5,
            "table_size": (SMALLEST_TABLE if alone and rng.random() < 0.15
                           else LARGEST_TABLE)}


def random_length(rng, header):
    """Of a frame without CRC; HEADER: of its addresses and tags."""
    kind = rng.random()
    if kind < 0.04:
        return rng.randint(14, header + 2)      # an end within the tags
    if kind < 0.9:
        return rng.randint(header + 4, header + 60)
    return rng.randint(header + 60, 1400)


def random_head(rng, sources, any_destination):
    """Addresses and tags.  The destination is none of SOURCES, unless
    ANY_DESTINATION: a switch that takes a burst at once knows the addresses
    of its last frames before it forwards the first."""
    tags = b"".join(
        Tag(rng.choice(TPIDS), rng.choice([0, 0, 1, 2, 3, 15]),
            rng.choice(VLANS)).pack()
        for _ in range(rng.choice([0, 0, 0, 1, 1, 1, 1, 2, 2, 3])))
    to_host = rng.random() < 0.6
    dst = rng.choice([h for h in HOSTS if any_destination
                      or h not in sources] if to_host else GROUPS)
    src = rng.choice(sources)
    if rng.random() < 0.02:
        src = rng.choice([bytes(6), bytes([3, 0, 0, 0, 0, 1])])
    return dst + src + tags


def random_burst(rng, size, number):
    """Frames with a content of their own, the first of which is NUMBER; some
    have the headers of the one before."""
    sources = rng.sample(HOSTS, 3)
    frames, head = [], None
    for n in range(number, number + size):
        if head is None or rng.random() < 0.7:
            head = random_head(rng, sources, size == 1)
        frame = head + b"\x88\xb5" + n.to_bytes(4, "big")
        length = random_length(rng, len(head))
        frame += bytes((n + i) & 0xff for i in range(length - len(frame)))
        frames.append(frame[:length])
    return frames


def random_static(rng, ports):
    """(VLAN, address, port) for fdb/add."""
    return rng.choice(VLANS), rng.choice(HOSTS), rng.choice(ports)


assert not any(is_reserved(h) for h in HOSTS)
