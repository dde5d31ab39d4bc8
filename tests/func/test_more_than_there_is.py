# SPDX-License-Identifier: Apache-2.0
#
# More hugepages are asked for than there are.

import pytest

from harness import hugepages

pytestmark = pytest.mark.ours


def test_at_the_start(new_switch):
    """The daemon says so in clear words and ends, or goes on with `try`."""
    sw = new_switch
    sw.expect_log(r"\|(EMER|ERR)\|.*(hugepage|memory)")
    sw.allow_log(r"\|dpdk\|ERR\|EAL: ")
    sw.database.start()
    sw.vsctl("--no-wait init")
    much = hugepages.total() * 2 + 100000
    sw.vsctl("--no-wait set Open_vSwitch . other_config:dpdk-init=true "
             "other_config:dpdk-alloc-mem=%d "
             "other_config:dpdk-extra='--no-pci --file-prefix=%s'"
             % (much, sw.space.id))
    sw.daemon.start(wait=False)
    assert sw.daemon.wait(60) != 0


def test_at_the_start_with_try(new_switch):
    sw = new_switch
    sw.expect_log(r"\|(WARN|ERR)\|.*(hugepage|memory)")
    sw.allow_log(r"\|dpdk\|ERR\|EAL: ")
    much = hugepages.total() * 2 + 100000
    sw.start(dpdk="try", dpdk_alloc_mem=str(much),
             dpdk_extra="--no-pci --file-prefix=" + sw.space.id)
    assert sw.get("Open_vSwitch", ".", "dpdk_initialized") == "false"
    sw.add_bridge("br0")


@pytest.mark.hugepages(60)
def test_for_a_port(new_switch):
    """A port for which not even the smallest pool fits says what is
    missing; the one that runs goes on."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*n1.*bytes")
    sw.allow_log(r"\|(WARN|ERR)\|.*(mempool|memory pool)")
    sw.start(per_port_memory="true", dpdk_socket_limit="90")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    reason = sw.vsctl_refused("add-port br0 n1 -- set Interface n1 type=dpdk "
                              "options:dpdk-devargs=net_null1,no-rx=1")
    assert "bytes" in reason and "socket" in reason, reason
    assert sw.iface("n1", "ofport") == "-1"
    assert int(sw.iface("n0", "ofport")) > 0
    # Once there is room, it comes up by itself.
    sw.vsctl("del-port n0")
    sw.vsctl("--timeout=20 wait-until Interface n1 ofport>0")
    assert sw.iface("n1", "error") == "[]"
