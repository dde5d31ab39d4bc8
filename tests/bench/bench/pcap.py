# SPDX-License-Identifier: Apache-2.0
#
# Which frames do net_pcap ports read?
#
# The same as flow-peer sends (tests/peer/flows.h): 64 bytes, IPv4 with UDP,
# neighbours never of the same flow unless there is only one.

import os
import struct

SIZE = 64
TO = "02:01:00:00:00:00"


def _mac(guest, station):
    return struct.pack(">HI", 0x0200 | guest, station)


def _ip_sum(header):
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def _frame(station, flow):
    length = SIZE - 14
    fields = [0x45, 0, length, 0, 0, 64, 17, 0, 10, 0, flow & 0xffff,
              10, 1, 0xffff - (flow & 0xffff)]
    layout = ">BBHHHBBHBBHBBH"
    fields[7] = _ip_sum(struct.pack(layout, *fields))
    frame = (_mac(1, 0) + _mac(0, station) + b"\x08\x00"
             + struct.pack(layout, *fields)
             + struct.pack(">HHHH", 1024 + (flow >> 16), 4096, length - 20,
                           0))
    return frame.ljust(SIZE, b"\0")


def _write(path, sources, tuples):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        head = struct.pack("<IIII", 0, 0, SIZE, SIZE)
        for i in range(max(sources, tuples)):
            f.write(head + _frame(i % sources, i % tuples))


def file(space, sources=1, tuples=1):
    """The path of a file with these frames in SPACE's folder."""
    path = space.path("in-%d-%d.pcap" % (sources, tuples))
    if not os.path.exists(path):
        _write(path, sources, tuples)
    return path
