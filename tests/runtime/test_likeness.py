"""The digest of a graph in memory: the same in another process, another one where anything of it changed."""

import os
import subprocess
import sys

import pytest

SOURCE = """
import functools, math, threading
import numpy
from sferic import IterativePE, ProducerPE, WorkflowGraph
from sferic.runtime.definition import expand
from sferic.runtime.likeness import likeness

FACTOR = 3
NAMES = {"one", "two", "three"}


def scaled(number):
    return number * FACTOR + math.floor(number)


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


def digest(source, seed):
    command = [sys.executable, "-c", source]
    done = subprocess.run(
        command, check=False, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def usual():
    return digest(SOURCE, "1")


def test_another_process_that_builds_the_same_comes_to_the_same(usual):
    assert digest(SOURCE, "2") == usual
    assert digest(f"# moved\n\n\n{SOURCE}", "3") == usual


CHANGES = {
    "an attribute": ('{"k": [1, 2]}', '{"k": [1, 3]}'),
    "a method": ("self.f(number) + self.twice", "self.f(number) - self.twice"),
    "a constant in a method": ('{"x", "y", "z"}', '{"x", "y", "w"}'),
    "an attribute of its class": ('["a", "b", "c"]', '["a", "b", "d"]'),
    "a property": ("return 2", "return 5"),
    "a function that a method uses": ("math.floor", "math.ceil"),
    "a global of such a function": ("FACTOR = 3", "FACTOR = 4"),
    "what a function closes over": ("by(4)", "by(5)"),
    "a set": ('"one", "two"', '"one", "four"'),
    "an array": ("arange(5)", "arange(6)"),
    "a key function": ("item % 7", "item % 8"),
    "a source": ("range(10)", "range(11)"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_it(usual, what):
    before, after = CHANGES[what]
    assert SOURCE.count(before) == 1
    assert digest(SOURCE.replace(before, after), "1") != usual
