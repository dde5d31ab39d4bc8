# SPDX-License-Identifier: Apache-2.0
#
# Every kind of vhost-user port with every kind of guest: who serves the
# socket, which rings, how many queues, how long the frames.  Traffic both
# ways, statistics of each queue, guests and switch killed and back.
#
# The rows of one mode share a switch, which is checked at its end.

import re

import pytest

from harness.command import wait_until
from test_guests import GUEST_DIED, RINGS_IN_USE, run_for

pytestmark = pytest.mark.ours

PORTS = ["vh0", "vh1"]
# Packets that a queue begins with: of eight queues they fit into one ring,
# since one packet thread sends them all to the same queue.
BURST = 16

PACKED, MERGEABLE = 1 << 34, 1 << 15


@pytest.fixture(scope="module", params=["client", "server"])
def mode(request, make_shared_switch):
    sw = make_shared_switch()
    sw.start(mempool_sizing="elastic")
    sw.add_bridge("br0")
    sw.allow_log(RINGS_IN_USE, GUEST_DIED)
    sw.serves = request.param == "server"
    if sw.serves:
        sw.allow_log(r"\|WARN\|.*dpdkvhostuser is deprecated")
        sw.vhost_path = sw.space.path
    return sw


def add_ports(sw, pairs, mtu):
    options = ("mtu_request=%d options:vhost-max-queue-pairs=%d"
               % (mtu, pairs))
    for port in PORTS:
        if sw.serves:
            sw.vsctl("add-port br0 %s -- set Interface %s type=dpdkvhostuser "
                     "%s" % (port, port, options))
        else:
            sw.add_guest_port(port, options=options)


def connect(sw, ring, pairs, mtu):
    """Guests in traffic: each queue has sent, and nothing is lost."""
    devargs = "queues=%d,in_order=0,packed_vq=%d,mrg_rxbuf=%d" % (
        pairs, ring == "packed", mtu > 1500)
    peer = sw.peer(*PORTS, server=not sw.serves, mtu=mtu, devargs=devargs,
                   options="--rxq=%d --txq=%d --burst=%d "
                   "--total-num-mbufs=%d" % (pairs, pairs, BURST,
                                             1500 + 1100 * pairs))
    for port in PORTS:
        wait_until(lambda: sw.map_of("Interface", port, "status").get("n_rxq")
                   == str(pairs), "%d queues of %s" % (pairs, port))
    peer.loop(bursts=1, size=mtu + 14)
    run_for(peer, 0.3)
    return peer


def check_status(sw, ring, pairs, mtu):
    for port in PORTS:
        assert sw.iface(port, "mtu") == str(mtu)
        status = sw.map_of("Interface", port, "status")
        assert status["mode"] == ("server" if sw.serves else "client")
        assert status["num_of_vrings"] == str(2 * pairs)
        for i in range(2 * pairs):
            assert status["vring_%d_size" % i] == "256"
        features = int(status["features"], 16)
        assert bool(features & PACKED) == (ring == "packed")
        assert bool(features & MERGEABLE) == (mtu > 1500)


def check_statistics(sw, peer, pairs):
    """At both ends of each port the same, in sum and of each queue."""
    one, other = peer.account()
    for way in one, other:
        assert way.received > 500 and way.lost == 0, way
        assert way.in_flight == BURST * pairs, way
    for port, sent, got in (("vh0", one.sent, other.received),
                            ("vh1", other.sent, one.received)):
        # They are written after a change, too.
        sw.vsctl("set Interface %s options:tx-retries-max=9" % port)
        s = sw.wait_statistics(port, lambda s: s["rx_packets"] == sent
                               and s["tx_packets"] == got)
        for way in "rx", "tx":
            for what in "packets", "bytes":
                queues = [n for key, n in s.items() if
                          re.fullmatch(r"%s_q\d+_good_%s" % (way, what), key)]
                assert sum(queues) == s["%s_%s" % (way, what)], s
        for q in range(pairs):
            assert s["rx_q%d_good_packets" % q] >= BURST
        assert s["tx_dropped"] == s["rx_dropped"] == 0


@pytest.mark.hugepages(700)
@pytest.mark.parametrize("mtu", [1500, 9000])
@pytest.mark.parametrize("pairs", [1, 2, 8])
@pytest.mark.parametrize("ring", ["split", "packed"])
def test_guests(mode, ring, pairs, mtu):
    sw = mode
    add_ports(sw, pairs, mtu)
    peer = connect(sw, ring, pairs, mtu)
    check_status(sw, ring, pairs, mtu)
    check_statistics(sw, peer, pairs)

    peer.loop(bursts=1)
    run_for(peer, 0.2)
    peer.kill()
    for port in PORTS:
        sw.wait_link(port, "down")
    peer = connect(sw, ring, pairs, mtu)

    sw.daemon.kill()
    sw.forget_control_socket()
    if sw.serves:
        peer.kill()             # it does not connect again
    else:
        peer.halt()
    sw.daemon.start()
    sw.settle()
    if sw.serves:
        peer = connect(sw, ring, pairs, mtu)
    else:
        for port in PORTS:
            sw.wait_link(port)
        peer.loop(bursts=1)
        run_for(peer, 0.2)
    peer.stop()
    for port in PORTS:
        sw.vsctl("del-port " + port)
    assert sw.appctl("sluice/recompute").strip() == "nothing to do"
