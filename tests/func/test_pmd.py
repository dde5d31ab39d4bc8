# SPDX-License-Identifier: Apache-2.0
#
# PMD threads: which queues they poll, and what is said about it.

import os
import re
import time

import pytest

from harness.command import wait_until
from harness.daemon import is_peer, long_form, pmd_core
from test_guests import run_for

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


def cpu_ticks(sw):
    """Of the PMD thread: how long it ran."""
    for task in os.listdir("/proc/%d/task" % sw.daemon.pid):
        with open("/proc/%d/task/%s/stat" % (sw.daemon.pid, task)) as f:
            name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
        if name.startswith("pmd-c"):
            return sum(map(int, rest.split()[11:13]))
    return None


def load(sw, seconds=1):
    """Percent of its core that the PMD thread uses."""
    before = cpu_ticks(sw)
    time.sleep(seconds)
    return (cpu_ticks(sw) - before) / seconds / os.sysconf("SC_CLK_TCK") * 100


def rounds_and_naps(sw):
    """Of the PMD thread so far."""
    text = sw.appctl("dpif-netdev/pmd-perf-show -nh")
    return [int(re.search(name + r": +(\d+) ", text).group(1))
            for name in ("Iterations", "sleep iterations")]


def never_sleeps(sw):
    """Does the PMD thread poll for 1,000 rounds without a nap?"""
    for _ in range(2):          # it may be in the last nap at first
        start, naps_before = rounds_and_naps(sw)
        wait_until(lambda: rounds_and_naps(sw)[0] > start + 1000,
                   "1,000 rounds of polling")
    return rounds_and_naps(sw)[1] == naps_before


@pytest.mark.ours
def test_sleep(br0):
    """An idle thread that may sleep leaves its core to others."""
    sw = br0
    core = pmd_core()
    sw.add_port("n0", SILENT % 0)
    assert sw.appctl("dpif-netdev/pmd-sleep-show") == (
        "Default max sleep:    0 us\n"
        "pmd thread numa_id 0 core_id %d:\n"
        "  max sleep:    0 us\n" % core)
    assert never_sleeps(sw)
    set_config(sw, pmd_sleep_max="50,%d:2000" % core)
    assert sw.appctl("dpif-netdev/pmd-sleep-show") == (
        "Default max sleep:   50 us\n"
        "pmd thread numa_id 0 core_id %d:\n"
        "  max sleep: 2000 us\n" % core)
    # Naps grow by a microsecond each.
    wait_until(lambda: load(sw) < 20, "the thread to sleep most of the time")
    assert not never_sleeps(sw)
    sw.vsctl("remove Open_vSwitch . other_config pmd-sleep-max")
    set_config(sw, pmd_maxsleep=60)
    assert "  max sleep:   60 us\n" in sw.appctl(
        "dpif-netdev/pmd-sleep-show ovs-netdev")
    sw.vsctl("remove Open_vSwitch . other_config pmd-maxsleep")
    assert never_sleeps(sw)
    sw.expect_log(r"\|WARN\|Open_vSwitch: pmd-sleep-max \"20000\" is neither "
                  r"a number from 0 to 10000 nor a list")
    set_config(sw, pmd_sleep_max=20000)


@pytest.mark.ours
def test_guests_of_a_sleeper(br0):
    """Frames wait for a thread that sleeps; none is lost."""
    sw = br0
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    set_config(sw, pmd_sleep_max=100)
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 2)
    for way in peer.account():
        assert way.received > 1000 and way.lost == 0, way


@pytest.mark.ours
def test_auto_lb_settings(br0):
    sw = br0
    set_config(sw, pmd_auto_lb="true")
    sw.wait_log(r"PMD auto load balance is enabled: interval 1 min, load "
                r"threshold 95%, improvement threshold 25%\.")
    set_config(sw, pmd_auto_lb_load_threshold=70)
    sw.wait_log(r"load threshold 70%")
    set_config(sw, pmd_auto_lb="false")
    sw.wait_log(r"PMD auto load balance is disabled")


@pytest.mark.ours
@pytest.mark.skipif(not long_form(), reason="takes a minute: SLUICE_LONG=1")
def test_auto_lb(two):
    """Two busy queues of one thread are parted; then nothing moves."""
    sw = two
    for n in range(4):
        sw.add_port("n%d" % n, "net_null%d" % n if n in (0, 3) else SILENT % n)
    assert core_of(sw, "n0") == core_of(sw, "n3")
    set_config(sw, pmd_auto_lb="true")
    sw.wait_log(r"dry run: the variance of the threads' load would improve by "
                r"\d+%, threshold 25%: rebalancing", 150)
    wait_until(lambda: core_of(sw, "n0") != core_of(sw, "n3"),
               "the busy queues to be parted")
    set_config(sw, pmd_auto_lb_load_threshold=50)
    sw.wait_log(r"dry run: .* 25%: leaving queues where they are"
                r"|there is nothing to be gained", 200)
    assert core_of(sw, "n0") != core_of(sw, "n3")


@pytest.mark.ours
def test_tx_queues(br0):
    """What the database says of tx queues; fewer than threads are shared."""
    sw = br0
    sw.add_port("n0", SILENT % 0)
    status = sw.map_of("Interface", "n0", "status")
    assert status["tx_steering"] == "thread" and status["n_txq"] == "2"
    assert "txq_shared" not in status
    sw.vsctl("set Interface n0 other_config:tx-steering=hash")
    status = sw.map_of("Interface", "n0", "status")
    assert status["tx_steering"] == "hash"
    assert status["txq_shared"] == "true"
    sw.expect_log(r"\|WARN\|n0: tx-steering \"best\" is none of thread, hash: "
                  r"using thread")
    sw.vsctl("set Interface n0 other_config:tx-steering=best")
    assert sw.iface("n0", "error").startswith("n0: tx-steering")
    assert sw.map_of("Interface", "n0", "status")["tx_steering"] == "thread"
    sw.vsctl("remove Interface n0 other_config tx-steering")
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1",
                      options="other_config:tx-steering=hash")
    assert "tx_steering" not in sw.map_of("Interface", "vh0", "status")
    peer = sw.peer("vh0", "vh1")
    for port, steering in ("vh0", "thread"), ("vh1", "hash"):
        status = sw.map_of("Interface", port, "status")
        assert status["tx_steering"] == steering
        assert status["n_txq"] == "1" and status["txq_shared"] == "true"
    peer.loop()
    run_for(peer, 1)
    for way in peer.account():
        assert way.received > 1000 and way.lost == 0, way


@pytest.mark.ours
def test_flows_over_tx_queues(br0):
    """Of one thread's frames by hash, flow by flow, over both queues of a
    guest."""
    sw = br0
    for port in "vh0", "vh1":
        sw.add_guest_port(port, options="options:vhost-max-queue-pairs=2")
    peer = sw.peer("vh0", "vh1", devargs="mrg_rxbuf=0,in_order=0,queues=2",
                   options="--rxq=2 --txq=2 --txonly-multi-flow")

    def send_flows():
        peer.command("set fwd txonly")
        peer.command("start")
        time.sleep(0.5)
        peer.halt()
        peer.drain()

    def queues_used(counts):
        return [q for q in (0, 1) if counts["tx_q%d_good_packets" % q]]

    send_flows()
    counts = sw.wait_statistics("vh1", lambda c: c["tx_packets"] > 100)
    assert len(queues_used(counts)) == 1
    sw.vsctl("set Interface vh1 other_config:tx-steering=hash")
    send_flows()
    sw.wait_statistics("vh1", lambda c: len(queues_used(c)) == 2)


PERF = r"""
Time: \d\d:\d\d:\d\d\.\d{3}
Measurement duration: \d+\.\d{3} s

pmd thread numa_id 0 core_id \d+:

  Iterations:         [ \d]{12}  \(\d+\.\d\d us/it\)
  - Used TSC cycles:  [ \d]{12}  \([ \d]{3}\.\d % of total cycles\)
  - idle iterations:  [ \d]{12}  \([ \d]{3}\.\d % of used cycles\)
  - busy iterations:  [ \d]{12}  \([ \d]{3}\.\d % of used cycles\)
  - sleep iterations: [ \d]{12}  \([ \d]{3}\.\d % of iterations\)
  Sleep time \(us\):    [ \d]{12}  \([ \d]+ us/iteration avg\.\)
  Rx packets:         [ \d]{12}  \(\d+ Kpps, \d+ cycles/pkt\)
  Datapath passes:    [ \d]{12}  \(1\.00 passes/pkt\)
  - PHWOL hits:       [ \d]{12}  \(  0\.0 %\)
  - MFEX Opt hits:    [ \d]{12}  \(  0\.0 %\)
  - Simple Match hits:[ \d]{12}  \(  0\.0 %\)
  - EMC hits:         [ \d]{12}  \([ \d]{3}\.\d %\)
  - SMC hits:         [ \d]{12}  \(  0\.0 %\)
  - Megaflow hits:    [ \d]{12}  \([ \d]{3}\.\d %, 1\.00 subtbl lookups/hit\)
  - Upcalls:          [ \d]{12}  \([ \d]{3}\.\d %, \d+\.\d us/upcall\)
  - Lost upcalls:     [ \d]{12}  \([ \d]{3}\.\d %\)
  Tx packets:         [ \d]{12}  \(\d+ Kpps\)
  Tx batches:         [ \d]{12}  \(\d+\.\d\d pkts/batch\)
"""

HISTOGRAMS = r"""
Histograms
   cycles/it              packets/it .* cycles/upcall        
(   \d+ +\d+ +\d+ +\d+ .*
){31}   > .*
-{154}
   cycles/it              packets/it .* cycles/upcall        
   \d+ +\d+\.\d{5} +\d+ +\d+\.\d{5} .*
"""

ITERATIONS = r"""
   iter                cycles       packets      cycles/pkt   .*
(   \d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ *
){5}"""

MILLISECONDS = r"""
   ms             iterations   cycles/it    Kpps         cycles/pkt   .*
(   \d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ +\d+ *
){5}"""


def perf(sw, options=""):
    return sw.appctl("dpif-netdev/pmd-perf-show " + options)


def fits(text, *forms):
    form = "".join(forms)
    assert re.fullmatch(form, text), "%s\ndoes not fit\n%s" % (text, form)


def test_perf_show(br0):
    sw = br0
    core = pmd_core()
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1")
    peer = sw.peer("vh0", "vh1")
    peer.loop()
    run_for(peer, 1)
    fits(perf(sw), PERF)
    fits(perf(sw, "-nh -it 5 -pmd %d" % core), PERF)
    set_config(sw, pmd_perf_metrics="true")
    run_for(peer, 1)
    fits(perf(sw), PERF, HISTOGRAMS)
    fits(perf(sw, "-nh ovs-netdev"), PERF)
    fits(perf(sw, "-it 5 -ms 5"), PERF, HISTOGRAMS, ITERATIONS,
         MILLISECONDS)
    fits(perf(sw, "-nh -ms 5"), PERF, MILLISECONDS)
    peer.halt()

    def cleared():              # with the last packets behind it
        sw.appctl("dpif-netdev/pmd-stats-clear")
        return re.search(r"  Rx packets:                    0\n", perf(sw))
    wait_until(cleared, "pmd-perf-show to begin with 0 after pmd-stats-clear")
    set_config(sw, pmd_perf_metrics="false")
    assert "Histograms" not in perf(sw)


@pytest.mark.ours
def test_perf_show_refuses(br0):
    sw = br0
    for words, said in (("-it x", '-it "x": not a number from 0 to 1000'),
                        ("-ms", "-ms: unknown option or no value after it"),
                        ("-x", "-x: unknown option"),
                        ("-secs 5", "-secs: unknown option"),
                        ("-pmd 99", '-pmd "99": no PMD thread on this core')):
        assert sw.appctl_refused("dpif-netdev/pmd-perf-show "
                                 + words).startswith(said)


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
