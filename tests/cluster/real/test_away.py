"""Commands that are in the middle of something while Nimbus is killed and started again."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sferic.cluster import development
from sferic.cluster.nimbus import connect

_spec = importlib.util.spec_from_file_location("real_conftest", Path(__file__).with_name("conftest.py"))
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)
until = _shared.until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORKFLOW = """
from pathlib import Path

from sferic import IterativePE, ProducerPE, WorkflowGraph


class Steps(ProducerPE):
    # After a hundred it waits until there is a file `gate`.
    def __init__(self, gate):
        super().__init__()
        self.gate = gate

    def _process(self, inputs):
        for number in range(300):
            while number == 100 and not Path(self.gate).exists():
                self.wait(0.05)
            yield number


class Forever(ProducerPE):
    endless = True

    def read(self, position):
        number = position or 0
        while True:
            self.wait(0.05)
            number += 1
            yield number, number


class Held(IterativePE):
    # From the tenth item on it waits until there is a file `gate`.
    def __init__(self, gate):
        super().__init__()
        self.gate = gate
        self.count = 0

    def _process(self, number):
        self.count += 1
        while self.count >= 10 and not Path(self.gate).exists():
            self.wait(0.05)

    def _postprocess(self):
        self.write("output", self.count)


def finite(gate):
    graph = WorkflowGraph("finite")
    graph.add(Steps(gate))
    return graph


def held(gate):
    graph = WorkflowGraph("held")
    graph.connect(Forever(), "output", Held(gate), "input")
    return graph
"""


@pytest.fixture
def submitted(folder, topology, tmp_path):
    (folder / "a.py").write_text(WORKFLOW)
    return lambda workflow: topology(f"a.py:{workflow}", "-p", f"gate={tmp_path}/gate", "--fuse", "none")


@pytest.fixture
def begun(state, folder, tmp_path):
    """`begun(*arguments)`: the process of a command, and the file of what it tells."""
    processes = []

    def begin(*arguments):
        told = tmp_path / "told.txt"
        command = [sys.executable, "-m", "sferic.cli", *arguments]
        env = {**os.environ, "SFERIC_STATE": str(state)}
        with told.open("w") as stderr:
            process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)
        processes.append(process)
        return process, told

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def away(cluster, process, told):
    """Nimbus dies, and the command has seen it."""
    nimbus = development.recorded(cluster).daemons["nimbus"]
    nimbus.signal(9)
    until(lambda: "is away; waiting for it" in told.read_text())
    assert process.poll() is None


def test_who_follows_results_gets_each_of_them_once(submitted, begun, sferic, cluster, tmp_path):
    name = submitted("finite")
    process, told = begun("results", name, "--follow")
    lines = [process.stdout.readline() for _ in range(100)]
    away(cluster, process, told)
    (tmp_path / "gate").touch()  # the topology goes on meanwhile
    assert sferic("cluster", "up").returncode == 0
    lines += process.stdout.readlines()
    assert process.wait() == 0, told.read_text()
    assert "Nimbus is back" in told.read_text()
    assert Counter(json.loads(line)["value"] for line in lines) == Counter(range(300))


def test_who_stops_a_topology_waits_until_it_has_drained(submitted, begun, sferic, cluster, tmp_path):
    name = submitted("held")
    until(lambda: json.loads(sferic("status", name, "--json").stdout)["pes"]["Held"]["in"] > 0)
    topology = json.loads(sferic("status", name, "--json").stdout)["id"]
    process, told = begun("stop", name)
    with connect(development.running(cluster).address) as nimbus:
        until(lambda: nimbus.read_blob(f"sferic.{topology}.orders") == b"stop")
    away(cluster, process, told)
    (tmp_path / "gate").touch()
    assert sferic("cluster", "up").returncode == 0
    assert process.wait() == 0, told.read_text()
    assert process.stdout.read().startswith(f"{name} has drained and is gone.")
    [line] = sferic("results", name).stdout.splitlines()
    assert json.loads(line)["value"] >= 10
    assert name not in sferic("list").stdout
