# SPDX-License-Identifier: Apache-2.0
#
# How is a real guest started, asked, and ended?
#
# A Linux kernel under QEMU, by emulation: KVM is not everywhere, nor complete
# wherever its device is (SLUICE_QEMU_ACCEL=kvm wants it).  Its commands are
# busybox's; see guest_image.py.  It runs beside the peers of a Switch and ends
# with it.

import dataclasses
import os
import re
import shutil
import socket
import subprocess
import time

from . import guest_image
from .peer import guest_mac
from .qmp import Qmp

PROGRAM = os.environ.get("QEMU") or "qemu-system-x86_64"
BOOT = ("console=ttyS0 quiet panic=-1 ipv6.disable=1 random.trust_cpu=on "
        "mitigations=off nokaslr")
ACCEL = os.environ.get("SLUICE_QEMU_ACCEL", "tcg")
STATUS = re.compile(rb"\n#status (\d+)\n")
READY = b"#ready\n"


def why_not():
    """What a real guest lacks here, or None."""
    if not shutil.which(PROGRAM):
        return PROGRAM + ": install the Debian package qemu-system-x86"
    try:
        guest_image.initramfs(guest_image.kernel())
    except guest_image.Missing as missing:
        return str(missing)
    return None


def boot_options(space, name, more=""):
    """QEMU's options for what guest NAME boots; MORE: words for its
    kernel."""
    kernel = guest_image.kernel()
    image = space.path(name + ".initramfs")
    with open(image, "wb") as f:
        f.write(guest_image.initramfs(kernel))
    return ["-kernel", kernel.vmlinuz, "-initrd", image,
            "-append", BOOT + " " + more]


@dataclasses.dataclass
class Card:
    """A virtio card whose other side is at SOCKET, which QEMU serves or
    not."""
    socket: str
    number: int = 0             # of its address: see peer.guest_mac()
    server: bool = True
    queues: int = 1
    options: str = ""           # of the device

    def argv(self, n):
        # QEMU 7.2 without KVM crashes when the driver of a vhost-user card
        # masks an MSI-X vector; without vectors it has an interrupt line.
        vectors = 2 * self.queues + 2 if ACCEL == "kvm" else 0
        many = "" if self.queues == 1 else ",mq=on"
        return [
            "-chardev", "socket,id=card%d,path=%s%s" % (
                n, self.socket, ",server=on,wait=off" if self.server else ""),
            "-netdev", "vhost-user,id=net%d,chardev=card%d,queues=%d" % (
                n, n, self.queues),
            "-device", "virtio-net-pci,netdev=net%d,mac=%s,romfile=,"
            "vectors=%d%s%s" % (
                n, guest_mac(self.number), vectors, many,
                "," + self.options if self.options else "")]


class Qemu:
    """A guest with CARDS, not yet started.  MEMORY in MB; MACHINE, OPTIONS:
    QEMU's; BOOT: more words for the kernel."""

    def __init__(self, space, name, cards, memory=192, cpus=1, machine="q35",
                 options=(), boot=""):
        self.space, self.name, self.cards = space, name, list(cards)
        self.child = self.qmp = self.talk = None
        self.console = space.path(name + ".console")
        self._printed = space.path(name + ".out")
        self._rest = b""
        self.argv = [
            PROGRAM, "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", machine + ",memory-backend=mem",
            "-accel", ACCEL, "-cpu", "max", "-smp", str(cpus),
            "-m", str(memory),
            "-object", "memory-backend-memfd,id=mem,size=%sM,share=on"
            % str(memory).split(",")[0],
            *boot_options(space, name, boot),
            "-serial", "file:" + self.console,
            "-chardev", "socket,id=talk,path=%s,server=on,wait=off"
            % self._path("talk"), "-serial", "chardev:talk",
            "-qmp", "unix:%s,server=on,wait=off" % self._path("qmp"),
            *options]
        for n, card in enumerate(self.cards):
            self.argv += card.argv(n)

    def _path(self, kind):
        return self.space.path("%s-%s.sock" % (self.name, kind))

    def _sockets(self):
        return [self._path("talk"), self._path("qmp")] + [
            card.socket for card in self.cards if card.server]

    # The process.

    def start(self, wait=True):
        """WAIT: until the guest takes commands."""
        for path in self._sockets():
            if os.path.exists(path):
                os.unlink(path)
        with open(self._printed, "ab") as out:
            self.child = subprocess.Popen(self.argv, stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL)
        self.qmp = Qmp(self._path("qmp"), self._assert_runs)
        self.talk = socket.socket(socket.AF_UNIX)
        self.talk.connect(self._path("talk"))
        if wait:
            self.wait_boot()

    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def _assert_runs(self):
        assert self.running(), "QEMU has ended:\n" + self.said()

    def said(self):
        """The ends of what QEMU and the guest's kernel said."""
        text = "" if self.running() else "(QEMU's exit status: %s)\n" % (
            self.child.poll())
        for path in self._printed, self.console:
            if os.path.exists(path):
                with open(path, errors="backslashreplace") as f:
                    text += f.read()[-3000:]
        return text

    # The guest.

    def _until(self, expression, what, timeout):
        """What the guest says up to EXPRESSION, and its match."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(expression, self._rest)
            if found:
                before = self._rest[:found.start()]
                self._rest = self._rest[found.end():]
                return before, found
            self.talk.settimeout(max(0.01, end - time.monotonic()))
            try:
                more = self.talk.recv(65536)
            except socket.timeout:
                more = b""
            assert more, "no end of %s in %g seconds; it said:\n%s\n%s" % (
                what, timeout, self._rest.decode(errors="replace")[-2000:],
                self.said())
            self._rest += more

    def wait_boot(self, timeout=180):
        self._until(READY, "the guest's boot", timeout)

    def ask(self, line):
        """Types a command line, whose answer() is to be fetched."""
        self.talk.sendall(line.encode() + b"\n")
        self._asked = line

    def answer(self, timeout=60):
        """What the command printed, which must have succeeded."""
        out, found = self._until(STATUS, "'%s'" % self._asked, timeout)
        out, code = out.decode(errors="replace"), int(found.group(1))
        assert code == 0, "guest %s: %s\n%s(exit status %d)\n%s" % (
            self.name, self._asked, out, code, self.said())
        return out

    def sh(self, line, timeout=60):
        """A command line that must succeed; returns what it printed."""
        self.ask(line)
        return self.answer(timeout)

    def reset(self):
        """As by the button."""
        self.qmp.command("system_reset")
        self._rest = b""
        self.wait_boot()

    # The end.

    def kill(self):
        """As when QEMU crashes."""
        if self.running():
            self.child.kill()
        self._close()

    def stop(self):
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self._close()

    def _close(self):
        if self.child is not None:
            self.child.wait(20)
        if self.talk is not None:
            self.qmp.close()
            self.talk.close()
        for path in self._sockets():
            if os.path.exists(path):
                os.unlink(path)
