# SPDX-License-Identifier: Apache-2.0
#
# sluice/trace, as an operator asks it.

import pytest

A, B = "02:aa:00:00:00:01", "02:bb:00:00:00:01"


@pytest.mark.ours
def test_answers_and_errors(br0):
    sw = br0
    for name in "p0", "p1":
        sw.add_port(name, "net_null_%s,no-rx=1" % name)
    sw.vsctl("set Port p0 tag=10")
    fields = "in_port=%s,dl_src=" + A + ",dl_dst=" + B
    answer = sw.appctl(["sluice/trace", "br0", fields % "p0"]).splitlines()
    assert answer == [
        "bridge br0, received on p0, 60 bytes",
        "no VLAN header",
        "VLAN 10, the port's tag (vlan_mode access)",
        "learn: %s is behind this port" % A,
        "look up: %s is not known; to all ports that carry VLAN 10" % B,
        "output to br0: with a VLAN header: TPID 0x8100, VLAN 10, priority 0",
        "output to p1: with a VLAN header: TPID 0x8100, VLAN 10, priority 0"]
    assert sw.fdb() == {}
    packet = (B + A).replace(":", "") + "8100" + "000a" + "88b5" + 46 * "00"
    number = sw.iface("p1", "ofport")
    by_packet = sw.appctl(["sluice/trace", "br0", "in_port=%s,packet=%s"
                           % (number, packet)])
    by_fields = sw.appctl(["sluice/trace", "br0", fields % "p1"
                           + ",dl_vlan=10"])
    assert by_packet.splitlines()[1:] == by_fields.splitlines()[1:]
    assert "output to p0: without its VLAN header" in by_fields
    assert "VLAN 5, as the header says" in sw.appctl(
        ["sluice/trace", "br0", fields % "LOCAL" + ",dl_vlan=5"])


WRONG = {
    ("br9", "in_port=p0"): "no such bridge",
    ("br0", "in_port=p9"): "in_port p9 is no port of bridge br0",
    ("br0", "in_port"): "in_port: fields are written KEY=VALUE",
    ("br0", "dl_src=" + A): "in_port is missing",
    ("br0", "in_port=LOCAL"): "dl_src and dl_dst, or packet, are missing",
    ("br0", "in_port=LOCAL,dl_src=02:aa"): "dl_src 02:aa is no Ethernet",
    ("br0", "in_port=LOCAL,dl_vlan=4096"): "dl_vlan 4096 is no number from 0",
    ("br0", "in_port=LOCAL,packet=abc"): "packet is no even number of",
    ("br0", "in_port=LOCAL,nw_src=1.2.3.4"): "nw_src is unknown; known are",
}


@pytest.mark.ours
def test_wrong_fields(br0):
    for (bridge, fields), error in WRONG.items():
        assert error in br0.appctl_refused(["sluice/trace", bridge, fields])
