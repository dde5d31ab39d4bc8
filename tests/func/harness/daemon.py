# SPDX-License-Identifier: Apache-2.0
#
# How do the database and the daemon start and end?
#
# Both run as children of the test, in the foreground, so that their exit
# status is known; the test of --detach starts its own.  SLUICE_VSWITCHD names
# another daemon with the same interface, SLUICE_SCHEMA another schema;
# SLUICE_PEER=1 says that the daemon under test is the stock one.

import glob
import os
import signal
import socket
import subprocess

from .command import check, run, wait_until

STOCK_DAEMON = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
STOCK_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def is_peer():
    return os.environ.get("SLUICE_PEER") == "1"


def long_form():
    """SLUICE_LONG=1: tests of many repetitions do all of them, by hand."""
    return os.environ.get("SLUICE_LONG") == "1"


def vswitchd(stock=None):
    """The daemon's file; STOCK says which, None: the one under test."""
    if stock is None:
        named = os.environ.get("SLUICE_VSWITCHD")
        if named:
            return named
        stock = is_peer()
    return STOCK_DAEMON if stock else os.path.join(
        os.environ["abs_top_builddir"], "vswitchd", "vswitchd")


def schema(stock=False):
    if stock:
        return STOCK_SCHEMA
    return os.environ.get("SLUICE_SCHEMA") or os.path.join(
        os.environ["abs_top_srcdir"], "schema", "vswitch.ovsschema")


def environment(rundir):
    """The environment in which stock tools find what runs in RUNDIR."""
    env = dict(os.environ)
    for name in "OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR":
        env[name] = rundir
    return env


def pmd_core():
    """The last core: packets there, everything else on the first."""
    return os.cpu_count() - 1


class Process:
    """A child that we start and end, and nobody else."""

    def __init__(self):
        self.child = None

    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def spawn(self, argv, env, output, **kwargs):
        with open(output, "ab") as out:
            self.child = subprocess.Popen(argv, env=env, stdout=out,
                                          stderr=out,
                                          stdin=subprocess.DEVNULL, **kwargs)

    def pause(self):
        """The process gets no processor until resume()."""
        self.child.send_signal(signal.SIGSTOP)

    def resume(self):
        if self.running():
            self.child.send_signal(signal.SIGCONT)

    def wait(self, timeout=20):
        """The exit status, once it has one."""
        return self.child.wait(timeout)

    def kill(self, signum=signal.SIGKILL):
        """Ends the child whatever state it is in."""
        if self.running():
            self.resume()
            self.child.send_signal(signum)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait(20)


class Database(Process):
    """A private ovsdb-server."""

    def __init__(self, space, schema_file):
        super().__init__()
        self.space = space
        self.env = environment(space.rundir)
        self.file = space.path("conf.db")
        self.socket = space.path("db.sock")
        self.remote = "unix:" + self.socket
        self.pidfile = space.path("ovsdb-server.pid")
        check(["ovsdb-tool", "create", self.file, schema_file])

    def start(self):
        self.spawn(["taskset", "-c", "0", "ovsdb-server", self.file,
                    "--remote=p" + self.remote, "--pidfile", "--no-chdir",
                    "--log-file", "-vsyslog:off", "-vconsole:off"],
                   self.env, self.space.path("ovsdb-server.out"))
        wait_until(self._listens, "the database")

    def _listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.socket) == 0

    def stop(self):
        if self.running():
            run(["ovs-appctl", "-t", "ovsdb-server", "exit"], env=self.env)
            self.wait()


class Daemon(Process):
    """The switch's daemon."""

    def __init__(self, space, remote, stock=None):
        super().__init__()
        self.space = space
        self.remote = remote
        self.binary = vswitchd(stock)
        self.env = environment(space.rundir)
        self.pidfile = space.path("ovs-vswitchd.pid")
        self.log = space.path("ovs-vswitchd.log")
        self.output = space.path("ovs-vswitchd.out")

    def argv(self, *options):
        """The command line, with OPTIONS after the database's address."""
        # The stock daemon takes its files' names from its own.
        alias = self.space.path("ovs-vswitchd")
        if not os.path.lexists(alias):
            os.symlink(os.path.abspath(self.binary), alias)
        return self.space.netns.prefix() + [
            alias, self.remote, "--no-chdir", "-vsyslog:off",
            "-vconsole:off"] + list(options)

    def start(self, *options, wait=True):
        self.spawn(self.argv("--pidfile", "--log-file", *options), self.env,
                   self.output)
        if wait:
            wait_until(self._answers, self._why_not, timeout=60)

    def _answers(self):
        assert self.running(), "the daemon ended at its start:\n%s" % (
            self.printed())
        return (os.path.exists(self.pidfile)
                and self.appctl("version").code == 0)

    def _why_not(self):
        return "the daemon to answer; it printed:\n" + self.printed()

    def printed(self):
        if not os.path.exists(self.output):
            return ""           # never started
        with open(self.output, errors="backslashreplace") as f:
            return f.read()

    def pmd_schedstat(self):
        """The file that says for how long the PMD thread, where there is one
        alone, was ready and had no processor; else None."""
        found = []
        for task in glob.glob("/proc/%d/task/*" % self.pid):
            with open(task + "/comm") as f:
                if f.read().startswith("pmd-"):
                    found.append(task + "/schedstat")
        return found[0] if len(found) == 1 else None

    def appctl(self, *words, timeout=60):
        return run(["ovs-appctl", "--timeout=%d" % timeout, *words],
                   env=self.env, timeout=timeout + 10)

    def not_crashed(self):
        return self.child is None or self.child.poll() in (None, 0)

    def exit(self):
        """`exit --cleanup`; returns the daemon's exit status."""
        said = self.appctl("exit", "--cleanup")
        assert said.code == 0, str(said)
        return self.wait(30)
