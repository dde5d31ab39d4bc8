# SPDX-License-Identifier: Apache-2.0
#
# With what does a real guest boot?
#
# A kernel of the distribution, the modules that a virtio network card needs,
# and busybox, in an initramfs made here (cpio, "newc").  Each is looked for
# in tests/guest-system of the build folder, where tests/peer/guest-system
# unpacks it, and on the machine itself; SLUICE_GUEST_SYSTEM names another
# folder, alone.

import glob
import lzma
import os
import re

MODULES = ("virtio_pci", "virtio_net")

# The console is for the kernel; the second serial line takes commands, each
# a line, and answers with what it prints and its exit status.
INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
    insmod "/modules/$module" || echo "no $module"
done </modules/order
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1 2>&1
echo "#ready"
while read -r line; do
    eval "$line" </dev/null
    printf '\n#status %d\n' $?
done
"""


class Missing(Exception):
    """What is not there, and which package has it."""


def _roots():
    named = os.environ.get("SLUICE_GUEST_SYSTEM")
    return [named] if named else [
        os.path.join(os.environ["abs_top_builddir"], "tests", "guest-system"),
        "/"]


def _busybox():
    for root in _roots():
        path = os.path.join(root, "bin/busybox")
        if os.path.exists(path):
            with open(path, "rb") as f:
                program = f.read()
            # Another one, of the same name, wants libraries.
            if b"/ld-linux" not in program[:4096]:
                return program
    raise Missing("no busybox without libraries: run tests/peer/guest-system "
                  "or install the Debian package busybox-static")


def _newest(version):
    return [int(n) for n in re.findall(r"\d+", version)]


class Kernel:
    """A kernel's file, and its modules in the order in which they load."""

    def __init__(self, root, version):
        self.vmlinuz = os.path.join(root, "boot", "vmlinuz-" + version)
        self.folder = os.path.join(root, "lib", "modules", version)
        self.modules = []       # of (file name, content)
        self._files = {
            os.path.basename(path).split(".ko")[0].replace("-", "_"): path
            for path in glob.glob(self.folder + "/kernel/**/*.ko*",
                                  recursive=True)}
        with open(self.folder + "/modules.builtin") as f:
            self._builtin = {
                os.path.basename(line.strip())[:-3].replace("-", "_")
                for line in f}
        for name in MODULES:
            self._need(name)

    def _need(self, name):
        if name in self._builtin or name + ".ko" in dict(self.modules):
            return
        if name not in self._files:
            raise Missing("%s has no module %s" % (self.vmlinuz, name))
        with open(self._files[name], "rb") as f:
            content = f.read()
        if self._files[name].endswith(".xz"):
            content = lzma.decompress(content)
        needs = re.search(rb"\0depends=([^\0]*)\0", content)
        for other in needs.group(1).decode().split(",") if needs else ():
            if other:
                self._need(other.replace("-", "_"))
        self.modules.append((name + ".ko", content))


def kernel():
    """The newest Kernel that can serve a guest."""
    why = "no kernel for guests: run tests/peer/guest-system"
    for root in _roots():
        for path in sorted(glob.glob(os.path.join(root, "boot/vmlinuz-*")),
                           key=_newest, reverse=True):
            try:
                return Kernel(root, os.path.basename(path)[len("vmlinuz-"):])
            except (Missing, OSError) as error:
                why = "no kernel for guests: %s" % error
    raise Missing(why)


def _entry(name, mode, content=b"", device=(0, 0)):
    """A file of a cpio archive."""
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, *device,
              len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % n for n in fields)
    head += name.encode() + b"\0"
    return (head + bytes(-len(head) % 4)
            + content + bytes(-len(content) % 4))


def initramfs(of):
    """The archive with which Kernel OF boots into INIT."""
    folder, file, device = 0o040755, 0o100755, 0o020600
    parts = [_entry(name, folder) for name in
             ("bin", "dev", "proc", "sys", "tmp", "modules")]
    parts.append(_entry("dev/console", device, device=(5, 1)))
    parts.append(_entry("bin/busybox", file, _busybox()))
    parts.append(_entry("init", file, INIT.encode()))
    for name, content in of.modules:
        parts.append(_entry("modules/" + name, file, content))
    order = "".join(name + "\n" for name, _ in of.modules)
    parts.append(_entry("modules/order", file, order.encode()))
    return b"".join(parts) + _entry("TRAILER!!!", 0)
