# SPDX-License-Identifier: Apache-2.0
#
# The database comes late, goes, comes back, or is a foreign one.

import json
import os

import pytest

from harness.command import check
from harness.daemon import schema
from harness.frames import frame

A, B = "02:aa:00:00:00:01", "02:bb:00:00:00:01"


def goes_away(sw):
    """The library may say at WARN how it found its connection closed."""
    sw.allow_log(r"\|(jsonrpc|reconnect)\|WARN\|")
    sw.database.stop()


def forwards(sw):
    """True if a frame goes both ways between the test's two wires."""
    p0, p1 = sw.wires
    for wire in sw.wires:
        wire.flush()
    p0.send(frame(B, A, "there"))
    p1.send(frame(A, B, "back"))
    return (p1.receive() == [frame(B, A, "there")]
            and p0.receive() == [frame(A, B, "back")])


def times(sw, expression):
    return sum(1 for line in sw.log.lines() if expression in line)


def test_database_comes_after_the_daemon(new_switch):
    sw = new_switch
    sw.daemon.start()
    sw.database.start()
    sw.vsctl("--no-wait init")
    sw.add_bridge("br0")
    assert sw.iface("br0", "ofport") == "65534"


def test_database_restarts(br0):
    sw = br0
    sw.add_wire("p0")
    sw.add_wire("p1")
    assert forwards(sw)
    connected = times(sw, "db.sock: connected")
    goes_away(sw)
    assert forwards(sw)
    sw.database.start()
    sw.settle()                     # reconnected, and acts again
    assert forwards(sw)
    assert times(sw, "db.sock: connected") == connected + 1
    sw.vsctl("del-port br0 p1")
    sw.appctl("version")


def test_change_while_the_daemon_was_away(br0):
    """What is changed while there is no connection is done afterwards."""
    sw = br0
    sw.add_wire("p0")
    sw.add_wire("p1")
    sw.add_port("n0", "net_null0,no-rx=1")
    goes_away(sw)
    # Offline, in the file: the port n0 goes.
    rows = json.loads(check(["ovsdb-tool", "query", sw.database.file,
                             json.dumps(["Open_vSwitch", {
                                 "op": "select", "table": "Port",
                                 "where": [["name", "==", "n0"]],
                                 "columns": ["_uuid"]}])]))
    check(["ovsdb-tool", "transact", sw.database.file, json.dumps([
        "Open_vSwitch", {
            "op": "mutate", "table": "Bridge",
            "where": [["name", "==", "br0"]],
            "mutations": [["ports", "delete",
                           rows[0]["rows"][0]["_uuid"]]]}])])
    sw.database.start()
    sw.settle()
    assert "n0" not in sw.appctl("dpif/show")
    assert forwards(sw)


@pytest.mark.ours
def test_database_vanishes_for_good(br0):
    sw = br0
    sw.add_wire("p0")
    sw.add_wire("p1")
    goes_away(sw)
    os.unlink(sw.database.file)
    assert forwards(sw)
    assert "p1" in sw.appctl("dpif/show")
    # finish() now ends the daemon without a database.


FOREIGN = {
    "another database": {
        "name": "Elsewhere", "version": "1.0.0",
        "tables": {"T": {"columns": {"c": {"type": "string"}}}}},
    "other columns": {
        "name": "Open_vSwitch", "version": "1.0.0",
        "tables": {"Open_vSwitch": {"columns": {"c": {"type": "string"}}}}},
}


@pytest.mark.ours
@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_schema(make_switch, kind, tmp_path):
    """A clear error, the daemon alive; a right database is then used."""
    foreign = tmp_path / "foreign.ovsschema"
    foreign.write_text(json.dumps(FOREIGN[kind]))
    sw = make_switch(schema_file=str(foreign))
    sw.expect_log(r"\|ERR\|.*(schema|database)")
    # The library counts what it misses.
    sw.allow_log(r"\|ovsdb_idl\|WARN\|")
    sw.database.start()
    sw.daemon.start()
    sw.wait_log(r"\|ERR\|")
    assert len(sw.log.loud()) == 0, "one clear line, not more"
    assert sw.daemon.running()
    goes_away(sw)
    os.unlink(sw.database.file)
    check(["ovsdb-tool", "create", sw.database.file, schema()])
    sw.database.start()
    sw.vsctl("--no-wait init")
    sw.add_bridge("br0")
