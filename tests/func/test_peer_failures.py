# SPDX-License-Identifier: Apache-2.0
#
# Ten ways in which Open vSwitch with DPDK fails its operators where packet
# memory is concerned, as observed on version 3.1.0, and what happens here.
# Each docstring begins with the failure.

import os
import re

import pytest

from harness.command import wait_until

pytestmark = pytest.mark.ours


@pytest.mark.hugepages(500)
def test_mtu_change_without_memory(new_switch):
    """There it takes a live port out of service, ovs-vsctl exits with 0,
    error is empty and mtu shows the old value.

    MTU 9000 does not fit beside the running pool: the port goes on as it
    was, without losing a packet, and says what was missing, in bytes, on
    which socket."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*vh0.*bytes")
    sw.allow_log(r"\|ERR\|Failed to create mem")
    sw.start(dpdk_socket_limit="720")
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    result = sw.vsctl_result("set Interface vh0 mtu_request=9000")
    assert result.code == 0
    assert sw.iface("vh0", "mtu") == "1500"
    assert int(sw.iface("vh0", "ofport")) > 0
    error = sw.iface("vh0", "error")
    assert re.search(r"\d+ bytes", error) and "socket" in error, error
    for way in peer.account():
        assert way.received > 1000 and way.lost == 0, way
    # The request withdrawn, all is well.
    sw.vsctl("clear Interface vh0 mtu_request")
    assert sw.iface("vh0", "error") == "[]"
    assert [p["size"] for p in sw.pools()] == [262144]


@pytest.mark.hugepages(60)
def test_fewer_descriptors(new_switch):
    """There, in per-port memory, asking for fewer killed a live port, since
    both pools must fit for a moment, and another, failing port took the
    memory that was freed.

    There is no room for a second pool, and n1 waits for memory: n0 keeps
    what it has."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*n0.*bytes", r"\|WARN\|.*n1.*bytes")
    sw.allow_log(r"\|(WARN|ERR)\|.*(mempool|memory pool)")
    sw.start(per_port_memory="true", dpdk_socket_limit="90")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    ofport = sw.iface("n0", "ofport")
    pool, = sw.pools("n0")
    sw.vsctl_refused("add-port br0 n1 -- set Interface n1 type=dpdk "
                     "options:dpdk-devargs=net_null1,no-rx=1")
    sw.vsctl_result("set Interface n0 options:n_rxq_desc=1024")
    assert sw.iface("n0", "ofport") == ofport
    assert "bytes" in sw.iface("n0", "error")
    assert re.search(r"\bn0 .*configured_rxq_descriptors=2048",
                     sw.appctl("dpif/show"))
    assert [p.name for p in sw.pools()] == [pool.name]
    assert sw.iface("n1", "ofport") == "-1"
    sw.vsctl("remove Interface n0 options n_rxq_desc -- del-port n1")
    assert sw.iface("n0", "error") == "[]"
    assert sw.pools("n0")[0].name == pool.name


@pytest.mark.hugepages(60)
def test_small_per_port_requests(new_switch):
    """There, those below 32,768 mbufs are never tried again at a smaller
    size, and the last error names a size that was never tried.

    22,560 mbufs that cannot be had become 16,384, aloud; what was tried is
    what is said."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|Port n0: mempool \"\S+\" got 16384 of the 22560 "
                  r"mbufs asked for",
                  r'Failed to create mempool "\S+" with a request of 22560 '
                  r"mbufs")
    sw.start(per_port_memory="true", dpdk_socket_limit="60")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    assert int(sw.iface("n0", "ofport")) > 0
    assert sw.pools("n0")[0]["populated_size"] == 16384


@pytest.mark.hugepages(300)
def test_shared_pool_shrinks(new_switch):
    """There, from 262,144 to 16,384 mbufs, with a line at debug level.

    With 400 MB for DPDK the shared pool gets half of its mbufs: one warning,
    and the port's status."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*n0.*131072 of the 262144 ",
                  r'Allocated "\S+" mempool with 131072 mbufs')
    # Which size failed is said, too.
    sw.allow_log(r'\|ERR\|Failed to create mempool "\S+" with a request of '
                 r'262144 mbufs')
    sw.start(dpdk_socket_limit="400")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    assert int(sw.iface("n0", "ofport")) > 0
    pool, = sw.pools("n0")
    assert pool["populated_size"] == 131072
    assert sum("|netdev_dpdk|WARN|" in line for line in sw.log.lines()) == 1
    assert "degraded" in sw.map_of("Interface", "n0",
                                   "status")["mempool_state"]


def test_mtu_threshold(br0):
    """There the manual says that the pool is large from MTU 1500 on.

    It is from 999 on, and our manual says so.  (tests/docs/check-docs
    recomputes that and every other number in it.)"""
    sw = br0
    page = os.path.join(os.environ["abs_top_srcdir"],
                        "Documentation/topics/dpdk/memory.rst")
    with open(page) as f:
        threshold = int(re.search(r"real threshold is an \*\*MTU of (\d+)\*\*",
                                  f.read()).group(1))

    def sizes():
        return sorted(p["size"] for p in sw.pools())

    sw.add_port("n0", "net_null0,no-rx=1",
                options="mtu_request=%d" % (threshold - 1))
    assert sizes() == [16384]
    sw.add_port("n1", "net_null1,no-rx=1", options="mtu_request=68")
    assert sizes() == [16384]           # the same buffers
    sw.vsctl("set Interface n1 mtu_request=%d" % threshold)
    assert sizes() == [16384, 262144]


@pytest.mark.hugepages(560)
@pytest.mark.parametrize("per_port_memory", ["false", "true"])
def test_last_port_deleted(new_switch, per_port_memory):
    """There it frees no memory until another port is added.

    Here every hugepage returns at once."""
    sw = new_switch
    sw.start(per_port_memory=per_port_memory)
    sw.add_bridge("br0")

    def add_both():
        # (net_null leaves 192 bytes behind each time.)
        for n in range(2):
            sw.add_port("n%d" % n, "net_ring%d" % n)

    def delete_both():
        sw.vsctl("del-port n0 -- del-port n1")
        wait_until(lambda: sw.pools() == [], "the pools to be freed", 5)

    # DPDK keeps some tables from the first use on.
    add_both()
    delete_both()
    empty = sw.pages()
    for _ in range(3):
        add_both()
        assert sw.pages() >= empty + 20
        delete_both()
        assert sw.pages() == empty


def test_pmd_mask_and_per_port_pools(per_port):
    """There a change of the mask makes every per-port pool anew.

    A guest's pool does not depend on how many packet threads there are; one
    that was made for more threads is kept when there are fewer."""
    sw = per_port
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    sw.peer("vh0", "vh1")
    sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x3")
    sw.add_port("n0", "net_null0,no-rx=1")
    before = {p: sw.pools(p)[0].name for p in ("vh0", "vh1", "n0")}
    assert sw.pools("n0")[0]["size"] == 22560 + 2048
    sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x2")
    assert {p: sw.pools(p)[0].name for p in before} == before
    sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x3")
    assert {p: sw.pools(p)[0].name for p in before} == before


def test_per_port_memory_set_while_running(sw):
    """There it does nothing and logs nothing.

    A change to a key that is read once is never silently ignored."""
    assert sw.appctl("sluice/pending-restart").strip() == "nothing pending"
    sw.expect_log(r"\|WARN\|.*per-port-memory.*(false|\(unset\)).*true",
                  r"\|WARN\|.*dpdk-socket-limit.*1234")
    sw.vsctl("set Open_vSwitch . other_config:per-port-memory=true "
             "other_config:dpdk-socket-limit=1234")
    pending = sw.appctl("sluice/pending-restart").splitlines()
    assert len(pending) == 2, pending
    memory, = [p for p in pending if "per-port-memory" in p]
    assert re.search(r"(false|\(unset\)).*true", memory), memory
    limit, = [p for p in pending if "dpdk-socket-limit" in p]
    assert "1234" in limit, limit
    # Once said, not with every further change.
    sw.add_bridge("br0")
    assert sum("per-port-memory" in line and "|WARN|" in line
               for line in sw.log.lines()) == 1
    sw.vsctl("remove Open_vSwitch . other_config per-port-memory "
             "-- remove Open_vSwitch . other_config dpdk-socket-limit")
    assert sw.appctl("sluice/pending-restart").strip() == "nothing pending"


@pytest.mark.parametrize("per_port_memory", ["false", "true"])
def test_mempool_info_without_guest(new_switch, per_port_memory):
    """There get-mempool-info for a vhost port that no guest has connected to
    crashes the daemon."""
    sw = new_switch
    sw.start(per_port_memory=per_port_memory)
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    pid = sw.daemon.pid
    assert sw.appctl_refused("netdev-dpdk/get-mempool-info vh0") == \
        "Not allocated"
    assert sw.appctl("netdev-dpdk/get-mempool-info").count("mempool <") == 1
    assert sw.pools() == []             # that one is of the bridge's port
    assert sw.daemon.pid == pid and sw.daemon.running()


def test_pool_names(per_port):
    """There they are hashes.

    Socket, adjusted MTU, and the beginning of the port's name."""
    sw = per_port
    sw.add_port("uplink-to-spine-7", "net_null0,no-rx=1")
    name = sw.pools("uplink-to-spine-7")[0].name
    assert re.fullmatch(r"mp\d+-s0-2030-uplink-to-spi\w*", name), name
