# SPDX-License-Identifier: Apache-2.0
#
# Who is measured: how is each started, fed, asked and stopped?
#
#   sluice         the daemon of this build
#   build          another build's
#   ovs            the distribution's OVS-DPDK, action NORMAL
#   ovs-openflow   the same, port to port by a flow of its own
#   testpmd        testpmd in io mode between the same ports: what DPDK's
#                  drivers and library take, without a switch
#
# All subjects of a table exist at the same time; all but one are stopped
# (SIGSTOP).  A Subject's open() makes a setup, prepare() fits it to a case.

import os
import re
import signal
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


class Subject:
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
            found.append(machine.main_thread(self.peer.pid))
        return found

    def pid_known(self):
        """Is there a process to be paused?"""
        return True

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)


class SwitchSubject(Subject):
    def __init__(self, stock, openflow=False, binary=None):
        self.stock, self.openflow, self.binary = stock, openflow, binary
        self.sw = self.peer = None
        self.serial = 0

    @property
    def pid(self):
        return self.sw.daemon.pid

    def lacks(self, case):
        setup = case.setup
        if self.openflow:
            if setup.kind not in ("vhost", "pcap"):
                return NOT_ASKED
            if setup.ports != 2 or setup.vlan:
                return "a flow from port to port is no answer to that"
        if self.stock and "elastic" in setup.model:
            return "there are no elastic pools"
        return None

    def open(self, setup):
        if self.stock and not os.access(daemon.STOCK_DAEMON, os.X_OK):
            raise Missing("the package openvswitch-switch-dpdk is not "
                          "installed")
        self.setup = setup
        self.sw = Switch(True, stock=self.stock)
        if self.binary:
            self.sw.daemon.binary = self.binary
        first = machine.pmd_core() - setup.pmds + 1
        settings = {"pmd_cpu_mask": "0x%x" % (((1 << setup.pmds) - 1)
                                              << max(first, 0)),
                    **MODELS[setup.model]}
        if self.stock:
            # Flows that are idle while others are measured stay.
            settings["max_idle"] = 3600000
        self.sw.start(**settings)
        self.sw.add_bridge("br0", "other_config:mac-table-size=1000000 "
                                  "other_config:mac-aging-time=3600")
        if setup.idle:
            self._add_idle_ports(setup.idle)
        if setup.kind in ("vhost", "memory", "start"):
            self._add_guests()
        elif setup.kind == "control":
            footprint.make_base(self.sw)

    def _add_idle_ports(self, kind):
        for n in range(IDLE_PORTS):
            if kind == "system":
                wire = Wire(self.sw.space.netns, "idle%d" % n)
                self.sw.wires.append(wire)
                name = wire.switch_end
            else:
                name = "idle%d" % n
            said = self.sw.vsctl_result(
                "add-port br0 %s -- set Interface %s type=%s"
                % (name, name, kind))
            if said.code or said.err:
                raise Missing("not supported: " + said.err.split("  See ")[0])

    def _add_guests(self):
        ports = ["vh%d" % n for n in range(self.setup.ports)]
        for port in ports:
            self.sw.add_guest_port(port, options="mtu_request=%d"
                                   % self.setup.mtu)
        if self.setup.vlan:
            self.sw.vsctl("set Port vh0 tag=10 -- set Port vh1 trunks=10")
        if self.setup.kind == "memory":
            # Not every port may come up.
            self.peer = FlowPeer(self.sw.space,
                                 [self.sw.vhost_path(p) for p in ports])
            self.sw.peers.append(self.peer)
            self.peer.start()
        else:
            self.peer = self.sw.flow_peer(*ports)
        if self.openflow:
            self._add_flows(ports)

    def _add_flows(self, ports):
        numbers = [self.sw.iface(p, "ofport") for p in ports]
        for a, b in zip(numbers, reversed(numbers)):
            said = self.sw.run(["ovs-ofctl", "add-flow", "br0",
                                "in_port=%s,actions=output:%s" % (a, b)])
            if said.code:
                raise Missing("ovs-ofctl: " + said.err)

    # Cases.

    def prepare(self, case):
        """With the subject running."""
        if self.setup.kind not in ("vhost", "pcap"):
            return
        if self.setup.kind == "pcap":
            self._replace_devices(case.traffic)
        self.sw.appctl("fdb/flush br0")
        if self.setup.kind == "pcap":
            if self.openflow:
                self._add_flows(["n%d" % self.serial, "z%d" % self.serial])
            self.sw.appctl("fdb/add br0 z%d 0 %s" % (self.serial, pcap.TO))

    def _replace_devices(self, traffic):
        file = self.sw.space.path("in.pcap")
        if self.serial:
            self.sw.vsctl("del-port n%d -- del-port z%d"
                          % (self.serial, self.serial))
        self.serial += 1
        pcap.write(file, **traffic)
        queues = ",".join(["rx_pcap=" + file] * self.setup.pmds)
        options = "options:n_rxq=%d" % self.setup.pmds
        self.sw.add_port("z%d" % self.serial,
                         "net_null%d,no-rx=1" % self.serial)
        self.sw.add_port("n%d" % self.serial, "net_pcap%d,%s,infinite_rx=1"
                         % (self.serial, queues), options=options)

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
        text = self.sw.appctl("dpif-netdev/pmd-stats-show")

        def total(label):
            # The main thread's section has no cycles; its packets are few.
            return sum(int(n) for n in re.findall(
                r"^\s*%s: (\d+)" % label, text, re.M))
        return Counters(total("packets received"),
                        total("processing cycles"), total("idle cycles"))

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
        self.io = self.peer = self.space = None

    @property
    def pid(self):
        # stdbuf has become testpmd.
        return self.io.pid

    def lacks(self, case):
        if case.setup.kind not in ("vhost", "pcap"):
            return NOT_ASKED
        if case.setup.vlan or case.setup.idle or case.traffic.get("to"):
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
        self.peer = FlowPeer(self.space, sockets)
        self.peer.start()
        self._run(["net_vhost%d,iface=%s,client=1" % (n, path)
                   for n, path in enumerate(sockets)])
        wait_until(lambda: all(g["up"] for g in
                               self.peer.report()["guests"]), "testpmd")

    def _run(self, devices):
        self.io = Testpmd(self.space, devices, self.setup.pmds,
                          POOL if self.setup.kind == "pcap" else None)
        self.io.start()
        self.io.command("set fwd io")
        self.io.command("start")

    def prepare(self, case):
        if self.setup.kind != "pcap":
            return
        if self.io:
            self.io.stop()
        file = self.space.path("in.pcap")
        pcap.write(file, **case.traffic)
        queues = ",".join(["rx_pcap=" + file] * self.setup.pmds)
        self._run(["net_pcap0,%s,infinite_rx=1" % queues,
                   "net_null0,no-rx=1"])

    def learned(self, case):
        return set()

    def counters(self):
        """Without cycles: testpmd's are for another question."""
        rx = self.io.stats()[0].rx if self.setup.kind == "pcap" else 0
        return Counters(rx, None, None)

    def complaint(self):
        return None

    def close(self):
        for process in self.io, self.peer:
            if process and process.running():
                process.kill()
        if self.space:
            self.space.remove()


MAKE = {
    "sluice": lambda: SwitchSubject(False),
    "ovs": lambda: SwitchSubject(True),
    "ovs-openflow": lambda: SwitchSubject(True, openflow=True),
    "testpmd": TestpmdSubject,
}


def use_build(binary):
    """Makes the subject "build", whose daemon is the file BINARY."""
    MAKE["build"] = lambda: SwitchSubject(False, binary=binary)
