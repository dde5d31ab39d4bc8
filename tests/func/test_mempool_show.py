# SPDX-License-Identifier: Apache-2.0
#
# What an operator sees of packet memory: mempool-show, Interface.status, the
# switch's statistics, telemetry; and that they agree.

import json
import os
import re
import time

import pytest

from harness.command import wait_until
from harness.telemetry import STOCK_CLIENT, Telemetry

pytestmark = pytest.mark.ours

# Mbufs of the bridge's own port, whose pool is elastic in every model: 2,816
# by the ledger (test_elastic.py), in whole chunks.
KERNEL = 4 * 885


def show(sw, pool=""):
    """The pools of mempool-show --json."""
    return json.loads(sw.appctl("netdev-dpdk/mempool-show --json %s"
                                % pool))["pools"]


def status(sw, port):
    """The part of Interface.status about the mempool, without "mempool_"."""
    return {key.replace("mempool_", ""): value for key, value in
            sw.map_of("Interface", port, "status").items()
            if key.startswith("mempool")}


def rows(text):
    """The lines of a table as dictionaries.  Headings have one space inside,
    two between them."""
    lines = text.splitlines()
    heads = re.split(r"  +", lines[0].strip())
    return [dict(zip(heads, re.split(r"  +", line.strip())))
            for line in lines[1:]]


@pytest.fixture
def two(br0):
    """Two ports with one pool, and no traffic."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1")
    sw.add_port("n1", "net_null1,no-rx=1")
    return sw


def test_text_and_json_agree_with_dump(two):
    sw = two
    dump, = sw.pools("n0")
    pool, = [p for p in show(sw) if p["group"] == ""]
    assert pool["name"] == dump.name
    assert pool["room"] == dump["size"] == pool["asked"] == 262144
    assert pool["populated"] == dump["populated_size"] == pool["granted"]
    assert pool["elt_size"] == dump["elt_size"]
    assert dump.count() == (pool["populated"] - pool["in_use"],
                            pool["in_use"])
    assert pool["ports"] == ["n0", "n1"] and pool["refs"] == 2
    assert pool["state"] == "ok" and pool["failures"] == 0
    assert pool["bytes"] > pool["populated"] * pool["elt_size"]
    assert "holders" not in pool

    kernel, = [p for p in show(sw) if p["group"] == "kernel"]
    assert kernel["ports"] == ["br0"] and kernel["populated"] == KERNEL

    text = rows(sw.appctl("netdev-dpdk/mempool-show"))
    assert [r["pool"] for r in text] == [p["name"] for p in show(sw)]
    row, = [r for r in text if r["pool"] == pool["name"]]
    assert row["group"] == "shared" and row["socket"] == str(pool["socket"])
    assert row["adj. MTU"] == "2030" and row["state"] == "ok"
    assert row["asked"] == row["mbufs"] == row["room"] == "262144"
    assert row["MiB"] == "%.1f" % (pool["bytes"] / 2**20)


def test_one_pool_with_its_holders(two):
    """A mempool's name and those of its ports name the same."""
    sw = two
    name = sw.pools("n0")[0].name
    by_name, = show(sw, name)
    for port in "n0", "n1":
        by_port, = show(sw, port)
        assert by_port["name"] == name
    holders = by_name["holders"]
    assert [p["port"] for p in holders["ports"]] == ["n0", "n1"]
    assert all(p["tx_holds"] == 0 and not p["gone"]
               for p in holders["ports"])
    assert (holders["free"] + holders["cached"] + holders["unaccounted"]
            + sum(p["rx_holds"] for p in holders["ports"])) == 262144

    text = sw.appctl("netdev-dpdk/mempool-show n0")
    table, ports = text.split("\n\n")[:2]
    assert rows(table)[0]["pool"] == name
    assert [r["port"] for r in rows(ports)] == ["n0", "n1"]
    assert re.search(r"^of 262144 mbufs: free \d+, cached \d+, rx \d+, "
                     r"tx 0, unaccounted \d+$", text, re.M)
    # Ports that are not DPDK's have memory, too.
    assert "-kernel" in sw.appctl("netdev-dpdk/mempool-show br0")


def test_errors_name_what_was_asked_for(br0):
    sw = br0
    sw.add_guest_port("vh0")
    assert sw.appctl_refused("netdev-dpdk/mempool-show vh0") == (
        "vh0 has no mempool: it takes one when its guest connects")
    assert sw.appctl_refused("netdev-dpdk/mempool-show nosuch").startswith(
        "nosuch: there is no mempool of that name")
    assert sw.appctl_refused("netdev-dpdk/mempool-show a b").startswith(
        "unexpected argument 'b'")
    assert status(sw, "vh0") == {}


def test_status_of_a_shared_pool(two):
    sw = two
    pool, = show(sw, "n0")
    for port in "n0", "n1":
        s = status(sw, port)
        low_water = int(s.pop("low_water"))
        in_use = int(s.pop("in_use"))
        assert s == {"mempool": pool["name"], "group": "shared",
                     "mbufs": "262144", "mbufs_wanted": "262144",
                     "state": "ok"}
        assert 0 <= in_use <= 262144 - low_water
    assert status(sw, "br0")["group"] == "kernel"


def test_status_in_per_port_memory(new_switch):
    sw = new_switch
    sw.start(per_port_memory="true")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    s = status(sw, "n0")
    assert s["group"] == "private" and s["mbufs"] == "22560"
    row, = [r for r in rows(sw.appctl("netdev-dpdk/mempool-show"))
            if r["pool"] == s["mempool"]]
    assert row["group"] == "n0 (private)"


@pytest.mark.hugepages(300)
def test_status_says_when_memory_was_short(new_switch):
    sw = new_switch
    sw.expect_log(r"\|WARN\|.*131072 of the 262144 mbufs asked for")
    sw.start(dpdk_socket_limit="400")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    s = status(sw, "n0")
    assert s["state"] == "degraded"
    assert (s["mbufs"], s["mbufs_wanted"]) == ("131072", "262144")
    pool, = show(sw, "n0")
    assert pool["degraded"] and pool["granted"] == 131072


def test_totals_of_the_switch(two):
    """Open_vSwitch.statistics adds up what mempool-show lists."""
    sw = two
    pools = show(sw)
    socket = pools[0]["socket"]
    said = sw.map_of("Open_vSwitch", ".", "statistics")
    total = "mempool_socket%d_" % socket
    assert int(said[total + "pools"]) == len(pools) == 2
    assert int(said[total + "mbufs"]) == 262144 + KERNEL
    assert int(said[total + "bytes"]) == sum(p["bytes"] for p in pools)
    assert int(said[total + "in_use"]) < 262144
    # A pool that goes, goes from there at once.
    sw.vsctl("del-port n0 -- del-port n1")
    wait_until(lambda: sw.map_of("Open_vSwitch", ".", "statistics")[
        total + "pools"] == "1", "the pool to be gone", 4)


def test_traffic_does_not_keep_the_database_busy(new_switch):
    """Mbufs in use change all the time, the status with the statistics."""
    sw = new_switch
    sw.start(stats_update_interval="60000")
    sw.add_bridge("br0")
    sw.add_port("source", "net_null0")
    sw.add_port("sink", "net_null1,no-rx=1")

    def transactions():
        with open(sw.database.file, encoding="utf-8") as f:
            return sum(1 for line in f if line.startswith("OVSDB JSON"))

    def quiet():
        before = transactions()
        time.sleep(1)
        return transactions() == before
    wait_until(quiet, "the last change to be written", 20)
    before = transactions()
    time.sleep(4)
    assert transactions() == before
    # It is traffic that was there to be seen.
    seen = {show(sw, "source")[0]["in_use"] for _ in range(20)}
    assert len(seen) > 1 or max(seen) > 0


def test_telemetry(two):
    sw = two
    pool, = show(sw, "n0")
    telemetry = Telemetry(sw.space.id)
    listed = telemetry.ask("/sluice/mempool/list")
    assert sorted(listed) == sorted(p["name"] for p in show(sw))
    info = telemetry.ask("/sluice/mempool/info", pool["name"])
    assert info == telemetry.ask("/sluice/mempool/info", "n1")
    for key in ("name", "group", "socket", "adjusted_mtu", "asked", "granted",
                "populated", "room", "need", "failures", "elt_size", "bytes",
                "refs", "state"):
        assert info[key] == pool[key], key
    assert info["degraded"] == 0 and info["n_ports"] == 2
    ports = telemetry.ask("/sluice/mempool/ports", pool["name"])
    assert ports["ports"] == ["n0", "n1"]
    assert len(ports["rx_may"]) == len(ports["tx_may"]) == 2
    assert telemetry.ask("/sluice/mempool/info", "nosuch") is None
    assert telemetry.ask("/sluice/mempool/info") is None

    # A change is there within a second.
    sw.vsctl("del-port n1")
    wait_until(lambda: telemetry.ask("/sluice/mempool/ports", "n0")["ports"]
               == ["n0"], "n1 to be gone from telemetry", 2)
    telemetry.close()


@pytest.mark.skipif(not os.path.exists(STOCK_CLIENT),
                    reason="dpdk-telemetry.py is not installed")
def test_telemetry_with_the_stock_client(two):
    sw = two
    telemetry = Telemetry(sw.space.id)
    said = telemetry.ask_stock("/sluice/mempool/info,n0")
    assert said["/sluice/mempool/info"]["populated"] == 262144
    telemetry.close()
