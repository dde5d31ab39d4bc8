# SPDX-License-Identifier: Apache-2.0
#
# Every family of ovs-vsctl commands works without a complaint about the
# schema, against ours and against the distribution's.

import json

import pytest

from harness.daemon import STOCK_SCHEMA, schema

SCHEMAS = {"ours": schema, "the distribution's": lambda: STOCK_SCHEMA}

# Bridges, ports and interfaces; then what hangs on them; then the generic
# database commands.  Each line is typed as it stands.
COMMANDS = """
add-br br0 -- set Bridge br0 datapath_type=netdev
--may-exist add-br br0
add-br br1 -- set Bridge br1 datapath_type=netdev
list-br
br-exists br0
br-to-vlan br0
br-to-parent br0
br-set-external-id br0 who me
br-get-external-id br0 who
br-get-external-id br0
add-port br0 n0 -- set Interface n0 type=dpdk options:dpdk-devargs=net_ring0
--may-exist add-port br0 n0
add-port br0 n1 -- set Interface n1 type=dpdk options:dpdk-devargs=net_ring1
list-ports br0
list-ifaces br0
port-to-br n0
iface-to-br n0
--if-exists del-port br0 nosuch
del-port n1
add-br vlan9 br0 9
br-to-vlan vlan9
del-br vlan9
set-controller br0 ptcp:0:127.0.0.1
get-controller br0
del-controller br0
set-fail-mode br0 standalone
get-fail-mode br0
del-fail-mode br0
set-manager ptcp:0:127.0.0.1
get-manager
del-manager
set-ssl /nonexistent/key /nonexistent/cert /nonexistent/ca
get-ssl
del-ssl
add-aa-mapping br0 1001 10
get-aa-mapping br0
del-aa-mapping br0 1001 10
set Interface n0 external_ids:vm=a
get Interface n0 external_ids:vm
add Interface n0 external_ids nic=b
remove Interface n0 external_ids nic
clear Interface n0 external_ids
find Interface type=dpdk
--columns=name,ofport list Interface
wait-until Interface n0 ofport>0
comment nothing
--id=@m create Mirror name=m0 select-all=true -- set Bridge br1 mirrors=@m
clear Bridge br1 mirrors
--id=@q create Queue dscp=10 -- list Queue
--all destroy QoS
set Port n0 other_config:some-key=value
set Bridge br0 other_config:mac-aging-time=60
set Open_vSwitch . other_config:stats-update-interval=6000
--bare get Open_vSwitch . ovs_version
show
emer-reset
del-br br1
--if-exists del-br br1
"""


@pytest.mark.parametrize("which", SCHEMAS)
def test_every_command(make_switch, which):
    path = SCHEMAS[which]()
    sw = make_switch(schema_file=path)
    # Settings that are stored without being acted on are said in the log.
    sw.allow_log(r"\|WARN\|")
    sw.start()
    sw.allow_log(r"\|WARN\|Mirror m0 of bridge br1: set output_port or")
    for command in COMMANDS.strip().splitlines():
        result = sw.vsctl_result(command)
        assert result.code == 0 and not result.err, str(result)
    with open(path) as f:
        tables = json.load(f)["tables"]
    for table in tables:
        result = sw.vsctl_result(["list", table])
        assert result.code == 0 and not result.err, str(result)


def test_wait_until_in_force(br0):
    """ovs-vsctl returns when the change is in force, not before."""
    sw = br0
    for n in range(3):
        sw.add_port("n0", "net_null0,no-rx=1")
        assert "n0 " in sw.appctl("dpif/show")
        sw.vsctl("del-port n0")
        assert "n0 " not in sw.appctl("dpif/show")
    assert sw.vsctl("get Open_vSwitch . cur_cfg") == \
        sw.vsctl("get Open_vSwitch . next_cfg")


def test_no_wait_does_not_wait(br0):
    sw = br0
    sw.vsctl("--no-wait add-port br0 n0 -- set Interface n0 type=dpdk "
             "options:dpdk-devargs=net_null0,no-rx=1")
    sw.vsctl("wait-until Interface n0 ofport>0")


def test_types_are_announced(sw):
    types = sw.get("Open_vSwitch", ".", "iface_types").strip("[]").split(", ")
    for known in ("dpdk", "dpdkvhostuser", "dpdkvhostuserclient", "internal",
                  "patch", "system", "tap"):
        assert known in types
    assert "netdev" in sw.get("Open_vSwitch", ".", "datapath_types")


@pytest.mark.ours
def test_a_setting_not_acted_on_is_said_once(br0):
    """Stored, said once by table, record and key, and forgotten never."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.allow_log(r"\|WARN\|.*\bn0\b.*\blacp\b")
    sw.vsctl("set Port n0 lacp=active")
    sw.vsctl("set Port n0 external_ids:a=b")
    sw.vsctl("set Port n0 external_ids:a=c")
    said = [line for line in sw.log.lines()
            if "Port" in line and "n0" in line and "lacp" in line]
    assert len(said) == 1, said
    assert sw.vsctl("get Port n0 lacp") == "active"
