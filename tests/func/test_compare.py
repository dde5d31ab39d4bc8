# SPDX-License-Identifier: Apache-2.0
#
# Not slower than the stock daemon: 64-byte frames between two guests of one
# bridge, in one run on the same peers, A B A B.  Only the ratio counts; the
# figures themselves drift with the machine.

import os
import statistics
import time

import pytest

from harness import daemon

ROUNDS = 5
ROUNDS_AT_MOST = 8
SECONDS = 1.5

# A round counts if all others together used less than this part of a core.
DISTURBED = 0.1

# Noise of a shared machine: a median of 5 rounds repeats to about 3 %.
ENOUGH = 0.97


def rate(peer):
    """Million packets per second, both ways together."""
    before, start = peer.received(), time.monotonic()
    time.sleep(SECONDS)
    after, end = peer.received(), time.monotonic()
    return (after - before) / (end - start) / 1e6


def circulating(peer):
    """Puts packets into flight until both ways have some: the stock daemon
    may drop the first ones, for which it has no flow yet."""
    for _ in range(10):
        peer.loop()
        before = peer.stats()
        time.sleep(0.3)
        if all(b.rx > a.rx for a, b in zip(before, peer.stats())):
            return
        peer.halt()
        peer.drain()
    raise AssertionError("no traffic through the stock daemon")


class Foreign:
    """The processor time that others use, from now on."""

    def __init__(self, mine):
        self.mine = mine + [os.getpid()]
        self.start = self._busy(), time.monotonic()

    def _busy(self):
        with open("/proc/stat") as f:
            user, nice, system = map(int, f.readline().split()[1:4])
        return user + nice + system - sum(map(self._ticks, self.mine))

    @staticmethod
    def _ticks(pid):
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def share(self):
        """Of one core."""
        busy, then = self.start
        return ((self._busy() - busy) / os.sysconf("SC_CLK_TCK")
                / (time.monotonic() - then))


def one_round(sw, peer):
    sw.daemon.resume()
    circulating(peer)
    result = rate(peer)
    peer.halt()
    peer.drain()
    sw.daemon.pause()
    return result


def prepared(sw):
    sw.start()
    sw.add_bridge("br0")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    return sw.peer("vh0", "vh1")


@pytest.mark.compare
@pytest.mark.hugepages(1000)
def test_not_slower_than_the_stock_daemon(make_switch, capsys):
    if not os.access(daemon.STOCK_DAEMON, os.X_OK):
        pytest.skip("the package openvswitch-switch-dpdk is not installed")
    switches = {"stock": make_switch(stock=True), "ours": make_switch()}
    # Both exist all the time; only one at a time has the processor.
    peers = {}
    for name, sw in switches.items():
        peers[name] = prepared(sw)
        sw.daemon.pause()
    mine = [p.pid for p in peers.values()]
    mine += [sw.daemon.pid for sw in switches.values()]
    quiet, all_rounds = [], []
    for _ in range(ROUNDS_AT_MOST):
        foreign = Foreign(mine)
        pair = [one_round(switches[name], peers[name]) for name in switches]
        all_rounds.append(pair)
        if foreign.share() < DISTURBED:
            quiet.append(pair)
        if len(quiet) == ROUNDS:
            break
    for sw in switches.values():
        sw.daemon.resume()
    disturbed = len(quiet) < ROUNDS
    rounds = all_rounds if disturbed else quiet
    stock, ours = (statistics.median(r) for r in zip(*rounds))
    said = ("64 bytes, guest to guest, both ways: %.2f million packets per "
            "second, the stock daemon %.2f; ratio %.2f (rounds: %s)%s" % (
                ours, stock, ours / stock,
                ", ".join("%.2f" % (b / a) for a, b in rounds),
                "; others used the machine" if disturbed else ""))
    with capsys.disabled():
        print("\n" + said)
    if disturbed and ours / stock < ENOUGH:
        pytest.skip("the machine was never quiet enough: " + said)
    assert ours / stock >= ENOUGH, said
