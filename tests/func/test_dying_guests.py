# SPDX-License-Identifier: Apache-2.0
#
# Guests that are killed, stopped and started again, and ports of theirs that
# change meanwhile, beside four guests that talk: these lose no packet, nothing
# leaks, and a new guest has traffic at once.
#
# The tests share a switch, which is checked at its end.  SLUICE_LONG=1: the
# long forms, by hand.

import glob
import itertools
import os
import re
import statistics
import time
from collections import Counter
from random import Random

import pytest

from harness.bystanders import Bystanders
from harness.daemon import long_form
from harness.frames import frame, mac_bytes
from harness.guest_process import GuestProcess, probe
from test_guests import GUEST_DIED, RINGS_IN_USE

pytestmark = pytest.mark.ours

# The switch connects to the guest, or the guest to the switch.
PORTS = {"client": "vc0", "server": "vs0"}
TALKING = ["vh0", "vh1", "vh2", "vh3"]


@pytest.fixture(scope="module")
def shared(make_shared_switch):
    sw = make_shared_switch()
    sw.start(mempool_sizing="elastic")
    sw.allow_log(RINGS_IN_USE, GUEST_DIED,
                 r"\|WARN\|.*dpdkvhostuser is deprecated")
    sw.add_bridge("br0")
    for port in TALKING:
        sw.add_guest_port(port)
    sw.loop = sw.gap_peer(*TALKING)
    # Another bridge, so that no stray frame reaches those who talk.
    sw.add_bridge("br1")
    sw.add_guest_port("vc0", "br1")
    sw.vsctl("add-port br1 vs0 -- set Interface vs0 type=dpdkvhostuser")
    sw.wire = sw.add_wire("p0", "br1")
    sw.guests = []
    # The first guests bring what stays: memory, descriptors.
    for kind in PORTS:
        g = start(sw, kind, "02:dd:00:00:00:00")
        wait_answer(sw, g)
        g.stop()
        sw.wait_link(PORTS[kind], "down")
    return sw


def start(sw, kind, mac, port=None, **kwargs):
    """A guest of PORT, of the port for KIND unless said otherwise."""
    port = port or PORTS[kind]
    serve = kind == "client"
    path = sw.vhost_path(port) if serve else sw.space.path(port)
    g = GuestProcess(sw, path, mac, serve=serve, **kwargs)
    sw.guests.append(g)
    return g


@pytest.fixture
def scene(shared):
    s = Bystanders(shared)
    try:
        yield s
    except BaseException:
        shared.loop.halt()
        raise
    finally:
        while shared.guests:
            shared.guests.pop().stop()
    s.check_others()
    s.check_nothing_left()


numbers = itertools.count()


def answers(heard, g, first):
    """Is that the guest's answer to a probe of number FIRST or later?  (What
    an earlier guest of this address said may be still on its way.)"""
    found = re.match(rb"probe (\d+)", heard[14:])
    return (heard[6:12] == mac_bytes(g.mac) and found
            and int(found.group(1)) >= first)


def wait_answer(sw, g, timeout=30):
    """Asks until the guest G answers; returns when that was."""
    end = time.monotonic() + timeout
    first = number = next(numbers)
    while time.monotonic() < end:
        sw.wire.send(probe(number))
        number = next(numbers)
        for heard in sw.wire.receive(timeout=0.01):
            if answers(heard, g, first):
                return time.monotonic()
    raise AssertionError("no answer from %s" % g.mac)


def waited(sw, g):
    """For how many seconds the guest and all of the switch but its packet
    thread were ready and had no core: the machine's doing."""
    total = 0
    for pid in sw.daemon.pid, g.pid:
        for task in glob.glob("/proc/%d/task/*" % pid):
            with open(task + "/comm") as f:
                if f.read().startswith("pmd-"):
                    continue
            with open(task + "/schedstat") as f:
                total += int(f.read().split()[1])
    return total / 1e9


@pytest.mark.parametrize("kind", PORTS)
def test_killed_guest_comes_back(scene, kind):
    """kill -9 in mid burst of both directions, and a new guest at once: it
    has traffic within 1.5 s, since the library tries once a second to
    connect, and its port the memory and the descriptors of before."""
    sw = scene.sw
    took, machine = [], []
    for n in range(200 if long_form() else 5):
        g = start(sw, kind, "02:dd:00:00:%02x:%02x" % divmod(n + 1, 256))
        before = waited(sw, g)
        up = g.wait_up()
        took.append(wait_answer(sw, g) - up)
        machine.append(waited(sw, g) - before)
        sw.wire.send(*[frame(g.mac, "02:aa:00:00:00:01", size=1000)] * 200)
        g.kill()
        if n % 2:               # seen by the switch before the next comes
            sw.wait_link(PORTS[kind], "down")
    print("traffic after %.3f s (median), %.3f s (most); a core was waited "
          "for %.3f s at most" % (statistics.median(took), max(took),
                                  max(machine)))
    assert max(t - m for t, m in zip(took, machine)) <= 1.5, (took, machine)
    sw.wait_link(PORTS[kind], "down")
    assert sw.pages() == scene.pages


@pytest.mark.parametrize("retries", [0, 32])
@pytest.mark.parametrize("kind", PORTS)
def test_stops_reading(scene, kind, retries):
    """What is sent to it is dropped and counted, after as many retries as are
    set; when it reads again, it has traffic at once."""
    sw = scene.sw
    port = PORTS[kind]
    sw.vsctl("set Interface %s options:tx-retries-max=%d" % (port, retries))
    g = start(sw, kind, "02:dd:00:00:00:01")
    wait_answer(sw, g)
    before = sw.wait_statistics(port, lambda s: s["tx_packets"] >= 1)
    g.pause()
    for _ in range(30):
        sw.wire.send(*[frame(g.mac, "02:aa:00:00:00:01", size=1000)] * 32)
        scene.others_go_on()
    after = sw.wait_statistics(port, lambda s: s["tx_dropped"]
                               >= before["tx_dropped"] + 500)
    g.resume()
    wait_answer(sw, g)
    g.kill()
    sw.wait_link(port, "down")
    sw.vsctl("remove Interface %s options tx-retries-max" % port)
    if retries == 0:
        assert after["ovs_tx_retries"] == before["ovs_tx_retries"]


class Victim:
    """A port PORT of KIND whose guest and settings change all the time."""

    def __init__(self, sw, kind, port, mac, peer, random):
        self.sw, self.kind, self.port = sw, kind, port
        self.mac, self.peer, self.random = mac, peer, random
        self.guest = None
        self.add()

    def set(self, *settings):
        self.sw.vsctl("set Interface %s %s" % (self.port,
                                               " ".join(settings)))

    def _addition(self):
        return ("add-port br1 %s -- set Interface %s type=%s "
                "options:vhost-max-queue-pairs=4" % (
                    self.port, self.port, "dpdkvhostuser"
                    if self.kind == "server" else "dpdkvhostuserclient "
                    "options:vhost-server-path="
                    + self.sw.vhost_path(self.port)))

    def add(self):
        self.sw.vsctl(self._addition())

    def start(self):
        """A guest, where there is none."""
        if self.guest is None or not self.guest.running():
            self.guest = start(self.sw, self.kind, self.mac, self.port,
                               peer=self.peer,
                               pairs=self.random.choice([1, 2, 4]))

    # What may happen to it.

    def killed(self):
        self.guest.kill()

    def killed_and_started(self):
        self.guest.kill()
        self.start()

    def paused(self):
        self.guest.pause()
        time.sleep(self.random.random() / 5)
        self.guest.resume()

    def added_again(self):
        self.sw.vsctl("del-port " + self.port)
        self.add()

    def added_again_at_once(self):
        self.sw.vsctl("del-port %s -- %s" % (self.port, self._addition()))

    def another_mtu(self):
        self.set("mtu_request=%d" % self.random.choice([1400, 1500, 3000]))

    def other_retries(self):
        self.set("options:tx-retries-max=%d" % self.random.randrange(33))

    def other_pairs(self):
        self.set("options:vhost-max-queue-pairs=%d"
                 % self.random.choice([1, 2, 4, 8]))

    def act(self):
        self.start()
        what = self.random.choice([
            self.killed, self.killed_and_started, self.paused,
            self.added_again, self.added_again_at_once, self.another_mtu,
            self.other_retries, self.other_pairs])
        print("%s %s" % (self.port, what.__name__))
        what()
        return what.__name__


def test_killed_and_reconfigured_at_random(scene):
    """Four ports, whose guests send all the time, beside those of four guests
    who talk."""
    sw = scene.sw
    sw.allow_log(r"\|WARN\|vv\d: the guest has \d queue pairs and "
                 r"vhost-max-queue-pairs is \d: ")
    seed = int(os.environ.get("SLUICE_HOSTILE_SEED") or time.time_ns())
    print("SLUICE_HOSTILE_SEED=%d" % seed)
    random = Random(seed)
    macs = ["02:dd:00:00:01:%02x" % i for i in range(4)]
    victims = [Victim(sw, kind, "vv%d" % i, macs[i], macs[i ^ 1], random)
               for i, kind in enumerate(["client", "client", "server",
                                         "server"])]
    for v in victims:
        v.start()
    for v in victims:
        wait_answer(sw, v.guest)
    end = time.monotonic() + (60 if long_form() else 5)
    done = Counter()
    while time.monotonic() < end:
        done[random.choice(victims).act()] += 1
        scene.others_go_on()
    print(dict(done))
    for v in victims:
        v.start()
    for v in victims:
        wait_answer(sw, v.guest)
    for v in victims:
        v.guest.stop()
        sw.vsctl("del-port " + v.port)
