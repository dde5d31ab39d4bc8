# SPDX-License-Identifier: Apache-2.0
#
# How does testpmd play the guests?
#
# One process holds both guests, a virtio-user port each, and runs on the
# first core: two polling processes on one core would starve each other.  In
# the closed loop the two ports are paired in io mode: what comes in at one
# guest goes out at the other.  A fixed number of packets is put into flight
# and circulates, so that none can be lost unnoticed:
#
#   guest 0 -> switch -> guest 1 -+        the packets that guest 0 sent
#      ^                          |        first always go this way round,
#      +------- (testpmd) --------+        those of guest 1 the other
#
# Source and destination addresses never change, so a learning switch keeps
# one place for each.  At the end the switch is given time to deliver, and
# the receivers are emptied: sent = received + lost, at the peers themselves.

import collections
import os
import re
import subprocess
import threading

from .command import wait_until

PROMPT = "testpmd> "
BURST = 64

Stats = collections.namedtuple("Stats", "rx tx rx_bytes tx_bytes")
Count = collections.namedtuple("Count", "sent received lost in_flight")


def guest_mac(number):
    return "02:00:00:00:00:%02x" % number


class Peer:
    """testpmd with one virtio-user port for each socket in SOCKETS.

    server: testpmd listens and the switch connects (dpdkvhostuserclient);
    otherwise testpmd connects (dpdkvhostuser)."""

    def __init__(self, space, sockets, server=True, hugepages=True,
                 first=0, devargs="mrg_rxbuf=0,in_order=0",
                 options="", mtu=None, name="peer"):
        self.space, self.sockets = space, list(sockets)
        self.server = server
        self.output = ""
        self._arrived = threading.Condition()
        self.child = None
        memory = (["--in-memory", "--single-file-segments", "-m", "128"]
                  if hugepages else ["--no-huge", "-m", "128"])
        argv = ["stdbuf", "-o0", "dpdk-testpmd", "--lcores", "0@0,1@0",
                "--no-pci", "--no-telemetry",
                "--file-prefix=%s-%s" % (space.id, name)] + memory
        for n, socket in enumerate(self.sockets):
            argv.append("--vdev=net_virtio_user%d,path=%s,queue_size=256,"
                        "mac=%s%s%s" % (n, socket, guest_mac(first + n),
                                        ",server=1" if server else "",
                                        "," + devargs if devargs else ""))
        argv += ["--", "-i", "--burst=%d" % BURST, "--no-flush-rx",
                 "--total-num-mbufs=4096"]
        for n in range(len(self.sockets)):
            argv.append("--eth-peer=%d,%s" % (n, guest_mac(first + (n ^ 1))))
        if mtu is not None:
            argv += ["--max-pkt-len=%d" % (mtu + 18), "--mbuf-size=%d"
                     % (mtu + 18 + 128 + 64)]
        self.argv = argv + options.split()

    def start(self, wait=True):
        if self.server:
            # testpmd leaves its sockets behind and cannot bind over them.
            for socket in self.sockets:
                if os.path.exists(socket):
                    os.unlink(socket)
        env = dict(os.environ, RUNTIME_DIRECTORY=self.space.rundir)
        self.child = subprocess.Popen(
            self.argv, env=env, text=True, errors="backslashreplace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        threading.Thread(target=self._read, args=(self.child.stdout,),
                         daemon=True).start()
        if wait:
            self.wait_prompt(0, 60)

    def _read(self, stream):
        while True:
            text = os.read(stream.fileno(), 65536).decode(
                errors="backslashreplace")
            with self._arrived:
                if not text:
                    self._arrived.notify_all()
                    return
                self.output += text
                self._arrived.notify_all()

    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def wait_prompt(self, mark, timeout=20):
        """Waits for a prompt beyond MARK.  (An event of a port may be
        printed behind it at any moment.)"""
        def there():
            return PROMPT in self.output[mark:] or not self.running()
        with self._arrived:
            there_now = self._arrived.wait_for(there, timeout)
        assert self.running(), "testpmd ended:\n" + self.output[-3000:]
        assert there_now, ("testpmd gave no prompt in %g seconds:\n%s"
                           % (timeout, self.output[-3000:]))

    def command(self, line, timeout=20):
        """Types a command and returns what it printed."""
        mark = len(self.output)
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        # The echo of the line itself follows the last prompt.
        self.wait_prompt(mark + len(line), timeout)
        return self.output[mark:]

    def stats(self):
        """The packets each port has received and sent so far."""
        text = self.command("show port stats all")
        found = re.findall(
            r"statistics for port (\d+).*?RX-packets: (\d+).*?"
            r"RX-bytes:\s+(\d+).*?TX-packets: (\d+).*?TX-bytes:\s+(\d+)",
            text, re.S)
        assert len(found) == len(self.sockets), text
        return [Stats(int(rx), int(tx), int(rxb), int(txb))
                for _, rx, rxb, tx, txb in found]

    def received(self):
        return sum(port.rx for port in self.stats())

    # The closed loop.

    def loop(self, bursts=2, mode="io", size=64):
        """Puts BURSTS bursts of 64 packets into flight at each guest."""
        self.command("set txpkts %d" % size)
        self.command("set fwd " + mode)
        self.command("start tx_first %d" % bursts)

    def halt(self):
        """Stops forwarding, without a look at what is still in flight."""
        return self.command("stop")

    def drain(self):
        """Empties the receivers; returns the packets found in flight."""
        before = self.received()
        self.command("set fwd rxonly")
        self.command("start")
        seen = []

        def quiet():
            seen.append(self.received())
            return len(seen) > 4 and len(set(seen[-4:])) == 1
        wait_until(quiet, "the last packets to arrive")
        self.command("stop")
        return seen[-1] - before

    def account(self):
        """Stops the loop and accounts for every packet since the start:
        a Count for each direction, from guest 0 to 1 and from 1 to 0."""
        self.halt()
        before = self.stats()
        self.drain()
        after = self.stats()
        counts = []
        for a, b in (0, 1), (1, 0):
            sent, received = after[a].tx, after[b].rx
            counts.append(Count(sent, received, sent - received,
                                received - before[b].rx))
        return counts

    # The end.

    def kill(self):
        """As when a guest crashes."""
        self.child.kill()
        self._close()

    def stop(self):
        if self.running():
            try:
                self.child.stdin.write("stop\nquit\n")
                self.child.stdin.close()
                self.child.wait(20)
            except (subprocess.TimeoutExpired, OSError):
                self.child.kill()
        if self.child is not None:
            self._close()
        if self.server:
            for socket in self.sockets:
                if os.path.exists(socket):
                    os.unlink(socket)

    def _close(self):
        self.child.wait(20)
        if not self.child.stdin.closed:
            try:
                self.child.stdin.close()
            except OSError:
                pass
