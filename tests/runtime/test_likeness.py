"""The digest of a graph in memory: the same in another process, another one where anything of it changed."""

import json
import os
import subprocess
import sys

SOURCE = """
import functools, math, threading
import numpy
from sferic import IterativePE, ProducerPE, WorkflowGraph
from sferic.runtime.definition import expand
from sferic.runtime.likeness import likeness

FACTOR = 3
NAMES = {"one", "two", "three"}


@functools.cache
def kept(number):
    return number + 100


def scaled(number):
    return kept(number) * FACTOR + math.floor(number)


def by(more):
    return lambda number: scaled(number) + more


class Base(IterativePE):
    odd = frozenset(["a", "b", "c"])

    @property
    def twice(self):
        return 2


class Scale(Base):
    def __init__(self, table):
        super().__init__()
        self.table = table
        self.again = self.table
        self.names = NAMES
        self.f = by(4)
        self.part = functools.partial(scaled, 1)
        self.array = numpy.arange(5)
        self.itself = self

    def _process(self, number):
        if number in {"x", "y", "z"}:
            return None
        return self.f(number) + self.twice


class Numbers(ProducerPE):
    def _process(self, inputs):
        yield from range(10)


graph = WorkflowGraph()
graph.connect(Numbers(), "output", Scale({"k": [1, 2]}), "input", lambda item: item % 7)
print(likeness(expand(graph)))
"""


EACH = """
import json, sys
for source in json.load(sys.stdin):
    exec(compile(source, "<string>", "exec"), {"__name__": "__main__"})
"""


def digests(seed, *sources):
    """Of these sources, by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", EACH],
        input=json.dumps(sources),
        check=False,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_another_process_that_builds_the_same_comes_to_the_same():
    first, moved = digests("1", SOURCE, f"# moved\n\n\n{SOURCE}")
    assert digests("2", SOURCE) == [first] == [moved]


CHANGES = {
    "an attribute": ('{"k": [1, 2]}', '{"k": [1, 3]}'),
    "a method": ("self.f(number) + self.twice", "self.f(number) - self.twice"),
    "a constant in a method": ('{"x", "y", "z"}', '{"x", "y", "w"}'),
    "an attribute of its class": ('["a", "b", "c"]', '["a", "b", "d"]'),
    "a property": ("return 2", "return 5"),
    "a function that a method uses": ("math.floor", "math.ceil"),
    "a function that is wrapped": ("number + 100", "number + 101"),
    "a global of such a function": ("FACTOR = 3", "FACTOR = 4"),
    "what a function closes over": ("by(4)", "by(5)"),
    "a set": ('"one", "two"', '"one", "four"'),
    "an array": ("arange(5)", "arange(6)"),
    "a key function": ("item % 7", "item % 8"),
    "a source": ("range(10)", "range(11)"),
}


def test_what_changes_it():
    assert all(SOURCE.count(before) == 1 for before, _ in CHANGES.values())
    usual, *others = digests("1", SOURCE, *(SOURCE.replace(*change) for change in CHANGES.values()))
    assert [what for what, other in zip(CHANGES, others, strict=True) if other == usual] == []
