# SPDX-License-Identifier: Apache-2.0
#
# A bridge's internal port is a kernel device that can carry an IP address.

import os
import time

import pytest

from harness.command import wait_until
from harness.frames import BROADCAST, Device, frame

SRC = "02:aa:00:00:00:01"


def far_host(sw, wire, address):
    """Makes the wire's test end another host, in a namespace of its own."""
    far = sw.space.namespace()
    sw.space.netns.ip("link set %s netns %s" % (wire.test_end, far.name))
    far.ip("addr add %s/24 dev %s" % (address, wire.test_end))
    far.ip("link set %s up" % wire.test_end)
    return far


def pings(netns, address, options=""):
    result = netns.run("ping -n -c 3 -i 0.1 -W 5 %s %s" % (options, address))
    return result.code == 0, str(result)


def test_ping_through_the_bridge(br0):
    sw = br0
    wire = sw.add_wire("p0")
    sw.space.netns.ip("addr add 10.1.0.1/24 dev br0")
    sw.space.netns.ip("link set br0 up")
    far = far_host(sw, wire, "10.1.0.2")
    ok, said = pings(sw.space.netns, "10.1.0.2")
    assert ok, said
    ok, said = pings(far, "10.1.0.1")
    assert ok, said
    ok, said = pings(far, "10.1.0.1", "-s 1400 -M do")
    assert ok, said
    device = sw.space.netns.check("cat /proc/net/dev")
    assert "br0:" in device


def test_two_internal_ports(br0):
    """Another internal port of the same bridge, as another host's."""
    sw = br0
    sw.vsctl("add-port br0 in0 -- set Interface in0 type=internal")
    far = sw.space.namespace()
    sw.space.netns.ip("link set in0 netns " + far.name)
    far.ip("addr add 10.1.0.2/24 dev in0")
    far.ip("link set in0 up")
    sw.space.netns.ip("addr add 10.1.0.1/24 dev br0")
    sw.space.netns.ip("link set br0 up")
    ok, said = pings(far, "10.1.0.1")
    assert ok, said


def test_device_follows_the_bridge(br0):
    sw = br0
    sw.space.netns.ip("link show br0")
    assert sw.iface("br0", "ofport") == "65534"
    assert sw.iface("br0", "type") == "internal"
    mac = sw.iface("br0", "mac_in_use")
    assert mac in sw.space.netns.ip("link show br0")
    sw.vsctl("del-br br0")
    assert "br0:" not in sw.space.netns.ip("link show")


def test_hwaddr(br0):
    sw = br0
    sw.vsctl("set Bridge br0 other_config:hwaddr=02:12:34:56:78:9a")
    sw.wait_iface("br0", "mac_in_use", "02:12:34:56:78:9a")
    assert "02:12:34:56:78:9a" in sw.space.netns.ip("link show br0")


def test_mtu_of_the_device(br0):
    sw = br0
    sw.vsctl("set Interface br0 mtu_request=1400")
    sw.wait_iface("br0", "mtu", "1400")
    assert "mtu 1400" in sw.space.netns.ip("link show br0")


@pytest.mark.ours
def test_mtu_that_somebody_else_sets(br0):
    """The device's MTU is the port's: longer frames pass then."""
    sw = br0
    sw.space.netns.ip("link set br0 mtu 4000")
    sw.wait_iface("br0", "mtu", "4000")
    port = sw.add_tap("t0")
    sw.space.netns.ip("link set br0 up")
    sw.wait_iface("br0", "admin_state", "up")
    before = sw.drops()["oversize"]
    host = Device(sw.space.netns, "br0")
    try:
        host.send(frame(BROADCAST, SRC, size=3000))
        sw.wait_statistics("br0", lambda s: s["rx_bytes"] >= 3000)
    finally:
        host.close()
    # It came in; it is too long for the other port only.
    sw.wait_statistics("t0", lambda s: s["ovs_tx_mtu_exceeded_drops"] == 1)
    assert sw.drops()["oversize"] == before
    assert port.receive(1, timeout=0.1) == []


def test_state_of_the_device(br0):
    sw = br0
    sw.space.netns.ip("link set br0 up")
    sw.wait_iface("br0", "admin_state", "up")
    sw.space.netns.ip("link set br0 down")
    sw.wait_iface("br0", "admin_state", "down")


def test_device_outlives_the_daemon(br0):
    """With its addresses: whoever depends on them notices a pause."""
    sw = br0
    wire = sw.add_wire("p0")
    sw.space.netns.ip("addr add 10.1.0.1/24 dev br0")
    sw.space.netns.ip("link set br0 up")
    far = far_host(sw, wire, "10.1.0.2")
    before = sw.space.netns.ip("-o addr show br0")
    mac = sw.iface("br0", "mac_in_use")

    assert sw.appctl_result("exit").code == 0
    sw.daemon.wait()
    assert sw.space.netns.ip("-o addr show br0") == before
    sw.daemon.start()
    sw.settle()
    assert sw.iface("br0", "mac_in_use") == mac
    ok, said = pings(far, "10.1.0.1")
    assert ok, said

    sw.daemon.kill()
    os.unlink(sw.space.path("ovs-vswitchd.%d.ctl" % sw.daemon.pid))
    assert sw.space.netns.ip("-o addr show br0") == before
    sw.daemon.start()
    sw.settle()
    ok, said = pings(far, "10.1.0.1")
    assert ok, said

    assert sw.daemon.exit() == 0        # --cleanup
    assert "br0:" not in sw.space.netns.ip("link show")
    sw.daemon.start()
    sw.settle()


@pytest.mark.ours
def test_device_elsewhere_goes_with_the_daemon(br0):
    """No daemon would find it there again."""
    sw = br0
    sw.vsctl("add-port br0 in0 -- set Interface in0 type=internal")
    box = sw.space.namespace()
    sw.space.netns.ip("link set in0 netns " + box.name)
    sw.settle()
    assert "in0:" in box.ip("link show")
    sw.daemon.kill()
    os.unlink(sw.space.path("ovs-vswitchd.%d.ctl" % sw.daemon.pid))
    assert "in0:" not in box.ip("link show")
    sw.daemon.start()
    sw.settle()


def ticks(pid):
    """The processor time of a process so far, in hundredths of seconds."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def idle(pid):
    """Does the process use less than 5 % of a core?"""
    before = ticks(pid)
    time.sleep(1)
    return ticks(pid) - before <= 5


@pytest.mark.ours
def test_idle_bridges_cost_no_core(br0):
    """Kernel-backed ports are served outside packet threads, on demand."""
    wait_until(lambda: idle(br0.daemon.pid),
               "the daemon to use less than 5 % of a core")
