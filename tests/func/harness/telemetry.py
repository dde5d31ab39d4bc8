# SPDX-License-Identifier: Apache-2.0
#
# What does DPDK's telemetry socket say?

import json
import os
import socket

from .command import run

# Where DPDK keeps its sockets, for root.
RUNTIME = "/var/run/dpdk"
STOCK_CLIENT = "/usr/bin/dpdk-telemetry.py"


class Telemetry:
    """The telemetry of the DPDK process with file prefix PREFIX."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(os.path.join(RUNTIME, prefix,
                                         "dpdk_telemetry.v2"))
        greeting = json.loads(self.socket.recv(1024))
        self.longest = greeting["max_output_len"]

    def ask(self, command, *parameters):
        """The answer to COMMAND: a list, a dictionary, None."""
        self.socket.send(",".join([command, *parameters]).encode())
        return json.loads(self.socket.recv(self.longest))[command]

    def ask_stock(self, question):
        """The same with the program that DPDK has for it, given QUESTION as
        an operator types it."""
        result = run(["sh", "-c", 'echo "$1" | "$2" -f "$3"', "sh", question,
                      STOCK_CLIENT, self.prefix])
        assert result.code == 0, str(result)
        return json.loads(result.out.splitlines()[-1])

    def close(self):
        self.socket.close()
