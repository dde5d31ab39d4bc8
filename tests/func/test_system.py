# SPDX-License-Identifier: Apache-2.0
#
# A system port is a kernel device that there is already, such as a veth end.

import json
import os
import re

import pytest

from harness.command import wait_until
from harness.daemon import Process
from harness.frames import BROADCAST, Device, frame
from test_internal import idle

SRC = "02:aa:00:00:00:01"
NO_DEVICE = r"could not open network device v-sw \(No such device\)"


def veth(sw, name, mtu=1500):
    """A veth pair, NAME-sw for the switch and NAME-te; both up."""
    sw.space.netns.ip("link add %s-sw mtu %d type veth peer name %s-te "
                      "mtu %d" % (name, mtu, name, mtu))
    for end in "sw", "te":
        sw.space.netns.ip("link set %s-%s up" % (name, end))
    # A while before that, an end drops what it is to send.
    for end in "sw", "te":
        wait_until(lambda: "state UP" in sw.space.netns.ip(
            "link show %s-%s" % (name, end)), "the veth pair to be connected")
    return name + "-sw", name + "-te"


def host(sw, name, address, mtu=1500):
    """A host in a namespace of its own, behind a system port."""
    port, far = veth(sw, name, mtu)
    ns = sw.space.namespace()
    sw.space.netns.ip("link set %s netns %s" % (far, ns.name))
    ns.ip("addr add %s/24 dev %s" % (address, far))
    ns.ip("link set %s up" % far)
    sw.vsctl("add-port br0 " + port)
    ns.device = far
    return ns


def internal_host(sw, name, address, mtu=1500):
    """Likewise, on an internal port."""
    ns = sw.space.namespace()
    sw.vsctl("add-port br0 %s -- set Interface %s type=internal "
             "mtu_request=%d" % (name, name, mtu))
    sw.space.netns.ip("link set %s netns %s" % (name, ns.name))
    ns.ip("addr add %s/24 dev %s" % (address, name))
    ns.ip("link set %s up" % name)
    ns.device = name
    return ns


def assert_pings(ns, address, mtu):
    for options in "", "-M do -s %d" % (mtu - 28):
        result = ns.run("ping -n -c 3 -i 0.1 -W 5 %s %s" % (options, address))
        assert result.code == 0, str(result)


class Capture:
    """tcpdump of what comes in at a host's device; `with` ends it."""

    def __init__(self, sw, ns):
        self.sw, self.ns, self.process = sw, ns, Process()
        self.file = sw.space.path(ns.device + ".pcap")

    def __enter__(self):
        said = self.sw.space.path(self.ns.device + ".tcpdump")
        self.process.spawn(self.ns.prefix() + [
            "tcpdump", "-i", self.ns.device, "-Q", "in", "-w", self.file,
            "-c", "4000", "-Z", "root", "-s", "9200"], None, said)
        wait_until(lambda: "listening" in open(said).read(), "tcpdump")
        return self

    def __exit__(self, *error):
        self.process.kill(2)

    def bad(self):
        """The lines of tcpdump's that complain, and how many there are."""
        lines = self.ns.check("tcpdump -n -vvv -r " + self.file).splitlines()
        return [line for line in lines
                if re.search("incorrect|bad[- ]cksum", line)], len(lines)


def iperf(server, client, address, options=""):
    """Mbit/s of TCP received."""
    listener = Process()
    listener.spawn(server.prefix() + ["iperf3", "-s", "-1"], None, "/dev/null")
    try:
        wait_until(lambda: ":1451 " in server.check("cat /proc/net/tcp6 "
                                                    "/proc/net/tcp"),
                   "the server of iperf3")
        said = client.run("iperf3 -J -t 2 -c %s %s" % (address, options))
        assert said.code == 0, str(said)
        return (json.loads(said.out)["end"]["sum_received"]
                ["bits_per_second"] / 1e6)
    finally:
        listener.kill()


def checksum_errors(ns):
    """What the host's stack refused because of a checksum."""
    rows = ns.check("cat /proc/net/snmp").splitlines()
    return sum(int(value) for names, values in zip(rows[::2], rows[1::2])
               for name, value in zip(names.split(), values.split())
               if name == "InCsumErrors")


def check_traffic(sw, a, b, mtu):
    assert_pings(a, "10.1.0.2", mtu)
    assert_pings(b, "10.1.0.1", mtu)
    for options in "", "-R":
        with Capture(sw, a) as at_a, Capture(sw, b) as at_b:
            rate = iperf(b, a, "10.1.0.2", options)
        # A tenth of what an idle machine of two cores does.
        assert rate > 150, "TCP %s: %d Mbit/s" % (options, rate)
        for capture in at_a, at_b:
            bad, lines = capture.bad()
            assert not bad and lines > 100, bad[:5]
    assert checksum_errors(a) == checksum_errors(b) == 0


@pytest.mark.ours
@pytest.mark.parametrize("mtu", [1500, 9000])
def test_traffic_between_system_ports(br0, mtu):
    a = host(br0, "ha", "10.1.0.1", mtu)
    b = host(br0, "hb", "10.1.0.2", mtu)
    check_traffic(br0, a, b, mtu)


@pytest.mark.ours
@pytest.mark.parametrize("mtu", [1500, 9000])
def test_traffic_between_internal_ports(br0, mtu):
    a = internal_host(br0, "ha", "10.1.0.1", mtu)
    b = internal_host(br0, "hb", "10.1.0.2", mtu)
    check_traffic(br0, a, b, mtu)


@pytest.mark.ours
def test_traffic_from_system_to_internal(br0):
    a = host(br0, "ha", "10.1.0.1")
    b = internal_host(br0, "hb", "10.1.0.2")
    check_traffic(br0, a, b, 1500)


def test_vlan_tags_pass(br0):
    """The kernel takes tags out of frames; the switch puts them back."""
    sw = br0
    port, far = veth(sw, "v")
    sw.vsctl("add-port br0 " + port)
    other, far_other = veth(sw, "w")
    sw.vsctl("add-port br0 " + other)
    sender, receiver = (Device(sw.space.netns, far),
                        Device(sw.space.netns, far_other))
    try:
        sent = [frame(BROADCAST, SRC, "x", vlan=100),
                frame(BROADCAST, SRC, "x", vlan=0x6064),
                frame(BROADCAST, SRC, "x", size=1514),
                frame(BROADCAST, SRC, "x", vlan=5, size=1518)]
        sender.send(*sent)
        seen = receiver.receive(len(sent), quiet=0.1)
        assert sorted(seen) == sorted(sent)
    finally:
        sender.close()
        receiver.close()


def test_what_the_database_says(br0):
    sw = br0
    port, _ = veth(sw, "v", 1400)
    sw.vsctl("add-port br0 " + port)
    sw.wait_iface(port, "link_state", "up")
    assert sw.iface(port, "admin_state") == "up"
    assert sw.iface(port, "error") == "[]"
    assert sw.iface(port, "mtu") == "1400"
    assert sw.iface(port, "duplex") == "full"
    assert sw.iface(port, "link_speed") == "10000000000"
    status = sw.map_of("Interface", port, "status")
    assert (status["driver_name"], status["driver_version"]) == ("veth", "1.0")
    shown = sw.space.netns.ip("-o link show " + port)
    assert shown.startswith(sw.iface(port, "ifindex") + ":")
    assert sw.iface(port, "mac_in_use") in shown
    assert re.search(r"%s 1/\d+: \(system\)" % port, sw.appctl("dpif/show"))
    names = set(sw.statistics(port))
    assert {"rx_packets", "rx_bytes", "rx_dropped", "rx_errors",
            "rx_over_err", "rx_frame_err", "rx_crc_err", "rx_missed_errors",
            "rx_multicast_packets", "tx_packets", "tx_bytes", "tx_dropped",
            "tx_errors", "collisions"} <= names


@pytest.mark.ours
def test_idle_ports_cost_nothing(br0):
    """No PMD thread polls them, and the thread that serves them sleeps."""
    sw = br0
    for name in "v", "w":
        sw.vsctl("add-port br0 " + veth(sw, name)[0])
    assert "port:" not in sw.appctl("dpif-netdev/pmd-rxq-show")
    wait_until(lambda: idle(sw.daemon.pid),
               "the daemon to use less than 5 % of a core")


def flags(sw, device):
    return sw.space.netns.ip("-d -o link show " + device)


@pytest.mark.ours
def test_device_goes_back_as_it_was(br0):
    """Also when the daemon is killed: promiscuous mode ends."""
    sw = br0
    port, _ = veth(sw, "v")
    sw.space.netns.ip("addr add 10.9.0.1/24 dev " + port)
    before = flags(sw, port), sw.space.netns.ip("addr show " + port)
    sw.vsctl("add-port br0 %s -- set Interface %s mtu_request=4000"
             % (port, port))
    assert "promiscuity 1" in flags(sw, port)
    assert "mtu 4000" in flags(sw, port)
    sw.vsctl("del-port " + port)
    assert before == (flags(sw, port), sw.space.netns.ip("addr show " + port))
    sw.vsctl("add-port br0 " + port)
    sw.daemon.kill()
    os.unlink(sw.space.path("ovs-vswitchd.%d.ctl" % sw.daemon.pid))
    assert before == (flags(sw, port), sw.space.netns.ip("addr show " + port))
    sw.daemon.start()
    sw.settle()


def test_no_such_device(br0):
    """It is tried again when a device of that name comes."""
    sw = br0
    sw.expect_log(NO_DEVICE)
    reason = sw.vsctl_refused("add-port br0 v-sw")
    assert reason == "could not open network device v-sw (No such device)"
    assert sw.iface("v-sw", "ofport") == "-1"
    assert sw.iface("v-sw", "error") == reason
    veth(sw, "v")
    sw.wait_iface("v-sw", "ofport", "1", timeout=3)
    sw.wait_iface("v-sw", "error", "[]")


@pytest.mark.ours
def test_device_that_goes_and_comes(br0):
    sw = br0
    sw.expect_log("v-sw: its network device is gone",
                  "v-sw: its network device is called other now", NO_DEVICE)
    a = host(sw, "v", "10.1.0.1")
    b = host(sw, "w", "10.1.0.2")
    assert_pings(a, "10.1.0.2", 1500)

    sw.space.netns.ip("link set v-sw name other")
    sw.wait_iface("v-sw", "error", "could not open network device v-sw "
                  "(No such device)")
    assert sw.iface("v-sw", "link_state") == "down"
    assert sw.iface("v-sw", "ifindex") == "0"
    assert "promiscuity 0" in flags(sw, "other")
    sw.space.netns.ip("link set other name v-sw")
    sw.wait_iface("v-sw", "error", "[]")
    assert_pings(b, "10.1.0.1", 1500)

    sw.space.netns.ip("link del v-sw")
    sw.wait_iface("v-sw", "link_state", "down")
    sw.space.netns.ip("link add v-sw type veth peer name v-te netns "
                      + a.name)
    sw.space.netns.ip("link set v-sw up")
    a.ip("addr add 10.1.0.1/24 dev v-te")
    a.ip("link set v-te up")
    sw.wait_iface("v-sw", "link_state", "up")
    assert sw.iface("v-sw", "error") == "[]"
    b.ip("neigh flush all")             # the address is another
    assert_pings(b, "10.1.0.1", 1500)


def test_loopback_is_refused(br0):
    br0.expect_log("could not add network device lo to ofproto")
    assert br0.vsctl_refused("add-port br0 lo").startswith(
        "could not add network device lo to ofproto (Invalid argument)")
