"""`every` methods that are due, without a host: a clock by hand, steps that only count."""

import pytest

import sferic
from sferic.runtime.host.timers import Timers


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Beats(sferic.GenericPE):
    def __init__(self, step):
        super().__init__()
        self.step = step
        self.ran = []

    @sferic.every(2)
    def report(self):
        self.ran.append("report")
        self.step.items_out += 1

    @sferic.every(3)
    def save(self):
        self.ran.append("save")


class Step:
    def __init__(self):
        self.busy = False
        self.items_out = 0
        self.pe = Beats(self)

    def guarded(self, method, what):
        assert what in ("report (every 2 s)", "save (every 3 s)")
        method()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def step():
    return Step()


def test_each_comes_when_its_seconds_are_over(clock, step):
    timers = Timers([step], clock)
    assert timers.wait() == 2
    for clock.now in range(1, 13):
        timers.run_due()
    assert step.pe.ran == ["report", "save", "report", "report", "save", "report", "save", "report", "report", "save"]


def test_one_that_fell_behind_comes_once(clock, step):
    timers = Timers([step], clock)
    clock.now = 100
    assert timers.run_due()
    assert not timers.run_due()
    assert sorted(step.pe.ran) == ["report", "save"]
    assert timers.wait() == 2


def test_without_room_those_that_write_wait_and_the_others_go_on(clock, step):
    timers = Timers([step], clock)
    clock.now = 3
    timers.run_due(room=False)  # nobody knows yet which of them writes
    step.pe.ran.clear()
    clock.now = 5
    assert not timers.run_due(room=False)
    assert timers.wait(room=False) == 1
    clock.now = 9
    assert timers.run_due(room=False)
    assert step.pe.ran == ["save"]
    assert timers.run_due(room=True)
    assert step.pe.ran == ["save", "report"]


def test_a_source_in_its_own_code_has_none(clock, step):
    timers = Timers([step], clock)
    step.busy = True
    clock.now = 9
    assert timers.wait() is None
    assert not timers.run_due()
