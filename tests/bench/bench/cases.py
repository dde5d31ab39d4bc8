# SPDX-License-Identifier: Apache-2.0
#
# What is measured?
#
# A Table is a question with cases as its rows.  A Case needs a setup, which
# cases with the same one share, and some traffic.

import collections

# Ports of a switch and what is connected to them.
#   kind     vhost: guests on `ports` ports; pcap: frames from a file, on one
#            port, to a port that takes everything; memory, control, start: see
#            footprint.py
#   pmds     threads, each with a queue of its own of every port
#   vlan     the first port of two takes access, the second is a trunk
#   model    of packet memory: a key of MODELS
#   idle     type of 16 ports more, without traffic
Setup = collections.namedtuple("Setup", "kind ports pmds vlan model mtu idle",
                               defaults=(1, False, "shared", 1500, None))

MODELS = {
    "shared": {},
    "per port": {"per_port_memory": "true"},
    "elastic": {"mempool_sizing": "elastic"},
    "elastic, per port": {"per_port_memory": "true",
                          "mempool_sizing": "elastic"},
}

# traffic: what FlowPeer.traffic() takes; for pcap: sources or tuples; for
# control: the operation.
Case = collections.namedtuple("Case", "name setup traffic")

# columns: keys of METRICS; main: the one that ratios and pictures are of.
Table = collections.namedtuple("Table", "name title cases columns main note")

# A figure: its heading, digits behind the point, and whether more is better.
Metric = collections.namedtuple("Metric", "heading digits more")

METRICS = {
    "mpps": Metric("Mpps", 2, True),
    "busy": Metric("cycles, busy", 1, False),
    "tsc": Metric("cycles, TSC", 1, False),
    "ran": Metric("cycles, run", 1, False),
    "lost": Metric("lost, %", 2, False),
    "peer": Metric("peer busy, %", 0, False),
    "mib": Metric("MiB", 0, False),
    "up": Metric("ports up", 0, True),
    "ms": Metric("ms", 1, False),
    "cycles": Metric("cycles", 1, False),
}

FLOWS = (1, 100, 1000, 10000, 100000)
PACE = 1000             # ns between the peer's looks, open loop

PAIR = Setup("vhost", 2)
ALONE = ("mpps", "busy", "tsc", "ran")
GUESTS = ("mpps", "busy", "tsc", "lost", "peer")


def _open(name, setup=PAIR, **traffic):
    return Case(name, setup, dict({"pace": PACE}, **traffic))


def _closed(name, **traffic):
    return Case(name, PAIR, dict({"mode": "closed"}, **traffic))


def _count(n, what):
    return "%s %s%s" % (format(n, ","), what, "" if n == 1 else "s")


def _sizes(make, **more):
    return [make("%s bytes" % s, size=s, **more) for s in (64, 512, 1518)] + [
        make("mix", size="mix", **more)]


def _pcap(kind, what, pmds):
    return [Case(_count(n, what), Setup("pcap", 2, pmds), {kind: n})
            for n in FLOWS]


def _beside(kind):
    return Case("beside 16 of type %s" % kind, Setup("pcap", 2, idle=kind),
                {"sources": 1})


def _ports():
    rows = []
    for n in 2, 8, 32:
        setup = Setup("vhost", n)
        rows.append(_open("%d, two and two" % n, setup))
        if n > 2:
            rows.append(_open("%d, each to all" % n, setup, to="all"))
    return rows


def _memory():
    return [Case("%s, MTU %d, %s" % (model, mtu, _count(ports, "port")),
                 Setup("memory", ports, model=model, mtu=mtu), {})
            for model in MODELS for mtu in (1500, 9000)
            for ports in (1, 8, 32)]


def _control():
    setup = Setup("control", 0)
    return [Case(text, setup, {"operation": key}) for key, text in (
        ("vhost_add", "add a vhost port"),
        ("vhost_change", "change it without effect"),
        ("vhost_del", "delete it"),
        ("null_add", "add a net_null port"),
        ("null_del", "delete it"),
        ("first", "add the first port, which makes the pool"),
        ("pmd_mask", "change the PMD threads"),
    )] + [Case("add a port to an elastic pool",
               Setup("control", 0, model="elastic"),
               {"operation": "null_add"}),
          Case("from exec to the first packet", Setup("start", 2), {})]


def tables():
    vlan = Setup("vhost", 2, vlan=True)
    nine = Setup("vhost", 9)
    return [
        Table("vhost-closed", "Guest to guest, 128 frames in flight each way",
              _sizes(_closed), GUESTS, "mpps",
              "The peer sends each frame on from where it lies."),
        Table("vhost-open", "Guest to guest, both ways saturated",
              _sizes(_open) + [_open("512 bytes, all of them touched",
                                     size=512, touch="all")],
              GUESTS, "mpps",
              "The peer keeps its rings full and touches a frame's first "
              "line."),
        Table("vhost-macs", "Guest to guest, 64 bytes, pairs of MACs",
              [_open(_count(n, "pair"), flows=n) for n in FLOWS], GUESTS,
              "mpps", "All addresses are learned, or it says so."),
        Table("vhost-tuples", "Guest to guest, 64 bytes, 5-tuples of one pair",
              [_open(_count(n, "5-tuple"), flows=n, kind="tuples")
               for n in FLOWS], GUESTS, "mpps", ""),
        Table("vhost-vlan", "Guest to guest, 64 bytes, VLANs",
              [_open("no VLAN"), _open("access to trunk, and back", vlan,
                                       vlan=10)],
              GUESTS, "mpps", ""),
        Table("vhost-ports", "Guests on many ports, 64 bytes", _ports(),
              GUESTS, "mpps", ""),
        Table("vhost-flood", "One guest to eight others, 64 bytes",
              [_open("broadcasts", nine, to="everybody", senders=1)], GUESTS,
              "mpps", "Mpps: what all receivers get.  Cycles: per frame "
              "that is sent."),
        Table("alone-macs", "The switch alone, 64 bytes, source MACs",
              _pcap("sources", "source MAC", 1), ALONE, "ran",
              "net_pcap (infinite_rx) to net_null."),
        Table("alone-tuples", "The switch alone, 64 bytes, 5-tuples",
              _pcap("tuples", "5-tuple", 1), ALONE, "ran",
              "net_pcap (infinite_rx) to net_null."),
        Table("alone-two-pmds", "The switch alone, two PMD threads",
              _pcap("sources", "source MAC", 2), ("mpps", "ran"), "ran",
              "A queue for each thread.  Cycles: of the time that the "
              "threads did run, since one shares its core with all else."),
        Table("alone-idle", "The switch alone, beside idle ports",
              _pcap("sources", "source MAC", 1)[:1]
              + [_beside("internal"), _beside("system")], ALONE, "ran", ""),
        Table("memory", "Packet memory with connected guests", _memory(),
              ("mib", "up"), "mib",
              "Hugepages of the daemon, less what it maps of the guests'."),
        Table("control", "Time that a change takes", _control(), ("ms",),
              "ms", "ovs-vsctl from its start to its end, or as it says.  ovs "
              "keeps the pool of a port that has gone for the next one."),
    ]
