# SPDX-License-Identifier: Apache-2.0
#
# What an interface's row tells: statistics, status, link; when it is written.

import re

import pytest

from harness.frames import BROADCAST, Device, frame

SRC = "02:aa:00:00:00:01"

# Rows are then written because something happened, or not at all.
NEVER = 3600 * 1000

TOTALS = ["%s_%s" % (way, what) for way in ("rx", "tx")
          for what in ("packets", "bytes", "dropped")]


def set_interval(sw, ms):
    sw.vsctl("set Open_vSwitch . other_config:stats-update-interval=%d" % ms)


def row(sw, port):
    columns = ("admin_state", "link_state", "link_speed", "duplex",
               "link_resets", "mtu", "mac_in_use", "ifindex", "error")
    return {column: sw.iface(port, column) for column in columns}


def name_hash(sw, port):
    """The ifindex of a port that the kernel knows nothing of: the same for a
    name on every machine, and with the stock daemon."""
    number = int(sw.iface(port, "ifindex"))
    assert 0 < number < 1 << 24
    return number


def test_row_of_a_dpdk_port(br0):
    sw = br0
    sw.add_port("null0", "net_null0,no-rx=1", options="options:n_rxq=2")
    said = row(sw, "null0")
    said.pop("ifindex")
    assert re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}",
                        said.pop("mac_in_use"))
    assert said == {
        "admin_state": "up", "link_state": "up", "link_speed": "10000000000",
        "duplex": "full", "link_resets": "0", "mtu": "1500", "error": "[]"}
    name_hash(sw, "null0")
    status = sw.map_of("Interface", "null0", "status")
    assert re.fullmatch(r"DPDK \S+ net_null", status.pop("if_descr"))
    assert status.items() >= {
        "bus_info": "bus_name=vdev", "driver_name": "net_null",
        "if_type": "6", "link_speed": "10Gbps", "max_hash_mac_addrs": "0",
        "max_mac_addrs": "1", "max_rx_pktlen": "1518",
        "max_rx_queues": "1024", "max_tx_queues": "1024", "max_vfs": "0",
        "max_vmdq_pools": "0", "min_rx_bufsize": "0",
        "port_no": "0"}.items()
    assert status["numa_id"].isdigit()
    wanted = set(TOTALS) | {
        "rx_errors", "tx_errors", "ovs_rx_qos_drops", "ovs_tx_qos_drops",
        "ovs_tx_failure_drops", "ovs_tx_mtu_exceeded_drops",
        "ovs_tx_invalid_hwol_drops", "rx_mbuf_allocation_errors",
        "rx_missed_errors", "rx_q0_packets", "rx_q1_packets",
        "tx_q0_packets"}
    sw.wait_statistics("null0", wanted.issubset)


def test_row_of_a_guest_port(br0):
    sw = br0
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    assert name_hash(sw, "vh0") == 12838582
    said = row(sw, "vh0")
    del said["ifindex"], said["mtu"]    # without a guest, the stock one's is 0
    assert said == {
        "admin_state": "up", "link_state": "down", "link_speed": "[]",
        "duplex": "[]", "link_resets": "0", "error": "[]",
        "mac_in_use": "00:00:00:00:00:00"}
    status = sw.map_of("Interface", "vh0", "status")
    assert status.items() >= {
        "mode": "client", "status": "disconnected"}.items()
    peer = sw.peer("vh0", "vh1", options="--rxq=2 --txq=2",
                   devargs="mrg_rxbuf=0,in_order=0,queues=2")
    peer.loop(bursts=1)
    assert sw.iface("vh0", "mtu") == "1500"
    status = sw.map_of("Interface", "vh0", "status")
    assert status.items() >= {
        "mode": "client", "status": "connected", "num_of_vrings": "4",
        "socket": sw.vhost_path("vh0"), "vring_0_size": "256",
        "vring_3_size": "256"}.items()
    assert int(status["features"], 16)
    assert status["numa"].isdigit()

    def adds_up(s):
        return all(
            s["%s_%s" % (way, what)] > 0
            and s["%s_%s" % (way, what)] == sum(
                s["%s_q%d_good_%s" % (way, q, what)] for q in range(2))
            for way in ("rx", "tx") for what in ("packets", "bytes"))
    sw.wait_statistics("vh0", adds_up)
    wanted = set(TOTALS) | {
        "ovs_tx_retries", "ovs_tx_failure_drops", "rx_1_to_64_packets",
        "ovs_tx_mtu_exceeded_drops", "rx_broadcast_packets",
        "rx_multicast_packets", "tx_1523_to_max_packets"}
    assert wanted <= set(sw.statistics("vh0"))


def test_row_of_an_internal_port(br0):
    sw = br0
    said = row(sw, "br0")
    listed = sw.space.netns.ip("link show br0")
    assert listed.startswith(said["ifindex"] + ":")
    assert said["mac_in_use"] in listed
    assert said["mtu"] == "1500" and said["error"] == "[]"
    assert sw.map_of("Interface", "br0", "status").items() >= {
        "driver_name": "tun", "driver_version": "1.6",
        "firmware_version": ""}.items()
    assert set(sw.statistics("br0")) >= set(TOTALS) | {
        "rx_errors", "tx_errors", "collisions", "rx_crc_err",
        "rx_frame_err", "rx_missed_errors", "rx_multicast_packets",
        "rx_over_err"}


def test_row_of_a_port_that_could_not_be_made(br0):
    sw = br0
    sw.expect_log(r"Error attaching device 'net_none0' to DPDK")
    sw.allow_log(r"\|dpdk(\([^|]*\))?\|ERR\|")
    sw.vsctl_refused("add-port br0 bad -- set Interface bad type=dpdk "
                     "options:dpdk-devargs=net_none0")
    said = row(sw, "bad")
    assert said.pop("error").startswith("Error attaching device")
    assert set(said.values()) == {"[]"}
    assert sw.iface("bad", "ofport") == "-1"
    assert sw.iface("bad", "status") == "{}"
    assert sw.iface("bad", "statistics") == "{}"


@pytest.mark.ours
def test_changes_are_written_at_once(br0):
    """No interval passes: all that is seen here was written on a change."""
    sw = br0
    set_interval(sw, NEVER)
    sw.add_port("null0", "net_null0,no-rx=1")
    sw.add_guest_port("vh0")
    sw.appctl("netdev-dpdk/set-admin-state null0 down")
    sw.wait_iface("null0", "admin_state", "down")
    sw.appctl("netdev-dpdk/set-admin-state null0 up")
    sw.wait_iface("null0", "admin_state", "up")

    for state in "up", "down":
        sw.space.netns.ip("link set br0 " + state)
        sw.wait_iface("br0", "admin_state", state)
        sw.wait_iface("br0", "link_state", state)
    sw.wait_iface("br0", "link_resets", "2")

    sw.add_tap("t0")
    resets = int(sw.iface("t0", "link_resets"))
    for state in "down", "up":
        sw.space.netns.ip("link set t0-te " + state)
        sw.wait_iface("t0", "link_state", state)
    assert int(sw.iface("t0", "link_resets")) == resets + 2

    peer = sw.peer("vh0")           # which waits for the link
    sw.wait_iface("vh0", "link_resets", "0")
    sw.allow_log(r"VHOST_CONFIG: \(\S*\) (recvmsg failed|vhost read)")
    peer.kill()
    sw.wait_link("vh0", "down")
    sw.wait_iface("vh0", "link_resets", "1")
    assert sw.map_of("Interface", "vh0", "status")[
        "status"] == "disconnected"


@pytest.mark.ours
def test_interval_changes_while_running(br0):
    sw = br0
    wire = sw.add_wire("p0")
    set_interval(sw, NEVER)
    sw.settle()

    def sent_and_seen(n):
        for _ in range(n):
            wire.send(frame(BROADCAST, SRC))
        total = sent_and_seen.total = sent_and_seen.total + n
        return lambda s: s["rx_packets"] >= total
    sent_and_seen.total = 0
    seen = sent_and_seen(10)
    set_interval(sw, 5000)          # this writes, too
    seen_later = sent_and_seen(10)
    sw.wait_statistics("p0", seen)
    sw.wait_statistics("p0", seen_later)
    sw.wait_statistics("p0", sent_and_seen(10))


def test_counters_go_on_over_changes(br0):
    """Whatever has a port started anew, what it counted stays."""
    sw = br0
    wire = sw.add_wire("p0")
    sw.add_guest_port("vh0")
    peer = sw.peer("vh0")
    peer.loop(bursts=0)
    for _ in range(20):
        wire.send(frame(BROADCAST, SRC))
    ports = "p0", "vh0"
    for port in ports:
        sw.wait_statistics(port, lambda s: s["rx_packets"] >= 20
                           and s["tx_packets"] >= 20)
    before = {port: sw.statistics(port) for port in ports}
    sw.vsctl("set Interface p0 options:n_rxq_desc=512 mtu_request=1400 "
             "-- set Interface vh0 mtu_request=1400")
    sw.wait_iface("p0", "mtu", "1400")
    sw.wait_iface("vh0", "mtu", "1400")
    for _ in range(5):
        wire.send(frame(BROADCAST, SRC))
    for port in ports:
        after = sw.wait_statistics(
            port, lambda s: s["rx_packets"] >= 25 and s["tx_packets"] >= 25)
        behind = {key: (before[port][key], after[key]) for key in TOTALS
                  if after[key] < before[port][key]}
        assert not behind, behind


@pytest.mark.ours
def test_what_the_host_sent_in_vain(br0):
    """Frames that a tap device has no room for are lost before the switch
    receives them."""
    sw = br0
    sw.space.netns.ip("link set br0 up")
    sw.wait_iface("br0", "admin_state", "up")
    sw.space.netns.ip("link set br0 txqueuelen 10")
    host = Device(sw.space.netns, "br0")
    sw.daemon.pause()               # nobody reads the device's queue now
    try:
        for _ in range(100):
            try:
                host.send(frame(BROADCAST, SRC))
            except OSError:
                pass                # it was full
    finally:
        sw.daemon.resume()
        host.close()
    sw.wait_statistics("br0", lambda s: s["rx_dropped"] >= 80
                       and s["rx_packets"] > 0)
