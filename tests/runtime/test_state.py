"""What an instance would lose with its process is seen before its first answer leaves."""

import collections
import dataclasses

import numpy as np
import pytest

import sferic
from sferic.runtime.host.state import StateWatch


@dataclasses.dataclass(slots=True)
class Slotted:
    count: int = 0


class Holds(sferic.IterativePE):
    def __init__(self, held):
        super().__init__()
        self.held = held


def at(index, value):
    def change(held):
        held[index] = value

    return change


CHANGES = {
    "a number in a list": ([1, 2], at(0, 5)),
    "a key": ({}, at("a", 1)),
    "an array in place": (np.zeros(3), at(1, 1.0)),
    "a view of an array": (np.zeros((4, 4))[:, 1], at(2, 1.0)),
    "bytes in place": (bytearray(b"abc"), at(0, 7)),
    "a full deque": (collections.deque([1, 2], maxlen=2), lambda held: held.append(3)),
    "a set of the same size": ({1, 2}, lambda held: (held.remove(1), held.add(3))),
    "a slot": (Slotted(), lambda held: setattr(held, "count", 1)),
    "deep inside": ([{"a": [Slotted()]}], lambda held: setattr(held[0]["a"][0], "count", 1)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(what):
    held, change = CHANGES[what]
    watch = StateWatch([Holds(held)])
    assert not watch.changed
    change(held)
    assert watch.changed


def test_what_is_too_much_to_look_at_counts_as_changed():
    assert StateWatch([Holds(np.zeros(1_000_000))]).changed
    assert StateWatch([Holds(list(range(100_000)))]).changed


def test_functions_and_handles_are_no_state(tmp_path):
    with (tmp_path / "x").open("w") as file:
        watch = StateWatch([Holds([file, print, sferic, int])])
        assert not watch.changed


def test_a_change_that_is_undone_was_one():
    pe = Holds(1)
    watch = StateWatch([pe])
    pe.held = 2
    assert watch.changed
    pe.held = 1
    assert watch.changed
