# SPDX-License-Identifier: Apache-2.0
#
# Changes that concern packet memory, while packets flow: for how long do
# guests hear nothing, and what is lost?

import os
import time

import pytest

from harness.command import wait_until
from harness.daemon import long_form

pytestmark = pytest.mark.ours

# Nothing that is done to a port may silence it for longer, in ms, nor its
# neighbours at all: what gap-peer then measures is how often it looks.
MOMENT = 10

MODELS = [(sizing, per_port) for sizing in ("fixed", "elastic")
          for per_port in ("false", "true")]


def start(sw, **config):
    """Guests vh0 and vh1 that exchange packets."""
    sw.start(**config)
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    sw.loop = sw.gap_peer("vh0", "vh1")
    sw.loop.loop()
    return sw


@pytest.fixture(params=["fixed", "elastic"])
def loop(new_switch, request):
    return start(new_switch, mempool_sizing=request.param)


def check_nothing_lost(sw):
    sw.loop.run_for(0.5)
    for way in sw.loop.account():
        assert way.received > 1000 and way.lost == 0, way
        assert way.in_flight == sw.loop.in_flight, way


def test_silence_and_loss_are_noticed(new_switch):
    """What the other tests rely on: a switch that stands still for 100 ms is
    heard to, and packets that it drops are missed."""
    sw = start(new_switch)
    sw.daemon.pause()
    time.sleep(0.1)
    sw.daemon.resume()
    assert 100 - MOMENT <= sw.loop.silence() < 1000
    sw.appctl("netdev-dpdk/set-admin-state vh1 down")
    ways = sw.loop.account()
    assert sum(way.lost for way in ways) == 2 * sw.loop.in_flight, ways
    assert [way.in_flight for way in ways] == [0, 0], ways


@pytest.mark.hugepages(1800)
@pytest.mark.parametrize("sizing, per_port", MODELS)
def test_mtu_of_a_port_under_its_own_traffic(new_switch, sizing, per_port):
    """1500 to 9000 and back, twice: the port takes another pool while
    packets flow, and not one of them is lost."""
    sw = start(new_switch, mempool_sizing=sizing, per_port_memory=per_port)
    silences = []
    for mtu, adjusted in 2 * ((9000, "-9198-"), (1500, "-2030-")):
        sw.loop.reset()
        sw.vsctl("set Interface vh0 mtu_request=%d" % mtu)
        assert sw.iface("vh0", "mtu") == str(mtu)
        assert adjusted in sw.pools("vh0")[0].name
        silences.append(sw.loop.silence())
    print("silences: %s ms" % silences)
    assert max(silences) <= MOMENT, silences
    check_nothing_lost(sw)


def test_a_port_reconfigured_100_times(loop):
    """What others do costs the two that talk nothing."""
    sw = loop
    sw.add_port("n0", "net_null0,no-rx=1", options="mtu_request=900")
    sw.loop.reset()
    for i in range(100):
        sw.vsctl("set Interface n0 options:n_rxq=%d mtu_request=%d"
                 % (1 + i % 2, 900 if i % 3 else 1500))
    silence = sw.loop.silence()
    print("silence: %g ms" % silence)
    assert sw.iface("n0", "error") == "[]"
    assert silence <= MOMENT
    check_nothing_lost(sw)


def test_a_live_pool_grown_100_times(new_switch):
    """net_ring holds up to 1,023 mbufs of those who send to it, more than the
    pool grows by at once: it grows for every such port."""
    sw = start(new_switch, mempool_sizing="elastic")

    def grown():
        return sum("has grown from" in line for line in sw.log.lines())

    for _ in range(4):
        name = sw.pools("vh0")[0].name
        sw.loop.reset()
        for n in range(25):
            sw.add_port("r%d" % n, "net_ring%d" % n)
        assert sw.pools("vh0")[0].name == name
        for n in range(25):
            sw.vsctl("del-port r%d" % n)
        silence = sw.loop.silence()
        print("silence: %g ms" % silence)
        assert silence <= MOMENT
        # The next round begins with a small one.
        assert "replaced" in sw.appctl("netdev-dpdk/mempool-trim")
    assert grown() >= 100
    check_nothing_lost(sw)


def held_by(sw):
    """What a thread could leave behind.  Of file descriptors, those of
    sockets come and go: the vhost library tries to connect."""
    proc = "/proc/%d/" % sw.daemon.pid
    files = [os.path.realpath(proc + "fd/" + fd)
             for fd in os.listdir(proc + "fd")]
    return {"heap": sw.appctl("dpdk/get-malloc-stats"),
            "lcores": sw.appctl("dpdk/lcore-list"),
            "threads": len(os.listdir(proc + "task")),
            "files": len([name for name in files if "socket:" not in name])}


def anonymous_memory(sw):
    """In kB."""
    with open("/proc/%d/status" % sw.daemon.pid) as f:
        return [int(line.split()[1]) for line in f
                if line.startswith("RssAnon:")][0]


def test_pmd_thread_comes_and_goes_often(new_switch):
    """Its cache is emptied when it goes: every pool drains afterwards, and
    after 50 times or (SLUICE_LONG=1) 1,000 there is no more left of it than
    after one."""
    sw = new_switch
    sw.start()
    sw.add_bridge("br0")

    def held_after(times):
        sw.add_guest_port("vh0")
        sw.add_guest_port("vh1")
        sw.loop = sw.gap_peer("vh0", "vh1")
        sw.loop.loop()
        for _ in range(times):
            sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x3")
            sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x2")
        check_nothing_lost(sw)
        sw.loop.stop()
        sw.vsctl("del-port vh0 -- del-port vh1")
        wait_until(lambda: sw.pools() == [], "all pools to drain", 5)
        return held_by(sw)

    once = held_after(1)
    memory = anonymous_memory(sw)
    assert held_after(1000 if long_form() else 50) == once
    assert anonymous_memory(sw) < memory + 1024


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
    sw.loop = sw.gap_peer("vh0", "vh1")
    sw.loop.loop()
    pool, = sw.pools("vh0")
    assert pool["populated_size"] == 131072
    sw.vsctl("del-port big")
    wait_until(lambda: sw.pools("vh0")[0]["populated_size"] == 262144,
               "the pool to be filled up", 5)
    assert sw.pools("vh0")[0].name == pool.name
    assert sw.loop.silence() <= MOMENT
    check_nothing_lost(sw)
