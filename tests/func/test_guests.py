# SPDX-License-Identifier: Apache-2.0
#
# vhost-user ports with testpmd as their guests.

import os
import socket
import time

import pytest

from harness.command import wait_until
from harness.daemon import is_peer


# What the vhost library says at WARN when a guest's rings have been in use
# before the switch took them up.
RINGS_IN_USE = (r"VHOST_CONFIG: \(\S*\) (last_used_idx \(\d+\) and "
                r"vq->used->idx|some packets maybe resent)")


# What it says of a guest that was killed with a message of the switch's still
# unread: the connection is then reset, not closed.
GUEST_DIED = (r"VHOST_CONFIG: \(\S*\) (recvmsg failed on fd \d+ \(Connection "
              r"reset by peer\)|vhost read message failed)")


@pytest.fixture
def guests(br0):
    """A switch with two guest ports, vh0 and vh1, in br0."""
    br0.add_guest_port("vh0")
    br0.add_guest_port("vh1")
    return br0


def run_for(peer, seconds):
    """Lets the loop run that long, and checks that it does run."""
    end = time.monotonic() + seconds
    before = peer.stats()
    while time.monotonic() < end:
        time.sleep(0.5)
        now = peer.stats()
        assert all(b.rx > a.rx for a, b in zip(before, now)), (
            "nothing arrives any more: %s" % now)
        before = now


@pytest.mark.parametrize("size", [64, 1514])
def test_nothing_is_lost(guests, size):
    """Some seconds of traffic both ways; every packet is accounted for."""
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.loop(bursts=2, size=size)
    run_for(peer, 4)
    for way in peer.account():
        assert way.received > 10000
        if not is_peer():           # its first packets wait for a flow
            assert way.lost == 0 and way.in_flight == 128, way


def test_what_the_database_says(guests):
    sw = guests
    peer = sw.peer("vh0", "vh1")
    status = sw.map_of("Interface", "vh0", "status")
    assert status["mode"] == "client" and status["status"] == "connected"
    assert status["socket"] == sw.vhost_path("vh0")
    assert status["num_of_vrings"] == "2"
    assert status["vring_0_size"] == status["vring_1_size"] == "256"
    assert status["features"].startswith("0x") and "numa" in status
    peer.loop()
    run_for(peer, 1)
    one, other = peer.account()
    assert one.sent > 0
    for port, sent, got in (("vh0", one.sent, other.received),
                            ("vh1", other.sent, one.received)):
        s = sw.wait_statistics(port, lambda s: s["rx_packets"] == sent
                               and s["tx_packets"] == got)
        assert s["rx_q0_good_packets"] == sent
        assert s["rx_bytes"] == s["rx_q0_good_bytes"] == sent * 64
        assert s["tx_q0_good_packets"] == got
        assert s["ovs_tx_failure_drops"] == 0
    table = sw.fdb()
    assert table["02:00:00:00:00:00"][0] == sw.iface("vh0", "ofport")
    assert table["02:00:00:00:00:01"][0] == sw.iface("vh1", "ofport")


def test_pool_comes_with_the_guest(guests):
    sw = guests
    assert sw.pools() == []
    sw.peer("vh0", "vh1")
    one, = sw.pools("vh0")
    assert one.name == sw.pools("vh1")[0].name
    available, in_use = one.count()
    assert available + in_use == one["populated_size"] == 262144


def test_killed_guests_come_back(guests):
    """kill -9 of the guests under traffic, then new ones: no restart."""
    sw = guests
    sw.allow_log(GUEST_DIED)
    for _ in range(3):
        peer = sw.peer("vh0", "vh1")
        peer.loop()
        run_for(peer, 1)
        peer.kill()
        for port in "vh0", "vh1":
            sw.wait_link(port, "down")
            assert sw.map_of("Interface", port,
                             "status")["status"] == "disconnected"
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    peer.account()


def test_orderly_goodbye(guests):
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.stop()
    sw.wait_link("vh0", "down")
    sw.wait_link("vh1", "down")


@pytest.mark.ours
def test_daemon_restarts_under_its_guests(guests):
    """An upgrade: the guests stay, the new daemon takes them up again."""
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    peer.halt()
    sw.allow_log(RINGS_IN_USE)
    sw.restart_daemon()
    for port in "vh0", "vh1":
        sw.wait_link(port)
    peer.loop()
    run_for(peer, 1)
    peer.halt()


def test_exit_under_traffic(guests):
    """The daemon ends cleanly while its guests send."""
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    assert sw.daemon.exit() == 0
    peer.halt()


@pytest.mark.ours
def test_crashed_daemon_is_started_again(guests):
    """kill -9 of the daemon; the next one takes over what was left: stale
    pidfile, control socket, vhost socket, guests."""
    sw = guests
    sw.allow_log(RINGS_IN_USE, r"\|WARN\|.*dpdkvhostuser is deprecated")
    sw.vsctl("add-port br0 vs0 -- set Interface vs0 type=dpdkvhostuser")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    sw.daemon.kill()
    sw.forget_control_socket()
    assert os.path.exists(sw.space.path("vs0"))
    peer.halt()
    sw.daemon.start()
    sw.settle()
    for port in "vh0", "vh1":
        sw.wait_link(port)
    assert int(sw.iface("vs0", "ofport")) > 0
    peer.loop()
    run_for(peer, 1)
    peer.halt()


@pytest.mark.ours
def test_second_connection_is_refused(br0):
    """A socket has one guest: the next one is turned away, and the first
    does not notice."""
    sw = br0
    sw.expect_log(r"\|WARN\|.*dpdkvhostuser\b.*deprecated",
                  r"\|WARN\|vs0: refused a second connection to '\S+/vs0'",
                  r"\|ERR\|VHOST_CONFIG: \(\S+/vs0\) failed to add vhost "
                  r"user connection")
    for port in "vs0", "vs1":
        sw.vsctl("add-port br0 %s -- set Interface %s type=dpdkvhostuser"
                 % (port, port))
    sw.vhost_path = sw.space.path
    peer = sw.peer("vs0", "vs1", server=False)
    peer.loop()
    with socket.socket(socket.AF_UNIX) as second:
        second.connect(sw.vhost_path("vs0"))
        second.settimeout(20)
        assert second.recv(1) == b""
    run_for(peer, 1)
    for way in peer.account():
        assert way.received > 1000 and way.lost == 0, way
    assert sw.map_of("Interface", "vs0", "status")["status"] == "connected"


def test_served_by_the_switch(br0):
    """dpdkvhostuser: the switch has the sockets, the guests connect."""
    sw = br0
    sw.expect_log(r"\|WARN\|.*dpdkvhostuser\b.*deprecated",
                  r"Socket \S+/vs0 created for vhost-user port vs0")
    for port in "vs0", "vs1":
        sw.vsctl("add-port br0 %s -- set Interface %s type=dpdkvhostuser"
                 % (port, port))
    sw.vhost_path = sw.space.path       # sockets named like the ports
    peer = sw.peer("vs0", "vs1", server=False)
    peer.loop()
    run_for(peer, 1)
    for way in peer.account():
        assert way.received > 1000
        if not is_peer():
            assert way.lost == 0, way
    assert sw.map_of("Interface", "vs0", "status")["mode"] == "server"
    # A guest that comes again finds the same socket.
    sw.allow_log(GUEST_DIED)
    peer.kill()
    sw.wait_link("vs0", "down")
    peer = sw.peer("vs0", "vs1", server=False)
    peer.loop()
    run_for(peer, 1)
    peer.halt()


@pytest.mark.hugepages(1400)
def test_jumbo_frames(guests):
    sw = guests
    sw.vsctl("set Interface vh0 mtu_request=9000 "
             "-- set Interface vh1 mtu_request=9000")
    peer = sw.peer("vh0", "vh1", mtu=9000,
                   devargs="mrg_rxbuf=1,in_order=0")
    assert sw.iface("vh0", "mtu") == "9000"
    peer.loop(size=9014)
    run_for(peer, 2)
    for way in peer.account():
        assert way.received > 1000
        if not is_peer():
            assert way.lost == 0, way


def test_reconfigured_port_leaves_others_alone(guests):
    """Ports come and go while two guests exchange packets: none lost."""
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    for _ in range(5):
        sw.add_port("n0", "net_null0,no-rx=1")
        sw.vsctl("set Interface n0 options:n_rxq=2")
        sw.add_guest_port("vh9")
        sw.vsctl("del-port n0 -- del-port vh9")
    run_for(peer, 1)
    for way in peer.account():
        if not is_peer():
            assert way.lost == 0 and way.in_flight == 128, way


def test_deleted_under_traffic(guests):
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    sw.allow_log(RINGS_IN_USE)
    sw.vsctl("del-port vh1")
    wait_until(lambda: "vh1 " not in sw.appctl("dpif/show"), "its end")
    sw.add_guest_port("vh1")
    sw.wait_link("vh1")
    peer.halt()
    peer.loop()
    run_for(peer, 1)
    peer.halt()


def test_more_packet_threads_and_fewer(guests):
    """The mask of packet threads changes under traffic."""
    sw = guests
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    for mask in "0x3", "0x2", "0x1", "0x2":
        sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=" + mask)
        threads = sw.appctl("dpif-netdev/pmd-rxq-show").count("pmd thread")
        assert threads == bin(int(mask, 16)).count("1")
        run_for(peer, 0.5)
    for way in peer.account():
        if not is_peer():
            assert way.lost == 0, way


@pytest.mark.ours
def test_ordinary_memory(make_switch):
    """Without hugepages on either side."""
    sw = make_switch(use_hugepages=False)
    sw.start()
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 2)
    for way in peer.account():
        assert way.lost == 0 and way.in_flight == 128, way
