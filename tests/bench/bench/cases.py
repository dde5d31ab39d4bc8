# SPDX-License-Identifier: Apache-2.0
#
# What is measured?
#
# A Table is a question with cases as its rows.  A Case needs a setup, which
# cases with the same one share, and some traffic.

import collections

# Ports of a switch and what is connected to them.
#   kind     vhost: guests on `ports` ports; pcap: frames from a file, on one
#            port, to a port that takes everything; null: guests without a
#            switch; memory, control, start: see footprint.py
#   model    of packet memory: a key of MODELS
#   guests   who plays them: flow, flow-peer; testpmd, testpmd in io mode
Setup = collections.namedtuple("Setup", "kind ports model mtu guests",
                               defaults=("shared", 1500, "flow"))

MODELS = {
    "shared": {},
    "per port": {"per_port_memory": "true"},
    "elastic": {"mempool_sizing": "elastic"},
    "elastic, per port": {"per_port_memory": "true",
                          "mempool_sizing": "elastic"},
}

# traffic: what the guests' traffic() takes; for pcap: sources or tuples; for
# control: the operation.
# fit: what a subject is to be like while it lasts:
#   vlan    the first port of two takes access, the second is a trunk
#   pmds    threads, each with a queue of its own of every port (default: 1)
#   idle    type of 16 ports more, without traffic
# base: the name of the table's case that it is compared with, or None.
Case = collections.namedtuple("Case", "name setup traffic fit base",
                              defaults=({}, None))

# columns: keys of METRICS; main: the one that ratios and pictures are of.
Table = collections.namedtuple("Table", "name title cases columns main note")

# A figure: its heading, digits behind the point, and whether more is better.
Metric = collections.namedtuple("Metric", "heading digits more")

METRICS = {
    "mpps": Metric("Mpps", 2, True),
    "busy": Metric("cycles, busy", 1, False),
    "tsc": Metric("cycles, TSC", 1, False),
    "ran": Metric("cycles, run", 1, False),
    "each": Metric("cycles, slowest PMD", 1, False),
    "lost": Metric("lost, %", 2, False),
    "peer": Metric("peer busy, %", 0, False),
    "mib": Metric("MiB", 0, False),
    "up": Metric("ports up", 0, True),
    "ms": Metric("ms", 1, False),
    "us": Metric("us", 1, False),
    "cycles": Metric("cycles", 1, False),
}

FLOWS = (1, 100, 1000, 10000, 100000)
PACE = 1000             # ns between the peer's looks, open loop

PAIR = Setup("vhost", 2)
TESTPMD_PAIR = Setup("vhost", 2, guests="testpmd")
ALONE = Setup("pcap", 2)
ALONE_COLUMNS = ("mpps", "busy", "tsc", "ran")
GUESTS = ("mpps", "busy", "tsc", "lost", "peer")


def _open(name, setup=PAIR, fit=None, base=None, **traffic):
    return Case(name, setup, dict({"pace": PACE}, **traffic), fit or {}, base)


def _closed(name, **traffic):
    return Case(name, PAIR, dict({"mode": "closed"}, **traffic))


def _testpmd(name, **traffic):
    return Case(name, TESTPMD_PAIR, traffic)


def _count(n, what):
    return "%s %s%s" % (format(n, ","), what, "" if n == 1 else "s")


def _sizes(make, **more):
    return [make("%s bytes" % s, size=s, **more) for s in (64, 512, 1518)]


def _mix(make):
    return make("mix", size="mix")


def _flows(what, **more):
    first = _count(1, what)
    return [_open(_count(n, what), flows=n, base=first if n > 1 else None,
                  **more) for n in FLOWS]


def _pcap(kind, what):
    first = _count(1, what)
    return [Case(_count(n, what), ALONE, {kind: n},
                 base=first if n > 1 else None) for n in FLOWS]


def _pmds():
    rows = []
    for n in FLOWS:
        one = _count(n, "source MAC") + ", one"
        rows += [Case(one, ALONE, {"sources": n}),
                 Case(_count(n, "source MAC") + ", two", ALONE,
                      {"sources": n}, {"pmds": 2}, one)]
    return rows


def _idle():
    return [Case("no others", ALONE, {"sources": 1})] + [
        Case("beside 16 of type %s" % kind, ALONE, {"sources": 1},
             {"idle": kind}, "no others") for kind in ("internal", "system")]


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
    vhost = (("vhost_add", "add a vhost port"),
             ("vhost_change", "change it without effect"),
             ("vhost_mtu", "change its MTU"),
             ("vhost_note", "change what is not the switch's"),
             ("vhost_del", "delete it"))
    rows = [Case(text, setup, {"operation": key}) for key, text in vhost + (
        ("null_add", "add a net_null port"),
        ("null_del", "delete the net_null port"),
        ("first", "add the first port, which makes the pool"),
        ("pmd_mask", "change the PMD threads"),
    )]
    for n in 100, 500:
        rows += [Case("%s, beside %d" % (text, n), Setup("control", n),
                      {"operation": key}, base=text) for key, text in vhost]
    return rows + [
        Case("add a port to an elastic pool",
             Setup("control", 0, model="elastic"), {"operation": "null_add"}),
        Case("from exec to the first packet", Setup("start", 2), {})]


def tables():
    nine = Setup("vhost", 9)
    vlan = {"vlan": True}
    null = Setup("null", 2)
    return [
        Table("peer", "What the traffic peer can do without a switch",
              [_open("64 bytes", null), _open("1518 bytes", null, size=1518),
               _open("100,000 pairs", null, flows=100000),
               Case("64 bytes, closed loop", null, {"mode": "closed"})],
              ("mpps", "peer"), "mpps",
              "Another thread hands a frame's first line to the receiver."),
        Table("vhost-testpmd", "Guest to guest, testpmd io as the guests",
              _sizes(_testpmd), GUESTS, "mpps",
              "128 frames in flight each way."),
        Table("vhost-closed", "Guest to guest, 128 frames in flight each way",
              _sizes(_closed) + [_mix(_closed)], GUESTS, "mpps",
              "The peer sends each frame on from where it lies."),
        Table("vhost-open", "Guest to guest, both ways saturated",
              _sizes(_open) + [_mix(_open),
                               _open("512 bytes, all of them touched",
                                     size=512, touch="all")],
              GUESTS, "mpps",
              "The peer keeps its rings full and touches a frame's first "
              "line."),
        Table("vhost-macs", "Guest to guest, 64 bytes, pairs of MACs",
              _flows("pair"), GUESTS, "mpps",
              "All addresses are learned, or it says so."),
        Table("vhost-tuples", "Guest to guest, 64 bytes, 5-tuples of one pair",
              _flows("5-tuple", kind="tuples"), GUESTS, "mpps", ""),
        Table("vhost-vlan", "Guest to guest, 64 bytes, VLANs",
              [_open("no VLAN"),
               _open("access to trunk, and back", fit=vlan, base="no VLAN",
                     vlan=10)],
              GUESTS, "mpps", ""),
        Table("vhost-ports", "Guests on many ports, 64 bytes", _ports(),
              GUESTS, "mpps", ""),
        Table("vhost-flood", "One guest to eight others, 64 bytes",
              [_open("broadcasts", nine, to="everybody", senders=1)], GUESTS,
              "mpps", "Mpps: what all receivers get.  Cycles: per frame "
              "that is sent."),
        Table("alone-macs", "The switch alone, 64 bytes, source MACs",
              _pcap("sources", "source MAC"), ALONE_COLUMNS, "ran",
              "net_pcap (infinite_rx) to net_null."),
        Table("alone-tuples", "The switch alone, 64 bytes, 5-tuples",
              _pcap("tuples", "5-tuple"), ALONE_COLUMNS, "ran",
              "net_pcap (infinite_rx) to net_null."),
        Table("alone-vlan", "The switch alone, 64 bytes, VLANs",
              [Case("no VLAN", ALONE, {"sources": 1}),
               Case("access to trunk", ALONE, {"sources": 1}, vlan,
                    "no VLAN")], ALONE_COLUMNS, "ran", ""),
        Table("alone-two-pmds", "The switch alone, one PMD thread and two",
              _pmds(), ("mpps", "ran", "each"), "each",
              "A queue for each thread.  Cycles: of the time that the "
              "threads did run, since one shares its core with all else."),
        Table("alone-idle", "The switch alone, beside idle ports",
              _idle(), ALONE_COLUMNS, "ran", ""),
        Table("memory", "Packet memory with connected guests", _memory(),
              ("mib", "up"), "mib",
              "Hugepages of the daemon, less what it maps of the guests'."),
        Table("control", "Time that a change takes", _control(), ("ms",),
              "ms", "ovs-vsctl from its start to its end, or as it says.  ovs "
              "keeps the pool of a port that has gone for the next one."),
    ]
