# SPDX-License-Identifier: Apache-2.0
#
# A tap port is a tap device that the switch makes.

import re

import pytest

from test_internal import pings
from test_system import host


def test_traffic(br0):
    sw = br0
    sw.vsctl("add-port br0 tap0 -- set Interface tap0 type=tap")
    sw.space.netns.ip("addr add 10.1.0.1/24 dev tap0")
    sw.space.netns.ip("link set tap0 up")
    far = host(sw, "ha", "10.1.0.2")
    ok, said = pings(sw.space.netns, "10.1.0.2", "-s 1472 -M do")
    assert ok, said
    ok, said = pings(far, "10.1.0.1", "-s 1472 -M do")
    assert ok, said


def test_device(br0):
    sw = br0
    sw.vsctl("add-port br0 tap0 -- set Interface tap0 type=tap "
             "mtu_request=1400")
    assert sw.iface("tap0", "error") == "[]"
    sw.wait_iface("tap0", "mtu", "1400")
    shown = sw.space.netns.ip("-d -o link show tap0")
    assert "mtu 1400 " in shown and "tun type tap" in shown
    assert sw.iface("tap0", "mac_in_use") in shown
    assert sw.map_of("Interface", "tap0", "status")["driver_name"] == "tun"
    assert re.search(r"^    tap0 1/\d+: \(tap\)$", sw.appctl("dpif/show"),
                     re.M)
    sw.space.netns.ip("link set tap0 address 02:00:00:00:00:77")
    sw.wait_iface("tap0", "mac_in_use", "02:00:00:00:00:77")
    sw.vsctl("del-port tap0")
    assert "tap0" not in sw.space.netns.ip("link show")


@pytest.mark.ours
def test_name_that_is_taken(br0):
    sw = br0
    sw.expect_log("d0: a network device of this name exists already")
    sw.space.netns.ip("link add d0 type veth peer name d1")
    assert sw.vsctl_refused("add-port br0 d0 -- set Interface d0 type=tap") \
        == "d0: a network device of this name exists already"
