# SPDX-License-Identifier: Apache-2.0
#
# How is one figure taken, and when does it count?
#
# Subjects take turns, A B A B, and so do the cases of a setup: one turn of
# each in a round.  A turn:
#
#   wake the subject, fit it to the case, start the traffic, wait until all
#   addresses are known
#   read the counters                                       } at both ends
#   read the peer's and the kernel's                        } of `seconds`
#   stop the traffic, put the subject to sleep
#
# It is disturbed where a packet thread or the peer, ready to run, waited for
# a core for over 2 % of the time, since another process had it.  A disturbed
# turn is repeated, and where that does not help the least disturbed one stands
# with a remark.  A switch alone, whose second packet thread may share its core
# with all else, is measured in slices: of each thread those in which it waited
# are left out.

import time

from . import footprint, machine
from .figures import Figure
from .machine import Watch, out_of_the_way
from .subjects import Missing

DISTURBED = 0.02        # of the time
PEER_BUSY = 0.95        # of its time: then it may be what bounds the rate
LOST = 0.001            # of the packets: more deserves a remark
SLICE_S = 0.1


class Plan:
    """How long and how often."""

    def __init__(self, rounds, seconds, tsc_hz, repeats=3):
        self.rounds, self.seconds, self.tsc_hz = rounds, seconds, tsc_hz
        self.repeats = repeats      # of a turn that was disturbed
        self.warm = min(0.5, seconds)


def _sum(report, key):
    return sum(g[key] for g in report["guests"])


def _peer_time(a, b, tsc_hz):
    """Seconds between two reports of a peer's, and the part of its time in
    which it had something to do."""
    busy = b["busy"] - a["busy"]
    if "seconds" in a:
        seconds = b["seconds"] - a["seconds"]
        return seconds, busy / (seconds * tsc_hz)
    return (b["tsc"] - a["tsc"]) / tsc_hz, busy / (b["total"] - a["total"])


def _vhost(subject, plan, remarks):
    before = subject.counters()
    a, watch = subject.peer.report(), Watch(subject.threads())
    time.sleep(plan.seconds)
    b, waited = subject.peer.report(), watch.waited()
    counted = subject.counters().since(before)

    seconds, busy = _peer_time(a, b, plan.tsc_hz)
    received = _sum(b, "received") - _sum(a, "received")
    sent = _sum(b, "sent") - _sum(a, "sent")
    others = _sum(b, "others") - _sum(a, "others")
    if others > received:
        complaint = subject.complaint()
        raise Missing("not supported: frames do not arrive in the form they "
                      "should%s" % (" (%s)" % complaint if complaint else ""))
    if not received or not sent:
        raise Missing("nothing arrives")
    # Where a frame goes to many, the frame counts, not what comes of it.
    frames = min(received, sent)
    values = {"mpps": received / seconds / 1e6,
              "tsc": seconds * plan.tsc_hz / frames, "peer": 100 * busy}
    if received <= sent:
        values["lost"] = 100 * (1 - received / sent)
    if counted.busy is not None and counted.packets:
        values["busy"] = counted.busy / counted.packets
    return Figure(values, remarks, busy > PEER_BUSY), waited


class _Moment:
    """What the packet threads have done by now.  Asking takes a while: the
    middle of it counts."""

    def __init__(self, subject, files):
        self.start = time.monotonic()
        before = {key: machine.schedstat(some) for key, some in files.items()}
        self.counters = subject.each()
        self.after = {key: machine.schedstat(some)
                      for key, some in files.items()}
        self.end = time.monotonic()
        self.before = before

    def ran(self, key):
        return sum(r for stats in (self.before[key], self.after[key])
                   for r, _ in stats) / 2


class Slice:
    """What a thread, or threads that are counted together, did between two
    moments.  cycles: of polls, by the switch's account, or None."""

    def __init__(self, seconds, packets, busy, cycles, ran, waited):
        self.seconds, self.packets = seconds, packets
        self.busy, self.cycles = busy, cycles
        self.ran, self.waited = ran, waited     # seconds, and a part of 1


def waiting(seconds, ran, waited):
    """The part of SECONDS that a thread that never sleeps was kept from
    running.  The kernel notes a wait when it ends: a thread that hardly ran
    may be waiting still."""
    part = waited / seconds
    return max(part, 1 - ran / seconds) if ran < seconds / 2 else part


def _slice(key, a, b):
    done = b.counters[key].since(a.counters[key])
    between = b.start - a.end
    # What asking itself takes is not the others'.
    waited = max((waiting(between, now[0] - then[0], now[1] - then[1])
                  for now, then in zip(b.before[key], a.after[key])),
                 default=0)
    return Slice((b.start + b.end - a.start - a.end) / 2, done.packets,
                 done.busy,
                 None if done.busy is None else done.busy + done.idle,
                 b.ran(key) - a.ran(key), waited)


def undisturbed(slices):
    """Those of a thread's SLICES that count, and for which part of those the
    thread waited."""
    good = [s for s in slices if s.waited <= DISTURBED] or slices
    return good, sum(s.waited for s in good) / len(good)


def values_of(threads, n_each, tsc_hz):
    """The values of THREADS, each a list of slices that count, each slice of
    N_EACH threads that are counted together."""
    values = {"mpps": 0}
    sums = dict.fromkeys(("packets", "busy", "cycles", "ran"), 0)
    each = []
    for slices in threads:
        packets = sum(s.packets for s in slices)
        seconds = sum(s.seconds for s in slices)
        ran = sum(s.ran for s in slices)
        if not packets:
            raise Missing("nothing moves")
        values["mpps"] += packets / seconds / 1e6
        each.append(ran * tsc_hz / packets)
        sums["packets"] += packets
        sums["ran"] += ran
        if slices[0].busy is None:
            sums["busy"] = None
            sums["cycles"] += seconds * tsc_hz * n_each
        else:
            sums["busy"] += sum(s.busy for s in slices)
            sums["cycles"] += sum(s.cycles for s in slices)
    values["tsc"] = sums["cycles"] / sums["packets"]
    values["ran"] = sums["ran"] * tsc_hz / sums["packets"]
    values["each"] = max(each)
    if sums["busy"] is not None:
        values["busy"] = sums["busy"] / sums["packets"]
    return values


def _pcap(subject, plan, remarks):
    through = subject.through()
    files = machine.thread_files(subject.pid, subject.each())
    moments = [_Moment(subject, files)]
    end = time.monotonic() + plan.seconds
    while time.monotonic() < end:
        time.sleep(min(SLICE_S, plan.seconds))
        moments.append(_Moment(subject, files))
    threads, waited, left_out, of = [], 0, 0, 0
    for key in files:
        slices = [_slice(key, a, b) for a, b in zip(moments, moments[1:])]
        good, part = undisturbed(slices)
        threads.append(good)
        waited = max(waited, part)
        left_out += len(slices) - len(good)
        of += len(slices)
    values = values_of(threads, max(len(f) for f in files.values()),
                       plan.tsc_hz)
    values["left out"] = 100 * left_out / of
    if through:
        came, went = (now - then for now, then
                      in zip(subject.through(), through))
        if 1 - went / came > LOST:
            remarks = remarks | {"%.1f %% did not come out"
                                 % (100 * (1 - went / came))}
    return Figure(values, remarks, False), waited


def _turn(subject, case, plan):
    if case.setup.kind in footprint.TAKE:
        return footprint.TAKE[case.setup.kind](subject, case), 0.0
    peer = subject.peer
    if peer:
        peer.traffic(**case.traffic)
    try:
        remarks = subject.learned(case)
        time.sleep(plan.warm)
        return (_vhost if peer else _pcap)(subject, plan, remarks)
    finally:
        if peer:
            peer.halt()


def _fit(subject, case):
    if subject.fitted is not case:
        subject.fitted = None
        subject.fit(case)
        subject.fitted = case


def turn(subject, case, plan):
    """A Figure of SUBJECT, disturbed as little as can be had."""
    best = None
    if subject.pid_known():
        subject.resume()
    try:
        _fit(subject, case)
        with out_of_the_way():
            for _ in range(1 + plan.repeats):
                figure, waited = _turn(subject, case, plan)
                if best is None or waited < best[1]:
                    best = figure, waited
                if waited <= DISTURBED:
                    break
    finally:
        if subject.pid_known():
            subject.pause()
    figure, waited = best
    figure.values["waited"] = 100 * waited
    if waited > DISTURBED:
        figure.remarks.add("disturbed")
    return figure

