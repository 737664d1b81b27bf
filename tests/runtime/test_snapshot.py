"""What PEs have become since preprocess is given away and taken back by others, and nothing else is."""

import itertools
import socket
from collections import Counter, deque

import numpy as np
import pytest

from sferic import IterativePE
from sferic.runtime.host.snapshot import Snapshots, StateError


class Holds(IterativePE):
    """`made`: what its preprocess sets."""

    def __init__(self, made=dict, **attributes):
        super().__init__()
        vars(self).update(attributes)
        self.made = made

    def preprocess(self):
        vars(self).update(self.made())

    def called(self):
        return self


def opened(**pes):
    snapshots = Snapshots(list(pes.items()))
    for pe in pes.values():
        pe.preprocess()
    snapshots.begin()
    return snapshots


def moved(make, change):
    """A PE changed by `change`, and another one that took its state back."""
    one, other = make(), make()
    first, second = opened(pe=one), opened(pe=other)
    change(one)
    second.take(first.give())
    return one, other


CHANGES = {
    "a number": ({"held": 1}, lambda pe: setattr(pe, "held", 2)),
    "in a list": ({"held": [1, [2]]}, lambda pe: pe.held[1].append(3)),
    "a counter": ({"held": Counter()}, lambda pe: pe.held.update("abca")),
    "a deque": ({"held": deque(maxlen=2)}, lambda pe: pe.held.extend([1, 2, 3])),
    "one that is new": ({}, lambda pe: setattr(pe, "held", {"a": (1, 2)})),
    "an iterator": ({"held": itertools.count()}, lambda pe: next(pe.held)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_has_changed_comes_back(what):
    attributes, change = CHANGES[what]
    one, other = moved(
        lambda: Holds(**{name: type(v)(v) if isinstance(v, list) else v for name, v in attributes.items()}), change
    )
    assert repr(other.held) == repr(one.held)


def test_an_array_in_place_and_one_that_is_large():
    for size in (3, 1_000_000):
        one, other = moved(lambda size=size: Holds(held=np.zeros(size)), lambda pe: pe.held.__setitem__(1, 7.0))
        assert other.held is not one.held
        assert np.array_equal(other.held, one.held)


def test_an_attribute_that_is_gone_is_gone():
    _, other = moved(lambda: Holds(held=1), lambda pe: delattr(pe, "held"))
    assert not hasattr(other, "held")


def test_where_nothing_changed_there_is_nothing():
    assert opened(pe=Holds(lambda: {"model": [1, 2]}, held={"a": 1})).give() == b""


def test_what_preprocess_made_is_state_once_it_changed():
    one, other = moved(lambda: Holds(lambda: {"counts": {}, "same": [1]}), lambda pe: pe.counts.update(a=1))
    assert other.counts == {"a": 1}
    assert other.same is not one.same


def test_a_socket_that_preprocess_made_is_no_state():
    def change(pe):
        pe.link.settimeout(3)
        pe.sent = 1

    one, other = moved(lambda: Holds(lambda: {"link": socket.socket()}), change)
    try:
        assert (other.sent, other.link is one.link) == (1, False)
        assert other.link.fileno() >= 0
    finally:
        one.link.close()
        other.link.close()


def test_what_cannot_be_kept_is_named_with_its_pe():
    pe = Holds(lambda: {"ids": (n for n in range(9))})
    snapshots = opened(**{"outer/pe": pe})
    with pytest.raises(StateError, match=r"outer/pe\.ids cannot be kept \(generator: "):
        snapshots.give()
    pe = Holds()
    snapshots = opened(pe=pe)
    pe.fine, pe.handle = 1, socket.socket()
    with pe.handle, pytest.raises(StateError, match=r"pe\.handle cannot be kept \(socket: .*make such things in pre"):
        snapshots.give()


def test_what_is_shared_stays_shared():
    def change(pe):
        pe.table = {"a": 1}
        pe.again = pe.table
        pe.call = pe.called  # a method of its own

    _, other = moved(Holds, change)
    assert other.again is other.table
    assert other.call() is other


def test_what_the_other_process_has_is_named_and_not_held():
    class Local:  # cannot be pickled by value
        pass

    def change(pe):
        pe.known = [pe.model]

    _, other = moved(lambda: Holds(lambda: {"model": Local()}), change)
    assert other.known == [other.model]


def test_classes_of_a_notebook_come_back_as_themselves():
    """The definition was pickled with its classes, which no other process can import."""
    scope = {"__name__": "cells"}
    exec("class Cell:\n    def __init__(self, n):\n        self.n = n", scope)

    def given(cell):
        pe = Holds(kind=cell)
        snapshots = Snapshots([("pe", pe)], by_value=True)
        pe.preprocess()
        snapshots.begin()
        return pe, snapshots

    pe, snapshots = given(scope["Cell"])
    pe.held = [scope["Cell"](7)]
    other, taking = given(scope["Cell"])
    taking.take(snapshots.give())
    assert (type(other.held[0]), other.held[0].n) == (scope["Cell"], 7)


def test_bytes_that_are_no_state():
    with pytest.raises(StateError, match="cannot be read"):
        opened(pe=Holds()).take(b"nonsense")
