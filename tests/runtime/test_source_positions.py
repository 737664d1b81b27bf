"""A source never claims a position beyond the items that went on."""

import time

import pytest

import sferic
from sferic.runtime.host.failures import Failures, RunStopped
from sferic.runtime.host.source import RunningSource
from sferic.runtime.host.step import Step
from sferic.runtime.pe import ProducerPE
from sferic.runtime.plan import PlannedPE, RootInput


class Source(ProducerPE):
    def read(self, position):
        yield from ()


class OneAtATime(ProducerPE):
    """As from a broker that gives the next message when the one before is acknowledged."""

    def __init__(self, done, last=5):
        super().__init__()
        self.done = done
        self.last = last
        self.acknowledged = 0

    def read(self, position):
        for number in range(1, self.last + 1):
            while self.acknowledged < number - 1:
                self.wait(0.01)
            yield number, number
        self.done.touch()

    def committed(self, position):
        self.acknowledged = position


class InItsOwnCode(ProducerPE):
    """Blocks, without a word to anybody, until the other one is through."""

    def __init__(self, done):
        super().__init__()
        self.done = done

    def _process(self, inputs):
        self.write("output", "first")
        limit = time.monotonic() + 20
        while not self.done.exists():
            if time.monotonic() > limit:
                raise TimeoutError("the other source is held up")
            time.sleep(0.01)
        self.write("output", "last")


class Same(sferic.IterativePE):
    def _process(self, data):
        return data


@pytest.mark.parametrize("on", ["multi", "storm"])
def test_a_source_is_told_of_acks_while_another_one_blocks(on, tmp_path):
    graph = sferic.WorkflowGraph()
    one, other, same = OneAtATime(tmp_path / "done"), InItsOwnCode(tmp_path / "done"), Same()
    graph.connect(one, "output", same, "input")
    graph.connect(other, "output", same, "input")
    graph.partitions = [[one, other, same]]
    got = sferic.run(graph, on=on)["Same"]["output"]
    assert sorted(got, key=str) == [1, 2, 3, 4, 5, "first", "last"]


class Nothing(sferic.IterativePE):
    stateless = True

    def _process(self, data):
        return None


def test_a_source_whose_items_come_to_nothing_is_told_of_its_positions(tmp_path):
    graph = sferic.WorkflowGraph()
    one, nothing = OneAtATime(tmp_path / "done", last=2), Nothing()
    graph.connect(one, "output", nothing, "input")
    graph.partitions = [[one, nothing]]
    sferic.run(graph, on="multi")
    assert (tmp_path / "done").exists()


class Receiver:
    """While it takes items the source, on its own thread, goes on."""

    room = 10

    def __init__(self):
        self.got = []
        self.source = None

    def take(self, items):
        self.got += items
        self.source._reached = "after what came meanwhile"

    def flush(self):
        pass


def test_an_item_that_comes_while_others_are_passed_on_is_not_in_the_position():
    planned = PlannedPE("Source", "Source", (), ("output",), source=True)
    page, receiver = [0] * 5, Receiver()
    step = Step(0, planned, Source(), Failures(planned, 0, lambda event: None), page)
    step.receivers["output"].append(receiver)
    receiver.source = source = RunningSource(step, RootInput(), instances=1, together=10, page=page)
    source._gathered["output"] += ["item"]
    source._reached = "after item"
    source.take(lambda: None)
    assert receiver.got == ["item"]
    assert source.position == "after item"


@pytest.mark.parametrize(("position", "resumed"), [(5, True), (5, False), (None, True)])
def test_a_source_that_cannot_go_on_where_another_run_was_ends_this_one(position, resumed):
    told = []
    planned = PlannedPE("Source", "Source", (), ("output",), source=True, on_failure="dead-letter")
    step = Step(0, planned, Source(), Failures(planned, 0, told.append), [0] * 5)
    source = RunningSource(step, RootInput(), instances=1, together=10, page=[0] * 5)
    source.begin_at(position, resumed=resumed)
    source._failure = ValueError("no such place")
    if position is None or not resumed:
        source.take(lambda: None)
        assert [event["event"] for event in told] == ["failed"]
        return
    with pytest.raises(RunStopped):
        source.take(lambda: None)
    [event] = told
    assert event["event"] == "error"
    assert event["text"].startswith(
        "Source (instance 0) cannot go on at 5, where it was before: ValueError: no such place"
    )
    assert "sferic submit --fresh" in event["text"]
