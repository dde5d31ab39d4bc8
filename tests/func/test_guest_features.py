# SPDX-License-Identifier: Apache-2.0
#
# What a guest may do and a port may offer beyond one pair of queues: many
# queues, queues switched on and off at run time, retries for a full ring, an
# IOMMU, postcopy migration.

import os
import re
import resource
import socket
import struct
import threading
import time
from random import Random

import pytest

from harness import guest
from harness.command import wait_until
from harness.frames import BROADCAST, frame
from harness.guest import Guest, accept, connect, listen

pytestmark = pytest.mark.ours

GUEST, OTHER = "02:bb:00:00:00:01", "02:bb:00:00:00:02"


def make(make_shared_switch, **other_config):
    sw = make_shared_switch()
    sw.start(mempool_sizing="elastic", **other_config)
    sw.allow_log(r"\|WARN\|.*dpdkvhostuser is deprecated")
    sw.add_bridge("br0")
    sw.wire = sw.add_wire("p0")
    return sw


@pytest.fixture(scope="module")
def sw(make_shared_switch):
    return make(make_shared_switch)


def add_port(sw, port, options=""):
    """A port whose socket the switch serves."""
    sw.vsctl("add-port br0 %s -- set Interface %s type=dpdkvhostuser %s"
             % (port, port, options))


def come(sw, port, **kwargs):
    """A guest on PORT, up."""
    g = Guest(connect(sw.space.path(port)), **kwargs)
    g.greet()
    g.start()
    sw.wait_link(port)
    return g


def wait_queues(sw, port, n):
    wait_until(lambda: sw.map_of("Interface", port, "status").get("n_rxq")
               == str(n), "%d queues" % n)


def hear(g, wanted, timeout=10):
    """Waits for the frame WANTED; returns the queue that it came to."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        for q in range(g.pairs):
            heard = g.get(q)
            if heard is not None:
                assert heard == wanted
                return q
        time.sleep(0.0005)
    raise AssertionError("nothing came")


def exchange(sw, g, q, number):
    """A frame from queue Q to the wire, and one from there to any queue,
    which is returned."""
    sent = frame(BROADCAST, GUEST, "from queue %d, %d" % (q, number))
    sw.wire.flush()
    g.put(sent, q)
    assert sw.wire.receive() == [sent]
    back = frame(GUEST, OTHER, "to the guest, %d" % number)
    sw.wire.send(back)
    return hear(g, back)


def test_queues_on_and_off(sw):
    """A queue that is off neither sends nor receives; what waits in it is
    sent when it is on again; the other queues do not notice."""
    add_port(sw, "vq", "options:vhost-max-queue-pairs=4")
    g = come(sw, "vq", pairs=4)
    wait_queues(sw, "vq", 4)
    on = set(range(4))
    random = Random(1)
    for number in range(200):
        q = random.randrange(4)
        if q not in on or len(on) > 1:
            on ^= {q}
            g.enable(q, q in on)
            g.sync()
        for q in on:
            assert exchange(sw, g, q, number) in on
    for q in set(range(4)) - on:
        g.enable(q)
    g.sync()

    g.enable(3, False)
    g.sync()
    waiting = frame(BROADCAST, GUEST, "waiting")
    g.put(waiting, 3)
    exchange(sw, g, 0, 1000)
    assert sw.wire.receive(timeout=0.1) == []
    g.enable(3)
    assert sw.wire.receive() == [waiting]

    # All of them off: dropped, and counted.
    for q in range(4):
        g.enable(q, False)
    g.sync()
    dropped = sw.statistics("vq")["tx_dropped"]
    sw.wire.send(*[frame(GUEST, OTHER, "to nobody")] * 10)
    sw.wait_statistics("vq", lambda s: s["tx_dropped"] == dropped + 10)
    for q in range(4):
        g.enable(q)
    g.sync()
    for q in range(4):
        exchange(sw, g, q, 2000 + q)
    g.close()
    sw.vsctl("del-port vq")


@pytest.mark.hugepages(900)
def test_128_pairs(sw):
    """The most that there can be: each queue is served, and counted."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    add_port(sw, "vq", "options:vhost-max-queue-pairs=128")
    for _ in range(2):          # and a second guest
        g = come(sw, "vq", pairs=128, size=16)
        wait_queues(sw, "vq", 128)
        assert g.connection.ask_u64(guest.GET_QUEUE_NUM) == 128
        rows = re.findall(r"port: vq +queue-id: +(\d+)",
                          sw.appctl("dpif-netdev/pmd-rxq-show"))
        assert sorted(map(int, rows)) == list(range(128))
        for q in range(128):
            exchange(sw, g, q, q)
        s = sw.wait_statistics("vq", lambda s: s["rx_packets"] % 128 == 0
                               and s["rx_packets"])
        assert len({s["rx_q%d_good_packets" % q] for q in range(128)}) == 1
        g.close()
        sw.wait_link("vq", "down")
    sw.vsctl("del-port vq")


def burst(g, frames):
    """Sends FRAMES so that the switch finds all of them at once."""
    ring = g.tx_ring()
    for n, data in enumerate(frames):
        i = (ring.next_avail + n) % ring.size
        whole = bytes(guest.NET_HEADER) + data
        at = ring.buffer(i)
        g.memory.map[at:at + len(whole)] = whole
        ring.describe(i, guest.PHYSICAL + at, len(whole))
        ring.put_avail(ring.next_avail + n, i)
    ring.next_avail += len(frames)
    ring.set_avail_index(ring.next_avail)


@pytest.mark.parametrize("retries, counted", [(0, 0), (32, 1)])
def test_tx_retries(sw, retries, counted):
    """A ring that was full for a part of a burst is tried again, as often as
    is set, but not while nobody reads."""
    add_port(sw, "va")
    add_port(sw, "vb", "options:tx-retries-max=%d" % retries)
    a, b = come(sw, "va", size=64), come(sw, "vb", size=16)
    b.put(frame(BROADCAST, GUEST, "here"))
    assert a.receive() is not None
    burst(a, [frame(GUEST, OTHER, "number %d" % n) for n in range(32)])
    s = sw.wait_statistics("vb", lambda s: s["tx_packets"]
                           + s["tx_dropped"] == 32)
    assert s["tx_packets"] == 16 and s["ovs_tx_failure_drops"] == 16
    assert s["ovs_tx_retries"] == counted
    for n in range(16):
        assert b.receive() == frame(GUEST, OTHER, "number %d" % n)
    a.close()
    b.close()
    sw.vsctl("del-port va -- del-port vb")


# What is offered to the guests of client ports where it is configured.

IOTLB = struct.Struct("<QQQBB6x")
MISS, UPDATE, INVALIDATE = 1, 2, 3
READ_WRITE = 3
PAGE = 4096


@pytest.fixture(scope="module")
def offering(make_shared_switch):
    return make(make_shared_switch, vhost_iommu_support="true",
                vhost_postcopy_support="true")


def client_port(sw):
    """A port of that type; returns what the switch has connected."""
    path = sw.vhost_path("vc")
    listener = listen(path)
    sw.add_guest_port("vc")
    c = accept(listener)
    listener.close()
    os.unlink(path)
    return c


class TranslatedGuest(Guest):
    """Behind an IOMMU: the switch has to ask where each page is."""

    wanted_protocol = Guest.wanted_protocol | guest.PROTOCOL_BACKEND_REQ

    def __init__(self, connection):
        super().__init__(connection, features=guest.IOMMU_PLATFORM)
        self.asked = []

    def greet(self):
        super().greet()
        assert self.offered & guest.IOMMU_PLATFORM
        self.asks, theirs = socket.socketpair()
        self.connection.send(guest.SET_BACKEND_REQ_FD, fds=[theirs.fileno()])
        theirs.close()
        self.thread = threading.Thread(target=self._answer)
        self.thread.start()

    def _answer(self):
        while True:
            said = self.asks.recv(guest.HEADER.size, socket.MSG_WAITALL)
            if not said:
                return
            length = guest.HEADER.unpack(said)[2]
            address, _, _, _, kind = IOTLB.unpack(
                self.asks.recv(length, socket.MSG_WAITALL))
            assert kind == MISS
            page = address & -PAGE
            self.asked.append(page)
            self.connection.send(guest.IOTLB_MSG, IOTLB.pack(
                page, PAGE, self._user(page), READ_WRITE, UPDATE))

    @staticmethod
    def _user(page):
        """Rings are known by the front end's own addresses, buffers by the
        machine's."""
        return (page if page >= guest.USER
                else page - guest.PHYSICAL + guest.USER)

    def forget(self, start=guest.PHYSICAL):
        """The switch has to ask again where buffers are, or, from START =
        USER, rings."""
        self.connection.send(guest.IOTLB_MSG, IOTLB.pack(
            start, self.memory.size, 0, 0, INVALIDATE))
        self.sync()

    def close(self):
        super().close()
        self.asks.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.asks.close()


def pass_on(sw, g, number):
    """A frame each way.  What the switch has for a page that it does not
    know yet is lost, and comes when it is sent again."""
    sent = frame(BROADCAST, GUEST, "from the guest, %d" % number)
    sw.wire.flush()
    g.put(sent)
    assert sw.wire.receive() == [sent]
    back = frame(GUEST, OTHER, "to the guest, %d" % number)

    def arrived():
        sw.wire.send(back)
        return g.receive(timeout=0.1) == back
    wait_until(arrived, "a frame to arrive")
    while g.receive(timeout=0.1):
        pass                    # one that was sent twice


def test_iommu(offering):
    """The switch asks for each page that it needs, and for no other."""
    sw = offering
    g = TranslatedGuest(client_port(sw))
    g.greet()
    g.start()
    sw.wait_link("vc")
    for number in range(3):
        pass_on(sw, g, number)
    pages = {g._user(p) - guest.USER for p in g.asked}
    assert all(0 <= p < g.memory.size for p in pages)
    assert len(pages) < g.memory.size // PAGE
    for number in range(3, 9):
        g.asked.clear()
        g.forget(guest.USER if number % 2 else guest.PHYSICAL)
        pass_on(sw, g, number)
        assert g.asked

    # A queue that is off while it is forgotten, and on again.
    g.enable(0, False)
    g.forget(guest.USER)
    g.enable(0)
    g.sync()
    pass_on(sw, g, 9)
    g.enable(0, False)
    g.sync()
    g.put(frame(BROADCAST, GUEST, "of a queue that is off"))
    g.forget(guest.USER)
    sw.wire.flush()
    assert sw.wire.receive(timeout=0.1) == []
    g.close()
    sw.wait_link("vc", "down")
    sw.vsctl("del-port vc")


def test_iommu_not_wanted(offering):
    """A guest without one."""
    sw = offering
    g = Guest(client_port(sw))
    g.greet()
    g.start()
    sw.wait_link("vc")
    exchange(sw, g, 0, 1)
    g.close()
    sw.wait_link("vc", "down")
    sw.vsctl("del-port vc")


def test_postcopy(offering):
    """The guest is told where its missing pages will be asked for; here the
    migration ends before there are any."""
    sw = offering
    c = client_port(sw)
    g = Guest(c)
    g.wanted_protocol |= guest.PROTOCOL_PAGEFAULT
    g.greet()
    assert g.protocol & guest.PROTOCOL_PAGEFAULT
    c.send(guest.POSTCOPY_ADVISE)
    said, fds, _, _ = socket.recv_fds(c.sock, 256, 8)
    assert guest.HEADER.unpack_from(said)[0] == guest.POSTCOPY_ADVISE
    assert len(fds) == 1
    assert "userfaultfd" in os.readlink("/proc/self/fd/%d" % fds[0])
    c.send(guest.POSTCOPY_LISTEN)
    assert c.ask_u64(guest.POSTCOPY_END) == 0
    os.close(fds[0])
    g.start()
    sw.wait_link("vc")
    exchange(sw, g, 0, 1)
    g.close()
    sw.wait_link("vc", "down")
    sw.vsctl("del-port vc")


def test_nothing_offered(sw, offering):
    """Not to guests that connect to the switch, nor where it is not
    configured."""
    c = client_port(sw)
    add_port(offering, "vs")
    for c in c, connect(offering.space.path("vs")):
        assert not c.ask_u64(guest.GET_FEATURES) & guest.IOMMU_PLATFORM
        assert not (c.ask_u64(guest.GET_PROTOCOL_FEATURES)
                    & guest.PROTOCOL_PAGEFAULT)
        c.close()
    sw.vsctl("del-port vc")
    offering.vsctl("del-port vs")
