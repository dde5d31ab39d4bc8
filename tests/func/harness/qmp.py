# SPDX-License-Identifier: Apache-2.0
#
# How is QEMU told what to do?
#
# By lines of JSON on a socket: a command gets an answer, and events come
# between.

import json
import socket
import time

from .command import wait_until


class Qmp:
    """The monitor on the socket PATH; ALIVE says, or asserts, that there is
    still somebody to wait for."""

    def __init__(self, path, alive):
        self.socket = socket.socket(socket.AF_UNIX)
        self._rest = b""

        def connected():
            alive()
            try:
                self.socket.connect(path)
                return True
            except OSError:
                return False
        wait_until(connected, "QEMU's monitor")
        # It answers when the guest's cards are connected.
        self._read(time.monotonic() + 60)
        self.command("qmp_capabilities")

    def _read(self, end):
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if newline:
                self._rest = rest
                return json.loads(line)
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            more = self.socket.recv(65536)
            assert more, "QEMU's monitor has hung up"
            self._rest += more

    def command(self, name, timeout=60, **arguments):
        """Returns what QEMU returns."""
        said = {"execute": name}
        if arguments:
            said["arguments"] = {
                key.replace("_", "-"): value
                for key, value in arguments.items()}
        self.socket.sendall(json.dumps(said).encode() + b"\n")
        end = time.monotonic() + timeout
        while True:
            answer = self._read(end)
            if "event" in answer:
                continue
            assert "return" in answer, "%s: %s" % (said, answer)
            return answer["return"]

    def close(self):
        self.socket.close()
