# SPDX-License-Identifier: Apache-2.0
#
# Which mempool a port draws from, how large it is, and that the memory comes
# back: the fixed models, shared and per port.

import re

import pytest

from harness.command import wait_until

pytestmark = pytest.mark.ours


def mbuf_bytes(pool):
    return pool["elt_size"] + pool["header_size"] + pool["trailer_size"]


def sizes(sw):
    return sorted(p["size"] for p in sw.pools())


# Shared memory, the default.

def test_same_mtu_same_pool(br0):
    """Two ports of MTU 1500 share one pool of 262,144 mbufs."""
    sw = br0
    sw.expect_log(r"Port n0: Requesting a mempool of 262144 mbufs of size "
                  r"\d+ on socket \d+ for 1 Rx and 2 Tx queues",
                  r'Allocated "\S+" mempool with 262144 mbufs',
                  r'Reusing mempool "\S+"')
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.add_port("n1", "net_null1,no-rx=1")
    assert sizes(sw) == [262144]
    mine, = sw.pools("n0")
    yours, = sw.pools("n1")
    assert mine.name == yours.name
    available, in_use = mine.count()
    assert available + in_use == 262144


@pytest.mark.hugepages(1800)
def test_another_mtu_another_pool(br0):
    """A third port, of MTU 9000, makes a second pool of larger mbufs."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.add_port("n1", "net_null1,no-rx=1")
    sw.add_port("n2", "net_null2,no-rx=1", options="mtu_request=9000")
    assert sizes(sw) == [262144, 262144]
    small, = sw.pools("n0")
    large, = sw.pools("n2")
    assert small.name == sw.pools("n1")[0].name != large.name
    assert mbuf_bytes(small) < 3008 and mbuf_bytes(large) > 9216 + 128
    # The adjusted MTU can be read from the name.
    assert "2030" in small.name and "9198" in large.name


def test_threshold(br0):
    """Up to MTU 998 a pool has 16,384 mbufs."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1", options="mtu_request=998")
    assert sizes(sw) == [16384]
    sw.add_port("n1", "net_null1,no-rx=1", options="mtu_request=68")
    assert sizes(sw) == [16384]         # the same buffers
    sw.vsctl("set Interface n1 mtu_request=999")
    assert sizes(sw) == [16384, 262144]


def test_pool_goes_with_its_last_port(br0):
    sw = br0
    sw.expect_log(r'Freeing mempool "\S+"')
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.add_port("n1", "net_null1,no-rx=1")
    sw.vsctl("del-port n0")
    assert sizes(sw) == [262144]
    sw.vsctl("del-port n1")
    wait_until(lambda: sw.pools() == [], "the pool to be freed", 5)


# Per-port memory: the formula of the documentation, with one packet thread.

PER_PORT = [
    # options                                               mbufs
    ("", 1 * 2048 + 2 * 2048 + 32 + 16384),
    ("options:n_rxq=2", 2 * 2048 + 2 * 2048 + 64 + 16384),
    ("options:n_rxq_desc=512", 512 + 2 * 2048 + 32 + 16384),
    ("options:n_txq_desc=1024", 2048 + 2 * 1024 + 32 + 16384),
    ("options:n_rxq=2 options:n_rxq_desc=256 options:n_txq_desc=256",
     512 + 512 + 64 + 16384),
    ("mtu_request=900", 1 * 2048 + 2 * 2048 + 32 + 16384),
]


@pytest.fixture
def per_port(new_switch):
    sw = new_switch
    sw.expect_log(r"Per port memory for DPDK devices enabled\.")
    sw.start(per_port_memory="true")
    sw.add_bridge("br0")
    return sw


@pytest.mark.parametrize("options, mbufs", PER_PORT)
def test_per_port_size(per_port, options, mbufs):
    sw = per_port
    sw.add_port("n0", "net_null0,no-rx=1", options=options)
    assert sizes(sw) == [mbufs]


def test_each_port_its_own(per_port):
    sw = per_port
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.add_port("n1", "net_null1,no-rx=1")
    assert sizes(sw) == [22560, 22560]
    assert sw.pools("n0")[0].name != sw.pools("n1")[0].name
    sw.vsctl("del-port n0")
    wait_until(lambda: sizes(sw) == [22560], "n0's pool to go", 5)


def test_per_port_guest(per_port):
    """A guest with one pair of queues: 20,512, once it has connected."""
    sw = per_port
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    assert sw.appctl_refused("netdev-dpdk/get-mempool-info vh0") == \
        "Not allocated"
    assert sw.pools() == []
    sw.peer("vh0", "vh1")
    assert sizes(sw) == [20512, 20512]


# Hugepages come back.

@pytest.mark.hugepages(560)
@pytest.mark.parametrize("per_port_memory", ["false", "true"])
def test_deleting_ports_returns_hugepages(new_switch, per_port_memory):
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


# Memory is short.

@pytest.mark.hugepages(300)
def test_short_memory_halves_aloud(new_switch):
    """With 400 MB for DPDK the shared pool gets half of its mbufs."""
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
    assert len(re.findall(r"\|WARN\|", "\n".join(sw.log.lines()))) == 1


@pytest.mark.hugepages(500)
def test_change_without_memory_leaves_the_port_running(new_switch):
    """MTU 9000 does not fit beside the running pool: the port goes on as
    it was, without losing a packet, and says what was missing, in bytes,
    on which socket."""
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
    assert sizes(sw) == [262144]


@pytest.mark.hugepages(60)
def test_fewer_descriptors_never_kill_a_port(new_switch):
    """In per-port memory, with no room for a second pool."""
    sw = new_switch
    sw.allow_log(r"\|(WARN|ERR)\|")
    sw.start(per_port_memory="true", dpdk_socket_limit="90")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    ofport = sw.iface("n0", "ofport")
    sw.vsctl_result("set Interface n0 options:n_rxq_desc=1024")
    assert sw.iface("n0", "ofport") == ofport
    assert "n0 " in sw.appctl("dpif/show")
    assert len(sw.pools("n0")) == 1
    sw.vsctl("remove Interface n0 options n_rxq_desc")
    assert sw.iface("n0", "error") == "[]"


@pytest.mark.hugepages(60)
def test_per_port_request_becomes_smaller(new_switch):
    """22,560 mbufs that cannot be had become 16,384, aloud; what was tried is
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


def test_packet_threads_change_no_pool_without_need(per_port):
    """A guest's pool does not depend on how many packet threads there are; one
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


def test_names_can_be_read(per_port):
    """Socket, adjusted MTU, and the beginning of the port's name."""
    sw = per_port
    sw.add_port("uplink-to-spine-7", "net_null0,no-rx=1")
    name = sw.pools("uplink-to-spine-7")[0].name
    assert re.fullmatch(r"mp\d+-s0-2030-uplink-to-spi\w*", name), name
