# SPDX-License-Identifier: Apache-2.0
#
# Which names and folders are this test's own?
#
# Every test has a run folder, a hugetlb file prefix and a network namespace
# that no other process uses.  A bridge has a kernel device of its own name:
# inside the namespace that name can be plain (br0), and nothing is left when
# the namespace goes.

import ctypes
import itertools
import os
import shutil
import tempfile
import threading

from .command import check, run

CLONE_NEWNET = 0x40000000

_serial = itertools.count()


class Netns:
    """A network namespace without IPv6, so that no frame of the kernel's
    own appears on its devices."""

    def __init__(self, name):
        self.name = name
        self.path = "/run/netns/" + name
        check(["ip", "netns", "add", name])
        self.check("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 "
                   "net.ipv6.conf.default.disable_ipv6=1")
        self.ip("link set lo up")

    def prefix(self):
        """The words that run a command inside, without a process more."""
        return ["nsenter", "--net=" + self.path]

    def check(self, command, **kwargs):
        return check(self.prefix() + command.split(), **kwargs)

    def run(self, command, **kwargs):
        return run(self.prefix() + command.split(), **kwargs)

    def ip(self, command):
        return check(["ip", "-n", self.name] + command.split())

    def call(self, function, *args):
        """Calls FUNCTION inside the namespace: a socket that it opens
        stays there.  A thread of its own goes in, so ours need not
        come back."""
        answer = {}

        def inside():
            try:
                with open(self.path) as ns:
                    libc = ctypes.CDLL(None, use_errno=True)
                    if libc.setns(ns.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns", self.path)
                answer["value"] = function(*args)
            except BaseException as error:
                answer["error"] = error

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if "error" in answer:
            raise answer["error"]
        return answer["value"]

    def remove(self):
        run(["ip", "netns", "del", self.name])


class Space:
    """A run folder, a file prefix and namespaces, removed at the end."""

    def __init__(self):
        self.id = "slt%d-%d" % (os.getpid(), next(_serial))
        # Short, since a socket's path has at most 107 characters.
        self.rundir = tempfile.mkdtemp(prefix="slt.")
        self._namespaces = []
        self.netns = self.namespace()

    def namespace(self):
        ns = Netns("%s-%d" % (self.id, len(self._namespaces)))
        self._namespaces.append(ns)
        return ns

    def path(self, name):
        return os.path.join(self.rundir, name)

    def remove(self):
        for ns in self._namespaces:
            ns.remove()
        shutil.rmtree(self.rundir, ignore_errors=True)
