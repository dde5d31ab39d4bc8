# SPDX-License-Identifier: Apache-2.0
#
# How are many bridges, configured in one transaction, given frames at once?
#
# Ports are dpdkvhostuserclient ports with guests in the test's own process
# (guest.py), so that frames pass byte for byte, tags of every type among them,
# and a burst is a burst.  A bridge's local port is seen at its kernel device.
#
# Nobody waits for a fixed time: a guest's frames are done with when a frame
# that nobody forwards, sent after the switch took them, was taken too, since
# a receive queue is polled again only when all of a burst was sent.

import os
import time

from .frames import Device
from .guest import DESC, NET_HEADER, PHYSICAL, Guest, accept, listen
from .rpc import Rpc, Transactor, map_of, set_of

RING = 512
RUNT = bytes(13)


class BurstGuest(Guest):
    def burst(self, frames):
        """Makes FRAMES available at one moment."""
        ring = self.tx_ring()
        for frame in frames:
            i = ring.next_avail % ring.size
            at, length = ring.buffer(i), NET_HEADER + len(frame)
            self.memory.map[at:at + length] = bytes(NET_HEADER) + frame
            DESC.pack_into(self.memory.map, ring.desc + DESC.size * i,
                           PHYSICAL + at, length, 0, 0)
            ring.put_avail(ring.next_avail, i)
            ring.next_avail = (ring.next_avail + 1) & 0xffff
        ring.set_avail_index(ring.next_avail)

    def taken(self):
        ring = self.tx_ring()
        return ring.used_index() == ring.next_avail

    def all_received(self):
        frames = []
        while True:
            frame = self.get()
            if frame is None:
                return frames
            frames.append(frame)


def port_row(port):
    """A reference Port as the database has it."""
    return {"vlan_mode": port.vlan_mode or ["set", []],
            "tag": ["set", []] if port.tag is None else port.tag,
            "trunks": set_of(port.trunks), "cvlans": set_of(port.cvlans),
            "protected": port.protected,
            "other_config": map_of(priority_tags=port.priority_tags,
                                   qinq_ethtype=port.qinq_ethtype)}


class BridgeRig:
    """Bridges NAMES of the running switch SW, each with its local port.

    Changes gather in a transaction, until commit()."""

    def __init__(self, sw, names):
        self.sw = sw
        sw.allow_log(r"VHOST_CONFIG: \(\S*\) failed to connect")
        sw.peers.append(self)
        sw.vsctl(" -- ".join(
            "add-br %s -- set Bridge %s datapath_type=netdev "
            "other_config:mac-aging-time=3600" % (b, b) for b in names))
        self.db = Transactor(sw.database.socket)
        self.control = Rpc(sw.space.path("ovs-vswitchd.%d.ctl"
                                         % sw.daemon.pid))
        self.rows = self.db.uuids("Port")
        self.locals = {}
        for name in names:
            device = Device(sw.space.netns, name)
            sw.wires.append(device)
            self.locals[name] = device
        self.guests, self._listeners, self._gone = {}, {}, []
        self._numbers = {name: "LOCAL" for name in names}
        self._operations, self._new = [], []
        for name in names:
            self.db.wait(lambda: self.db.links.get(name) == "up",
                         "the link of " + name)

    # Settings.

    def _operate(self, operation, table, **rest):
        self._operations.append(dict(op=operation, table=table, **rest))

    def _update(self, table, name, row):
        self._operate("update", table, where=[["name", "==", name]], row=row)

    def add_port(self, bridge, name, number, port, **interface):
        """With OpenFlow port number NUMBER.  INTERFACE: its columns."""
        alias = "port_%d" % len(self._operations)
        self._operate("insert", "Interface", row=dict(
            interface, name=name, ofport_request=number),
            **{"uuid-name": alias + "_if"})
        self._operate("insert", "Port", row=dict(
            port_row(port), name=name,
            interfaces=["named-uuid", alias + "_if"]),
            **{"uuid-name": alias})
        self._new.append((len(self._operations) - 1, name))
        self.rows[name] = ["named-uuid", alias]
        self._numbers[name] = str(number)
        self._mutate_ports(bridge, "insert", name)

    def add_guest(self, bridge, name, number, port):
        path = self.sw.vhost_path(name)
        self._listeners[name] = listen(path)
        self.add_port(bridge, name, number, port, type="dpdkvhostuserclient",
                      options=["map", [["vhost-server-path", path]]])

    def add_patch(self, bridge, name, number, port, peer):
        self.add_port(bridge, name, number, port, type="patch",
                      options=map_of(peer=peer))

    def del_port(self, bridge, name):
        self._mutate_ports(bridge, "delete", name)
        del self.rows[name], self._numbers[name]
        if name in self.guests:
            self._gone.append(name)

    def _mutate_ports(self, bridge, how, name):
        self._operate("mutate", "Bridge", where=[["name", "==", bridge]],
                      mutations=[["ports", how, self.rows[name]]])

    def set_port(self, name, port):
        self._update("Port", name, port_row(port))

    def set_bridge(self, name, reference):
        """All that REFERENCE says beside its ports."""
        mirrors = []
        for m in reference.mirrors:
            alias = "mirror_%d" % len(self._operations)
            self._operate("insert", "Mirror", row=self._mirror_row(m),
                          **{"uuid-name": alias})
            mirrors.append(["named-uuid", alias])
        self._update("Bridge", name, {
            "mirrors": ["set", mirrors],
            "flood_vlans": set_of(reference.flood_vlans),
            "other_config": map_of(
                mac_aging_time="3600",
                mac_table_size=str(reference.table_size),
                forward_bpdu=str(reference.forward_bpdu).lower())})

    def _mirror_row(self, m):
        row = {"name": "m", "select_all": m.select_all,
               "select_src_port": ["set", [self.rows[p] for p in sorted(
                   m.select_src)]],
               "select_dst_port": ["set", [self.rows[p] for p in sorted(
                   m.select_dst)]],
               "select_vlan": set_of(m.select_vlan)}
        if m.output_port:
            row["output_port"] = self.rows[m.output_port]
        if m.output_vlan:
            row["output_vlan"] = m.output_vlan
        if m.snaplen:
            row["snaplen"] = m.snaplen
        return row

    def commit(self):
        """Returns when all changes are in force and new guests are there."""
        results = self.db.commit(self._operations)
        for number, name in self._new:
            self.rows[name] = results[number]["uuid"]
        for name in self._gone:
            self._close_guest(name)
        new = [name for _, name in self._new if name in self._listeners
               and name not in self.guests]
        for name in new:
            g = BurstGuest(accept(self._listeners[name]), size=RING)
            self.guests[name] = g
            g.greet()
            g.start()
        self._operations, self._new, self._gone = [], [], []
        # The link is up a moment before frames reach the guest; once the
        # switch takes frames from it, they do.
        self.send({name: [] for name in new})

    # Frames.

    def send(self, bursts):
        """Sends {guest's port: frames} and returns when the switch has
        forwarded all of them."""
        guests = [self.guests[name] for name in bursts]
        for g, frames in zip(guests, bursts.values()):
            g.burst(frames)
        self._wait_taken(guests)
        for g in guests:
            g.burst([RUNT])
        self._wait_taken(guests)

    @staticmethod
    def _wait_taken(guests):
        end = time.monotonic() + 60
        for g in guests:
            while not g.taken():
                assert time.monotonic() < end, "the switch takes no frames"
                time.sleep(0.00002)

    @staticmethod
    def shows(bridge, name, frame):
        """Would received() return it?  The kernel takes the outermost tag out
        of a frame, and drops one that ends there."""
        return name != bridge or len(frame) >= 20 or frame[12:14] not in (
            b"\x81\x00", b"\x88\xa8")

    def received(self, bridge, name, expected):
        """What came out at a port since the last time.  A kernel device may
        get its frames later: it is waited for as many as EXPECTED."""
        if name == bridge:
            return self.locals[name].receive(expected, timeout=10)
        return self.guests[name].all_received()

    # The daemon's commands.

    def appctl(self, command, *arguments):
        return self.control.call(command, *arguments)

    def fdb(self, bridge):
        """{(VLAN, address): (port's number or LOCAL, is it static)}."""
        found = {}
        for line in self.appctl("fdb/show", bridge).splitlines()[1:]:
            port, vlan, mac, age = line.split()
            found[int(vlan), bytes.fromhex(mac.replace(":", ""))] = (
                port, age == "static")
        return found

    def number(self, name):
        """The number that fdb() has for a port."""
        return self._numbers[name]

    # The end.

    def running(self):
        return True

    def _close_guest(self, name):
        self.guests.pop(name).close()
        self._listeners.pop(name).close()
        os.unlink(self.sw.vhost_path(name))

    def stop(self):
        for name in list(self.guests):
            self._close_guest(name)
        for name, listener in self._listeners.items():
            listener.close()
            os.unlink(self.sw.vhost_path(name))
        self._listeners = {}
        self.db.close()
        self.control.close()

    kill = stop
