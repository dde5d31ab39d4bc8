# SPDX-License-Identifier: Apache-2.0
#
# What packet memory would take: netdev-dpdk/mempool-plan says it of the
# running switch, sluice-mempool-plan of a database or a list of ports.  The
# switch then takes just that.

import json
import os
import re
import xml.etree.ElementTree as ET

import pytest

from harness.command import run, wait_until
from harness.daemon import schema
from test_patch import add_patch

pytestmark = pytest.mark.ours

PAGE = 2 * 1024 * 1024
MODELS = {
    "shared-fixed": {},
    "per-port-fixed": {"per_port_memory": "true"},
    "shared-elastic": {"mempool_sizing": "elastic"},
    "per-port-elastic": {"per_port_memory": "true",
                         "mempool_sizing": "elastic"},
}


def planner(*arguments):
    program = os.path.join(os.environ["abs_top_builddir"], "utilities",
                           "sluice-mempool-plan")
    return run([program, *arguments])


def planned(*arguments):
    """The planner's answer, which must be one."""
    result = planner(*arguments, "--json")
    assert result.code == 0, str(result)
    return json.loads(result.out)


def refused(*arguments):
    """The reason that the planner ends with."""
    result = planner(*arguments)
    assert result.code == 2 and not result.out, str(result)
    return result.err


def plan_of(sw, *settings):
    return json.loads(sw.appctl(["netdev-dpdk/mempool-plan", "--json",
                                 *settings]))


def pools_in(plan, model):
    """{(socket, adjusted MTU, group, own): (mbufs, room, bytes)}"""
    return {(p["socket"], p["adjusted_mtu"], p["group"], p["own"]):
            (p["mbufs"], p["room"], p["bytes"])
            for p in plan["models"][model]["pools"]}


def pools_of(sw):
    """Likewise, of the pools that there are."""
    shown = json.loads(sw.appctl("netdev-dpdk/mempool-show --json"))
    return {(p["socket"], p["adjusted_mtu"], p["group"], p["own"]):
            (p["populated"], p["room"], p["bytes"])
            for p in shown["pools"]}


def assert_agree(plan, real):
    """The same pools, of the same numbers, within a page each.  An mbuf that
    would lie across two pages, whose chunk does, is not there."""
    assert plan.keys() == real.keys()
    for key in plan:
        chunks = -(-plan[key][2] // PAGE)
        assert 0 <= plan[key][0] - real[key][0] <= chunks, key
        assert plan[key][1] == real[key][1], key
        assert abs(plan[key][2] - real[key][2]) <= PAGE, key


@pytest.fixture(params=MODELS)
def model(request):
    return request.param


@pytest.fixture
def started(make_switch, model):
    """A switch with this model in force, and no bridge."""
    sw = make_switch()
    sw.start(**MODELS[model])
    return sw


def add_some_of_each(sw):
    sw.add_bridge("br0")
    sw.add_bridge("br1")
    sw.add_port("n0", "net_null0,no-rx=1", options="options:n_rxq=2")
    sw.add_port("r0", "net_ring0", options="options:n_rxq=2")
    sw.add_port("r1", "net_ring1", bridge="br1",
                options="options:n_rxq_desc=512 mtu_request=900")
    sw.add_port("n1", "net_null1,no-rx=1", bridge="br1",
                options="mtu_request=900 other_config:mempool-group=noisy")
    sw.add_port("n2", "net_null2,no-rx=1", bridge="br1",
                options="mtu_request=600 other_config:mempool-group=private")


# The running switch.

@pytest.mark.hugepages(420)
def test_running_switch_takes_what_is_planned(started, model):
    """Pool by pool, and in hugepages: within one for each pool."""
    sw = started
    before = sw.pages()
    add_some_of_each(sw)
    sw.add_guest_port("vh0")
    sw.add_guest_port("vh1", bridge="br1", options="mtu_request=998")
    sw.peer("vh0", "vh1")
    add_patch(sw, "a", "b")
    answer = plan_of(sw)
    assert answer["in_force"] == model and answer["notes"] == []
    assert answer["plan"]["ports"] == 9
    assert_agree(pools_in(answer["plan"], model), pools_of(sw))
    total, = answer["plan"]["models"][model]["sockets"]
    assert abs(sw.pages() - before - total["steady"]["hugepages_2m"]) \
        <= total["pools"]


WHAT_IF = [
    ["n0:mtu_request=900"],
    ["r0:options:n_rxq=4", "r0:options:n_rxq_desc=4096"],
    ["r1:options:n_rxq_desc=256"],
    ["n1:other_config:mempool-group=private"],
    ["n1:other_config:mempool-group="],
    ["mtu_request=700", "n0:options:n_txq_desc=512"],
]


def commands(setting):
    """What an operator types to make SETTING true."""
    left, value = setting.split("=")
    words = left.split(":")
    names = ["n0", "n1", "n2", "r0", "r1"]
    if words[0] in names:
        names = [words.pop(0)]
    for name in names:
        if value:
            yield "set Interface %s %s=%s" % (name, ":".join(words), value)
        else:
            yield "remove Interface %s %s" % (name, " ".join(words))


@pytest.mark.hugepages(420)
@pytest.mark.parametrize("settings", WHAT_IF, ids=" ".join)
def test_change_ends_as_planned(started, model, settings):
    sw = started
    add_some_of_each(sw)
    answer = plan_of(sw, *settings)
    assert answer["what_if"] == settings
    assert_agree(pools_in(answer["before"], model), pools_of(sw))
    sw.vsctl(" -- ".join(c for s in settings for c in commands(s)))
    wanted = pools_in(answer["plan"], model)
    wait_until(lambda: len(pools_of(sw)) == len(wanted), "pools to go")
    assert_agree(wanted, pools_of(sw))


def assert_masks(sw, *masks):
    """More threads, and fewer: a pool that is large enough is kept."""
    for mask in masks:
        setting = "other_config:pmd-cpu-mask=%x" % mask
        answer = plan_of(sw, setting)
        sw.vsctl("set Open_vSwitch . " + setting)
        assert_agree(pools_in(answer["plan"], "per-port-fixed"),
                     pools_of(sw))


@pytest.mark.hugepages(100)
def test_threads(make_switch):
    """A mask is one of this machine's."""
    sw = make_switch()
    sw.start(per_port_memory="true")
    sw.add_bridge("br0")
    sw.add_port("n0", "net_null0,no-rx=1")
    cores = os.cpu_count()
    answer = plan_of(sw, "other_config:pmd-cpu-mask=%x" % (2 ** cores - 1))
    assert answer["before"]["pmd_threads"] == 1
    assert answer["plan"]["pmd_threads"] == cores
    assert pools_in(answer["plan"], "per-port-fixed")[
        0, 2030, "n0", True][0] == 22560 + 2048 * (cores - 1)
    assert_masks(sw, 2 ** cores - 1, 2 ** (cores - 1))
    text = sw.appctl_refused("netdev-dpdk/mempool-plan "
                             "other_config:pmd-cpu-mask=%x" % 2 ** cores)
    assert "core %d does not exist" % cores in text, text


def test_ports_without_memory_are_counted(make_switch):
    """A guest that has not come, and a port that could not be made."""
    sw = make_switch()
    sw.expect_log(r"\|WARN\|Error attaching device '0000:ff:1f.7'")
    sw.allow_log(r"\|ERR\|EAL: ")
    sw.start()
    sw.add_bridge("br0")
    sw.add_guest_port("vh0", options="mtu_request=9000")
    sw.vsctl_refused("add-port br0 n0 -- set Interface n0 type=dpdk "
                     "options:dpdk-devargs=0000:ff:1f.7 mtu_request=3000")
    answer = plan_of(sw)
    assert answer["plan"]["ports"] == 3
    assert {key[1] for key in pools_in(answer["plan"], "shared-fixed")} \
        == {2030, 3054, 9198}
    assert re.match("1 vhost-user port has had no guest yet",
                    answer["notes"][0])
    assert re.match("1 port that could not be made is counted",
                    answer["notes"][1])


REFUSED = [
    ("--yaml", "unknown option '--yaml': --json or --svg"),
    ("n0:mtu_request", "expected [PORT:]COLUMN=VALUE"),
    ("n0:mtu=9000", "packet memory can be planned for other values of "
                    "mtu_request, "),
    ("n9:mtu_request=9000", 'there is no interface "n9"'),
    ("n0:mtu_request=9703", "unsupported MTU 9703 (68 to 9702)"),
    ("n0:options:n_rxq_desc=1000", "is no power of two up to 4096"),
    ("br0:options:n_rxq=2", 'interface br0 is of type "internal", which has '
                            'no options:n_rxq'),
    ("n0:other_config:mempool-group=kernel", "is reserved for"),
    ("other_config:mempool-max-mbufs=3", "is no number from 1024 to "),
    ("other_config:shared-mempool-config=1500:x", "NUMA node"),
]


def test_wrong_arguments(br0):
    """Each is refused with the reason, by both programs."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1", options="mtu_request=900")
    for setting, text in REFUSED:
        said = sw.appctl_refused(["netdev-dpdk/mempool-plan", setting])
        assert text in said, said
        if not setting.startswith("-"):
            said = refused("--db=" + sw.database.remote,
                           "--what-if=" + setting)
            assert text in said, said


def test_device_that_cannot(br0):
    """The device has the last word: net_af_packet takes up to its link's
    MTU."""
    sw = br0
    sw.add_wire("w0")
    text = sw.appctl_refused("netdev-dpdk/mempool-plan w0:mtu_request=9000")
    assert re.search(r"w0: unsupported MTU 9000 \(device '.*' takes 68 to "
                     r"1500\)", text), text


def test_forms(br0):
    """Text marks the model in force; the picture is XML."""
    sw = br0
    sw.add_port("n0", "net_null0,no-rx=1", options="mtu_request=900")
    text = sw.appctl("netdev-dpdk/mempool-plan")
    assert re.search(r"^\*      0 shared-fixed +2 ", text, re.M), text
    assert len(re.findall(r"^ +0 (?:per-port-\w+|shared-elastic) +2 ", text,
                          re.M)) == 3
    text = sw.appctl("netdev-dpdk/mempool-plan mtu_request=950")
    assert "\nWith mtu_request=950:\n" in text
    picture = ET.fromstring(sw.appctl("netdev-dpdk/mempool-plan --svg"))
    assert picture.tag.endswith("}svg")
    titles = [e.text for e in picture.iter() if e.text]
    assert "shared-fixed (in force)" in titles


# A database, or a list.

LIST = """\
# the same as add_some_of_each() adds
pmds=1 per-port-memory=true

n0 type=dpdk devargs=net_null0,no-rx=1 n_rxq=2
r0 type=dpdk devargs=net_ring0 n_rxq=2          # loops
r1 type=dpdk devargs=net_ring1 n_rxq_desc=512 mtu=900 bridge=br1
n1 type=dpdk devargs=net_null1,no-rx=1 mtu=900 group=noisy bridge=br1
n2 type=dpdk devargs=net_null2,no-rx=1 mtu=600 group=private bridge=br1
"""


def write(sw, name, text):
    path = sw.space.path(name)
    with open(path, "w") as f:
        f.write(text)
    return path


def test_all_sources_agree(make_switch, monkeypatch):
    """The switch, its database, the database's file, and a list."""
    sw = make_switch()
    sw.start(per_port_memory="true")
    add_some_of_each(sw)
    wanted = plan_of(sw)
    settings = ["n0:mtu_request=9000", "options:n_rxq_desc=1024"]
    changed = plan_of(sw, *settings)
    what_if = ["--what-if=" + s for s in settings]
    for source in ("--db=" + sw.database.remote, sw.database.file,
                   "--ports=" + write(sw, "ports.txt", LIST)):
        assert planned(source) == wanted, source
        assert planned(source, *what_if) == changed, source
    monkeypatch.setenv("OVS_RUNDIR", sw.space.rundir)
    assert planned() == wanted
    add_patch(sw, "a", "b")         # more needed, with the same ports
    joined = plan_of(sw)
    assert joined["plan"] != wanted["plan"]
    assert planned(sw.database.file) == joined


def test_guests_of_a_live_database(br0):
    """How many queue pairs a guest has, the database knows while the guest is
    there."""
    sw = br0
    sw.add_guest_port("vh0", options="mtu_request=900")
    sw.add_guest_port("vh1", options="mtu_request=900")
    sw.peer("vh0", "vh1", devargs="mrg_rxbuf=0,in_order=0,queues=2",
            options="--rxq=2 --txq=2")

    def known():
        return all("num_of_vrings" in sw.map_of("Interface", name, "status")
                   for name in ("vh0", "vh1"))
    wait_until(known, "the status of the guests")
    live = planned("--db=" + sw.database.remote)
    assert live == plan_of(sw)
    assert pools_in(live["plan"], "per-port-fixed")[
        0, 1006, "vh0", True][0] == 24640
    assert live["notes"] == []
    stored = planned(sw.database.file)
    assert pools_in(stored["plan"], "per-port-fixed")[
        0, 1006, "vh0", True][0] == 20512
    assert "2 vhost-user ports are each counted with one queue pair" \
        in stored["notes"][0]


def test_what_is_wrong_in_a_database_is_noted(make_switch):
    sw = make_switch()
    sw.expect_log(r"\|WARN\|")
    sw.start(shared_mempool_config="9000,many")
    sw.add_bridge("br0")
    sw.vsctl_refused("add-port br0 e0 -- set Interface e0 type=vxlan")
    sw.vsctl_result("add-port br0 n0 -- set Interface n0 type=dpdk "
                    "options:dpdk-devargs=net_null0,no-rx=1 options:n_rxq=129")
    notes = planned(sw.database.file)["notes"]
    assert any('ignoring entry "many"' in note for note in notes), notes
    assert any("e0" in note and "(not counted)" in note for note in notes)
    assert any("n0: n_rxq 129 is no number from 0 to 128: using 1" in note
               for note in notes), notes


def test_list(new_switch):
    """A list needs neither a switch nor a database."""
    sw = new_switch
    path = write(sw, "ports.txt", """\
pmds=2
mempool-sizing=elastic mempool-max-mbufs=65536
vh0 type=dpdkvhostuserclient mtu=9000 pairs=2
vh1 type=dpdkvhostuser socket=1
nic0 type=dpdk socket=1 group=noisy n_txq_desc=512
""")
    answer = planned("--ports=" + path)
    assert answer["in_force"] == "shared-elastic"
    assert answer["plan"]["pmd_threads"] == 2
    pools = pools_in(answer["plan"], "per-port-fixed")
    assert pools[0, 9198, "vh0", True][0] == 24640
    assert pools[1, 2030, "vh1", True][0] == 20512
    assert pools[1, 2030, "noisy", False][0] == 262144
    assert pools_in(answer["plan"], "shared-elastic")[
        1, 2030, "noisy", False][1] == 65536
    sockets = answer["plan"]["models"]["per-port-fixed"]["sockets"]
    assert [s["socket"] for s in sockets] == [0, 1]
    assert len(answer["notes"]) == 1            # vh1's queue pairs

    one = planned("--ports=" + path, "--model=shared-fixed", "--pmds=5",
                  "--socket=vh0:1")
    assert list(one["plan"]["models"]) == ["shared-fixed"]
    assert one["plan"]["pmd_threads"] == 5
    assert (1, 9198, "", False) in pools_in(one["plan"], "shared-fixed")
    picture = planner("--ports=" + path, "--svg")
    assert ET.fromstring(picture.out.encode()).tag.endswith("}svg")


WRONG_LISTS = [
    ("vh0", 'line 1: vh0: type is missing'),
    ("\n\nvh0 type=dpdk speed=3", 'line 3: vh0: "speed" is no key of a port; '
     'known are type, mtu, '),
    ("vh0 type=dpdk mtu", 'line 1: vh0: "mtu": expected KEY=VALUE'),
    ("vh0 type=dpdk mtu=x", 'line 1: vh0: mtu "x" is no number from 68 to '
     '9702'),
    ("vh0 type=dpdk socket=-1", 'socket "-1" is no number from 0 to 1023'),
    ("vh0 type=dpdkvhostuser pairs=0", 'pairs "0" is no number from 1 to '),
    ("pmds=0", 'line 1: pmds "0" is no number from 1 to 1024'),
    ("per-port=true", 'line 1: "per-port" is no key of the switch; known '
     'are mempool-max-mbufs, '),
    ("per-port-memory=maybe", 'per-port-memory "maybe" is neither true nor '
     'false'),
    ("mempool-sizing=large", 'mempool-sizing "large" is none of fixed, '
     'elastic'),
    ("mempool-max-mbufs=1", 'mempool-max-mbufs "1" is no number from 1024'),
    ("shared-mempool-config=1", 'ignoring entry "1": MTU "1" is no number'),
    ("n0 type=dpdk n_rxq=129", "n0: n_rxq 129 is no number from 0 to 128"),
    ("n0 type=vxlan", 'n0: type "vxlan" is not supported'),
    ("n0 type=dpdk\nn0 type=dpdk", "n0"),
    ("\xff", "line 1: "),
]


@pytest.mark.parametrize("text, reason", WRONG_LISTS)
def test_wrong_list(new_switch, text, reason):
    path = new_switch.space.path("ports.txt")
    with open(path, "w", encoding="latin-1") as f:
        f.write(text + "\n")
    assert reason in refused("--ports=" + path)


WRONG_USAGE = [
    (["--what-if"], "option '--what-if' requires an argument"),
    (["--colour"], "unrecognized option '--colour'"),
    (["--pmds=0"], "--pmds=0: expected a number from 1 to 1024"),
    (["--timeout=soon"], "--timeout=soon: expected a number from 1 to "),
    (["--model=shared"], "--model=shared: expected one of shared-fixed, "),
    (["--socket=vh0"], "--socket=vh0: expected PORT:NODE"),
    (["--db=unix:x", "--ports=y"], "more than one of --db, --ports and "),
    (["a.db", "b.db"], "at most one database file"),
    (["--ports=/nonexistent"], "/nonexistent: No such file or directory"),
    (["/nonexistent"], "/nonexistent: ovsdb-tool failed"),
    (["--db=unix:/nonexistent"], "unix:/nonexistent: ovsdb-client failed"),
]


@pytest.mark.parametrize("arguments, reason", WRONG_USAGE)
def test_wrong_usage(arguments, reason):
    assert reason in refused(*arguments)


def test_empty_database(new_switch):
    sw = new_switch
    path = sw.space.path("new.db")
    assert run(["ovsdb-tool", "create", path, schema()]).code == 0
    assert "has no Open_vSwitch record" in refused(path)


def test_help_and_version():
    said = planner("--help")
    assert said.code == 0 and "usage: sluice-mempool-plan" in said.out
    said = planner("--version")
    assert said.code == 0 and re.fullmatch(
        r"sluice-mempool-plan \(Sluice\) [\d.]+\n", said.out), said.out
