"""Everything that can be killed is killed, under load on two workers: nothing is lost, nothing is left, it is said.

The topology is bench/workflows/flow.py: 300 numbers a second by the clock, so that a source which begins again catches
up. Each test waits until everything that was due when the fault was over has been kept.
"""

import importlib
import importlib.util
import json
import os
import random
import time
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.nimbus import connect
from sferic.cluster.processes import command_of

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
until = _shared.until

MINUTES = float(os.environ.get("SFERIC_KILL_MINUTES", "1"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400 + 60 * MINUTES)]

BENCH = Path(__file__).parents[3] / "bench"
NAME = "flow"
PATIENCE = 150.0  # longer than Storm's own timeouts, one after the other, on a machine that does much else


@pytest.fixture(scope="module")
def bench():
    """The module that submits the topology and finds its processes; bench/ stands apart from the product."""
    spec = importlib.util.spec_from_file_location("bench_flow", BENCH / "flow.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def flow(bench, sferic, cluster, tmp_path_factory):
    """The topology, for all tests here: each leaves it flowing."""
    flow = bench.Flow(tmp_path_factory.mktemp("flow"), sleep=f"86400.{os.getpid()}")
    done = sferic("submit", *flow.options, "--name", NAME, "--workers", "2")
    assert done.returncode == 0, done.stderr
    yield flow
    for process in flow.started():  # of a failed test
        process.signal(9)
    sferic("cluster", "up")  # the last test takes it down
    sferic("kill", NAME)


@pytest.fixture
def flows(bench, flow, cluster):
    """`flows()`: waits until all that is due now was kept, and all processes are there, once each."""

    def whole():
        counts = {pe: len(flow.processes(pe)) for pe in bench.PES}
        return counts == bench.PES and len(flow.started()) == bench.STARTED and len(worker_jvms()) == 2

    def worker_jvms():
        return {os.stat(f"/proc/{process.pid}").st_ino and parent(process.pid) for process in flow.processes()}

    def parent(pid):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]

    def check():
        until(flow.due, PATIENCE)
        due = flow.due()
        until(lambda: flow.has_all(due), PATIENCE)
        until(whole, PATIENCE)

    check()
    return check


@pytest.fixture
def up(sferic):
    def up():
        done = sferic("cluster", "up")
        assert done.returncode == 0, done.stderr
        return done

    return up


def status(sferic):
    done = sferic("status", NAME, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def lost(sferic, pe="Total"):
    return status(sferic)["pes"].get(pe, {}).get("lost", 0)


def test_a_child_with_state_and_one_without(bench, flow, flows, sferic):
    before = lost(sferic)
    jvm = flow.worker_of("Total"), flow.worker_of("Double")
    bench.kill(flow.processes("Double"))
    flows()
    bench.kill(flow.processes("Total"))
    flows()
    assert (flow.worker_of("Total"), flow.worker_of("Double")) == jvm, "a worker died with its child"
    until(lambda: lost(sferic) == before + 1)
    said = sferic("status", NAME).stdout
    assert "Total[0] its process" in said and "killed by signal 9" in said


def test_a_worker_with_state(bench, flow, flows, sferic):
    before = lost(sferic)
    bench.kill([flow.worker_of("Total")])
    flows()
    until(lambda: lost(sferic) > before)
    assert status(sferic)["status"] == "active"
    assert "Total[0] its state is lost" in sferic("logs", NAME, "-n", "1000000").stdout


def test_a_worker_with_the_source(bench, flow, flows):
    bench.kill([flow.worker_of("Numbers")])
    flows()


def test_a_supervisor(bench, flow, flows, up, cluster):
    processes = {process.pid for process in flow.processes()}
    bench.kill(bench.daemons(cluster, "supervisor"))
    flows()
    done = up()
    assert "supervisor is gone; the rest of the cluster runs on" in done.stderr
    flows()
    assert {process.pid for process in flow.processes()} == processes
    bench.kill([flow.worker_of("Total")])  # it looks after those that it did not start, too
    flows()


def test_nimbus(bench, flow, flows, up, cluster, sferic):
    processes = {process.pid for process in flow.processes()}
    bench.kill(bench.daemons(cluster, "nimbus"))
    flows()
    for command in ("list",), ("status", NAME), ("stop", NAME), ("results", NAME, "--follow"):
        done = sferic(*command)
        assert (done.returncode, done.stdout) == (1, "")
        assert "has lost its nimbus" in done.stderr and "sferic cluster up" in done.stderr
    up()
    flows()
    assert {process.pid for process in flow.processes()} == processes
    assert status(sferic)["status"] == "active"


def test_a_worker_while_nimbus_is_away(bench, flow, flows, up, cluster, sferic):
    before, begun = lost(sferic), flow.begun("Total")
    there = bench.workers(cluster)
    bench.kill([*bench.daemons(cluster, "nimbus"), flow.worker_of("Total")])
    until(lambda: [one for one in bench.workers(cluster) if one not in there], PATIENCE)
    up()  # what came before it is told by Nimbus: until then it waits
    flows()
    assert flow.begun("Total") > begun
    until(lambda: lost(sferic) > before)


def test_zookeeper(bench, flow, flows, up, cluster, sferic):
    bench.kill(bench.daemons(cluster, "zookeeper"))
    assert "has lost its zookeeper" in sferic("list").stderr
    up()
    flows()
    assert status(sferic)["status"] == "active"


def test_all_workers(bench, flow, flows, cluster):
    bench.kill(bench.workers(cluster))
    flows()


def test_everything(bench, flow, flows, up, cluster, sferic):
    before = lost(sferic)
    bench.kill([*bench.daemons(cluster), *bench.workers(cluster), *flow.processes()])
    assert len(flow.started()) > 0, "who should have ended them?"
    up()
    flows()
    until(lambda: lost(sferic) > before)


def test_a_rebalance(flow, flows, cluster, sferic):
    before = {process.pid for process in flow.processes()}
    with connect(development.running(cluster).address) as nimbus:
        nimbus.call("rebalance", NAME, nimbus.types.RebalanceOptions(wait_secs=1, num_workers=1))
    until(lambda: len(status(sferic)["workers"]) == 1, PATIENCE)
    with connect(development.running(cluster).address) as nimbus:
        nimbus.call("rebalance", NAME, nimbus.types.RebalanceOptions(wait_secs=1, num_workers=2))
    until(lambda: len(status(sferic)["workers"]) == 2, PATIENCE)
    flows()
    assert {process.pid for process in flow.processes()} != before


def test_random_kills(bench, flow, flows, up, cluster, sferic):
    """One minute, or as many as SFERIC_KILL_MINUTES says."""
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    victims = {
        "a child": lambda: chance.sample(flow.processes() or [None], 1),
        "a worker": lambda: chance.sample(bench.workers(cluster) or [None], 1),
        "all workers": lambda: bench.workers(cluster),
        "supervisor": lambda: bench.daemons(cluster, "supervisor"),
        "nimbus": lambda: bench.daemons(cluster, "nimbus"),
        "zookeeper": lambda: bench.daemons(cluster, "zookeeper"),
        "everything": lambda: [*bench.daemons(cluster), *bench.workers(cluster), *flow.processes()],
    }
    before, end = lost(sferic), time.monotonic() + MINUTES * 60
    while time.monotonic() < end:
        name = chance.choices(list(victims), weights=[8, 4, 2, 2, 2, 2, 1])[0]
        print(f"{time.strftime('%H:%M:%S')} {name}")
        bench.kill(filter(None, victims[name]()))
        time.sleep(chance.uniform(0, 5))  # at any moment of what comes after, and not when it is over
        if development.running(cluster) is None:
            up()
        time.sleep(chance.uniform(0, 5))
    bench.kill(flow.processes("Total"))
    flows()
    until(lambda: lost(sferic) > before)
    assert status(sferic)["status"] == "active"


def test_at_the_end_all_was_kept_and_nothing_is_left(bench, flow, flows, sferic, cluster):
    stopped = sferic("stop", NAME)
    assert stopped.returncode == 0, stopped.stderr
    sent = max(int(line) for path in flow.folder.glob("sent-*") for line in path.read_text().split("\n")[:-1])
    assert flow.has_all(sent), flow.missing(sent)
    assert all(number % 2 == 0 for number in flow.kept)
    assert sferic("cluster", "down").returncode == 0
    assert not [command_of(process.pid) for process in (*flow.processes(), *flow.started(), *bench.workers(cluster))]
    below = str(cluster.folder)
    assert not [command for path in Path("/proc").glob("[1-9]*") if below in (command := command_of(int(path.name)))]
