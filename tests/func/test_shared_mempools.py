# SPDX-License-Identifier: Apache-2.0
#
# Settings of packet memory: what is said about them, right or wrong.

import re

import pytest

SET = r"\|netdev_dpdk\|INFO\|User configured shared mempool set for: MTU %s\."
NOT_USED = r"\|netdev_dpdk\|WARN\|User configured shared mempools will not " \
           r"be used\."
IGNORING = r"\|WARN\|Ignoring database defined option '%s' due to invalid " \
           r"value '%s'"


def pending(sw):
    return sw.appctl("sluice/pending-restart").splitlines()


# shared-mempool-config.

def test_the_list_is_in_the_log(new_switch):
    """NUMA ALL where no node is given; a node need not exist."""
    sw = new_switch
    sw.start(shared_mempool_config="9000,1500:0, 2000:7")
    for entry in "9000, NUMA ALL", "1500, NUMA 0", "2000, NUMA 7":
        assert sw.has_logged(SET % entry), entry
    assert not sw.has_logged(NOT_USED)


@pytest.mark.ours
def test_a_wrong_entry_harms_no_other(new_switch):
    sw = new_switch
    sw.expect_log(SET % "9000, NUMA ALL", SET % "1500, NUMA 0",
                  r'\|netdev_dpdk\|WARN\|shared-mempool-config: .*"junk"'
                  r".*68 to 9702",
                  r'\|netdev_dpdk\|WARN\|shared-mempool-config: .*"2000:1:2"'
                  r".*NUMA node",
                  r'\|netdev_dpdk\|WARN\|shared-mempool-config: .*"1500:0".*'
                  r"already")
    sw.start(shared_mempool_config="9000,1500:0,junk,2000:1:2,1500:0")
    assert not sw.has_logged(NOT_USED)
    assert not sw.has_logged(SET % "2000.*")


@pytest.mark.ours
def test_no_entry_is_right(new_switch):
    sw = new_switch
    sw.expect_log(r'\|WARN\|shared-mempool-config: .*"99999".*68 to 9702',
                  NOT_USED)
    sw.start(shared_mempool_config="99999")
    assert not sw.has_logged(SET % ".*")


@pytest.mark.ours
def test_the_list_is_not_for_per_port_memory(new_switch):
    """The stock daemon ignores it there without a word."""
    sw = new_switch
    sw.expect_log(r"Per port memory for DPDK devices enabled\.",
                  SET % "2500, NUMA ALL", NOT_USED)
    sw.start(per_port_memory="true", shared_mempool_config="2500")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    assert [pool["size"] for pool in sw.pools()] == [22560]


# Elastic sizing.

@pytest.mark.ours
def test_elastic_sizing_is_said(new_switch):
    sw = new_switch
    sw.expect_log(r"\|netdev_dpdk\|INFO\|Elastic sizing of mempools enabled")
    sw.start(mempool_sizing="elastic", mempool_max_mbufs="65536")
    assert not sw.has_logged("mempool-max-mbufs")


@pytest.mark.ours
def test_wrong_sizing(new_switch):
    sw = new_switch
    sw.expect_log(IGNORING % ("mempool-sizing", "rubber")
                  + r" .*fixed or elastic",
                  IGNORING % ("mempool-max-mbufs", "1023")
                  + r" .*1024 to 16777216")
    sw.start(mempool_sizing="rubber", mempool_max_mbufs="1023")
    assert not sw.has_logged("Elastic sizing")


@pytest.mark.ours
def test_a_limit_without_elastic_sizing(new_switch):
    sw = new_switch
    sw.expect_log(r"\|INFO\|mempool-max-mbufs is not used: mempool-sizing is "
                  r"fixed")
    sw.start(mempool_max_mbufs="65536")


# Read once, or not.

@pytest.mark.ours
def test_changes_wait_for_a_restart(new_switch):
    sw = new_switch
    sw.start(shared_mempool_config="9000")
    wanted = {"shared-mempool-config": ("9000", "9000,1500:0"),
              "mempool-sizing": (r"\(unset\)", "elastic"),
              "mempool-max-mbufs": (r"\(unset\)", "65536")}
    sw.expect_log(*[r"\|WARN\|other_config:%s is read once.* %s, .* for %s$"
                    % (key, running, value)
                    for key, (running, value) in wanted.items()])
    sw.vsctl(["set", "Open_vSwitch", "."] +
             ['other_config:%s="%s"' % (key, value)
              for key, (_, value) in wanted.items()])
    lines = pending(sw)
    assert len(lines) == len(wanted), lines
    for key, (running, value) in wanted.items():
        line, = [line for line in lines if key in line]
        assert re.search(r"%s.*%s" % (running, value), line), line
    # "fixed" is what an absent key means.
    sw.vsctl("set Open_vSwitch . other_config:mempool-sizing=fixed "
             "other_config:shared-mempool-config=9000 "
             "-- remove Open_vSwitch . other_config mempool-max-mbufs")
    assert pending(sw) == ["nothing pending"]


@pytest.mark.ours
def test_numa_fallback_waits_for_nothing(sw):
    sw.expect_log(r'\|WARN\|Open_vSwitch: mempool-numa-fallback "perhaps" is '
                  r"neither true nor false: using false")
    for value in "true", "false", "perhaps":
        sw.vsctl("set Open_vSwitch . other_config:mempool-numa-fallback="
                 + value)
        assert pending(sw) == ["nothing pending"]


# mempool-group.

@pytest.mark.ours
@pytest.mark.parametrize("name, why", [
    ("kernel", "is reserved for kernel-backed ports"),
    ("a b", "is no name of 1 to 64 printable ASCII characters"),
])
def test_a_group_name_that_is_refused(br0, name, why):
    """The port runs as if no group were set, and says why."""
    sw = br0
    sw.expect_log(r'\|WARN\|n0: mempool-group "%s" %s' % (name, why))
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.add_port("n1", "net_null1,no-rx=1")
    group = 'other_config:mempool-group="%s"' % name
    sw.vsctl(["set", "Interface", "n0", group])
    error = sw.iface("n0", "error")
    assert error.startswith('n0: mempool-group "%s" %s' % (name, why)), error
    assert int(sw.iface("n0", "ofport")) > 0
    assert len(sw.pools()) == 1
    # Set back, nothing is left of it.
    sw.vsctl("remove Interface n0 other_config mempool-group")
    assert sw.iface("n0", "error") == "[]"


@pytest.mark.ours
def test_a_group_name_is_acted_on(br0):
    """Of a port of any type, without an error or a remark."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1",
                options="other_config:mempool-group=noisy")
    sw.add_guest_port("vh0", options="other_config:mempool-group=private")
    sw.vsctl("set Interface br0 other_config:mempool-group=noisy")
    for port in "n0", "vh0", "br0":
        assert sw.iface(port, "error") == "[]"
    assert not sw.has_logged("mempool-group")


# mempool-numa-fallback.

@pytest.mark.ours
@pytest.mark.hugepages(560)
def test_numa_fallback_tries_again_what_failed(new_switch):
    """Not even the smallest pool for MTU 1500 fits into 30 MB."""
    sw = new_switch
    sw.allow_log(r"\|(WARN|ERR)\|.*Failed to create mem",
                 r"\|WARN\|n0: |\|WARN\|.*netdev n0")
    sw.start(dpdk_socket_limit="30")
    sw.add_bridge("br0")
    sw.vsctl_refused("add-port br0 n0 -- set Interface n0 type=dpdk "
                     "options:dpdk-devargs=net_null0,no-rx=1")

    def tries():
        return sum("Port n0: Requesting a mempool" in line
                   for line in sw.log.lines())
    before = tries()
    assert before > 0
    sw.vsctl("set Open_vSwitch . other_config:mempool-numa-fallback=true")
    assert tries() > before
