# SPDX-License-Identifier: Apache-2.0
#
# How much memory do many guests take?  In each model, with all connected.

import re

import pytest

pytestmark = [pytest.mark.ours, pytest.mark.hugepages(1000)]

MB = 1024 * 1024
GB_LIMIT = "1024"


def heap(sw):
    """Bytes that DPDK's heap takes from the system."""
    text = sw.appctl("dpdk/get-malloc-stats")
    return sum(int(n) for n in re.findall(r"Heap_size:(\d+)", text))


def connect(sw, n, mtu=None):
    """N guests, all connected, on sockets that the switch serves: guests that
    serve them would come up one a second."""
    sw.allow_log(r"\|WARN\|.*dpdkvhostuser is deprecated")
    ports = ["vh%d" % i for i in range(n)]
    request = " mtu_request=%d" % mtu if mtu else ""
    for port in ports:
        sw.vsctl("add-port br0 %s -- set Interface %s type=dpdkvhostuser%s"
                 % (port, port, request))
    sw.vhost_path = sw.space.path
    sw.peer(*ports, server=False,
            options="--total-num-mbufs=20000 --rxd=64 --txd=64")
    return ports


def errors(sw, ports):
    found = {p: sw.iface(p, "error") for p in ports}
    return {p: text for p, text in found.items() if text != "[]"}


def start(sw, **other_config):
    sw.start(**other_config)
    sw.add_bridge("br0")


def test_32_guests_in_40_MB(new_switch):
    """The shared pool, elastic; a fixed one takes 600 MB."""
    sw = new_switch
    start(sw, mempool_sizing="elastic")
    ports = connect(sw, 32)
    assert errors(sw, ports) == {}
    assert len({sw.pools(p)[0].name for p in ports}) == 1
    assert heap(sw) <= 40 * MB, heap(sw) / MB


def test_32_guests_each_its_own_pool(new_switch):
    """Per-port memory, elastic, in 1 GB: all are up."""
    sw = new_switch
    start(sw, mempool_sizing="elastic", per_port_memory="true",
          dpdk_socket_limit=GB_LIMIT)
    ports = connect(sw, 32)
    assert errors(sw, ports) == {}
    assert len({sw.pools(p)[0].name for p in ports}) == 32
    assert heap(sw) <= 1024 * MB


def test_8_guests_of_mtu_9000(new_switch):
    """Likewise with large frames."""
    sw = new_switch
    start(sw, mempool_sizing="elastic", per_port_memory="true",
          dpdk_socket_limit=GB_LIMIT)
    ports = connect(sw, 8, mtu=9000)
    assert errors(sw, ports) == {}
    assert len({sw.pools(p)[0].name for p in ports}) == 8


def test_fixed_pools_as_far_as_memory_goes(new_switch):
    """Per-port memory, fixed, in 1 GB: some of 32 are up; the others say what
    is missing, in bytes, and harm nobody."""
    sw = new_switch
    sw.expect_log(r"\|WARN\|Failed to create memory pool for netdev vh\d+.*"
                  r"bytes")
    sw.allow_log(r"\|WARN\|Port vh\d+: mempool \"\S+\" got 16384 of the "
                 r"20512 mbufs asked for")
    start(sw, per_port_memory="true", dpdk_socket_limit=GB_LIMIT)
    ports = connect(sw, 32)
    without = errors(sw, ports)
    up = [p for p in ports if p not in without]
    # A pool takes 48 MB for its mbufs and 3 MB for what is around them.
    assert 18 <= len(up) <= 24, up
    for text in without.values():
        assert re.search(r"on socket \d+: out of memory on socket \d+: 20512 "
                         r"mbufs \(\d+ bytes\)", text), text
    for port in up:
        assert sw.pools(port)[0]["populated_size"] in (20512, 16384)
    assert heap(sw) <= 1024 * MB
