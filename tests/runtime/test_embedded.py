"""Runs inside other programs: from a notebook, in threads, several at a time, for long."""

import subprocess
import sys
import threading

import pytest

import sferic

DEFINED_IN_MAIN = """
import sferic
from dataclasses import dataclass

@dataclass
class Pair:
    left: int
    right: int

class Numbers(sferic.ProducerPE):
    def _process(self, inputs):
        yield from range(100)

class Pairs(sferic.IterativePE):
    def _process(self, data):
        return Pair(data, offset)

class Total(sferic.IterativePE):
    total = 0
    def _process(self, data):
        self.total += data.left + data.right
    def _postprocess(self):
        self.write("output", Pair(self.total, 0))

offset = 1
graph = sferic.WorkflowGraph()
pairs, total = Pairs(), Total()
graph.connect(Numbers(), "output", pairs, "input")
graph.connect(pairs, "output", total, "input")
assert "__file__" not in globals()
"""
EXPECTED = f"[Pair(left={sum(range(100)) + 100}, right=0)]"


@pytest.mark.parametrize("on", ["local", "multi", "storm"])
def test_cells_of_a_notebook(on):
    """Classes are in __main__, which has no file."""
    cells = [DEFINED_IN_MAIN, f"results = sferic.run(graph, on={on!r})", "print(results[total]['output'])"]
    code = f"for cell in {cells!r}: exec(cell)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (EXPECTED, 0), done.stderr


class Numbers(sferic.ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", number)


class Total(sferic.IterativePE):
    def __init__(self, meet=None):
        super().__init__()
        self.meet = meet
        self.total = 0

    def _preprocess(self):
        if self.meet is not None:
            self.meet.wait(20)

    def _process(self, data):
        self.total += data

    def _postprocess(self):
        self.write("output", self.total)

    def __deepcopy__(self, memo):
        copy = Total(self.meet)
        copy.__dict__.update(self.__dict__)
        return copy


def summed(count, meet=None):
    graph = sferic.WorkflowGraph()
    total = Total(meet)
    graph.connect(Numbers(count), "output", total, "input")
    return graph, total


@pytest.mark.parametrize("on", ["local", "multi"])
def test_runs_in_threads_at_the_same_time(on):
    found = {}
    meet = threading.Barrier(3) if on == "local" else None

    def one(count):
        graph, total = summed(count, meet)
        found[count] = sferic.run(graph, on=on)[total]["output"]

    threads = [threading.Thread(target=one, args=(count,)) for count in (1000, 2000, 3000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {count: [sum(range(count))] for count in (1000, 2000, 3000)}


@pytest.mark.parametrize("on", ["local", "multi"])
def test_one_graph_in_two_threads_at_the_same_time(on):
    graph, total = summed(2000)
    found = []
    threads = [threading.Thread(target=lambda: found.append(sferic.run(graph, on=on)[total]["output"])) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[sum(range(2000))]] * 2


def test_a_run_inside_a_run():
    class Runs(sferic.IterativePE):
        def _process(self, data):
            graph, total = summed(data)
            return sferic.run(graph)[total]["output"][0]

    graph = sferic.WorkflowGraph()
    runs = Runs()
    graph.connect(Numbers(5), "output", runs, "input")
    assert sferic.run(graph)[runs]["output"] == [sum(range(n)) for n in range(5)]


FLAT = """
import re, sferic
from pathlib import Path

class Texts(sferic.ProducerPE):
    def __init__(self, count):
        super().__init__()
        self.count = count
    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", f"a text of some length with number {number}")

class Halves(sferic.IterativePE):
    def _process(self, data):
        self.write("output", data[:10])
        self.write("output", data[10:])

class Count(sferic.ConsumerPE):
    def _process(self, data):
        pass

def most(count):
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    graph = sferic.WorkflowGraph()
    halves = Halves()
    graph.connect(Texts(count), "output", halves, "input")
    graph.connect(halves, "output", Count(), "input")
    assert sferic.run(graph, fuse=FUSE).counts["Count"]["in"] == 2 * count
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

few = most(10_000)
print(most(MANY) - few)
"""


@pytest.mark.parametrize(("fuse", "many"), [("auto", 1_000_000), ("none", 200_000)])
def test_memory_stays_flat_however_many_items(fuse, many):
    code = FLAT.replace("FUSE", repr(fuse)).replace("MANY", str(many))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 20, "MB more than with few items"
