"""A source never claims a position beyond the items that went on."""

from sferic.runtime.host.failures import Failures
from sferic.runtime.host.source import RunningSource
from sferic.runtime.host.step import Step
from sferic.runtime.pe import ProducerPE
from sferic.runtime.plan import PlannedPE, RootInput


class Source(ProducerPE):
    def read(self, position):
        yield from ()


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
