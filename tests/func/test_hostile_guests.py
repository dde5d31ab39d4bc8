# SPDX-License-Identifier: Apache-2.0
#
# Guests that misbehave, on a port beside two guests that talk: these lose no
# packet, nothing leaks, the log stays short, and when a good guest comes the
# port serves it.
#
# The tests share a switch, which is checked at its end.

import os
import resource
import struct
import time
from random import Random

import pytest

from harness import guest
from harness.bystanders import Bystanders
from harness.command import wait_until
from harness.frames import BROADCAST, frame
from harness.guest import Guest, connect

pytestmark = pytest.mark.ours

REFUSED = (r"\|WARN\|bad: refused a second connection to '\S+/bad', whose "
           r"guest is connected")
HUNG_UP = r"\|WARN\|bad: hung up on process \d+ at '\S+/bad': "
BROKEN = (r"\|WARN\|bad: ring \d+ of the guest at '\S+/bad' stands still "
          r"until the guest sets it up anew: ")
# What the library has to say of such guests; how much, check_log() limits.
LIBRARY = r"VHOST_(CONFIG|DATA): \(\S+/bad\) |\|Dropped \d+ log messages"


class Scene(Bystanders):
    """The switch SW with the port `bad` and what it was like before."""

    def __init__(self, sw):
        super().__init__(sw)
        self.opened = []

    def connect(self, port="bad"):
        c = connect(self.sw.space.path(port))
        self.opened.append(c)
        return c

    def guest(self, port="bad", **kwargs):
        """A good guest, up."""
        g = Guest(self.connect(port), **kwargs)
        g.greet()
        g.start()
        self.sw.wait_link(port)
        return g

    def clean_up(self):
        """After a failure, so that the next test has a chance."""
        for c in self.opened:
            c.close()
        self.sw.loop.halt()
        self.sw.vsctl("--if-exists del-port vs9 -- --may-exist add-port br1 "
                      "bad -- set Interface bad type=dpdkvhostuser")

    def exchange(self, g, number=0, size=60):
        """A frame from G reaches another guest's port, and one from there
        reaches it."""
        sent = frame(BROADCAST, "02:bb:00:00:00:01", "from the guest %d"
                     % number, size=size)
        self.sw.wire.flush()
        g.put(sent)
        assert self.sw.wire.receive() == [sent]
        back = frame("02:bb:00:00:00:01", "02:bb:00:00:00:02",
                     "to the guest %d" % number, size=size)
        self.sw.wire.send(back)
        assert g.receive() == back

    def works_again(self):
        g = self.guest()
        self.exchange(g)
        g.close()
        self.sw.wait_link("bad", "down")


@pytest.fixture(scope="module")
def shared(make_shared_switch):
    sw = make_shared_switch()
    sw.start(mempool_sizing="elastic")
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    sw.loop = sw.gap_peer("vh0", "vh1")
    sw.allow_log(r"\|WARN\|.*dpdkvhostuser is deprecated", REFUSED, HUNG_UP,
                 BROKEN, LIBRARY)
    # Another bridge, so that no stray frame reaches the two that talk.
    sw.add_bridge("br1")
    sw.vsctl("add-port br1 bad -- set Interface bad type=dpdkvhostuser")
    sw.wire = sw.add_wire("p0", "br1")
    # The first guest brings what stays: memory, descriptors.
    g = Guest(connect(sw.space.path("bad")))
    g.greet()
    g.start()
    sw.wait_link("bad")
    g.close()
    sw.wait_link("bad", "down")
    return sw


@pytest.fixture
def scene(shared):
    """Ends with every promise checked."""
    s = Scene(shared)
    try:
        yield s
        s.works_again()
    except BaseException:
        s.clean_up()
        raise
    s.check_others()
    s.check_nothing_left()
    s.check_log()


def test_good_guest(scene):
    g = scene.guest()
    for number in range(300):
        scene.exchange(g, number)
    g.close()
    scene.sw.wait_link("bad", "down")


def test_says_nothing(scene):
    """The first to come keeps the place only if it speaks."""
    silent = scene.connect()
    time.sleep(1.1)             # it had its time
    scene.works_again()
    assert silent.closed()
    scene.sw.wait_log(HUNG_UP + "it said nothing")


def test_half_a_handshake(scene):
    half = scene.connect()
    half.ask_u64(guest.GET_FEATURES)
    half.ask_u64(guest.GET_PROTOCOL_FEATURES)
    time.sleep(1.1)             # it had its time
    scene.works_again()
    assert half.closed()


@pytest.mark.parametrize("part", [
    struct.pack("<I", guest.GET_FEATURES),
    guest.HEADER.pack(guest.SET_FEATURES, guest.VERSION, 8),
    guest.HEADER.pack(guest.SET_FEATURES, guest.VERSION, 8) + b"123"])
def test_half_a_message(scene, part):
    """Meanwhile other guests come, and ports go."""
    sw = scene.sw
    sw.vsctl("add-port br1 vs9 -- set Interface vs9 type=dpdkvhostuser")
    half = scene.connect()
    half.send_bytes(part)
    other = scene.guest("vs9")
    sw.vsctl("del-port vs9")
    other.close()
    assert half.closed()
    sw.wait_log(HUNG_UP + "half a message")


def test_deleted_in_the_middle_of_a_message(scene):
    sw = scene.sw
    half = scene.connect()
    half.send_bytes(guest.HEADER.pack(guest.SET_FEATURES, guest.VERSION, 8))
    sw.vsctl("del-port bad")
    assert half.closed()
    sw.vsctl("add-port br1 bad -- set Interface bad type=dpdkvhostuser")
    scene.works_again()         # with memory of its own again
    scene.in_use = scene._in_use()


def test_reads_no_answers(scene):
    deaf = scene.connect()
    deaf.sock.settimeout(2)
    with pytest.raises(OSError):
        for _ in range(100000):
            deaf.send(guest.GET_FEATURES)
    deaf.close()
    scene.sw.wait_log(HUNG_UP + "it does not read")


def test_talks_without_end(scene):
    """As fast as it can, and all of it correct."""
    c = scene.connect()
    c.send(guest.SET_OWNER)
    end = time.monotonic() + 2
    said = 0
    while time.monotonic() < end:
        c.send(guest.SET_OWNER)
        said += 1
    c.close()
    print("%d messages" % said)
    # What it made the library say does not hide what is said of others.
    sw = scene.sw
    sw.vsctl("add-port br1 vs9 -- set Interface vs9 type=dpdkvhostuser")
    other = scene.guest("vs9")
    sw.wait_log(r"\(\S+/vs9\) virtio is now ready for processing")
    sw.vsctl("del-port vs9")
    other.close()


def test_1000_connections_one_after_the_other(scene):
    for n in range(1000):
        c = scene.connect()
        if n % 2:
            c.send(guest.GET_FEATURES)
        c.close()


def test_1100_connections_at_once(scene):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    first = scene.guest()
    many = [scene.connect() for _ in range(1100)]
    for c in many:
        assert c.closed()
        c.close()
    scene.exchange(first)
    first.close()
    scene.sw.wait_link("bad", "down")


# Rings.  Each of these puts something into a ring that a driver never would.

def desc(ring, head, address, length, flags=0, following=0):
    ring.describe(head, address, length, flags, following)
    ring.offer(head)


def first_buffer(ring):
    return guest.PHYSICAL + ring.buffer(0)


END = 0xffffffffffffffff
RING_ATTACKS = {
    "index far ahead": lambda r: r.set_avail_index(r.next_avail + 60000),
    "index one lap ahead": lambda r: r.set_avail_index(r.next_avail
                                                       + r.size + 1),
    "index going back": lambda r: r.set_avail_index(r.next_avail - 1),
    "head that is no descriptor": lambda r: r.offer(60000),
    "head just behind the last": lambda r: r.offer(r.size),
    "address 0": lambda r: desc(r, 0, 0, 100),
    "address behind the memory": lambda r: desc(r, 0, guest.PHYSICAL
                                                + r.memory.size, 100),
    "over the memory's end": lambda r: desc(r, 0, guest.PHYSICAL
                                            + r.memory.size - 10, 2000),
    "over the end of all addresses": lambda r: desc(r, 0, END - 8, 2000),
    "4 GB": lambda r: desc(r, 0, first_buffer(r), 0xffffffff),
    "64 kB": lambda r: desc(r, 0, first_buffer(r), 65535),
    "nothing": lambda r: desc(r, 0, first_buffer(r), 0),
    "half a header": lambda r: desc(r, 0, first_buffer(r), 5),
    "a header only": lambda r: desc(r, 0, first_buffer(r), 12),
    "one byte of a frame": lambda r: desc(r, 0, first_buffer(r), 13),
    "chain of one in a circle": lambda r: desc(
        r, 0, first_buffer(r), 100, guest.NEXT | r.flags, 0),
    "chain to nowhere": lambda r: desc(
        r, 0, first_buffer(r), 100, guest.NEXT | r.flags, 60000),
    "table that was not agreed on": lambda r: desc(
        r, 0, first_buffer(r), 64, guest.INDIRECT_TABLE | r.flags),
    "table of 4 GB": lambda r: desc(
        r, 0, first_buffer(r), 0xfffffff0, guest.INDIRECT_TABLE | r.flags),
    "table behind the memory": lambda r: desc(
        r, 0, guest.PHYSICAL + r.memory.size, 64,
        guest.INDIRECT_TABLE | r.flags),
    "table of two bytes": lambda r: desc(
        r, 0, first_buffer(r), 2, guest.INDIRECT_TABLE | r.flags),
    "table in a table": lambda r: (
        guest.DESC.pack_into(r.map, r.buffer(0), first_buffer(r), 64,
                             guest.INDIRECT_TABLE, 0),
        desc(r, 0, first_buffer(r), 64, guest.INDIRECT_TABLE | r.flags)),
    "wrong direction": lambda r: desc(r, 0, first_buffer(r), 100,
                                      guest.WRITE & ~r.flags),
    "all descriptors empty": lambda r: [desc(r, i, 0, 0)
                                        for i in range(r.size)],
}


def flood(scene, count=64):
    """Frames for the guest, that the switch is to put into its ring."""
    scene.sw.wire.send(*[frame(BROADCAST, "02:bb:00:00:00:02", "number %d"
                               % n, size=60 + 20 * n) for n in range(count)])


def process_rings(scene, rings):
    """RINGS: own or library, who is to process them."""
    scene.sw.vsctl("set Interface bad options:vhost-rings=" + rings)


@pytest.fixture
def rings(scene, request):
    process_rings(scene, request.param)
    yield request.param
    process_rings(scene, "auto")


@pytest.mark.parametrize("rings, features", [
    ("own", 0), ("own", guest.MRG_RXBUF | guest.INDIRECT), ("library", 0)],
    ids=["plain", "mergeable", "library"], indirect=["rings"])
@pytest.mark.parametrize("way", ["tx", "rx"])
def test_wrong_in_a_ring(scene, way, rings, features):
    for name, attack in RING_ATTACKS.items():
        print(name)
        g = scene.guest(features=features)
        ring = g.tx_ring() if way == "tx" else g.rx_ring()
        if way == "rx":         # take the good ones away
            ring.set_avail_index(0)
            ring.next_avail = 0
        attack(ring)
        flood(scene)
        time.sleep(0.02)
        scene.others_go_on()
        g.close()
        scene.sw.wait_link("bad", "down")


@pytest.mark.parametrize("rings", ["own"], indirect=True)
def test_broken_ring(scene, rings):
    """Its name is in the status, the guest's other ring goes on, and it works
    again when the guest has set it up anew, not before."""
    sw = scene.sw
    g = scene.guest()
    scene.exchange(g)

    def broken():
        return sw.map_of("Interface", "bad", "status").get("vring_1_broken")
    g.tx_ring().offer(60000)
    wait_until(lambda: broken() == "head", "the ring to be broken")
    back = frame("02:bb:00:00:00:01", "02:bb:00:00:00:02", "the other ring")
    sw.wire.send(back)
    assert g.receive() == back
    for setting in "library", "own":
        process_rings(scene, setting)
        assert broken() == "head"

    ring = g.tx_ring()
    c = g.connection
    at = struct.unpack("<II", c.ask(guest.GET_VRING_BASE,
                                    struct.pack("<II", 1, 0)))[1]
    assert at == ring.next_avail - 1        # the bad one is the next
    ring.next_avail = ring.next_used = at
    ring.set_avail_index(at)
    g.set_up(1, at)
    g.sync()
    wait_until(lambda: broken() is None, "the ring to be set up")
    scene.exchange(g, 1)
    g.close()
    sw.wait_link("bad", "down")


def garble(rings, random):
    """Something in a ring, often half right."""
    ring = random.choice(rings)
    memory = ring.memory
    where = random.randrange(10)
    if where == 0:              # anything anywhere
        at = ring.desc + random.randrange(guest.SLOT - 8)
        memory.map[at:at + 8] = random.randbytes(8)
    elif where == 1:
        ring.set_avail_index(random.randrange(65536))
    elif where == 2:
        ring.put_avail(random.randrange(ring.size), random.randrange(
            random.choice([ring.size, 65536])))
    else:
        address = random.choice([
            ring.buffer(random.randrange(ring.size)), memory.size - 8,
            ring.desc, -8, random.getrandbits(64)]) + guest.PHYSICAL
        ring.describe(random.randrange(ring.size), address % (1 << 64),
                      random.choice([0, 8, 12, 64, 1500, 65536, 0xfffffff0]),
                      random.choice([0, 1, 2, 3, 4, 5, 6, 0x8080, 0x0080,
                                     0x8000, random.getrandbits(16)]),
                      random.randrange(random.choice([ring.size, 65536])))
        ring.set_avail_index(ring.next_avail + random.randrange(ring.size))
        ring.next_avail += 1


@pytest.mark.parametrize("rings, features", [
    ("auto", 0), ("auto", guest.MRG_RXBUF | guest.INDIRECT),
    ("library", guest.MRG_RXBUF | guest.INDIRECT),
    ("auto", guest.RING_PACKED),
    ("auto", guest.RING_PACKED | guest.MRG_RXBUF | guest.INDIRECT)],
    ids=["split", "split-more", "split-library", "packed", "packed-more"],
    indirect=["rings"])
def test_garbage_in_rings(scene, rings, features):
    """For a second; SLUICE_HOSTILE_SECONDS for longer."""
    seed = int(os.environ.get("SLUICE_HOSTILE_SEED") or time.time_ns())
    print("SLUICE_HOSTILE_SEED=%d" % seed)
    random = Random(seed)
    end = time.monotonic() + float(os.environ.get("SLUICE_HOSTILE_SECONDS")
                                   or 1)
    while time.monotonic() < end:
        g = scene.guest(features=features)
        for _ in range(50):
            for _ in range(20):
                garble(g.rings, random)
            flood(scene, 8)
        scene.others_go_on()
        g.close()
        scene.sw.wait_link("bad", "down")


def test_table_of_4_gb_in_a_packed_ring(scene):
    """The library would take as much memory, in the thread that serves the
    others, too."""
    g = scene.guest(features=guest.RING_PACKED)
    pages = scene.sw.pages()
    scene.sw.loop.reset()
    ring = g.tx_ring()
    available = 1 << 7
    ring.describe(0, first_buffer(ring), 0xfffffff0, 0,
                  available | guest.INDIRECT_TABLE)
    scene.others_go_on()
    assert scene.sw.loop.silence() < 100
    assert scene.sw.pages() == pages
    g.close()
    scene.sw.wait_link("bad", "down")


# Files that the guest, too, has open.

@pytest.mark.parametrize("left", [0, guest.SLOT], ids=["all", "buffers"])
def test_memory_taken_away(scene, left):
    """Of a guest in traffic: the file becomes shorter."""
    g = scene.guest()
    scene.exchange(g)
    os.ftruncate(g.memory.fd, left)
    flood(scene)
    assert g.connection.closed()
    scene.sw.wait_log(HUNG_UP + "its memory has gone")
    g.close()


def test_memory_taken_away_at_the_start(scene):
    """Before the switch has looked at the rings."""
    for _ in range(20):
        g = Guest(scene.connect())
        g.greet()
        c = g.connection
        c.send(guest.SET_FEATURES, struct.pack("<Q", g.features))
        c.send(guest.SET_MEM_TABLE, g.memory.table(), [g.memory.fd],
               guest.NEED_REPLY)
        c.read()
        os.ftruncate(g.memory.fd, 0)
        for i, ring in enumerate(g.rings):
            c.send(guest.SET_VRING_NUM, struct.pack("<II", i, ring.size))
            c.send(guest.SET_VRING_ADDR, ring.addresses(i))
            c.send(guest.SET_VRING_KICK, struct.pack("<Q", i), [ring.kick])
            c.send(guest.SET_VRING_CALL, struct.pack("<Q", i), [ring.call])
        g.enable(0)
        g.sync()
        flood(scene, 8)
        g.close()
    scene.sw.expect_log(r"\|WARN\|the memory of a vhost-user guest has gone")
