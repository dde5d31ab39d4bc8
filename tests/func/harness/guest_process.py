# SPDX-License-Identifier: Apache-2.0
#
# How is a guest killed?
#
# A GuestProcess is a guest (guest.py) in a process of its own, which a test
# can stop and kill.  Through each of its queues it sends bursts to PEER all
# the time, and to whoever asks ("probe" in a frame, see probe()) it sends the
# frame back.  Where it serves its socket and the switch hangs up, it waits
# for the switch to come again, as a machine monitor does.

import json
import os
import select
import signal
import subprocess
import sys
import time

from .frames import BROADCAST, frame, mac_bytes
from .guest import GET_QUEUE_NUM, Guest, accept, connect, listen

BURST = 16
PAUSE = 0.002           # between bursts: the first core is everybody's
ASKS = b"probe"


def probe(number, mac="02:aa:00:00:00:01"):
    """A frame that each guest whom it reaches sends back."""
    return frame(BROADCAST, mac, ASKS + b" %d" % number)


class GuestProcess:
    """A guest of the address MAC on the socket PATH.  serve: it has the
    socket and the switch connects.  It has as many queue pairs as it may,
    PAIRS at most."""

    def __init__(self, sw, path, mac, peer=None, serve=True, pairs=1):
        self.mac = mac
        self.path, self.serve = path, serve
        self._unlink()
        told, told_here = os.pipe()
        self._told = open(told)
        self.child = subprocess.Popen(
            [sys.executable, "-S", "-m", "harness.guest_process", path, mac,
             peer or mac, str(int(serve)), str(pairs), str(told_here)],
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
            env=sw.daemon.env, stdin=subprocess.DEVNULL,
            pass_fds=[told_here])
        os.close(told_here)

    def wait_up(self):
        """When, by time.monotonic(), the guest had its socket, or was about
        to connect."""
        line = self._told.readline()
        assert line, "the guest has ended"
        return json.loads(line)

    @property
    def pid(self):
        return self.child.pid

    def pause(self):
        self.child.send_signal(signal.SIGSTOP)

    def resume(self):
        self.child.send_signal(signal.SIGCONT)

    def kill(self):
        """As when a guest crashes."""
        self.child.kill()
        self.child.wait(20)
        self._told.close()

    def running(self):
        return self.child.poll() is None

    def stop(self):
        if self.running():
            self.kill()
        self._unlink()

    def _unlink(self):
        if self.serve and os.path.exists(self.path):
            os.unlink(self.path)


# In the process.

def _play(g, mac, peer):
    """Returns when the switch has hung up."""
    mine = frame(peer, mac, "burst")
    source = mac_bytes(mac)
    while True:
        for q in range(g.pairs):
            for _ in range(min(BURST, g.room(q) // 2)):
                g.put(mine, q)
            while True:
                heard = g.get(q)
                if heard is None:
                    break
                if heard[14:].startswith(ASKS) and g.room(q):
                    g.put(heard[6:12] + source + heard[12:], q)
        if select.select([g.connection.sock], [], [], PAUSE)[0]:
            return


def _main(path, mac, peer, serve, pairs, told):
    os.sched_setaffinity(0, {0})
    listener = listen(path) if serve else None
    with open(told, "w") as out:
        print(time.monotonic(), file=out)
    while True:
        c = accept(listener, None) if serve else connect(path)
        g = None
        try:
            g = Guest(c, pairs=min(pairs, c.ask_u64(GET_QUEUE_NUM)))
            g.greet()
            g.start()
            _play(g, mac, peer)
        except ConnectionError:
            pass
        (g or c).close()
        if not serve:
            return


if __name__ == "__main__":
    _main(*sys.argv[1:4], *map(int, sys.argv[4:]))
