# SPDX-License-Identifier: Apache-2.0
#
# How is a command run, how is a condition waited for?
#
# Nothing here sleeps and hopes: wait_until() asks again until the answer is
# yes or the time is over, and then says what it was waiting for.

import os
import shlex
import subprocess
import time


class Result:
    """What a command printed and how it ended."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    def __str__(self):
        return "$ %s\n%s%s(exit status %s)" % (
            " ".join(shlex.quote(os.fsdecode(w)) for w in self.argv),
            self.out, self.err, self.code)


def words(command):
    """The words of a command given as one line or as a list."""
    return shlex.split(command) if isinstance(command, str) else list(command)


def run(argv, env=None, timeout=60, as_long_as=None):
    """Runs a command to its end and returns its Result, whatever it was.
    The command is given up when AS_LONG_AS is no longer true: what it waits
    for would never come."""
    child = subprocess.Popen(argv, env=env, text=True,
                             errors="backslashreplace",
                             stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + timeout
    while True:
        try:
            out, err = child.communicate(timeout=0.5)
            return Result(argv, child.returncode, out, err)
        except subprocess.TimeoutExpired:
            late = time.monotonic() > end
            if late or (as_long_as and not as_long_as()):
                child.kill()
                out, err = child.communicate()
                why = ("no end after %d seconds" % timeout if late
                       else "given up, the daemon has crashed")
                return Result(argv, None, out, err + why + "\n")


def check(argv, **kwargs):
    """Runs a command that must succeed and returns what it printed."""
    result = run(argv, **kwargs)
    assert result.code == 0, "%s" % result
    return result.out


def wait_until(condition, what, timeout=20, every=0.05):
    """Asks CONDITION until it is true and returns its answer.

    WHAT completes the sentence "waited N seconds for ..."; it may be a
    function, which is then asked only when the time is over."""
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited %g seconds for %s" % (
                timeout, what() if callable(what) else what))
        time.sleep(every)
