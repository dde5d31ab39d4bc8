# SPDX-License-Identifier: Apache-2.0
#
# How much can a switch be given to do?
#
# tests/peer/flow-peer.c plays the guests; its header says what start() takes.

from .json_peer import JsonPeer


class FlowPeer(JsonPeer):
    """Guests on SOCKETS that fill their rings; it wants the core CORE.  With
    NULL, a core, no switch is to come: a thread there gives each what the
    other sent."""

    def __init__(self, space, sockets, core=0, mergeable=False, hugepages=True,
                 name="flow", null=None):
        super().__init__(space, name, sockets)
        self.argv = (["taskset", "-c", str(core), self.program("flow-peer")]
                     + (["--mergeable"] if mergeable else [])
                     + (["--null=%d" % null] if null is not None else [])
                     + self.sockets)

    def report(self):
        return self.command("report")

    def traffic(self, **options):
        return self.command("start " + " ".join(
            "%s=%s" % pair for pair in options.items()))

    def halt(self):
        return self.command("stop")
