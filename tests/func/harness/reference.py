# SPDX-License-Identifier: Apache-2.0
#
# What should a switch do with a frame?
#
# A plain, slow switch, written from IEEE 802.1Q and from the manual page of
# the database (ovs-vswitchd.conf.db), for tests to compare with.  It takes one
# frame at a time, keeps addresses in a dictionary and builds each frame that
# it sends from parts.
#
# A Reference is one bridge.  A Network is some of them, joined by patch ports.
# Where neither text says what is right, Documentation/topics does; those
# places are marked "Ours".

import collections
import dataclasses
import struct
from typing import FrozenSet, List, NamedTuple, Optional

TPIDS = (0x8100, 0x88a8)
LARGEST_TABLE = 8192
DEPTH = 8           # Ours: pairs of patch ports on a frame's way

# The manual page at other_config:forward-bpdu; and how much of each counts.
RESERVED = [(bytes.fromhex(mac), bits) for mac, bits in [
    ("0180c2000000", 44),           # STP, pause, 0x
    ("00e02b000000", 48), ("00e02b000004", 48), ("00e02b000006", 48),
    ("01000ccccccc", 48), ("01000ccccccd", 48), ("01000ccdcdcd", 48),
    ("01000c000000", 48), ("01000cccccc0", 44)]]


def is_reserved(mac):
    return any((int.from_bytes(mac, "big") ^ int.from_bytes(known, "big"))
               >> (48 - bits) == 0 for known, bits in RESERVED)


class Tag(NamedTuple):
    tpid: int
    priority: int           # PCP and DEI: 0 to 15
    vid: int

    def pack(self):
        return struct.pack("!HH", self.tpid, self.priority << 12 | self.vid)


@dataclasses.dataclass
class Port:
    """A port's columns in the database."""
    vlan_mode: Optional[str] = None
    tag: Optional[int] = None
    trunks: FrozenSet[int] = frozenset()
    cvlans: FrozenSet[int] = frozenset()
    protected: bool = False
    priority_tags: str = "never"
    qinq_ethtype: str = "802.1ad"

    def __post_init__(self):
        self.mode = self.vlan_mode or (
            "trunk" if self.tag is None else "access")
        # The VLAN of frames without a tag.
        self.native = 0 if self.mode == "trunk" else self.tag or 0
        # The VLAN of frames that leave without a tag.
        self.untagged = 0 if self.mode == "native-tagged" else self.native
        self.implicit = self.mode in ("access", "dot1q-tunnel")

    def carries(self, vlan):
        """Is the port in this VLAN?"""
        if self.implicit:
            return vlan == self.native
        if self.mode != "trunk":
            if vlan == self.native:
                return True
            if vlan == 0:
                return False    # all such frames are in the native VLAN
        return not self.trunks or vlan in self.trunks


@dataclasses.dataclass
class Mirror:
    """A mirror's columns; ports go by name."""
    select_all: bool = False
    select_src: FrozenSet[str] = frozenset()
    select_dst: FrozenSet[str] = frozenset()
    select_vlan: FrozenSet[int] = frozenset()
    output_port: Optional[str] = None
    output_vlan: Optional[int] = None
    snaplen: Optional[int] = None

    @property
    def destination(self):
        return self.output_port or self.output_vlan

    def selects(self, vlan, source, outputs):
        if self.select_vlan and vlan not in self.select_vlan:
            return False
        return (self.select_all or source in self.select_src
                or not self.select_dst.isdisjoint(outputs))


class Inside(NamedTuple):
    """A frame inside the switch: its VLAN is no longer a part of it."""
    dst: bytes
    src: bytes
    vlan: int
    own: Optional[Tag]      # the tag that it came with, or that a tunnel adds
    came_tagged: bool
    rest: List[Tag]         # a customer's tag, if there is one
    payload: bytes          # type and what follows


def split(frame):
    """Addresses, up to two tags, payload; None for the last where the frame
    ends within its header."""
    tags, at = [], 12
    while len(tags) < 2:
        if len(frame) < at + 2:
            return frame[:6], frame[6:12], tags, None
        (kind,) = struct.unpack_from("!H", frame, at)
        if kind not in TPIDS:
            break
        if len(frame) < at + 6:
            return frame[:6], frame[6:12], tags, None
        (tci,) = struct.unpack_from("!H", frame, at + 2)
        tags.append(Tag(kind, tci >> 12, tci & 0xfff))
        at += 4
    return frame[:6], frame[6:12], tags, frame[at:]


def enter(port, frame):
    """The frame inside, or None where the port does not let it in."""
    dst, src, tags, payload = split(frame)
    if payload is None:
        return None
    if port.mode == "dot1q-tunnel":
        customer = tags[0].vid if tags else 0
        if port.cvlans and customer not in port.cvlans:
            return None
        tpid = 0x8100 if port.qinq_ethtype == "802.1q" else 0x88a8
        return Inside(dst, src, port.native, Tag(tpid, 0, port.native), False,
                      tags[:1], b"".join(t.pack() for t in tags[1:]) + payload)
    vid = tags[0].vid if tags else 0
    if port.mode == "access" and (vid or len(tags) > 1):
        return None
    vlan = vid or port.native
    if not port.carries(vlan):
        return None
    own = tags[0] if tags else None
    return Inside(dst, src, vlan, own, bool(tags), tags[1:], payload)


def sends(port, frame):
    """Is it a frame that the port sends at all?"""
    if not port.carries(frame.vlan):
        return False
    if port.mode == "dot1q-tunnel":
        customer = frame.rest[0].vid if frame.rest else 0
        return not port.cvlans or customer in port.cvlans
    # Ours: a customer's tag must not take the place of the VLAN's.
    return not frame.rest or port.mode not in (
        "access", "native-untagged") or frame.vlan != port.untagged


def written(port, frame):
    """The frame in the form that the port gives it."""
    own = frame.own or Tag(0x8100, 0, 0)
    without = port.implicit or frame.vlan in (0, port.untagged)
    if not without or (frame.rest and not port.implicit):
        tags = [own._replace(vid=frame.vlan)]
    elif frame.rest:
        tags = []
    else:
        keep = {"never": False, "if-nonzero": own.priority >> 1 != 0,
                "always": frame.came_tagged or own.priority >> 1 != 0}
        tags = [own._replace(vid=0)] if keep[port.priority_tags] else []
    return (frame.dst + frame.src
            + b"".join(t.pack() for t in tags + frame.rest) + frame.payload)


class Entry(NamedTuple):
    """What is known of an address in a VLAN."""
    port: str
    static: bool


class Sent(NamedTuple):
    """A frame at a port.  Frames of one WAY (the frame itself or a mirror's
    copy, at each bridge) leave in the order in which they came."""
    way: tuple
    data: bytes


def oldest(candidates):
    return candidates[0]


class Reference:
    """One bridge.  `ports` is {name: Port}, `fdb` {(VLAN, address): Entry}.

    Which of several learned addresses a full table gives up is not said by
    any text; `give_up` is asked, with a list of those that it may be."""

    def __init__(self, ports):
        self.ports = dict(ports)
        self.mirrors = []
        self.flood_vlans = frozenset()
        self.forward_bpdu = False
        self.table_size = LARGEST_TABLE
        self.fdb = {}
        self.give_up = oldest

    # Settings.

    def configure(self, **changes):
        """Changes settings; `ports` are updated, None for one that goes.  What
        could no longer be learned is forgotten."""
        for name, port in changes.pop("ports", {}).items():
            self.ports.pop(name, None)
            if port:
                self.ports[name] = port
        for name, value in changes.items():
            assert hasattr(self, name)
            setattr(self, name, value)
        self.fdb = {key: entry for key, entry in self.fdb.items()
                    if self._stays(key[0], entry)}

    def _stays(self, vlan, entry):
        if entry.port not in self.ports or entry.static:
            return entry.port in self.ports
        return (self.ports[entry.port].carries(vlan)
                and vlan not in self.flood_vlans
                and not self.is_reserved_port(entry.port))

    def is_reserved_port(self, name):
        return any(m.output_port == name for m in self.mirrors)

    # Addresses.

    def add_static(self, vlan, mac, port):
        self._enter_entry((vlan, mac), Entry(port, True))

    def del_static(self, vlan, mac):
        assert self.fdb.pop((vlan, mac)).static

    def flush(self):
        self.fdb = {k: e for k, e in self.fdb.items() if e.static}

    def _learn(self, vlan, mac, port):
        known = self.fdb.get((vlan, mac))
        if vlan not in self.flood_vlans and not (known and known.static):
            self._enter_entry((vlan, mac), Entry(port, False))

    def _enter_entry(self, key, entry):
        if key not in self.fdb and len(self.fdb) >= self.table_size:
            victim = self.give_up(self._candidates())
            del self.fdb[victim]
        self.fdb[key] = entry

    def _candidates(self):
        """The learned addresses of the port, or ports, with most of them."""
        learned = [(k, e.port) for k, e in self.fdb.items() if not e.static]
        count = collections.Counter(port for _, port in learned)
        most = max(count.values())
        return [k for k, port in learned if count[port] == most]

    # Frames.

    def receive(self, name, data):
        """What becomes of a frame that comes in at port NAME: a list of
        (port's name, whose frame it is, frame); 0 is the frame itself, a
        mirror's destination its copy."""
        if self.is_reserved_port(name):
            return []
        frame = enter(self.ports[name], data)
        if frame is None:
            return []
        outputs = self._outputs(name, frame)
        return list(self._copies(name, frame, outputs)) + [
            (out, 0, written(self.ports[out], frame)) for out in outputs]

    def _outputs(self, name, frame):
        """The ports to which the frame itself goes."""
        if frame.src[0] & 1 or not any(frame.src):
            return []
        if is_reserved(frame.dst) and not self.forward_bpdu:
            return []
        self._learn(frame.vlan, frame.src, name)
        known = None
        if not frame.dst[0] & 1 and frame.vlan not in self.flood_vlans:
            known = self.fdb.get((frame.vlan, frame.dst))
        return [out for out in ([known.port] if known else self.ports)
                if out != name and not self.is_reserved_port(out)
                and not (self.ports[name].protected
                         and self.ports[out].protected)
                and sends(self.ports[out], frame)]

    def _copies(self, name, frame, outputs):
        """Each destination gets one copy, the longest that is asked for."""
        longest = {}
        for m in self.mirrors:
            if m.selects(frame.vlan, name, outputs):
                longest[m.destination] = max(
                    longest.get(m.destination, 0), m.snaplen or 1 << 16)
        for where, length in longest.items():
            if isinstance(where, str):
                # Whatever VLANs the port carries.
                copy = written(self.ports[where], frame)
                yield where, where, copy[:length]
            elif frame.vlan != where and not is_reserved(frame.dst):
                copy = frame._replace(vlan=where)
                for out, port in self.ports.items():
                    if not self.is_reserved_port(out) and sends(port, copy):
                        yield out, where, written(port, copy)[:length]


class Network:
    """Bridges, {name: Reference}.  `patches` is {(bridge, port): (bridge,
    port)}, both ways."""

    def __init__(self, bridges):
        self.bridges = bridges
        self.patches = {}

    def group(self, bridge):
        """The names of the bridges that are joined with BRIDGE."""
        found, todo = set(), [bridge]
        while todo:
            at = todo.pop()
            if at not in found:
                found.add(at)
                todo += [peer for (one, _), (peer, _) in self.patches.items()
                         if one == at]
        return found

    def receive(self, bridge, port, data):
        """{(bridge, port): [Sent]} for a frame that comes in."""
        sent = collections.defaultdict(list)
        self._receive(bridge, port, Sent((), data), sent, 0)
        return sent

    def _receive(self, bridge, port, frame, sent, depth):
        for out, whose, data in self.bridges[bridge].receive(port,
                                                             frame.data):
            copy = Sent(frame.way + (whose,), data)
            peer = self.patches.get((bridge, out))
            if not peer:
                sent[bridge, out].append(copy)
            elif depth < DEPTH:
                self._receive(*peer, copy, sent, depth + 1)
