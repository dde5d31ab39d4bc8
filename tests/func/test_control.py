# SPDX-License-Identifier: Apache-2.0
#
# A change takes as long as it takes itself, however many ports there are, and
# is in the database when ovs-vsctl returns.
#
# Times are processor times of all that take part, which other load on the
# machine does not change; tests/bench/control measures what an operator waits.

import os
import resource

import pytest

pytestmark = pytest.mark.ours

CHANGES = 10


def ticks(pid):
    """Processor time of a process, seconds."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main_thread(pid):
    """Likewise of its main thread: PMD threads never stop."""
    with open("/proc/%d/task/%d/schedstat" % (pid, pid)) as f:
        return int(f.read().split()[0]) / 1e9


def spent(sw):
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (children.ru_utime + children.ru_stime + ticks(sw.database.pid)
            + main_thread(sw.daemon.pid))


def add_many(sw, n_vhost, n_internal):
    words = []
    for n in range(n_vhost):
        words += ["--", "add-port", "br0", "v%d" % n, "--", "set",
                  "Interface", "v%d" % n, "type=dpdkvhostuserclient",
                  "options:vhost-server-path=" + sw.vhost_path("v%d" % n)]
    for n in range(n_internal):
        words += ["--", "add-port", "br0", "i%d" % n, "--", "set",
                  "Interface", "i%d" % n, "type=internal"]
    sw.vsctl(words[1:], timeout=120)


def test_many_ports(br0):
    """500 vhost-user ports and 100 internal ones exist together, and a change
    of one takes less than 200 ms."""
    sw = br0
    sw.allow_log(r"VHOST_CONFIG: \(\S*\) failed to connect")
    add_many(sw, 500, 100)
    for name in "v0", "v499", "i0", "i99":
        assert int(sw.iface(name, "ofport")) > 0, name
        assert sw.iface(name, "error") == "[]"
    assert len(sw.space.netns.ip("-o link show type tun").splitlines()) == 101
    start = spent(sw)
    for n in range(CHANGES):
        sw.vsctl("set Interface v7 mtu_request=%d" % (1400 + n))
    took = (spent(sw) - start) / CHANGES
    assert sw.iface("v7", "mtu") == str(1400 + CHANGES - 1)
    assert took < 0.2, "%.0f ms" % (took * 1000)
    sw.vsctl("set Interface i7 mtu_request=1300")
    assert sw.iface("i7", "mtu") == "1300"


def test_row_made_anew(br0):
    """Deleted and added in one transaction, nothing changes for the switch,
    and the new row is complete all the same."""
    sw = br0
    again = ("del-port n0 -- add-port br0 n0 -- set Interface n0 type=dpdk "
             "options:dpdk-devargs=net_null0,no-rx=1")
    sw.add_port("n0", "net_null0,no-rx=1")
    mac = sw.iface("n0", "mac_in_use")
    for _ in range(3):
        sw.vsctl(again)
        assert int(sw.iface("n0", "ofport")) > 0
        assert sw.iface("n0", "mac_in_use") == mac      # the same device
        assert sw.iface("n0", "link_state") == "up"
        assert "tx_packets" in sw.statistics("n0")


def test_error_comes_and_goes(br0):
    """What is wrong with a port, and that it no longer is, are there at
    once."""
    sw = br0
    sw.expect_log(r"\|WARN\|n0: n_rxq_desc 3 is no power of two")
    sw.add_port("n0", "net_null0,no-rx=1")
    for _ in range(3):
        sw.vsctl("set Interface n0 options:n_rxq_desc=3")
        assert "power of two" in sw.iface("n0", "error")
        sw.vsctl("remove Interface n0 options n_rxq_desc")
        assert sw.iface("n0", "error") == "[]"
