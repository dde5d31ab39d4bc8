# SPDX-License-Identifier: Apache-2.0
#
# What do real guests say to each other, and does all of it arrive?
#
# Each card of a guest lives in a network namespace of the guest's, so that one
# guest can be many hosts.  A RealGuest's shell has a function for each card,
# h0, h1, ..., that runs a command there.  One host more is the machine's own:
# the internal port of the switch's bridge, in the namespace of the test.

import hashlib
import os
import re
import socket
import threading

from .peer import guest_mac
from .qemu import Qemu

HOST = "10.2.0.1"


def address(card):
    return "10.2.0.%d" % (10 + card.number)


class RealGuest(Qemu):
    """A Qemu whose cards have addresses and serve the file /tmp/data."""

    def settle(self, size):
        """After its boot.  SIZE: of the file."""
        # Random numbers are slow by emulation: a part of them, repeated.
        self.sh("head -c %d /dev/urandom >/tmp/part; i=0; rm -f /tmp/data; "
                "while [ $i -lt 16 ]; do cat /tmp/part >>/tmp/data; "
                "i=$((i + 1)); done" % (size // 16))
        self.data = self.sh("md5sum </tmp/data").split()[0]
        for n, card in enumerate(self.cards):
            assert self.sh("cat /sys/class/net/eth%d/address" % n) == (
                guest_mac(card.number) + "\n")
            self.sh("unshare -n sleep 1000000 >/dev/null 2>&1 & p%d=$!" % n)
            self.sh("until [ $(readlink /proc/$p%d/ns/net) != "
                    "$(readlink /proc/self/ns/net) ]; do :; done" % n)
            self.sh("ip link set eth%d netns $p%d" % (n, n))
            self.sh('h%d() { nsenter -t $p%d -n "$@"; }' % (n, n))
            self.sh("h%d ip addr add %s/24 dev eth%d" % (n, address(card), n))
            self.sh("h%d ip link set eth%d up" % (n, n))
            self.sh("h%d httpd -p 80 -h /tmp" % n)

    def ping(self, n, to, times=10, options="", prefix=""):
        """Card N pings the address TO: each time only when the answer to the
        last one has come, so nothing but the answer wakes the guest."""
        self.sh("i=0; while [ $i -lt %d ] && h%d %s ping -c 1 -W 20 %s %s; "
                "do i=$((i + 1)); done; [ $i = %d ]"
                % (times, n, prefix, options, to, times))

    def begin_fetch(self, sources):
        """{card: address}: each card fetches a file, all at once."""
        line = "w=; rm -f /tmp/sum*; "
        for n, source in sources.items():
            line += ("(h%d wget -q -O - http://%s/data | md5sum >/tmp/sum%d) "
                     '& w="$w $!"; ' % (n, source, n))
        self.ask(line + "wait $w; cd /tmp; grep -H . sum*")

    def end_fetch(self):
        """{card: digest} of what begin_fetch() has fetched."""
        return {int(n): digest for n, digest in re.findall(
            r"sum(\d+):(\w+)", self.answer(120))}

    def interrupts(self):
        """How often the cards have called."""
        lines = re.findall(r"^ *\d+:((?: +\d+)+) .*virtio",
                           self.sh("cat /proc/interrupts"), re.M)
        return sum(int(n) for line in lines for n in line.split())


def exchange(*guests):
    """Every card fetches the file of the next one's guest, all at the same
    time."""
    cards = [(g, n) for g in guests for n in range(len(g.cards))]
    wanted = {g: {} for g in guests}
    for (g, n), (other, m) in zip(cards, cards[1:] + cards[:1]):
        wanted[g][n] = address(other.cards[m]), other.data
    for g in guests:
        g.begin_fetch({n: a for n, (a, _) in wanted[g].items()})
    for g in guests:
        got, sent = g.end_fetch(), {n: d for n, (_, d) in wanted[g].items()}
        assert got == sent, "%s: %s instead of %s" % (g.name, got, sent)


class Host:
    """The internal port BRIDGE of SW as a host."""

    def __init__(self, sw, bridge="br0"):
        self.netns, self.bridge = sw.space.netns, bridge
        self.plug_in()

    def plug_in(self):
        self.netns.ip("addr add %s/24 dev %s" % (HOST, self.bridge))
        self.netns.ip("link set %s up" % self.bridge)

    def ping(self, to, times=10):
        for _ in range(times):
            self.netns.check("ping -n -q -c 1 -W 20 " + to)

    def exchange(self, g, n, size):
        """Card N of guest G gets a file and sends its own, at once."""
        sender = Sender(self.netns, size)
        g.ask(sender.fetched_by(n))
        got = hashlib.md5(self._fetch(address(g.cards[n]))).hexdigest()
        sent = sender.finish()
        assert g.answer(120).split()[0] == sent and got == g.data

    def _fetch(self, source):
        s = self.netns.call(socket.create_connection, (source, 80), 60)
        with s, s.makefile("rb") as f:
            s.sendall(b"GET /data HTTP/1.0\r\n\r\n")
            return f.read().partition(b"\r\n\r\n")[2]


class Sender(threading.Thread):
    """Sends to who connects first: SIZE bytes, and on until finish()."""

    PORT = 5000
    STEP = 1 << 16

    def __init__(self, netns, size):
        super().__init__(daemon=True)
        self.size = size
        self.connected, self.enough = threading.Event(), threading.Event()
        self.digest = hashlib.md5()
        self.listener = netns.call(socket.create_server, (HOST, self.PORT))
        self.listener.settimeout(60)
        self.start()

    def fetched_by(self, n):
        """The command by which a guest's card N fetches it."""
        return "h%d nc %s %d </dev/null | md5sum" % (n, HOST, self.PORT)

    def run(self):
        sent = 0
        with self.listener, self.listener.accept()[0] as s:
            self.connected.set()
            s.settimeout(120)
            while sent < self.size or not self.enough.is_set():
                data = os.urandom(self.STEP)
                self.digest.update(data)
                s.sendall(data)
                sent += len(data)

    def finish(self):
        """Returns the digest of all that was sent."""
        self.enough.set()
        self.join(120)
        return self.digest.hexdigest()
