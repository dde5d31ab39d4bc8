# SPDX-License-Identifier: Apache-2.0
#
# Ports of type dpdk on virtual devices, and their settings.

import struct

import pytest

from harness.frames import BROADCAST, frame

SRC = "02:aa:00:00:00:01"


def write_pcap(path, frames):
    """A capture file in the classic format."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            f.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def read_pcap(path):
    with open(path, "rb") as f:
        data = f.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def quoted(mac):
    """MAC for ovs-vsctl, to which a colon says something."""
    return '"\\"%s\\""' % mac


def works(sw, name, driver, remark=None):
    """What an operator sees of a port that works, perhaps without something
    that it was asked for."""
    assert int(sw.iface(name, "ofport")) > 0
    if remark:
        assert remark in sw.iface(name, "error")
    else:
        assert sw.iface(name, "error") == "[]"
    assert sw.iface(name, "admin_state") == "up"
    assert sw.iface(name, "mtu") == "1500"
    assert sw.iface(name, "mac_in_use").count(":") == 5
    assert sw.map_of("Interface", name, "status")["driver_name"] == driver
    assert " %s " % name in sw.appctl("dpif/show")
    assert "port: %s" % name in sw.appctl("dpif-netdev/pmd-rxq-show")


def devargs(sw, driver):
    """The dpdk-devargs that make a device of DRIVER for a test."""
    if driver == "net_pcap":
        write_pcap(sw.space.path("in.pcap"), [frame(BROADCAST, SRC)])
        return "net_pcap0,rx_pcap=%s,tx_pcap=%s" % (
            sw.space.path("in.pcap"), sw.space.path("out.pcap"))
    if driver == "net_memif":
        return "net_memif0,role=server,socket=%s,socket-abstract=no" % (
            sw.space.path("memif"))
    if driver == "net_af_packet":
        sw.space.netns.ip("link add v0 type veth peer name v1")
        sw.space.netns.ip("link set v0 up")
        sw.space.netns.ip("link set v1 up")
        return "net_af_packet0,iface=v0"
    return driver + "0"


@pytest.mark.parametrize("driver", [
    "net_null", "net_ring", "net_pcap", "net_memif", "net_af_packet"])
def test_virtual_device(br0, driver):
    """Added, seen, deleted, added again."""
    sw = br0
    words = devargs(sw, driver)
    for _ in range(2):
        sw.add_port("d0", words)
        works(sw, "d0", driver)
        sw.vsctl("del-port d0")
        assert " d0 " not in sw.appctl("dpif/show")


@pytest.mark.ours
def test_capture_file_to_capture_file(br0):
    """Frames of one file come out in another, unchanged."""
    sw = br0
    frames = [frame(BROADCAST, SRC, "number %d" % n, size=60 + n)
              for n in range(100)]
    write_pcap(sw.space.path("in.pcap"), frames)
    out = sw.space.path("out.pcap")
    write_pcap(sw.space.path("none.pcap"), [])
    sw.add_port("dst", "net_pcap0,rx_pcap=%s,tx_pcap=%s"
                % (sw.space.path("none.pcap"), out))
    sw.add_port("src", "net_pcap1,rx_pcap=%s,tx_pcap=%s"
                % (sw.space.path("in.pcap"), sw.space.path("back.pcap")))
    sw.wait_statistics("dst", lambda s: s["tx_packets"] == 100)
    sw.vsctl("del-port dst")        # closes the file
    assert read_pcap(out) == frames


@pytest.mark.ours
def test_tap_device(br0):
    """A net_tap port is a kernel device: frames go in and out there."""
    sw = br0
    wire = sw.add_wire("p0")
    for _ in range(2):
        tap = sw.add_tap("t0")
        works(sw, "t0", "net_tap")
        sent = frame(BROADCAST, SRC, "into the tap device")
        tap.send(sent)
        assert wire.receive() == [sent]
        wire.send(sent)
        assert tap.receive() == [sent]
        sw.vsctl("del-port t0")
        assert "t0-te" not in sw.space.netns.ip("link show")


def test_settings(br0):
    """Queues and descriptors, at the start and changed while running."""
    sw = br0

    def shown(name):
        line, = [text for text in sw.appctl("dpif/show").splitlines()
                 if " %s " % name in text]
        return dict(word.split("=") for word in
                    line.split("(dpdk: ")[1].rstrip(")").split(", "))

    sw.add_port("n0", "net_null0,no-rx=1", options="options:n_rxq=2 "
                "options:n_rxq_desc=512 options:n_txq_desc=1024")
    now = shown("n0")
    assert now["configured_rx_queues"] == "2"
    assert now["configured_rxq_descriptors"] == "512"
    assert now["configured_txq_descriptors"] == "1024"
    queues = sw.appctl("dpif-netdev/pmd-rxq-show")
    assert queues.count("port: n0 ") == 2
    sw.vsctl("set Interface n0 options:n_rxq=3 options:n_rxq_desc=1024")
    now = shown("n0")
    assert now["configured_rx_queues"] == "3"
    assert now["configured_rxq_descriptors"] == "1024"
    sw.vsctl("remove Interface n0 options n_rxq -- remove Interface n0 "
             "options n_rxq_desc -- remove Interface n0 options n_txq_desc")
    now = shown("n0")
    assert now["configured_rx_queues"] == "1"
    assert now["configured_rxq_descriptors"] == "2048"
    assert now["configured_txq_descriptors"] == "2048"


@pytest.mark.ours
def test_mtu(br0):
    """A smaller MTU refuses larger frames, and the device knows."""
    sw = br0
    taps = [sw.add_tap("t%d" % n) for n in range(2)]
    large = frame(BROADCAST, SRC, "large", size=1514)
    small = frame(BROADCAST, SRC, "small", size=1414)
    taps[0].send(large)
    assert taps[1].receive() == [large]
    sw.vsctl("set Interface t1 mtu_request=1400")
    sw.wait_iface("t1", "mtu", "1400")
    assert "mtu 1400" in sw.space.netns.ip("link show t1-te")
    taps[0].send(large, small)
    assert taps[1].receive(1, quiet=0.2) == [small]
    sw.wait_statistics("t1", lambda s: s["ovs_tx_mtu_exceeded_drops"] == 1)
    sw.vsctl("set Interface t1 mtu_request=1500")
    sw.wait_iface("t1", "mtu", "1500")
    taps[0].send(large)
    assert taps[1].receive() == [large]


def test_link_interrupt(br0):
    """With dpdk-lsc-interrupt the driver says when the link changes."""
    sw = br0
    sw.add_tap("t0", options="options:dpdk-lsc-interrupt=true")
    assert "lsc_interrupt_mode=true" in sw.appctl("dpif/show")
    assert sw.iface("t0", "error") == "[]"
    assert sw.iface("t0", "link_state") == "up"
    sw.space.netns.ip("link set t0-te down")
    sw.wait_link("t0", "down")
    sw.space.netns.ip("link set t0-te up")
    sw.wait_link("t0", "up")
    sw.vsctl("set Interface t0 options:dpdk-lsc-interrupt=false")
    assert "lsc_interrupt_mode=false" in sw.appctl("dpif/show")
    sw.space.netns.ip("link set t0-te down")
    sw.wait_link("t0", "down")


@pytest.mark.ours
def test_address(br0):
    """Column mac sets the address of a device."""
    sw = br0
    sw.add_tap("t0", options='-- set Interface t0 mac=%s' % quoted(SRC))
    assert sw.iface("t0", "mac_in_use") == SRC
    assert SRC in sw.space.netns.ip("link show t0-te")
    own = "02:aa:00:00:00:02"
    sw.vsctl('set Interface t0 mac=%s' % quoted(own))
    assert sw.iface("t0", "mac_in_use") == own


@pytest.mark.ours
def test_device_that_dpdk_has_already(new_switch):
    """Named by its address, it goes to a port and comes back, and
    netdev-dpdk/detach takes it away."""
    sw = new_switch
    sw.start(dpdk_extra=sw.dpdk_extra() + (
        " --vdev=net_memif7,role=server,mac=02:00:00:00:00:77,"
        "socket-abstract=no,socket=" + sw.space.path("memif")))
    sw.add_bridge("br0")
    for name in "p0", "p1":
        sw.add_port(name, "class=eth,mac=02:00:00:00:00:77")
        works(sw, name, "net_memif")
        assert sw.iface(name, "mac_in_use") == "02:00:00:00:00:77"
        assert "'%s'" % name in sw.appctl_refused(
            "netdev-dpdk/detach net_memif7")
        sw.expect_log(r"\|WARN\|.*'net_memif7' which is already in use by "
                      r"'%s'" % name)
        assert "in use by '%s'" % name in sw.vsctl_refused(
            "add-port br0 again -- set Interface again type=dpdk "
            "options:dpdk-devargs=net_memif7")
        sw.vsctl("del-port again -- del-port " + name)
    said = sw.appctl("netdev-dpdk/detach net_memif7")
    assert said == "All devices shared with device 'net_memif7' have been " \
                   "detached\n"
    sw.expect_log(r"\|WARN\|.*no device known to DPDK has this MAC")
    assert "no device known to DPDK" in sw.vsctl_refused(
        "add-port br0 p0 -- set Interface p0 type=dpdk "
        "'options:dpdk-devargs=\"class=eth,mac=02:00:00:00:00:77\"'")


@pytest.mark.ours
def test_what_a_device_does_not_have(br0):
    """The port works without, and says so."""
    sw = br0
    sw.expect_log(r"\|WARN\|n0: device 'net_null0,no-rx=1' has no flow "
                  r"control: options:rx-flow-ctrl and tx-flow-ctrl have no "
                  r"effect; .* has no link interrupts: .* is no VF repr")
    sw.add_port("n0", "net_null0,no-rx=1", options="options:rx-flow-ctrl=true "
                "options:dpdk-lsc-interrupt=true "
                "options:dpdk-vf-mac=" + quoted(SRC))
    works(sw, "n0", "net_null", "no flow control")
    sw.vsctl("remove Interface n0 options rx-flow-ctrl -- "
             "remove Interface n0 options dpdk-lsc-interrupt -- "
             "remove Interface n0 options dpdk-vf-mac")
    works(sw, "n0", "net_null")


def test_statistics(br0):
    sw = br0
    p0, p1 = sw.add_wire("p0"), sw.add_wire("p1")
    p0.send(*[frame(BROADCAST, SRC, size=100)] * 50)
    assert len(p1.receive(50)) == 50
    sw.wait_statistics("p0", lambda s: s["rx_packets"] == 50
                       and s["rx_bytes"] == 5000)
    there = sw.wait_statistics("p1", lambda s: s["tx_packets"] == 50
                               and s["tx_bytes"] == 5000)
    for name in ("ovs_tx_failure_drops", "ovs_tx_mtu_exceeded_drops",
                 "rx_dropped", "tx_dropped"):
        assert there[name] == 0, name


def test_admin_state(br0):
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1")
    assert sw.appctl("netdev-dpdk/set-admin-state n0 down") == "OK\n"
    sw.wait_iface("n0", "admin_state", "down")
    assert sw.appctl("netdev-dpdk/set-admin-state n0 up") == "OK\n"
    sw.wait_iface("n0", "admin_state", "up")
    assert sw.appctl_refused("netdev-dpdk/set-admin-state nosuch up") == \
        "Not a DPDK Interface"


def test_ofport_request(br0):
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1", options="ofport_request=42")
    assert sw.iface("n0", "ofport") == "42"


@pytest.mark.ours
def test_more_devices_than_dpdk_allows(br0):
    """32 ethdevs in a process; the next one names the limit."""
    sw = br0
    sw.expect_log(r"\|WARN\|.*\b32\b")
    sw.allow_log(r"\|dpdk\|ERR\|")
    words = []
    for n in range(33):
        words += ["--", "add-port", "br0", "n%d" % n, "--", "set",
                  "Interface", "n%d" % n, "type=dpdk", "mtu_request=900",
                  "options:dpdk-devargs=net_null%d,no-rx=1" % n]
    result = sw.vsctl_result(words[1:])
    assert result.code == 0 and "32" in result.err, str(result)
    ofports = [sw.iface("n%d" % n, "ofport") for n in range(33)]
    assert ofports.count("-1") == 1
