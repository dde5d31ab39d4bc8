# SPDX-License-Identifier: Apache-2.0
#
# mempool-sizing=elastic: pools have what their ports may hold, and grow while
# packets flow; groups; trimming.

import re

import pytest

from harness.command import wait_until
from test_guests import run_for
from test_mempool_show import show
from test_patch import add_patch

pytestmark = pytest.mark.ours

CHUNK = (2 * 1024 * 1024 - 192) // 2368         # mbufs, MTU 1500
PER_THREAD = 512 * 3 // 2 + 128
THREADS = 2                                     # one PMD and the I/O thread
KERNEL_RING = 1024                              # of the bridge's own port


def need(*rings):
    """Mbufs of a pool whose ports, and those of their bridge, hold RINGS."""
    return THREADS * PER_THREAD + KERNEL_RING + sum(rings)


def chunks(mbufs):
    return -(-mbufs // CHUNK) * CHUNK


@pytest.fixture(params=["false", "true"], ids=["shared", "per-port"])
def elastic(new_switch, request):
    sw = new_switch
    sw.start(mempool_sizing="elastic", per_port_memory=request.param)
    sw.add_bridge("br0")
    sw.per_port = request.param == "true"
    return sw


def populated(sw, port):
    pool, = sw.pools(port)
    return pool["populated_size"]


def test_made_for_the_need(elastic):
    sw = elastic
    sw.add_port("n0", "net_null0,no-rx=1")
    assert populated(sw, "n0") == chunks(need())
    pool, = sw.pools("n0")
    assert pool["size"] == (22560 if sw.per_port else 262144)


def test_grows_for_a_ring(elastic):
    """net_ring keeps up to 1,023 mbufs per queue of whoever sends to it."""
    sw = elastic
    sw.add_port("n0", "net_null0,no-rx=1")
    name = sw.pools("n0")[0].name
    for n in range(4):
        sw.add_port("r%d" % n, "net_ring%d" % n)
        pool, = sw.pools("n0")
        assert pool.name == name
        assert pool["populated_size"] == chunks(need(1023 * (n + 1)))
    assert sw.has_logged(r'mempool "%s" has grown from \d+ to \d+ mbufs'
                         % re.escape(name))


def test_rings_of_other_bridges_do_not_count(elastic):
    sw = elastic
    sw.add_bridge("br1")
    sw.add_port("r0", "net_ring0", bridge="br1")
    sw.add_port("r1", "net_ring1", bridge="br1")
    sw.add_port("n0", "net_null0,no-rx=1",
                options="other_config:mempool-group=apart")
    assert populated(sw, "n0") == chunks(need())
    assert populated(sw, "r0") == chunks(need(2 * 1023))


def test_patch_ports_join_bridges(elastic):
    """A frame may then wait in a ring of any of the bridges."""
    sw = elastic
    sw.add_bridge("br1")
    sw.add_port("r0", "net_ring0", bridge="br1")
    sw.add_port("n0", "net_null0,no-rx=1",
                options="other_config:mempool-group=apart")
    assert populated(sw, "n0") == chunks(need())

    def ledger():
        pool, = show(sw, sw.pools("n0")[0].name)
        return pool["need"]

    assert ledger() == need()
    add_patch(sw, "a", "b")
    assert ledger() == need(1023, KERNEL_RING)
    assert populated(sw, "n0") == chunks(need(1023, KERNEL_RING))
    sw.vsctl("set Interface b options:peer=nobody")
    assert ledger() == need()


def test_grows_under_traffic(elastic):
    """Ports that join and leave cost the others nothing."""
    sw = elastic
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    for n in range(6):
        sw.add_port("r%d" % n, "net_ring%d" % n)
    assert populated(sw, "vh0") == chunks(need(6 * 1023))
    for n in range(6):
        sw.vsctl("del-port r%d" % n)
    run_for(peer, 1)
    for way in peer.account():
        assert way.received > 10000 and way.lost == 0, way


def test_trim(elastic):
    sw = elastic
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)            # nothing is flooded any more
    for n in range(3):
        sw.add_port("r%d" % n, "net_ring%d" % n)
    assert sw.appctl("netdev-dpdk/mempool-trim") == "nothing to trim\n"
    for n in range(3):
        sw.vsctl("del-port r%d" % n)
    old = sw.pools("vh0")[0].name
    assert populated(sw, "vh0") == chunks(need(3 * 1023))
    answer = sw.appctl("netdev-dpdk/mempool-trim")
    assert re.search(r"^%s: %d mbufs \(\d+\.\d MiB\) replaced$" % (
        re.escape(old), chunks(need(3 * 1023))), answer, re.M), answer
    assert populated(sw, "vh0") == chunks(need())
    assert sw.pools("vh0")[0].name != old
    wait_until(lambda: old not in [p.name for p in sw.pools()],
               "the old pool to be freed", 5)
    run_for(peer, 1)
    for way in peer.account():
        assert way.received > 10000 and way.lost == 0, way
    assert sw.appctl_refused("netdev-dpdk/mempool-trim nonsense") == (
        "there is no mempool 'nonsense': netdev-dpdk/mempool-show lists them")


def test_limit(new_switch):
    """mempool-max-mbufs is kept, and what it means is said."""
    sw = new_switch
    # A pool that is small has small caches: a 32nd of it.
    mbufs = THREADS * (128 * 3 // 2 + 128) + KERNEL_RING + 3 * 1023
    sw.expect_log(r"\|WARN\|mempool \"\S+\": its ports may hold %d mbufs and "
                  r"it may not grow beyond 4096 \(mempool-max-mbufs\)"
                  % mbufs)
    sw.start(mempool_sizing="elastic", mempool_max_mbufs="4096")
    sw.add_bridge("br0")
    sw.add_port("r0", "net_ring0")
    sw.add_port("r1", "net_ring1")
    sw.add_port("r2", "net_ring2")
    assert populated(sw, "r0") == 4096
    sw.add_port("r3", "net_ring3")
    assert populated(sw, "r3") == 4096


# Groups, in each model.

@pytest.mark.parametrize("sizing", ["fixed", "elastic"])
@pytest.mark.parametrize("per_port", ["false", "true"])
def test_groups(new_switch, per_port, sizing):
    sw = new_switch
    sw.start(mempool_sizing=sizing, per_port_memory=per_port)
    sw.add_bridge("br0")

    def pool(port):
        return sw.pools(port)[0].name

    for n in range(4):
        sw.add_port("n%d" % n, "net_null%d,no-rx=1" % n,
                    options="mtu_request=900")
    assert (pool("n0") == pool("n1")) == (per_port == "false")
    sw.vsctl("set Interface n0 other_config:mempool-group=noisy "
             "-- set Interface n1 other_config:mempool-group=noisy "
             "-- set Interface n2 other_config:mempool-group=private")
    assert pool("n0") == pool("n1") and pool("n0").endswith("-noisy")
    assert len({pool("n%d" % n) for n in range(4)}) == 3
    if sizing == "fixed":
        size, = sw.pools("n0")
        assert size["size"] == 16384
        size, = sw.pools("n2")
        assert size["size"] == 22560
    sw.vsctl("remove Interface n1 other_config mempool-group")
    assert pool("n1") != pool("n0")
    assert (pool("n1") == pool("n3")) == (per_port == "false")
    assert sw.appctl("sluice/recompute").strip() == "nothing to do"


def test_only_the_port_that_changes_group_pauses(br0):
    """Two guests go on while a third port changes its pool, time and again."""
    sw = br0
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    sw.add_port("n0", "net_null0,no-rx=1", options="mtu_request=900")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    for _ in range(10):
        sw.vsctl("set Interface n0 other_config:mempool-group=private")
        sw.vsctl("remove Interface n0 other_config mempool-group")
    run_for(peer, 1)
    for way in peer.account():
        assert way.received > 10000 and way.lost == 0, way
