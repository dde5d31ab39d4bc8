# SPDX-License-Identifier: Apache-2.0
#
# Bad input: a clear error that names the object and the value, the daemon
# alive, and the other ports forwarding.

import os
import re
import socket

import pytest

from harness.daemon import pmd_core
from harness.frames import BROADCAST, frame

SRC = "02:aa:00:00:00:01"

pytestmark = pytest.mark.ours


@pytest.fixture
def sw(br0):
    """br0 with two ports that forward, before and after the bad input."""
    taps = [br0.add_wire("good%d" % n) for n in range(2)]
    f = frame(BROADCAST, SRC)

    def check():
        taps[0].send(f)
        assert taps[1].receive() == [f]
    check()
    br0.still_works = check
    yield br0
    assert br0.daemon.running()
    check()


def refused(sw, words, *must_say, name="bad"):
    """Adding the port fails with a text that says all of MUST_SAY, in
    ovs-vsctl's output and in the error column; and it leaves no trace."""
    sw.allow_log(r"\|dpdk(\([^|]*\))?\|ERR\|")
    reason = sw.vsctl_refused("add-port br0 %s -- set Interface %s %s"
                              % (name, name, words))
    sw.expect_log(r"\|WARN\|.*" + re.escape(reason))
    for text in must_say:
        assert text in reason, reason
    assert sw.iface(name, "error") == reason
    assert sw.iface(name, "ofport") == "-1"
    sw.still_works()
    # Said once, however often the configuration changes.
    said = [line for line in sw.log.lines() if reason in line]
    sw.vsctl("set Bridge br0 external_ids:a=b")
    assert len([n for n in sw.log.lines() if reason in n]) == len(said) <= 1
    assert name not in sw.appctl("dpif/show").split()
    sw.vsctl("del-port " + name)


@pytest.mark.parametrize("devargs", [
    "0000:99:00.0", "net_nosuch0", "net_pcap0,rx_pcap=/nonexistent",
    "net_null0,nosuchkey=1", "net_af_packet0,iface=nosuchdev", "=,;"])
def test_unknown_devargs(sw, devargs):
    refused(sw, "type=dpdk options:dpdk-devargs='\"%s\"'" % devargs,
            devargs.split(",")[0])


def test_no_devargs(sw):
    refused(sw, "type=dpdk", "dpdk-devargs")


def test_device_used_twice(sw):
    sw.add_port("n0", "net_null0,no-rx=1")
    refused(sw, "type=dpdk options:dpdk-devargs=net_null0,no-rx=1",
            "net_null0", "n0")
    assert int(sw.iface("n0", "ofport")) > 0


def test_same_vhost_path(sw):
    sw.add_guest_port("vh0")
    refused(sw, "type=dpdkvhostuserclient options:vhost-server-path="
            + sw.vhost_path("vh0"), sw.vhost_path("vh0"), "vh0")
    assert int(sw.iface("vh0", "ofport")) > 0


def test_no_vhost_path(sw):
    refused(sw, "type=dpdkvhostuserclient", "vhost-server-path")


def test_path_too_long(sw):
    path = "/tmp/" + "x" * 200
    refused(sw, "type=dpdkvhostuserclient options:vhost-server-path=" + path,
            "107")


def test_socket_of_another_is_left_alone(sw):
    """A dpdkvhostuser port where a living socket of another program is."""
    sw.expect_log(r"\|WARN\|.*bad: type dpdkvhostuser is deprecated")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(sw.space.path("bad"))
        other.listen(1)
        refused(sw, "type=dpdkvhostuser", sw.space.path("bad"))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(sw.space.path("bad"))
    os.unlink(sw.space.path("bad"))


@pytest.mark.parametrize("mtu", [67, 9703])
def test_unsupported_mtu(sw, mtu):
    """The port stays as it was."""
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.expect_log(r"\|WARN\|.*n0: unsupported MTU %d" % mtu)
    sw.vsctl_result("set Interface n0 mtu_request=%d" % mtu)
    sw.settle()
    assert "unsupported MTU %d" % mtu in sw.iface("n0", "error")
    assert sw.iface("n0", "mtu") == "1500"
    assert int(sw.iface("n0", "ofport")) > 0
    sw.vsctl("set Interface n0 mtu_request=1400")
    sw.wait_iface("n0", "mtu", "1400")
    assert sw.iface("n0", "error") == "[]"


@pytest.mark.parametrize("key", ["n_rxq_desc", "n_txq_desc"])
@pytest.mark.parametrize("value", ["1000", "8192", "0", "-1", "many"])
def test_descriptor_count(sw, key, value):
    """No power of two up to 4096: the default, and said so."""
    sw.expect_log(r"\|WARN\|.*n0.*%s.*%s" % (key, value))
    sw.vsctl_result("add-port br0 n0 -- set Interface n0 type=dpdk "
                    "options:dpdk-devargs=net_null0,no-rx=1 options:%s=%s"
                    % (key, value))
    sw.settle()
    assert int(sw.iface("n0", "ofport")) > 0
    error = sw.iface("n0", "error")
    assert key in error and value in error, error
    assert "configured_%s=2048" % {
        "n_rxq_desc": "rxq_descriptors",
        "n_txq_desc": "txq_descriptors"}[key] in sw.appctl("dpif/show")
    sw.vsctl("remove Interface n0 options " + key)
    assert sw.iface("n0", "error") == "[]"


@pytest.mark.parametrize("value", ["-3", "x", "5000"])
def test_queue_count(sw, value):
    sw.expect_log(r"\|WARN\|.*n0.*n_rxq.*%s" % value)
    sw.vsctl_result("add-port br0 n0 -- set Interface n0 type=dpdk "
                    "options:dpdk-devargs=net_null0,no-rx=1 "
                    "options:n_rxq=" + value)
    sw.settle()
    assert "n_rxq" in sw.iface("n0", "error")


# The mask of a core that this machine does not have.
BEYOND = 1 << (os.cpu_count() + 3)


@pytest.mark.parametrize("mask", ["0x%x" % BEYOND, "0x0", "xyz",
                                  "0x1" + "0" * 300])
def test_core_that_does_not_exist(sw, mask):
    """Packets go on where they went, and the log says why."""
    sw.expect_log(r"\|WARN\|.*pmd-cpu-mask")

    def threads():
        """Who polls what; how busy they are changes with time."""
        return re.sub(r"(usage|overhead):.*", r"\1",
                      sw.appctl("dpif-netdev/pmd-rxq-show"))
    before = threads()
    sw.vsctl_result("set Open_vSwitch . other_config:pmd-cpu-mask=" + mask)
    sw.settle()
    assert threads() == before
    sw.still_works()
    sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x%x"
             % (1 << pmd_core()))


def test_some_cores_exist(sw):
    sw.expect_log(r"\|WARN\|.*(pmd-cpu-mask|core)")
    sw.vsctl_result("set Open_vSwitch . other_config:pmd-cpu-mask=0x%x"
                    % (BEYOND | 1 << pmd_core()))
    sw.settle()
    assert sw.appctl("dpif-netdev/pmd-rxq-show").count("pmd thread") == 1


def test_long_names(sw):
    """A port, an internal port and a bridge of 300 characters."""
    name = "x" * 300
    refused(sw, "type=dpdk options:dpdk-devargs=net_null0,no-rx=1", "255",
            name=name)
    refused(sw, "type=internal", "", name="x" * 100)
    sw.allow_log(r"\|WARN\|.*x{300}")
    reason = sw.vsctl_refused("add-br %s -- set Bridge %s "
                              "datapath_type=netdev" % (name, name))
    assert "300" in reason or "255" in reason
    sw.vsctl("del-br " + name)


def test_unknown_type(sw):
    refused(sw, "type=nosuchtype", "nosuchtype", "dpdkvhostuserclient")


def test_unknown_datapath_type(sw):
    sw.allow_log(r"\|WARN\|.*brx")
    reason = sw.vsctl_refused("add-br brx -- set Bridge brx "
                              "datapath_type=nosuchdp")
    assert "nosuchdp" in reason and "netdev" in reason
    sw.vsctl("del-br brx")


def test_type_changes(sw):
    """A working port becomes an impossible one and a possible one again."""
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.expect_log(r"\|WARN\|.*0000:99:00\.0")
    sw.allow_log(r"\|dpdk(\([^|]*\))?\|ERR\|")
    sw.vsctl_result("set Interface n0 options:dpdk-devargs=0000:99:00.0")
    sw.settle()
    assert "0000:99:00.0" in sw.iface("n0", "error")
    sw.still_works()
    sw.vsctl("set Interface n0 options:dpdk-devargs=net_null7,no-rx=1")
    assert sw.iface("n0", "error") == "[]"
    assert int(sw.iface("n0", "ofport")) > 0


@pytest.mark.parametrize("command", [
    (b"fdb/show", b"br\xff\xfe0"),
    (b"netdev-dpdk/get-mempool-info", b"\xc3\x28"),
    (b"\xff/\xff",),
    (b"vlog/set", b"\xed\xa0\x80:file:dbg"),
])
def test_invalid_utf8_in_a_command(sw, command):
    """What ovs-appctl sends, and what a careless program sends."""
    result = sw.run([b"ovs-appctl", b"--timeout=10", *command])
    assert result.code != 0, str(result)
    words = command[1:] or (b"",)
    params = b", ".join(b'"' + w + b'"' for w in words)
    request = (b'{"id": 0, "method": "' + command[0] + b'", "params": ['
               + params + b']}')
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(sw.space.path("ovs-vswitchd.%d.ctl" % sw.daemon.pid))
        s.send(request)
        try:
            answer = s.recv(65536)
        except ConnectionError:
            answer = b""
        assert b'"error":null' not in answer.replace(b" ", b""), answer
    sw.allow_log(r"\|(jsonrpc|unixctl|json)\|(WARN|ERR)\|")
    assert sw.appctl("version")


def test_wrong_arguments_of_commands(sw):
    for command in ("dpif-netdev/pmd-rxq-show -secs many",
                    "dpif-netdev/pmd-rxq-show -pmd x",
                    "exit --nosuch", "netdev-dpdk/set-admin-state good0 odd",
                    "fdb/show " + "x" * 300):
        said = sw.appctl_refused(command)
        assert said and "server returned" not in said, (command, said)


def test_wrong_values_of_the_switch(sw):
    """Each is said with table, record, key and value, and the default used."""
    for key, value in (("mac-aging-time", "soon"), ("mac-table-size", "3"),
                       ("hwaddr", "no-mac")):
        sw.expect_log(r"\|WARN\|.*br0.*%s.*%s" % (key, value))
        sw.vsctl_result("set Bridge br0 other_config:%s=%s" % (key, value))
        sw.settle()
    sw.expect_log(r"\|WARN\|.*stats-update-interval.*often")
    sw.vsctl_result("set Open_vSwitch . "
                    "other_config:stats-update-interval=often")
    sw.settle()
    assert "/8192" in sw.appctl("fdb/stats-show br0") or \
        "/10" in sw.appctl("fdb/stats-show br0")
