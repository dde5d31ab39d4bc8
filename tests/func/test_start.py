# SPDX-License-Identifier: Apache-2.0
#
# Starting and ending the daemon, as service files and operators do it.

import os
import pwd
import re
import resource
import signal

import pytest

from harness.command import run, wait_until
from harness.daemon import vswitchd
from harness.frames import BROADCAST, frame


def state_of(pid):
    """The process state letter, None when there is no such process."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def ended(pid):
    return state_of(pid) in (None, "Z", "X")


def field(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"^%s:\s+(.*)$" % name, f.read(), re.M).group(1)


def test_names_that_the_tools_expect(sw):
    with open(sw.space.path("ovs-vswitchd.pid")) as f:
        assert int(f.read()) == sw.daemon.pid
    assert os.path.exists(sw.space.path("ovs-vswitchd.%d.ctl"
                                        % sw.daemon.pid))
    assert os.path.exists(sw.space.path("ovs-vswitchd.log"))
    # ovs-appctl without -t, as an operator types it.
    assert sw.appctl("version").startswith("ovs-vswitchd (")


def test_version_and_help():
    for option in "--version", "-V", "--help", "-h":
        result = run([vswitchd(), option])
        assert result.code == 0 and result.out, str(result)
    assert "--detach" in run([vswitchd(), "--help"]).out


@pytest.mark.parametrize("words", [["--no-such-option"], ["a", "b"]])
def test_wrong_command_line(words):
    result = run([vswitchd()] + words)
    assert result.code not in (0, None) and result.err, str(result)


@pytest.mark.ours
def test_as_many_descriptors_as_allowed(new_switch):
    """A service manager gives a process few; how many it may have it says,
    too."""
    sw = new_switch
    few, most = 256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert few < most
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
    try:
        sw.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert resource.prlimit(sw.daemon.pid, resource.RLIMIT_NOFILE) == (most,
                                                                       most)
    sw.expect_log(r"\|INFO\|raised the limit of file descriptors from %d to "
                  r"%d" % (few, most))
    # A limit that needs no change needs no word.
    os.truncate(sw.daemon.log, 0)
    sw.log.expected.clear()
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        sw.restart_daemon()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert not sw.has_logged("limit of file descriptors")


def test_detach_and_terminate(new_switch):
    sw = new_switch
    sw.database.start()
    sw.vsctl("--no-wait init")
    started = sw.run(sw.daemon.argv("--detach", "--pidfile", "--log-file",
                                    "--mlockall", "--disable-system"))
    assert started.code == 0, str(started)
    with open(sw.daemon.pidfile) as f:
        pid = int(f.read())
    assert field(pid, "VmLck") != "0 kB"
    sw.add_bridge("br0")            # it works at once
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: ended(pid), "the daemon's end")
    assert not os.path.exists(sw.daemon.pidfile)


@pytest.mark.ours
def test_sigterm_closes_ports(br0):
    sw = br0
    sw.expect_log(r"WARN\|.*dpdkvhostuser.*deprecated")
    sw.vsctl("add-port br0 vs0 -- set Interface vs0 type=dpdkvhostuser")
    assert os.path.exists(sw.space.path("vs0"))
    sw.daemon.child.send_signal(signal.SIGTERM)
    assert sw.daemon.wait() == 0
    assert not os.path.exists(sw.space.path("vs0"))


def test_exit_without_cleanup(br0):
    sw = br0
    assert sw.daemon.appctl("exit").code == 0
    assert sw.daemon.wait() == 0


def test_second_instance_is_refused(sw):
    second = sw.run(sw.daemon.argv("--pidfile",
                                   "--log-file=" + sw.space.path("2.log")))
    assert second.code not in (0, None)
    assert "ovs-vswitchd.pid" in second.err and "running" in second.err
    assert sw.daemon.running()
    sw.add_bridge("br0")            # the first is as it was


@pytest.mark.hugepages(900)
def test_two_switches_side_by_side(make_switch):
    """Each with its own run folder; neither disturbs the other."""
    switches = [make_switch(), make_switch()]
    f = frame(BROADCAST, "02:aa:00:00:00:01")
    wires = []
    for sw in switches:
        sw.start()
        sw.add_bridge("br0")
        wires.append([sw.add_wire("p0"), sw.add_wire("p1")])
    for p0, p1 in wires:
        p0.send(f)
        assert p1.receive() == [f]
    assert switches[0].daemon.exit() == 0
    p0, p1 = wires[1]
    p0.send(f)
    assert p1.receive() == [f]


def test_places_named_on_the_command_line(new_switch):
    sw = new_switch
    pidfile, log = sw.space.path("my.pid"), sw.space.path("my.log")
    control = sw.space.path("my.ctl")
    sw.database.start()
    sw.vsctl("--no-wait init")
    sw.daemon.spawn(sw.daemon.argv("--pidfile=" + pidfile,
                                   "--log-file=" + log,
                                   "--unixctl=" + control),
                    sw.daemon.env, sw.daemon.output)
    sw.log.path = log
    wait_until(lambda: os.path.exists(pidfile) and os.path.exists(control),
               "its files")
    sw.add_bridge("br0")
    said = sw.run(["ovs-appctl", "-t", control, "exit", "--cleanup"])
    assert said.code == 0, str(said)
    assert sw.daemon.wait() == 0
    assert os.path.exists(log) and not os.path.exists(pidfile)


def test_as_an_ordinary_user(new_switch):
    sw = new_switch
    nobody = pwd.getpwnam("nobody")
    sw.database.start()
    sw.vsctl("--no-wait init")
    os.chown(sw.space.rundir, nobody.pw_uid, nobody.pw_gid)
    os.chmod(sw.database.socket, 0o777)
    sw.daemon.start("--user=nobody:nogroup")
    assert field(sw.daemon.pid, "Uid").split() == [str(nobody.pw_uid)] * 4
    # It may still make the bridge's kernel device.
    sw.add_bridge("br0")
    sw.space.netns.ip("link show br0")
