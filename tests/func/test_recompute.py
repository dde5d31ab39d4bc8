# SPDX-License-Identifier: Apache-2.0
#
# After any sequence of changes a full recompute finds nothing to do, and
# what the database says is what runs.

import random

import pytest

STEPS = 40


class Sequence:
    """Random commands; each is possible in the state that it is typed in,
    but some ask for ports that cannot be made."""

    def __init__(self, sw, seed):
        self.sw, self.random = sw, random.Random(seed)
        self.bridges, self.ports, self.impossible = {"br0": []}, {}, set()
        self.serial = 0

    def name(self, prefix):
        self.serial += 1
        return "%s%d" % (prefix, self.serial)

    def add_bridge(self):
        if len(self.bridges) < 4:
            name = self.name("br")
            self.bridges[name] = []
            return "add-br %s -- set Bridge %s datapath_type=netdev" % (
                name, name)

    def del_bridge(self):
        name = self.random.choice(sorted(self.bridges))
        if name != "br0":
            for port in self.bridges.pop(name):
                self.forget(port)
            return "del-br " + name

    def add(self, words, possible=True):
        bridge = self.random.choice(sorted(self.bridges))
        name = self.name("p")
        self.bridges[bridge].append(name)
        self.ports[name] = bridge
        if not possible:
            self.impossible.add(name)
        return "add-port %s %s -- set Interface %s %s" % (
            bridge, name, name, words.replace("NAME", name))

    def add_device(self):
        if len(self.ports) < 12:
            return self.add("type=dpdk options:dpdk-devargs="
                            "net_ring_NAME options:n_rxq=1")

    def add_guest(self):
        return self.add("type=dpdkvhostuserclient options:vhost-server-path="
                        + self.sw.vhost_path("NAME"))

    def add_internal(self):
        return self.add("type=internal")

    def add_impossible(self):
        return self.add(self.random.choice([
            "type=dpdk options:dpdk-devargs=net_nosuch_NAME",
            "type=nosuchtype", "type=dpdkvhostuserclient"]), False)

    def forget(self, port):
        del self.ports[port]
        self.impossible.discard(port)

    def del_port(self):
        if self.ports:
            name = self.random.choice(sorted(self.ports))
            self.bridges[self.ports[name]].remove(name)
            self.forget(name)
            return "del-port " + name

    def set_mtu(self):
        good = sorted(set(self.ports) - self.impossible)
        if good:
            return "set Interface %s mtu_request=%d" % (
                self.random.choice(good), self.random.choice(
                    [900, 1200, 1500]))

    def set_mask(self):
        return "set Open_vSwitch . other_config:pmd-cpu-mask=0x%x" % (
            self.random.choice([1, 2, 3]))

    def set_bridge(self):
        return "set Bridge %s other_config:mac-aging-time=%d" % (
            self.random.choice(sorted(self.bridges)),
            self.random.randint(15, 3600))

    def step(self):
        kinds = [self.add_bridge, self.del_bridge, self.add_device,
                 self.add_guest, self.add_internal, self.add_impossible,
                 self.del_port, self.set_mtu, self.set_mask, self.set_bridge]
        while True:
            command = self.random.choice(kinds)()
            if command:
                return command


@pytest.mark.ours
@pytest.mark.parametrize("seed", [1, 2])
def test_random_sequence(br0, seed):
    sw = br0
    sw.allow_log(r"\|(WARN|ERR)\|.*(nosuch|vhost-server-path)",
                 r"\|dpdk(\([^|]*\))?\|ERR\|EAL: ",
                 r"VHOST_CONFIG: \(\S*\) failed to connect")
    sequence = Sequence(sw, seed)
    typed = []
    for _ in range(STEPS):
        command = sequence.step()
        typed.append(command)
        result = sw.vsctl_result(command)
        assert result.code == 0, "%s\nafter:\n%s" % (result, typed)
        said = sw.appctl("sluice/recompute").strip()
        assert said == "nothing to do", "%s\nafter:\n%s" % (
            said, "\n".join(typed))
    for port in sequence.ports:
        works = port not in sequence.impossible
        assert (int(sw.iface(port, "ofport")) > 0) == works
        assert (sw.iface(port, "error") == "[]") == works
    shown = sw.appctl("dpif/show").split()
    for port in sequence.ports:
        assert (port in shown) == (port not in sequence.impossible)
