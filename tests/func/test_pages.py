# SPDX-License-Identifier: Apache-2.0
#
# The commands on the pages about ports do what the pages say: blocks below
# ".. run: NAME" are run, those of one name together, in their order.  The
# ports they add must work, with the other side that they start.

import glob
import os
import re
import shlex
import subprocess

import pytest

from harness import qemu
from harness.command import wait_until

PAGES = os.path.join(os.environ["abs_top_srcdir"], "Documentation")

BLOCK = re.compile(r"^\.\. run: (\w+)\n\n::\n\n((?:    .*\n|\n)+)", re.M)

# Lines of the libraries while a guest is not there yet, or ends; those of a
# kernel without queueing disciplines.
ALLOWED = [r"VHOST_CONFIG: ", r"deprecated",
           r"\|dpdk(\([^|]*\))?\|ERR\|(tap_nl_dump_ext_ack|qdisc_create_\w+|"
           r"eth_dev_tap_create)\("]


def blocks():
    """{(page, name): commands}."""
    found = {}
    for path in sorted(glob.glob(PAGES + "/**/*.rst", recursive=True)):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for name, block in BLOCK.findall(text):
            lines = block.replace("\\\n", " ").splitlines()
            found.setdefault((os.path.basename(path), name), []).extend(
                line.strip() for line in lines if line.strip())
    return found


class OtherSide:
    """testpmd, as a page starts it."""

    def __init__(self, sw, argv):
        argv = [word.replace("--file-prefix=", "--file-prefix=%s-"
                             % sw.space.id) for word in argv]
        argv.insert(1, "--no-telemetry")
        self.printed = sw.space.path("testpmd.out")
        with open(self.printed, "wb") as out:
            self.child = subprocess.Popen(
                sw.space.netns.prefix() + ["stdbuf", "-o0"] + argv,
                stdin=subprocess.PIPE, stdout=out, stderr=out,
                env=sw.daemon.env)
        wait_until(self._ready, lambda: "testpmd to be ready:\n"
                   + self._output(), timeout=60)

    def _output(self):
        with open(self.printed, errors="replace") as f:
            return f.read()

    def _ready(self):
        assert self.child.poll() is None, self._output()
        return "testpmd> " in self._output()

    def end(self):
        try:
            self.child.communicate(b"quit\n", timeout=30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Machine:
    """QEMU, as a page starts it, with less memory, without a disk and
    without KVM."""

    def __init__(self, sw, argv):
        line = shlex.join(argv).replace("2G", "192M").replace(
            "accel=kvm -cpu host", "accel=tcg -cpu max").replace(
            "virtio-net-pci,", "virtio-net-pci,vectors=0,")
        self.printed = sw.space.path("qemu.out")
        with open(self.printed, "wb") as out:
            self.child = subprocess.Popen(
                shlex.split(re.sub(r" -drive \S+", "", line))
                + ["-display", "none"] + qemu.boot_options(sw.space, "vm"),
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def end(self):
        self.child.terminate()
        self.child.wait(20)


OTHER_SIDES = {"dpdk-testpmd": OtherSide, "qemu-system-x86_64": Machine}


def run_block(sw, commands):
    """Returns the ports that there are then, and the other sides."""
    ports, others = [], []
    try:
        for command in commands:
            argv = shlex.split(re.sub(r"/run/(vm0/|openvswitch/)?",
                                      sw.space.path(""), command))
            if argv[0] == "ovs-vsctl":
                sw.vsctl(argv[1:])
                ports += argv[3:4] if argv[1] == "add-port" else []
            elif argv[0] == "ovs-appctl":
                sw.appctl(argv[1:])
            elif argv[0] == "ip":
                sw.space.netns.ip(" ".join(argv[1:]))
            else:
                others.append(OTHER_SIDES[argv[0]](sw, argv))
        return ports, others
    except BaseException:
        for other in others:
            other.end()
        raise


BLOCKS = blocks()


@pytest.mark.ours
@pytest.mark.hugepages(900)
@pytest.mark.parametrize("page, name", sorted(BLOCKS))
def test_commands(new_switch, page, name):
    why = "qemu" in name and qemu.why_not()
    if why:
        pytest.skip("no real guests: " + why)
    sw = new_switch
    sw.allow_log(*ALLOWED)
    sw.start(mempool_sizing="elastic")
    sw.add_bridge()
    ports, others = run_block(sw, BLOCKS[page, name])
    try:
        assert ports
        for port in ports:
            sw.wait_link(port)
            assert sw.iface(port, "error") == "[]"
            request = sw.iface(port, "mtu_request")
            assert request in ("[]", sw.iface(port, "mtu"))
    finally:
        for other in others:
            other.end()
