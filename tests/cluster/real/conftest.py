"""One development cluster for all tests here: real ZooKeeper, Nimbus and Supervisor, in a network of their own.

A network of one's own wants Linux and root; elsewhere the cluster's ports are open while these tests run.
"""

import json
import os
import subprocess
import sys
import time
from urllib.parse import quote

import pytest

from sferic.cluster import development
from sferic.cluster.home import Home
from sferic.cluster.java import find_java
from sferic.cluster.namespace import NamespaceRefused, in_network_of, in_new_network

WORKFLOW = """
import time
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph, every

FAR = 1_000_000_000


class Numbers(ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        yield from range(self.count)


class Forever(ProducerPE):
    endless = True

    def read(self, position):
        number = position or 0
        while True:
            number += 1
            time.sleep(0.01)
            yield number, number


class Slow(ProducerPE):
    def __init__(self, count=100_000):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            time.sleep(0.01)
            yield number


class Square(IterativePE):
    stateless = True

    def _process(self, number):
        return number * number


class Total(IterativePE):
    numprocesses = 2

    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = lambda number: number % 10
        self.totals = {}

    def _process(self, number):
        self.totals[number % 10] = self.totals.get(number % 10, 0) + number

    def _postprocess(self):
        for pair in self.totals.items():
            self.write("output", pair)


class Ticks(IterativePE):
    # Says when nothing has come for some ticks, and at its end how much there was.

    def __init__(self, mark):
        super().__init__()
        self.mark = mark
        self.count = self.sum = self.before = self.same = 0

    def _preprocess(self):
        if self.mark == "broken":
            raise RuntimeError("this version is broken")

    def _process(self, number):
        self.count += 1
        self.sum += number

    @every(0.2)
    def tick(self):
        self.same = self.same + 1 if self.count == self.before > 0 else 0
        self.before = self.count
        if self.same == 5:
            self.write("output", [self.mark, "rests", self.count, self.sum])

    def _postprocess(self):
        self.write("output", [self.mark, "all", self.count, self.sum])


class Picky(IterativePE):
    stateless = True

    def _process(self, number):
        if number % 100 == 7:
            raise ValueError(f"no {number}")
        if number == 3:
            self.log("three is here")
        return number


def line(*pes):
    graph = WorkflowGraph("w")
    graph.add(pes[0])
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    return graph


def totals(count: int = 1000):
    return line(Numbers(count), Square(), Total())


def squares(count: int = 1000):
    return line(Numbers(count), Square())


def steady(count: int = 3000):
    return line(Slow(count))


def slow():
    return line(Slow(), Total())


def forever():
    return line(Forever(), Total())


def ticking(mark: str = "first"):
    return line(Forever(), Ticks(mark))


def picky(count: int = 1000):
    return line(Numbers(count), Picky())
"""


def closed_here():
    try:
        in_new_network(lambda: None)
    except NamespaceRefused:
        return False
    return True


CLOSED = ["--closed"] if closed_here() else []


@pytest.fixture(scope="session")
def state(tmp_path_factory):
    """The state folder of all commands here."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where workflows are."""
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "w.py").write_text(WORKFLOW)
    return folder


@pytest.fixture(scope="session")
def sferic(state, folder):
    """`sferic(*arguments)`: the ended process, its output as text."""

    def run(*arguments, **environment):
        env = {**os.environ, "SFERIC_STATE": str(state), **environment}
        command = [sys.executable, "-m", "sferic.cli", *arguments]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def cluster(sferic, state):
    """The cluster, up."""
    # What reaches workers, and is none of theirs.
    done = sferic("cluster", "up", *CLOSED, PYTHONSTARTUP="/nowhere/startup.py")
    try:
        assert done.returncode == 0, done.stderr
        yield Home(state / "cluster")
    finally:
        assert sferic("cluster", "down").returncode == 0
        assert development.recorded(Home(state / "cluster")) is None


@pytest.fixture
def topology(sferic, cluster, request):
    """`topology(workflow, *options)`: submits it under a name of the test's own; gone at the end."""
    name = request.node.originalname.removeprefix("test_")[:60]

    def submit(workflow, *options, **environment):
        done = sferic("submit", workflow, "--name", name, *options, **environment)
        assert done.returncode == 0, done.stderr
        return name

    yield submit
    sferic("kill", name)


def storm_jar(cluster, jar, name, settings=None):
    """What the script `storm` runs for `storm jar JAR sferic.Main NAME -c sferic.python=… -c …`; the ended process."""
    given = {"sferic.python": sys.executable, **{key: json.dumps(value) for key, value in (settings or {}).items()}}
    options = ",".join(quote(f"{key}={value}", safe="") for key, value in given.items())
    command = [find_java().path, f"-Dstorm.options={options}"]
    command += [f"-Dstorm.home={cluster.storm}", f"-Dstorm.jar={jar}", "-Dstorm.dependency.jars="]
    command += ["-Dstorm.dependency.artifacts={}", "-cp", f"{cluster.storm}/lib/*:{jar}:{cluster.storm}/conf"]
    command += ["sferic.Main", name]
    address = development.running(cluster).address

    def run():
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run() if address.network_of is None else in_network_of(address.network_of, run)


def until(condition, patience=60.0):
    """What `condition()` gives once it is true; looks are short, since what is waited for is in other processes."""
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.2)
    return found
