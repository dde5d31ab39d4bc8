# SPDX-License-Identifier: Apache-2.0
#
# How does a test talk to its switch, how does it end?
#
# A Switch is a database, a daemon and the peers of one test, with the
# commands that an operator would type.  finish() is every test's last line:
# the log gate, a recompute that finds nothing to do, a clean exit, and
# nothing left behind.

import json
import os
import re
import shlex

from . import hugepages, pools
from .command import run, wait_until, words
from .daemon import Daemon, Database, is_peer, pmd_core, schema
from .flow_peer import FlowPeer
from .frames import Device, Wire
from .gap_peer import GapPeer
from .loggate import LogGate
from .peer import Peer
from .space import Space

# Without hugepages every mbuf takes a page of 4 kB: the shared pool of
# 262,144 then needs 1 GB.
ORDINARY_MEMORY = "--no-huge -m 1400"


class Switch:
    def __init__(self, use_hugepages, schema_file=None, stock=None):
        self.space = Space()
        self.stock = is_peer() if stock is None else stock
        self.use_hugepages = use_hugepages
        self.free_before = hugepages.free()
        self.database = Database(self.space,
                                 schema_file or schema(stock is True))
        self.daemon = Daemon(self.space, self.database.remote, stock)
        self.log = LogGate(self.daemon.log)
        self.peers, self.wires = [], []

    # Start.

    def dpdk_extra(self):
        """The EAL words of a test: no PCI devices, no telemetry socket."""
        extra = "--no-pci --file-prefix=%s" % self.space.id
        if not self.use_hugepages:
            extra += " " + ORDINARY_MEMORY
            if self.stock:
                extra += " --legacy-mem"
        return extra

    def start(self, *daemon_options, dpdk="true", **other_config):
        """Database and daemon; OTHER_CONFIG (with _ for -) is set before
        the daemon runs, dpdk=None leaves DPDK off."""
        self.database.start()
        self.vsctl("--no-wait init")
        config = {"pmd-cpu-mask": "0x%x" % (1 << pmd_core()),
                  "dpdk-lcore-mask": "0x1", "dpdk-extra": self.dpdk_extra()}
        if dpdk is not None:
            config["dpdk-init"] = dpdk
        for key, value in other_config.items():
            config[key.replace("_", "-")] = value
        self.vsctl(["--no-wait", "set", "Open_vSwitch", "."] + [
            "other_config:%s=%s" % (key, json.dumps(str(value)))
            for key, value in config.items()])
        self.daemon.start(*daemon_options)
        self.settle()

    def restart_daemon(self):
        """Ends the daemon as an upgrade would and starts it again."""
        assert self.daemon.exit() == 0
        self.daemon.start()
        self.settle()

    def forget_control_socket(self):
        """Removes what a daemon that was killed leaves and nobody else would
        remove."""
        os.unlink(self.space.path("ovs-vswitchd.%d.ctl" % self.daemon.pid))

    def settle(self):
        """Returns when the daemon has acted on all that is configured."""
        self.vsctl("set Open_vSwitch . external_ids:settled=%d"
                   % (self._number("next_cfg") + 1))

    def _number(self, column):
        return int(self.vsctl("get Open_vSwitch . " + column))

    # What an operator types.

    def run(self, argv, timeout=60):
        return run(argv, env=self.daemon.env, timeout=timeout)

    def vsctl_result(self, command, timeout=40):
        argv = ["ovs-vsctl", "--timeout=%d" % timeout,
                "--db=" + self.database.remote] + words(command)
        return run(argv, env=self.daemon.env, timeout=timeout + 10,
                   as_long_as=self.daemon.not_crashed)

    def vsctl(self, command, timeout=40):
        """An ovs-vsctl command that must succeed in every respect."""
        result = self.vsctl_result(command, timeout)
        assert result.code == 0 and "rror" not in result.err, str(result)
        return result.out.strip()

    def vsctl_refused(self, command):
        """An ovs-vsctl command whose port or bridge cannot be made:
        returns the reason that it prints."""
        result = self.vsctl_result(command)
        found = re.search(r"Error detected while setting up '[^']*'"
                          r"(?:: (.*?))?(?:\.  See \S+ log|$)",
                          result.err, re.S)
        assert found, "expected the reason of a failure:\n%s" % result
        return found.group(1) or ""

    def appctl_result(self, command, timeout=30):
        return self.daemon.appctl(*words(command), timeout=timeout)

    def appctl(self, command, timeout=30):
        """An ovs-appctl command that must succeed."""
        result = self.appctl_result(command, timeout)
        assert result.code == 0, str(result)
        return result.out

    def appctl_refused(self, command):
        """An ovs-appctl command that must fail, with exit status 2:
        returns the first line that it prints."""
        result = self.appctl_result(command)
        assert result.code == 2, str(result)
        return result.err.splitlines()[0]

    # What an operator reads.

    def get(self, table, record, column):
        """A column, as `ovs-vsctl get` prints it, without quotes."""
        text = self.vsctl(["get", table, record, column])
        return json.loads(text) if text.startswith('"') else text

    def iface(self, port, column):
        return self.get("Interface", port, column)

    def map_of(self, table, record, column):
        """A map column as a dictionary of strings."""
        text = self.vsctl(["get", table, record, column])
        found = re.findall(r'("(?:[^"\\]|\\.)*"|[^\s{}=,]+)='
                           r'("(?:[^"\\]|\\.)*"|[^\s{},]+)', text)
        plain = [[json.loads(w) if w.startswith('"') else w for w in pair]
                 for pair in found]
        return dict(plain)

    def wait_statistics(self, port, condition, timeout=20):
        """Statistics that meet CONDITION: they are written every 5 s."""
        def met():
            numbers = self.statistics(port)
            try:
                return numbers if condition(numbers) else None
            except KeyError:
                return None
        return wait_until(met, lambda: "statistics of %s; they are %s" % (
            port, self.statistics(port)), timeout, 0.2)

    def statistics(self, port):
        """Interface statistics as numbers."""
        return {k: int(v) for k, v in
                self.map_of("Interface", port, "statistics").items()}

    def pools(self, port=None):
        """The pool of PORT, or those of all DPDK ports: kernel-backed ports
        share a small one of their own."""
        found = pools.parse(self.appctl(
            ["netdev-dpdk/get-mempool-info"] + ([port] if port else [])))
        return [pool for pool in found if not pool.name.endswith("-kernel")]

    def fdb(self, bridge="br0"):
        """{mac: (port number, vlan, age)} of fdb/show."""
        rows = self.appctl("fdb/show " + bridge).splitlines()[1:]
        return {mac: (port, int(vlan), age) for port, vlan, mac, age in
                (row.split() for row in rows)}

    def drops(self):
        """{name: count} of sluice/drop-show."""
        text = self.appctl("sluice/drop-show")
        return {name: int(count) for name, count in
                re.findall(r"^\s*(\w+): (\d+)\s*$", text, re.M)}

    def pages(self):
        """The hugepages that the daemon has mapped."""
        return hugepages.held_by(self.daemon.pid)

    def has_logged(self, expression):
        return any(re.search(expression, line) for line in self.log.lines())

    def wait_log(self, expression, timeout=20):
        wait_until(lambda: self.has_logged(expression),
                   lambda: "the log line %s; its end is:\n%s" % (
                       expression, self.log.tail(15)), timeout)

    # Announcements to the log gate.

    def expect_log(self, *expressions):
        """Each of these must come, at any level."""
        self.log.expected += expressions

    def allow_log(self, *expressions):
        """Each of these may come."""
        self.log.allowed += expressions

    # Ports and peers.

    def add_bridge(self, name="br0", options=""):
        self.vsctl("add-br %s -- set Bridge %s datapath_type=netdev %s"
                   % (name, name, options))

    def add_port(self, name, devargs, bridge="br0", options=""):
        """A port of type dpdk."""
        self.vsctl("add-port %s %s -- set Interface %s type=dpdk "
                   "options:dpdk-devargs=%s %s"
                   % (bridge, name, name, shlex.quote(devargs), options))

    def add_wire(self, name, bridge="br0", options="", mtu=1500):
        """A port whose other end is in the test's hands."""
        wire = Wire(self.space.netns, name, mtu)
        self.wires.append(wire)
        self.add_port(name, wire.devargs(), bridge, options)
        return wire

    def add_tap(self, name, bridge="br0", options=""):
        """A net_tap port, whose kernel device is in the test's hands."""
        # DPDK asks the kernel for queueing disciplines, for flow rules that
        # nobody uses, and is loud when a kernel has none.
        self.allow_log(r"\|dpdk(\([^|]*\))?\|ERR\|(tap_nl_dump_ext_ack|"
                       r"qdisc_create_\w+|eth_dev_tap_create)\(")
        self.add_port(name, "net_tap_%s,iface=%s" % (name, name + "-te"),
                      bridge, options)
        device = Device(self.space.netns, name + "-te")
        self.wires.append(device)
        return device

    def vhost_path(self, name):
        return self.space.path(name + ".sock")

    def add_guest_port(self, name, bridge="br0", options=""):
        """A dpdkvhostuserclient port; its guest may come later."""
        # The vhost library says so at WARN when no guest is there yet.
        self.allow_log(r"VHOST_CONFIG: \(\S*\) failed to connect")
        self.vsctl("add-port %s %s -- set Interface %s "
                   "type=dpdkvhostuserclient options:vhost-server-path=%s %s"
                   % (bridge, name, name, self.vhost_path(name), options))

    def peer(self, *ports, **kwargs):
        """testpmd as the guests of PORTS, connected."""
        return self._connect(Peer, "peer", ports, kwargs)

    def gap_peer(self, *ports, **kwargs):
        """gap-peer as the guests of PORTS, connected."""
        return self._connect(GapPeer, "gap", ports,
                             dict(kwargs, watch=self.daemon.pmd_schedstat()))

    def flow_peer(self, *ports, **kwargs):
        """flow-peer as the guests of PORTS, connected."""
        return self._connect(FlowPeer, "flow", ports, kwargs)

    def _connect(self, kind, name, ports, kwargs):
        peer = kind(self.space, [self.vhost_path(p) for p in ports],
                    hugepages=self.use_hugepages,
                    name="%s%d" % (name, len(self.peers)), **kwargs)
        self.peers.append(peer)
        peer.start()
        for port in ports:
            self.wait_link(port)
        return peer

    def wait_link(self, port, state="up", timeout=30):
        self.vsctl("--timeout=%d wait-until Interface %s link_state=%s"
                   % (timeout, port, state), timeout)

    def wait_iface(self, port, column, value, timeout=20):
        wait_until(lambda: self.iface(port, column) == value,
                   lambda: "%s of %s to be %s; it is %s" % (
                       column, port, value, self.iface(port, column)),
                   timeout)

    # The end.

    def finish(self):
        """The clean end of a test, with every check."""
        for peer in self.peers:
            peer.stop()
        if self.daemon.running():
            if not self.stock and self.database.running():
                self.settle()
                said = self.appctl("sluice/recompute").strip()
                assert said == "nothing to do", (
                    "sluice/recompute found work to do:\n" + said)
            status = self.daemon.exit()
            assert status == 0, "exit status %d" % status
        self.database.stop()
        self._nothing_left()
        if not self.stock:
            verdict = self.log.verdict()
            assert verdict is None, verdict

    def _nothing_left(self):
        listed = os.listdir(self.space.rundir)
        left = [name for name in listed
                if name.endswith((".sock", ".pid", ".ctl"))]
        assert not left, "left in the run folder: " + " ".join(left)
        strays = self._strays()
        assert not strays, "left running: %s" % strays

        def pages_back():
            return (hugepages.free() >= self.free_before
                    or hugepages.others_hold())
        wait_until(pages_back, lambda: "hugepages: %d were free, now %d" % (
            self.free_before, hugepages.free()))

    def _strays(self):
        """Processes that live with our run folder in their environment."""
        mark = b"OVS_RUNDIR=" + self.space.rundir.encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    if mark in f.read().split(b"\0"):
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def discard(self):
        """Ends and removes whatever is left, in any state, unchecked."""
        for peer in self.peers:
            if peer.running():
                peer.kill()
        self.daemon.kill(15)
        self.database.kill(15)
        for pid in self._strays():
            os.kill(pid, 9)
        for wire in self.wires:
            wire.close()
        self.space.remove()
