# SPDX-License-Identifier: Apache-2.0
#
# PMD threads: which queues they poll, and what is said about it.

import os
import re

import pytest

from harness.daemon import is_peer, pmd_core

# The ports here have rx queues that never have frames, or a guest's.
SILENT = "net_null%d,no-rx=1"


def threads(sw):
    """{core: (isolated, [(port, queue), ...])} of pmd-rxq-show."""
    found, core = {}, None
    for line in sw.appctl("dpif-netdev/pmd-rxq-show").splitlines():
        heading = re.match(r"pmd thread numa_id \d+ core_id (\d+):$", line)
        if heading:
            core = int(heading.group(1))
        isolated = re.match(r"  isolated : (true|false)$", line)
        if isolated:
            found[core] = isolated.group(1) == "true", []
        queue = re.match(r"  port: (\S+) +queue-id: +(\d+) ", line)
        if queue:
            found[core][1].append((queue.group(1), int(queue.group(2))))
    return found


def core_of(sw, port, queue=0):
    on = [core for core, (_, queues) in threads(sw).items()
          if (port, queue) in queues]
    return on[0] if len(on) == 1 else on


def set_config(sw, **values):
    for key, value in values.items():
        sw.vsctl("set Open_vSwitch . other_config:%s=%s"
                 % (key.replace("_", "-"), value))


@pytest.fixture
def two(new_switch):
    """A switch with a bridge and PMD threads on cores 0 and 1."""
    if os.cpu_count() < 2:
        pytest.skip("needs two cores")
    new_switch.start(pmd_cpu_mask="0x3")
    new_switch.add_bridge("br0")
    return new_switch


def counts(sw):
    return sorted(len(queues) for _, queues in threads(sw).values())


def test_dealt_out(two):
    """Every way deals idle queues out evenly, and says which it is."""
    sw = two
    for n in range(4):
        sw.add_port("n%d" % n, SILENT % n)
    for way in "roundrobin", "group", "cycles":
        set_config(sw, pmd_rxq_assign=way)
        assert counts(sw) == [2, 2]
        sw.wait_log("Rxq to PMD assignment mode changed to: '%s'" % way)
    set_config(sw, pmd_rxq_assign="roundrobin")
    on = [core_of(sw, "n%d" % n) for n in range(4)]
    assert on[0] == on[2] != on[1] == on[3] or is_peer()


@pytest.mark.ours
def test_wrong_way(two):
    sw = two
    sw.expect_log(r"\|WARN\|Open_vSwitch: pmd-rxq-assign \"best\" is none of "
                  r"cycles, roundrobin, group: using cycles")
    sw.expect_log(r"\|WARN\|Open_vSwitch: pmd-rxq-isolate \"false\" needs "
                  r"pmd-rxq-assign=group: using true")
    set_config(sw, pmd_rxq_assign="best")
    set_config(sw, pmd_rxq_isolate="false")
    sw.vsctl("remove Open_vSwitch . other_config pmd-rxq-assign")


@pytest.mark.ours
def test_few_move(two):
    """A port that comes or goes moves no more queues than it must."""
    sw = two
    for n in range(4):
        sw.add_port("n%d" % n, SILENT % n)
    before = {"n%d" % n: core_of(sw, "n%d" % n) for n in range(4)}
    sw.add_port("n4", SILENT % 4)
    assert {n: core_of(sw, n) for n in before} == before
    sw.vsctl("del-port n4")
    assert {n: core_of(sw, n) for n in before} == before
    gone = [n for n in before if before[n] == before["n0"]]
    for name in gone:
        sw.vsctl("del-port " + name)
    assert counts(sw) == [1, 1]


def test_pinned(two):
    """A thread with a pinned queue has no others, unless told so."""
    sw = two
    sw.add_port("n0", SILENT % 0, options="options:n_rxq=2")
    sw.add_port("n1", SILENT % 1)
    sw.vsctl("set Interface n0 other_config:pmd-rxq-affinity=1:0")
    assert threads(sw) == {0: (True, [("n0", 1)]),
                           1: (False, [("n0", 0), ("n1", 0)])}
    assert sw.has_logged(r"Core  0 on numa node 0 is pinned with port 'n0' "
                         r"rx queue 1")
    sw.vsctl("set Open_vSwitch . other_config:pmd-rxq-assign=group "
             "other_config:pmd-rxq-isolate=false")
    assert threads(sw)[0][0] is False
    assert core_of(sw, "n0", 1) == 0
    assert sum(counts(sw)) == 3 and min(counts(sw)) == 1
    sw.vsctl("remove Interface n0 other_config pmd-rxq-affinity")
    set_config(sw, pmd_rxq_isolate="true")
    assert [isolated for isolated, _ in threads(sw).values()] == [False] * 2


@pytest.mark.ours
def test_pinned_to_nowhere(two):
    """A core without thread, and no thread left for the others."""
    sw = two
    sw.expect_log(r"\|WARN\|port 'n0' rx queue 0: pmd-rxq-affinity names "
                  r"core 9, which has no PMD thread: another polls it",
                  r"\|WARN\|port 'n1' rx queue 0: no thread polls it: all "
                  r"are isolated by pmd-rxq-affinity",
                  r"\|WARN\|n0: pmd-rxq-affinity \"0-1\" is no list "
                  r"QUEUE:CORE,\.\.\. of queues")
    sw.add_port("n0", SILENT % 0)
    sw.add_port("n1", SILENT % 1)
    sw.vsctl("set Interface n0 other_config:pmd-rxq-affinity=0:9")
    assert counts(sw) == [1, 1]
    set_config(sw, pmd_cpu_mask="0x%x" % (1 << pmd_core()))
    sw.vsctl("set Interface n0 other_config:pmd-rxq-affinity=0:%d"
             % pmd_core())
    assert threads(sw) == {pmd_core(): (True, [("n0", 0)])}
    # The queue is polled again as soon as there is a thread for it.
    sw.vsctl("del-port n0")
    assert threads(sw) == {pmd_core(): (False, [("n1", 0)])}
    sw.add_port("n0", SILENT % 0,
                options="other_config:pmd-rxq-affinity=0-1")
    assert sw.iface("n0", "error").startswith("n0: pmd-rxq-affinity")
    assert len(threads(sw)[pmd_core()][1]) == 2
    sw.vsctl("remove Interface n0 other_config pmd-rxq-affinity")
    assert sw.iface("n0", "error") == "[]"


def test_rebalance(two):
    sw = two
    sw.add_port("n0", SILENT % 0)
    sw.add_port("n1", SILENT % 1)
    assert sw.appctl("dpif-netdev/pmd-rxq-rebalance") == (
        "pmd rxq rebalance requested.\n")
    assert sw.appctl("dpif-netdev/pmd-rxq-rebalance ovs-netdev") == (
        "pmd rxq rebalance requested.\n")
    assert counts(sw) == [1, 1]
    assert "please specify an existing datapath" in sw.appctl_refused(
        "dpif-netdev/pmd-rxq-rebalance nosuch")
