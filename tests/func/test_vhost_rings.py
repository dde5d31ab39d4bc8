# SPDX-License-Identifier: Apache-2.0
#
# Who processes a guest's rings, the switch or DPDK's vhost library, and what
# happens when that changes while frames flow: nothing, but in the status.

import os
import struct
import time

import pytest

from harness import guest
from harness.command import wait_until
from harness.frames import BROADCAST, frame
from harness.guest import PHYSICAL, USER, Guest, connect

pytestmark = pytest.mark.ours

GUEST, OTHER = "02:bb:00:00:00:01", "02:bb:00:00:00:02"
LOG_ALL = 1 << 26


def rings(sw, port):
    """(who processes them, why not the switch or None)"""
    status = sw.map_of("Interface", port, "status")
    return status.get("vhost_rings"), status.get("vhost_rings_reason")


def choose(sw, port, value):
    sw.vsctl("set Interface %s options:vhost-rings=%s" % (port, value))


@pytest.fixture(scope="module")
def sw(make_shared_switch):
    sw = make_shared_switch()
    sw.start(mempool_sizing="elastic")
    sw.allow_log(r"\|WARN\|.*dpdkvhostuser is deprecated")
    sw.add_bridge("br0")
    sw.wire = sw.add_wire("p0")
    return sw


@pytest.fixture
def port(sw):
    sw.vsctl("add-port br0 vs -- set Interface vs type=dpdkvhostuser")
    yield "vs"
    sw.vsctl("del-port vs")


def come(sw, port, **kwargs):
    g = Guest(connect(sw.space.path(port)), **kwargs)
    g.greet()
    g.start()
    sw.wait_link(port)
    return g


def leave(sw, port, g):
    g.close()
    sw.wait_link(port, "down")


def exchange(sw, g, number):
    """A frame each way."""
    sent = frame(BROADCAST, GUEST, "from the guest, %d" % number)
    sw.wire.flush()
    g.put(sent)
    assert sw.wire.receive() == [sent]
    back = frame(GUEST, OTHER, "to the guest, %d" % number)
    sw.wire.send(back)
    assert g.receive() == back


def test_which(sw, port):
    """By what the guest has, and by the setting."""
    g = come(sw, port)
    assert rings(sw, port) == ("own", None)
    choose(sw, port, "library")
    assert rings(sw, port) == ("library", None)
    sw.expect_log(r'\|WARN\|vs: vhost-rings "mine" is none of auto, own, '
                  r"library: using auto")
    choose(sw, port, "mine")
    assert rings(sw, port) == ("own", None)
    assert "is none of auto, own, library" in sw.iface(port, "error")
    choose(sw, port, "auto")
    leave(sw, port, g)

    g = come(sw, port, features=guest.RING_PACKED)
    assert rings(sw, port) == ("library", "the guest has packed rings")
    sw.expect_log(r"\|WARN\|vs: vhost-rings is own, and yet the vhost library "
                  r"has to process the guest's rings: the guest has packed")
    choose(sw, port, "own")
    assert rings(sw, port) == ("library", "the guest has packed rings")
    leave(sw, port, g)
    assert rings(sw, port) == (None, None)


def test_set_back_and_forth(sw, port):
    """Each frame arrives once, in order."""
    g = come(sw, port)
    for number in range(40):
        choose(sw, port, ("library", "own")[number % 2])
        exchange(sw, g, number)
    leave(sw, port, g)


def logged(log, address):
    page = address // 4096
    return bool(log.map[page // 8] >> page % 8 & 1)


def test_migration(sw, port):
    """While it lasts, what is written to the guest is noted; then it is as
    before."""
    g = come(sw, port)
    log = guest.Memory(PHYSICAL // 4096 // 8 + 4096)
    c = g.connection
    for number in range(3):
        exchange(sw, g, 10 * number)
        c.ask(guest.SET_LOG_BASE, struct.pack("<QQ", log.size, 0), [log.fd])
        c.send(guest.SET_FEATURES, struct.pack("<Q", g.features | LOG_ALL))
        for i, ring in enumerate(g.rings):
            c.send(guest.SET_VRING_ADDR, struct.pack(
                "<IIQQQQ", i, 1, USER + ring.desc, USER + ring.used,
                USER + ring.avail, PHYSICAL + ring.used))
        g.sync()
        wait_until(lambda: rings(sw, port)[0] == "library", "the library")
        assert "migration" in rings(sw, port)[1]
        log.map[:] = bytes(log.size)
        at = PHYSICAL + g.rx_ring().buffer(g.rx_ring().next_used % g.size)
        exchange(sw, g, 10 * number + 1)
        assert logged(log, at)
        assert logged(log, PHYSICAL + g.rx_ring().used)

        c.send(guest.SET_FEATURES, struct.pack("<Q", g.features))
        for i, ring in enumerate(g.rings):
            c.send(guest.SET_VRING_ADDR, ring.addresses(i))
        g.sync()
        wait_until(lambda: rings(sw, port) == ("own", None), "ourselves")
        log.map[:] = bytes(log.size)
        exchange(sw, g, 10 * number + 2)
        assert not any(log.map[:])
    leave(sw, port, g)
    log.close()


class GrowingGuest(Guest):
    """Gets another region of memory at run time, and a new place for all."""

    def grow(self):
        more = guest.Memory(1 << 20)
        table = struct.pack(
            "<IIQQQQQQQQ", 2, 0, PHYSICAL, self.memory.size, USER, 0,
            PHYSICAL + (1 << 30), more.size, USER + (1 << 30), 0)
        self.connection.send(guest.SET_MEM_TABLE, table,
                             [self.memory.fd, more.fd])
        self.sync()
        return more

    def put_high(self, more, data):
        """Sends a frame that lies in the new region."""
        ring = self.tx_ring()
        whole = bytes(guest.NET_HEADER) + data
        more.map[:len(whole)] = whole
        i = ring.next_avail % ring.size
        ring.describe(i, PHYSICAL + (1 << 30), len(whole))
        ring.offer(i)


@pytest.mark.parametrize("code", ["own", "library"])
def test_more_memory(sw, port, code):
    """Memory is plugged in and out; the rings go on where they were."""
    choose(sw, port, code)
    g = GrowingGuest(connect(sw.space.path(port)))
    g.greet()
    g.start()
    sw.wait_link(port)
    for number in range(5):
        exchange(sw, g, 3 * number)
        more = g.grow()
        exchange(sw, g, 3 * number + 1)
        data = frame(BROADCAST, GUEST, "from far away, %d" % number)
        g.put_high(more, data)
        assert sw.wire.receive() == [data]
        g.connection.send(guest.SET_MEM_TABLE, g.memory.table(),
                          [g.memory.fd])
        g.sync()
        more.close()
    leave(sw, port, g)


def test_stop_and_go_on(sw, port):
    """A guest that stops its rings is told where they are, and goes on
    there, whoever had them and has them."""
    g = come(sw, port)
    for number in range(6):
        choose(sw, port, ("own", "library", "own")[number % 3])
        exchange(sw, g, number)
        for i, ring in enumerate(g.rings):
            base = struct.unpack("<II", g.connection.ask(
                guest.GET_VRING_BASE, struct.pack("<II", i, 0)))[1]
            assert base == ring.used_index()
            ring.base = base
        choose(sw, port, ("own", "own", "library")[number % 3])
        for i, ring in enumerate(g.rings):
            g.set_up(i, ring.base)
        g.sync()
        sw.wait_link(port)
    exchange(sw, g, 100)
    leave(sw, port, g)


def test_rarp(sw, port):
    """A guest that has moved here and does not say so itself: the switch does
    it in its name, whoever processes the rings."""
    for code in "own", "library":
        choose(sw, port, code)
        g = come(sw, port)
        exchange(sw, g, 1)
        sw.wire.flush()
        mac = bytes.fromhex(GUEST.replace(":", ""))
        g.connection.send(guest.SEND_RARP, mac + bytes(2))
        heard, = sw.wire.receive()
        assert heard[6:12] == mac and heard[12:14] == b"\x80\x35"
        leave(sw, port, g)


@pytest.mark.hugepages(700)
def test_under_traffic(make_switch):
    """The setting changes all the time; every packet is accounted for.
    SLUICE_TOGGLE_SECONDS: for how long."""
    sw = make_switch()
    sw.start(mempool_sizing="elastic")
    sw.add_bridge("br0")
    for port in "vh0", "vh1":
        sw.add_guest_port(port)
    peer = sw.gap_peer("vh0", "vh1")
    peer.loop()
    end = time.monotonic() + float(os.environ.get("SLUICE_TOGGLE_SECONDS")
                                   or 3)
    number = 0
    while time.monotonic() < end:
        choose(sw, "vh%d" % (number % 2), ("library", "own")[number // 2 % 2])
        if number % 8 == 0:
            sw.vsctl("set Interface vh0 mtu_request=%d"
                     % (1500 + number % 100))
        number += 1
    peer.run_for(0.3)
    for way in peer.account():
        assert way.received > 1000 and way.lost == 0, way
        assert way.in_flight == peer.in_flight, way
    print("%d changes" % number)
