"""PEs that cases share, and where cases are listed."""

from dispel4py.base import (
    IterativePE,
    ProducerPE,
)
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

CASES = {}
WRONGS = {}
ERRORS = {}
WORDS = "to be or not to be that is the question whether tis nobler in the mind to suffer".split()


def case(function):
    CASES[function.__name__] = function
    return function


def wrong(function):
    """A case where dispel4py is known to be wrong."""
    WRONGS[function.__name__] = function
    return function


class Spread:
    """So many items of a PE, however they were dealt out to its instances; their sums, column by column."""

    def __init__(self, items, *sums):
        self.items = items
        self.sums = sums


def error(function):
    """A case that cannot end well; `expected` is a part of what is to be said."""
    ERRORS[function.__name__] = function
    return function


def named(pe, name):
    pe.name = name
    return pe


class Numbers(ProducerPE):
    def __init__(self, count, start=0):
        ProducerPE.__init__(self)
        self.count = count
        self.start = start

    def _process(self, inputs):
        for number in range(self.start, self.start + self.count):
            self.write("output", number)


class Items(ProducerPE):
    def __init__(self, items):
        ProducerPE.__init__(self)
        self.items = items

    def _process(self, inputs):
        for item in self.items:
            self.write(Items.OUTPUT_NAME, item)


class Counting(GenericPE):
    """One number a call, with more than one output if asked to."""

    def __init__(self, outputs=("output",)):
        GenericPE.__init__(self)
        for name in outputs:
            self._add_output(name, tuple_type=["number"])
        self.counter = 0

    def _process(self, inputs):
        self.counter += 1
        return {name: self.counter for name in self.outputconnections}


class Same(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        return data


class Plus(IterativePE):
    def __init__(self, number):
        IterativePE.__init__(self)
        self.number = number

    def _process(self, data):
        return data + self.number


class Joined(GenericPE):
    """Two inputs; says of each item where it came in."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("left")
        self._add_input("right")
        self._add_output("output")

    def process(self, inputs):
        for name in inputs:
            self.write("output", (name, inputs[name]))


class CountByKey(GenericPE):
    """(key, how often) at the end."""

    def __init__(self, fields):
        GenericPE.__init__(self)
        self._add_input("input", grouping=fields)
        self._add_output("output")
        self.fields = fields
        self.seen = {}

    def _process(self, inputs):
        key = tuple(inputs["input"][field] for field in self.fields)
        self.seen[key] = self.seen.get(key, 0) + 1

    def _postprocess(self):
        for key in self.seen:
            self.write("output", (key, self.seen[key]))


class Total(IterativePE):
    """How many items and their sum, at the end."""

    def __init__(self, grouping=None):
        IterativePE.__init__(self)
        if grouping is not None:
            self.inputconnections["input"]["grouping"] = grouping
        self.count = 0
        self.sum = 0

    def _process(self, data):
        self.count += 1
        self.sum += data

    def _postprocess(self):
        self.write("output", (self.count, self.sum))


def line(*pes):
    graph = WorkflowGraph()
    for source, target in zip(pes, pes[1:]):
        graph.connect(source, "output", target, "input")
    return graph
