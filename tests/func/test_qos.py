# SPDX-License-Identifier: Apache-2.0
#
# Limits on what ports send and receive: rates as they are set, changed under
# traffic, and what is said about wrong ones.
#
# A capture file that is read over and over is a source without end; net_null
# counts what it gets and forgets it.  Of a frame the bytes behind the Ethernet
# header of 14 count.
#
# A busy machine shifts when frames pass, and when they are counted, by some
# 10 ms.  So buckets hold what a second fills, else they would run over while
# the core of the packet thread is another's; a measurement begins when the
# bucket is empty, and goes on until such a shift weighs little.  How exact the
# rates are otherwise is for the unit tests, which have a clock of their own.

import re
import time

import pytest

from harness.command import wait_until
from harness.frames import frame
from test_ports import write_pcap

SRC, DST = "02:aa:00:00:00:01", "02:aa:00:00:00:02"
HEADER = 14
WITHIN = 0.03
SECONDS, SECONDS_AT_MOST = 1, 20

CREATE = ("set Port %s qos=@q -- --id=@q create QoS type=%s "
          "other_config:%s")
CLEAR = "-- --if-exists clear Port %s qos -- --all destroy QoS"


def settings(**values):
    return " other_config:".join("%s=%d" % v for v in values.items())


def set_qos(sw, port, kind, **values):
    sw.vsctl(CREATE % (port, kind, settings(**values)))


def clear_qos(sw, port):
    sw.vsctl(CLEAR % port)


@pytest.fixture
def flood(br0):
    """A switch with a `sink`; the function that it gives away adds a
    `source` of frames of a size for it."""
    sw = br0
    sw.add_port("sink", "net_null0,no-rx=1")

    def start(size, to="sink"):
        sw.appctl("fdb/add br0 %s 0 %s" % (to, DST))
        path = sw.space.path("in.pcap")
        write_pcap(path, [frame(DST, SRC, size=size)] * 64)
        sw.add_port("source", "net_pcap0,rx_pcap=%s,infinite_rx=1" % path)
        return sw
    return start


def count(sw, port, name):
    """A counter of `dpctl/show -s` as it is now, and the time."""
    before = time.monotonic()
    text = sw.appctl("dpctl/show -s")
    now = (before + time.monotonic()) / 2
    shown = re.search(r"^  port \d+: %s \(.*?(?=^  port|\Z)" % port, text,
                      re.M | re.S).group(0)
    direction, counter = name.split("_")
    line = re.search(r"%s packets:.*?(?=TX packets|collisions|\Z)"
                     % direction.upper(), shown, re.S).group(0)
    return int(re.search(r"%s:(\d+)" % counter, line).group(1)), now


def wait_for_drops(sw, port, name):
    """Returns when a limit drops frames: its bucket was empty then."""
    before = count(sw, port, name)[0]
    wait_until(lambda: count(sw, port, name)[0] > before,
               "%s of %s to grow" % (name, port))


def assert_rate(sample, expected):
    """SAMPLE() counts frames and says when."""
    first, start = sample()
    while True:
        time.sleep(SECONDS)
        last, now = sample()
        measured = (last - first) / (now - start)
        if abs(measured / expected - 1) <= WITHIN:
            break
        assert now - start < SECONDS_AT_MOST, (
            "%.0f frames a second, expected %.0f" % (measured, expected))


def assert_sent(sw, expected, dropped_by="sink", dropped="tx_dropped"):
    """What leaves by the sink, in frames a second."""
    wait_for_drops(sw, dropped_by, dropped)
    assert_rate(lambda: count(sw, "sink", "tx_packets"), expected)


def wait_for_more(sw, rate):
    """Returns when the sink has sent more in a second than RATE."""
    def more():
        first, start = count(sw, "sink", "tx_packets")
        time.sleep(0.5)
        last, end = count(sw, "sink", "tx_packets")
        return (last - first) / (end - start) > rate
    wait_until(more, "more than %d frames a second" % rate)


@pytest.mark.parametrize("size", [64, 1514])
def test_egress_policer(flood, size):
    """The rate is in bytes a second, behind the Ethernet header."""
    sw = flood(size)
    for cir in 2000000, 10000000:
        set_qos(sw, "sink", "egress-policer", cir=cir, cbs=cir)
        assert_sent(sw, cir / (size - HEADER))
        clear_qos(sw, "sink")
    wait_for_more(sw, 2 * 10000000 / (size - HEADER))


@pytest.mark.parametrize("size", [64, 1514])
def test_trtcm_policer(flood, size):
    """Green and yellow frames pass: both rates together."""
    sw = flood(size)
    set_qos(sw, "sink", "trtcm-policer", cir=3000000, cbs=3000000,
            eir=1000000, ebs=1000000)
    assert_sent(sw, 4000000 / (size - HEADER))


@pytest.mark.parametrize("size", [64, 1514])
def test_ingress_policing(flood, size):
    """The rate is in kbit/s, behind the Ethernet header."""
    sw = flood(size)
    sw.vsctl("set Interface source ingress_policing_rate=40000 "
             "ingress_policing_burst=40000")
    assert_sent(sw, 40000 * 125 / (size - HEADER), "source", "rx_dropped")
    sw.vsctl("set Interface source ingress_policing_rate=0")
    wait_for_more(sw, 2 * 40000 * 125 / (size - HEADER))


@pytest.mark.ours
def test_ingress_policing_of_frames(flood):
    """In thousands of frames a second; with a rate in bytes as well, the
    smaller one counts."""
    sw = flood(64)
    sw.vsctl("set Interface source ingress_policing_kpkts_rate=50 "
             "ingress_policing_kpkts_burst=50")
    assert_sent(sw, 50000, "source", "rx_dropped")
    sw.vsctl("set Interface source ingress_policing_rate=8000 "
             "ingress_policing_burst=8000")
    assert_sent(sw, 1000000 / (64 - HEADER), "source", "rx_dropped")


@pytest.mark.ours
def test_changed_under_traffic(flood):
    """Each change is in force at once; what is dropped is counted."""
    sw = flood(64)
    for cir in 20000000, 5000000:
        set_qos(sw, "sink", "egress-policer", cir=cir, cbs=10000000)
        assert_sent(sw, cir / (64 - HEADER))
        uuid = sw.vsctl("get Port sink qos")
        sw.vsctl("set QoS %s other_config:cir=%d" % (uuid, 2 * cir))
        assert_sent(sw, 2 * cir / (64 - HEADER))
    sink = sw.wait_statistics("sink", lambda s: s["ovs_tx_qos_drops"] > 0)
    assert sink["ovs_tx_qos_drops"] == sink["tx_dropped"]
    sw.vsctl("set Interface source ingress_policing_rate=1000")
    source = sw.wait_statistics("source", lambda s: s["ovs_rx_qos_drops"] > 0)
    assert source["rx_dropped"] >= source["ovs_rx_qos_drops"]


@pytest.mark.ours
def test_to_a_guest(flood, br0):
    """The guest counts what it gets; its ring holds more than the bucket."""
    sw = br0
    sw.add_guest_port("vh0")
    peer = sw.peer("vh0")
    set_qos(sw, "vh0", "egress-policer", cir=10000, cbs=10000)
    peer.command("set fwd rxonly")
    peer.command("start")
    flood(64, to="vh0")
    wait_for_drops(sw, "vh0", "tx_dropped")
    assert_rate(lambda: (peer.stats()[0].rx, time.monotonic()),
                10000 / (64 - HEADER))
    peer.halt()
    shown = sw.wait_statistics("vh0", lambda s: s["ovs_tx_qos_drops"] > 0)
    assert shown["ovs_rx_qos_drops"] == 0


@pytest.mark.ours
def test_from_a_guest(flood, br0):
    """A guest sends all it can; the switch takes what it may send."""
    sw = br0
    sw.add_guest_port("vh0")
    peer = sw.peer("vh0")
    sw.vsctl("set Interface vh0 ingress_policing_rate=8000 "
             "ingress_policing_burst=8000")
    peer.command("set fwd txonly")
    peer.command("start")
    assert_sent(sw, 1000000 / (64 - HEADER), "vh0", "rx_dropped")
    peer.halt()
    shown = sw.wait_statistics("vh0", lambda s: s["ovs_rx_qos_drops"] > 0)
    assert shown["ovs_tx_qos_drops"] == 0


def test_shown(br0):
    """qos/show and qos/show-types."""
    sw = br0
    sw.add_port("p0", "net_null0,no-rx=1")
    assert sorted(sw.appctl("qos/show-types p0").splitlines()) == [
        "QoS type: egress-policer", "QoS type: trtcm-policer"]
    assert sw.appctl("qos/show p0") == "QoS not configured on p0\n"
    set_qos(sw, "p0", "egress-policer", cir=46000000, cbs=2048)
    assert sw.appctl("qos/show p0") == (
        "QoS: p0 egress-policer\ncir: 46000000\ncbs: 2048\n")
    clear_qos(sw, "p0")
    assert sw.appctl("qos/show p0") == "QoS not configured on p0\n"
    sw.vsctl("set Port p0 qos=@q -- --id=@q create QoS type=trtcm-policer "
             "other_config:cir=52000 other_config:cbs=2048 "
             "other_config:eir=52000 other_config:ebs=2048 "
             "queues:10=@a -- --id=@a create Queue "
             "other_config:cir=104000 other_config:cbs=2048")
    shown = sw.appctl("qos/show p0").split("\n\n")
    assert sorted(shown[0].splitlines()) == [
        "QoS: p0 trtcm-policer", "cbs: 2048", "cir: 52000", "ebs: 2048",
        "eir: 52000"]
    queues = {part.splitlines()[0]: sorted(part.splitlines()[1:])
              for part in shown[1:]}
    none = ["  tx_bytes: 0", "  tx_errors: 0", "  tx_packets: 0"]
    assert queues == {
        "Default:": ["  cbs: 2048", "  cir: 52000", "  ebs: 2048",
                     "  eir: 52000"] + none,
        "Queue 10:": ["  cbs: 2048", "  cir: 104000", "  ebs: 0",
                      "  eir: 0"] + none}
    assert sw.appctl_refused("qos/show nobody") == "no such interface"
    assert sw.appctl_refused("qos/show-types nobody") == "no such interface"


@pytest.mark.ours
def test_wrong(br0):
    """A limit that is impossible is not in force, and the port goes on."""
    sw = br0
    sw.add_port("p0", "net_null0,no-rx=1")
    set_qos(sw, "p0", "egress-policer", cbs=2048)
    sw.expect_log(
        r"\|ERR\|Could not create rte meter for egress policer$",
        r"\|ERR\|Failed to set QoS type egress-policer on port p0: "
        r"Invalid argument$")
    assert sw.appctl("qos/show p0") == "QoS not configured on p0\n"
    assert sw.iface("p0", "error") == (
        "p0: QoS type egress-policer is not in force: cir is 0 and cbs 2048, "
        "both must be at least 1")
    assert int(sw.iface("p0", "ofport")) > 0

    uuid = sw.vsctl("get Port p0 qos")
    sw.vsctl("set QoS %s other_config:cir=many" % uuid)
    sw.expect_log(r"\|WARN\|p0: QoS: cir many is no number from 0 to "
                  r"1000000000000: using 0$")
    assert "cir many" in sw.iface("p0", "error")
    sw.vsctl("set QoS %s other_config:cir=1000" % uuid)
    assert sw.iface("p0", "error") == "[]"
    assert "cir: 1000\n" in sw.appctl("qos/show p0")

    sw.vsctl("set QoS %s type=linux-htb" % uuid)
    sw.expect_log(r"Failed to set QoS type linux-htb on port p0: Operation "
                  r"not supported$")
    assert sw.iface("p0", "error").endswith(
        "known types are egress-policer, trtcm-policer")
    clear_qos(sw, "p0")
    assert sw.iface("p0", "error") == "[]"

    sw.vsctl("set Interface p0 ingress_policing_rate=4294967296")
    sw.expect_log(r"Could not create rte meter for ingress policer$")
    assert sw.iface("p0", "error") == (
        "p0: ingress policing is not in force: ingress_policing_rate "
        "4294967296 is above 4294967295")
    sw.vsctl("set Interface p0 ingress_policing_rate=0")
    assert sw.iface("p0", "error") == "[]"


@pytest.mark.ours
def test_wrong_queue(br0):
    """One that is wrong does not concern the rest."""
    sw = br0
    sw.add_port("p0", "net_null0,no-rx=1")
    sw.vsctl("set Port p0 qos=@q -- --id=@q create QoS type=trtcm-policer "
             "other_config:cir=52000 other_config:cbs=2048 queues:1=@a -- "
             "--id=@a create Queue other_config:cir=1000")
    sw.expect_log(r"\|ERR\|Failed to set QoS queue 1 on port p0: Invalid "
                  r"argument$")
    assert sw.iface("p0", "error") == (
        "p0: QoS type trtcm-policer: queue 1: cir is 1000 with cbs 0, eir 0 "
        "with ebs 0: a rate needs a burst size of at least 1")
    assert "Queue 1:" not in sw.appctl("qos/show p0")
    assert "cir: 52000" in sw.appctl("qos/show p0")


@pytest.mark.ours
def test_before_dpdk(new_switch):
    """A limit on a port that is there before DPDK runs."""
    sw = new_switch
    sw.start(dpdk="false")
    sw.add_bridge("br0")
    set_qos(sw, "br0", "egress-policer", cir=1000, cbs=2048)
    sw.vsctl("set Interface br0 ingress_policing_rate=1000")
    assert sw.appctl("qos/show br0") == "QoS not configured on br0\n"
    sw.vsctl("set Open_vSwitch . other_config:dpdk-init=true")
    assert "cir: 1000\n" in sw.appctl("qos/show br0")
