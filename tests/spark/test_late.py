"""Supersteps that take longer than the interval between ticks."""

import functools
import time

import sferic.launch
from sferic import IterativePE, ProducerPE, WorkflowGraph
from sferic.launch import Spark
from sferic.runtime.spark import StreamSettings

INTERVAL = 0.1


class Numbers(ProducerPE):
    batch = {"items": 1}

    def read(self, position):
        yield from ((number, number + 1) for number in range(position or 0, 2))


class Slow(IterativePE):
    def _process(self, number):
        time.sleep(5 * INTERVAL)
        return number


class Kept:
    """What a driver says of itself."""

    def __init__(self):
        self.pulses = []

    def pulse(self, pulse):
        if pulse not in self.pulses[-1:]:
            self.pulses.append(pulse)


def test_ticks_that_come_late_are_skipped_and_counted(watch, monkeypatch):
    """In 10 intervals that two items take, 3 ticks at least have come that none was made for."""
    told = Kept()
    monkeypatch.setattr(sferic.launch, "StreamSettings", functools.partial(StreamSettings, progress=told))
    graph = WorkflowGraph("late")
    graph.connect(Numbers(), "output", Slow(), "input")
    ran = watch(graph, how=Spark("dstream", interval=INTERVAL))
    assert ran.results == {("Slow", "output"): [0, 1]}
    last = told.pulses[-1]
    assert last.skipped >= 3
    assert last.ticks > last.skipped
    assert [one.skipped for one in told.pulses] == sorted(one.skipped for one in told.pulses)
