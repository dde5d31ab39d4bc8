# SPDX-License-Identifier: Apache-2.0
#
# DPDK is started by a key of the database, when that key first says so.

import re

import pytest


def eal_args(sw):
    """The EAL's words, as the log has them."""
    for line in sw.log.lines():
        if "EAL ARGS: " in line:
            return line.split("EAL ARGS: ")[1].rstrip(".")
    raise AssertionError("no EAL ARGS in the log")


def initialized(sw):
    return sw.get("Open_vSwitch", ".", "dpdk_initialized")


def test_a_healthy_start_says(sw):
    for line in (r"dpdk\|INFO\|DPDK Enabled - initializing\.\.\.",
                 r"dpdk\|INFO\|EAL ARGS: ovs-vswitchd ",
                 r"dpdk\|INFO\|DPDK Enabled - initialized",
                 r"Discovered \d+ NUMA nodes and \d+ CPU cores",
                 r"Per port memory for DPDK devices disabled\."):
        assert sw.has_logged(line), line
    assert initialized(sw) == "true"
    assert sw.get("Open_vSwitch", ".", "dpdk_version").startswith("DPDK ")


def test_without_dpdk(new_switch):
    sw = new_switch
    sw.start(dpdk=None)
    assert initialized(sw) == "false"
    sw.add_bridge("br0")            # internal ports need none
    sw.space.netns.ip("link show br0")


@pytest.mark.ours
def test_dpdk_after_the_start(new_switch):
    sw = new_switch
    sw.start(dpdk="false")
    sw.add_bridge("br0")
    sw.expect_log(r"WARN\|.*n0.*(dpdk-init|DPDK)")
    reason = sw.vsctl_refused("add-port br0 n0 -- set Interface n0 type=dpdk "
                              "options:dpdk-devargs=net_null0,no-rx=1")
    assert "dpdk-init" in reason
    assert sw.iface("n0", "ofport") == "-1"
    sw.vsctl("set Open_vSwitch . other_config:dpdk-init=true")
    assert initialized(sw) == "true"
    assert sw.iface("n0", "error") == "[]"
    assert int(sw.iface("n0", "ofport")) > 0


@pytest.mark.ours
def test_failing_eal_ends_the_daemon(new_switch):
    """The reason stands in one line, in the log."""
    sw = new_switch
    sw.expect_log(r"\|(EMER|ERR)\|.*(EAL|DPDK)")
    sw.allow_log(r"\|dpdk\|ERR\|EAL: ")
    sw.database.start()
    sw.vsctl("--no-wait init")
    sw.vsctl("--no-wait set Open_vSwitch . other_config:dpdk-init=true "
             "other_config:dpdk-extra='--no-such-word'")
    sw.daemon.start(wait=False)
    assert sw.daemon.wait(30) != 0
    said = [line for line in sw.log.lines() if "EMER" in line]
    assert len(said) == 1 and "no-such-word" in "\n".join(sw.log.lines())


@pytest.mark.ours
def test_try_goes_on_without_dpdk(new_switch):
    sw = new_switch
    sw.expect_log(r"\|(WARN|ERR)\|.*(DPDK|EAL)")
    sw.allow_log(r"\|dpdk\|ERR\|EAL: ")
    sw.start(dpdk="try", dpdk_extra="--no-such-word")
    assert initialized(sw) == "false"
    sw.add_bridge("br0")
    assert sw.iface("br0", "ofport") == "65534"


@pytest.mark.ours
def test_keys_become_eal_words(new_switch):
    sw = new_switch
    if not sw.use_hugepages:
        pytest.skip("without hugepages the heap's size is the test's own")
    sw.start(dpdk_lcore_mask="0x1", dpdk_socket_limit="2048",
             dpdk_alloc_mem="64")
    words = eal_args(sw)
    assert re.search(r"--lcores[ =]0@0\b", words), words
    assert re.search(r"--socket-limit[ =]2048\b", words), words
    assert re.search(r"-m 64\b", words), words
    assert "--in-memory" in words


@pytest.mark.ours
@pytest.mark.parametrize("mask", ["0x80000001", "xyz"])
def test_wrong_pmd_mask_at_the_start(new_switch, mask):
    """There are PMD threads all the same: the default ones."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*pmd-cpu-mask.*using the default")
    sw.start(pmd_cpu_mask=mask)
    sw.add_bridge()
    sw.add_port("n0", "net_null0,no-rx=1")
    shown = sw.appctl("dpif-netdev/pmd-rxq-show")
    assert shown.count("pmd thread") >= 1
    assert "port: n0 " in shown


@pytest.mark.ours
def test_an_invalid_mask_is_ignored_aloud(new_switch):
    sw = new_switch
    sw.expect_log(r"\|WARN\|Ignoring database defined option "
                  r"'dpdk-lcore-mask' due to invalid value '0x0'")
    sw.start(dpdk_lcore_mask="0x0")
    assert initialized(sw) == "true"


@pytest.mark.ours
def test_dpdk_extra_wins_aloud(new_switch):
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*dpdk-lcore-mask")
    sw.start(dpdk_extra=sw.dpdk_extra() + " -l 0", dpdk_lcore_mask="0x1")
    assert "--lcores" not in eal_args(sw)


@pytest.mark.ours
def test_one_excludes_the_other(new_switch):
    sw = new_switch
    if not sw.use_hugepages:
        pytest.skip("without hugepages the heap's size is the test's own")
    sw.expect_log(r"\|WARN\|.*dpdk-(alloc|socket)-mem")
    sw.start(dpdk_alloc_mem="64", dpdk_socket_mem="64")
    words = eal_args(sw)
    assert ("-m 64" in words) != ("--socket-mem" in words), words


@pytest.mark.ours
def test_pending_is_in_force_after_the_restart(sw):
    sw.expect_log(r"\|WARN\|.*per-port-memory.*(false|\(unset\)).*true",
                  r"Per port memory for DPDK devices enabled\.")
    sw.vsctl("set Open_vSwitch . other_config:per-port-memory=true")
    sw.restart_daemon()
    assert sw.appctl("sluice/pending-restart").strip() == "nothing pending"
