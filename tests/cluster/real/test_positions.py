"""What survives the death of workers, of everything, and of a topology."""

import functools
import importlib.util
import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.processes import know

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
# Where a worker does not start within half a minute, on a busy machine, Nimbus has it started anew elsewhere.
until = functools.partial(_shared.until, patience=150)

pytestmark = pytest.mark.timeout(600)  # each starts several workers

WORKFLOW = """
from pathlib import Path

from sferic import ConsumerPE, IterativePE, ProducerPE, WorkflowGraph
from sferic.sources import Lines


class Noted(Lines):
    # Notes where it begins; gives a line each time that `gate` has grown by a byte, at first.
    def __init__(self, folder):
        super().__init__(f"{folder}/in.txt")
        self.folder = folder

    def read(self, position):
        with Path(self.folder, "begun.txt").open("a") as begun:
            begun.write(f"{position[1] if position else 0}\\n")
        for line, after in super().read(position):
            while int(line) > Path(self.folder, "gate").stat().st_size:
                self.wait(0.01)
            yield line, after


class Number(IterativePE):
    stateless = True

    def _process(self, line):
        return int(line)


class Written(ConsumerPE):
    stateless = True

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def _process(self, number):
        with Path(self.folder, "out.txt").open("a") as out:
            out.write(f"{number}\\n")


def lines(folder):
    graph = WorkflowGraph("lines")
    number = Number()
    graph.connect(Noted(folder), "output", number, "input")
    graph.connect(number, "output", Written(folder), "input")
    return graph


class Steps(ProducerPE):
    # After a hundred it waits until there is a file `gate`.
    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def _process(self, inputs):
        for number in range(500):
            while number == 100 and not Path(self.gate).exists():
                self.wait(0.05)
            yield number


class Total(IterativePE):
    numprocesses = 2

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = lambda number: number % 10
        self.totals = {}

    def _process(self, number):
        self.totals[number % 10] = self.totals.get(number % 10, 0) + number
        return -1, number

    def _postprocess(self):
        for pair in self.totals.items():
            self.write("output", pair)


def totals(gate):
    graph = WorkflowGraph("totals")
    graph.connect(Steps(gate), "output", Total(), "input")
    return graph
"""
COUNT = 3000


class Lines:
    """The workflow `lines`, whose source gives as much as it is let."""

    def __init__(self, sferic, folder, name):
        self.sferic, self.folder, self.name = sferic, folder, name
        (folder / "in.txt").write_text("".join(f"{number}\n" for number in range(1, COUNT + 1)))
        (folder / "gate").touch()

    def submit(self, *options):
        done = self.sferic("submit", "p.py:lines", "--name", self.name, "-p", f"folder={self.folder}", *options)
        assert done.returncode == 0, done.stderr
        return done

    def let(self, until):
        (self.folder / "gate").write_bytes(bytes(until))

    def begun(self):
        """At which byte each reading of the file began."""
        path = self.folder / "begun.txt"
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []

    def out(self):
        path = self.folder / "out.txt"
        return Counter(int(line) for line in path.read_text().splitlines()) if path.exists() else Counter()

    def status(self):
        return json.loads(self.sferic("status", self.name, "--json").stdout)

    def reach(self, number):
        """Let it give so many lines, until it is written down that they are processed; at which byte it is then."""
        self.let(number)
        byte = len("".join(f"{each}\n" for each in range(1, number + 1)))
        until(lambda: (now := self.status()["positions"]) and now[0]["position"][1] == byte)
        return byte


@pytest.fixture
def lines(sferic, cluster, folder, tmp_path, request):
    (folder / "p.py").write_text(WORKFLOW)
    lines = Lines(sferic, tmp_path, request.node.originalname.removeprefix("test_")[:60])
    yield lines
    sferic("kill", lines.name)


def kill_workers(cluster):
    for noted in cluster.local.glob("workers/*/pids/*"):
        know(int(noted.name)).signal(signal.SIGKILL)  # some may be of a worker that is no more


def test_a_file_is_read_on_after_a_workers_death_and_after_kill_and_submit(lines, cluster, sferic):
    lines.submit("--fuse", "none")
    first = lines.reach(1000)
    kill_workers(cluster)
    until(lambda: len(lines.begun()) == 2)
    second = lines.reach(2000)
    done = sferic("kill", lines.name)
    assert f'goes on from Noted (instance 0) at ["{lines.folder}/in.txt", {second}]' in done.stderr
    # Another plan: what is behind the source changed.
    assert "It goes on where the last" in lines.submit("--fuse", "auto").stderr
    lines.reach(2500)  # all in one process: nothing goes out of it
    lines.let(COUNT)
    until(lambda: lines.status()["status"] == "finished")
    assert lines.begun() == [0, first, second]
    assert lines.out() == Counter(range(1, COUNT + 1)), "what was done before each death was all written down"
    assert lines.status()["positions"] == [], "it has finished"


@pytest.mark.slow
def test_a_file_is_read_on_after_the_death_of_everything_and_anew_when_that_is_asked_for(lines, cluster, sferic):
    lines.submit()
    first = lines.reach(1000)
    known = development.recorded(cluster)
    for daemon in known.daemons.values():
        os.kill(daemon.pid, signal.SIGKILL)
    kill_workers(cluster)
    assert sferic("cluster", "up", *_shared.CLOSED).returncode == 0
    until(lambda: len(lines.begun()) == 2)
    lines.reach(2000)
    assert sferic("stop", lines.name).returncode == 0
    assert lines.begun() == [0, first]
    assert lines.out() == Counter(range(1, 2001))
    assert lines.submit("--fresh").stderr == ""
    lines.let(COUNT)
    until(lambda: lines.status()["status"] == "finished")
    assert lines.out() == Counter(range(1, 2001)) + Counter(range(1, COUNT + 1))
    assert sferic("kill", lines.name).stderr == ""
    lines.submit()  # it had finished: the next one begins anew
    until(lambda: len(lines.begun()) == 4)
    assert lines.begun() == [0, first, 0, 0]


@pytest.mark.slow
def test_a_position_that_does_not_fit_is_said_with_the_way_out(lines, sferic):
    lines.submit()
    lines.reach(1000)
    assert sferic("kill", lines.name).returncode == 0
    (lines.folder / "in.txt").write_text("1\n")
    lines.submit()
    failed = until(lambda: lines.status()["failed"])
    assert "in.txt has 2 bytes, and 3,893 of them were read: it is another file now" in failed
    assert "sferic submit --fresh" in failed


def test_a_finite_topology_that_lost_state_begins_again(sferic, cluster, folder, topology, tmp_path):
    (folder / "p.py").write_text(WORKFLOW)
    name = topology("p.py:totals", "-p", f"gate={tmp_path}/gate", "--fuse", "none")
    until(lambda: json.loads(sferic("status", name, "--json").stdout)["pes"]["Total"]["in"] > 10)
    kill_workers(cluster)
    until(lambda: json.loads(sferic("status", name, "--json").stdout)["attempt"] == 2)
    (tmp_path / "gate").touch()
    done = sferic("results", name, "--follow")
    assert done.returncode == 0, done.stderr
    expected = Counter((-1, number) for number in range(500))
    expected += Counter((last, sum(range(last, 500, 10))) for last in range(10))
    assert Counter(tuple(json.loads(line)["value"]) for line in done.stdout.splitlines()) == expected
    assert "state of" in sferic("status", name).stdout


@pytest.mark.slow
def test_state_that_is_lost_twice_fails_a_finite_topology(sferic, cluster, folder, topology, tmp_path):
    (folder / "p.py").write_text(WORKFLOW)
    name = topology("p.py:totals", "-p", f"gate={tmp_path}/gate", "--fuse", "none")

    def said():
        return json.loads(sferic("status", name, "--json").stdout)

    until(lambda: said()["pes"]["Total"]["in"] == 100)
    kill_workers(cluster)
    until(lambda: (now := said())["attempt"] == 2 and now["pes"]["Total"]["in"] == 200)
    kill_workers(cluster)
    failed = until(lambda: said()["failed"])
    assert "its state is lost, in a second attempt too" in failed
    assert said()["status"] == "failed"


def test_limits_drop_the_oldest_and_say_so(sferic, folder, topology):
    (folder / "p.py").write_text(WORKFLOW)
    name = topology("p.py:totals", "-p", f"gate={folder}", "--keep-results", "1K", "--fuse", "none")
    until(lambda: json.loads(sferic("status", name, "--json").stdout)["status"] == "finished")
    said = json.loads(sferic("status", name, "--json").stdout)
    kept = sferic("results", name).stdout.splitlines()
    assert len(kept) < 510
    assert said["dropped"] == {"results": 510 - len(kept), "dead_letters": 0}
    assert f"{510 - len(kept)} results were dropped" in sferic("status", name).stdout
