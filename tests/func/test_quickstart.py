# SPDX-License-Identifier: Apache-2.0
#
# ./quickstart itself, without its build and its installation: the daemon is
# the one under test.

import os
import re
import signal
import subprocess
import tempfile
import time

import pytest

from harness.command import run, wait_until
from harness.daemon import is_peer, schema, vswitchd

QUICKSTART = os.path.join(os.environ["abs_top_srcdir"], "quickstart")


@pytest.fixture
def env():
    """A folder of the test's own, in which quickstart makes its run folder
    and which nothing may be left of."""
    with tempfile.TemporaryDirectory(prefix="slq.", dir="/tmp") as own:
        bin_folder = os.path.join(own, "bin")
        os.mkdir(bin_folder)
        alias = os.path.join(bin_folder, "ovs-vswitchd")
        os.symlink(os.path.abspath(vswitchd()), alias)
        yield dict(os.environ, SLUICE_VSWITCHD=alias, SLUICE_SCHEMA=schema(),
                   TMPDIR=own)


def traces(env):
    """What quickstart has left: files, and processes that name them."""
    own = env["TMPDIR"]
    left = [name for name in os.listdir(own) if name != "bin"]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                if own.encode() in f.read():
                    left.append(pid)
        except OSError:
            continue
    return left


def test_usage():
    for option in "-h", "--help":
        result = run([QUICKSTART, option])
        assert result.code == 0 and "--no-hugepages" in result.out
    result = run([QUICKSTART, "--nonsense"])
    assert result.code == 2 and "usage:" in result.err and not result.out
    assert "--nonsense" in result.err
    assert run([QUICKSTART, "hugepages", "many"]).code == 2


def summary_adds_up(text):
    found = re.findall(r"^ *vh\d to vh\d  sent (\d+) = received (\d+) \+ in "
                       r"flight at the end (\d+) \+ lost (\d+)$", text, re.M)
    assert len(found) == 2, text
    for sent, received, flight, lost in (map(int, f) for f in found):
        assert sent == received + flight + lost and received > 0
        if not is_peer():
            assert lost == 0 and flight == 128


@pytest.mark.hugepages(600)
def test_shows_packets(env):
    result = run([QUICKSTART], env=env, timeout=120)
    assert result.code == 0, str(result)
    assert len(re.findall(r"^ +\d+ s +\d+\.\d\d +\d+\.\d\d +\d+ +\d+$",
                          result.out, re.M)) == 10, result.out
    summary_adds_up(result.out)
    assert re.search(r"^  \S+: 262144 mbufs of \d+ bytes$", result.out, re.M)
    assert not traces(env)


@pytest.mark.ours
def test_without_hugepages(env):
    result = run([QUICKSTART, "--no-hugepages"], env=env, timeout=120)
    assert result.code == 0, str(result)
    summary_adds_up(result.out)
    assert not traces(env)


@pytest.mark.hugepages(600)
def test_interrupted(env):
    """Ctrl-C while packets flow: all gone, exit status 130."""
    child = subprocess.Popen([QUICKSTART], env=env, text=True,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT,
                             start_new_session=True,
                             preexec_fn=_default_interrupt)
    for line in child.stdout:
        if re.match(r" +2 s ", line):
            break
    os.killpg(child.pid, signal.SIGINT)
    child.stdout.read()
    assert child.wait(30) == 130
    assert not traces(env)


def _default_interrupt():
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.hugepages(600)
def test_keep(env):
    """It goes on; what is printed looks around and then ends it all."""
    log = open("/dev/null")
    result = subprocess.run([QUICKSTART, "--keep"], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=log, timeout=120)
    assert result.returncode == 0, result.stdout
    look, stop = result.stdout.split("To look around:")[1].split(
        "To stop it all:")
    try:
        for line in look.strip().splitlines():
            if "less" in line:
                line = line.replace("less", "cat")
            export = look.strip().splitlines()[0]
            shown = run(["bash", "-c", export + "; " + line])
            assert shown.code == 0, str(shown)
        moving = [packets(look) for _ in range(2)
                  if not time.sleep(1)]
        assert moving[1] > moving[0]
    finally:
        export = look.strip().splitlines()[0]
        ended = run(["bash", "-c", export + "\n" + stop])
    assert ended.code == 0, str(ended)
    wait_until(lambda: not traces(env), "the end of all")


def packets(look):
    shown = run(["bash", "-c", look.strip().splitlines()[0]
                 + "; ovs-appctl dpif-netdev/pmd-stats-show"])
    return int(re.search(r"packets received: (\d+)", shown.out).group(1))
