# SPDX-License-Identifier: Apache-2.0
#
# On what machine, and who else uses it?
#
# Packets have the last core.  Everything else, this program too while it
# measures, is on the first.

import contextlib
import glob
import os
import re
import time

from harness.daemon import pmd_core
from harness.flow_peer import FlowPeer

PACKET_THREADS = re.compile(r"pmd-c|lcore-worker|rte-worker|rte_worker|"
                            r"null-switch")


def describe(space):
    """What the figures depend on, and the frequency of the TSC."""
    with open("/proc/cpuinfo") as f:
        model = re.search(r"^model name\s*:\s*(.*)$", f.read(), re.M)
    probe = FlowPeer(space, [space.path("probe.sock")], name="probe")
    probe.start()
    tsc_hz = probe.report()["tsc_hz"]
    probe.stop()
    return {"processor": model.group(1) if model else "unknown",
            "cores": os.cpu_count(), "tsc_hz": tsc_hz,
            "kernel": os.uname().release,
            "date": time.strftime("%Y-%m-%d %H:%M:%S%z")}


@contextlib.contextmanager
def out_of_the_way():
    """Keeps this program, and what it starts meanwhile, off the core of the
    packets."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)


def _threads(pid):
    """(name, scheduler's file) of a process's packet threads."""
    found = []
    for task in sorted(glob.glob("/proc/%d/task/*" % pid)):
        try:
            with open(task + "/comm") as f:
                name = f.read()
        except FileNotFoundError:
            continue            # ended meanwhile
        if PACKET_THREADS.match(name):
            found.append((name, task + "/schedstat"))
    return found


def packet_threads(pid):
    """The scheduler's files of a process's packet threads."""
    return [file for _, file in _threads(pid)]


def thread_files(pid, keys):
    """The same by key: the core of a PMD thread, or None for all of them."""
    if None in keys:
        return {None: packet_threads(pid)}
    cores = {int(re.search(r"\d+", name).group()): file
             for name, file in _threads(pid)}
    return {key: [cores[key]] for key in keys}


def schedstat(files):
    """(seconds that it ran, that it waited for a core though ready) of each
    thread."""
    found = []
    for file in files:
        with open(file) as f:
            ran, waited = f.read().split()[:2]
        found.append((int(ran) / 1e9, int(waited) / 1e9))
    return found


def main_thread(pid):
    return "/proc/%d/task/%d/schedstat" % (pid, pid)


class Watch:
    """For how long threads waited for a core though ready."""

    def __init__(self, files):
        self.files = files
        self.gone = False       # a thread that ended meanwhile
        self.start = time.monotonic()
        self.before = [self._read(f) for f in files]

    def _read(self, file):
        try:
            return schedstat([file])[0][1]
        except FileNotFoundError:
            self.gone = True
            return 0

    def waited(self):
        """The largest part of the time that one of them waited; all of it
        for one that ended."""
        elapsed = time.monotonic() - self.start
        now = [self._read(f) for f in self.files]
        longest = max((b - a for a, b in zip(self.before, now)), default=0)
        return 1.0 if self.gone else longest / elapsed


__all__ = ["Watch", "describe", "main_thread", "out_of_the_way",
           "packet_threads", "pmd_core", "schedstat", "thread_files"]
