# SPDX-License-Identifier: Apache-2.0
#
# How is one figure taken, and when does it count?
#
# Subjects take turns, A B A B, one turn each in a round.  A turn:
#
#   wake the subject, start the traffic, wait until all addresses are known
#   read the counters                                       } at both ends
#   read the peer's and the kernel's                        } of `seconds`
#   stop the traffic, put the subject to sleep
#
# It is disturbed where a packet thread or the peer, ready to run, waited for
# a core for over 2 % of the time, since another process had it.  A disturbed
# turn is repeated, and where that does not help the least disturbed one stands
# with a remark.

import time

from . import footprint
from .figures import Figure
from .machine import Watch, out_of_the_way
from .subjects import Missing

DISTURBED = 0.02        # of the time
PEER_BUSY = 0.95        # of its time: then it may be what bounds the rate
LOST = 0.001            # of the packets: more deserves a remark


class Plan:
    """How long and how often."""

    def __init__(self, rounds, seconds, tsc_hz, repeats=3):
        self.rounds, self.seconds, self.tsc_hz = rounds, seconds, tsc_hz
        self.repeats = repeats      # of a turn that was disturbed
        self.warm = min(0.5, seconds)


def _sum(report, key):
    return sum(g[key] for g in report["guests"])


def _vhost(subject, plan, remarks):
    before = subject.counters()
    a, watch = subject.peer.report(), Watch(subject.threads())
    time.sleep(plan.seconds)
    b, waited = subject.peer.report(), watch.waited()
    counted = subject.counters().since(before)

    cycles = b["tsc"] - a["tsc"]
    received = _sum(b, "received") - _sum(a, "received")
    sent = _sum(b, "sent") - _sum(a, "sent")
    others = _sum(b, "others") - _sum(a, "others")
    if others > received:
        complaint = subject.complaint()
        raise Missing("not supported: frames do not arrive in the form they "
                      "should%s" % (" (%s)" % complaint if complaint else ""))
    if not received or not sent:
        raise Missing("nothing arrives")
    busy = (b["busy"] - a["busy"]) / (b["total"] - a["total"])
    # Where a frame goes to many, the frame counts, not what comes of it.
    frames = min(received, sent)
    values = {"mpps": received / cycles * plan.tsc_hz / 1e6,
              "tsc": cycles / frames, "peer": 100 * busy}
    if received <= sent:
        values["lost"] = 100 * (1 - received / sent)
    if counted.busy is not None and counted.packets:
        values["busy"] = counted.busy / counted.packets
    return Figure(values, remarks, busy > PEER_BUSY), waited


class _Moment:
    """What the packet threads have done by now.  Asking takes a while: the
    middle of it counts."""

    def __init__(self, subject, watch):
        start, ran = time.monotonic(), watch.ran()
        self.counters = subject.counters()
        self.time = (start + time.monotonic()) / 2
        self.ran = (sum(ran) + sum(watch.ran())) / 2


def _pcap(subject, plan, remarks):
    through = subject.through()
    watch = Watch(subject.threads())
    start = _Moment(subject, watch)
    time.sleep(plan.seconds)
    end = _Moment(subject, watch)
    waited = watch.waited()

    done = end.counters.since(start.counters)
    if not done.packets:
        raise Missing("nothing moves")
    if done.busy is None:
        cycles = (end.time - start.time) * plan.tsc_hz * watch.threads
        values = {}
    else:
        cycles = done.busy + done.idle
        values = {"busy": done.busy / done.packets}
    values["tsc"] = cycles / done.packets
    values["ran"] = (end.ran - start.ran) * plan.tsc_hz / done.packets
    values["mpps"] = watch.threads * plan.tsc_hz / values["tsc"] / 1e6
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


def turn(subject, case, plan):
    """A Figure of SUBJECT, disturbed as little as can be had."""
    best = None
    subject.resume()
    try:
        with out_of_the_way():
            for _ in range(1 + plan.repeats):
                figure, waited = _turn(subject, case, plan)
                if best is None or waited < best[1]:
                    best = figure, waited
                if waited <= DISTURBED:
                    break
    finally:
        subject.pause()
    figure, waited = best
    figure.values["waited"] = 100 * waited
    if waited > DISTURBED:
        figure.remarks.add("disturbed")
    return figure


def prepare(subject, case):
    """Fits SUBJECT to CASE."""
    missing = subject.lacks(case)
    if missing is not None:
        raise Missing(missing)
    if subject.pid_known():
        subject.resume()
    try:
        subject.prepare(case)
    finally:
        if subject.pid_known():
            subject.pause()
