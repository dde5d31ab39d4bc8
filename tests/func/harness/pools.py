# SPDX-License-Identifier: Apache-2.0
#
# What does get-mempool-info say?

import re


class Pool:
    """One mempool as `netdev-dpdk/get-mempool-info` prints it."""

    def __init__(self, text):
        self.text = text
        self.name, self.address = re.match(r"mempool <([^>]+)>@(0x[0-9a-f]+)",
                                           text).groups()

    def __getitem__(self, field):
        found = re.search(r"^ *%s=(\d+)$" % re.escape(field), self.text, re.M)
        assert found, "no field %s in:\n%s" % (field, self.text)
        return int(found.group(1))

    def count(self):
        """(available, in use) of the closing line, which only the form
        with a port's name has."""
        found = re.search(r"count: avail \((\d+)\), in use \((\d+)\)",
                          self.text)
        assert found, "no count in:\n%s" % self.text
        return int(found.group(1)), int(found.group(2))


def parse(text):
    """The pools in TEXT, in its order."""
    parts = re.split(r"^(?=mempool <)", text, flags=re.M)
    return [Pool(part) for part in parts if part.startswith("mempool <")]
