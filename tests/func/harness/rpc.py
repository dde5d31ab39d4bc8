# SPDX-License-Identifier: Apache-2.0
#
# How does a test speak with a server of JSON-RPC without a process?
#
# A Rpc asks the database or the daemon's control socket what ovs-vsctl and
# ovs-appctl would ask, a hundred times as fast.  Transactor changes a
# database and waits until the daemon has acted on it.

import json
import socket
import time


class Rpc:
    """A connection to the socket PATH."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self._number = 0
        self._text = ""
        self._decode = json.JSONDecoder().raw_decode

    def call(self, method, *params, timeout=60):
        """The result, or AssertionError with what went wrong."""
        self._number += 1
        self._send(id=self._number, method=method, params=params)
        end = time.monotonic() + timeout
        while True:
            message = self.read(end)
            if message.get("id") == self._number and "result" in message:
                assert message.get("error") is None, (
                    "%s %s: %s" % (method, params, message["error"]))
                return message["result"]

    def _send(self, **message):
        self.socket.sendall(json.dumps(message).encode())

    def read(self, end):
        """The next message; notifications are also given to heard()."""
        while True:
            text = self._text.lstrip()
            try:
                message, at = self._decode(text)
            except ValueError:
                self._fill(end)
                continue
            self._text = text[at:]
            if message.get("method") == "echo":
                self._send(id=message["id"], result=message["params"],
                           error=None)
                continue
            if "method" in message:
                self.heard(message)
            return message

    def _fill(self, end):
        self.socket.settimeout(max(0.001, end - time.monotonic()))
        try:
            more = self.socket.recv(1 << 20)
        except TimeoutError:
            raise AssertionError("the server gave no answer") from None
        assert more, "the server has hung up"
        self._text += more.decode()

    def heard(self, message):
        """For notifications."""

    def close(self):
        self.socket.close()


def set_of(values):
    return ["set", sorted(values)]


def map_of(**values):
    """With _ for -."""
    return ["map", [[k.replace("_", "-"), v] for k, v in values.items()]]


class Transactor(Rpc):
    """Changes the Open_vSwitch database.  `links` is {interface: its
    link_state}."""

    def __init__(self, path):
        super().__init__(path)
        self.links = {}
        self._names = {}
        self.cur_cfg = 0
        self._update(self.call("monitor", "Open_vSwitch", None, {
            "Open_vSwitch": {"columns": ["cur_cfg"]},
            "Interface": {"columns": ["name", "link_state"]}}))

    def heard(self, message):
        if message["method"] == "update":
            self._update(message["params"][1])

    def _update(self, tables):
        for row in tables.get("Open_vSwitch", {}).values():
            self.cur_cfg = row["new"]["cur_cfg"]
        for uuid, row in tables.get("Interface", {}).items():
            new = row.get("new")
            if new:
                self._names[uuid] = new["name"]
                self.links[new["name"]] = new["link_state"]
            else:
                self.links.pop(self._names.pop(uuid), None)

    def commit(self, operations):
        """Returns when the change is in force, with the result of each
        operation."""
        results = self.call("transact", "Open_vSwitch", *operations, {
            "op": "mutate", "table": "Open_vSwitch", "where": [],
            "mutations": [["next_cfg", "+=", 1]]}, {
            "op": "select", "table": "Open_vSwitch", "where": [],
            "columns": ["next_cfg"]})
        for result in results:
            assert result and "error" not in result, results
        wanted = results[-1]["rows"][0]["next_cfg"]
        self.wait(lambda: self.cur_cfg >= wanted, "cur_cfg %d" % wanted)
        return results

    def uuids(self, table):
        """{name: ["uuid", ...]} of all rows."""
        rows = self.call("transact", "Open_vSwitch", {
            "op": "select", "table": table, "where": [],
            "columns": ["_uuid", "name"]})[0]["rows"]
        return {row["name"]: row["_uuid"] for row in rows}

    def wait(self, condition, what, timeout=60):
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, "waited for " + what
            self.read(end)
