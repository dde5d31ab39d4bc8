# SPDX-License-Identifier: Apache-2.0
#
# What should a switch do with a frame?
#
# A plain, slow switch, written from IEEE 802.1Q and from the manual page of
# the database (ovs-vswitchd.conf.db), for tests to compare with.  It takes one
# frame at a time, keeps addresses in a dictionary and builds each frame that
# it sends from parts.

import dataclasses
import struct
from typing import FrozenSet, List, NamedTuple, Optional

TPIDS = (0x8100, 0x88a8)
BPDUS = bytes.fromhex("0180c20000")     # and 00 to 0f


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

    @property
    def mode(self):
        if self.vlan_mode is not None:
            return self.vlan_mode
        return "trunk" if self.tag is None else "access"

    @property
    def native(self):
        """The VLAN of frames without a tag."""
        return 0 if self.mode == "trunk" else self.tag or 0

    def carries(self, vlan):
        """Is the port in this VLAN?"""
        if self.mode in ("access", "dot1q-tunnel"):
            return vlan == self.native
        if self.mode != "trunk":
            if vlan == self.native:
                return True
            if vlan == 0:
                return False    # all such frames are in the native VLAN
        return not self.trunks or vlan in self.trunks


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
    ends within a tag."""
    tags, at = [], 12
    while len(tags) < 2:
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


def leave(port, frame):
    """The frame as the port sends it, or None where it does not carry it."""
    if not port.carries(frame.vlan):
        return None
    own = frame.own or Tag(0x8100, 0, 0)
    if port.mode == "dot1q-tunnel":
        customer = frame.rest[0].vid if frame.rest else 0
        if port.cvlans and customer not in port.cvlans:
            return None
        without = True
    elif port.mode == "access":
        without = True
    elif port.mode == "native-untagged":
        without = frame.vlan == port.native
    else:
        without = frame.vlan == 0
    if without and frame.rest:
        # A customer's tag must not take the place of the VLAN's.
        if port.mode in ("access", "native-untagged"):
            return None
        tags = [] if port.mode == "dot1q-tunnel" else [own._replace(vid=0)]
    elif without:
        keep = {"never": False, "if-nonzero": own.priority >> 1 != 0,
                "always": frame.came_tagged or own.priority >> 1 != 0}
        tags = [own._replace(vid=0)] if keep[port.priority_tags] else []
    else:
        tags = [own._replace(vid=frame.vlan)]
    return (frame.dst + frame.src
            + b"".join(t.pack() for t in tags + frame.rest) + frame.payload)


class Reference:
    """One bridge.  `ports` is {name: Port}."""

    def __init__(self, ports, flood_vlans=()):
        self.ports = dict(ports)
        self.flood_vlans = frozenset(flood_vlans)
        self.fdb = {}           # (VLAN, address): port's name

    def configure(self, ports=None, flood_vlans=None):
        """Changes settings.  What could no longer be learned is forgotten."""
        self.ports.update(ports or {})
        if flood_vlans is not None:
            self.flood_vlans = frozenset(flood_vlans)
        self.fdb = {(vlan, mac): name for (vlan, mac), name
                    in self.fdb.items()
                    if self.ports[name].carries(vlan)
                    and vlan not in self.flood_vlans}

    def receive(self, name, data):
        """{port's name: frame sent} for a frame that comes in at NAME."""
        frame = enter(self.ports[name], data)
        if (frame is None or frame.src[0] & 1 or not any(frame.src)
                or (frame.dst[:5] == BPDUS and frame.dst[5] < 16)):
            return {}
        if frame.vlan not in self.flood_vlans:
            self.fdb[frame.vlan, frame.src] = name
        sent = {}
        for out in self._outputs(frame):
            if out != name and not (self.ports[name].protected
                                    and self.ports[out].protected):
                data = leave(self.ports[out], frame)
                if data is not None:
                    sent[out] = data
        return sent

    def _outputs(self, frame):
        if frame.dst[0] & 1 or frame.vlan in self.flood_vlans:
            return list(self.ports)
        known = self.fdb.get((frame.vlan, frame.dst))
        return list(self.ports) if known is None else [known]
