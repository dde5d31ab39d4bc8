# SPDX-License-Identifier: Apache-2.0
#
# How does a guest speak to the switch, well or badly?
#
# The front end of the vhost-user protocol and the driver's side of split
# rings, in Python: slow, but every word of it can be wrong on purpose, and a
# guest is there in a few milliseconds.  A Guest has one region of memory
# (memfd), its rings at the beginning:
#
#   0          rings, one 16 kB slot for each virtqueue
#   n * 16 kB  buffers of 2 kB, one for each descriptor of each virtqueue
#
# Virtqueue 2q is receive queue q of the guest, 2q + 1 its transmit queue.

import array
import mmap
import os
import select
import socket
import struct
import time

# Requests of the front end.
GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER = 1, 2, 3, 4
SET_MEM_TABLE, SET_LOG_BASE, SET_LOG_FD, SET_VRING_NUM = 5, 6, 7, 8
SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR = 12, 13, 14
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM = 15, 16, 17
SET_VRING_ENABLE, SEND_RARP, NET_SET_MTU, SET_BACKEND_REQ_FD = 18, 19, 20, 21
IOTLB_MSG, POSTCOPY_ADVISE, POSTCOPY_LISTEN, POSTCOPY_END = 22, 28, 29, 30
GET_INFLIGHT_FD, SET_INFLIGHT_FD = 31, 32

HEADER = struct.Struct("<III")
VERSION, REPLY, NEED_REPLY = 1, 4, 8

# Features.
MRG_RXBUF, MQ, INDIRECT, EVENT_IDX = 1 << 15, 1 << 22, 1 << 28, 1 << 29
PROTOCOL_FEATURES, VERSION_1, RING_PACKED = 1 << 30, 1 << 32, 1 << 34
IOMMU_PLATFORM = 1 << 33
PROTOCOL_MQ, PROTOCOL_REPLY_ACK = 1 << 0, 1 << 3
PROTOCOL_BACKEND_REQ, PROTOCOL_PAGEFAULT = 1 << 5, 1 << 8

# Descriptors.
NEXT, WRITE, INDIRECT_TABLE = 1, 2, 4
DESC = struct.Struct("<QIHH")

SLOT = 16384
BUFFER = 2048
NET_HEADER = 12
# Where the front end says that its memory lies: in its own address space and
# in the machine's.
USER, PHYSICAL = 0x7f0000000000, 0x100000000


class Connection:
    """The socket of a front end, with one message at a time."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(20)

    def send(self, request, payload=b"", fds=(), flags=0, size=None):
        """SIZE: what the header says, where that is not the truth."""
        header = HEADER.pack(request, VERSION | flags,
                             len(payload) if size is None else size)
        self.send_bytes(header + payload, fds)

    def send_bytes(self, data, fds=()):
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                    array.array("i", fds))] if fds else []
        self.sock.sendmsg([data], control)

    def read(self):
        """The next answer: (request, payload).  ConnectionError when the
        switch has hung up."""
        request, _, size = HEADER.unpack(self._exactly(HEADER.size))
        return request, self._exactly(size)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionResetError("the switch has hung up")
            data += more
        return data

    def ask(self, request, payload=b"", fds=(), flags=0):
        self.send(request, payload, fds, flags)
        return self.read()[1]

    def ask_u64(self, request, payload=b"", flags=0):
        return struct.unpack("<Q", self.ask(request, payload, (), flags))[0]

    def closed(self, timeout=20):
        """True once the switch has hung up, whatever it says before."""
        end = time.monotonic() + timeout
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        while True:
            if not poll.poll(max(0, end - time.monotonic()) * 1000):
                return False
            try:
                if not self.sock.recv(4096):
                    return True
            except ConnectionError:
                return True

    def close(self):
        self.sock.close()


def connect(path):
    """A connection to a socket that the switch serves."""
    sock = socket.socket(socket.AF_UNIX)
    sock.setblocking(False)
    end = time.monotonic() + 20
    while True:
        try:
            sock.connect(path)
            return Connection(sock)
        except BlockingIOError:         # too many are waiting
            assert time.monotonic() < end
            time.sleep(0.001)


def listen(path):
    """A socket to which the switch connects."""
    if os.path.exists(path):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(1)
    return sock


def accept(listener, timeout=20):
    listener.settimeout(timeout)
    return Connection(listener.accept()[0])


class Memory:
    """A region that the switch can map."""

    def __init__(self, size):
        self.size = size
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, size)
        self.map = mmap.mmap(self.fd, size)
        # Numbers of 16 bits that the switch reads meanwhile.  struct would
        # clear them first and write them byte by byte; here, each is read
        # and written at once.
        self.halves = memoryview(self.map).cast("H")

    def table(self, size=None, user=USER, physical=PHYSICAL, offset=0):
        """What SET_MEM_TABLE says of it."""
        return struct.pack("<IIQQQQ", 1, 0, physical,
                           self.size if size is None else size, user, offset)

    def close(self):
        self.halves.release()
        self.map.close()
        os.close(self.fd)


class Ring:
    """A split virtqueue at OFFSET of MEMORY, with its buffers at BUFFERS."""

    def __init__(self, memory, offset, buffers, size, flags=0):
        """FLAGS: of its descriptors, WRITE where it is to receive."""
        self.memory, self.map = memory, memory.map
        self.size, self.flags = size, flags
        self.desc, self.buffers = offset, buffers
        self.avail = offset + DESC.size * size
        self.used = (self.avail + 6 + 2 * size + 63) & ~63
        assert self.used + 6 + 8 * size <= offset + SLOT
        self.next_avail = self.next_used = 0
        self.call = os.eventfd(0, os.EFD_NONBLOCK)
        self.kick = os.eventfd(0, os.EFD_NONBLOCK)

    def addresses(self, index):
        """What SET_VRING_ADDR says of it."""
        return struct.pack("<IIQQQQ", index, 0, USER + self.desc,
                           USER + self.used, USER + self.avail, 0)

    def buffer(self, i):
        """The offset of buffer I."""
        return self.buffers + BUFFER * i

    def describe(self, i, address, length, flags=0, following=0):
        DESC.pack_into(self.map, self.desc + DESC.size * i, address, length,
                       flags, following)

    def offer(self, head):
        """Makes the descriptor HEAD available."""
        self.put_avail(self.next_avail, head)
        self.next_avail = (self.next_avail + 1) & 0xffff
        self.set_avail_index(self.next_avail)

    def put_avail(self, index, head):
        struct.pack_into("<H", self.map, self.avail + 4
                         + 2 * (index % self.size), head)

    def set_avail_index(self, index):
        self.memory.halves[self.avail // 2 + 1] = index & 0xffff

    def used_index(self):
        return self.memory.halves[self.used // 2 + 1]

    def take_used(self):
        """(head, bytes written) of the next used element, or None."""
        if self.next_used == self.used_index():
            return None
        found = struct.unpack_from("<II", self.map, self.used + 4
                                   + 8 * (self.next_used % self.size))
        self.next_used = (self.next_used + 1) & 0xffff
        return found

    def close(self):
        os.close(self.call)
        os.close(self.kick)


class Guest:
    """A guest on CONNECTION that behaves."""

    wanted_protocol = PROTOCOL_MQ | PROTOCOL_REPLY_ACK

    def __init__(self, connection, pairs=1, size=64, features=0):
        self.connection = connection
        self.pairs, self.size = pairs, size
        rings = 2 * pairs
        self.memory = Memory(rings * (SLOT + BUFFER * size))
        self.rings = [Ring(self.memory, SLOT * i,
                           rings * SLOT + BUFFER * size * i, size,
                           0 if i % 2 else WRITE) for i in range(rings)]
        self.features = (features | VERSION_1 | PROTOCOL_FEATURES
                         | (MQ if pairs > 1 else 0))

    def greet(self):
        """What a machine monitor says as soon as it is connected."""
        c = self.connection
        self.offered = c.ask_u64(GET_FEATURES)
        self.protocol = (c.ask_u64(GET_PROTOCOL_FEATURES)
                         & self.wanted_protocol)
        c.send(SET_PROTOCOL_FEATURES, struct.pack("<Q", self.protocol))
        c.send(SET_OWNER)

    def start(self, enable=True):
        """What it says when the guest's driver starts."""
        c = self.connection
        c.send(SET_FEATURES, struct.pack("<Q", self.features))
        c.send(SET_MEM_TABLE, self.memory.table(), [self.memory.fd])
        for i in range(len(self.rings)):
            # The wrap counter of a packed ring begins with 1.
            self.set_up(i, 0x8000 if self.features & RING_PACKED else 0)
        for ring in self.rings[::2]:
            for i in range(ring.size):
                ring.describe(i, PHYSICAL + ring.buffer(i), BUFFER, WRITE)
                ring.offer(i)
        if enable:
            for q in range(self.pairs):
                self.enable(q)
        self.sync()

    def set_up(self, i, base):
        """Tells all about virtqueue I, whose next buffer is BASE."""
        c, ring = self.connection, self.rings[i]
        c.send(SET_VRING_NUM, struct.pack("<II", i, ring.size))
        c.send(SET_VRING_BASE, struct.pack("<II", i, base))
        c.send(SET_VRING_ADDR, ring.addresses(i))
        c.send(SET_VRING_KICK, struct.pack("<Q", i), [ring.kick])
        c.send(SET_VRING_CALL, struct.pack("<Q", i), [ring.call])

    def sync(self):
        """Returns when the switch has read all that was said."""
        self.connection.ask(GET_FEATURES)

    def enable(self, q, on=True):
        for i in 2 * q, 2 * q + 1:
            self.connection.send(SET_VRING_ENABLE,
                                 struct.pack("<II", i, int(on)))

    # Frames.

    def tx_ring(self, q=0):
        return self.rings[2 * q + 1]

    def rx_ring(self, q=0):
        return self.rings[2 * q]

    def put(self, frame, q=0):
        """Sends FRAME in one descriptor; the oldest is used again."""
        ring = self.tx_ring(q)
        i = ring.next_avail % ring.size
        data = bytes(NET_HEADER) + frame
        at = ring.buffer(i)
        self.memory.map[at:at + len(data)] = data
        ring.describe(i, PHYSICAL + at, len(data))
        ring.offer(i)

    def room(self, q=0):
        """How many frames put() would take without losing one."""
        ring = self.tx_ring(q)
        waiting = (ring.next_avail - ring.used_index()) & 0xffff
        return ring.size - waiting

    def get(self, q=0):
        """The next frame received, or None.  A frame in several buffers
        (MRG_RXBUF) is put together."""
        ring = self.rx_ring(q)
        found = ring.take_used()
        if found is None:
            return None
        data, buffers = self._taken(ring, found), 1
        wanted = struct.unpack_from("<H", data, 10)[0]
        while buffers < wanted:
            data += self._taken(ring, ring.take_used())
            buffers += 1
        return data[NET_HEADER:]

    def _taken(self, ring, used):
        head, length = used
        at = ring.buffer(head)
        data = self.memory.map[at:at + length]
        ring.offer(head)
        return data

    def receive(self, timeout=10, q=0):
        """The next frame, for which it waits."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            frame = self.get(q)
            if frame is not None:
                return frame
            time.sleep(0.0005)
        return None

    def close(self):
        """All that the kernel does when a guest's process is killed."""
        self.connection.close()
        for ring in self.rings:
            ring.close()
        self.memory.close()
