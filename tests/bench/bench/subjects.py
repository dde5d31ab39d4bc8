# SPDX-License-Identifier: Apache-2.0
#
# Who is measured: how is each started, fed, asked and stopped?
#
#   sluice         the daemon of this build
#   library        the same, whose vhost ports use the library's calls
#   build          another build's daemon
#   ovs            the distribution's OVS-DPDK, action NORMAL
#   ovs-openflow   the same, port to port by a flow of its own
#   testpmd        testpmd in io mode between the same ports: what DPDK's
#                  drivers and library take, without a switch
#   null           nobody: what the traffic peer itself can do
#
# All subjects of a table exist at the same time; all but one are stopped
# (SIGSTOP).  A Subject's open() makes a setup, fit() changes it for a case.

import json
import os
import re
import signal
import socket
import subprocess
import time

from harness import daemon
from harness.command import wait_until
from harness.flow_peer import FlowPeer
from harness.frames import Wire
from harness.peer import Peer
from harness.space import Space
from harness.switch import Switch

from . import footprint, machine, pcap
from .cases import MODELS
from .guests import TestpmdGuests

LEARNING_S = 20         # to have seen all addresses
IDLE_PORTS = 16
POOL = 262144           # mbufs of a shared pool
NOT_ASKED = ""


class Missing(Exception):
    """A subject has no figure for a case: why."""


class Counters:
    """Of the packet threads: packets received, cycles of polls with and
    without packets (None: not known)."""

    def __init__(self, packets, busy, idle):
        self.packets, self.busy, self.idle = packets, busy, idle

    def since(self, before):
        """What happened from BEFORE to this."""
        def difference(now, then):
            # ovs's cycles can start below zero, which is a large number.
            return None if now is None else (now - then) % (1 << 64)
        return Counters(*(
            difference(getattr(self, name), getattr(before, name))
            for name in ("packets", "busy", "idle")))


class Control:
    """What ovs-appctl does, without a process for each question: those would
    take the first core from a packet thread that is there."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)

    def ask(self, command, *words):
        self.socket.sendall(json.dumps(
            {"id": 0, "method": command, "params": words}).encode())
        said, answer = "", None
        while answer is None:
            more = self.socket.recv(1 << 20)
            if not more:
                raise OSError("%s: no answer" % command)
            said += more.decode()
            try:
                answer = json.loads(said)
            except ValueError:
                continue        # not all of it
        if answer["error"]:
            raise OSError("%s: %s" % (command, answer["error"]))
        return answer["result"]

    def close(self):
        self.socket.close()


class Subject:
    fitted = None           # the case that fit() was for

    def open(self, setup):
        raise NotImplementedError

    def lacks(self, case):
        """Why the subject has no figure for the case: a text for the table,
        NOT_ASKED where it has no place there, or None."""
        return None

    def through(self):
        return None

    def threads(self):
        """Files of the threads that a measurement depends on."""
        found = machine.packet_threads(self.pid)
        if self.peer:
            found += (machine.packet_threads(self.peer.pid)
                      or [machine.main_thread(self.peer.pid)])
        return found

    def pid_known(self):
        """Is there a process to be paused?"""
        return True

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)


def _affinity(cores):
    """Words for ovs-vsctl: queue N is of the thread on CORES[N]."""
    return "'other_config:pmd-rxq-affinity=\"%s\"'" % ",".join(
        "%d:%d" % pair for pair in enumerate(cores))


class SwitchSubject(Subject):
    def __init__(self, stock, openflow=False, binary=None, rings=None):
        self.stock, self.openflow, self.binary = stock, openflow, binary
        self.rings = rings      # options:vhost-rings
        self.sw = self.peer = self._control = None
        self.serial = 0
        self.state = {}         # what fit() made it
        self.idle_wires = []

    @property
    def pid(self):
        return self.sw.daemon.pid

    def lacks(self, case):
        setup = case.setup
        if setup.kind == "null":
            return NOT_ASKED
        if self.openflow:
            if setup.kind not in ("vhost", "pcap"):
                return NOT_ASKED
            if setup.ports != 2 or case.fit.get("vlan"):
                return "a flow from port to port is no answer to that"
        if self.stock and "elastic" in setup.model:
            return "there are no elastic pools"
        if self.rings and setup.kind != "vhost":
            return NOT_ASKED
        return None

    def open(self, setup):
        if self.stock and not os.access(daemon.STOCK_DAEMON, os.X_OK):
            raise Missing("the package openvswitch-switch-dpdk is not "
                          "installed")
        self.setup = setup
        self.sw = Switch(True, stock=self.stock)
        if self.binary:
            self.sw.daemon.binary = self.binary
        settings = dict(MODELS[setup.model])
        if self.stock:
            # Flows that are idle while others are measured stay.
            settings["max_idle"] = 3600000
        self.sw.start(**settings)
        # No more than that is allowed, and learned.
        self.sw.add_bridge("br0", "other_config:mac-table-size=1000000 "
                                  "other_config:mac-aging-time=3600")
        if setup.kind in ("vhost", "memory", "start"):
            self._add_guests()
        elif setup.kind == "control":
            footprint.make_base(self.sw, setup.ports)

    def control(self):
        if not self._control:
            self._control = Control(self.sw.space.path(
                "ovs-vswitchd.%d.ctl" % self.pid))
        return self._control

    def _add_guests(self):
        ports = ["vh%d" % n for n in range(self.setup.ports)]
        options = "mtu_request=%d" % self.setup.mtu
        if self.rings:
            options += " options:vhost-rings=" + self.rings
        for port in ports:
            self.sw.add_guest_port(port, options=options)
        if self.setup.kind == "memory":
            # Not every port may come up.
            self.peer = FlowPeer(self.sw.space,
                                 [self.sw.vhost_path(p) for p in ports])
            self.sw.peers.append(self.peer)
            self.peer.start()
        elif self.setup.guests == "testpmd":
            self.peer = TestpmdGuests(self.sw.peer(*ports))
        else:
            self.peer = self.sw.flow_peer(*ports)
        if self.openflow:
            self._add_flows(ports)
        if self.rings:
            self._check_rings(ports[0])

    def _check_rings(self, port):
        status = self.sw.iface(port, "status")
        if 'vhost_rings="%s"' % self.rings not in status and (
                "vhost_rings=%s" % self.rings not in status):
            raise Missing("options:vhost-rings=%s is not acted on"
                          % self.rings)

    def _add_flows(self, ports):
        numbers = [self.sw.iface(p, "ofport") for p in ports]
        for a, b in zip(numbers, reversed(numbers)):
            said = self.sw.run(["ovs-ofctl", "add-flow", "br0",
                                "in_port=%s,actions=output:%s" % (a, b)])
            if said.code:
                raise Missing("ovs-ofctl: " + said.err)

    # Cases.

    def fit(self, case):
        """With the subject running."""
        if self.setup.kind not in ("vhost", "pcap"):
            return
        if self.setup.kind == "pcap":
            self._remove_devices()
            self._change("pmds", case, self._set_pmds)
            self._change("idle", case, self._set_idle)
        else:
            self._change("vlan", case,
                         lambda on: self._set_vlan(on, "vh0", "vh1"))
        self._forget()
        if self.setup.kind == "pcap":
            self._add_devices(case)

    def _change(self, what, case, make):
        """Calls MAKE where CASE wants something else than the last did."""
        wanted = case.fit.get(what)
        if self.state.get(what) != wanted:
            make(wanted)
            self.state[what] = wanted

    def _set_pmds(self, n):
        n = n or 1
        first = max(machine.pmd_core() - n + 1, 0)
        self.sw.vsctl("set Open_vSwitch . other_config:pmd-cpu-mask=0x%x"
                      % (((1 << n) - 1) << first))

    def _set_vlan(self, on, access, trunk):
        self.sw.vsctl("set Port %s tag=%s -- set Port %s trunks=%s" % (
            (access, "10", trunk, "10") if on else (access, "[]",
                                                    trunk, "[]")))

    def _set_idle(self, kind):
        names = ["idle%d" % n for n in range(IDLE_PORTS)]
        wires = [name + "-sw" for name in names]
        had = self.state.get("idle")
        if had:
            self.sw.vsctl(" -- ".join(
                "del-port " + name
                for name in (wires if had == "system" else names)))
        if not kind:
            return
        if kind == "system" and not self.idle_wires:
            self.idle_wires = [Wire(self.sw.space.netns, name)
                               for name in names]
            self.sw.wires += self.idle_wires
        said = self.sw.vsctl_result(" -- ".join(
            "add-port br0 %s -- set Interface %s type=%s" % (name, name, kind)
            for name in (wires if kind == "system" else names)))
        if said.code or said.err:
            raise Missing("not supported: " + said.err.split("  See ")[0])

    def _forget(self):
        """What was learned, and the flows that came of it."""
        self.sw.appctl("fdb/flush br0")
        if self.stock:
            self.sw.appctl("revalidator/purge")

    def _remove_devices(self):
        if self.serial:
            self.sw.vsctl("del-port n%d -- del-port z%d"
                          % (self.serial, self.serial))

    def _add_devices(self, case):
        file = pcap.file(self.sw.space, **case.traffic)
        pmds = case.fit.get("pmds", 1)
        vlan = 10 if case.fit.get("vlan") else 0
        cores = range(machine.pmd_core() + 1)[-pmds:]
        self.serial += 1
        source, sink = "n%d" % self.serial, "z%d" % self.serial
        # Which thread polls what is said: a thread may else be left with
        # the sink, which has nothing.
        self.sw.add_port(sink, "net_null%d,no-rx=1" % self.serial,
                         options=_affinity(cores[-1:]) + (
                             " -- set Port %s trunks=10" % sink
                             if vlan else ""))
        self.sw.appctl("fdb/add br0 %s %d %s" % (sink, vlan, pcap.TO))
        self.sw.add_port(
            source, "net_pcap%d,%s,infinite_rx=1" % (
                self.serial, ",".join(["rx_pcap=" + file] * pmds)),
            options="options:n_rxq=%d %s%s" % (
                pmds, _affinity(cores),
                " -- set Port %s tag=10" % source if vlan else ""))
        if self.openflow:
            self._add_flows([source, sink])

    def learned(self, case):
        """Waits until all addresses are known; a remark if not."""
        traffic = case.traffic
        if self.openflow or traffic.get("to") == "everybody":
            return set()
        if self.setup.kind == "pcap":
            want = 1 + traffic.get("sources", 1)
        else:
            each = traffic.get("flows", 1)
            if traffic.get("kind") == "tuples":
                each = 1
            want = each * self.setup.ports
        end = time.monotonic() + LEARNING_S
        while True:
            text = self.sw.appctl("fdb/stats-show br0")
            have = int(re.search(r"(\d+)/\d+", text).group(1))
            if have >= want:
                return set()
            if time.monotonic() > end:
                return {"%d of %d addresses learned" % (have, want)}
            time.sleep(0.2)

    def counters(self):
        """Of all packet threads together."""
        found = self.each().values()
        return Counters(*(sum(getattr(c, key) for c in found)
                          for key in ("packets", "busy", "idle")))

    def each(self):
        """Counters of each packet thread, by core."""
        text = self.control().ask("dpif-netdev/pmd-stats-show")
        found = {}
        for core, section in re.findall(
                r"^pmd thread numa_id \d+ core_id (\d+):\n((?:[ \t].*\n?)*)",
                text, re.M):
            # A thread that has not polled yet has no lines of cycles.
            found[int(core)] = Counters(*(
                sum(map(int, re.findall(r"^\s*%s: (\d+)" % label, section,
                                        re.M)))
                for label in ("packets received", "processing cycles",
                              "idle cycles")))
        return found

    def through(self):
        """For pcap: packets that came in and went out, at one moment."""
        text = self.sw.appctl("dpctl/show -s")
        return [int(re.search(r"port \d+: %s%d\b.*?%s packets:(\d+)" % (
            port, self.serial, way), text, re.S).group(1))
                for port, way in (("n", "RX"), ("z", "TX"))]

    def complaint(self):
        """What the switch said of a setting that it does not act on."""
        said = [re.sub(r"^.*\|", "", line) for line in self.sw.log.lines()
                if "not acted on" in line]
        return said[-1] if said else None

    def close(self):
        if not self.sw:
            return
        if self._control:
            self._control.close()
        try:
            if self.sw.daemon.running():
                # Its hugepages' files go with it.
                self.sw.daemon.exit()
        except (AssertionError, subprocess.TimeoutExpired):
            pass
        finally:
            self.sw.discard()


class Testpmd(Peer):
    """testpmd with devices of any kind; MBUFS: as many as the switches' pool
    has, or None: as it sees fit."""

    def __init__(self, space, devices, queues, mbufs):
        super().__init__(space, [], server=False, name="io")
        self.sockets = devices          # whose statistics are read
        # Queue N of each port is core N's, the last of them the last core.
        lcores = ",".join("%d@%d" % (n + 1, machine.pmd_core() - queues
                                     + 1 + n) for n in range(queues))
        self.argv = ["stdbuf", "-o0", "dpdk-testpmd", "--lcores",
                     "0@0," + lcores, "--no-pci", "--no-telemetry",
                     "--file-prefix=%s-io" % space.id, "--in-memory",
                     "--single-file-segments",
                     "-m", "1024" if mbufs else "512"]
        self.argv += ["--vdev=" + device for device in devices]
        self.argv += ["--", "-i", "--burst=32", "--no-flush-rx",
                      "--rxq=%d" % queues, "--txq=%d" % queues,
                      "--nb-cores=%d" % queues]
        if mbufs:
            self.argv.append("--total-num-mbufs=%d" % mbufs)


class TestpmdSubject(Subject):
    """Forwards between ports 2n and 2n + 1, whatever the addresses."""

    def __init__(self):
        self.io = self.peer = self.playing = self.space = None

    @property
    def pid(self):
        # stdbuf has become testpmd.
        return self.io.pid

    def lacks(self, case):
        if case.setup.kind not in ("vhost", "pcap"):
            return NOT_ASKED
        if set(case.fit) - {"pmds"} or case.traffic.get("to"):
            return "testpmd does not switch"
        return None

    def pid_known(self):
        return self.io is not None

    def open(self, setup):
        self.setup = setup
        self.space = Space()
        if setup.kind != "vhost":
            return
        sockets = [self.space.path("vh%d.sock" % n)
                   for n in range(setup.ports)]
        testpmd = setup.guests == "testpmd"
        self.playing = (Peer if testpmd else FlowPeer)(self.space, sockets)
        if testpmd:
            self.playing.start(wait=False)      # it does for a client
        else:
            self.playing.start()
        self._run(["net_vhost%d,iface=%s,client=1" % (n, path)
                   for n, path in enumerate(sockets)], 1)
        if testpmd:
            self.playing.wait_prompt(0, 60)
        wait_until(self._all_up, "testpmd's links")
        self.peer = TestpmdGuests(self.playing) if testpmd else self.playing

    def _all_up(self):
        return self.io.command("show port summary all").count(" up ") == (
            self.setup.ports)

    def _run(self, devices, queues):
        self.io = Testpmd(self.space, devices, queues,
                          POOL if self.setup.kind == "pcap" else None)
        self.io.start()
        self.io.command("set fwd io")
        self.io.command("start")

    def fit(self, case):
        if self.setup.kind != "pcap":
            return
        if self.io:
            self.io.stop()
        file = pcap.file(self.space, **case.traffic)
        pmds = case.fit.get("pmds", 1)
        self._run(["net_pcap0,%s,infinite_rx=1" % ",".join(
            ["rx_pcap=" + file] * pmds), "net_null0,no-rx=1"], pmds)

    def learned(self, case):
        return set()

    def counters(self):
        """Without cycles: testpmd's are for another question."""
        return Counters(0, None, None)

    def each(self):
        """All threads are one; for pcap."""
        return {None: Counters(self.io.stats()[0].rx, None, None)}

    def complaint(self):
        return None

    def close(self):
        for process in self.io, self.playing:
            if process and process.running():
                process.kill()
        if self.space:
            self.space.remove()


class NullSubject(Subject):
    """The traffic peer alone, with frames handed from guest to guest."""

    def __init__(self):
        self.peer = self.space = None

    @property
    def pid(self):
        return self.peer.pid

    def pid_known(self):
        return self.peer is not None

    def lacks(self, case):
        return None if case.setup.kind == "null" else NOT_ASKED

    def open(self, setup):
        self.space = Space()
        self.peer = FlowPeer(self.space, [
            self.space.path("vh%d.sock" % n) for n in range(setup.ports)],
            null=machine.pmd_core())
        self.peer.start()

    def threads(self):
        return (machine.packet_threads(self.pid)
                + [machine.main_thread(self.pid)])

    def fit(self, case):
        pass

    def learned(self, case):
        return set()

    def counters(self):
        return Counters(0, None, None)

    def complaint(self):
        return None

    def close(self):
        if self.peer:
            self.peer.stop()
        if self.space:
            self.space.remove()


MAKE = {
    "sluice": lambda: SwitchSubject(False),
    "library": lambda: SwitchSubject(False, rings="library"),
    "ovs": lambda: SwitchSubject(True),
    "ovs-openflow": lambda: SwitchSubject(True, openflow=True),
    "testpmd": TestpmdSubject,
    "null": NullSubject,
}


def use_build(binary):
    """Makes the subject "build", whose daemon is the file BINARY."""
    MAKE["build"] = lambda: SwitchSubject(False, binary=binary)
