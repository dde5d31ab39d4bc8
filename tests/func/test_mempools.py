# SPDX-License-Identifier: Apache-2.0
#
# Which mempool a port draws from, and how large it is: the fixed models,
# shared and per port.  (What happens where Open vSwitch fails is in
# test_peer_failures.py.)

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
    assert sw.pools() == []
    sw.peer("vh0", "vh1")
    assert sizes(sw) == [20512, 20512]
