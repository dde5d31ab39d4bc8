# SPDX-License-Identifier: Apache-2.0
#
# Linux guests under QEMU: a driver that sleeps until it is called, and the
# front end that the protocol was made for.
#
# SLUICE_VHOST_RINGS: what options:vhost-rings of the ports is set to.
# SLUICE_LONG=1: the tests that take longer, too.

import os

import pytest

from harness import guest, qemu
from harness.daemon import is_peer, long_form
from harness.qemu import Card
from harness.real_guest import HOST, Host, RealGuest, Sender, address, exchange
from test_guests import GUEST_DIED, RINGS_IN_USE

LONG = pytest.mark.skipif(not long_form(), reason="SLUICE_LONG=1 runs it")
MB = 1 << 20
VERSION_1, MTU = guest.VERSION_1, 1 << 3


@pytest.fixture(scope="module", autouse=True)
def _machines():
    why = qemu.why_not()
    if why:
        pytest.skip("no real guests: " + why)


class Scene:
    """A switch with one bridge, whose internal port is a host."""

    def __init__(self, sw, **config):
        self.sw, self.cards = sw, 0
        if not is_peer():
            config["mempool_sizing"] = "elastic"
        sw.allow_log(RINGS_IN_USE, GUEST_DIED)
        sw.start(**config)
        sw.add_bridge("br0")
        self.host = Host(sw)

    def port(self, name, server=False, mtu=1500, queues=1):
        """A new port; returns the path of its socket.  SERVER: it serves
        it."""
        rings = os.environ.get("SLUICE_VHOST_RINGS")
        options = "mtu_request=%d" % mtu
        options += " options:vhost-rings=" + rings if rings else ""
        if queues > 1 and not is_peer():
            options += " options:vhost-max-queue-pairs=%d" % queues
        if not server:
            self.sw.add_guest_port(name, options=options)
            return self.sw.vhost_path(name)
        self.sw.allow_log(r"\|WARN\|.*dpdkvhostuser is deprecated")
        self.sw.vsctl("add-port br0 %s -- set Interface %s "
                      "type=dpdkvhostuser %s" % (name, name, options))
        return self.sw.space.path(name)

    def card(self, port, options="", server=False, mtu=1500, queues=1):
        """A new port, and the Card for it."""
        self.cards += 1
        return Card(self.port(port, server, mtu, queues), self.cards - 1,
                    not server, queues, options)

    def guest(self, name, *cards, wait=True, **options):
        g = RealGuest(self.sw.space, name, cards, **options)
        self.sw.peers.append(g)
        g.start(wait)
        return g

    def agreed(self, port, wanted, refused=0):
        """Port and guest have agreed upon WANTED, and not upon REFUSED.
        (The stock daemon does not tell.)"""
        if not is_peer():
            status = self.sw.map_of("Interface", port, "status")
            features = int(status["features"], 16)
            assert features & wanted == wanted and not features & refused, (
                "%s: 0x%x" % (port, features))

    def restart(self):
        """Of the daemon alone, as for an upgrade."""
        assert self.sw.appctl_result("exit").code == 0
        assert self.sw.daemon.wait() == 0
        self.sw.daemon.start()
        self.sw.settle()


# Kinds of cards: what their device is told, and features that they must and
# must not have then.
KINDS = {
    "plain": ("", guest.MRG_RXBUF | guest.EVENT_IDX | guest.INDIRECT
              | VERSION_1, guest.RING_PACKED),
    "small": ("mrg_rxbuf=off", VERSION_1, guest.MRG_RXBUF),
    "direct": ("indirect_desc=off", VERSION_1, guest.INDIRECT),
    "noevent": ("event_idx=off", VERSION_1, guest.EVENT_IDX),
    "legacy": ("disable-modern=on,disable-legacy=off,event_idx=off,"
               "mrg_rxbuf=off", 0, VERSION_1),
    "packed": ("packed=on", guest.RING_PACKED | guest.MRG_RXBUF, 0),
    "packed1": ("packed=on,mrg_rxbuf=off,event_idx=off", guest.RING_PACKED,
                guest.MRG_RXBUF | guest.EVENT_IDX),
    "server": ("", VERSION_1, 0),
    "jumbo": ("host_mtu=9000", MTU | guest.MRG_RXBUF, 0),
    "jumbo1": ("host_mtu=9000,mrg_rxbuf=off", MTU, guest.MRG_RXBUF),
}


def test_every_kind_of_card(make_switch):
    """One guest with a card of each kind: every card pings and is pinged,
    sends and receives, with the host and with others."""
    scene = Scene(make_switch())
    cards = [scene.card(kind, KINDS[kind][0], server=kind == "server",
                        mtu=9000 if "jumbo" in kind else 1500)
             for kind in KINDS]
    g = scene.guest("vm", *cards, memory=320)
    g.settle(2 * MB)
    before = g.interrupts()
    for n, kind in enumerate(KINDS):
        g.ping(n, HOST)
        scene.host.ping(address(cards[n]))
        scene.agreed(kind, *KINDS[kind][1:])
    # Most answers found it asleep, and so did most of those who pinged.
    assert g.interrupts() - before >= 10 * len(KINDS)
    jumbo = list(KINDS).index("jumbo")
    for n, other in (jumbo, jumbo + 1), (jumbo + 1, jumbo):
        g.ping(n, address(cards[other]), options="-s 8900")
    for n in 0, 1:
        scene.host.exchange(g, n, 2 * MB)
    exchange(g)
    # QEMU does not connect again to a server, and after a restart it knows no
    # more where a packed ring stands.
    scene.restart()
    for n, kind in enumerate(KINDS):
        if kind != "server" and "packed" not in kind:
            g.ping(n, HOST, times=1)


@LONG
def test_life(make_switch):
    """The switch is restarted, then the guest, then it is killed."""
    scene = Scene(make_switch())
    sw = scene.sw
    cards = [scene.card("vh0"), scene.card("vh1")]
    g = scene.guest("vm", *cards)
    g.settle(MB)
    exchange(g)

    scene.restart()
    for port in "vh0", "vh1":
        sw.wait_link(port)
    g.ping(0, address(cards[1]))
    exchange(g)

    g.reset()
    g.settle(MB)
    exchange(g)

    g.kill()
    for port in "vh0", "vh1":
        sw.wait_link(port, "down")
    g.start()
    g.settle(MB)
    exchange(g)


@LONG
def test_many_queues(make_switch):
    """Two guests with four pairs of queues and two processors each, so that
    they use two of the pairs."""
    scene = Scene(make_switch())
    guests = [scene.guest(name, scene.card("port-" + name, queues=4), cpus=2,
                          wait=False) for name in ("vm0", "vm1")]
    for g in guests:
        g.wait_boot()
        g.settle(16 * MB)
    for g, other in guests, guests[::-1]:
        for cpus in 1, 2:
            g.ping(0, address(other.cards[0]), prefix="taskset %d" % cpus)
    exchange(*guests)
    for g in guests:
        scene.sw.wait_statistics("port-" + g.name, lambda s: all(
            (s["rx_q%d_good_packets" % q] > 10) == (q < 2) for q in range(4)))


@LONG
def test_memory_is_plugged_in(make_switch):
    """Memory that the guest gets while frames flow is memory for frames."""
    scene = Scene(make_switch())
    card = scene.card("vh0")
    g = scene.guest("vm", card, memory="192,slots=2,maxmem=1G")
    g.settle(MB)
    scene.host.exchange(g, 0, MB)
    sender = Sender(scene.host.netns, 16 * MB)
    g.ask(sender.fetched_by(0))
    assert sender.connected.wait(60)
    g.qmp.command("object-add", qom_type="memory-backend-memfd", id="more",
                  size=256 * MB, share=True)
    g.qmp.command("device_add", driver="pc-dimm", id="dimm", memdev="more")
    sent = sender.finish()
    assert g.answer(120).split()[0] == sent
    g.sh("for m in /sys/devices/system/memory/memory*/state; do "
         "grep -q online $m || echo online >$m; done")
    had, has = 192, int(g.sh("free -m").split()[7])
    assert has > had
    # More than there was before.
    g.sh("mkdir /more && mount -t tmpfs -o size=90% more /more")
    g.sh("head -c %d /dev/zero >/more/ballast" % (220 * MB))
    scene.host.exchange(g, 0, 16 * MB)


@LONG
@pytest.mark.parametrize("boot", ["iommu=pt", "iommu.strict=1"])
def test_behind_an_iommu(make_switch, boot):
    """Its kernel maps all of its memory for the card, or each buffer when it
    is made and takes it back when it is used: the switch has to ask where a
    page is, and what it has for that page is lost meanwhile."""
    scene = Scene(make_switch(), vhost_iommu_support="true")
    card = scene.card("vh0", "iommu_platform=on,ats=on,disable-legacy=on,"
                      "disable-modern=off")
    g = scene.guest("vm", card, boot="intel_iommu=on " + boot,
                    options=["-device", "intel-iommu,device-iotlb=on"])
    scene.agreed("vh0", guest.IOMMU_PLATFORM)
    # Then once more: the rings are elsewhere, where they were is taken back.
    for _ in range(2):
        g.settle(MB)
        g.sh("until h0 ping -c 1 -W 1 %s; do :; done" % HOST)
        if boot == "iommu=pt":
            scene.host.exchange(g, 0, 4 * MB)
        else:
            scene.host.exchange(g, 0, MB // 16)
        g.sh("h0 ip link set eth0 netns 1; kill $p0")
        for what in "unbind", "bind":
            g.sh("echo virtio0 >/sys/bus/virtio/drivers/virtio_net/" + what)
