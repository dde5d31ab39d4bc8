# SPDX-License-Identifier: Apache-2.0
#
# How much memory, how long does a change take?
#
# For a switch, setups of kind
#
#   memory     hugepages once all guests are connected that can be
#   control    ovs-vsctl, from its start to its end, beside a port that has a
#              pool already, and as many vhost ports as the setup has
#   start      the daemon, from its exec to the first packet that a guest gets

import re
import time

from harness import hugepages
from harness.command import wait_until

from .figures import Figure

TIMES = 5               # that an operation is done, alternating with its undo
QUIET_S = 1.0           # nothing has changed for so long, all links being up
GIVE_UP_S = 8.0         # or for so long, where some are not
PATIENCE_S = 60


def _pages_of_guests(pid):
    """The 2 MB pages of guests' memory that a process has touched."""
    kilobytes, ours = 0, False
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            if re.match(r"[0-9a-f]+-", line):
                ours = "/memfd:guests" in line
            elif ours and "_Hugetlb:" in line:
                kilobytes += int(line.split()[1])
    return kilobytes // hugepages.PAGE_KB


def _links_up(sw):
    return sw.vsctl("--columns=link_state --bare --no-headings find "
                    "Interface type=dpdkvhostuserclient").split().count("up")


def _memory(subject, case):
    """Once all links are up, or nothing happens any more."""
    end = time.monotonic() + PATIENCE_S
    seen, since = None, time.monotonic()
    while time.monotonic() < end:
        now = _links_up(subject.sw), subject.sw.pages()
        if now != seen:
            seen, since = now, time.monotonic()
        quiet = time.monotonic() - since
        if quiet > (QUIET_S if now[0] == case.setup.ports else GIVE_UP_S):
            break
        time.sleep(0.1)
    up, pages = seen
    mib = (pages - _pages_of_guests(subject.pid)) * hugepages.PAGE_KB / 1024
    return Figure({"mib": mib, "up": up}, set(), False)


# Operations: what is timed, and what undoes it.

_VHOST_ADD = ("add-port br0 p0 -- set Interface p0 type=dpdkvhostuserclient "
              "options:vhost-server-path=%(path)s")
_NULL_ADD = ("add-port br0 p0 -- set Interface p0 type=dpdk "
             "options:dpdk-devargs=net_null9,no-rx=1")
_DEL = "del-port p0"
_BASE_ADD = ("add-port br0 base -- set Interface base type=dpdk "
             "options:dpdk-devargs=net_null8,no-rx=1")
_BASE_DEL = "del-port base"
_MASK = "set Open_vSwitch . other_config:pmd-cpu-mask=%s"

_OPERATIONS = {
    "vhost_add": ("", _VHOST_ADD, _DEL),
    "vhost_del": (_VHOST_ADD, _DEL, ""),
    "vhost_change": (_VHOST_ADD,
                     "set Interface p0 options:tx-retries-max=9", _DEL),
    "vhost_mtu": (_VHOST_ADD, "set Interface p0 mtu_request=1400", _DEL),
    "vhost_note": (_VHOST_ADD, "set Interface p0 external_ids:n=1", _DEL),
    "null_add": ("", _NULL_ADD, _DEL),
    "null_del": (_NULL_ADD, _DEL, ""),
    "pmd_mask": ("", _MASK % "0x3", _MASK % "0x2"),
    "first": (_BASE_DEL, _BASE_ADD, ""),
}


def make_base(sw, n_beside):
    """The ports that are there all the time; N_BESIDE of vhost."""
    sw.vsctl(_BASE_ADD)
    if n_beside:
        sw.vsctl(" -- ".join(
            "add-port br0 v%d -- set Interface v%d type=dpdkvhostuserclient "
            "options:vhost-server-path=%s"
            % (n, n, sw.vhost_path("v%d" % n)) for n in range(n_beside)),
            timeout=120)


def _control(subject, case):
    times = []
    path = subject.sw.vhost_path("p0")
    commands = [c % {"path": path} for c in
                _OPERATIONS[case.traffic["operation"]]]
    for _ in range(TIMES):
        for which, command in enumerate(commands):
            start = time.monotonic()
            if command:
                subject.sw.vsctl(command)
            if which == 1:
                times.append(time.monotonic() - start)
    return Figure({"ms": 1000 * sorted(times)[TIMES // 2]}, set(), False)


def _start(subject, case):
    daemon, peer = subject.sw.daemon, subject.peer
    assert daemon.exit() == 0
    peer.traffic(pace=1000)

    def received():
        return sum(g["received"] for g in peer.report()["guests"])
    before = received()
    try:
        start = time.monotonic()
        daemon.start(wait=False)
        wait_until(lambda: received() > before, "the first packet", 60,
                   0.005)
        taken = time.monotonic() - start
    finally:
        peer.halt()
    subject.sw.settle()
    return Figure({"ms": 1000 * taken}, set(), False)


TAKE = {"memory": _memory, "control": _control, "start": _start}
