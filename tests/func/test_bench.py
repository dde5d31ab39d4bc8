# SPDX-License-Identifier: Apache-2.0
#
# The benchmarks run, whatever their figures, and say of figures what follows
# from them.

import json
import os
import sys
import xml.etree.ElementTree

import pytest

from harness.command import check, run

TOP = os.environ["abs_top_srcdir"]
BENCH = os.path.join(TOP, "tests", "bench")
sys.path.append(BENCH)

from bench import (cases, micro, picture, rounds,   # noqa: E402
                   subjects, targets, text)
from bench.figures import Figure, Row       # noqa: E402


def figure(mpps, at_least=False, remarks=(), waited=0):
    return Figure({"mpps": mpps, "waited": waited}, set(remarks), at_least)


@pytest.fixture
def row():
    """The machine was twice as fast in the second round."""
    row = Row("64 bytes", ["sluice", "ovs", "testpmd"])
    for ours, peers in (3.0, 2.0), (6.6, 4.0), (3.3, 2.0):
        row.add("sluice", figure(ours))
        row.add("ovs", figure(peers))
    row.give_up("testpmd", "testpmd does not switch")
    return row


TABLE = cases.Table("t", "A title", [], ("mpps", "lost"), "mpps", "")


def test_ratios_are_of_pairs(row):
    ratio = row.ratio("sluice", "ovs", "mpps")
    assert ratio.low == 1.5 and ratio.median == ratio.high == 1.65
    assert row.spread("sluice", "mpps") == (3.3, 3.0, 6.6)
    assert row.ratio("sluice", "testpmd", "mpps") is None
    assert row.ratio("sluice", "ovs", "lost") is None
    said = row.as_json(("mpps",), "sluice")
    assert said["ratios of sluice"]["ovs"]["mpps"]["median"] == 1.65
    assert said["subjects"]["testpmd"] == {
        "missing": "testpmd does not switch"}


def test_a_table_says_what_is_to_be_known(row):
    row.rounds["ovs"][0] = figure(2.0, True, ["disturbed"], waited=7.4)
    row.rounds["ovs"][1] = figure(4.0, True, [], waited=1)
    shown = "\n".join(text.table(TABLE, [row], "sluice"))
    assert ">= 2.00" in shown and ">= 3.30" not in shown
    assert "1.65 (1.50 to 1.65)" in shown
    assert ("64 bytes, ovs: disturbed, waited up to 7 % of the time for a "
            "core (1 of 3)") in shown
    assert "64 bytes, testpmd: testpmd does not switch" in shown


def test_a_case_is_compared_with_another():
    """Pair by pair: the machine was twice as slow in the second round."""
    base, row = Row("no VLAN", ["sluice"]), Row("tagged", ["sluice"])
    for plain, tagged in (4.0, 3.8), (2.0, 1.8), (4.0, 4.0):
        base.add("sluice", figure(plain))
        row.add("sluice", figure(tagged))
    t = TABLE._replace(cases=[
        cases.Case("no VLAN", None, {}),
        cases.Case("tagged", None, {}, {"vlan": True}, "no VLAN")])
    shown = "\n".join(text.table(t, [base, row], "sluice"))
    assert "0.95 (0.90 to 1.00) of no VLAN" in shown
    said = row.as_json(("mpps",), "sluice", base)
    assert said["base"] == "no VLAN"
    assert said["ratios to base"]["sluice"]["mpps"]["median"] == 0.95


def outcome(ours, base, goal, metric="mpps"):
    target = targets.Target("t", metric, targets.Place("t", "c", "sluice"),
                            targets.Place("t", "c", "ovs"), goal)
    row = Row("c", ["sluice", "ovs"])
    for name, figures in ("sluice", ours), ("ovs", base):
        for one in figures:
            row.add(name, one)
    return targets.Outcome(target, {("t", "c"): row})


def test_a_target_is_met_or_not():
    plain = [figure(2.0)] * 3
    busy = [figure(2.0, at_least=True)] * 3
    waited = [figure(2.0, False, ["disturbed"])]
    for ours, base, goal, said in (
            (plain, plain, 1.0, "met"), (plain, plain, 1.01, "not met"),
            (busy, plain, 1.0, "met"),
            (busy, plain, 1.01, "not shown: the peer limits us"),
            (plain, busy, 1.0, "met at most: the peer limits ovs"),
            (plain, busy, 1.01, "not met"),
            (waited, plain, 1.0, "met, disturbed"),
            ([], plain, 1.0, "no figure"),
            (plain, plain, None, "for comparison")):
        assert outcome(ours, base, goal).cells()[-1] == said
    costs = [Figure({"busy": n}, set(), True) for n in (90, 100, 110)]
    assert outcome(costs, costs[:1] * 3, 1.1, "busy").verdict == "not met"
    assert outcome(costs, costs[:1] * 3, 1.2, "busy").verdict == "met"


def test_every_target_names_a_case_that_there_is():
    there = {(t.name, c.name): c for t in cases.tables() for c in t.cases}
    for make in targets.SETS.values():
        for place, names in targets.subjects_of(make()).items():
            for name in names:
                assert not subjects.MAKE[name]().lacks(there[place])


def test_slices_in_which_a_thread_waited_are_left_out():
    good = rounds.Slice(0.1, 1000, 90e3, 100e3, 0.1, 0.01)
    bad = rounds.Slice(0.1, 100, 90e3, 100e3, 0.05, 0.5)
    assert rounds.undisturbed([good, bad, good]) == ([good, good], 0.01)
    assert rounds.undisturbed([bad]) == ([bad], 0.5)
    assert rounds.waiting(0.1, 0.1, 0.001) == pytest.approx(0.01)
    assert rounds.waiting(0.1, 0, 0) == 1       # it waits still
    half = rounds.Slice(0.1, 500, 90e3, 100e3, 0.1, 0)
    values = rounds.values_of([[good, good], [half]], 1, 1e6)
    assert values["mpps"] == pytest.approx(0.015)
    assert values["each"] == pytest.approx(200)
    assert values["ran"] == pytest.approx(120)
    assert values["busy"] == pytest.approx(108)


def test_growth_is_told_from_a_pool_that_stays():
    said = """\
ours: 2 steps from 10 to 20 mbufs, each 31 us (median; 95 us the longest)
  core 0:   0.1 million operations, longest   12.5 us (20.0 us by the clock)
  core 1:   0.1 million operations, longest    9.0 us (90.0 us by the clock)
plain: 10 mbufs, which stay so many
  core 0:   0.1 million operations, longest    3.5 us (20.0 us by the clock)
  core 1:   0.1 million operations, longest    4.0 us (30.0 us by the clock)
"""
    assert list(micro.growth(said)) == [
        ("a step, ours", "31"), ("the longest step, ours", "95"),
        ("a thread's longest operation, ours that grows", 12.5),
        ("a thread's longest operation, plain", 4.0)]


def test_a_picture_has_a_bar_for_each_figure(row):
    shown = xml.etree.ElementTree.fromstring(picture.table(TABLE, [row]))
    words = [e.text for e in shown.iter() if e.tag.endswith("text")]
    assert "3.30" in words and "2.00" in words and "testpmd" not in words
    assert picture.table(TABLE, []) is None


def test_list_and_wrong_words():
    listed = check([os.path.join(BENCH, "run"), "--list"])
    for table in cases.tables():
        assert "\n%-16s " % table.name in "\n" + listed
    assert "    access to trunk, and back" in listed.splitlines()
    assert "vhost-ports" not in check([os.path.join(BENCH, "run"), "--list",
                                       "--targets"])
    for words, why in ((["--only", "nonesuch"], "nothing has such a name"),
                       (["--peers", "nonesuch"], "no peer nonesuch"),
                       (["--rounds", "0"], "at least 1 round")):
        result = run([os.path.join(BENCH, "run")] + words)
        assert result.code != 0 and why in result.err


@pytest.mark.hugepages(560)
def test_figures_of_this_build(tmp_path):
    only = ["vhost-closed:64", "vhost-macs:1,000 ",
            "alone-two-pmds:100 source MACs, two", "control:add a vhost"]
    said = check([os.path.join(BENCH, "run"), "--quick", "--peers=none",
                  "--out=%s" % tmp_path] + ["--only=" + w for w in only],
                 timeout=150)
    written = json.loads((tmp_path / "bench.json").read_text())
    assert [t["table"] for t in written["tables"]] == [
        "vhost-closed", "vhost-macs", "alone-two-pmds", "control"]
    for table in written["tables"]:
        assert table["title"] in said
        values = table["rows"][0]["subjects"]["sluice"]["rounds"][0]
        assert all(v >= 0 for v in values.values()), values
        assert values.get("mpps", 1) > 0 and values.get("lost", 0) < 100
        xml.etree.ElementTree.parse(tmp_path / (table["table"] + ".svg"))
    assert (tmp_path / "bench.txt").read_text().strip() in said
