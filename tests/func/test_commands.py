# SPDX-License-Identifier: Apache-2.0
#
# Every ovs-appctl command has the form that operators' parsers know.

import re

import pytest

from harness import pools
from harness.command import wait_until


def matches(text, *patterns):
    """Each line of TEXT matches the pattern in its place; a pattern that
    begins with * may match any number of lines, also none."""
    lines, at = text.splitlines(), 0
    for pattern in patterns:
        many = pattern.startswith("*")
        expression = re.compile(pattern[1:] if many else pattern)
        if many:
            while at < len(lines) and expression.fullmatch(lines[at]):
                at += 1
            continue
        assert at < len(lines), "no line for %s in:\n%s" % (pattern, text)
        assert expression.fullmatch(lines[at]), (
            "line %d is not of the form %s:\n%s" % (
                at + 1, pattern, "\n".join(lines[:at + 1])))
        at += 1
    assert at == len(lines), "unexpected line %d: %s" % (
        at + 1, lines[at])


GUEST = (r"\(dpdkvhostuserclient: configured_rx_queues=1, "
         r"configured_tx_queues=\d+, mtu=1500, requested_rx_queues=1, "
         r"requested_tx_queues=\d+\)")
NULL = (r"\(dpdk: configured_rx_queues=2, configured_rxq_descriptors=2048, "
        r"configured_tx_queues=2, configured_txq_descriptors=2048, "
        r"lsc_interrupt_mode=false, mtu=1500, requested_rx_queues=2, "
        r"requested_rxq_descriptors=2048, requested_tx_queues=2, "
        r"requested_txq_descriptors=2048, rx_csum_offload=false, "
        r"tx_tso_offload=false\)")


@pytest.fixture(scope="function")
def sw2(br0):
    """br0 with two guests that exchange packets and null0 with two queues,
    br1 with nothing."""
    sw = br0
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    sw.add_port("null0", "net_null0,no-rx=1", options="options:n_rxq=2")
    sw.add_bridge("br1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    wait_until(lambda: len(sw.fdb()) == 2, "both guests to be learned")
    return sw


def test_show(sw2):
    sw = sw2
    matches(sw.appctl("dpif/show"),
            r"netdev@ovs-netdev: hit:\d+ missed:\d+",
            r"  br0:",
            r"    br0 65534/\d+: \(tap\)",
            r"    null0 3/\d+: " + NULL,
            r"    vh0 1/\d+: " + GUEST,
            r"    vh1 2/\d+: " + GUEST,
            r"  br1:",
            r"    br1 65534/\d+: \(tap\)")
    text = sw.appctl("dpctl/show")
    head, ports = text.split("  port ", 1)
    matches(head, r"netdev@ovs-netdev:", r"  lookups: hit:\d+ missed:\d+ "
            r"lost:\d+", r"*  flows: \d+")
    lines = ("  port " + ports).splitlines()
    assert all(re.fullmatch(r"  port \d+: \S+ \(.*\)", n) for n in lines)
    for wanted in (r"  port \d+: br0 \(tap\)", r"  port \d+: vh0 " + GUEST,
                   r"  port \d+: null0 " + NULL):
        assert any(re.fullmatch(wanted, n) for n in lines), text


def test_packet_threads(sw2):
    sw = sw2
    queue = (r"  port: %-17s queue-id: %2d \(enabled\)   "
             r"pmd usage: (NOT AVAIL|[ \d]\d %%)")
    form = [r"pmd thread numa_id 0 core_id \d+:", r"  isolated : false",
            queue % ("null0", 0), queue % ("null0", 1), queue % ("vh0", 0),
            queue % ("vh1", 0), r"  overhead: (NOT AVAIL|[ \d]\d %)"]
    matches(sw.appctl("dpif-netdev/pmd-rxq-show"),
            r"Displaying last 60 seconds pmd usage %", *form)
    matches(sw.appctl("dpif-netdev/pmd-rxq-show -secs 5"),
            r"Displaying last 5 seconds pmd usage %", *form)
    core = re.search(r"core_id (\d+)", sw.appctl(
        "dpif-netdev/pmd-rxq-show")).group(1)
    matches(sw.appctl("dpif-netdev/pmd-rxq-show -pmd " + core),
            r"Displaying last 60 seconds pmd usage %", *form)


def test_packet_statistics(sw2):
    sw = sw2

    def received():
        return int(re.search(r"packets received: (\d+)", sw.appctl(
            "dpif-netdev/pmd-stats-show")).group(1))

    wait_until(lambda: received() > 0, "the first packets")
    text = sw.appctl("dpif-netdev/pmd-stats-show")
    pmd = text.split("main thread:")[0]
    assert re.match(r"pmd thread numa_id 0 core_id \d+:\n", pmd), text
    for form in (r"  packets received: [1-9]\d*",
                 r"  packet recirculations: 0",
                 r"  avg\. packets per output batch: \d+\.\d\d",
                 r"  idle cycles: \d+ \(\d+\.\d\d%\)",
                 r"  processing cycles: \d+ \(\d+\.\d\d%\)",
                 r"  avg cycles per packet: \d+\.\d\d \(\d+/\d+\)",
                 r"  avg processing cycles per packet: \d+\.\d\d "
                 r"\(\d+/\d+\)"):
        assert re.search("^%s$" % form, pmd, re.M), (form, text)
    sw.peers[0].account()           # nothing in flight
    wait_until(lambda: received() == received(), "the last packets")
    assert received() > 0
    assert sw.appctl("dpif-netdev/pmd-stats-clear") == ""
    assert received() == 0


def test_fdb(sw2):
    sw = sw2
    matches(sw.appctl("fdb/show br0"),
            r" port  VLAN  MAC                Age",
            r"* {4,}\d     0  02:00:00:00:00:0[01] {4,}\d")
    matches(sw.appctl("fdb/stats-show br0"),
            r'Statistics for bridge "br0":',
            r"  Current/maximum MAC entries in the table: 2/8192",
            r"  Current static MAC entries in the table : 0",
            r"  Total number of learned MAC entries     : 2",
            r"  Total number of expired MAC entries     : 0",
            r"  Total number of evicted MAC entries     : 0",
            r"  Total number of port moved MAC entries  : \d+")
    sw.peers[0].account()           # nothing in flight, nothing learned
    assert sw.appctl("fdb/flush br0") == "table successfully flushed\n"
    matches(sw.appctl("fdb/show br0"), r" port  VLAN  MAC +Age")
    assert sw.appctl("fdb/flush") == "table successfully flushed\n"
    for command in "fdb/flush nosuch", "fdb/show nosuch", \
                   "fdb/stats-show nosuch":
        assert sw.appctl_refused(command) == "no such bridge"


def test_mempool(sw2):
    sw = sw2
    form = [r"mempool <\S+>@0x[0-9a-f]+", r"  flags=[0-9a-f]+",
            r"  socket_id=0", r"  pool=0x[0-9a-f]+", r"  iova=0x[0-9a-f]+",
            r"  nb_mem_chunks=\d+", r"  size=\d+",
            r"  populated_size=\d+", r"  header_size=\d+",
            r"  elt_size=\d+", r"  trailer_size=\d+",
            r"  total_obj_size=\d+", r"  private_data_size=\d+",
            r"  ops_index=\d+", r"  ops_name: <\S+>",
            r"  avg bytes/object=\d+\.\d+",
            r"*  internal cache infos:", r"*    cache_size=\d+",
            r"*    cache_count\[\d+\]=\d+", r"*    total_cache_count=\d+",
            r"  common_pool_count=\d+", r"  no statistics available"]
    matches(sw.appctl("netdev-dpdk/get-mempool-info vh0"), *form,
            r"    count: avail \(\d+\), in use \(\d+\)")
    for pool in pools.parse(sw.appctl("netdev-dpdk/get-mempool-info")):
        matches(pool.text, *form)
    for name in "br0", "nosuch":
        assert sw.appctl_refused("netdev-dpdk/get-mempool-info " + name) == \
            "Not a DPDK Interface"


def test_dpdk(sw2):
    sw = sw2
    matches(sw.appctl("dpdk/lcore-list"),
            r"lcore 0, socket 0, role RTE, cpuset 0",
            r"*lcore \d+, socket 0, role NON_EAL, cpuset \d+")
    matches(sw.appctl("dpdk/get-malloc-stats"),
            r"Heap id:0", r"\tHeap name:socket_0", r"\tHeap_size:\d+,",
            r"\tFree_size:\d+,", r"\tAlloc_size:\d+,",
            r"\tGreatest_free_size:\d+,", r"\tAlloc_count:\d+,",
            r"\tFree_count:\d+,", r"*(Heap id:\d+|\t\w+( name)?:.*)")
    matches(sw.appctl("dpdk/log-list"), r"global log level is \w+",
            r"*id \d+: [\w.]+, level is \w+")
    sw.appctl("dpdk/log-set lib.mempool:debug")
    assert "lib.mempool, level is debug" in sw.appctl("dpdk/log-list")
    sw.appctl_refused("dpdk/log-set lib.mempool:nosuchlevel")


def test_qos_and_detach(sw2):
    sw = sw2
    assert sw.appctl_refused("netdev-dpdk/detach 0000:01:00.0") == \
        "Device '0000:01:00.0' not found in DPDK"


def test_of_the_library(sw2):
    sw = sw2
    assert re.match(r"ovs-vswitchd \(.*\) \S+", sw.appctl("version"))
    assert "ports:" in sw.appctl("memory/show")
    assert sw.appctl("coverage/show").startswith(
        "Event coverage, avg rate over last: 5 seconds, last minute, last "
        "hour,  hash=")
    assert re.fullmatch(r"\d+\n", sw.appctl(
        "coverage/read-counter poll_create_node"))
    levels = sw.appctl("vlog/list")
    for module in "dpdk", "netdev_dpdk", "bridge", "dpif_netdev":
        assert re.search(r"^%s +OFF +OFF +INFO$" % module, levels, re.M), (
            module, levels)
        sw.appctl("vlog/set %s:file:dbg" % module)
        assert re.search(r"^%s +OFF +OFF +DBG$" % module, sw.appctl(
            "vlog/list"), re.M)
        sw.appctl("vlog/set %s:file:info" % module)
    sw.appctl("vlog/reopen")
    sw.appctl_refused("vlog/set nosuchmodule:file:dbg")


COMMANDS = """coverage/read-counter coverage/show dpctl/show
dpdk/get-malloc-stats dpdk/lcore-list dpdk/log-list dpdk/log-set dpif/show
dpif-netdev/pmd-perf-show dpif-netdev/pmd-rxq-rebalance dpif-netdev/pmd-rxq-show
dpif-netdev/pmd-stats-clear
dpif-netdev/pmd-stats-show exit fdb/flush fdb/show fdb/stats-show
list-commands memory/show netdev-dpdk/detach netdev-dpdk/get-mempool-info
netdev-dpdk/set-admin-state version vlog/close vlog/list vlog/list-pattern
vlog/reopen vlog/set""".split()


def test_list_of_commands(sw):
    text = sw.appctl("list-commands")
    assert text.startswith("The available commands are:\n")
    known = re.findall(r"^  (\S+)", text, re.M)
    assert not [c for c in COMMANDS if c not in known], known
    assert known == sorted(known)
    if "sluice/recompute" in known:
        assert "sluice/pending-restart" in known
        assert "sluice/drop-show" in known


def test_wrong_calls(sw):
    assert sw.appctl_refused("nosuch/command").startswith(
        '"nosuch/command" is not a valid command')
    assert re.match(r'"version" command takes at most 0 arguments',
                    sw.appctl_refused("version x"))
    assert "requires at least" in sw.appctl_refused("coverage/read-counter")
