"""A receiver owns its item: what one does to it no other sees."""

import copy
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy
import pytest

import sferic
from sferic.runtime.host.ownership import own


@dataclass
class Trace:
    name: str
    samples: list = field(default_factory=list)


@dataclass(frozen=True)
class Frozen:
    parts: list


class Named(NamedTuple):
    parts: list


def change(item):
    """Change all that can be changed in `item`, at every depth."""
    if isinstance(item, numpy.ndarray):
        item += 1
    elif isinstance(item, (Trace, Frozen, Named)):
        change(item.samples if isinstance(item, Trace) else item.parts)
    elif isinstance(item, (dict, defaultdict, OrderedDict, Counter)):
        for value in item.values():
            change(value)
        item["changed"] = 1
    elif isinstance(item, (list, deque)):
        for value in item:
            change(value)
        item.append("changed")
    elif isinstance(item, tuple):
        for value in item:
            change(value)
    elif isinstance(item, bytearray):
        item[0] = 255
    elif isinstance(item, set):
        item.add("changed")


def items():
    return [
        [1, 2],
        {"a": [1]},
        {1, 2},
        bytearray(b"bytes"),
        (1, [2, {"b": [3]}]),
        numpy.arange(4.0),
        [numpy.arange(3), {"c": numpy.zeros((2, 2))}],
        (numpy.arange(3),),
        Trace("t", [1, [2]]),
        Frozen([1, numpy.ones(2)]),
        Named([1]),
        [[[[[]]]]],
    ]


class Items(sferic.ProducerPE):
    """Goes on using what it wrote."""

    def _process(self, inputs):
        for item in items():
            self.write("output", item)
            change(item)


class Changes(sferic.IterativePE):
    def _process(self, data):
        change(data)
        return data


class Forwards(sferic.IterativePE):
    def _process(self, data):
        return data


def text(item):
    """What it holds; a set in an order that does not depend on the interpreter's hash seed."""
    if isinstance(item, set):
        return f"{{{', '.join(sorted(map(repr, item)))}}}"
    return repr(item).replace("\n", "")


@pytest.mark.parametrize(("on", "fuse"), [("local", "auto"), ("local", "none"), ("multi", "auto"), ("multi", "none")])
@pytest.mark.parametrize("changing", [0, 1])
def test_what_one_branch_changes_the_other_does_not_see(on, fuse, changing):
    graph = sferic.WorkflowGraph()
    source, middle = Items(), Forwards()
    branches = [Changes() if number == changing else Forwards() for number in range(2)]
    graph.connect(source, "output", middle, "input")
    for branch in branches:
        graph.connect(middle, "output", branch, "input")
    if on == "multi" and fuse == "auto":
        graph.partitions = [[source, middle, *branches]]
    results = sferic.run(graph, on=on, fuse=fuse)
    changed = items()
    for item in changed:
        change(item)
    assert list(map(text, results[branches[1 - changing]]["output"])) == list(map(text, items()))
    assert list(map(text, results[branches[changing]]["output"])) == list(map(text, changed))


class Keeps(sferic.IterativePE):
    """Holds on to its items and changes them when all are through: nobody behind it may see that."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def _process(self, data):
        self.kept.append(data)
        self.write("output", data)
        change(data)


@pytest.mark.parametrize("fuse", ["auto", "none"])
def test_what_was_written_stays_as_it_was(fuse):
    graph = sferic.WorkflowGraph()
    keeps, last = Keeps(), Forwards()
    graph.connect(Items(), "output", keeps, "input")
    graph.connect(keeps, "output", last, "input")
    assert list(map(text, sferic.run(graph, fuse=fuse)[last]["output"])) == list(map(text, items()))


class Reads(sferic.IterativePE):
    readonly = True

    def _process(self, data):
        return id(data)


def test_who_only_reads_gets_the_same_object():
    graph = sferic.WorkflowGraph()
    source, readers = Items(), [Reads(), Reads()]
    for reader in readers:
        graph.connect(source, "output", reader, "input")
    one, other = (sferic.run(graph)[reader]["output"] for reader in readers)
    assert len(one) == len(other) == len(items())
    results = sferic.run(graph)
    assert results[readers[0]]["output"] == results[readers[1]]["output"]


def test_a_reader_beside_a_changer_sees_the_original():
    graph = sferic.WorkflowGraph()

    class Copies(Reads):
        def _process(self, data):
            return copy.deepcopy(data)

    source, changes, reads = Items(), Changes(), Copies()
    graph.connect(source, "output", changes, "input")
    graph.connect(source, "output", reads, "input")
    assert list(map(text, sferic.run(graph)[reads]["output"])) == list(map(text, items()))


def shapes(item):
    """What is in it, in order, with a number for each container: those that are one object have one number."""
    numbers, said, waiting = {}, [], [item]
    while waiting:
        part = waiting.pop()
        known = id(part) in numbers
        said.append(
            (type(part), numbers.setdefault(id(part), len(numbers)) if isinstance(part, (dict, list)) else None)
        )
        if isinstance(part, dict) and not known:
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, (list, tuple)) and not known:
            waiting += part
        elif not isinstance(part, (dict, list, tuple)):
            said.append(text(part))
    return said


def test_parts_that_are_in_an_item_twice_or_in_themselves_are_so_in_its_copy():
    twice = [1, {"deep": [2, (3, [4])]}]
    itself = {"name": "loop", "parts": [1, [2]]}
    itself["parts"].append(itself)
    through = ([5],)
    through[0].append(through)
    frozen = Frozen([twice, 6])
    for item in ([twice, twice], {"a": twice, "b": [twice], ("c", 1): frozen}, itself, [through, twice], (twice, {7})):
        copied = own(item)
        assert shapes(copied) == shapes(item) == shapes(copy.deepcopy(item))
    assert own([twice])[0] is not twice
    copied = own([frozen, twice])
    assert copied[0].parts[0] is copied[1] is not twice
