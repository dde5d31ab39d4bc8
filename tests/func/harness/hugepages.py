# SPDX-License-Identifier: Apache-2.0
#
# How many hugepages are there, who holds them?
#
# The number of pages is raised by the code that quickstart uses, and never
# lowered.  What one process holds is read from its own status file, so that
# other users of hugepages do not disturb a measurement.

import os
import re

from .command import run

PAGE_KB = 2048
SYS = "/sys/kernel/mm/hugepages/hugepages-2048kB/"


def _number(name):
    try:
        with open(SYS + name) as f:
            return int(f.read())
    except OSError:
        return 0


def free():
    """The 2 MB pages that a new process could have."""
    if os.environ.get("SLUICE_NO_HUGEPAGES") == "1":
        return 0
    return _number("free_hugepages") - _number("resv_hugepages")


def total():
    return _number("nr_hugepages")


def _available():
    """The pages for which there is memory."""
    with open("/proc/meminfo") as f:
        return int(re.search(r"^MemAvailable:\s+(\d+) kB", f.read(),
                             re.M).group(1)) // PAGE_KB


def ensure(pages):
    """Raises the number of pages until PAGES are free, as far as there is
    memory, with the code that quickstart has for it.
    Returns what the script said."""
    if os.environ.get("SLUICE_NO_HUGEPAGES") == "1":
        return "SLUICE_NO_HUGEPAGES=1"
    # Half of the memory is the machine's.
    pages = min(pages, free() + _available() // 2)
    if pages <= free():
        return "too little memory for more hugepages"
    script = os.path.join(os.environ["abs_top_srcdir"], "quickstart")
    result = run([script, "hugepages", str(pages)], timeout=120)
    return (result.out + result.err).strip()


def held_by(pid):
    """The 2 MB pages that process PID has mapped."""
    try:
        with open("/proc/%d/status" % pid) as f:
            found = re.search(r"^HugetlbPages:\s+(\d+) kB", f.read(), re.M)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found.group(1)) // PAGE_KB if found else 0


def others_hold(mine=()):
    """True if processes other than MINE hold pages now."""
    pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
    return any(held_by(pid) for pid in pids if pid not in mine)
