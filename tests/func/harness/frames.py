# SPDX-License-Identifier: Apache-2.0
#
# How are single frames sent and seen?
#
# A Wire is a veth pair in the test's namespace.  The switch takes one end
# (through net_af_packet), the test the other.  A Device is any kernel device,
# such as the one that net_tap makes.  A packet socket shows each frame exactly
# as the switch sent it.

import errno
import re
import select
import socket
import struct
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
AUXDATA = struct.Struct("=IIIHHHH")

BROADCAST = "ff:ff:ff:ff:ff:ff"
# An Ethertype for experiments, so that no kernel answers.
EXPERIMENT = 0x88b5


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def frame(dst, src, payload=b"", vlan=None, size=60, ethertype=EXPERIMENT):
    """An Ethernet frame of at least SIZE bytes, tagged with VLAN if given
    (a number, or a whole tag control field above 4095)."""
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    if isinstance(payload, str):
        payload = payload.encode()
    whole = (mac_bytes(dst) + mac_bytes(src) + tag
             + struct.pack("!H", ethertype) + payload)
    return whole + bytes(max(0, size - len(whole)))


class Device:
    """A kernel device of the test's namespace, with a packet socket."""

    def __init__(self, netns, test_end):
        self.netns, self.test_end = netns, test_end
        netns.ip("link set %s promisc on up" % test_end)
        self.socket = netns.call(self._open)

    def _open(self):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                          socket.htons(ETH_P_ALL))
        s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((self.test_end, 0))
        return s

    def send(self, *frames):
        for f in frames:
            self.socket.send(f)

    def _receive(self):
        data, control, _, _ = self.socket.recvmsg(65536, 256)
        for level, kind, value in control:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = AUXDATA.unpack(
                    value[:AUXDATA.size])
                if status & TP_STATUS_VLAN_VALID:
                    # The kernel takes a tag out of the frame; put it back.
                    if not status & TP_STATUS_VLAN_TPID_VALID:
                        tpid = 0x8100
                    data = (data[:12] + struct.pack("!HH", tpid, tci)
                            + data[12:])
        return data

    def receive(self, count=1, timeout=5, quiet=0.0):
        """The next COUNT frames; fewer when TIMEOUT seconds pass.  With
        QUIET, also waits that long for a frame too many."""
        frames = []
        end = time.monotonic() + timeout
        while len(frames) < count and self._readable(end - time.monotonic()):
            frames += self._received()
        if quiet and self._readable(quiet):
            frames += self._received()
        return frames

    def _received(self):
        try:
            return [self._receive()]
        except OSError as error:
            # Said once when the device was down for a moment.
            if error.errno != errno.ENETDOWN:
                raise
            return []

    def _readable(self, seconds):
        return seconds > 0 and select.select([self.socket], [], [], seconds)[0]

    def flush(self):
        """Forgets the frames that have arrived so far."""
        for _ in range(10000):
            if not select.select([self.socket], [], [], 0)[0]:
                return
            self._received()

    def close(self):
        self.socket.close()


class Wire(Device):
    """A veth pair: `switch_end` for the switch, `test_end` for the test."""

    def __init__(self, netns, name, mtu=1500):
        self.name = name
        self.switch_end, test_end = name + "-sw", name + "-te"
        netns.ip("link add %s mtu %d type veth peer name %s mtu %d"
                 % (self.switch_end, mtu, test_end, mtu))
        netns.ip("link set %s promisc on up" % self.switch_end)
        super().__init__(netns, test_end)

    def devargs(self):
        """The dpdk-devargs that put the switch's end into the switch."""
        return "net_af_packet_%s,iface=%s" % (self.name, self.switch_end)


def text_of(frames):
    """FRAMES in a form that a failing assertion can show."""
    return [re.sub("(..)(?!$)", r"\1 ", f[:32].hex()) for f in frames]
