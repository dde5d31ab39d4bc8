# SPDX-License-Identifier: Apache-2.0
#
# Changes that concern packet memory, while packets flow.

import pytest

from harness.command import wait_until
from test_guests import run_for

pytestmark = pytest.mark.ours


@pytest.fixture(params=["fixed", "elastic"])
def loop(new_switch, request):
    """Guests vh0 and vh1 that exchange packets."""
    sw = new_switch
    sw.start(mempool_sizing=request.param)
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    sw.loop = sw.peer("vh0", "vh1")
    sw.loop.loop()
    run_for(sw.loop, 1)
    return sw


def check_nothing_lost(sw):
    for way in sw.loop.account():
        assert way.received > 10000 and way.lost == 0, way


@pytest.mark.hugepages(1800)
def test_mtu_of_a_port_under_its_own_traffic(loop):
    """1500 to 9000 and back, ten times: the port takes another pool while
    packets flow, and not one of them is lost."""
    sw = loop
    for _ in range(5):
        for mtu in 9000, 1500:
            sw.vsctl("set Interface vh0 mtu_request=%d" % mtu)
            assert sw.iface("vh0", "mtu") == str(mtu)
            adjusted = {9000: "-9198-", 1500: "-2030-"}[mtu]
            assert adjusted in sw.pools("vh0")[0].name
    run_for(sw.loop, 1)
    check_nothing_lost(sw)


def test_a_port_reconfigured_100_times(loop):
    """What others do costs the two that talk nothing."""
    sw = loop
    sw.add_port("n0", "net_null0,no-rx=1", options="mtu_request=900")
    for i in range(100):
        sw.vsctl("set Interface n0 options:n_rxq=%d mtu_request=%d"
                 % (1 + i % 2, 900 - i % 3))
    assert sw.iface("n0", "error") == "[]"
    run_for(sw.loop, 1)
    check_nothing_lost(sw)


def test_pmd_thread_comes_and_goes_50_times(loop):
    """Its cache is emptied when it goes: every pool drains afterwards."""
    sw = loop
    # Queues of its own for the thread.
    sw.add_port("n0", "net_null0,no-rx=1", options="options:n_rxq=2")
    for _ in range(50):
        sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x3")
        sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x2")
    run_for(sw.loop, 1)
    check_nothing_lost(sw)
    sw.loop.halt()
    sw.vsctl("del-port vh0 -- del-port vh1 -- del-port n0")
    wait_until(lambda: sw.pools() == [], "all pools to drain", 5)


def test_filled_up_when_memory_appears(new_switch):
    """A pool that got less than it asked for has all of it within 5 seconds
    of another pool's end, and no port is stopped for it."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*got 131072 of the 262144 mbufs",
                  r'mempool "\S+" has grown to 262144 of the 262144 mbufs')
    sw.allow_log(r"\|WARN\|.*got \d+ of the")
    sw.start(dpdk_socket_limit="760")
    sw.add_bridge("br0")
    # 22,560 mbufs of 9,536 bytes: 205 MB.
    sw.add_port("big", "net_null0,no-rx=1",
                options="mtu_request=9000 other_config:mempool-group=private")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    pool, = sw.pools("vh0")
    assert pool["populated_size"] == 131072
    sw.vsctl("del-port big")
    wait_until(lambda: sw.pools("vh0")[0]["populated_size"] == 262144,
               "the pool to be filled up", 5)
    assert sw.pools("vh0")[0].name == pool.name
    for way in peer.account():
        assert way.received > 10000 and way.lost == 0, way
