# SPDX-License-Identifier: Apache-2.0
#
# The fixtures of the functional tests, and what surrounds every test:
# hugepages for the session, the daemon's log in the report of a failure.

import os
import signal

import pytest

from harness import hugepages
from harness.daemon import is_peer, vswitchd
from harness.switch import Switch

# What a switch with its shared pool for MTU 1500 and a testpmd need.
USUAL_PAGES = 560


def _terminated(signum, frame):
    raise KeyboardInterrupt


def pytest_configure(config):
    # A run that is told to end cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, _terminated)
    config.addinivalue_line(
        "markers", "hugepages(pages): needs that many free 2 MB hugepages")
    config.addinivalue_line(
        "markers", "ours: a promise of Sluice's that the stock daemon does "
        "not make")
    config.addinivalue_line(
        "markers", "compare: a race against the stock daemon; takes a "
        "minute and wants a quiet machine")


def _pages_wanted(item):
    marks = [m.args[0] for m in item.iter_markers("hugepages")]
    return max(marks, default=0)


def pytest_collection_modifyitems(session, config, items):
    if not config.option.collectonly and items:
        wanted = max([USUAL_PAGES] + [_pages_wanted(i) for i in items])
        if hugepages.free() < wanted:
            hugepages.ensure(wanted)


def pytest_runtest_setup(item):
    if item.get_closest_marker("ours") and is_peer():
        pytest.skip("the stock daemon does not promise this")
    wanted = _pages_wanted(item)
    if hugepages.free() < wanted:
        pytest.skip("needs %d free 2 MB hugepages, there are %d"
                    % (wanted, hugepages.free()))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[BODY_FAILED] = report.failed
        item.parent.stash[BODY_FAILED] = (
            report.failed or item.parent.stash.get(BODY_FAILED, False))
    if report.failed:
        for sw in (item.stash.get(SWITCHES, [])
                   + item.parent.stash.get(SWITCHES, [])):
            report.sections.append(
                ("the end of the daemon's log", sw.log.tail() or sw.last_log))
            if sw.last_words:
                report.sections.append(
                    ("the end of what it printed", sw.last_words))


BODY_FAILED = pytest.StashKey()
SWITCHES = pytest.StashKey()


def _switches(node):
    """Makes switches for NODE, a test or a module, that end as every test
    must: see Switch.finish()."""
    made = node.stash[SWITCHES] = []

    def make(use_hugepages=None, **kwargs):
        if use_hugepages is None:
            use_hugepages = hugepages.free() >= USUAL_PAGES
        sw = Switch(use_hugepages, **kwargs)
        sw.last_log = sw.last_words = ""
        made.append(sw)
        return sw

    yield make
    problem = None
    for sw in made:
        try:
            if not node.stash.get(BODY_FAILED, True):
                sw.finish()
        except BaseException as error:
            problem = problem or error
        finally:
            sw.last_log = sw.log.tail()
            sw.last_words = sw.daemon.printed()[-8000:]
            sw.discard()
    if problem:
        raise problem


@pytest.fixture
def make_switch(request):
    yield from _switches(request.node)


@pytest.fixture(scope="module")
def make_shared_switch(request):
    """For tests that share one."""
    yield from _switches(request.node)


@pytest.fixture
def new_switch(make_switch):
    """A switch that has not been started."""
    return make_switch()


@pytest.fixture
def sw(new_switch):
    """A running switch with DPDK and no bridge."""
    new_switch.start()
    return new_switch


@pytest.fixture
def br0(sw):
    """A running switch with one bridge, br0."""
    sw.add_bridge("br0")
    return sw


@pytest.fixture
def per_port(new_switch):
    """A running switch with per-port memory and one bridge, br0."""
    sw = new_switch
    sw.expect_log(r"Per port memory for DPDK devices enabled\.")
    sw.start(per_port_memory="true")
    sw.add_bridge("br0")
    return sw


@pytest.fixture(scope="session", autouse=True)
def _a_daemon_to_test():
    if not os.access(vswitchd(), os.X_OK):
        pytest.exit("no daemon at %s: build first, or set SLUICE_VSWITCHD"
                    % vswitchd(), returncode=1)
