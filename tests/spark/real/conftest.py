"""One Spark cluster for all tests of jobs: a real master and worker, in a network of their own where that is possible."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sferic.cluster import spark_development as development
from sferic.cluster.jobs import Job

_path = Path(__file__).parents[2] / "cluster" / "real" / "conftest.py"
_spec = importlib.util.spec_from_file_location("real_conftest", _path)
storm = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(storm)

CLOSED, until = storm.CLOSED, storm.until

WORKFLOW = '''
import time
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        yield from range(self.count)


class Growing(ProducerPE):
    """The numbers in a file, one a line, as it grows."""

    endless = True

    def __init__(self, path):
        super().__init__()
        self.path = path

    def read(self, position):
        at = position or 0
        while True:
            with Path(self.path).open() as lines:
                lines.seek(at)
                while (line := lines.readline()).endswith("\\n"):
                    at = lines.tell()
                    yield int(line), at
            self.wait(0.05)


class Picky(IterativePE):
    stateless = True
    numprocesses = 2

    def _process(self, number):
        if number % 100 == 7:
            raise ValueError(f"no {number}")
        if number % 100 == 3:
            self.log(f"{number} is here")
        return number


class Total(IterativePE):
    def __init__(self):
        super().__init__()
        self.inputconnections["input"]["grouping"] = "global"
        self.seen = self.sum = 0

    def _process(self, number):
        self.seen += 1
        self.sum += number
        if number % 100 == 0:
            self.write("output", number)

    def _postprocess(self):
        self.write("output", [self.seen, self.sum])


def line(*pes):
    graph = WorkflowGraph("w")
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    return graph


def batch(count: int = 300):
    return line(Numbers(count), Picky(), Total())


def stream(path: str = "numbers", more: bool = False):
    return line(Growing(path), Picky(), *([Picky()] if more else []), Total())
'''


def _sockets(pid):
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it is closed meanwhile
            yield os.readlink(fd)


@pytest.fixture
def listening():
    """`listening(pid)`: (address, port) of the sockets on which a process listens, as the kernel has them."""

    def heard(pid):
        inodes, found = set(_sockets(pid)), set()
        for family, table in (socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                    address, _, port = fields[1].partition(":")
                    words = [bytes.fromhex(address)[at : at + 4][::-1] for at in range(0, len(address) // 2, 4)]
                    found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
        return found

    return heard


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where workflows are."""
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "w.py").write_text(WORKFLOW)
    return folder


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """The state folder of all commands here."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
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
    done = sferic("cluster", "up", "--spark", *CLOSED)
    try:
        assert done.returncode == 0, done.stderr
        yield development.SparkHome(state / "spark")
    finally:
        assert sferic("cluster", "down", "--spark").returncode == 0
        assert development.recorded(development.SparkHome(state / "spark")) is None


class Watched:
    """A job under way."""

    def __init__(self, sferic, state, name):
        self.sferic = sferic
        self.name = name
        self.job = Job(name, state / "jobs" / name)

    @property
    def status(self):
        said = self.sferic("status", self.name, "--json")
        assert said.returncode == 0, said.stderr
        return json.loads(said.stdout)

    def until(self, condition, patience=180.0):
        """What `condition(status)` gives once it is true, with the driver's own words for why it is not."""
        end = time.monotonic() + patience
        while not (found := condition(self.status)):
            assert time.monotonic() < end, (self.status, self.job.log.read_text()[-5000:])
            time.sleep(0.2)
        return found

    def results(self):
        """What is given now."""
        done = self.sferic("results", self.name)
        return [json.loads(line)["value"] for line in done.stdout.splitlines()]


@pytest.fixture
def submit(sferic, cluster, state, request):
    """`submit(workflow, *options)`: submits it under a name of the test's own; gone at the end."""
    name = request.node.originalname.removeprefix("test_")[:60]

    def submitted(workflow, *options):
        done = sferic("submit", workflow, "--to", "spark", "--name", name, *options)
        assert done.returncode == 0, done.stderr
        return Watched(sferic, state, name)

    yield submitted
    sferic("kill", name)


@pytest.fixture
def numbers(folder, request):
    """`numbers(begin, end)`: adds these to the file of the test's own, whose path is its attribute."""
    path = folder / request.node.originalname

    def add(begin, end):
        with path.open("a") as out:
            out.writelines(f"{number}\n" for number in range(begin, end))

    add(0, 0)
    add.path = str(path)
    return add
